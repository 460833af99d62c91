//! Divides what a stage attempt cost among the calls that own operators in it.
//!
//! What Spark times for one operator goes to its call: scanning, sorting, waiting for a shuffle and writing one, committing, keeping state,
//! Python workers. The time that an aggregation takes to build includes the operators that are compiled into one loop with it, so what those
//! were not timed for is shared among them. The rest of the run time, which nothing divides, is shared equally by the calls of the stage.
//! All in integers, the remainders by largest fraction, so that the parts add up to the whole.

use std::collections::BTreeMap;

use eventlog::{PlanMetric, StageAttempt};

use super::Site as CallSite;
use super::operators::Owner;
use super::plan::{Operator, PlanFacts};

/// What one call gets of a stage attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// Run time that operators' own timings say, milliseconds.
    pub(super) measured_ms: u64,
    /// Run time that was shared, milliseconds.
    pub(super) shared_ms: u64,
    pub(super) input_bytes: u64,
    pub(super) output_bytes: u64,
    pub(super) shuffle_read_bytes: u64,
    pub(super) shuffle_write_bytes: u64,
    pub(super) spill_bytes: u64,
}

impl Share {
    /// All of a stage attempt.
    pub(super) fn whole(stage: &StageAttempt) -> Self {
        let metrics = &stage.metrics;
        Self {
            measured_ms: 0,
            shared_ms: metrics.executor_run_time,
            input_bytes: metrics.input_bytes,
            output_bytes: metrics.output_bytes,
            shuffle_read_bytes: metrics.shuffle_read_bytes,
            shuffle_write_bytes: metrics.shuffle_write_bytes,
            spill_bytes: metrics.disk_bytes_spilled,
        }
    }
}

/// An operator in a stage.
struct Part<'a> {
    operator: Operator,
    sites: &'a [CallSite],
    /// Node, within its plan.
    node: usize,
    plan: usize,
    /// Milliseconds that are its own.
    own_ms: f64,
    /// Milliseconds of an aggregation's building, what is compiled into it included.
    build_ms: f64,
    /// Nobody is known to have asked for it.
    unknown: bool,
    /// A shuffle that this stage reads, or writes.
    reads: bool,
    writes: bool,
    spilled: u64,
}

/// Divides a stage attempt; nothing where no operator of it has an owner.
pub(super) fn divide(
    stage: &StageAttempt,
    plans: &[(&PlanFacts<'_>, &[Owner])],
) -> BTreeMap<CallSite, Share> {
    let parts = parts(stage, plans);
    let mut shares: BTreeMap<CallSite, Share> = BTreeMap::new();
    for part in &parts {
        for &site in part.sites {
            shares.entry(site).or_default();
        }
    }
    if shares.is_empty() {
        return shares;
    }
    let run = stage.metrics.executor_run_time;
    // Measured and shared milliseconds by call, as fractions at first.
    let mut measured: BTreeMap<CallSite, f64> = BTreeMap::new();
    let mut shared: BTreeMap<CallSite, f64> = BTreeMap::new();
    let add = |into: &mut BTreeMap<CallSite, f64>, sites: &[CallSite], milliseconds: f64| {
        for &site in sites {
            *into.entry(site).or_default() += milliseconds / sites.len() as f64;
        }
    };
    for part in &parts {
        add(if part.unknown { &mut shared } else { &mut measured }, part.sites, part.own_ms);
    }
    python(stage, &parts, &mut measured);
    // A stage with more operators than any program has is not looked through pair by pair.
    let compared = parts.len() <= 2_000;
    for part in parts.iter().filter(|it| compared && it.build_ms > 0.0) {
        let plan = plans[part.plan].0;
        let fused: Vec<&Part<'_>> = parts
            .iter()
            .filter(|it| {
                it.plan == part.plan && it.node > part.node && below(plan, it.node, part.node)
            })
            .collect();
        let timed: f64 = fused.iter().map(|it| it.own_ms + it.build_ms).sum();
        let rest = (part.build_ms - timed).max(0.0);
        let mut sites: Vec<CallSite> = part.sites.to_vec();
        for other in fused.iter().filter(|it| it.own_ms + it.build_ms == 0.0) {
            sites.extend(
                other.sites.iter().filter(|it| !sites.contains(it)).copied().collect::<Vec<_>>(),
            );
        }
        if sites.len() == 1 && !part.unknown {
            add(&mut measured, &sites, rest);
        } else {
            add(&mut shared, &sites, rest);
        }
    }
    let sum: f64 = measured.values().chain(shared.values()).sum();
    if sum > run as f64 {
        let scale = run as f64 / sum;
        measured.values_mut().chain(shared.values_mut()).for_each(|it| *it *= scale);
    }
    let rest = (run as f64 - sum).max(0.0);
    let lines: Vec<CallSite> = pipeline(&parts);
    add(&mut shared, &lines, rest);
    // One division over both columns keeps the sum to the millisecond.
    let columns: Vec<(CallSite, bool, f64)> = measured
        .iter()
        .map(|(&site, &it)| (site, true, it))
        .chain(shared.iter().map(|(&site, &it)| (site, false, it)))
        .collect();
    let weights: Vec<f64> = columns.iter().map(|it| it.2).collect();
    for ((site, is_measured, _), part) in columns.iter().zip(by_weight(run, &weights)) {
        let share = shares.entry(*site).or_default();
        if *is_measured {
            share.measured_ms += part;
        } else {
            share.shared_ms += part;
        }
    }
    bytes(stage, &parts, &lines, &mut shares);
    shares
}

/// The operators of a stage: those whose metrics its tasks updated.
fn parts<'a>(stage: &StageAttempt, plans: &[(&'a PlanFacts<'_>, &'a [Owner])]) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    for (plan_index, (plan, owners)) in plans.iter().enumerate() {
        for (node, fact) in plan.nodes.iter().enumerate() {
            let owner = &owners[node];
            if owner.sites.is_empty() || owner.repeated {
                continue;
            }
            let value =
                |metric: &PlanMetric| stage.sql_accumulators.get(&metric.accumulator_id).copied();
            let metrics = &fact.node.metrics;
            if !metrics.iter().any(|it| value(it).is_some()) {
                continue;
            }
            let named = |name: &str| {
                metrics.iter().filter(|it| it.name == name).filter_map(&value).sum::<i64>().max(0)
                    as f64
            };
            let own = [
                "scan time",
                "sort time",
                "fetch wait time",
                "task commit time",
                "time to update",
                "time to remove",
                "time to commit changes",
                "time to run Python workers",
            ];
            let own_ms =
                own.iter().map(|it| named(it)).sum::<f64>() + named("shuffle write time") / 1e6;
            let any = |names: &[&str]| {
                metrics.iter().any(|it| names.contains(&it.name.as_str()) && value(it).is_some())
            };
            parts.push(Part {
                operator: fact.operator,
                sites: &owner.sites,
                node,
                plan: plan_index,
                unknown: owner.unknown,
                own_ms,
                build_ms: named("time in aggregation build"),
                reads: any(&[
                    "local blocks read",
                    "remote blocks read",
                    "fetch wait time",
                    "records read",
                ]),
                writes: any(&[
                    "shuffle bytes written",
                    "shuffle write time",
                    "shuffle records written",
                ]),
                spilled: named("spill size") as u64,
            });
        }
    }
    parts
}

/// Before 4.0 Spark does not time Python workers. What the tasks neither computed, nor waited for, nor collected garbage in is what they
/// waited for Python at most.
fn python(stage: &StageAttempt, parts: &[Part<'_>], measured: &mut BTreeMap<CallSite, f64>) {
    let untimed: Vec<&Part<'_>> =
        parts.iter().filter(|it| it.operator == Operator::Python && it.own_ms == 0.0).collect();
    if untimed.is_empty() {
        return;
    }
    let metrics = &stage.metrics;
    let known = metrics.executor_cpu_time / 1_000_000
        + metrics.jvm_gc_time
        + metrics.shuffle_fetch_wait_time
        + metrics.shuffle_write_time / 1_000_000;
    let rest = metrics.executor_run_time.saturating_sub(known) as f64;
    for part in &untimed {
        for &site in part.sites {
            *measured.entry(site).or_default() += rest / (untimed.len() * part.sites.len()) as f64;
        }
    }
}

/// The calls among which the rest is shared: of the operators that work in the stage; a shuffle's only where there are no others.
fn pipeline(parts: &[Part<'_>]) -> Vec<CallSite> {
    let mut lines: Vec<CallSite> = Vec::new();
    let working = |it: &&Part<'_>| !matches!(it.operator, Operator::Exchange | Operator::Broadcast);
    let any = parts.iter().any(|it| working(&it));
    for part in parts.iter().filter(|it| !any || working(it)) {
        for &site in part.sites {
            if !lines.contains(&site) {
                lines.push(site);
            }
        }
    }
    lines
}

fn bytes(
    stage: &StageAttempt,
    parts: &[Part<'_>],
    lines: &[CallSite],
    shares: &mut BTreeMap<CallSite, Share>,
) {
    let of = |test: &dyn Fn(&Part<'_>) -> bool| -> Vec<CallSite> {
        let mut sites: Vec<CallSite> = Vec::new();
        for part in parts.iter().filter(|it| test(it)) {
            sites.extend(
                part.sites.iter().filter(|it| !sites.contains(it)).copied().collect::<Vec<_>>(),
            );
        }
        if sites.is_empty() { lines.to_vec() } else { sites }
    };
    let mut give = |total: u64, sites: &[CallSite], add: fn(&mut Share, u64)| {
        for (site, part) in sites.iter().zip(by_weight(total, &vec![1.0; sites.len()])) {
            add(shares.entry(*site).or_default(), part);
        }
    };
    let metrics = &stage.metrics;
    let scans = of(&|it| matches!(it.operator, Operator::Scan | Operator::CacheScan));
    give(metrics.input_bytes, &scans, |share, part| share.input_bytes += part);
    let writes = of(&|it| it.operator == Operator::Write);
    give(metrics.output_bytes, &writes, |share, part| share.output_bytes += part);
    let readers = of(&|it| it.reads);
    give(metrics.shuffle_read_bytes, &readers, |share, part| share.shuffle_read_bytes += part);
    let writers = of(&|it| it.writes);
    give(metrics.shuffle_write_bytes, &writers, |share, part| share.shuffle_write_bytes += part);
    let spilling: Vec<&Part<'_>> = parts.iter().filter(|it| it.spilled > 0).collect();
    if spilling.is_empty() {
        give(metrics.disk_bytes_spilled, lines, |share, part| share.spill_bytes += part);
        return;
    }
    let weights: Vec<f64> = spilling.iter().map(|it| it.spilled as f64).collect();
    for (part, bytes) in spilling.iter().zip(by_weight(metrics.disk_bytes_spilled, &weights)) {
        give(bytes, part.sites, |share, part| share.spill_bytes += part);
    }
}

/// Whether `node` hangs below `above`.
fn below(plan: &PlanFacts<'_>, node: usize, above: usize) -> bool {
    let mut at = plan.nodes[node].parent;
    while let Some(index) = at {
        if index == above {
            return true;
        }
        // Parents stand before their children.
        if index < above {
            return false;
        }
        at = plan.nodes[index].parent;
    }
    false
}

/// Divides `total` by weights, the remainder one by one to the largest fractions. Equal parts where no weight says anything.
pub(super) fn by_weight(total: u64, weights: &[f64]) -> Vec<u64> {
    let sum: f64 = weights.iter().sum();
    if weights.is_empty() {
        return Vec::new();
    }
    let even = !(sum.is_finite() && sum > 0.0);
    let exact: Vec<f64> = weights
        .iter()
        .map(
            |it| if even { total as f64 / weights.len() as f64 } else { total as f64 * (it / sum) },
        )
        .collect();
    let mut parts: Vec<u64> = exact.iter().map(|it| it.floor().max(0.0) as u64).collect();
    let given: u128 = parts.iter().map(|&it| u128::from(it)).sum();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|&a, &b| {
        (exact[b] - exact[b].floor()).total_cmp(&(exact[a] - exact[a].floor())).then(a.cmp(&b))
    });
    // Where rounding of large numbers gave too much, it is taken back from the first that have it.
    let mut over = given.saturating_sub(u128::from(total));
    for part in &mut parts {
        let back = u128::from(*part).min(over) as u64;
        *part -= back;
        over -= u128::from(back);
    }
    let mut left = u128::from(total).saturating_sub(given);
    let each = left / parts.len() as u128;
    for &index in &order {
        parts[index] += each as u64;
    }
    left -= each * parts.len() as u128;
    for &index in order.iter().take(left as usize) {
        parts[index] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        let cases: [(u64, &[f64]); 7] = [
            (10, &[1.0, 1.0, 1.0]),
            (0, &[1.0, 2.0]),
            (7, &[0.0, 0.0]),
            (5, &[0.2, 0.7, 0.1]),
            (u64::MAX, &[1.0, 1.0, 1.0]),
            (u64::MAX, &[3.0]),
            (1_000_003, &[1e-9, 1e9, 4.0]),
        ];
        for (total, weights) in cases {
            let parts = by_weight(total, weights);
            assert_eq!(
                parts.iter().map(|&it| u128::from(it)).sum::<u128>(),
                u128::from(total),
                "{total} {weights:?}"
            );
        }
        assert_eq!(by_weight(10, &[1.0, 1.0, 1.0]), [4, 3, 3]);
        assert_eq!(by_weight(10, &[3.0, 1.0]), [8, 2]);
        assert!(by_weight(3, &[]).is_empty());
    }
}
