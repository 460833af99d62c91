//! What a front end read of a text: all that a program is lowered from.

use std::sync::Arc;

use program::driver::Driver;
use program::{Import, Language, Links, Program};
use rustc_hash::FxHashSet;

use crate::lower;
use crate::lower::replay::Memory;
use crate::reading;
use crate::syntax::{File, Pattern, StmtKind};

/// A text as its front end read it. What other files say is known later and changes more often than the text, so a program is lowered
/// from this as often as need be.
#[derive(Debug)]
pub struct Surface {
    language: Language,
    file: Arc<File>,
    driver: Driver,
    text: Arc<str>,
    memory: Option<Arc<Memory>>,
}

impl Surface {
    pub(crate) fn new(language: Language, file: Arc<File>, text: Arc<str>) -> Self {
        let read = Arc::clone(&file);
        let driver = Driver::new(move || lower::driver::code(&read));
        Self { language, file, driver, text, memory: None }
    }

    /// Reads a text that is no notebook and will not be edited.
    #[must_use]
    pub fn of(language: Language, text: Arc<str>) -> Self {
        let read = reading::read(language, text, None, None);
        Self::new(language, read.file, read.text)
    }

    /// The same, with what was left by lowerings of texts before.
    pub(crate) fn with(self, memory: Option<&Arc<Memory>>) -> Self {
        Self { memory: memory.cloned(), ..self }
    }

    /// Scala's package, with dots.
    #[must_use]
    pub fn package(&self) -> Option<&str> {
        self.file.package.as_deref()
    }

    /// What the file imports at its top, in order.
    pub fn imports(&self) -> impl Iterator<Item = &Import> {
        self.file.statements().filter_map(|statement| match &statement.kind {
            StmtKind::Import(import) => Some(import),
            _ => None,
        })
    }

    /// What a file in Scala defines at the top of its package.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let scala = self.language == Language::Scala;
        self.file.statements().filter(move |_| scala).filter_map(|statement| {
            match &statement.kind {
                StmtKind::Class { name, .. } | StmtKind::TypeAlias { name, .. } => {
                    Some(name.text.as_str())
                }
                StmtKind::Function(def) => Some(def.name.text.as_str()),
                StmtKind::Assign { target: Pattern::Name(name), .. } => Some(name.text.as_str()),
                _ => None,
            }
        })
    }

    /// The capitalised words of a file in Scala, each once: the names of classes and objects that it may mean are among them.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        if self.language != Language::Scala {
            return Vec::new();
        }
        let within = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 128;
        let words = self.text.as_bytes().split(|byte| !within(byte));
        let words = words.filter(|word| word.first().is_some_and(u8::is_ascii_uppercase));
        let words: FxHashSet<&[u8]> = words.collect();
        let mut words: Vec<&str> =
            words.into_iter().filter_map(|word| std::str::from_utf8(word).ok()).collect();
        words.sort_unstable();
        words
    }

    /// The program that the text is among the files that `links` speaks for.
    #[must_use]
    pub fn program(&self, links: &dyn Links) -> Program {
        let mut program =
            lower::program(self.language, &self.file, &self.text, links, self.memory.as_deref());
        program.driver = self.driver.clone();
        program
    }
}
