//! The driver's code: what a file's statements do, language-neutral in shape, for the abstract evaluation.
//!
//! [`Code`] is an arena. Expressions, statements, functions and classes are addressed by their ids, several of them by a [`List`] into
//! one pool, and every name and text stands once. It holds no tree, and equality is that of its parts.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use crate::{Import, TextRange};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in its vector.
            #[must_use]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

id!(
    /// A name or text in [`Code::names`].
    NameId
);
id!(
    /// An expression in [`Code::expressions`].
    ExpressionId
);
id!(
    /// A statement in [`Code::statements`].
    StatementId
);
id!(
    /// A function or lambda in [`Code::functions`].
    CodeFunctionId
);
id!(
    /// A class in [`Code::classes`].
    ClassId
);
id!(
    /// A pattern in [`Code::patterns`].
    PatternId
);

/// A run of ids in [`Code::pool`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct List {
    /// The first one's position.
    pub start: u32,
    /// How many.
    pub length: u32,
}

/// The driver's code of one file, which is made when it is first looked at: most files are checked without.
#[derive(Clone)]
pub struct Driver(Arc<Made>);

type Made = LazyLock<Code, Box<dyn FnOnce() -> Code + Send>>;

impl Driver {
    /// The code that `make` gives.
    pub fn new(make: impl FnOnce() -> Code + Send + 'static) -> Self {
        Self(Arc::new(LazyLock::new(Box::new(make))))
    }
}

impl Deref for Driver {
    type Target = Code;

    fn deref(&self) -> &Code {
        &self.0
    }
}

impl Default for Driver {
    fn default() -> Self {
        Self::new(Code::default)
    }
}

impl PartialEq for Driver {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || **self == **other
    }
}

impl Eq for Driver {}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// What stands in a [`Driver`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Code {
    /// Names and texts, each once.
    pub names: Vec<Box<str>>,
    /// Expressions; parts stand before the whole.
    pub expressions: Vec<Expression>,
    /// Statements.
    pub statements: Vec<Statement>,
    /// Arguments of calls.
    pub arguments: Vec<Argument>,
    /// Functions and lambdas.
    pub functions: Vec<Function>,
    /// Classes and objects.
    pub classes: Vec<Class>,
    /// Parameters of functions and classes.
    pub parameters: Vec<Parameter>,
    /// What assignments, loops and parameters bind.
    pub patterns: Vec<Pattern>,
    /// Clauses of comprehensions.
    pub clauses: Vec<Clause>,
    /// Imports.
    pub imports: Vec<Import>,
    /// Where [`List`]s of ids point.
    pub pool: Vec<u32>,
    /// The file's statements.
    pub body: List,
}

/// An expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expression {
    /// What it is.
    pub kind: ExpressionKind,
    /// Where.
    pub range: TextRange,
}

/// The forms of expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpressionKind {
    /// Not understood, with the expressions in it.
    Opaque(List),
    /// A name.
    Name(NameId),
    /// `object.name`; the name begins at `name_start`.
    Attribute {
        /// What it is taken from.
        object: ExpressionId,
        /// The attribute.
        name: NameId,
        /// Offset of the attribute's name.
        name_start: u32,
    },
    /// A call; `arguments` is a run of [`Code::arguments`].
    Call {
        /// What is called.
        callee: ExpressionId,
        /// A run of [`Code::arguments`].
        arguments: List,
    },
    /// `None`, `null`, `()`.
    Null,
    /// A truth value.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A floating-point number by its bits.
    Float(u64),
    /// A text without holes.
    Text(NameId),
    /// A text with holes: pieces in order, the plain ones as [`ExpressionKind::Text`].
    Interpolation(List),
    /// A list, tuple or set.
    List(List),
    /// Keys and values in turn. A key that is opaque and empty stands for another mapping's entries.
    Mapping(List),
    /// A function literal.
    Lambda(CodeFunctionId),
    /// An operator by its language-neutral name.
    Operation {
        /// The operator.
        operator: NameId,
        /// Its operands.
        operands: List,
    },
    /// `object[index]`.
    Index {
        /// What is indexed.
        object: ExpressionId,
        /// By what.
        index: ExpressionId,
    },
    /// `then if condition else otherwise`.
    Conditional {
        /// The condition.
        condition: ExpressionId,
        /// The value where it holds.
        then: ExpressionId,
        /// The value where it does not.
        otherwise: Option<ExpressionId>,
    },
    /// A comprehension; `clauses` is a run of [`Code::clauses`].
    Comprehension {
        /// The element.
        element: ExpressionId,
        /// A run of [`Code::clauses`].
        clauses: List,
    },
    /// Statements whose last expression is the value.
    Block(List),
    /// A column written as such.
    Column(NameId),
}

/// An argument of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument {
    /// Its keyword.
    pub name: Option<NameId>,
    /// Its value.
    pub value: ExpressionId,
    /// Whether it stands for several (`*args`, `**options`, `xs: _*`).
    pub spread: bool,
}

/// A clause of a comprehension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clause {
    /// What is bound.
    pub target: PatternId,
    /// What is iterated over.
    pub iterated: ExpressionId,
    /// Conditions: a list of expressions.
    pub conditions: List,
}

/// A statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// Where.
    pub range: TextRange,
}

/// The forms of statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// An expression for its effect, or for its value where it is a block's last.
    Expression(ExpressionId),
    /// An assignment; without a value it only declares.
    Assign {
        /// What is bound.
        target: PatternId,
        /// The type's name as written.
        annotation: Option<NameId>,
        /// The value.
        value: Option<ExpressionId>,
    },
    /// A function definition.
    Function(CodeFunctionId),
    /// A class definition.
    Class(ClassId),
    /// `if`. Conditions in order; one arm more than conditions where there is an `else`. `arms` is a list of blocks' positions: pairs of
    /// start and length in the pool.
    Branch {
        /// A list of expressions.
        conditions: List,
        /// Pairs of start and length.
        arms: List,
        /// Whether one arm always runs.
        exhaustive: bool,
    },
    /// `match`: the first of `conditions` is the operation `match`.
    Match {
        /// A list of expressions.
        conditions: List,
        /// Pairs of start and length.
        arms: List,
        /// Whether one arm always runs.
        exhaustive: bool,
    },
    /// `try`: the first arm is the body, the others are handlers.
    Try {
        /// Pairs of start and length.
        arms: List,
    },
    /// A loop over a collection.
    For {
        /// What is bound.
        target: PatternId,
        /// What is iterated over.
        iterated: ExpressionId,
        /// The body.
        body: List,
    },
    /// A loop on a condition.
    While {
        /// The condition.
        condition: ExpressionId,
        /// The body.
        body: List,
    },
    /// `with`: pairs of an expression and a pattern; patterns are [`Pattern::Ignore`] where there is no `as`.
    With {
        /// Expressions and patterns in turn.
        items: List,
        /// The body.
        body: List,
    },
    /// `return`.
    Return(Option<ExpressionId>),
    /// An import: a position in [`Code::imports`].
    Import(u32),
    /// `global`, `nonlocal`: a list of names.
    Global(List),
    /// Statements in a row.
    Block(List),
    /// What a file does when it is run, not when it is imported.
    Main(List),
    /// `raise`, `throw`.
    Raise(Option<ExpressionId>),
    /// `break`.
    Break,
    /// `continue`.
    Continue,
}

/// A function, method or lambda.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// Its name; empty for a lambda.
    pub name: NameId,
    /// A run of [`Code::parameters`].
    pub parameters: List,
    /// Its statements.
    pub body: List,
    /// Whether the last expression is the result without `return`.
    pub last_is_result: bool,
    /// Whether it yields.
    pub generator: bool,
    /// A list of expressions.
    pub decorators: List,
    /// The name of the type that it returns.
    pub returns: Option<NameId>,
    /// The whole definition.
    pub range: TextRange,
}

/// A class, object or trait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    /// Its name.
    pub name: NameId,
    /// A list of expressions.
    pub bases: List,
    /// A list of expressions.
    pub decorators: List,
    /// A run of [`Code::parameters`]: those of a Scala constructor.
    pub parameters: List,
    /// Its statements.
    pub body: List,
    /// Whether its body runs where it stands.
    pub runs: bool,
    /// The whole definition.
    pub range: TextRange,
}

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// What it binds.
    pub pattern: PatternId,
    /// The name of its type.
    pub annotation: Option<NameId>,
    /// Its default.
    pub default: Option<ExpressionId>,
    /// Which of the function's lists of parameters it stands in, from 0: Scala's functions may have several.
    pub list: u8,
}

/// What an assignment, a loop or a parameter binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pattern {
    /// A name.
    Name(NameId),
    /// A dotted path: a list of names.
    Attribute(List),
    /// A list of patterns.
    Tuple(List),
    /// `object[index]`.
    Item(ExpressionId, ExpressionId),
    /// What is left over: `*args`, `**options`.
    Rest {
        /// Its name.
        name: NameId,
        /// Whether it takes keywords.
        keywords: bool,
    },
    /// Nothing.
    Ignore,
}

impl Code {
    /// The text of a name.
    #[must_use]
    pub fn name(&self, id: NameId) -> &str {
        self.names.get(id.index()).map_or("", |name| name)
    }

    /// An expression; opaque where there is none of this id.
    #[must_use]
    pub fn expression(&self, id: ExpressionId) -> Expression {
        self.expressions.get(id.index()).copied().unwrap_or(Expression {
            kind: ExpressionKind::Opaque(List::default()),
            range: TextRange::default(),
        })
    }

    /// The ids of a list.
    #[must_use]
    pub fn ids(&self, list: List) -> &[u32] {
        let start = list.start as usize;
        self.pool.get(start..start + list.length as usize).unwrap_or_default()
    }

    /// The expressions of a list.
    pub fn expression_ids(&self, list: List) -> impl ExactSizeIterator<Item = ExpressionId> + '_ {
        self.ids(list).iter().map(|&id| ExpressionId(id))
    }

    /// The statements of a list.
    pub fn statement_ids(&self, list: List) -> impl ExactSizeIterator<Item = StatementId> + '_ {
        self.ids(list).iter().map(|&id| StatementId(id))
    }

    /// The arms of a branch, each a list of statements.
    pub fn arms(&self, arms: List) -> impl ExactSizeIterator<Item = List> + '_ {
        self.ids(arms).chunks_exact(2).map(|pair| List { start: pair[0], length: pair[1] })
    }

    /// A run of arguments.
    #[must_use]
    pub fn arguments_of(&self, list: List) -> &[Argument] {
        run(&self.arguments, list)
    }

    /// A run of parameters.
    #[must_use]
    pub fn parameters_of(&self, list: List) -> &[Parameter] {
        run(&self.parameters, list)
    }

    /// A run of clauses.
    #[must_use]
    pub fn clauses_of(&self, list: List) -> &[Clause] {
        run(&self.clauses, list)
    }

    /// A pattern; [`Pattern::Ignore`] where there is none of this id.
    #[must_use]
    pub fn pattern(&self, id: PatternId) -> Pattern {
        self.patterns.get(id.index()).copied().unwrap_or(Pattern::Ignore)
    }

    /// Bytes it takes in memory, without what the allocator adds.
    #[must_use]
    pub fn memory(&self) -> usize {
        fn of<T>(items: &[T]) -> usize {
            std::mem::size_of_val(items)
        }
        of(&self.expressions)
            + of(&self.statements)
            + of(&self.arguments)
            + of(&self.functions)
            + of(&self.classes)
            + of(&self.parameters)
            + of(&self.patterns)
            + of(&self.clauses)
            + of(&self.pool)
            + of(&self.names)
            + self.names.iter().map(|name| name.len()).sum::<usize>()
    }
}

fn run<T>(items: &[T], list: List) -> &[T] {
    let start = list.start as usize;
    items.get(start..start + list.length as usize).unwrap_or_default()
}
