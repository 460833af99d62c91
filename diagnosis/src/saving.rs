//! How much wall time a change to one stage can save.
//!
//! A stage takes at least as long as its longest task, and at least its tasks' time over the slots it has (the bounds of list
//! scheduling, Graham 1966). What a change saves is the difference of that bound before and after, and never more than lies
//! between the stage's wall time and the bound after. That is what is saved if nothing else ran: the most. The least is the share of it in
//! which no other stage ran, since others would have used the slots.

use crate::run::Run;
use eventlog::StageAttempt;

/// Wall time in milliseconds that a stage takes at least: its longest task, or its tasks over its slots.
pub(crate) fn bound(longest_ms: u64, total_ms: u64, slots: u64) -> u64 {
    longest_ms.max(total_ms.div_ceil(slots.max(1)))
}

/// Wall time of the application that is saved at least and at most, if a stage that took `before_ms` by the bound takes `after_ms`.
pub(crate) fn of_stage(
    run: &Run<'_>,
    stage: &StageAttempt,
    before_ms: u64,
    after_ms: u64,
) -> Option<(u64, u64)> {
    let (from, to) = (stage.submission_ms?, stage.completion_ms?);
    let wall = u64::try_from(to.saturating_sub(from)).ok()?;
    let most = before_ms.saturating_sub(after_ms).min(wall.saturating_sub(after_ms));
    let alone = alone_ms(run, stage, from, to);
    let least = u128::from(most) * u128::from(alone) / u128::from(wall.max(1));
    Some((u64::try_from(least).unwrap_or(most), most))
}

/// Milliseconds of a stage in which no other ran.
fn alone_ms(run: &Run<'_>, stage: &StageAttempt, from: i64, to: i64) -> u64 {
    let others =
        run.profile.stages.iter().filter(|other| {
            (other.stage_id, other.attempt_id) != (stage.stage_id, stage.attempt_id)
        });
    let mut spans: Vec<(i64, i64)> = others
        .filter_map(|other| Some((other.submission_ms?, other.completion_ms.unwrap_or(to))))
        .map(|span| (span.0.max(from), span.1.min(to)))
        .filter(|span| span.0 < span.1)
        .collect();
    spans.sort_unstable();
    let (mut covered, mut until) = (0, from);
    for (begin, end) in spans {
        covered += (end - begin.max(until)).max(0);
        until = until.max(end);
    }
    u64::try_from(to - from - covered).unwrap_or(0)
}
