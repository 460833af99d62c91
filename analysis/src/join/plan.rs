//! What the nodes of a physical plan say: their kind, and the columns, keys, functions and literals in their text.
//!
//! `simpleString` is what `org.apache.spark.sql.execution.SparkPlan.simpleString` prints: attributes as `name#id`, aliases as `… AS name#id`. Spark
//! cuts long lists (`… 3 more fields`), so that what is absent there says little.

mod text;

use std::hash::{Hash, Hasher};

use eventlog::{PlanNode, SqlExecution};

pub(super) use text::{functions, literal_key, literals, names, python_functions, tokens};

/// What a node does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Operator {
    /// A scan of files, a table or another source.
    Scan,
    /// A scan of rows that the driver or an RDD gives: `Range`, `LocalTableScan`, `Scan ExistingRDD`.
    Rows,
    /// A scan of a cached dataset; the cached plan hangs below it.
    CacheScan,
    Filter,
    Project,
    Join,
    /// An aggregation; `complete` where its functions are final ones.
    Aggregate {
        complete: bool,
    },
    /// A shuffle that an operator needs.
    Exchange,
    /// A shuffle by ranges: of a global sort or `repartitionByRange`.
    RangeExchange,
    /// A shuffle that the program asked for by `repartition` and its like.
    Repartition,
    Broadcast,
    /// A reader of another node's exchange or subquery.
    Reused,
    Sort {
        global: bool,
    },
    Window,
    Generate,
    Expand,
    Union,
    Coalesce,
    Sample,
    Limit,
    /// `CollectLimit`, `CollectTail`: the action's own.
    CollectLimit,
    /// `TakeOrderedAndProject`: `orderBy` and `limit` in one.
    TakeOrdered,
    /// A Python function over rows.
    Python,
    /// A function of the program over objects, with the conversions around it.
    Objects,
    /// A command that writes.
    Write,
    /// State of a streaming query.
    State,
    /// Adds nothing of its own: code generation, adaptive stages, conversions between row formats.
    Wrapper,
    /// Something else.
    Other,
}

/// A node.
#[derive(Debug, Clone)]
pub(super) struct PlanFact<'a> {
    pub(super) node: &'a PlanNode,
    /// `Name#k`: the k-th node of that name, from 0, in pre-order.
    pub(super) label: String,
    pub(super) operator: Operator,
    pub(super) parent: Option<usize>,
    pub(super) children: Vec<usize>,
    /// Columns in its text.
    pub(super) names: Vec<&'a str>,
    /// Columns that it names.
    pub(super) aliases: Vec<&'a str>,
    /// Keys of a join, an aggregation, a window, a sort or a shuffle.
    pub(super) keys: Vec<&'a str>,
    /// Functions, without `partial_` and `merge_`.
    pub(super) functions: Vec<&'a str>,
    /// Literals of its condition.
    pub(super) literals: Vec<&'a str>,
}

/// A plan, its nodes in pre-order.
#[derive(Debug, Clone, Default)]
pub(super) struct PlanFacts<'a> {
    pub(super) nodes: Vec<PlanFact<'a>>,
}

impl<'a> PlanFacts<'a> {
    pub(super) fn of(execution: &'a SqlExecution) -> Self {
        let mut facts = Self::default();
        let mut seen: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
        let mut open: Vec<(&'a PlanNode, Option<usize>)> = vec![(&execution.plan, None)];
        while let Some((node, parent)) = open.pop() {
            let ordinal = seen.entry(&node.name).or_default();
            let label = format!("{}#{ordinal}", node.name);
            *ordinal += 1;
            let index = facts.nodes.len();
            facts.nodes.push(fact(node, label, parent));
            if let Some(parent) = parent {
                facts.nodes[parent].children.push(index);
            }
            open.extend(node.children.iter().rev().map(|child| (child, Some(index))));
        }
        facts
    }

    /// What two executions of the same dataset have in common: the texts of the plan without ids.
    pub(super) fn fingerprint(&self) -> Vec<u64> {
        let mut fingerprint = Vec::with_capacity(self.nodes.len());
        for fact in &self.nodes {
            let mut hasher = rustc_hash::FxHasher::default();
            fact.parent.hash(&mut hasher);
            let text = fact.node.simple_string.as_str();
            let mut rest = text;
            while let Some(at) = rest.find(['#', '=']) {
                let (before, after) = rest.split_at(at + 1);
                before.hash(&mut hasher);
                // Ids of attributes and of plans.
                let id = before.ends_with('#') || before.ends_with("plan_id=");
                rest = if id {
                    after.trim_start_matches(|it: char| it.is_ascii_digit())
                } else {
                    after
                };
            }
            rest.hash(&mut hasher);
            fact.node.metadata.get("Location").hash(&mut hasher);
            fingerprint.push(hasher.finish());
        }
        fingerprint
    }

    /// The nodes from `index` down to the first that is not a wrapper or a projection.
    pub(super) fn solid(&self, mut index: usize) -> usize {
        loop {
            let fact = &self.nodes[index];
            match (fact.operator, fact.children.as_slice()) {
                (Operator::Wrapper | Operator::Project, [child]) => index = *child,
                _ => return index,
            }
        }
    }

    /// The cached scans below which work was done: this execution filled the cache. `updated` are the accumulators of its stages.
    pub(super) fn filled_caches(&self, updated: &std::collections::BTreeSet<u64>) -> Vec<usize> {
        let scans =
            (0..self.nodes.len()).filter(|&it| self.nodes[it].operator == Operator::CacheScan);
        scans
            .filter(|&scan| {
                let mut open = self.nodes[scan].children.clone();
                while let Some(index) = open.pop() {
                    let fact = &self.nodes[index];
                    if fact.node.metrics.iter().any(|it| updated.contains(&it.accumulator_id)) {
                        return true;
                    }
                    open.extend(&fact.children);
                }
                false
            })
            .collect()
    }

    /// The columns that a write of files divides them by: the first list of `InsertIntoHadoopFsRelationCommand path, ifNotExists, [columns], …`.
    pub(super) fn partitioning(&self) -> Vec<&'a str> {
        let command = "Execute InsertIntoHadoopFsRelationCommand";
        let write = self.nodes.iter().find(|it| it.node.name == command);
        let text = write.map_or("", |it| it.node.simple_string.as_str());
        let list =
            text.split_once(", false, [").or_else(|| text.split_once(", true, [")).map(|it| it.1);
        let list = list.and_then(|it| it.split_once(']')).map_or("", |it| it.0);
        // Without any the next list is that of the options, whose entries are `key=value`.
        if list.contains('=') { Vec::new() } else { text::names_in(Some(list)) }
    }

    /// The output path or table of a write, as logged.
    pub(super) fn output(&self) -> Option<&'a str> {
        self.nodes.iter().filter(|it| it.operator == Operator::Write).find_map(|it| {
            let text = it.node.simple_string.strip_prefix(it.node.name.as_str())?.trim_start();
            let text = text.split(',').next()?.trim();
            (!text.is_empty()).then_some(text)
        })
    }
}

fn fact<'a>(node: &'a PlanNode, label: String, parent: Option<usize>) -> PlanFact<'a> {
    let operator = operator(node);
    let text = node.simple_string.as_str();
    let mut names = Vec::new();
    let mut aliases = Vec::new();
    if operator != Operator::Reused && operator != Operator::Wrapper {
        text::names(text, &mut names, &mut aliases);
    }
    let keys = match operator {
        Operator::Aggregate { .. } => text::names_in(
            text::bracketed(text, "keys=[").or_else(|| text::bracketed(text, "key=[")),
        ),
        Operator::Join => text::leading_lists(text, 2),
        Operator::Window | Operator::Sort { .. } => text::names_in(Some(text)),
        Operator::Exchange | Operator::RangeExchange | Operator::Repartition => {
            text::names_in(Some(text))
        }
        _ => Vec::new(),
    };
    let functions = match operator {
        Operator::Wrapper | Operator::Reused | Operator::Scan | Operator::Rows => Vec::new(),
        Operator::Aggregate { .. } => {
            text::functions(text::bracketed(text, "functions=[").unwrap_or_default())
        }
        _ => text::functions(text),
    };
    let literals = match operator {
        Operator::Filter | Operator::Join => text::literals(text),
        _ => Vec::new(),
    };
    PlanFact {
        node,
        label,
        operator,
        parent,
        children: Vec::new(),
        names,
        aliases,
        keys,
        functions,
        literals,
    }
}

/// What a node does, by the names that `SparkPlan.nodeName` gives.
fn operator(node: &PlanNode) -> Operator {
    let name = node.name.as_str();
    let text = node.simple_string.as_str();
    match name {
        "InputAdapter"
        | "ShuffleQueryStage"
        | "BroadcastQueryStage"
        | "ResultQueryStage"
        | "TableCacheQueryStage"
        | "AQEShuffleRead"
        | "CustomShuffleReader"
        | "AdaptiveSparkPlan"
        | "ColumnarToRow"
        | "RowToColumnar"
        | "Subquery"
        | "SubqueryBroadcast"
        | "CommandResult"
        | "SubqueryAdaptiveBroadcast"
        | "LogicalQueryStage" => Operator::Wrapper,
        _ if name.starts_with("WholeStageCodegen") => Operator::Wrapper,
        "Filter" => Operator::Filter,
        "Project" => Operator::Project,
        "ReusedExchange" | "ReusedSubquery" => Operator::Reused,
        "InMemoryTableScan" => Operator::CacheScan,
        _ if name.starts_with("Scan In-memory table") => Operator::CacheScan,
        "Range"
        | "LocalTableScan"
        | "EmptyRelation"
        | "Scan ExistingRDD"
        | "Scan"
        | "ExternalRDDScan"
        | "Scan OneRowRelation"
        | "RDDScan" => Operator::Rows,
        _ if name.starts_with("Scan ")
            || name.ends_with("Scan")
            || name.starts_with("BatchScan") =>
        {
            Operator::Scan
        }
        "SortMergeJoin"
        | "BroadcastHashJoin"
        | "ShuffledHashJoin"
        | "BroadcastNestedLoopJoin"
        | "CartesianProduct"
        | "StreamingSymmetricHashJoin"
        | "Join" => Operator::Join,
        "HashAggregate" | "ObjectHashAggregate" | "SortAggregate" | "Aggregate" => {
            let functions = text::bracketed(text, "functions=[").unwrap_or_default();
            Operator::Aggregate {
                complete: !functions.contains("partial_") && !functions.starts_with("merge_"),
            }
        }
        "Exchange" => match text {
            _ if text.contains("REPARTITION_") || text.contains("REBALANCE_") => {
                if text.contains("rangepartitioning") && !text.contains("REPARTITION_") {
                    Operator::RangeExchange
                } else {
                    Operator::Repartition
                }
            }
            _ if text.contains("rangepartitioning") => Operator::RangeExchange,
            _ => Operator::Exchange,
        },
        "BroadcastExchange" => Operator::Broadcast,
        "Sort" => Operator::Sort { global: text.contains("], true, ") },
        "Window" | "WindowGroupLimit" | "WindowInPandas" | "ArrowWindowPython" => Operator::Window,
        "Generate" => Operator::Generate,
        "Expand" => Operator::Expand,
        "Union" => Operator::Union,
        "Coalesce" => Operator::Coalesce,
        "Sample" => Operator::Sample,
        "LocalLimit" | "GlobalLimit" => Operator::Limit,
        "CollectLimit" | "CollectTail" => Operator::CollectLimit,
        "TakeOrderedAndProject" => Operator::TakeOrdered,
        "SerializeFromObject"
        | "DeserializeToObject"
        | "MapElements"
        | "MapPartitions"
        | "AppendColumns"
        | "AppendColumnsWithObject"
        | "MapGroups"
        | "CoGroup"
        | "FlatMapGroupsWithState" => Operator::Objects,
        "StateStoreSave"
        | "StateStoreRestore"
        | "StreamingDeduplicate"
        | "SessionWindowStateStoreSave"
        | "SessionWindowStateStoreRestore"
        | "EventTimeWatermark" => Operator::State,
        "WriteFiles"
        | "WriteToDataSourceV2"
        | "AppendData"
        | "OverwriteByExpression"
        | "CreateTableAsSelect"
        | "AtomicCreateTableAsSelect"
        | "CacheTableAsSelect"
        | "OverwritePartitionsDynamic"
        | "ReplaceTableAsSelect" => Operator::Write,
        _ if name.starts_with("Execute ") => Operator::Write,
        _ if name.contains("Python") || name.contains("Pandas") || name.contains("Arrow") => {
            Operator::Python
        }
        _ => Operator::Other,
    }
}
