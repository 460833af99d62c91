//! What block updates tell of cached datasets, where they are logged (`spark.eventLog.logBlockUpdates.enabled`).

use crate::events;
use crate::profile::CachedRdd;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Blocks that are followed at most; what is updated beyond is left out.
const MAX_BLOCKS: usize = 1 << 18;

/// Blocks of RDDs as they come and go.
#[derive(Debug, Clone, Default)]
pub(crate) struct Storage {
    rdds: BTreeMap<u64, Followed>,
    blocks: usize,
}

#[derive(Debug, Clone, Default)]
struct Followed {
    /// Bytes in memory and on disk by partition and executor, of blocks that are stored.
    stored: FxHashMap<(u64, String), (u64, u64)>,
    /// Copies of each stored partition.
    copies: FxHashMap<u64, u32>,
    bytes: u64,
    most: CachedRdd,
}

impl Storage {
    /// Takes one update of a block. Blocks that are no RDD's are left out.
    pub(crate) fn update(&mut self, info: events::BlockUpdatedInfo<'_>) {
        let Some((rdd, partition)) = of_rdd(&info.block_id.0) else { return };
        let level = &info.storage_level;
        let is_stored = level.use_memory || level.use_disk;
        let size = (info.memory_size.unsigned(), info.disk_size.unsigned());
        let key = (partition, info.block_manager_id.executor_id.into_string());
        if is_stored && self.blocks >= MAX_BLOCKS {
            return;
        }
        let rdd = self.rdds.entry(rdd).or_default();
        if let Some((memory, disk)) = rdd.stored.remove(&key) {
            self.blocks -= 1;
            rdd.bytes = rdd.bytes.saturating_sub(memory.saturating_add(disk));
            if let Some(copies) = rdd.copies.get_mut(&partition) {
                *copies -= 1;
                if *copies == 0 {
                    rdd.copies.remove(&partition);
                }
            }
            // An unpersisted dataset's blocks go without updates, so this one had to make room.
            if !is_stored {
                rdd.most.evictions += 1;
            }
        }
        if is_stored {
            self.blocks += 1;
            rdd.stored.insert(key, size);
            *rdd.copies.entry(partition).or_default() += 1;
            rdd.bytes = rdd.bytes.saturating_add(size.0).saturating_add(size.1);
        }
        rdd.most.partitions = rdd.most.partitions.max(rdd.copies.len() as u64);
        rdd.most.bytes = rdd.most.bytes.max(rdd.bytes);
    }

    /// What was seen of each RDD.
    pub(crate) fn finish(self) -> BTreeMap<u64, CachedRdd> {
        self.rdds.into_iter().map(|(id, rdd)| (id, rdd.most)).collect()
    }
}

/// `rdd_4_17` is partition 17 of RDD 4 (`RDDBlockId`).
fn of_rdd(block: &str) -> Option<(u64, u64)> {
    let (rdd, partition) = block.strip_prefix("rdd_")?.split_once('_')?;
    Some((rdd.parse().ok()?, partition.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(storage: &mut Storage, executor: &str, block: &str, memory: u64, disk: u64) {
        let line = format!(
            r#"{{"Block Manager ID":{{"Executor ID":"{executor}","Host":"h","Port":1}},"Block ID":"{block}","Storage Level":{{"Use Disk":{},"Use Memory":{}}},"Memory Size":{memory},"Disk Size":{disk}}}"#,
            disk > 0,
            memory > 0
        );
        storage.update(serde_json::from_str(&line).unwrap());
    }

    #[test]
    fn partitions_and_bytes_are_those_of_one_time() {
        let mut storage = Storage::default();
        update(&mut storage, "1", "rdd_4_0", 10, 0);
        update(&mut storage, "1", "rdd_4_1", 20, 0);
        // A second copy is no second partition, and the same block once more is the same.
        update(&mut storage, "2", "rdd_4_1", 20, 0);
        update(&mut storage, "2", "rdd_4_1", 20, 0);
        update(&mut storage, "1", "rdd_4_0", 0, 0);
        update(&mut storage, "1", "rdd_4_2", 0, 5);
        // One that was never stored can't be evicted.
        update(&mut storage, "1", "rdd_4_9", 0, 0);
        update(&mut storage, "1", "broadcast_0_piece0", 7, 0);
        update(&mut storage, "1", "rdd_x_1", 7, 0);
        let found = storage.finish();
        let expected = CachedRdd { partitions: 2, evictions: 1, bytes: 50 };
        assert_eq!(found, BTreeMap::from([(4, expected)]));
    }
}
