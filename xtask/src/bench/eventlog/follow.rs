//! A log that grows while it is followed: how soon what ended is shown, and what that costs.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use super::Result;
use crate::bench::quantile;

/// Bytes added in a second …
const RATE: f64 = 20e6;

/// … and at once.
const PIECE: usize = 100 << 10;

/// Follows a log that grows for so long, and tells about it in a sentence.
pub(super) fn run(stagelight: &Path, log: &Path, folder: &Path, seconds: u64) -> Result<String> {
    let text = fs::read(log)?;
    let target = folder.join("growing");
    let mut file = File::create(&target)?;
    let mut child = Command::new(stagelight)
        .args(["log", "--follow"])
        .arg(&target)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let (send, shown) = channel();
    let out = child.stdout.take().ok_or("no output")?;
    let reader = thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(std::result::Result::ok) {
            let now = Instant::now();
            if let Some(stage) = stage_of(&line)
                && send.send((stage, now)).is_err()
            {
                return;
            }
        }
    });
    // While nothing is written, looking costs as well: it counts.
    let began = Instant::now();
    let mut written = HashMap::new();
    let mut done = 0;
    while began.elapsed().as_secs() < seconds && done < text.len() {
        let end = text.len().min(done + PIECE);
        file.write_all(&text[done..end])?;
        let now = Instant::now();
        for stage in completed(&text, done, end) {
            written.insert(stage, now);
        }
        done = end;
        let ahead = done as f64 / RATE - began.elapsed().as_secs_f64();
        if ahead > 0.0 {
            thread::sleep(Duration::from_secs_f64(ahead));
        }
    }
    thread::sleep(Duration::from_secs(1));
    let elapsed = began.elapsed().as_secs_f64();
    let processor = processor_seconds(&child).ok_or("no /proc")?;
    child.kill()?;
    child.wait()?;
    drop(reader.join());
    fs::remove_file(&target)?;
    let mut delays: Vec<f64> = shown
        .into_iter()
        .filter_map(|(stage, at)| {
            Some(at.duration_since(*written.get(&stage)?).as_secs_f64() * 1e3)
        })
        .collect();
    if delays.len() < written.len() {
        return Err(format!("{} of {} stages were shown", delays.len(), written.len()).into());
    }
    delays.sort_by(f64::total_cmp);
    Ok(format!(
        "Following: {:.2} GB were added to a log at {:.0} MB/s. The end of a stage was shown {:.0} ms after it was written (median of {}; \
         {:.0} ms at most), for {:.1} % of a core.",
        done as f64 / 1e9,
        RATE / 1e6,
        quantile(&delays, 0.5),
        delays.len(),
        quantile(&delays, 1.0),
        processor / elapsed * 100.0
    ))
}

/// The stages whose completion lies in this piece, by the end of its line.
fn completed(text: &[u8], start: usize, end: usize) -> Vec<u64> {
    let mut stages = Vec::new();
    for newline in memchr::memchr_iter(b'\n', &text[start..end]) {
        let newline = start + newline;
        let line = memchr::memrchr(b'\n', &text[..newline]).map_or(0, |at| at + 1);
        let head = String::from_utf8_lossy(&text[line..newline.min(line + 200)]);
        if let Some((_, rest)) = head.split_once("StageCompleted\",\"Stage Info\":{\"Stage ID\":") {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            stages.extend(digits.parse::<u64>());
        }
    }
    stages
}

/// The stage that a line says is complete.
fn stage_of(line: &str) -> Option<u64> {
    let (id, state) = line.strip_prefix("stage ")?.split_once(' ')?;
    if state.starts_with("complete") { id.parse().ok() } else { None }
}

/// The processor time of a process that runs. Linux counts it in hundredths of a second.
fn processor_seconds(child: &Child) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}
