//! Calls of Spark that leave a trace in the log: actions, writes, checkpoints, streams.

use std::rc::Rc;

use spark::{Method, Outcome, Type};

use super::automaton::{EdgeKind, Site, SiteKind};
use super::interpreter::Interpreter;
use super::value::{Argument, SparkValue, UNKNOWN, Value};
use super::{Features, NodeId, NodeKind, Place, TextPattern};

impl Interpreter<'_> {
    pub(super) fn action(
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

    /// A notebook shows a dataset by means of its own: `display(df)`, a cell of SQL.
    pub(super) fn displayed(&mut self, node: NodeId, place: Place, optional: bool) {
        let mut features = Features::default();
        features.detail_of("limit", TextPattern::unknown());
        self.plain_site(
            SiteKind::Action,
            "display",
            Type::DataFrame,
            place,
            Some(node),
            features,
            (optional, true),
        );
    }

    pub(super) fn write(
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
            // What is not a dataset's may be a model's, which is written in parts.
            (false, name == "save" && spark.node.is_none()),
        );
    }

    pub(super) fn checkpoint(
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

    pub(super) fn stream(
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
}
