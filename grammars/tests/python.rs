//! What Python code lowers to, one idea per test.

use program::{
    Confidence, Effect, Expression, Language, Origin, Program, ResultUse, ScopeKind, TextPart, Type,
};

fn lower(source: &str) -> Program {
    grammars::lower(Language::Python, &format!("from pyspark.sql import functions as F\n{source}"))
}

/// Methods of the calls, in order.
fn methods(program: &Program) -> Vec<&str> {
    program.calls.iter().map(|call| call.method.as_str()).collect()
}

/// The call of this method; there must be one.
fn call<'p>(program: &'p Program, method: &str) -> &'p program::Call {
    let mut calls = program.calls.iter().filter(|call| call.method == method);
    let call = calls.next().unwrap_or_else(|| panic!("no {method} in\n{}", program.to_text()));
    assert!(calls.next().is_none(), "several {method} in\n{}", program.to_text());
    call
}

#[test]
fn a_rebound_name_is_a_new_version() {
    let program = lower("df = spark.table('a')\ndf = df.filter('x > 1')\ndf.count()\n");
    let filter = call(&program, "filter");
    let count = call(&program, "count");
    assert_eq!(count.receiver.map(|it| it.value), filter.result);
    assert_eq!(program.bindings.len(), 2);
    assert_ne!(program.bindings[0].value, program.bindings[1].value);
}

#[test]
fn a_local_name_shadows_sparks() {
    let program = lower(
        "def col(name):\n    return name\ndf = spark.table('a')\nx = col('b').count()\nspark = 3\nspark.table('b')\n",
    );
    assert_eq!(methods(&program), ["table"]);
}

#[test]
fn branches_merge_only_what_differs() {
    let program = lower(
        "a = spark.table('a')\nb = spark.table('b')\nif flag:\n    a = a.distinct()\nelse:\n    b.count()\na.show()\nb.show()\n",
    );
    let shows: Vec<_> = program.calls.iter().filter(|call| call.method == "show").collect();
    let origin = |index: usize| &program.value(shows[index].receiver.unwrap().value).origin;
    assert!(matches!(origin(0), Origin::Merge(values) if values.len() == 2));
    assert!(matches!(origin(1), Origin::Call(_)));
    let distinct = call(&program, "distinct").scope;
    let count = call(&program, "count").scope;
    assert!(program.exclusive(distinct, count));
}

#[test]
fn an_arm_that_returns_or_raises_takes_no_part_in_the_merge() {
    let program = lower(
        "def f(df: DataFrame, n):\n    if n == 0:\n        df = df.limit(1)\n        return df\n    elif n == 1:\n        df = df.limit(2)\n        raise ValueError(n)\n    df.count()\n",
    );
    let receiver = call(&program, "count").receiver.unwrap().value;
    assert!(matches!(program.value(receiver).origin, Origin::Parameter { index: 0, .. }));
}

#[test]
fn a_loop_carries_its_value() {
    let program =
        lower("df = spark.table('a')\nfor i in range(3):\n    df = df.union(df)\ndf.count()\n");
    let count = call(&program, "count").receiver.unwrap().value;
    let union = call(&program, "union");
    let Origin::Loop { entry, carried } = program.value(count).origin else {
        panic!("{}", program.to_text())
    };
    assert_eq!(Some(entry), call(&program, "table").result);
    assert_eq!(carried, union.result);
    assert_eq!(union.receiver.unwrap().value, count);
    assert!(matches!(program.scope(union.scope).kind, ScopeKind::Loop { iterations: Some(3) }));
}

#[test]
fn a_value_made_anew_in_each_round_is_not_carried_into_it() {
    let program = lower("for p in paths:\n    df = spark.read.parquet(p)\n    df.write.csv(p)\n");
    assert!(program.values.iter().all(|value| !matches!(value.origin, Origin::Loop { .. })));
    let scope = call(&program, "csv").scope;
    assert!(matches!(program.scope(scope).kind, ScopeKind::Loop { iterations: None }));
}

#[test]
fn a_loop_over_collected_rows_collects_once() {
    let program = lower(
        "df = spark.table('a')\nfor row in df.collect():\n    print(row)\nnames = [r.x for r in df.collect()]\n",
    );
    let collects: Vec<_> = program.calls.iter().filter(|call| call.method == "collect").collect();
    for collect in collects {
        assert_eq!(collect.result_use, ResultUse::Iterated);
        assert_eq!(collect.scope.index(), 0);
    }
}

#[test]
fn calls_in_closures_carry_the_closures_scope() {
    let program = lower(
        "df = spark.table('a')\nother = spark.table('b')\ndf.rdd.map(lambda row: other.count())\n",
    );
    let count = call(&program, "count");
    assert!(matches!(program.scope(count.scope).kind, ScopeKind::Closure));
    assert_eq!(count.result_use, ResultUse::Returned);
}

#[test]
fn functions_learn_from_their_call_sites_and_give_their_returns() {
    let program = lower(
        "def main():\n    run(load(spark, 'x'))\n\ndef load(session, path):\n    return session.read.parquet(path)\n\ndef run(df):\n    df.count()\n\nmain()\n",
    );
    let count = call(&program, "count");
    assert_eq!(count.receiver_type, Type::DataFrame);
    assert_eq!(count.confidence, Confidence::Declared);
    assert!(program.values.iter().any(|value| matches!(value.origin, Origin::Returned(_))));
}

#[test]
fn annotations_declare() {
    let program = lower(
        "from pyspark.sql import DataFrame\nfrom typing import Optional, List\nimport pyspark.sql as sql\ndef f(a: DataFrame, b: 'Optional[sql.DataFrame]', c: sql.DataFrame | None, d: List[DataFrame]):\n    a.count()\n    b.distinct()\n    c.show()\n    for x in d:\n        x.collect()\n",
    );
    assert_eq!(methods(&program), ["count", "distinct", "show", "collect"]);
    assert!(program.calls.iter().all(|call| call.confidence == Confidence::Declared));
}

#[test]
fn an_annotation_of_another_library_declares_nothing() {
    let program = lower("from polars import DataFrame\ndef f(df: DataFrame):\n    df.collect()\n");
    assert!(program.calls.is_empty(), "{}", program.to_text());
}

#[test]
fn attributes_of_self_have_types() {
    let program = lower(
        "class Job:\n    def __init__(self, spark: SparkSession):\n        self.spark = spark\n        self.orders = self.spark.table('o')\n\n    def run(self):\n        self.orders.count()\n        helper = self.load()\n        helper.show()\n\n    def load(self):\n        return self.spark.table('x')\n",
    );
    assert_eq!(methods(&program), ["table", "count", "show", "table"]);
    assert!(program.bindings.iter().any(|binding| binding.name == "self.orders"));
    assert!(program.unresolved.is_empty());
}

#[test]
fn functions_on_pairs_are_normalised() {
    let source = "pairs = sc.textFile('x').map(lambda l: (l, 1))\nfrom operator import add\nimport operator\n";
    for (written, returns) in [
        ("mapValues(sum)", "sum($0)"),
        ("mapValues(lambda v: sum(v))", "sum($0)"),
        ("mapValues(len)", "size($0)"),
        ("mapValues(list)", "list($0)"),
        ("reduceByKey(add)", "+($0, $1)"),
        ("reduceByKey(operator.add)", "+($0, $1)"),
        ("reduceByKey(lambda a, b: a + b)", "+($0, $1)"),
        ("reduceByKey(max)", "max($0, $1)"),
        ("map(lambda kv: (kv[0], sum(kv[1])))", "[$0[0], sum($0[1])]"),
        ("map(lambda (k, v): (k, sum(v)))", "[$0[0], sum($0[1])]"),
    ] {
        let program = lower(&format!("{source}pairs.{written}\n"));
        let last = program.functions.last().unwrap();
        assert_eq!(program.expression_text(&last.returns), returns, "{written}");
    }
}

#[test]
fn python_2_is_read() {
    let program = lower(
        "df = spark.table('a')\nprint df.count()\nprint \"a\", df.first()\nexec 'x'\nexcept_ = 0777\n",
    );
    assert_eq!(methods(&program), ["table", "count", "first"]);
}

#[test]
fn half_typed_code_costs_its_own_line() {
    let program =
        lower("df = spark.table('a')\ndf.filter(\ndf.count()\nx = df.\ndf.show()\nif df.\n");
    let methods = methods(&program);
    assert!(methods.contains(&"table") && methods.contains(&"count"), "{}", program.to_text());
    assert!(program.syntax_errors > 0);
}

#[test]
fn interpolated_strings_keep_their_holes() {
    let program = lower(
        "n = 3\nspark.sql(f\"SELECT * FROM t{n} WHERE {{x}} = '{name:>{n}}'\" ' LIMIT\\t1')\n",
    );
    let text = program.expression_text(&call(&program, "sql").arguments[0].value);
    assert_eq!(text, "text(\"SELECT * FROM t\" {3} \" WHERE {x} = '\" {?} {3} \"' LIMIT\\t1\")");
}

#[test]
fn other_libraries_methods_are_not_sparks() {
    let program = lower(
        "import os, threading\nimport pandas as pd\nimport polars as pl\nx = ', '.join(['a'])\ny = os.path.join('a', 'b')\nt = threading.Thread(target=f)\nt.start()\nt.join()\nn = [1, 2].count(1)\nz = pd.read_csv('x').join(y).count()\nw = pl.scan_csv('x').filter('y').collect()\ns = {1}.union({2})\nspark.table('a').toPandas().count()\n",
    );
    assert_eq!(methods(&program), ["table", "toPandas"]);
    let unresolved: Vec<_> = program.unresolved_on_datasets().collect();
    assert!(unresolved.is_empty(), "{unresolved:?}");
}

#[test]
fn unknown_receivers_are_counted_or_guessed() {
    let program = lower(
        "from other import thing\na = thing()\na.count()\nb = thing()\nb.withColumn('x', 1).count()\n",
    );
    assert_eq!(program.unresolved.len(), 1);
    assert_eq!(methods(&program), ["withColumn", "count"]);
    assert!(program.calls.iter().all(|call| call.confidence == Confidence::Guessed));
}

#[test]
fn columns_are_expressions() {
    let program = lower(
        "df = spark.table('a')\ndf.select(df.x, df['y'], F.col('z').alias('w'), F.sum('x').desc(), ~(df.x > 1) & df.y.isNull(), -F.lit(1))\n",
    );
    let select = call(&program, "select");
    let texts: Vec<String> =
        select.arguments.iter().map(|it| program.expression_text(&it.value)).collect();
    let df = select.receiver.unwrap().value;
    assert_eq!(
        texts,
        [
            format!("{df}[x]"),
            format!("{df}[y]"),
            "alias(col(z), \"w\")".to_owned(),
            "desc(sum(\"x\"))".to_owned(),
            format!("and(not(>({df}[x], 1)), isNull({df}[y]))"),
            "-(lit(1))".to_owned(),
        ]
    );
    assert_eq!(program.calls.len(), 2);
}

#[test]
fn star_imports_make_builtins_column_functions() {
    let program = lower(
        "from pyspark.sql.functions import *\ndf = spark.table('a')\ndf.agg(sum('x').alias('y')).join(broadcast(df), 'y')\n",
    );
    assert_eq!(
        program.expression_text(&call(&program, "agg").arguments[0].value),
        "alias(sum(\"x\"), \"y\")"
    );
    assert_eq!(call(&program, "broadcast").effect, Effect::BroadcastHint);
    let program = lower(
        "from pyspark.sql.functions import *\ndf = spark.sparkContext.parallelize(list(range(4))).toDF()\n",
    );
    let bound = program.value(program.bindings[0].value).bound;
    assert_eq!(bound.map(|it| it.rows), Some(4), "`range` and `list` stay the language's own");
    let program = lower(
        "from pyspark.sql.functions import *\nfrom helpers import *\ncleaned('y').filter('a').count()\n",
    );
    assert!(program.calls.is_empty());
    assert_eq!(program.unresolved.len(), 2, "what a helper returns is not known to be a column");
}

#[test]
fn user_defined_functions_are_values() {
    let program = lower(
        "from pyspark.sql.functions import udf, pandas_udf\n@udf('int')\ndef f(x):\n    return x\n@F.pandas_udf('double')\ndef g(x):\n    return x\nh = udf(lambda x: x)\ndef k(x):\n    return x\nm = F.udf(k)\ndf = spark.table('a').select(f('a'), g('b'), h('c'), m('d'))\n",
    );
    assert_eq!(methods(&program), ["udf", "pandas_udf", "udf", "udf", "table", "select"]);
    let closures = program.scopes.iter().filter(|scope| scope.kind == ScopeKind::Closure).count();
    assert_eq!(closures, 4);
    let select = call(&program, "select");
    assert!(
        select.arguments.iter().all(|it| program.expression_text(&it.value).starts_with("udf(v"))
    );
}

#[test]
fn bounds_are_what_the_source_says() {
    for (written, rows) in [
        ("spark.createDataFrame([(1,), (2,)], ['a'])", Some(2)),
        ("spark.range(10)", Some(10)),
        ("spark.range(2, 10, 3)", Some(3)),
        ("spark.table('a').limit(5).filter('x').orderBy('y')", Some(5)),
        ("spark.range(3).limit(5)", Some(3)),
        ("spark.table('a').agg(F.sum('x'))", Some(1)),
        ("spark.table('a').groupBy().count()", Some(1)),
        ("spark.table('a').describe()", Some(5)),
        ("spark.range(3).union(spark.range(4))", Some(7)),
        ("spark.range(3).select(F.col('x'))", Some(3)),
        ("spark.range(3).crossJoin(spark.range(4))", None),
        ("spark.table('a').groupBy('x').count()", None),
        ("sc.parallelize([1, 2, 3]).map(lambda x: x)", Some(3)),
        ("sc.parallelize([1, 2, 3]).flatMap(lambda x: x)", None),
        ("spark.range(3).select(F.explode('x'))", None),
        ("spark.range(3).select(F.row_number().over(w))", Some(3)),
        ("spark.range(3).select(F.max('x').over(w))", Some(3)),
        ("spark.createDataFrame([*rows, (1,)])", None),
        ("spark.createDataFrame(spark.range(2).head(5))", Some(2)),
    ] {
        let program = lower(&format!("x = {written}\n"));
        let bound = program.value(program.bindings[0].value).bound;
        assert_eq!(bound.map(|it| it.rows), rows, "{written}");
    }
}

#[test]
fn ranges_cover_what_they_name() {
    let source = "df = (\n    spark.table('a')\n    .filter('x')  # why\n    .count()\n)\n";
    let program = grammars::lower(Language::Python, &format!("import pyspark\n{source}"));
    let text = format!("import pyspark\n{source}");
    let filter = call(&program, "filter");
    assert_eq!(filter.range.of(&text), "spark.table('a')\n    .filter('x')");
    assert_eq!(filter.name_range.of(&text), "filter");
    assert_eq!(filter.arguments_range.of(&text), "('x')");
    assert_eq!(filter.receiver.unwrap().range.of(&text), "spark.table('a')");
    assert_eq!(filter.statement.of(&text), source.trim_end());
}

#[test]
fn files_without_spark_say_nothing() {
    let program =
        grammars::lower(Language::Python, "spark.table('a').count()\ndf.withColumn('a', 1)\n");
    assert!(!program.uses_spark && program.calls.is_empty() && program.unresolved.is_empty());
    let notebook = grammars::lower(
        Language::Python,
        "# Databricks notebook source\ndisplay(spark.table('a'))\n",
    );
    assert_eq!(methods(&notebook), ["table", "display"]);
}

#[test]
fn comments_that_speak_to_the_tool_are_kept() {
    let program =
        lower("x = 1  # stagelight: ignore[a] b\n# stagelight: ignore-file[c]\n# other\n");
    let comments: Vec<_> =
        program.comments.iter().map(|it| (it.text.as_str(), it.trailing)).collect();
    assert_eq!(
        comments,
        [("stagelight: ignore[a] b", true), ("stagelight: ignore-file[c]", false)]
    );
}

#[test]
fn statements_of_every_kind_are_entered() {
    let program = lower(
        "a = b = spark.table('a')\nb.count()\nwith open('x') as f, spark.table('b') as t:\n    t.first()\ntry:\n    a.show()\nexcept (E, F) as e:\n    a.cache()\nelse:\n    a.head()\nfinally:\n    a.unpersist()\nmatch a.isEmpty():\n    case True if a.take(1):\n        a.distinct()\n    case _:\n        a.drop('x')\nwhile (n := a.toDF('x')) is not None:\n    pass\nelse:\n    a.printSchema()\nassert a.explain()\ndel a\nif __name__ == '__main__':\n    b.summary()\n",
    );
    let expected = [
        "table",
        "count",
        "table",
        "first",
        "show",
        "head",
        "cache",
        "unpersist",
        "isEmpty",
        "take",
        "distinct",
        "drop",
        "toDF",
        "printSchema",
        "explain",
        "summary",
    ];
    assert_eq!(methods(&program), expected);
    assert_eq!(call(&program, "summary").scope.index(), 0);
}

#[test]
fn comparisons_and_conditions_say_what_becomes_of_a_result() {
    let uses = |source: &str| {
        let program = lower(&format!("df = spark.table('a')\n{source}\n"));
        match call(&program, "count").result_use {
            ResultUse::Compared { comparison, with, .. } => format!("{comparison:?} {with}"),
            other => format!("{other:?}"),
        }
    };
    assert_eq!(uses("empty = df.count() == 0"), "Equal 0");
    assert_eq!(uses("assert (df.count()) >= 1"), "GreaterOrEqual 1");
    assert_eq!(uses("if 0 < df.count() and x: pass"), "Greater 0");
    assert_eq!(uses("x = 0 < df.count() < 5"), "Other");
    assert_eq!(uses("x = df.count() == n"), "Other");
    assert_eq!(uses("x = df.count() + 1 == 1"), "Other");
    assert!(uses("if df.count():\n    pass").starts_with("Tested { negated: false"));
    assert!(uses("x = 1 if df.count() else 2").starts_with("Tested { negated: false"));
    assert!(uses("while not df.count():\n    pass").starts_with("Tested { negated: true"));
}

#[test]
fn the_length_of_what_was_collected_is_compared() {
    let program = lower("df = spark.table('a')\nx = len(df.collect()) == 0\n");
    let collect = call(&program, "collect").result_use;
    assert!(matches!(collect, ResultUse::Compared { with: 0, .. }), "{collect:?}");
}

#[test]
fn methods_that_are_not_called_are_kept() {
    let program = lower("df = spark.table('a')\ndf.cache\nf = df.count\n");
    let [cache, count] = program.uncalled.as_slice() else { panic!("{:?}", program.uncalled) };
    assert_eq!((cache.method.as_str(), cache.range == cache.statement), ("cache", true));
    assert_eq!((count.method.as_str(), count.range == count.statement), ("count", false));
}

#[test]
fn a_choice_between_two_results_keeps_both() {
    let program = lower(
        "from pyspark.sql import functions as F\nf = F.udf(lambda s: s.upper() if s is not None else None)\n",
    );
    let returns = &program.functions[0].returns;
    assert_eq!(program.expression_text(returns), "if(is not($0, null), upper($0), null)");
}

#[test]
fn strings_mean_what_is_written_in_them() {
    let value = |string: &str| {
        let program = lower(&format!("spark.read.parquet({string})\nspark.table('t').count()\n"));
        assert_eq!((program.syntax_errors, methods(&program).len()), (0, 4), "{string}");
        call(&program, "parquet").arguments[0].value.clone()
    };
    for (string, text) in [
        (r#""a\tb""#, "a\tb"),
        (r"r'a\tb'", r"a\tb"),
        (r#"u"""a'"b""""#, "a'\"b"),
        (r"f'{{a}}\n'", "{a}\n"),
        (r"b'a\x41'", "aA"),
        ("'a' 'b' \"c\"", "abc"),
        ("'''a\n  b'''", "a\n  b"),
        ("''", ""),
    ] {
        assert_eq!(value(string).as_text(), Some(text), "{string}");
    }
    // What is in long strings of bytes some other program wrote.
    let bytes = r"\x0a\x1d".repeat(50);
    let unknown = Expression::Text(vec![TextPart::Hole(Expression::Unknown)]);
    for string in [
        format!("b'{bytes}'"),
        format!("rb\"\"\"{bytes}\"\"\""),
        format!("b'{bytes}'  b''"),
        format!("b'{bytes}''c'"),
    ] {
        assert!(value(&string).as_text().is_none(), "{string}");
    }
    assert_eq!(value(&format!("b'{bytes}'")), unknown);
    // A hole may hold the letter of such a string between quotes.
    let holes = format!("f\"{{t[\"b\"]}}{bytes}\", \"{bytes}\"");
    assert!(value(&holes).as_text().is_none());
}
