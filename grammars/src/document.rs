//! An open document: a rope with its syntax tree, edited and parsed again incrementally.

use std::sync::OnceLock;

use program::{Language, Links, Program, TextRange};
use ropey::Rope;
use tree_sitter::{InputEdit, Point, Tree};

use crate::notebook::{self, Notebook};
use crate::parse::{Parsed, parse};
use crate::{Surface, python, scala, syntax};

/// The grammar of a language.
pub(crate) fn grammar(language: Language) -> tree_sitter::Language {
    match language {
        Language::Python => tree_sitter_python::LANGUAGE.into(),
        Language::Scala => tree_sitter_scala::LANGUAGE.into(),
    }
}

/// A text with its syntax tree, which is made when it is first asked for: edits cost no more than themselves.
#[derive(Debug, Clone)]
pub struct Document {
    language: Language,
    rope: Rope,
    parsed: OnceLock<Kept>,
    /// The tree of an earlier text with the edits since, to parse from.
    before: Option<Tree>,
}

/// The syntax tree of a text.
#[derive(Debug, Clone)]
struct Kept {
    parsed: Parsed,
    /// Whether the tree is that of the text less the lines in it that are no code.
    masked: bool,
}

impl Document {
    /// A document of `text`.
    #[must_use]
    pub fn new(language: Language, text: &str) -> Self {
        Self { language, rope: Rope::from_str(text), parsed: OnceLock::new(), before: None }
    }

    /// The language it was opened with.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// The text as a rope.
    #[must_use]
    pub fn rope(&self) -> &Rope {
        &self.rope
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> String {
        self.rope.to_string()
    }

    /// Replaces the bytes of `range` by `replacement`. A range that does not lie on character boundaries is widened to them.
    /// Only what changed is parsed again, once the program is asked for.
    pub fn edit(&mut self, range: TextRange, replacement: &str) {
        let length = self.rope.len_bytes();
        let first = self.rope.byte_to_char((range.start as usize).min(length));
        let end = (range.end as usize).min(length);
        let mut last = self.rope.byte_to_char(end);
        if self.rope.char_to_byte(last) < end {
            last += 1;
        }
        let start_byte = self.rope.char_to_byte(first);
        let old_end_byte = self.rope.char_to_byte(last.max(first));
        let start_position = self.point(start_byte);
        let old_end_position = self.point(old_end_byte);
        self.rope.remove(first..last.max(first));
        self.rope.insert(first, replacement);
        let new_end_byte = start_byte + replacement.len();
        let new_end_position = self.point(new_end_byte);
        if let Some(Kept { parsed, masked }) = self.parsed.take() {
            self.before = parsed.tree.filter(|_| !parsed.cut && !masked);
        }
        if let Some(tree) = &mut self.before {
            tree.edit(&InputEdit {
                start_byte,
                old_end_byte,
                new_end_byte,
                start_position,
                old_end_position,
                new_end_position,
            });
        }
    }

    /// Parses the text where that is not done yet. Asking for the program does so too; this is for those who may lose interest
    /// in between.
    pub fn parse(&self) {
        let _ = self.parsed();
    }

    /// The program that the text is now, taken for itself.
    #[must_use]
    pub fn program(&self) -> Program {
        self.linked_program(&program::Alone)
    }

    /// The program that the text is now among the files that `links` speaks for.
    #[must_use]
    pub fn linked_program(&self, links: &dyn Links) -> Program {
        self.surface().program(links)
    }

    /// What the program is lowered from.
    #[must_use]
    pub fn surface(&self) -> Surface {
        let text = self.text();
        if let Some(notebook) = Notebook::databricks(self.language, &text) {
            return notebook.surface();
        }
        let parsed = self.parsed();
        let mut file =
            parsed.tree.as_ref().map_or_else(syntax::File::default, |tree| match self.language {
                Language::Python => python::file(tree, &text),
                Language::Scala => scala::file(tree, &text),
            });
        if parsed.cut {
            // What lies behind the cut was not understood either.
            file.syntax_errors = file.syntax_errors.saturating_add(1);
            let reached = parsed.tree.as_ref().map_or(0, |tree| tree.root_node().end_byte());
            let rest = TextRange::new(reached as u32, text.len() as u32);
            syntax::leave_out(&mut file.left_out, rest);
        }
        Surface::new(self.language, file, text.into())
    }

    fn point(&self, byte: usize) -> Point {
        let line = self.rope.byte_to_line(byte);
        Point { row: line, column: byte - self.rope.line_to_byte(line) }
    }

    fn parsed(&self) -> &Parsed {
        &self.parsed.get_or_init(|| self.read()).parsed
    }

    fn read(&self) -> Kept {
        let first = self.rope.get_line(0).map(|line| line.to_string());
        if first.is_some_and(|line| notebook::is_databricks(self.language, &line)) {
            // A notebook is parsed cell by cell.
            return Kept { parsed: Parsed::default(), masked: false };
        }
        let grammar = grammar(self.language);
        let text = self.text();
        let broken = |parsed: &Parsed| {
            parsed.cut || parsed.tree.as_ref().is_some_and(|tree| tree.root_node().has_error())
        };
        let mut parsed = parse(&grammar, &text, self.before.as_ref());
        // How the parser recovers from an error depends on what it reuses. A broken text is parsed whole, so that what is said of
        // it never depends on the way it was typed.
        if self.before.is_some() && broken(&parsed) {
            parsed = parse(&grammar, &text, None);
        }
        if self.language == Language::Python
            && broken(&parsed)
            && let Some(tree) = &parsed.tree
            && let Some(masked) = python::magics::masked(&text)
        {
            let masked = parse(&grammar, &masked, None);
            let fewer = |it: &Tree| python::errors(it) < python::errors(tree);
            if !masked.cut && masked.tree.as_ref().is_some_and(fewer) {
                return Kept { parsed: masked, masked: true };
            }
        }
        Kept { parsed, masked: false }
    }
}
