//! Event logs on disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use eventlog::LogSource;

/// A log on disk: a file or the folder of a rolling one.
pub(crate) struct Disk {
    name: String,
    path: PathBuf,
}

impl Disk {
    pub(crate) fn new(path: &Path) -> Self {
        Self { name: path.display().to_string(), path: path.to_owned() }
    }
}

impl LogSource for Disk {
    fn name(&self) -> &str {
        &self.name
    }
    fn parts(&self) -> Vec<String> {
        let name =
            |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match fs::read_dir(&self.path) {
            Ok(entries) => entries.flatten().map(|entry| name(&entry.path())).collect(),
            Err(_) => vec![name(&self.path)],
        }
    }
    fn open(&self, part: &str) -> io::Result<Box<dyn io::Read + Send + '_>> {
        let path = if self.path.is_dir() { self.path.join(part) } else { self.path.clone() };
        Ok(Box::new(fs::File::open(path)?))
    }
}
