//! `udf-for-builtin`: a user-defined function that does what Spark's own functions do.

use std::collections::{BTreeMap, BTreeSet};

use analysis::{
    Applicability, Edit, Finding, Fix, PlanNode, RuleContext, Run, SqlExecution, Verdict,
    declare_rule, units,
};
use program::driver::ExpressionKind;
use program::{
    Call, CallId, Confidence, Expression, FunctionId, Language, Program, ResultUse, TextRange,
    Type, ValueId,
};

use crate::builtins::{self, Computed, Definitions, Kind, Translation};
use crate::plan;

declare_rule! {
    /// A user-defined function that only does what Spark's own functions do
    ///
    /// ## Why is this bad?
    ///
    /// Spark cannot see into a user-defined function. A filter on its result is not pushed into the scan, and no code is generated for it. In Python it costs more:
    /// every row is encoded, sent to a Python process, and its result is sent back. Spark's own functions do the same work inside the engine.
    ///
    /// ## Examples
    ///
    /// ```python bad
    /// from pyspark.sql import SparkSession, functions as F
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// shout = F.udf(lambda name: name.upper() if name is not None else None)
    /// spark.table("customers").select(shout("name")).write.parquet("out")
    /// ```
    ///
    /// ```python good
    /// from pyspark.sql import SparkSession, functions as F
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// spark.table("customers").select(F.upper("name")).write.parquet("out")
    /// ```
    ///
    /// ```scala bad
    /// import org.apache.spark.sql.SparkSession
    /// import org.apache.spark.sql.functions._
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val shout = udf((name: String) => name.toUpperCase)
    /// spark.table("customers").select(shout(col("name"))).write.parquet("out")
    /// ```
    ///
    /// ```scala good
    /// import org.apache.spark.sql.SparkSession
    /// import org.apache.spark.sql.functions._
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// spark.table("customers").select(upper(col("name"))).write.parquet("out")
    /// ```
    ///
    /// ## For experts
    ///
    /// A Python function is a `BatchEvalPython` (or `ArrowEvalPython`) of its own in the plan, which ends code generation and keeps filters above it; a Scala function is a `ScalaUDF`
    /// expression that the optimiser treats as a black box. The run confirms the finding where the Python workers that ran this function took at
    /// least a second (Spark 4 counts it: `time to run Python workers`), and refutes it below; before Spark 4, where all stages that ran it took
    /// less than a second together. A log tells nothing of a Scala function's own time.
    ///
    /// ## Fix safety
    ///
    /// The forms differ where there is null, for which a function of Python fails and a column is null, and in details: `strip` removes any
    /// white space and `trim` only blanks, `int("x")` fails and a cast is null or fails by the ANSI mode, and the two know different versions of Unicode. The
    /// fix is offered where the declared type is the one that the column has.
    ///
    /// ## Known problems
    ///
    /// Only functions of one expression are recognised, with conditions and local names in between: methods of texts, arithmetic and comparisons, conversions,
    /// tests for null, choices, and some functions of `math` and `datetime`; `replace` as a function of columns exists since Spark 3.5. Functions that are vectorised (`pandas_udf`) are not looked at.
    pub(crate) static UDF_FOR_BUILTIN = {
        id: "udf-for-builtin",
        category: Algorithm,
        severity: Warning,
        tier: One,
        languages: [Python, Scala],
        evidence: Refines,
        fix: Unsafe,
        since: "0.1.0",
        check: check,
        verdict: Some(verdict),
        plan: OnlyBad(&["BatchEvalPython", "Project [UDF"]),
    }
}

fn check(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    if ctx.is_test {
        return;
    }
    let mut known: Option<(Definitions<'_>, Uses<'_>)> = None;
    for (id, call) in ctx.program.calls_with_ids() {
        let Some(function) = defined(call) else { continue };
        let code = &ctx.program.driver;
        let (definitions, uses) =
            &*known.get_or_insert_with(|| (Definitions::of(code), Uses::of(ctx.program)));
        let declared = declared(ctx, call);
        let range = ctx.program.functions[function.index()].range;
        let translated =
            Translation::of(definitions, ctx.text, ctx.program.language, range, declared);
        let Some((computed, parameters)) = translated else { continue };
        let prefix = prefix(ctx, call);
        let written = builtins::written(
            &computed,
            ctx.program.language,
            prefix.as_deref().unwrap_or(match ctx.program.language {
                Language::Python => "F.",
                Language::Scala => "",
            }),
            &parameters,
        );
        let message = format!("this function only does what {} in Spark", named(&computed));
        let help = format!("write `{written}`: Spark runs and optimises it by itself");
        let mut finding = UDF_FOR_BUILTIN.at_call(ctx, id, message, help);
        if let Some(prefix) = prefix {
            finding.fixes.extend(fix(ctx, uses, call, &computed, &parameters, &prefix));
        }
        findings.push(finding);
    }
}

/// The function that `udf(…)` or `spark.udf.register(…)` is given.
fn defined(call: &Call) -> Option<FunctionId> {
    let at = match (call.method.as_str(), call.receiver_type) {
        ("udf", Type::UserDefinedFunction) => 0,
        ("register", _) if call.result.is_some() => 1,
        _ => return None,
    };
    let known = call.confidence > Confidence::Guessed && !call.in_sql;
    match call.arguments.get(at).filter(|_| known)?.value {
        Expression::Function(function) => Some(function),
        _ => None,
    }
}

/// The return type that a Python function is declared with: text where nothing is said.
fn declared(ctx: &RuleContext<'_>, call: &Call) -> Kind {
    if ctx.program.language == Language::Scala {
        return Kind::Unknown;
    }
    let written = return_type(ctx, call);
    written.map_or(Kind::Text, |it| builtins::kind_of(&it))
}

/// `string` of `StringType()`, `T.StringType()` and `"string"`.
fn return_type(ctx: &RuleContext<'_>, call: &Call) -> Option<String> {
    let at = if call.method == "register" { 2 } else { 1 };
    let argument = call
        .arguments
        .iter()
        .find(|it| it.name.as_deref() == Some("returnType"))
        .or_else(|| call.arguments.get(at).filter(|it| it.name.is_none()))?;
    let written = match argument.value.as_text() {
        Some(text) => text.to_owned(),
        None => argument.range.of(ctx.text).to_owned(),
    };
    let name = written.split('(').next().unwrap_or_default().trim();
    Some(name.rsplit('.').next().unwrap_or_default().to_owned())
}

/// What the expression is called in a message.
fn named(computed: &Computed) -> String {
    let mut names = Vec::new();
    builtins::functions(computed, &mut names);
    let quoted: Vec<String> = names.iter().take(3).map(|it| format!("`{it}`")).collect();
    match quoted.as_slice() {
        [] => "operators on columns do".to_owned(),
        [only] => format!("{only} does"),
        [first, second] => format!("{first} and {second} do"),
        _ => format!("{} and others do", quoted.join(", ")),
    }
}

/// What stands before the names of Spark's functions in this file: `F.`, or nothing where all of them are imported.
fn prefix(ctx: &RuleContext<'_>, call: &Call) -> Option<String> {
    let written = TextRange::new(call.range.start, call.name_range.start).of(ctx.text);
    let is_path = |text: &str| text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    if call.method == "udf" && written.ends_with('.') && is_path(written) {
        return Some(written.to_owned());
    }
    ctx.program.imports.iter().find_map(|import| {
        let is_module = |path: &str| matches!(path, "pyspark.sql.functions" | "org.apache.spark.sql.functions");
        match (import.member.as_deref(), import.alias.as_deref()) {
            (None, Some(alias)) if is_module(&import.path) => Some(format!("{alias}.")),
            (Some("functions"), alias) if import.path == "pyspark.sql" => {
                Some(format!("{}.", alias.unwrap_or("functions")))
            }
            (Some("*" | "_"), _) if is_module(&import.path) => Some(String::new()),
            _ => None,
        }
    })
}

/// Puts a function of columns in the place of the user-defined one, where that one is only ever called.
fn fix(
    ctx: &RuleContext<'_>,
    uses: &Uses<'_>,
    call: &Call,
    computed: &Computed,
    parameters: &[(String, Kind)],
    prefix: &str,
) -> Option<Fix> {
    let program = ctx.program;
    let ResultUse::Bound(binding) = call.result_use else { return None };
    let binding = program.bindings.get(binding as usize)?;
    if call.method != "udf" || binding.value_range != call.range || binding.name.contains('.') {
        return None;
    }
    let mut functions = Vec::new();
    builtins::functions(computed, &mut functions);
    // Blanks are not all white space.
    if functions.iter().any(|it| matches!(*it, "trim" | "ltrim" | "rtrim")) {
        return None;
    }
    let direct = match computed {
        Computed::Function(name, parts) => match parts.as_slice() {
            [Computed::Parameter(0)] if parameters.len() == 1 && !name.starts_with("is") => Some(*name),
            _ => None,
        },
        _ => None,
    };
    let replacement = match (program.language, direct) {
        (Language::Python, Some(name)) => format!("{prefix}{name}"),
        (Language::Python, None) => {
            let names: Vec<&str> = parameters.iter().map(|it| it.0.as_str()).collect();
            let body = builtins::written(computed, program.language, prefix, parameters);
            format!("lambda {}: {body}", names.join(", "))
        }
        (Language::Scala, Some(name)) => format!("{prefix}{name} _"),
        (Language::Scala, None) => return None,
    };
    let fits = program.language == Language::Scala || is_declared(ctx, call, computed, parameters);
    let takes_names = direct.is_some() && program.language == Language::Python;
    (fits && uses.is_only_called(&binding.name, takes_names)).then(|| Fix {
        title: "Use Spark's own functions".to_owned(),
        applicability: Applicability::Unsafe,
        edits: vec![Edit { range: call.range, replacement }],
    })
}

/// Whether the declared type is that of the column.
fn is_declared(
    ctx: &RuleContext<'_>,
    call: &Call,
    computed: &Computed,
    parameters: &[(String, Kind)],
) -> bool {
    let written = return_type(ctx, call).unwrap_or_else(|| "string".to_owned());
    let is = |names: &[&str]| names.contains(&written.as_str());
    match computed {
        // Of a list it would be `size`.
        Computed::Function("length", parts) => {
            let of_text = parts.first().is_some_and(|it| builtins::kind(it, parameters) == Kind::Text);
            of_text && is(&["IntegerType", "int", "integer"])
        }
        Computed::Cast(_, "int") => is(&["IntegerType", "int", "integer"]),
        Computed::Cast(_, "double") => is(&["DoubleType", "double"]),
        other => match builtins::kind(other, parameters) {
            Kind::Text => is(&["StringType", "string"]),
            Kind::Boolean => is(&["BooleanType", "boolean"]),
            _ => false,
        },
    }
}

/// What becomes of the names of a file.
struct Uses<'a> {
    /// How often a name is bound to a value of Spark's.
    bound: BTreeMap<&'a str, usize>,
    /// The expressions that a name stands for.
    names: BTreeMap<&'a str, Vec<usize>>,
    /// The expressions that are called, and whether with a text among the arguments.
    called: BTreeMap<usize, bool>,
}

impl<'a> Uses<'a> {
    fn of(program: &'a Program) -> Self {
        let code = &program.driver;
        let mut bound: BTreeMap<&str, usize> = BTreeMap::new();
        for binding in &program.bindings {
            *bound.entry(&binding.name).or_default() += 1;
        }
        let mut names: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut called = BTreeMap::new();
        for (index, expression) in code.expressions.iter().enumerate() {
            match expression.kind {
                ExpressionKind::Name(name) => names.entry(code.name(name)).or_default().push(index),
                ExpressionKind::Call { callee, arguments } => {
                    let with_text = code.arguments_of(arguments).iter().any(|it| {
                        matches!(code.expression(it.value).kind, ExpressionKind::Text(_))
                    });
                    called.insert(callee.index(), with_text);
                }
                _ => {}
            }
        }
        Self { bound, names, called }
    }

    /// Whether a name is nothing but called, with columns (or with names of columns, where the function takes those).
    fn is_only_called(&self, name: &str, takes_names: bool) -> bool {
        self.bound.get(name) == Some(&1)
            && self
                .names
                .get(name)
                .into_iter()
                .flatten()
                .all(|it| self.called.get(it).is_some_and(|with_text| takes_names || !with_text))
    }
}

fn verdict(ctx: &RuleContext<'_>, finding: &Finding, run: &Run) -> Verdict {
    let Some(id) = finding.call else { return Verdict::Unmeasured };
    let program = ctx.program;
    let call = program.call(id);
    let (Some(function), Some(value), Language::Python) =
        (defined(call), call.result, program.language)
    else {
        return Verdict::Unmeasured;
    };
    // A lambda has this name in Python.
    let name = match program.functions[function.index()].name.as_str() {
        "" => "<lambda>",
        name => name,
    };
    let users: Vec<CallId> =
        program.calls_with_ids().filter(|(_, it)| applies(it, value)).map(|it| it.0).collect();
    let mut measured: Option<Measured> = None;
    let mut told: BTreeSet<u64> = BTreeSet::new();
    // Where the name is one function's only, operators that run it run this function, whatever file the calls stand in.
    for execution in run.python_executions(name) {
        let Some(found) = Measured::of(run, execution, name) else { continue };
        told.insert(execution.execution_id);
        measured = Some(measured.map_or(found, |it| it.and(found)));
    }
    for (action, _) in program.calls_with_ids().filter(|(_, it)| it.effect.runs_jobs()) {
        let Some(cost) = plan::certain_cost(ctx, run, action) else { continue };
        if cost.executions.is_empty()
            || !program.upstream_calls(action).iter().any(|it| users.contains(it))
        {
            continue;
        }
        for execution in run.executions_of(cost).filter(|it| !told.contains(&it.execution_id)) {
            let Some(found) = Measured::of(run, execution, name) else { continue };
            measured = Some(measured.map_or(found, |it| it.and(found)));
        }
    }
    let Some(measured) = measured else { return Verdict::Unmeasured };
    let rows = match measured.bytes {
        0 => units::counted(measured.rows, "row"),
        moved => {
            let rows = units::counted(measured.rows, "row");
            format!("{rows} ({} to and from it)", units::bytes(moved))
        }
    };
    let task_time_ms = measured.task_time_ms;
    match measured.python_ms {
        Some(time) => {
            let text = format!("{} of Python for {rows}", units::duration_ms(time));
            if time >= ctx.thresholds.action_ms {
                // Workers of several tasks and operators run beside one another: their times overlap.
                let saving_ms = Some(time.min(task_time_ms));
                Verdict::Confirmed { text, task_time_ms, saving_ms, remedy: Vec::new() }
            } else {
                Verdict::Refuted { text, task_time_ms }
            }
        }
        None if task_time_ms < ctx.thresholds.action_ms => Verdict::Refuted {
            text: format!("{rows} in stages of {}", units::duration_ms(task_time_ms)),
            task_time_ms,
        },
        None => Verdict::Unmeasured,
    }
}

/// Whether a call applies the user-defined function `value` to columns.
fn applies(call: &Call, value: ValueId) -> bool {
    let mut found = false;
    for argument in &call.arguments {
        argument.value.walk(&mut |it| {
            if let Expression::Apply { function, arguments } = it {
                found |= function == "udf" && arguments.first() == Some(&Expression::Value(value));
            }
        });
    }
    found
}

/// What Python did for one function.
#[derive(Debug, Clone, Copy)]
struct Measured {
    rows: u64,
    /// Bytes that went to the workers and came from them.
    bytes: u64,
    /// Time to run the Python workers, milliseconds, where the version counts it.
    python_ms: Option<u64>,
    /// Task time of the stages that ran it, milliseconds.
    task_time_ms: u64,
}

impl Measured {
    /// Of the only operator that runs functions in Python, if that runs this function alone.
    fn of(run: &Run, execution: &SqlExecution, name: &str) -> Option<Self> {
        let is_python = |node: &&PlanNode| {
            matches!(node.name.as_str(), "BatchEvalPython" | "ArrowEvalPython")
        };
        let nodes: Vec<&PlanNode> = execution.plan.preorder().into_iter().filter(is_python).collect();
        let [node] = nodes.as_slice() else { return None };
        // `BatchEvalPython [shout(name#1)#7], [pythonUDF0#9]`: one result, one function.
        let alone = node.simple_string.contains("pythonUDF0")
            && !node.simple_string.contains("pythonUDF1")
            && node.simple_string.contains(&format!("[{name}("));
        let metric =
            |name: &str| execution.metric(node, name).and_then(|it| u64::try_from(it).ok());
        let stages = plan::Stages::of_execution(run, execution);
        let task_time_ms = plan::task_time_ms(stages.running(node, |_| true));
        let rows = metric("number of output rows").filter(|_| alone)?;
        let bytes = ["data sent to Python workers", "data returned from Python workers"];
        let bytes = bytes.iter().filter_map(|it| metric(it)).sum();
        Some(Self { rows, bytes, python_ms: metric("time to run Python workers"), task_time_ms })
    }

    fn and(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            bytes: self.bytes + other.bytes,
            python_ms: self.python_ms.zip(other.python_ms).map(|it| it.0 + it.1),
            task_time_ms: self.task_time_ms + other.task_time_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use analysis::Applicability;

    use super::UDF_FOR_BUILTIN as RULE;
    use crate::testing::{check, check_fix, check_measured, check_no_fix, findings, refuted};

    #[test]
    fn functions_that_columns_have() {
        check(
            &RULE,
            r#"
//- /job.py
from datetime import datetime
import math
from pyspark.sql import SparkSession, functions as F
from pyspark.sql.functions import udf
from pyspark.sql.types import IntegerType, StringType
spark = SparkSession.builder.getOrCreate()
upper = F.udf(lambda s: s.upper(), StringType())
#         ^^^ warning: this function only does what `upper` does in Spark
tidy = udf(lambda s: s.strip().lower())
#      ^^^ warning: this function only does what `lower` and `trim` do in Spark
initials = udf(lambda s: s[0:3])
#          ^^^ warning: this function only does what `substring` does in Spark
first = udf(lambda s: s.split(",")[0])
#       ^^^ warning: this function only does what `getItem` and `split` do in Spark
name = udf(lambda a, b: a + " " + b)
#      ^^^ warning: this function only does what `concat` does in Spark
label = udf(lambda a, b: f"{a}-{b}")
#       ^^^ warning: this function only does what `concat` does in Spark
size = udf(lambda n: "large" if n > 100 else "small")
#      ^^^ warning: this function only does what `when` does in Spark
known = udf(lambda c: c in ("DE", "FR"), "boolean")
#       ^^^ warning: this function only does what `isin` does in Spark
missing = udf(lambda c: c is None, "boolean")
#         ^^^ warning: this function only does what `isNull` does in Spark
day = udf(lambda s: datetime.strptime(s, "%Y-%m-%d"), "timestamp")
#     ^^^ warning: this function only does what `to_timestamp` does in Spark
root = udf(lambda x: math.sqrt(x), "double")
#      ^^^ warning: this function only does what `sqrt` does in Spark
gross = udf(lambda price: price * 1.19, "double")
#       ^^^ warning: this function only does what operators on columns do in Spark
spark.udf.register("number", lambda s: int(s), IntegerType())
#         ^^^^^^^^ warning: this function only does what `cast` does in Spark

@udf("string")
#^^^ warning: this function only does what `lower` does in Spark
def lower(s):
    """In small letters."""
    if s is None:
        return None
    return s.lower()

def length(s):
    text = s.replace("-", "")
    return len(text)

count = udf(length, IntegerType())
#       ^^^ warning: this function only does what `length` and `replace` do in Spark
//- /Job.scala
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions._
object Job {
  val upper = udf((s: String) => s.toUpperCase)
//            ^^^ warning: this function only does what `upper` does in Spark
  val tidy = udf { (s: String) => if (s == null) null else s.trim.toLowerCase }
//           ^^^ warning: this function only does what `lower` and `trim` do in Spark
  val size = udf[Int, String](_.length)
//           ^^^ warning: this function only does what `length` does in Spark
  def initials(s: String): String = s.substring(0, 3)
  val short = udf(initials _)
//            ^^^ warning: this function only does what `substring` does in Spark
  val sum = udf((a: Int, b: Int) => a + b)
//          ^^^ warning: this function only does what operators on columns do in Spark
}
"#,
        );
    }

    #[test]
    fn functions_of_their_own() {
        check(
            &RULE,
            r#"
//- /job.py
import json, re
from pyspark.sql import SparkSession, functions as F
from pyspark.sql.functions import udf, pandas_udf
spark = SparkSession.builder.getOrCreate()
identity = udf(lambda s: s)
constant = udf(lambda s: 1)
custom = udf(lambda s: parse(s))
dated = udf(lambda s: datetime.strptime(s, "%A %d"))
cut = udf(lambda s: s.split("\\d")[0])
def again(s):
    return again(s)
endless = udf(lambda s: again(s))
parsed = udf(lambda s: json.loads(s)["a"])
table = {"a": 1}
looked_up = udf(lambda s: table[s])
word = udf(lambda s: re.sub("a", "b", s).upper())
ascii = udf(lambda s: s.encode("ascii", "ignore"))
either = udf(lambda a, b: a or b)
sliced = udf(lambda xs: xs[1:], "array<int>")
last = udf(lambda xs: xs[-1])
added = udf(lambda a, b: a + b, "array<int>")
padded = udf(lambda n: f"{n:05d}")
times = udf(lambda s: s * 2)
repeated = udf(lambda s, n=3: s.upper())
vector = pandas_udf(lambda s: s.upper(), "string")
starred = udf(lambda *s: s[0].upper())

def len(x):
    return 0

own = udf(lambda s: len(s))

@udf
def printed(s):
    print(s)
    return s.upper()

@udf
def tried(s):
    try:
        return s.upper()
    except AttributeError:
        return "?"

@udf
def raised(s):
    if s is None:
        raise ValueError("none")
    return s.upper()

@udf
def looped(s):
    for c in s:
        return c.upper()

def plain(s):
    return s.upper()

class Words:
    def upper(self, s):
        return s.upper()

F.upper("name")
other.udf(lambda s: s.upper())
//- /tests/test_job.py
from pyspark.sql import functions as F
upper = F.udf(lambda s: s.upper())
//- /Job.scala
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions._
object Job {
  val custom = udf((s: String) => parse(s))
  val matched = udf((s: String) => s match { case "a" => 1; case _ => 2 })
  val quotient = udf((a: Int, b: Int) => a / b)
  val option = udf((s: String) => Option(s).map(_.trim))
  val names = Seq("a").map(_.toUpperCase)
  val plain = (s: String) => s.toUpperCase
}
"#,
        );
    }

    #[test]
    fn the_help_writes_it_out() {
        let help = |line: &str| {
            let source = format!(
                "//- /job.py\nfrom pyspark.sql import functions as F\nfrom pyspark.sql.functions import udf\n{line}\n"
            );
            let found = findings(&RULE, &source, |_| {});
            let [finding] = found.as_slice() else { panic!("{line}: {found:?}") };
            finding.help.split('`').nth(1).unwrap_or_default().to_owned()
        };
        assert_eq!(help("f = udf(lambda s: s.strip().lower())"), "F.lower(F.trim(s))");
        assert_eq!(
            help("f = udf(lambda n, m: 'a' if n > 1 and m is None else 'b')"),
            "F.when((n > 1) & m.isNull(), 'a').otherwise('b')"
        );
        assert_eq!(help("f = udf(lambda a, b: a + '-' + b)"), "F.concat(a, F.lit('-'), b)");
        assert_eq!(help("f = udf(lambda s: s[2:5])"), "F.substring(s, 3, 3)");
        assert_eq!(help("f = udf(lambda s: int(s), 'int')"), "s.cast(\"int\")");
        assert_eq!(
            help("from datetime import datetime\nf = udf(lambda s: datetime.strptime(s, '%d.%m.%YT%H:%M'))"),
            "F.to_timestamp(s, \"dd.MM.yyyy'T'HH:mm\")"
        );
        assert_eq!(help("f = udf(lambda s: s.split('|')[1])"), "F.split(s, \"[|]\").getItem(1)");
        assert_eq!(
            help("def low(s):\n    return s.lower()\nf = udf(lambda x: low(x))"),
            "F.lower(x)"
        );
        assert_eq!(help("f = udf(lambda x: x ** 2, 'double')"), "F.pow(x, 2)");
        assert_eq!(
            help("f = udf(lambda x, y: (x + 1) * y, 'int')"),
            "(x + 1) * y"
        );
    }

    #[test]
    fn the_fix_is_a_function_of_columns() {
        check_fix(
            &RULE,
            0,
            Applicability::Unsafe,
            r#"
//- /a.py
from pyspark.sql import SparkSession, functions as F
shout = F.udf(lambda s: s.upper())
SparkSession.builder.getOrCreate().table("a").select(shout("name"), shout(F.col("city")))
//- /b.py
import pyspark.sql.functions as F
from pyspark.sql.functions import udf
from pyspark.sql.types import BooleanType
known = udf(lambda c: c in ("DE", "FR"), BooleanType())
column = known(F.col("country"))
//- /C.scala
import org.apache.spark.sql.functions._
object C {
  val shout = udf((s: String) => s.toUpperCase)
  val column = shout(col("name"))
}
"#,
            r#"
//- /a.py
from pyspark.sql import SparkSession, functions as F
shout = F.upper
SparkSession.builder.getOrCreate().table("a").select(shout("name"), shout(F.col("city")))
//- /b.py
import pyspark.sql.functions as F
from pyspark.sql.functions import udf
from pyspark.sql.types import BooleanType
known = lambda c: c.isin("DE", "FR")
column = known(F.col("country"))
//- /C.scala
import org.apache.spark.sql.functions._
object C {
  val shout = upper _
  val column = shout(col("name"))
}
"#,
        );
        check_no_fix(
            &RULE,
            r#"
//- /type.py
from pyspark.sql import functions as F
size = F.udf(lambda s: len(s))
//- /blanks.py
from pyspark.sql import functions as F
tidy = F.udf(lambda s: s.strip())
//- /names.py
from pyspark.sql import functions as F
known = F.udf(lambda c: c in ("DE", "FR"), "boolean")
column = known("country")
//- /passed.py
from pyspark.sql import functions as F
shout = F.udf(lambda s: s.upper())
use(shout)
//- /decorated.py
from pyspark.sql import functions as F
@F.udf
def shout(s):
    return s.upper()
//- /prefix.py
from pyspark.sql.functions import udf
shout = udf(lambda s: s.upper())
"#,
        );
    }

    #[test]
    fn a_run_shows_the_time_in_python() {
        let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
shout = F.udf(lambda s: s.upper())
#         ^^^ warning: this function only does what `upper` does in Spark (confirmed: 12 s of Python for 3 million rows)
SparkSession.builder.getOrCreate().table("a").select(shout("name")).write.parquet("out")
"#;
        check_measured(&RULE, fixture, |run| {
            run.stage(1, 20_000);
            run.execution(
                "parquet",
                0,
                1,
                &[1],
                "
                Project
                  BatchEvalPython: BatchEvalPython [<lambda>(name#1)#2], [pythonUDF0#3] | number of output rows=3000000@1, time to run Python workers=12000@1
                    Scan parquet a
                ",
            );
        });
        let plain =
            fixture.lines().filter(|line| !line.contains('^')).collect::<Vec<_>>().join("\n");
        let texts = refuted(&RULE, &plain, |run| {
            run.stage(1, 400);
            run.execution(
                "parquet",
                0,
                1,
                &[1],
                "BatchEvalPython: BatchEvalPython [<lambda>(name#1)#2], [pythonUDF0#3] | number of output rows=3@1",
            );
        });
        assert_eq!(texts, ["3 rows in stages of 400 ms"]);
        // Of two functions in one operator none can be told from the other.
        let unmeasured = fixture.replace(" (confirmed: 12 s of Python for 3 million rows)", "");
        check_measured(&RULE, &unmeasured, |run| {
            run.stage(1, 20_000);
            run.execution(
                "parquet",
                0,
                1,
                &[1],
                "BatchEvalPython: BatchEvalPython [<lambda>(name#1)#2, f(x#4)#5], [pythonUDF0#3, pythonUDF1#6] | number of output rows=3@1, time to run Python workers=12000@1",
            );
        });
    }
}
