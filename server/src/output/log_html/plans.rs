//! SQL executions with their plans as trees, each operator with what it measured.

use analysis::units::{bytes, count, duration_ms};
use eventlog::{PlanNode, Profile, SqlExecution};
use maud::{Markup, html};

use super::super::html_page::wrapped;

/// Executions that are shown, longest first, and operators of all their plans together.
const EXECUTIONS: usize = 200;
const OPERATORS: usize = 6_000;

/// Operators below each other: adaptive plans are about 150 deep, and browsers draw no tree of thousands.
const DEPTH: usize = 400;

/// Metrics that stand on an operator itself; the others are in its tooltip.
const SHOWN: [&str; 12] = [
    "number of output rows",
    "data size",
    "shuffle bytes written",
    "size of files read",
    "number of files read",
    "written output",
    "number of written files",
    "spill size",
    "sort time",
    "scan time",
    "time to run Python workers",
    "time to build",
];

pub(super) fn section(profile: &Profile) -> Markup {
    let took = |execution: &SqlExecution| {
        execution.end_ms.and_then(|end| u64::try_from(end - execution.start_ms).ok())
    };
    let mut executions: Vec<&SqlExecution> = profile.executions.iter().collect();
    executions.sort_by_key(|execution| std::cmp::Reverse(took(execution)));
    let mut left = OPERATORS;
    html! {
        section #sql {
            h2 { "SQL executions" }
            @if executions.is_empty() { p { "None." } }
            @for execution in executions.iter().take(EXECUTIONS) {
                details.execution #{ "execution-" (execution.execution_id) } {
                    summary {
                        strong { (execution.execution_id) } " " (execution.description)
                        span.range {
                            @match took(execution) {
                                Some(ms) => (duration_ms(ms)),
                                None => "no end in the log",
                            }
                            " · " (execution.job_ids.len()) " jobs"
                            @if execution.error.as_deref().is_some_and(|error| !error.is_empty()) { span.bad { " failed" } }
                        }
                    }
                    @if let Some(error) = execution.error.as_deref().filter(|error| !error.is_empty()) { pre { (error) } }
                    @if execution.plan.name.is_empty() {
                        p.hint { "The log has no plan of it." }
                    } @else if left == 0 {
                        p.hint { "Too many operators stand above to draw this plan too; stagelight log --output-format json has all." }
                    } @else {
                        div.wide { ul.plan { (tree(execution, &execution.plan, &mut left, 0)) } }
                    }
                }
            }
            @if executions.len() > EXECUTIONS { p.hint { "and " (count((executions.len() - EXECUTIONS) as u64)) " more" } }
        }
    }
}

fn tree(execution: &SqlExecution, node: &PlanNode, left: &mut usize, depth: usize) -> Markup {
    // A wrapper with one child is that child.
    let mut node = node;
    while let Some(child) = wrapped(node) {
        node = child;
    }
    if *left == 0 || depth == DEPTH {
        return html! { li { div.operator { "…" } } };
    }
    *left -= 1;
    let own: Vec<(&str, String)> = node
        .metrics
        .iter()
        .filter_map(|metric| {
            let value = execution.metric_values.get(&metric.accumulator_id)?;
            let value = u64::try_from(*value).ok().filter(|value| *value > 0)?;
            Some((metric.name.as_str(), shown(&metric.kind, value)))
        })
        .collect();
    let heading = own.iter().filter(|(name, _)| SHOWN.contains(name));
    let mut title = node.simple_string.to_string();
    for (name, value) in &own {
        title.push_str(&format!("\n{name}: {value}"));
    }
    let exchange = node.name.contains("Exchange");
    html! {
        li {
            div.operator .exchange[exchange] title=(title) {
                strong { (node.name.trim()) }
                @for (name, value) in heading { div.metric { (name) ": " b { (value) } } }
            }
            @if !node.children.is_empty() {
                ul { @for child in &node.children { (tree(execution, child, left, depth + 1)) } }
            }
        }
    }
}

/// A metric's value by its kind (`SQLMetrics`): averages are kept in tenths, `nsTiming` in nanoseconds.
fn shown(kind: &str, value: u64) -> String {
    match kind {
        "size" => bytes(value),
        "timing" => duration_ms(value),
        "nsTiming" => duration_ms(value / 1_000_000),
        "average" => format!("{}.{}", value / 10, value % 10),
        _ => count(value),
    }
}
