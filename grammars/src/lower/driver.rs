//! The surface syntax to the driver's code. Names and texts are interned; nothing is resolved.

use program::TextRange;
use program::driver::{
    Argument, Class, ClassId, Clause, Code, CodeFunctionId, Expression, ExpressionId,
    ExpressionKind, Function, List, NameId, Parameter, Pattern, PatternId, Statement, StatementId,
    StatementKind,
};
use rustc_hash::FxHashMap;

use crate::syntax::{self, Expr, ExprKind, File, FunctionDef, Stmt, StmtKind, TextPiece, TypeRef};

/// How deep statements and expressions may nest before the rest is left out.
const DEPTH: u32 = 300;

/// The driver's code of a file.
pub(crate) fn code(file: &File) -> Code {
    let mut builder = Builder { depth: 1, ..Builder::default() };
    let ids: Vec<u32> = file.statements().map(|statement| builder.statement(statement).0).collect();
    builder.code.body = builder.list(&ids);
    let mut code = builder.code;
    code.expressions.shrink_to_fit();
    code.statements.shrink_to_fit();
    code.pool.shrink_to_fit();
    code.names.shrink_to_fit();
    code
}

#[derive(Default)]
struct Builder<'a> {
    code: Code,
    names: FxHashMap<&'a str, NameId>,
    depth: u32,
    /// Whether the function at hand yields.
    yields: bool,
}

impl<'a> Builder<'a> {
    fn name(&mut self, text: &'a str) -> NameId {
        if let Some(&id) = self.names.get(text) {
            return id;
        }
        let id = NameId(self.code.names.len() as u32);
        self.code.names.push(text.into());
        self.names.insert(text, id);
        id
    }

    fn list(&mut self, ids: &[u32]) -> List {
        let start = self.code.pool.len() as u32;
        self.code.pool.extend_from_slice(ids);
        List { start, length: ids.len() as u32 }
    }

    fn push(&mut self, kind: ExpressionKind, range: TextRange) -> ExpressionId {
        let id = ExpressionId(self.code.expressions.len() as u32);
        self.code.expressions.push(Expression { kind, range });
        id
    }

    fn opaque(&mut self, range: TextRange) -> ExpressionId {
        self.push(ExpressionKind::Opaque(List::default()), range)
    }

    fn expressions(&mut self, items: &'a [Expr]) -> List {
        let ids: Vec<u32> = items.iter().map(|item| self.expression(item).0).collect();
        self.list(&ids)
    }

    /// A chain is walked from its root, so that its length does not cost stack.
    fn expression(&mut self, expr: &'a Expr) -> ExpressionId {
        if self.depth >= DEPTH {
            return self.opaque(expr.range);
        }
        self.depth += 1;
        let mut links = Vec::new();
        let mut root = expr;
        loop {
            root = match &root.kind {
                ExprKind::Attribute { object: next, .. }
                | ExprKind::Index { object: next, .. }
                | ExprKind::Call { callee: next, .. } => {
                    links.push(root);
                    next
                }
                ExprKind::Operation { operands, .. } if operands.len() == 2 => {
                    links.push(root);
                    &operands[0]
                }
                _ => break,
            };
        }
        let mut result = self.root(root);
        for link in links.into_iter().rev() {
            result = self.link(link, result);
        }
        self.depth -= 1;
        result
    }

    fn link(&mut self, expr: &'a Expr, object: ExpressionId) -> ExpressionId {
        let kind = match &expr.kind {
            ExprKind::Attribute { name, .. } => ExpressionKind::Attribute {
                object,
                name: self.name(&name.text),
                name_start: name.range.start,
            },
            ExprKind::Index { index, .. } => {
                let index = match &index.kind {
                    ExprKind::Opaque(parts) => match parts.as_slice() {
                        [slice] if is_slice(slice) => slice,
                        _ => index,
                    },
                    _ => index,
                };
                ExpressionKind::Index { object, index: self.expression(index) }
            }
            ExprKind::Call { arguments, .. } => {
                let read: Vec<Argument> = arguments
                    .iter()
                    .map(|argument| Argument {
                        name: argument.name.as_ref().map(|name| self.name(&name.text)),
                        value: self.expression(&argument.value),
                        spread: argument.spread,
                    })
                    .collect();
                let start = self.code.arguments.len() as u32;
                let length = read.len() as u32;
                self.code.arguments.extend(read);
                ExpressionKind::Call { callee: object, arguments: List { start, length } }
            }
            ExprKind::Operation { operator, operands } => {
                let mut ids = vec![object.0];
                ids.extend(operands.iter().skip(1).map(|it| self.expression(it).0));
                let operator = self.name(operator);
                ExpressionKind::Operation { operator, operands: self.list(&ids) }
            }
            _ => return object,
        };
        self.push(kind, expr.range)
    }

    fn root(&mut self, expr: &'a Expr) -> ExpressionId {
        use program::Literal;
        let kind = match &expr.kind {
            ExprKind::Name(name) => ExpressionKind::Name(self.name(name)),
            ExprKind::Literal(literal) => match literal {
                Literal::Null => ExpressionKind::Null,
                Literal::Boolean(value) => ExpressionKind::Boolean(*value),
                Literal::Integer(value) => ExpressionKind::Integer(*value),
                Literal::Float(value) => ExpressionKind::Float(value.to_bits()),
                Literal::Text(text) => ExpressionKind::Text(self.name(text)),
            },
            ExprKind::Text(pieces) => {
                let ids: Vec<u32> = pieces
                    .iter()
                    .map(|piece| match piece {
                        TextPiece::Literal(text) => {
                            let name = self.name(text);
                            self.push(ExpressionKind::Text(name), expr.range).0
                        }
                        TextPiece::Hole(hole) => self.expression(hole).0,
                    })
                    .collect();
                ExpressionKind::Interpolation(self.list(&ids))
            }
            ExprKind::List(items) => ExpressionKind::List(self.expressions(items)),
            ExprKind::Mapping(pairs) => {
                let mut ids = Vec::with_capacity(pairs.len() * 2);
                for (key, value) in pairs {
                    ids.push(self.expression(key).0);
                    ids.push(self.expression(value).0);
                }
                ExpressionKind::Mapping(self.list(&ids))
            }
            ExprKind::Lambda { parameters, body } => {
                let outer = std::mem::take(&mut self.yields);
                let parameters = self.parameters(parameters);
                let body = self.block(body);
                let generator = std::mem::replace(&mut self.yields, outer);
                let name = self.name("");
                let function = Function {
                    name,
                    parameters,
                    body,
                    last_is_result: true,
                    generator,
                    decorators: List::default(),
                    returns: None,
                    range: expr.range,
                };
                ExpressionKind::Lambda(self.function(function))
            }
            ExprKind::Operation { operator, operands } => {
                self.yields |= operator.starts_with("yield");
                let operands = self.expressions(operands);
                ExpressionKind::Operation { operator: self.name(operator), operands }
            }
            ExprKind::Conditional { condition, then, otherwise } => ExpressionKind::Conditional {
                condition: self.expression(condition),
                then: self.expression(then),
                otherwise: otherwise.as_ref().map(|it| self.expression(it)),
            },
            ExprKind::Comprehension { element, clauses } => {
                let read: Vec<Clause> = clauses
                    .iter()
                    .map(|(target, iterated, conditions)| Clause {
                        iterated: self.expression(iterated),
                        target: self.pattern(target),
                        conditions: self.expressions(conditions),
                    })
                    .collect();
                let start = self.code.clauses.len() as u32;
                let length = read.len() as u32;
                self.code.clauses.extend(read);
                let element = self.expression(element);
                ExpressionKind::Comprehension { element, clauses: List { start, length } }
            }
            ExprKind::Block(body) => ExpressionKind::Block(self.block(body)),
            ExprKind::Column(name) => ExpressionKind::Column(self.name(name)),
            ExprKind::Opaque(parts) => ExpressionKind::Opaque(self.expressions(parts)),
            // Chains do not begin with these.
            ExprKind::Attribute { .. } | ExprKind::Index { .. } | ExprKind::Call { .. } => {
                ExpressionKind::Opaque(List::default())
            }
        };
        self.push(kind, expr.range)
    }

    fn block(&mut self, body: &'a [Stmt]) -> List {
        if self.depth >= DEPTH {
            return List::default();
        }
        self.depth += 1;
        let ids: Vec<u32> = body.iter().map(|statement| self.statement(statement).0).collect();
        self.depth -= 1;
        self.list(&ids)
    }

    fn arms(&mut self, arms: &'a [Vec<Stmt>]) -> List {
        let blocks: Vec<List> = arms.iter().map(|arm| self.block(arm)).collect();
        let ids: Vec<u32> = blocks.iter().flat_map(|arm| [arm.start, arm.length]).collect();
        self.list(&ids)
    }

    fn statement(&mut self, statement: &'a Stmt) -> StatementId {
        let kind = match &statement.kind {
            StmtKind::Expr(value) => StatementKind::Expression(self.expression(value)),
            StmtKind::Assign { target, annotation, value } => StatementKind::Assign {
                value: value.as_ref().map(|it| self.expression(it)),
                target: self.pattern(target),
                annotation: self.annotation(annotation.as_ref()),
            },
            StmtKind::Function(def) => {
                StatementKind::Function(self.definition(def, statement.range))
            }
            StmtKind::Class { name, bases, decorators, parameters, body, runs, .. } => {
                let outer = std::mem::take(&mut self.yields);
                let class = Class {
                    name: self.name(&name.text),
                    bases: self.expressions(bases),
                    decorators: self.expressions(decorators),
                    parameters: self.parameters(parameters),
                    body: self.block(body),
                    runs: *runs,
                    range: statement.range,
                };
                self.yields = outer;
                let id = ClassId(self.code.classes.len() as u32);
                self.code.classes.push(class);
                StatementKind::Class(id)
            }
            StmtKind::Branch { conditions, arms, exhaustive, .. } => {
                let matches = conditions.first().is_some_and(
                    |it| matches!(&it.kind, ExprKind::Operation { operator, .. } if operator == "match"),
                );
                let tries = conditions.is_empty();
                let conditions = self.expressions(conditions);
                let (arms, exhaustive) = (self.arms(arms), *exhaustive);
                match (tries, matches) {
                    (true, _) => StatementKind::Try { arms },
                    (_, true) => StatementKind::Match { conditions, arms, exhaustive },
                    _ => StatementKind::Branch { conditions, arms, exhaustive },
                }
            }
            StmtKind::For { target, iterated, body, .. } => StatementKind::For {
                iterated: self.expression(iterated),
                target: self.pattern(target),
                body: self.block(body),
            },
            StmtKind::While { condition, body, .. } => StatementKind::While {
                condition: self.expression(condition),
                body: self.block(body),
            },
            StmtKind::With { items, body } => {
                let mut ids = Vec::with_capacity(items.len() * 2);
                for (context, target) in items {
                    ids.push(self.expression(context).0);
                    let target = target.as_ref().unwrap_or(&syntax::Pattern::Ignore);
                    ids.push(self.pattern(target).0);
                }
                StatementKind::With { items: self.list(&ids), body: self.block(body) }
            }
            StmtKind::Return(value) => {
                StatementKind::Return(value.as_ref().map(|it| self.expression(it)))
            }
            StmtKind::Import(import) => {
                let index = self.code.imports.len() as u32;
                self.code.imports.push(import.clone());
                StatementKind::Import(index)
            }
            StmtKind::Global(names) => {
                let ids: Vec<u32> = names.iter().map(|name| self.name(&name.text).0).collect();
                StatementKind::Global(self.list(&ids))
            }
            // A name for a type does nothing when it is run.
            StmtKind::TypeAlias { .. } => StatementKind::Block(self.block(&[])),
            StmtKind::Block(body) => StatementKind::Block(self.block(body)),
            StmtKind::Main(body) => StatementKind::Main(self.block(body)),
            StmtKind::Jump(value) => {
                StatementKind::Raise(value.as_ref().map(|it| self.expression(it)))
            }
            StmtKind::Break => StatementKind::Break,
            StmtKind::Continue => StatementKind::Continue,
        };
        let id = StatementId(self.code.statements.len() as u32);
        self.code.statements.push(Statement { kind, range: statement.range });
        id
    }

    fn function(&mut self, function: Function) -> CodeFunctionId {
        let id = CodeFunctionId(self.code.functions.len() as u32);
        self.code.functions.push(function);
        id
    }

    fn definition(&mut self, def: &'a FunctionDef, range: TextRange) -> CodeFunctionId {
        let outer = std::mem::take(&mut self.yields);
        let parameters = self.parameters(&def.parameters);
        let decorators = self.expressions(&def.decorators);
        let body = self.block(&def.body);
        let generator = std::mem::replace(&mut self.yields, outer);
        let function = Function {
            name: self.name(&def.name.text),
            parameters,
            body,
            last_is_result: def.last_is_result,
            generator,
            decorators,
            returns: self.annotation(def.returns.as_ref()),
            range,
        };
        self.function(function)
    }

    fn parameters(&mut self, parameters: &'a [syntax::Parameter]) -> List {
        let read: Vec<Parameter> = parameters
            .iter()
            .map(|parameter| Parameter {
                pattern: self.pattern(&parameter.pattern),
                annotation: self.annotation(parameter.annotation.as_ref()),
                default: parameter.default.as_ref().map(|it| self.expression(it)),
                list: parameter.list,
            })
            .collect();
        let start = self.code.parameters.len() as u32;
        let length = read.len() as u32;
        self.code.parameters.extend(read);
        List { start, length }
    }

    /// The name of a type; of what is optional, the type that it may be.
    fn annotation(&mut self, written: Option<&'a TypeRef>) -> Option<NameId> {
        let written = written?;
        match written.name.as_str() {
            "Optional" | "Annotated" | "Final" | "ClassVar" | "Option" => {
                self.annotation(written.arguments.first())
            }
            "Union" => {
                let mut members = written.arguments.iter().filter(|it| it.name != "None");
                match (members.next(), members.next()) {
                    (Some(only), None) => self.annotation(Some(only)),
                    _ => None,
                }
            }
            name => Some(self.name(name)),
        }
    }

    fn pattern(&mut self, pattern: &'a syntax::Pattern) -> PatternId {
        let read = match pattern {
            syntax::Pattern::Name(name) => Pattern::Name(self.name(&name.text)),
            syntax::Pattern::Attribute(path) => {
                let ids: Vec<u32> = path.iter().map(|name| self.name(&name.text).0).collect();
                Pattern::Attribute(self.list(&ids))
            }
            syntax::Pattern::Tuple(items) => {
                let ids: Vec<u32> = items.iter().map(|item| self.pattern(item).0).collect();
                Pattern::Tuple(self.list(&ids))
            }
            syntax::Pattern::Item(object, index) => {
                Pattern::Item(self.expression(object), self.expression(index))
            }
            syntax::Pattern::Rest { name, keywords } => {
                Pattern::Rest { name: self.name(&name.text), keywords: *keywords }
            }
            syntax::Pattern::Ignore => Pattern::Ignore,
        };
        let id = PatternId(self.code.patterns.len() as u32);
        self.code.patterns.push(read);
        id
    }
}

/// Whether an index is a slice: `[start:stop:step]`.
fn is_slice(index: &Expr) -> bool {
    matches!(&index.kind, ExprKind::Operation { operator, .. } if operator == "slice")
}
