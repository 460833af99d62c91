//! Diagnoses stand at the lines that caused them, over recorded workloads whose cause is known.

use std::path::PathBuf;

use serde_json::Value;

use super::{Folder, run_in};

fn workload(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/workloads").join(name)
}

/// The annotation of a workload's sick run, with the text of its source.
fn annotated(name: &str, source: &str) -> (Value, String) {
    let words =
        ["annotate", source, "--event-log", "logs/sick-4.1.zstd", "--output-format", "json"];
    let outcome = run_in(&workload(name), &words);
    assert_eq!(outcome.code, 0, "{name}: {}", outcome.stderr);
    (outcome.json(), std::fs::read_to_string(workload(name).join(source)).unwrap())
}

#[test]
fn a_diagnosis_stands_at_the_line_that_caused_it() {
    let cases = [
        ("collected-whole", "large-result", "documents.collect()"),
        ("crowded-key", "uneven-shuffle", "partitionBy(12"),
        ("job-per-key", "many-jobs", "totals[shop] ="),
        ("large-broadcast", "large-broadcast", "visits.join(F.broadcast(shops)"),
        ("one-partition", "few-partitions", "scores.coalesce(1)"),
        ("python-udf", "python-time", "groupBy(domain("),
        ("range-join", "nested-loop-join", "calls.join(tariffs"),
        ("recomputed", "repeated-scan", "spark.read.parquet(\"out/readings\")"),
        ("repeated-keys", "join-explosion", ".join(changes, \"product\")"),
        ("repeated-shuffle", "repeated-exchange", "readings.repartition(8"),
        ("scattered-writes", "small-output-files", "partitionBy(\"day\")"),
        ("skewed-group", "partition-skew", "sales.groupByKey(12)"),
        ("skewed-join", "partition-skew", "orders.join(customers"),
        ("small-files", "small-input-files", "spark.read.parquet(\"out/readings\")"),
        ("sorted-small-side", "broadcast-candidate", "payments.join(shops"),
        ("spilling-sort", "disk-spill", "F.row_number().over"),
        ("unsorted-scan", "selective-scan", ".filter(F.col(\"customer\")"),
    ];
    for (name, id, expected) in cases {
        let (json, source) = annotated(name, "sick.py");
        let found = json["diagnoses"].as_array().unwrap().iter().find(|it| it["id"] == id);
        let found = found.unwrap_or_else(|| panic!("{name} has no {id}: {}", json["diagnoses"]));
        let lines = found["lines"].as_array().unwrap();
        assert!(!lines.is_empty(), "{name}: {found}");
        assert_eq!(found["no_line"], Value::Null);
        for line in lines {
            let number = line["line"].as_u64().unwrap() as usize;
            let text = source.lines().nth(number - 1).unwrap();
            assert!(text.contains(expected), "{name} {id}: line {number} is {text}");
            assert_eq!(line["part"], "cause");
        }
    }
}

#[test]
fn a_gap_lies_between_two_lines() {
    let (json, source) = annotated("driver-work", "sick.py");
    let found = json["diagnoses"].as_array().unwrap().iter().find(|it| it["id"] == "driver-gap");
    let lines = found.unwrap()["lines"].as_array().unwrap();
    let parts: Vec<&str> = lines.iter().map(|line| line["part"].as_str().unwrap()).collect();
    assert_eq!(parts, ["before", "after"]);
    for line in lines {
        let text = source.lines().nth(line["line"].as_u64().unwrap() as usize - 1).unwrap();
        assert!(text.contains("collect()"), "{text}");
    }
}

#[test]
fn what_concerns_the_cluster_has_no_line_but_a_reason() {
    for (name, id) in [("idle-executors", "idle-cluster"), ("late-executors", "cold-start")] {
        let (json, _) = annotated(name, "sick.py");
        let found = json["diagnoses"].as_array().unwrap().iter().find(|it| it["id"] == id).unwrap();
        assert_eq!(found["lines"], serde_json::json!([]));
        assert_eq!(found["no_line"], "it is about the cluster, not about a line");
    }
}

#[test]
fn the_text_has_it_below_the_line() {
    let words = ["annotate", "sick.py", "--event-log", "logs/sick-4.1.zstd"];
    let text = run_in(&workload("skewed-join"), &words).stdout;
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| line.contains("diagnosis[partition-skew]")).unwrap();
    // Rows of source have a number before the bar.
    let numbered = |line: &&&str| {
        line.split('│')
            .next()
            .is_some_and(|it| it.trim_end().ends_with(|it: char| it.is_ascii_digit()))
    };
    let above = lines[..at].iter().rev().find(numbered).unwrap();
    assert!(above.contains("orders.join(customers"), "{above}");
    let text = run_in(&workload("idle-executors"), &words).stdout;
    assert!(text.contains("Diagnoses without a line"), "{text}");
}

#[test]
fn a_line_that_is_not_known_is_not_made_up() {
    let folder = Folder::new(&[("other.py", "x = 1\n")]);
    let log = workload("skewed-join").join("logs/sick-4.1.zstd");
    let log = log.display().to_string();
    let words = ["annotate", "other.py", "--event-log", &log, "--output-format", "json"];
    let json = run_in(&folder.path("."), &words).json();
    for diagnosis in json["diagnoses"].as_array().unwrap() {
        assert_eq!(diagnosis["lines"], serde_json::json!([]), "{diagnosis}");
        assert!(diagnosis["no_line"].is_string(), "{diagnosis}");
    }
}
