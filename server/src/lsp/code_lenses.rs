//! What a file, a class and a function cost in the last run, above each.

use std::collections::BTreeMap;

use analysis::Run;
use analysis::units::{bytes, count, duration_ms};
use program::{ScopeId, ScopeKind, TextRange};
use tower_lsp_server::ls_types::{CodeLens, Command};

use super::costs;
use super::state::Checked;
use super::views::View;

/// Less than this is not worth a line of the screen.
const SHOWN_MS: u64 = 10;

/// What the calls within a function own.
#[derive(Default)]
struct Sum {
    task_ms: u64,
    driver_ms: u64,
    shuffle_bytes: u64,
    stages: Vec<u64>,
    stale: bool,
}

/// The lenses of a document: one at its top, and one above each class, function and method whose calls cost anything.
pub(crate) fn lenses(checked: &Checked, view: &View) -> Vec<CodeLens> {
    let Some(run) = costs::run(checked) else { return Vec::new() };
    let mut sums: BTreeMap<ScopeId, Sum> = BTreeMap::new();
    for site in costs::by_line(checked, run).into_values().flatten() {
        for scope in checked.program.ancestors(site.call.scope) {
            let kind = &checked.program.scope(scope).kind;
            if !matches!(kind, ScopeKind::File | ScopeKind::Function(_) | ScopeKind::Class(_)) {
                continue;
            }
            let sum = sums.entry(scope).or_default();
            sum.task_ms += site.cost.self_task_time_ms();
            sum.driver_ms += site.cost.driver_ms;
            sum.shuffle_bytes += site.cost.shuffle_write_bytes;
            sum.stages.extend(&site.cost.stages);
            sum.stale |= site.cost.stale;
        }
    }
    sums.into_iter().filter_map(|(scope, sum)| lens(checked, view, run, scope, sum)).collect()
}

fn lens(
    checked: &Checked,
    view: &View,
    run: &Run,
    scope: ScopeId,
    mut sum: Sum,
) -> Option<CodeLens> {
    let own = checked.program.scope(scope);
    let start = if own.kind == ScopeKind::File { 0 } else { own.header.start };
    let start = TextRange::new(start, start);
    let (shown, range) = checked.views.range(&checked.text, start)?;
    if shown.uri != view.uri {
        return None;
    }
    sum.stages.sort_unstable();
    sum.stages.dedup();
    let title = title(run, &sum)?;
    // It does nothing: the numbers behind it are in the hovers of the lines below.
    let command = Command { title, command: String::new(), arguments: None };
    Some(CodeLens { range, command: Some(command), data: None })
}

/// `12 s task time · 14 % of the last run · 3 stages · 2.1 GiB shuffle`; none where nothing is worth it.
fn title(run: &Run, sum: &Sum) -> Option<String> {
    let mut parts = Vec::new();
    if sum.task_ms >= SHOWN_MS {
        parts.push(format!("{} task time", duration_ms(sum.task_ms)));
        parts.push(format!("{} of the last run", costs::percent(run, sum.task_ms)));
    }
    if sum.driver_ms >= SHOWN_MS && sum.driver_ms > sum.task_ms {
        parts.push(format!("{} driver", duration_ms(sum.driver_ms)));
    }
    if parts.is_empty() {
        return None;
    }
    match sum.stages.len() {
        0 => {}
        1 => parts.push("1 stage".to_owned()),
        stages => parts.push(format!("{} stages", count(stages as u64))),
    }
    if sum.shuffle_bytes > 0 {
        parts.push(format!("{} shuffle", bytes(sum.shuffle_bytes)));
    }
    if sum.stale {
        parts.push("before edit".to_owned());
    }
    Some(parts.join(" · "))
}
