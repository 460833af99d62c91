//! Reads the text of plan nodes.

/// Adds the columns (`name#id`) of a text, and those that stand behind `AS`.
pub(in crate::join) fn names<'a>(
    text: &'a str,
    names: &mut Vec<&'a str>,
    aliases: &mut Vec<&'a str>,
) {
    let bytes = text.as_bytes();
    for (at, _) in text.match_indices('#') {
        if !bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
            continue;
        }
        let start = text[..at]
            .char_indices()
            .rev()
            .take_while(|&(_, it)| it.is_alphanumeric() || matches!(it, '_' | '$'))
            .last()
            .map_or(at, |(start, _)| start);
        let name = &text[start..at];
        if name.is_empty() {
            continue;
        }
        if text[..start].ends_with(" AS ") {
            insert(aliases, name);
        } else {
            insert(names, name);
        }
    }
}

/// How many names, functions or literals of one text are told apart.
const MOST: usize = 400;

fn insert<'a>(into: &mut Vec<&'a str>, name: &'a str) {
    if into.len() < MOST && !into.contains(&name) {
        into.push(name);
    }
}

/// The columns of a part of a text.
pub(super) fn names_in(text: Option<&str>) -> Vec<&str> {
    let (mut all, mut aliases) = (Vec::new(), Vec::new());
    names(text.unwrap_or_default(), &mut all, &mut aliases);
    all
}

/// What stands between `open`, which ends in a bracket, and the bracket that closes it; to the end where none does.
pub(super) fn bracketed<'a>(text: &'a str, open: &str) -> Option<&'a str> {
    let rest = &text[text.find(open)? + open.len()..];
    let mut depth = 1;
    for (at, it) in rest.char_indices() {
        match it {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&rest[..at]);
        }
    }
    Some(rest)
}

/// The functions that `BatchEvalPython [f(a#1)#2, g(h(b#3))#4], …` runs in Python: the outermost ones of its first list.
pub(in crate::join) fn python_functions(text: &str) -> Vec<&str> {
    let mut functions = Vec::new();
    let Some(list) = bracketed(text, "EvalPython [") else { return functions };
    let mut depth = 0_u32;
    let mut start = Some(0);
    for (at, it) in list.char_indices() {
        match it {
            '(' | '[' => {
                if let (0, '(', Some(from)) = (depth, it, start.take()) {
                    insert(&mut functions, list[from..at].trim());
                }
                depth += 1;
            }
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => start = Some(at + 1),
            _ => {}
        }
    }
    functions
}

/// The columns of the first `count` bracketed lists: the keys of an equi-join.
pub(super) fn leading_lists(text: &str, count: usize) -> Vec<&str> {
    let mut keys = Vec::new();
    let mut rest = text;
    for _ in 0..count {
        let Some(at) = rest.find('[') else { break };
        // Behind the lists come the type and the condition, in which a bracket may stand.
        if rest[..at].contains('(') {
            break;
        }
        let Some(list) = bracketed(&rest[at..], "[") else { break };
        for name in names_in(Some(list)) {
            insert(&mut keys, name);
        }
        rest = rest.get(at + list.len() + 2..).unwrap_or_default();
    }
    keys
}

/// Functions: names before an opening parenthesis.
pub(in crate::join) fn functions(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('(') {
        let start = text[..at]
            .char_indices()
            .rev()
            .take_while(|&(_, it)| it.is_alphanumeric() || it == '_')
            .last()
            .map_or(at, |(start, _)| start);
        let name = &text[start..at];
        let name = ["partial_", "merge_", "finalmerge_"]
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix))
            .unwrap_or(name);
        // Names of operators and of cast's targets begin in upper case.
        if name.starts_with(|it: char| it.is_lowercase() || it == '_')
            && !matches!(
                name,
                "isnotnull"
                    | "cast"
                    | "input"
                    | "knownnotnull"
                    | "knownfloatingpointnormalized"
                    | "normalizenanandzero"
                    | "hashpartitioning"
                    | "rangepartitioning"
                    | "windowspecdefinition"
                    | "specifiedwindowframe"
                    | "staticinvoke"
                    | "invoke"
                    | "assertnotnull"
            )
        {
            insert(&mut found, name);
        }
    }
    found
}

/// Words that a condition has without their being literals.
const WORDS: [&str; 34] = [
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS",
    "NULL",
    "AS",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "true",
    "false",
    "LIKE",
    "INSET",
    "Inner",
    "LeftOuter",
    "RightOuter",
    "FullOuter",
    "LeftSemi",
    "LeftAnti",
    "Cross",
    "ExistenceJoin",
    "BuildLeft",
    "BuildRight",
    "Filter",
    "SortMergeJoin",
    "BroadcastHashJoin",
    "ShuffledHashJoin",
    "BroadcastNestedLoopJoin",
    "CartesianProduct",
    "as",
    "RLIKE",
];

/// The literals of a condition.
pub(in crate::join) fn literals(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    // The keys of an equi-join hold no literal.
    let text = text.rsplit_once("], ").map_or(text, |it| it.1);
    for (at, token) in tokens_at(text) {
        let column = text[at + token.len()..].starts_with('#') || token.contains('#');
        let function = text[at + token.len()..].starts_with('(');
        let id = text[..at].ends_with('#');
        if !column && !function && !id && !WORDS.contains(&token) {
            insert(&mut found, token);
        }
    }
    found
}

/// The words of a text, as literals are cut too.
pub(in crate::join) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    tokens_at(text).map(|it| it.1)
}

fn tokens_at(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let is_word = |it: char| it.is_alphanumeric() || matches!(it, '_' | '.' | '-' | ':');
        let start = rest + text[rest..].find(is_word)?;
        let end = text[start..].find(|it| !is_word(it)).map_or(text.len(), |it| start + it);
        rest = end;
        Some((start, &text[start..end]))
    })
    .filter(|(_, token)| !token.chars().all(|it| matches!(it, '.' | '-' | ':')))
}

/// A literal in the form in which two spellings of one number are equal.
pub(in crate::join) fn literal_key(token: &str) -> String {
    match token.trim_end_matches(['L', 'd', 'D']).parse::<f64>() {
        Ok(number) if number.is_finite() => format!("{number}"),
        _ => token.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_that_run_in_python_are_the_outermost_ones() {
        let text = "BatchEvalPython [domain(format_string(%d, id#0L))#2, f(a#1, g(b#2))#3], [pythonUDF0#8, pythonUDF1#9]";
        assert_eq!(python_functions(text), ["domain", "f"]);
        assert_eq!(
            python_functions("ArrowEvalPython [score(x#1)#2], [pythonUDF0#3], 200"),
            ["score"]
        );
        for odd in [
            "BatchEvalPython",
            "BatchEvalPython [",
            "BatchEvalPython [f(",
            "BatchEvalPython [)]",
            "Project [f(a#1)]",
        ] {
            assert!(python_functions(odd).len() <= 1, "{odd}");
        }
    }

    #[test]
    fn columns_aliases_functions_and_literals_are_read() {
        let text = "Project [((id#0L % 7919) AS customer#2L, xxhash64(id#0L, 42) AS amount#3L]";
        let (mut all, mut aliases) = (Vec::new(), Vec::new());
        names(text, &mut all, &mut aliases);
        assert_eq!(all, ["id"]);
        assert_eq!(aliases, ["customer", "amount"]);
        let filter = "Filter (isnotnull(country#8) AND ((country#8 = DE) OR (amount#9 > -1.50)))";
        assert_eq!(literals(filter), ["DE", "-1.50"]);
        assert_eq!(literal_key("-1.50"), literal_key("-1.5"));
        let join =
            "SortMergeJoin [sensor#2L, day#4], [sensor#13L, day#15], Inner, (value#3L >= top#9L)";
        assert_eq!(leading_lists(join, 2), ["sensor", "day"]);
        let aggregate =
            "HashAggregate(keys=[a#1], functions=[partial_sum(b#2), count(distinct c#3)])";
        assert_eq!(functions(bracketed(aggregate, "functions=[").unwrap()), ["sum", "count"]);
        assert_eq!(names_in(bracketed(aggregate, "keys=[")), ["a"]);
    }

    #[test]
    fn cut_texts_are_read_to_their_end() {
        assert_eq!(bracketed("HashAggregate(keys=[a#1, b#2", "keys=["), Some("a#1, b#2"));
        assert_eq!(bracketed("nothing", "keys=["), None);
        assert_eq!(leading_lists("CartesianProduct (a#1 = b#2)", 2), Vec::<&str>::new());
        assert_eq!(functions("("), Vec::<&str>::new());
    }
}
