//! What a front end read of a text: all that a program is lowered from.

use std::sync::Arc;

use program::driver::Driver;
use program::{Language, Links, Program};

use crate::lower;
use crate::lower::replay::{Leftover, Memory};
use crate::reading;
use crate::syntax::File;

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

    /// The program that the text is among the files that `links` speaks for.
    #[must_use]
    pub fn program(&self, links: &dyn Links) -> Program {
        let mut program =
            lower::program(self.language, &self.file, &self.text, links, self.memory.as_deref());
        program.driver = self.driver.clone();
        program
    }

    /// The same of a text that an edit left, with what is to be kept once there is time, so that the texts of further edits are lowered
    /// soon. None for a text that nobody edits.
    #[must_use]
    pub fn typed(&self, links: &dyn Links) -> (Program, Option<Leftover>) {
        let Some(memory) = &self.memory else { return (self.program(links), None) };
        let (mut program, leftover) =
            lower::typed(self.language, &self.file, &self.text, links, memory);
        program.driver = self.driver.clone();
        (program, leftover)
    }
}
