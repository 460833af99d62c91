//! How long after a keystroke the diagnostics come.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::session::{Session, uri};
use super::sources::{Shape, python, scala};
use super::{Bench, Common, Result, conditions, load, quantile, table};

/// What is typed at the beginning of a line, and deleted again.
const TYPED: &str = "unknown_name";

/// Between two keystrokes: a fast typist's pause.
const PAUSE: Duration = Duration::from_millis(50);

/// Milliseconds from a keystroke to its diagnostics, in the server and in ruff's, in turns.
///
/// In the middle of each file a name is typed and deleted again, message by message; what is measured lies between sending the
/// change and receiving the diagnostics of that version.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
    /// How many keystrokes are timed in each session
    #[arg(long, default_value_t = 60)]
    keystrokes: usize,
    /// How many sessions each server has with each file
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

pub(super) fn run(options: &Options) -> Result<()> {
    let bench = Bench::prepare(&options.common)?;
    let folder = bench.cache.join("latency");
    fs::create_dir_all(&folder)?;
    let mut files = Vec::new();
    for lines in [1_000, 10_000] {
        let texts = [
            ("functions", "py", python(Shape::Functions, lines)),
            ("flat script", "py", python(Shape::Flat, lines)),
            ("Scala", "scala", scala(lines)),
        ];
        for (name, extension, text) in texts {
            let path = folder.join(format!("{}_{lines}.{extension}", name.replace(' ', "_")));
            fs::write(&path, &text)?;
            files.push((format!("{name}, {} lines", table::count(lines as f64)), path, text));
        }
    }
    let mut rows = Vec::new();
    let mut loads = Vec::new();
    for (name, path, text) in &files {
        let mut servers = vec![("stagelight", &bench.stagelight)];
        if path.extension().is_some_and(|extension| extension == "py") {
            servers.push(("ruff", &bench.ruff));
        }
        let mut times: Vec<Vec<f64>> = servers.iter().map(|_| Vec::new()).collect();
        for _ in 0..options.rounds.max(1) {
            for ((_, program), times) in servers.iter().zip(&mut times) {
                times.extend(keystrokes(program, path, text, options.keystrokes)?);
            }
            loads.extend(load());
        }
        for ((server, _), mut times) in servers.iter().zip(times) {
            times.sort_by(f64::total_cmp);
            let [least, p50, p99, most] =
                [0.0, 0.5, 0.99, 1.0].map(|share| format!("{:.1}", quantile(&times, share)));
            rows.push(vec![name.clone(), (*server).to_owned(), least, p50, p99, most]);
        }
    }
    let table =
        table::markdown(&["file", "server", "least ms", "p50 ms", "p99 ms", "most ms"], &rows);
    let section = format!(
        "{}\n\n{table}\n{} keystrokes in each row.",
        conditions(&loads),
        options.keystrokes * options.rounds.max(1)
    );
    table::publish("latency", &section, options.common.write)
}

/// The milliseconds that each keystroke of one session took.
fn keystrokes(program: &Path, path: &Path, text: &str, count: usize) -> Result<Vec<f64>> {
    let folder = path.parent().ok_or("the file lies in no folder")?;
    let mut session = Session::start(program, folder)?;
    let uri = uri(path);
    let language = if path.extension().is_some_and(|it| it == "py") { "python" } else { "scala" };
    let start = Instant::now();
    session.notify(
        "textDocument/didOpen",
        &json!({"textDocument": {"uri": uri, "languageId": language, "version": 0, "text": text}}),
    )?;
    session.diagnostics(&uri, 0, start)?;
    std::thread::sleep(10 * PAUSE);
    let line = empty_line(text).ok_or("the file has no empty line at its top level")?;
    let mut times = Vec::with_capacity(count);
    for version in 1..=count as i64 {
        let typing = version % 2 == 1;
        let end = if typing { 0 } else { TYPED.len() };
        let change = json!({
            "range": {"start": {"line": line, "character": 0}, "end": {"line": line, "character": end}},
            "text": if typing { TYPED } else { "" },
        });
        let start = Instant::now();
        session.notify(
            "textDocument/didChange",
            &json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]}),
        )?;
        times.push(session.diagnostics(&uri, version, start)?.as_secs_f64() * 1e3);
        std::thread::sleep(PAUSE);
    }
    session.end()?;
    Ok(times)
}

/// The first empty line from the middle on that no indented line follows.
fn empty_line(text: &str) -> Option<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let after = |at: usize| lines.get(at + 1).copied().unwrap_or_default();
    (lines.len() / 2..lines.len()).find(|&at| lines[at].is_empty() && !after(at).starts_with(' '))
}
