//! Annotations, read from their text: a small grammar of dotted names, brackets and bars covers what type checkers accept, in
//! quotes or not.

use crate::syntax::TypeRef;

/// The annotation that `source` is.
pub(super) fn annotation(source: &str) -> Option<TypeRef> {
    let mut reader = Reader { rest: source, depth: 0 };
    reader.union()
}

struct Reader<'a> {
    rest: &'a str,
    depth: u32,
}

impl Reader<'_> {
    fn skip_blank(&mut self) {
        self.rest = self
            .rest
            .trim_start_matches(|c: char| c.is_whitespace() || c == '\\' || c == '"' || c == '\'');
    }

    fn eat(&mut self, symbol: char) -> bool {
        self.skip_blank();
        match self.rest.strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn union(&mut self) -> Option<TypeRef> {
        let first = self.single()?;
        let mut members = vec![first];
        while self.eat('|') {
            members.extend(self.single());
        }
        if members.len() == 1 {
            members.pop()
        } else {
            Some(TypeRef { name: "Union".into(), arguments: members })
        }
    }

    fn single(&mut self) -> Option<TypeRef> {
        self.skip_blank();
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
            .unwrap_or(self.rest.len());
        let name = self.rest.get(..end)?.to_owned();
        self.rest = self.rest.get(end..)?;
        let mut arguments = Vec::new();
        if self.depth < 8 && self.eat('[') {
            self.depth += 1;
            while !self.rest.is_empty() && !self.eat(']') {
                match self.union() {
                    Some(argument) if !argument.name.is_empty() => arguments.push(argument),
                    // Not a type (`...`, a nested list): one character on, so that the reader always moves.
                    _ => {
                        let mut characters = self.rest.chars();
                        characters.next();
                        self.rest = characters.as_str();
                    }
                }
            }
            self.depth -= 1;
        }
        if name.is_empty() && arguments.is_empty() {
            None
        } else {
            Some(TypeRef { name: name.into(), arguments })
        }
    }
}
