//! The Spark API as one table, both languages side by side.
//!
//! `api.tsv` has one method per line, sorted and unique by receiver, Python name and Scala name:
//! `receiver  python  scala  outcome  effect  since  removed  logged`. `-` stands for absent. A Python name that begins with `@` is a
//! property (`df.write`): naming it is calling it. `outcome` is a type name, `local` or `unit`. `since` and `removed` are
//! Spark versions (`3.3`), or two of them as `python/scala` where the languages differ. `logged` is the method's name as the
//! event log's call sites show it where that differs (`show` is logged as `showString` by PySpark).

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::{Effect, Language, Outcome, Type};

static TABLE: &str = include_str!("api.tsv");

/// One method of Spark's API, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// The type it is called on.
    pub receiver: Type,
    /// Its name in Python, if it exists there.
    pub python: Option<&'static str>,
    /// Whether Python has it as a property, so that naming it calls it.
    pub python_property: bool,
    /// Its name in Scala, if it exists there.
    pub scala: Option<&'static str>,
    /// What it evaluates to.
    pub outcome: Outcome,
    /// What it asks Spark to do.
    pub effect: Effect,
    /// First version that has it, as written in the table.
    pub since: Option<&'static str>,
    /// First version that no longer has it, as written in the table.
    pub removed: Option<&'static str>,
    /// The name the event log's call sites show, where it differs.
    pub logged: Option<&'static str>,
}

impl Method {
    /// The language-neutral name: Scala's, or Python's where Scala has none. Both languages' calls carry this name in the model.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.scala.or(self.python).unwrap_or_default()
    }

    /// The name in one language.
    #[must_use]
    pub fn name_in(&self, language: Language) -> Option<&'static str> {
        match language {
            Language::Python => self.python,
            Language::Scala => self.scala,
        }
    }
}

/// The table with its indexes.
#[derive(Debug)]
pub struct Api {
    methods: Vec<Method>,
    /// A name in a language → where the table has it, by receiver.
    by_name: [FxHashMap<&'static str, Vec<(Type, usize)>>; 2],
}

/// The one API table.
#[must_use]
pub fn api() -> &'static Api {
    static API: LazyLock<Api> = LazyLock::new(|| Api::parse(TABLE));
    &API
}

impl Api {
    fn parse(table: &'static str) -> Self {
        let mut api = Api { methods: Vec::new(), by_name: [FxHashMap::default(), FxHashMap::default()] };
        for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            if let Some(method) = parse_line(line) {
                api.insert(method);
            }
        }
        api
    }

    fn insert(&mut self, method: Method) {
        let index = self.methods.len();
        for language in [Language::Python, Language::Scala] {
            if let Some(name) = method.name_in(language) {
                self.by_name[language as usize].entry(name).or_default().push((method.receiver, index));
            }
        }
        self.methods.push(method);
    }

    /// Every method, in the table's order.
    #[must_use]
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// The method that `name` means on `receiver` in `language`.
    #[must_use]
    pub fn method(&self, language: Language, receiver: Type, name: &str) -> Option<&Method> {
        let entries = self.by_name[language as usize].get(name)?;
        entries.iter().find(|entry| entry.0 == receiver).map(|entry| &self.methods[entry.1])
    }

    /// The types that have a method of this name in `language`: a single one means that the name alone tells the type.
    pub fn receivers(&self, language: Language, name: &str) -> impl Iterator<Item = Type> + '_ {
        self.by_name[language as usize].get(name).into_iter().flatten().map(|entry| entry.0)
    }
}

fn parse_line(line: &'static str) -> Option<Method> {
    let mut fields = line.split('\t').map(|field| if field == "-" { None } else { Some(field) });
    let mut next = || fields.next().flatten();
    let receiver = type_named(next()?)?;
    let python = next();
    let scala = next();
    let outcome = match next()? {
        "local" => Outcome::Local,
        "unit" => Outcome::Unit,
        name => Outcome::Spark(type_named(name)?),
    };
    let effect_name = next()?;
    let effect = *Effect::ALL.iter().find(|effect| effect.name() == effect_name)?;
    let (since, removed, logged) = (next(), next(), next());
    Some(Method {
        receiver,
        python: python.map(|name| name.trim_start_matches('@')),
        python_property: python.is_some_and(|name| name.starts_with('@')),
        scala,
        outcome,
        effect,
        since,
        removed,
        logged,
    })
}

fn type_named(name: &str) -> Option<Type> {
    Type::ALL.into_iter().find(|kind| kind.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_understood() {
        for line in TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            assert!(parse_line(line).is_some(), "not understood: {line:?}");
            assert_eq!(line.split('\t').count(), 8, "eight fields: {line:?}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_unique() {
        let keys: Vec<_> =
            api().methods().iter().map(|method| (method.receiver.name(), method.python, method.scala)).collect();
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(keys, sorted);
    }
}
