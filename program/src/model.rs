//! The model's types.

use compact_str::CompactString;
use spark::{Effect, Language, Type};

use crate::{Expression, TextRange};

macro_rules! index {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the program's vector.
            #[must_use]
            #[inline]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }
    };
}

index!(
    /// A call in [`Program::calls`].
    CallId, "c"
);
index!(
    /// A value in [`Program::values`].
    ValueId, "v"
);
index!(
    /// A scope in [`Program::scopes`].
    ScopeId, "s"
);
index!(
    /// A function in [`Program::functions`].
    FunctionId, "f"
);

/// What one source file asks Spark to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// The language it was written in. Not part of the text form.
    pub language: Language,
    /// Whether the file names Spark at all: an import of it, or a notebook's marker.
    pub uses_spark: bool,
    /// The code cells of a notebook, in order; none for any other file. Not part of the text form.
    pub cells: Vec<Cell>,
    /// Imports in order.
    pub imports: Vec<Import>,
    /// Scopes; the first is the file itself, a parent stands before its children.
    pub scopes: Vec<Scope>,
    /// Spark values (dataset versions, sessions, readers, columns bound to names…). An origin's inputs may stand after it only
    /// in [`Origin::Loop`].
    pub values: Vec<Value>,
    /// Calls of Spark's API in evaluation order.
    pub calls: Vec<Call>,
    /// Assignments of Spark values to names, in evaluation order.
    pub bindings: Vec<Binding>,
    /// Functions: definitions of the file, and lambdas given to Spark.
    pub functions: Vec<Function>,
    /// Comments that begin with `stagelight:`, for suppressions.
    pub comments: Vec<Comment>,
    /// What the driver's statements do, for the abstract evaluation. Not part of the text form.
    pub driver: crate::driver::Driver,
    /// Methods of Spark values that are named without being called (`df.cache` in Python).
    pub uncalled: Vec<Uncalled>,
    /// Calls that look like Spark's but whose receiver stayed unknown.
    pub unresolved: Vec<Unresolved>,
    /// Number of syntax errors the parser recovered from.
    pub syntax_errors: u32,
    /// Parts that were passed over, the first few of them: they nest too deep, or would cost a parser more than their length allows. Not
    /// part of the text form.
    pub left_out: Vec<TextRange>,
    /// What it tells other files. Not part of the text form.
    pub summary: crate::Summary,
}

/// A code cell of a notebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Its place among all cells of the notebook, those with prose included, from 1.
    pub number: u32,
    /// Its text.
    pub range: TextRange,
    /// The hash of its text by which Jupyter's kernel names it.
    pub hash: u32,
}

/// One imported name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The module or package path as written, with dots (`pyspark.sql.functions`, `org.apache.spark.sql.functions`). For a notebook's
    /// `%run` a percent sign and the path without its ending (`%./shared/setup`).
    pub path: String,
    /// The member imported from it, `*` for all (Scala's `_` too).
    pub member: Option<String>,
    /// The name it is bound to here.
    pub alias: Option<String>,
    /// Where.
    pub range: TextRange,
}

/// A region of code with a role in control flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Its role.
    pub kind: ScopeKind,
    /// The enclosing scope; none for the file.
    pub parent: Option<ScopeId>,
    /// The code it covers, header included.
    pub range: TextRange,
    /// The header that opens it (`for … in …`, `def …`).
    pub header: TextRange,
}

/// The role of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeKind {
    /// The file.
    File,
    /// A class or object, by name.
    Class(String),
    /// A function or method, by name.
    Function(String),
    /// A `for`, `while`, comprehension, or a driver-side `foreach`/`map` over a local collection. The iterated expression belongs to the parent.
    Loop {
        /// How often it runs at most, where the source says so.
        iterations: Option<u64>,
    },
    /// One arm of an `if`, `match` or `try`. Arms of one statement share `statement` and exclude one another.
    Branch {
        /// Offset of the statement, so that arms of one statement can be told.
        statement: u32,
        /// Position among the arms, from 0.
        arm: u32,
    },
    /// A function that runs on the executors: the argument of a transformation, or a user-defined function.
    Closure,
}

/// How sure a value's type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// Only one Spark type has the method that was called on it.
    Guessed,
    /// By annotation or by the conventional name of an ambient session.
    Declared,
    /// It flows from a session of this file.
    Known,
}

/// A value of Spark's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Its type.
    pub kind: Type,
    /// How sure the type is: the weakest link of its lineage.
    pub confidence: Confidence,
    /// Where it comes from.
    pub origin: Origin,
    /// The most rows it can have, where the source alone says so.
    pub bound: Option<Bound>,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The result of a call.
    Call(CallId),
    /// A parameter of a function of the file.
    Parameter {
        /// The function.
        function: FunctionId,
        /// Which parameter, from 0.
        index: u32,
    },
    /// One of several, after branches merge. Of a single value: an element of a collection that it stands for.
    Merge(Vec<ValueId>),
    /// At the head of a loop: the value before it, and the one its body carries over (which stands later).
    Loop {
        /// Before the loop.
        entry: ValueId,
        /// At the end of the body, once known.
        carried: Option<ValueId>,
    },
    /// Ambient (`spark` in a notebook), imported, or an attribute that is set elsewhere; by name.
    Ambient(String),
    /// The result of calling a function of this file.
    Returned(FunctionId),
}

/// The most rows a dataset can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// At most so many rows.
    pub rows: u64,
    /// Why.
    pub reason: BoundReason,
}

/// Why a dataset's rows are bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundReason {
    /// `limit(n)`, `head`, `tail`, `take`.
    Limit,
    /// Rows written out in the source.
    LiteralRows,
    /// An aggregate without grouping keys.
    GlobalAggregate,
    /// `range(n)`.
    Range,
    /// `describe`, `summary`.
    Description,
    /// `SHOW …`, `DESCRIBE …`, the catalog's answers.
    Catalog,
}

/// The receiver of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receiver {
    /// The value.
    pub value: ValueId,
    /// The receiver's source text.
    pub range: TextRange,
}

/// A call of Spark's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The language-neutral method name (`spark::Method::name`).
    pub method: String,
    /// The type that the method was found on.
    pub receiver_type: Type,
    /// What it is called on; none for functions such as `broadcast(df)`.
    pub receiver: Option<Receiver>,
    /// What it asks Spark to do.
    pub effect: Effect,
    /// How sure the receiver's type is.
    pub confidence: Confidence,
    /// Arguments in order.
    pub arguments: Vec<Argument>,
    /// The Spark value it evaluates to.
    pub result: Option<ValueId>,
    /// What becomes of the result.
    pub result_use: ResultUse,
    /// The innermost scope.
    pub scope: ScopeId,
    /// The whole call expression, receiver included.
    pub range: TextRange,
    /// The method's own name.
    pub name_range: TextRange,
    /// The parenthesised arguments, parentheses included; empty where there are none.
    pub arguments_range: TextRange,
    /// The statement that holds it, for fixes that insert a line.
    pub statement: TextRange,
    /// Whether it stands for a clause of SQL text: its ranges lie within a string, or are that string.
    pub in_sql: bool,
}

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its keyword.
    pub name: Option<CompactString>,
    /// Its value.
    pub value: Expression,
    /// Where, without the keyword.
    pub range: TextRange,
}

/// What becomes of a call's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultUse {
    /// Nothing: an expression statement.
    Discarded,
    /// It is the receiver of this call.
    Receiver(CallId),
    /// It is an argument of this call.
    Argument(CallId),
    /// It is bound to a name: an index into [`Program::bindings`].
    Bound(u32),
    /// It is returned from the enclosing function.
    Returned,
    /// It is indexed with a constant (`collect()[0]`).
    Indexed(i64),
    /// A loop iterates over it.
    Iterated,
    /// It is compared with an integer: `df.count() > 0`, and `0 < df.count()` as the same.
    Compared {
        /// How, with the call's result on the left.
        comparison: Comparison,
        /// The integer on the right.
        with: i64,
        /// The whole comparison.
        range: TextRange,
    },
    /// Its truth decides: the condition of a branch or loop, or the operand of `not`.
    Tested {
        /// Whether `not` stands before it.
        negated: bool,
        /// The condition, `not` included.
        range: TextRange,
    },
    /// Anything else.
    Other,
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A method of a Spark value that is named without being called. Scala calls it all the same, so this is Python's alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncalled {
    /// The language-neutral method name.
    pub method: String,
    /// Whose method it is.
    pub receiver: ValueId,
    /// The whole expression, receiver included.
    pub range: TextRange,
    /// The method's own name.
    pub name_range: TextRange,
    /// The statement that holds it; equal to `range` where nothing is done with the method.
    pub statement: TextRange,
}

/// A name bound to a Spark value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The name; dotted for attributes (`self.orders`).
    pub name: String,
    /// The value it names from here on.
    pub value: ValueId,
    /// The scope that holds the assignment.
    pub scope: ScopeId,
    /// The name's own range.
    pub name_range: TextRange,
    /// The assigned expression.
    pub value_range: TextRange,
    /// The whole statement.
    pub statement: TextRange,
}

/// A function of the file, or a lambda given to Spark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name; empty for a lambda.
    pub name: String,
    /// Its scope.
    pub scope: Option<ScopeId>,
    /// Number of parameters.
    pub parameters: u32,
    /// What it returns, where it is one expression.
    pub returns: Expression,
    /// The whole function.
    pub range: TextRange,
}

/// A comment that speaks to Stagelight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The comment with its marker.
    pub range: TextRange,
    /// The text after the marker, trimmed; begins with `stagelight:`.
    pub text: String,
    /// Whether code stands before it on its line.
    pub trailing: bool,
}

/// A call that looks like Spark's but is not known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The method's name as written.
    pub method: String,
    /// The whole call expression, receiver included.
    pub range: TextRange,
    /// The method's own name.
    pub name_range: TextRange,
    /// The innermost scope.
    pub scope: ScopeId,
    /// Whether datasets have such a method. Other calls are kept since they may start something: `writer.save`, `reader.load`.
    pub on_dataset: bool,
    /// Why its receiver has no type.
    pub reason: UnresolvedReason,
}

/// Why a receiver has no type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnresolvedReason {
    /// A parameter without an annotation.
    Parameter,
    /// The result of a function that is not known here.
    ForeignCall,
    /// An attribute that is not assigned in the file.
    Attribute,
    /// A name that is not bound in the file.
    Name,
    /// A method that the type does not have.
    Method,
    /// Anything else.
    Other,
}
