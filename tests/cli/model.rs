//! `model`: what was understood of sources.

use super::Folder;

const JOB: &str = r#"from pyspark.sql import SparkSession
from common import save

spark = SparkSession.builder.getOrCreate()
for day in ["mon", "tue"]:
    df = spark.read.option("password", "hunter2").json(f"/in/{day}")
    save(df.filter("amount > 0"), day)
"#;

const COMMON: &str = "def save(df, name):\n    df.write.parquet('/out/' + name)\n";

#[test]
fn calls_sites_lineage_values_and_loops_are_shown() {
    let folder = Folder::new(&[("job.py", JOB), ("common.py", COMMON)]);
    let outcome = folder.run("model");
    assert_eq!(outcome.code, 0);
    let at = outcome.stdout.find("\nprogram").unwrap() + 1;
    insta::assert_snapshot!(&outcome.stdout[at..], @r#"
    program job.py: 0 to 4
      0 -> 1 read json of #0 (path "/in/mon"; format "json"), any number of times at job.py:6
      1 -> 2 write parquet of #1 (path "/out/mon"; format "parquet") at common.py:2 via job.py:7
      2 -> 3 read json of #2 (path "/in/tue"; format "json"), any number of times at job.py:6
      3 -> 4 write parquet of #3 (path "/out/tue"; format "parquet") at common.py:2 via job.py:7
    lineage
      #0 read json (path "/in/mon"; format "json") at job.py:6
      #1 filter (columns amount; literals 0) of #0 at job.py:7
      #2 read json (path "/in/tue"; format "json") at job.py:6
      #3 filter (columns amount; literals 0) of #2 at job.py:7
    values
      Reader.option("password", (hidden)) at job.py:6
      Reader.json("/in/mon") at job.py:6
      DataFrame.filter("amount > 0") at job.py:7
      Writer.parquet("/out/mon") at common.py:2
      Reader.json("/in/tue") at job.py:6
      Writer.parquet("/out/tue") at common.py:2
    loops
      job.py:5 times 2
    1 program, 0 fragments, 4 sites, 4 datasets, 0 unresolved, 57 steps
    "#);
    assert!(outcome.stdout.starts_with("common.py\n"), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("\njob.py\n"));
}

#[test]
fn a_file_alone_is_evaluated_with_what_it_imports() {
    let folder = Folder::new(&[("job.py", JOB), ("common.py", COMMON), ("stagelight.toml", "")]);
    let outcome = folder.run("model job.py");
    assert_eq!(outcome.code, 0);
    assert!(outcome.stdout.starts_with("job.py\n"));
    assert!(outcome.stdout.contains("at common.py:2 via job.py:7"), "{}", outcome.stdout);
}

#[test]
fn json_has_the_automaton_the_lineage_and_call_paths() {
    let folder = Folder::new(&[("job.py", JOB), ("common.py", COMMON)]);
    let model = folder.run("model --output-format json").json();
    assert_eq!(model["schema"], "stagelight.model/1");
    let sites = model["sites"].as_array().unwrap();
    assert_eq!(sites.len(), 4);
    let write = &sites[1];
    assert_eq!(write["file"], "common.py");
    assert_eq!(write["line"], 2);
    assert_eq!(write["features"]["paths"][0], "/out/mon");
    assert_eq!(write["call_path"][0]["file"], "job.py");
    assert_eq!(write["call_path"][0]["line"], 7);
    let dataset = &model["datasets"][write["dataset"].as_u64().unwrap() as usize];
    assert_eq!(dataset["kind"], "filter");
    assert_eq!(dataset["features"]["columns"][0], "amount");
    let read = &model["datasets"][dataset["parents"][0].as_u64().unwrap() as usize];
    assert_eq!(read["features"]["paths"][0], "/in/mon");
    let edges = model["edges"].as_array().unwrap();
    assert_eq!(edges.iter().filter(|it| it["kind"] == "site").count(), 4);
    assert_eq!(model["loops"][0]["iterations"], 2);
    assert_eq!(model["entries"][0]["file"], "job.py");
}

#[test]
fn values_of_options_that_hold_secrets_are_hidden() {
    let folder = Folder::new(&[("job.py", JOB), ("common.py", COMMON)]);
    for arguments in ["model", "model --output-format json"] {
        let outcome = folder.run(arguments);
        assert!(!outcome.stdout.contains("hunter2"), "{}", outcome.stdout);
        assert!(outcome.stdout.contains("hidden"));
    }
}

#[test]
fn places_in_notebooks_name_their_cells() {
    let notebook = serde_json::json!({
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": "# Title"},
            {"cell_type": "code", "metadata": {}, "outputs": [], "source": "import pyspark\ndf = spark.table('t')\n"},
            {"cell_type": "code", "metadata": {}, "outputs": [], "source": "df.count()"},
        ],
        "metadata": {"kernelspec": {"language": "python", "name": "python3"}},
        "nbformat": 4, "nbformat_minor": 5,
    });
    let folder = Folder::new(&[("job.ipynb", &notebook.to_string())]);
    let outcome = folder.run("model job.ipynb");
    assert!(
        outcome.stdout.contains("action count of #0 at job.ipynb:cell 3:1"),
        "{}",
        outcome.stdout
    );
    let model = folder.run("model job.ipynb --output-format json").json();
    assert_eq!(model["sites"][0]["cell"], 3);
    assert_eq!(model["sites"][0]["cell_line"], 1);
}

#[test]
fn what_stays_unresolved_is_told() {
    let job = "import elsewhere\nelsewhere.run(spark.table('t')).count()\n";
    let folder = Folder::new(&[("job.py", job)]);
    let outcome = folder.run("model job.py");
    assert!(
        outcome.stdout.contains("unknown callee elsewhere.run at job.py:2"),
        "{}",
        outcome.stdout
    );
    let model = folder.run("model job.py --output-format json").json();
    assert_eq!(model["unresolved"][0]["reason"], "unknown callee");
}
