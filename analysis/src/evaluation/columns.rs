//! Columns: only what they say, as features.

use std::rc::Rc;

use spark::Type;

use super::interpreter::Interpreter;
use super::value::{Argument, Value};
use super::{Features, sql};

/// Functions all of whose texts are names of columns: those of `pyspark.sql.functions` with several parameters, all `ColumnOrName`.
const ALL_COLUMNS: [&str; 58] = [
    "add_months",
    "array",
    "array_except",
    "array_intersect",
    "array_repeat",
    "array_union",
    "arrays_overlap",
    "arrays_zip",
    "atan2",
    "coalesce",
    "concat",
    "contains",
    "corr",
    "countDistinct",
    "count_distinct",
    "covar_pop",
    "covar_samp",
    "create_map",
    "date_add",
    "date_diff",
    "date_sub",
    "dateadd",
    "datediff",
    "elt",
    "endswith",
    "equal_null",
    "find_in_set",
    "greatest",
    "grouping_id",
    "hash",
    "hypot",
    "ifnull",
    "least",
    "make_date",
    "make_timestamp",
    "map_concat",
    "map_from_arrays",
    "max_by",
    "min_by",
    "months_between",
    "named_struct",
    "nanvl",
    "nullif",
    "nvl",
    "nvl2",
    "pmod",
    "pow",
    "power",
    "printf",
    "sequence",
    "stack",
    "startswith",
    "struct",
    "try_add",
    "try_divide",
    "try_multiply",
    "try_subtract",
    "xxhash64",
];

/// Functions whose first text says how, and whose further ones are names of columns.
const LITERAL_FIRST: [&str; 6] =
    ["concat_ws", "format_string", "date_trunc", "locate", "call_udf", "call_function"];

impl Interpreter<'_> {
    /// Adds what a value says of columns. Where `names` is set, a text is a column's name, else a literal.
    pub(super) fn column_features(&mut self, value: &Value, features: &mut Features, names: bool) {
        self.features_within(value, features, names, 6);
    }

    fn features_within(&self, value: &Value, features: &mut Features, names: bool, depth: u32) {
        if depth == 0 {
            features.names_open = true;
            return;
        }
        match value {
            Value::Column(own) => features.add(own),
            Value::Text(text) => match text.as_exact() {
                Some("*") if names => {}
                Some(text) if names => features.column(text),
                Some(text) => features.literal(text),
                None if names => features.names_open = true,
                None => features.literals_open = true,
            },
            Value::Integer(number) => features.literal(&number.to_string()),
            Value::Float(number) => features.literal(&format!("{number:?}")),
            Value::Boolean(truth) => features.literal(if *truth { "true" } else { "false" }),
            Value::Null => {}
            Value::Sequence(cell) => {
                if let Some(sequence) = self.heap.sequence_of(*cell) {
                    for item in sequence.items.iter().take(200) {
                        self.features_within(item, features, names, depth - 1);
                    }
                    if !sequence.complete {
                        features.names_open |= names;
                        features.literals_open |= !names;
                    }
                }
            }
            Value::Mapping(cell) => {
                if let Some(mapping) = self.heap.mapping_of(*cell) {
                    for (key, value) in mapping.entries.iter().take(200) {
                        self.features_within(key, features, true, depth - 1);
                        match value {
                            // `agg({"amount": "sum"})`.
                            Value::Text(text) if names && text.is_exact() => {
                                features.function(text.raw());
                            }
                            value => self.features_within(value, features, false, depth - 1),
                        }
                    }
                    features.names_open |= !mapping.complete;
                }
            }
            Value::Spark(spark)
                if matches!(spark.kind, Type::Window | Type::UserDefinedFunction) =>
            {
                features.add(&spark.features);
            }
            Value::Spark(_) => {}
            Value::ExecutorFunction(name) => features.function(&self.names.text(*name)),
            Value::Function(_) | Value::Bound(_) | Value::Partial(_) => {}
            Value::Alternatives(values) => {
                for value in values.iter() {
                    let mut own = Features::default();
                    self.features_within(value, &mut own, names, depth - 1);
                    features.add(&own);
                }
                features.names_open |= names;
                features.literals_open |= !names;
            }
            _ => {
                features.names_open |= names;
                features.literals_open = true;
                features.names_open = true;
            }
        }
    }

    /// A method of a column.
    pub(super) fn column_method(
        &mut self,
        object: &Value,
        name: &str,
        arguments: &[Argument],
    ) -> Value {
        let Value::Column(own) = object else { return object.clone() };
        let mut features = (**own).clone();
        match name {
            "alias" | "as" | "name" => {
                for argument in arguments {
                    match self.text_of(&argument.value).as_exact() {
                        Some(alias) => features.alias(alias),
                        None => features.names_open = true,
                    }
                }
            }
            "cast" | "astype" | "try_cast" => {}
            "getField" | "getItem" | "dropFields" | "withField" => {
                for argument in arguments {
                    self.column_features(&argument.value, &mut features, true);
                }
            }
            _ => {
                if matches!(
                    name,
                    "like"
                        | "rlike"
                        | "ilike"
                        | "contains"
                        | "substr"
                        | "isNull"
                        | "isNotNull"
                        | "startsWith"
                        | "startswith"
                        | "endsWith"
                        | "endswith"
                ) {
                    features.function(&name.to_ascii_lowercase());
                }
                for argument in arguments {
                    self.column_features(&argument.value, &mut features, false);
                }
            }
        }
        Value::Column(Rc::new(features))
    }

    /// A function over columns.
    pub(super) fn column_function(&mut self, name: &str, arguments: &[Argument]) -> Value {
        let mut features = Features::default();
        match name {
            "col" | "column" => {
                for argument in arguments {
                    self.column_features(&argument.value, &mut features, true);
                }
            }
            "lit" | "typedLit" | "typedlit" => {
                for argument in arguments {
                    self.column_features(&argument.value, &mut features, false);
                }
            }
            "expr" => {
                for argument in arguments {
                    let text = self.text_of(&argument.value);
                    features.add(&sql::read(&text).features);
                    features.tables.clear();
                }
            }
            _ => {
                features.function(name);
                // A function's first texts are columns where it takes columns by name; further ones say how.
                let all = ALL_COLUMNS.contains(&name);
                let literal_first = LITERAL_FIRST.contains(&name);
                for (at, argument) in arguments.iter().enumerate() {
                    if argument.value.is_callable() {
                        continue;
                    }
                    let names = if literal_first { at > 0 } else { all || at == 0 };
                    // A condition is a column already, and the text beside it a value.
                    let names = names && name != "when";
                    self.column_features(&argument.value, &mut features, names);
                }
            }
        }
        Value::Column(Rc::new(features))
    }

    /// The function that `udf(f)` makes.
    pub(super) fn executor_function(&mut self, function: &Value) -> Value {
        let name = match function {
            Value::Function(closure) => {
                let code = self.code_of(closure.file);
                code.functions
                    .get(closure.function.index())
                    .map(|it| code.name(it.name).to_owned())
                    .unwrap_or_default()
            }
            Value::ExecutorFunction(name) => return Value::ExecutorFunction(*name),
            Value::Bound(pair) => return self.executor_function(&Value::Function(pair.1.clone())),
            _ => String::new(),
        };
        let name = if name.is_empty() { "<lambda>".to_owned() } else { name };
        Value::ExecutorFunction(self.names.symbol(&name))
    }
}
