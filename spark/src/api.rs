//! The Spark API as one table, both languages side by side.
//!
//! `api.tsv` has one method per line, sorted and unique by receiver, Python name and Scala name:
//! `receiver  python  scala  outcome  effect  since  removed  logged`. `-` stands for absent. A Python name that begins with `@` is a
//! property (`df.write`): naming it is calling it. Exact synonyms in one language stand in one field, separated by `|`
//! (`groupBy|groupby`), so that a program lowers alike whichever its author chose; the first is the method's name.
//! A name that ends in `*` stands for every name that begins so: MLlib has a setter and a getter for each parameter of each estimator.
//! Operators (`===`, `&`) are syntax and have no line. `outcome` is a type name, `local` or `unit`; a collection of datasets
//! (`randomSplit`) is `local`. `since` and `removed` are Spark versions (`3.3`), or two of them as `python/scala` where the
//! languages differ; `since` is absent where every supported version has the method. `logged` is the name that PySpark's runs
//! leave in the event log's call sites where it differs (`show` is logged as `showString`).

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::{Effect, Language, Outcome, Type};

static TABLE: &str = include_str!("api.tsv");

/// One method of Spark's API, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// The type it is called on.
    pub receiver: Type,
    /// Its name in Python, if it exists there: the first of its synonyms.
    pub python: Option<&'static str>,
    /// Whether Python has it as a property, so that naming it calls it.
    pub python_property: bool,
    /// Its name in Scala, if it exists there: the first of its synonyms.
    pub scala: Option<&'static str>,
    /// What it evaluates to.
    pub outcome: Outcome,
    /// What it asks Spark to do.
    pub effect: Effect,
    /// First version that has it, as written in the table.
    pub since: Option<&'static str>,
    /// First version that no longer has it, as written in the table.
    pub removed: Option<&'static str>,
    /// The name the event log's call sites show after a PySpark run, where it differs.
    pub logged: Option<&'static str>,
    /// The other names of the same method, by language.
    synonyms: [Vec<&'static str>; 2],
}

impl Method {
    /// The language-neutral name: Scala's, or Python's where Scala has none. Both languages' calls carry this name in the model.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.scala.or(self.python).unwrap_or_default()
    }

    /// The language-neutral name of a call that is written `written`: the method's, or for a line that stands for many
    /// names the written one.
    #[must_use]
    pub fn name_of<'a>(&self, written: &'a str) -> &'a str
    where
        Self: 'a,
    {
        let name = self.name();
        if name.ends_with('*') { written } else { name }
    }

    /// The name in one language.
    #[must_use]
    pub fn name_in(&self, language: Language) -> Option<&'static str> {
        match language {
            Language::Python => self.python,
            Language::Scala => self.scala,
        }
    }

    /// Every name it has in one language: the first, then its synonyms.
    pub fn names_in(&self, language: Language) -> impl Iterator<Item = &'static str> + '_ {
        self.name_in(language).into_iter().chain(self.synonyms[language as usize].iter().copied())
    }

    /// The first version that has it in one language; `None` where every supported version does.
    #[must_use]
    pub fn since_in(&self, language: Language) -> Option<&'static str> {
        version_in(self.since, language)
    }

    /// The first version that no longer has it in one language.
    #[must_use]
    pub fn removed_in(&self, language: Language) -> Option<&'static str> {
        version_in(self.removed, language)
    }
}

/// One language's part of a version field: `3.5/-` is 3.5 in Python and nothing in Scala, `3.4` is the same in both.
pub(crate) fn version_in(field: Option<&'static str>, language: Language) -> Option<&'static str> {
    let field = field?;
    let part = match (field.split_once('/'), language) {
        (Some((python, _)), Language::Python) => python,
        (Some((_, scala)), Language::Scala) => scala,
        (None, _) => field,
    };
    (part != "-").then_some(part)
}

/// The table with its indexes.
#[derive(Debug)]
pub struct Api {
    methods: Vec<Method>,
    /// A name in a language → where the table has it, by receiver.
    by_name: [FxHashMap<&'static str, Vec<(Type, usize)>>; 2],
    /// The methods that stand for every name with one beginning.
    open_ended: Vec<usize>,
}

/// The one API table.
#[must_use]
pub fn api() -> &'static Api {
    static API: LazyLock<Api> = LazyLock::new(|| Api::parse(TABLE));
    &API
}

impl Api {
    fn parse(table: &'static str) -> Self {
        let mut api = Api {
            methods: Vec::new(),
            by_name: [FxHashMap::default(), FxHashMap::default()],
            open_ended: Vec::new(),
        };
        for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            if let Some(method) = parse_line(line) {
                api.insert(method);
            }
        }
        api
    }

    fn insert(&mut self, method: Method) {
        let index = self.methods.len();
        if method.name().ends_with('*') {
            self.open_ended.push(index);
        }
        for language in [Language::Python, Language::Scala] {
            for name in method.names_in(language) {
                self.by_name[language as usize]
                    .entry(name)
                    .or_default()
                    .push((method.receiver, index));
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
        let entries = self.by_name[language as usize].get(name).into_iter().flatten();
        let mut of_receiver = entries.filter(|entry| entry.0 == receiver);
        of_receiver.next().map(|entry| &self.methods[entry.1]).or_else(|| {
            let begun = |method: &&Method| {
                method.receiver == receiver
                    && method.name_in(language).is_some_and(|it| begins(it, name))
            };
            self.open_ended.iter().map(|&index| &self.methods[index]).find(begun)
        })
    }

    /// The types that have a method of this name in `language`: a single one means that the name alone tells the type.
    pub fn receivers(&self, language: Language, name: &str) -> impl Iterator<Item = Type> + '_ {
        self.by_name[language as usize].get(name).into_iter().flatten().map(|entry| entry.0)
    }
}

/// Whether a pattern like `set*` stands for a name.
fn begins(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').is_some_and(|beginning| name.starts_with(beginning))
}

fn parse_line(line: &'static str) -> Option<Method> {
    let mut fields = line.split('\t').map(|field| if field == "-" { None } else { Some(field) });
    let mut next = || fields.next().flatten();
    let receiver = type_named(next()?)?;
    let python_field = next();
    let (python, python_synonyms) = names(python_field.map(|field| field.trim_start_matches('@')));
    let (scala, scala_synonyms) = names(next());
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
        python,
        python_property: python_field.is_some_and(|field| field.starts_with('@')),
        scala,
        outcome,
        effect,
        since,
        removed,
        logged,
        synonyms: [python_synonyms, scala_synonyms],
    })
}

/// The names of one field: the first, and its synonyms.
pub(crate) fn names(field: Option<&'static str>) -> (Option<&'static str>, Vec<&'static str>) {
    let mut names = field.into_iter().flat_map(|field| field.split('|'));
    (names.next(), names.collect())
}

pub(crate) fn type_named(name: &str) -> Option<Type> {
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
        let keys: Vec<_> = api()
            .methods()
            .iter()
            .map(|method| (method.receiver.name(), method.python, method.scala))
            .collect();
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(keys, sorted);
    }

    fn python(receiver: Type, name: &str) -> &'static Method {
        api()
            .method(Language::Python, receiver, name)
            .unwrap_or_else(|| panic!("{receiver:?}.{name} in Python"))
    }

    fn scala(receiver: Type, name: &str) -> &'static Method {
        api()
            .method(Language::Scala, receiver, name)
            .unwrap_or_else(|| panic!("{receiver:?}.{name} in Scala"))
    }

    #[test]
    fn a_name_means_one_method_of_a_receiver() {
        for language in [Language::Python, Language::Scala] {
            let mut seen = std::collections::BTreeSet::new();
            for method in api().methods() {
                for name in method.names_in(language) {
                    assert!(
                        seen.insert((method.receiver, name)),
                        "{language:?} has {:?}.{name} twice",
                        method.receiver
                    );
                }
            }
        }
    }

    #[test]
    fn every_method_exists_in_a_language() {
        for method in api().methods() {
            assert!(!method.name().is_empty(), "{method:?}");
            assert!(method.python.is_some() || !method.python_property, "{method:?}");
        }
    }

    #[test]
    fn every_type_has_methods_and_every_spark_outcome_can_be_called_on() {
        let receivers: std::collections::BTreeSet<_> =
            api().methods().iter().map(|method| method.receiver).collect();
        assert_eq!(receivers.len(), Type::ALL.len());
    }

    #[test]
    fn twins_share_a_row_and_carry_one_name() {
        for (receiver, in_python, in_scala) in [
            (Type::DataFrame, "filter", "filter"),
            (Type::DataFrame, "where", "where"),
            (Type::DataFrame, "subtract", "except"),
            (Type::DataFrame, "withColumnsRenamed", "withColumnsRenamed"),
            (Type::Column, "startswith", "startsWith"),
            (Type::Column, "astype", "cast"),
            (Type::Column, "alias", "as"),
            (Type::Rdd, "saveAsTextFile", "saveAsTextFile"),
            (Type::Rdd, "context", "sparkContext"),
            (Type::Session, "createDataFrame", "createDataFrame"),
        ] {
            assert_eq!(
                python(receiver, in_python),
                scala(receiver, in_scala),
                "{in_python} and {in_scala}"
            );
        }
        assert_eq!(python(Type::DataFrame, "subtract").name(), "except");
        assert_eq!(python(Type::DataFrame, "toPandas").name(), "toPandas");
        assert!(api().method(Language::Scala, Type::DataFrame, "toPandas").is_none());
    }

    #[test]
    fn synonyms_of_one_language_are_one_method() {
        for (receiver, alias, name) in [
            (Type::DataFrame, "groupby", "groupBy"),
            (Type::DataFrame, "drop_duplicates", "dropDuplicates"),
            (Type::Column, "astype", "cast"),
        ] {
            assert_eq!(python(receiver, alias), python(receiver, name));
            assert_eq!(python(receiver, alias).name(), name);
        }
        assert_eq!(scala(Type::Rdd, "++").name(), "union");
        assert_ne!(python(Type::DataFrame, "sort"), python(Type::DataFrame, "orderBy"));
    }

    #[test]
    fn python_properties_are_known_as_such() {
        for (receiver, name, outcome) in [
            (Type::Session, "read", Outcome::Spark(Type::Reader)),
            (Type::Session, "builder", Outcome::Spark(Type::SessionBuilder)),
            (Type::Session, "sparkContext", Outcome::Spark(Type::Context)),
            (Type::DataFrame, "write", Outcome::Spark(Type::Writer)),
            (Type::DataFrame, "rdd", Outcome::Spark(Type::Rdd)),
            (Type::DataFrame, "na", Outcome::Spark(Type::NaFunctions)),
            (Type::DataFrame, "columns", Outcome::Local),
            (Type::Broadcast, "value", Outcome::Local),
        ] {
            let method = python(receiver, name);
            assert!(method.python_property, "{name}");
            assert_eq!(method.outcome, outcome, "{name}");
        }
        assert!(!python(Type::DataFrame, "count").python_property);
    }

    #[test]
    fn effects_of_the_methods_that_rules_and_attribution_stand_on() {
        for (receiver, name, effect) in [
            (Type::Session, "sql", Effect::Sql),
            (Type::Session, "range", Effect::Read),
            (Type::Reader, "option", Effect::Configure),
            (Type::Reader, "parquet", Effect::Read),
            (Type::Context, "parallelize", Effect::Read),
            (Type::DataFrame, "groupBy", Effect::Narrow),
            (Type::GroupedData, "agg", Effect::Wide),
            (Type::GroupedData, "pivot", Effect::Narrow),
            (Type::DataFrame, "agg", Effect::Wide),
            (Type::DataFrame, "join", Effect::Wide),
            (Type::DataFrame, "sortWithinPartitions", Effect::Narrow),
            (Type::DataFrame, "orderBy", Effect::Wide),
            (Type::DataFrame, "coalesce", Effect::Repartition),
            (Type::DataFrame, "collect", Effect::Action),
            (Type::DataFrame, "cache", Effect::Persist),
            (Type::DataFrame, "unpersist", Effect::Unpersist),
            (Type::DataFrame, "localCheckpoint", Effect::Checkpoint),
            (Type::DataFrame, "schema", Effect::Metadata),
            (Type::DataFrame, "createOrReplaceTempView", Effect::View),
            (Type::Rdd, "reduceByKey", Effect::Wide),
            (Type::Rdd, "union", Effect::Narrow),
            (Type::Rdd, "partitionBy", Effect::Repartition),
            (Type::Rdd, "countByKey", Effect::Action),
            (Type::Rdd, "saveAsTextFile", Effect::Write),
            (Type::Writer, "saveAsTable", Effect::Write),
            (Type::Writer, "mode", Effect::Configure),
            (Type::WriterV2, "overwritePartitions", Effect::Write),
            (Type::StreamWriter, "start", Effect::StreamStart),
            (Type::Column, "isin", Effect::Expression),
        ] {
            assert_eq!(python(receiver, name).effect, effect, "{receiver:?}.{name}");
        }
        assert_eq!(
            scala(Type::DataFrame, "groupByKey").outcome,
            Outcome::Spark(Type::KeyValueGrouped)
        );
        assert_eq!(scala(Type::KeyValueGrouped, "mapGroups").effect, Effect::Wide);
    }

    #[test]
    fn setters_and_getters_of_parameters_are_known_by_their_beginning() {
        let setter = scala(Type::Estimator, "setMaxIter");
        assert_eq!(setter.outcome, Outcome::Spark(Type::Estimator));
        assert_eq!(setter.name_of("setMaxIter"), "setMaxIter");
        assert_eq!(python(Type::Transformer, "getInputCol").outcome, Outcome::Local);
        assert_eq!(python(Type::DataFrame, "subtract").name_of("subtract"), "except");
        assert!(api().method(Language::Python, Type::DataFrame, "setMaxIter").is_none());
        assert!(api().method(Language::Python, Type::Estimator, "maxIter").is_none());
    }

    #[test]
    fn what_trains_and_applies_models_is_known() {
        for (receiver, name, effect) in [
            (Type::Estimator, "fit", Effect::Action),
            (Type::Transformer, "transform", Effect::Narrow),
            (Type::Evaluator, "evaluate", Effect::Action),
            (Type::MlStatistics, "corr", Effect::Action),
            (Type::MlWriter, "save", Effect::Write),
            (Type::MergeIntoWriter, "merge", Effect::Write),
            (Type::CoGrouped, "applyInPandas", Effect::Wide),
            (Type::Pandas, "read_parquet", Effect::Read),
            (Type::PandasFrame, "to_pandas", Effect::Action),
        ] {
            assert_eq!(python(receiver, name).effect, effect, "{receiver:?}.{name}");
        }
        let made = |receiver, name| python(receiver, name).outcome;
        assert_eq!(made(Type::Estimator, "fit"), Outcome::Spark(Type::Transformer));
        assert_eq!(made(Type::DataFrame, "pandas_api"), Outcome::Spark(Type::PandasFrame));
        assert_eq!(made(Type::PandasFrame, "to_spark"), Outcome::Spark(Type::DataFrame));
        assert_eq!(made(Type::Session, "udf"), Outcome::Spark(Type::Registration));
    }

    #[test]
    fn versions_are_told_by_language() {
        let is_empty = python(Type::DataFrame, "isEmpty");
        assert_eq!(
            (is_empty.since_in(Language::Python), is_empty.since_in(Language::Scala)),
            (Some("3.3"), Some("2.4"))
        );
        let active = python(Type::Session, "active");
        assert_eq!(
            (active.since_in(Language::Python), active.since_in(Language::Scala)),
            (Some("3.5"), None)
        );
        assert_eq!(
            python(Type::DataFrame, "withColumnsRenamed").since_in(Language::Scala),
            Some("3.4")
        );
        assert_eq!(python(Type::DataFrame, "dropDuplicatesWithinWatermark").since, Some("3.5"));
        assert_eq!(python(Type::DataFrame, "to_koalas").removed_in(Language::Python), Some("4.0"));
    }

    #[test]
    fn call_sites_of_the_log_that_bear_another_name() {
        assert_eq!(python(Type::DataFrame, "show").logged, Some("showString"));
        assert_eq!(python(Type::Rdd, "take").logged, Some("runJob"));
        assert_eq!(python(Type::DataFrame, "take").logged, None);
    }
}
