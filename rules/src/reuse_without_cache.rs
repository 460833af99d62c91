//! `reuse-without-cache`: a dataset that several actions compute anew.
//!
//! Where one and the same run takes two of the actions that a dataset reaches, and the dataset is expensive, it should be kept. Of a
//! chain of datasets that reach the same actions, the last one is reported.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use analysis::{Applicability, Edit, Finding, Fix, Related, RuleContext, Run, RunChange, Verdict, declare_rule, units};
use program::TextRange;

use crate::plan::{self, Stages};
use crate::reuse::{Reuse, Shared};

declare_rule! {
    /// A dataset with a shuffle or a user-defined function behind it that several actions compute anew
    ///
    /// ## Why is this bad?
    ///
    /// A DataFrame is a recipe, not a result. Each `count`, `show`, `collect` or write follows the recipe from its beginning: it reads the input
    /// again, joins again, groups again. If three actions use the same joined data, the join runs three times. `cache()` keeps the result
    /// of the first time for the others.
    ///
    /// ## Examples
    ///
    /// ```python bad
    /// from pyspark.sql import SparkSession
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    /// print(sales.count())
    /// sales.write.parquet("sales")
    /// ```
    ///
    /// ```python good
    /// from pyspark.sql import SparkSession
    ///
    /// spark = SparkSession.builder.getOrCreate()
    /// sales = spark.table("orders").join(spark.table("customers"), "customer_id").cache()
    /// print(sales.count())
    /// sales.write.parquet("sales")
    /// sales.unpersist()
    /// ```
    ///
    /// ```scala bad
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    /// println(sales.count())
    /// sales.write.parquet("sales")
    /// ```
    ///
    /// ```scala good
    /// import org.apache.spark.sql.SparkSession
    ///
    /// val spark = SparkSession.builder().getOrCreate()
    /// val sales = spark.table("orders").join(spark.table("customers"), "customer_id").cache()
    /// println(sales.count())
    /// sales.write.parquet("sales")
    /// sales.unpersist()
    /// ```
    ///
    /// ## For experts
    ///
    /// A run confirms the finding by lineage: the operators of each execution's plan are matched with the calls that asked for them, and the executions that
    /// ran operators of the same version of the dataset computed it, whatever file started them. The saving is the task time of those operators, all but the first
    /// time: that of whole stages, and the dataset's share of stages that go on with other work. Where the calls could not be evaluated, the shuffles and broadcasts
    /// that all plans have in common stand for it. An RDD's shuffle files are reused by later jobs (skipped stages), a DataFrame's are not, since every action plans anew.
    ///
    /// ## Fix safety
    ///
    /// The result is the same as long as the recipe is deterministic, but `cache()` takes memory and disk of the executors until
    /// `unpersist()`, keeps the optimiser from pushing later filters below it, and costs more than it saves for data that is larger than the cluster's storage.
    ///
    /// ## Known problems
    ///
    /// Actions in different functions are counted together only where a run shows that they compute one dataset. A dataset that is cached after its first
    /// action counts as cached.
    pub(crate) static REUSE_WITHOUT_CACHE = {
        id: "reuse-without-cache",
        category: Algorithm,
        severity: Warning,
        tier: Two,
        languages: [Python, Scala],
        evidence: Refines,
        fix: Unsafe,
        since: "0.1.0",
        check: check,
        verdict: Some(verdict),
        plan: OnlyGood(&["InMemoryTableScan"]),
    }
}

/// The datasets of a file that are worth keeping.
fn shared(ctx: &RuleContext<'_>) -> Rc<Vec<Shared>> {
    ctx.once(|| {
        let reuse = Reuse::of(ctx);
        let mut shared = reuse.shared();
        // Without a run, one that waits for it stands for all.
        let most = if ctx.has_runs { usize::MAX } else { 1 };
        let elsewhere = reuse.perhaps_shared(&shared, most);
        shared.extend(elsewhere);
        shared
    })
}

fn check(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    if ctx.is_test {
        return;
    }
    let shared = shared(ctx);
    findings.reserve(shared.len());
    for shared in shared.iter() {
        let program = ctx.program;
        let call = program.call(shared.definition);
        let times = match shared.actions.len() {
            0 => "by several actions".to_owned(),
            _ if shared.in_loop => "on every iteration".to_owned(),
            many => format!("by {many} actions"),
        };
        let message = match shared.name.and_then(|it| program.bindings.get(it as usize)) {
            Some(binding) => ["`", &binding.name, "` is computed anew ", &times].concat(),
            None => ["the result of `", &call.method, "` is computed anew ", &times].concat(),
        };
        let help = "keep it with `cache()`, and let it go with `unpersist()` after the last use";
        let mut finding = REUSE_WITHOUT_CACHE.at_call(ctx, shared.definition, message, help);
        finding.requires_evidence = shared.actions.is_empty();
        finding.related.reserve_exact(shared.actions.len());
        for action in &shared.actions {
            let action = program.call(*action);
            let message = ["`", &action.method, "` computes it"].concat();
            finding.related.push(Related { range: action.name_range, message });
        }
        if shared.is_one_expression {
            let end = TextRange::new(call.range.end, call.range.end);
            finding.fixes = vec![Fix {
                title: "Keep it with `cache()`".to_owned(),
                applicability: Applicability::Unsafe,
                edits: vec![Edit { range: end, replacement: ".cache()".to_owned() }],
            }];
        }
        findings.push(finding);
    }
}

fn verdict(ctx: &RuleContext<'_>, finding: &Finding, run: &Run) -> Verdict {
    let shared = shared(ctx);
    let Some(shared) = shared.iter().find(|it| Some(it.definition) == finding.call) else {
        return Verdict::Unmeasured;
    };
    let by_lineage = ctx.repeated(run, shared.definition, &shared.actions);
    if shared.actions.is_empty() {
        // What other functions do with it only the run tells.
        let costly = |it: &analysis::Repeated| it.by.iter().any(|it| it.is_costly);
        let last: Vec<_> = by_lineage.iter().filter(|it| it.is_last && costly(it)).collect();
        let repeated = Repeated::by_lineage(last.iter().copied());
        return if last.is_empty() { Verdict::Unmeasured } else { told(ctx, &repeated) };
    }
    if !by_lineage.is_empty() {
        // Where a later dataset is the one to keep, its finding has the numbers.
        if !shared.in_loop && by_lineage.iter().all(|it| !it.is_last) {
            return Verdict::Unmeasured;
        }
        return told(ctx, &Repeated::by_lineage(by_lineage.iter()));
    }
    let costs: Vec<_> = shared.actions.iter().filter_map(|&action| plan::certain_cost(ctx, run, action)).collect();
    let mut executions: Vec<_> = costs.iter().flat_map(|cost| run.executions_of(cost)).collect();
    executions.sort_by_key(|it| it.execution_id);
    executions.dedup_by_key(|it| it.execution_id);
    let repeated = if executions.len() > 1 {
        // Plans of different values may look alike: where lineage could tell and does not, nothing is said.
        if ctx.is_evaluated(run, shared.definition) {
            return Verdict::Unmeasured;
        }
        repeated_by_queries(run, &executions)
    } else if shared.is_rdd {
        // Of calls in other files, and of those that alignment put there, lineage tells.
        let mut jobs: Vec<Vec<u64>> = ctx.work_on(run, shared.definition).into_iter().map(|it| it.jobs).collect();
        if jobs.len() < 2 {
            jobs = costs.iter().map(|cost| cost.jobs.clone()).collect();
        }
        jobs.retain(|it| !it.is_empty());
        repeated_by_jobs(run, &jobs)
    } else {
        None
    };
    repeated.map_or(Verdict::Unmeasured, |it| told(ctx, &it))
}

/// How many changes a replay is asked about at a time.
const CHANGES: usize = 8;

fn told(ctx: &RuleContext<'_>, repeated: &Repeated) -> Verdict {
    let several = match repeated.versions {
        0 | 1 => String::new(),
        many => format!("{many} versions of it "),
    };
    let text = format!(
        "{several}computed {} times, by {}: {} of task time in all",
        repeated.ids.len(),
        plan::named(repeated.what, &repeated.ids),
        units::duration_ms(repeated.task_time_ms)
    );
    let task_time_ms = repeated.task_time_ms;
    if repeated.again_ms >= ctx.thresholds.recompute_ms {
        let mut remedy: Vec<RunChange> = repeated.first_stages.iter().map(|it| RunChange::Cached(*it)).collect();
        remedy.truncate(CHANGES);
        Verdict::Confirmed { text, task_time_ms, saving_ms: repeated.saving_ms, remedy }
    } else if repeated.most_again_ms >= ctx.thresholds.recompute_ms {
        // Operators that may be its own decide.
        Verdict::Unmeasured
    } else {
        Verdict::Refuted { text, task_time_ms }
    }
}

/// Work that several computations have in common.
struct Repeated {
    /// `execution` or `job`.
    what: &'static str,
    /// The computations, by their numbers, in order of time.
    ids: Vec<u64>,
    /// Task time of that work in all of them, milliseconds.
    task_time_ms: u64,
    /// Of that, all but the first times.
    again_ms: u64,
    /// The same with work that is not surely the dataset's.
    most_again_ms: u64,
    /// The stages that computed it first.
    first_stages: Vec<u64>,
    /// Of how many versions it is.
    versions: usize,
    /// What keeping the dataset saves at most, where its work can be told from what comes after it.
    saving_ms: Option<u64>,
}

impl Repeated {
    /// Of one dataset: task time by computation, in order of time.
    fn of(what: &'static str, times_ms: Vec<(u64, u64)>, is_bounded: bool) -> Self {
        let again_ms = times_ms.iter().skip(1).map(|it| it.1).sum();
        Self {
            what,
            task_time_ms: times_ms.iter().map(|it| it.1).sum(),
            again_ms,
            most_again_ms: again_ms,
            first_stages: Vec::new(),
            versions: 0,
            saving_ms: is_bounded.then_some(again_ms),
            ids: times_ms.into_iter().map(|it| it.0).collect(),
        }
    }

    /// By lineage, of one version of the dataset or several. Of the stages that went on with other work only the dataset's share counts.
    fn by_lineage<'a>(versions: impl IntoIterator<Item = &'a analysis::Repeated>) -> Self {
        let mut sum = Self::of("execution", Vec::new(), true);
        for version in versions {
            let times = version.by.iter().filter_map(|it| Some((it.work.execution?, it.task_time_ms)));
            let one = Self::of("execution", times.collect(), true);
            sum.ids.extend(one.ids);
            sum.versions += 1;
            sum.task_time_ms += one.task_time_ms;
            sum.again_ms += one.again_ms;
            sum.most_again_ms += version.by.iter().skip(1).map(|it| it.most_ms).sum::<u64>();
            if let Some(first) = version.by.first() {
                sum.first_stages.extend(first.stages.iter().chain(&first.shared_stages));
            }
        }
        sum.ids.sort_unstable();
        sum.ids.dedup();
        Self { saving_ms: Some(sum.again_ms), ..sum }
    }
}

/// Shuffles and broadcasts that all executions have in common; else the scans that they have in common.
fn repeated_by_queries(run: &Run, executions: &[&analysis::SqlExecution]) -> Option<Repeated> {
    let mut works: Vec<BTreeMap<String, Vec<&analysis::PlanNode>>> = Vec::new();
    for execution in executions {
        let mut work: BTreeMap<String, Vec<&analysis::PlanNode>> = BTreeMap::new();
        for node in execution.plan.preorder() {
            if plan::is_shuffle(node) || plan::is_scan(node) || node.name == "BroadcastExchange" {
                work.entry(plan::fingerprint(node)).or_default().push(node);
            }
        }
        works.push(work);
    }
    let (first, others) = works.split_first()?;
    let common: Vec<&String> =
        first.keys().filter(|print| others.iter().all(|work| work.contains_key(*print))).collect();
    let is_bounded = common.iter().any(|print| first[*print].iter().any(|node| !plan::is_scan(node)));
    if common.is_empty() {
        return None;
    }
    let times_ms = executions
        .iter()
        .zip(&works)
        .map(|(execution, work)| {
            let stages = Stages::of_execution(run, execution);
            let nodes = common.iter().flat_map(|print| &work[*print]).filter(|node| plan::is_scan(node) != is_bounded);
            let attempts = nodes.flat_map(|node| {
                if plan::is_shuffle(node) {
                    stages.running(node, plan::counted_by_writer).collect::<Vec<_>>()
                } else {
                    plan::above_exchanges(node).into_iter().flat_map(|it| stages.running(it, |_| true)).collect()
                }
            });
            (execution.execution_id, plan::task_time_ms(attempts))
        })
        .collect();
    Some(Repeated::of("execution", times_ms, is_bounded))
}

/// Stages that compute the same RDDs in the jobs of each action.
fn repeated_by_jobs(run: &Run, actions: &[Vec<u64>]) -> Option<Repeated> {
    if actions.len() < 2 {
        return None;
    }
    let stages: Vec<Stages<'_>> = actions.iter().map(|jobs| Stages::of_jobs(run, jobs)).collect();
    let rdds = |stages: &Stages<'_>| -> BTreeSet<u64> {
        stages.attempts().flat_map(|stage| &stage.rdds).map(|rdd| rdd.id).collect()
    };
    let (first, others) = stages.split_first()?;
    let common: BTreeSet<u64> =
        rdds(first).into_iter().filter(|id| others.iter().all(|it| rdds(it).contains(id))).collect();
    if common.is_empty() {
        return None;
    }
    let times_ms = actions
        .iter()
        .zip(&stages)
        .map(|(jobs, stages)| {
            let computing = stages.attempts().filter(|it| it.rdds.iter().any(|rdd| common.contains(&rdd.id)));
            (jobs.first().copied().unwrap_or_default(), plan::task_time_ms(computing))
        })
        .collect();
    Some(Repeated::of("job", times_ms, false))
}

#[cfg(test)]
mod tests;
