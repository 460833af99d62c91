//! Files, folders, codecs and what is no log.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code may panic and print")]

mod common;

use common::*;
use eventlog::{LogError, Profile};
use std::ops::ControlFlow;

fn memory(parts: &[(&str, &[u8])]) -> Memory {
    Memory(parts.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect())
}

fn single(bytes: &[u8]) -> Result<Profile, LogError> {
    read(&memory(&[("log", bytes)]))
}

/// One zstd frame per line, as Spark's writer flushes them.
fn framed(lines: &[String]) -> Vec<u8> {
    lines
        .iter()
        .flat_map(|line| zstd::encode_all(format!("{line}\n").as_bytes(), 1).unwrap())
        .collect()
}

fn plain() -> Profile {
    single(log(&sample()).as_bytes()).unwrap()
}

#[test]
fn zstd_frames_concatenate_and_the_name_does_not_matter() {
    let profile = read(&memory(&[("log.lz4", &framed(&sample()))])).unwrap();
    assert_eq!(profile, plain());
}

#[test]
fn a_cut_frame_gives_the_frames_before_it() {
    let lines = sample();
    let whole = framed(&lines[..10]);
    for cut in 1..=8 {
        let mut bytes = whole.clone();
        let next = framed(&lines[10..11]);
        bytes.extend(&next[..next.len() - cut]);
        let profile = single(&bytes).unwrap();
        assert_eq!(profile.stages[0].num_complete_tasks, 2);
        assert_eq!(
            profile.quality.truncated.as_deref(),
            Some("the last zstd frame is cut or still open")
        );
        assert_eq!(profile.quality.malformed_lines, 0);
    }
}

#[test]
fn damage_keeps_what_came_before() {
    let mut bytes = framed(&sample());
    bytes.extend([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    let profile = single(&bytes).unwrap();
    assert!(profile.quality.truncated.as_ref().unwrap().starts_with("the zstd stream is damaged"));
    assert_eq!(profile.stages, plain().stages);
}

#[test]
fn a_window_beyond_the_limit_is_refused_without_its_memory() {
    // A frame header that asks for a window of 2³¹ bytes.
    let header = [0x28, 0xb5, 0x2f, 0xfd, 0x00, (31 - 10) << 3, 0, 0, 0, 0, 0, 0, 0, 0];
    let error = single(&header).unwrap_err();
    assert!(matches!(&error, LogError::NotALog { why, .. } if why.contains("memory")), "{error}");
}

#[test]
fn a_high_ratio_streams() {
    let mut text = log(&sample());
    text.push_str(&" ".repeat(64 << 20));
    text.push('\n');
    let bytes = zstd::encode_all(text.as_bytes(), 1).unwrap();
    assert!(bytes.len() < 100_000);
    let mut most = 0;
    let profile = eventlog::read(&memory(&[("log", &bytes)]), &mut |bytes| {
        assert!(bytes - most <= 1 << 20);
        most = bytes;
        ControlFlow::Continue(())
    });
    assert_eq!(profile.unwrap().stages, plain().stages);
    assert_eq!(most, text.len() as u64);
}

#[test]
fn a_rolling_log_is_read_in_numeric_order_from_the_last_compacted_file() {
    let lines = sample();
    let (first, second) = (log(&lines[..9]), framed(&lines[9..]));
    let stale = log(&[start().replace("app-1", "stale"), task(9, 0, "Success", Some(1), "[]")]);
    let source = memory(&[
        ("events_10_app.zstd", &second),
        ("events_9_app.compact", first.as_bytes()),
        ("events_9_app", stale.as_bytes()),
        ("events_8_app.compact", stale.as_bytes()),
        ("appstatus_app", b""),
        (".appstatus_app.crc", b"crc"),
        (".events_10_app.zstd.crc", b"crc"),
    ]);
    let mut profile = read(&source).unwrap();
    assert!(std::mem::take(&mut profile.quality.compacted));
    assert_eq!(profile, plain());
}

#[test]
fn a_cut_file_of_a_rolling_log_is_named() {
    let lines = sample();
    let first = format!("{}{}", log(&lines[..9]), &lines[9][..40]);
    let profile = read(&memory(&[
        ("events_1_app", first.as_bytes()),
        ("events_2_app", log(&lines[10..]).as_bytes()),
    ]))
    .unwrap();
    assert_eq!(profile.quality.truncated.as_deref(), Some("events_1_app: the last line is cut"));
    assert_eq!((profile.quality.malformed_lines, profile.quality.missing_task_ends), (0, 1));
}

#[test]
fn a_missing_file_of_a_rolling_log_is_said() {
    let text = log(&sample());
    let profile = read(&memory(&[("events_3_app", text.as_bytes())])).unwrap();
    assert_eq!(profile.quality.truncated.as_deref(), Some("the first event file is number 3"));
}

#[test]
fn a_last_line_without_its_newline_is_whole() {
    let text = log(&sample());
    assert_eq!(single(text.trim_end().as_bytes()).unwrap().quality.truncated, None);
    let cut = single(&text.as_bytes()[..text.len() - 4]).unwrap();
    assert_eq!(cut.quality.truncated.as_deref(), Some("the last line is cut"));
    assert!(!cut.quality.has_application_end && cut.quality.malformed_lines == 0);
}

#[test]
fn other_codecs_are_named_with_the_way_out() {
    let cases: [(&[u8], &str); 4] = [
        (b"\x04\x22\x4d\x18aaaaaa", "lz4"),
        (b"PK\x03\x04aaaaaaaa", "zip"),
        (b"BZh91AY&SYaaa", "bzip2"),
        (b"\xfd7zXZ\0aaaaaaa", "xz"),
    ];
    for (bytes, codec) in cases {
        let error = single(bytes).unwrap_err();
        assert!(
            matches!(&error, LogError::UnsupportedCodec { codec: found, .. } if found.starts_with(codec)),
            "{error}"
        );
        let message = error.to_string();
        assert!(
            message.contains(codec) && message.contains("spark.eventLog.compression.codec=zstd"),
            "{message}"
        );
    }
}

#[test]
fn what_is_no_log_says_so_in_one_line() {
    let cases: [(&[u8], &str); 5] = [
        (b"", "it is empty"),
        (b"import pyspark\nprint(1)\n", "none of its first 2 lines is a Spark event"),
        (b"{\"Event\":\"click\",\"at\":1}\n", "its only line is no Spark event"),
        (b"{\"Event\":\"SparkListenerLogSt", "the last line is cut"),
        (b"x", "the last line is cut"),
    ];
    for (bytes, why) in cases {
        let message = single(bytes).unwrap_err().to_string();
        assert!(
            message.starts_with("not a Spark event log: memory: ") && message.contains(why),
            "{message}"
        );
        assert!(!message.contains('\n'));
    }
    // What is wrong with the stream may be why.
    let packed = zstd::encode_all("id,amount\n".repeat(1_000).as_bytes(), 1).unwrap();
    let message = single(&packed[..packed.len() - 3]).unwrap_err().to_string();
    assert!(
        message.contains("not a Spark event log: memory: ") && message.contains("zstd"),
        "{message}"
    );
    // A large file that is something else is not read to its end.
    let lines = "id,amount\n".repeat(1_000_000);
    let mut seen = 0;
    let error = eventlog::read(&memory(&[("a.csv", lines.as_bytes())]), &mut |bytes| {
        seen = bytes;
        ControlFlow::Continue(())
    });
    assert!(matches!(error, Err(LogError::NotALog { .. })) && seen < 2 << 20);
}

#[test]
fn folders_without_events_failing_storage_and_cancelling_are_errors() {
    assert!(matches!(read(&memory(&[])), Err(LogError::EmptyFolder { .. })));
    assert!(matches!(read(&memory(&[("a", b""), ("b", b"")])), Err(LogError::EmptyFolder { .. })));

    struct Broken;
    impl eventlog::LogSource for Broken {
        fn name(&self) -> &str {
            "broken"
        }
        fn parts(&self) -> Vec<String> {
            vec!["log".into()]
        }
        fn open(&self, _: &str) -> std::io::Result<Box<dyn std::io::Read + Send + '_>> {
            Err(std::io::ErrorKind::PermissionDenied.into())
        }
    }
    assert_eq!(read(&Broken).unwrap_err().to_string(), "cannot read log: permission denied");

    let text = log(&sample());
    let stopped =
        eventlog::read(&memory(&[("log", text.as_bytes())]), &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(LogError::Cancelled { .. })));
}
