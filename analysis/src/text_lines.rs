//! The lines of a text, as somebody first asks for them: most files have neither findings nor costs.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use program::LineIndex;

/// The lines of a text. Where they begin is found out once, when it is first asked for.
#[derive(Debug, Clone)]
pub struct TextLines {
    text: Arc<str>,
    made: Arc<OnceLock<LineIndex>>,
}

impl TextLines {
    /// The lines of `text`.
    #[must_use]
    pub fn of(text: &Arc<str>) -> Self {
        Self { text: Arc::clone(text), made: Arc::default() }
    }
}

impl Deref for TextLines {
    type Target = LineIndex;

    fn deref(&self) -> &LineIndex {
        self.made.get_or_init(|| LineIndex::new(&self.text))
    }
}
