//! Typing in one place of a text: with each key the program is the one of a cold start.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use grammars::Document;
use program::{Language, TextRange};
use proptest::prelude::*;

/// Jobs with functions, classes, loops and views, one after the other.
fn text(language: Language) -> String {
    match language {
        Language::Python => [
            include_str!("twins/01-read-filter-write.py"),
            include_str!("twins/05-loops.py"),
            SHARED_PYTHON,
            include_str!("../../examples/orders/orders.py"),
            include_str!("twins/05-loops.py"),
        ]
        .concat(),
        Language::Scala => [
            include_str!("../../examples/orders/Orders.scala"),
            SHARED_SCALA,
            include_str!("twins/05-loops.scala"),
            include_str!("twins/05-loops.scala"),
        ]
        .concat(),
    }
}

const SHARED_PYTHON: &str = "\nfrom pyspark.sql import SparkSession, functions as F\n\nspark = SparkSession.builder.getOrCreate()\norders = spark.table('orders')\n\ndef kept(df, names):\n    df.cache()\n    return other(df.join(names, 'id'))\n\ndef other(df):\n    return df.filter('x > 1')\n\nclass Store:\n    limit = 3\n    few = orders.limit(limit)\n\n    def __init__(self, df):\n        self.df = df\n\n    def rows(self):\n        return self.df.collect()\n\nnames = spark.table('names')\nprint(names)\nnames.count()\norders.createOrReplaceTempView('o')\njoined = spark.sql('select * from o where x = 1')\nboth = kept(orders, names)\nfor day in range(3):\n    both = both.withColumn(str(day), F.lit(day))\nif joined:\n    both = joined\nboth.show()\nstore = Store(both)\nstore.rows()\nparts = [spark.table(n) for n in ('a', 'b')]\nparts[0].count()\n\ndef last():\n    return both.rdd.map(lambda row: (row.id, 1)).groupByKey()\n\nlast().collect()\nStore.few.count()\n";

const SHARED_SCALA: &str = "\nobject Shared {\n  val session = SparkSession.builder().getOrCreate()\n  val orders = session.table(\"orders\")\n  def kept(df: DataFrame, names: DataFrame) = other(df.join(names, \"id\"))\n  def other(df: DataFrame) = df.filter(\"x > 1\")\n}\n\nclass Store(df: DataFrame, limit: Int) {\n  import df.sparkSession.implicits._\n  private val few = df.limit(limit)\n  def rows = few.collect()\n  def both(other: DataFrame) = df.union(other).groupBy($\"id\").count()\n}\n\nobject Last {\n  val names = Shared.session.table(\"names\")\n  val joined = Shared.kept(Shared.orders, names)\n  names.createOrReplaceTempView(\"n\")\n  Shared.session.sql(\"select * from n\").collect()\n  for (day <- 1 to 3) joined.filter(s\"day = $day\").count()\n  new Store(joined, 3).both(names).rdd.groupBy(_.getInt(0)).collect()\n}\n";

/// What is typed or pasted.
const PIECES: [&str; 40] = [
    "",
    "x",
    " ",
    "\n",
    ".",
    "(",
    ")",
    "unknown_name",
    "'",
    "\"",
    "# ",
    "// ",
    "1",
    ".limit(5)",
    ".collect()",
    ".count()\n",
    ".rdd",
    "df",
    "names",
    "both",
    "orders",
    "\nprint(names)\n",
    "\nnames.count()\n",
    "\nboth = names\n",
    "\nboth = kept(names, orders)\n",
    "\nkept(orders, 1)\n",
    "\norders = 3\n",
    "\nother(spark)\n",
    "\nnames.createOrReplaceTempView('o')\n",
    "\nspark.sql('select * from o').count()\n",
    "\nfor i in range(2):\n    names = names.union(orders)\n",
    "\nif names:\n    both = orders\n",
    "\nf = lambda df: df.count()\nf(orders)\n",
    "\ndef other(df):\n    return df.limit(3)\n",
    "\nself.df = names\n",
    "\nimport orders\n",
    "\nfrom pyspark.sql.functions import *\n",
    "\n  val more = orders.union(names)\n  more.count()\n",
    "\n  def other(df: DataFrame) = df.limit(3)\n",
    "\nval names = Shared.orders\n",
];

/// One key: where from the last on, what goes, what comes.
#[derive(Debug, Clone)]
struct Key {
    drift: i64,
    gone: u32,
    piece: usize,
}

fn key() -> impl Strategy<Value = Key> {
    let drift = prop_oneof![8 => Just(0_i64), 3 => -30..30_i64, 1 => -2000..2000_i64];
    let gone = prop_oneof![5 => Just(0_u32), 3 => 1..4_u32, 2 => 4..60_u32];
    (drift, gone, 0..PIECES.len()).prop_map(|(drift, gone, piece)| Key { drift, gone, piece })
}

/// The closest boundary of characters at or before a place.
fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&it| text.is_char_boundary(it)).unwrap_or_default()
}

/// Types, and holds the program after each key to the one of a cold start. What is typed is sometimes taken back.
fn typed(language: Language, at: f64, keys: &[(Key, bool)]) -> Result<(), TestCaseError> {
    let mut document = Document::new(language, &text(language)).to_be_edited();
    let _ = document.program();
    let mut place = (at * document.text().len() as f64) as i64;
    let hold = |document: &Document| {
        let text = document.text();
        prop_assert_eq!(document.program(), grammars::lower(language, text), "{}", text);
        Ok(())
    };
    for (key, taken_back) in keys {
        let before = document.text().to_string();
        place = (place + key.drift).clamp(0, before.len() as i64);
        let start = boundary(&before, place as usize);
        let end = boundary(&before, start + key.gone as usize).max(start);
        let piece = PIECES[key.piece];
        document.edit(TextRange::new(start as u32, end as u32), piece);
        hold(&document)?;
        if *taken_back {
            let range = TextRange::new(start as u32, (start + piece.len()) as u32);
            document.edit(range, &before[start..end]);
            hold(&document)?;
        }
    }
    Ok(())
}

fn cases() -> u32 {
    std::env::var("STAGELIGHT_TYPING_CASES").ok().and_then(|it| it.parse().ok()).unwrap_or(24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_key_leaves_the_program_of_a_cold_start(
        scala in any::<bool>(),
        at in 0.0..1.0,
        keys in prop::collection::vec((key(), any::<bool>()), 1..16),
    ) {
        typed(if scala { Language::Scala } else { Language::Python }, at, &keys)?;
    }
}

#[test]
fn an_edit_that_takes_spark_away_takes_away_what_was_known_of_it() {
    let text = "val q = spark.table(\"t\")\nq.collect()\nimport org.apache.spark.sql.Row\n";
    let mut document = Document::new(Language::Scala, text).to_be_edited();
    let _ = document.program();
    let package = text.find("spark.sql").unwrap() as u32;
    for (gone, key) in [(0, "x"), (1, ""), (5, "x"), (1, "spark")] {
        document.edit(TextRange::new(package, package + gone), key);
        let cold = grammars::lower(Language::Scala, document.text());
        assert_eq!(document.program(), cold, "{}", document.text());
    }
}
