//! What a text says of other files, read off its lines before it is parsed.
//!
//! Files are looked at in an order that follows from this, and nothing else does: what is written in another way than here is looked at too
//! early, which costs a second look.

use program::{Language, Outline};
use rustc_hash::FxHashSet;

/// What stands before a definition in Scala.
const MODIFIERS: [&str; 11] = [
    "abstract",
    "case",
    "final",
    "implicit",
    "infix",
    "inline",
    "lazy",
    "opaque",
    "open",
    "sealed",
    "transparent",
];

/// What begins a definition in Scala.
const DEFINITIONS: [&str; 8] = ["class", "def", "enum", "given", "object", "trait", "type", "val"];

/// How long an import may be, in bytes.
const LONGEST_IMPORT: usize = 16 << 10;

/// What `text` says of others. Only what stands at the left margin is looked at.
#[must_use]
pub fn outline(language: Language, text: &str) -> Outline {
    let mut outline = Outline::default();
    let mut start = 0;
    while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
        let end = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |end| end + 1);
        start += match language {
            Language::Python => python(rest, end, &mut outline),
            Language::Scala => scala(rest, end, &mut outline),
        };
    }
    if language == Language::Scala {
        outline.words = capitalised(text);
    }
    outline
}

/// Reads the line at the beginning of `rest`, up to `end`, and where an import goes on behind it that too. How far it read.
fn python(rest: &str, end: usize, outline: &mut Outline) -> usize {
    let line = &rest[..end];
    if let Some(modules) = line.strip_prefix("import ") {
        outline.imports.extend(each(modules).map(str::to_owned));
        return end;
    }
    let Some((module, members)) =
        line.strip_prefix("from ").and_then(|it| it.split_once(" import"))
    else {
        return end;
    };
    let before = line.len() - members.len();
    let members = if members.trim_start().starts_with('(') {
        until(&rest[before..], end - before, |text| text.contains(')'))
    } else {
        until(&rest[before..], end - before, |line| !line.trim_end().ends_with('\\'))
    };
    let module = module.trim();
    for member in each(members.split(')').next().unwrap_or_default()) {
        let dot = if module.ends_with('.') { "" } else { "." };
        let path = match member {
            "*" => module.to_owned(),
            member => format!("{module}{dot}{member}"),
        };
        outline.imports.push(path);
    }
    before + members.len()
}

/// The same for Scala.
fn scala(rest: &str, end: usize, outline: &mut Outline) -> usize {
    let line = &rest[..end];
    if !line.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return end;
    }
    if let Some(package) = line.strip_prefix("package ") {
        let package = package.trim_start().split([' ', '{', ':', '\r', '\n']).next();
        match package {
            None | Some("" | "object") => {}
            Some(package) => match &mut outline.package {
                Some(outer) => {
                    outer.push('.');
                    outer.push_str(package);
                }
                None => outline.package = Some(package.to_owned()),
            },
        }
        return end;
    }
    if let Some(imports) = line.strip_prefix("import ") {
        let before = line.len() - imports.len();
        let open = imports.contains('{');
        let imports = until(&rest[before..], imports.len(), |text| !open || text.contains('}'));
        imported(imports, &mut outline.imports);
        return before + imports.len();
    }
    let words = line.split([' ', '\t', '\r', '\n', '(', '[', ':', '{', '=', ';']);
    let mut words = words.filter(|word| !word.is_empty());
    let keyword = words.find(|word| {
        let access = word.starts_with("private") || word.starts_with("protected");
        !(MODIFIERS.contains(word) || access || word.ends_with(']'))
    });
    if keyword.is_some_and(|it| DEFINITIONS.contains(&it) || it == "var") {
        outline.names.extend(words.next().map(str::to_owned));
    }
    end
}

/// The paths of Scala's imports: one each for what stands in braces.
fn imported(imports: &str, paths: &mut Vec<String>) {
    let mut rest = imports;
    while !rest.trim().is_empty() {
        let end = rest.find([',', '{', '\n']).unwrap_or(rest.len());
        let path = rest[..end].split_whitespace().next().unwrap_or_default();
        if rest[end..].starts_with('{') {
            let inside = rest[end + 1..].split('}').next().unwrap_or_default();
            let owner = path.trim_end_matches('.');
            paths.extend(each(inside).map(|member| match member {
                "_" | "*" | "given" => owner.to_owned(),
                member => format!("{owner}.{member}"),
            }));
            let behind = end + 1 + inside.len() + 1;
            let rest_of_line = rest.get(behind..).unwrap_or_default();
            rest = rest_of_line.trim_start_matches([',', ' ']);
        } else {
            let path = path.strip_suffix("._").or_else(|| path.strip_suffix(".*")).unwrap_or(path);
            paths.extend((!path.is_empty()).then(|| path.to_owned()));
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }
}

/// The lines at the beginning of `rest`, the first of them `end` bytes long, up to the one that is the last.
fn until(rest: &str, end: usize, is_last: impl Fn(&str) -> bool) -> &str {
    let (mut start, mut end) = (0, end);
    while end < LONGEST_IMPORT && !is_last(&rest[start..end]) {
        let line = memchr::memchr(b'\n', &rest.as_bytes()[end..]);
        (start, end) = match line {
            Some(line) => (end, end + line + 1),
            None => return rest,
        };
    }
    &rest[..end]
}

/// The names in a list with commas, each without what it is called here.
fn each(list: &str) -> impl Iterator<Item = &str> {
    let lines = list.lines().map(|line| line.split("//").next().unwrap_or_default());
    let lines = lines.map(|line| line.split('#').next().unwrap_or_default());
    let names = lines.flat_map(|line| line.split([',', ';']));
    names.filter_map(|name| {
        name.split(|it: char| it.is_whitespace() || matches!(it, '(' | ')' | '\\'))
            .find(|word| !word.is_empty())
    })
}

/// The capitalised words of a text, each once: the names of classes and objects that it may mean are among them.
fn capitalised(text: &str) -> Vec<String> {
    let within = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 128;
    let words = text.as_bytes().split(|byte| !within(byte));
    let words = words.filter(|word| word.first().is_some_and(u8::is_ascii_uppercase));
    let words: FxHashSet<&[u8]> = words.collect();
    let words = words.into_iter().filter_map(|word| std::str::from_utf8(word).ok());
    let mut words: Vec<String> = words.map(str::to_owned).collect();
    words.sort_unstable();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_at_the_margin_of_python_are_told_with_their_members() {
        let text = "import os, a.b as c  # d\n\
                    from .readers import load as l, save\r\n\
                    from . import e\n\
                    from f.g import *\n\
                    from h import (\n    i,  # j, k\n    l as m,\n)\n\
                    from n import o, \\\n    p\n\n\
                    if x:\n    import q\n\
                    from r import (s)\n\
                    from\nimport\nimport";
        assert_eq!(
            outline(Language::Python, text).imports,
            [
                "os",
                "a.b",
                ".readers.load",
                ".readers.save",
                ".e",
                "f.g",
                "h.i",
                "h.l",
                "n.o",
                "n.p",
                "r.s"
            ]
        );
    }

    #[test]
    fn each_line_is_read_once() {
        let open = "from a import (b,\n".repeat(50_000);
        assert!(outline(Language::Python, &open).imports.len() <= 100_000);
        let open = "import a.{B,\n".repeat(50_000);
        assert!(outline(Language::Scala, &open).imports.len() <= 100_000);
    }

    #[test]
    fn packages_imports_and_definitions_at_the_margin_of_scala_are_told() {
        let text = "package a.b\npackage c {\nimport d.e.F\nimport g.{H, I => J, _}, k.l._\n\
                    import m.{\n  N, // o\n  P\n}\n\
                    @q class R\nsealed abstract class S[T](u: V)\ncase object W extends X\n\
                    private[y] lazy val z = 1\nobject Aa {\n  class Bb\n}\nimplicit class Cc(d: Dd)\n\
                    package object ee\n// Ff\ntype Gg = Hh\n";
        let outline = outline(Language::Scala, text);
        assert_eq!(outline.package.as_deref(), Some("a.b.c"));
        assert_eq!(outline.imports, ["d.e.F", "g.H", "g.I", "g", "k.l", "m.N", "m.P"]);
        assert_eq!(outline.names, ["S", "W", "z", "Aa", "Cc", "Gg"]);
        assert!(outline.words.iter().any(|word| word == "Bb"));
        assert!(!outline.words.iter().any(|word| word == "z"));
    }
}
