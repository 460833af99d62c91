//! Fingerprints of statements: equal ones say the same wherever they stand.

use std::hash::{DefaultHasher, Hasher};

use program::{Literal, TextRange};

use crate::lower::classes::gives_own;
use crate::syntax::{
    Arg, Expr, ExprKind, FunctionDef, Name, Parameter, Pattern, Stmt, StmtKind, TextPiece, TypeRef,
};

/// A statement at the margin of a file or of a class, by what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Where it begins, from the beginning of its part on.
    pub(super) start: u32,
    /// Of its text and its syntax.
    pub(super) fingerprint: u128,
}

/// How deep classes are looked into.
const DEPTH: u32 = super::super::DEPTH;

/// Whether lowering goes through a statement at the margin itself rather than taking it as a whole.
pub(super) fn is_passed_through(statement: &Stmt) -> bool {
    matches!(
        statement.kind,
        StmtKind::Class { .. }
            | StmtKind::Import(_)
            | StmtKind::Global(_)
            | StmtKind::TypeAlias { .. }
            | StmtKind::Block(_)
            | StmtKind::Main(_)
    )
}

/// The marks of statements in the order in which they are lowered. `start` is where their part begins.
pub(super) fn marks(body: &[Stmt], text: &str, start: u32) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut writer = Writer { bytes: Vec::new(), base: 0 };
    collect(body, text, start, &mut writer, &mut marks, 0);
    marks
}

fn collect(
    body: &[Stmt],
    text: &str,
    start: u32,
    writer: &mut Writer,
    marks: &mut Vec<Mark>,
    depth: u32,
) {
    if depth > DEPTH {
        return;
    }
    for statement in body {
        match &statement.kind {
            StmtKind::Class { body, .. } | StmtKind::Block(body) | StmtKind::Main(body) => {
                collect(body, text, start, writer, marks, depth + 1);
            }
            _ if is_passed_through(statement) => {}
            _ => {
                writer.bytes.clear();
                writer.base = statement.range.start;
                writer.text(statement.range.of(text));
                writer.statement(statement);
                let fingerprint = hashed(&writer.bytes);
                marks.push(Mark { start: statement.range.start.wrapping_sub(start), fingerprint });
            }
        }
    }
}

/// What stands around the statements that have marks, in the order in which all are lowered, with a zero for each of those that `counts`.
pub(super) fn frame(body: &[Stmt], frame: &mut Vec<u128>, counts: &mut dyn FnMut() -> bool) {
    frame_within(body, frame, counts, 0);
}

fn frame_within(
    body: &[Stmt],
    frame: &mut Vec<u128>,
    counts: &mut dyn FnMut() -> bool,
    depth: u32,
) {
    if depth > DEPTH {
        return;
    }
    for statement in body {
        if !is_passed_through(statement) {
            if counts() {
                frame.push(0);
            }
            continue;
        }
        let mut writer = Writer { bytes: Vec::new(), base: statement.range.start };
        let inner = match &statement.kind {
            StmtKind::Class { name, bases, decorators, parameters, body, runs, header } => {
                writer.tag(3);
                writer.name(name);
                writer.many(bases, Writer::expression);
                writer.many(decorators, Writer::expression);
                writer.many(parameters, Writer::parameter);
                writer.flag(*runs);
                writer.range(*header);
                body.as_slice()
            }
            StmtKind::Block(body) => {
                writer.tag(12);
                body
            }
            StmtKind::Main(body) => {
                writer.tag(13);
                body
            }
            _ => {
                writer.statement(statement);
                &[]
            }
        };
        frame.push(hashed(&writer.bytes).max(1));
        frame_within(inner, frame, counts, depth + 1);
        // Where it ends.
        frame.push(1);
    }
}

fn hashed(bytes: &[u8]) -> u128 {
    let half = |seed: u64| {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(seed);
        hasher.write(bytes);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}

/// Writes syntax as bytes that no other syntax has, with places from a base on.
struct Writer {
    bytes: Vec<u8>,
    base: u32,
}

impl Writer {
    fn tag(&mut self, tag: u8) {
        self.bytes.push(tag);
    }

    fn number(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    fn count(&mut self, count: usize) {
        self.bytes.extend_from_slice(&(count as u64).to_le_bytes());
    }

    fn flag(&mut self, flag: bool) {
        self.bytes.push(u8::from(flag));
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn range(&mut self, range: TextRange) {
        self.number(range.start.wrapping_sub(self.base));
        self.number(range.end.wrapping_sub(self.base));
    }

    fn name(&mut self, name: &Name) {
        self.text(&name.text);
        self.range(name.range);
    }

    fn optional<T>(&mut self, item: Option<&T>, write: impl FnOnce(&mut Self, &T)) {
        self.flag(item.is_some());
        if let Some(item) = item {
            write(self, item);
        }
    }

    fn many<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.count(items.len());
        for item in items {
            write(self, item);
        }
    }

    fn block(&mut self, body: &[Stmt]) {
        self.many(body, Self::statement);
    }

    fn statement(&mut self, statement: &Stmt) {
        self.range(statement.range);
        match &statement.kind {
            StmtKind::Expr(value) => {
                self.tag(0);
                self.expression(value);
            }
            StmtKind::Assign { target, annotation, value } => {
                self.tag(1);
                self.pattern(target);
                self.optional(annotation.as_ref(), Self::annotation);
                self.optional(value.as_ref(), Self::expression);
            }
            StmtKind::Function(def) => {
                self.tag(2);
                self.function(def);
            }
            StmtKind::Class { name, bases, decorators, parameters, body, runs, header } => {
                self.tag(3);
                self.name(name);
                self.many(bases, Self::expression);
                self.many(decorators, Self::expression);
                self.many(parameters, Self::parameter);
                self.block(body);
                self.flag(*runs);
                self.range(*header);
            }
            StmtKind::TypeAlias { name, target } => {
                self.tag(4);
                self.name(name);
                self.annotation(target);
            }
            StmtKind::Branch { conditions, arms, exhaustive, header } => {
                self.tag(5);
                self.many(conditions, Self::expression);
                self.many(arms, |writer, arm| writer.block(arm));
                self.flag(*exhaustive);
                self.range(*header);
            }
            StmtKind::For { target, iterated, body, header } => {
                self.tag(6);
                self.pattern(target);
                self.expression(iterated);
                self.block(body);
                self.range(*header);
            }
            StmtKind::While { condition, body, header } => {
                self.tag(7);
                self.expression(condition);
                self.block(body);
                self.range(*header);
            }
            StmtKind::With { items, body } => {
                self.tag(8);
                self.many(items, |writer, (context, target)| {
                    writer.expression(context);
                    writer.optional(target.as_ref(), Self::pattern);
                });
                self.block(body);
            }
            StmtKind::Return(value) => {
                self.tag(9);
                self.optional(value.as_ref(), Self::expression);
            }
            StmtKind::Import(import) => {
                self.tag(10);
                self.text(&import.path);
                self.optional(import.member.as_ref(), |writer, it| writer.text(it));
                self.optional(import.alias.as_ref(), |writer, it| writer.text(it));
                self.range(import.range);
            }
            StmtKind::Global(names) => {
                self.tag(11);
                self.many(names, Self::name);
            }
            StmtKind::Block(body) => {
                self.tag(12);
                self.block(body);
            }
            StmtKind::Main(body) => {
                self.tag(13);
                self.block(body);
            }
            StmtKind::Jump(value) => {
                self.tag(14);
                self.optional(value.as_ref(), Self::expression);
            }
            StmtKind::Break => self.tag(15),
            StmtKind::Continue => self.tag(16),
        }
    }

    fn function(&mut self, def: &FunctionDef) {
        let FunctionDef { name, parameters, returns, body, last_is_result, decorators, header } =
            def;
        self.name(name);
        self.many(parameters, Self::parameter);
        self.optional(returns.as_ref(), Self::annotation);
        self.block(body);
        self.flag(*last_is_result);
        self.many(decorators, Self::expression);
        self.range(*header);
    }

    fn parameter(&mut self, parameter: &Parameter) {
        self.pattern(&parameter.pattern);
        self.optional(parameter.annotation.as_ref(), Self::annotation);
        self.optional(parameter.default.as_ref(), Self::expression);
    }

    fn annotation(&mut self, annotation: &TypeRef) {
        self.text(&annotation.name);
        self.many(&annotation.arguments, Self::annotation);
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Name(name) => {
                self.tag(0);
                self.name(name);
            }
            Pattern::Attribute(path) => {
                self.tag(1);
                self.many(path, Self::name);
            }
            Pattern::Tuple(items) => {
                self.tag(2);
                self.many(items, Self::pattern);
            }
            Pattern::Item(object, index) => {
                self.tag(3);
                self.expression(object);
                self.expression(index);
            }
            Pattern::Rest { name, keywords } => {
                self.tag(4);
                self.name(name);
                self.flag(*keywords);
            }
            Pattern::Ignore => self.tag(5),
        }
    }

    fn expression(&mut self, expression: &Expr) {
        self.range(expression.range);
        match &expression.kind {
            ExprKind::Name(name) => {
                self.tag(0);
                self.text(name);
            }
            ExprKind::Attribute { object, name } => {
                self.tag(1);
                self.expression(object);
                self.name(name);
            }
            ExprKind::Call { callee, type_arguments, arguments, arguments_range } => {
                self.tag(2);
                self.expression(callee);
                self.many(type_arguments, Self::annotation);
                self.many(arguments, |writer, Arg { name, value, spread }| {
                    writer.optional(name.as_ref(), Self::name);
                    writer.expression(value);
                    writer.flag(*spread);
                });
                self.range(*arguments_range);
            }
            ExprKind::Literal(literal) => {
                self.tag(3);
                self.literal(literal);
            }
            ExprKind::Text(pieces) => {
                self.tag(4);
                self.many(pieces, |writer, piece| match piece {
                    TextPiece::Literal(text) => {
                        writer.tag(0);
                        writer.text(text);
                    }
                    TextPiece::Hole(hole) => {
                        writer.tag(1);
                        writer.expression(hole);
                    }
                });
            }
            ExprKind::List(items) => {
                self.tag(5);
                self.many(items, Self::expression);
            }
            ExprKind::Mapping(pairs) => {
                self.tag(6);
                self.many(pairs, |writer, (key, value)| {
                    writer.expression(key);
                    writer.expression(value);
                });
            }
            ExprKind::Lambda { parameters, body } => {
                self.tag(7);
                self.many(parameters, Self::parameter);
                self.block(body);
            }
            ExprKind::Operation { operator, operands } => {
                self.tag(8);
                self.text(operator);
                self.many(operands, Self::expression);
            }
            ExprKind::Index { object, index } => {
                self.tag(9);
                self.expression(object);
                self.expression(index);
            }
            ExprKind::Conditional { condition, then, otherwise } => {
                self.tag(10);
                self.expression(condition);
                self.expression(then);
                self.optional(otherwise.as_deref(), Self::expression);
            }
            ExprKind::Comprehension { element, clauses } => {
                self.tag(11);
                self.expression(element);
                self.many(clauses, |writer, (target, iterated, conditions)| {
                    writer.pattern(target);
                    writer.expression(iterated);
                    writer.many(conditions, Self::expression);
                });
            }
            ExprKind::Block(body) => {
                self.tag(12);
                self.block(body);
            }
            ExprKind::Column(name) => {
                self.tag(13);
                self.text(name);
            }
            ExprKind::Opaque(parts) => {
                self.tag(14);
                self.many(parts, Self::expression);
            }
        }
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Null => self.tag(0),
            Literal::Boolean(value) => {
                self.tag(1);
                self.flag(*value);
            }
            Literal::Integer(value) => {
                self.tag(2);
                self.bytes.extend_from_slice(&value.to_le_bytes());
            }
            Literal::Float(value) => {
                self.tag(3);
                self.bytes.extend_from_slice(&value.to_bits().to_le_bytes());
            }
            Literal::Text(text) => {
                self.tag(4);
                self.text(text);
            }
        }
    }
}

/// What the file's own tables of functions, classes and types say: all that a statement can know of definitions elsewhere. Places are left
/// out.
pub(super) struct Outline(Writer);

impl Outline {
    pub(super) fn new() -> Self {
        Self(Writer { bytes: Vec::new(), base: 0 })
    }

    /// A text of any meaning.
    pub(super) fn text(&mut self, text: &str) {
        self.0.text(text);
    }

    /// A count or flag of any meaning.
    pub(super) fn count(&mut self, count: usize) {
        self.0.count(count);
    }

    /// What stands before a function's body.
    pub(super) fn function(&mut self, def: &FunctionDef, text: &str) {
        self.0.text(&def.name.text);
        self.parameters(&def.parameters, text);
        self.0.optional(def.returns.as_ref(), Writer::annotation);
        self.0.flag(def.last_is_result);
        self.0.flag(gives_own(def));
        self.0.many(&def.decorators, |writer, it| {
            writer.base = it.range.start;
            writer.text(it.range.of(text));
            writer.expression(it);
        });
    }

    /// Parameters of a function or a class.
    pub(super) fn parameters(&mut self, parameters: &[Parameter], text: &str) {
        self.0.many(parameters, |writer, parameter| {
            writer.base = pattern_start(&parameter.pattern);
            writer.pattern(&parameter.pattern);
            writer.optional(parameter.annotation.as_ref(), Writer::annotation);
            writer.optional(parameter.default.as_ref(), |writer, default| {
                writer.base = default.range.start;
                writer.text(default.range.of(text));
                writer.expression(default);
            });
        });
    }

    /// A type by another name.
    pub(super) fn annotation(&mut self, annotation: &TypeRef) {
        self.0.annotation(annotation);
    }

    pub(super) fn finish(&self) -> u128 {
        hashed(&self.0.bytes)
    }
}

fn pattern_start(pattern: &Pattern) -> u32 {
    match pattern {
        Pattern::Name(name) | Pattern::Rest { name, .. } => name.range.start,
        Pattern::Attribute(path) => path.first().map_or(0, |it| it.range.start),
        Pattern::Tuple(items) => items.first().map_or(0, pattern_start),
        Pattern::Item(object, _) => object.range.start,
        Pattern::Ignore => 0,
    }
}
