//! `stagelight.compare/1`: fields may be added, not renamed. docs/compare.md says what they mean.

use std::io::{self, Write};

use analysis::comparison::{
    Changed, ComparedCall, Data, DataKind, Difference, NOISE_RATIO, Relation, Verdict, is_complete,
};
use analysis::{Run, SiteCost};
use serde::Serialize;

use super::annotation::{Place, time_by_match};
use super::compare::{Report, doubt_clause, input_bytes, input_records};
use super::json;
use super::run_json::{Cell, Unattributed, commit};

#[derive(Serialize)]
struct Output<'a> {
    schema: &'static str,
    a: JsonRun<'a>,
    b: JsonRun<'a>,
    ran_alike: bool,
    same_programs: bool,
    differences: Vec<JsonDifference<'a>>,
    warnings: Vec<String>,
    noise: Noise,
    common_ratio: Option<f64>,
    lines: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct JsonRun<'a> {
    id: &'a str,
    name: &'a str,
    spark_version: &'a str,
    duration_ms: u64,
    task_time_ms: u64,
    input_bytes: u64,
    input_records: u64,
    complete: bool,
    representative: bool,
    sources: &'static str,
    commit: Option<&'a str>,
    task_time_by_match_ms: TimeByMatch,
    unattributed: Unattributed<'a>,
}

#[derive(Serialize, Default)]
struct TimeByMatch {
    call_site: u64,
    plan: u64,
    order: u64,
    ambiguous: u64,
}

#[derive(Serialize)]
struct JsonDifference<'a> {
    what: &'a str,
    a: Option<&'a str>,
    b: Option<&'a str>,
}

#[derive(Serialize)]
struct Noise {
    task_time_ms: u64,
    driver_ms: u64,
    ratio: f64,
}

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    line: u32,
    end_line: u32,
    column: u32,
    #[serde(flatten)]
    cell: Option<Cell>,
    method: &'a str,
    verdict: &'static str,
    sure: bool,
    doubts: Vec<String>,
    self_task_time: JsonChanged,
    driver: JsonChanged,
    data: Option<JsonData>,
    a: Option<Cost>,
    b: Option<Cost>,
}

#[derive(Serialize)]
struct JsonChanged {
    verdict: &'static str,
    difference_ms: i64,
    ratio: Option<f64>,
}

#[derive(Serialize)]
struct JsonData {
    kind: &'static str,
    a_rows: u64,
    b_rows: u64,
    a_bytes: u64,
    b_bytes: u64,
    ratio: Option<f64>,
    byte_ratio: Option<f64>,
}

#[derive(Serialize)]
struct Cost {
    #[serde(rename = "match")]
    matched: String,
    stale: bool,
    executions: usize,
    jobs: usize,
    stages: usize,
    task_time_ms: u64,
    self_task_time_ms: u64,
    self_measured_ms: u64,
    self_shared_ms: u64,
    driver_ms: u64,
    wall_ms: u64,
    rows: u64,
    input_bytes: u64,
    output_bytes: u64,
    shuffle_read_bytes: u64,
    shuffle_write_bytes: u64,
    spill_bytes: u64,
    result_bytes: u64,
}

/// Writes the comparison with all lines.
pub(crate) fn write(out: &mut dyn Write, report: &Report<'_>) -> io::Result<()> {
    let comparison = &report.comparison;
    let [a, b] = report.runs.map(run);
    let output = Output {
        schema: "stagelight.compare/1",
        a,
        b,
        ran_alike: report.ran_alike(),
        same_programs: comparison.relation == Relation::SamePrograms,
        differences: comparison.differences.iter().map(difference).collect(),
        warnings: report.warnings(),
        noise: Noise {
            task_time_ms: comparison.noise_ms,
            driver_ms: comparison.driver_noise_ms,
            ratio: NOISE_RATIO,
        },
        common_ratio: comparison.common_ratio,
        lines: report.lines().map(|(call, place)| line(call, place)).collect(),
    };
    json::write(out, &output)
}

fn run(run: &Run) -> JsonRun<'_> {
    let application = &run.profile.application;
    let mut by_match = TimeByMatch::default();
    for (name, time) in time_by_match(run.sites.values()) {
        match name {
            "call site" => by_match.call_site = time,
            "plan" => by_match.plan = time,
            "order" => by_match.order = time,
            _ => by_match.ambiguous = time,
        }
    }
    JsonRun {
        id: &application.id,
        name: &application.name,
        spark_version: &application.spark_version,
        duration_ms: application.duration_ms(),
        task_time_ms: run.profile.task_time_ms(),
        input_bytes: input_bytes(run),
        input_records: input_records(run),
        complete: is_complete(run),
        representative: run.representative,
        sources: run.sources.name(),
        commit: commit(&run.sources),
        task_time_by_match_ms: by_match,
        unattributed: Unattributed::from(&run.unattributed),
    }
}

fn difference(difference: &Difference) -> JsonDifference<'_> {
    let [a, b] = difference.values.each_ref().map(Option::as_deref);
    JsonDifference { what: difference.aspect.name(), a, b }
}

fn line<'a>(call: &ComparedCall<'a>, place: &Place<'a>) -> Line<'a> {
    let [a, b] = call.costs.map(|cost| cost.map(json_cost));
    Line {
        file: call.file,
        line: place.span.line,
        end_line: place.span.end_line,
        column: place.span.column,
        cell: place.cell.map(Cell::from),
        method: place.method,
        verdict: verdict(call.verdict()),
        sure: call.is_sure(),
        doubts: call.doubts.iter().map(doubt_clause).collect(),
        self_task_time: changed(&call.task),
        driver: changed(&call.driver),
        data: data(&call.data),
        a,
        b,
    }
}

/// Verdicts as JSON names them.
fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::MoreData => "more-data",
        Verdict::LessData => "less-data",
        other => other.name(),
    }
}

fn changed(changed: &Changed) -> JsonChanged {
    JsonChanged {
        verdict: verdict(changed.verdict),
        difference_ms: changed.difference_ms,
        ratio: changed.ratio,
    }
}

fn data(data: &Data) -> Option<JsonData> {
    let kind = match data.kind? {
        DataKind::Source => "source",
        DataKind::Shuffle => "shuffle",
    };
    let [a, b] = data.read;
    Some(JsonData {
        kind,
        a_rows: a.rows,
        b_rows: b.rows,
        a_bytes: a.bytes,
        b_bytes: b.bytes,
        ratio: data.ratio,
        byte_ratio: data.byte_ratio,
    })
}

fn json_cost(cost: &SiteCost) -> Cost {
    Cost {
        matched: cost.matched.to_string(),
        stale: cost.stale,
        executions: cost.executions.len(),
        jobs: cost.jobs.len(),
        stages: cost.stages.len(),
        task_time_ms: cost.task_time_ms,
        self_task_time_ms: cost.self_task_time_ms(),
        self_measured_ms: cost.self_measured_ms,
        self_shared_ms: cost.self_shared_ms,
        driver_ms: cost.driver_ms,
        wall_ms: cost.wall_ms,
        rows: cost.rows,
        input_bytes: cost.input_bytes,
        output_bytes: cost.output_bytes,
        shuffle_read_bytes: cost.shuffle_read_bytes,
        shuffle_write_bytes: cost.shuffle_write_bytes,
        spill_bytes: cost.spill_bytes,
        result_bytes: cost.result_bytes,
    }
}
