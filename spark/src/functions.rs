//! Spark's functions over columns (`pyspark.sql.functions`, `org.apache.spark.sql.functions` and their neighbours) as one table.
//!
//! `functions.tsv` has one function per line, sorted and unique by module, Python name and Scala name:
//! `module  python  scala  class  since  removed`. `-` stands for absent, exact synonyms in one language stand in one field, separated
//! by `|`, and `since` and `removed` are written as in `api.tsv`. The module is `sql` for the two named above, and `avro`, `protobuf`,
//! `ml` or `partitioning` for those that are imported on their own.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::Language;
use crate::api::{names, version_in};

static TABLE: &str = include_str!("functions.tsv");

/// What a function over columns is to Spark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FunctionClass {
    /// One value per row: `upper`, `to_date`, `col`, `lit`.
    Scalar,
    /// One value per group: `sum`, `collect_list`.
    Aggregate,
    /// One value per row of its window: `row_number`, `lag`.
    Window,
    /// Any number of rows per row: `explode`, `inline`.
    Generator,
    /// Runs a lambda over the elements of an array or map: `transform`, `filter`.
    HigherOrder,
    /// Says how rows are to be ordered: `desc`, `asc_nulls_last`.
    Ordering,
    /// A transform of `writeTo(…).partitionedBy(…)`: `days`, `bucket`.
    Partitioning,
    /// Makes a user-defined function: `udf`, `pandas_udf`.
    UdfFactory,
    /// Says how a dataset is to be joined: `broadcast`.
    Hint,
    /// Calls what a text names, so of any class: `expr`, `call_function`.
    Dynamic,
}

impl FunctionClass {
    /// Every class, in the order of the enumeration.
    pub const ALL: [FunctionClass; 10] = [
        FunctionClass::Scalar,
        FunctionClass::Aggregate,
        FunctionClass::Window,
        FunctionClass::Generator,
        FunctionClass::HigherOrder,
        FunctionClass::Ordering,
        FunctionClass::Partitioning,
        FunctionClass::UdfFactory,
        FunctionClass::Hint,
        FunctionClass::Dynamic,
    ];

    /// The word used in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            FunctionClass::Scalar => "scalar",
            FunctionClass::Aggregate => "aggregate",
            FunctionClass::Window => "window",
            FunctionClass::Generator => "generator",
            FunctionClass::HigherOrder => "higher-order",
            FunctionClass::Ordering => "ordering",
            FunctionClass::Partitioning => "partitioning",
            FunctionClass::UdfFactory => "udf-factory",
            FunctionClass::Hint => "hint",
            FunctionClass::Dynamic => "dynamic",
        }
    }
}

/// One function over columns, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The module that has it, as the table calls it.
    pub module: &'static str,
    /// Its names in Python: the first is the function's, the others are exact synonyms.
    pub python: Vec<&'static str>,
    /// Its names in Scala, likewise.
    pub scala: Vec<&'static str>,
    /// What it is to Spark.
    pub class: FunctionClass,
    since: Option<&'static str>,
    removed: Option<&'static str>,
}

impl Function {
    /// The language-neutral name: Python's, or Scala's where Python has none. Expressions of both languages carry it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.python.first().or(self.scala.first()).copied().unwrap_or_default()
    }

    /// Every name that it has in one language.
    #[must_use]
    pub fn names_in(&self, language: Language) -> &[&'static str] {
        match language {
            Language::Python => &self.python,
            Language::Scala => &self.scala,
        }
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

/// The table with its indexes.
#[derive(Debug)]
pub struct Functions {
    functions: Vec<Function>,
    /// Module and name → where the table has it, by language.
    by_name: [FxHashMap<(&'static str, &'static str), usize>; 2],
}

/// The one table of functions over columns.
#[must_use]
pub fn functions() -> &'static Functions {
    static FUNCTIONS: LazyLock<Functions> = LazyLock::new(|| Functions::parse(TABLE));
    &FUNCTIONS
}

impl Functions {
    fn parse(table: &'static str) -> Self {
        let lines = table.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let functions: Vec<Function> = lines.filter_map(parse_line).collect();
        let mut by_name = [FxHashMap::default(), FxHashMap::default()];
        for (index, function) in functions.iter().enumerate() {
            for language in [Language::Python, Language::Scala] {
                for name in function.names_in(language) {
                    by_name[language as usize].insert((function.module, *name), index);
                }
            }
        }
        Self { functions, by_name }
    }

    /// Every function, in the table's order.
    #[must_use]
    pub fn all(&self) -> &[Function] {
        &self.functions
    }

    /// The function that `name` means in `language` where everything of the `functions` module is imported.
    #[must_use]
    pub fn function(&self, language: Language, name: &str) -> Option<&Function> {
        self.of_module(language, "sql", name)
    }

    /// The function that a full path names: `pyspark.sql.functions.sum`, `org.apache.spark.sql.functions.sum`.
    #[must_use]
    pub fn at_path(&self, language: Language, path: &str) -> Option<&Function> {
        let (module, name) = path.rsplit_once('.')?;
        self.of_module(language, module_of(module)?, name)
    }

    fn of_module(&self, language: Language, module: &str, name: &str) -> Option<&Function> {
        let index = self.by_name[language as usize].get(&(module, name))?;
        self.functions.get(*index)
    }
}

/// What the table calls the module or object that a path names; `None` where that holds no functions over columns.
fn module_of(path: &str) -> Option<&'static str> {
    Some(match path {
        "pyspark.sql.functions"
        | "pyspark.sql.functions.builtin"
        | "pyspark.sql.connect.functions"
        | "pyspark.sql.connect.functions.builtin"
        | "org.apache.spark.sql.functions" => "sql",
        "pyspark.sql.functions.partitioning"
        | "pyspark.sql.connect.functions.partitioning"
        | "org.apache.spark.sql.functions.partitioning" => "partitioning",
        "pyspark.sql.avro.functions" | "org.apache.spark.sql.avro.functions" => "avro",
        "pyspark.sql.protobuf.functions" | "org.apache.spark.sql.protobuf.functions" => "protobuf",
        "pyspark.ml.functions" | "org.apache.spark.ml.functions" => "ml",
        _ => return None,
    })
}

/// Whether a path names a module or object that holds functions over columns.
#[must_use]
pub fn is_function_module(path: &str) -> bool {
    module_of(path).is_some()
}

fn parse_line(line: &'static str) -> Option<Function> {
    let mut fields = line.split('\t').map(|field| if field == "-" { None } else { Some(field) });
    let mut next = || fields.next().flatten();
    let module = next()?;
    let (python, scala) = (all_names(next()), all_names(next()));
    let class_name = next()?;
    let class = *FunctionClass::ALL.iter().find(|class| class.name() == class_name)?;
    let (since, removed) = (next(), next());
    Some(Function { module, python, scala, class, since, removed })
}

fn all_names(field: Option<&'static str>) -> Vec<&'static str> {
    let (first, synonyms) = names(field);
    first.into_iter().chain(synonyms).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(language: Language, name: &str) -> Option<FunctionClass> {
        functions().function(language, name).map(|function| function.class)
    }

    #[test]
    fn every_line_of_the_table_is_understood() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        for line in lines {
            let function = parse_line(line).unwrap_or_else(|| panic!("not understood: {line:?}"));
            assert_eq!(line.split('\t').count(), 6, "six fields: {line:?}");
            assert!(!function.name().is_empty(), "in some language: {line:?}");
        }
    }

    #[test]
    fn the_table_is_sorted_and_a_name_means_one_function() {
        let all = functions().all();
        let keys: Vec<_> =
            all.iter().map(|it| (it.module, it.python.first(), it.scala.first())).collect();
        let mut sorted = keys.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(keys, sorted);
        for language in [Language::Python, Language::Scala] {
            let names: usize = all.iter().map(|it| it.names_in(language).len()).sum();
            assert_eq!(names, functions().by_name[language as usize].len(), "{language:?}");
        }
    }

    #[test]
    fn functions_are_classed() {
        for (name, expected) in [
            ("upper", FunctionClass::Scalar),
            ("sum", FunctionClass::Aggregate),
            ("row_number", FunctionClass::Window),
            ("explode", FunctionClass::Generator),
            ("json_tuple", FunctionClass::Generator),
            ("transform", FunctionClass::HigherOrder),
            ("desc", FunctionClass::Ordering),
            ("days", FunctionClass::Partitioning),
            ("udf", FunctionClass::UdfFactory),
            ("broadcast", FunctionClass::Hint),
            ("expr", FunctionClass::Dynamic),
        ] {
            for language in [Language::Python, Language::Scala] {
                assert_eq!(class(language, name), Some(expected), "{name}");
            }
        }
        assert_eq!(class(Language::Python, "pandas_udf"), Some(FunctionClass::UdfFactory));
        assert_eq!(class(Language::Scala, "pandas_udf"), None);
        assert_eq!(class(Language::Python, "sorted"), None);
    }

    #[test]
    fn a_function_has_one_neutral_name_whichever_spelling_the_author_chose() {
        for (language, spelled, neutral) in [
            (Language::Python, "countDistinct", "count_distinct"),
            (Language::Scala, "countDistinct", "count_distinct"),
            (Language::Scala, "column", "col"),
            (Language::Scala, "callUDF", "call_udf"),
            (Language::Scala, "typedLit", "typedlit"),
            (Language::Scala, "any", "any"),
        ] {
            let function = functions().function(language, spelled);
            assert_eq!(function.map(Function::name), Some(neutral), "{spelled}");
        }
    }

    #[test]
    fn a_path_names_a_function_of_its_language_only() {
        let name = |language, path| functions().at_path(language, path).map(Function::name);
        assert_eq!(name(Language::Python, "pyspark.sql.functions.sum"), Some("sum"));
        assert_eq!(name(Language::Scala, "org.apache.spark.sql.functions.sum"), Some("sum"));
        assert_eq!(
            name(Language::Scala, "org.apache.spark.sql.functions.partitioning.days"),
            Some("days")
        );
        assert_eq!(
            name(Language::Python, "pyspark.ml.functions.vector_to_array"),
            Some("vector_to_array")
        );
        assert_eq!(name(Language::Python, "pyspark.sql.functions.no_such_function"), None);
        assert_eq!(name(Language::Python, "numpy.sum"), None);
    }

    #[test]
    fn versions_are_told_by_language() {
        let call_udf = functions().function(Language::Python, "call_udf");
        let versions = |language| call_udf.and_then(|function| function.since_in(language));
        assert_eq!((versions(Language::Python), versions(Language::Scala)), (Some("3.4"), None));
        let listagg = functions().function(Language::Scala, "listagg");
        assert_eq!(listagg.and_then(|it| it.since_in(Language::Scala)), Some("4.0"));
        assert_eq!(listagg.and_then(|it| it.removed_in(Language::Scala)), None);
    }
}
