//! How long it takes to put a run on the lines of a program, as runs grow.
//!
//! The program has a function for each of 200 reports, which a loop runs day by day; the run is made as Spark would log it: one execution with its plan and
//! two stages for each report.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use analysis::{JoinFile, join};
use eventlog::{
    Application, Job, JobStatus, PlanMetric, PlanNode, Profile, SqlExecution, StageAttempt,
    StageMetrics, StageStatus,
};
use program::{Language, LineIndex};

use super::Result;

/// Measure how long attribution takes as runs grow.
///
/// In process, without reading a log: a program of 3,000 lines with 200 reports, against runs of up to 5,000 executions.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many executions the largest run has
    #[arg(long, default_value_t = 5_000)]
    executions: usize,
}

/// Reports of the program: as many plans are told apart.
const REPORTS: usize = 200;

pub(super) fn run(options: &Options) -> Result<()> {
    let text = source();
    let program = grammars::lower(Language::Python, &text);
    let keys = program.call_keys();
    let lines = LineIndex::new(&text);
    let file = JoinFile {
        path: "reports.py",
        program: &program,
        call_keys: &keys,
        lines: &lines,
        text: &text,
        today: None,
    };
    println!("{} lines, {REPORTS} plans", text.lines().count());
    println!("| executions | fastest s | on a line |");
    println!("|---:|---:|---:|");
    let mut sizes = vec![
        options.executions / 10,
        options.executions / 5,
        options.executions / 2,
        options.executions,
    ];
    sizes.retain(|it| *it > 0);
    for executions in sizes {
        let profile = Arc::new(profile(executions));
        let mut fastest = f64::INFINITY;
        let mut share = 0.0;
        for _ in 0..5 {
            let began = Instant::now();
            let run = join(&[file], &profile, 0);
            fastest = fastest.min(began.elapsed().as_secs_f64());
            let all = profile.task_time_ms().max(1);
            share = 100.0 * (all - run.unattributed.task_time_ms) as f64 / all as f64;
        }
        println!("| {executions} | {fastest:.2} | {share:.1} % |");
    }
    Ok(())
}

/// The program: each report reads, filters, joins, aggregates and writes.
fn source() -> String {
    let mut text = String::from(
        "from pyspark.sql import SparkSession, functions as F\n\nspark = SparkSession.builder.appName('reports').getOrCreate()\nshops = spark.read.schema('shop INT, country STRING').parquet('/in/shops')\n\n",
    );
    for report in 0..REPORTS {
        let _ = write!(
            text,
            r#"
def report_{report}(day):
    sales = spark.read.schema('shop INT, kind INT, amount_{report} INT').parquet(f'/in/sales_{report}/{{day}}')
    kept = sales.filter(F.col('kind') == {kind})
    joined = kept.join(shops, 'shop')
    totals = (
        joined.groupBy('country')
        .agg(
            F.sum('amount_{report}').alias('total_{report}'),
            F.count('*').alias('sales'),
        )
    )
    ranked = totals.withColumn('share', F.col('total_{report}') / F.col('sales'))
    ranked.write.mode('append').parquet('/out/report_{report}')

"#,
            kind = report % 7
        );
    }
    text.push_str("\nfor day in days():\n");
    for report in 0..REPORTS {
        let _ = writeln!(text, "    report_{report}(day)");
    }
    text
}

/// The run, as its log would tell it.
fn profile(executions: usize) -> Profile {
    let mut profile = Profile {
        application: Application {
            id: "app-1".to_owned(),
            end_ms: Some(i64::MAX / 4),
            ..Application::default()
        },
        ..Profile::default()
    };
    let mut accumulator = 0;
    let mut id = 0;
    for index in 0..executions {
        let report = index % REPORTS;
        let start_ms = index as i64 * 1_000;
        let mut written = Vec::new();
        let mut metric = |name: &str, kind: &str, into: &mut Vec<u64>| {
            accumulator += 1;
            into.push(accumulator);
            PlanMetric { name: name.into(), accumulator_id: accumulator, kind: kind.into() }
        };
        let mut attribute = || {
            id += 1;
            id
        };
        let (shop, kind, amount, country) = (attribute(), attribute(), attribute(), attribute());
        let mut node = |name: &str,
                        text: String,
                        metrics: &[(&str, &str)],
                        location: Option<String>,
                        children: Vec<PlanNode>| PlanNode {
            name: name.into(),
            simple_string: text.into(),
            metadata: location
                .map(|it| BTreeMap::from([("Location".to_owned(), it)]))
                .unwrap_or_default(),
            metrics: metrics.iter().map(|it| metric(it.0, it.1, &mut written)).collect(),
            children,
        };
        let day = index / REPORTS;
        let rows = ("number of output rows", "sum");
        let sales = node(
            "Scan parquet ",
            format!("FileScan parquet [shop#{shop},kind#{kind},amount_{report}#{amount}]"),
            &[rows, ("scan time", "timing")],
            Some(format!("InMemoryFileIndex(1 paths)[file:/in/sales_{report}/{day}]")),
            Vec::new(),
        );
        let kept = node(
            "Filter",
            format!("Filter (isnotnull(kind#{kind}) AND (kind#{kind} = {}))", report % 7),
            &[rows],
            None,
            vec![sales],
        );
        let shops = node(
            "Scan parquet ",
            format!("FileScan parquet [shop#{shop},country#{country}]"),
            &[rows, ("scan time", "timing")],
            Some("InMemoryFileIndex(1 paths)[file:/in/shops]".to_owned()),
            Vec::new(),
        );
        let broadcast = node(
            "BroadcastExchange",
            "BroadcastExchange HashedRelationBroadcastMode".to_owned(),
            &[],
            None,
            vec![shops],
        );
        let joined = node(
            "BroadcastHashJoin",
            format!("BroadcastHashJoin [shop#{shop}], [shop#{shop}], Inner, BuildRight, false"),
            &[rows],
            None,
            vec![kept, broadcast],
        );
        let partial = node(
            "HashAggregate",
            format!(
                "HashAggregate(keys=[country#{country}], functions=[partial_sum(amount_{report}#{amount}), partial_count(1)])"
            ),
            &[rows, ("time in aggregation build", "timing")],
            None,
            vec![joined],
        );
        let exchange = node(
            "Exchange",
            format!("Exchange hashpartitioning(country#{country}, 200), ENSURE_REQUIREMENTS"),
            &[("shuffle write time", "nsTiming"), ("fetch wait time", "timing")],
            None,
            vec![partial],
        );
        let total = node(
            "HashAggregate",
            format!(
                "HashAggregate(keys=[country#{country}], functions=[sum(amount_{report}#{amount}), count(1)])"
            ),
            &[rows, ("time in aggregation build", "timing")],
            None,
            vec![exchange],
        );
        let project = node(
            "Project",
            format!(
                "Project [country#{country}, total_{report}#{amount}, sales#{kind}, (total_{report}#{amount} / sales#{kind}) AS share#{shop}]"
            ),
            &[],
            None,
            vec![total],
        );
        let files = node("WriteFiles", "WriteFiles".to_owned(), &[], None, vec![project]);
        let write = node(
            "Execute InsertIntoHadoopFsRelationCommand",
            format!(
                "Execute InsertIntoHadoopFsRelationCommand file:/out/report_{report}, false, Parquet, [path=/out/report_{report}], Append, [country, total_{report}, sales, share]"
            ),
            &[("task commit time", "timing")],
            None,
            vec![files],
        );
        profile.executions.push(SqlExecution {
            execution_id: index as u64,
            root_execution_id: index as u64,
            description: "parquet at NativeMethodAccessorImpl.java:0".into(),
            details: "org.apache.spark.sql.DataFrameWriter.parquet(DataFrameWriter.scala:802)"
                .into(),
            start_ms,
            end_ms: Some(start_ms + 900),
            job_ids: vec![index as u64],
            plan: write,
            ..SqlExecution::default()
        });
        let stages = [index as u64 * 2, index as u64 * 2 + 1];
        profile.jobs.push(Job {
            job_id: index as u64,
            submission_ms: start_ms,
            completion_ms: Some(start_ms + 900),
            status: JobStatus::Succeeded,
            stage_ids: stages.to_vec(),
            execution_id: Some(index as u64),
            root_execution_id: Some(index as u64),
            ..Job::default()
        });
        for (at, stage_id) in stages.into_iter().enumerate() {
            let half = written.len() / 2;
            let own = if at == 0 { &written[..half] } else { &written[half..] };
            profile.stages.push(StageAttempt {
                stage_id,
                status: StageStatus::Complete,
                num_tasks: 4,
                submission_ms: Some(start_ms),
                completion_ms: Some(start_ms + 800),
                job_ids: vec![index as u64],
                metrics: StageMetrics {
                    executor_run_time: 700,
                    shuffle_write_bytes: 4_096,
                    ..StageMetrics::default()
                },
                sql_accumulators: own.iter().map(|it| (*it, 20)).collect(),
                ..StageAttempt::default()
            });
        }
    }
    profile
}
