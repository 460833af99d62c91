//! What is broken, absurd or hostile: the good part is kept, the damage is described, nothing panics and nothing takes much memory.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code may panic and print")]

mod common;

use std::io::Write;
use std::ops::ControlFlow;

use common::*;
use eventlog::Profile;
use flate2::Compression;
use flate2::write::GzEncoder;

const ZSTD: &[u8] = include_bytes!("codecs/application.zstd");
const LZ4: &[u8] = include_bytes!("codecs/application.lz4");
const SNAPPY: &[u8] = include_bytes!("codecs/application.snappy");
const LZF: &[u8] = include_bytes!("codecs/application.lzf");
const GZIP: &[u8] = include_bytes!("codecs/application.gz");

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn with(line: &str) -> Profile {
    let mut lines = sample();
    lines.insert(3, line.to_owned());
    of(&lines)
}

#[test]
fn damage_in_any_codec_is_told_with_its_place() {
    for (name, bytes) in
        [("zstd", ZSTD), ("lz4", LZ4), ("snappy", SNAPPY), ("lzf", LZF), ("gzip", GZIP)]
    {
        let whole = pushed(bytes).unwrap();
        // What stands behind the damage is not read, what stands before it is.
        let mut behind = bytes.to_vec();
        behind.extend([0x55; 40]);
        let profile = pushed(&behind).unwrap();
        let told = profile.quality.truncated.clone().unwrap_or_default();
        let place = format!("the {name} stream is damaged at byte ");
        let rest = told.strip_prefix(&place).unwrap_or_else(|| panic!("{name}: {told}"));
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let at: usize = digits.parse().unwrap();
        assert!((bytes.len()..=bytes.len() + 8).contains(&at), "{name}: {told}, {}", bytes.len());
        assert_eq!(profile.stages, whole.stages, "{name}");
    }
}

#[test]
fn the_first_line_that_is_no_event_is_named() {
    let profile = with("not an event");
    let quality = &profile.quality;
    assert_eq!((quality.malformed_lines, quality.first_malformed_line), (1, Some(4)));
    assert_eq!(of(&sample()).quality.first_malformed_line, None);
}

#[test]
fn bombs_are_read_piece_by_piece() {
    // Forty megabytes of blanks in one line, which is one too many, and a log behind it.
    let mut text = log(&sample()).into_bytes();
    let whole = pushed(&text).unwrap();
    text.resize(text.len() + (40 << 20), b' ');
    text.push(b'\n');
    let mut lz4 = Vec::new();
    for block in text.chunks(32 << 20) {
        let packed = lz4_flex::block::compress(block);
        let mut sum = <twox_hash::XxHash32 as std::hash::Hasher>::finish(&{
            let mut hasher = twox_hash::XxHash32::with_seed(0x9747_b28c);
            std::hash::Hasher::write(&mut hasher, block);
            hasher
        }) as u32;
        sum &= 0x0fff_ffff;
        lz4.extend(b"LZ4Block\x20");
        for number in [packed.len() as u32, block.len() as u32, sum] {
            lz4.extend(number.to_le_bytes());
        }
        lz4.extend(packed);
    }
    for (name, bytes) in [
        ("zstd", zstd::encode_all(text.as_slice(), 1).unwrap()),
        ("gzip", gzip(&text)),
        ("lz4", lz4),
    ] {
        assert!(bytes.len() < text.len() / 100, "{name}: {}", bytes.len());
        let mut last = 0;
        let profile = eventlog::read(&Memory(vec![("log".to_owned(), bytes)]), &mut |bytes| {
            assert!(bytes - last <= 1 << 20, "{name}");
            last = bytes;
            ControlFlow::Continue(())
        });
        let profile = profile.unwrap();
        assert_eq!(profile.stages, whole.stages, "{name}");
        assert_eq!(profile.quality.bytes, text.len() as u64, "{name}");
    }
}

#[test]
fn a_line_of_hundreds_of_megabytes_is_left_out_and_counted() {
    let lines = sample();
    let mut text = log(&lines[..9]).into_bytes();
    text.extend(br#"{"Event":"SparkListenerTaskEnd","x":""#);
    text.resize(text.len() + (257 << 20), b'x');
    text.extend(b"\"}\n");
    text.extend(log(&lines[9..]).into_bytes());
    let packed = zstd::encode_all(text.as_slice(), 1).unwrap();
    drop(text);
    let mut profile = pushed(&packed).unwrap();
    let whole = of(&lines);
    assert_eq!(profile.quality.oversized_lines, 1);
    profile.quality.clone_from(&whole.quality);
    assert_eq!(profile, whole);
}

#[test]
fn json_that_nests_thousands_deep_costs_its_line_at_most() {
    let whole = of(&sample());
    for depth in [100, 1_000, 100_000] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        for line in [
            format!(r#"{{"Event":"SparkListenerJobStart","Job ID":9,"Properties":{open}{close}}}"#),
            format!(r#"{{"Event":"SparkListenerTaskEnd","Stage ID":0,"Task Info":{open}{close}}}"#),
            format!(r#"{{"Event":"SparkListenerNew","x":{open}{close}}}"#),
            format!(r#"{{"x":{open}{close},"Event":"SparkListenerNew"}}"#),
            open.clone(),
        ] {
            let profile = with(&line);
            assert_eq!(profile.executions, whole.executions, "{}", &line[..60]);
            assert!(profile.quality.malformed_lines <= 1);
        }
    }
}

#[test]
fn ids_may_repeat_and_go_backwards() {
    let mut lines = vec![start()];
    for stage in [7, 3, 3, 0, 7] {
        lines.push(job(stage, &stage.to_string(), Some(stage)));
        lines.push(submitted(stage, 0, 1));
        lines.push(task(stage, 0, "Success", Some(10), "[]"));
        lines.push(completed(stage, 0, 1, "[]", ""));
        lines.push(execution(stage, &node("Scan", 5, ""), ""));
    }
    // Its end before its beginning.
    lines.push(completed(9, 0, 1, "[]", ""));
    lines.push(task(9, 0, "Success", Some(10), "[]"));
    lines.push(submitted(9, 0, 1));
    lines.push(end());
    let profile = of(&lines);
    let ids = |of: Vec<u64>| (of.is_sorted(), of.len());
    assert_eq!(ids(profile.stages.iter().map(|it| it.stage_id).collect()), (true, 4));
    assert_eq!(ids(profile.jobs.iter().map(|it| it.job_id).collect()), (true, 3));
    assert_eq!(ids(profile.executions.iter().map(|it| it.execution_id).collect()), (true, 3));
    assert_eq!(profile.task_time_ms(), 60, "every end counts");
}

#[test]
fn names_of_any_kind_stay_names() {
    for name in
        ["<script>", "\u{1b}]0;x\u{7}", "a\u{202e}b", "::error::x", "\u{0}", "x\n{\"Event\""]
    {
        let escaped = serde_json::to_string(name).unwrap();
        let line = start().replace("\"orders\"", &escaped);
        assert_eq!(of(&[line]).application.name, name);
    }
}

#[test]
fn other_encodings_cost_no_event() {
    let mut bytes = Vec::new();
    for line in sample() {
        // Latin 1 in the middle of a string.
        let line = line
            .replace("\"orders\"", "\"or?ders\"")
            .replace("\"Task Type\":\"ResultTask\"", "\"Task Type\":\"Result?Task\"");
        bytes.extend(line.bytes().map(|byte| if byte == b'?' { 0xe9 } else { byte }));
        bytes.push(b'\n');
    }
    let profile = pushed(&bytes).unwrap();
    assert_eq!(profile.application.name, "or\u{fffd}ders");
    assert_eq!((profile.stages, profile.quality.malformed_lines), (of(&sample()).stages, 0));
}
