//! How well a site explains an observation.
//!
//! Every reward depends on the observation alone, so that two sites that both explain it score the same whatever else their
//! lineages hold. The optimiser prunes: what a plan has and the lineage lacks is strong evidence against a site, what the lineage
//! has and the plan lacks is weak, literals of filters excepted.

mod paths;
mod words;

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use spark::{Method, Type};

use self::paths::{PathFits, PlanPaths};
use self::words::WordIndex;
use super::alignment::Weight;
use super::lineage::{Closure, Closures, Word};
use super::observation::{Observation, Role};
use super::plan::{Operator, PlanFacts, tokens};
use crate::evaluation::{Site, SiteKind, TextPattern};

/// How many words of one sort a plan is compared by.
const MOST_WORDS: usize = 2_000;

/// What the plan of an observation says, for comparing it with sites.
#[derive(Debug, Default)]
pub(super) struct PlanWords {
    /// Columns that operators use, and names that they give.
    pub(super) used: Vec<Word>,
    /// Columns that are only scanned or passed on.
    pub(super) passed: Vec<Word>,
    /// Functions of aggregations.
    aggregates: Vec<Word>,
    functions: Vec<Word>,
    /// Literals of conditions.
    conditions: Vec<Word>,
    /// Every word of the plan's texts.
    text: FxHashSet<Word>,
    /// Locations of scans.
    scans: Vec<String>,
    /// Tables of scans.
    tables: Vec<String>,
    /// Where it writes to: a location or a table.
    output: Option<String>,
    joins: usize,
    /// Whether it sorts all rows.
    sorts: bool,
    /// The columns that a write divides its files by.
    partitioning: Vec<Word>,
    /// The limit of its top, where it has one.
    limit: Option<i64>,
    /// What its top counts, collects or writes: for observations whose call site does not say.
    top: Top,
}

/// What the top of a plan does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Top {
    Count,
    Limit,
    Write,
    #[default]
    Rows,
}

impl PlanWords {
    pub(super) fn of(plan: &PlanFacts<'_>, closures: &Closures<'_>) -> Self {
        let mut found = Self::default();
        let words = &closures.words;
        let add = |into: &mut Vec<Word>, word: Word| {
            if into.len() < MOST_WORDS && !into.contains(&word) {
                into.push(word);
            }
        };
        for fact in &plan.nodes {
            let uses = !matches!(
                fact.operator,
                Operator::Scan
                    | Operator::Rows
                    | Operator::CacheScan
                    | Operator::Project
                    | Operator::Other
                    | Operator::Write
                    // Spark's own, for a join, a write, or to split rows the same way each time.
                    | Operator::Sort { global: false }
            );
            for name in &fact.names {
                add(if uses { &mut found.used } else { &mut found.passed }, words.column(name));
            }
            for name in &fact.aliases {
                add(&mut found.used, words.column(name));
            }
            match fact.operator {
                Operator::Aggregate { complete: true } => {
                    for name in &fact.functions {
                        add(&mut found.aggregates, words.function(name));
                    }
                }
                Operator::Aggregate { .. } => {}
                _ => {
                    for name in &fact.functions {
                        add(&mut found.functions, words.function(name));
                    }
                }
            }
            for literal in &fact.literals {
                add(&mut found.conditions, words.literal(literal));
            }
            match fact.operator {
                Operator::Join => found.joins += 1,
                Operator::RangeExchange
                | Operator::TakeOrdered
                | Operator::Sort { global: true } => {
                    found.sorts = true;
                }
                Operator::Scan => {
                    if let Some(location) = fact.node.metadata.get("Location") {
                        found.scans.extend(locations(location).map(str::to_owned));
                    }
                    let table =
                        fact.node.name.split_whitespace().nth(2).filter(|it| it.contains('.'));
                    found.tables.extend(table.map(str::to_owned));
                }
                _ => {}
            }
            found.text.extend(tokens(&fact.node.simple_string).map(|it| words.literal(it)));
            for value in fact.node.metadata.values() {
                found.text.extend(tokens(value).map(|it| words.literal(it)));
            }
        }
        found.used.sort_unstable();
        found.passed.retain(|it| found.used.binary_search(it).is_err());
        found.output = plan.output().map(str::to_owned);
        found.partitioning = plan.partitioning().iter().map(|it| words.column(it)).collect();
        if !plan.nodes.is_empty() {
            let top = plan.solid(0);
            let fact = &plan.nodes[top];
            let text = fact.node.simple_string.as_str();
            found.limit = match fact.operator {
                Operator::CollectLimit => number_after(text, "CollectLimit ")
                    .or_else(|| number_after(text, "CollectTail ")),
                Operator::TakeOrdered => number_after(text, "limit="),
                _ => None,
            };
            found.top = match fact.operator {
                Operator::CollectLimit | Operator::TakeOrdered => Top::Limit,
                Operator::Write => Top::Write,
                Operator::Aggregate { complete: true }
                    if text.contains("keys=[], functions=[count(1)]") =>
                {
                    Top::Count
                }
                _ => Top::Rows,
            };
        }
        found
    }
}

fn number_after(text: &str, start: &str) -> Option<i64> {
    let rest = text.split_once(start)?.1;
    let end = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// The locations in `InMemoryFileIndex(2 paths)[file:/a, file:/b]`.
fn locations(text: &str) -> impl Iterator<Item = &str> {
    let list = text.split_once(")[").map_or(text, |it| it.1);
    let whole = list.ends_with(']');
    let list = list.trim_end_matches(']');
    let count = list.split(", ").count();
    // Of a list that Spark has cut, the last is a part of a path.
    list.split(", ")
        .take(if whole { count } else { count.saturating_sub(1) })
        .filter(|it| !it.is_empty() && !it.ends_with("..."))
}

/// The name of a site's method as Spark logs it in either language.
pub(super) fn logged_names(site: &Site) -> [Option<&'static str>; 3] {
    let entry = spark::api()
        .methods()
        .iter()
        .find(|it| it.receiver == site.receiver && it.name() == site.method);
    entry.map_or([None; 3], |it: &Method| [it.logged, it.python, it.scala])
}

/// Scores sites for observations.
pub(super) struct Scorer {
    /// What a word of the program's sites weighs: more for a rarer one.
    weights: FxHashMap<Word, Weight>,
    /// By site: the names that Spark logs its method under.
    logged: Vec<[Option<&'static str>; 3]>,
    /// By site: what its lineage says.
    own: Vec<Rc<Closure>>,
    /// By site: the columns that a write divides its files by.
    partitioning: Vec<Vec<Word>>,
    words: WordIndex,
    paths: PathFits,
}

/// What the words of a plan say for or against one site.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct WordScore {
    names: Weight,
    functions: Weight,
    literals: Weight,
}

impl WordScore {
    fn clamped(self) -> Weight {
        self.names.clamp(-12.0, 10.0)
            + self.functions.clamp(-6.0, 6.0)
            + self.literals.clamp(-8.0, 8.0)
    }
}

impl Scorer {
    /// For the sites of a program, in their order.
    pub(super) fn new(closures: &Closures<'_>, sites: &[Site]) -> Self {
        let mut counts: FxHashMap<Word, u32> = FxHashMap::default();
        let mut known: FxHashMap<(Type, &str), [Option<&'static str>; 3]> = FxHashMap::default();
        let mut logged = Vec::with_capacity(sites.len());
        let mut own = Vec::with_capacity(sites.len());
        let mut partitioning = Vec::with_capacity(sites.len());
        let mut paths = PathFits::default();
        for site in sites {
            let closure = site.node.map_or_else(Rc::default, |node| closures.of(node));
            paths.add(site, &closure);
            for word in closure.names.iter().chain(&closure.functions).chain(&closure.literals) {
                *counts.entry(*word).or_default() += 1;
            }
            let names =
                known.entry((site.receiver, &site.method)).or_insert_with(|| logged_names(site));
            logged.push(*names);
            own.push(closure);
            partitioning
                .push(site.features.keys.iter().map(|it| closures.words.column(it)).collect());
        }
        let all = sites.len() as Weight;
        let weight = |count: u32| (1.0 + all / Weight::from(count)).ln();
        let weights: FxHashMap<Word, Weight> =
            counts.into_iter().map(|(word, count)| (word, weight(count))).collect();
        let words = WordIndex::new(&own, &weights);
        Self { weights, logged, own, partitioning, words, paths }
    }

    /// How well the kinds fit; none where the site can't have started the observation. `top` is of the plan.
    pub(super) fn kind(
        &self,
        observation: &Observation<'_>,
        (site, index): (&Site, usize),
        plan: &PlanWords,
    ) -> Option<Weight> {
        const FITS: Weight = 3.0;
        const LOOSE: Weight = 1.5;
        const GUESS: Weight = 1.0;
        if observation.query.is_some() {
            return (site.kind == SiteKind::Stream).then(|| FITS + query_name(observation, site));
        }
        if observation.in_batch_of.is_some() {
            let fits = match (plan.top, site.kind) {
                (Top::Write, SiteKind::Write | SiteKind::SqlWrite) => true,
                (Top::Count, SiteKind::Action) => site.method == "count",
                (Top::Limit | Top::Rows, SiteKind::Action) => site.method != "count",
                (Top::Rows, SiteKind::View | SiteKind::Read | SiteKind::RddJobs) => {
                    observation.jobs.is_empty()
                }
                _ => false,
            };
            return fits.then_some(GUESS);
        }
        let method = observation.method();
        let named = site.method == method || self.logged[index].contains(&Some(method));
        match (observation.role(), site.kind) {
            (Role::Reader, SiteKind::Read) => {
                // `format("csv").load(…)` and `csv(…)` are told apart by the frame below.
                named.then_some(FITS)
            }
            (Role::Writer, SiteKind::Write) => named.then_some(FITS),
            (Role::Training(trained), SiteKind::Training | SiteKind::Write) => {
                // Writers of datasets do not run in MLlib's code.
                let is_model = site.kind == SiteKind::Training || site.node.is_none();
                let fits = trained.fits(&site.method).filter(|_| is_model)?;
                Some(if fits { FITS } else { LOOSE })
            }
            (Role::Reader | Role::Writer | Role::Training(_), _) => None,
            (Role::Other, SiteKind::Read) => {
                (observation.executions.is_empty() && named).then_some(FITS)
            }
            (Role::Other, SiteKind::Write) => {
                // Writes of RDDs, and writers whose stack names another class.
                let hadoop = method == "runJob" || observation.short.contains("SparkHadoopWriter");
                (named || (site.receiver == Type::Rdd && hadoop)).then_some(FITS)
            }
            (Role::Other, SiteKind::View | SiteKind::SqlWrite) => {
                (named || (method == "sql" && site.method == "sql")).then_some(FITS)
            }
            (Role::Other, SiteKind::Pivot) => (method == "pivot").then_some(FITS),
            (Role::Other, SiteKind::RddJobs) => {
                if named {
                    return Some(FITS);
                }
                let converts = matches!(method, "javaToPython" | "rdd" | "withThreadLocalCaptured");
                (observation.executions.is_empty() && converts).then_some(LOOSE)
            }
            (Role::Other, SiteKind::Training) => named.then_some(FITS),
            (Role::Other, SiteKind::Stream) => named.then_some(FITS),
            (Role::Other, SiteKind::Action) => {
                if named {
                    return Some(FITS);
                }
                // A notebook shows rows by means of its own.
                let shows = matches!(
                    method,
                    "showString"
                        | "collectToPython"
                        | "collect"
                        | "collectResult"
                        | "take"
                        | "head"
                        | "limit"
                        | "toPandas"
                );
                if site.method == "display" && shows {
                    return Some(LOOSE + 1.0);
                }
                let collects = matches!(
                    site.method.as_str(),
                    "collect"
                        | "toPandas"
                        | "first"
                        | "head"
                        | "take"
                        | "collectAsList"
                        | "toArrow"
                );
                match method {
                    "collectToPython" if collects => Some(LOOSE),
                    "head" | "take" | "first"
                        if matches!(site.method.as_str(), "head" | "take" | "first") =>
                    {
                        Some(LOOSE)
                    }
                    // `PythonRDD.runJob` serves Python's `take`, `first` and `isEmpty`.
                    "runJob"
                        if site.receiver == Type::Rdd
                            && matches!(
                                site.method.as_str(),
                                "take" | "first" | "isEmpty" | "foreach" | "foreachPartition"
                            ) =>
                    {
                        Some(LOOSE)
                    }
                    "javaToPython" | "withThreadLocalCaptured"
                        if observation.executions.is_empty()
                            && matches!(
                                site.method.as_str(),
                                "foreach" | "foreachPartition" | "toLocalIterator"
                            ) =>
                    {
                        Some(LOOSE)
                    }
                    _ => None,
                }
            }
        }
    }

    /// What the content of a plan says for or against a site: paths, names, functions, literals, limits.
    pub(super) fn content(&self, plan: &PlanWords, (site, index): (&Site, usize)) -> Weight {
        let words = self.words.of_site(plan, &self.weights, index, &self.own[index]);
        self.content_with(plan, &self.paths.of(plan), words, (site, index))
    }

    /// What a plan has that a site's lineage lacks, by the weights of the words.
    pub(super) fn missed(&self, plan: &PlanWords, index: usize) -> Weight {
        self.words.missed(plan, &self.weights, &self.own[index])
    }

    /// The same for every site at once.
    pub(super) fn contents(&self, plan: &PlanWords, sites: &[Site]) -> Vec<Weight> {
        let paths = self.paths.of(plan);
        let words = self.words.of_all(plan, &self.weights);
        let each = sites.iter().zip(words).enumerate();
        each.map(|(index, (site, words))| self.content_with(plan, &paths, words, (site, index)))
            .collect()
    }

    fn content_with(
        &self,
        plan: &PlanWords,
        paths: &PlanPaths,
        words: WordScore,
        (site, index): (&Site, usize),
    ) -> Weight {
        let closure = &self.own[index];
        let mut score: Weight = 0.0;
        score += paths.output(site, &self.paths.sites[index]);
        // So are the places that a model is written to, below the one that is named.
        let model = site.kind == SiteKind::Write && site.node.is_none() && site.method == "save";
        if model {
            return 0.0;
        }
        if site.kind == SiteKind::Training
            || site.kind == SiteKind::View
            || (site.kind == SiteKind::Stream && site.batch.is_some())
        {
            // What MLlib does with a dataset is its own.
            // What a definition runs is Spark's own: the schema of the files that it names. A micro-batch that a function is given is
            // planned as that function reads it.
            return score;
        }
        if plan.used.is_empty()
            && plan.passed.is_empty()
            && plan.scans.is_empty()
            && plan.conditions.is_empty()
        {
            return score;
        }
        score += paths.scans(closure, site, &self.paths.sites[index]);
        score += words.clamped();
        if !closure.loose && site.node.is_some() {
            let (planned, written) = (plan.joins as Weight, closure.joins as Weight);
            if planned > written {
                score -= 1.5;
            } else {
                score -= 0.5 * (written - planned).min(4.0);
            }
        }
        if !closure.loose && site.node.is_some() {
            if plan.sorts && !closure.sorts && !closure.names_open {
                score -= 1.5;
            }
            // The optimiser drops sorts, below aggregations above all.
            if !plan.sorts && closure.sorted && site.method != "count" && site.method != "isEmpty" {
                score -= 1.0;
            }
        }
        if site.kind == SiteKind::Write {
            score += partitioning(plan, &self.partitioning[index]);
        }
        score + limit(plan, site, closure)
    }
}

/// Whether a streaming query has the name that the site gives it.
fn query_name(observation: &Observation<'_>, site: &Site) -> Weight {
    match (observation.query_name(), site.features.detail("query")) {
        (None, None) => 0.0,
        (Some(name), Some(own)) if own.matches(name) => {
            if own.is_exact() {
                8.0
            } else {
                2.0
            }
        }
        (_, Some(own)) if own.is_unknown() => 0.0,
        _ => -9.0,
    }
}

/// Whether a write divides its files as the site says.
fn partitioning(plan: &PlanWords, own: &[Word]) -> Weight {
    match (plan.partitioning.as_slice(), own) {
        ([], []) => 0.0,
        (planned, own) if planned == own => 1.5,
        ([], _) | (_, []) => -1.5,
        (planned, own) => {
            if planned.iter().any(|it| own.contains(it)) {
                0.0
            } else {
                -1.5
            }
        }
    }
}

fn limit(plan: &PlanWords, site: &Site, closure: &Closure) -> Weight {
    let Some(limit) = plan.limit else { return 0.0 };
    let is = |pattern: &TextPattern, number: i64| {
        pattern.as_exact().and_then(|it| it.parse::<i64>().ok()) == Some(number)
    };
    match site.features.detail("limit") {
        // `show(n)` asks for one more to know whether there are more.
        Some(own) if is(own, limit) || (site.method == "show" && is(own, limit - 1)) => 2.0,
        Some(own) if !own.is_exact() => 0.0,
        _ if site.method == "display" => 0.0,
        _ if closure.limits.iter().any(|it| is(it, limit)) => 1.0,
        _ if closure.limits.iter().any(|it| !it.is_exact()) => 0.0,
        _ => -2.0,
    }
}
