//! A log that is read while it grows: at every moment the profile is that of reading what is there.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code may panic and print")]

mod common;

use std::ops::ControlFlow;
use std::sync::LazyLock;

use common::*;
use eventlog::{Follower, Grown, LogError, LogSource};
use proptest::prelude::*;

const CODECS: [(&str, &[u8]); 5] = [
    ("zstd", include_bytes!("codecs/application.zstd")),
    ("lz4", include_bytes!("codecs/application.lz4")),
    ("snappy", include_bytes!("codecs/application.snappy")),
    ("lzf", include_bytes!("codecs/application.lzf")),
    ("gzip", include_bytes!("codecs/application.gz")),
];

/// Logs as Spark writes them: plain, in each codec, and one zstd frame for each line.
static LOGS: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let plain = zstd::decode_all(CODECS[0].1).unwrap();
    let frames = plain
        .split_inclusive(|&byte| byte == b'\n')
        .flat_map(|line| zstd::encode_all(line, 1).unwrap())
        .collect();
    let mut logs = vec![
        ("sample".to_owned(), log(&sample()).into_bytes()),
        ("plain".to_owned(), plain),
        ("frames".to_owned(), frames),
    ];
    logs.extend(CODECS.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())));
    logs
});

/// A folder or file whose parts can be seen growing.
struct Growing(Vec<(String, Vec<u8>)>);

impl LogSource for Growing {
    fn name(&self) -> &str {
        "memory"
    }
    fn parts(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }
    fn open(&self, part: &str) -> std::io::Result<Box<dyn std::io::Read + Send + '_>> {
        self.open_at(part, 0)
    }
    fn open_at(
        &self,
        part: &str,
        start: u64,
    ) -> std::io::Result<Box<dyn std::io::Read + Send + '_>> {
        let found =
            self.0.iter().find(|(name, _)| name == part).ok_or(std::io::ErrorKind::NotFound)?;
        Ok(Box::new(&found.1[usize::try_from(start).unwrap()..]))
    }
    fn size(&self, part: &str) -> Option<u64> {
        let found = self.0.iter().find(|(name, _)| name == part)?;
        Some(found.1.len() as u64)
    }
}

fn advance(follower: &mut Follower, source: &Growing) -> Grown {
    follower.advance(source, &mut |_| ControlFlow::Continue(())).unwrap()
}

/// The followed profile is the cold one, or both are the same error.
fn same(follower: &Follower, source: &Growing) {
    let followed = follower.profile().map_err(|error| error.to_string());
    let cold = read(source).map_err(|error| error.to_string());
    assert!(followed == cold, "{followed:#?}\n{cold:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_there_when_is_read_as_if_at_once(
        which in 0usize..8,
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..10),
    ) {
        let (_, bytes) = &LOGS[which];
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([bytes.len(), bytes.len()]);
        cuts.sort_unstable();
        let mut follower = Follower::new();
        let mut total = 0;
        for cut in cuts {
            let source = Growing(vec![("log".to_owned(), bytes[..cut].to_vec())]);
            let grown = advance(&mut follower, &source);
            prop_assert!(!grown.restarted);
            total += grown.bytes;
            prop_assert_eq!(total, cut as u64);
            same(&follower, &source);
        }
    }

    #[test]
    fn rolled_files_are_followed_wherever_they_are_cut(
        which in 0usize..8,
        rolls in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        steps in prop::collection::vec(1usize..20_000, 1..8),
    ) {
        // Lines are rolled whole; each file is compressed by itself.
        let plain = zstd::decode_all(CODECS[0].1).unwrap();
        let lines: Vec<&[u8]> = plain.split_inclusive(|&byte| byte == b'\n').collect();
        let mut rolls: Vec<usize> = rolls.iter().map(|roll| roll.index(lines.len())).collect();
        rolls.extend([0, lines.len()]);
        rolls.sort_unstable();
        let files: Vec<Vec<u8>> = rolls
            .windows(2)
            .map(|pair| {
                let text = lines[pair[0]..pair[1]].concat();
                if which % 2 == 0 { text } else { zstd::encode_all(text.as_slice(), 1).unwrap() }
            })
            .collect();
        let total: usize = files.iter().map(Vec::len).sum();
        let mut follower = Follower::new();
        let mut shown = 0;
        for step in steps.iter().cycle() {
            shown = (shown + step).min(total);
            let mut left = shown;
            let mut parts = vec![("appstatus_app.inprogress".to_owned(), Vec::new())];
            for (at, file) in files.iter().enumerate() {
                let bytes = &file[..left.min(file.len())];
                left -= bytes.len();
                parts.push((format!("events_{}_app", at + 1), bytes.to_vec()));
                if left == 0 {
                    break;
                }
            }
            let source = Growing(parts);
            let grown = advance(&mut follower, &source);
            prop_assert!(!grown.restarted);
            same(&follower, &source);
            if shown == total {
                break;
            }
        }
    }
}

#[test]
fn every_byte_of_a_small_log_may_come_alone() {
    for (name, bytes) in [&LOGS[0], &LOGS[2]].map(|(name, bytes)| (name, &bytes[..3_000])) {
        let mut follower = Follower::new();
        for cut in 0..bytes.len() {
            let source = Growing(vec![("log".to_owned(), bytes[..cut].to_vec())]);
            let grown = advance(&mut follower, &source);
            assert_eq!(grown.bytes, u64::from(cut > 0), "{name}");
            if cut % 7 == 0 {
                same(&follower, &source);
            }
        }
    }
}

#[test]
fn a_log_that_loses_its_inprogress_goes_on() {
    let bytes = log(&sample()).into_bytes();
    let mut follower = Follower::new();
    let before = Growing(vec![("app-1.inprogress".to_owned(), bytes[..700].to_vec())]);
    assert!(!advance(&mut follower, &before).over);
    let after = Growing(vec![("app-1".to_owned(), bytes.clone())]);
    let expected = Grown { bytes: bytes.len() as u64 - 700, restarted: false, over: true };
    assert_eq!(advance(&mut follower, &after), expected);
    same(&follower, &after);
}

#[test]
fn a_compacted_file_takes_the_place_of_what_was_read() {
    let lines = sample();
    let (first, second) = (log(&lines[..9]).into_bytes(), log(&lines[9..]).into_bytes());
    let mut follower = Follower::new();
    let name = |name: &str, bytes: &[u8]| (name.to_owned(), bytes.to_vec());
    let source = Growing(vec![name("events_1_app", &first), name("events_2_app", &second[..200])]);
    advance(&mut follower, &source);
    same(&follower, &source);
    let kept = log(&[lines[0].clone(), lines[1].clone()]).into_bytes();
    let source = Growing(vec![
        name("events_1_app", &first),
        name("events_1_app.compact", &kept),
        name("events_2_app", &second),
    ]);
    assert!(advance(&mut follower, &source).restarted);
    same(&follower, &source);
    assert!(follower.profile().unwrap().quality.compacted);
    // Once it is there, more goes on behind it.
    let mut parts = source.0;
    parts.push(name("events_3_app", &second));
    let source = Growing(parts);
    assert!(!advance(&mut follower, &source).restarted);
    same(&follower, &source);
}

#[test]
fn a_file_that_begins_anew_is_read_anew() {
    let bytes = log(&sample()).into_bytes();
    let mut follower = Follower::new();
    let of = |bytes: &[u8]| Growing(vec![("log".to_owned(), bytes.to_vec())]);
    advance(&mut follower, &of(&bytes));
    let shorter = of(&bytes[..bytes.len() / 2]);
    let grown = advance(&mut follower, &shorter);
    assert_eq!((grown.restarted, grown.bytes), (true, bytes.len() as u64 / 2));
    same(&follower, &shorter);
}

#[test]
fn what_databricks_delivers_by_the_hour_is_followed() {
    let bytes = log(&sample()).into_bytes();
    let name = |name: &str, bytes: &[u8]| (name.to_owned(), bytes.to_vec());
    let mut follower = Follower::new();
    let live = Growing(vec![name("eventlog", &bytes[..2_000])]);
    advance(&mut follower, &live);
    same(&follower, &live);
    // The hour is over: what was live has another name, and the next hour begins under the old one.
    let gzip = {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&bytes[..2_500]).unwrap();
        gzip.finish().unwrap()
    };
    let rolled = Growing(vec![
        name("eventlog", &bytes[2_500..]),
        name("eventlog-2024-05-01--10-00.gz", &gzip),
    ]);
    assert!(advance(&mut follower, &rolled).restarted);
    same(&follower, &rolled);
}

#[test]
fn nothing_yet_is_no_error_and_what_is_no_log_is() {
    let mut follower = Follower::new();
    let of = |bytes: &[u8]| Growing(vec![("log".to_owned(), bytes.to_vec())]);
    assert_eq!(advance(&mut follower, &of(b"")), Grown::default());
    assert!(matches!(follower.profile(), Err(LogError::NotALog { .. })));
    let csv = "id,amount\n".repeat(200_000);
    let mut go_on = |_| ControlFlow::Continue(());
    let error = follower.advance(&of(csv.as_bytes()), &mut go_on);
    assert!(matches!(error, Err(LogError::NotALog { .. })));
    let error = follower.advance(&Growing(Vec::new()), &mut go_on);
    assert!(matches!(error, Err(LogError::EmptyFolder { .. })));
    // What failed is forgotten.
    let bytes = log(&sample()).into_bytes();
    assert!(advance(&mut follower, &of(&bytes)).over);
    same(&follower, &of(&bytes));
}
