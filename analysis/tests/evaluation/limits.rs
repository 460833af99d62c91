//! Bounds: whatever the program, evaluation ends, soon, and says what it left out.

use std::fmt::Write;

use analysis::evaluation::{Limits, Reason};
use proptest::prelude::*;

use super::{evaluated, evaluated_within};

fn count(evaluation: &analysis::evaluation::Evaluation, reason: Reason) -> u32 {
    evaluation.unresolved.iter().filter(|it| it.reason == reason).map(|it| it.count).sum()
}

#[test]
fn recursion_without_end_is_cut_and_counted() {
    let source = "def f(df, n):\n    df.count()\n    return f(df.filter('a'), n + 1)\nf(spark.table('t'), 0).show()\n";
    let evaluation = evaluated(&[("job.py", source)]);
    assert_eq!(evaluation.automaton.sites.len(), 3, "two rounds, and the end");
    assert_eq!(count(&evaluation, Reason::Recursion), 1);
}

#[test]
fn calls_that_double_at_every_level_are_cut_by_depth_and_steps() {
    let mut source = String::from("def f0(df):\n    df.count()\n");
    for level in 1..40 {
        let _ = write!(
            source,
            "def f{level}(df):\n    f{below}(df)\n    f{below}(df)\n    f{below}(df)\n    f{below}(df)\n",
            below = level - 1
        );
    }
    source.push_str("f39(spark.table('t'))\nf3(spark.table('t'))\n");
    let limits = Limits { steps: 20_000, ..Limits::default() };
    let evaluation = evaluated_within(&[("job.py", &source)], &limits);
    assert!(evaluation.steps < 60_000, "{}", evaluation.steps);
    assert!(count(&evaluation, Reason::Depth) > 0);
    assert!(count(&evaluation, Reason::Budget) > 0);
}

#[test]
fn lists_and_texts_that_double_stay_small() {
    let mut source = String::from("a = [1, 2, 3]\nt = 'x' * 1\nd = {}\n");
    for _ in 0..200 {
        source.push_str("a = a + a\nt = t + t + 'y'\nd = {**d, 'k': [d, d]}\n");
    }
    source.push_str("spark.read.csv(t)\nfor i in a:\n    spark.table('t').count()\n");
    let evaluation = evaluated(&[("job.py", &source)]);
    assert_eq!(evaluation.automaton.sites.len(), 2);
}

#[test]
fn nested_loops_over_known_lists_are_bounded() {
    let mut source = String::new();
    for level in 0..12 {
        let _ = writeln!(source, "{}for i{level} in range(50):", "    ".repeat(level));
    }
    let _ = writeln!(source, "{}spark.table(f't{{i0}}').count()", "    ".repeat(12));
    let limits = Limits { steps: 30_000, ..Limits::default() };
    let evaluation = evaluated_within(&[("job.py", &source)], &limits);
    assert!(evaluation.steps < 90_000, "{}", evaluation.steps);
    assert!(count(&evaluation, Reason::Budget) > 0);
}

#[test]
fn a_comprehension_of_comprehensions_is_bounded() {
    let clauses = " for i in range(60)".repeat(8);
    let source = format!("x = [spark.table('t').count(){clauses}]\n");
    let limits = Limits { steps: 30_000, ..Limits::default() };
    let evaluation = evaluated_within(&[("job.py", &source)], &limits);
    assert!(evaluation.steps < 90_000, "{}", evaluation.steps);
}

#[test]
fn long_chains_of_values_within_values_end() {
    let mut source = String::from("import x\ndef g(v):\n    yield v\na = x\nb = g(1)\n");
    for _ in 0..5_000 {
        source.push_str("a = a.b\nb = g(b)\n");
    }
    source.push_str("spark.table('t').count()\n");
    let evaluation = evaluated(&[("job.py", &source)]);
    assert_eq!(evaluation.automaton.sites.len(), 1);
}

#[test]
fn the_number_of_datasets_is_bounded() {
    let source =
        format!("df = spark.table('t')\n{}df.count()\n", "df = df.filter('a')\n".repeat(500));
    let limits = Limits { nodes: 50, ..Limits::default() };
    let evaluation = evaluated_within(&[("job.py", &source)], &limits);
    assert!(evaluation.nodes.len() <= 100, "{}", evaluation.nodes.len());
    assert!(count(&evaluation, Reason::Budget) > 0);
}

#[test]
fn deep_nesting_across_calls_fits_the_stack() {
    let nested = |inner: &str, times: usize| {
        let open = "(lambda d: [d][0])(".repeat(times);
        format!("{open}{inner}{}", ")".repeat(times))
    };
    let mut source = String::from("def f0(df):\n    return df\n");
    for level in 1..13 {
        let below = level - 1;
        let _ = writeln!(
            source,
            "def f{level}(df):\n    return {}",
            nested(&format!("f{below}(df)"), 40)
        );
    }
    source.push_str("f12(spark.table('t'))\nspark.table('t').count()\n");
    let evaluation = evaluated(&[("job.py", &source)]);
    assert_eq!(evaluation.automaton.sites.len(), 1);
}

#[test]
fn a_class_that_is_its_own_base_ends() {
    let source = "class A(A):\n    def f(self):\n        return super().f()\nclass B(A):\n    pass\nA.__bases__ = (B,)\nB().f()\nspark.table('t').count()\n";
    assert_eq!(evaluated(&[("job.py", source)]).automaton.sites.len(), 1);
}

#[test]
fn files_that_import_one_another_each_run() {
    let a = "import b\nfrom pyspark.sql import SparkSession\ns = SparkSession.builder.getOrCreate()\ns.table('a').count()\n";
    let b = "import a\na.s.table('b').count()\n";
    let evaluation = evaluated(&[("a.py", a), ("b.py", b)]);
    assert!(!evaluation.automaton.entries.is_empty());
}

/// Statements of a small program, some of them nonsense.
fn statement() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec!["a", "b", "df", "f", "self", "spark"]);
    let atom = prop_oneof![
        name.clone().prop_map(ToOwned::to_owned),
        prop::sample::select(vec![
            "None",
            "1",
            "'x'",
            "[]",
            "{}",
            "[a, b]",
            "{'k': df}",
            "spark.table('t')",
            "f'{a}/{b}'",
            "lambda x: x",
            "range(3)",
            "(yield a)",
            "a if b else df",
            "[x for x in a]",
            "getattr(a, b)",
            "partial(f, a)",
            "f",
        ])
        .prop_map(ToOwned::to_owned),
    ];
    let expression =
        (atom.clone(), atom.clone(), 0..10u8).prop_map(|(left, right, form)| match form {
            0 => format!("{left}({right})"),
            1 => format!("{left}.join({right})"),
            2 => format!("{left}[{right}]"),
            3 => format!("{left} + {right}"),
            4 => format!("{left}.count()"),
            5 => format!("f({left}, *{right})"),
            6 => format!("{left}.filter({right}).write.parquet({right})"),
            7 => format!("{left} % {right}"),
            8 => format!("f({left}, **{right})"),
            _ => format!("{left} and {right}"),
        });
    (name, expression, 0..12u8).prop_map(|(name, expression, form)| match form {
        0 => format!("{name} = {expression}"),
        1 => format!("for {name} in {expression}:\n    {name}.count()\n    {name} = {expression}"),
        2 => format!("def f(self, df=None, *a, **b):\n    return {expression}"),
        3 => format!("class f({name}):\n    def count(self):\n        return {expression}"),
        4 => format!("with {expression} as {name}:\n    {name}()"),
        5 => format!("try:\n    {expression}\nexcept:\n    {name} = {expression}"),
        6 => format!("if {expression}:\n    {name} = 1\nelse:\n    {name}.x = {expression}"),
        7 => format!("while {expression}:\n    {name} = {expression}\n    break"),
        8 => format!("@{name}\ndef {name}(a):\n    yield {expression}"),
        9 => format!("{name}[{expression}] = {name}"),
        10 => format!("global {name}\nfrom job import {name}\nimport job as {name}"),
        _ => expression,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_program_makes_it_fail(statements in prop::collection::vec(statement(), 1..14)) {
        let source = statements.join("\n");
        let limits = Limits { steps: 5_000, fragment_steps: 2_000, ..Limits::default() };
        let evaluation = evaluated_within(&[("job.py", &source), ("lib/other.py", &source)], &limits);
        prop_assert!(evaluation.steps < 200_000, "{}", evaluation.steps);
        // Everything that is named is there.
        for site in &evaluation.automaton.sites {
            prop_assert!(site.node.is_none_or(|it| it.index() < evaluation.nodes.len()));
        }
        for node in &evaluation.nodes {
            prop_assert!(node.parents.iter().all(|it| it.index() < evaluation.nodes.len()));
        }
        for edge in &evaluation.automaton.edges {
            prop_assert!(edge.from.0 < evaluation.automaton.states);
            prop_assert!(edge.to.0 < evaluation.automaton.states);
        }
        let again = evaluated_within(&[("job.py", &source), ("lib/other.py", &source)], &limits);
        prop_assert_eq!(evaluation, again);
    }

    #[test]
    fn no_text_makes_it_fail(source in "[a-z(){}\\[\\]:=.,*'\"\n @%+]{0,120}") {
        evaluated(&[("job.py", &source), ("Job.scala", &source)]);
    }
}
