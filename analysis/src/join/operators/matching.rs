//! How well an operator fits a call of the lineage.

use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::rc::Rc;

use super::skeleton::Bone;
use crate::evaluation::{Node, NodeId, NodeKind};
use crate::join::lineage::{Closures, Fit, Word, path_fit, table_fit};
use crate::join::plan::{Operator, PlanFact, PlanFacts, python_functions, tokens};

pub(super) type Weight = f64;

/// Words of one call of the lineage.
#[derive(Debug, Default)]
pub(super) struct CallWords {
    pub(super) columns: Vec<Word>,
    pub(super) aliases: Vec<Word>,
    pub(super) keys: Vec<Word>,
    pub(super) functions: Vec<Word>,
    pub(super) literals: Vec<Word>,
}

/// Words of one bone.
#[derive(Debug, Default)]
pub(super) struct BoneWords {
    names: Vec<Word>,
    aliases: Vec<Word>,
    keys: Vec<Word>,
    functions: Vec<Word>,
}

/// Compares operators with calls.
pub(super) struct Matcher<'a> {
    pub(super) closures: &'a Closures<'a>,
    calls: RefCell<FxHashMap<NodeId, Rc<CallWords>>>,
    /// In how many calls of the lineage at hand a word stands.
    counts: FxHashMap<Word, u32>,
    /// The functions that calls of the lineage name.
    functions: FxHashSet<Word>,
}

impl<'a> Matcher<'a> {
    /// For the calls of one lineage.
    pub(super) fn new(closures: &'a Closures<'a>, reach: &[NodeId]) -> Self {
        let mut matcher = Self {
            closures,
            calls: RefCell::default(),
            counts: FxHashMap::default(),
            functions: FxHashSet::default(),
        };
        for &node in reach {
            let words = matcher.words(node);
            matcher.functions.extend(&words.functions);
            for &word in words.columns.iter().chain(&words.aliases).chain(&words.keys) {
                *matcher.counts.entry(word).or_default() += 1;
            }
        }
        matcher
    }

    pub(super) fn words(&self, id: NodeId) -> Rc<CallWords> {
        if let Some(known) = self.calls.borrow().get(&id) {
            return Rc::clone(known);
        }
        let words = &self.closures.words;
        let features = &self.closures.evaluation.node(id).features;
        let columns = |from: &[String]| from.iter().map(|it| words.column(it)).collect::<Vec<_>>();
        let made = Rc::new(CallWords {
            columns: columns(&features.columns),
            aliases: columns(&features.aliases),
            keys: columns(&features.keys),
            functions: features.functions.iter().map(|it| words.function(it)).collect(),
            literals: features
                .literals
                .iter()
                .flat_map(|it| tokens(it))
                .map(|it| words.literal(it))
                .collect(),
        });
        self.calls.borrow_mut().insert(id, Rc::clone(&made));
        made
    }

    /// The functions that an operator runs in Python. Those in their arguments are the JVM's, of calls below.
    fn python_functions(&self, text: &str, own: &BoneWords) -> Vec<Word> {
        let run = python_functions(text);
        if run.is_empty() {
            return own.functions.clone();
        }
        run.iter().map(|it| self.closures.words.function(it)).collect()
    }

    pub(super) fn bone_words(&self, plan: &PlanFacts<'_>, bone: &Bone) -> BoneWords {
        let words = &self.closures.words;
        let mut found = BoneWords::default();
        let add = |into: &mut Vec<Word>, word: Word| {
            if !into.contains(&word) {
                into.push(word);
            }
        };
        for (at, &member) in bone.members.iter().enumerate() {
            let fact = &plan.nodes[member];
            fact.names.iter().for_each(|it| add(&mut found.names, words.column(it)));
            fact.aliases.iter().for_each(|it| add(&mut found.aliases, words.column(it)));
            fact.functions.iter().for_each(|it| add(&mut found.functions, words.function(it)));
            if at == 0 {
                fact.keys.iter().for_each(|it| add(&mut found.keys, words.column(it)));
            }
        }
        // The projection above names what an operator makes.
        let top = bone.members.first().copied().unwrap_or_default();
        let mut above = plan.nodes[top].parent;
        while let Some(index) = above {
            let fact = &plan.nodes[index];
            match fact.operator {
                Operator::Wrapper | Operator::Exchange | Operator::Sort { global: false } => {}
                Operator::Project => {
                    fact.aliases.iter().for_each(|it| add(&mut found.aliases, words.column(it)));
                    break;
                }
                _ => break,
            }
            above = fact.parent;
        }
        found
    }

    /// The calls among `reach` that call a Python operator's function, wherever they stand: it is pushed below joins with the filter on its result.
    pub(super) fn callers(&self, bone: &BoneWords, reach: &[NodeId]) -> Vec<NodeId> {
        let calls = |id: &&NodeId| {
            let own = self.words(**id);
            bone.functions.iter().any(|it| own.functions.contains(it))
        };
        reach.iter().filter(calls).copied().collect()
    }

    /// Less for a word that many calls of the lineage have.
    fn rarity(&self, word: Word) -> Weight {
        self.counts.get(&word).map_or(1.0, |&count| 1.0 / Weight::from(count).sqrt())
    }

    /// Weighted share of common words; none where one side has none.
    fn overlap(&self, left: &[Word], right: &[Word]) -> Option<Weight> {
        if left.is_empty() || right.is_empty() {
            return None;
        }
        let sum =
            |words: &mut dyn Iterator<Item = Word>| words.map(|it| self.rarity(it)).sum::<Weight>();
        let common = sum(&mut left.iter().copied().filter(|it| right.contains(it)));
        let all = sum(&mut left.iter().copied())
            + sum(&mut right.iter().copied().filter(|it| !left.contains(it)));
        Some(common / all.max(1e-9))
    }

    /// What common names add, at most `most`.
    fn names(&self, bone: &BoneWords, call: &CallWords, most: Weight) -> Weight {
        let known = |it: &&Word| {
            call.columns.contains(it) || call.aliases.contains(it) || call.keys.contains(it)
        };
        let named: Weight = bone.names.iter().filter(known).map(|&it| 0.3 * self.rarity(it)).sum();
        let made: Weight = bone
            .aliases
            .iter()
            .filter(|it| call.aliases.contains(it))
            .map(|&it| 0.8 * self.rarity(it))
            .sum();
        (named + made).min(most)
    }

    /// The value of matching; none where they can't be one.
    pub(super) fn value(
        &self,
        plan: &PlanFacts<'_>,
        bone: &Bone,
        own: &BoneWords,
        id: NodeId,
    ) -> Option<Weight> {
        let node = self.closures.evaluation.node(id);
        let call = self.words(id);
        let fact = &plan.nodes[bone.members[0]];
        let text = fact.node.simple_string.as_str();
        match node.kind {
            NodeKind::Phi | NodeKind::Alias | NodeKind::Grouping | NodeKind::Parameter
                if fact.operator != Operator::CacheScan
                    && (fact.operator, node.kind) != (Operator::Python, NodeKind::Grouping) =>
            {
                return None;
            }
            NodeKind::Opaque => return Some(-0.6),
            NodeKind::Sql => return self.sql(fact, own, &call, node),
            _ => {}
        }
        match fact.operator {
            Operator::Scan => scan(fact, node),
            Operator::Rows => rows(fact, node, own, &call),
            Operator::CacheScan => {
                (!node.cached.is_empty()).then_some(3.0 + self.names(own, &call, 2.0))
            }
            Operator::Join => self.join(fact, own, &call, node, text),
            Operator::Aggregate { .. } => self.aggregate(plan, bone, own, &call, node),
            Operator::Window => match node.kind {
                NodeKind::Project | NodeKind::Narrow | NodeKind::Generate => {
                    let windowed = own.functions.iter().any(|it| call.functions.contains(it));
                    let base = if windowed { 1.5 } else { -0.5 };
                    Some(base + self.names(own, &call, 4.0) + self.keys(own, &call))
                }
                _ => None,
            },
            Operator::Python => {
                let run = self.python_functions(text, own);
                let calls = run.iter().any(|it| call.functions.contains(it));
                match node.kind {
                    // What rows are grouped by is computed before they are.
                    NodeKind::Grouping => calls.then(|| 2.5 + self.names(own, &call, 3.0)),
                    NodeKind::Project
                    | NodeKind::Filter
                    | NodeKind::Map
                    | NodeKind::Aggregate
                    | NodeKind::Narrow
                    | NodeKind::Wide
                    | NodeKind::Join => {
                        let maps = matches!(node.kind, NodeKind::Map) || grouped_map(node);
                        if calls || maps {
                            return Some(2.5 + self.names(own, &call, 3.0));
                        }
                        // Where the lineage has a call with its function, it is no other's.
                        let elsewhere = own.functions.iter().any(|it| self.functions.contains(it));
                        (!elsewhere).then(|| -0.5 + self.names(own, &call, 3.0))
                    }
                    _ => None,
                }
            }
            Operator::Objects => match node.kind {
                NodeKind::Map
                | NodeKind::Filter
                | NodeKind::Narrow
                | NodeKind::Convert
                | NodeKind::Aggregate
                | NodeKind::Wide
                | NodeKind::Generate => Some(2.0),
                NodeKind::Grouping | NodeKind::Create => Some(1.0),
                _ => None,
            },
            Operator::Generate => {
                let explodes = node.kind == NodeKind::Generate
                    || node.features.functions.iter().any(|it| {
                        let it = it.to_ascii_lowercase();
                        ["explode", "posexplode", "inline", "stack", "json_tuple"]
                            .iter()
                            .any(|name| it.starts_with(name))
                    });
                match (explodes, node.kind) {
                    (true, _) => Some(2.5 + self.names(own, &call, 3.0)),
                    // It may explode something that the source does not name.
                    (false, NodeKind::Project) if node.features.names_open => {
                        Some(self.names(own, &call, 3.0) - 0.3)
                    }
                    _ => None,
                }
            }
            Operator::Union => (node.kind == NodeKind::Union).then_some(2.5),
            Operator::Coalesce => {
                (node.kind == NodeKind::Coalesce).then(|| 2.0 + same_number(node, text))
            }
            Operator::Sample => (node.kind == NodeKind::Sample).then_some(2.0),
            Operator::Limit => {
                (node.kind == NodeKind::Limit).then(|| 2.0 + same_number(node, text))
            }
            Operator::TakeOrdered => match node.kind {
                NodeKind::Sort => Some(2.5 + self.names(own, &call, 3.0)),
                NodeKind::Limit => Some(1.5 + same_number(node, text)),
                _ => None,
            },
            Operator::Repartition => match node.kind {
                NodeKind::Repartition => {
                    Some(2.0 + self.names(own, &call, 2.0) + same_number(node, text))
                }
                NodeKind::Coalesce => Some(0.5 + same_number(node, text)),
                _ => None,
            },
            Operator::RangeExchange | Operator::Sort { .. } => match node.kind {
                NodeKind::Sort => Some(2.0 + self.names(own, &call, 3.0) + self.keys(own, &call)),
                NodeKind::Repartition => Some(1.0 + self.names(own, &call, 2.0)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Agreement of keys: up to 1, less than nothing where none is common.
    fn keys(&self, bone: &BoneWords, call: &CallWords) -> Weight {
        match self.overlap(&bone.keys, &call.keys) {
            Some(share) if share > 0.0 => share,
            Some(_) => -1.0,
            None => 0.0,
        }
    }

    fn join(
        &self,
        fact: &PlanFact<'_>,
        own: &BoneWords,
        call: &CallWords,
        node: &Node,
        text: &str,
    ) -> Option<Weight> {
        let semi = text.contains("LeftSemi");
        let anti = text.contains("LeftAnti");
        match node.kind {
            NodeKind::Join => {}
            // `subtract` is planned as an anti join, `intersect` as a semi join.
            NodeKind::SetOperation => return (semi || anti).then_some(2.5),
            // A condition `IN (subquery)`.
            NodeKind::Filter if semi || anti => return Some(0.2),
            _ => return None,
        }
        let mut value = 2.0;
        if let Some(how) = node.features.detail("how").and_then(|it| it.as_exact()) {
            let how: String = how.to_ascii_lowercase().replace('_', "");
            let fits = if how.ends_with("semi") || how == "semi" {
                semi
            } else if how.ends_with("anti") {
                anti
            } else if semi || anti {
                false
            } else {
                // The optimiser turns outer joins into inner ones where a filter rejects nulls.
                value += match how.as_str() {
                    "left" | "leftouter" => {
                        if text.contains("LeftOuter") {
                            0.7
                        } else {
                            0.0
                        }
                    }
                    "right" | "rightouter" => {
                        if text.contains("RightOuter") {
                            0.7
                        } else {
                            0.0
                        }
                    }
                    "outer" | "full" | "fullouter" => {
                        if text.contains("FullOuter") {
                            0.7
                        } else {
                            0.0
                        }
                    }
                    "cross" => {
                        if fact.keys.is_empty() {
                            0.7
                        } else {
                            0.0
                        }
                    }
                    _ => {
                        if text.contains("Inner") || text.contains("Cross") {
                            0.7
                        } else {
                            -0.7
                        }
                    }
                };
                true
            };
            if (semi || anti) && fits {
                value += 0.7;
            }
            if !fits {
                value -= 2.5;
            }
        }
        let keys = if own.keys.is_empty() { &own.names } else { &own.keys };
        match self.overlap(keys, &call.keys) {
            Some(share) if share > 0.0 => value += 3.0 * share,
            Some(_) if !node.features.names_open => value -= 1.0,
            _ => {}
        }
        Some(value)
    }

    fn aggregate(
        &self,
        plan: &PlanFacts<'_>,
        bone: &Bone,
        own: &BoneWords,
        call: &CallWords,
        node: &Node,
    ) -> Option<Weight> {
        let bare = bone.members.iter().all(|&it| {
            let functions = &plan.nodes[it].functions;
            functions.is_empty() || functions.iter().all(|it| *it == "first")
        });
        match node.kind {
            NodeKind::Distinct => {
                if !bare {
                    return None;
                }
                let keys = self
                    .overlap(&own.keys, &call.keys)
                    .map_or(0.0, |it| if it > 0.0 { it } else { -1.0 });
                Some(1.7 + keys)
            }
            NodeKind::SetOperation => bare.then_some(1.2),
            NodeKind::Aggregate | NodeKind::Wide => {
                let mut value = 1.5;
                // The keys stand at the grouping before it.
                let mut keys = call.keys.clone();
                let mut open = node.features.names_open;
                let mut parents = node.parents.clone();
                for _ in 0..3 {
                    let mut next = Vec::new();
                    for id in parents {
                        let parent = self.closures.evaluation.node(id);
                        if parent.kind == NodeKind::Grouping {
                            keys.extend(self.words(id).keys.iter().copied());
                            open |= parent.features.names_open;
                            next.extend(&parent.parents);
                        }
                    }
                    parents = next;
                }
                match (self.overlap(&own.keys, &keys), own.keys.is_empty(), keys.is_empty()) {
                    (Some(share), ..) if share > 0.0 => value += 3.0 * share,
                    (Some(_), ..) if !open => value -= 1.5,
                    (None, true, true) => value += 1.0,
                    (None, true, false) | (None, false, true) if !open => value -= 1.5,
                    _ => {}
                }
                let made: Weight = own
                    .aliases
                    .iter()
                    .filter(|it| call.aliases.contains(it))
                    .map(|&it| self.rarity(it))
                    .sum();
                value += made.min(4.0);
                let shared = own.functions.iter().filter(|it| call.functions.contains(it)).count();
                if shared > 0 {
                    value += 0.5 * shared.min(4) as Weight;
                } else if !own.functions.is_empty() && !call.functions.is_empty() && !open {
                    value -= 1.5;
                }
                Some(value)
            }
            NodeKind::Join if bare => Some(-0.5),
            _ => None,
        }
    }

    /// A statement of SQL makes any number of operators, but only those that it has words for.
    fn sql(
        &self,
        fact: &PlanFact<'_>,
        own: &BoneWords,
        call: &CallWords,
        node: &Node,
    ) -> Option<Weight> {
        match fact.operator {
            Operator::CacheScan => {
                return (!node.cached.is_empty()).then_some(3.0 + self.names(own, call, 2.0));
            }
            Operator::Scan => {
                let named = !node.features.paths.is_empty() || !node.features.tables.is_empty();
                return scan(fact, node).filter(|_| named);
            }
            _ => {}
        }
        if !writes(node, fact.operator) || !joins_so(node, fact) {
            return None;
        }
        let shared = own.functions.iter().filter(|it| call.functions.contains(it)).count();
        let functions = if own.functions.is_empty() {
            0.0
        } else {
            shared as Weight / own.functions.len() as Weight
        };
        Some(1.0 + self.names(own, call, 3.0) + self.keys_of_sql(own, call) + functions)
    }

    /// Where none of the keys is named, it is another statement's.
    fn keys_of_sql(&self, own: &BoneWords, call: &CallWords) -> Weight {
        if own.keys.is_empty() {
            return 0.0;
        }
        let written = |it: &&Word| {
            if call.keys.is_empty() {
                call.columns.contains(it) || call.aliases.contains(it)
            } else {
                call.keys.contains(it)
            }
        };
        match own.keys.iter().filter(written).count() {
            0 => -1.0,
            count => count as Weight / own.keys.len() as Weight,
        }
    }
}

/// Whether a statement of SQL has a join of that type, where all of its joins only keep or drop rows.
fn joins_so(node: &Node, fact: &PlanFact<'_>) -> bool {
    if fact.operator != Operator::Join || node.features.names_open {
        return true;
    }
    let text = fact.node.simple_string.as_str();
    let clauses = node.features.detail("clauses").and_then(|it| it.as_exact()).unwrap_or_default();
    let has = |word: &str| clauses.split(' ').any(|it| it == word);
    let filters = text.contains("LeftSemi") || text.contains("LeftAnti");
    filters || !has("filtering-join") || has("widening-join")
}

/// Whether a statement of SQL has a word that makes such an operator; a text that is not known may have any.
pub(super) fn writes(node: &Node, operator: Operator) -> bool {
    if node.features.names_open {
        return true;
    }
    let clauses = node.features.detail("clauses").and_then(|it| it.as_exact()).unwrap_or_default();
    let has = |words: &[&str]| clauses.split(' ').any(|it| words.contains(&it));
    let calls =
        |names: &[&str]| node.features.functions.iter().any(|it| names.contains(&it.as_str()));
    match operator {
        Operator::Join => {
            has(&["join", "exists", "in", "intersect", "except", "minus"])
                || node.features.tables.len() > 1
        }
        // Which functions aggregate is not told apart here.
        Operator::Aggregate { .. } => {
            has(&["group", "distinct", "pivot", "intersect", "except", "minus", "union"])
                || !node.features.functions.is_empty()
        }
        Operator::Window => has(&["over"]),
        Operator::RangeExchange | Operator::Sort { .. } => has(&["order", "sort", "cluster"]),
        Operator::TakeOrdered => has(&["order"]),
        Operator::Limit => has(&["limit"]),
        Operator::Union => has(&["union"]),
        Operator::Generate => {
            has(&["lateral"])
                || calls(&[
                    "explode",
                    "posexplode",
                    "inline",
                    "explode_outer",
                    "posexplode_outer",
                    "stack",
                ])
        }
        Operator::Filter => has(&["where", "having", "on", "qualify", "join", "in", "pivot"]),
        _ => true,
    }
}

/// Whether a call is `applyInPandas` or its like.
fn grouped_map(node: &Node) -> bool {
    let method = node.method.to_ascii_lowercase();
    method.contains("inpandas") || method.contains("inarrow")
}

fn scan(fact: &PlanFact<'_>, node: &Node) -> Option<Weight> {
    if !matches!(node.kind, NodeKind::Read | NodeKind::Sql) {
        return (node.kind == NodeKind::Batch).then_some(4.0);
    }
    let features = &node.features;
    let mut best: Option<Weight> = None;
    let mut seen = false;
    let mut consider = |fit: Fit| {
        seen = true;
        let value = match fit {
            Fit::Equal => 6.0,
            Fit::Open => 5.0,
            Fit::Unknown => 2.0,
            Fit::Different => return,
        };
        best = Some(best.map_or(value, |it: Weight| it.max(value)));
    };
    if let Some(location) = fact.node.metadata.get("Location") {
        let list =
            location.split_once(")[").map_or(location.as_str(), |it| it.1).trim_end_matches(']');
        let whole = location.ends_with(']');
        for logged in list.split(", ") {
            for pattern in &features.paths {
                let fit = path_fit(pattern, logged);
                // The end of a list that Spark has cut says nothing.
                consider(if fit == Fit::Different && (!whole || logged.ends_with("...")) {
                    Fit::Unknown
                } else {
                    fit
                });
            }
        }
    }
    if let Some(table) = fact.node.name.split_whitespace().nth(2) {
        for pattern in &features.tables {
            consider(table_fit(pattern, table));
        }
    }
    if !seen {
        // Other sources name themselves in no way that can be compared.
        return (features.paths.is_empty() || !fact.node.metadata.contains_key("Location"))
            .then_some(2.0);
    }
    best
}

fn rows(fact: &PlanFact<'_>, node: &Node, own: &BoneWords, call: &CallWords) -> Option<Weight> {
    let range = fact.node.name == "Range";
    match node.kind {
        NodeKind::Create => {
            let is_range = node.method == "range";
            if range != is_range {
                return None;
            }
            let named = own
                .names
                .iter()
                .filter(|it| call.aliases.contains(it) || call.columns.contains(it))
                .count();
            let number = if range { same_number(node, &fact.node.simple_string) } else { 0.0 };
            Some(3.5 + 0.5 * named.min(4) as Weight + number)
        }
        NodeKind::Checkpoint | NodeKind::Convert => (!range).then_some(3.5),
        NodeKind::Batch => (!range).then_some(4.0),
        NodeKind::Map | NodeKind::Read => (!range).then_some(1.0),
        _ => None,
    }
}

/// A little more where a number that the call is given stands in the text.
fn same_number(node: &Node, text: &str) -> Weight {
    let details = node.features.details.iter().filter_map(|it| it.1.as_exact());
    let mut numbers = details
        .chain(node.features.literals.iter().map(String::as_str))
        .filter(|it| it.parse::<f64>().is_ok());
    let found = numbers.any(|number| tokens(text).any(|it| it == number));
    if found { 1.0 } else { 0.0 }
}
