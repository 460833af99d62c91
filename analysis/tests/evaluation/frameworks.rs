//! How frameworks are written: traits stacked on one another, steps given in parts, settings in files.

use analysis::evaluation::{EvaluationFile, Limits, evaluate_with};
use analysis::{Data, DataFile};
use program::Language;

use super::{section, text};

#[test]
fn super_goes_through_traits_in_the_order_that_they_are_mixed_in() {
    let source = r#"
import org.apache.spark.sql.{DataFrame, SparkSession}
trait Job {
  def name: String = "job"
  def build(spark: SparkSession): DataFrame
  def execute(spark: SparkSession): Unit = write(build(spark))
  def write(frame: DataFrame): Unit = frame.write.parquet(s"/out/$name")
}
trait Verified extends Job {
  abstract override def execute(spark: SparkSession): Unit = {
    super.execute(spark)
    spark.read.parquet(s"/out/$name").count()
  }
}
trait Cached extends Job {
  abstract override def write(frame: DataFrame): Unit = {
    val kept = frame.cache()
    kept.count()
    super.write(kept)
  }
}
abstract class Standard extends Job
object Funnel extends Standard with Cached with Verified {
  override def name: String = "funnel"
  def build(spark: SparkSession): DataFrame = spark.table("steps")
}
object Main {
  def main(args: Array[String]): Unit = Funnel.execute(SparkSession.builder.getOrCreate())
}
"#;
    insta::assert_snapshot!(section(&[("job.scala", source)], "program"), @r#"
    program job.scala Main: 0 to 4
      0 -> 1 action count of #0 at 18 via 6, 11, 28
      1 -> 2 write parquet of #0 (path "/out/funnel"; format "parquet") at 7 via 19, 6, 11, 28
      2 -> 3 read parquet of #1 (path "/out/funnel"; format "parquet"), any number of times at 12 via 28
      3 -> 4 action count of #1 at 12 via 28
    "#);
}

#[test]
fn methods_whose_parameters_the_compiler_finds_are_called_by_name() {
    let source = r#"
import org.apache.spark.sql.{DataFrame, SparkSession}
object Sources {
  def orders(implicit spark: SparkSession): DataFrame = spark.table("orders")
  def paid(implicit spark: SparkSession): DataFrame = orders.filter("paid")
}
object Main {
  def main(args: Array[String]): Unit = {
    implicit val spark: SparkSession = SparkSession.builder.getOrCreate()
    Sources.paid.count()
  }
}
"#;
    insta::assert_snapshot!(text(&[("job.scala", source)]), @r#"
    program job.scala Main: 0 to 1
      0 -> 1 action count of #1 at 10
    lineage
      #0 read table (table "orders") at 4 via 5, 10
      #1 filter (columns paid) of #0 at 5 via 10
    "#);
}

#[test]
fn lists_of_parameters_are_given_one_by_one() {
    let source = r#"
import org.apache.spark.sql.{DataFrame, SparkSession}
import org.apache.spark.sql.functions._
object Steps {
  def clean()(df: DataFrame): DataFrame = df.dropDuplicates("id")
  def above(column: String, least: Int = 3)(df: DataFrame): DataFrame = df.filter(s"$column > $least")
  def renamed()(df: DataFrame): DataFrame = df.columns.foldLeft(df)((acc, c) => acc.withColumnRenamed(c, c.trim))
}
object Main {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder.getOrCreate()
    spark.table("t").transform(Steps.clean()).transform(Steps.above("price")).transform(Steps.renamed()).count()
  }
}
"#;
    insta::assert_snapshot!(section(&[("job.scala", source)], "lineage"), @r#"
    lineage
      #0 read table (table "t") at 12
      #1 distinct dropDuplicates (columns id; keys id) of #0 at 5 via 12
      #2 filter (columns price; literals 3) of #1 at 6 via 12
      #3 phi of #2, #4
      #4 project withColumnRenamed (names and literals open) of #3 at 7 via 7, 12
    "#);
}

#[test]
fn classes_inherit_in_the_order_of_their_language() {
    let source = r#"
class Base:
    def run(self):
        spark.table("base").count()
class Left(Base):
    def run(self):
        spark.table("left").count()
        super().run()
class Right(Base):
    def run(self):
        spark.table("right").count()
        super().run()
class Both(Left, Right):
    pass
Both().run()
"#;
    insta::assert_snapshot!(section(&[("job.py", source)], "program"), @r"
    program job.py: 0 to 3
      0 -> 1 action count of #0 at 7 via 15
      1 -> 2 action count of #1 at 11 via 8, 15
      2 -> 3 action count of #2 at 4 via 12, 8, 15
    ");
}

/// The first dataset that a program reads, with what its settings say.
fn read_by(source: &str, data: &[DataFile]) -> String {
    let program = grammars::lower(Language::Python, source);
    let file = EvaluationFile { path: "jobs/run.py", program: &program };
    let evaluation = evaluate_with(&[file], data, &Limits::default());
    let node = evaluation.nodes.first().expect("a dataset");
    let path = node.features.paths.first().expect("a path");
    path.to_string()
}

fn settings(path: &str, input: &str) -> DataFile {
    let input = Data::Map(vec![("input".to_owned(), Data::Text(input.to_owned()))]);
    DataFile { path: path.to_owned(), data: input }
}

#[test]
fn settings_are_read_from_the_file_that_the_source_names() {
    let source = "import json\nwith open('conf/day.json') as f:\n    settings = json.load(f)\nspark.read.parquet(settings['input']).count()\n";
    let files =
        [settings("jobs/conf/day.json", "/in/day"), settings("jobs/conf/night.json", "/in/night")];
    assert_eq!(read_by(source, &files), "/in/day");
    // Another file of that name could be meant as well.
    let more = [files[0].clone(), settings("old/conf/day.json", "/in/old")];
    assert_eq!(read_by(source, &more), "*");
}

#[test]
fn a_file_that_the_command_line_names_is_the_only_one_below_the_program() {
    let source = "import sys, yaml\nfrom types import SimpleNamespace\nsettings = SimpleNamespace(**yaml.safe_load(open(sys.argv[1])))\nspark.read.parquet(f'{settings.input}/orders').count()\n";
    let own = settings("jobs/settings.yaml", "/in");
    assert_eq!(
        read_by(source, &[own.clone(), settings("other/settings.yaml", "/other")]),
        "/in/orders"
    );
    assert_eq!(read_by(source, &[own, settings("jobs/test.yaml", "/test")]), "*/orders");
    assert_eq!(read_by(source, &[]), "*/orders");
}
