//! YAML as data. The parser's events are taken one by one, so that neither deep nesting nor aliases of aliases cost more than the file's size allows.

use analysis::Data;
use rustc_hash::FxHashMap;
use yaml_rust2::Event;
use yaml_rust2::parser::Parser;
use yaml_rust2::scanner::TScalarStyle;

/// How deep values may nest.
const NESTING: usize = 60;

/// How many values a document may have, those that aliases repeat included.
const MOST: usize = 20_000;

/// A collection that is being read.
enum Open {
    List { items: Vec<Data>, anchor: usize },
    Map { entries: Vec<(String, Data)>, key: Option<String>, anchor: usize },
}

/// The first document; none where it is not understood.
pub(super) fn data(text: &str) -> Option<Data> {
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<Open> = Vec::new();
    let mut anchors: FxHashMap<usize, Data> = FxHashMap::default();
    let mut left = MOST;
    loop {
        let (value, anchor) = match parser.next_token().ok()?.0 {
            Event::StreamEnd | Event::DocumentEnd => return Some(Data::Null),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == TScalarStyle::Plain && tag.is_none();
                (if plain { scalar(text) } else { Data::Text(text) }, anchor)
            }
            Event::Alias(anchor) => (anchors.get(&anchor)?.clone(), 0),
            Event::SequenceStart(anchor, _) => {
                open.push(Open::List { items: Vec::new(), anchor });
                continue_within(&open)?;
                continue;
            }
            Event::MappingStart(anchor, _) => {
                open.push(Open::Map { entries: Vec::new(), key: None, anchor });
                continue_within(&open)?;
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop()? {
                Open::List { items, anchor } => (Data::List(items), anchor),
                Open::Map { entries, anchor, .. } => (Data::Map(entries), anchor),
            },
            Event::Nothing | Event::StreamStart | Event::DocumentStart => continue,
        };
        left = left.checked_sub(size(&value))?;
        if anchor > 0 {
            anchors.insert(anchor, value.clone());
        }
        match open.last_mut() {
            None => return Some(value),
            Some(Open::List { items, .. }) => items.push(value),
            Some(Open::Map { entries, key, .. }) => match (key.take(), value) {
                (None, value) => *key = Some(name(value)?),
                // Entries of another mapping, unless they are given here.
                (Some(merged), Data::Map(others)) if merged == "<<" => {
                    let new = others.into_iter().filter(|it| !has(entries, &it.0));
                    let new: Vec<_> = new.collect();
                    entries.extend(new);
                }
                (Some(own), value) => {
                    entries.retain(|it| it.0 != own);
                    entries.push((own, value));
                }
            },
        }
    }
}

/// None where values nest too deep.
fn continue_within(open: &[Open]) -> Option<()> {
    (open.len() < NESTING).then_some(())
}

fn has(entries: &[(String, Data)], key: &str) -> bool {
    entries.iter().any(|it| it.0 == key)
}

/// A plain scalar, by YAML's core schema; dates stay as they are written.
fn scalar(text: String) -> Data {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => return Data::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "on" => return Data::Boolean(true),
        "false" | "False" | "FALSE" | "no" | "No" | "off" => return Data::Boolean(false),
        _ => {}
    }
    if let Ok(value) = text.parse::<i64>() {
        return Data::Integer(value);
    }
    let numeric = text.starts_with(|it: char| it.is_ascii_digit() || "+-.".contains(it));
    match text.parse::<f64>() {
        Ok(value) if numeric => Data::Float(value),
        _ => Data::Text(text),
    }
}

/// A key's text.
fn name(key: Data) -> Option<String> {
    match key {
        Data::Text(text) => Some(text),
        Data::Integer(value) => Some(value.to_string()),
        Data::Boolean(value) => Some(value.to_string()),
        Data::Float(value) => Some(value.to_string()),
        Data::Null | Data::List(_) | Data::Map(_) => None,
    }
}

/// How many values it is made of.
fn size(data: &Data) -> usize {
    match data {
        Data::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Data::Map(entries) => 1 + entries.iter().map(|it| size(&it.1)).sum::<usize>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Data {
        Data::Text(text.to_owned())
    }

    #[test]
    fn mappings_are_merged_and_aliases_repeated() {
        let found = data(
            "base: &base {format: parquet, mode: append}\nout:\n  <<: *base\n  mode: overwrite\ndays: [2024-04-01, \"7\", 7]\n",
        );
        let base = Data::Map(vec![
            ("format".to_owned(), text("parquet")),
            ("mode".to_owned(), text("append")),
        ]);
        let out = Data::Map(vec![
            ("format".to_owned(), text("parquet")),
            ("mode".to_owned(), text("overwrite")),
        ]);
        let days = Data::List(vec![text("2024-04-01"), text("7"), Data::Integer(7)]);
        let expected = [("base", base), ("out", out), ("days", days)];
        let expected = expected.into_iter().map(|it| (it.0.to_owned(), it.1)).collect();
        assert_eq!(found, Some(Data::Map(expected)));
    }

    #[test]
    fn what_would_grow_without_bound_is_left() {
        assert_eq!(data(&"[".repeat(50_000)), None);
        let mut bomb = "a0: &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n".to_owned();
        for at in 1..30 {
            let before = format!("*a{}, ", at - 1).repeat(9);
            bomb.push_str(&format!("a{at}: &a{at} [{before}]\n"));
        }
        assert_eq!(data(&bomb), None);
    }
}
