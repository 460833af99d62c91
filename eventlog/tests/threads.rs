//! However many threads read a log, and however a line is read, the profile is the same.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code may panic and print")]

mod common;

use std::ops::ControlFlow;

use common::*;
use eventlog::{LogError, Profile};

fn with_threads(bytes: &[u8], threads: usize) -> Result<Profile, LogError> {
    let source = Memory(vec![("log".to_owned(), bytes.to_vec())]);
    let mut last = 0;
    eventlog::read_with(&source, threads, &mut |bytes| {
        assert!(bytes > last && bytes - last <= 1 << 20);
        last = bytes;
        ControlFlow::Continue(())
    })
}

/// A log of some megabytes: many tasks, and among them what interrupts them.
fn much() -> Vec<u8> {
    let mut lines = vec![start(), submitted(0, 0, 40_000), submitted(1, 0, 1)];
    for at in 0..16_000u64 {
        let updates = update(at % 50, i64::try_from(at).unwrap());
        lines.push(task(at % 2, 0, "Success", Some(at * 7_919 % 1_000), &updates));
        if at % 100 == 0 {
            lines.push(task(0, 0, "TaskKilled", Some(at), "[]"));
            lines.push("no event".to_owned());
            lines.push(String::new());
        }
        // Longer than what is read at once.
        if at == 8_000 {
            lines.push(format!(r#"{{"Event":"SparkListenerNew","x":"{}"}}"#, "y".repeat(3 << 20)));
            lines.push(completed(1, 0, 1, "[]", ""));
        }
    }
    lines.push(end());
    log(&lines).into_bytes()
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let plain = much();
    assert!(plain.len() > 10 << 20);
    let expected = with_threads(&plain, 1).unwrap();
    assert_eq!(expected.stages.iter().map(|it| it.num_complete_tasks).sum::<u64>(), 16_000);
    assert_eq!(
        (expected.quality.malformed_lines, expected.quality.truncated.as_ref()),
        (160, None)
    );
    let frames: Vec<u8> =
        plain.chunks(100_000).flat_map(|piece| zstd::encode_all(piece, 1).unwrap()).collect();
    for threads in [2, 3, 8] {
        assert!(with_threads(&plain, threads).unwrap() == expected, "{threads} threads");
        assert!(with_threads(&frames, threads).unwrap() == expected, "{threads} threads, zstd");
    }
    let cut = &plain[..plain.len() - 30];
    assert!(with_threads(cut, 4).unwrap() == with_threads(cut, 1).unwrap());
}

/// A log in memory that several threads read at once, of which `told` bytes are there at first and some of it is read in small pieces.
struct Shared {
    bytes: Vec<u8>,
    /// Bytes that are there so far; they grow with each time that something is read.
    told: std::sync::atomic::AtomicUsize,
    growth: usize,
    fails_at: Option<u64>,
}

impl eventlog::LogSource for Shared {
    fn name(&self) -> &str {
        "memory"
    }
    fn parts(&self) -> Vec<String> {
        vec!["log".to_owned()]
    }
    fn open(&self, _: &str) -> std::io::Result<Box<dyn std::io::Read + Send + '_>> {
        Ok(Box::new(self.bytes.as_slice()))
    }
    fn open_shared(&self, _: &str) -> Option<Box<dyn eventlog::ReadAt + '_>> {
        Some(Box::new(self))
    }
}

impl eventlog::ReadAt for &Shared {
    fn read_at(&self, buffer: &mut [u8], at: u64) -> std::io::Result<usize> {
        use std::sync::atomic::Ordering;
        if self.fails_at.is_some_and(|fails| at >= fails) {
            return Err(std::io::ErrorKind::ConnectionReset.into());
        }
        let told = self.told.fetch_add(self.growth, Ordering::Relaxed).min(self.bytes.len());
        let rest = self.bytes.get(at as usize..told).unwrap_or_default();
        let count = rest.len().min(buffer.len()).min(100_000);
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}

#[test]
fn threads_that_read_a_file_at_once_read_what_one_does() {
    let bytes = much();
    let expected = with_threads(&bytes, 1).unwrap();
    let shared = |told, growth, fails_at| Shared {
        bytes: bytes.clone(),
        told: std::sync::atomic::AtomicUsize::new(told),
        growth,
        fails_at,
    };
    let read = |source: &Shared, threads| {
        eventlog::read_with(source, threads, &mut |_| ControlFlow::Continue(()))
    };
    for threads in [2, 8] {
        let found = read(&shared(bytes.len(), 0, None), threads).unwrap();
        assert!(found == expected, "{threads} threads");
    }
    // One that grows while it is read ends somewhere, and what stands before that is all there.
    for growth in [1, 300_000] {
        let found = read(&shared(6 << 20, growth, None), 4).unwrap();
        let end = usize::try_from(found.quality.bytes).unwrap();
        assert!((6 << 20..=bytes.len()).contains(&end), "{growth}");
        assert!(found == with_threads(&bytes[..end], 1).unwrap(), "{growth}");
    }
    let failed = read(&shared(bytes.len(), 0, Some(9 << 20)), 4);
    assert!(matches!(failed, Err(LogError::Io { .. })));
}

#[test]
fn reading_stops_where_it_is_told_to_and_where_it_fails() {
    let bytes = much();
    let source = Memory(vec![("log".to_owned(), bytes.clone())]);
    // Before threads are started, and with much left to read or little.
    for limit in [1 << 20, 5 << 20, 10 << 20] {
        let mut last = 0;
        let stopped = eventlog::read_with(&source, 4, &mut |bytes| {
            last = bytes;
            if bytes > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(matches!(stopped, Err(LogError::Cancelled { .. })), "{limit}");
        assert!(last <= limit + (1 << 20), "{last}");
    }

    /// A log whose storage fails after some megabytes.
    struct Failing(Vec<u8>);
    impl eventlog::LogSource for Failing {
        fn name(&self) -> &str {
            "failing"
        }
        fn parts(&self) -> Vec<String> {
            vec!["log".to_owned()]
        }
        fn open(&self, _: &str) -> std::io::Result<Box<dyn std::io::Read + Send + '_>> {
            Ok(Box::new(std::io::Read::chain(self.0.as_slice(), Broken)))
        }
    }
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::ConnectionReset.into())
        }
    }
    for threads in [1, 4] {
        let failed = eventlog::read_with(&Failing(bytes.clone()), threads, &mut |_| {
            ControlFlow::Continue(())
        });
        assert!(matches!(failed, Err(LogError::Io { .. })), "{threads}");
    }
}
