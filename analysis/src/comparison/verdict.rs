//! Whether a call got slower, by its own time and by the data that its stages read.

use super::data::Data;
use crate::evidence::SiteCost;

/// A difference of a call's time below so many milliseconds is noise: starting Python workers, compiling code and collecting garbage cost that
/// much in one place or another.
pub const NOISE_MS: u64 = 500;

/// So is one below so many thousandths of the larger run's task time.
pub const NOISE_SHARE_PER_MILLE: u64 = 10;

/// So is one by a factor below this. docs/compare.md has what repeated runs differ by.
pub const NOISE_RATIO: f64 = 1.25;

/// Data that differs by a factor below this is the same.
pub const SAME_DATA: f64 = 1.05;

/// What became of a call from the first run to the second.
///
/// A difference of time below the noise is [`Verdict::Same`]. If the data that its stages read changed in the same direction, explains at
/// least half of the change (of logarithms), and what it leaves is noise, the data is what changed. Everything else is slower or faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It takes longer, and not because of more data.
    Slower,
    /// It has no cost in the first run.
    New,
    /// Its time grew no faster than the data that its stages read.
    MoreData,
    /// It takes less time, and not because of less data.
    Faster,
    /// It has no cost in the second run.
    Gone,
    /// Its time fell no further than the data that its stages read.
    LessData,
    /// No difference beyond noise.
    Same,
}

impl Verdict {
    /// Its name: `slower`, `more data`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Slower => "slower",
            Verdict::New => "new",
            Verdict::MoreData => "more data",
            Verdict::Faster => "faster",
            Verdict::Gone => "gone",
            Verdict::LessData => "less data",
            Verdict::Same => "same",
        }
    }
}

/// What is too small to be said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noise {
    pub(super) absolute_ms: u64,
}

impl Noise {
    /// That of runs with these task times.
    pub(super) fn of(task_times_ms: [u64; 2]) -> Self {
        let [first, second] = task_times_ms;
        let share = u128::from(first.max(second)) * u128::from(NOISE_SHARE_PER_MILLE) / 1_000;
        Self { absolute_ms: u64::try_from(share).unwrap_or(u64::MAX).max(NOISE_MS) }
    }
}

/// What became of one time of a call from the first run to the second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Changed {
    /// The verdict.
    pub verdict: Verdict,
    /// The second run's time without the first's, milliseconds.
    pub difference_ms: i64,
    /// The second run's time over the first's; none where the first had none.
    pub ratio: Option<f64>,
}

impl Changed {
    pub(super) fn of(
        costs: [Option<&SiteCost>; 2],
        time: fn(&SiteCost) -> u64,
        data: &Data,
        noise: &Noise,
    ) -> Self {
        let times = costs.map(|cost| cost.map_or(0, time));
        let verdict = match costs {
            [None, _] => Verdict::New,
            [_, None] => Verdict::Gone,
            _ => of_times(times, data, noise),
        };
        let [first, second] = times;
        Self { verdict, difference_ms: signed(second) - signed(first), ratio: ratio(first, second) }
    }
}

fn of_times([first, second]: [u64; 2], data: &Data, noise: &Noise) -> Verdict {
    if first.abs_diff(second) < noise.absolute_ms {
        return Verdict::Same;
    }
    // The factor by which the time changed, and the same of the data in the same direction: both above 1.
    let slower = second > first;
    let (less, more) = if slower { (first, second) } else { (second, first) };
    #[expect(clippy::cast_precision_loss, reason = "2⁵³ milliseconds are beyond any run")]
    let time = more as f64 / less.max(1) as f64;
    if less > 0 && time < NOISE_RATIO {
        return Verdict::Same;
    }
    let towards = |ratio: f64| if slower { ratio } else { 1.0 / ratio };
    let data = [data.ratio, data.byte_ratio].into_iter().flatten().map(towards).reduce(f64::max);
    if let Some(data) = data
        && less > 0
        && data >= SAME_DATA
        && data.ln() * 2.0 >= time.ln()
    {
        #[expect(clippy::cast_precision_loss, reason = "2⁵³ milliseconds are beyond any run")]
        let left = more as f64 - less as f64 * data;
        #[expect(clippy::cast_precision_loss, reason = "2⁵³ milliseconds are beyond any run")]
        let noise = noise.absolute_ms as f64;
        if time / data < NOISE_RATIO || left < noise {
            return if slower { Verdict::MoreData } else { Verdict::LessData };
        }
    }
    if slower { Verdict::Slower } else { Verdict::Faster }
}

/// The second over the first, none where the first is nothing.
#[expect(
    clippy::cast_precision_loss,
    reason = "2⁵³ rows, bytes or milliseconds are beyond any run"
)]
pub(super) fn ratio(first: u64, second: u64) -> Option<f64> {
    (first > 0).then(|| second as f64 / first as f64)
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::data::{DataKind, DataRead};

    const NOISE: Noise = Noise { absolute_ms: 500 };

    fn rows(first: u64, second: u64) -> Data {
        Data {
            kind: Some(DataKind::Source),
            read: [first, second].map(|rows| DataRead { rows, bytes: 0 }),
            ratio: ratio(first, second),
            byte_ratio: None,
        }
    }

    /// The verdict both ways: what is slower one way is faster the other.
    fn both(times: [u64; 2], data: [u64; 2]) -> (Verdict, Verdict) {
        let [first, second] = times;
        let [less, more] = data;
        (
            of_times([first, second], &rows(less, more), &NOISE),
            of_times([second, first], &rows(more, less), &NOISE),
        )
    }

    #[test]
    fn small_differences_are_noise() {
        assert_eq!(both([1_000, 1_400], [5, 5]), (Verdict::Same, Verdict::Same));
        assert_eq!(both([10_000, 12_000], [5, 5]), (Verdict::Same, Verdict::Same));
        assert_eq!(both([0, 499], [5, 5]), (Verdict::Same, Verdict::Same));
        assert_eq!(Noise::of([10_000, 5_000]).absolute_ms, 500);
        assert_eq!(Noise::of([10_000, 500_000]).absolute_ms, 5_000);
    }

    #[test]
    fn time_that_grows_with_the_data_is_more_data() {
        assert_eq!(both([10_000, 20_000], [5, 5]), (Verdict::Slower, Verdict::Faster));
        assert_eq!(both([10_000, 20_000], [5, 10]), (Verdict::MoreData, Verdict::LessData));
        assert_eq!(both([10_000, 24_000], [5, 10]), (Verdict::MoreData, Verdict::LessData));
        assert_eq!(both([10_000, 30_000], [5, 10]), (Verdict::Slower, Verdict::Faster));
        // The time stayed behind the data.
        assert_eq!(both([10_000, 15_000], [5, 20]), (Verdict::MoreData, Verdict::LessData));
        // What the data leaves is less than the noise.
        assert_eq!(both([400, 1_200], [10, 20]), (Verdict::MoreData, Verdict::LessData));
    }

    #[test]
    fn a_little_more_data_does_not_explain_much_more_time() {
        assert_eq!(both([10_000, 13_500], [100, 110]), (Verdict::Slower, Verdict::Faster));
        assert_eq!(both([10_000, 14_000], [100, 104]), (Verdict::Slower, Verdict::Faster));
    }

    #[test]
    fn data_that_went_the_other_way_explains_nothing() {
        assert_eq!(both([10_000, 20_000], [10, 5]), (Verdict::Slower, Verdict::Faster));
        assert_eq!(both([10_000, 10_000], [10, 50]), (Verdict::Same, Verdict::Same));
    }

    #[test]
    fn without_data_the_time_alone_speaks() {
        let nothing = Data::default();
        assert_eq!(of_times([1_000, 9_000], &nothing, &NOISE), Verdict::Slower);
        assert_eq!(of_times([0, 9_000], &nothing, &NOISE), Verdict::Slower);
        assert_eq!(of_times([9_000, 0], &nothing, &NOISE), Verdict::Faster);
    }
}
