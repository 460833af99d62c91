//! Which class or module of Spark stands for which type of the API table.
//!
//! `classes.tsv` has one class per line: `type  python  scala`, with the full path of the class in each language, `-` for absent. A user
//! may import a class by another path than the one written (`pyspark.sql.dataframe.DataFrame`): within one part of Spark the last
//! name decides.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::api::type_named;
use crate::{Language, Type};

/// The table as text: `type  python  scala`.
pub static CLASS_TABLE: &str = include_str!("classes.tsv");

/// A part of Spark within which the names of classes are unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    /// `pyspark`, `pyspark.sql`, `org.apache.spark`.
    Main,
    /// `pyspark.ml`, `org.apache.spark.ml`.
    MachineLearning,
    /// `pyspark.pandas`.
    Pandas,
}

type Classes = [FxHashMap<(Part, &'static str), Type>; 2];

fn classes() -> &'static Classes {
    static CLASSES: LazyLock<Classes> = LazyLock::new(|| {
        let mut classes = [FxHashMap::default(), FxHashMap::default()];
        for (kind, paths) in lines() {
            for language in [Language::Python, Language::Scala] {
                let path = paths[language as usize];
                if let Some((part, name)) = part_and_name(path, language) {
                    classes[language as usize].insert((part, name), kind);
                }
            }
        }
        classes
    });
    &CLASSES
}

fn lines() -> impl Iterator<Item = (Type, [&'static str; 2])> {
    CLASS_TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut fields = line.split('\t');
        Some((type_named(fields.next()?)?, [fields.next()?, fields.next()?]))
    })
}

/// The part of Spark that a path leads into, and its last name; classes within classes are named with the outer one.
fn part_and_name(path: &str, language: Language) -> Option<(Part, &str)> {
    let inside = match language {
        Language::Python => path.strip_prefix("pyspark.")?,
        Language::Scala => path.strip_prefix("org.apache.spark.")?,
    };
    let part = match inside.split('.').next() {
        Some("ml") => Part::MachineLearning,
        Some("pandas") => Part::Pandas,
        Some("mllib" | "streaming") => return None,
        _ => Part::Main,
    };
    let is_class = |segment: &str| segment.starts_with(|first: char| first.is_ascii_uppercase());
    let (before, last) = path.rsplit_once('.')?;
    let name = match before.rsplit_once('.') {
        Some((_, outer)) if is_class(outer) => &path[path.len() - last.len() - outer.len() - 1..],
        _ => last,
    };
    Some((part, name))
}

/// The type that a class name alone stands for, where the file uses Spark and nothing else explains the name. Classes of MLlib and
/// of the pandas API are not named by their name alone: `Tokenizer` and `Series` are everybody's.
#[must_use]
pub fn class_named(name: &str) -> Option<Type> {
    let of = |language: Language| classes()[language as usize].get(&(Part::Main, name)).copied();
    of(Language::Python).or_else(|| of(Language::Scala))
}

/// The type of the class that a full path names in a language.
#[must_use]
pub fn class_at_path(language: Language, path: &str) -> Option<Type> {
    let (part, name) = part_and_name(path, language)?;
    classes()[language as usize].get(&(part, name)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_understood_and_the_table_is_sorted() {
        let text: Vec<_> = CLASS_TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(lines().count(), text.len());
        for (_, paths) in lines() {
            for language in [Language::Python, Language::Scala] {
                let path = paths[language as usize];
                assert!(path == "-" || part_and_name(path, language).is_some(), "{path}");
            }
        }
        let mut sorted = text.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(text, sorted);
    }

    #[test]
    fn a_path_names_a_class_by_its_part_of_spark() {
        for (language, path, kind) in [
            (Language::Python, "pyspark.sql.DataFrame", Some(Type::DataFrame)),
            (Language::Python, "pyspark.sql.dataframe.DataFrame", Some(Type::DataFrame)),
            (Language::Python, "pyspark.pandas.DataFrame", Some(Type::PandasFrame)),
            (Language::Python, "pyspark.ml.feature.Tokenizer", Some(Type::Transformer)),
            (
                Language::Python,
                "pyspark.ml.classification.LogisticRegression",
                Some(Type::Estimator),
            ),
            (Language::Python, "pyspark.mllib.clustering.KMeans", None),
            (Language::Python, "pandas.DataFrame", None),
            (Language::Python, "sklearn.cluster.KMeans", None),
            (Language::Scala, "org.apache.spark.sql.Dataset", Some(Type::DataFrame)),
            (Language::Scala, "org.apache.spark.ml.clustering.KMeans", Some(Type::Estimator)),
            (Language::Scala, "org.apache.spark.ml.Pipeline", Some(Type::Estimator)),
            (
                Language::Scala,
                "org.apache.spark.sql.SparkSession.Builder",
                Some(Type::SessionBuilder),
            ),
            (Language::Scala, "java.util.stream.Stream.Builder", None),
        ] {
            assert_eq!(class_at_path(language, path), kind, "{path}");
        }
    }

    #[test]
    fn names_that_others_use_as_well_tell_no_class() {
        assert_eq!(class_named("SparkSession"), Some(Type::Session));
        assert_eq!(class_named("LongAccumulator"), Some(Type::Accumulator));
        for name in ["Tokenizer", "KMeans", "Pipeline", "Series", "Builder", "Estimator"] {
            assert_eq!(class_named(name), None, "{name}");
        }
    }
}
