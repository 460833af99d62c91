//! Types from names, imports and annotations.

use std::sync::Arc;

use program::{Import, Language, Type};

/// Whether an import is one of Spark's API.
pub(super) fn imports_spark(import: &Import) -> bool {
    is_spark_path(&import.path)
}

/// Whether a path lies in Spark's API.
pub(super) fn is_spark_path(path: &str) -> bool {
    ["pyspark", "org.apache.spark", "com.databricks", "delta", "io.delta", "databricks"].iter().any(
        |root| path == *root || path.strip_prefix(root).is_some_and(|rest| rest.starts_with('.')),
    )
}

/// The type that one of Spark's class names stands for.
pub(super) fn spark_class(name: &str) -> Option<Type> {
    spark::class_named(name)
}

/// The type of a name that notebooks and shells define by themselves.
pub(super) fn ambient(name: &str) -> Option<Type> {
    match name {
        "spark" | "sqlContext" | "sqlc" | "hiveContext" => Some(Type::Session),
        "sc" => Some(Type::Context),
        _ => None,
    }
}

/// The function that a full path names, if it is one of Spark's column functions.
pub(super) fn column_function(path: &str) -> Option<&str> {
    let (module, name) = path.rsplit_once('.')?;
    spark::is_function_module(module).then_some(name)
}

/// Whether what a module holds are Spark's column functions.
pub(super) fn is_function_module(path: &str) -> bool {
    spark::is_function_module(path)
}

/// Methods that no library but Spark is likely to have: on an unknown receiver the name alone tells the type.
pub(super) fn is_distinctive(name: &str) -> bool {
    matches!(
        name,
        "withColumn"
            | "withColumns"
            | "withColumnRenamed"
            | "withColumnsRenamed"
            | "selectExpr"
            | "toPandas"
            | "createOrReplaceTempView"
            | "createTempView"
            | "createGlobalTempView"
            | "createOrReplaceGlobalTempView"
            | "registerTempTable"
            | "unionByName"
            | "crossJoin"
            | "printSchema"
            | "sortWithinPartitions"
            | "repartitionByRange"
            | "withWatermark"
            | "groupByKey"
            | "reduceByKey"
            | "aggregateByKey"
            | "combineByKey"
            | "foldByKey"
            | "flatMapValues"
            | "mapPartitionsWithIndex"
            | "saveAsTextFile"
            | "saveAsTable"
            | "insertInto"
            | "dropDuplicatesWithinWatermark"
            | "mapInPandas"
            | "leftOuterJoin"
            | "rightOuterJoin"
            | "fullOuterJoin"
            | "reduceByKeyLocally"
            | "countByKey"
            | "collectAsMap"
            | "zipWithUniqueId"
            | "createDataFrame"
            | "approxQuantile"
    )
}

/// The class behind an import's path, in either language.
pub(super) fn class_of_path(path: &str, language: Language) -> Option<Type> {
    spark::class_at_path(language, path)
}

/// The class that a name bound nowhere means where everything of these modules or packages is imported.
pub(super) fn class_of_stars(stars: &[Arc<str>], name: &str, language: Language) -> Option<Type> {
    stars.iter().find_map(|star| class_of_path(&format!("{star}.{name}"), language))
}

/// The name of a column function, whichever of its spellings the author chose.
pub(super) fn column_function_name(language: Language, name: &str) -> &str {
    spark::functions().function(language, name).map_or(name, |it| it.name())
}

/// Whether a name that is bound nowhere is one of Spark's column functions, where all of them are imported by a star. Python's star
/// hides builtin functions of the same names.
pub(super) fn is_column_function(language: Language, name: &str) -> bool {
    spark::functions().function(language, name).is_some()
}

/// Whether Scala's own collections, options or strings have a method of this name, used in this way: on a receiver without a type it
/// says nothing of Spark. None of them has `count` or `collect` without a function.
pub(super) fn is_of_collections(name: &str, without_arguments: bool) -> bool {
    match name {
        "count" | "collect" => !without_arguments,
        _ => matches!(
            name,
            "aggregate"
                | "apply"
                | "contains"
                | "distinct"
                | "filter"
                | "flatMap"
                | "fold"
                | "foreach"
                | "groupBy"
                | "head"
                | "id"
                | "intersect"
                | "isEmpty"
                | "keys"
                | "map"
                | "mapValues"
                | "max"
                | "min"
                | "name"
                | "reduce"
                | "sortBy"
                | "sum"
                | "tail"
                | "take"
                | "to"
                | "union"
                | "values"
                | "zip"
                | "zipWithIndex"
        ),
    }
}
