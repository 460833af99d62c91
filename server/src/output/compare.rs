//! What `compare` reports, before it takes a form.

use analysis::comparison::{
    ComparedCall, Comparison, DataKind, Doubt, Relation, Verdict, compare, is_complete,
};
use analysis::units::{bytes, count, duration_ms};
use analysis::{Analysis, Run, SiteCost};

use super::annotation::{Place, Places};
use crate::workspace::Notebooks;

/// What the two runs are called, in the order of the command line.
pub(crate) const NAMES: [&str; 2] = ["A", "B"];

/// From this factor on that lines have in common it is worth a word.
const COMMON: f64 = 1.2;

/// Two runs side by side.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    /// The runs.
    pub(crate) runs: [&'a Run; 2],
    /// How they compare.
    pub(crate) comparison: Comparison<'a>,
    /// Where the comparison's calls are, in its order.
    pub(crate) places: Vec<Place<'a>>,
}

impl<'a> Report<'a> {
    /// The comparison of two runs with their places in the sources.
    #[must_use]
    pub(crate) fn new(
        analysis: &'a Analysis,
        notebooks: &'a Notebooks,
        runs: [&'a Run; 2],
    ) -> Self {
        let comparison = compare(runs[0], runs[1]);
        let mut at = Places::new(analysis, notebooks);
        let places = comparison.calls.iter().map(|call| at.place(call.file, call.key)).collect();
        Self { runs, comparison, places }
    }

    /// The calls with their places.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&ComparedCall<'a>, &Place<'a>)> {
        self.comparison.calls.iter().zip(&self.places)
    }

    /// What has to be known before a line is read, one sentence each.
    #[must_use]
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        match self.comparison.relation {
            Relation::SamePrograms => {}
            Relation::DifferentPrograms => warnings.push(
                "the runs share no line of these sources: they are of different programs, and their times say nothing of each other"
                    .to_owned(),
            ),
            Relation::WithoutLines(which) => {
                for (name, _) in NAMES.iter().zip(which).filter(|(_, without)| *without) {
                    warnings.push(format!(
                        "nothing of {name} stands on a line of these sources: it is of another program, or of another version of it"
                    ));
                }
            }
        }
        if let Some(ratio) = self.comparison.common_ratio {
            let (half, how) =
                if ratio >= 1.0 { (ratio, "as long in B") } else { (1.0 / ratio, "as long in A") };
            if half >= COMMON {
                warnings.push(format!(
                    "half of the lines take {half:.1} times {how} for the same data, or longer: a slower or busier machine looks like that, and no change of \
                     single lines does"
                ));
            }
        }
        for (name, run) in NAMES.iter().zip(self.runs) {
            if !is_complete(run) {
                warnings.push(format!(
                    "the log of {name} does not hold the whole run: what is less there may only be missing"
                ));
            }
        }
        warnings
    }

    /// Whether nothing but the data and the code can be why a line took another time.
    #[must_use]
    pub(crate) fn ran_alike(&self) -> bool {
        self.comparison.differences.iter().all(|it| it.aspect.is_harmless())
    }
}

/// Bytes that a run read from files, tables and caches.
#[must_use]
pub(crate) fn input_bytes(run: &Run) -> u64 {
    run.profile.stages.iter().fold(0, |sum, it| sum.saturating_add(it.metrics.input_bytes))
}

/// Records that a run read from files, tables and caches.
#[must_use]
pub(crate) fn input_records(run: &Run) -> u64 {
    run.profile.stages.iter().fold(0, |sum, it| sum.saturating_add(it.metrics.input_records))
}

/// Why a verdict is not certain, in one clause.
#[must_use]
pub(crate) fn doubt_clause(doubt: &Doubt) -> String {
    let name = |run: usize| NAMES.get(run).copied().unwrap_or_default();
    match *doubt {
        Doubt::Ambiguous { run, places } => {
            format!("in {} it may be that of one of {places} places", name(run))
        }
        Doubt::Unsure { run } => format!("in {} other lines fit nearly as well", name(run)),
        Doubt::Stale { run } => format!("the source has changed since {}", name(run)),
        Doubt::Unattributed { run, task_time_ms, driver_ms } => {
            let name = name(run);
            let (time, of) = if task_time_ms > 0 {
                (task_time_ms, "task time")
            } else {
                (driver_ms, "driver time")
            };
            let time = duration_ms(time);
            format!("in {name} {time} of {of} have no line: it may be among them")
        }
        Doubt::Incomplete { run } => format!("the log of {} is not whole", name(run)),
        Doubt::NothingInCommon => "the runs have no line in common".to_owned(),
    }
}

/// Why the verdict is what it is, in one clause: the data beside the time.
#[must_use]
pub(crate) fn data_clause(call: &ComparedCall<'_>) -> Option<String> {
    let kind = match call.data.kind? {
        DataKind::Source => "read",
        DataKind::Shuffle => "shuffled in",
    };
    let size = |run: usize| {
        let read = call.data.read[run];
        match (read.rows, read.bytes) {
            (0, size) => bytes(size),
            (rows, 0) => format!("{} rows", count(rows)),
            (rows, size) => format!("{} rows, {}", count(rows), bytes(size)),
        }
    };
    let (first, second) = (size(0), size(1));
    let [from, to] = call.data.read;
    Some(match (call.costs, call.data.ratio) {
        ([None, _], _) => format!("{second} {kind}"),
        ([_, None], _) => format!("{first} {kind}"),
        (_, None) => format!("{first} → {second} {kind}, not comparable"),
        _ if first == second => format!("same data: {first} {kind}"),
        _ if from.rows == to.rows && from.rows > 0 => {
            let (from, to) = (bytes(from.bytes), bytes(to.bytes));
            format!("same {} rows, {from} → {to} {kind}", count(call.data.read[0].rows))
        }
        (_, Some(ratio)) => format!("{first} → {second} {kind}, {}", factor(ratio)),
    })
}

/// `2.0×`, `0.31×`.
#[must_use]
pub(crate) fn factor(ratio: f64) -> String {
    match ratio {
        ratio if !ratio.is_finite() => "∞×".to_owned(),
        ratio if ratio >= 100.0 => format!("{ratio:.0}×"),
        ratio if ratio >= 0.995 => format!("{ratio:.1}×"),
        ratio => format!("{ratio:.2}×"),
    }
}

/// What else changed at a call, where it is of any size: `shuffle 12 MiB → 118 MiB`.
#[must_use]
pub(crate) fn other_changes(call: &ComparedCall<'_>) -> Vec<String> {
    let [Some(first), Some(second)] = call.costs else { return Vec::new() };
    let mut changes = Vec::new();
    let mut change = |name: &str, of: fn(&SiteCost) -> u64, least: u64, show: fn(u64) -> String| {
        let (from, to) = (of(first), of(second));
        // Ten percent: less than that is not why a time changed.
        let apart = from.abs_diff(to);
        if apart >= least && apart.saturating_mul(10) >= from.max(to) {
            changes.push(format!("{name} {} → {}", show(from), show(to)));
        }
    };
    let shuffle = |cost: &SiteCost| cost.shuffle_read_bytes.max(cost.shuffle_write_bytes);
    change("shuffle", shuffle, 1 << 20, bytes);
    change("spill", |cost| cost.spill_bytes, 1 << 20, bytes);
    change("written", |cost| cost.output_bytes, 1 << 20, bytes);
    change("rows out", |cost| cost.rows, 1, count);
    change("executions", |cost| cost.executions.len() as u64, 1, count);
    change("jobs", |cost| cost.jobs.len() as u64, 1, count);
    change("driver", |cost| cost.driver_ms, 1_000, duration_ms);
    change("wall", |cost| cost.wall_ms, 1_000, duration_ms);
    changes
}

/// `+12 s`, `−340 ms`.
#[must_use]
pub(crate) fn difference(milliseconds: i64) -> String {
    let sign = if milliseconds < 0 { "−" } else { "+" };
    match milliseconds {
        0 => "0 ms".to_owned(),
        _ => format!("{sign}{}", duration_ms(milliseconds.unsigned_abs())),
    }
}

/// Verdicts with how many lines have them and what they add: `2 faster (−3.4 s)`.
#[must_use]
pub(crate) fn tally(comparison: &Comparison<'_>) -> String {
    let tally = comparison.tally();
    let mut parts: Vec<String> = tally
        .iter()
        .map(|(verdict, of)| {
            let what = format!("{} {}", of.calls, verdict.name());
            match of.task_time_ms {
                0 => what,
                _ if *verdict == Verdict::Same => what,
                time => format!("{what} ({})", difference(time)),
            }
        })
        .collect();
    match comparison.doubtful() {
        0 => {}
        doubtful => parts.push(format!("{doubtful} not certain (?)")),
    }
    parts.join(" · ")
}
