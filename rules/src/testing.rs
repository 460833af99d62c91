//! What the rules' tests are written with: fixtures in both languages with carets under what is found, and runs made by hand.
//!
//! A fixture is its own snapshot: caret lines are taken out, the rest is checked, what is found is drawn back in, and both texts
//! must be equal.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use analysis::{
    Applicability, Computations, Evidence, FileCheck, Finding, FindingEvidence, Fix, Forecast,
    Match, PlanNode, Profile, Rule, Run, Settings, SiteCost, Sources, SqlExecution, StageAttempt,
    Unattributed, check_file,
};
use eventlog::{Application, Job, PlanMetric, StageMetrics};
use program::{CallKey, Language, LineIndex, Program};

/// Checks `rule` against every section of `fixture` (`//- /job.py`, `//- /Job.scala`) without a run.
#[track_caller]
pub(crate) fn check(rule: &'static Rule, fixture: &str) {
    let sections = sections(fixture);
    assert!(!sections.is_empty(), "no section: begin one with `//- /job.py`");
    for (path, text) in sections {
        let source = without_carets(&text);
        let result = check_source(rule, &path, &source, &Evidence::default());
        assert_eq!(text, drawn(&path, &source, &result.findings), "{path}");
    }
}

/// Checks `rule` against one section with the run that `measure` makes for it; evidence stands behind the message.
#[track_caller]
pub(crate) fn check_measured(rule: &'static Rule, fixture: &str, measure: impl Fn(&mut Measuring)) {
    for (path, text) in sections(fixture) {
        let source = without_carets(&text);
        let result = check_source(rule, &path, &source, &evidence(&path, &source, &measure));
        assert_eq!(text, drawn(&path, &source, &result.findings), "{path}");
    }
}

/// What a representative run refuted: the evidence's texts.
#[track_caller]
pub(crate) fn refuted(
    rule: &'static Rule,
    fixture: &str,
    measure: impl Fn(&mut Measuring),
) -> Vec<String> {
    let mut texts = Vec::new();
    for (path, text) in sections(fixture) {
        let result = check_source(rule, &path, &text, &evidence(&path, &text, &measure));
        assert_eq!(result.findings, [], "{path}");
        texts.extend(
            result.refuted.iter().filter_map(|it| it.evidence.measured()).map(|it| it.text.clone()),
        );
    }
    texts
}

/// The findings of one section, with all that they carry.
#[track_caller]
pub(crate) fn findings(
    rule: &'static Rule,
    fixture: &str,
    measure: impl Fn(&mut Measuring),
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in sections(fixture) {
        let source = without_carets(&text);
        found.extend(
            check_source(rule, &path, &source, &evidence(&path, &source, &measure)).findings,
        );
    }
    found
}

/// Applies the n-th fix of the only finding of each section of `before`; the result must be the section of `after`.
#[track_caller]
pub(crate) fn check_fix(
    rule: &'static Rule,
    index: usize,
    class: Applicability,
    before: &str,
    after: &str,
) {
    for ((path, source), (expected_path, expected)) in
        sections(before).into_iter().zip(sections(after))
    {
        assert_eq!(path, expected_path);
        let result = check_source(rule, &path, &source, &Evidence::default());
        let [finding] = result.findings.as_slice() else {
            panic!("one finding in {path}, not {}", drawn(&path, &source, &result.findings));
        };
        let fix = finding.fixes.get(index).unwrap_or_else(|| panic!("a fix in {path}"));
        assert_eq!(fix.applicability, class, "{path}");
        let fixed = applied(&source, fix);
        assert_eq!(fixed, expected, "{path}");
        let language = language(&path);
        let errors = grammars::lower(language, &fixed).syntax_errors;
        assert_eq!(errors, 0, "the fixed text parses");
        let left = check_source(rule, &path, &fixed, &Evidence::default());
        assert_eq!(left.findings, [], "the fix mends it");
    }
}

/// Each section has one finding, and that one has no fix.
#[track_caller]
pub(crate) fn check_no_fix(rule: &'static Rule, fixture: &str) {
    for (path, source) in sections(fixture) {
        let result = check_source(rule, &path, &source, &Evidence::default());
        assert_eq!(result.findings.len(), 1, "{}", drawn(&path, &source, &result.findings));
        assert_eq!(result.findings[0].fixes, [], "{path}");
    }
}

fn applied(source: &str, fix: &Fix) -> String {
    let mut text = source.to_owned();
    for pair in fix.edits.windows(2) {
        assert!(
            pair[0].range.end <= pair[1].range.start,
            "edits in order, without overlap: {:?}",
            fix.edits
        );
    }
    for edit in fix.edits.iter().rev() {
        text.replace_range(edit.range.start as usize..edit.range.end as usize, &edit.replacement);
    }
    text
}

/// A run being made for one file.
#[derive(Debug)]
pub(crate) struct Measuring {
    path: String,
    program: Program,
    keys: Vec<CallKey>,
    profile: Profile,
    sites: BTreeMap<(String, CallKey), SiteCost>,
    accumulators: u64,
}

impl Measuring {
    /// Sets the cost of the n-th call (from 0) of `method`.
    pub(crate) fn site(&mut self, method: &str, nth: usize, set: impl FnOnce(&mut SiteCost)) {
        let mut calls =
            self.program.calls.iter().zip(&self.keys).filter(|it| it.0.method == method);
        let (_, key) =
            calls.nth(nth).unwrap_or_else(|| panic!("call {nth} of {method} in {}", self.path));
        let place = (self.path.clone(), key.clone());
        set(self.sites.entry(place).or_insert_with(|| SiteCost::new(Match::CallSite)));
    }

    /// Adds a stage with its task time; gives it back for more.
    pub(crate) fn stage(&mut self, id: u64, task_time_ms: u64) -> &mut StageAttempt {
        let metrics = StageMetrics { executor_run_time: task_time_ms, ..StageMetrics::default() };
        self.profile.stages.push(StageAttempt { stage_id: id, metrics, ..StageAttempt::default() });
        let last = self.profile.stages.len() - 1;
        &mut self.profile.stages[last]
    }

    /// Adds a job of stages that the n-th call of `method` started, none of it through SQL.
    pub(crate) fn job(&mut self, method: &str, nth: usize, job: u64, stages: &[u64]) {
        self.profile.jobs.push(Job { job_id: job, stage_ids: stages.to_vec(), ..Job::default() });
        self.site(method, nth, |cost| cost.jobs.push(job));
    }

    /// Adds an execution that the n-th call of `method` started. A plan has one node a line, two blanks a level:
    /// `Name: simple string | metric=value@stage, metric=value`; without a colon the first word is the name.
    pub(crate) fn execution(
        &mut self,
        method: &str,
        nth: usize,
        id: u64,
        stages: &[u64],
        plan: &str,
    ) {
        let mut execution = SqlExecution {
            execution_id: id,
            root_execution_id: id,
            job_ids: vec![id],
            ..SqlExecution::default()
        };
        let lines: Vec<&str> = plan.lines().filter(|line| !line.trim().is_empty()).collect();
        let indent = lines.iter().map(|line| depth(line)).min().unwrap_or_default();
        let (node, rest) = self.node(&lines, indent, &mut execution);
        assert!(rest.is_empty(), "one root: {rest:?}");
        execution.plan = node;
        self.profile.executions.push(execution);
        self.profile.jobs.push(Job {
            job_id: id,
            stage_ids: stages.to_vec(),
            execution_id: Some(id),
            ..Job::default()
        });
        self.site(method, nth, |cost| cost.executions.push(id));
    }

    /// Sets when a job and its execution began and ended, milliseconds.
    pub(crate) fn lasted(&mut self, job: u64, start_ms: i64, end_ms: i64) {
        let job = self.profile.jobs.iter_mut().find(|it| it.job_id == job).unwrap();
        (job.submission_ms, job.completion_ms) = (start_ms, Some(end_ms));
        let id = job.execution_id;
        for execution in &mut self.profile.executions {
            if Some(execution.execution_id) == id {
                (execution.start_ms, execution.end_ms) = (start_ms, Some(end_ms));
            }
        }
    }

    fn node<'t>(
        &mut self,
        lines: &'t [&'t str],
        level: usize,
        execution: &mut SqlExecution,
    ) -> (PlanNode, &'t [&'t str]) {
        let (line, mut rest) = lines.split_first().unwrap();
        let (text, metrics) = line.split_once(" | ").unwrap_or((line, ""));
        let text = text.trim();
        let (name, simple) = text
            .split_once(": ")
            .unwrap_or((text.split([' ', '(', '[']).next().unwrap_or_default(), text));
        let mut node =
            PlanNode { name: name.into(), simple_string: simple.into(), ..PlanNode::default() };
        for metric in metrics.split(", ").filter(|it| !it.is_empty()) {
            let (name, value) = metric.split_once('=').unwrap();
            let (value, stage) =
                value.split_once('@').map_or((value, None), |it| (it.0, Some(it.1)));
            let value: i64 = value.trim().parse().unwrap();
            self.accumulators += 1;
            let accumulator_id = self.accumulators;
            node.metrics.push(PlanMetric { name: name.into(), accumulator_id, kind: "sum".into() });
            execution.metric_values.insert(accumulator_id, value);
            if let Some(stage) = stage {
                let stage: u64 = stage.trim().parse().unwrap();
                let stage = self.profile.stages.iter_mut().find(|it| it.stage_id == stage).unwrap();
                stage.sql_accumulators.insert(accumulator_id, value);
            }
        }
        while let Some(next) = rest.first()
            && depth(next) > level
        {
            let (child, after) = self.node(rest, depth(next), execution);
            node.children.push(child);
            rest = after;
        }
        (node, rest)
    }
}

fn depth(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn evidence(path: &str, source: &str, measure: &impl Fn(&mut Measuring)) -> Evidence {
    let program = grammars::lower(language(path), source);
    let keys = program.call_keys();
    let profile = Profile {
        application: Application { id: "app-1".to_owned(), ..Application::default() },
        ..Profile::default()
    };
    let mut measuring = Measuring {
        path: path.to_owned(),
        program,
        keys,
        profile,
        sites: BTreeMap::new(),
        accumulators: 0,
    };
    measure(&mut measuring);
    let run = Run {
        profile: Arc::new(measuring.profile),
        sites: measuring.sites,
        unattributed: Unattributed::default(),
        sources: Sources::Verified,
        forecast: Forecast::default(),
        computations: Computations::default(),
        representative: true,
    };
    Evidence { runs: vec![Arc::new(run)] }
}

#[track_caller]
fn check_source(rule: &'static Rule, path: &str, source: &str, evidence: &Evidence) -> FileCheck {
    let program = grammars::lower(language(path), source);
    let result = check_file(path, source, &program, &[rule], &Settings::default(), evidence);
    assert_eq!(result.panics, [], "{path}");
    result
}

fn language(path: &str) -> Language {
    if path.ends_with(".scala") { Language::Scala } else { Language::Python }
}

fn sections(fixture: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in fixture.lines() {
        if let Some(path) = line.strip_prefix("//- /") {
            sections.push((path.trim().to_owned(), String::new()));
        } else if let Some((_, text)) = sections.last_mut() {
            text.push_str(line);
            text.push('\n');
        }
    }
    sections
}

fn is_caret_line(line: &str) -> bool {
    let line = line.trim_start();
    let after = line.strip_prefix("//").or_else(|| line.strip_prefix('#'));
    after.is_some_and(|it| it.trim_start().starts_with('^'))
}

fn without_carets(text: &str) -> String {
    text.lines().filter(|line| !is_caret_line(line)).flat_map(|line| [line, "\n"]).collect()
}

/// `source` with what was found drawn under its lines.
fn drawn(path: &str, source: &str, findings: &[Finding]) -> String {
    let index = LineIndex::new(source);
    let marker = match language(path) {
        Language::Python => "#",
        Language::Scala => "//",
    };
    let mut text = String::new();
    for (number, line) in (1..).zip(source.lines()) {
        text.push_str(line);
        text.push('\n');
        for finding in findings.iter().filter(|it| index.line(it.range.start) == number) {
            let (_, column) = index.line_column(finding.range.start);
            let end = finding.range.end.min(index.line_start(number) + line.len() as u32);
            let blanks = (column as usize - 1).saturating_sub(marker.len());
            let carets = (end - finding.range.start).max(1) as usize;
            let evidence = match &finding.evidence {
                FindingEvidence::Unmeasured => String::new(),
                told => format!(
                    " ({}: {})",
                    told.name(),
                    told.measured().map_or("", |it| it.text.as_str())
                ),
            };
            let _ = writeln!(
                text,
                "{marker}{}{} {}: {}{evidence}",
                " ".repeat(blanks),
                "^".repeat(carets),
                finding.severity.name(),
                finding.message
            );
        }
    }
    text
}
