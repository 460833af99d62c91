//! Temporary views, and the SQL that reads them.

use std::rc::Rc;

use spark::{Method, Type};

use super::automaton::SiteKind;
use super::interpreter::Interpreter;
use super::value::{Argument, SparkValue, Value};
use super::{Features, NodeId, NodeKind, Place, TextPattern, sql};

impl Interpreter<'_> {
    pub(super) fn view(
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

    pub(super) fn define_view(&mut self, name: &TextPattern, frame: Value) {
        let key = format!("view {}", name.raw().to_ascii_lowercase());
        let key = self.names.symbol(&key);
        let views = self.views;
        self.heap.set(views, key, frame);
    }

    pub(super) fn view_named(&mut self, name: &TextPattern) -> Vec<NodeId> {
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
    pub(super) fn views_like(&self, name: &TextPattern) -> Vec<NodeId> {
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
            // A cell of SQL, where the text stands for the call: the notebook shows what it selects.
            None if place.name.start == place.call.start => {
                self.displayed(node, place, true);
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
}
