//! Two runs of the same sources side by side, call by call.
//!
//! Calls are the same where their keys are. What a call's own task time says is weighed by the data that its stages read, so that more data
//! is not taken for slower code ([`Verdict`]), and what makes a line's match doubtful makes its verdict doubtful ([`Doubt`]).

mod data;
mod difference;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use program::CallKey;

use crate::evidence::{Match, Run, SiteCost, Sources};

pub use data::{Data, DataKind, DataRead};
pub use difference::{Aspect, Difference};
pub use verdict::{Changed, NOISE_MS, NOISE_RATIO, NOISE_SHARE_PER_MILLE, SAME_DATA, Verdict};

use verdict::Noise;

/// Two runs, joined with the same sources, side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison<'a> {
    /// How the runs themselves differ, apart from what their lines cost. Empty where they ran alike.
    pub differences: Vec<Difference>,
    /// What the two have to do with each other.
    pub relation: Relation,
    /// A difference of task time below this many milliseconds is noise.
    pub noise_ms: u64,
    /// A difference of driver time below this many milliseconds is noise.
    pub driver_noise_ms: u64,
    /// The median, over lines that are certain, of the second run's own task time for the same data over the first's: what the run as a whole
    /// does to its lines. None where fewer than [`COMMON`] lines take [`NOISE_MS`] in both, or less than three quarters of them went that way.
    pub common_ratio: Option<f64>,
    /// Every call that cost anything in either, largest difference of own task time first, then of driver time.
    pub calls: Vec<ComparedCall<'a>>,
}

/// Lines that a median is taken of, at least.
pub const COMMON: usize = 5;

/// What two runs have to do with each other and with the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// They share lines.
    SamePrograms,
    /// Both stand on lines, and on none together: they are of different programs.
    DifferentPrograms,
    /// Of those that are `true`, the first and the second, nothing stands on a line: they are of other programs than the sources.
    WithoutLines([bool; 2]),
}

/// A call that cost something in one of two runs, or in both.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedCall<'a> {
    /// The file as the host names it.
    pub file: &'a str,
    /// The call.
    pub key: &'a CallKey,
    /// Its cost in the first and in the second run.
    pub costs: [Option<&'a SiteCost>; 2],
    /// What its stages read in each.
    pub data: Data,
    /// What became of its own task time from the first run to the second.
    pub task: Changed,
    /// What became of its driver time.
    pub driver: Changed,
    /// Why the verdicts are not certain. Empty where they are.
    pub doubts: Vec<Doubt>,
}

impl ComparedCall<'_> {
    /// What became of it: by its task time, or by its driver time where that is the same.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.task.verdict {
            Verdict::Same => self.driver.verdict,
            verdict => verdict,
        }
    }

    /// Whether its verdicts are certain.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.doubts.is_empty()
    }
}

/// Why a verdict is not certain. The run is 0 or 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The work may be that of other lines as well, so many in all.
    Ambiguous {
        /// Which run.
        run: usize,
        /// Places that remain.
        places: u32,
    },
    /// Other lines explain the run nearly as well.
    Unsure {
        /// Which run.
        run: usize,
    },
    /// The source has changed since.
    Stale {
        /// Which run.
        run: usize,
    },
    /// The line has no cost in this run, but so much of it stands on no line that the line's may be among that.
    Unattributed {
        /// Which run.
        run: usize,
        /// Task time without a line, milliseconds.
        task_time_ms: u64,
        /// Driver time without a line, milliseconds.
        driver_ms: u64,
    },
    /// The log does not hold the whole run: what is less there may be missing.
    Incomplete {
        /// Which run.
        run: usize,
    },
    /// The runs share no line.
    NothingInCommon,
}

/// Compares a run with a second one that was joined with the same sources.
#[must_use]
pub fn compare<'a>(first: &'a Run, second: &'a Run) -> Comparison<'a> {
    let runs = [first, second];
    let noise = Noise::of(runs.map(|run| run.profile.task_time_ms()));
    let driver_noise = Noise::of(runs.map(|run| run.profile.application.duration_ms()));
    let differences = difference::differences(&first.profile, &second.profile);
    let bytes_compare = difference::bytes_compare(&differences);
    let read = runs.map(|run| DataRead::by_stage(&run.profile));
    let relation = relation(runs);
    let incomplete = runs.map(|run| !is_complete(run));
    let keys: BTreeSet<&(String, CallKey)> =
        first.sites.keys().chain(second.sites.keys()).collect();
    let mut calls: Vec<ComparedCall<'a>> = keys
        .into_iter()
        .map(|site| {
            let costs = runs.map(|run| run.sites.get(site));
            let data = Data::of(costs, &read, bytes_compare);
            let task = Changed::of(costs, SiteCost::self_task_time_ms, &data, &noise);
            // What the driver does has no data of its own that a log counts.
            let driver = Changed::of(costs, |it| it.driver_ms, &Data::default(), &driver_noise);
            let (file, key) = (&site.0, &site.1);
            let mut call =
                ComparedCall { file, key, costs, data, task, driver, doubts: Vec::new() };
            call.doubts = doubts(runs, costs, call.verdict(), incomplete);
            if relation != Relation::SamePrograms {
                call.doubts.push(Doubt::NothingInCommon);
            }
            call
        })
        .collect();
    let apart = |changed: &Changed| std::cmp::Reverse(changed.difference_ms.unsigned_abs());
    calls.sort_by_key(|call| (apart(&call.task), apart(&call.driver)));
    let common_ratio = common_ratio(&calls);
    let (noise_ms, driver_noise_ms) = (noise.absolute_ms, driver_noise.absolute_ms);
    Comparison { differences, relation, noise_ms, driver_noise_ms, common_ratio, calls }
}

fn common_ratio(calls: &[ComparedCall<'_>]) -> Option<f64> {
    let mut ratios: Vec<f64> = calls
        .iter()
        .filter(|call| call.is_sure())
        .filter(|call| {
            let long = |cost: &SiteCost| cost.self_task_time_ms() >= NOISE_MS;
            call.costs.into_iter().all(|cost| cost.is_some_and(long))
        })
        .filter_map(|call| Some(call.task.ratio? / call.data.ratio.unwrap_or(1.0)))
        .collect();
    ratios.sort_by(f64::total_cmp);
    let median = *ratios.get(ratios.len() / 2)?;
    let agree = ratios.iter().filter(|ratio| (**ratio > 1.0) == (median > 1.0)).count();
    (ratios.len() >= COMMON && agree * 4 >= ratios.len() * 3).then_some(median)
}

fn relation(runs: [&Run; 2]) -> Relation {
    let without = runs.map(|run| run.sites.is_empty());
    if without != [false, false] {
        // Two runs that did nothing at all differ in nothing.
        let idle = |run: &Run| run.profile.task_time_ms() == 0 && run.profile.jobs.is_empty();
        if runs.iter().all(|run| run.sites.is_empty() && idle(run)) {
            return Relation::SamePrograms;
        }
        return Relation::WithoutLines(without);
    }
    if runs[0].sites.keys().any(|site| runs[1].sites.contains_key(site)) {
        Relation::SamePrograms
    } else {
        Relation::DifferentPrograms
    }
}

/// Whether the log holds all that the run did.
#[must_use]
pub fn is_complete(run: &Run) -> bool {
    let quality = &run.profile.quality;
    quality.has_application_start
        && quality.has_application_end
        && quality.truncated.is_none()
        && quality.missing_task_ends == 0
        && !quality.compacted
}

fn doubts(
    runs: [&Run; 2],
    costs: [Option<&SiteCost>; 2],
    verdict: Verdict,
    incomplete: [bool; 2],
) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    for (run, cost) in costs.into_iter().enumerate() {
        let Some(cost) = cost else { continue };
        if let Match::Ambiguous(places) = cost.matched {
            doubts.push(Doubt::Ambiguous { run, places });
        } else if !cost.sure {
            doubts.push(Doubt::Unsure { run });
        }
        // Joined with the sources that ran, a call is the same wherever it stands today.
        if cost.stale && !matches!(runs[run].sources, Sources::Earlier { .. }) {
            doubts.push(Doubt::Stale { run });
        }
    }
    // The run in which the line has less, where it has.
    let less = match verdict {
        Verdict::Gone | Verdict::Faster | Verdict::LessData => 1,
        Verdict::New | Verdict::Slower | Verdict::MoreData => 0,
        Verdict::Same => return doubts,
    };
    if incomplete[less] {
        doubts.push(Doubt::Incomplete { run: less });
    }
    if matches!(verdict, Verdict::New | Verdict::Gone) {
        let rest = &runs[less].unattributed;
        // Half: a line need not take as long in both.
        let may_hold = |rest: u64, own: u64| own > 0 && rest > 0 && rest >= own / 2;
        let held = costs.into_iter().flatten().any(|cost| {
            may_hold(rest.task_time_ms, cost.self_task_time_ms())
                || may_hold(rest.driver_ms, cost.driver_ms)
        });
        if held {
            let (task_time_ms, driver_ms) = (rest.task_time_ms, rest.driver_ms);
            doubts.push(Doubt::Unattributed { run: less, task_time_ms, driver_ms });
        }
    }
    doubts
}

/// How many calls came to each verdict and what they add to the run, verdicts in the order of [`Verdict`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Calls.
    pub calls: usize,
    /// The second run's own task time without the first's, of those whose task time came to the verdict, milliseconds.
    pub task_time_ms: i64,
}

impl Comparison<'_> {
    /// The calls whose verdict is certain, by verdict.
    #[must_use]
    pub fn tally(&self) -> BTreeMap<Verdict, Tally> {
        let mut tally: BTreeMap<Verdict, Tally> = BTreeMap::new();
        for call in self.calls.iter().filter(|call| call.is_sure()) {
            let of = tally.entry(call.verdict()).or_default();
            of.calls += 1;
            if call.task.verdict == call.verdict() {
                of.task_time_ms = of.task_time_ms.saturating_add(call.task.difference_ms);
            }
        }
        tally
    }

    /// Calls that are slower, faster, new, gone or have other data, and about which there is a doubt.
    #[must_use]
    pub fn doubtful(&self) -> usize {
        let changed = self.calls.iter().filter(|call| call.verdict() != Verdict::Same);
        changed.filter(|call| !call.is_sure()).count()
    }
}
