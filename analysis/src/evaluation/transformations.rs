//! Transformations of Spark: what they add to the lineage, and what their arguments say.

use std::rc::Rc;

use spark::{Effect, Method, Outcome, Type};

use super::automaton::SiteKind;
use super::interpreter::Interpreter;
use super::value::{Argument, SparkValue, Value};
use super::{Features, NodeId, NodeKind, Place, TextPattern, sql};

impl Interpreter<'_> {
    pub(super) fn transformation(
        &mut self,
        object: &Value,
        spark: &Rc<SparkValue>,
        method: &Method,
        arguments: Vec<Argument>,
        place: Place,
    ) -> Value {
        let name = method.name();
        if name == "transform" && spark.kind == Type::DataFrame {
            return self.transform(object, arguments, place);
        }
        let kind = node_kind(method);
        let mut features = Features::default();
        self.transformation_features(method, kind, &arguments, &mut features);
        if kind == NodeKind::Aggregate {
            features.keys.extend(spark.features.keys.iter().cloned());
            features.names_open |= spark.features.names_open;
        }
        if name == "pivot" && arguments.len() < 2 {
            let node = spark.node;
            let own = features.clone();
            self.plain_site(SiteKind::Pivot, name, spark.kind, place, node, own, (false, false));
        }
        if name == "randomSplit" {
            let weights = self.first(&arguments, &["weights"]);
            let count = weights.and_then(|it| self.sequence_items(&it)).map(|it| it.0.len());
            let Some(count) = count.filter(|it| (1..=20).contains(it)) else {
                return self.transformed_with(spark, kind, method, place, &features, &[]);
            };
            let parts = (0..count)
                .map(|_| self.transformed_with(spark, kind, method, place, &features, &[]))
                .collect();
            return self.heap.sequence(parts, true);
        }
        let others = self.frames_of(arguments.iter().map(|it| &it.value));
        let result = self.transformed_with(spark, kind, method, place, &features, &others);
        if spark.kind == Type::Rdd
            && matches!(name, "sortBy" | "sortByKey" | "zipWithIndex" | "toDF")
            || name == "rdd"
        {
            let node = result.dataset();
            let of = spark.kind;
            self.plain_site(
                SiteKind::RddJobs,
                name,
                of,
                place,
                node,
                Features::default(),
                (true, true),
            );
        }
        result
    }

    pub(super) fn transformed_with(
        &mut self,
        spark: &Rc<SparkValue>,
        kind: NodeKind,
        method: &Method,
        place: Place,
        features: &Features,
        others: &[NodeId],
    ) -> Value {
        let result = match method.outcome {
            Outcome::Spark(result) => result,
            _ => spark.kind,
        };
        let mut parents: Vec<NodeId> = spark.node.into_iter().collect();
        for other in others {
            // A self-join names one dataset twice.
            if !parents.contains(other) || parents.len() == 1 {
                parents.push(*other);
            }
        }
        let node = self.node(kind, result, method.name(), Some(place), parents, features.clone());
        let mut value = SparkValue {
            kind: result,
            node: Some(node),
            settings: Rc::default(),
            features: Rc::default(),
            batch: None,
        };
        if matches!(result, Type::GroupedData | Type::KeyValueGrouped) {
            let mut keys = (*spark.features).clone();
            keys.keys.extend(features.keys.iter().cloned());
            keys.names_open |= features.names_open;
            value.features = Rc::new(keys);
        }
        Value::Spark(Rc::new(value))
    }

    pub(super) fn transformed(
        &mut self,
        spark: &Rc<SparkValue>,
        kind: NodeKind,
        method: &str,
        place: Place,
        features: Features,
    ) -> Value {
        let parents = spark.node.into_iter().collect();
        let node = self.node(kind, spark.kind, method, Some(place), parents, features);
        Value::spark(spark.kind, Some(node))
    }

    /// `df.transform(f, …)` is `f(df, …)`.
    pub(super) fn transform(
        &mut self,
        object: &Value,
        arguments: Vec<Argument>,
        place: Place,
    ) -> Value {
        let mut arguments = arguments.into_iter();
        let Some(function) = arguments.next() else { return object.clone() };
        let mut all = vec![Argument::positional(object.clone())];
        all.extend(arguments);
        let result = self.call(&function.value, all, place);
        match result {
            Value::Spark(_) => result,
            other => {
                let mut frames = self.frames(&other);
                frames.extend(object.dataset());
                frames.dedup();
                let node = self.opaque_dataset(Type::DataFrame, &frames, place);
                Value::spark(Type::DataFrame, Some(node))
            }
        }
    }

    pub(super) fn transformation_features(
        &mut self,
        method: &Method,
        kind: NodeKind,
        arguments: &[Argument],
        features: &mut Features,
    ) {
        let name = method.name();
        let rdd = matches!(method.receiver, Type::Rdd);
        match name {
            _ if rdd => features.names_open = true,
            "filter" | "where" => {
                for argument in arguments {
                    match &argument.value {
                        Value::Text(text) => features.add(&sql::read(text).features),
                        Value::Alternatives(_) => {
                            let text = self.text_of(&argument.value);
                            features.add(&sql::read(&text).features);
                        }
                        other => self.column_features(other, features, true),
                    }
                }
                features.tables.clear();
            }
            "selectExpr" => {
                for argument in arguments {
                    let mut texts = Vec::new();
                    self.texts(&argument.value, &mut texts);
                    for text in texts {
                        features.add(&sql::read(&text).features);
                    }
                }
            }
            "withColumn" | "withMetadata" => {
                let mut arguments = arguments.iter();
                if let Some(first) = arguments.next() {
                    match self.text_of(&first.value).as_exact() {
                        Some(alias) => features.alias(alias),
                        None => features.names_open = true,
                    }
                }
                for argument in arguments {
                    self.column_features(&argument.value, features, false);
                }
            }
            "withColumnRenamed" => {
                let old = self.nth(arguments, 0, &["existing"]);
                if let Some(old) = old {
                    self.column_features(&old, features, true);
                }
                match self.nth(arguments, 1, &["new"]).map(|it| self.text_of(&it)) {
                    Some(new) if new.is_exact() => features.alias(new.raw()),
                    _ => features.names_open = true,
                }
            }
            "withColumns" | "withColumnsRenamed" => {
                for argument in arguments {
                    let Value::Mapping(cell) = &argument.value else {
                        features.names_open = true;
                        continue;
                    };
                    let mapping = self.heap.mapping_of(*cell).cloned();
                    for (key, value) in mapping.iter().flat_map(|it| it.entries.iter()) {
                        let (key_text, value_text) = (self.text_of(key), self.text_of(value));
                        if name == "withColumns" {
                            key_text.as_exact().into_iter().for_each(|it| features.alias(it));
                            self.column_features(value, features, false);
                        } else {
                            key_text.as_exact().into_iter().for_each(|it| features.column(it));
                            value_text.as_exact().into_iter().for_each(|it| features.alias(it));
                        }
                    }
                    features.names_open |= !mapping.is_some_and(|it| it.complete);
                }
            }
            "toDF" => {
                let mut own = Features::default();
                for argument in arguments {
                    self.column_features(&argument.value, &mut own, true);
                }
                features.aliases = own.columns;
                features.names_open = own.names_open;
            }
            "alias" | "hint" => {
                if let Some(argument) = arguments.first() {
                    let text = self.text_of(&argument.value);
                    let detail = if name == "alias" { "alias" } else { "hint" };
                    features.detail_of(detail, text);
                }
            }
            "join" | "joinWith" | "crossJoin" | "lateralJoin" => {
                if let Some(on) = self.nth(
                    arguments,
                    1,
                    &["on", "usingColumns", "usingColumn", "joinExprs", "condition"],
                ) {
                    let mut own = Features::default();
                    self.column_features(&on, &mut own, true);
                    own.keys.clone_from(&own.columns);
                    features.add(&own);
                }
                let how = self.nth(arguments, 2, &["how", "joinType"]).map(|it| self.text_of(&it));
                let how = how.unwrap_or_else(|| {
                    TextPattern::exact(if name == "crossJoin" { "cross" } else { "inner" })
                });
                features.detail_of("how", how);
            }
            "limit" | "offset" | "coalesce" => {
                let count = self.first(arguments, &["num", "numPartitions", "n"]);
                let count = count.map_or_else(TextPattern::unknown, |it| self.text_of(&it));
                let detail = if name == "coalesce" { "partitions" } else { "limit" };
                features.detail_of(detail, count);
            }
            "sample" | "randomSplit" | "sampleBy" | "union" | "unionAll" | "unionByName"
            | "intersect" | "except" | "exceptAll" | "intersectAll" | "distinct" => {}
            _ => {
                for (at, argument) in arguments.iter().enumerate() {
                    let keyword = argument.name.map(|it| self.names.text(it));
                    if keyword.is_some_and(|it| SAYS_NOTHING.contains(&&*it)) {
                        continue;
                    }
                    match &argument.value {
                        Value::Integer(count)
                            if at == 0 && matches!(kind, NodeKind::Repartition) =>
                        {
                            features
                                .detail_of("partitions", TextPattern::exact(&count.to_string()));
                        }
                        Value::Integer(value) if kind != NodeKind::Sort => {
                            features.literal(&value.to_string());
                        }
                        Value::Boolean(_) | Value::Null | Value::Float(_) | Value::Integer(_) => {}
                        value if value.dataset().is_some() => {}
                        value if value.is_callable() => {}
                        value => self.column_features(value, features, true),
                    }
                }
                if kind == NodeKind::Aggregate
                    && method.receiver == Type::GroupedData
                    && name != "agg"
                {
                    features.function(name);
                }
                if matches!(
                    kind,
                    NodeKind::Grouping
                        | NodeKind::Distinct
                        | NodeKind::Sort
                        | NodeKind::LocalSort
                        | NodeKind::Repartition
                ) {
                    features.keys.clone_from(&features.columns);
                }
            }
        }
    }
}

/// Keywords of transformations that say nothing of columns.
const SAYS_NOTHING: [&str; 10] = [
    "ascending",
    "schema",
    "returnType",
    "outputStructType",
    "thresh",
    "value",
    "numPartitions",
    "outputMode",
    "stateStructType",
    "timeoutConf",
];

/// What a transformation makes.
pub(super) fn node_kind(method: &Method) -> NodeKind {
    let rdd = method.receiver == Type::Rdd;
    match method.name() {
        "filter" | "where" | "dropna" | "filterByRange" => NodeKind::Filter,
        "drop" if method.receiver == Type::NaFunctions => NodeKind::Filter,
        "explode" => NodeKind::Generate,
        "join" | "joinWith" | "crossJoin" | "lateralJoin" | "leftOuterJoin" | "rightOuterJoin"
        | "fullOuterJoin" | "cogroup" | "cogroupSorted" | "groupWith" | "cartesian" => {
            NodeKind::Join
        }
        "groupBy" | "rollup" | "cube" | "groupingSets" | "pivot" | "keyAs" if !rdd => {
            NodeKind::Grouping
        }
        "groupByKey" if !rdd => NodeKind::Grouping,
        "agg" | "describe" | "summary" | "freqItems" | "crosstab" => NodeKind::Aggregate,
        "distinct" | "dropDuplicates" | "dropDuplicatesWithinWatermark" => NodeKind::Distinct,
        "orderBy" | "sort" | "sortBy" | "sortByKey" => NodeKind::Sort,
        "sortWithinPartitions" => NodeKind::LocalSort,
        "union" | "unionAll" | "unionByName" => NodeKind::Union,
        "intersect" | "intersectAll" | "except" | "exceptAll" | "subtract" | "subtractByKey"
        | "intersection" => NodeKind::SetOperation,
        "limit" | "offset" => NodeKind::Limit,
        "sample" | "sampleBy" | "randomSplit" | "randomSplitAsList" | "sampleByKey"
        | "sampleByKeyExact" => NodeKind::Sample,
        "coalesce" => NodeKind::Coalesce,
        "alias" | "as" | "hint" | "setName" | "withWatermark" | "observe" | "barrier" => {
            NodeKind::Alias
        }
        "rdd" | "javaRDD" | "toJavaRDD" | "toJSON" | "toDS" => NodeKind::Convert,
        "toDF" if rdd => NodeKind::Convert,
        "map"
        | "mapPartitions"
        | "flatMap"
        | "mapInPandas"
        | "mapInArrow"
        | "mapValues"
        | "flatMapValues"
        | "keyBy"
        | "mapPartitionsWithIndex"
        | "pipe"
        | "glom"
        | "keys"
        | "values"
        | "zip"
        | "zipWithIndex"
        | "zipWithUniqueId" => NodeKind::Map,
        _ if method.effect == Effect::Repartition => NodeKind::Repartition,
        _ if method.effect == Effect::Wide
            && matches!(method.receiver, Type::GroupedData | Type::KeyValueGrouped | Type::Rdd) =>
        {
            NodeKind::Aggregate
        }
        _ if method.effect == Effect::Wide => NodeKind::Wide,
        _ if matches!(method.receiver, Type::DataFrame | Type::NaFunctions) => NodeKind::Project,
        _ => NodeKind::Narrow,
    }
}
