//! The one place that mutates, and the snapshots it gives out.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use eventlog::{Profile, TaskTable};
use program::Program;

use crate::engine::check_file_with;
use crate::join::{EarlierFile, JoinFile, join_all, join_earlier};
use crate::text_lines::TextLines;
use crate::{CallKeys, DataFile, Evidence, FileCheck, Forecast, Rule, Run, Settings};

/// A source file as the host holds it.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Its text.
    pub text: Arc<str>,
    /// Its program.
    pub program: Arc<Program>,
    /// Its effective settings.
    pub settings: Arc<Settings>,
    /// Keys of its calls, in their order.
    pub call_keys: CallKeys,
    /// Its lines.
    pub lines: TextLines,
}

impl SourceFile {
    fn of(state: FileState) -> Self {
        let FileState { text, program, settings } = state;
        let call_keys = CallKeys::of(&program);
        let lines = TextLines::of(&text);
        Self { text, program, settings, call_keys, lines }
    }
}

/// What changes. The only way to mutate.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Files by path: the new state, or none where the file is gone.
    pub files: Vec<(String, Option<FileState>)>,
    /// The attached runs, newest first; none where they stay as they are.
    pub profiles: Option<Vec<Arc<Profile>>>,
    /// The task attempts of some of these runs, for forecasts. Taken with `profiles`.
    pub tasks: Vec<(Arc<Profile>, Arc<TaskTable>)>,
}

/// A file's new state.
#[derive(Debug, Clone)]
pub struct FileState {
    /// Its text.
    pub text: Arc<str>,
    /// Its program.
    pub program: Arc<Program>,
    /// Its effective settings.
    pub settings: Arc<Settings>,
}

/// Holds the state of a workspace.
#[derive(Debug)]
pub struct AnalysisHost {
    rules: Vec<&'static Rule>,
    files: Arc<BTreeMap<String, SourceFile>>,
    profiles: Vec<Arc<Profile>>,
    tasks: Vec<(Arc<Profile>, Arc<TaskTable>)>,
    evidence: Arc<Evidence>,
}

/// An immutable snapshot.
#[derive(Debug, Clone)]
pub struct Analysis {
    rules: Vec<&'static Rule>,
    files: Arc<BTreeMap<String, SourceFile>>,
    profiles: Vec<Arc<Profile>>,
    tasks: Vec<(Arc<Profile>, Arc<TaskTable>)>,
    evidence: Arc<Evidence>,
    joined: Arc<OnceLock<Arc<Evidence>>>,
    data: Arc<[DataFile]>,
}

impl AnalysisHost {
    /// An empty workspace checked by `rules`.
    #[must_use]
    pub fn new(rules: &[&'static Rule]) -> Self {
        Self {
            rules: rules.to_vec(),
            files: Arc::new(BTreeMap::new()),
            profiles: Vec::new(),
            tasks: Vec::new(),
            evidence: Arc::new(Evidence::default()),
        }
    }

    /// Applies a change. Evidence stays as it is, addressed by call keys, until [`AnalysisHost::set_evidence`].
    pub fn apply(&mut self, change: Change) {
        let files = Arc::make_mut(&mut self.files);
        for (path, file) in change.files {
            match file {
                Some(file) => {
                    files.insert(path, SourceFile::of(file));
                }
                None => {
                    files.remove(&path);
                }
            }
        }
        if let Some(profiles) = change.profiles {
            self.profiles = profiles;
            self.tasks = change.tasks;
        }
    }

    /// Stores evidence that [`Analysis::join`] computed on a snapshot.
    pub fn set_evidence(&mut self, evidence: Arc<Evidence>) {
        self.evidence = evidence;
    }

    /// A snapshot of the present state. Cheap.
    #[must_use]
    pub fn snapshot(&self) -> Analysis {
        Analysis {
            rules: self.rules.clone(),
            files: Arc::clone(&self.files),
            profiles: self.profiles.clone(),
            tasks: self.tasks.clone(),
            evidence: Arc::clone(&self.evidence),
            joined: Arc::new(OnceLock::new()),
            data: Arc::default(),
        }
    }
}

impl Analysis {
    /// Paths of all files, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// A file.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.get(path)
    }

    /// The attached runs.
    #[must_use]
    pub fn profiles(&self) -> &[Arc<Profile>] {
        &self.profiles
    }

    /// The evidence that the host held when the snapshot was taken.
    #[must_use]
    pub fn evidence(&self) -> &Arc<Evidence> {
        &self.evidence
    }

    /// The same snapshot, with data files that its programs may be configured by: joins know what is in them.
    #[must_use]
    pub fn with_data(&self, data: Vec<DataFile>) -> Self {
        Self { data: data.into(), joined: Arc::new(OnceLock::new()), ..self.clone() }
    }

    /// Joins the attached runs with the snapshot's programs. May take long: run it in the background and hand the result to
    /// [`AnalysisHost::set_evidence`]. Computed once per snapshot.
    #[must_use]
    pub fn join(&self) -> Arc<Evidence> {
        let compute = || {
            if self.profiles.is_empty() {
                return Arc::new(Evidence::default());
            }
            let limit = self.representative_task_ms();
            let joined = join_all(&self.join_files(), &self.data, &self.profiles, limit);
            let runs = joined.into_iter().map(|it| Arc::new(self.with_forecast(it)));
            Arc::new(Evidence { runs: runs.collect() })
        };
        Arc::clone(self.joined.get_or_init(compute))
    }

    /// Joins a run with all files as they were when it started, and moves what was found to the snapshot's by call keys.
    #[must_use]
    pub fn join_earlier(&self, profile: &Arc<Profile>, earlier: &[EarlierFile]) -> Run {
        let limit = self.representative_task_ms();
        let run = join_earlier(&self.join_files(), earlier, &self.data, profile, limit);
        self.with_forecast(run)
    }

    fn with_forecast(&self, run: Run) -> Run {
        let tasks = self.tasks.iter().find(|it| Arc::ptr_eq(&it.0, &run.profile));
        let forecast = tasks.map(|it| Forecast::new(&run.profile, &it.1)).unwrap_or_default();
        Run { forecast, ..run }
    }

    fn join_files(&self) -> Vec<JoinFile<'_>> {
        let files = self.files.iter().map(|(path, file)| JoinFile {
            path,
            program: &file.program,
            call_keys: &file.call_keys,
            lines: &file.lines,
            text: &file.text,
            today: None,
        });
        files.collect()
    }

    fn representative_task_ms(&self) -> u64 {
        let limits = self.files.values().map(|it| it.settings.thresholds.representative_task_ms);
        limits.max().unwrap_or_else(|| spark::Thresholds::default().representative_task_ms)
    }

    /// Checks one file against the evidence of the snapshot. Empty for a file that is not there.
    #[must_use]
    pub fn check(&self, path: &str) -> FileCheck {
        self.check_with(path, &self.evidence)
    }

    /// Checks one file against the given evidence.
    #[must_use]
    pub fn check_with(&self, path: &str, evidence: &Evidence) -> FileCheck {
        let Some(file) = self.file(path) else { return FileCheck::default() };
        let keys = file.call_keys.made();
        let (rules, settings) = (self.rules.as_slice(), &*file.settings);
        check_file_with(path, &file.text, (&file.program, keys), rules, settings, evidence)
    }
}
