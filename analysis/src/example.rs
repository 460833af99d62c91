//! The examples in a rule's documentation, and what Spark's plans of them show.

use program::Language;

use crate::Rule;

/// What the physical plans of a rule's examples show on real Spark. `cargo xtask verify-rules` runs them and looks.
///
/// An operator is named as a plan shows it (`SortMergeJoin`), if need be with the words that follow (`Exchange SinglePartition`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanClaim {
    /// Every bad example has one of these operators in a plan, and no good one has any.
    OnlyBad(&'static [&'static str]),
    /// Every good example has one of these operators in a plan, and no bad one has any.
    OnlyGood(&'static [&'static str]),
    /// The documentation names operators that do not tell bad examples from good ones; the reason.
    NoDifference(&'static str),
}

/// A program in a rule's documentation: a block marked `python bad`, `python good`, `scala bad` or `scala good`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Its language.
    pub language: Language,
    /// Whether the rule finds something in it.
    pub bad: bool,
    /// The program.
    pub text: String,
}

impl Rule {
    /// The examples in the documentation, in its order. A block that is not closed is none.
    #[must_use]
    pub fn examples(&self) -> Vec<Example> {
        let mut examples = Vec::new();
        let mut open: Option<Example> = None;
        for line in self.docs.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)) {
            if let Some(example) = &mut open {
                if line.trim_end() == "```" {
                    examples.extend(open.take());
                } else {
                    example.text.push_str(line);
                    example.text.push('\n');
                }
                continue;
            }
            let marks = match line.trim_end() {
                "```python bad" => (Language::Python, true),
                "```python good" => (Language::Python, false),
                "```scala bad" => (Language::Scala, true),
                "```scala good" => (Language::Scala, false),
                _ => continue,
            };
            open = Some(Example { language: marks.0, bad: marks.1, text: String::new() });
        }
        examples
    }
}
