//! What the lineage of a dataset says as a whole: the features of all calls that it was made by.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::plan::{literal_key, tokens};
use crate::evaluation::{Evaluation, Features, NodeId, NodeKind, TextPattern};

/// A name, a function or a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Word(u32);

/// Words by number.
#[derive(Debug, Default)]
pub(super) struct Words(RefCell<FxHashMap<Box<str>, u32>>);

impl Words {
    pub(super) fn word(&self, text: &str) -> Word {
        let mut words = self.0.borrow_mut();
        if let Some(&known) = words.get(text) {
            return Word(known);
        }
        let number = words.len() as u32;
        words.insert(text.into(), number);
        Word(number)
    }

    /// A column's name, whose case Spark does not tell apart by default; of a qualified name its last part.
    pub(super) fn column(&self, text: &str) -> Word {
        let last = text.rsplit('.').next().unwrap_or(text).trim_matches('`');
        self.word(&last.to_ascii_lowercase())
    }

    pub(super) fn function(&self, text: &str) -> Word {
        self.word(&text.to_ascii_lowercase().replace('_', ""))
    }

    pub(super) fn literal(&self, token: &str) -> Word {
        self.word(&literal_key(token))
    }
}

/// What the calls behind a dataset say together.
#[derive(Debug, Default, Clone)]
pub(super) struct Closure {
    /// Columns and aliases.
    pub(super) names: FxHashSet<Word>,
    pub(super) functions: FxHashSet<Word>,
    pub(super) literals: FxHashSet<Word>,
    /// Words of literals that conditions compare with.
    pub(super) conditions: Vec<Word>,
    pub(super) names_open: bool,
    pub(super) literals_open: bool,
    /// Paths that are read.
    pub(super) paths: Vec<TextPattern>,
    pub(super) tables: Vec<TextPattern>,
    /// Numbers of limits.
    pub(super) limits: Vec<TextPattern>,
    pub(super) joins: usize,
    /// A global sort is among the calls.
    pub(super) sorts: bool,
    /// A global sort is the last of them that moves rows.
    pub(super) sorted: bool,
    /// Something of it is not known, is carried by a loop, or comes from a cache: operators can't be counted.
    pub(super) loose: bool,
    /// Everything that is read is known.
    pub(super) reads_known: bool,
}

/// How many datasets a closure takes in.
const MOST: usize = 4_000;

/// Closures of the datasets of an evaluation, made when they are asked for.
pub(super) struct Closures<'a> {
    pub(super) evaluation: &'a Evaluation,
    pub(super) words: Words,
    made: RefCell<FxHashMap<NodeId, Rc<Closure>>>,
}

impl<'a> Closures<'a> {
    pub(super) fn new(evaluation: &'a Evaluation) -> Self {
        Self { evaluation, words: Words::default(), made: RefCell::default() }
    }

    pub(super) fn of(&self, node: NodeId) -> Rc<Closure> {
        if let Some(made) = self.made.borrow().get(&node) {
            return Rc::clone(made);
        }
        let made = Rc::new(self.make(node));
        self.made.borrow_mut().insert(node, Rc::clone(&made));
        made
    }

    fn make(&self, node: NodeId) -> Closure {
        let mut closure = Closure { reads_known: true, ..Closure::default() };
        let mut seen: FxHashSet<NodeId> = FxHashSet::default();
        let mut open = vec![node];
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            if seen.len() > MOST {
                closure.names_open = true;
                closure.literals_open = true;
                closure.loose = true;
                closure.reads_known = false;
                break;
            }
            let node = self.evaluation.node(id);
            self.add(&node.features, &mut closure);
            match node.kind {
                NodeKind::Read => {
                    let known = |it: &TextPattern| !it.is_unknown();
                    let features = &node.features;
                    let named = !features.paths.is_empty() || !features.tables.is_empty();
                    closure.reads_known &= named
                        && features.paths.iter().all(known)
                        && features.tables.iter().all(known);
                    closure.paths.extend(features.paths.iter().cloned());
                    closure.tables.extend(features.tables.iter().cloned());
                }
                NodeKind::Join => closure.joins += 1,
                NodeKind::SetOperation => closure.joins += 1,
                NodeKind::Sort => closure.sorts = true,
                NodeKind::Limit => {
                    closure.limits.extend(node.features.detail("limit").cloned());
                }
                NodeKind::Filter => {
                    for literal in &node.features.literals {
                        closure.conditions.extend(tokens(literal).map(|it| self.words.literal(it)));
                    }
                }
                NodeKind::Opaque | NodeKind::Parameter | NodeKind::Batch => {
                    closure.names_open = true;
                    closure.literals_open = true;
                    closure.loose = true;
                    closure.reads_known = false;
                }
                NodeKind::Sql => {
                    closure.loose = true;
                    closure.tables.extend(node.features.tables.iter().cloned());
                }
                NodeKind::Phi | NodeKind::Checkpoint => closure.loose = true,
                _ => {}
            }
            closure.loose |= !node.cached.is_empty();
            open.extend(&node.parents);
        }
        closure.sorted = self.sorted(node);
        closure
    }

    fn sorted(&self, node: NodeId) -> bool {
        let mut at = node;
        for _ in 0..50 {
            let own = self.evaluation.node(at);
            match (own.kind, own.parents.as_slice()) {
                (NodeKind::Sort, _) => return true,
                (
                    NodeKind::Project | NodeKind::Alias | NodeKind::Filter | NodeKind::Narrow,
                    [parent],
                ) => {
                    at = *parent;
                }
                _ => return false,
            }
        }
        false
    }

    /// Adds what one call says.
    pub(super) fn add(&self, features: &Features, closure: &mut Closure) {
        let names = features.columns.iter().chain(&features.aliases).chain(&features.keys);
        closure.names.extend(names.map(|it| self.words.column(it)));
        closure.functions.extend(features.functions.iter().map(|it| self.words.function(it)));
        for literal in &features.literals {
            closure.literals.extend(tokens(literal).map(|it| self.words.literal(it)));
        }
        closure.names_open |= features.names_open;
        closure.literals_open |= features.literals_open;
    }
}

/// How a path or a table of the source fits one of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// The source says it in full, and it is the same.
    Equal,
    /// The same as far as the source says it.
    Open,
    /// Another.
    Different,
    /// The source does not say.
    Unknown,
}

/// Whether a path of the source may be the one that was logged: relative ones by their ends.
pub(super) fn path_fit(pattern: &TextPattern, logged: &str) -> Fit {
    PathPattern::new(pattern).fit(logged_path(logged))
}

/// A logged path as patterns are compared with.
pub(super) fn logged_path(logged: &str) -> &str {
    without_scheme(logged).trim_end_matches('/')
}

/// A path of the source, taken apart once for any number of comparisons.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PathPattern {
    /// The source does not say.
    Unknown,
    /// It says it in full.
    Exact(String),
    /// What it says of it, in order, with anything between.
    Parts { parts: Vec<String>, absolute: bool },
}

impl PathPattern {
    pub(super) fn new(pattern: &TextPattern) -> Self {
        if pattern.is_unknown() {
            return Self::Unknown;
        }
        if let Some(exact) = pattern.as_exact()
            && !exact.contains(['*', '?', '{', '}', '[', ']'])
        {
            let exact = without_scheme(exact).trim_start_matches("./").trim_end_matches('/');
            return Self::Exact(exact.to_owned());
        }
        let pieces: Vec<&str> = pattern.pieces().collect();
        if !pieces.iter().any(|it| it.contains(char::is_alphanumeric)) {
            return Self::Unknown;
        }
        // Wildcards of Hadoop's globs are unknown parts as well.
        let mut parts: Vec<&str> = Vec::new();
        for piece in &pieces {
            parts.extend(piece.split(['*', '?', '{', '}', '[', ']']));
        }
        if let Some(first) = parts.first_mut() {
            *first = without_scheme(first).trim_start_matches("./");
        }
        if let Some(last) = parts.last_mut() {
            *last = last.trim_end_matches('/');
        }
        let absolute = parts.first().is_some_and(|it| it.starts_with('/'));
        Self::Parts { parts: parts.into_iter().map(str::to_owned).collect(), absolute }
    }

    /// How it fits a path as [`logged_path`] gives it.
    pub(super) fn fit(&self, logged: &str) -> Fit {
        match self {
            Self::Unknown => Fit::Unknown,
            Self::Exact(exact) => {
                let same = match logged.strip_suffix(exact.as_str()) {
                    Some("") => true,
                    Some(before) => {
                        before.ends_with('/') && !exact.starts_with('/') && !exact.is_empty()
                    }
                    None => false,
                };
                if same { Fit::Equal } else { Fit::Different }
            }
            Self::Parts { parts, absolute } => {
                let matched = if *absolute {
                    matches(parts, logged)
                } else {
                    let starts =
                        std::iter::once(0).chain(logged.match_indices('/').map(|it| it.0 + 1));
                    starts.into_iter().any(|at| matches(parts, &logged[at..]))
                };
                match (matched, parts.len()) {
                    (true, 1) => Fit::Equal,
                    (true, _) => Fit::Open,
                    (false, _) => Fit::Different,
                }
            }
        }
    }
}

/// Whether `text` is these pieces with anything between them.
fn matches<T: AsRef<str>>(parts: &[T], text: &str) -> bool {
    let Some((first, others)) = parts.split_first() else { return false };
    let Some(mut rest) = text.strip_prefix(first.as_ref()) else { return false };
    let Some((last, middle)) = others.split_last() else { return rest.is_empty() };
    for part in middle.iter().map(AsRef::as_ref) {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last.as_ref())
}

/// Without `file:`, `hdfs://host:port`, `s3a://bucket`: schemes and hosts come from the configuration as often as from the source.
fn without_scheme(path: &str) -> &str {
    let Some((scheme, rest)) = path.split_once(':') else { return path };
    if scheme.is_empty() || !scheme.chars().all(|it| it.is_ascii_alphanumeric() || it == '+') {
        return path;
    }
    match rest.strip_prefix("//") {
        Some(rest) => rest.find('/').map_or("", |at| &rest[at..]),
        None => rest,
    }
}

/// Whether a table of the source may be the one that was logged: by their last parts.
pub(super) fn table_fit(pattern: &TextPattern, logged: &str) -> Fit {
    if pattern.is_unknown() {
        return Fit::Unknown;
    }
    let logged = logged.to_ascii_lowercase().replace('`', "");
    let Some(exact) = pattern.as_exact() else {
        let pieces: Vec<String> = pattern.pieces().map(str::to_ascii_lowercase).collect();
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let starts = std::iter::once(0).chain(logged.match_indices('.').map(|it| it.0 + 1));
        let fits = starts.into_iter().any(|at| matches(&pieces, &logged[at..]));
        return if fits { Fit::Open } else { Fit::Different };
    };
    let exact = exact.to_ascii_lowercase().replace('`', "");
    let same = logged == exact
        || logged.ends_with(&format!(".{exact}"))
        || exact.ends_with(&format!(".{logged}"));
    if same { Fit::Equal } else { Fit::Different }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_by_their_ends() {
        let exact = TextPattern::exact;
        assert_eq!(path_fit(&exact("out/orders"), "file:/srv/jobs/out/orders"), Fit::Equal);
        assert_eq!(path_fit(&exact("./out/orders/"), "file:/srv/jobs/out/orders"), Fit::Equal);
        assert_eq!(path_fit(&exact("out/orders"), "file:/srv/jobs/out/old_orders"), Fit::Different);
        assert_eq!(path_fit(&exact("orders"), "file:/srv/jobs/old_orders"), Fit::Different);
        assert_eq!(path_fit(&exact("s3a://bucket/in/a"), "s3a://bucket/in/a"), Fit::Equal);
        assert_eq!(path_fit(&exact("/in/*/a"), "hdfs://host:8020/in/2024/a"), Fit::Open);
        assert_eq!(path_fit(&TextPattern::unknown(), "file:/a"), Fit::Unknown);
        let unknown = TextPattern::unknown();
        let joined = TextPattern::concatenated([&unknown, &exact("/"), &unknown]);
        assert_eq!(path_fit(&joined, "file:/in/a"), Fit::Unknown);
    }

    #[test]
    fn tables_are_compared_by_their_last_parts() {
        let exact = TextPattern::exact;
        assert_eq!(table_fit(&exact("totals"), "spark_catalog.default.totals"), Fit::Equal);
        assert_eq!(
            table_fit(&exact("default.Totals"), "`spark_catalog`.`default`.`totals`"),
            Fit::Equal
        );
        assert_eq!(table_fit(&exact("otals"), "spark_catalog.default.totals"), Fit::Different);
    }
}
