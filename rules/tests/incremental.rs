//! Whatever was edited, and in whichever order: programs and findings are those of a cold start.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use analysis::link::{Linker, Lower};
use analysis::{AnalysisHost, Change, FileCheck, FileState, Settings};
use grammars::notebook::{CellSource, Dialect, Notebook};
use grammars::{Document, Memory, Surface};
use program::{Language, Links, Outline, Program, TextRange};
use proptest::prelude::*;

/// A source as a session holds it: with all that earlier edits left in it.
#[derive(Debug, Clone)]
enum Source {
    Text(Document),
    Cells(Vec<String>, Arc<Memory>),
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(left), Self::Text(right)) => {
                left.language() == right.language() && left.text() == right.text()
            }
            (Self::Cells(left, _), Self::Cells(right, _)) => left == right,
            _ => false,
        }
    }
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        match path.rsplit_once('.').unwrap().1 {
            "py" => Self::Text(Document::new(Language::Python, text)),
            "scala" => Self::Text(Document::new(Language::Scala, text)),
            _ => {
                let cells = text.split("# %%\n").map(str::to_owned).collect();
                Self::Cells(cells, Arc::default())
            }
        }
    }

    /// The same text with nothing behind it.
    fn cold(&self) -> Self {
        match self {
            Self::Text(document) => Self::Text(Document::new(document.language(), document.text())),
            Self::Cells(cells, _) => Self::Cells(cells.clone(), Arc::default()),
        }
    }

    fn language(&self) -> Language {
        match self {
            Self::Text(document) => document.language(),
            Self::Cells(..) => Language::Python,
        }
    }

    fn notebook(cells: &[String]) -> Notebook {
        let dialect = Dialect { language: Language::Python, databricks: false, spark: true };
        let sources = (1..).zip(cells);
        Notebook::new(
            dialect,
            sources.map(|(number, text)| CellSource { number, text, language: None }),
        )
    }

    fn text(&self) -> String {
        match self {
            Self::Text(document) => document.text().to_string(),
            Self::Cells(cells, _) => Self::notebook(cells).text().to_owned(),
        }
    }

    fn surface(&self) -> Surface {
        match self {
            Self::Text(document) => document.surface(),
            Self::Cells(cells, memory) => Self::notebook(cells).remembered_surface(memory),
        }
    }

    /// Replaces a part of the text, or of a cell's.
    fn edit(&mut self, at: f64, gone: usize, put: &str) {
        match self {
            Self::Text(document) => {
                let text = document.text();
                let range = range(text, at, gone);
                document.edit(range, put);
            }
            Self::Cells(cells, _) => {
                let Some(last) = cells.len().checked_sub(1) else { return };
                let place = at * cells.len() as f64;
                let cell = &mut cells[(place as usize).min(last)];
                let range = range(cell, place.fract(), gone);
                cell.replace_range(range.start as usize..range.end as usize, put);
            }
        }
    }
}

struct Lowering;

impl Lower<Source> for Lowering {
    fn lower(&self, _: &str, source: &Source, links: &dyn Links) -> Option<Program> {
        let (program, leftover) = source.surface().typed(links);
        if let Some(leftover) = leftover {
            leftover.keep(&program);
        }
        Some(program)
    }

    fn outline(&self, _: &str, source: &Source) -> Outline {
        grammars::outline(source.language(), &source.text())
    }
}

/// So many bytes from a place in a text on, on the boundaries of characters.
fn range(text: &str, at: f64, gone: usize) -> TextRange {
    let mut start = (at * text.len() as f64) as usize;
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = (start + gone).min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    TextRange::new(start as u32, end as u32)
}

/// What a server holds: programs that are lowered, and files that are checked, only where something has changed.
struct Session {
    linker: Linker<Source>,
    host: AnalysisHost,
    checks: BTreeMap<String, FileCheck>,
    settings: Arc<Settings>,
    edited: BTreeSet<String>,
}

impl Session {
    fn new() -> Self {
        Self {
            linker: Linker::default(),
            host: AnalysisHost::new(rules::ALL),
            checks: BTreeMap::new(),
            settings: Arc::default(),
            edited: BTreeSet::new(),
        }
    }

    fn set(&mut self, path: &str, source: Option<Source>) {
        self.linker.set(path, source.map(|source| (source.language(), source)));
        self.edited.insert(path.to_owned());
    }

    /// Links, and checks what rests on what has changed. The files that were checked.
    fn settle(&mut self) -> BTreeSet<String> {
        let linked = self.linker.link(&Lowering, &|| false).unwrap();
        let mut again = std::mem::take(&mut self.edited);
        again.extend(linked.changed.iter().map(|file| file.as_ref().to_owned()));
        let states = again.iter().map(|path| {
            let state = self.linker.source(path).map(|source| FileState {
                text: source.text().into(),
                program: Arc::clone(self.linker.program(path).unwrap()),
                settings: Arc::clone(&self.settings),
            });
            (path.clone(), state)
        });
        let files = states.collect();
        self.host.apply(Change { files, profiles: None, ..Change::default() });
        let snapshot = self.host.snapshot();
        for path in &again {
            match snapshot.file(path) {
                Some(_) => self.checks.insert(path.clone(), snapshot.check(path)),
                None => self.checks.remove(path),
            };
        }
        again
    }

    fn sources(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.linker.paths().map(|path| (path.as_ref(), self.linker.source(path).unwrap()))
    }
}

const READERS: &str = "from pyspark.sql import SparkSession\n\nspark = SparkSession.builder.getOrCreate()\n\ndef load_orders(limit=None):\n    return spark.table('orders')\n\ndef pairs():\n    return spark.sparkContext.textFile('x').map(lambda line: (line, 1))\n\nclass Store:\n    def __init__(self, session):\n        self.session = session\n        self.orders = session.table('orders')\n\n    def recent(self):\n        return self.orders.filter('recent')\n";

const ENRICH: &str = "from pyspark.sql import functions as F\nfrom . import readers\nfrom main import report\n\ndef enrich(df, names=None):\n    df.collect()\n    report(df)\n    return df.join(names, 'id').withColumn('x', F.lit(1))\n\ndef twice(df):\n    return readers.load_orders().union(enrich(df))\n";

const MAIN: &str = "from jobs import load_orders\nfrom jobs.enrich import enrich, twice\nfrom jobs.readers import *\n\ndef report(df):\n    df.toPandas()\n    return twice(df)\n\nenriched = enrich(load_orders(), names=spark.range(5))\nfor row in enriched.collect():\n    print(row)\npairs().groupByKey().mapValues(sum).collect()\nStore(spark).recent().count()\nreport(enriched).show()\n";

const DATABRICKS: &str = "# Databricks notebook source\nfrom jobs.readers import Store, pairs\n\n# COMMAND ----------\n\n# MAGIC %sql\n# MAGIC SELECT * FROM orders\n\n# COMMAND ----------\n\nstore = Store(spark)\ndisplay(store.recent().collect())\n";

const JUPYTER: &str = "from jobs import load_orders\n%matplotlib inline\n# %%\norders = load_orders()\norders.count()\n# %%\n%%sql\nselect 1\n# %%\norders.toPandas()\nenrich(orders).count()\n";

const SCALA_READERS: &str = "package com.acme.io\n\nimport org.apache.spark.sql.{DataFrame, SparkSession}\n\nobject Readers {\n  val session = SparkSession.builder().getOrCreate()\n  def orders = session.table(\"orders\")\n  def few(n: Int) = orders.limit(3)\n}\n\ntrait Job {\n  def run(df: DataFrame) = df.groupBy(\"id\").count()\n}\n";

const SCALA_MAIN: &str = "package com.acme.jobs\n\nimport com.acme.io.{Job, Readers}\nimport com.acme.io.Readers._\n\nobject Main extends Job {\n  val rows = Readers.orders.collect()\n  run(orders).collect()\n  few(3).collect()\n  helper(orders)\n}\n";

const SCALA_HELPER: &str = "package com.acme\n\npackage object jobs {\n  def helper(df: org.apache.spark.sql.DataFrame) = df.rdd.map(row => (row, 1)).groupByKey()\n  def other(x: Any) = jobs.Main.run(null)\n}\n";

/// A workspace of files that name each other, real jobs among them.
fn workspace() -> Vec<(&'static str, &'static str)> {
    vec![
        ("jobs/__init__.py", "from .readers import load_orders\n"),
        ("jobs/readers.py", READERS),
        ("jobs/enrich.py", ENRICH),
        ("main.py", MAIN),
        ("explore.py", DATABRICKS),
        ("explore.ipynb", JUPYTER),
        ("orders.py", include_str!("../../examples/orders/orders.py")),
        ("loops.py", include_str!("../../grammars/tests/twins/05-loops.py")),
        ("src/Orders.scala", include_str!("../../examples/orders/Orders.scala")),
        ("src/io/Readers.scala", SCALA_READERS),
        ("src/jobs/Main.scala", SCALA_MAIN),
        ("src/jobs/package.scala", SCALA_HELPER),
    ]
}

/// What is typed or pasted.
const PIECES: [&str; 34] = [
    "",
    " ",
    "\n",
    "\n    ",
    "(",
    ")",
    "{",
    "}",
    ":",
    ".",
    "'''",
    "\"",
    "# ",
    "// ",
    "x",
    "é😀",
    ".collect()",
    ".limit(5)",
    ".rdd",
    "\ndef load_orders():\n    return spark.range(3)\n",
    "\ndef enrich(df):\n    return df\n",
    "\nfrom jobs.readers import load_orders\nload_orders().collect()\n",
    "\nfrom jobs.enrich import *\n",
    "\nfrom main import report as load_orders\n",
    "\nimport jobs.readers as readers\nreaders.pairs().collect()\n",
    "\nfor i in range(3):\n    load_orders().count()\n",
    "return spark.table('x')",
    "return twice(df)",
    "\nclass Store(Base):\n    pass\n",
    "\n  def orders = session.range(2).rdd\n",
    "\n  def helper(df: Int) = df\n",
    "import com.acme.jobs.Main\n",
    "\n# COMMAND ----------\n",
    "  # stagelight: ignore[unbounded-collect] known\n",
];

#[derive(Debug, Clone)]
enum Step {
    /// Something is typed over a part of a file.
    Edit { file: usize, at: f64, gone: usize, piece: usize },
    /// A file goes, or comes back as it was at first.
    Toggle { file: usize },
    /// A file comes under the name of another, or at another place.
    Copy { file: usize, to: usize },
    /// The typing pauses.
    Pause,
}

const PLACES: [&str; 4] = ["common.py", "jobs/main.py", "src/readers.py", "src/Again.scala"];

fn step() -> impl Strategy<Value = Step> {
    let files = workspace().len();
    let gone = prop_oneof![4 => Just(0_usize), 3 => 1..4_usize, 2 => 4..120_usize];
    prop_oneof![
        8 => (0..files, 0.0..1.0, gone, 0..PIECES.len())
            .prop_map(|(file, at, gone, piece)| Step::Edit { file, at, gone, piece }),
        1 => (0..files).prop_map(|file| Step::Toggle { file }),
        1 => (0..files, 0..PLACES.len()).prop_map(|(file, to)| Step::Copy { file, to }),
        5 => Just(Step::Pause),
    ]
}

fn started() -> Session {
    let mut session = Session::new();
    for (path, text) in workspace() {
        session.set(path, Some(Source::new(path, text)));
    }
    session.settle();
    session
}

fn taken(session: &mut Session, step: &Step) {
    match step {
        Step::Edit { file, at, gone, piece } => {
            let path = workspace()[*file].0;
            let Some(mut source) = session.linker.source(path).cloned() else { return };
            source.edit(*at, *gone, PIECES[*piece]);
            session.set(path, Some(source));
        }
        Step::Toggle { file } => {
            let (path, text) = workspace()[*file];
            let there = session.linker.source(path).is_some();
            session.set(path, (!there).then(|| Source::new(path, text)));
        }
        Step::Copy { file, to } => {
            let (from, to) = (workspace()[*file].0, PLACES[*to]);
            let text = session.linker.source(from).map(Source::text);
            session.set(to, text.map(|text| Source::new(to, &text)));
        }
        Step::Pause => {
            session.settle();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_session_ends_where_a_cold_start_begins(steps in prop::collection::vec(step(), 1..16)) {
        let mut session = started();
        for step in &steps {
            taken(&mut session, step);
        }
        session.settle();
        let mut cold = Session::new();
        for (path, source) in session.sources() {
            cold.set(path, Some(source.cold()));
        }
        cold.settle();
        for (path, _) in session.sources() {
            prop_assert_eq!(session.linker.program(path), cold.linker.program(path), "{}", path);
            prop_assert_eq!(session.checks.get(path), cold.checks.get(path), "{}", path);
        }
        prop_assert_eq!(session.checks.len(), cold.checks.len());
    }
}

fn edited(session: &mut Session, path: &str, from: &str, to: &str) -> Vec<String> {
    let text = session.linker.source(path).unwrap().text();
    assert!(text.contains(from), "{from} in {path}");
    session.set(path, Some(Source::new(path, &text.replacen(from, to, 1))));
    session.settle().into_iter().collect()
}

#[test]
fn an_edit_checks_the_files_that_rest_on_what_changed_and_no_others() {
    let mut session = started();
    let found = |session: &Session, path: &str| session.checks[path].findings.len();
    // What others use says the same: nobody else is looked at.
    let checked = edited(&mut session, "jobs/readers.py", "'recent'", "'old'");
    assert_eq!(checked, ["jobs/readers.py"]);
    let checked = edited(&mut session, "loops.py", "\n", "\n\n");
    assert_eq!(checked, ["loops.py"]);
    // What `few` gives is used by one file.
    let before = found(&session, "src/jobs/Main.scala");
    let checked = edited(&mut session, "src/io/Readers.scala", "orders.limit(3)", "orders");
    assert_eq!(checked, ["src/io/Readers.scala", "src/jobs/Main.scala"]);
    assert_eq!(found(&session, "src/jobs/Main.scala"), before + 1);
    // What `pairs` gives is used by one file, though others import from there.
    let checked =
        edited(&mut session, "jobs/readers.py", ".map(lambda line: (line, 1))", ".collect()");
    assert_eq!(checked, ["jobs/readers.py", "main.py"]);
}
