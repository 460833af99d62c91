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

/// The places of the findings, and what was told besides.
fn places_and_notes(folder: &Folder, paths: &str) -> (Vec<String>, Vec<String>) {
    let outcome = folder.run(&format!("{SELECT} {paths}"));
    let lines = outcome.stdout.lines().filter(|line| line.contains("[unbounded-collect]"));
    let places = lines.map(|line| line.split(": ").next().unwrap_or_default().to_owned());
    (places.collect(), outcome.stderr.lines().map(str::to_owned).collect())
}

#[test]
fn files_that_import_each_other_in_a_circle_are_linked() {
    let session =
        "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n";
    let mut files: Vec<(String, String)> = (0..60)
        .map(|at| {
            let next = (at + 1) % 60;
            let text = format!(
                "from m{next} import f{next}\nimport m{at}\nfrom m{next} import *\n\ndef f{at}(n, df=None):\n    return f{next}(n - 1, df)\n\nf{at}(3).collect()\n"
            );
            (format!("m{at}.py"), text)
        })
        .collect();
    let named = |files: &[(String, String)]| {
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        Folder::new(&files)
    };
    // Nothing comes out of the circle, and nothing is said of what nobody knows.
    assert_eq!(places(&named(&files), "."), Vec::<String>::new());
    // One of them knows.
    files[0].1 = format!("{session}def f0(n, df=None):\n    return spark.table('x')\n");
    let found = places(&named(&files), ".");
    assert_eq!(found.len(), 59, "{found:?}");
}

#[test]
fn two_modules_of_one_name_are_told_and_taken_for_none() {
    let folder = Folder::new(&[
        ("one/common.py", READERS),
        ("two/common.py", READERS),
        ("jobs/main.py", "from common import load_orders\nload_orders().collect()\n"),
    ]);
    let (places, notes) = places_and_notes(&folder, ".");
    assert_eq!(places, ["one/common.py:9:26", "two/common.py:9:26"]);
    assert_eq!(
        notes,
        [
            "warning: jobs/main.py: `common.load_orders` could come from several files of one name, and is taken from none of them; check their folders one by one, or rename all but one"
        ]
    );
}

#[test]
fn scala_objects_of_one_name_are_told_and_taken_for_none() {
    let readers = "package acme\n\nobject Readers {\n  def orders = org.apache.spark.sql.SparkSession.builder().getOrCreate().table(\"orders\")\n}\n";
    let folder = Folder::new(&[
        ("a/Readers.scala", readers),
        ("b/Readers.scala", readers),
        ("Main.scala", "package acme\n\nobject Main {\n  Readers.orders.collect()\n}\n"),
    ]);
    let (places, notes) = places_and_notes(&folder, ".");
    assert_eq!(places, Vec::<String>::new());
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].starts_with("warning: Main.scala: `acme.Readers"), "{notes:?}");
}

#[cfg(unix)]
#[test]
fn links_in_a_circle_are_told_and_not_followed() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new(&[("jobs/readers.py", READERS), ("main.py", JOB)]);
    symlink("..", folder.path("jobs/up")).unwrap();
    symlink("round.py", folder.path("jobs/square.py")).unwrap();
    symlink("square.py", folder.path("jobs/round.py")).unwrap();
    let (places, mut notes) = places_and_notes(&folder, ".");
    assert_eq!(places, ["jobs/readers.py:9:26", "main.py:3:22"]);
    notes.sort();
    assert_eq!(notes.len(), 3, "{notes:?}");
    for (note, start) in notes.iter().zip([
        "round.py: can't be followed",
        "square.py: can't be followed",
        "up: leads back to ",
    ]) {
        assert!(note.starts_with(&format!("warning: jobs/{start}")), "{note}");
    }
    // Named, a folder behind such a link is read, as far as the circle.
    let (places, _) = places_and_notes(&folder, "jobs/up/jobs/readers.py");
    assert_eq!(places, ["jobs/up/jobs/readers.py:9:26"]);
}
