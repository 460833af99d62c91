//! Puts together which line asked for which operator, from what the instruments saw of its plan's nodes.
//!
//! Most operators are those of the logical node that they were planned for, and that has the site of the call that made it. Others have no node of
//! their own: the planner adds exchanges and sorts where an operator asks for them, and the optimiser takes filters apart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::Result;
use super::logged::Logged;

/// The version of the truth's format.
pub(super) const SCHEMA: &str = "stagelight.truth/1";

/// A call in the sources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Call {
    /// Relative to the folder of the sources.
    pub(super) file: String,
    /// In a notebook, its cell, from 1; the line is then in the cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cell: Option<usize>,
    /// The line of the method's own name, from 1.
    pub(super) line: usize,
    pub(super) method: String,
}

/// A call as the launcher tells it.
#[derive(Clone, Debug, Deserialize)]
struct Site {
    #[serde(flatten)]
    call: Call,
    /// The calls on the way to it, outermost first.
    #[serde(default)]
    path: Vec<Call>,
}

/// A line of the side file.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event {
    Start { execution: i64, site: Option<Site>, nodes: Vec<Node> },
    Update { execution: i64, nodes: Vec<Node> },
    Job { job: i64, site: Option<Site> },
}

#[derive(Deserialize)]
struct Node {
    name: String,
    depth: usize,
    evidence: Evidence,
}

/// What was known of a physical node.
#[derive(Deserialize)]
struct Evidence {
    class: String,
    /// Its number, the same for all who reuse it.
    id: Option<i64>,
    /// The class of its logical node.
    logical: Option<String>,
    /// The sites of its logical node.
    #[serde(default)]
    link: Vec<Site>,
    /// The sites of the relation, for a scan.
    #[serde(default)]
    leaf: Vec<Site>,
    /// The sites of the logical filters, for a filter.
    #[serde(default)]
    filters: Vec<Site>,
    /// The sites of the sort, for one that is planned with its limit.
    #[serde(default)]
    sort: Vec<Site>,
    /// The sites that marked a cached plan.
    #[serde(default)]
    cache: Vec<Site>,
    /// Its expressions, a condition's conjuncts each by itself.
    #[serde(default)]
    expressions: Vec<Expression>,
    /// Whether it sorts all partitions, for a sort.
    #[serde(default)]
    global: bool,
    /// `ShuffleOrigin`, for an exchange.
    origin: Option<String>,
    /// Whether it divides rows by ranges, for an exchange.
    #[serde(default)]
    range: bool,
    /// The number of the exchange that is read again.
    reused: Option<i64>,
    /// The numbers of the attributes that the conditions without a site are about, for a filter; of all that it uses, for a join, an aggregate or
    /// a generator.
    #[serde(default)]
    references: Vec<i64>,
    /// Whether it has keys, for an aggregate.
    #[serde(default)]
    grouped: bool,
}

#[derive(Deserialize)]
struct Expression {
    #[serde(default)]
    sites: Vec<Site>,
}

/// The truth of one log.
#[derive(Serialize, Deserialize)]
pub(super) struct Truth {
    pub(super) schema: String,
    pub(super) executions: Vec<Execution>,
    pub(super) jobs: Vec<Job>,
}

/// Who asked for an execution and for each operator of its final plan.
#[derive(Serialize, Deserialize)]
pub(super) struct Execution {
    pub(super) execution: i64,
    pub(super) action: Option<Call>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) path: Vec<Call>,
    pub(super) operators: Vec<Operator>,
}

/// Who asked for a job.
#[derive(Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) job: i64,
    pub(super) action: Option<Call>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) path: Vec<Call>,
}

/// Who asked for an operator.
#[derive(Serialize, Deserialize)]
pub(super) struct Operator {
    /// `Name#k`: the k-th of that name, from 0, in pre-order.
    pub(super) operator: String,
    /// Every line that is right.
    pub(super) sites: Vec<Call>,
    pub(super) by: By,
}

/// How it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum By {
    /// Its own logical node or its own expressions.
    Tag,
    /// The operator that needs it.
    Dependent,
    /// The other aggregates of the same call.
    Group,
}

impl Truth {
    /// `evidence` is the text of the side file, `logged` the log that it was written along with.
    pub(super) fn assemble(evidence: &str, logged: &Logged) -> Result<Self> {
        let mut plans: BTreeMap<i64, (Option<Site>, Vec<Node>)> = BTreeMap::new();
        let mut jobs = BTreeMap::new();
        for line in evidence.lines() {
            match serde_json::from_str(line).map_err(|error| format!("{line:.300}: {error}"))? {
                Event::Start { execution, site, nodes } => {
                    plans.insert(execution, (site, nodes));
                }
                Event::Update { execution, nodes } => {
                    if let Some(plan) = plans.get_mut(&execution) {
                        plan.1 = nodes;
                    }
                }
                Event::Job { job, site } => {
                    jobs.insert(job, site);
                }
            }
        }

        let mut executions = Vec::new();
        for (&id, execution) in &logged.executions {
            let Some((site, nodes)) = plans.get(&id) else {
                return Err(format!("execution {id} is not in the side file").into());
            };
            let same = nodes.len() == execution.plan.len()
                && nodes
                    .iter()
                    .zip(&execution.plan)
                    .all(|(seen, logged)| (&seen.name, seen.depth) == (&logged.name, logged.depth));
            if !same {
                return Err(
                    format!("the plan of execution {id} is another in the side file").into()
                );
            }
            let updated = logged.updated(id);
            let action = site.as_ref().map(|site| site.call.clone());
            let computes = |node: usize| {
                subtree(nodes, node).skip(1).any(|below| {
                    execution.plan[below].accumulators.iter().any(|id| updated.contains(id))
                })
            };
            let plan = Plan { nodes, action: action.clone(), computes: &computes };
            executions.push(Execution {
                execution: id,
                action,
                path: site.iter().flat_map(|site| site.path.clone()).collect(),
                operators: plan.operators(),
            });
        }
        let jobs = logged.jobs.keys().map(|&job| {
            let site = jobs.get(&job).cloned().flatten();
            Job {
                job,
                action: site.as_ref().map(|site| site.call.clone()),
                path: site.map(|site| site.path).unwrap_or_default(),
            }
        });
        Ok(Self { schema: SCHEMA.to_owned(), jobs: jobs.collect(), executions })
    }

    /// As it is committed: one line for each operator and job.
    pub(super) fn text(&self) -> Result<String> {
        let mut text = format!("{{\"schema\": \"{SCHEMA}\",\n\"executions\": [\n");
        for (index, execution) in self.executions.iter().enumerate() {
            let Execution { execution: id, action, path, operators } = execution;
            let action = serde_json::to_string(action)?;
            text += if index == 0 { "" } else { ",\n" };
            text += &format!("{{\"execution\": {id}, \"action\": {action}");
            if !path.is_empty() {
                text += &format!(", \"path\": {}", serde_json::to_string(path)?);
            }
            text += ", \"operators\": [";
            let operators: std::result::Result<Vec<_>, _> =
                operators.iter().map(serde_json::to_string).collect();
            for (index, operator) in operators?.iter().enumerate() {
                text += if index == 0 { "\n  " } else { ",\n  " };
                text += operator;
            }
            text += "]}";
        }
        text += "],\n\"jobs\": [\n";
        let jobs: std::result::Result<Vec<_>, _> =
            self.jobs.iter().map(serde_json::to_string).collect();
        text += &jobs?.join(",\n");
        text += "]}\n";
        Ok(text)
    }
}

/// The nodes of the subtree with its root first.
fn subtree(nodes: &[Node], root: usize) -> impl Iterator<Item = usize> {
    let depth = nodes[root].depth;
    let below = nodes[root + 1..].iter().take_while(move |node| node.depth > depth).count();
    root..=root + below
}

/// A final plan.
struct Plan<'a> {
    nodes: &'a [Node],
    action: Option<Call>,
    /// Whether the execution computed anything below a node.
    computes: &'a dyn Fn(usize) -> bool,
}

impl Plan<'_> {
    fn operators(&self) -> Vec<Operator> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut operators = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let count = counts.entry(&node.name).or_default();
            let operator = format!("{}#{count}", node.name);
            *count += 1;
            if is_wrapper(node) {
                continue;
            }
            let (sites, by) = self.sites(index);
            if !sites.is_empty() {
                operators.push(Operator { operator, sites, by });
            }
        }
        operators
    }

    fn parent(&self, index: usize) -> Option<usize> {
        let depth = self.nodes[index].depth;
        (0..index).rev().find(|&above| self.nodes[above].depth < depth)
    }

    fn above(&self, index: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parent(index), |&above| self.parent(above))
    }

    /// The sites of an operator; none where they are in doubt.
    fn sites(&self, index: usize) -> (Vec<Call>, By) {
        let (mut sites, by) = self.sites_here(index);
        if let Some(original) = self.original(index) {
            let original = self.sites_here(original).0;
            if sites.is_empty() || original.is_empty() {
                return (Vec::new(), by);
            }
            add(&mut sites, original);
        }
        (sites, by)
    }

    /// Where a node stands that is read again here, or that stands below one that is.
    fn original(&self, index: usize) -> Option<usize> {
        let is_repeated =
            |node: usize| self.above(node).any(|it| self.nodes[it].evidence.reused.is_some());
        let evidence = &self.nodes[index].evidence;
        let id = evidence.reused.or(evidence.id.filter(|_| is_repeated(index)))?;
        (0..self.nodes.len()).find(|&it| self.nodes[it].evidence.id == Some(id) && !is_repeated(it))
    }

    fn sites_here(&self, index: usize) -> (Vec<Call>, By) {
        if let Some(found) = self.own(index) {
            if is_in_doubt(&self.nodes[index], &found) {
                return (Vec::new(), By::Tag);
            }
            let group = is_aggregate(&self.nodes[index])
                && self.above(index).take_while(|&above| self.passes_groups(above)).any(|above| {
                    is_aggregate(&self.nodes[above])
                        && self.own(above).is_some_and(|sites| sites == found)
                });
            return (found, if group { By::Group } else { By::Tag });
        }
        let sites = match self.nodes[index].evidence.class.as_str() {
            "FilterExec" => self.inferred_for(index),
            // An expression asks for it.
            "SubqueryExec" | "ReusedSubqueryExec" => {
                let user = self.above(index).find(|&it| !is_wrapper(&self.nodes[it]));
                user.and_then(|user| self.own(user)).unwrap_or_default()
            }
            _ => self.needed_by(index),
        };
        (sites, By::Dependent)
    }

    /// Between aggregates of one call lie only others of it, exchanges and what is passive.
    fn passes_groups(&self, index: usize) -> bool {
        let node = &self.nodes[index];
        is_wrapper(node)
            || is_aggregate(node)
            || is_passive(node)
            || matches!(
                node.evidence.class.as_str(),
                "ExpandExec" | "StateStoreSaveExec" | "StateStoreRestoreExec"
            )
    }

    /// Who needs the conditions that the optimiser adds: for each attribute in them the nearest join or generator above that uses it, or the nearest
    /// at all where the attribute has another name there. Aggregates on the way that use it need it, too.
    fn inferred_for(&self, index: usize) -> Vec<Call> {
        let mut users = Vec::new();
        for attribute in &self.nodes[index].evidence.references {
            let mut passed = Vec::new();
            let mut nearest = None;
            for above in self.above(index) {
                let node = &self.nodes[above];
                let uses = node.evidence.references.contains(attribute);
                if is_join(node) || node.evidence.class == "GenerateExec" {
                    nearest = nearest.or(Some(above));
                    if uses {
                        nearest = Some(above);
                        break;
                    }
                } else if is_aggregate(node) && uses {
                    passed.push(above);
                }
            }
            users.extend(passed);
            users.extend(nearest);
        }
        users.sort_unstable();
        users.dedup();
        let mut sites = Vec::new();
        for user in users {
            let asked = self.asked(user);
            if asked.is_empty() {
                return asked;
            }
            add(&mut sites, asked);
        }
        if sites.is_empty() { self.needed_by(index) } else { sites }
    }

    /// The sites that what is below an operator is asked for by, none where they are in doubt. What a filter adds to a join's condition asks for no
    /// exchange.
    fn asked(&self, user: usize) -> Vec<Call> {
        let node = &self.nodes[user];
        let link = calls(&node.evidence.link);
        if !is_join(node) || link.is_empty() {
            return self.sites_here(user).0;
        }
        if is_in_doubt(node, &link) { Vec::new() } else { link }
    }

    /// The sites of the nearest operator above that asks something of the rows that it gets.
    fn needed_by(&self, index: usize) -> Vec<Call> {
        let user = self
            .above(index)
            .find(|&it| !is_wrapper(&self.nodes[it]) && !is_passive(&self.nodes[it]));
        match user {
            Some(user) => self.asked(user),
            None => self.action.clone().into_iter().collect(),
        }
    }

    /// The sites that the node itself tells, if it does.
    fn own(&self, index: usize) -> Option<Vec<Call>> {
        let node = &self.nodes[index];
        let evidence = &node.evidence;
        let expressions = || calls(evidence.expressions.iter().flat_map(|it| &it.sites));
        let link = || calls(&evidence.link);
        let class = evidence.class.as_str();
        let sites =
            match class {
                "FilterExec" => {
                    // A condition that is a column by itself becomes that column's definition.
                    let mut sites = expressions();
                    if !sites.is_empty() {
                        add(&mut sites, calls(&evidence.filters));
                    }
                    sites
                }
                "ProjectExec" => {
                    let expressions = expressions();
                    let is_its_own = evidence.logical.as_deref() == Some("Project");
                    if expressions.is_empty() && is_its_own { link() } else { expressions }
                }
                "SortExec" if evidence.logical.as_deref() == Some("Sort") => link(),
                "SortExec" if evidence.global => expressions(),
                "SortExec" => Vec::new(),
                _ if evidence.reused.is_some() => Vec::new(),
                _ if evidence.origin.as_deref() == Some("ENSURE_REQUIREMENTS") => {
                    if evidence.range { expressions() } else { Vec::new() }
                }
                "BroadcastExchangeExec" => Vec::new(),
                "InMemoryTableScanExec" => {
                    let mut sites = calls(&evidence.cache);
                    if !(self.computes)(index) {
                        // It only reads what is there.
                        let users = self.needed_by(index);
                        if users.is_empty() {
                            return None;
                        }
                        add(&mut sites, users);
                    }
                    sites
                }
                "TakeOrderedAndProjectExec" => {
                    self.with_action(calls(evidence.sort.iter().chain(&evidence.link)))
                }
                "CollectLimitExec" | "CollectTailExec" => self.with_action(link()),
                _ if class.ends_with("EvalPythonExec") || class == "WindowExec" => expressions(),
                _ if is_write(class) => self.action.clone().into_iter().collect(),
                _ if is_join(node) => {
                    let mut sites = link();
                    add(&mut sites, expressions());
                    sites
                }
                _ if !evidence.leaf.is_empty() => calls(&evidence.leaf),
                _ if is_aggregate(node) && evidence.link.is_empty() => expressions(),
                _ => link(),
            };
        (!sites.is_empty()).then_some(sites)
    }

    fn with_action(&self, mut sites: Vec<Call>) -> Vec<Call> {
        add(&mut sites, self.action.clone());
        sites
    }
}

/// Adds what is not there yet.
fn add(sites: &mut Vec<Call>, others: impl IntoIterator<Item = Call>) {
    for site in others {
        if !sites.contains(&site) {
            sites.push(site);
        }
    }
}

/// The calls of sites, each once.
fn calls<'a>(sites: impl IntoIterator<Item = &'a Site>) -> Vec<Call> {
    let mut calls = Vec::new();
    add(&mut calls, sites.into_iter().map(|site| site.call.clone()));
    calls
}

/// Whether the sites of an operator can't be right: the optimiser replaces nodes by others, which may get the mark of a neighbour. No projection and
/// no filter joins rows or groups them.
fn is_in_doubt(node: &Node, sites: &[Call]) -> bool {
    const NARROW: [&str; 18] = [
        "alias",
        "as",
        "cast",
        "drop",
        "dropna",
        "fill",
        "fillna",
        "hint",
        "limit",
        "na",
        "replace",
        "select",
        "selectExpr",
        "toDF",
        "withColumn",
        "withColumnRenamed",
        "withColumns",
        "withColumnsRenamed",
    ];
    let is_wide = is_join(node) || (is_aggregate(node) && node.evidence.grouped);
    is_wide && sites.iter().all(|it| NARROW.contains(&it.method.as_str()))
}

/// Nodes that do no work of their own, and are no operators of a call.
fn is_wrapper(node: &Node) -> bool {
    let class = node.evidence.class.as_str();
    class.ends_with("QueryStageExec")
        || matches!(
            class,
            // Of an empty plan.
            "" | "WholeStageCodegenExec"
                | "InputAdapter"
                | "AdaptiveSparkPlanExec"
                | "AQEShuffleReadExec"
                | "ColumnarToRowExec"
                | "RowToColumnarExec"
        )
}

/// Nodes that ask nothing of what is below them.
fn is_passive(node: &Node) -> bool {
    let class = node.evidence.class.as_str();
    class.ends_with("ExchangeExec")
        || matches!(class, "FilterExec" | "ProjectExec")
        || (class == "SortExec" && !node.evidence.global)
}

fn is_aggregate(node: &Node) -> bool {
    node.evidence.class.ends_with("AggregateExec")
}

fn is_join(node: &Node) -> bool {
    node.evidence.class.ends_with("JoinExec")
}

fn is_write(class: &str) -> bool {
    class.ends_with("CommandExec")
        || class.starts_with("WriteFiles")
        || class.contains("TableAs")
        || class.starts_with("WriteTo")
}
