//! Members by names that are computed, and questions about types.

use spark::Type;

use super::TextPattern;
use super::heap::NamesKind;
use super::interpreter::Interpreter;
use super::value::{UNKNOWN, Value};

impl Interpreter<'_> {
    /// The members of an object whose name may be this, for a call of one of them.
    pub(super) fn members_like(&mut self, object: &Value, name: &TextPattern) -> Value {
        let mut cells = Vec::new();
        match object {
            Value::Instance(cell) => {
                cells.push(*cell);
                let class = self.names.symbol("__class__");
                if let Value::Class(class) = self.plain_attribute(object, class) {
                    cells.push(class);
                }
            }
            Value::Class(cell) => cells.push(*cell),
            Value::Module(file) => cells.extend(self.modules.get(file)),
            _ => {}
        }
        let mut found = Vec::new();
        for cell in cells {
            for (member, value) in self.heap.names(cell) {
                let text = self.names.text(member);
                if value.is_callable() && !text.starts_with("__") && name.matches(&text) {
                    found.push(member);
                }
            }
        }
        found.truncate(super::interpreter::ALTERNATIVES);
        let values: Vec<Value> =
            found.into_iter().map(|it| self.plain_attribute(object, it)).collect();
        if values.is_empty() { UNKNOWN } else { self.join_all(&values) }
    }

    pub(super) fn is_instance(&mut self, value: &Value, class: &Value) -> Value {
        let classes = match class {
            Value::Sequence(_) => self.items_of(class).0,
            single => vec![single.clone()],
        };
        let mut sure = true;
        for class in classes {
            let answer = match (&class, value) {
                (_, Value::Unknown(_) | Value::Alternatives(_) | Value::Library(..)) => None,
                (Value::Class(wanted), Value::Instance(cell)) => self.inherits(*cell, *wanted),
                (Value::Class(_), _) => Some(false),
                (Value::Path(path), value) => {
                    let path = self.names.text(*path);
                    match (path.rsplit('.').next().unwrap_or_default(), value) {
                        ("str", Value::Text(_))
                        | ("list" | "tuple", Value::Sequence(_))
                        | ("dict", Value::Mapping(_))
                        | ("int", Value::Integer(_))
                        | ("bool", Value::Boolean(_))
                        | ("float", Value::Float(_)) => Some(true),
                        ("DataFrame", Value::Spark(spark)) => Some(spark.kind == Type::DataFrame),
                        ("Column", Value::Column(_)) => Some(true),
                        (
                            "str" | "list" | "dict" | "int" | "DataFrame" | "Column",
                            Value::Instance(_),
                        ) => None,
                        ("str" | "list" | "dict" | "int" | "DataFrame" | "tuple", Value::Null) => {
                            Some(false)
                        }
                        (
                            "str",
                            Value::Sequence(_)
                            | Value::Mapping(_)
                            | Value::Spark(_)
                            | Value::Column(_),
                        )
                        | (
                            "list" | "tuple",
                            Value::Text(_) | Value::Mapping(_) | Value::Spark(_),
                        )
                        | ("dict", Value::Text(_) | Value::Sequence(_) | Value::Spark(_)) => {
                            Some(false)
                        }
                        _ => None,
                    }
                }
                _ => None,
            };
            match answer {
                Some(true) => return Value::Boolean(true),
                Some(false) => {}
                None => sure = false,
            }
        }
        if sure { Value::Boolean(false) } else { UNKNOWN }
    }

    pub(super) fn inherits(
        &self,
        instance: super::heap::CellId,
        wanted: super::heap::CellId,
    ) -> Option<bool> {
        let Some(NamesKind::Instance(class, _)) = self.heap.kind(instance) else { return None };
        let mut open = vec![*class];
        let mut foreign = false;
        let mut steps = 0;
        while let Some(class) = open.pop()
            && steps < 40
        {
            steps += 1;
            if class == wanted {
                return Some(true);
            }
            let of = self.heap.class_of(class)?;
            for base in &of.bases {
                match base {
                    Value::Class(base) => open.push(*base),
                    Value::Path(_) => {}
                    _ => foreign = true,
                }
            }
        }
        (!foreign).then_some(false)
    }
}
