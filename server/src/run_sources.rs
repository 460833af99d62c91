//! The join of runs with the sources that ran.
//!
//! Where each line that a log names meets its call, the sources are those that ran. Else their text of the time of the run is looked up in git,
//! and the run is joined with that and moved to today's. Without git the times of files decide. What can't be told stays unverified.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use analysis::{Analysis, EarlierFile, Evidence, Run, Sources};

use crate::data_files::{self, SourceText};
use crate::files;
use crate::history::{Commit, Repository};
use crate::linking;
use crate::source::Source;

/// Joins the runs of a snapshot with the sources that ran, as far as they can be found. `path_of` gives the path of a file by its name in the
/// host.
pub(crate) fn join(analysis: &Analysis, path_of: &dyn Fn(&str) -> PathBuf) -> Arc<Evidence> {
    let sources = analysis
        .paths()
        .filter_map(|name| Some((name, path_of(name), &*analysis.file(name)?.text)));
    let data = data_files::of(&sources.collect::<Vec<SourceText<'_>>>());
    let analysis = &analysis.with_data(data);
    let joined = analysis.join();
    let is_open = |run: &Arc<Run>| matches!(run.sources, Sources::Unverified { .. });
    if !joined.runs.iter().any(is_open) {
        return joined;
    }
    let runs = joined.runs.iter().map(|run| {
        if is_open(run) { Arc::new(settled(analysis, run, path_of)) } else { Arc::clone(run) }
    });
    Arc::new(Evidence { runs: runs.collect() })
}

/// How many of a run's lines meet their calls, and how many do not.
fn lines(run: &Run) -> (usize, usize) {
    match run.sources {
        Sources::Unverified { met, missed } => (met, missed),
        Sources::Verified | Sources::Unchanged | Sources::Earlier { .. } => (1, 0),
    }
}

fn settled(analysis: &Analysis, run: &Run, path_of: &dyn Fn(&str) -> PathBuf) -> Run {
    let Some(history) = History::of(analysis, run, path_of) else {
        return by_times(run, path_of);
    };
    let (met, missed) = lines(run);
    let mut best: Option<Run> = None;
    let commits = history.repository.commits_around(run.profile.application.start_ms);
    for (number, commit) in commits.iter().enumerate() {
        let next = commits.get(number + 1);
        let Some(then) = history.texts(analysis, commit, next) else { continue };
        let unchanged = then.iter().filter(|it| it.is_unchanged).count();
        if unchanged == history.files.len() {
            // What was committed later says nothing of what ran.
            if number == 0 && missed == 0 {
                return Run { sources: Sources::Unchanged, ..run.clone() };
            }
            if unchanged == then.len() {
                continue;
            }
        }
        let joined = analysis.join_earlier(&run.profile, &linked(then, &history.repository));
        match joined.sources {
            Sources::Verified => {
                let sources = Sources::Earlier { commit: commit.short().to_owned() };
                return Run { sources, ..joined };
            }
            // Where the log names no line, the last commit before the run stands for it, unless today's sources explain more: what was run need not
            // have been committed.
            _ if met + missed == 0 && lines(&joined) == (0, 0) => {
                if joined.unattributed.task_time_ms <= run.unattributed.task_time_ms {
                    let sources = Sources::Earlier { commit: commit.short().to_owned() };
                    return Run { sources, ..joined };
                }
            }
            _ => {
                let fewest = best.as_ref().map_or(missed, |it| lines(it).1);
                if lines(&joined).1 < fewest {
                    best = Some(joined);
                }
            }
        }
    }
    // Nearer to what ran than today's, but not that: it stays unverified.
    best.unwrap_or_else(|| run.clone())
}

/// Without a history: files that have not been written since the run ended are those that ran, where no line of the log speaks against it.
fn by_times(run: &Run, path_of: &dyn Fn(&str) -> PathBuf) -> Run {
    let application = &run.profile.application;
    let end_ms = application.end_ms.unwrap_or(application.last_event_ms);
    let mut names: Vec<&str> = run.sites.keys().map(|it| it.0.as_str()).collect();
    names.dedup();
    let is_older = |name: &&str| modified_ms(&path_of(name)).is_some_and(|it| it <= end_ms);
    if lines(run).1 == 0 && !names.is_empty() && names.iter().all(is_older) {
        return Run { sources: Sources::Unchanged, ..run.clone() };
    }
    run.clone()
}

/// When a file was written last, milliseconds since the epoch.
fn modified_ms(path: &Path) -> Option<i64> {
    let modified = std::fs::metadata(path).ok()?.modified().ok()?;
    i64::try_from(modified.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

/// A file as it was.
struct Then {
    name: String,
    path: PathBuf,
    source: Source,
    /// Whether it is the same today.
    is_unchanged: bool,
}

/// The sources of a snapshot in their repository.
struct History {
    repository: Repository,
    /// Names and paths.
    files: Vec<(String, PathBuf)>,
    /// Their names from the top of the repository.
    relative: Vec<Option<String>>,
}

impl History {
    /// None where the files that a run went through are in no repository.
    fn of(analysis: &Analysis, run: &Run, path_of: &dyn Fn(&str) -> PathBuf) -> Option<Self> {
        let files: Vec<(String, PathBuf)> =
            analysis.paths().map(|name| (name.to_owned(), path_of(name))).collect();
        let own = run.sites.keys().map(|it| it.0.as_str()).next();
        let main = own.map(path_of).or_else(|| files.first().map(|it| it.1.clone()))?;
        let repository = Repository::around(main.parent()?)?;
        let relative: Vec<Option<String>> =
            files.iter().map(|it| repository.relative(&it.1)).collect();
        let head = repository.head()?;
        // Files that nobody committed have no history.
        let is_known = repository.texts(&head, &relative)?.iter().any(Option::is_some);
        is_known.then_some(Self { repository, files, relative })
    }

    /// All files as they were in a commit. Those that were committed first after it are as they were in the next one, since they may have been there
    /// already; those that the repository knows in neither stay as they are.
    fn texts(
        &self,
        analysis: &Analysis,
        commit: &Commit,
        next: Option<&Commit>,
    ) -> Option<Vec<Then>> {
        let mut texts = self.repository.texts(commit, &self.relative)?;
        let later = next.and_then(|it| self.repository.texts(it, &self.relative));
        for (text, later) in texts.iter_mut().zip(later.unwrap_or_default()) {
            if text.is_none() {
                *text = later;
            }
        }
        let mut then = Vec::new();
        for ((name, path), text) in self.files.iter().zip(texts) {
            let now = analysis.file(name)?;
            let content = match text {
                // A repository may keep other ends of lines than the files have.
                Some(text) if now.text.contains("\r\n") && !text.contains("\r\n") => {
                    Some(text.replace('\n', "\r\n"))
                }
                Some(text) => Some(text),
                None => std::fs::read_to_string(path).ok(),
            };
            let source = content.and_then(|it| Source::new(files::kind(path)?, it).ok());
            if let Some(source) = source {
                let is_unchanged = source.text == now.text;
                then.push(Then { name: name.clone(), path: path.clone(), source, is_unchanged });
            }
        }
        then.extend(self.gone(commit));
        Some(then)
    }

    /// Files of a commit that are no more, among the others: deleted since, or renamed.
    fn gone(&self, commit: &Commit) -> Vec<Then> {
        /// More than that are another project's.
        const MOST: usize = 500;
        let known: Vec<&str> = self.relative.iter().flatten().map(String::as_str).collect();
        // A file that was named alone stands for itself.
        let Some(folder) = common_folder(&known).filter(|_| known.len() > 1) else {
            return Vec::new();
        };
        // What the names of files begin with in place of that folder.
        let begin = self.files.iter().zip(&self.relative).find_map(|((name, _), relative)| {
            name.strip_suffix(relative.as_deref()?.strip_prefix(folder)?)
        });
        let Some(begin) = begin else { return Vec::new() };
        let names: Vec<String> = self
            .repository
            .names(commit)
            .into_iter()
            .filter(|it| it.starts_with(folder) && files::kind(Path::new(it)).is_some())
            .filter(|it| !known.contains(&it.as_str()) && !self.repository.top().join(it).exists())
            .take(MOST)
            .collect();
        let asked: Vec<Option<String>> = names.iter().cloned().map(Some).collect();
        let texts = self.repository.texts(commit, &asked).unwrap_or_default();
        let then = names.iter().zip(texts).filter_map(|(relative, text)| {
            let path = self.repository.top().join(relative);
            let source = Source::new(files::kind(&path)?, text?).ok()?;
            let name = format!("{begin}{}", relative.strip_prefix(folder)?);
            Some(Then { name, path, source, is_unchanged: false })
        });
        then.collect()
    }
}

/// The folder that holds all files, with a `/` at its end unless it is the top.
fn common_folder<'a>(names: &[&'a str]) -> Option<&'a str> {
    let (first, rest) = names.split_first()?;
    let folder = |name: &str| name.rfind('/').map_or(0, |at| at + 1);
    let mut end = folder(first);
    for name in rest {
        while !name.starts_with(&first[..end]) {
            end = folder(first[..end].trim_end_matches('/'));
        }
    }
    first.get(..end)
}

/// The programs of files as they were, linked with each other.
fn linked(then: Vec<Then>, repository: &Repository) -> Vec<EarlierFile> {
    let folders = if then.len() > 1 { vec![repository.top().to_owned()] } else { Vec::new() };
    let sources: Vec<(PathBuf, Source)> =
        then.iter().map(|it| (it.path.clone(), it.source.clone())).collect();
    let linker = linking::link(&sources, &folders, Arc::default()).linker;
    let earlier = then.into_iter().filter_map(|it| {
        let program = Arc::clone(linker.program(&linking::key(&it.path))?);
        Some(EarlierFile { path: it.name, text: it.source.text, program })
    });
    earlier.collect()
}

#[cfg(test)]
mod tests {
    use super::common_folder;

    #[test]
    fn folders_are_common_by_whole_names() {
        assert_eq!(common_folder(&["a/b/x.py", "a/b/y.py"]), Some("a/b/"));
        assert_eq!(common_folder(&["a/b/x.py", "a/bc/y.py"]), Some("a/"));
        assert_eq!(common_folder(&["x.py", "a/y.py"]), Some(""));
        assert_eq!(common_folder(&["a/x.py", "b/y.py"]), Some(""));
        assert_eq!(common_folder(&[]), None);
    }
}
