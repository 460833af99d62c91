//! What files of a workspace say to each other, on the command line.

use super::Folder;

const READERS: &str = "from pyspark.sql import SparkSession\n\n\
    spark = SparkSession.builder.getOrCreate()\n\n\
    def load_orders():\n    return spark.table('orders')\n\n\
    def peek():\n    return load_orders().collect()\n";

const JOB: &str = "from jobs.readers import load_orders\n\nrows = load_orders().collect()\n";

const SELECT: &str = "check --select unbounded-collect --output-format concise";

/// The places of the findings.
fn places(folder: &Folder, paths: &str) -> Vec<String> {
    let outcome = folder.run(&format!("{SELECT} {paths}"));
    assert_eq!(outcome.stderr, "", "{outcome:?}");
    let lines = outcome.stdout.lines().filter(|line| line.contains("[unbounded-collect]"));
    lines.map(|line| line.split(": ").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_folder_is_linked_whole() {
    let folder = Folder::new(&[("src/jobs/readers.py", READERS), ("main.py", JOB)]);
    assert_eq!(places(&folder, "."), ["main.py:3:22", "src/jobs/readers.py:9:26"]);
}

#[test]
fn a_named_file_is_linked_with_what_it_imports_and_nothing_else_is_reported() {
    let folder = Folder::new(&[
        ("pyproject.toml", ""),
        ("src/jobs/__init__.py", ""),
        ("src/jobs/readers.py", "from .sources import *\n"),
        ("src/jobs/sources.py", READERS),
        ("main.py", JOB),
        ("src/jobs/twice.py", "from .sources import load_orders\nload_orders().collect()\n"),
    ]);
    assert_eq!(places(&folder, "main.py"), ["main.py:3:22"]);
    assert_eq!(places(&folder, "src/jobs/twice.py"), ["src/jobs/twice.py:2:15"]);
}

#[test]
fn a_file_outside_of_any_workspace_is_taken_for_itself() {
    let folder = Folder::new(&[("jobs/readers.py", READERS), ("main.py", JOB)]);
    assert_eq!(places(&folder, "main.py"), Vec::<String>::new());
}

#[test]
fn a_named_scala_file_is_linked_with_its_package_and_imports() {
    let folder = Folder::new(&[
        ("build.sbt", ""),
        (
            "src/main/scala/com/acme/io/Readers.scala",
            "package com.acme.io\n\nimport org.apache.spark.sql.SparkSession\n\nobject Readers {\n  val session = SparkSession.builder().getOrCreate()\n  def orders = session.table(\"orders\")\n}\n",
        ),
        (
            "src/main/scala/com/acme/jobs/Job.scala",
            "package com.acme.jobs\n\nimport com.acme.io.Readers\n\ntrait Job {\n  def orders = Readers.orders\n}\n",
        ),
        (
            "src/main/scala/com/acme/jobs/Main.scala",
            "package com.acme.jobs\n\nobject Main extends Job {\n  orders.collect()\n}\n",
        ),
    ]);
    let main = "src/main/scala/com/acme/jobs/Main.scala";
    assert_eq!(places(&folder, main), [format!("{main}:4:10")]);
}

#[test]
fn a_fix_is_judged_with_what_the_others_say() {
    let folder = Folder::new(&[
        ("readers.py", READERS),
        (
            "main.py",
            "from readers import load_orders\nx = 1  # stagelight: ignore[no-such-rule] old\nload_orders().collect()\n",
        ),
    ]);
    let outcome = folder.run("check --fix --select unbounded-collect,unused-suppression --output-format concise main.py readers.py");
    assert!(outcome.stdout.contains("main.py:3:15"), "{outcome:?}");
    assert!(!folder.read("main.py").contains("no-such-rule"));
}
