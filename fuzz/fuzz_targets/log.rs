//! An event log on any bytes: what can be read is, the rest is counted, and nothing panics.
#![no_main]

use std::io::Read;
use std::ops::ControlFlow;

use eventlog::LogSource;
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
    let _ = eventlog::read(&Log { name, bytes }, &mut |_| ControlFlow::Continue(()));
});
