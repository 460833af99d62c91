//! A program after edits is that of the text as it then stands, whatever of earlier lowerings is put into it again.

use grammars::Document;
use program::{Language, TextRange};

/// Replaces a text in the document, and holds its program against that of a first lowering.
fn edit(document: &mut Document, old: &str, new: &str) {
    let text = document.text().to_string();
    let start = text.find(old).unwrap_or_else(|| panic!("{old:?} is not in\n{text}")) as u32;
    document.edit(TextRange::new(start, start + old.len() as u32), new);
    let text = document.text();
    let cold = Document::new(document.language(), text).program();
    assert_eq!(format!("{:#?}", document.program()), format!("{cold:#?}"), "{text}");
}

/// Each pair of texts in turn, and back again.
fn edits(language: Language, text: &str, edits: &[(&str, &str)]) {
    let mut document = Document::new(language, text).to_be_edited();
    let _ = document.program();
    for (old, new) in edits {
        edit(&mut document, old, new);
        edit(&mut document, new, old);
    }
    for (old, new) in edits {
        edit(&mut document, old, new);
    }
    for (old, new) in edits.iter().rev() {
        edit(&mut document, new, old);
    }
}

#[test]
fn what_names_mean_reaches_the_statements_that_read_them() {
    let text = "\
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
orders = spark.table('orders')
few = orders.limit(10)
joined = few.join(orders, 'id')
if flag:
    joined = joined.cache()
for day in days:
    joined = joined.union(orders)
parts = [part for part in joined.randomSplit([0.5, 0.5])]
joined.show()
read = spark.read.parquet
read('x').collect()
";
    edits(
        Language::Python,
        text,
        &[
            ("orders = spark", "orders_ = spark"),
            ("limit(10)", "limit(20)"),
            ("few = ", "few, _ = "),
            ("'orders')", "'orders').rdd"),
            ("joined.cache()", "None"),
            ("if flag", "if other"),
            ("\nfor day", "\n# a note\nfor day"),
            ("read.parquet", "read.json"),
            ("from pyspark.sql import SparkSession\n", ""),
            ("spark = SparkSession", "global orders\nspark = SparkSession"),
        ],
    );
}

#[test]
fn what_functions_are_given_and_return_reaches_both_sides() {
    let text = "\
from pyspark.sql import DataFrame, functions as F
from pyspark.sql.functions import udf

def clean(df):
    def inner(other):
        return other.distinct()
    return inner(df).filter(F.col('a') > 0)

def total(df, names=None):
    return clean(df).groupBy('a').count()

@udf
def plus(x):
    return x + 1

class Job:
    kept = None

    def __init__(self, spark):
        self.spark = spark
        self.kept = spark.table('t')

    def run(self):
        for name in ['a', 'b']:
            self.kept = self.kept.withColumn(name, plus('x'))
        return self.kept

job = Job(spark)
total(job.run()).show()
spark.range(5).rdd.map(lambda row: clean(row)).collect()
";
    edits(
        Language::Python,
        text,
        &[
            ("filter(F", "where(F"),
            ("return inner(df)", "return df"),
            ("count()", "count().rdd"),
            ("names=None", "names=None, other=1"),
            ("clean(df).group", "df.group"),
            ("total(job", "clean(job"),
            ("table('t')", "table('t').rdd"),
            ("kept = None\n", "kept = 1\n"),
            ("def run(self)", "def go(self)"),
            ("clean(row)", "row"),
            ("@udf\n", ""),
            ("import udf", "import *"),
            ("['a', 'b']", "range(3)"),
        ],
    );
}

#[test]
fn views_and_queries_reach_each_other() {
    let text = "\
spark.table('orders').createOrReplaceTempView('o')
spark.sql('create temp view big as select * from o where a > 1')
joined = spark.sql('select * from big join o on big.a = o.a')

def report(name):
    spark.table('other').createOrReplaceTempView('mine')
    return spark.sql('select count(*) from mine, big')

joined.join(report('x'), 'a').write.parquet('out')
";
    edits(
        Language::Python,
        &format!("from pyspark.sql import SparkSession\n{text}"),
        &[
            ("View('o')", "View('p')"),
            ("view big", "view small"),
            ("a > 1'", "a > 1 limit 5'"),
            ("View('mine')", "View('big')"),
            ("spark.sql('create", "x = spark.sql('create"),
            ("\njoined = ", "\nprint(1)\njoined = "),
        ],
    );
}

#[test]
fn members_of_objects_and_stars_reach_the_bodies() {
    let text = "\
package jobs

import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions._

object Shared {
  val spark = SparkSession.builder().getOrCreate()
  val limit = 10
  implicit class Extra(df: DataFrame) { def few: DataFrame = df.limit(limit) }
}

class Base(val input: DataFrame) {
  def kept = input.filter(col(\"a\") > 1)
}

class Job(input: DataFrame) extends Base(input) {
  import Shared._
  import spark.implicits._
  private val days = Seq(1, 2).toDF(\"day\")
  def run(): DataFrame = { val all = kept.join(days, \"day\"); all.few }
  def show(): Unit = run().collect().foreach(println)
}

object Main extends App {
  new Job(Shared.spark.table(\"t\")).show()
  val frames = Seq(\"a\", \"b\").map(name => Shared.spark.table(name))
  frames.reduce(_ union _).count()
}
";
    edits(
        Language::Scala,
        text,
        &[
            ("limit = 10", "limit = 20"),
            ("def few", "def some"),
            ("input.filter", "input.where"),
            ("extends Base(input)", "extends Other(input)"),
            ("import Shared._\n", ""),
            ("import spark.implicits._\n", ""),
            ("toDF(\"day\")", "size"),
            ("all.few", "all.few.few"),
            (" union _", " unionAll _"),
            ("val spark = ", "lazy val spark = "),
            ("table(\"t\")", "table(\"t\").cache()"),
            ("functions._", "functions.col"),
            ("package jobs", "package other"),
        ],
    );
}

#[test]
fn definitions_that_say_the_same_are_told_apart() {
    let text = "\
from pyspark.sql import DataFrame, SparkSession

class Job:
    def orders(self) -> DataFrame:
        return self.spark.read.parquet('orders')

def clean(df):
    return df.distinct()

one = clean(spark.table('a'))

class Job:
    def orders(self) -> DataFrame:
        return self.spark.read.parquet('orders')

def clean(df):
    return df.distinct()

two = clean(spark.range(5))
Job().orders().join(two, 'id').collect()
";
    edits(
        Language::Python,
        text,
        &[
            ("one = clean", "one = 1; clean"),
            ("spark.range(5)", "spark.table('b').rdd"),
            ("class Job", "class Task"),
            ("def clean", "def tidy"),
            ("'id')", "'id', 'left')"),
        ],
    );
}

#[test]
fn a_statement_of_a_broken_text_defines_no_function_that_it_spans() {
    let text = "\
val =
import org.apache.spark.s
def daily = {spark.table}
spark = SparkSession.builder)
daily
";
    edits(
        Language::Scala,
        text,
        &[("table", "range"), ("= Spark", "=  Spark"), ("spark.s", "spark.sql")],
    );
}

#[test]
fn a_function_of_a_broken_text_that_two_statements_hold_is_the_last_ones() {
    let text = "for=for y<-do\ndef g)\n<-s do\n";
    edits(Language::Scala, text, &[("y", "z"), ("<-s", "<-t"), ("def g", "def h")]);
}
