//! How much data a call's stages read.

use std::collections::BTreeMap;

use eventlog::Profile;

use super::verdict::ratio;
use crate::evidence::SiteCost;

/// What the stages of a call read in two runs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Data {
    /// What is compared; none where the runs have nothing in common that was measured.
    pub kind: Option<DataKind>,
    /// In the first and in the second run. Of no kind, everything is 0.
    pub read: [DataRead; 2],
    /// The second run's rows over the first's, its bytes over the first's where neither counted rows. None where they can't be compared:
    /// nothing was read, or tasks ran again and read again.
    pub ratio: Option<f64>,
    /// The second run's bytes over the first's, where both counted them alike.
    pub byte_ratio: Option<f64>,
}

/// Where the stages of a call read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataKind {
    /// Files, tables and caches (`Input Metrics`).
    Source,
    /// Shuffles; only where the stages read from no source.
    Shuffle,
}

/// Rows and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DataRead {
    /// Records read; 0 where they are not counted, as those of persisted datasets.
    pub rows: u64,
    /// Bytes read.
    pub bytes: u64,
}

/// Of what a stage read, the part that is compared.
type PartOf = fn(&StageRead) -> DataRead;

/// What all attempts of a stage read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StageRead {
    source: DataRead,
    shuffle: DataRead,
    /// Tasks failed or were killed, or the stage ran again: part of it was read more than once.
    repeated: bool,
    /// A persisted dataset is in it: what is read of it is counted in batches of columns (`CachedBatch`), not in rows.
    batches: bool,
}

impl DataRead {
    /// What each stage read.
    pub(super) fn by_stage(profile: &Profile) -> BTreeMap<u64, StageRead> {
        let mut stages: BTreeMap<u64, StageRead> = BTreeMap::new();
        for stage in &profile.stages {
            let again = stages.contains_key(&stage.stage_id);
            let read = stages.entry(stage.stage_id).or_default();
            let metrics = &stage.metrics;
            read.source.add(metrics.input_records, metrics.input_bytes);
            read.shuffle.add(metrics.shuffle_read_records, metrics.shuffle_read_bytes);
            read.repeated |= again || stage.num_failed_tasks > 0 || stage.num_killed_tasks > 0;
            read.batches |= stage.rdds.iter().any(|rdd| rdd.persisted);
        }
        stages
    }

    fn add(&mut self, rows: u64, bytes: u64) {
        self.rows = self.rows.saturating_add(rows);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn is_nothing(&self) -> bool {
        self.rows == 0 && self.bytes == 0
    }
}

impl Data {
    /// What the stages of a call read. `bytes_compare` tells whether bytes mean the same in both runs.
    pub(super) fn of(
        costs: [Option<&SiteCost>; 2],
        stages: &[BTreeMap<u64, StageRead>; 2],
        bytes_compare: bool,
    ) -> Self {
        let [Some(first), Some(second)] = costs else {
            return Self::of_one(costs, stages);
        };
        let of = [total(first, &stages[0]), total(second, &stages[1])];
        let kind = kind(&of);
        let Some((kind, part)) = kind else { return Self::default() };
        let mut read = of.map(|read| part(&read));
        if kind == DataKind::Source && of.iter().any(|read| read.batches) {
            read.iter_mut().for_each(|read| read.rows = 0);
        }
        let repeated = of.iter().any(|read| read.repeated);
        let by_rows = ratio(read[0].rows, read[1].rows).filter(|_| read[1].rows > 0);
        let by_bytes = ratio(read[0].bytes, read[1].bytes)
            .filter(|_| read[1].bytes > 0 && bytes_compare && !repeated);
        Self {
            kind: Some(kind),
            read,
            ratio: by_rows.filter(|_| !repeated).or(by_bytes),
            byte_ratio: by_bytes,
        }
    }

    /// Of a call that cost something in one run only.
    fn of_one(costs: [Option<&SiteCost>; 2], stages: &[BTreeMap<u64, StageRead>; 2]) -> Self {
        let mut data = Self::default();
        for (run, cost) in costs.into_iter().enumerate() {
            let Some(cost) = cost else { continue };
            let read = total(cost, &stages[run]);
            if let Some((kind, part)) = kind(&[read]) {
                data.kind = Some(kind);
                data.read[run] = part(&read);
                if kind == DataKind::Source && read.batches {
                    data.read[run].rows = 0;
                }
            }
        }
        data
    }
}

/// What is compared of these, which all have it: sources if they can be.
fn kind(of: &[StageRead]) -> Option<(DataKind, PartOf)> {
    let kinds: [(DataKind, PartOf); 2] =
        [(DataKind::Source, |read| read.source), (DataKind::Shuffle, |read| read.shuffle)];
    kinds.into_iter().find(|(_, part)| of.iter().all(|read| !part(read).is_nothing()))
}

fn total(cost: &SiteCost, stages: &BTreeMap<u64, StageRead>) -> StageRead {
    let mut total = StageRead::default();
    for read in cost.stages.iter().filter_map(|stage| stages.get(stage)) {
        total.source.add(read.source.rows, read.source.bytes);
        total.shuffle.add(read.shuffle.rows, read.shuffle.bytes);
        total.repeated |= read.repeated;
        total.batches |= read.batches;
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Match;
    use eventlog::{RddInfo, StageAttempt};

    /// What stages 0 and 1 read, one with a shuffle and one without.
    fn read(rows: u64, change: impl Fn(&mut StageAttempt)) -> BTreeMap<u64, StageRead> {
        let mut scan = StageAttempt::default();
        scan.metrics.input_records = rows;
        scan.metrics.input_bytes = rows * 10;
        let mut shuffled = StageAttempt { stage_id: 1, ..StageAttempt::default() };
        shuffled.metrics.shuffle_read_records = rows * 2;
        shuffled.metrics.shuffle_read_bytes = rows * 20;
        change(&mut scan);
        DataRead::by_stage(&Profile { stages: vec![scan, shuffled], ..Profile::default() })
    }

    fn data(stages: &[u64], change: impl Fn(&mut StageAttempt), bytes_compare: bool) -> Data {
        let cost = SiteCost { stages: stages.to_vec(), ..SiteCost::new(Match::Plan) };
        let reads = [read(100, &change), read(300, &change)];
        Data::of([Some(&cost), Some(&cost)], &reads, bytes_compare)
    }

    #[test]
    fn sources_count_before_shuffles() {
        let both = data(&[0, 1], |_| {}, true);
        assert_eq!((both.kind, both.read[1].rows), (Some(DataKind::Source), 300));
        assert_eq!((both.ratio, both.byte_ratio), (Some(3.0), Some(3.0)));
        let later = data(&[1], |_| {}, false);
        assert_eq!((later.kind, later.read[1].rows), (Some(DataKind::Shuffle), 600));
        assert_eq!((later.ratio, later.byte_ratio), (Some(3.0), None));
        assert_eq!(data(&[7], |_| {}, true), Data::default());
    }

    #[test]
    fn batches_of_a_cache_are_no_rows() {
        let cached = |stage: &mut StageAttempt| {
            stage.rdds = vec![RddInfo { persisted: true, ..RddInfo::default() }];
        };
        let found = data(&[0], cached, true);
        assert_eq!((found.read[0].rows, found.ratio), (0, Some(3.0)));
        assert_eq!(data(&[0], cached, false).ratio, None);
    }

    #[test]
    fn what_was_read_again_is_not_compared() {
        let found = data(&[0], |stage| stage.num_failed_tasks = 1, true);
        assert_eq!(
            (found.kind, found.ratio, found.byte_ratio),
            (Some(DataKind::Source), None, None)
        );
    }
}
