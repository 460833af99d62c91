//! Scores one log.

use std::collections::{BTreeMap, BTreeSet};

use eventlog::{PlanNode, Profile, SqlExecution};

use super::truth::{Annotated, Call, Line, Truth};

/// What is right, wrong and on no line: milliseconds of task time, or numbers of things.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Parts {
    pub(super) right: f64,
    /// Several lines are told, of which one is right.
    pub(super) among: f64,
    pub(super) wrong: f64,
    pub(super) none: f64,
}

impl Parts {
    fn all(self) -> f64 {
        self.right + self.among + self.wrong + self.none
    }

    fn plus(self, other: Self) -> Self {
        Self {
            right: self.right + other.right,
            among: self.among + other.among,
            wrong: self.wrong + other.wrong,
            none: self.none + other.none,
        }
    }

    /// Shares in percent: right, right among several, wrong, none; no shares where there is nothing.
    pub(super) fn percent(self) -> Option<[f64; 4]> {
        let all = self.all();
        (all > 0.0)
            .then(|| [self.right, self.among, self.wrong, self.none].map(|it| 100.0 * it / all))
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Score {
    /// Executions and jobs without one, by the line that started them.
    pub(super) actions: Parts,
    /// Task time, by the line that started it.
    pub(super) action_time: Parts,
    /// Operators, by the line that asked for them.
    pub(super) operators: Parts,
    /// Task time of SQL stages, by how many of their operators are right.
    pub(super) operator_time: Parts,
    /// Task time that has no truth: no line of the sources started it.
    pub(super) without_truth_ms: f64,
}

impl Score {
    pub(super) fn plus(&self, other: &Self) -> Self {
        Self {
            actions: self.actions.plus(other.actions),
            action_time: self.action_time.plus(other.action_time),
            operators: self.operators.plus(other.operators),
            operator_time: self.operator_time.plus(other.operator_time),
            without_truth_ms: self.without_truth_ms + other.without_truth_ms,
        }
    }

    pub(super) fn line(&self) -> String {
        let one = |name: &str, parts: Parts| match parts.percent() {
            Some([right, among, wrong, none]) => {
                format!(
                    "{name} {right:.1} % right, {among:.1} among several, {wrong:.1} wrong, {none:.1} none"
                )
            }
            None => format!("{name} –"),
        };
        [
            one("actions", self.actions),
            one("their time", self.action_time),
            one("operators", self.operators),
            one("their time", self.operator_time),
        ]
        .join("; ")
    }
}

/// What is said of an execution, a job or an operator.
#[derive(Default)]
struct Said {
    lines: BTreeSet<Call>,
    /// Other lines that it could be.
    candidates: BTreeSet<Call>,
}

impl Said {
    fn add(&mut self, line: &Line) {
        self.lines.insert(line.call());
        self.candidates.extend(line.candidates());
    }
}

pub(super) fn score(
    profile: &Profile,
    truth: &Truth,
    annotated: &Annotated,
    differences: bool,
) -> Score {
    let mut by_execution: BTreeMap<u64, Said> = BTreeMap::new();
    let mut by_job: BTreeMap<u64, Said> = BTreeMap::new();
    let mut by_operator: BTreeMap<(u64, &str), Said> = BTreeMap::new();
    let mut matched: BTreeMap<Call, &str> = BTreeMap::new();
    for line in &annotated.lines {
        let call = line.call();
        matched.insert(call.clone(), &line.matched);
        for &execution in &line.executions {
            by_execution.entry(execution).or_default().add(line);
        }
        for &job in &line.jobs {
            by_job.entry(job).or_default().add(line);
        }
        for it in &line.operators {
            by_operator.entry((it.execution, &it.node_id_or_name)).or_default().add(line);
        }
    }
    let mut score = Score::default();
    let tell = |what: String, is: Option<&Said>, should: &[Call]| {
        if differences {
            let place = |it: &Call| {
                format!(
                    "{}:{}{}",
                    it.file,
                    it.cell.map_or(String::new(), |it| format!("cell {it}:")),
                    it.line
                )
            };
            let is: Vec<String> = is
                .into_iter()
                .flat_map(|it| &it.lines)
                .map(|it| format!("{} ({})", place(it), matched.get(it).unwrap_or(&"")))
                .collect();
            let should: Vec<String> = should.iter().map(place).collect();
            println!(
                "  {what}: is {}, should be {}",
                if is.is_empty() { "on no line".to_owned() } else { is.join(" and ") },
                should.join(" or ")
            );
        }
    };
    // Actions: executions, then jobs.
    for execution in &truth.executions {
        let Some(action) = &execution.action else { continue };
        let is = by_execution.get(&execution.execution);
        add(&mut score.actions, is, std::slice::from_ref(action), 1.0);
        if !right(is, std::slice::from_ref(action)) {
            tell(format!("execution {}", execution.execution), is, std::slice::from_ref(action));
        }
    }
    let mut actions: BTreeMap<u64, &Call> = BTreeMap::new();
    for job in &truth.jobs {
        let Some(action) = &job.action else { continue };
        actions.insert(job.job, action);
        let plain = profile.job(job.job).is_some_and(|it| it.execution_id.is_none());
        if plain {
            let is = by_job.get(&job.job);
            add(&mut score.actions, is, std::slice::from_ref(action), 1.0);
            if !right(is, std::slice::from_ref(action)) {
                tell(format!("job {}", job.job), is, std::slice::from_ref(action));
            }
        }
    }
    let mut good: BTreeMap<(u64, &str), Parts> = BTreeMap::new();
    let measured: BTreeSet<(u64, String)> = profile
        .executions
        .iter()
        .flat_map(|it| measured(it).into_iter().map(|label| (it.execution_id, label)))
        .collect();
    for execution in &truth.executions {
        for operator in execution.operators.iter().filter(|it| !it.sites.is_empty()) {
            let key = (execution.execution, operator.operator.as_str());
            // What Spark measures nothing of has no cost to be put on a line: projections above all.
            if !measured.contains(&(key.0, key.1.to_owned())) {
                continue;
            }
            let is = by_operator.get(&key);
            add(&mut score.operators, is, &operator.sites, 1.0);
            add(good.entry(key).or_default(), is, &operator.sites, 1.0);
            if !right(is, &operator.sites) {
                tell(format!("execution {} {}", key.0, key.1), is, &operator.sites);
            }
        }
    }
    // Accumulator → operator, of the execution that it was planned for first.
    let mut labels: BTreeMap<u64, Vec<(u64, String)>> = BTreeMap::new();
    for execution in &profile.executions {
        for (label, node) in labelled(&execution.plan) {
            for metric in &node.metrics {
                labels
                    .entry(metric.accumulator_id)
                    .or_default()
                    .push((execution.execution_id, label.clone()));
            }
        }
    }
    for stage in &profile.stages {
        let time = stage.metrics.executor_run_time as f64;
        let before = |id: &&u64| {
            let submission = profile.job(**id).map_or(i64::MIN, |job| job.submission_ms);
            stage.submission_ms.is_none_or(|at| submission <= at)
        };
        let Some(job) = stage.job_ids.iter().filter(before).max().or(stage.job_ids.first()) else {
            continue;
        };
        match actions.get(job) {
            Some(action) => {
                add(&mut score.action_time, by_job.get(job), std::slice::from_ref(*action), time);
            }
            None => score.without_truth_ms += time,
        }
        let execution = profile.job(*job).and_then(|it| it.execution_id);
        let mut parts = Parts::default();
        for accumulator in stage.sql_accumulators.keys() {
            for (of, label) in labels.get(accumulator).into_iter().flatten() {
                if Some(*of) == execution
                    && let Some(one) = good.get(&(*of, label.as_str()))
                {
                    parts = parts.plus(*one);
                }
            }
        }
        let all = parts.all();
        if all > 0.0 {
            score.operator_time.right += time * parts.right / all;
            score.operator_time.among += time * parts.among / all;
            score.operator_time.wrong += time * parts.wrong / all;
            score.operator_time.none += time * parts.none / all;
        }
    }
    score
}

/// The operators of an execution that Spark measures anything of.
pub(super) fn measured(execution: &SqlExecution) -> BTreeSet<String> {
    let all = labelled(&execution.plan).into_iter();
    all.filter(|it| !it.1.metrics.is_empty()).map(|it| it.0).collect()
}

fn right(is: Option<&Said>, should: &[Call]) -> bool {
    is.is_some_and(|is| !is.lines.is_empty() && is.lines.iter().all(|it| should.contains(it)))
}

/// Adds what is said of one thing: right where only right lines are told, among several where one of those told or of their candidates is.
fn add(parts: &mut Parts, is: Option<&Said>, should: &[Call], weight: f64) {
    let Some(is) = is.filter(|it| !it.lines.is_empty()) else {
        parts.none += weight;
        return;
    };
    if is.lines.iter().all(|it| should.contains(it)) {
        parts.right += weight;
    } else if is.lines.iter().chain(&is.candidates).any(|it| should.contains(it)) {
        parts.among += weight;
    } else {
        parts.wrong += weight;
    }
}

/// The nodes of a plan as `Name#k`: the k-th of that name, from 0, in pre-order.
fn labelled(plan: &PlanNode) -> Vec<(String, &PlanNode)> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut found = Vec::new();
    let mut open = vec![plan];
    while let Some(node) = open.pop() {
        let ordinal = seen.entry(&node.name).or_default();
        found.push((format!("{}#{ordinal}", node.name), node));
        *ordinal += 1;
        open.extend(node.children.iter().rev());
    }
    found
}
