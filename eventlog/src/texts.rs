//! Texts that a log repeats, such as names, stacks and operators, each once.

use arcstr::ArcStr;
use rustc_hash::FxHashSet;

/// From so many texts on those that nothing needs any more are let go, each time that there are twice as many.
const MANY: usize = 4_096;

/// The texts so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    texts: FxHashSet<ArcStr>,
    /// As many as there were when some were let go.
    kept: usize,
}

impl Texts {
    /// The text, which is one with all that are equal.
    pub(crate) fn of(&mut self, text: &str) -> ArcStr {
        if text.is_empty() {
            return ArcStr::new();
        }
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        if self.texts.len() >= MANY.max(2 * self.kept) {
            // Plans are replaced by later ones.
            self.texts.retain(|text| ArcStr::strong_count(text).is_none_or(|count| count > 1));
            self.kept = self.texts.len();
        }
        let text = ArcStr::from(text);
        self.texts.insert(text.clone());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one_and_those_not_needed_go() {
        let mut texts = Texts::default();
        let kept = texts.of("kept");
        for at in 0..5 * MANY {
            texts.of(&at.to_string());
        }
        assert!(ArcStr::ptr_eq(&kept, &texts.of("kept")));
        assert!(texts.texts.len() <= MANY, "{}", texts.texts.len());
        assert_eq!(texts.of(""), "");
    }
}
