//! The surface syntax that both front ends produce: statements and expressions with what Spark code needs, language-neutral
//! in shape. Names stay as written; the lowering gives them meaning.
//!
//! A front end leaves nothing out that may hold a call: what has no form of its own becomes [`ExprKind::Opaque`] or
//! [`StmtKind::Expr`] around its parts.

use std::sync::{Arc, OnceLock};

use compact_str::CompactString;
use program::{Literal, TextRange};

use crate::body::Body;
use crate::lower::replay::Mark;

/// A file.
#[derive(Debug, Clone, Default)]
pub(crate) struct File {
    /// Its statements, in the runs in which they were read. What an edit leaves alone is shared with what was read before.
    pub(crate) parts: Vec<Arc<Part>>,
    /// The whole text.
    pub(crate) range: TextRange,
    /// Scala's package, with dots, where the file has one.
    pub(crate) package: Option<String>,
    /// Whether what runs it gives it a Spark session by name, as notebooks do.
    pub(crate) runs_on_spark: bool,
    /// The code cells of a notebook.
    pub(crate) cells: Vec<program::Cell>,
}

impl File {
    /// Its statements in order.
    pub(crate) fn statements(&self) -> impl Iterator<Item = &Stmt> {
        self.parts.iter().flat_map(|part| part.body.iter())
    }

    /// Comments that begin with `stagelight:` after their marker.
    pub(crate) fn comments(&self) -> Vec<program::Comment> {
        self.parts.iter().flat_map(|part| &part.comments).cloned().collect()
    }

    /// Number of error and missing nodes.
    pub(crate) fn syntax_errors(&self) -> u32 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.syntax_errors))
    }

    /// What was passed over, see [`leave_out`].
    pub(crate) fn left_out(&self) -> Vec<TextRange> {
        let mut left_out = Vec::new();
        for range in self.parts.iter().flat_map(|part| &part.left_out) {
            leave_out(&mut left_out, *range);
        }
        left_out
    }
}

/// Statements in a row with what stands beside them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Part {
    /// What it was read from.
    pub(crate) range: TextRange,
    /// Statements in order.
    pub(crate) body: Body,
    /// Comments that begin with `stagelight:` after their marker.
    pub(crate) comments: Vec<program::Comment>,
    /// Number of error and missing nodes.
    pub(crate) syntax_errors: u32,
    /// What was passed over, see [`leave_out`].
    pub(crate) left_out: Vec<TextRange>,
    /// The marks of its statements, once they are asked for. They stay the same wherever it moves.
    pub(crate) marks: OnceLock<Arc<[Mark]>>,
}

/// How many parts that are passed over are told.
const TOLD: usize = 16;

/// An error that spans more bytes than this is no slip of somebody who types, so that what it covers is told as passed over.
pub(crate) const LONG_ERROR: usize = 64 << 10;

/// Takes note of a part of the text that is passed over.
pub(crate) fn leave_out(left_out: &mut Vec<TextRange>, part: TextRange) {
    if left_out.len() < TOLD && left_out.last() != Some(&part) {
        left_out.push(part);
    }
}

/// A name with its place.
#[derive(Debug, Clone)]
pub(crate) struct Name {
    pub(crate) text: CompactString,
    pub(crate) range: TextRange,
}

/// A statement.
#[derive(Debug, Clone)]
pub(crate) struct Stmt {
    pub(crate) kind: StmtKind,
    pub(crate) range: TextRange,
}

#[derive(Debug, Clone)]
pub(crate) enum StmtKind {
    /// An expression for its effect, or for its value where it is a block's last.
    Expr(Expr),
    /// `target = value`, `val target: annotation = value`. `a += b` comes as `a = a + b`. Chained targets come as several statements.
    Assign {
        target: Pattern,
        annotation: Option<TypeRef>,
        value: Option<Expr>,
    },
    Function(FunctionDef),
    /// A class, object, trait or case class. Scala's constructor parameters are `parameters`; its body runs on construction (for an
    /// `object`, and for `extends App`, `runs` is true: the body is part of the program's flow). `bases` are the classes it extends.
    /// Scala's `implicit` stands among the decorators, and `extension` among those of its methods.
    Class {
        name: Name,
        bases: Vec<Expr>,
        decorators: Vec<Expr>,
        parameters: Vec<Parameter>,
        body: Vec<Stmt>,
        runs: bool,
        header: TextRange,
    },
    /// Scala's `type name = target`.
    TypeAlias {
        name: Name,
        target: TypeRef,
    },
    /// Arms exclude one another; `conditions` are evaluated in the enclosing scope, in order. `exhaustive` tells that one arm always runs.
    /// `try` comes as arms too: the body with `else`, then each handler, without conditions; `finally` follows as plain statements.
    /// A `match` has one condition (guards may follow it): the operation `match` of what is matched and, for each arm, the literal it asks
    /// for, [`ExprKind::Opaque`] where it asks for something else.
    Branch {
        conditions: Vec<Expr>,
        arms: Vec<Vec<Stmt>>,
        exhaustive: bool,
        header: TextRange,
    },
    /// `for target in iterated`, Scala's `for (x <- xs)` (nested for several generators). Guards come as a `Branch` in the body.
    For {
        target: Pattern,
        iterated: Expr,
        body: Vec<Stmt>,
        header: TextRange,
    },
    While {
        condition: Expr,
        body: Vec<Stmt>,
        header: TextRange,
    },
    /// `with context as target:`.
    With {
        items: Vec<(Expr, Option<Pattern>)>,
        body: Vec<Stmt>,
    },
    Return(Option<Expr>),
    Import(program::Import),
    /// `global`/`nonlocal`: the names belong to an enclosing scope.
    Global(Vec<Name>),
    /// Statements in a row, no scope of their own.
    Block(Vec<Stmt>),
    /// What a Python file does when it is run, not when it is imported.
    Main(Vec<Stmt>),
    /// `raise`/`throw` (with its expression): ends this path.
    Jump(Option<Expr>),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
}

/// A function definition; nested ones and methods too.
#[derive(Debug, Clone)]
pub(crate) struct FunctionDef {
    pub(crate) name: Name,
    /// `self`/`cls` of Python methods included.
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) returns: Option<TypeRef>,
    /// A Scala body that is one expression comes as one `Expr` statement; a block's last expression is its value.
    pub(crate) body: Body,
    /// Whether the last expression statement is the result without `return` (Scala).
    pub(crate) last_is_result: bool,
    pub(crate) decorators: Vec<Expr>,
    pub(crate) header: TextRange,
}

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) pattern: Pattern,
    pub(crate) annotation: Option<TypeRef>,
    pub(crate) default: Option<Expr>,
    /// The list that it stands in, from 0.
    pub(crate) list: u8,
}

impl Parameter {
    /// Whether the compiler finds what is given for it (Scala's `implicit` and `using`): its default has nothing in it.
    pub(crate) fn is_found(&self) -> bool {
        let default = self.default.as_ref().map(|it| &it.kind);
        matches!(default, Some(ExprKind::Opaque(parts)) if parts.is_empty())
    }
}

/// What an assignment or parameter binds.
#[derive(Debug, Clone)]
pub(crate) enum Pattern {
    Name(Name),
    /// `self.orders`: the dotted path as written, e.g. `["self", "orders"]`.
    Attribute(Vec<Name>),
    /// Tuples, `Array(a, b)`, `case (k, v)`.
    Tuple(Vec<Pattern>),
    /// `object[index]`.
    Item(Box<Expr>, Box<Expr>),
    /// `*args`, and `**options` where `keywords` is set: what is left over.
    Rest {
        name: Name,
        keywords: bool,
    },
    /// `_` and literals: binds nothing.
    Ignore,
}

/// A type annotation: its name with the arguments (`Dataset[Order]`). Python's names keep their qualifier (`pd.DataFrame` is not Spark's,
/// whatever else is called so), Scala's are reduced to their last part.
#[derive(Debug, Clone)]
pub(crate) struct TypeRef {
    pub(crate) name: CompactString,
    pub(crate) arguments: Vec<TypeRef>,
}

/// An expression.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) range: TextRange,
}

#[derive(Debug, Clone)]
pub(crate) enum ExprKind {
    Name(CompactString),
    /// `object.name`. Scala's call without parentheses comes as this too; its infix `a op b` comes as a call of `a.op` unless `op` is an
    /// [`ExprKind::Operation`].
    Attribute {
        object: Box<Expr>,
        name: Name,
    },
    /// `callee(arguments)`. Scala's `f { … }` and curried lists come as one call with all arguments; `new C(x)` as a call of the name `C`.
    Call {
        callee: Box<Expr>,
        type_arguments: Vec<TypeRef>,
        arguments: Vec<Arg>,
        arguments_range: TextRange,
    },
    Literal(Literal),
    /// `f"…"`, `s"…"`.
    Text(Vec<TextPiece>),
    /// A list, tuple or set display. Scala's `Seq(…)`/`List(…)` stay calls.
    List(Vec<Expr>),
    Mapping(Vec<(Expr, Expr)>),
    /// A function literal. Scala's `_ + 1` comes with its placeholders as parameters named `_1`, `_2`…; `{ case (k, v) => … }` with
    /// one tuple pattern as its parameter (several cases: one parameter, body a `Branch`).
    Lambda {
        parameters: Vec<Parameter>,
        body: Vec<Stmt>,
    },
    /// An operator by its language-neutral name (see `program::Expression::Apply`): Scala's `===` is `=`, `=!=` is `!=`, `&&` and `&` are
    /// `and`, `||` and `|` are `or`, `!` and `~` are `not`. Comparison chains come as `and` of pairs. Other operators keep their
    /// spelling; `in`/`not in`/`is`/`is not` too. `yield` and `yield from` come as operations of these names.
    Operation {
        operator: CompactString,
        operands: Vec<Expr>,
    },
    /// `object[index]` (Python).
    Index {
        object: Box<Expr>,
        index: Box<Expr>,
    },
    /// `then if condition else otherwise`, and Scala's `if` with plain expressions as arms.
    Conditional {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Option<Box<Expr>>,
    },
    /// A comprehension, or Scala's `for … yield`: clauses outermost first, each with its conditions.
    Comprehension {
        element: Box<Expr>,
        clauses: Vec<(Pattern, Expr, Vec<Expr>)>,
    },
    /// Statements whose last expression is the value (Scala blocks, `match` and `try` used as values).
    Block(Vec<Stmt>),
    /// A column written as such: `$"x"`, Scala's symbol `'x`.
    Column(CompactString),
    /// Anything else, with the expressions in it.
    Opaque(Vec<Expr>),
}

#[derive(Debug, Clone)]
pub(crate) enum TextPiece {
    Literal(CompactString),
    Hole(Expr),
}

/// An argument of a call.
#[derive(Debug, Clone)]
pub(crate) struct Arg {
    pub(crate) name: Option<Name>,
    pub(crate) value: Expr,
    /// `*args`, `**kwargs`, `xs: _*`.
    pub(crate) spread: bool,
}
