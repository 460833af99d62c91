//! Statements at another place in the text, after an edit before them.

use program::TextRange;

use crate::syntax::{
    Arg, Expr, ExprKind, FunctionDef, Name, Parameter, Part, Pattern, Stmt, StmtKind, TextPiece,
};

impl Part {
    /// The same, so many bytes further on.
    pub(crate) fn moved(&self, by: i64) -> Self {
        let mut part = self.clone();
        part.shift(by);
        part
    }

    /// Moves it so many bytes further on.
    pub(crate) fn shift(&mut self, by: i64) {
        let by = Move(by);
        if by.is_none() {
            return;
        }
        by.range(&mut self.range);
        self.body.shift(by);
        self.comments.iter_mut().for_each(|it| by.range(&mut it.range));
        self.left_out.iter_mut().for_each(|it| by.range(it));
    }
}

/// How many bytes: positive towards the end of the text.
#[derive(Clone, Copy, Default)]
pub(crate) struct Move(i64);

impl Move {
    /// Both one after the other.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    /// Whether all stays where it is.
    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }

    fn range(self, range: &mut TextRange) {
        let moved = |offset: u32| (i64::from(offset) + self.0).clamp(0, i64::from(u32::MAX)) as u32;
        *range = TextRange::new(moved(range.start), moved(range.end));
    }

    fn name(self, name: &mut Name) {
        self.range(&mut name.range);
    }

    /// Moves statements.
    pub(crate) fn block(self, statements: &mut [Stmt]) {
        for statement in statements {
            self.range(&mut statement.range);
            self.statement(&mut statement.kind);
        }
    }

    fn statement(self, kind: &mut StmtKind) {
        match kind {
            StmtKind::Expr(value) => self.expression(value),
            StmtKind::Assign { target, annotation: _, value } => {
                self.pattern(target);
                self.optional(value.as_mut());
            }
            StmtKind::Function(def) => self.function(def),
            StmtKind::Class { name, bases, decorators, parameters, body, runs: _, header } => {
                self.name(name);
                self.expressions(bases);
                self.expressions(decorators);
                self.parameters(parameters);
                self.block(body);
                self.range(header);
            }
            StmtKind::TypeAlias { name, target: _ } => self.name(name),
            StmtKind::Branch { conditions, arms, exhaustive: _, header } => {
                self.expressions(conditions);
                arms.iter_mut().for_each(|arm| self.block(arm));
                self.range(header);
            }
            StmtKind::For { target, iterated, body, header } => {
                self.pattern(target);
                self.expression(iterated);
                self.block(body);
                self.range(header);
            }
            StmtKind::While { condition, body, header } => {
                self.expression(condition);
                self.block(body);
                self.range(header);
            }
            StmtKind::With { items, body } => {
                for (context, target) in items {
                    self.expression(context);
                    if let Some(target) = target {
                        self.pattern(target);
                    }
                }
                self.block(body);
            }
            StmtKind::Return(value) | StmtKind::Jump(value) => self.optional(value.as_mut()),
            StmtKind::Import(import) => self.range(&mut import.range),
            StmtKind::Global(names) => names.iter_mut().for_each(|name| self.name(name)),
            StmtKind::Block(body) | StmtKind::Main(body) => self.block(body),
            StmtKind::Break | StmtKind::Continue => {}
        }
    }

    fn function(self, def: &mut FunctionDef) {
        let FunctionDef {
            name,
            parameters,
            returns: _,
            body,
            last_is_result: _,
            decorators,
            header,
        } = def;
        self.name(name);
        self.parameters(parameters);
        body.shift(self);
        self.expressions(decorators);
        self.range(header);
    }

    fn parameters(self, parameters: &mut [Parameter]) {
        for Parameter { pattern, annotation: _, default, list: _ } in parameters {
            self.pattern(pattern);
            self.optional(default.as_mut());
        }
    }

    fn pattern(self, pattern: &mut Pattern) {
        match pattern {
            Pattern::Name(name) | Pattern::Rest { name, keywords: _ } => self.name(name),
            Pattern::Attribute(path) => path.iter_mut().for_each(|name| self.name(name)),
            Pattern::Tuple(items) => items.iter_mut().for_each(|item| self.pattern(item)),
            Pattern::Item(object, index) => {
                self.expression(object);
                self.expression(index);
            }
            Pattern::Ignore => {}
        }
    }

    fn optional(self, expression: Option<&mut Expr>) {
        if let Some(expression) = expression {
            self.expression(expression);
        }
    }

    fn expressions(self, expressions: &mut [Expr]) {
        expressions.iter_mut().for_each(|it| self.expression(it));
    }

    fn expression(self, expression: &mut Expr) {
        self.range(&mut expression.range);
        match &mut expression.kind {
            ExprKind::Name(_) | ExprKind::Literal(_) | ExprKind::Column(_) => {}
            ExprKind::Attribute { object, name } => {
                self.expression(object);
                self.name(name);
            }
            ExprKind::Call { callee, type_arguments: _, arguments, arguments_range } => {
                self.expression(callee);
                for Arg { name, value, spread: _ } in arguments {
                    if let Some(name) = name {
                        self.name(name);
                    }
                    self.expression(value);
                }
                self.range(arguments_range);
            }
            ExprKind::Text(pieces) => {
                for piece in pieces {
                    if let TextPiece::Hole(hole) = piece {
                        self.expression(hole);
                    }
                }
            }
            ExprKind::List(items) | ExprKind::Opaque(items) => self.expressions(items),
            ExprKind::Mapping(pairs) => {
                for (key, value) in pairs {
                    self.expression(key);
                    self.expression(value);
                }
            }
            ExprKind::Lambda { parameters, body } => {
                self.parameters(parameters);
                self.block(body);
            }
            ExprKind::Operation { operator: _, operands } => self.expressions(operands),
            ExprKind::Index { object, index } => {
                self.expression(object);
                self.expression(index);
            }
            ExprKind::Conditional { condition, then, otherwise } => {
                self.expression(condition);
                self.expression(then);
                self.optional(otherwise.as_deref_mut());
            }
            ExprKind::Comprehension { element, clauses } => {
                self.expression(element);
                for (target, iterated, conditions) in clauses {
                    self.pattern(target);
                    self.expression(iterated);
                    self.expressions(conditions);
                }
            }
            ExprKind::Block(body) => self.block(body),
        }
    }
}
