//! What holds for every log: pieces do not matter, and a cut log is a prefix.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code may panic and print")]

mod common;

use common::*;
use eventlog::{LogError, Profile, Reader};
use proptest::prelude::*;
use std::sync::LazyLock;

/// The logs that properties are tried on: the hand-made one, the recorded ones, Spark's own where they are at hand.
static LOGS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut logs = vec![log(&sample()).into_bytes()];
    logs.push(zstd::encode_all(logs[0].as_slice(), 3).unwrap());
    logs.push(
        logs[0]
            .split_inclusive(|&byte| byte == b'\n')
            .flat_map(|line| zstd::encode_all(line, 1).unwrap())
            .collect(),
    );
    for path in recorded() {
        let files = if path.is_dir() {
            std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect()
        } else {
            vec![path]
        };
        logs.extend(
            files.iter().map(|path| std::fs::read(path).unwrap()).filter(|bytes| !bytes.is_empty()),
        );
    }
    if let Some(folder) = spark_history() {
        let mut paths: Vec<_> = std::fs::read_dir(folder.join("spark-events"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        paths.retain(|path| path.is_file());
        paths.sort();
        logs.extend(paths.iter().map(|path| std::fs::read(path).unwrap()));
    }
    logs.retain(|log| log.len() < 2 << 20);
    logs
});

fn in_pieces(bytes: &[u8], sizes: &[usize]) -> Result<Profile, LogError> {
    let mut reader = Reader::new("memory");
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*size).clamp(1, rest.len()));
        reader.push(piece)?;
        rest = after;
    }
    reader.finish()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn pieces_do_not_matter(which in any::<prop::sample::Index>(), sizes in prop::collection::vec(prop_oneof![1usize..20, 20usize..5_000, 5_000usize..200_000], 1..12)) {
        let bytes = which.get(&LOGS);
        prop_assert_eq!(in_pieces(bytes, &sizes).unwrap(), pushed(bytes).unwrap());
    }

    #[test]
    fn a_cut_log_is_a_prefix(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let bytes = which.get(&LOGS);
        check_cut(bytes, at.index(bytes.len() + 1));
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..2_000), prefix in 0usize..4) {
        let heads: [&[u8]; 4] = [b"", b"{\"Event\":\"SparkListener", &[0x28, 0xb5, 0x2f, 0xfd], b"\n{\"Event\":\"SparkListenerLogStart\"}\n"];
        let _ = pushed(&[heads[prefix], &bytes].concat());
    }

    #[test]
    fn changed_bytes_are_survived(which in any::<prop::sample::Index>(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30)) {
        let mut bytes = which.get(&LOGS).clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = pushed(&bytes);
    }
}

fn check_cut(bytes: &[u8], at: usize) {
    let cut = pushed(&bytes[..at]);
    let is_zstd = bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    let Ok(cut) = cut else {
        assert!(matches!(cut, Err(LogError::NotALog { .. })));
        return;
    };
    let whole = pushed(bytes).unwrap();
    assert!(cut.task_time_ms() <= whole.task_time_ms() && cut.stages.len() <= whole.stages.len());
    assert!(cut.jobs.len() <= whole.jobs.len() && cut.executions.len() <= whole.executions.len());
    assert_eq!(cut.quality.malformed_lines, 0, "a cut line is not a malformed one");
    if !is_zstd {
        // Exactly what the whole lines say.
        let end = bytes[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let lines = if serde_json::from_slice::<serde::de::IgnoredAny>(&bytes[end..at]).is_ok() {
            at
        } else {
            end
        };
        if let Ok(mut prefix) = pushed(&bytes[..lines]) {
            prefix.quality.clone_from(&cut.quality);
            assert_eq!(prefix, cut);
        }
    }
}

#[test]
fn every_cut_of_a_small_log_is_a_prefix() {
    for bytes in &LOGS[..3] {
        for at in 0..=bytes.len() {
            check_cut(bytes, at);
        }
    }
}
