//! Every codec of Spark's, as its own streams write it: one log, compressed with `CompressionCodec.createCodec` of Spark 3.5.9, and with gzip.

#![allow(clippy::unwrap_used, reason = "test code may panic")]

use eventlog::{LogError, Profile, Reader};
use proptest::prelude::*;

const LZ4: &[u8] = include_bytes!("codecs/application.lz4");
const SNAPPY: &[u8] = include_bytes!("codecs/application.snappy");
const LZF: &[u8] = include_bytes!("codecs/application.lzf");
const GZIP: &[u8] = include_bytes!("codecs/application.gz");
const ZSTD: &[u8] = include_bytes!("codecs/application.zstd");

const ALL: [(&str, &[u8]); 5] =
    [("zstd", ZSTD), ("lz4", LZ4), ("snappy", SNAPPY), ("lzf", LZF), ("gzip", GZIP)];

fn read(bytes: &[u8], piece: usize) -> Result<Profile, LogError> {
    let mut reader = Reader::new("log");
    for piece in bytes.chunks(piece) {
        reader.push(piece)?;
    }
    reader.finish()
}

fn plain() -> Vec<u8> {
    zstd::decode_all(ZSTD).unwrap()
}

#[test]
fn every_codec_gives_the_same_profile() {
    let expected = read(&plain(), 1 << 20).unwrap();
    assert_eq!(expected.stages.iter().map(|it| it.num_complete_tasks).sum::<u64>(), 15);
    assert_eq!(expected.quality.truncated, None);
    for (name, bytes) in ALL {
        // A profile is too long to be printed.
        assert!(read(bytes, 1 << 20).unwrap() == expected, "{name}");
        assert!(read(bytes, 7).unwrap() == expected, "{name} in small pieces");
    }
}

#[test]
fn streams_put_together_are_one_log() {
    let text = plain();
    for (name, bytes) in ALL {
        // What stands behind a stream's end belongs to it, as where a file was appended to.
        let mut twice = bytes.to_vec();
        twice.extend(bytes);
        let profile = read(&twice, 1 << 20).unwrap();
        assert_eq!(profile.quality.truncated, None, "{name}");
        assert_eq!(profile.quality.bytes, 2 * text.len() as u64, "{name}");
    }
}

#[test]
fn a_cut_stream_gives_what_stands_before_the_cut() {
    let whole = read(&plain(), 1 << 20).unwrap();
    for (name, bytes) in ALL {
        let profile = read(&bytes[..bytes.len() * 6 / 10], 1 << 20).unwrap();
        assert!(profile.quality.truncated.is_some(), "{name}");
        let share = profile.quality.lines as f64 / whole.quality.lines as f64;
        assert!((0.2..0.9).contains(&share), "{name}: {share}");
        assert_eq!(profile.application.id, whole.application.id, "{name}");
    }
}

#[test]
fn damage_is_told_with_its_place_and_keeps_what_came_before() {
    for (name, bytes, place) in [("lz4", LZ4, "at byte"), ("snappy", SNAPPY, ""), ("lzf", LZF, "")]
    {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 40].fill(0xff);
        let profile = read(&bytes, 4096).unwrap();
        assert!(profile.quality.lines > 5, "{name}");
        let told = profile.quality.truncated.unwrap_or_default();
        assert!(
            told.contains(place) || profile.quality.malformed_lines > 0,
            "{name}: {told} {}",
            profile.quality.malformed_lines
        );
    }
    // A checksum tells a changed byte that decompresses all the same.
    let profile = {
        let mut bytes = LZ4.to_vec();
        let second = 1 + bytes[1..].windows(8).position(|it| it == b"LZ4Block").unwrap();
        bytes[second + 17] ^= 1;
        read(&bytes, 4096).unwrap()
    };
    let told = profile.quality.truncated.unwrap();
    assert!(told.contains("checksum"), "{told}");
}

#[test]
fn lengths_that_lie_take_no_memory() {
    let mut lz4 = b"LZ4Block\x20".to_vec();
    lz4.extend([0xff; 12]);
    let mut snappy = vec![0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
    snappy.extend([0x7f, 0xff, 0xff, 0xff]);
    // A raw block of snappy that claims to hold four gigabytes.
    let mut bomb = snappy[..16].to_vec();
    bomb.extend([0, 0, 0, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
    for bytes in [lz4, snappy, bomb] {
        let error = read(&bytes, 1 << 20).unwrap_err();
        let LogError::NotALog { why, .. } = &error else { panic!("{error}") };
        assert!(why.contains("larger than any"), "{why}");
    }
}

#[test]
fn what_spark_does_not_write_is_named() {
    for (bytes, name) in [
        (&b"\x04\x22\x4d\x18aaaaaaaa"[..], "lz4 frames"),
        (b"BZh91AY&SYaaaa", "bzip2"),
        (b"PK\x03\x04aaaaaaaa", "zip"),
    ] {
        let error = read(bytes, 1 << 20).unwrap_err();
        assert!(matches!(error, LogError::UnsupportedCodec { codec, .. } if codec == name));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_cut_and_no_changed_byte_panics(
        codec in 0..ALL.len(),
        cut in 0.0..1.0f64,
        changes in prop::collection::vec((0.0..1.0f64, any::<u8>()), 0..4),
        piece in 1usize..5000,
    ) {
        let (name, bytes) = ALL[codec];
        let mut bytes = bytes.to_vec();
        // How much of a damaged block zstd and zlib hand out depends on how they are fed.
        let same = changes.is_empty() || !matches!(name, "zstd" | "gzip");
        for (at, value) in changes {
            let at = (bytes.len() as f64 * at) as usize;
            bytes[at] = value;
        }
        bytes.truncate((bytes.len() as f64 * cut) as usize);
        let once = read(&bytes, 1 << 20).map_err(|error| error.to_string());
        let pieces = read(&bytes, piece).map_err(|error| error.to_string());
        prop_assert!(!same || once == pieces);
    }
}
