//! Quantiles over a stage attempt's tasks: exact while there are few, a log-bucket sketch beyond.

use crate::profile::{Quantiles, TaskSummary};
use crate::values::Values;

/// Up to this many tasks quantiles are exact. Beyond it each is within 1.6 % of the true value (minimum and maximum stay exact).
pub(crate) const EXACT_TASKS: u64 = 100_000;

/// Number of values that are kept per task.
pub(crate) const COLUMNS: usize = 15;

/// The values of a stage attempt's successful tasks, by column in the order of [`TaskSummary`]'s fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples {
    tasks: u64,
    columns: [Column; COLUMNS],
}

#[derive(Debug, Clone, Default)]
enum Column {
    /// Every value so far is 0, which most columns of most stages are: nothing is kept.
    #[default]
    Zero,
    Exact(Vec<u64>),
    Sketch(Sketch),
}

impl Samples {
    pub(crate) fn push(&mut self, duration: u64, values: &Values) {
        let row = std::iter::once(&duration).chain(&values.row);
        for (column, &value) in self.columns.iter_mut().zip(row) {
            column.push(self.tasks, value);
        }
        self.tasks += 1;
    }

    /// The quantiles; none without a task.
    pub(crate) fn summary(self) -> Option<TaskSummary> {
        if self.tasks == 0 {
            return None;
        }
        let approximate = self.columns.iter().any(|column| matches!(column, Column::Sketch(_)));
        let tasks = self.tasks;
        let mut columns = self.columns.into_iter().map(|column| column.quantiles(tasks));
        let mut next = || columns.next().unwrap_or_default();
        Some(TaskSummary {
            tasks,
            approximate,
            duration: next(),
            executor_run_time: next(),
            executor_cpu_time: next(),
            jvm_gc_time: next(),
            result_size: next(),
            memory_bytes_spilled: next(),
            disk_bytes_spilled: next(),
            peak_execution_memory: next(),
            input_bytes: next(),
            output_bytes: next(),
            shuffle_read_bytes: next(),
            shuffle_read_records: next(),
            shuffle_fetch_wait_time: next(),
            shuffle_write_bytes: next(),
            shuffle_write_records: next(),
        })
    }
}

impl Column {
    /// Adds the value of the task after `before` others.
    fn push(&mut self, before: u64, value: u64) {
        match self {
            Self::Zero if value == 0 => {}
            Self::Zero if before >= EXACT_TASKS => {
                let mut sketch = Sketch::default();
                sketch.add(0, before);
                sketch.add(value, 1);
                *self = Self::Sketch(sketch);
            }
            Self::Zero => {
                let mut values = vec![0; usize::try_from(before).unwrap_or(0)];
                values.push(value);
                *self = Self::Exact(values);
            }
            Self::Exact(values) if before >= EXACT_TASKS => {
                let mut sketch = Sketch::default();
                values.iter().for_each(|&value| sketch.add(value, 1));
                sketch.add(value, 1);
                *self = Self::Sketch(sketch);
            }
            Self::Exact(values) => values.push(value),
            Self::Sketch(sketch) => sketch.add(value, 1),
        }
    }

    /// Those of at least one task.
    fn quantiles(self, tasks: u64) -> Quantiles {
        // `AppStatusStore.taskSummary`: index min(⌊q·n⌋, n−1), so the median of an even count is the upper middle.
        let ranks =
            [0, 1, 2, 3, 4].map(|quarter: u64| (quarter * tasks / 4).min(tasks.saturating_sub(1)));
        match self {
            Self::Zero => [0; 5],
            Self::Exact(mut values) => at_ranks(&mut values, ranks),
            Self::Sketch(sketch) => {
                let mut values = ranks.map(|rank| sketch.at(rank));
                (values[0], values[4]) = (sketch.min, sketch.max);
                values
            }
        }
    }
}

/// The values at these ranks of the sorted values, of which the first is that of the least one and the last of the largest.
fn at_ranks(values: &mut [u64], ranks: [u64; 5]) -> Quantiles {
    let [_, low, middle, high, _] =
        ranks.map(|rank| usize::try_from(rank).unwrap_or(usize::MAX).min(values.len() - 1));
    let least = values.iter().copied().min().unwrap_or(0);
    let most = values.iter().copied().max().unwrap_or(0);
    // Not sorted: only these are wanted, and they part the values.
    let (below, &mut median, above) = values.select_nth_unstable(middle);
    let lower = if low < middle { *below.select_nth_unstable(low).1 } else { median };
    let upper =
        if high > middle { *above.select_nth_unstable(high - middle - 1).1 } else { median };
    [least, lower, median, upper, most]
}

/// Counts in buckets of 1/32 octave: any value is known to within half a bucket, 1/64 of itself. Sketches of parts add
/// up to the sketch of the whole.
#[derive(Debug, Clone)]
struct Sketch {
    counts: Vec<u64>,
    min: u64,
    max: u64,
}

impl Default for Sketch {
    fn default() -> Self {
        Self { counts: Vec::new(), min: u64::MAX, max: 0 }
    }
}

impl Sketch {
    fn add(&mut self, value: u64, times: u64) {
        let bucket = bucket(value);
        if bucket >= self.counts.len() {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += times;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    /// The value at `rank` of the sorted values, from 0.
    fn at(&self, rank: u64) -> u64 {
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen > rank {
                return middle(bucket).clamp(self.min, self.max);
            }
        }
        self.max
    }
}

/// The bucket of a value: itself below 32, then 32 to the octave.
fn bucket(value: u64) -> usize {
    if value < 32 {
        return usize::try_from(value).unwrap_or(0);
    }
    let shift = u64::from(58 - value.leading_zeros());
    usize::try_from(32 * shift + (value >> shift)).unwrap_or(0)
}

/// The middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 32 {
        return bucket;
    }
    let shift = bucket / 32 - 1;
    let low = (bucket - 32 * shift) << shift;
    low + ((1u64 << shift) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_and_hold_their_middles() {
        for value in
            (0..5000).chain((5..64).flat_map(|bit| [(1u64 << bit) - 1, 1 << bit, (1 << bit) + 1]))
        {
            assert!(bucket(value) <= bucket(value.saturating_add(1)));
            assert_eq!(bucket(middle(bucket(value))), bucket(value), "{value}");
            let error = middle(bucket(value)).abs_diff(value) as f64 / (value.max(1)) as f64;
            assert!(error <= 1.0 / 64.0, "{value}: {error}");
        }
        assert!(bucket(u64::MAX) < 2048);
    }

    #[test]
    fn the_median_of_an_even_count_is_the_upper_middle() {
        let mut samples = Samples::default();
        for value in [4, 1, 3, 2] {
            samples.push(value, &Values { row: [value; COLUMNS - 1], ..Values::default() });
        }
        let summary = samples.summary().unwrap();
        assert_eq!(
            (summary.duration, summary.tasks, summary.approximate),
            ([1, 2, 3, 4, 4], 4, false)
        );
    }

    #[test]
    fn exact_quantiles_are_those_of_the_sorted_values() {
        for tasks in 1u64..40 {
            for modulus in [1, 3, 100] {
                let mut samples = Samples::default();
                let value = |task: u64| task * 7 % tasks % modulus;
                for task in 0..tasks {
                    samples.push(value(task), &Values::default());
                }
                let mut sorted: Vec<u64> = (0..tasks).map(value).collect();
                sorted.sort_unstable();
                let expected = [0, 1, 2, 3, 4]
                    .map(|quarter| sorted[(quarter * tasks / 4).min(tasks - 1) as usize]);
                assert_eq!(samples.summary().unwrap().duration, expected, "{sorted:?}");
            }
        }
    }

    #[test]
    fn beyond_the_limit_the_error_is_small_and_said() {
        let mut samples = Samples::default();
        let total = EXACT_TASKS + 5_000;
        for value in 0..total {
            let mut values = Values::default();
            // A permutation, so that the order of arrival is not the order of size.
            let duration = (value * 7_919) % total + 1_000;
            values.row[1] = u64::from(value == total - 1) * 9;
            samples.push(duration, &values);
        }
        let summary = samples.summary().unwrap();
        assert!(summary.approximate);
        assert_eq!((summary.duration[0], summary.duration[4]), (1_000, total + 999));
        for (at, value) in summary.duration.iter().enumerate() {
            let exact = (at as u64 * total / 4).min(total - 1) + 1_000;
            assert!(value.abs_diff(exact) as f64 <= exact as f64 / 64.0, "{value} {exact}");
        }
        assert_eq!(summary.executor_cpu_time, [0, 0, 0, 0, 9]);
        assert_eq!(summary.output_bytes, [0; 5]);
    }
}
