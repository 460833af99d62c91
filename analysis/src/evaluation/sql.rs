//! What a text of SQL says, word by word: tables, columns, functions, literals, and what sort of statement it is.

use super::automaton::SiteKind;
use super::{Features, TextPattern};

/// Words that are neither columns nor tables.
const KEYWORDS: &[&str] = &[
    "select",
    "from",
    "where",
    "and",
    "or",
    "not",
    "in",
    "is",
    "null",
    "as",
    "on",
    "join",
    "left",
    "right",
    "inner",
    "outer",
    "full",
    "cross",
    "semi",
    "anti",
    "natural",
    "group",
    "by",
    "order",
    "sort",
    "cluster",
    "distribute",
    "having",
    "limit",
    "union",
    "all",
    "distinct",
    "intersect",
    "except",
    "minus",
    "with",
    "case",
    "when",
    "then",
    "else",
    "end",
    "between",
    "like",
    "rlike",
    "exists",
    "asc",
    "desc",
    "nulls",
    "first",
    "last",
    "over",
    "partition",
    "rows",
    "range",
    "unbounded",
    "preceding",
    "following",
    "current",
    "row",
    "lateral",
    "view",
    "explode",
    "create",
    "or",
    "replace",
    "temporary",
    "temp",
    "global",
    "table",
    "insert",
    "into",
    "overwrite",
    "values",
    "using",
    "options",
    "merge",
    "matched",
    "update",
    "set",
    "delete",
    "drop",
    "if",
    "true",
    "false",
    "interval",
    "date",
    "timestamp",
    "cast",
    "int",
    "string",
    "double",
    "bigint",
    "float",
    "boolean",
    "stored",
    "parquet",
    "location",
    "database",
    "schema",
    "use",
    "show",
    "describe",
    "analyze",
    "compute",
    "statistics",
    "refresh",
    "cache",
    "uncache",
    "lazy",
    "tablesample",
    "pivot",
    "unpivot",
    "for",
    "filter",
    "within",
    "rollup",
    "cube",
    "grouping",
    "sets",
    "window",
    "qualify",
    "any",
    "some",
    "escape",
];

/// What a statement of SQL is and says.
/// Words without which a statement has no operator of some kind.
const CLAUSES: [&str; 20] = [
    "join",
    "group",
    "distinct",
    "over",
    "where",
    "having",
    "on",
    "qualify",
    "order",
    "sort",
    "cluster",
    "union",
    "intersect",
    "except",
    "minus",
    "limit",
    "lateral",
    "pivot",
    "exists",
    "in",
];

pub(super) struct Statement {
    /// What it leaves in the log, where it runs by itself.
    pub(super) site: Option<SiteKind>,
    /// The view that it defines.
    pub(super) view: Option<String>,
    pub(super) features: Features,
}

enum Token<'t> {
    Word(&'t str),
    Number(&'t str),
    Text(&'t str),
    Hole,
    Symbol(char),
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < text.len() && found.len() < 20_000 {
        let Some(character) = text[at..].chars().next() else { break };
        let width = character.len_utf8();
        let take = |from: usize, keep: &dyn Fn(char) -> bool| {
            text[from..].find(|it| !keep(it)).map_or(text.len(), |end| from + end)
        };
        match character {
            '\u{FFFF}' => {
                found.push(Token::Hole);
                at += width;
            }
            '\'' | '"' | '`' => {
                let start = at + 1;
                let end = text[start..].find(character).map_or(text.len(), |end| start + end);
                let inner = &text[start..end];
                found.push(if character == '`' { Token::Word(inner) } else { Token::Text(inner) });
                at = (end + 1).min(text.len());
            }
            '-' if bytes.get(at + 1) == Some(&b'-') => {
                at = text[at..].find('\n').map_or(text.len(), |end| at + end);
            }
            '/' if bytes.get(at + 1) == Some(&b'*') => {
                at = text[at..].find("*/").map_or(text.len(), |end| at + end + 2);
            }
            _ if character.is_ascii_digit() => {
                let end = take(at, &|it| it.is_ascii_alphanumeric() || it == '.');
                found.push(Token::Number(&text[at..end]));
                at = end;
            }
            _ if character.is_alphabetic() || character == '_' => {
                let end = take(at, &|it| {
                    it.is_alphanumeric() || matches!(it, '_' | '.' | '$' | '\u{FFFF}')
                });
                found.push(Token::Word(&text[at..end]));
                at = end;
            }
            _ if character.is_whitespace() => at += width,
            _ => {
                found.push(Token::Symbol(character));
                at += width;
            }
        }
    }
    found
}

/// Reads a statement, or a fragment such as a condition.
pub(super) fn read(text: &TextPattern) -> Statement {
    let mut features = Features::default();
    let tokens = tokens(text.raw());
    let lower = |at: usize| match tokens.get(at) {
        Some(Token::Word(word)) => word.to_ascii_lowercase(),
        _ => String::new(),
    };
    let mut defined: Vec<String> = Vec::new();
    let mut clauses: Vec<&str> = Vec::new();
    // Whether columns are keys here: after `GROUP BY`, `ON` and `USING (…)`, up to the next clause.
    let mut in_keys = false;
    let mut at = 0;
    while at < tokens.len() {
        let word = match &tokens[at] {
            Token::Word(word) => *word,
            Token::Number(number) => {
                features.literal(number);
                at += 1;
                continue;
            }
            Token::Text(text) if text.contains('\u{FFFF}') => {
                features.literals_open = true;
                at += 1;
                continue;
            }
            Token::Text(text) => {
                features.literal(text);
                at += 1;
                continue;
            }
            Token::Hole => {
                features.names_open = true;
                features.literals_open = true;
                at += 1;
                continue;
            }
            Token::Symbol(_) => {
                at += 1;
                continue;
            }
        };
        let keyword = word.to_ascii_lowercase();
        if let Some(&clause) = CLAUSES.iter().find(|it| **it == keyword)
            && !clauses.contains(&clause)
        {
            clauses.push(clause);
        }
        if keyword == "join" {
            // Joins that only keep or drop rows, and others.
            let before = at.checked_sub(1).map(&lower).unwrap_or_default();
            let sort = if matches!(before.as_str(), "anti" | "semi") {
                "filtering-join"
            } else {
                "widening-join"
            };
            if !clauses.contains(&sort) {
                clauses.push(sort);
            }
        }
        in_keys = match keyword.as_str() {
            "on" | "using" => {
                lower(0) == "select" || lower(0) == "with" || clauses.contains(&"join")
            }
            "by" => at.checked_sub(1).is_some_and(|it| lower(it) == "group"),
            "select" | "from" | "where" | "join" | "left" | "right" | "inner" | "full"
            | "cross" | "group" | "order" | "having" | "limit" | "union" | "sort" | "then"
            | "case" | "over" => false,
            _ => in_keys,
        };
        // `OPTIONS (path '/in')`, `LOCATION '/in'`.
        if matches!(keyword.as_str(), "path" | "location")
            && let Some(Token::Text(path)) = tokens.get(at + 1)
        {
            features.paths.push(TextPattern::from_raw((*path).to_owned()));
            at += 2;
            continue;
        }
        let next_opens = matches!(tokens.get(at + 1), Some(Token::Symbol('(')));
        if matches!(keyword.as_str(), "from" | "join" | "into" | "table" | "update")
            || (keyword == "overwrite" && lower(at + 1) != "table")
            || (keyword == "using" && lower(0) == "merge")
        {
            let mut next = at + 1;
            while matches!(lower(next).as_str(), "table" | "if" | "not" | "exists" | "only") {
                next += 1;
            }
            loop {
                match tokens.get(next) {
                    Some(Token::Word(name)) if !KEYWORDS.contains(&lower(next).as_str()) => {
                        let pattern = TextPattern::from_raw((*name).to_owned());
                        if !defined.iter().any(|it| it == name)
                            && !features.tables.contains(&pattern)
                        {
                            features.tables.push(pattern);
                        }
                        next += 1;
                        // `FROM a, b`: further tables, with or without an alias.
                        if keyword != "from" {
                            break;
                        }
                        if lower(next) == "as" {
                            next += 1;
                        }
                        if matches!(tokens.get(next), Some(Token::Word(_)))
                            && !KEYWORDS.contains(&lower(next).as_str())
                        {
                            next += 1;
                        }
                        if !matches!(tokens.get(next), Some(Token::Symbol(','))) {
                            break;
                        }
                        next += 1;
                    }
                    Some(Token::Hole) => {
                        features.tables.push(TextPattern::unknown());
                        next += 1;
                        break;
                    }
                    _ => break,
                }
            }
            at = next.max(at + 1);
            continue;
        }
        if keyword == "as" {
            // `name AS (` defines a table of this statement, `… AS name` a column.
            if next_opens {
                if let Some(Token::Word(name)) = at.checked_sub(1).and_then(|it| tokens.get(it)) {
                    defined.push((*name).to_owned());
                    features.tables.retain(|it| it.raw() != *name);
                }
            } else if let Some(Token::Word(name)) = tokens.get(at + 1)
                && !KEYWORDS.contains(&lower(at + 1).as_str())
            {
                features.alias(name);
                at += 2;
                continue;
            }
        } else if next_opens
            && !matches!(
                keyword.as_str(),
                "in" | "and"
                    | "or"
                    | "not"
                    | "on"
                    | "as"
                    | "by"
                    | "over"
                    | "from"
                    | "where"
                    | "values"
                    | "exists"
                    | "when"
                    | "using"
                    | "select"
                    | "then"
                    | "else"
                    | "union"
                    | "all"
            )
        {
            features.function(&keyword);
        } else if !KEYWORDS.contains(&keyword.as_str()) {
            if word.contains('\u{FFFF}') {
                features.names_open = true;
            } else {
                let column = word.rsplit('.').next().unwrap_or(word);
                features.column(column);
                if in_keys && !features.keys.iter().any(|it| it == column) {
                    features.keys.push(column.to_owned());
                }
            }
        }
        at += 1;
    }
    let first = lower(0);
    let has = |wanted: &str| (0..tokens.len()).any(|at| lower(at) == wanted);
    let temporary = has("temporary") || has("temp");
    let view = (first == "create" && has("view"))
        .then(|| {
            let at = (0..tokens.len()).find(|at| lower(*at) == "view")?;
            (at + 1..tokens.len())
                .filter(|at| !matches!(lower(*at).as_str(), "if" | "not" | "exists"))
                .find_map(|at| match tokens.get(at) {
                    Some(Token::Word(name)) => Some((*name).to_owned()),
                    _ => None,
                })
        })
        .flatten();
    let site = match first.as_str() {
        "insert" | "merge" | "delete" | "update" => Some(SiteKind::SqlWrite),
        "create" | "replace" if has("table") && has("select") && !temporary => {
            Some(SiteKind::SqlWrite)
        }
        "create" | "replace" | "drop" | "alter" | "use" | "set" | "show" | "describe"
        | "refresh" | "msck" | "truncate" | "analyze" | "cache" | "uncache" | "optimize"
        | "vacuum" | "desc" | "add" | "explain" => Some(SiteKind::View),
        _ => None,
    };
    if !clauses.is_empty() {
        features.detail_of("clauses", TextPattern::exact(&clauses.join(" ")));
    }
    Statement { site, view, features }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Statement {
        read(&TextPattern::from_raw(text.replace('*', "\u{FFFF}")))
    }

    fn tables(text: &str) -> Vec<String> {
        of(text).features.tables.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tables_are_read_after_their_keywords() {
        assert_eq!(tables("SELECT a FROM t1 x JOIN db.t2 ON x.i = t2.i"), ["t1", "db.t2"]);
        assert_eq!(tables("WITH c AS (SELECT 1 FROM base) SELECT q FROM c"), ["base"]);
        assert_eq!(
            tables("select * from a, b where a.x = b.x".replace('*', "q").as_str()),
            ["a", "b"]
        );
        assert_eq!(tables("INSERT OVERWRITE TABLE out SELECT q FROM src"), ["out", "src"]);
        assert_eq!(tables("SELECT q FROM *"), ["*"]);
    }

    #[test]
    fn statements_that_write_are_told_from_those_that_define() {
        assert_eq!(of("insert into t select q from s").site, Some(SiteKind::SqlWrite));
        assert_eq!(of("CREATE TABLE t AS SELECT 1").site, Some(SiteKind::SqlWrite));
        assert_eq!(of("drop table t").site, Some(SiteKind::View));
        assert_eq!(of("select 1").site, None);
        assert_eq!(of("CREATE OR REPLACE TEMP VIEW v AS SELECT 1").view.as_deref(), Some("v"));
    }

    #[test]
    fn conditions_name_columns_functions_and_literals() {
        let features = of("amount > 100 AND upper(name) = 'X'").features;
        assert_eq!(features.columns, ["amount", "name"]);
        assert_eq!(features.functions, ["upper"]);
        assert_eq!(features.literals, ["100", "X"]);
    }
}
