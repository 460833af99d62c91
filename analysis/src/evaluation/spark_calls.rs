//! Calls of Spark's API: what they make of the lineage, and which of them are sites.

use std::rc::Rc;

use program::Language;
use spark::{Effect, Method, Outcome, Type};

use super::automaton::SiteKind;
use super::interpreter::Interpreter;
use super::value::{Argument, Setting, SparkValue, UNKNOWN, Value};
use super::{Features, NodeKind, Place, Reason, TextPattern};

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

    pub(super) fn first(&self, arguments: &[Argument], keywords: &[&str]) -> Option<Value> {
        self.nth(arguments, 0, keywords)
    }

    /// The argument at a position, or of one of these keywords.
    pub(super) fn nth(
        &self,
        arguments: &[Argument],
        position: usize,
        keywords: &[&str],
    ) -> Option<Value> {
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

    pub(super) fn texts(&self, value: &Value, into: &mut Vec<TextPattern>) {
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
}

fn set(settings: &mut Rc<Vec<Setting>>, name: &str, value: TextPattern) {
    let all = Rc::make_mut(settings);
    all.retain(|it| !it.name.eq_ignore_ascii_case(name));
    if all.len() < 100 {
        all.push(Setting { name: name.into(), value });
    }
}
