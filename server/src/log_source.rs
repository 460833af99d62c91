//! Event logs on disk: one file, the folder of a rolling log, or the archive that the History Server hands out; and standard input.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use eventlog::{Follower, Grown, LogError, LogSource, Profile, ReadAt, TaskTable};
use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use crate::files::{absolute, display_path, reason};
use crate::problem::Problem;

/// An event log on disk.
#[derive(Debug)]
pub(crate) struct LogFile {
    /// Its absolute path.
    pub(crate) path: PathBuf,
    name: String,
    parts: Vec<String>,
    storage: Storage,
    bytes: u64,
    read: AtomicU64,
}

/// Where the parts of a log lie.
#[derive(Debug)]
enum Storage {
    File,
    Folder,
    /// A zip archive, by part.
    Archive(Vec<Entry>),
    StandardInput,
}

/// A file within a zip archive.
#[derive(Debug)]
struct Entry {
    start: u64,
    bytes: u64,
    deflated: bool,
}

/// The name of standard input on a command line.
const STANDARD_INPUT: &str = "-";

/// The most files that an archive may hold: a rolling log has some hundreds at most.
const ENTRIES: usize = 10_000;

impl LogFile {
    /// Opens the log at `path`: a file, the folder of a rolling log, an archive, or `-` for standard input.
    ///
    /// # Errors
    /// There is nothing, it can't be read, or a folder does not hold one log.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        if path == Path::new(STANDARD_INPUT) {
            return Ok(Self {
                path: path.to_owned(),
                name: "standard input".to_owned(),
                parts: vec!["standard input".to_owned()],
                storage: Storage::StandardInput,
                bytes: 0,
                read: AtomicU64::new(0),
            });
        }
        let path = absolute(path);
        let name = display_path(&path);
        let failed = |message: String| Problem::named(name.clone(), message);
        let unreadable = |error: &io::Error| match error.kind() {
            io::ErrorKind::NotFound => failed("no such event log; check the spelling".to_owned()),
            _ => failed(format!("can't be read ({}); grant access to it", reason(error))),
        };
        let metadata = std::fs::metadata(&path).map_err(|error| unreadable(&error))?;
        if !metadata.is_dir() {
            if let Some(entries) = entries(&path).map_err(|why| {
                failed(format!("a zip archive that can't be read ({why}); fetch it again"))
            })? {
                let (parts, entries) = entries.into_iter().unzip();
                return Ok(Self {
                    path,
                    name,
                    parts,
                    storage: Storage::Archive(entries),
                    bytes: metadata.len(),
                    read: AtomicU64::new(0),
                });
            }
            let part = path.file_name().unwrap_or(OsStr::new("log")).to_string_lossy().into_owned();
            return Ok(Self {
                path,
                name,
                parts: vec![part],
                storage: Storage::File,
                bytes: metadata.len(),
                read: AtomicU64::new(0),
            });
        }
        let mut parts = Vec::new();
        let mut folders = Vec::new();
        let mut bytes = 0;
        for entry in std::fs::read_dir(&path).map_err(|error| unreadable(&error))? {
            let entry = entry.map_err(|error| unreadable(&error))?;
            let metadata = std::fs::metadata(entry.path());
            // A name that is not Unicode is none that Spark gives.
            if let (Ok(metadata), Ok(part)) = (metadata, entry.file_name().into_string()) {
                if metadata.is_file() {
                    bytes += metadata.len();
                    parts.push(part);
                } else if part.starts_with("eventlog_v2_") {
                    folders.push(part);
                }
            }
        }
        parts.sort();
        let rolling = parts.iter().any(|part| part.starts_with("events_"));
        // Databricks delivers `eventlog` and, hour by hour, `eventlog-2024-05-01--10-00.gz`.
        let delivered = parts.iter().any(|part| part.starts_with("eventlog"));
        if !rolling && delivered {
            parts.retain(|part| part.starts_with("eventlog"));
        }
        if !rolling && !delivered {
            let way_out = match parts.first().or(folders.first()) {
                Some(part) => format!("name one, such as {name}/{part}"),
                None => "name a log file, or a folder with events_* files".to_owned(),
            };
            return Err(failed(format!("a folder, but not of a rolling event log; {way_out}")));
        }
        let storage = Storage::Folder;
        Ok(Self { path, name, parts, storage, bytes, read: AtomicU64::new(0) })
    }

    /// Its size on disk.
    #[must_use]
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The log that is written at `path` now: while an application runs its log may be named `….inprogress`, and no more when it has ended.
    ///
    /// # Errors
    /// As [`LogFile::open`].
    pub(crate) fn open_growing(path: &Path) -> Result<Self, Problem> {
        const SUFFIX: &str = ".inprogress";
        if let (false, Some(name)) = (path.exists(), path.to_str()) {
            let running = format!("{name}{SUFFIX}");
            let other = name.strip_suffix(SUFFIX).unwrap_or(&running);
            if Path::new(other).exists() {
                return Self::open(Path::new(other));
            }
        }
        Self::open(path)
    }

    /// Whether more can be written to it.
    #[must_use]
    pub(crate) fn can_grow(&self) -> bool {
        matches!(self.storage, Storage::File | Storage::Folder)
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
        eventlog::read(self, &mut on_disk).map_err(|error| self.problem(error))
    }

    /// The same with every task attempt, in one reading: none of them where there are more than `limit`.
    ///
    /// # Errors
    /// As [`LogFile::profile`].
    pub(crate) fn profile_with_tasks(
        &self,
        limit: usize,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(Profile, Option<TaskTable>), Problem> {
        self.read.store(0, Ordering::Relaxed);
        let mut on_disk = |_| progress(self.read.load(Ordering::Relaxed));
        eventlog::read_with_tasks(self, limit, &mut on_disk).map_err(|error| self.problem(error))
    }

    /// Reads what is new in it since `follower` read it last. `progress` is as for [`LogFile::profile`].
    ///
    /// # Errors
    /// It is no log, or can't be read.
    pub(crate) fn advance(
        &self,
        follower: &mut Follower,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Grown, Problem> {
        self.read.store(0, Ordering::Relaxed);
        let mut on_disk = |_| progress(self.read.load(Ordering::Relaxed));
        follower.advance(self, &mut on_disk).map_err(|error| self.problem(error))
    }

    /// What is said of an error.
    pub(crate) fn problem(&self, error: LogError) -> Problem {
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
    }

    /// When its application started, milliseconds since the epoch, from its first bytes.
    #[must_use]
    pub(crate) fn start_ms(&self) -> Option<i64> {
        const HEAD: u64 = 4 << 20;
        let number =
            |part: &String| part.strip_prefix("events_")?.split('_').next()?.parse::<u64>().ok();
        if matches!(self.storage, Storage::StandardInput) {
            return None;
        }
        let rolling = self.parts.iter().any(|part| number(part).is_some());
        let first = if rolling {
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
struct Counted<'a, R> {
    bytes: R,
    read: &'a AtomicU64,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl ReadAt for Counted<'_, File> {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(&self.bytes, buffer, at)?;
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(&self.bytes, buffer, at)?;
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
        let Some(index) = self.parts.iter().position(|known| known == part) else {
            return Err(io::Error::from(io::ErrorKind::NotFound));
        };
        let read = &self.read;
        Ok(match &self.storage {
            Storage::File => Box::new(Counted { bytes: File::open(&self.path)?, read }),
            Storage::Folder => Box::new(Counted { bytes: File::open(self.path.join(part))?, read }),
            Storage::StandardInput => Box::new(Counted { bytes: io::stdin(), read }),
            Storage::Archive(entries) => {
                let entry =
                    entries.get(index).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
                let mut file = File::open(&self.path)?;
                file.seek(SeekFrom::Start(entry.start))?;
                let bytes = Counted { bytes: file.take(entry.bytes), read };
                if entry.deflated { Box::new(DeflateDecoder::new(bytes)) } else { Box::new(bytes) }
            }
        })
    }
    fn open_at(&self, part: &str, start: u64) -> io::Result<Box<dyn Read + Send + '_>> {
        if start == 0 {
            return LogSource::open(self, part);
        }
        let mut file = match &self.storage {
            Storage::File => File::open(&self.path)?,
            Storage::Folder => File::open(self.path.join(part))?,
            // Nothing is added to either.
            Storage::Archive(_) | Storage::StandardInput => return Ok(Box::new(io::empty())),
        };
        file.seek(SeekFrom::Start(start))?;
        Ok(Box::new(Counted { bytes: file, read: &self.read }))
    }

    fn open_shared(&self, part: &str) -> Option<Box<dyn ReadAt + '_>> {
        let path = match &self.storage {
            Storage::File => self.path.clone(),
            Storage::Folder => self.path.join(part),
            Storage::Archive(_) | Storage::StandardInput => return None,
        };
        let file = File::open(path).ok()?;
        // A pipe has no places.
        let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
        is_file.then(|| Box::new(Counted { bytes: file, read: &self.read }) as Box<dyn ReadAt>)
    }

    fn size(&self, part: &str) -> Option<u64> {
        let path = match &self.storage {
            Storage::File => self.path.clone(),
            Storage::Folder => self.path.join(part),
            Storage::Archive(_) | Storage::StandardInput => return None,
        };
        std::fs::metadata(path).ok().map(|metadata| metadata.len())
    }
}

/// A log as a command line names it: relative to the current folder, `-` for standard input.
#[must_use]
pub(crate) fn named(path: &Path) -> PathBuf {
    if path == Path::new(STANDARD_INPUT) { path.to_owned() } else { absolute(path) }
}

/// The files in a zip archive, without their folders; none where the file is no archive.
fn entries(path: &Path) -> Result<Option<Vec<(String, Entry)>>, String> {
    const MAGIC: [u8; 4] = *b"PK\x03\x04";
    let Ok(mut file) = File::open(path) else { return Ok(None) };
    let mut head = [0; MAGIC.len()];
    if file.read_exact(&mut head).is_err() || head != MAGIC {
        return Ok(None);
    }
    let mut archive = ZipArchive::new(file).map_err(|error| error.to_string())?;
    if archive.len() > ENTRIES {
        return Err(format!("it holds more than {ENTRIES} files"));
    }
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let file = archive.by_index_raw(index).map_err(|error| error.to_string())?;
        let name = file.name().map_err(|error| error.to_string())?.into_owned();
        let Some(start) = file.data_start().filter(|_| !file.is_dir()) else { continue };
        let deflated = match file.compression() {
            CompressionMethod::Stored => false,
            CompressionMethod::Deflated => true,
            other => return Err(format!("{other} is not read")),
        };
        let part = name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        entries.push((part, Entry { start, bytes: file.compressed_size(), deflated }));
    }
    Ok(Some(entries))
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
        let path = absolute(&direct);
        let is_log = !path.is_dir() || is_rolling(&path) || LogFile::open(&path).is_ok();
        return Ok(if is_log { vec![path] } else { logs_in(&path) });
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

/// The logs of a folder such as `spark.eventLog.dir`: files and folders of rolling logs, hidden ones and checksums left out. The folder itself where
/// there are none, so that whoever opens it says why it is no log.
fn logs_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut logs: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            !name.starts_with('.')
                && !name.ends_with(".crc")
                && (path.is_file() || is_rolling(path))
        })
        .collect();
    logs.sort();
    if logs.is_empty() { vec![folder.to_owned()] } else { logs }
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
