//! Driver-side and column expressions, as far as they matter to Spark.

use compact_str::CompactString;

use crate::{FunctionId, ValueId};

/// A literal of either language.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `None`, `null`, `()`.
    Null,
    /// `True`, `true`, …
    Boolean(bool),
    /// An integer that fits 64 bits.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// A string without holes, unescaped.
    Text(CompactString),
}

// Float literals come from source text and are never NaN, so equality is reflexive.
impl Eq for Literal {}

/// A piece of an interpolated string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPart {
    /// Text as written, unescaped.
    Literal(CompactString),
    /// A hole with what stands in it.
    Hole(Expression),
}

/// An argument's value, or what a function returns. Names are language-neutral: see [`Expression::Apply`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Expression {
    /// Not understood, or of no matter to Spark.
    #[default]
    Unknown,
    /// A literal.
    Literal(Literal),
    /// An interpolated string (`f"…"`, `s"…"`).
    Text(Vec<TextPart>),
    /// A column by name: `col("x")`, `F.col("x")`, `df.x`, `df["x"]`, `$"x"`, `'x`; `of` is the dataset it was taken from.
    Column {
        /// The column's name as written.
        name: CompactString,
        /// The dataset that it was taken from, where the source says so.
        of: Option<ValueId>,
    },
    /// The n-th parameter (from 0) of the enclosing function.
    Parameter(u32),
    /// The n-th element (from 0) of a tuple, row or list: `kv[0]`, `kv._1`, or the `k` of `case (k, v)`.
    Item(Box<Expression>, u32),
    /// A list, tuple, set or `Seq(…)`.
    List(Vec<Expression>),
    /// A function, method or operator applied: column functions by Spark's name, operators as `=`, `!=`, `<`, `<=`, `>`, `>=`, `+`, `-`, `*`,
    /// `/`, `%`, `and`, `or`, `not`; a method's receiver comes first. Builtins of the languages are normalised: `sum`, `size`
    /// (`len`, `.size`, `.length`), `max`, `min`, `product`, `reduce`, `range` (Scala's
    /// `0 until n` too). A user-defined function applied is `udf` with the function's value first; a constant by name (`StorageLevel.MEMORY_ONLY`) is its last part without arguments; `*xs` that is not written out is `spread`.
    Apply {
        /// The language-neutral name.
        function: CompactString,
        /// Arguments in order, a method's receiver first.
        arguments: Vec<Expression>,
    },
    /// A value of Spark's.
    Value(ValueId),
    /// A function given as an argument.
    Function(FunctionId),
}

impl Expression {
    /// The text of a string literal.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Expression::Literal(Literal::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The value of an integer literal.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Expression::Literal(Literal::Integer(value)) => Some(*value),
            _ => None,
        }
    }

    /// Visits Spark's values in this expression, in the order of [`Expression::walk`].
    pub fn each_value(&self, visit: &mut impl FnMut(ValueId)) {
        match self {
            Expression::Value(value) => visit(*value),
            Expression::Text(parts) => {
                for part in parts {
                    if let TextPart::Hole(hole) = part {
                        hole.each_value(visit);
                    }
                }
            }
            Expression::Item(inner, _) => inner.each_value(visit),
            Expression::List(items) | Expression::Apply { arguments: items, .. } => {
                for item in items {
                    item.each_value(visit);
                }
            }
            Expression::Unknown
            | Expression::Literal(_)
            | Expression::Column { .. }
            | Expression::Parameter(_)
            | Expression::Function(_) => {}
        }
    }

    /// Visits this expression and everything below it, outermost first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Expression)) {
        visit(self);
        match self {
            Expression::Text(parts) => {
                for part in parts {
                    if let TextPart::Hole(hole) = part {
                        hole.walk(visit);
                    }
                }
            }
            Expression::Item(inner, _) => inner.walk(visit),
            Expression::List(items) | Expression::Apply { arguments: items, .. } => {
                for item in items {
                    item.walk(visit);
                }
            }
            Expression::Unknown
            | Expression::Literal(_)
            | Expression::Column { .. }
            | Expression::Parameter(_)
            | Expression::Value(_)
            | Expression::Function(_) => {}
        }
    }
}
