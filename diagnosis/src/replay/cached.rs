//! What a stage computes is kept, so that later stages do not compute it again.

use super::Replay;
use super::changes::{ChangeError, edit};
use super::operators::{Key, Operators};
use super::plan::Plan;
use rustc_hash::{FxHashMap, FxHashSet};

/// The first stage that computes what these compute again.
pub(super) fn first(replay: &Replay<'_>, again: &[u64]) -> Option<u64> {
    let operators = Operators::new(&replay.profile);
    let keys = operators.keys();
    let tells = |id: &u64| keys.get(id).into_iter().flatten().filter(|key| key.tells());
    let wanted: FxHashSet<&Key> = again.iter().flat_map(tells).collect();
    let mut stages = replay.plan.units.iter().map(|unit| unit.stage_id);
    stages.find(|id| tells(id).any(|key| wanted.contains(key)))
}

/// Drops what later stages need not run: the stages that feed them and compute what those that feed this one have computed already, and of
/// these stages themselves the part that they have in common with it.
///
/// The log does not say how a stage's time divides among its operators. The common part takes at most what the cheapest of the stages that
/// have it in common takes, and that is what is taken off.
pub(super) fn keep(replay: &Replay<'_>, plan: &mut Plan, stage: u64) -> Result<(), ChangeError> {
    let table = &replay.table.tasks;
    let Some(since) = plan.units.iter().position(|unit| unit.stage_id == stage) else {
        return Err(ChangeError::UnknownStage(stage));
    };
    let operators = Operators::new(&replay.profile);
    let keys = operators.keys();
    let nothing = FxHashSet::default();
    let of = |stage: u64| keys.get(&stage).unwrap_or(&nothing);
    let shares = |one: &FxHashSet<Key>, other: &FxHashSet<Key>| {
        one.iter().any(|key| key.tells() && other.contains(key)) || !one.is_empty() && one == other
    };
    let own = of(stage);
    let upstream = operators.upstream(stage);
    let later: FxHashSet<u64> = plan.units[since + 1..]
        .iter()
        .map(|unit| unit.stage_id)
        .filter(|id| *id != stage)
        .collect();
    let mut again: Vec<u64> =
        later.iter().copied().filter(|id| !upstream.contains(id) && shares(own, of(*id))).collect();
    again.sort_unstable();
    let mut dropped: FxHashSet<u64> = FxHashSet::default();
    again.retain(|&id| {
        let feeding = operators.upstream(id);
        // What comes out of this very stage does not compute it again.
        if feeding.contains(&stage) {
            return false;
        }
        let repeated: Vec<u64> = feeding
            .into_iter()
            .filter(|feed| later.contains(feed) && !upstream.contains(feed))
            .filter(|feed| upstream.iter().any(|before| shares(of(*before), of(*feed))))
            .collect();
        // The same operator over other inputs is not the same.
        let same = upstream.is_empty() || own.iter().any(Key::tells) || !repeated.is_empty();
        if same {
            dropped.extend(repeated);
        }
        same
    });
    if again.is_empty() {
        return Err(ChangeError::NotRepeated(stage));
    }
    let mut time: FxHashMap<u64, u64> = FxHashMap::default();
    for unit in &plan.units {
        let run = unit.succeeded(table).iter().map(|task| u64::from(task.run_ms)).sum::<u64>();
        *time.entry(unit.stage_id).or_default() += run;
    }
    let all = again.iter().chain([&stage]).filter(|id| !dropped.contains(id));
    let common = all.filter_map(|id| time.get(id)).copied().min().unwrap_or(0);
    for unit in plan.units.iter_mut().filter(|unit| dropped.contains(&unit.stage_id)) {
        unit.dropped = true;
    }
    for id in again.into_iter().filter(|id| !dropped.contains(id)) {
        let whole = time.get(&id).copied().unwrap_or(0).max(1);
        let edited = edit(plan, table, id, |_, tasks| {
            for task in tasks {
                let less = u64::from(task.run_ms) * common / whole;
                let less = u32::try_from(less).unwrap_or(u32::MAX);
                task.run_ms = task.run_ms.saturating_sub(less);
                task.duration_ms = task.duration_ms.saturating_sub(less);
            }
        });
        match edited {
            // A stage without tasks computes nothing again.
            Ok(()) | Err(ChangeError::NoTasks(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
