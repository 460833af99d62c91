//! Whether a run with instruments and one without left the same log, but for times.

use std::fmt::Write as _;

use super::logged::Logged;

/// How two logs of one program are alike.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Alike {
    /// The same, execution by execution and job by job.
    ById,
    /// The same executions with the same plans at their start. Threads gave them other numbers, or adaptive execution, which goes by what is
    /// done first, changed a plan in another way.
    ButForTime,
}

/// Compares call sites, descriptions, plans and jobs. The error says what differs first.
pub(super) fn compare(instrumented: &Logged, plain: &Logged) -> Result<Alike, String> {
    let (some, others) = (lines(instrumented, true), lines(plain, true));
    if some == others {
        return Ok(Alike::ById);
    }
    let [some, others] = [instrumented, plain].map(|logged| {
        let mut lines: Vec<String> =
            lines(logged, false).iter().map(|line| without_numbers(line)).collect();
        lines.sort();
        lines
    });
    if some == others {
        return Ok(Alike::ButForTime);
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

/// One line for each execution and job, which starts with its numbers. What depends on time is left out unless asked for: final plans, and jobs of
/// executions.
fn lines(logged: &Logged, timed: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (id, execution) in &logged.executions {
        let root = execution.root.filter(|root| root != id);
        let mut line = format!(
            "execution {id} root {root:?}| {} {}",
            execution.description,
            without_bridges(&execution.details)
        );
        let changed = execution.plan.iter().filter(|_| timed);
        for node in execution.initial.iter().chain(changed) {
            // Stages of an adaptive plan are numbered as they get ready.
            let name = node.name.split_once(" (").map_or(&*node.name, |(name, _)| name);
            let _ = write!(line, "\n{}{name}", " ".repeat(node.depth));
        }
        lines.push(neutral(&line));
    }
    for (id, job) in &logged.jobs {
        if timed || job.execution.is_none() {
            lines.push(neutral(&format!(
                "job {id} execution {:?}| {}",
                job.execution,
                without_bridges(&job.call_sites.join("\n"))
            )));
        }
    }
    lines
}

/// Without the lines of Spark's own sources, and without what calls itself: whether reflection finds a method or its bridge, which stands elsewhere and calls the
/// method, is chance.
fn without_bridges(stack: &str) -> String {
    let neutral = stack.lines().map(|frame| match frame.rsplit_once(':') {
        Some((head, _)) if frame.starts_with("org.apache.spark.") => head,
        _ => frame,
    });
    let mut neutral: Vec<&str> = neutral.collect();
    neutral.dedup();
    neutral.join("\n")
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
