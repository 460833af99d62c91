//! Divides what a run measured among calls, in integers, so that the parts add up to the whole.

use eventlog::StageAttempt;

use crate::SiteCost;

/// Divides `total` into `parts` equal parts; the remainder goes one by one to the first (largest remainder with equal weights).
pub(super) fn equal_shares(total: u64, parts: usize) -> impl Iterator<Item = u64> {
    let count = (parts as u64).max(1);
    (0..parts as u64).map(move |index| total / count + u64::from(index < total % count))
}

/// A call's part in a stage attempt.
#[derive(Debug)]
pub(super) struct Owner<'a> {
    /// What it cost so far.
    pub(super) cost: &'a mut SiteCost,
    /// It owns an operator of the stage's pipeline.
    pub(super) pipeline: bool,
    /// The shuffle that the stage reads is its alone.
    pub(super) reads_shuffle: bool,
    /// The shuffle that the stage writes is its alone.
    pub(super) writes_shuffle: bool,
}

/// Gives each of `owners` (distinct calls) its share of a stage attempt.
///
/// What Spark times or counts for one operator goes to the call of that operator: waiting for a shuffle and its bytes to the one that
/// reads it, writing it and its bytes to the one that needs it. The rest of the run time is shared equally over the pipeline.
pub(super) fn share_stage(stage: &StageAttempt, owners: &mut [Owner<'_>]) {
    let metrics = &stage.metrics;
    let before: Vec<u64> = owners.iter().map(|it| it.cost.self_task_time_ms()).collect();
    let all: Vec<usize> = (0..owners.len()).collect();
    let pick = |test: fn(&Owner<'_>) -> bool| -> Vec<usize> {
        let picked: Vec<usize> =
            all.iter().copied().filter(|&index| test(&owners[index])).collect();
        if picked.is_empty() { all.clone() } else { picked }
    };
    let pipeline = pick(|owner| owner.pipeline);
    let reader = pick(|owner| owner.reads_shuffle);
    let writer = pick(|owner| owner.writes_shuffle);
    let mut rest = metrics.executor_run_time;
    if let [one] = reader.as_slice()
        && owners[*one].reads_shuffle
    {
        let wait = metrics.shuffle_fetch_wait_time.min(rest);
        owners[*one].cost.self_measured_ms += wait;
        rest -= wait;
    }
    if let [one] = writer.as_slice()
        && owners[*one].writes_shuffle
    {
        let write = (metrics.shuffle_write_time / 1_000_000).min(rest);
        owners[*one].cost.self_measured_ms += write;
        rest -= write;
    }
    let mut divide = |total: u64, among: &[usize], add: fn(&mut SiteCost, u64)| {
        for (&index, share) in among.iter().zip(equal_shares(total, among.len())) {
            add(owners[index].cost, share);
        }
    };
    divide(rest, &pipeline, |cost, share| cost.self_shared_ms += share);
    divide(metrics.input_bytes, &pipeline, |cost, share| cost.input_bytes += share);
    divide(metrics.output_bytes, &pipeline, |cost, share| cost.output_bytes += share);
    divide(metrics.disk_bytes_spilled, &pipeline, |cost, share| cost.spill_bytes += share);
    divide(metrics.shuffle_read_bytes, &reader, |cost, share| cost.shuffle_read_bytes += share);
    divide(metrics.shuffle_write_bytes, &writer, |cost, share| cost.shuffle_write_bytes += share);
    for (owner, before) in owners.iter_mut().zip(before) {
        let own = owner.cost.self_task_time_ms() - before;
        *owner.cost.self_by_stage.entry(stage.stage_id).or_default() += own;
        if !owner.cost.stages.contains(&stage.stage_id) {
            owner.cost.stages.push(stage.stage_id);
        }
        owner.cost.skew = owner.cost.skew.max(skew(stage));
    }
}

/// Longest task over median, 1 where there are too few tasks to speak of a median.
pub(super) fn skew(stage: &StageAttempt) -> f64 {
    match &stage.task_summary {
        Some(summary) if summary.tasks >= 4 && summary.duration[2] > 0 => {
            summary.duration[4] as f64 / summary.duration[2] as f64
        }
        _ => 1.0,
    }
}

/// Milliseconds of `span` that lie in none of `busy`.
pub(super) fn outside(span: (i64, i64), busy: &mut [(i64, i64)]) -> u64 {
    busy.sort_unstable();
    let mut covered = 0;
    let mut reached = span.0;
    for &(start, end) in busy.iter() {
        let (start, end) = (start.max(reached), end.min(span.1));
        if end > start {
            covered += end - start;
            reached = end;
        }
    }
    u64::try_from((span.1 - span.0).max(0) - covered).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        for (total, parts) in [(10, 3), (0, 4), (7, 1), (2, 5), (u64::MAX, 7)] {
            let shares: Vec<u64> = equal_shares(total, parts).collect();
            assert_eq!(shares.iter().map(|&it| u128::from(it)).sum::<u128>(), u128::from(total));
            assert!(shares.iter().max().unwrap() - shares.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn time_outside_stages_counts_overlaps_once() {
        assert_eq!(outside((0, 100), &mut [(10, 30), (20, 50), (90, 200)]), 50);
        assert_eq!(outside((0, 100), &mut []), 100);
        assert_eq!(outside((50, 10), &mut []), 0);
    }
}
