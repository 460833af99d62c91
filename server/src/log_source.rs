//! Event logs on disk: one file, or the folder of a rolling log.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use eventlog::{LogError, LogSource, Profile};

use crate::files::{absolute, display_path, reason};
use crate::problem::Problem;

/// An event log on disk.
#[derive(Debug)]
pub(crate) struct LogFile {
    /// Its absolute path.
    pub(crate) path: PathBuf,
    name: String,
    parts: Vec<String>,
    is_folder: bool,
    bytes: u64,
    read: AtomicU64,
}

impl LogFile {
    /// Opens the log at `path`: a file, or the folder of a rolling log.
    ///
    /// # Errors
    /// There is nothing, it can't be read, or a folder does not hold one log.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let path = absolute(path);
        let name = display_path(&path);
        let failed = |message: String| Problem::named(name.clone(), message);
        let unreadable = |error: &io::Error| match error.kind() {
            io::ErrorKind::NotFound => failed("no such event log; check the spelling".to_owned()),
            _ => failed(format!("can't be read ({}); grant access to it", reason(error))),
        };
        let metadata = std::fs::metadata(&path).map_err(|error| unreadable(&error))?;
        if !metadata.is_dir() {
            let part = path.file_name().unwrap_or(OsStr::new("log")).to_string_lossy().into_owned();
            return Ok(Self {
                path,
                name,
                parts: vec![part],
                is_folder: false,
                bytes: metadata.len(),
                read: AtomicU64::new(0),
            });
        }
        let mut parts = Vec::new();
        let mut bytes = 0;
        for entry in std::fs::read_dir(&path).map_err(|error| unreadable(&error))? {
            let entry = entry.map_err(|error| unreadable(&error))?;
            let metadata = std::fs::metadata(entry.path());
            // A name that is not Unicode is none that Spark gives.
            if let (Ok(metadata), Ok(part)) = (metadata, entry.file_name().into_string())
                && metadata.is_file()
            {
                bytes += metadata.len();
                parts.push(part);
            }
        }
        parts.sort();
        if !parts.iter().any(|part| part.starts_with("events_")) {
            let way_out = match parts.first() {
                Some(part) => format!("name one, such as {name}/{part}"),
                None => "name a log file, or a folder with events_* files".to_owned(),
            };
            return Err(failed(format!("a folder, but not of a rolling event log; {way_out}")));
        }
        Ok(Self { path, name, parts, is_folder: true, bytes, read: AtomicU64::new(0) })
    }

    /// Its size on disk.
    #[must_use]
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reads it. `progress` is called with the bytes on disk that are read so far, and may stop the reading.
    ///
    /// # Errors
    /// There is nothing to make a profile of.
    pub(crate) fn profile(
        &self,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Profile, Problem> {
        self.read.store(0, Ordering::Relaxed);
        let mut on_disk = |_| progress(self.read.load(Ordering::Relaxed));
        eventlog::read(self, &mut on_disk).map_err(|error| {
            let message = match error {
                LogError::NotALog { why, .. } => format!(
                    "not a Spark event log: {why}; give a file or an eventlog_v2_ folder from the run's spark.eventLog.dir"
                ),
                LogError::Io { source, .. } => {
                    format!("can't be read ({}); grant access to it", reason(&source))
                }
                other => other.to_string(),
            };
            Problem::named(self.name.clone(), message)
        })
    }

    /// When its application started, milliseconds since the epoch, from its first bytes.
    #[must_use]
    pub(crate) fn start_ms(&self) -> Option<i64> {
        const HEAD: u64 = 4 << 20;
        let number =
            |part: &String| part.strip_prefix("events_")?.split('_').next()?.parse::<u64>().ok();
        let first = if self.is_folder {
            self.parts.iter().filter(|part| number(part).is_some()).min_by_key(|part| number(part))
        } else {
            self.parts.first()
        };
        let mut head = Vec::new();
        LogSource::open(self, first?).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
        let mut reader = eventlog::Reader::new(&self.name);
        reader.push(&head).ok()?;
        let profile = reader.finish().ok()?;
        profile.quality.has_application_start.then_some(profile.application.start_ms)
    }
}

/// Counts the bytes that are read.
struct Counted<'a> {
    file: File,
    read: &'a AtomicU64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl LogSource for LogFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn parts(&self) -> Vec<String> {
        self.parts.clone()
    }

    fn open(&self, part: &str) -> io::Result<Box<dyn Read + Send + '_>> {
        if !self.parts.iter().any(|known| known == part) {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        }
        let path = if self.is_folder { self.path.join(part) } else { self.path.clone() };
        Ok(Box::new(Counted { file: File::open(path)?, read: &self.read }))
    }
}

/// Whether the name is that of a place on another machine: a UNC path or an URL.
#[must_use]
pub(crate) fn is_remote(pattern: &str) -> bool {
    pattern.starts_with("\\\\") || pattern.starts_with("//") || pattern.contains("://")
}

/// The logs that a path or glob names, relative to `folder`. Parts of a rolling log's folder are not logs of their own.
///
/// # Errors
/// The pattern is not a glob.
pub(crate) fn expand(folder: &Path, pattern: &str) -> Result<Vec<PathBuf>, globset::Error> {
    let direct = folder.join(pattern);
    let magic = |text: &str| text.contains(['*', '?', '[', '{']);
    if !magic(pattern) || direct.exists() {
        return Ok(vec![absolute(&direct)]);
    }
    // The folders before the first wildcard are searched no wider than the pattern says.
    let parts: Vec<&str> =
        pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let plain = parts.iter().take_while(|part| !magic(part)).count();
    let mut start = if pattern.starts_with('/') { PathBuf::from("/") } else { folder.to_owned() };
    start.extend(&parts[..plain]);
    let start = absolute(&start);
    let rest = parts[plain..].join("/");
    let matcher =
        globset::GlobBuilder::new(&rest).literal_separator(true).build()?.compile_matcher();
    let depth = if rest.contains("**") { None } else { Some(parts.len() - plain) };
    let mut found = Vec::new();
    let entries = ignore::WalkBuilder::new(&start).standard_filters(false).max_depth(depth).build();
    for entry in entries.flatten() {
        let path = entry.path();
        let matches = path.strip_prefix(&start).is_ok_and(|path| matcher.is_match(path));
        let is_part = path.parent().is_some_and(is_rolling);
        if matches && !is_part && (!path.is_dir() || is_rolling(path)) {
            found.push(path.to_owned());
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a folder is that of a rolling log, by Spark's naming.
fn is_rolling(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("eventlog_v2_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_find_files_and_rolling_folders() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        std::fs::create_dir_all(at("logs/eventlog_v2_app-1")).unwrap();
        std::fs::create_dir_all(at("logs/other")).unwrap();
        std::fs::write(at("logs/eventlog_v2_app-1/events_1_app-1"), "").unwrap();
        std::fs::write(at("logs/app-2"), "").unwrap();
        let names = |pattern: &str| -> Vec<String> {
            let found = expand(folder.path(), pattern).unwrap();
            let name = |path: &PathBuf| {
                path.strip_prefix(folder.path()).unwrap().to_string_lossy().into_owned()
            };
            found.iter().map(name).collect()
        };
        assert_eq!(names("logs/*"), ["logs/app-2", "logs/eventlog_v2_app-1"]);
        assert_eq!(names("**/app-*"), ["logs/app-2"]);
        assert_eq!(names("logs/app-2"), ["logs/app-2"]);
        assert_eq!(names("none/*"), Vec::<String>::new());
        assert!(expand(folder.path(), "[").is_err());
    }

    #[test]
    fn a_folder_of_logs_is_no_log() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("app-1"), "").unwrap();
        let problem = LogFile::open(folder.path()).unwrap_err();
        assert!(problem.message.contains("not of a rolling event log"), "{problem}");
        assert!(is_remote("\\\\host\\share") && is_remote("s3a://b/c") && !is_remote("logs/*"));
    }
}
