//! The join of hand-made runs with small programs: source and log in, lines with cost out.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::fmt::Write;
use std::sync::Arc;

use analysis::{JoinFile, Run, join};
use eventlog::{
    Application, CallSite, Job, JobStatus, PlanNode, Profile, Quality, RddInfo, SqlExecution,
    StageAttempt, StageMetrics, StageStatus,
};
use program::{CallKey, Language, LineIndex, Program};

/// A run made of SQL executions and jobs, each with one stage.
#[derive(Default)]
struct Log {
    profile: Profile,
    clock: i64,
}

impl Log {
    fn new() -> Self {
        let mut log = Log::default();
        log.profile.application =
            Application { id: "app-1".into(), end_ms: Some(1_000_000), ..Default::default() };
        log.profile.quality = Quality {
            has_application_end: true,
            has_application_start: true,
            ..Default::default()
        };
        log
    }

    fn stage(&mut self, name: &str, job: u64, run_ms: u64, rdds: Vec<RddInfo>) -> u64 {
        let id = self.profile.stages.len() as u64;
        self.profile.stages.push(StageAttempt {
            stage_id: id,
            name: name.into(),
            status: StageStatus::Complete,
            num_tasks: 1,
            num_complete_tasks: 1,
            num_measured_tasks: 1,
            submission_ms: Some(self.clock),
            completion_ms: Some(self.clock + run_ms as i64),
            job_ids: vec![job],
            metrics: StageMetrics {
                executor_run_time: run_ms,
                result_size: 100,
                ..Default::default()
            },
            rdds,
            ..Default::default()
        });
        id
    }

    fn job(
        &mut self,
        execution: Option<u64>,
        short: &str,
        long: &str,
        run_ms: u64,
        rdds: Vec<RddInfo>,
    ) {
        let job = self.profile.jobs.len() as u64;
        let stage = self.stage(short, job, run_ms, rdds);
        self.profile.jobs.push(Job {
            job_id: job,
            submission_ms: self.clock,
            completion_ms: Some(self.clock + run_ms as i64),
            status: JobStatus::Succeeded,
            stage_ids: vec![stage],
            execution_id: execution,
            root_execution_id: execution,
            call_site: CallSite { short: short.into(), long: long.into() },
            ..Default::default()
        });
        self.clock += run_ms as i64;
    }

    /// A SQL execution with one job, 5 ms longer than its stage.
    fn sql(mut self, short: &str, long: &str, run_ms: u64) -> Self {
        let id = self.profile.executions.len() as u64;
        let start_ms = self.clock;
        self.job(Some(id), short, long, run_ms, Vec::new());
        self.clock += 5;
        self.profile.executions.push(SqlExecution {
            execution_id: id,
            root_execution_id: id,
            description: short.into(),
            details: long.into(),
            start_ms,
            end_ms: Some(self.clock),
            job_ids: vec![id],
            ..Default::default()
        });
        self
    }

    /// A SQL execution that runs no job: a command such as the making of a view.
    fn command(mut self, short: &str, long: &str) -> Self {
        let id = self.profile.executions.len() as u64;
        self.profile.executions.push(SqlExecution {
            execution_id: id,
            root_execution_id: id,
            description: short.into(),
            details: long.into(),
            start_ms: self.clock,
            end_ms: Some(self.clock + 1),
            ..Default::default()
        });
        self.clock += 1;
        self
    }

    fn rdd_job(mut self, short: &str, run_ms: u64, rdd_sites: &[&str]) -> Self {
        let rdds = rdd_sites
            .iter()
            .map(|site| RddInfo { call_site: (*site).into(), ..Default::default() })
            .collect();
        self.job(None, short, "", run_ms, rdds);
        self
    }
}

struct Source {
    path: &'static str,
    text: String,
    program: Program,
    keys: Vec<CallKey>,
    lines: LineIndex,
}

fn source(path: &'static str, text: &str) -> Source {
    let language = if path.ends_with(".py") { Language::Python } else { Language::Scala };
    let program = grammars::lower(language, text);
    Source {
        path,
        text: text.to_owned(),
        keys: program.call_keys(),
        lines: LineIndex::new(text),
        program,
    }
}

fn run(sources: &[Source], log: Log) -> Run {
    let files: Vec<JoinFile<'_>> = sources
        .iter()
        .map(|it| JoinFile {
            path: it.path,
            program: &it.program,
            call_keys: &it.keys,
            lines: &it.lines,
            text: &it.text,
            today: None,
        })
        .collect();
    let run = join(&files, &Arc::new(log.profile), 0);
    let attributed: u64 = run.sites.values().map(analysis::SiteCost::self_task_time_ms).sum();
    assert_eq!(
        attributed + run.unattributed.task_time_ms,
        run.profile.task_time_ms(),
        "cost is conserved"
    );
    run
}

/// `file:line method self match`, one line each in source order, then what has no line.
fn joined(sources: &[Source], log: Log) -> String {
    let run = run(sources, log);
    let mut rows = Vec::new();
    for source in sources {
        for (index, key) in source.keys.iter().enumerate() {
            if let Some(cost) = run.cost(source.path, key) {
                let line = source.lines.line(source.program.calls[index].name_range.start);
                rows.push((
                    source.path,
                    line,
                    key.method.clone(),
                    cost.self_task_time_ms(),
                    if cost.stale {
                        format!("{}, stale", cost.matched)
                    } else {
                        cost.matched.to_string()
                    },
                ));
            }
        }
    }
    rows.sort_by_key(|row| (row.0, row.1));
    let mut out = String::new();
    for (path, line, method, own, matched) in rows {
        writeln!(out, "{path}:{line} {method} {own} ms {matched}").unwrap();
    }
    for stage in &run.unattributed.stages {
        writeln!(out, "stage {}: {} ms, {}", stage.stage, stage.task_time_ms, stage.reason)
            .unwrap();
    }
    out
}

const JVM: &str = "NativeMethodAccessorImpl.java:0";

fn dataset(method: &str) -> String {
    format!("org.apache.spark.sql.Dataset.{method}(Dataset.scala:1)")
}

fn writer(method: &str) -> String {
    format!("org.apache.spark.sql.DataFrameWriter.{method}(DataFrameWriter.scala:1)")
}

const JOB: &str = r#"from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
df = spark.read.parquet("/in")
print(df.count())
rows = df.collect()
df.write.parquet("/out")
df.show()
"#;

#[test]
fn the_line_of_the_log_binds_and_order_binds_the_rest() {
    let log = Log::new()
        .sql(&format!("count at {JVM}"), &dataset("count"), 40)
        .sql("collect at /srv/jobs/job.py:5", &dataset("collectToPython"), 30)
        .sql(&format!("parquet at {JVM}"), &writer("parquet"), 20)
        .sql(&format!("showString at {JVM}"), &dataset("showString"), 10);
    assert_eq!(
        joined(&[source("job.py", JOB)], log),
        "job.py:4 count 40 ms order\njob.py:5 collect 30 ms call-site\njob.py:6 parquet 20 ms order\njob.py:7 show 10 ms order\n"
    );
}

#[test]
fn what_the_program_does_not_do_is_not_matched_and_says_why() {
    let log = Log::new()
        .sql(&format!("count at {JVM}"), &dataset("count"), 40)
        .sql(&format!("count at {JVM}"), &dataset("count"), 41)
        .sql("collect at /srv/jobs/job.py:5", &dataset("collectToPython"), 30)
        .sql(&format!("parquet at {JVM}"), &writer("parquet"), 20)
        .sql(&format!("showString at {JVM}"), &dataset("showString"), 10);
    assert_eq!(
        joined(&[source("job.py", JOB)], log),
        "job.py:5 collect 30 ms call-site\njob.py:6 parquet 20 ms order\njob.py:7 show 10 ms order\n\
         stage 0: 40 ms, SQL execution 0: no call fits `count` well enough; it ran before job.py:5\n\
         stage 1: 41 ms, SQL execution 1: no call fits `count` well enough; it ran before job.py:5\n"
    );
}

#[test]
fn a_line_without_its_call_is_of_an_earlier_version_of_the_source() {
    let log = Log::new()
        .sql(&format!("count at {JVM}"), &dataset("count"), 40)
        .sql("collect at /srv/jobs/job.py:6", &dataset("collectToPython"), 30)
        .sql(&format!("parquet at {JVM}"), &writer("parquet"), 20)
        .sql(&format!("showString at {JVM}"), &dataset("showString"), 10);
    assert_eq!(
        joined(&[source("job.py", JOB)], log),
        "job.py:4 count 40 ms order\njob.py:5 collect 30 ms order, stale\njob.py:6 parquet 20 ms order\njob.py:7 show 10 ms order\n"
    );
    // A call that the program no longer has.
    let log = Log::new().sql(&format!("count at {JVM}"), &dataset("count"), 40).sql(
        "toPandas at /srv/jobs/job.py:6",
        &dataset("collectToPython"),
        30,
    );
    let text = joined(&[source("job.py", JOB)], log);
    assert!(text.contains("stage 1: 30 ms, SQL execution 1: "), "{text}");
}

#[test]
fn actions_in_loops_are_matched_as_often_as_they_ran() {
    let text = r#"from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
df = spark.read.parquet("/in")
for day in days():
    print(df.where(df.day == day).count())
df.write.parquet("/out")
"#;
    let count = format!("count at {JVM}");
    let log = Log::new()
        .sql(&count, &dataset("count"), 40)
        .sql(&count, &dataset("count"), 41)
        .sql(&count, &dataset("count"), 42)
        .sql(&format!("parquet at {JVM}"), &writer("parquet"), 20);
    assert_eq!(
        joined(&[source("job.py", text)], log),
        "job.py:5 count 123 ms order\njob.py:6 parquet 20 ms order\n"
    );
}

#[test]
fn branches_that_were_not_taken_and_helpers_are_followed() {
    let text = r#"from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()

def store(df, path):
    df.write.parquet(path)

df = spark.read.parquet("/in")
if verbose():
    df.show()
else:
    print(df.count())
store(df, "/a")
store(df.distinct(), "/b")
df.count()
"#;
    let log = Log::new()
        .sql(&format!("count at {JVM}"), &dataset("count"), 40)
        .sql(&format!("parquet at {JVM}"), &writer("parquet"), 20)
        .sql(&format!("parquet at {JVM}"), &writer("parquet"), 21)
        .sql(&format!("count at {JVM}"), &dataset("count"), 42);
    assert_eq!(
        joined(&[source("job.py", text)], log),
        "job.py:5 parquet 41 ms order\njob.py:11 count 40 ms order\njob.py:14 count 42 ms order\n"
    );
}

#[test]
fn a_log_without_lines_is_matched_only_if_one_program_explains_all_of_it() {
    let text = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\ndf = spark.read.parquet('/in')\ndf.count()\ndf.write.parquet('/out')\n";
    let log = || {
        Log::new().sql(&format!("count at {JVM}"), &dataset("count"), 40).sql(
            &format!("parquet at {JVM}"),
            &writer("parquet"),
            20,
        )
    };
    assert_eq!(
        joined(&[source("a.py", text)], log()),
        "a.py:4 count 40 ms order\na.py:5 parquet 20 ms order\n"
    );
    let two = joined(&[source("a.py", text), source("b.py", text)], log());
    assert!(two.contains("several programs fit what the log shows"), "{two}");
}

#[test]
fn views_in_a_row_are_matched_one_by_one() {
    let text = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\ndf = spark.read.parquet('/in')\ndf.show()\ndf.createOrReplaceTempView('a')\ndf.createOrReplaceTempView('b')\nspark.sql('select * from a, b').show()\n";
    let log = |views: usize| {
        let show = format!("showString at {JVM}");
        let view = format!("createOrReplaceTempView at {JVM}");
        let mut log = Log::new().sql(&show, &dataset("showString"), 40);
        for _ in 0..views {
            log = log.command(&view, &dataset("createOrReplaceTempView"));
        }
        log.sql(&show, &dataset("showString"), 20)
    };
    let lines = joined(&[source("a.py", text)], log(2));
    assert!(lines.contains("a.py:4 show 40 ms order\n"), "{lines}");
    assert!(lines.contains("a.py:7 show 20 ms order\n"), "{lines}");
    assert!(!lines.contains("stage "), "{lines}");
    // One view less than the program makes: this is not the run of this program.
    let lines = joined(&[source("a.py", text)], log(1));
    assert!(!lines.contains(" ms order\n"), "{lines}");
}

#[test]
fn the_longest_path_suffix_tells_files_of_one_name_apart() {
    let log = || {
        Log::new().sql("collect at /srv/app/jobs/daily/job.py:5", &dataset("collectToPython"), 30)
    };
    let out = joined(&[source("jobs/daily/job.py", JOB), source("jobs/hourly/job.py", JOB)], log());
    assert_eq!(out, "jobs/daily/job.py:5 collect 30 ms call-site\n");
    let out = joined(&[source("x/job.py", JOB), source("y/job.py", JOB)], log());
    assert!(out.contains("several files are named"), "{out}");
}

#[test]
fn stages_of_an_rdd_job_go_to_the_operations_they_are_made_of() {
    let text = r#"from pyspark import SparkContext
sc = SparkContext()
pairs = sc.textFile("/in").map(lambda line: (line[:2], 1))
counts = pairs.reduceByKey(lambda a, b: a + b)
top = counts.collect()
"#;
    let mut log = Log::new();
    // One job with two stages: the shuffle's own line stands in the name of the first.
    log.job(None, "collect at /srv/job.py:5", "", 30, Vec::new());
    let first = log.stage("reduceByKey at /srv/job.py:4", 0, 70, Vec::new());
    log.profile.jobs[0].stage_ids.push(first);
    assert_eq!(
        joined(&[source("job.py", text)], log),
        "job.py:4 reduceByKey 70 ms call-site\njob.py:5 collect 30 ms call-site\n"
    );
}

#[test]
fn a_stage_of_several_operations_is_shared_to_the_millisecond() {
    let text = r#"import org.apache.spark.{SparkConf, SparkContext}
object Job {
  def main(args: Array[String]): Unit = {
    val sc = new SparkContext(new SparkConf())
    val words = sc.textFile("/in")
      .flatMap(_.split(" "))
      .map(word => (word, 1))
    println(words.count())
  }
}
"#;
    let sites = ["textFile at Job.scala:5", "flatMap at Job.scala:6", "map at Job.scala:7"];
    let log = Log::new().rdd_job("count at Job.scala:8", 10, &sites);
    assert_eq!(
        joined(&[source("src/Job.scala", text)], log),
        "src/Job.scala:5 textFile 3 ms call-site\nsrc/Job.scala:6 flatMap 3 ms call-site\nsrc/Job.scala:7 map 2 ms call-site\nsrc/Job.scala:8 count 2 ms call-site\n"
    );
}

#[test]
fn a_scala_stack_leads_to_the_line_and_the_path_to_it() {
    let text = r#"package jobs
import org.apache.spark.sql.{DataFrame, SparkSession}
object Job {
  def report(frame: DataFrame): Unit = {
    frame.write.parquet("/out")
  }
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    report(spark.read.parquet("/in"))
  }
}
"#;
    let stack = "org.apache.spark.sql.DataFrameWriter.parquet(DataFrameWriter.scala:1)\njobs.Job$.report(Job.scala:5)\njobs.Job$.main(Job.scala:9)\njobs.Job.main(Job.scala)";
    let log = Log::new().sql("parquet at Job.scala:5", stack, 10);
    let sources = [source("src/Job.scala", text)];
    let run = run(&sources, log);
    let (key, cost) = run.sites.iter().next().unwrap();
    assert_eq!((key.1.method.as_str(), cost.self_task_time_ms()), ("parquet", 10));
    assert_eq!(cost.call_path, ["src/Job.scala:9"]);
    assert_eq!((cost.driver_ms, cost.wall_ms), (5, 15));
}

#[test]
fn a_shuffle_belongs_to_the_operation_that_needs_it() {
    let text = r#"import org.apache.spark.{SparkConf, SparkContext}
object Job {
  def main(args: Array[String]): Unit = {
    val sc = new SparkContext(new SparkConf())
    val pairs = sc.textFile("/in").map(line => (line, 1))
    val groups = pairs.groupByKey()
    println(groups.count())
  }
}
"#;
    let rdd = |name: &str, site: &str| RddInfo {
        name: name.into(),
        call_site: site.into(),
        ..Default::default()
    };
    let mut log = Log::new();
    log.job(
        None,
        "count at Job.scala:7",
        "",
        100,
        vec![rdd("ShuffledRDD", "groupByKey at Job.scala:6")],
    );
    let mapped = vec![rdd("MapPartitionsRDD", "map at Job.scala:5")];
    let first = log.stage("map at Job.scala:5", 0, 70, mapped);
    log.profile.jobs[0].stage_ids.push(first);
    log.profile.stages[0].parent_ids.push(first);
    log.profile.stages[0].metrics.shuffle_read_bytes = 900;
    log.profile.stages[0].metrics.shuffle_fetch_wait_time = 40;
    log.profile.stages[1].metrics.shuffle_write_bytes = 900;
    log.profile.stages[1].metrics.shuffle_write_time = 20_000_000;
    let sources = [source("src/Job.scala", text)];
    let run = run(&sources, log);
    let cost = |method: &str| {
        run.sites.iter().find(|(site, _)| site.1.method == method).map(|it| it.1).unwrap()
    };
    let group = cost("groupByKey");
    assert_eq!((group.shuffle_read_bytes, group.shuffle_write_bytes), (900, 900));
    assert_eq!((group.self_measured_ms, group.self_shared_ms), (40 + 20, 30));
    assert_eq!((cost("map").self_task_time_ms(), cost("map").shuffle_write_bytes), (50, 0));
    assert_eq!(cost("count").self_task_time_ms(), 30);
}

#[test]
fn a_run_of_other_code_is_not_matched_by_order() {
    let stack =
        "org.apache.spark.sql.Dataset.show(Dataset.scala:1)\njobs.Report$.main(Report.scala:9)";
    let elsewhere = || {
        Log::new().sql(&format!("count at {JVM}"), &dataset("count"), 40).sql(
            "show at Report.scala:9",
            stack,
            30,
        )
    };
    let text = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\ndf = spark.read.parquet('/in')\ndf.count()\ndf.show()\n";
    let out = joined(&[source("job.py", text)], elsewhere());
    assert_eq!(
        out,
        "stage 0: 40 ms, SQL execution 0: the run's code is not in this workspace\n\
         stage 1: 30 ms, SQL execution 1: Report.scala is not in this workspace\n"
    );
    let out = joined(
        &[source("job.py", text)],
        Log::new().sql("collect at /srv/other.py:5", &dataset("collectToPython"), 30).sql(
            &format!("count at {JVM}"),
            &dataset("count"),
            40,
        ),
    );
    assert!(!out.contains("job.py"), "{out}");
}

/// Plans that no Spark would write cost neither the stack nor much time.
#[test]
fn hostile_plans_are_bounded() {
    let count = format!("count at {JVM}");
    let mut deep = PlanNode::default();
    for level in 0..1_000 {
        let name = if level % 2 == 0 { "SortMergeJoin" } else { "Filter" };
        deep = PlanNode {
            name: name.into(),
            simple_string: format!("{name} [k#{level}], [k#1], Inner").into(),
            children: vec![deep],
            ..PlanNode::default()
        };
    }
    let names: String = (0..50_000).map(|it| format!("c{it}#{it}, ")).collect();
    let nested = format!("Filter {}a#1 = 1{}", "(".repeat(50_000), " AND b#2 = 2)".repeat(50_000));
    let wide = PlanNode {
        name: "Union".into(),
        simple_string: "Union".into(),
        children: (0..5_000)
            .map(|it| PlanNode {
                name: "HashAggregate".into(),
                simple_string: format!("HashAggregate(keys=[k#{it}], functions=[sum(v#{it})])")
                    .into(),
                ..PlanNode::default()
            })
            .collect(),
        ..PlanNode::default()
    };
    let texts = [names, nested].map(|it| PlanNode {
        name: "Filter".into(),
        simple_string: it.into(),
        ..PlanNode::default()
    });
    let mut log = Log::new();
    for plan in [deep, wide].into_iter().chain(texts) {
        log = log.sql(&count, &dataset("count"), 10);
        log.profile.executions.last_mut().unwrap().plan = plan;
    }
    let text = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\ndf = spark.read.parquet('/a').join(spark.read.parquet('/b'), 'k').filter('a = 1')\nfor day in days():\n    df.count()\n";
    let run = run(&[source("job.py", text)], log);
    assert_eq!(
        run.unattributed.task_time_ms
            + run.sites.values().map(analysis::SiteCost::self_task_time_ms).sum::<u64>(),
        40
    );
}

/// `text` with an action of its own at line 4.
fn job(application: &str, action: &str) -> String {
    format!(
        "from pyspark.sql import SparkSession\nspark = SparkSession.builder.appName('{application}').getOrCreate()\ndf = spark.read.parquet('/in')\nrows = df.{action}()\n"
    )
}

#[test]
fn same_named_files_are_told_apart_by_the_calls_on_their_lines() {
    let sources = [
        source("daily/main.py", &job("a", "collect")),
        source("weekly/main.py", &job("a", "toPandas")),
    ];
    let log = || Log::new().sql("collect at /x/main.py:4", &dataset("collectToPython"), 30);
    assert_eq!(joined(&sources, log()), "daily/main.py:4 collect 30 ms call-site\n");
    let log = log().sql("toPandas at /x/main.py:4", &dataset("collectToPython"), 20);
    let text = joined(&sources, log);
    assert!(
        text.contains("stage 0: 30 ms, SQL execution 0: several files are named /x/main.py"),
        "{text}"
    );
    assert!(
        text.contains("stage 1: 20 ms, SQL execution 1: several files are named /x/main.py"),
        "{text}"
    );
}

#[test]
fn same_named_files_are_told_apart_by_what_was_submitted() {
    let sources = [
        source("daily/main.py", &job("d", "collect")),
        source("weekly/main.py", &job("w", "collect")),
    ];
    let container =
        "/data/yarn/nm/usercache/etl/appcache/application_1_2/container_1_2_01_000001/main.py";
    let log =
        || Log::new().sql(&format!("collect at {container}:4"), &dataset("collectToPython"), 30);
    let ambiguous = joined(&sources, log());
    assert!(ambiguous.contains(&format!("several files are named {container}")), "{ambiguous}");
    let weekly = "weekly/main.py:4 collect 30 ms call-site\n";

    let mut submitted = log();
    submitted.profile.application.command =
        "org.apache.spark.deploy.SparkSubmit --master yarn jobs/weekly/main.py --day 1".into();
    assert_eq!(joined(&sources, submitted), weekly);
    let mut sent = log();
    sent.profile
        .spark_properties
        .insert("spark.yarn.dist.pyFiles".into(), "file:///src/jobs/weekly/main.py#main.py".into());
    assert_eq!(joined(&sources, sent), weekly);
    let mut named = log();
    named.profile.application.name = "w".into();
    assert_eq!(joined(&sources, named), weekly);
}

#[test]
fn programs_that_fit_alike_are_told_apart_by_what_was_submitted() {
    let text = |name: &str| {
        format!(
            "from pyspark.sql import SparkSession\nspark = SparkSession.builder.appName('{name}').getOrCreate()\ndf = spark.read.parquet('/in')\ndf.count()\ndf.show()\ndf.write.parquet('/out')\n"
        )
    };
    let sources = [source("a.py", &text("first")), source("b.py", &text("second"))];
    let log = || {
        Log::new()
            .sql(&format!("count at {JVM}"), &dataset("count"), 40)
            .sql(&format!("showString at {JVM}"), &dataset("showString"), 10)
            .sql(&format!("parquet at {JVM}"), &writer("parquet"), 20)
    };
    assert!(joined(&sources, log()).contains("several programs fit what the log shows"));
    let second = "b.py:4 count 40 ms order\nb.py:5 show 10 ms order\nb.py:6 parquet 20 ms order\n";
    let mut submitted = log();
    submitted.profile.application.command =
        "org.apache.spark.deploy.SparkSubmit --master local[2] /srv/b.py".into();
    assert_eq!(joined(&sources, submitted), second);
    let mut named = log();
    named.profile.application.name = "second".into();
    assert_eq!(joined(&sources, named), second);
}

#[test]
fn installed_packages_and_archives_are_matched_by_their_whole_path() {
    let sources = [source("src/jobs/io.py", &job("a", "collect")), source("main.py", JOB)];
    let at = |path: &str| {
        let log = Log::new().sql(&format!("collect at {path}:4"), &dataset("collectToPython"), 30);
        joined(&sources, log)
    };
    let own = "src/jobs/io.py:4 collect 30 ms call-site\n";
    for path in [
        "/venv/lib/python3.11/site-packages/jobs/io.py",
        "/databricks/python/lib/python3.10/site-packages/jobs/io.py",
        "/data/yarn/container_1/jobs.zip/jobs/io.py",
        "/data/yarn/container_1/jobs-1.0-py3.11.egg/jobs/io.py",
        "/var/spark/spark-1f2/userFiles-3a4/jobs/io.py",
        "/data/yarn/container_1/__pyfiles__/io.py",
        "/Workspace/Users/a@example.org/.bundle/etl/files/src/jobs/io.py",
    ] {
        assert_eq!(at(path), own, "{path}");
    }
    for path in [
        "/venv/lib/python3.11/site-packages/pandas/io.py",
        "/data/yarn/container_1/other.zip/other/io.py",
        "/usr/lib/python3.11/io.py",
    ] {
        let text = at(path);
        assert!(text.starts_with("stage 0: 30 ms"), "{path}: {text}");
    }
}

#[test]
fn scala_objects_of_one_name_are_told_apart_by_their_package() {
    let text = |package: &str| {
        format!(
            "package {package}\nimport org.apache.spark.sql.SparkSession\nobject Job {{\n  def main(args: Array[String]): Unit = {{\n    val spark = SparkSession.builder().getOrCreate()\n    spark.read.parquet(\"/in\").count()\n  }}\n}}\n"
        )
    };
    let sources = [
        source("daily/Job.scala", &text("com.example.daily")),
        source("weekly/Job.scala", &text("com.example.weekly")),
    ];
    let frames = "org.apache.spark.sql.Dataset.count(Dataset.scala:1)\ncom.example.weekly.Job$.main(Job.scala:6)";
    let log = Log::new().sql("count at Job.scala:6", frames, 30);
    assert_eq!(joined(&sources, log), "weekly/Job.scala:6 count 30 ms call-site\n");
}

const COMMANDS: &str = "# Databricks notebook source\n\
    df = spark.read.parquet('/in')\n\
    rows = df.collect()\n\
    \n\
    # COMMAND ----------\n\
    \n\
    # DBTITLE 1,Frames\n\
    frame = df.toPandas()\n\
    \n\
    # COMMAND ----------\n\
    \n\
    other = df.distinct()\n\
    others = other.collect()\n";

#[test]
fn commands_of_databricks_are_found_by_method_line_and_order() {
    let sources = [source("report.py", COMMANDS)];
    for name in [
        "/databricks/.ipykernel/1348/command-1723439101937605-2048933269",
        "/home/spark-88da72a5-41e6-4eb8-b0b7-22/.ipykernel/67/command-1723439101937605-2048933269",
        "<command-1723439101937605>",
        "command-1723439101937605",
    ] {
        let log = Log::new().sql(&format!("toPandas at {name}:1"), &dataset("collectToPython"), 30);
        assert_eq!(joined(&sources, log), "report.py:8 toPandas 30 ms call-site\n", "{name}");
    }
    // Two cells have a `collect` on their second line: the order tells them apart.
    let log = Log::new()
        .sql("collect at <command-11>:2", &dataset("collectToPython"), 30)
        .sql("toPandas at <command-12>:1", &dataset("collectToPython"), 20)
        .sql("collect at <command-13>:2", &dataset("collectToPython"), 10);
    assert_eq!(
        joined(&sources, log),
        "report.py:3 collect 30 ms call-site\nreport.py:8 toPandas 20 ms call-site\nreport.py:13 collect 10 ms call-site\n"
    );
    // A launcher runs files: its frame is no cell.
    let log = Log::new().sql(
        "collect at /databricks/.ipykernel/83/command--1-2723726414:2",
        &dataset("collectToPython"),
        30,
    );
    assert!(!joined(&sources, log).contains("call-site"));
}
