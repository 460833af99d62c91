//! The log of a Scala program as that of a PySpark program would be: without the lines of most calls.
//!
//! PySpark calls the JVM by reflection. Spark then takes reflection for the caller of what a Dataset, a reader, a writer or a session was asked for:
//! `count at NativeMethodAccessorImpl.java:0`, and its long form ends with the frames of Py4J. Only what brings rows home
//! ([`KEPT`]) and operations on RDDs tell the line of the user.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::Result;
use super::super::scrub::event;

/// Methods of a Dataset whose lines PySpark tells.
const KEPT: [&str; 8] =
    ["collect", "collectAsList", "first", "head", "tail", "take", "takeAsList", "toLocalIterator"];

/// Classes whose methods tell their lines in PySpark as well.
const CLASSES: [&str; 3] =
    ["org.apache.spark.rdd.", "org.apache.spark.SparkContext", "org.apache.spark.api."];

/// What stands in the place of the user.
const CALLER: &str = "NativeMethodAccessorImpl.java:0";

/// The frames of reflection and Py4J, as PySpark leaves them on Java 17.
const FRAMES: &str = "java.base/jdk.internal.reflect.NativeMethodAccessorImpl.invoke0(Native Method)\\n\
    java.base/jdk.internal.reflect.NativeMethodAccessorImpl.invoke(NativeMethodAccessorImpl.java:77)\\n\
    java.base/jdk.internal.reflect.DelegatingMethodAccessorImpl.invoke(DelegatingMethodAccessorImpl.java:43)\\n\
    java.base/java.lang.reflect.Method.invoke(Method.java:569)\\n\
    py4j.reflection.MethodInvoker.invoke(MethodInvoker.java:244)\\n\
    py4j.reflection.ReflectionEngine.invoke(ReflectionEngine.java:374)\\n\
    py4j.Gateway.invoke(Gateway.java:282)\\n\
    py4j.commands.AbstractCommand.invokeMethod(AbstractCommand.java:132)\\n\
    py4j.commands.CallCommand.execute(CallCommand.java:79)\\n\
    py4j.ClientServerConnection.waitForCommands(ClientServerConnection.java:182)\\n\
    py4j.ClientServerConnection.run(ClientServerConnection.java:106)\\n\
    java.base/java.lang.Thread.run(Thread.java:840)";

/// The log with call sites in these source files (base names) blinded.
pub(super) fn blinded(log: &str, files: &BTreeSet<String>) -> Result<String> {
    let mut sites = BTreeSet::new();
    for line in log.lines() {
        collect(&event(line)?, files, &mut sites);
    }
    let mut blinded = String::with_capacity(log.len());
    for line in log.split_inclusive('\n') {
        let mut rest = line;
        // Every second piece is a string, up to an escaped quote, before which the split is undone.
        while let Some(start) = rest.find('"') {
            let (before, string) = rest.split_at(start + 1);
            blinded.push_str(before);
            let end = end_of_string(string);
            blinded.push_str(&blind(&string[..end], files, &sites));
            blinded.push('"');
            rest = string.get(end + 1..).unwrap_or_default();
        }
        blinded.push_str(rest);
    }
    Ok(blinded)
}

fn end_of_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    text.len()
}

/// Short forms that stand beside a long form which PySpark would leave without the user.
fn collect(value: &Value, files: &BTreeSet<String>, sites: &mut BTreeSet<String>) {
    const PAIRS: [(&str, &str); 3] = [
        ("description", "details"),
        ("Stage Name", "Details"),
        ("callSite.short", "callSite.long"),
    ];
    match value {
        Value::Object(members) => {
            for (short, long) in PAIRS {
                if let (Some(Value::String(short)), Some(Value::String(long))) =
                    (members.get(short), members.get(long))
                {
                    let is_users = site_file(short).is_some_and(|file| files.contains(file));
                    if is_users && is_blind(long) {
                        sites.insert(short.clone());
                    }
                }
            }
            members.values().for_each(|member| collect(member, files, sites));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, files, sites)),
        _ => {}
    }
}

/// `Main.scala` of `count at Main.scala:12`.
fn site_file(short: &str) -> Option<&str> {
    let (_, place) = short.split_once(" at ")?;
    Some(place.rsplit_once(':')?.0)
}

/// Whether PySpark leaves out the user of this long form, which begins with the method of Spark that was called.
fn is_blind(long: &str) -> bool {
    let first = long.split(['\n', '\\']).next().unwrap_or_default();
    let method = first.split('(').next().unwrap_or_default().rsplit('.').next().unwrap_or_default();
    !CLASSES.iter().any(|class| first.starts_with(class)) && !KEPT.contains(&method)
}

/// A string as it stands in the log, escapes and all.
fn blind(string: &str, files: &BTreeSet<String>, sites: &BTreeSet<String>) -> String {
    if sites.contains(string) {
        let method = string.split(" at ").next().unwrap_or_default();
        return format!("{method} at {CALLER}");
    }
    let is_users = |frame: &&str| {
        let file = frame.rsplit_once('(').and_then(|(_, place)| place.split_once(':'));
        file.is_some_and(|(file, _)| files.contains(file))
    };
    let frames: Vec<&str> = string.split("\\n").collect();
    let Some(user) = frames.iter().position(is_users) else {
        return string.to_owned();
    };
    if user == 0 || !frames[0].starts_with("org.apache.spark.") || !is_blind(string) {
        return string.to_owned();
    }
    let mut kept = frames[..user].join("\\n");
    kept.push_str("\\n");
    kept.push_str(FRAMES);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_comes_home_and_rdds_keep_their_lines() {
        let log = concat!(
            r#"{"description":"count at Main.scala:7","details":"org.apache.spark.sql.Dataset.count(Dataset.scala:9)\na.Main$.main(Main.scala:7)\na.Main.main(Main.scala)"}"#,
            "\n",
            r#"{"Stage Name":"count at Main.scala:7","Details":"","RDD":{"Callsite":"count at Main.scala:7"}}"#,
            "\n",
            r#"{"description":"collect at Main.scala:8","details":"org.apache.spark.sql.Dataset.collect(Dataset.scala:9)\na.Main$.main(Main.scala:8)"}"#,
            "\n",
            r#"{"Stage Name":"map at Main.scala:9","Details":"org.apache.spark.rdd.RDD.map(RDD.scala:9)\na.Main$.main(Main.scala:9)","Q":"a \"b\""}"#,
            "\n",
        );
        let files = BTreeSet::from(["Main.scala".to_owned()]);
        let blinded = blinded(log, &files).unwrap();
        let lines: Vec<&str> = blinded.lines().collect();
        let kept: Vec<&str> = log.lines().collect();
        assert_eq!(
            lines[0],
            format!(
                "{{\"description\":\"count at {CALLER}\",\"details\":\"org.apache.spark.sql.Dataset.count(Dataset.scala:9)\\n{FRAMES}\"}}"
            )
        );
        assert_eq!(
            lines[1],
            format!(
                "{{\"Stage Name\":\"count at {CALLER}\",\"Details\":\"\",\"RDD\":{{\"Callsite\":\"count at {CALLER}\"}}}}"
            )
        );
        assert_eq!(lines[2..], kept[2..]);
    }
}
