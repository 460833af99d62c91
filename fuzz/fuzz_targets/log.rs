//! An event log on any bytes: what can be read is, the rest is counted, nothing panics, and reading on where the log grew gives what reading
//! it at once gives.
#![no_main]

use std::io::Read;
use std::ops::ControlFlow;

use eventlog::{Follower, LogSource};
use libfuzzer_sys::fuzz_target;

/// One file in memory, under a name whose ending says how it is compressed.
struct Log<'a> {
    name: &'static str,
    bytes: &'a [u8],
}

impl LogSource for Log<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn parts(&self) -> Vec<String> {
        vec![self.name.to_owned()]
    }

    fn open(&self, _part: &str) -> std::io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.bytes))
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, bytes)) = bytes.split_first() else { return };
    let name = ["log", "log.zstd", "log.inprogress"][usize::from(first % 3)];
    let mut go_on = |_| ControlFlow::Continue(());
    let cold = eventlog::read_with(&Log { name, bytes }, 1, &mut go_on);

    let mut follower = Follower::new();
    let cut = bytes.len() * usize::from(first / 3) / 85;
    for end in [cut, bytes.len()] {
        if follower.advance(&Log { name, bytes: &bytes[..end] }, &mut go_on).is_err() {
            return;
        }
    }
    let followed = follower.profile();
    // How much of a damaged block these two hand out depends on how they are fed.
    let told = |text: &str| {
        ["zstd", "gzip"].iter().any(|name| text.contains(&format!("the {name} stream is damaged")))
    };
    // What is left of a damaged stream may be no log at all when it is read at once, and one when it is not.
    let is_damaged = [&cold, &followed].into_iter().any(|read| match read {
        Ok(profile) => profile.quality.truncated.as_deref().is_some_and(told),
        Err(error) => told(&error.to_string()),
    });
    if !is_damaged {
        let text = |error: eventlog::LogError| error.to_string();
        assert_eq!(followed.map_err(text), cold.map_err(text));
    }
});
