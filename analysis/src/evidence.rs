//! Measured cost by call, and everything that could not be attributed.

use std::collections::BTreeMap;
use std::sync::Arc;

use eventlog::{PlanNode, Profile, SqlExecution};
use program::CallKey;

use crate::forecast::Forecast;
use crate::join::{Computations, Repeated, Work};

/// What the attached runs say, newest first. Empty is a value.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// One per application.
    pub runs: Vec<Arc<Run>>,
}

/// One application joined with the workspace's programs.
#[derive(Debug, Clone)]
pub struct Run {
    /// The run itself.
    pub profile: Arc<Profile>,
    /// Every call that owns anything, by file and key.
    pub sites: BTreeMap<(String, CallKey), SiteCost>,
    /// What has no line.
    pub unattributed: Unattributed,
    /// What is known of the sources: whether they are those that ran.
    pub sources: Sources,
    /// What the run would have taken with changes.
    pub forecast: Forecast,
    /// Which executions computed which datasets of the programs.
    pub computations: Computations,
    /// Whether it may speak for other runs: complete, not a local master, enough task time.
    pub representative: bool,
}

/// An operator of a final plan that a call asked for, where that is sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AskedOperator {
    /// The execution.
    pub execution: u64,
    /// The position of its node in pre-order.
    pub node: u32,
}

/// Whether the sources that a run was joined with are those that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sources {
    /// Each line that the log names meets a call of its method.
    Verified,
    /// They have not changed since the run, by what is known of their history.
    Unchanged,
    /// They have changed since. The run was joined with them as they were in this commit, and its costs moved to where the calls stand today.
    Earlier {
        /// The commit.
        commit: String,
    },
    /// That can't be told.
    Unverified {
        /// How many of the log's lines meet a call of their method.
        met: usize,
        /// How many of them do not, or could be in several files.
        missed: usize,
    },
}

impl Default for Sources {
    fn default() -> Self {
        Sources::Unverified { met: 0, missed: 0 }
    }
}

impl Sources {
    /// The word used in JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Sources::Verified => "verified",
            Sources::Unchanged => "unchanged",
            Sources::Earlier { .. } => "earlier",
            Sources::Unverified { .. } => "unverified",
        }
    }
}

/// How a call was matched, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Match {
    /// The log names the line.
    CallSite,
    /// The plan fits the lineage.
    Plan,
    /// Order and kind of the actions in straight-line code.
    Order,
    /// So many calls remain.
    Ambiguous(u32),
}

impl std::fmt::Display for Match {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Match::CallSite => f.write_str("call-site"),
            Match::Plan => f.write_str("plan"),
            Match::Order => f.write_str("order"),
            Match::Ambiguous(count) => write!(f, "ambiguous({count})"),
        }
    }
}

/// What one call cost. `self_*` fields partition the run over all calls and [`Unattributed`]; the others do not add up.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteCost {
    /// How it was matched.
    pub matched: Match,
    /// Whether a finding may rest on it: the log names the line, or all other lines explain the run far worse.
    pub sure: bool,
    /// SQL executions that this call itself started.
    pub executions: Vec<u64>,
    /// Jobs that this call itself started.
    pub jobs: Vec<u64>,
    /// Stages in which it owns work.
    pub stages: Vec<u64>,
    /// Operators it caused: execution, and `Name#k` (the k-th node of that name in pre-order of the final plan).
    pub operators: Vec<(u64, String)>,
    /// Those of them on which a finding may rest, each once: not those that repeat another operator's metrics, nor those that another call
    /// may have asked for as well.
    pub asked: Vec<AskedOperator>,
    /// The calls that led to it, outermost first, as `file:line`.
    pub call_path: Vec<String>,
    /// Other calls that remain, as `file:line`.
    pub candidates: Vec<String>,
    /// The source has changed since the run.
    pub stale: bool,
    /// Task time of all stages it takes part in, milliseconds.
    pub task_time_ms: u64,
    /// Its own task time by operator timings, milliseconds.
    pub self_measured_ms: u64,
    /// Its own task time by equal shares, milliseconds.
    pub self_shared_ms: u64,
    /// Its own task time, measured and shared, by stage, milliseconds.
    pub self_by_stage: BTreeMap<u64, u64>,
    /// Its own driver time: wall time of its executions outside their stages, milliseconds.
    pub driver_ms: u64,
    /// Wall time of the executions and jobs it started, milliseconds.
    pub wall_ms: u64,
    /// Rows that its own top operator put out, or that came to the driver.
    pub rows: u64,
    /// Its own share of bytes read.
    pub input_bytes: u64,
    /// Its own share of bytes written.
    pub output_bytes: u64,
    /// Its own share of shuffle bytes read.
    pub shuffle_read_bytes: u64,
    /// Its own share of shuffle bytes written.
    pub shuffle_write_bytes: u64,
    /// Its own share of bytes spilled to disk.
    pub spill_bytes: u64,
    /// Bytes of task results that its jobs sent to the driver.
    pub result_bytes: u64,
    /// Largest ratio of longest task over median among its stages; 1 where it can't be said.
    pub skew: f64,
}

impl SiteCost {
    /// A call matched so, without any cost yet.
    #[must_use]
    pub fn new(matched: Match) -> Self {
        Self {
            matched,
            sure: true,
            executions: Vec::new(),
            jobs: Vec::new(),
            stages: Vec::new(),
            operators: Vec::new(),
            asked: Vec::new(),
            call_path: Vec::new(),
            candidates: Vec::new(),
            stale: false,
            task_time_ms: 0,
            self_measured_ms: 0,
            self_shared_ms: 0,
            self_by_stage: BTreeMap::new(),
            driver_ms: 0,
            wall_ms: 0,
            rows: 0,
            input_bytes: 0,
            output_bytes: 0,
            shuffle_read_bytes: 0,
            shuffle_write_bytes: 0,
            spill_bytes: 0,
            result_bytes: 0,
            skew: 1.0,
        }
    }

    /// Its own task time, measured and shared, milliseconds.
    #[must_use]
    pub fn self_task_time_ms(&self) -> u64 {
        self.self_measured_ms + self.self_shared_ms
    }
}

/// What has no line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unattributed {
    /// Task time, milliseconds.
    pub task_time_ms: u64,
    /// Driver time, milliseconds.
    pub driver_ms: u64,
    /// The stages it lies in.
    pub stages: Vec<UnattributedStage>,
    /// Calls that cost something and are no more in the sources: their time is a part of it beside that of the stages.
    pub gone: Vec<GoneCall>,
}

/// A call of the sources that ran which those of today do not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoneCall {
    /// The file.
    pub file: String,
    /// Its line in the text that ran.
    pub line: u32,
    /// The method.
    pub method: String,
    /// Its own task time, milliseconds.
    pub task_time_ms: u64,
    /// Its own driver time, milliseconds.
    pub driver_ms: u64,
}

/// A stage attempt, or a part of it, without a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnattributedStage {
    /// Stage id.
    pub stage: u64,
    /// Attempt.
    pub attempt: u32,
    /// Why.
    pub reason: String,
    /// Task time, milliseconds.
    pub task_time_ms: u64,
}

impl Run {
    /// A run of which nothing is on a line.
    pub(crate) fn unattributed(profile: &Arc<Profile>) -> Self {
        let stages = profile.stages.iter().map(|stage| UnattributedStage {
            stage: stage.stage_id,
            attempt: stage.attempt_id,
            reason: "there was no memory to attribute it".to_owned(),
            task_time_ms: stage.metrics.executor_run_time,
        });
        let unattributed = Unattributed {
            task_time_ms: profile.task_time_ms(),
            driver_ms: 0,
            stages: stages.collect(),
            gone: Vec::new(),
        };
        Self {
            profile: Arc::clone(profile),
            sites: BTreeMap::new(),
            unattributed,
            sources: Sources::default(),
            forecast: Forecast::default(),
            computations: Computations::default(),
            representative: false,
        }
    }

    /// What a call of a file cost.
    #[must_use]
    pub fn cost(&self, file: &str, key: &CallKey) -> Option<&SiteCost> {
        // Files are few: a scan over the calls with this key would need a second index.
        self.sites.get(&(file.to_owned(), key.clone()))
    }

    /// Whether anything of this run is on a line of `file`.
    #[must_use]
    pub fn covers(&self, file: &str) -> bool {
        self.sites.keys().any(|(path, _)| path == file)
    }

    /// The SQL executions that a call started.
    pub fn executions_of<'a>(
        &'a self,
        cost: &'a SiteCost,
    ) -> impl Iterator<Item = &'a SqlExecution> + 'a {
        cost.executions.iter().filter_map(|&id| self.profile.execution(id))
    }

    /// The operators that a call asked for, in whatever file the action stands, where that is sure; execution by execution.
    #[must_use]
    pub fn operators_of<'a>(
        &'a self,
        cost: &SiteCost,
    ) -> Vec<(&'a SqlExecution, Vec<&'a PlanNode>)> {
        let mut nodes: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for asked in &cost.asked {
            nodes.entry(asked.execution).or_default().push(asked.node);
        }
        let found = nodes.into_iter().filter_map(|(id, nodes)| {
            let execution = self.profile.execution(id)?;
            let all = execution.plan.preorder();
            let own = nodes.iter().filter_map(|&it| all.get(it as usize).copied());
            Some((execution, own.collect()))
        });
        found.collect()
    }

    /// The executions and jobs of all calls, in whatever file, that worked on what a call makes, in order of start.
    #[must_use]
    pub fn work_on(&self, file: &str, key: &CallKey) -> Vec<Work> {
        self.computations.below(&(file.to_owned(), key.clone()))
    }

    /// By version of what a call makes (one for each call context): the executions that computed it, in whatever file they were started, where
    /// there are at least two.
    #[must_use]
    pub fn repeated(&self, file: &str, key: &CallKey) -> Arc<Vec<Repeated>> {
        self.computations.repeated(&self.profile, &(file.to_owned(), key.clone()))
    }

    /// The executions that ran `function` of the programs in Python workers; none where several functions have that name.
    pub fn python_executions<'a>(
        &'a self,
        function: &'a str,
    ) -> impl Iterator<Item = &'a SqlExecution> + 'a {
        let runs = move |node: &&PlanNode| {
            node.name.ends_with("EvalPython")
                && node.simple_string.contains(&format!("[{function}("))
        };
        self.computations
            .executions_if_unique(function)
            .filter_map(|id| self.profile.execution(id))
            .filter(move |it| it.plan.preorder().iter().any(runs))
    }

    /// The same for the one dataset that these calls work on in common; nothing where there are several.
    #[must_use]
    pub fn repeated_by(&self, calls: &[(String, CallKey)]) -> Arc<Vec<Repeated>> {
        self.computations.repeated_by(&self.profile, calls)
    }

    /// Share of the run's task time in thousandths.
    #[must_use]
    pub fn per_mille(&self, task_time_ms: u64) -> u64 {
        (task_time_ms * 1_000).checked_div(self.profile.task_time_ms()).unwrap_or(0)
    }
}
