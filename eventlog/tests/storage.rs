//! What recorded block updates tell of cached datasets.

#![allow(clippy::unwrap_used, reason = "test code may panic")]

mod common;

use common::*;
use std::path::Path;

#[test]
fn partitions_that_did_not_fit_are_not_counted_as_stored() {
    for version in ["3.5", "4.1"] {
        let log = format!("../tests/shapes/logs/cached-data-{version}.zstd");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(log);
        let profile = read(&Disk::new(&path)).unwrap();
        let persisted = |id: u64| {
            let mut rdds = profile.stages.iter().flat_map(|stage| &stage.rdds);
            rdds.find(|rdd| rdd.id == id && rdd.persisted).unwrap()
        };
        let cached: Vec<_> = profile
            .cached_rdds
            .iter()
            .map(|(&id, cached)| (cached.partitions, persisted(id).num_partitions))
            .collect();
        // The DataFrame is stored whole; of the RDD's eight partitions some are not.
        let [(4, 4), (stored, 8)] = cached[..] else { panic!("{version}: {cached:?}") };
        assert!(stored < 8, "{version}: {stored}");
        assert!(profile.cached_rdds.values().all(|cached| cached.bytes > 0), "{version}");
    }
}
