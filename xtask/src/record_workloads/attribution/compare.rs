//! Whether a run with instruments and one without left the same log, but for times.

use std::fmt::Write as _;

use super::logged::Logged;

/// How two logs of one program are alike.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Alike {
    /// The same, execution by execution and job by job.
    ById,
    /// The same executions and jobs under other numbers, as threads leave them.
    AsSets,
}

/// Compares call sites, descriptions and final plans. The error says what differs first.
pub(super) fn compare(instrumented: &Logged, plain: &Logged) -> Result<Alike, String> {
    let (mut some, mut others) = (lines(instrumented), lines(plain));
    if some == others {
        return Ok(Alike::ById);
    }
    for lines in [&mut some, &mut others] {
        for line in lines.iter_mut() {
            *line = without_numbers(line);
        }
        lines.sort();
    }
    if some == others {
        return Ok(Alike::AsSets);
    }
    let missing = |some: &[String], others: &[String]| {
        let count = |lines: &[String], line| lines.iter().filter(|&it| it == line).count();
        let more = some.iter().find(|&line| count(some, line) > count(others, line));
        more.cloned().unwrap_or_default()
    };
    let (some, others) = (missing(&some, &others), missing(&others, &some));
    let differing = some.lines().zip(others.lines()).find(|(one, other)| one != other);
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    Err(format!(
        "the instruments changed the run\nwith:    {}\nwithout: {}\nfirst at: {differing:?}",
        first(&some),
        first(&others)
    ))
}

/// One line for each execution and job, which starts with its numbers.
fn lines(logged: &Logged) -> Vec<String> {
    let mut lines = Vec::new();
    for (id, execution) in &logged.executions {
        let root = execution.root.filter(|root| root != id);
        let mut line = format!(
            "execution {id} root {root:?}| {} {}",
            execution.description, execution.details
        );
        for node in &execution.plan {
            // Stages of an adaptive plan are numbered as they get ready.
            let name = node.name.split_once(" (").map_or(&*node.name, |(name, _)| name);
            let _ = write!(line, "\n{}{name}", " ".repeat(node.depth));
        }
        lines.push(neutral(&line));
    }
    for (id, job) in &logged.jobs {
        lines.push(neutral(&format!(
            "job {id} execution {:?}| {}",
            job.execution,
            job.call_sites.join("\n")
        )));
    }
    lines
}

fn without_numbers(line: &str) -> String {
    let (numbers, rest) = line.split_once('|').unwrap_or_default();
    let numbers: String = numbers.chars().filter(|c| !c.is_ascii_digit()).collect();
    format!("{numbers}|{rest}")
}

/// Without what differs from run to run: universally unique ids, numbers of generated classes, addresses.
fn neutral(line: &str) -> String {
    let mut neutral = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let word = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '$'))
            .unwrap_or(rest.len());
        let (token, after) = rest.split_at(word.max(first.len_utf8()));
        let is_unique = token.len() == 36 && token.matches('-').count() == 4;
        let is_generated =
            token.starts_with("GeneratedMethodAccessor") || token.contains("$Lambda$");
        if is_unique {
            neutral.push_str("UNIQUE");
        } else if is_generated || token.starts_with("0x") {
            neutral.push_str("GENERATED");
        } else {
            neutral.push_str(token);
        }
        rest = after;
    }
    neutral
}
