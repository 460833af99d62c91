//! Filters, one condition at a time: the optimiser pushes them down and merges them, so that their place in the plan says little.

use super::matching::{self, Matcher, Weight};
use crate::evaluation::{NodeId, NodeKind};
use crate::join::lineage::{Closure, Word};
use crate::join::plan::{Operator, PlanFact, functions, literals, names};

/// A call that may have written a condition.
pub(super) struct Candidate {
    pub(super) node: NodeId,
    /// How many calls lie between it and the action.
    steps: usize,
    closure: std::rc::Rc<Closure>,
}

/// The calls of a lineage that write conditions.
pub(super) fn candidates(matcher: &Matcher<'_>, reach: &[NodeId]) -> Vec<Candidate> {
    let evaluation = matcher.closures.evaluation;
    let writes = |id: &NodeId| {
        let node = evaluation.node(*id);
        match node.kind {
            NodeKind::Filter | NodeKind::Join | NodeKind::Opaque => true,
            NodeKind::Sql => matching::writes(node, Operator::Filter),
            _ => false,
        }
    };
    reach
        .iter()
        .enumerate()
        .filter(|(_, id)| writes(id))
        .map(|(steps, &node)| Candidate { node, steps, closure: matcher.closures.of(node) })
        .collect()
}

/// The conditions that a filter joins with `AND`: of a long text, or one that nests deep, some stay together.
pub(super) fn conditions(text: &str) -> Vec<&str> {
    const LONGEST: usize = 64 * 1024;
    const DEEPEST: u32 = 64;
    if text.len() > LONGEST {
        return vec![text.trim()];
    }
    let mut found = Vec::new();
    split(text, DEEPEST, &mut found);
    found
}

fn split<'a>(text: &'a str, depth: u32, into: &mut Vec<&'a str>) {
    let text = text.trim();
    let inner = text.strip_prefix('(').and_then(|it| it.strip_suffix(')'));
    let Some(inner) = inner.filter(|_| depth > 0 && enclosed(text)) else {
        into.push(text);
        return;
    };
    let mut open = 0_i32;
    let mut start = 0;
    let mut parts = Vec::new();
    for (at, it) in inner.char_indices() {
        match it {
            '(' => open += 1,
            ')' => open -= 1,
            'A' if open == 0 && inner[..at].ends_with(' ') && inner[at..].starts_with("AND ") => {
                parts.push(&inner[start..at]);
                start = at + 4;
            }
            _ => {}
        }
    }
    if parts.is_empty() {
        into.push(text);
        return;
    }
    parts.push(&inner[start..]);
    for part in parts {
        split(part, depth - 1, into);
    }
}

/// Whether the first parenthesis closes at the end.
fn enclosed(text: &str) -> bool {
    let mut depth = 0_i32;
    for (at, it) in text.char_indices() {
        match it {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1 == text.len();
        }
    }
    false
}

/// Whether a condition only asks that a column is there, as Spark adds for keys of joins.
pub(super) fn only_not_null(condition: &str) -> bool {
    let condition = condition.trim().trim_start_matches('(');
    condition.starts_with("isnotnull(")
}

/// The call that wrote a condition.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer {
    pub(super) node: NodeId,
    /// Whether all other calls fit far worse.
    pub(super) sure: bool,
}

/// How far behind the second best call has to be for a finding to rest on the best.
const SURE: Weight = 0.5;

/// The call that wrote a condition.
pub(super) fn writer(
    matcher: &Matcher<'_>,
    candidates: &[Candidate],
    fact: &PlanFact<'_>,
    condition: &str,
) -> Option<Writer> {
    debug_assert!(fact.operator == Operator::Filter);
    let words = &matcher.closures.words;
    let (mut all, mut aliases) = (Vec::new(), Vec::new());
    names(condition, &mut all, &mut aliases);
    let columns: Vec<Word> = all.iter().map(|it| words.column(it)).collect();
    let literals: Vec<Word> = literals(condition).iter().map(|it| words.literal(it)).collect();
    let functions: Vec<Word> = functions(condition).iter().map(|it| words.function(it)).collect();
    let not_null = only_not_null(condition);
    let mut best: Option<(Weight, NodeId)> = None;
    let mut second = Weight::NEG_INFINITY;
    let place = |id: NodeId| matcher.closures.evaluation.node(id).place;
    for candidate in candidates {
        let node = matcher.closures.evaluation.node(candidate.node);
        let own = matcher.words(candidate.node);
        let mut score = -0.03 * candidate.steps.min(60) as Weight;
        let mut hits = 0;
        for word in &columns {
            if own.columns.contains(word) || own.aliases.contains(word) || own.keys.contains(word) {
                score += 1.0;
                hits += 1;
            } else if candidate.closure.names.contains(word) {
                score += 0.3;
            } else if !node.features.names_open {
                score -= 0.4;
            }
        }
        for word in &literals {
            if own.literals.contains(word) {
                score += 1.5;
                hits += 1;
            } else if candidate.closure.literals.contains(word) {
                score += 0.3;
            } else if !node.features.literals_open {
                score -= 0.7;
            }
        }
        for word in &functions {
            if own.functions.contains(word) {
                score += 0.3;
                hits += 1;
            }
        }
        // What the call compares with and the condition does not hold is another condition's.
        score -=
            0.2 * own.literals.iter().filter(|it| !literals.contains(it)).count().min(3) as Weight;
        match node.kind {
            NodeKind::Join => score -= 0.8,
            NodeKind::Opaque => score -= 0.5,
            _ => {}
        }
        let says = |names: &[&str]| {
            node.features.functions.iter().any(|it| names.contains(&&*it.to_ascii_lowercase()))
                || names.contains(&node.method.as_str())
        };
        if not_null {
            let explicit = says(&["isnotnull", "dropna", "drop"]);
            if !explicit {
                continue;
            }
        }
        // What says nothing of the condition did not write it, unless what it says is not known.
        let open = node.features.names_open
            || node.features.literals_open
            || node.kind == NodeKind::Opaque;
        if hits == 0 {
            if !open {
                continue;
            }
            score -= 1.0;
        }
        match best {
            Some((least, known)) if score <= least => {
                if place(known) != place(candidate.node) {
                    second = second.max(score);
                }
            }
            _ => {
                if let Some((least, known)) = best
                    && place(known) != place(candidate.node)
                {
                    second = second.max(least);
                }
                best = Some((score, candidate.node));
            }
        }
    }
    best.map(|(score, node)| Writer { node, sure: score - second >= SURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_come_apart_at_their_own_level() {
        assert_eq!(conditions("(isnotnull(a#1) AND (a#1 > 3))"), ["isnotnull(a#1)", "(a#1 > 3)"]);
        assert_eq!(conditions("((a#1 = 1) OR ((b#2 = 2) AND (c#3 = 3)))").len(), 1);
        assert_eq!(conditions("(((a#1 = 1) AND (b#2 = 2)) AND (c#3 = 3))").len(), 3);
        assert_eq!(conditions("(a#1 = 1) AND"), ["(a#1 = 1) AND"]);
        assert_eq!(conditions(""), [""]);
    }
}
