//! What files of a workspace learn from each other, in both languages.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use analysis::link::Linked;
use program::summary::Links;
use program::{Language, Program, Unresolved};

type Linker = analysis::link::Linker<(Language, Arc<str>)>;

fn lower(_: &str, source: &(Language, Arc<str>), links: &dyn Links) -> Option<Program> {
    let (language, text) = source;
    Some(grammars::lower_linked(*language, text, links))
}

fn set(linker: &mut Linker, path: &str, text: &str) {
    let language = if path.ends_with(".scala") { Language::Scala } else { Language::Python };
    linker.set(path, Some((language, (language, text.into()))));
}

fn run(linker: &mut Linker) -> Linked {
    linker.link(&lower, &|| false).expect("nobody cancels")
}

fn linked(files: &[(&str, &str)]) -> Linker {
    let mut linker = Linker::default();
    for (path, text) in files {
        set(&mut linker, path, text);
    }
    run(&mut linker);
    linker
}

/// The calls of a file, each as `method Type Confidence`, with the bound of its receiver, and what stayed unresolved.
fn calls(linker: &Linker, path: &str) -> String {
    let program = linker.program(path).expect("a program");
    let mut out = String::new();
    for call in &program.calls {
        let bound = call.receiver.and_then(|receiver| program.value(receiver.value).bound);
        let bound = bound.map_or_else(String::new, |bound| format!(" of {} rows", bound.rows));
        writeln!(out, "{} {} {:?}{bound}", call.method, call.receiver_type.name(), call.confidence)
            .unwrap();
    }
    let unresolved = program.unresolved_on_datasets();
    for Unresolved { method, reason, .. } in unresolved {
        writeln!(out, "unresolved {method} {reason:?}").unwrap();
    }
    out
}

/// The names of the files that were lowered, each once.
fn lowered(linked: &Linked) -> Vec<&str> {
    let mut files: Vec<&str> = linked.lowered.iter().map(AsRef::as_ref).collect();
    files.sort_unstable();
    files.dedup();
    files
}

const READERS: &str = "\
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()

def load_orders():
    return spark.read.parquet('orders')

def top(n):
    return spark.table('orders').limit(5)
";

#[test]
fn a_function_of_another_file_gives_what_it_returns() {
    let linker = linked(&[
        ("jobs/__init__.py", ""),
        ("jobs/readers.py", READERS),
        (
            "jobs/a.py",
            "from .readers import load_orders, top as best\nload_orders().collect()\nbest(5).count()\n",
        ),
    ]);
    assert_eq!(
        calls(&linker, "jobs/a.py"),
        "collect DataFrame Known\ncount DataFrame Known of 5 rows\n"
    );
}

#[test]
fn a_class_of_another_file_tells_its_fields_by_place_and_what_gives_its_own_object() {
    let linker = linked(&[
        (
            "tables.py",
            "from typing import Generic, NamedTuple, Self, TypeVar\nfrom pyspark.sql import DataFrame\nT = TypeVar('T', bound='Table')\nclass Split(NamedTuple, Generic[T]):\n    valid: T\n    invalid: T\nclass Table:\n    df: DataFrame\n    @classmethod\n    def load(cls, path) -> Self:\n        return cls(path)\n    def kept(self):\n        return self\n    def split(self) -> Split[Self]:\n        return Split(self, self)\n",
        ),
        (
            "orders.py",
            "from tables import Table\nclass Orders(Table):\n    def paid(self) -> 'DataFrame':\n        return self.df.filter('paid')\n",
        ),
        (
            "job.py",
            "from pyspark.sql import DataFrame\nfrom orders import Orders\nOrders.load('x').kept().paid().count()\nvalid, invalid = Orders.load('x').split()\ninvalid.df.first()\nOrders.load('x').split()[0].df.collect()\n",
        ),
    ]);
    assert_eq!(
        calls(&linker, "job.py"),
        "count DataFrame Declared\nfirst DataFrame Declared\ncollect DataFrame Declared\n"
    );
}

#[test]
fn a_class_of_another_file_has_what_it_extends_of_sparks() {
    let linker = linked(&[
        ("stages.py", "from pyspark.ml import Transformer\nclass Stage(Transformer):\n    pass\n"),
        ("clean.py", "from stages import Stage\nclass Clean(Stage):\n    pass\n"),
        (
            "job.py",
            "from pyspark.sql import DataFrame\nfrom clean import Clean\ndef run(df: DataFrame):\n    Clean().transform(df).count()\n",
        ),
    ]);
    assert_eq!(
        calls(&linker, "job.py"),
        "transform Transformer Declared\ncount DataFrame Declared\n"
    );
}

#[test]
fn objects_of_a_class_of_another_file_have_datasets_of_their_own() {
    let linker = linked(&[
        ("tables.py", "from pyspark.sql import DataFrame\nclass Table:\n    df: DataFrame\n"),
        (
            "job.py",
            "from pyspark.sql import DataFrame\nfrom tables import Table\ndef run(a: Table, b: Table):\n    a.df.first()\n    a.df.first()\n    b.df.first()\n",
        ),
    ]);
    let program = linker.program("job.py").expect("a program");
    let receivers: Vec<_> =
        program.calls.iter().filter_map(|call| call.receiver.map(|it| it.value)).collect();
    let [first, again, other] = receivers[..] else { panic!("{}", program.to_text()) };
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[test]
fn a_module_is_named_in_many_ways() {
    let uses = [
        "import jobs.readers as r\nr.load_orders().count()\n",
        "import jobs.readers\njobs.readers.load_orders().count()\n",
        "from jobs import readers\nreaders.load_orders().count()\n",
        "from jobs.readers import *\nload_orders().count()\n",
        "from jobs import load_orders\nload_orders().count()\n",
        "import jobs\njobs.load_orders().count()\n",
        "from jobs import io\nio.load_orders().count()\n",
        "def f():\n    from jobs.readers import load_orders\n    load_orders().count()\n",
    ];
    for text in uses {
        let linker = linked(&[
            (
                "src/jobs/__init__.py",
                "from .readers import load_orders\nfrom . import readers as io\n",
            ),
            ("src/jobs/readers.py", READERS),
            ("main.py", text),
        ]);
        assert_eq!(calls(&linker, "main.py"), "count DataFrame Known\n", "{text}");
    }
}

#[test]
fn a_value_of_a_module_is_one_value() {
    let linker = linked(&[
        ("common.py", READERS),
        ("a.py", "from common import *\ndf = spark.table('x')\nspark.range(1).show()\n"),
    ]);
    assert_eq!(
        calls(&linker, "a.py"),
        "table Session Known\nrange Session Known\nshow DataFrame Known of 1 rows\n"
    );
    let program = linker.program("a.py").unwrap();
    assert_eq!(program.calls[0].receiver.unwrap().value, program.calls[1].receiver.unwrap().value);
}

#[test]
fn what_a_module_imported_is_found_through_it() {
    let linker = linked(&[
        ("common.py", "from pyspark.sql import SparkSession, functions as F\n"),
        (
            "a.py",
            "from common import F, SparkSession\nspark = SparkSession.builder.getOrCreate()\nspark.table('x').filter(F.col('y') > 1).count()\n",
        ),
    ]);
    let text = calls(&linker, "a.py");
    assert!(text.ends_with("filter DataFrame Known\ncount DataFrame Known\n"), "{text}");
}

#[test]
fn a_parameter_is_what_other_files_call_it_with() {
    let linker = linked(&[
        (
            "enrich.py",
            "def enrich(df, names=None):\n    names.count()\n    return df.withColumn('x', 1)\n",
        ),
        (
            "a.py",
            "from pyspark.sql import SparkSession\nfrom enrich import enrich\nspark = SparkSession.builder.getOrCreate()\nenrich(spark.table('a'), names=spark.range(3)).collect()\n",
        ),
    ]);
    assert_eq!(
        calls(&linker, "enrich.py"),
        "count DataFrame Declared\nwithColumn DataFrame Declared\n"
    );
    let text = calls(&linker, "a.py");
    assert!(text.ends_with("collect DataFrame Declared\n"), "{text}");
}

#[test]
fn parameters_that_take_the_rest_are_collections() {
    let unions = "from functools import reduce\nfrom pyspark.sql import DataFrame\ndef union(*dfs):\n    return reduce(DataFrame.union, dfs)\ndef save(target, **dfs):\n    for name, df in dfs.items():\n        df.count()\ndef first(a, b=None):\n    a.show()\n";
    let job = "from pyspark.sql import SparkSession\nfrom unions import first, save, union\nspark = SparkSession.builder.getOrCreate()\na = spark.table('a')\nunion(a, a).count()\nsave('t', a=a, b=a)\n";
    let linker = linked(&[("unions.py", unions), ("job.py", job)]);
    assert_eq!(
        calls(&linker, "unions.py"),
        "union DataFrame Declared\ncount DataFrame Declared\nunresolved show Parameter\n"
    );
    // Which parameters a collection fills is not known, but what stands by name is.
    let job = format!("{job}dfs = [spark.table(t) for t in names]\nfirst(*dfs, a)\n");
    let linker = linked(&[("unions.py", unions), ("job.py", job.as_str())]);
    assert!(calls(&linker, "unions.py").ends_with("unresolved show Parameter\n"));
    let job = format!("{job}first(**{{'b': 1}}, a=a)\n");
    let linker = linked(&[("unions.py", unions), ("job.py", job.as_str())]);
    assert!(calls(&linker, "unions.py").ends_with("show DataFrame Declared\n"));
}

#[test]
fn calls_that_contradict_leave_a_parameter_unknown() {
    let enrich = "import pyspark\ndef enrich(df):\n    df.collect()\n";
    let call = |argument: &str| {
        format!(
            "from pyspark.sql import SparkSession\nfrom enrich import enrich\nspark = SparkSession.builder.getOrCreate()\nenrich({argument})\n"
        )
    };
    let frame = call("spark.table('a')");
    for other in ["spark.table('a').rdd", "'orders'", "[1, 2]"] {
        let other = call(other);
        let linker = linked(&[("enrich.py", enrich), ("a.py", &frame), ("b.py", &other)]);
        assert_eq!(calls(&linker, "enrich.py"), "unresolved collect Parameter\n", "{other}");
    }
    // What nothing is known of contradicts nothing.
    for other in ["None", "unknown()"] {
        let other = call(other);
        let linker = linked(&[("enrich.py", enrich), ("a.py", &frame), ("b.py", &other)]);
        assert_eq!(calls(&linker, "enrich.py"), "collect DataFrame Declared\n", "{other}");
    }
}

#[test]
fn two_modules_of_one_name_are_no_module() {
    let linker = linked(&[
        ("one/common.py", READERS),
        ("two/common.py", READERS),
        ("jobs/a.py", "import pyspark\nfrom common import load_orders\nload_orders().collect()\n"),
    ]);
    assert_eq!(calls(&linker, "jobs/a.py"), "unresolved collect ForeignCall\n");
    assert_eq!(linker.ambiguous("jobs/a.py"), ["common.load_orders"]);
}

#[test]
fn flat_modules_are_declared_at_best() {
    let linker = linked(&[
        ("shared/common.py", READERS),
        ("jobs/a.py", "from common import load_orders\nload_orders().collect()\n"),
    ]);
    assert_eq!(calls(&linker, "jobs/a.py"), "collect DataFrame Declared\n");
}

#[test]
fn imports_that_lead_nowhere_are_silent() {
    let linker = linked(&[(
        "a.py",
        "import pyspark\nfrom a import f\nfrom nowhere import g\nfrom . import h\nfrom .. import i\nfrom ... import *\nf().collect()\ng().collect()\nh.x().collect()\n",
    )]);
    assert_eq!(
        calls(&linker, "a.py"),
        "unresolved collect ForeignCall\nunresolved collect ForeignCall\nunresolved collect ForeignCall\n"
    );
}

#[test]
fn cyclic_imports_come_to_rest() {
    let linker = linked(&[
        (
            "a.py",
            "from pyspark.sql import SparkSession\nfrom b import g\nspark = SparkSession.builder.getOrCreate()\ndef f(n):\n    if n == 0:\n        return spark.range(3)\n    return g(n - 1).union(spark.range(1))\n",
        ),
        ("b.py", "from a import f\ndef g(n):\n    return f(n)\ng(3).collect()\n"),
    ]);
    // However often the files are gone over, a bound that feeds on itself is none.
    assert_eq!(calls(&linker, "b.py"), "collect DataFrame Declared\n");
    let linker = linked(&[
        ("a.py", "from b import *\ndef f():\n    return (g(), 1)\n"),
        ("b.py", "from a import *\ndef g():\n    return (f(), 2)\n"),
    ]);
    assert!(linker.program("a.py").is_some());
}

#[test]
fn classes_are_inherited_across_files() {
    let linker = linked(&[
        (
            "base.py",
            "from pyspark.sql import SparkSession\nclass Job:\n    def __init__(self, name):\n        self.session = SparkSession.builder.getOrCreate()\n    def read(self, name):\n        return self.session.table(name)\n    @property\n    def orders(self):\n        return self.session.table('orders').limit(7)\n    @classmethod\n    def run(cls, df):\n        return df.distinct()\n",
        ),
        ("middle.py", "import base\nclass Middle(base.Job):\n    pass\n"),
        (
            "a.py",
            "from middle import Middle\nclass Report(Middle):\n    def go(self):\n        df = self.read('x')\n        df.collect()\n        self.orders.count()\n        self.session.range(1)\n        super().read('y').show()\n        Middle.run(df).cache()\n",
        ),
        (
            "b.py",
            "from a import Report\nreport = Report('x')\nreport.read('z').first()\nreport.session.range(3)\n",
        ),
    ]);
    assert_eq!(
        calls(&linker, "a.py"),
        "collect DataFrame Known\ncount DataFrame Known of 7 rows\nrange Session Known\nshow DataFrame Known\ncache DataFrame Declared\n"
    );
    assert_eq!(calls(&linker, "b.py"), "first DataFrame Known\nrange Session Known\n");
    let text = calls(&linker, "base.py");
    assert!(text.ends_with("distinct DataFrame Declared\n"), "{text}");
}

#[test]
fn scala_packages_objects_and_traits() {
    let base = "package com.acme.jobs\nimport org.apache.spark.sql.SparkSession\ntrait SparkJob {\n  val session = SparkSession.builder().getOrCreate()\n  def read(name: String) = session.table(name)\n}\n";
    let readers = "package com.acme.jobs\nobject Readers extends SparkJob {\n  def orders = session.table(\"orders\").limit(3)\n  def load(n: Int) = read(\"x\")\n}\nclass Writers(root: String) {\n  def small() = Readers.orders\n}\n";
    let linker = linked(&[
        ("src/main/scala/com/acme/jobs/SparkJob.scala", base),
        ("src/main/scala/com/acme/jobs/Readers.scala", readers),
        (
            "src/main/scala/com/acme/jobs/Main.scala",
            "package com.acme.jobs\nobject Main extends App with SparkJob {\n  Readers.load(1).collect()\n  Readers.orders.count()\n  session.range(1)\n  new Writers(\"x\").small().show()\n}\n",
        ),
        (
            "other/Other.scala",
            "package com.acme.other\nimport com.acme.jobs._\nobject Other { Readers.orders.count() }\n",
        ),
        (
            "other/Third.scala",
            "package com.acme\nimport com.acme.jobs.Readers.{load, orders => best}\nimport jobs.{Readers => R}\nobject Third { load(2).count(); best.head(); R.load(3).first() }\n",
        ),
    ]);
    assert_eq!(
        calls(&linker, "src/main/scala/com/acme/jobs/Main.scala"),
        "collect DataFrame Known\ncount DataFrame Known of 3 rows\nrange Session Known\nshow DataFrame Known of 3 rows\n"
    );
    assert_eq!(calls(&linker, "other/Other.scala"), "count DataFrame Known of 3 rows\n");
    assert_eq!(
        calls(&linker, "other/Third.scala"),
        "count DataFrame Known\nhead DataFrame Known of 3 rows\nfirst DataFrame Known\n"
    );
}

#[test]
fn implicits_of_another_scala_file() {
    let extras = "package com.acme.extras
import org.apache.spark.SparkContext
import org.apache.spark.sql._
object Extras {
  implicit class Cleaning(frame: DataFrame) {
    def clean: DataFrame = frame.na.drop()
    def keep(n: Int): DataFrame = frame.limit(n)
  }
  implicit def loader(sc: SparkContext): Loader = new Loader(sc)
}
class Loader(sc: SparkContext) { def lines(path: String) = sc.textFile(path) }
trait Tables { implicit class Named(session: SparkSession) { def orders = session.table(\"orders\") } }
";
    let modern = "package com.acme.modern
import org.apache.spark.sql.*
extension (frame: DataFrame)
  def few(n: Int): DataFrame = frame.limit(n)
";
    let job = |imports: &str, bases: &str| {
        format!(
            "package com.acme.jobs
import org.apache.spark.SparkContext
import org.apache.spark.sql._
{imports}
class Job{bases} {{
  def run(spark: SparkSession, sc: SparkContext) = {{
    spark.table(\"a\").clean.keep(3).collect()
    sc.lines(\"b\").count()
    spark.orders.show()
    spark.table(\"c\").few(2).first()
  }}
}}
"
        )
    };
    let all = "import com.acme.extras._\nimport com.acme.extras.Extras._\nimport com.acme.modern.*";
    let linker = linked(&[
        ("Extras.scala", extras),
        ("Modern.scala", modern),
        ("Job.scala", &job(all, " extends Tables")),
        ("Bare.scala", &job("", "")),
    ]);
    assert_eq!(
        calls(&linker, "Job.scala"),
        "table Session Declared
collect DataFrame Declared
count Rdd Declared
show DataFrame Declared
table Session Declared
first DataFrame Declared
"
    );
    // What is not imported adds nothing.
    let bare = calls(&linker, "Bare.scala");
    assert_eq!(bare.matches("unresolved").count(), 4, "{bare}");
}

#[test]
fn scala_package_objects_and_parameters() {
    let linker = linked(&[
        (
            "package.scala",
            "package com.acme\nimport org.apache.spark.sql.SparkSession\npackage object jobs {\n  lazy val session = SparkSession.builder().getOrCreate()\n  def enrich(df: org.apache.spark.sql.DataFrame) = df.distinct()\n}\n",
        ),
        (
            "Main.scala",
            "package com.acme.jobs\nobject Main { enrich(session.table(\"x\")).count() }\n",
        ),
        ("Twice.scala", "package com.acme.jobs\nobject Main { session.table(\"y\") }\n"),
        (
            "User.scala",
            "import org.apache.spark.sql.SparkSession\nimport com.acme.jobs.Main\nobject User { Main.rows.collect() }\n",
        ),
    ]);
    let text = calls(&linker, "Main.scala");
    assert!(text.starts_with("table Session Known\n"), "{text}");
    assert!(
        text.ends_with("count DataFrame Declared\n") || text.ends_with("count DataFrame Known\n"),
        "{text}"
    );
    assert_eq!(linker.ambiguous("User.scala"), ["com.acme.jobs.Main"]);
}

#[test]
fn an_edit_within_a_body_lowers_its_file_alone() {
    let mut linker = linked(&[
        ("readers.py", READERS),
        ("a.py", "from readers import load_orders\nload_orders().collect()\n"),
        ("b.py", "from a import nothing\n"),
        ("c.py", "import os\n"),
    ]);
    set(&mut linker, "readers.py", &READERS.replace("'orders'", "'other'"));
    let linked = run(&mut linker);
    assert_eq!(lowered(&linked), ["readers.py"]);
    assert_eq!(linked.changed.len(), 1);
    assert_eq!(linked.lowered.len(), 1);
}

#[test]
fn a_change_of_what_is_exported_lowers_the_dependents_and_no_others() {
    let uses = "from readers import load_orders\nload_orders().collect()\n";
    let files = [
        ("readers.py", READERS),
        ("a.py", uses),
        ("b.py", "from readers import top\ntop(1).count()\n"),
        ("c.py", "import os\n"),
        ("d.py", "from a import uses\n"),
        ("e.py", uses),
    ];
    let mut linker = linked(&files);
    let text = READERS.replace("parquet('orders')", "parquet('orders').rdd");
    set(&mut linker, "readers.py", &text);
    let change = run(&mut linker);
    assert_eq!(lowered(&change), ["a.py", "e.py", "readers.py"]);
    let changed: Vec<&str> = change.changed.iter().map(AsRef::as_ref).collect();
    assert_eq!(changed, ["a.py", "e.py", "readers.py"]);
    assert_eq!(calls(&linker, "a.py"), "collect Rdd Known\n");
    // Back again: as from the start.
    set(&mut linker, "readers.py", READERS);
    run(&mut linker);
    let fresh = linked(&files);
    for (path, _) in files {
        assert_eq!(linker.program(path), fresh.program(path), "{path}");
    }
}

#[test]
fn a_call_with_something_else_lowers_the_function_that_is_called() {
    let call = |argument: &str| {
        format!(
            "from pyspark.sql import SparkSession\nfrom enrich import enrich\nspark = SparkSession.builder.getOrCreate()\nenrich({argument})\n"
        )
    };
    let mut linker = linked(&[
        ("enrich.py", "def enrich(df):\n    df.collect()\n"),
        ("a.py", &call("spark.table('x')")),
        ("other.py", "def other(df):\n    df.collect()\n"),
    ]);
    set(&mut linker, "a.py", &call("spark.table('x').rdd"));
    assert_eq!(lowered(&run(&mut linker)), ["a.py", "enrich.py"]);
    assert_eq!(calls(&linker, "enrich.py"), "collect Rdd Declared\n");
}

#[test]
fn a_call_that_says_no_more_than_the_declaration_lowers_its_own_file_alone() {
    let step = "package acme\nobject Steps {\n  def keep(rows: Int, name: Option[String], of: Step, df: Any) = 1\n}\nclass Step\n";
    let call = |arguments: &str| {
        format!(
            "package acme\nimport org.apache.spark.sql.SparkSession\nobject Main {{\n  val spark = SparkSession.builder().getOrCreate()\n  Steps.keep({arguments})\n}}\n"
        )
    };
    let mut linker = linked(&[("Step.scala", step), ("Main.scala", &call("a, b, c, d"))]);
    for arguments in ["1, b, c, d", "1, name = Some(\"a\"), c, d", "1, None, new Step, d"] {
        set(&mut linker, "Main.scala", &call(arguments));
        assert_eq!(lowered(&run(&mut linker)), ["Main.scala"], "{arguments}");
    }
    set(&mut linker, "Main.scala", &call("1, None, new Step, spark.table(\"x\")"));
    assert_eq!(lowered(&run(&mut linker)), ["Main.scala", "Step.scala"]);
}

#[test]
fn files_come_and_go() {
    let mut linker =
        linked(&[("a.py", "import pyspark\nfrom readers import top\ntop(1).collect()\n")]);
    assert_eq!(calls(&linker, "a.py"), "unresolved collect ForeignCall\n");
    set(&mut linker, "readers.py", READERS);
    assert_eq!(lowered(&run(&mut linker)), ["a.py", "readers.py"]);
    assert_eq!(calls(&linker, "a.py"), "collect DataFrame Known of 5 rows\n");
    linker.set("readers.py", None);
    run(&mut linker);
    assert_eq!(calls(&linker, "a.py"), "unresolved collect ForeignCall\n");
}

#[test]
fn edits_give_what_a_first_run_gives() {
    let variants: BTreeMap<&str, [&str; 3]> = BTreeMap::from([
        (
            "a.py",
            [
                "from b import g\ndef f(x):\n    return g(x)\nf(1).collect()\n",
                "from b import g\nfrom pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\ndef f(x):\n    return spark.range(2)\n",
                "def f(x):\n    return x\n",
            ],
        ),
        (
            "b.py",
            [
                "from a import f\ndef g(x):\n    return f(x)\ng(2).count()\n",
                "import a\ndef g(x):\n    x.show()\n    return a.f(x)\ng(a.f(1)).count()\n",
                "from a import *\nfrom c import *\ng(spark.table('x')).show()\n",
            ],
        ),
        (
            "c.py",
            [
                "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\nimport b\nb.g(spark.table('x'))\n",
                "from b import g\ng([1])\n",
                "",
            ],
        ),
    ]);
    let mut linker = linked(&[]);
    let mut state: BTreeMap<&str, usize> = BTreeMap::new();
    let mut seed = 7_u32;
    for _ in 0..60 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let path = *variants.keys().nth((seed >> 8) as usize % variants.len()).unwrap();
        let which = (seed >> 20) as usize % 3;
        state.insert(path, which);
        set(&mut linker, path, variants[path][which]);
        run(&mut linker);
        let files: Vec<(&str, &str)> =
            state.iter().map(|(path, which)| (*path, variants[path][*which])).collect();
        let fresh = linked(&files);
        for (path, _) in &files {
            assert_eq!(linker.program(path), fresh.program(path), "{path} in {state:?}");
        }
    }
}

#[test]
fn what_two_files_only_have_from_each_other_is_nothing() {
    let a = |returned: &str| {
        format!(
            "from pyspark.sql import SparkSession\nfrom b import g\nspark = SparkSession.builder.getOrCreate()\ndef f(n):\n    if n > 0:\n        return {returned}\n    return g(n)\n"
        )
    };
    let b = "import pyspark\nfrom a import f\ndef g(n):\n    return f(n - 1)\ng(1).collect()\n";
    let mut linker = linked(&[("a.py", &a("spark.table('x')")), ("b.py", b)]);
    assert_eq!(calls(&linker, "b.py"), "collect DataFrame Declared\n");
    // What `f` returns now it has from `g`, which has it from `f`.
    set(&mut linker, "a.py", &a("g(n)"));
    run(&mut linker);
    assert_eq!(calls(&linker, "b.py"), "unresolved collect ForeignCall\n");
}

#[test]
fn a_long_chain_is_followed_in_bounded_time() {
    let count = 1_000;
    let counted = AtomicUsize::new(0);
    let mut linker = Linker::default();
    set(
        &mut linker,
        "m0.py",
        "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\ndef f0(df):\n    return spark.table('x')\n",
    );
    for at in 1..count {
        let text = format!(
            "from m{0} import f{0}\ndef f{at}(df):\n    df.count()\n    return f{0}(df)\n",
            at - 1
        );
        set(&mut linker, &format!("m{at}.py"), &text);
    }
    let last = count - 1;
    set(
        &mut linker,
        "main.py",
        &format!(
            "from m{last} import f{last}\nfrom m0 import spark\nf{last}(spark.range(1)).collect()\n"
        ),
    );
    let lower = |path: &str, source: &(Language, Arc<str>), links: &dyn Links| {
        counted.fetch_add(1, Ordering::SeqCst);
        lower(path, source, links)
    };
    linker.link(&lower, &|| false).unwrap();
    let text = calls(&linker, "main.py");
    assert!(text.ends_with("collect DataFrame Known\n"), "{text}");
    assert_eq!(calls(&linker, "m1.py"), "count DataFrame Declared\n");
    let counted = counted.load(Ordering::SeqCst);
    assert!(counted <= 4 * count, "{counted} lowerings");
}

#[test]
fn star_imports_are_followed_and_bounded() {
    let chain = |count: usize| {
        let mut linker = Linker::default();
        set(&mut linker, "m0.py", READERS);
        for at in 1..=count {
            // Each comes by two ways, so that ways double with each file.
            let text = format!("from m{0} import *\nfrom m{0} import *\n", at - 1);
            set(&mut linker, &format!("m{at}.py"), &text);
        }
        let text = format!(
            "import pyspark\nfrom m{count} import *\nload_orders().collect()\nabsent().collect()\n"
        );
        set(&mut linker, "main.py", &text);
        run(&mut linker);
        calls(&linker, "main.py")
    };
    assert_eq!(chain(20), "collect DataFrame Known\nunresolved collect ForeignCall\n");
    assert_eq!(chain(400), "unresolved collect ForeignCall\nunresolved collect ForeignCall\n");
}

#[test]
fn a_run_that_is_cancelled_changes_nothing() {
    let mut linker =
        linked(&[("readers.py", READERS), ("a.py", "from readers import top\ntop(1).count()\n")]);
    let before = linker.program("a.py").cloned();
    set(&mut linker, "readers.py", "def top(n):\n    return n\n");
    let stop = AtomicBool::new(false);
    let lower = |path: &str, source: &(Language, Arc<str>), links: &dyn Links| {
        stop.store(true, Ordering::SeqCst);
        lower(path, source, links)
    };
    assert_eq!(linker.link(&lower, &|| stop.load(Ordering::SeqCst)), None);
    assert_eq!(linker.program("a.py"), before.as_ref());
    assert!(linker.is_stale());
    run(&mut linker);
    assert_ne!(linker.program("a.py"), before.as_ref());
}

#[test]
fn a_file_that_cannot_be_lowered_costs_itself() {
    let mut linker = Linker::default();
    set(&mut linker, "bad.py", "def f():\n    return 1\n");
    set(&mut linker, "a.py", "import pyspark\nfrom bad import f\nf().collect()\n");
    let lower = |path: &str, source: &(Language, Arc<str>), links: &dyn Links| {
        if path == "bad.py" { None } else { lower(path, source, links) }
    };
    linker.link(&lower, &|| false).unwrap();
    assert_eq!(linker.program("bad.py"), None::<&Arc<Program>>);
    assert_eq!(calls(&linker, "a.py"), "unresolved collect ForeignCall\n");
}
