//! Takes out of an event log what tells about the machine that wrote it.
//!
//! The text is edited in place of being parsed and written again: every byte that is not replaced stays as Spark wrote it.

use std::net::Ipv4Addr;

use serde::Deserialize as _;
use serde_json::Value;

/// Members that are emptied: nearly all they hold describes the machine.
const EMPTIED: [&str; 3] = ["System Properties", "Hadoop Properties", "Classpath Entries"];

/// Members that get a neutral value.
const NEUTRAL: [(&str, &str); 4] = [
    ("Host", "localhost"),
    ("spark.driver.host", "localhost"),
    ("User", "stagelight"),
    ("Java Home", "/opt/java"),
];

/// Text that only a machine's own settings and folders would bring in.
pub(super) const TELLTALE: [&str; 9] = [
    "/root",
    "/home/",
    "/Users/",
    "/tmp/",
    "/work/",
    "java.home",
    "java.io.tmpdir",
    "user.name",
    "user.home",
];

/// What the names begin with under which Jupyter compiles cells, on every machine.
pub(super) const KERNEL: &str = "/tmp/ipykernel_";

/// The log without what describes the machine.
pub(crate) fn scrub(log: &str) -> String {
    let mut scrubbed = String::with_capacity(log.len());
    for line in log.split_inclusive('\n') {
        let mut line = line.to_owned();
        for member in EMPTIED {
            replace_values(&mut line, member, object_end, "{}");
        }
        for (member, value) in NEUTRAL {
            replace_values(&mut line, member, string_end, &format!("\"{value}\""));
        }
        scrubbed.push_str(&line);
    }
    scrubbed
}

/// What in the log tells about a machine: one description each, empty if the log is clean. `marks` are strings that
/// name the machine at hand.
pub(crate) fn leftovers(log: &str, marks: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for (index, line) in log.lines().enumerate() {
        let mut report = |what: &str| found.push(format!("line {}: {what}", index + 1));
        let told = line.replace(KERNEL, "");
        for telltale in TELLTALE.into_iter().filter(|telltale| told.contains(telltale)) {
            report(telltale);
        }
        for mark in marks.iter().filter(|mark| has_word(line, mark)) {
            report(mark);
        }
        // The library between Python and Java, by its file's name, has such a version.
        for address in addresses(&line.replace("py4j-0.", "py4j-")) {
            // Loopback is on every machine.
            if !address.is_loopback() {
                report(&address.to_string());
            }
        }
        match event(line) {
            Ok(event) => members_left(&event, &mut report),
            Err(error) => report(&format!("not JSON: {error}")),
        }
    }
    found
}

/// An event of a log, however deep its plan is.
pub(super) fn event(line: &str) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_str(line);
    reader.disable_recursion_limit();
    let event = Value::deserialize(&mut reader)?;
    reader.end()?;
    Ok(event)
}

/// Reports members that [`scrub`] should have changed.
fn members_left(value: &Value, report: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if EMPTIED.contains(&name.as_str())
                    && value.as_object().is_none_or(|object| !object.is_empty())
                {
                    report(&format!("{name} is not empty"));
                }
                for (neutral, expected) in NEUTRAL {
                    if name == neutral && value != expected {
                        report(&format!("{name} is {value}"));
                    }
                }
                members_left(value, report);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| members_left(item, report)),
        _ => {}
    }
}

/// Whether `word` stands in the text by itself: a host name may well be part of a common word.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
}

/// The IPv4 addresses in a text. A longer dotted number, as in a version, is none.
fn addresses(text: &str) -> impl Iterator<Item = Ipv4Addr> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.')
        .filter_map(|word| word.trim_matches('.').parse().ok())
}

/// Replaces the value of every member `name`, where `end` finds the length of a value, and gives none for a value of
/// another kind.
fn replace_values(line: &mut String, name: &str, end: fn(&str) -> Option<usize>, value: &str) {
    let member = format!("\"{name}\":");
    let mut from = 0;
    while let Some(start) = line[from..].find(&member).map(|at| from + at + member.len()) {
        from = start;
        if let Some(length) = end(&line[start..]) {
            line.replace_range(start..start + length, value);
            from += value.len();
        }
    }
}

/// The length of the JSON string at the start of `text`.
fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.strip_prefix('"')?.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            // The opening quote was stripped, and this one belongs to the string.
            '"' => return Some(at + 2),
            _ => {}
        }
    }
    None
}

/// The length of the JSON object at the start of `text`.
fn object_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        match text.as_bytes()[at] {
            b'"' => {
                at += string_end(&text[at..])?;
                continue;
            }
            b'{' => depth += 1,
            b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            // A value of another kind starts with neither a brace nor nesting.
            return text.starts_with('{').then_some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_describes_the_machine_changes() {
        let log = concat!(
            r#"{"Event":"E","JVM Information":{"Java Home":"/usr/lib/jvm/17","Java Version":"17.0.1"},"#,
            r#""System Properties":{"a":"}\"","b":"{"},"Classpath Entries":{"/x/y.jar":"System Classpath"},"z":{"q":1}}"#,
            "\n",
            r#"{"Event":"F","Task Info":{"Host":"ip-10-0-0-1","Value":"\"Host\":\"kept\""},"User":"someone"}"#,
            "\n",
        );
        let expected = concat!(
            r#"{"Event":"E","JVM Information":{"Java Home":"/opt/java","Java Version":"17.0.1"},"#,
            r#""System Properties":{},"Classpath Entries":{},"z":{"q":1}}"#,
            "\n",
            r#"{"Event":"F","Task Info":{"Host":"localhost","Value":"\"Host\":\"kept\""},"User":"stagelight"}"#,
            "\n",
        );
        assert_eq!(scrub(log), expected);
        assert_eq!(leftovers(expected, &[]), Vec::<String>::new());
    }

    #[test]
    fn each_leftover_is_reported_with_its_line() {
        let log = concat!(
            r#"{"Event":"E","path":"file:/home/someone/job.py","build-77":0}"#,
            "\n",
            r#"{"Host":"localhost","User":"stagelight","at":["127.0.0.1:80","10.1.2.3:4040"],"v":"1.2.3.4.5"}"#,
            "\n",
            r#"{"System Properties":{"a":"b"},"Host":"build-7"}"#,
            "\n",
        );
        let found = leftovers(log, &["build-7".to_owned()]);
        assert_eq!(
            found,
            [
                "line 1: /home/",
                "line 2: 10.1.2.3",
                "line 3: build-7",
                "line 3: Host is \"build-7\"",
                "line 3: System Properties is not empty",
            ]
        );
    }
}
