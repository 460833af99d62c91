//! What notebooks learn from those that they run.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use grammars::notebook::JupyterNotebook;
use program::summary::Links;
use program::{Language, Program};

type Linker = analysis::link::Linker<Arc<str>>;

fn lower(path: &str, text: &Arc<str>, links: &dyn Links) -> Option<Program> {
    if path.ends_with(".ipynb") {
        return Some(JupyterNotebook::read(text).ok()?.notebook.linked_program(links));
    }
    Some(grammars::lower_linked(language(path), text, links))
}

fn language(path: &str) -> Language {
    if path.ends_with(".scala") { Language::Scala } else { Language::Python }
}

/// The resolved calls of `path` among files, each as `method Type Confidence`.
fn calls(files: &[(&str, String)], path: &str) -> Vec<String> {
    let mut linker = Linker::default();
    for (path, text) in files {
        linker.set(path, Some((language(path), text.as_str().into())));
    }
    linker.link(&lower, &|| false).expect("nobody cancels");
    let program = linker.program(path).expect("a program");
    let calls = program.calls.iter();
    calls
        .map(|it| format!("{} {} {:?}", it.method, it.receiver_type.name(), it.confidence))
        .collect()
}

/// A notebook in the source format of Databricks.
fn databricks(cells: &[&str]) -> String {
    format!("# Databricks notebook source\n{}\n", cells.join("\n\n# COMMAND ----------\n\n"))
}

fn jupyter(cells: &[&str]) -> String {
    let cells: Vec<String> = cells
        .iter()
        .map(|text| format!("{{\"cell_type\": \"code\", \"source\": {text:?}}}"))
        .collect();
    format!("{{\"cells\": [{}], \"metadata\": {{}}}}", cells.join(", "))
}

/// With a session of its own: what a notebook's own `spark` gives is declared, not known.
const SETUP: &str = "import pyspark.sql.functions as F\nfrom pyspark.sql import SparkSession\n\
    spark = SparkSession.builder.getOrCreate()\n_orders = spark.table('orders')\n\
    def load(name):\n    return spark.table(name)\nrows = load('x').count()";

#[test]
fn a_notebook_has_the_names_of_the_one_it_runs() {
    let job =
        ["# MAGIC %run ./shared/setup", "_orders.show()\nload('x').collect()\nrows.collect()"];
    let job = databricks(&job);
    for (name, setup) in [
        ("nb/shared/setup.py", databricks(&[SETUP])),
        ("nb/shared/setup.ipynb", jupyter(&["# first", SETUP])),
        ("nb/shared/setup.py", SETUP.to_owned()),
    ] {
        let files = [("nb/job.py", job.clone()), (name, setup)];
        assert_eq!(
            calls(&files, "nb/job.py"),
            ["show DataFrame Known", "collect DataFrame Known"],
            "{name}"
        );
    }
}

#[test]
fn what_is_run_may_run_another() {
    let files = [
        ("job.ipynb", jupyter(&["%run ./outer.ipynb", "_orders.show()\nF.col('a')"])),
        ("outer.ipynb", jupyter(&["%run lib/inner"])),
        ("lib/inner.py", databricks(&[SETUP])),
    ];
    assert_eq!(calls(&files, "job.ipynb"), ["show DataFrame Known"]);
    // Around in a circle: each still says what it says itself.
    let files = [
        ("a.ipynb", jupyter(&["%run ./b", "a = spark.table('a')\nb.show()"])),
        ("b.ipynb", jupyter(&["%run ./a", "b = spark.table('b')\na.show()"])),
    ];
    let both = ["table Session Declared", "show DataFrame Declared"];
    assert_eq!(calls(&files, "a.ipynb"), both);
    assert_eq!(calls(&files, "b.ipynb"), both);
}

#[test]
fn a_path_of_another_workspace_is_a_guess() {
    let files = [
        (
            "jobs/job.py",
            databricks(&["# MAGIC %run /Repos/me/project/lib/setup", "_orders.show()"]),
        ),
        ("lib/setup.py", databricks(&[SETUP])),
    ];
    assert_eq!(calls(&files, "jobs/job.py"), ["show DataFrame Declared"]);
}

#[test]
fn scala_notebooks_run_each_other() {
    let head = "// Databricks notebook source\n";
    let job = format!(
        "{head}// MAGIC %run ./setup\n\n// COMMAND ----------\n\norders.show()\nload(\"x\").collect()\n"
    );
    let setup = format!(
        "{head}val orders = spark.table(\"orders\")\ndef load(name: String) = spark.table(name)\n"
    );
    let files = [("job.scala", job.clone()), ("setup.scala", setup)];
    assert_eq!(
        calls(&files, "job.scala"),
        ["show DataFrame Declared", "collect DataFrame Declared"]
    );
    // Names cross from one language to no other.
    let files = [("job.scala", job), ("setup.py", databricks(&["orders = spark.table('orders')"]))];
    assert_eq!(calls(&files, "job.scala"), Vec::<String>::new());
}

#[test]
fn edits_of_what_is_run_reach_those_that_run_it() {
    let mut linker = Linker::default();
    let set = |linker: &mut Linker, path: &str, text: String| {
        linker.set(path, Some((Language::Python, text.as_str().into())));
        linker.link(&lower, &|| false).expect("nobody cancels");
        linker.program("job.ipynb").map_or(0, |program| program.calls.len())
    };
    set(&mut linker, "job.ipynb", jupyter(&["%run ./lib/setup", "rows = orders.collect()"]));
    let table = jupyter(&["orders = spark.table('orders')"]);
    for _ in 0..2 {
        assert_eq!(set(&mut linker, "lib/setup.ipynb", table.clone()), 1);
        assert_eq!(set(&mut linker, "lib/setup.ipynb", jupyter(&["orders = [1]"])), 0);
    }
}
