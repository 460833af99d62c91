//! Calls of Spark's API: what they make of the lineage, and which of them are sites.

use std::rc::Rc;

use program::Language;
use spark::{Effect, Method, Outcome, Type};

use super::automaton::{EdgeKind, Site, SiteKind};
use super::interpreter::Interpreter;
use super::value::{Argument, Setting, SparkValue, UNKNOWN, Value};
use super::{
    ArgumentValue, CallRecord, Constant, Features, NodeId, NodeKind, Place, Reason, TextPattern,
    sql,
};

impl Interpreter<'_> {
    /// A method of a value of Spark's API.
    pub(super) fn spark_method(
        &mut self,
        object: &Value,
        spark: &Rc<SparkValue>,
        text: &str,
        arguments: Vec<Argument>,
        place: Place,
    ) -> Value {
        let language = self.language();
        let text = if text == "as" && spark.kind == Type::DataFrame && arguments.len() == 1 {
            "alias"
        } else {
            text
        };
        let Some(method) = spark::api().method(language, spark.kind, text) else {
            return self.foreign_method(object, spark, text, arguments, place);
        };
        self.record(method, spark, &arguments, place);
        if method.outcome == Outcome::Spark(Type::Column) || spark.kind == Type::Column {
            let mut features = (*spark.features).clone();
            for argument in &arguments {
                self.column_features(&argument.value, &mut features, true);
            }
            return Value::Column(Rc::new(features));
        }
        match method.effect {
            Effect::Configure | Effect::Other | Effect::Expression | Effect::BroadcastHint => {
                self.configure(spark, method, &arguments)
            }
            Effect::Metadata => match method.outcome {
                Outcome::Spark(kind) => Value::spark(kind, spark.node),
                _ => UNKNOWN,
            },
            Effect::Read => self.read(spark, method, &arguments, place),
            Effect::Narrow | Effect::Wide | Effect::Repartition => {
                self.transformation(object, spark, method, arguments, place)
            }
            Effect::Action => {
                self.action(spark, method, &arguments, place);
                UNKNOWN
            }
            Effect::Write => {
                self.write(spark, method, &arguments, place);
                Value::Null
            }
            Effect::Persist => {
                if let Some(node) = spark.node
                    && self.dry == 0
                {
                    let cached = &mut self.nodes[node.index()].cached;
                    if !cached.contains(&place) {
                        cached.push(place);
                    }
                }
                object.clone()
            }
            Effect::Unpersist => object.clone(),
            Effect::Checkpoint => self.checkpoint(spark, method, &arguments, place),
            Effect::Sql => {
                let text = self.first(&arguments, &["sqlQuery", "sqlText"]);
                let text = text.map_or_else(TextPattern::unknown, |it| self.text_of(&it));
                self.sql(&text, place)
            }
            Effect::View => {
                self.view(spark, method, &arguments, place);
                Value::Null
            }
            Effect::StreamStart => self.stream(spark, method, &arguments, place),
        }
    }

    /// A method that Spark's class does not have: one that the workspace adds to it, or one of a library.
    fn foreign_method(
        &mut self,
        object: &Value,
        spark: &Rc<SparkValue>,
        text: &str,
        arguments: Vec<Argument>,
        place: Place,
    ) -> Value {
        // `with session as spark`, `future.result()` of what a pool gave.
        if matches!(text, "result" | "__enter__" | "get") && arguments.len() <= 1 {
            return object.clone();
        }
        if self.language() == Language::Scala
            && let Some(candidates) = self.index.by_method.get(text).cloned()
        {
            // An implicit class that wraps what the method is called on.
            for (file, class) in candidates {
                let code = self.code_of(file);
                let definition = code.classes[class.index()];
                if definition.parameters.length != 1 || definition.runs {
                    continue;
                }
                let name = self.symbol_in(file, definition.name);
                let known = self.lookup(name).or_else(|| {
                    let scope = self.modules.get(&file).copied()?;
                    self.heap.get(scope, name)
                });
                if let Some(Value::Class(cell)) = known {
                    let wrapped =
                        self.instantiate(cell, vec![Argument::positional(object.clone())], place);
                    let name = self.names.symbol(text);
                    return self.method(&wrapped, name, arguments, place);
                }
            }
        }
        self.opaque_call(Reason::UnknownMethod, object, &arguments, place, text);
        if spark.kind.is_dataset() {
            self.note(Reason::UnknownMethod, place, text);
        }
        let frames =
            self.frames_of(std::iter::once(object).chain(arguments.iter().map(|it| &it.value)));
        Value::may_hold(&frames)
    }

    fn first(&self, arguments: &[Argument], keywords: &[&str]) -> Option<Value> {
        self.nth(arguments, 0, keywords)
    }

    /// The argument at a position, or of one of these keywords.
    fn nth(&self, arguments: &[Argument], position: usize, keywords: &[&str]) -> Option<Value> {
        let named = arguments
            .iter()
            .find(|it| it.name.is_some_and(|name| keywords.contains(&&*self.names.text(name))));
        named
            .or_else(|| arguments.iter().filter(|it| it.name.is_none() && !it.rest).nth(position))
            .map(|it| it.value.clone())
    }

    // Settings.

    fn configure(
        &mut self,
        spark: &Rc<SparkValue>,
        method: &Method,
        arguments: &[Argument],
    ) -> Value {
        let name = method.name();
        let Outcome::Spark(kind) = method.outcome else {
            return match (spark.kind, name) {
                (Type::Session, "udf") => Value::spark(Type::UserDefinedFunction, None),
                _ => UNKNOWN,
            };
        };
        if kind == Type::UserDefinedFunction {
            let function = arguments.get(1).or(arguments.first()).map(|it| it.value.clone());
            return function.map_or(UNKNOWN, |it| self.executor_function(&it));
        }
        let mut next = SparkValue {
            kind,
            node: spark.node,
            settings: Rc::clone(&spark.settings),
            features: Rc::clone(&spark.features),
            batch: spark.batch.clone(),
        };
        if kind == Type::Session || kind == Type::Context {
            return Value::spark(kind, None);
        }
        if kind != spark.kind && !matches!(name, "writeTo") {
            next.settings = Rc::default();
        }
        match name {
            "option" => {
                let key = self.nth(arguments, 0, &["key"]).map(|it| self.text_of(&it));
                let value = self.nth(arguments, 1, &["value"]);
                let value = value.map_or_else(TextPattern::unknown, |it| self.text_of(&it));
                if let Some(key) = key.as_ref().and_then(TextPattern::as_exact) {
                    set(&mut next.settings, key, value);
                }
            }
            "options" => {
                let mut pairs: Vec<(String, TextPattern)> = Vec::new();
                for argument in arguments {
                    match (argument.name, &argument.value) {
                        (Some(name), value) => {
                            pairs.push((self.names.text(name).to_string(), self.text_of(value)));
                        }
                        (None, Value::Mapping(cell)) => {
                            let entries = self
                                .heap
                                .mapping_of(*cell)
                                .map(|it| it.entries.to_vec())
                                .unwrap_or_default();
                            for (key, value) in entries {
                                if let Value::Text(key) = &key
                                    && let Some(key) = key.as_exact()
                                {
                                    pairs.push((key.to_owned(), self.text_of(&value)));
                                }
                            }
                        }
                        _ => {}
                    }
                }
                for (key, value) in pairs {
                    set(&mut next.settings, &key, value);
                }
            }
            "foreachBatch" => {
                next.batch = arguments.first().map(|it| it.value.clone());
            }
            "partitionBy" | "bucketBy" | "sortBy" | "orderBy" | "clusterBy" | "partitionedBy"
            | "rowsBetween" | "rangeBetween" => {
                let mut features = (*next.features).clone();
                let mut own = Features::default();
                for argument in arguments {
                    if !matches!(argument.value, Value::Integer(_)) {
                        self.column_features(&argument.value, &mut own, true);
                    }
                }
                own.keys.clone_from(&own.columns);
                features.add(&own);
                next.features = Rc::new(features);
            }
            "hint" => {}
            _ => {
                if let Some(value) = arguments.first() {
                    let value = self.text_of(&value.value);
                    set(&mut next.settings, name, value);
                }
            }
        }
        Value::Spark(Rc::new(next))
    }

    // Reads.

    fn read(
        &mut self,
        spark: &Rc<SparkValue>,
        method: &Method,
        arguments: &[Argument],
        place: Place,
    ) -> Value {
        let Outcome::Spark(kind) = method.outcome else { return UNKNOWN };
        let name = method.name();
        let mut features = Features::default();
        let creates = matches!(
            name,
            "createDataFrame"
                | "range"
                | "parallelize"
                | "makeRDD"
                | "emptyRDD"
                | "emptyDataFrame"
                | "emptyDataset"
                | "createDataset"
        );
        let mut parents = Vec::new();
        if creates {
            parents = self.frames_of(arguments.iter().map(|it| &it.value));
            if name == "createDataFrame"
                && let Some(schema) = self.nth(arguments, 1, &["schema"])
            {
                let mut schema_features = Features::default();
                self.column_features(&schema, &mut schema_features, true);
                features.aliases = schema_features.columns;
                features.names_open |= schema_features.names_open;
            }
        } else if name == "table" {
            let table = self.first(arguments, &["tableName"]);
            let table = table.map_or_else(TextPattern::unknown, |it| self.text_of(&it));
            parents.extend(self.view_named(&table));
            features.tables.push(table);
        } else {
            let path = self.first(arguments, &["path", "paths", "source"]);
            let mut paths: Vec<TextPattern> = Vec::new();
            match &path {
                Some(first) => self.texts(first, &mut paths),
                None => {
                    let option = spark.settings.iter().find(|it| &*it.name == "path");
                    paths.extend(option.map(|it| it.value.clone()));
                }
            }
            // Scala's readers take several paths.
            if self.language() == Language::Scala {
                for argument in arguments.iter().skip(1).filter(|it| it.name.is_none()) {
                    self.texts(&argument.value, &mut paths);
                }
            }
            if name == "jdbc" || spark.settings.iter().any(|it| &*it.name == "dbtable") {
                let table = self.nth(arguments, 1, &["table"]).map(|it| self.text_of(&it));
                let option = spark
                    .settings
                    .iter()
                    .find(|it| &*it.name == "dbtable")
                    .map(|it| it.value.clone());
                features.tables.extend(table.or(option));
                paths.clear();
            }
            features.paths = paths;
            features.paths.truncate(200);
            let format = self
                .nth(arguments, usize::MAX, &["format"])
                .map(|it| self.text_of(&it))
                .or_else(|| {
                    spark
                        .settings
                        .iter()
                        .find(|it| &*it.name == "format")
                        .map(|it| it.value.clone())
                })
                .unwrap_or_else(|| TextPattern::exact(name));
            features.detail_of("format", format);
        }
        if kind == Type::Rdd {
            features.names_open = true;
        }
        let made = if creates { NodeKind::Create } else { NodeKind::Read };
        let node = self.node(made, kind, name, Some(place), parents, features.clone());
        let reader = matches!(spark.kind, Type::Reader) && name != "table";
        let sampled = name == "createDataFrame"
            && arguments.first().is_some_and(
                |it| matches!(&it.value, Value::Spark(value) if value.kind == Type::Rdd),
            );
        if reader || sampled {
            let kind = if reader { SiteKind::Read } else { SiteKind::RddJobs };
            self.plain_site(kind, name, spark.kind, place, Some(node), features, (true, true));
        }
        Value::spark(kind, Some(node))
    }

    fn texts(&self, value: &Value, into: &mut Vec<TextPattern>) {
        match value {
            Value::Sequence(cell) => {
                if let Some(sequence) = self.heap.sequence_of(*cell) {
                    into.extend(sequence.items.iter().take(200).map(|it| self.text_of(it)));
                    if !sequence.complete {
                        into.push(TextPattern::unknown());
                    }
                }
            }
            Value::Alternatives(values)
                if values.iter().all(|it| matches!(it, Value::Text(_) | Value::Null)) =>
            {
                into.push(self.text_of(value));
            }
            other => into.push(self.text_of(other)),
        }
    }

    // Transformations.

    fn transformation(
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

    fn transformed_with(
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
    fn transform(&mut self, object: &Value, arguments: Vec<Argument>, place: Place) -> Value {
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

    fn transformation_features(
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

    // Sites.

    fn action(
        &mut self,
        spark: &Rc<SparkValue>,
        method: &Method,
        arguments: &[Argument],
        place: Place,
    ) {
        let name = method.name();
        let mut features = Features::default();
        let count = self.nth(arguments, 0, &["n", "num", "numRows"]);
        let limit = match (name, count) {
            (
                "show" | "take" | "head" | "tail" | "takeAsList" | "takeOrdered" | "top",
                Some(count),
            ) => match count {
                Value::Integer(count) => Some(TextPattern::exact(&count.to_string())),
                Value::Boolean(_) if name == "show" => Some(TextPattern::exact("20")),
                _ => Some(TextPattern::unknown()),
            },
            ("show", None) => Some(TextPattern::exact("20")),
            ("head" | "first" | "isEmpty", None) => Some(TextPattern::exact("1")),
            _ => None,
        };
        if let Some(limit) = limit {
            features.detail_of("limit", limit);
        }
        let jobs_only = spark.kind == Type::Rdd || matches!(name, "foreach" | "foreachPartition");
        if matches!(name, "approxQuantile" | "corr" | "cov" | "freqItems" | "crosstab") {
            for argument in arguments {
                self.column_features(&argument.value, &mut features, true);
            }
        }
        let repeats = jobs_only
            && matches!(
                name,
                "take" | "first" | "isEmpty" | "foreach" | "foreachPartition" | "toLocalIterator"
            );
        self.plain_site(
            SiteKind::Action,
            name,
            spark.kind,
            place,
            spark.node,
            features,
            (false, repeats || name == "toLocalIterator"),
        );
    }

    fn write(
        &mut self,
        spark: &Rc<SparkValue>,
        method: &Method,
        arguments: &[Argument],
        place: Place,
    ) {
        let name = method.name();
        let setting = |wanted: &str| {
            spark.settings.iter().find(|it| &*it.name == wanted).map(|it| it.value.clone())
        };
        let mut features = (*spark.features).clone();
        let first = self.first(arguments, &["path", "name", "tableName"]);
        let first = first.map(|it| self.text_of(&it));
        match (spark.kind, name) {
            (Type::Writer, "saveAsTable" | "insertInto") => {
                features.tables.push(first.unwrap_or_else(TextPattern::unknown));
            }
            (Type::Writer, "jdbc") => {
                let table = self.nth(arguments, 1, &["table"]).map(|it| self.text_of(&it));
                features.tables.push(table.unwrap_or_else(TextPattern::unknown));
            }
            (Type::WriterV2, _) => {
                features.tables.push(setting("writeTo").unwrap_or_else(TextPattern::unknown));
            }
            _ => {
                let path = first.or_else(|| setting("path"));
                match (path, setting("dbtable").or_else(|| setting("table"))) {
                    (None, Some(table)) => features.tables.push(table),
                    (path, _) => features.paths.push(path.unwrap_or_else(TextPattern::unknown)),
                }
            }
        }
        let format = self
            .nth(arguments, usize::MAX, &["format"])
            .map(|it| self.text_of(&it))
            .or_else(|| setting("format"));
        let format = match name {
            "save" | "saveAsTable" => format,
            _ => Some(TextPattern::exact(name)),
        };
        if let Some(format) = format {
            features.detail_of("format", format);
        }
        let mode = self
            .nth(arguments, usize::MAX, &["mode"])
            .map(|it| self.text_of(&it))
            .or_else(|| setting("mode"));
        if let Some(mode) = mode {
            features.detail_of("mode", mode);
        }
        self.plain_site(
            SiteKind::Write,
            name,
            spark.kind,
            place,
            spark.node,
            features,
            (false, false),
        );
    }

    fn checkpoint(
        &mut self,
        spark: &Rc<SparkValue>,
        method: &Method,
        arguments: &[Argument],
        place: Place,
    ) -> Value {
        let Outcome::Spark(kind) = method.outcome else { return Value::Null };
        let parents = spark.node.into_iter().collect();
        let name = method.name();
        let node =
            self.node(NodeKind::Checkpoint, kind, name, Some(place), parents, Features::default());
        let eager = self.first(arguments, &["eager"]);
        if !matches!(eager, Some(Value::Boolean(false))) {
            let none = Features::default();
            let parent = spark.node;
            self.plain_site(SiteKind::Action, name, spark.kind, place, parent, none, (false, true));
        }
        Value::spark(kind, Some(node))
    }

    fn view(
        &mut self,
        spark: &Rc<SparkValue>,
        method: &Method,
        arguments: &[Argument],
        place: Place,
    ) {
        let name = method.name();
        if method.receiver != Type::DataFrame && !name.starts_with("register") {
            return;
        }
        let texts: Vec<TextPattern> = arguments.iter().map(|it| self.text_of(&it.value)).collect();
        let table = match name {
            "registerDataFrameAsTable" => texts.get(1).cloned(),
            _ => texts.first().cloned(),
        };
        let table = table.unwrap_or_else(TextPattern::unknown);
        let frame = match name {
            "registerDataFrameAsTable" => arguments.first().map(|it| it.value.clone()),
            _ => spark.node.map(|node| Value::spark(Type::DataFrame, Some(node))),
        };
        if let Some(frame) = frame {
            self.define_view(&table, frame);
        }
        let mut features = Features::default();
        features.tables.push(table);
        self.plain_site(
            SiteKind::View,
            name,
            spark.kind,
            place,
            spark.node,
            features,
            (true, false),
        );
    }

    fn define_view(&mut self, name: &TextPattern, frame: Value) {
        let key = format!("view {}", name.raw().to_ascii_lowercase());
        let key = self.names.symbol(&key);
        let views = self.views;
        self.heap.set(views, key, frame);
    }

    fn view_named(&mut self, name: &TextPattern) -> Vec<NodeId> {
        let text = name.raw().to_ascii_lowercase();
        let text = text.strip_prefix("global_temp.").unwrap_or(&text);
        if let Some(key) = self.names.known(&format!("view {text}"))
            && let Some(view) = self.heap.get(self.views, key)
        {
            return self.frames(&view);
        }
        if name.is_exact() {
            return Vec::new();
        }
        self.views_like(name)
    }

    /// All views whose name may be this.
    fn views_like(&self, name: &TextPattern) -> Vec<NodeId> {
        let mut found = Vec::new();
        for (key, view) in self.heap.names(self.views) {
            let key = self.names.text(key);
            if let Some(view_name) = key.strip_prefix("view ")
                && (name.matches(view_name) || view_name.contains('\u{FFFF}'))
            {
                for node in self.frames(&view) {
                    if !found.contains(&node) {
                        found.push(node);
                    }
                }
            }
        }
        found
    }

    /// `spark.sql(text)`.
    pub(super) fn sql(&mut self, text: &TextPattern, place: Place) -> Value {
        let statement = sql::read(text);
        let mut features = statement.features;
        let mut parents = Vec::new();
        if text.is_unknown() {
            features.names_open = true;
            features.literals_open = true;
            parents = self.views_like(text);
        }
        let written = match statement.site {
            Some(SiteKind::SqlWrite) => features.tables.first().cloned(),
            _ => None,
        };
        for table in features.tables.clone() {
            for node in self.view_named(&table) {
                if !parents.contains(&node) {
                    parents.push(node);
                }
            }
        }
        features.detail_of("text", text.clone());
        if let Some(written) = written {
            features.detail_of("written", written);
        }
        let node = self.node(
            NodeKind::Sql,
            Type::DataFrame,
            "sql",
            Some(place),
            parents,
            features.clone(),
        );
        if let Some(view) = &statement.view {
            let value = Value::spark(Type::DataFrame, Some(node));
            self.define_view(&TextPattern::exact(view), value);
        }
        match statement.site {
            Some(kind) => {
                let optional = kind == SiteKind::View;
                self.plain_site(
                    kind,
                    "sql",
                    Type::Session,
                    place,
                    Some(node),
                    features,
                    (optional, false),
                );
            }
            None if text.raw().trim_start().starts_with('\u{FFFF}') => {
                // It may be a statement that runs by itself.
                self.plain_site(
                    SiteKind::View,
                    "sql",
                    Type::Session,
                    place,
                    Some(node),
                    features,
                    (true, false),
                );
            }
            None => {}
        }
        Value::spark(Type::DataFrame, Some(node))
    }

    fn stream(
        &mut self,
        spark: &Rc<SparkValue>,
        method: &Method,
        arguments: &[Argument],
        place: Place,
    ) -> Value {
        let mut features = (*spark.features).clone();
        let setting = |wanted: &str| {
            spark.settings.iter().find(|it| &*it.name == wanted).map(|it| it.value.clone())
        };
        let first = self.first(arguments, &["path", "tableName"]).map(|it| self.text_of(&it));
        if method.name() == "toTable" {
            features.tables.push(first.unwrap_or_else(TextPattern::unknown));
        } else if let Some(path) = first.or_else(|| setting("path")) {
            features.paths.push(path);
        }
        for (from, to) in [("format", "format"), ("outputMode", "mode"), ("queryName", "query")] {
            if let Some(value) = setting(from) {
                features.detail_of(to, value);
            }
        }
        let batch = spark.batch.as_ref().map(|_| self.new_state());
        let site = Site {
            kind: SiteKind::Stream,
            method: method.name().to_owned(),
            receiver: spark.kind,
            place,
            path: self.path(),
            node: spark.node,
            optional: true,
            repeats: true,
            features,
            batch: if self.dry == 0 { batch } else { None },
            guessed: false,
        };
        self.site(site);
        if let (Some(function), Some(batch), Some(after)) = (&spark.batch, batch, self.current) {
            // Each micro-batch runs the function from its beginning.
            let parents = spark.node.into_iter().collect();
            let none = Features::default();
            let node = self.node(
                NodeKind::Batch,
                Type::DataFrame,
                "foreachBatch",
                Some(place),
                parents,
                none,
            );
            self.edge(after, batch, EdgeKind::Empty);
            self.current = Some(batch);
            let frame = Argument::positional(Value::spark(Type::DataFrame, Some(node)));
            let function = function.clone();
            self.repeat(&mut |this| {
                this.call(&function, vec![frame.clone(), Argument::positional(UNKNOWN)], place);
                if let Some(end) = this.current {
                    this.edge(end, batch, EdgeKind::Empty);
                }
            });
            self.current = Some(after);
        }
        Value::spark(Type::StreamingQuery, None)
    }

    // Calls as they stand, for rules.

    fn record(
        &mut self,
        method: &Method,
        spark: &Rc<SparkValue>,
        arguments: &[Argument],
        place: Place,
    ) {
        if self.dry > 0 || self.records.len() >= self.limits.records {
            return;
        }
        let arguments = arguments
            .iter()
            .map(|it| ArgumentValue {
                name: it.name.map(|name| self.names.text(name).to_string()),
                value: self.constant(&it.value, 4),
                rest: it.rest,
            })
            .collect();
        let path = self.path();
        self.records.push(CallRecord {
            method: method.name(),
            receiver: spark.kind,
            node: spark.node,
            place,
            path,
            arguments,
        });
    }

    /// A value as rules see it.
    pub(super) fn constant(&self, value: &Value, depth: u32) -> Constant {
        match value {
            Value::Null => Constant::Null,
            Value::Boolean(value) => Constant::Boolean(*value),
            Value::Integer(value) => Constant::Integer(*value),
            Value::Float(value) => Constant::Float(*value),
            Value::Text(text) => Constant::Text(text.clone()),
            Value::Sequence(cell) if depth > 0 => match self.heap.sequence_of(*cell) {
                Some(sequence) => Constant::List {
                    items: sequence
                        .items
                        .iter()
                        .take(200)
                        .map(|it| self.constant(it, depth - 1))
                        .collect(),
                    complete: sequence.complete && sequence.items.len() <= 200,
                },
                None => Constant::Unknown,
            },
            Value::Mapping(cell) if depth > 0 => match self.heap.mapping_of(*cell) {
                Some(mapping) => Constant::Mapping {
                    entries: mapping
                        .entries
                        .iter()
                        .take(200)
                        .map(|(key, value)| {
                            (self.constant(key, depth - 1), self.constant(value, depth - 1))
                        })
                        .collect(),
                    complete: mapping.complete && mapping.entries.len() <= 200,
                },
                None => Constant::Unknown,
            },
            Value::Spark(value) => match value.node {
                Some(node) if value.kind.is_dataset() => Constant::Dataset(node),
                _ => Constant::Unknown,
            },
            Value::Column(features) => Constant::Column(Box::new((**features).clone())),
            Value::Function(closure) => {
                let code = self.code_of(closure.file);
                let name = code
                    .functions
                    .get(closure.function.index())
                    .map_or("", |it| code.name(it.name));
                Constant::Function(name.to_owned())
            }
            Value::ExecutorFunction(name) => Constant::Function(self.names.text(*name).to_string()),
            Value::Alternatives(values) if depth > 0 => Constant::Alternatives(
                values.iter().map(|it| self.constant(it, depth - 1)).collect(),
            ),
            _ => Constant::Unknown,
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

fn set(settings: &mut Rc<Vec<Setting>>, name: &str, value: TextPattern) {
    let all = Rc::make_mut(settings);
    all.retain(|it| !it.name.eq_ignore_ascii_case(name));
    if all.len() < 100 {
        all.push(Setting { name: name.into(), value });
    }
}

/// What a transformation makes.
fn node_kind(method: &Method) -> NodeKind {
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
