//! What SQL in strings lowers to: the operators of DataFrames, with positions in the string.

#![allow(clippy::unwrap_used)]

use program::{BoundReason, Call, Effect, Language, Program, ResultUse};
use proptest::prelude::*;

fn lower(source: &str) -> Program {
    let source = format!(
        "from pyspark.sql import SparkSession, functions as F\nspark = SparkSession.builder.getOrCreate()\n{source}"
    );
    grammars::lower(Language::Python, &source)
}

/// The clauses of SQL text as operators, in order.
fn clauses(source: &str) -> Vec<String> {
    let program = lower(source);
    let clauses = program.calls.iter().filter(|call| call.in_sql);
    clauses
        .map(|call| {
            let arguments: Vec<String> = call
                .arguments
                .iter()
                .map(|it| {
                    let value = program.expression_text(&it.value);
                    it.name.as_ref().map_or(value.clone(), |name| format!("{name}={value}"))
                })
                .collect();
            let receiver = call.receiver.unwrap().value;
            format!(
                "{} = {receiver}.{}({})",
                call.result.unwrap(),
                call.method,
                arguments.join(", ")
            )
        })
        .collect()
}

fn find<'p>(program: &'p Program, method: &str) -> &'p Call {
    program.calls.iter().find(|call| call.method == method).unwrap()
}

#[test]
fn clauses_become_operators() {
    assert_eq!(
        clauses(
            "x = spark.sql('select distinct c.name, sum(o.amount) as total from orders o join customers c on o.customer = c.id where o.day > 3 group by c.name having total > 10 order by total desc limit 5')"
        ),
        [
            "v2 = v1.table(\"orders\")",
            "v3 = v1.table(\"customers\")",
            "v4 = v2.join(v3, =(col(o.customer), col(c.id)))",
            "v5 = v4.filter(>(col(o.day), 3))",
            "v6 = v5.groupBy(col(c.name))",
            "v7 = v6.agg(alias(sum(col(o.amount)), \"total\"))",
            "v8 = v7.filter(>(col(total), 10))",
            "v9 = v8.distinct()",
            "v10 = v9.orderBy(col(total))",
            "v11 = v10.limit(5)",
        ]
    );
}

#[test]
fn joins_and_set_operations_keep_their_kind() {
    assert_eq!(
        clauses(
            "spark.sql('select * from a left anti join b using (id) cross join c union all select * from d, e where d.x = e.y')"
        ),
        [
            "v2 = v1.table(\"a\")",
            "v3 = v1.table(\"b\")",
            "v4 = v2.join(v3, [\"id\"], how=\"left_anti\")",
            "v5 = v1.table(\"c\")",
            "v6 = v4.crossJoin(v5)",
            "v7 = v1.table(\"d\")",
            "v8 = v1.table(\"e\")",
            "v9 = v7.join(v8, =(col(d.x), col(e.y)))",
            "v10 = v9.filter(=(col(d.x), col(e.y)))",
            "v11 = v6.union(v10)",
        ]
    );
}

#[test]
fn named_queries_and_subqueries_are_values() {
    assert_eq!(
        clauses(
            "spark.sql('with big as (select * from orders where amount > 3) select a.id from big a join big b on a.id = b.other where a.id in (select id from vip)')"
        ),
        [
            "v2 = v1.table(\"orders\")",
            "v3 = v2.filter(>(col(amount), 3))",
            "v4 = v3.join(v3, =(col(a.id), col(b.other)))",
            "v5 = v1.table(\"vip\")",
            "v6 = v5.select(col(id))",
            "v7 = v4.filter(isin(col(a.id), v6))",
            "v8 = v7.select(col(a.id))",
        ]
    );
}

#[test]
fn temporary_views_are_the_datasets_they_were_made_of() {
    let program = lower(
        "orders = spark.read.parquet('orders')\norders.createOrReplaceTempView('o')\nspark.sql(\"create or replace temporary view big as select * from o where amount > 3\")\nx = spark.table('big')\ny = spark.sql('select * from big')\n",
    );
    let value = |name: &str| program.bindings.iter().find(|it| it.name == name).unwrap().value;
    let filter = find(&program, "filter");
    assert_eq!(filter.receiver.unwrap().value, value("orders"));
    assert_eq!(value("x"), filter.result.unwrap());
    assert_eq!(value("y"), filter.result.unwrap());
}

#[test]
fn a_view_made_on_one_of_two_paths_may_be_either() {
    let program = lower(
        "spark.table('a').createOrReplaceTempView('v')\nif late:\n    spark.table('b').createOrReplaceTempView('v')\nx = spark.table('v')\n",
    );
    let x = program.bindings.iter().find(|it| it.name == "x").unwrap().value;
    assert_eq!(program.parents(x).len(), 2);
    let program = lower(
        "def f():\n    spark.table('a').createOrReplaceTempView('v')\ndef g():\n    spark.table('b').createOrReplaceTempView('v')\nx = spark.table('v')\n",
    );
    assert_eq!(find(&program, "table").effect, Effect::Read);
    let x = program.calls.iter().rev().find(|it| it.method == "table").unwrap();
    assert_eq!(x.effect, Effect::Read, "which function ran last is not known");
}

#[test]
fn holes_are_what_they_are_known_to_be() {
    assert_eq!(
        clauses(
            "table = 'orders'\nspark.sql(f\"select {columns} from {table} where day = '{day}' and {more} limit {3}\")"
        ),
        [
            "v2 = v1.table(\"orders\")",
            "v3 = v2.filter(and(=(col(day), ?), ?))",
            "v4 = v3.select(?)",
            "v5 = v4.limit(3)",
        ]
    );
    assert_eq!(
        clauses("spark.sql('select a from {orders} where b = {b}', orders=spark.table('x'), b=7)"),
        ["v3 = v2.filter(=(col(b), 7))", "v4 = v3.select(col(a))"]
    );
}

#[test]
fn text_that_does_not_parse_stays_opaque() {
    for text in ["selec a from b", "select a from", "", "show tables", "select a; select b"] {
        let program = lower(&format!("x = spark.sql({text:?})\n"));
        assert!(program.calls.iter().all(|call| !call.in_sql), "{text}");
        assert_eq!(find(&program, "sql").effect, Effect::Sql);
    }
}

#[test]
fn commands_that_write_are_writes_of_their_query() {
    let program = lower(
        "spark.sql('insert into t select * from s')\nspark.sql('create table u as select * from t')\n",
    );
    let writes: Vec<&Call> =
        program.calls.iter().filter(|call| call.effect == Effect::Write).collect();
    assert_eq!(writes.len(), 2);
    let read = find(&program, "table");
    assert_eq!(
        program.inputs(program.calls_with_ids().find(|it| it.1.effect == Effect::Write).unwrap().0)
            [1],
        read.result.unwrap()
    );
}

#[test]
fn the_result_carries_bound_and_use() {
    let program =
        lower("for row in spark.sql('select max(a) from t').collect():\n    print(row)\n");
    let collect = find(&program, "collect");
    let bound = program.value(collect.receiver.unwrap().value).bound.unwrap();
    assert_eq!((bound.rows, bound.reason), (1, BoundReason::GlobalAggregate));
    assert!(matches!(find(&program, "sql").result_use, ResultUse::Receiver(_)));
}

#[test]
fn columns_of_expr_are_columns() {
    let program = lower("x = spark.table('t').select(F.expr('sum(a + 1) as total'))\n");
    let text = program.expression_text(&find(&program, "select").arguments[0].value);
    assert_eq!(text, "alias(sum(+(col(a), 1)), \"total\")");
}

#[test]
fn positions_stand_in_the_string() {
    let source = "import pyspark\nquery = \"\"\"\n  select a\n  from orders\n  where b > 1\n  order by a\n\"\"\"\nx = spark.sql(query)\ny = spark.sql(f\"select a from t{number} limit 3\")\n";
    let program = grammars::lower(Language::Python, source);
    let call = |method: &str| find(&program, method);
    assert_eq!(call("filter").name_range.of(source), "where");
    assert_eq!(call("filter").range.of(source), "where b > 1");
    assert_eq!(call("orderBy").range.of(source), "order by a");
    assert_eq!(call("table").range.of(source), "orders");
    assert_eq!(call("limit").range.of(source), "limit 3");
}

#[test]
fn scala_strings_are_sql_too() {
    let source = "import org.apache.spark.sql.SparkSession\nobject A {\n  def f(spark: SparkSession, day: String) = spark.sql(s\"\"\"\n    |select count(*)\n    |from orders\n    |where day = '$day'\n    |\"\"\".stripMargin)\n}\n";
    let program = grammars::lower(Language::Scala, source);
    assert_eq!(find(&program, "filter").range.of(source), "where day = '$day'");
    assert_eq!(find(&program, "agg").name_range.of(source), "select");
}

proptest! {
    #[test]
    fn any_text_lowers(text in "[ -~\\n]{0,80}", words in prop::collection::vec(prop::sample::select(vec![
        "select", "from", "where", "a", "b", "(", ")", ",", "join", "on", "=", "group", "by", "union", "all", "with", "as",
        "limit", "1", "'x'", "\\\"", "order", "in", "not", "exists", "over", "lateral", "view", "explode", "insert", "into",
        "{h}", "distinct", "having", "case", "when", "then", "end", "*", ".", "`c`", "/*+", "*/", "--", ";",
    ]), 0..40)) {
        for sql in [text, words.join(" ")] {
            let source = format!("import pyspark\nx = spark.sql(f\"\"\"{sql}\"\"\")\nx.filter(F.expr({sql:?})).count()\n");
            let program = grammars::lower(Language::Python, &source);
            for call in &program.calls {
                prop_assert!(call.range.end as usize <= source.len());
                prop_assert!(source.get(call.range.start as usize..call.range.end as usize).is_some());
            }
        }
    }
}
