//! `reuse-without-cache`: a dataset that several actions compute anew.
//!
//! For each dataset the actions that it reaches without passing a persisted one are collected. Where one and the same run can take two of them, and the
//! dataset is expensive, it should be kept. Of a chain of datasets that reach the same actions, the last one is reported.

use std::collections::{BTreeMap, BTreeSet};

use analysis::{Applicability, Edit, Finding, Fix, Related, RuleContext, Run, Verdict, declare_rule, units};
use program::{
    Call, CallId, Confidence, Effect, Expression, Language, Origin, Program, ResultUse, ScopeId, ScopeKind, TextRange,
    Type, ValueId,
};

use crate::plan::{self, Stages};

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
    /// A run confirms the finding by work that is the same in all executions of the actions: shuffles and broadcasts with the same keys over the same
    /// scans and joins, whatever columns the optimiser pruned. The saving is the task time of the stages that wrote those shuffles, all
    /// but the first time; the stage after the last common shuffle runs operators of both sides of the border and is not counted. An
    /// RDD's shuffle files are reused by later jobs (skipped stages), a DataFrame's are not, since every action plans anew.
    ///
    /// ## Fix safety
    ///
    /// The result is the same as long as the recipe is deterministic, but `cache()` takes memory and disk of the executors until
    /// `unpersist()`, keeps the optimiser from pushing later filters below it, and costs more than it saves for data that is larger than the cluster's storage.
    ///
    /// ## Known problems
    ///
    /// Actions in different functions are not counted together, and neither are those behind a temporary view. A dataset that is cached after its first
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
    }
}

fn check(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    if ctx.is_test {
        return;
    }
    for shared in Reuse::of(ctx).shared() {
        let program = ctx.program;
        let call = program.call(shared.definition);
        let times = if shared.in_loop { "on every iteration".to_owned() } else { format!("by {} actions", shared.actions.len()) };
        let what = shared.name.as_deref().map_or_else(|| format!("the result of `{}`", call.method), |name| format!("`{name}`"));
        let message = format!("{what} is computed anew {times}");
        let help = "keep it with `cache()`, and let it go with `unpersist()` after the last use";
        let mut finding = REUSE_WITHOUT_CACHE.at_call(ctx, shared.definition, message, help);
        for action in &shared.actions {
            let action = program.call(*action);
            let message = format!("`{}` computes it", action.method);
            finding.related.push(Related { range: action.name_range, message });
        }
        if shared.is_one_expression {
            let end = TextRange::new(call.range.end, call.range.end);
            finding.fixes.push(Fix {
                title: "Keep it with `cache()`".to_owned(),
                applicability: Applicability::Unsafe,
                edits: vec![Edit { range: end, replacement: ".cache()".to_owned() }],
            });
        }
        findings.push(finding);
    }
}

/// How many uses of one dataset are looked at.
const USES: usize = 64;

/// Rows up to which an input is too small to be worth a cache.
const FEW_ROWS: u64 = 10_000;

/// Something that computes a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    /// An action or a write.
    Action(CallId),
    /// A dataset downstream that is persisted: computed once, whatever is done with it.
    Kept(ValueId),
}

/// A dataset that is worth keeping.
struct Shared {
    /// The call that makes it, or the nearest one upstream where branches merge.
    definition: CallId,
    /// Its name in the source.
    name: Option<String>,
    /// What computes it in one run.
    actions: Vec<CallId>,
    /// Whether one of them does so again and again.
    in_loop: bool,
    /// Whether `definition` is the dataset's own and can be extended where it stands.
    is_one_expression: bool,
    is_rdd: bool,
}

/// What of a file is needed to tell who computes what.
struct Reuse<'a> {
    program: &'a Program,
    text: &'a str,
    /// Values that are made of a value.
    consumers: Vec<Vec<CallId>>,
    /// Values that stand for a value after a merge or at the head of a loop.
    successors: Vec<Vec<ValueId>>,
    persisted: BTreeSet<ValueId>,
    escaping: BTreeSet<ValueId>,
    uses: Vec<BTreeSet<Use>>,
}

impl<'a> Reuse<'a> {
    fn of(ctx: &RuleContext<'a>) -> Self {
        let program = ctx.program;
        let count = program.values.len();
        let mut consumers = vec![Vec::new(); count];
        for (id, _) in program.calls_with_ids() {
            let inputs: BTreeSet<ValueId> = program.inputs(id).into_iter().collect();
            for input in inputs {
                consumers[input.index()].push(id);
            }
        }
        let mut successors = vec![Vec::new(); count];
        for (index, value) in program.values.iter().enumerate() {
            let index = ValueId(index as u32);
            match &value.origin {
                Origin::Merge(values) => values.iter().for_each(|it| successors[it.index()].push(index)),
                Origin::Loop { entry, .. } => successors[entry.index()].push(index),
                _ => {}
            }
        }
        let mut reuse = Self {
            program,
            text: ctx.text,
            consumers,
            successors,
            persisted: BTreeSet::new(),
            escaping: BTreeSet::new(),
            uses: vec![BTreeSet::new(); count],
        };
        reuse.mark_persisted();
        reuse.mark_escaping();
        // What is made of a value stands after it.
        for index in (0..count).rev() {
            reuse.uses[index] = reuse.uses_of(ValueId(index as u32));
        }
        reuse
    }

    fn mark_persisted(&mut self) {
        let program = self.program;
        let mut caches_views = false;
        let mut attributes = BTreeSet::new();
        let mut functions = BTreeSet::new();
        for call in &program.calls {
            let cached_by_query = call.effect == Effect::Sql
                && call.arguments.first().and_then(|it| it.value.as_text()).is_some_and(|text| {
                    text.trim_start().to_ascii_lowercase().starts_with("cache ")
                });
            caches_views |= cached_by_query;
            if !matches!(call.effect, Effect::Persist | Effect::Checkpoint) {
                continue;
            }
            if matches!(call.receiver_type, Type::Session | Type::Catalog) {
                caches_views = true;
                continue;
            }
            self.persisted.extend(call.result);
            let Some(receiver) = call.receiver else { continue };
            self.persisted.insert(receiver.value);
            match &program.value(receiver.value).origin {
                Origin::Ambient(name) => {
                    attributes.insert(attribute(name));
                }
                Origin::Parameter { function, .. } => {
                    functions.insert(program.functions[function.index()].name.as_str());
                }
                _ => {}
            }
        }
        for binding in &program.bindings {
            let by_attribute = binding.name.contains('.') && attributes.contains(attribute(&binding.name));
            let by_function = functions
                .iter()
                .any(|function| !function.is_empty() && is_given_to(self.text, function, &binding.name));
            if by_attribute || by_function {
                self.persisted.insert(binding.value);
            }
        }
        if caches_views {
            let views = program.calls.iter().filter(|call| call.effect == Effect::View);
            self.persisted.extend(views.filter_map(|call| call.receiver).map(|it| it.value));
        }
    }

    /// Values that a function returns: whoever gets them may keep them.
    fn mark_escaping(&mut self) {
        let program = self.program;
        for function in &program.functions {
            function.returns.walk(&mut |it| {
                if let Expression::Value(value) = it {
                    self.escaping.insert(*value);
                }
            });
        }
        for call in program.calls.iter().filter(|call| call.result_use == ResultUse::Returned) {
            self.escaping.extend(call.result);
        }
        for binding in &program.bindings {
            let function = program
                .ancestors(binding.scope)
                .find(|&scope| matches!(program.scope(scope).kind, ScopeKind::Function(_)));
            let Some(function) = function else { continue };
            let body = program.scope(function).range.of(self.text);
            let mut returns = body.lines().map(str::trim_start).filter(|line| line.starts_with("return "));
            if returns.any(|line| has_word(line, &binding.name)) {
                self.escaping.insert(binding.value);
            }
        }
    }

    fn uses_of(&self, value: ValueId) -> BTreeSet<Use> {
        let mut uses = BTreeSet::new();
        if !carries_rows(self.program.value(value).kind) {
            return uses;
        }
        for &id in &self.consumers[value.index()] {
            let call = self.program.call(id);
            if call.effect.runs_jobs() {
                uses.insert(Use::Action(id));
            } else if let Some(result) = call.result
                && call.effect != Effect::Unpersist
            {
                self.add_uses(result, &mut uses);
            }
        }
        for &successor in &self.successors[value.index()] {
            self.add_uses(successor, &mut uses);
        }
        uses
    }

    fn add_uses(&self, of: ValueId, uses: &mut BTreeSet<Use>) {
        if self.persisted.contains(&of) {
            if !self.uses[of.index()].is_empty() {
                uses.insert(Use::Kept(of));
            }
        } else if uses.len() < USES {
            uses.extend(self.uses[of.index()].iter().copied());
        }
    }

    fn scope_of(&self, use_: Use) -> Option<ScopeId> {
        match use_ {
            Use::Action(call) => Some(self.program.call(call).scope),
            Use::Kept(value) => self.definition(value).map(|call| self.program.call(call).scope),
        }
    }

    /// The call that makes a value, or the nearest one upstream.
    fn definition(&self, value: ValueId) -> Option<CallId> {
        self.program.lineage(value).into_iter().find_map(|it| self.program.producer(it))
    }

    /// Datasets worth keeping, upstream ones first.
    fn shared(&self) -> Vec<Shared> {
        let mut found: Vec<Shared> = Vec::new();
        let mut kept: BTreeSet<ValueId> = self.persisted.clone();
        for index in 0..self.program.values.len() {
            let value = ValueId(index as u32);
            let Some((chosen, in_loop)) = self.computed(value) else { continue };
            let times = chosen.len() + usize::from(in_loop);
            if times < 2 || self.is_covered_downstream(value, times) || !self.is_expensive(value, &kept) {
                continue;
            }
            let Some(definition) = self.definition(value) else { continue };
            kept.insert(value);
            let call = self.program.call(definition);
            let actions: Vec<CallId> = chosen
                .iter()
                .filter_map(|it| match it {
                    Use::Action(call) => Some(*call),
                    Use::Kept(value) => self.definition(*value),
                })
                .collect();
            found.push(Shared {
                definition,
                name: self.name_of(value),
                actions,
                in_loop,
                is_one_expression: call.result == Some(value) && self.is_method_call(call),
                is_rdd: self.program.value(value).kind == Type::Rdd,
            });
        }
        found
    }

    /// What computes `value` in one run, and whether in a loop.
    fn computed(&self, value: ValueId) -> Option<(Vec<Use>, bool)> {
        let known = self.program.value(value);
        let can_be_kept = matches!(known.kind, Type::DataFrame | Type::Rdd) && known.confidence > Confidence::Guessed;
        if !can_be_kept || self.persisted.contains(&value) || self.escaping.contains(&value) {
            return None;
        }
        let home = self.program.call(self.definition(value)?).scope;
        let function = self.function_of(home);
        let uses: Vec<(Use, ScopeId)> = self.uses[value.index()]
            .iter()
            .filter_map(|&it| Some((it, self.scope_of(it)?)))
            // Whether another function runs in the same run, and how often, is not known.
            .filter(|it| self.function_of(it.1) == function)
            .collect();
        let mut best: Vec<(Use, ScopeId)> = Vec::new();
        for start in 0..uses.len() {
            let mut chosen = vec![uses[start]];
            for candidate in uses.iter().skip(start + 1) {
                if chosen.iter().all(|it| self.may_both_run(*it, *candidate)) {
                    chosen.push(*candidate);
                }
            }
            if chosen.len() > best.len() {
                best = chosen;
            }
        }
        let in_loop = best.iter().any(|it| self.repeats(*it, home));
        (!best.is_empty()).then(|| (best.into_iter().map(|it| it.0).collect(), in_loop))
    }

    fn function_of(&self, scope: ScopeId) -> Option<ScopeId> {
        self.program
            .ancestors(scope)
            .find(|&it| matches!(self.program.scope(it).kind, ScopeKind::Function(_) | ScopeKind::Closure))
    }

    fn may_both_run(&self, first: (Use, ScopeId), second: (Use, ScopeId)) -> bool {
        !self.program.exclusive(first.1, second.1)
            && !self.leaves_before(first, second)
            && !self.leaves_before(second, first)
    }

    /// Whether the branch that holds `first` ends the function before `second` outside of it.
    fn leaves_before(&self, first: (Use, ScopeId), second: (Use, ScopeId)) -> bool {
        let Some(at) = self.position(first.0) else { return false };
        let around: Vec<ScopeId> = self.program.ancestors(second.1).collect();
        self.program
            .ancestors(first.1)
            .take_while(|scope| !around.contains(scope))
            .filter(|&scope| matches!(self.program.scope(scope).kind, ScopeKind::Branch { .. }))
            .any(|scope| jumps(self.text, at, self.program.scope(scope).range))
    }

    fn position(&self, use_: Use) -> Option<TextRange> {
        match use_ {
            Use::Action(call) => Some(self.program.call(call).statement),
            Use::Kept(value) => self.definition(value).map(|call| self.program.call(call).statement),
        }
    }

    /// Whether a use runs more often than the definition at `home`.
    fn repeats(&self, use_: (Use, ScopeId), home: ScopeId) -> bool {
        let around: Vec<ScopeId> = self.program.ancestors(home).collect();
        let at = self.position(use_.0);
        self.program.ancestors(use_.1).take_while(|scope| !around.contains(scope)).any(|scope| {
            let scope = self.program.scope(scope);
            // Trying again until it works is one computation.
            matches!(scope.kind, ScopeKind::Loop { iterations } if !matches!(iterations, Some(0 | 1)))
                && !at.is_some_and(|at| jumps(self.text, at, scope.range))
        })
    }

    /// Whether one dataset made of `value` is computed by all the same uses: then that one is to be kept.
    fn is_covered_downstream(&self, value: ValueId, times: usize) -> bool {
        let results = self.consumers[value.index()].iter().filter_map(|&call| self.program.call(call).result);
        results.chain(self.successors[value.index()].iter().copied()).any(|result| {
            self.uses[result.index()] == self.uses[value.index()]
                && self
                    .computed(result)
                    .is_some_and(|(chosen, in_loop)| chosen.len() + usize::from(in_loop) == times)
        })
    }

    /// Whether there is a shuffle or a user-defined function between `value` and its inputs, or what is kept already.
    fn is_expensive(&self, value: ValueId, kept: &BTreeSet<ValueId>) -> bool {
        let program = self.program;
        let mut pending = vec![value];
        let mut seen = BTreeSet::new();
        let (mut expensive, mut large) = (false, false);
        while let Some(value) = pending.pop() {
            if kept.contains(&value) {
                large = true;
                continue;
            }
            if !seen.insert(value) {
                continue;
            }
            let known = program.value(value);
            if known.kind == Type::StreamReader {
                return false;
            }
            expensive |= known.kind == Type::UserDefinedFunction;
            match &known.origin {
                Origin::Call(call) => {
                    let made = program.call(*call);
                    expensive |= is_costly(made);
                    large |= matches!(made.effect, Effect::Read | Effect::Sql)
                        && known.bound.is_none_or(|bound| bound.rows > FEW_ROWS);
                    pending.extend(program.inputs(*call));
                }
                Origin::Returned(function) => match &program.functions[function.index()].returns {
                    Expression::Value(returned) => pending.push(*returned),
                    _ => large = true,
                },
                Origin::Parameter { .. } | Origin::Ambient(_) => large |= carries_rows(known.kind),
                Origin::Merge(_) | Origin::Loop { .. } => pending.extend(program.parents(value)),
            }
        }
        expensive && large
    }

    fn name_of(&self, value: ValueId) -> Option<String> {
        let named = |value: ValueId| self.program.bindings.iter().find(|it| it.value == value).map(|it| it.name.clone());
        named(value).or_else(|| match &self.program.value(value).origin {
            Origin::Merge(_) | Origin::Loop { .. } => self.program.parents(value).into_iter().find_map(named),
            _ => None,
        })
    }

    /// Whether a method can be called on the call by writing it behind: not on an infix one.
    fn is_method_call(&self, call: &Call) -> bool {
        let before = self.text.get(..call.name_range.start as usize).unwrap_or_default();
        self.program.language == Language::Python || before.trim_end().ends_with('.')
    }
}

/// Whether a value of this kind is a dataset, or a step on the way to its action.
fn carries_rows(kind: Type) -> bool {
    kind.is_dataset() || matches!(kind, Type::Writer | Type::WriterV2 | Type::NaFunctions | Type::StatFunctions)
}

fn is_costly(call: &Call) -> bool {
    match call.effect {
        Effect::Wide => true,
        Effect::Repartition => call.method != "coalesce",
        Effect::Sql => call.arguments.first().and_then(|it| it.value.as_text()).is_some_and(|text| {
            let text = text.to_ascii_lowercase();
            let words: Vec<&str> = text.split_whitespace().collect();
            words.iter().any(|word| matches!(*word, "join" | "distinct"))
                || words.windows(2).any(|pair| matches!(pair, ["group" | "order", "by"]))
        }),
        _ => matches!(call.method.as_str(), "mapInPandas" | "mapInArrow"),
    }
}

fn attribute(name: &str) -> &str {
    name.strip_prefix("self.").or_else(|| name.strip_prefix("this.")).unwrap_or(name)
}

/// Whether some call of `function` in the text names `variable` among its arguments.
fn is_given_to(text: &str, function: &str, variable: &str) -> bool {
    text.match_indices(function).any(|(at, _)| {
        let after = &text[at + function.len()..];
        let starts_word = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let arguments = after.strip_prefix('(').and_then(|rest| rest.split(')').next());
        starts_word && arguments.is_some_and(|arguments| has_word(arguments, variable))
    })
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).any(|it| it == word)
}

/// Whether a line behind `statement` in `range`, indented no deeper than the statement, leaves the branch or loop for good.
fn jumps(text: &str, statement: TextRange, range: TextRange) -> bool {
    const JUMPS: [&str; 8] =
        ["return", "raise ", "throw ", "break", "continue", "sys.exit(", "exit(", "dbutils.notebook.exit("];
    let line_start = text.get(..statement.start as usize).and_then(|it| it.rfind('\n')).map_or(0, |at| at + 1);
    let indent = (statement.start as usize).saturating_sub(line_start);
    let after = TextRange::new(statement.end, range.end).of(text);
    after.lines().any(|line| {
        let code = line.trim_start_matches([' ', '\t', ';']);
        line.len() - code.len() <= indent.max(1) && JUMPS.iter().any(|jump| code.starts_with(jump))
    })
}

fn verdict(ctx: &RuleContext<'_>, finding: &Finding, run: &Run) -> Verdict {
    let shared = Reuse::of(ctx).shared();
    let Some(shared) = shared.into_iter().find(|it| Some(it.definition) == finding.call) else {
        return Verdict::Unmeasured;
    };
    let costs: Vec<_> = shared.actions.iter().filter_map(|&action| plan::certain_cost(ctx, run, action)).collect();
    let mut executions: Vec<_> = costs.iter().flat_map(|cost| run.executions_of(cost)).collect();
    executions.sort_by_key(|it| it.execution_id);
    executions.dedup_by_key(|it| it.execution_id);
    let repeated = if executions.len() > 1 {
        repeated_by_queries(run, &executions)
    } else if shared.is_rdd {
        let jobs: Vec<&[u64]> = costs.iter().map(|cost| cost.jobs.as_slice()).filter(|jobs| !jobs.is_empty()).collect();
        repeated_by_jobs(run, &jobs)
    } else {
        None
    };
    let Some(repeated) = repeated else { return Verdict::Unmeasured };
    let task_time_ms: u64 = repeated.times_ms.iter().sum();
    let again_ms: u64 = repeated.times_ms.iter().skip(1).sum();
    let text = format!(
        "computed {} times: {} of task time in all",
        repeated.times_ms.len(),
        units::duration_ms(task_time_ms)
    );
    if again_ms >= ctx.thresholds.recompute_ms {
        let saving_ms = repeated.is_bounded.then_some(again_ms);
        Verdict::Confirmed { text, task_time_ms, saving_ms }
    } else {
        Verdict::Refuted { text, task_time_ms }
    }
}

/// Work that several computations have in common.
struct Repeated {
    /// Task time of that work, computation by computation, in order of time.
    times_ms: Vec<u64>,
    /// Whether its stages did nothing else, so that all of it but the first can be saved.
    is_bounded: bool,
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
            plan::task_time_ms(attempts)
        })
        .collect();
    Some(Repeated { times_ms, is_bounded })
}

/// Stages that compute the same RDDs in the jobs of each action.
fn repeated_by_jobs(run: &Run, actions: &[&[u64]]) -> Option<Repeated> {
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
    let times_ms = stages
        .iter()
        .map(|stages| {
            plan::task_time_ms(stages.attempts().filter(|it| it.rdds.iter().any(|rdd| common.contains(&rdd.id))))
        })
        .collect();
    Some(Repeated { times_ms, is_bounded: false })
}

#[cfg(test)]
mod tests {
    use analysis::Applicability;
    use eventlog::RddInfo;

    use super::REUSE_WITHOUT_CACHE as RULE;
    use crate::testing::{Measuring, check, check_fix, check_measured, check_no_fix, findings, refuted};

    #[test]
    fn several_actions_compute_it() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
orders = spark.read.csv("orders")
sales = (
    orders.join(spark.table("customers"), "customer_id")
    .join(spark.table("channels"), "channel")
    .withColumn("month", F.date_trunc("month", "day"))
#    ^^^^^^^^^^ hint: `sales` is computed anew by 4 actions
)
print(f"{sales.count()} sales")
revenue = sales.groupBy("country").agg(F.sum("revenue"))
revenue.write.mode("overwrite").parquet("revenue")
sales.groupBy("product").agg(F.sum("quantity")).show(24)
totals = sales.groupBy("customer_id").agg(F.sum("revenue")).collect()
orders.groupBy("customer_id").count().show()

@F.udf
def clean(name):
    return name.strip()

names = orders.select(clean("name"))
#              ^^^^^^ hint: `names` is computed anew by 2 actions
names.show()
names.write.parquet("names")
pairs = spark.sparkContext.textFile("log").map(lambda line: (line, 1)).reduceByKey(lambda a, b: a + b)
#                                                                      ^^^^^^^^^^^ hint: `pairs` is computed anew by 2 actions
pairs.count()
pairs.saveAsTextFile("pairs")
//- /Job.scala
import org.apache.spark.sql.SparkSession
import org.apache.spark.sql.functions._
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    import spark.implicits._
    val orders = spark.read.csv("orders")
    val sales = orders
      .join(spark.table("customers"), "customer_id")
      .withColumn("month", date_trunc("month", $"day"))
//     ^^^^^^^^^^ hint: `sales` is computed anew by 2 actions
    println(sales.count())
    sales.groupBy("country").agg(sum("revenue")).write.parquet("revenue")
    val clean = udf((name: String) => name.trim)
    val names = orders.select(clean($"name"))
//                     ^^^^^^ hint: `names` is computed anew by 2 actions
    names.show()
    names.write.parquet("names")
  }
}
"#,
        );
    }

    #[test]
    fn loops_compute_it_again() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "customer_id")
#                             ^^^^ hint: `sales` is computed anew on every iteration
for country in countries:
    sales.filter(sales.country == country).write.parquet(country)
for day in days:
    fresh = spark.table("orders").join(spark.table("days"), "day")
    fresh.filter(fresh.day == day).write.parquet(day)
once = spark.table("orders").distinct()
for attempt in range(3):
    try:
        once.write.parquet("out")
        break
    except Exception:
        pass
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    import spark.implicits._
    val sales = spark.table("orders").join(spark.table("customers"), "customer_id")
//                                    ^^^^ hint: `sales` is computed anew on every iteration
    countries.foreach { country =>
      sales.filter($"country" === country).write.parquet(country)
    }
  }
}
"#,
        );
    }

    #[test]
    fn kept_datasets_are_right() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark import StorageLevel
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
orders = spark.table("orders")
chained = orders.distinct().cache()
chained.count()
chained.show()
stated = orders.distinct()
stated.persist(StorageLevel.DISK_ONLY)
stated.count()
stated.filter("x > 1").show()
again = orders.distinct()
again = again.cache()
again.count()
again.show()
base = orders.distinct()
kept = base.filter("x > 1").localCheckpoint()
kept.count()
kept.show()
orders.distinct().write.parquet("distinct")
read = spark.read.parquet("distinct")
read.count()
read.show()

def keep(df):
    df.cache()
    return df

helped = orders.distinct()
keep(helped)
helped.count()
helped.show()
returned = keep(orders.distinct())
returned.count()
returned.show()
view = orders.distinct()
view.createOrReplaceTempView("view")
spark.catalog.cacheTable("view")
view.count()
view.show()
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val orders = spark.table("orders")
    val chained = orders.distinct().cache()
    chained.count()
    chained.show()
    val stated = orders.distinct()
    stated.persist()
    stated.count()
    stated.filter("x > 1").show()
  }
}
"#,
        );
    }

    #[test]
    fn paths_that_exclude_one_another_are_right() {
        check(
            &RULE,
            r#"
//- /job.py
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "customer_id")
if mode == "show":
    sales.show()
elif mode == "count":
    print(sales.count())
else:
    sales.write.parquet("sales")

def run(dry):
    sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    if dry:
        sales.show()
        return
    sales.write.parquet("sales")

def guarded():
    sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    try:
        sales.write.parquet("sales")
    except Exception:
        sales.show()

def checked():
    sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    if strict:
        print(sales.count())
        sys.exit(1)
    sales.write.parquet("sales")
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    args(0) match {
      case "show" => sales.show()
      case "count" => println(sales.count())
      case _ => sales.write.parquet("sales")
    }
  }
}
"#,
        );
    }

    #[test]
    fn cheap_or_single_uses_are_right() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.getOrCreate()
plain = spark.read.parquet("orders").filter("amount > 3").select("id", "amount")
plain.count()
plain.show()
once = spark.table("orders").distinct()
print(once.columns, once.schema)
once.printSchema()
once.write.parquet("once")
small = spark.createDataFrame([(1, "a"), (2, "b")], ["id", "name"]).distinct()
small.count()
small.show()
narrowed = spark.table("orders").coalesce(4)
narrowed.count()
narrowed.show()
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val plain = spark.read.parquet("orders").filter("amount > 3").select("id", "amount")
    plain.count()
    plain.show()
    val once = spark.table("orders").distinct()
    println(once.columns.mkString)
    once.write.parquet("once")
  }
}
"#,
        );
    }

    #[test]
    fn what_others_do_with_it_is_not_guessed() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import DataFrame, SparkSession
spark = SparkSession.builder.getOrCreate()

def build():
    sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    sales.show()
    return sales

def audited():
    sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    print(sales.count())
    sales.show()
    return sales, True

def report(sales: DataFrame):
    print(sales.count())
    sales.show()

class Job:
    def load(self):
        self.sales = spark.table("orders").join(spark.table("customers"), "customer_id")

    def run(self):
        self.sales.cache()
        print(self.sales.count())
        self.sales.show()

    def other(self):
        self.lines = spark.table("lines").distinct()
        self.lines.show()
//- /tests/test_job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").distinct()
assert sales.count() == 3
assert sales.collect() == []
//- /frames.py
import pandas as pd
import polars as pl
sales = pd.read_csv("orders").merge(pd.read_csv("customers"))
print(sales.count())
sales.to_csv("sales")
lazy = pl.scan_csv("orders").join(pl.scan_csv("customers"), on="id")
lazy.collect()
lazy.collect()
//- /Job.scala
import org.apache.spark.sql.{DataFrame, SparkSession}
object Job {
  val spark = SparkSession.builder().getOrCreate()
  def build(): DataFrame = {
    val sales = spark.table("orders").join(spark.table("customers"), "customer_id")
    sales.show()
    sales
  }
  def report(sales: DataFrame): Unit = {
    println(sales.count())
    sales.show()
  }
}
"#,
        );
    }

    #[test]
    fn streams_are_not_meant() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
counts = spark.readStream.table("orders").groupBy("day").count()
counts.writeStream.format("console").start()
counts.writeStream.format("delta").start("out")
"#,
        );
    }

    #[test]
    fn a_part_that_is_dear_by_itself_is_found_behind_another() {
        check(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "customer_id")
#                             ^^^^ hint: `sales` is computed anew by 3 actions
sales.count()
cheap = sales.filter("x > 1")
cheap.show()
by_day = cheap.groupBy("day").count()
by_day.show()
dear = spark.table("events").distinct()
#                            ^^^^^^^^ hint: `dear` is computed anew by 3 actions
dear.show()
counted = dear.groupBy("day").count()
#                             ^^^^^ hint: `counted` is computed anew by 2 actions
counted.show()
counted.write.parquet("counted")
"#,
        );
    }

    #[test]
    fn branches_that_merge_are_one_dataset() {
        check_no_fix(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "customer_id")
if country:
    sales = sales.filter(sales.country == country)
print(sales.count())
sales.write.parquet("sales")
//- /Infix.scala
import org.apache.spark.sql.SparkSession
object Infix {
  val spark = SparkSession.builder().getOrCreate()
  val orders = spark.table("orders")
  val sales = orders union orders.distinct()
  println(sales.count())
  sales.write.parquet("sales")
}
"#,
        );
    }

    #[test]
    fn the_fix_keeps_it() {
        check_fix(
            &RULE,
            0,
            Applicability::Unsafe,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = (
    spark.table("orders")
    .join(spark.table("customers"), "customer_id")  # all
)
print(sales.count())
sales.write.parquet("sales")
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  val spark = SparkSession.builder().getOrCreate()
  val sales = spark.table("orders")
    .distinct
  println(sales.count())
  sales.write.parquet("sales")
}
"#,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = (
    spark.table("orders")
    .join(spark.table("customers"), "customer_id").cache()  # all
)
print(sales.count())
sales.write.parquet("sales")
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  val spark = SparkSession.builder().getOrCreate()
  val sales = spark.table("orders")
    .distinct.cache()
  println(sales.count())
  sales.write.parquet("sales")
}
"#,
        );
    }

    /// Three executions that shuffle the same two inputs of one join, with other columns and ids.
    fn computed_three_times(run: &mut Measuring, task_time_ms: u64) {
        for (nth, method) in ["count", "parquet", "show"].into_iter().enumerate() {
            let at = 10 * (nth as u64 + 1);
            let id = nth + 40;
            run.stage(at, task_time_ms);
            run.stage(at + 1, task_time_ms / 10);
            // What comes after the join is no part of it.
            run.stage(at + 2, 90_000);
            run.execution(
                method,
                0,
                at,
                &[at, at + 1, at + 2],
                &format!(
                    "
                    HashAggregate(keys=[x{nth}#1], functions=[])
                      Exchange hashpartitioning(x{nth}#1, 16), ENSURE_REQUIREMENTS, [plan_id={id}] | data size=1@{last}
                        SortMergeJoin [k#{id}], [k#{id}], Inner | number of output rows=9@{last}
                          Exchange hashpartitioning(k#{id}, 16), ENSURE_REQUIREMENTS, [plan_id={id}] | data size=9@{at}, records read=9@{last}
                            Project [k#{id}, c{nth}#3]
                              Scan parquet: FileScan parquet [k#{id}] Location: InMemoryFileIndex(1 paths)[file:/orders], PushedFilters: [] | number of output rows=9@{at}
                          Exchange hashpartitioning(k#{id}, 16), ENSURE_REQUIREMENTS, [plan_id={id}] | data size=9@{second}
                            Scan parquet: FileScan parquet [k#{id}] Location: InMemoryFileIndex(1 paths)[file:/customers], PushedFilters: [] | number of output rows=9@{second}
                    ",
                    second = at + 1,
                    last = at + 2,
                ),
            );
        }
    }

    #[test]
    fn a_run_confirms_and_bounds_the_saving() {
        let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "k")
#                             ^^^^ warning: `sales` is computed anew by 3 actions (confirmed: computed 3 times: 33 s of task time in all)
sales.count()
sales.groupBy("x1").count().write.parquet("x1")
sales.groupBy("x2").count().show()
//- /Job.scala
import org.apache.spark.sql.SparkSession
object Job {
  def main(args: Array[String]): Unit = {
    val spark = SparkSession.builder().getOrCreate()
    val sales = spark.table("orders").join(spark.table("customers"), "k")
//                                    ^^^^ warning: `sales` is computed anew by 3 actions (confirmed: computed 3 times: 33 s of task time in all)
    sales.count()
    sales.groupBy("x1").max().write.parquet("x1")
    sales.groupBy("x2").max().show()
  }
}
"#;
        check_measured(&RULE, fixture, |run| computed_three_times(run, 10_000));
        let found = findings(&RULE, fixture, |run| computed_three_times(run, 10_000));
        let measured = found[0].evidence.measured().unwrap();
        assert_eq!((measured.task_time_ms, measured.saving_ms), (33_000, Some(22_000)));
    }

    #[test]
    fn a_run_refutes_by_the_time_of_repetition() {
        let fixture = r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "k")
sales.count()
sales.groupBy("x1").count().write.parquet("x1")
sales.groupBy("x2").count().show()
"#;
        let texts = refuted(&RULE, fixture, |run| computed_three_times(run, 100));
        assert_eq!(texts, ["computed 3 times: 330 ms of task time in all"]);
    }

    #[test]
    fn one_computation_in_the_run_says_nothing() {
        check_measured(
            &RULE,
            r#"
//- /job.py
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
sales = spark.table("orders").join(spark.table("customers"), "k")
#                             ^^^^ hint: `sales` is computed anew by 2 actions
sales.count()
sales.show()
"#,
            |run| {
                run.stage(1, 9_000);
                let plan = "Scan parquet: FileScan parquet [k#1] | number of output rows=3@1";
                run.execution("count", 0, 1, &[1], plan);
            },
        );
    }

    #[test]
    fn jobs_that_compute_the_same_rdd_count() {
        check_measured(
            &RULE,
            r#"
//- /job.py
from pyspark import SparkContext
counts = SparkContext().textFile("log").map(lambda line: (line, 1)).reduceByKey(lambda a, b: a + b)
#                                                                   ^^^^^^^^^^^ warning: `counts` is computed anew by 2 actions (confirmed: computed 2 times: 12 s of task time in all)
counts.count()
counts.collect()
"#,
            |run| {
                for (stage, time, rdd) in [(1, 90_000, 3), (2, 7_000, 5), (3, 5_000, 5)] {
                    run.stage(stage, time).rdds.push(RddInfo { id: rdd, ..RddInfo::default() });
                }
                run.job("count", 0, 1, &[1, 2]);
                // The shuffle's files are there: its stage is skipped.
                run.job("collect", 0, 2, &[1_000, 3]);
            },
        );
    }
}
