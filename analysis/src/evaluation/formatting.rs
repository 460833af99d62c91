//! Texts: formatting, paths, methods.

use super::TextPattern;
use super::interpreter::Interpreter;
use super::value::{Argument, UNKNOWN, Value};

impl Interpreter<'_> {
    /// `"…%s…" % values`.
    pub(super) fn percent(&self, format: &TextPattern, values: &[Value]) -> TextPattern {
        let mut out = String::new();
        let mut rest = format.raw().chars().peekable();
        let mut next = values.iter();
        while let Some(character) = rest.next() {
            if character != '%' {
                out.push(character);
                continue;
            }
            if rest.next_if_eq(&'%').is_some() {
                out.push('%');
                continue;
            }
            let mut specification = String::new();
            let named = rest.peek() == Some(&'(');
            while let Some(&following) = rest.peek() {
                rest.next();
                specification.push(following);
                if following.is_ascii_alphabetic() && (!named || specification.contains(')')) {
                    break;
                }
                if specification.len() > 60 {
                    break;
                }
            }
            let value = if named {
                let name =
                    specification.trim_start_matches('(').split(')').next().unwrap_or_default();
                values.first().and_then(|it| self.mapped_text(it, name))
            } else {
                next.next().map(|it| self.text_of(it))
            };
            // A width or precision changes the digits.
            let plain = named || specification.len() == 1;
            match value {
                Some(text) if plain => out.push_str(text.raw()),
                Some(text) if text.is_exact() => match padded(text.raw(), &specification) {
                    Some(text) => out.push_str(&text),
                    None => out.push_str(TextPattern::unknown().raw()),
                },
                _ => out.push_str(TextPattern::unknown().raw()),
            }
        }
        TextPattern::from_raw(out)
    }

    pub(super) fn mapped_text(&self, value: &Value, name: &str) -> Option<TextPattern> {
        let Value::Mapping(cell) = value else { return None };
        let mapping = self.heap.mapping_of(*cell)?;
        let wanted = Value::text(name);
        mapping.entries.iter().find(|it| it.0.same(&wanted)).map(|it| self.text_of(&it.1))
    }

    /// `"…{}…{name}…".format(…)`.
    pub(super) fn formatted(
        &mut self,
        format: &TextPattern,
        arguments: &[Argument],
    ) -> TextPattern {
        let mut out = String::new();
        let mut rest = format.raw();
        let mut next = 0;
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if rest.starts_with(brace) {
                out.push_str(brace);
                rest = &rest[1..];
                continue;
            }
            if brace == "}" {
                continue;
            }
            let Some(end) = rest.find('}') else {
                out.push_str(TextPattern::unknown().raw());
                rest = "";
                break;
            };
            let field = &rest[..end];
            rest = &rest[end + 1..];
            let (name, specification) = field.split_once(':').unwrap_or((field, ""));
            let name = name.split('!').next().unwrap_or_default();
            let (name, path) = match name.find(['.', '[']) {
                Some(at) => (&name[..at], &name[at..]),
                None => (name, ""),
            };
            let positional: Vec<&Argument> =
                arguments.iter().filter(|it| it.name.is_none() && !it.rest).collect();
            let value = if name.is_empty() {
                next += 1;
                positional.get(next - 1).map(|it| it.value.clone())
            } else if let Ok(index) = name.parse::<usize>() {
                positional.get(index).map(|it| it.value.clone())
            } else {
                let symbol = self.names.known(name);
                arguments
                    .iter()
                    .find(|it| it.name.is_some() && it.name == symbol)
                    .map(|it| it.value.clone())
            };
            match value {
                Some(value) if path.is_empty() && specification.is_empty() => {
                    out.push_str(self.text_of(&value).raw());
                }
                Some(value) if path.is_empty() => {
                    let text = self.text_of(&value);
                    match text.as_exact().and_then(|it| padded(it, specification)) {
                        Some(text) => out.push_str(&text),
                        None => out.push_str(TextPattern::unknown().raw()),
                    }
                }
                Some(value) if path.starts_with('.') => {
                    let attribute = self.names.symbol(&path[1..]);
                    let value = self.plain_attribute(&value, attribute);
                    out.push_str(self.text_of(&value).raw());
                }
                _ => out.push_str(TextPattern::unknown().raw()),
            }
        }
        out.push_str(rest);
        TextPattern::from_raw(out)
    }

    pub(super) fn text_method(
        &mut self,
        own: &TextPattern,
        name: &str,
        arguments: &[Argument],
    ) -> Value {
        let first = arguments.first().map(|it| it.value.clone());
        let exact = own.as_exact().map(str::to_owned);
        let given = first.as_ref().map(|it| self.text_of(it));
        match name {
            "format" => Value::Text(self.formatted(own, arguments)),
            "join" => {
                let Some(list) = first else { return UNKNOWN };
                let (items, complete) = self.items_of(&list);
                if !complete {
                    return Value::Text(TextPattern::unknown());
                }
                let mut parts = Vec::new();
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        parts.push(own.clone());
                    }
                    parts.push(self.text_of(item));
                }
                Value::Text(TextPattern::concatenated(&parts))
            }
            "split" | "rsplit" | "splitlines" => match (exact, &given) {
                (Some(text), Some(separator))
                    if separator.is_exact() && !separator.raw().is_empty() =>
                {
                    let items: Vec<Value> =
                        text.split(separator.raw()).take(500).map(Value::text).collect();
                    let complete = arguments.len() == 1;
                    self.heap.sequence(items, complete)
                }
                (Some(text), None) => {
                    let items: Vec<Value> =
                        text.split_whitespace().take(500).map(Value::text).collect();
                    self.heap.sequence(items, name == "split")
                }
                _ => self.heap.sequence(vec![Value::Text(TextPattern::unknown())], false),
            },
            "lower" | "toLowerCase" => Value::Text(own.map(str::to_lowercase)),
            "upper" | "toUpperCase" => Value::Text(own.map(str::to_uppercase)),
            "strip" | "trim" => match (exact, &given) {
                (Some(text), None) => Value::text(text.trim()),
                (Some(text), Some(set)) if set.is_exact() => {
                    let set: Vec<char> = set.raw().chars().collect();
                    Value::text(text.trim_matches(set.as_slice()))
                }
                _ => Value::Text(own.clone()),
            },
            "rstrip" | "lstrip" => match (exact, &given) {
                (Some(text), given) => {
                    let set: Vec<char> = given.as_ref().map_or_else(
                        || vec![' ', '\n', '\t', '\r'],
                        |it| it.raw().chars().collect(),
                    );
                    Value::text(if name == "rstrip" {
                        text.trim_end_matches(set.as_slice())
                    } else {
                        text.trim_start_matches(set.as_slice())
                    })
                }
                _ => Value::Text(own.clone()),
            },
            "stripMargin" => Value::Text(TextPattern::from_raw(
                own.raw()
                    .lines()
                    .map(|line| {
                        let trimmed = line.trim_start();
                        trimmed.strip_prefix('|').unwrap_or(line)
                    })
                    .collect::<Vec<_>>()
                    .join("\n"),
            )),
            "replace" | "replaceAll" => {
                let to = arguments.get(1).map(|it| self.text_of(&it.value));
                match (given, to) {
                    (Some(from), Some(to)) if from.is_exact() && !from.raw().is_empty() => {
                        Value::Text(TextPattern::from_raw(own.raw().replace(from.raw(), to.raw())))
                    }
                    _ => Value::Text(TextPattern::unknown()),
                }
            }
            "startswith" | "startsWith" | "endswith" | "endsWith" | "contains" => {
                match (exact, given) {
                    (Some(text), Some(part)) if part.is_exact() => Value::Boolean(match name {
                        "contains" => text.contains(part.raw()),
                        "startswith" | "startsWith" => text.starts_with(part.raw()),
                        _ => text.ends_with(part.raw()),
                    }),
                    _ => UNKNOWN,
                }
            }
            "joinpath" => {
                let mut parts = vec![own.clone()];
                parts.extend(arguments.iter().map(|it| self.text_of(&it.value)));
                Value::Text(joined_path(&parts))
            }
            "as_posix" | "toString" | "resolve" | "absolute" | "expanduser" | "intern"
            | "encode" | "decode" | "as_uri" => Value::Text(own.clone()),
            "concat" => {
                let other = given.unwrap_or_else(TextPattern::unknown);
                Value::Text(TextPattern::concatenated([own, &other]))
            }
            "isEmpty" | "nonEmpty" => match exact {
                Some(text) => Value::Boolean(text.is_empty() == (name == "isEmpty")),
                None => UNKNOWN,
            },
            "toInt" | "toLong" => match exact.and_then(|it| it.parse().ok()) {
                Some(value) => Value::Integer(value),
                None => UNKNOWN,
            },
            "parent" | "name" | "stem" | "suffix" => Value::Text(TextPattern::unknown()),
            "title" | "capitalize" | "zfill" | "substring" | "dropRight" | "drop" | "take"
            | "removeprefix" | "removesuffix" => Value::Text(TextPattern::unknown()),
            "result" | "get" | "getOrElse" => Value::Text(own.clone()),
            _ => UNKNOWN,
        }
    }
}

/// A number's digits by a format such as `02d`, `02`, `>4`; none where the format says more.
pub(super) fn padded(text: &str, specification: &str) -> Option<String> {
    let specification = specification.trim_end_matches(['d', 's']);
    if specification.is_empty() {
        return Some(text.to_owned());
    }
    let width = specification.strip_prefix('0')?;
    let width: usize = width.parse().ok().filter(|it| *it < 64)?;
    text.parse::<i64>().ok()?;
    Some(format!("{text:0>width$}"))
}

/// Parts of a path joined by `/`. An absolute part begins anew, as Python's `os.path.join` does.
pub(super) fn joined_path(parts: &[TextPattern]) -> TextPattern {
    let mut out = String::new();
    for part in parts {
        let part = part.raw();
        if part.starts_with('/') && !out.is_empty() {
            out.clear();
        }
        if !out.is_empty() && !out.ends_with('/') {
            out.push('/');
        }
        out.push_str(part);
    }
    TextPattern::from_raw(out)
}
