//! An execution's plan with the operators of one call marked, one operator a row: browsers draw no tree of any depth.

use std::collections::BTreeMap;

use analysis::units::{bytes, count, duration_ms};
use eventlog::{PlanNode, SqlExecution};
use maud::{Markup, html};

use super::super::html_page::wrapped;
use super::super::terminal::sanitize;
use super::Budget;
use super::run::{Page, linked};

/// Operators of one plan that are shown, and columns that they are moved in at most.
const OPERATORS: usize = 200;
const DEPTH: usize = 30;

/// Metrics of an operator that are shown.
const METRICS: usize = 8;

/// The plan of `execution` with the operators of the annotation's line `at` marked.
pub(super) fn tree(
    page: &Page<'_>,
    at: usize,
    execution: &SqlExecution,
    budget: &mut Budget,
) -> Markup {
    let id = execution.execution_id;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut open: Vec<(&PlanNode, usize)> = vec![(&execution.plan, 0)];
    let mut rows: Vec<Markup> = Vec::new();
    let mut left_out = 0;
    while let Some((node, depth)) = open.pop() {
        let ordinal = seen.entry(&node.name).or_default();
        let label = format!("{}#{ordinal}", node.name);
        *ordinal += 1;
        let owners = page.owners.get(&(id, label.as_str())).map(Vec::as_slice).unwrap_or_default();
        let own = owners.contains(&at);
        let wrapper = wrapped(node).is_some() && !own;
        // What has one child stands above it: only where a plan branches it moves in.
        let below = if node.children.len() < 2 { depth } else { depth + 1 };
        open.extend(node.children.iter().rev().map(|child| (child, below)));
        if wrapper {
            continue;
        }
        // The call's own operators are shown wherever they are.
        let most = if own { 2 * OPERATORS } else { OPERATORS };
        if rows.len() >= most || (budget.operators == 0 && !own) {
            left_out += 1;
            continue;
        }
        budget.operators = budget.operators.saturating_sub(1);
        let metrics = if own { metrics(execution, node) } else { Vec::new() };
        let other = owners.iter().filter(|_| !own).find_map(|&at| page.annotation.lines.get(at));
        rows.push(html! {
            div.node .own[own] style=(format!("--depth:{}", depth.min(DEPTH))) title=(sanitize(&node.simple_string)) {
                span { (sanitize(node.name.trim())) }
                @for (name, value) in metrics { span.metric { (sanitize(&name)) " " b { (value) } } }
                @if let Some(line) = other { span.metric { "→ " (linked(page, line)) } }
            }
        });
    }
    let took = execution.end_ms.and_then(|end| u64::try_from(end - execution.start_ms).ok());
    html! {
        div.plan-of {
            p.hint {
                "Plan of SQL execution " (id) ", its operators marked: " (sanitize(&execution.description))
                @if let Some(took) = took { " · " (duration_ms(took)) }
            }
            @for row in rows { (row) }
            @if left_out > 0 { p.hint { (count(left_out)) " operators more" } }
        }
    }
}

/// What an operator measured, as people read it.
fn metrics(execution: &SqlExecution, node: &PlanNode) -> Vec<(String, String)> {
    let values = node.metrics.iter().filter_map(|metric| {
        let value = execution.metric_values.get(&metric.accumulator_id)?;
        let value = u64::try_from(*value).ok().filter(|value| *value > 0)?;
        let shown = match metric.kind.as_str() {
            "size" => bytes(value),
            "timing" => duration_ms(value),
            "nsTiming" => duration_ms(value / 1_000_000),
            // Averages are kept in tenths (`SQLMetrics`).
            "average" => format!("{}.{}", value / 10, value % 10),
            _ => count(value),
        };
        Some((metric.name.to_string(), shown))
    });
    values.take(METRICS).collect()
}
