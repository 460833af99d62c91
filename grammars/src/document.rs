//! An open document: a rope with what was read of it, edited and read again where it changed.

use std::sync::{Arc, OnceLock};

use program::{Language, Links, Program, TextRange};
use ropey::Rope;
use tree_sitter::{InputEdit, Point, Tree};

use crate::Surface;
use crate::lower::replay::Memory;
use crate::notebook::{self, Notebook};
use crate::reading::{self, Reading};

/// The grammar of a language.
pub(crate) fn grammar(language: Language) -> &'static tree_sitter::Language {
    static PYTHON: OnceLock<tree_sitter::Language> = OnceLock::new();
    static SCALA: OnceLock<tree_sitter::Language> = OnceLock::new();
    match language {
        Language::Python => PYTHON.get_or_init(|| tree_sitter_python::LANGUAGE.into()),
        Language::Scala => SCALA.get_or_init(|| tree_sitter_scala::LANGUAGE.into()),
    }
}

/// A text with what its front end reads in it, which is done when it is first asked for: edits cost no more than themselves.
#[derive(Debug, Clone)]
pub struct Document {
    language: Language,
    rope: Rope,
    text: OnceLock<Arc<str>>,
    read: OnceLock<Arc<Reading>>,
    /// What was read of an earlier text.
    before: Option<Arc<Reading>>,
    /// The tree of that text with the edits since, to parse from.
    tree: Option<Tree>,
    /// What lowering its texts left, once it is edited.
    memory: Option<Arc<Memory>>,
}

impl Document {
    /// A document of `text`.
    #[must_use]
    pub fn new(language: Language, text: &str) -> Self {
        Self {
            language,
            rope: Rope::from_str(text),
            text: OnceLock::new(),
            read: OnceLock::new(),
            before: None,
            tree: None,
            memory: None,
        }
    }

    /// The same, keeping what it takes to follow edits at little cost from the first one on.
    #[must_use]
    pub fn to_be_edited(mut self) -> Self {
        self.memory.get_or_insert_default();
        self
    }

    /// A document of another text that takes the place of this one.
    #[must_use]
    pub fn with_text(&self, text: &str) -> Self {
        Self { memory: self.memory.clone(), ..Self::new(self.language, text) }
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
    pub fn text(&self) -> &Arc<str> {
        self.text.get_or_init(|| String::from(&self.rope).into())
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
        if let Some(read) = self.read.take() {
            self.tree.clone_from(&read.tree);
            self.before = Some(read);
        }
        self.text.take();
        self.memory.get_or_insert_default();
        let start_position = self.point(start_byte);
        let old_end_position = self.point(old_end_byte);
        self.rope.remove(first..last.max(first));
        self.rope.insert(first, replacement);
        let new_end_byte = start_byte + replacement.len();
        let new_end_position = self.point(new_end_byte);
        if let Some(tree) = &mut self.tree {
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

    /// Reads the text where that is not done yet. Asking for the program does so too; this is for those who may lose interest
    /// in between.
    pub fn parse(&self) {
        if !self.is_notebook() {
            let _ = self.read();
        }
    }

    /// The program that the text is now, taken for itself.
    #[must_use]
    pub fn program(&self) -> Program {
        self.linked_program(&program::Alone)
    }

    /// The program that the text is now among the files that `links` speaks for.
    #[must_use]
    pub fn linked_program(&self, links: &dyn Links) -> Program {
        let (program, leftover) = self.surface().typed(links);
        if let Some(leftover) = leftover {
            leftover.keep(&program);
        }
        program
    }

    /// What the program is lowered from.
    #[must_use]
    pub fn surface(&self) -> Surface {
        if self.is_notebook()
            && let Some(notebook) = Notebook::databricks(self.language, self.text())
        {
            return notebook.surface().with(self.memory.as_ref());
        }
        let read = self.read();
        Surface::new(self.language, Arc::clone(&read.file), Arc::clone(&read.text))
            .with(self.memory.as_ref())
    }

    /// Whether it is a notebook in the source format of Databricks, which is read cell by cell.
    fn is_notebook(&self) -> bool {
        let first = self.rope.get_line(0).map(|line| line.to_string());
        first.is_some_and(|line| notebook::is_databricks(self.language, &line))
    }

    fn read(&self) -> &Reading {
        self.read.get_or_init(|| {
            let text = Arc::clone(self.text());
            let before = self.before.as_deref();
            Arc::new(reading::read(self.language, text, before, self.tree.as_ref()))
        })
    }

    fn point(&self, byte: usize) -> Point {
        let line = self.rope.byte_to_line(byte);
        Point { row: line, column: byte - self.rope.line_to_byte(line) }
    }
}
