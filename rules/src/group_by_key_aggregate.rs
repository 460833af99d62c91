//! `group-by-key-aggregate`: an RDD's `groupByKey` whose only use reduces each group to one value.

use analysis::{Applicability, Edit, Finding, Fix, RuleContext, Run, Verdict, declare_rule, units};
use program::{
    Argument, Call, CallId, Confidence, Expression, Language, Origin, ResultUse, TextRange, Type, ValueId,
};

use crate::plan;

declare_rule! {
    /// `groupByKey` on an RDD whose groups are only summed, counted or otherwise reduced
    ///
    /// ## Why is this bad?
    ///
    /// `groupByKey` sends every single value over the network to the executor that owns its key, and holds all values of a key in memory
    /// there. If all that is wanted of a group is its sum, each machine could have added up its own values first and sent one number
    /// for each key. That is what `reduceByKey` does: less data moves, and a frequent key no longer fills one executor's memory.
    ///
    /// ## Examples
    ///
    /// ```python bad
    /// from pyspark.sql import SparkSession
    ///
    /// sc = SparkSession.builder.getOrCreate().sparkContext
    /// words = sc.textFile("books").flatMap(lambda line: line.split())
    /// counts = words.map(lambda word: (word, 1)).groupByKey().mapValues(sum)
    /// ```
    ///
    /// ```python good
    /// from pyspark.sql import SparkSession
    ///
    /// sc = SparkSession.builder.getOrCreate().sparkContext
    /// words = sc.textFile("books").flatMap(lambda line: line.split())
    /// counts = words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b)
    /// ```
    ///
    /// ```scala bad
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val sc = SparkSession.builder().getOrCreate().sparkContext
    /// val words = sc.textFile("books").flatMap(line => line.split(" "))
    /// val counts = words.map(word => (word, 1)).groupByKey().mapValues(_.sum)
    /// ```
    ///
    /// ```scala good
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val sc = SparkSession.builder().getOrCreate().sparkContext
    /// val words = sc.textFile("books").flatMap(line => line.split(" "))
    /// val counts = words.map(word => (word, 1)).reduceByKey(_ + _)
    /// ```
    ///
    /// ## For experts
    ///
    /// `groupByKey` is `combineByKeyWithClassTag` with `mapSideCombine = false`: shuffle records written equal the records that came in.
    /// `reduceByKey` combines on the map side, so that a map task writes at most one record for each key. A run confirms the finding by the
    /// bytes of the shuffle between the call's stages. With nearly unique keys there is nothing to combine, and the gain is only the
    /// memory of the groups.
    ///
    /// ## Fix safety
    ///
    /// Counting a group's values (`len`, `_.size`) becomes `mapValues(_ => 1).reduceByKey(_ + _)`: integers add up to the same number in
    /// any order, the default partitioner is the same, and the number of partitions is kept. This fix is safe. (The order of records
    /// within a partition is not part of an RDD's contract and may differ.)
    ///
    /// The others are unsafe. Sums and products of floating-point numbers depend on the order of the operations; Python's `sum` begins with 0, so
    /// that values which cannot be added to it fail in one form only; `max` and `min` of values that compare equal but differ
    /// (`1` and `1.0`) may keep another one; and a function given to `reduce` must be associative and commutative.
    ///
    /// ## Known problems
    ///
    /// Averages (`sum(v) / len(v)`) can be reduced as well, but not by rewriting one call, and are not reported. Neither is a function of the file that
    /// computes more than one expression.
    pub(crate) static GROUP_BY_KEY_AGGREGATE = {
        id: "group-by-key-aggregate",
        category: Algorithm,
        severity: Warning,
        tier: One,
        languages: [Python, Scala],
        evidence: Refines,
        fix: Safe,
        since: "0.1.0",
        check: check,
        verdict: Some(verdict),
    }
}

/// What is made of a group's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reduction {
    Sum,
    Size,
    Max,
    Min,
    Product,
    Reduce,
}

impl Reduction {
    fn of(function: &str) -> Option<Self> {
        Some(match function {
            "sum" => Reduction::Sum,
            "size" => Reduction::Size,
            "max" => Reduction::Max,
            "min" => Reduction::Min,
            "product" => Reduction::Product,
            "reduce" => Reduction::Reduce,
            _ => return None,
        })
    }

    fn what_is_kept(self) -> &'static str {
        match self {
            Reduction::Sum => "their sum",
            Reduction::Size => "their number",
            Reduction::Max => "the largest",
            Reduction::Min => "the smallest",
            Reduction::Product => "their product",
            Reduction::Reduce => "one combined value",
        }
    }
}

fn check(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    for (id, call) in ctx.program.calls_with_ids() {
        let is_grouping = call.method == "groupByKey"
            && call.receiver_type == Type::Rdd
            && call.confidence > Confidence::Guessed;
        if !is_grouping {
            continue;
        }
        let Some(groups) = call.result else { continue };
        let Some((consumer, reducing)) = only_consumer(ctx, groups) else { continue };
        let Some(reduction) = reduction(ctx, reducing) else { continue };
        let message =
            format!("`groupByKey` shuffles every value although only {} is kept", reduction.what_is_kept());
        let help = "combine values before the shuffle with `reduceByKey`";
        let mut finding = GROUP_BY_KEY_AGGREGATE.at_call(ctx, id, message, help);
        if call.result_use == ResultUse::Receiver(consumer) {
            finding.fixes.extend(fix(ctx, call, reducing, reduction));
        }
        findings.push(finding);
    }
}

/// The one call that uses `groups`, if nothing else does and nothing keeps them.
fn only_consumer<'a>(ctx: &RuleContext<'a>, groups: ValueId) -> Option<(CallId, &'a Call)> {
    let program = ctx.program;
    let mut users = program.calls_with_ids().filter(|(id, _)| program.inputs(*id).contains(&groups));
    let only = users.next()?;
    let kept = users.next().is_some()
        || program.values.iter().any(|value| match &value.origin {
            Origin::Merge(values) => values.contains(&groups),
            Origin::Loop { entry, carried } => *entry == groups || *carried == Some(groups),
            _ => false,
        })
        || program.functions.iter().any(|function| mentions(&function.returns, groups))
        || program.bindings.iter().any(|binding| binding.value == groups && binding.name.contains('.'));
    let on_groups = only.1.receiver.is_some_and(|receiver| receiver.value == groups);
    (on_groups && !kept).then_some(only)
}

fn mentions(expression: &Expression, value: ValueId) -> bool {
    let mut found = false;
    expression.walk(&mut |it| found |= *it == Expression::Value(value));
    found
}

/// What `mapValues(f)`, or `map(f)` that keeps the key, makes of a group.
fn reduction(ctx: &RuleContext<'_>, call: &Call) -> Option<Reduction> {
    let [argument] = call.arguments.as_slice() else { return None };
    // A comparison key or a default is not among what the model keeps of a local call.
    let text = argument.range.of(ctx.text);
    if ["key=", "key =", "default=", "default =", "start=", "start ="].iter().any(|it| text.contains(it)) {
        return None;
    }
    let Expression::Function(function) = argument.value else { return None };
    let returns = &ctx.program.functions[function.index()].returns;
    let values = Expression::Parameter(0);
    match (call.method.as_str(), returns) {
        ("mapValues", applied) => reduction_of(applied, &values),
        ("map", Expression::List(items)) => match items.as_slice() {
            [key, applied] if *key == Expression::Item(Box::new(values.clone()), 0) => {
                reduction_of(applied, &Expression::Item(Box::new(values), 1))
            }
            _ => None,
        },
        _ => None,
    }
}

fn reduction_of(applied: &Expression, values: &Expression) -> Option<Reduction> {
    let Expression::Apply { function, arguments } = applied else { return None };
    let reduction = Reduction::of(function)?;
    let of_values = |expression: &Expression| match expression {
        Expression::Apply { function, arguments } => {
            matches!(function.as_str(), "list" | "toList" | "toSeq" | "toArray" | "toVector")
                && arguments.as_slice() == std::slice::from_ref(values)
        }
        other => other == values,
    };
    let fits = match (reduction, arguments.as_slice()) {
        // Python names the function first, Scala the values; a third argument is where the reduction begins.
        (Reduction::Reduce, [left, right]) => of_values(left) != of_values(right),
        (Reduction::Reduce, _) => false,
        (_, [only]) => of_values(only),
        _ => false,
    };
    fits.then_some(reduction)
}

fn fix(ctx: &RuleContext<'_>, grouping: &Call, reducing: &Call, reduction: Reduction) -> Option<Fix> {
    let language = ctx.program.language;
    let partitions = partitions(ctx, grouping)?;
    let function = match (reduction, language) {
        (Reduction::Sum | Reduction::Size, Language::Python) => "lambda a, b: a + b".to_owned(),
        (Reduction::Sum | Reduction::Size, Language::Scala) => "_ + _".to_owned(),
        (Reduction::Product, Language::Python) => "lambda a, b: a * b".to_owned(),
        (Reduction::Product, Language::Scala) => "_ * _".to_owned(),
        (Reduction::Max, Language::Python) => "max".to_owned(),
        (Reduction::Max, Language::Scala) => "_ max _".to_owned(),
        (Reduction::Min, Language::Python) => "min".to_owned(),
        (Reduction::Min, Language::Scala) => "_ min _".to_owned(),
        (Reduction::Reduce, Language::Python) => return None,
        (Reduction::Reduce, Language::Scala) => {
            let text = reducing.arguments.first()?.range.of(ctx.text);
            text.strip_prefix("_.reduce(")?.strip_suffix(')')?.to_owned()
        }
    };
    let reduce = format!("reduceByKey({function}{partitions})");
    let group_text = TextRange::new(grouping.name_range.start, grouping.range.end);
    let reducing_text = TextRange::new(reducing.name_range.start, reducing.range.end);
    let between = TextRange::new(grouping.range.end, reducing.name_range.start).of(ctx.text);
    if !between.chars().all(|it| it.is_whitespace() || matches!(it, '.' | '\\')) {
        // Something that a fix would lose, such as a comment.
        return None;
    }
    let (title, applicability, edits) = if reduction == Reduction::Size {
        let ones = match language {
            Language::Python => "mapValues(lambda _: 1)",
            Language::Scala => "mapValues(_ => 1)",
        };
        let edits = vec![
            Edit { range: group_text, replacement: ones.to_owned() },
            Edit { range: reducing_text, replacement: reduce },
        ];
        ("Count with `reduceByKey`", Applicability::Safe, edits)
    } else {
        let rest = TextRange::new(grouping.range.end, reducing.range.end);
        let edits = vec![
            Edit { range: group_text, replacement: reduce },
            Edit { range: rest, replacement: String::new() },
        ];
        ("Combine with `reduceByKey`", Applicability::Unsafe, edits)
    };
    Some(Fix { title: title.to_owned(), applicability, edits })
}

/// The arguments of `groupByKey` as further arguments of `reduceByKey`; none where they would have to stand elsewhere.
fn partitions(ctx: &RuleContext<'_>, grouping: &Call) -> Option<String> {
    let written = |argument: &Argument| {
        let value = argument.range.of(ctx.text);
        match &argument.name {
            Some(name) => format!(", {name}={value}"),
            None => format!(", {value}"),
        }
    };
    match (ctx.program.language, grouping.arguments.as_slice()) {
        (_, []) => Some(String::new()),
        (Language::Python, arguments) => Some(arguments.iter().map(written).collect()),
        // A partitioner comes before the function, and what a name stands for is not known.
        (Language::Scala, [only]) if only.name.is_none() => {
            only.value.as_integer().map(|count| format!(", {count}"))
        }
        (Language::Scala, _) => None,
    }
}

fn verdict(ctx: &RuleContext<'_>, finding: &Finding, run: &Run) -> Verdict {
    let Some(cost) = finding.call.and_then(|call| plan::certain_cost(ctx, run, call)) else {
        return Verdict::Unmeasured;
    };
    if cost.stages.is_empty() {
        return Verdict::Unmeasured;
    }
    // What one of its stages writes for another is its shuffle; a stage may write a later one as well.
    let own = |id: u64| cost.stages.contains(&id);
    let stages = || run.profile.stages.iter().filter(|stage| own(stage.stage_id));
    let read_by_own = |id: u64| stages().any(|stage| stage.parent_ids.contains(&id));
    let (between, records) = stages()
        .filter(|stage| read_by_own(stage.stage_id))
        .map(|stage| (stage.metrics.shuffle_write_bytes, stage.metrics.shuffle_write_records))
        .fold((0, 0), |sum: (u64, u64), it| (sum.0 + it.0, sum.1 + it.1));
    let bytes = if between > 0 { between } else { cost.shuffle_write_bytes.max(cost.shuffle_read_bytes) };
    let task_time_ms = cost.task_time_ms;
    // Nothing combines values before the shuffle: each of them is a record of it.
    let records = match records {
        0 => String::new(),
        many => format!("{}, ", units::counted(many, "record")),
    };
    let text = format!(
        "shuffled {records}{} in {}, {} of task time",
        units::bytes(bytes),
        units::counted(cost.stages.len() as u64, "stage"),
        units::duration_ms(task_time_ms)
    );
    let matters = bytes >= ctx.thresholds.shuffle_bytes
        && run.per_mille(task_time_ms) >= ctx.thresholds.share_per_mille;
    if matters {
        Verdict::Confirmed { text, task_time_ms, saving_ms: None, remedy: Vec::new() }
    } else {
        Verdict::Refuted { text, task_time_ms }
    }
}

#[cfg(test)]
mod tests {
    use analysis::Applicability;

    use super::GROUP_BY_KEY_AGGREGATE as RULE;
    use crate::testing::{check, check_fix, check_measured, check_no_fix, refuted};

    #[test]
    fn values_are_reduced() {
        check(
            &RULE,
            r#"
//- /job.py
from functools import reduce
from pyspark import SparkContext
pairs = SparkContext().textFile("log").map(lambda line: (line[:4], len(line)))
pairs.groupByKey().mapValues(sum).collect()
#     ^^^^^^^^^^ warning: `groupByKey` shuffles every value although only their sum is kept
pairs.groupByKey(8).mapValues(lambda vs: max(vs)).collect()
#     ^^^^^^^^^^ warning: `groupByKey` shuffles every value although only the largest is kept
pairs.groupByKey().map(lambda kv: (kv[0], len(kv[1]))).collect()
#     ^^^^^^^^^^ warning: `groupByKey` shuffles every value although only their number is kept
pairs.groupByKey().mapValues(lambda vs: len(list(vs))).collect()
#     ^^^^^^^^^^ warning: `groupByKey` shuffles every value although only their number is kept
pairs.groupByKey().mapValues(lambda vs: reduce(lambda a, b: a | b, vs)).collect()
#     ^^^^^^^^^^ warning: `groupByKey` shuffles every value although only one combined value is kept
groups = pairs.groupByKey()
#              ^^^^^^^^^^ warning: `groupByKey` shuffles every value although only the smallest is kept
groups.mapValues(min).collect()
//- /Job.scala
import org.apache.spark.SparkContext
object Job {
  def main(args: Array[String]): Unit = {
    val pairs = new SparkContext().textFile("log").map(line => (line.take(4), line.length))
    pairs.groupByKey().mapValues(_.sum).collect()
//        ^^^^^^^^^^ warning: `groupByKey` shuffles every value although only their sum is kept
    pairs.groupByKey(8).mapValues(values => values.max).collect()
//        ^^^^^^^^^^ warning: `groupByKey` shuffles every value although only the largest is kept
    pairs.groupByKey.map { case (k, vs) => (k, vs.size) }.collect()
//        ^^^^^^^^^^ warning: `groupByKey` shuffles every value although only their number is kept
    pairs.groupByKey().map(kv => (kv._1, kv._2.product)).collect()
//        ^^^^^^^^^^ warning: `groupByKey` shuffles every value although only their product is kept
    pairs.groupByKey().mapValues(_.reduce(_ | _)).collect()
//        ^^^^^^^^^^ warning: `groupByKey` shuffles every value although only one combined value is kept
  }
}
"#,
        );
    }

    #[test]
    fn groups_that_are_kept_are_right() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark import SparkContext
pairs = SparkContext().textFile("log").map(lambda line: (line[:4], line))
pairs.groupByKey().mapValues(list).collect()
pairs.groupByKey().mapValues(sorted).collect()
pairs.groupByKey().mapValues(lambda vs: sorted(vs)[:10]).collect()
pairs.groupByKey().mapValues(lambda vs: len(set(vs))).collect()
pairs.groupByKey().mapValues(lambda vs: max(vs, key=len)).collect()
pairs.groupByKey().map(lambda kv: (kv[0], sum(kv[1]) / len(kv[1]))).collect()
pairs.groupByKey().map(lambda kv: (kv[1], len(kv[0]))).collect()
pairs.groupByKey().flatMap(lambda kv: kv[1]).collect()
//- /Job.scala
import org.apache.spark.SparkContext
object Job {
  def main(args: Array[String]): Unit = {
    val pairs = new SparkContext().textFile("log").map(line => (line.take(4), line))
    pairs.groupByKey().mapValues(_.toList).collect()
    pairs.groupByKey().mapValues(_.toSeq.sorted).collect()
    pairs.groupByKey().mapValues(_.take(10)).collect()
    pairs.groupByKey().mapValues(_.toSet.size).collect()
    pairs.groupByKey().mapValues(_.maxBy(_.length)).collect()
    pairs.groupByKey().map { case (k, vs) => (vs, k.size) }.collect()
    pairs.groupByKey().mapValues(_.foldLeft("")(_ + _)).collect()
  }
}
"#,
        );
    }

    #[test]
    fn groups_that_are_used_twice_are_right() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark import SparkContext
pairs = SparkContext().textFile("log").map(lambda line: (line[:4], 1))
groups = pairs.groupByKey()
sums = groups.mapValues(sum)
lists = groups.mapValues(list)

def grouped(pairs):
    groups = pairs.groupByKey()
    groups.mapValues(len).collect()
    return groups

class Report:
    def load(self, pairs):
        self.groups = pairs.groupByKey()
        self.sums = self.groups.mapValues(sum)

grouped(pairs)
Report().load(pairs)
//- /Job.scala
import org.apache.spark.SparkContext
object Job {
  def main(args: Array[String]): Unit = {
    val pairs = new SparkContext().textFile("log").map(line => (line.take(4), 1))
    val groups = pairs.groupByKey()
    groups.mapValues(_.sum).collect()
    groups.mapValues(_.toList).saveAsTextFile("groups")
  }
}
"#,
        );
    }

    #[test]
    fn others_of_that_name_are_not_meant() {
        check(
            &RULE,
            r#"
//- /job.py
import itertools
from mylib import Table

def report(table, events):
    table.groupByKey().mapValues(sum)
    Table("t").groupByKey().mapValues(len)
    return {k: sum(v) for k, v in itertools.groupby(events)}
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  case class Event(day: String, amount: Long)
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    import spark.implicits._
    val events = spark.read.parquet("events").as[Event]
    events.groupByKey(_.day).mapGroups((day, rows) => (day, rows.size)).show()
    events.groupByKey(_.day).mapValues(_.amount).reduceGroups(_ + _).show()
    List(1 -> 2).groupBy(_._1).mapValues(_.size)
  }
}
"#,
        );
    }

    #[test]
    fn counting_has_a_safe_fix() {
        check_fix(
            &RULE,
            0,
            Applicability::Safe,
            r#"
//- /job.py
from pyspark import SparkContext
pairs = SparkContext().textFile("log").map(lambda line: (line[:4], line))
counts = (
    pairs
    .groupByKey(numPartitions=8)
    .mapValues(len)
)
//- /Job.scala
import org.apache.spark.SparkContext
object Job {
  val pairs = new SparkContext().textFile("log").map(line => (line.take(4), line))
  val counts = pairs.groupByKey(8).map { case (k, vs) => (k, vs.size) }
}
"#,
            r#"
//- /job.py
from pyspark import SparkContext
pairs = SparkContext().textFile("log").map(lambda line: (line[:4], line))
counts = (
    pairs
    .mapValues(lambda _: 1)
    .reduceByKey(lambda a, b: a + b, numPartitions=8)
)
//- /Job.scala
import org.apache.spark.SparkContext
object Job {
  val pairs = new SparkContext().textFile("log").map(line => (line.take(4), line))
  val counts = pairs.mapValues(_ => 1).reduceByKey(_ + _, 8)
}
"#,
        );
    }

    #[test]
    fn other_reductions_have_an_unsafe_fix() {
        check_fix(
            &RULE,
            0,
            Applicability::Unsafe,
            r#"
//- /sum.py
from pyspark import SparkContext
pairs = SparkContext().textFile("log").map(lambda line: (line[:4], 1))
sums = pairs \
    .groupByKey(8) \
    .mapValues(sum) \
    .collect()
//- /max.py
from pyspark import SparkContext
pairs = SparkContext().textFile("log").map(lambda line: (line[:4], 1))
pairs.groupByKey().mapValues(lambda vs: max(vs)).collect()
//- /Sum.scala
import org.apache.spark.SparkContext
object Job {
  val pairs = new SparkContext().textFile("log").map(line => (line.take(4), 1))
  val sums = pairs
    .groupByKey
    .mapValues(_.sum)
    .collect()
}
//- /Reduce.scala
import org.apache.spark.SparkContext
object Job {
  val pairs = new SparkContext().textFile("log").map(line => (line.take(4), 1))
  val sums = pairs.groupByKey().mapValues(_.reduce(_ | _))
}
"#,
            r#"
//- /sum.py
from pyspark import SparkContext
pairs = SparkContext().textFile("log").map(lambda line: (line[:4], 1))
sums = pairs \
    .reduceByKey(lambda a, b: a + b, 8) \
    .collect()
//- /max.py
from pyspark import SparkContext
pairs = SparkContext().textFile("log").map(lambda line: (line[:4], 1))
pairs.reduceByKey(max).collect()
//- /Sum.scala
import org.apache.spark.SparkContext
object Job {
  val pairs = new SparkContext().textFile("log").map(line => (line.take(4), 1))
  val sums = pairs
    .reduceByKey(_ + _)
    .collect()
}
//- /Reduce.scala
import org.apache.spark.SparkContext
object Job {
  val pairs = new SparkContext().textFile("log").map(line => (line.take(4), 1))
  val sums = pairs.reduceByKey(_ | _)
}
"#,
        );
    }

    #[test]
    fn what_a_fix_would_lose_has_none() {
        check_no_fix(
            &RULE,
            r#"
//- /comment.py
from pyspark import SparkContext
pairs = SparkContext().textFile("log").map(lambda line: (line[:4], 1))
sums = (
    pairs.groupByKey()
    # All of them.
    .mapValues(sum)
)
//- /named.py
from pyspark import SparkContext
pairs = SparkContext().textFile("log").map(lambda line: (line[:4], 1))
groups = pairs.groupByKey()
sums = groups.mapValues(sum)
//- /Partitioner.scala
import org.apache.spark.SparkContext
object Job {
  val pairs = new SparkContext().textFile("log").map(line => (line.take(4), 1))
  val sums = pairs.groupByKey(partitioner).mapValues(_.sum)
}
"#,
        );
    }

    const MEASURED: &str = r#"
//- /job.py
from pyspark import SparkContext
pairs = SparkContext().textFile("log").map(lambda line: (line[:4], 1))
pairs.groupByKey().mapValues(sum).collect()
"#;

    #[test]
    fn a_run_confirms_by_shuffled_bytes() {
        check_measured(
            &RULE,
            r#"
//- /job.py
from pyspark import SparkContext
pairs = SparkContext().textFile("log").map(lambda line: (line[:4], 1))
pairs.groupByKey().mapValues(sum).collect()
#     ^^^^^^^^^^ warning: `groupByKey` shuffles every value although only their sum is kept (confirmed: shuffled 118 MiB in 2 stages, 31 s of task time)
"#,
            |run| {
                run.stage(1, 20_000).metrics.shuffle_write_bytes = 118 << 20;
                let second = run.stage(2, 11_000);
                second.parent_ids = vec![1];
                // A later shuffle is not this one's.
                second.metrics.shuffle_write_bytes = 5 << 30;
                run.site("groupByKey", 0, |cost| {
                    cost.stages = vec![1, 2];
                    cost.task_time_ms = 31_000;
                });
            },
        );
    }

    #[test]
    fn a_run_refutes_by_shuffled_bytes() {
        let texts = refuted(&RULE, MEASURED, |run| {
            run.stage(1, 90).metrics.shuffle_write_bytes = 3 << 10;
            run.stage(2, 30).parent_ids = vec![1];
            run.site("groupByKey", 0, |cost| {
                cost.stages = vec![1, 2];
                cost.task_time_ms = 120;
            });
        });
        assert_eq!(texts, ["shuffled 3 KiB in 2 stages, 120 ms of task time"]);
    }

    #[test]
    fn a_run_that_did_not_reach_it_says_nothing() {
        check_measured(
            &RULE,
            r#"
//- /job.py
from pyspark import SparkContext
pairs = SparkContext().textFile("log").map(lambda line: (line[:4], 1))
pairs.groupByKey().mapValues(sum).collect()
#     ^^^^^^^^^^ warning: `groupByKey` shuffles every value although only their sum is kept
"#,
            |run| {
                run.stage(1, 90);
            },
        );
    }
}
