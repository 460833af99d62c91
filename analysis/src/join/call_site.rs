//! Call sites as Spark logs them, and the files and calls they name.
//!
//! The short form is `method at file:line` (`org.apache.spark.util.CallSite`): PySpark logs the path that the driver saw, Scala only the
//! file's base name. The long form is a JVM stack, one frame a line: `package.Class.method(File.scala:12)`.

use program::{CallId, Written};

use super::places::{FileMatch, Places};
use super::{JoinFile, notebook_cell};

/// A short call site taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ShortSite<'a> {
    /// The method that user code called.
    pub(super) method: &'a str,
    /// The file as logged.
    pub(super) file: &'a str,
    /// The line, from 1; 0 where the JVM does not know it.
    pub(super) line: u32,
}

/// One frame of a JVM stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// Qualified class, `$` kept.
    pub(super) class: &'a str,
    /// Method.
    pub(super) method: &'a str,
    /// File's base name.
    pub(super) file: &'a str,
    /// Line, from 1.
    pub(super) line: u32,
}

/// Where a call site points in the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Index of the file.
    pub(super) file: usize,
    /// Line, from 1.
    pub(super) line: u32,
}

/// What a call site is in the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resolved {
    /// It names this call.
    Call { file: usize, call: CallId },
    /// It names a line of a workspace file that several calls could be.
    Several { place: Place, calls: Vec<CallId> },
    /// It names a line of a workspace file that has no such call: the source differs from the run.
    Missing { place: Place, method: String },
    /// It names a file that several workspace files could be.
    SeveralFiles { name: String },
    /// It names user code outside the workspace.
    Outside { name: String },
    /// It names no user code.
    Unnamed,
}

/// Takes `method at file:line` apart.
pub(super) fn parse_short(text: &str) -> Option<ShortSite<'_>> {
    let (method, place) = text.split_once(" at ")?;
    let (file, line) = place.rsplit_once(':')?;
    Some(ShortSite { method, file, line: line.trim().parse().ok()? })
}

/// Takes a stack apart; lines that are no frames are passed over.
pub(super) fn parse_frames(text: &str) -> impl Iterator<Item = Frame<'_>> {
    text.lines().filter_map(|line| {
        let (path, place) = line.trim().strip_suffix(')')?.split_once('(')?;
        let (class, method) = path.rsplit_once('.')?;
        let (file, line) = place.rsplit_once(':')?;
        Some(Frame { class, method, file, line: line.parse().ok()? })
    })
}

/// Finds the call that a logged call site names.
pub(super) fn resolve(places: &Places<'_>, short: &str, long: &str) -> Resolved {
    let files = places.files;
    let site = parse_short(short);
    if let Some(site) = &site
        && let Some(resolved) = in_cell(files, site.file, site.line, site.method)
    {
        return resolved;
    }
    if let Some(site) = &site {
        match places.file_of(site.file, None) {
            FileMatch::One(file) => {
                return call_at(files, Place { file, line: site.line }, site.method);
            }
            FileMatch::Several if !long_frames_name(places, long) => {
                return Resolved::SeveralFiles { name: site.file.to_owned() };
            }
            FileMatch::Several | FileMatch::None => {}
        }
    }
    // Spark takes some of its own frames for user code (`SparkHadoopWriter`); the stack still leads to the user's line.
    let mut called = site.as_ref().map_or("", |site| site.method);
    for frame in parse_frames(long) {
        if let Some(resolved) = in_cell(files, frame.file, frame.line, called) {
            return resolved;
        }
        match places.file_of(frame.file, Some(frame.class)) {
            FileMatch::One(file) => {
                return call_at(files, Place { file, line: frame.line }, called);
            }
            FileMatch::Several => return Resolved::SeveralFiles { name: frame.file.to_owned() },
            FileMatch::None => called = frame.method,
        }
    }
    match site.map(|site| site.file).filter(|file| is_user_python(file)) {
        Some(file) => Resolved::Outside { name: file.to_owned() },
        None => match parse_frames(long).find(|frame| is_user_class(frame.class)) {
            Some(frame) => Resolved::Outside { name: frame.file.to_owned() },
            None => Resolved::Unnamed,
        },
    }
}

/// PySpark logs the frame that called it; a callback's frame is py4j's own server, a thread's that of Python's library.
fn is_user_python(file: &str) -> bool {
    file.ends_with(".py") && !is_python_library(file)
}

/// Whether a file is of Python's own library or py4j's.
pub(super) fn is_python_library(file: &str) -> bool {
    let of_python = file.split_once("/lib/python3.").is_some_and(|(_, rest)| {
        let rest = rest.trim_start_matches(|it: char| it.is_ascii_digit());
        rest.starts_with('/') && !rest.contains("-packages/")
    });
    of_python || file.ends_with("/py4j/clientserver.py") || file == "clientserver.py"
}

/// Whether a class of a stack is neither Spark's nor of what runs it.
fn is_user_class(class: &str) -> bool {
    const RUNTIME: [&str; 8] =
        ["org.apache.spark.", "scala.", "java.", "javax.", "jdk.", "sun.", "com.sun.", "py4j."];
    !RUNTIME.iter().any(|prefix| class.starts_with(prefix))
}

/// The places of the workspace in a stack, innermost first.
pub(super) fn workspace_frames(places: &Places<'_>, long: &str) -> Vec<Place> {
    parse_frames(long)
        .filter_map(|frame| match places.file_of(frame.file, Some(frame.class)) {
            FileMatch::One(file) => Some(Place { file, line: frame.line }),
            _ => None,
        })
        .collect()
}

fn long_frames_name(places: &Places<'_>, long: &str) -> bool {
    parse_frames(long)
        .any(|frame| matches!(places.file_of(frame.file, Some(frame.class)), FileMatch::One(_)))
}

/// What a line of a notebook's cell names; none where the file is no cell's.
fn in_cell(files: &[JoinFile<'_>], file: &str, line: u32, method: &str) -> Option<Resolved> {
    let outside = || Resolved::Outside { name: file.to_owned() };
    let several = || Resolved::SeveralFiles { name: file.to_owned() };
    if let Some(hash) = notebook_cell::hash_of(file) {
        return Some(match notebook_cell::places(files, hash, line).as_slice() {
            [] => outside(),
            [place] => call_at(files, *place, method),
            _ => several(),
        });
    }
    let command = notebook_cell::command_of(file)?;
    let places = match command.hash.map(|it| notebook_cell::places(files, it, line)) {
        Some(places) if !places.is_empty() => places,
        // A command's number is in no export of a notebook: the cells that have such a call on this line are left.
        _ => notebook_cell::all_places(files, line),
    };
    let met: Vec<Resolved> = places.iter().map(|it| call_at(files, *it, method)).collect();
    let mut calls: Vec<(Place, CallId)> = Vec::new();
    for (place, resolved) in places.iter().zip(&met) {
        match resolved {
            Resolved::Call { call, .. } => calls.push((*place, *call)),
            Resolved::Several { calls: several, .. } => {
                calls.extend(several.iter().map(|it| (*place, *it)));
            }
            _ => {}
        }
    }
    Some(match calls.as_slice() {
        [] => outside(),
        [(place, call)] => Resolved::Call { file: place.file, call: *call },
        [(place, _), rest @ ..] if rest.iter().all(|it| it.0.file == place.file) => {
            Resolved::Several { place: *place, calls: calls.iter().map(|it| it.1).collect() }
        }
        _ => several(),
    })
}

/// The call of `method` on a line: any call whose expression covers the line, best the one whose name stands on it.
pub(super) fn call_at(files: &[JoinFile<'_>], place: Place, method: &str) -> Resolved {
    let file = &files[place.file];
    let covers = |range: program::TextRange| {
        (file.lines.line(range.start)..=file.lines.line(range.end.max(range.start + 1) - 1))
            .contains(&place.line)
    };
    let candidates: Vec<(CallId, Written<'_>)> = file
        .program
        .all_written()
        .filter(|(_, call)| !call.in_sql && covers(call.range) && logged_as(call, method))
        .collect();
    let on_line: Vec<CallId> = candidates
        .iter()
        .filter(|(_, call)| file.lines.line(call.name_range.start) == place.line)
        .map(|&(id, _)| id)
        .collect();
    let all: Vec<CallId> = candidates.iter().map(|&(id, _)| id).collect();
    match (on_line.as_slice(), all.as_slice()) {
        ([one], _) | ([], [one]) => Resolved::Call { file: place.file, call: *one },
        ([], []) => Resolved::Missing { place, method: method.to_owned() },
        ([], several) | (several, _) => Resolved::Several { place, calls: several.to_vec() },
    }
}

/// Whether Spark logs this call under `method`: its name in either language, or the name the API table gives for the log. Where the receiver is not
/// known, the table's names for any dataset count.
pub(super) fn logged_as(call: &Written<'_>, method: &str) -> bool {
    if call.method == method {
        return true;
    }
    let mut entries = spark::api().methods().iter().filter(|entry| match call.receiver_type {
        Some(receiver) => entry.receiver == receiver && entry.name() == call.method,
        None => {
            entry.receiver.is_dataset() && [entry.python, entry.scala].contains(&Some(call.method))
        }
    });
    entries.any(|entry| [entry.logged, entry.python, entry.scala].contains(&Some(method)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_sites_come_apart() {
        let site = parse_short("collect at /srv/job.py:18").unwrap();
        assert_eq!((site.method, site.file, site.line), ("collect", "/srv/job.py", 18));
        let odd = parse_short("count at /srv/look at me.py:3").unwrap();
        assert_eq!((odd.method, odd.file, odd.line), ("count", "/srv/look at me.py", 3));
        assert_eq!(parse_short("no site"), None);
        assert_eq!(parse_short("count at file:x"), None);
    }

    #[test]
    fn frames_of_threads_are_no_code_of_the_user() {
        assert!(is_user_python("/srv/jobs/lib/python3_tools.py"));
        assert!(is_user_python("/venv/lib/python3.11/site-packages/library/job.py"));
        assert!(!is_user_python("/usr/lib/python3.11/concurrent/futures/thread.py"));
        assert!(!is_user_python(
            "/opt/spark/python/lib/py4j-0.10.9.7-src.zip/py4j/clientserver.py"
        ));
    }

    #[test]
    fn frames_come_apart() {
        let stack = "org.apache.spark.sql.Dataset.collect(Dataset.scala:3585)\n\njobs.Orders$.main(Orders.scala:42)\nnative(Native Method)";
        let frames: Vec<_> = parse_frames(stack).collect();
        assert_eq!(frames.len(), 2);
        assert_eq!(
            frames[1],
            Frame { class: "jobs.Orders$", method: "main", file: "Orders.scala", line: 42 }
        );
    }
}
