//! The lines that a diagnosis is about.
//!
//! A diagnosis speaks of stages and executions. Its lines are those that own the operators that it speaks of; in a stage those whose operators
//! fit it, such as the exchange that a skewed stage reads, and of several the largest. Only sure matches are taken: where there is none,
//! there is a reason in the place of a line.

use std::collections::{BTreeMap, BTreeSet};

use diagnosis::Diagnosis;
use eventlog::{PlanNode, SqlExecution, StageAttempt};
use program::CallKey;
use rustc_hash::FxHashMap;

use crate::evidence::{Match, Run, SiteCost, Sources};

/// The lines of a diagnosis, or why there are none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiagnosedLines<'a> {
    /// The lines, largest first; those of a gap in their order.
    pub lines: Vec<DiagnosedLine<'a>>,
    /// Why there are none; none where there are.
    pub reason: Option<String>,
}

/// A line that a diagnosis is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiagnosedLine<'a> {
    /// The file as the host names it.
    pub file: &'a str,
    /// The call.
    pub key: &'a CallKey,
    /// What it has to do with it.
    pub part: Part,
}

/// What a line has to do with a diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It asked for what is slow.
    Cause,
    /// The last one to run before the longest gap between jobs.
    Before,
    /// The first one to run after it.
    After,
}

impl Part {
    /// Its name: `cause`, `before`, `after`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Part::Cause => "cause",
            Part::Before => "before",
            Part::After => "after",
        }
    }
}

/// A call with its cost.
type Site<'a> = (&'a (String, CallKey), &'a SiteCost);

/// Finds the lines of a run's diagnoses.
#[derive(Debug)]
pub struct LinesOfDiagnoses<'a> {
    run: &'a Run,
    by_operator: FxHashMap<(u64, &'a str), Vec<Site<'a>>>,
    by_stage: FxHashMap<u64, Vec<Site<'a>>>,
    by_job: FxHashMap<u64, Site<'a>>,
}

/// What an operator must be to fit a diagnosis of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// What brings the stage its rows: an exchange that it reads, else a scan.
    Input,
    /// A scan of files or a table.
    Scan,
    /// What sets the number of partitions: `coalesce`, else what brings the rows.
    Partitions,
    /// A Python function.
    Python,
    /// What spilled.
    Spilled,
    /// What reads a cache.
    Cache,
    /// Any.
    Any,
}

/// How a diagnosis finds its lines, where it names no operators.
enum Way {
    Stages(Fit),
    /// The calls that started its jobs.
    Actions,
    /// The calls before and after its longest gap.
    Gap,
    Nowhere(&'static str),
}

fn way(id: &str) -> Way {
    match id {
        "partition-skew" | "uneven-shuffle" | "large-partitions" | "fetch-wait" => {
            Way::Stages(Fit::Input)
        }
        "few-partitions" => Way::Stages(Fit::Partitions),
        "python-time" => Way::Stages(Fit::Python),
        "disk-spill" => Way::Stages(Fit::Spilled),
        "repeated-scan" => Way::Stages(Fit::Scan),
        "ineffective-cache" => Way::Stages(Fit::Cache),
        "failed-tasks" | "garbage-collection" | "last-wave" | "straggler" | "small-tasks"
        | "recomputed-rdd" => Way::Stages(Fit::Any),
        "large-result" | "many-jobs" => Way::Actions,
        "driver-gap" => Way::Gap,
        "cold-start" | "idle-cluster" | "idle-memory" | "executor-loss" | "speculation-waste" => {
            Way::Nowhere("it is about the cluster, not about a line")
        }
        _ => Way::Nowhere("the log does not say which operator it is"),
    }
}

impl<'a> LinesOfDiagnoses<'a> {
    /// Those of a run.
    #[must_use]
    pub fn new(run: &'a Run) -> Self {
        let mut by_operator: FxHashMap<(u64, &'a str), Vec<Site<'a>>> = FxHashMap::default();
        let mut by_stage: FxHashMap<u64, Vec<Site<'a>>> = FxHashMap::default();
        let mut by_job = FxHashMap::default();
        for site in &run.sites {
            for (execution, operator) in &site.1.operators {
                by_operator.entry((*execution, operator.as_str())).or_default().push(site);
            }
            for stage in &site.1.stages {
                by_stage.entry(*stage).or_default().push(site);
            }
            for job in &site.1.jobs {
                by_job.insert(*job, site);
            }
        }
        Self { run, by_operator, by_stage, by_job }
    }

    /// The lines that `diagnosis`, one of this run, is about.
    #[must_use]
    pub fn of(&self, diagnosis: &Diagnosis) -> DiagnosedLines<'a> {
        if !diagnosis.operators.is_empty() {
            return self.of_operators(diagnosis);
        }
        match way(diagnosis.id) {
            Way::Stages(fit) => self.of_stages(diagnosis, fit),
            Way::Actions => self.of_actions(diagnosis),
            Way::Gap => self.of_gap(),
            Way::Nowhere(reason) => none(reason),
        }
    }

    fn of_operators(&self, diagnosis: &Diagnosis) -> DiagnosedLines<'a> {
        let mut sites: Vec<Site<'a>> = Vec::new();
        for (execution, operator) in &diagnosis.operators {
            let Some(owners) = self.by_operator.get(&(*execution, operator.as_str())) else {
                return none(format!("no line is known for {operator} of execution {execution}"));
            };
            sites.extend(
                owners
                    .iter()
                    .filter(|it| !sites.iter().any(|known| same(known, it)))
                    .collect::<Vec<_>>(),
            );
        }
        sure(self.run, sites)
    }

    fn of_stages(&self, diagnosis: &Diagnosis, fit: Fit) -> DiagnosedLines<'a> {
        let ids: BTreeSet<u64> = diagnosis.stages.iter().map(|(stage, _)| *stage).collect();
        let stages: Vec<&StageAttempt> = self
            .run
            .profile
            .stages
            .iter()
            .filter(|it| diagnosis.stages.contains(&(it.stage_id, it.attempt_id)))
            .collect();
        let own = |site: &Site<'a>| {
            let of = |stage: &u64| site.1.self_by_stage.get(stage).copied().unwrap_or(0);
            ids.iter().map(of).fold(0, u64::saturating_add)
        };
        // Calls of a stage of RDDs are not told apart by what they did: only one that has most of it is named.
        let mut alike = fit == Fit::Any;
        let mut sites: Vec<Site<'a>> = Vec::new();
        let mut add = |more: &[Site<'a>]| {
            for site in more {
                if !sites.iter().any(|known| same(known, site)) {
                    sites.push(*site);
                }
            }
        };
        for stage in &stages {
            let operators = self.operators(stage);
            if fit == Fit::Any || operators.is_empty() {
                add(&self.of_rdds(stage, fit));
                alike = true;
                continue;
            }
            for (execution, label) in fitting(stage, &operators, fit) {
                // An operator without a line stands for a line that is not known: it may be the one.
                match self.by_operator.get(&(execution, label)) {
                    Some(owners) => add(owners),
                    None => {
                        return none(format!(
                            "no line is known for {label} of execution {execution}"
                        ));
                    }
                }
            }
        }
        sites.sort_by_key(|site| std::cmp::Reverse(own(site)));
        let Some(largest) = sites.first().map(own) else {
            return none("no operator of a known line fits it");
        };
        // Who merely takes part is no cause: all that count here have at least half of what the largest has.
        sites.retain(|site| own(site) * 2 >= largest);
        let only = sites.len() == 1 && fit != Fit::Any;
        if alike && !only {
            let times = stages.iter().map(|stage| stage.metrics.executor_run_time);
            let all = times.fold(0, u64::saturating_add);
            if sites.len() > 1 || largest.saturating_mul(2) < all {
                return none("several lines share the work of its stages");
            }
        }
        sure(self.run, sites)
    }

    /// The operators that ran in a stage.
    fn operators(&self, stage: &StageAttempt) -> Vec<(&'a SqlExecution, String, &'a PlanNode)> {
        let profile = &self.run.profile;
        let executions: BTreeSet<u64> =
            stage.job_ids.iter().filter_map(|&job| profile.job(job)?.execution_id).collect();
        let mut found = Vec::new();
        for execution in executions.into_iter().filter_map(|id| profile.execution(id)) {
            let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
            // A coalesce measures nothing itself: it runs where the operator below it runs.
            let mut coalesces: Vec<(String, &'a PlanNode)> = Vec::new();
            for node in execution.plan.preorder() {
                let ordinal = seen.entry(&node.name).or_default();
                let label = format!("{}#{ordinal}", node.name);
                *ordinal += 1;
                if node.name == "Coalesce" {
                    coalesces.push((label, node));
                    continue;
                }
                let ran = |id: u64| stage.sql_accumulators.contains_key(&id);
                if node.metrics.iter().any(|metric| ran(metric.accumulator_id)) {
                    found.extend(coalesces.drain(..).map(|(label, node)| (execution, label, node)));
                    found.push((execution, label, node));
                } else if !node.metrics.is_empty() {
                    coalesces.clear();
                }
            }
        }
        found
    }

    /// The calls of a stage without SQL that fit.
    fn of_rdds(&self, stage: &StageAttempt, fit: Fit) -> Vec<Site<'a>> {
        let sites = self.by_stage.get(&stage.stage_id).cloned().unwrap_or_default();
        if stage.metrics.shuffle_read_bytes == 0 || !matches!(fit, Fit::Input | Fit::Spilled) {
            return sites;
        }
        // PySpark makes its shuffles in Python: the stage that writes one bears the line that asked for it, and the one that reads it does not.
        let in_python = stage.rdds.iter().any(|rdd| rdd.name.starts_with("Python"));
        if !in_python {
            return sites.into_iter().filter(|site| site.1.shuffle_read_bytes > 0).collect();
        }
        let mut writers: Vec<Site<'a>> = Vec::new();
        for parent in &stage.parent_ids {
            let of_parent = self.by_stage.get(parent).map(Vec::as_slice).unwrap_or_default();
            for site in of_parent.iter().filter(|site| site.1.shuffle_write_bytes > 0) {
                if !writers.iter().any(|known| same(known, site)) {
                    writers.push(*site);
                }
            }
        }
        writers
    }

    fn of_actions(&self, diagnosis: &Diagnosis) -> DiagnosedLines<'a> {
        let mut jobs: Vec<(Site<'a>, usize)> = Vec::new();
        let mut all = 0;
        let stages: BTreeSet<u64> = diagnosis.stages.iter().map(|(stage, _)| *stage).collect();
        for job in &self.run.profile.jobs {
            if !job.stage_ids.iter().any(|stage| stages.contains(stage)) {
                continue;
            }
            all += 1;
            let Some(site) = self.by_job.get(&job.job_id) else { continue };
            match jobs.iter_mut().find(|(known, _)| same(known, site)) {
                Some((_, count)) => *count += 1,
                None => jobs.push((*site, 1)),
            }
        }
        jobs.retain(|(_, count)| count * 2 > all);
        match jobs.first() {
            Some((site, _)) => sure(self.run, vec![*site]),
            None => none("no one line started its jobs"),
        }
    }

    /// The calls between whose jobs the longest time without a job lies.
    fn of_gap(&self) -> DiagnosedLines<'a> {
        let profile = &self.run.profile;
        let mut jobs: Vec<(i64, i64, u64)> = profile
            .jobs
            .iter()
            .filter(|job| job.submission_ms > 0)
            .map(|job| (job.submission_ms, job.completion_ms.unwrap_or(i64::MAX), job.job_id))
            .collect();
        jobs.sort_unstable();
        let mut longest: Option<(i64, u64, u64)> = None;
        let Some(&(_, mut until, mut last)) = jobs.first() else { return none("no job ran") };
        for &(from, to, id) in &jobs {
            let gap = from.saturating_sub(until);
            if gap > longest.map_or(0, |(most, ..)| most) {
                longest = Some((gap, last, id));
            }
            if to > until {
                (until, last) = (to, id);
            }
        }
        let Some((_, before, after)) = longest else { return none("jobs ran all the time") };
        let [Some(before), Some(after)] = [before, after].map(|job| self.by_job.get(&job)) else {
            return none("no line is known for the jobs before and after the longest gap");
        };
        if !is_sure(self.run, before.1) || !is_sure(self.run, after.1) {
            return none("the match of the lines before and after the longest gap is not certain");
        }
        let line = |site: &Site<'a>, part| DiagnosedLine { file: &site.0.0, key: &site.0.1, part };
        let lines = vec![line(before, Part::Before), line(after, Part::After)];
        DiagnosedLines { lines, reason: None }
    }
}

/// Of a stage's operators those that fit, as execution and `Name#k`.
fn fitting<'o>(
    stage: &StageAttempt,
    operators: &'o [(&SqlExecution, String, &PlanNode)],
    fit: Fit,
) -> Vec<(u64, &'o str)> {
    let pick = |test: &dyn Fn(&PlanNode) -> bool| -> Vec<(u64, &'o str)> {
        operators
            .iter()
            .filter(|(_, _, node)| test(node))
            .map(|(execution, label, _)| (execution.execution_id, label.as_str()))
            .collect()
    };
    let added = |node: &PlanNode, names: &[&str]| {
        node.metrics.iter().any(|metric| {
            names.contains(&metric.name.as_str())
                && stage.sql_accumulators.get(&metric.accumulator_id).is_some_and(|it| *it > 0)
        })
    };
    let scans = || {
        let names = ["Scan ", "BatchScan", "Range", "LocalTableScan"];
        pick(&|node| names.iter().any(|name| node.name.starts_with(name)))
    };
    // What an exchange counts where it is read (`SQLShuffleReadMetricsReporter`).
    let reads = ["records read", "local bytes read", "remote bytes read"];
    let input = || {
        let exchanges = pick(&|node| node.name.contains("Exchange") && added(node, &reads));
        if exchanges.is_empty() { scans() } else { exchanges }
    };
    match fit {
        Fit::Input => input(),
        Fit::Scan => scans(),
        Fit::Partitions => {
            let coalesced = pick(&|node| node.name == "Coalesce");
            if coalesced.is_empty() { input() } else { coalesced }
        }
        Fit::Python => pick(&|node| {
            ["Python", "Pandas", "InArrow"].iter().any(|word| node.name.contains(word))
        }),
        Fit::Spilled => pick(&|node| added(node, &["spill size"])),
        Fit::Cache => pick(&|node| node.name.starts_with("InMemoryTableScan")),
        Fit::Any => Vec::new(),
    }
}

fn same(left: &Site<'_>, right: &Site<'_>) -> bool {
    std::ptr::eq(left.0, right.0)
}

fn none<'a>(reason: impl Into<String>) -> DiagnosedLines<'a> {
    DiagnosedLines { lines: Vec::new(), reason: Some(reason.into()) }
}

fn is_sure(run: &Run, cost: &SiteCost) -> bool {
    // Joined with the sources that ran, a call is the same wherever it stands today.
    let stale = cost.stale && !matches!(run.sources, Sources::Earlier { .. });
    cost.sure && !stale && !matches!(cost.matched, Match::Ambiguous(_))
}

fn sure<'a>(run: &Run, sites: Vec<Site<'a>>) -> DiagnosedLines<'a> {
    if sites.iter().any(|site| !is_sure(run, site.1)) {
        return none("the match of its line is not certain");
    }
    let lines: Vec<DiagnosedLine<'a>> = sites
        .into_iter()
        .map(|((file, key), _)| DiagnosedLine { file, key, part: Part::Cause })
        .collect();
    let reason = lines.is_empty().then(|| "no line is known for it".to_owned());
    DiagnosedLines { lines, reason }
}
