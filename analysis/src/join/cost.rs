//! Divides what a run measured among calls, in integers, so that the parts add up to the whole.

use eventlog::{StageAttempt, StageMetrics};

use crate::SiteCost;

/// Divides `total` into `parts` equal parts; the remainder goes one by one to the first (largest remainder with equal weights).
pub(super) fn equal_shares(total: u64, parts: usize) -> impl Iterator<Item = u64> {
    let count = (parts as u64).max(1);
    (0..parts as u64).map(move |index| total / count + u64::from(index < total % count))
}

/// What of a stage attempt is additive.
const ADDITIVE: [fn(&StageMetrics) -> u64; 6] = [
    |metrics| metrics.executor_run_time,
    |metrics| metrics.input_bytes,
    |metrics| metrics.output_bytes,
    |metrics| metrics.shuffle_read_bytes,
    |metrics| metrics.shuffle_write_bytes,
    |metrics| metrics.disk_bytes_spilled,
];

/// Gives each of `owners` (distinct) its share of a stage attempt. The log has no timings of operators here, so all of it counts as shared.
pub(super) fn share_stage(stage: &StageAttempt, owners: &mut [&mut SiteCost]) {
    let count = owners.len();
    let shares =
        ADDITIVE.map(|field| equal_shares(field(&stage.metrics), count).collect::<Vec<_>>());
    for (index, owner) in owners.iter_mut().enumerate() {
        let share = |field: usize| shares[field].get(index).copied().unwrap_or(0);
        owner.self_shared_ms += share(0);
        owner.input_bytes += share(1);
        owner.output_bytes += share(2);
        owner.shuffle_read_bytes += share(3);
        owner.shuffle_write_bytes += share(4);
        owner.spill_bytes += share(5);
        if !owner.stages.contains(&stage.stage_id) {
            owner.stages.push(stage.stage_id);
        }
        owner.skew = owner.skew.max(skew(stage));
    }
}

/// Longest task over median, 1 where there are too few tasks to speak of a median.
fn skew(stage: &StageAttempt) -> f64 {
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
