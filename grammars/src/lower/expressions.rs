//! Expressions: names, operators, attributes, items; calls are in `calls`.

use std::sync::Arc;

use compact_str::{CompactString, format_compact};
use program::{
    Confidence, Expression, Language, Literal, Origin, ResultUse, TextPart, TextRange, Type,
    UnresolvedReason,
};
use spark::{Library, LibraryMember, Outcome};

use super::Lowering;
use super::environment::{Lowered, Meaning};
use super::functions::Runs;
use super::linked::Inherited;
use super::types;
use crate::syntax::{Expr, ExprKind, Name, TextPiece};

/// How long a text and a list grow by `+`: `a = a + a` again and again doubles them.
const LONGEST_TEXT: usize = 64 * 1024;
const LONGEST_LIST: usize = 1000;

impl<'a> Lowering<'a> {
    /// Evaluates an expression. A chain is walked from its root, so that its length does not cost stack.
    pub(super) fn expression(&mut self, expr: &'a Expr) -> Lowered {
        if self.depth >= super::DEPTH {
            self.leave_out(expr.range);
            return Lowered::unknown(UnresolvedReason::Other);
        }
        self.depth += 1;
        let outer = self.chain.len();
        let mut root = expr;
        while let Some(next) = next_link(root) {
            self.chain.push(root);
            root = next;
        }
        let mut lowered = self.root(root);
        while self.chain.len() > outer
            && let Some(link) = self.chain.pop()
        {
            lowered = self.link(link, lowered);
        }
        self.depth -= 1;
        lowered
    }

    fn link(&mut self, expr: &'a Expr, object: Lowered) -> Lowered {
        match &expr.kind {
            ExprKind::Call { callee, arguments, arguments_range, type_arguments } => {
                if let Some(found) = self.typed_collection(callee, type_arguments, arguments) {
                    return found;
                }
                match &callee.kind {
                    ExprKind::Attribute { object: inner, name } => {
                        let receiver_range = self.receiver_range(callee.range, inner.range, name);
                        let site = super::calls::Site {
                            range: expr.range,
                            name,
                            name_range: name.range,
                            receiver_range,
                            arguments,
                            arguments_range: *arguments_range,
                            typed: !type_arguments.is_empty(),
                        };
                        self.method_call(&site, object)
                    }
                    _ => self.apply(expr.range, callee.range, object, arguments, *arguments_range),
                }
            }
            ExprKind::Attribute { object: inner, name } => {
                let receiver_range = self.receiver_range(expr.range, inner.range, name);
                let attribute = self.attribute(expr.range, receiver_range, name, object);
                self.evaluated(attribute)
            }
            ExprKind::Index { index, .. } => self.index(expr.range, index, object),
            _ => object,
        }
    }

    /// The receiver's text, with the parentheses around it that the expression's own range leaves out.
    fn receiver_range(&self, whole: TextRange, inner: TextRange, name: &Name) -> TextRange {
        if whole.start == inner.start {
            return inner;
        }
        let before = TextRange::new(whole.start, name.range.start).of(self.text);
        let before =
            before.trim_end().trim_end_matches('.').trim_end_matches([' ', '\n', '\r', '\t', '\\']);
        TextRange::new(whole.start, whole.start + before.len() as u32)
    }

    fn root(&mut self, expr: &'a Expr) -> Lowered {
        match &expr.kind {
            ExprKind::Name(name) => {
                let named = self.name(name);
                if let Meaning::Unknown(UnresolvedReason::Name) = named.meaning
                    && let Some(companion) = self.companion(name)
                {
                    return companion;
                }
                self.evaluated(named)
            }
            ExprKind::Literal(literal) => Lowered::local(Expression::Literal(literal.clone())),
            ExprKind::Column(name) => {
                Lowered::column(Expression::Column { name: name.clone(), of: None })
            }
            ExprKind::Call { callee, arguments, arguments_range, type_arguments } => {
                if let (ExprKind::Name(name), [], [asked]) =
                    (&callee.kind, arguments.as_slice(), type_arguments.as_slice())
                    && self.language == Language::Scala
                    && matches!(name.as_str(), "summon" | "implicitly")
                {
                    let shape = self.annotation(asked);
                    return self.called(&shape);
                }
                if let Some(found) = self.typed_collection(callee, type_arguments, arguments) {
                    return found;
                }
                self.function_call(expr.range, callee, arguments, *arguments_range)
            }
            ExprKind::Text(pieces) => {
                let mut parts = Vec::new();
                for piece in pieces {
                    parts.push(match piece {
                        TextPiece::Literal(text) => TextPart::Literal(text.clone()),
                        TextPiece::Hole(hole) => TextPart::Hole(self.expression(hole).expression),
                    });
                }
                Lowered::local(Expression::Text(parts))
            }
            ExprKind::List(items) => self.list(items),
            ExprKind::Mapping(pairs) => self.mapping(pairs),
            ExprKind::Lambda { parameters, body } => {
                self.lambda(parameters, body, expr.range, Runs::Locally)
            }
            ExprKind::Operation { operator, operands }
                if matches!(operator.as_str(), "yield" | "yield from") =>
            {
                self.yielded(operands, operator == "yield from")
            }
            ExprKind::Operation { operator, operands } => {
                let calls = self.program.calls.len();
                let lowered = self.operation(operator, operands, expr.range);
                self.chained(operands, calls);
                lowered
            }
            ExprKind::Conditional { condition, then, otherwise } => {
                self.conditional(expr.range, condition, then, otherwise.as_deref(), false)
            }
            ExprKind::Comprehension { element, clauses } => {
                self.comprehension(expr.range, element, clauses)
            }
            ExprKind::Block(body) => self.block_value(body).0,
            ExprKind::Opaque(parts) => {
                for part in parts {
                    self.expression(part);
                }
                Lowered::unknown(UnresolvedReason::Other)
            }
            // Chains do not begin with these.
            ExprKind::Attribute { .. } | ExprKind::Index { .. } => {
                Lowered::unknown(UnresolvedReason::Other)
            }
        }
    }

    pub(super) fn name(&mut self, name: &str) -> Lowered {
        if matches!(name, "self" | "this")
            && self.lookup(name).is_none()
            && let Some(class) = self.enclosing_class()
        {
            return self.lowered(Meaning::Instance(class));
        }
        if let Some(meaning) = self.lookup(name) {
            if matches!(meaning, Meaning::Unknown(_)) {
                self.missed(name);
            }
            return self.named_meaning(meaning);
        }
        // A method or field of the enclosing Scala class, a global that is set later, an ambient session, a class of Spark's.
        if self.language == Language::Scala
            && let Some(class) = self.enclosing_class()
        {
            if let Some(index) = self.method_of(&class, name) {
                return self.lowered(Meaning::Function(index));
            }
            if let Some(found) = self.class_attribute(&class, name, name) {
                return found;
            }
            match self.inherited(&class, name) {
                Some(Inherited::Method(index)) => return self.lowered(Meaning::Function(index)),
                Some(Inherited::Value(meaning)) => return self.lowered(meaning),
                None => {}
            }
        }
        if let Some(index) = self.function_named(name, |_| true) {
            return self.lowered(Meaning::Function(index));
        }
        if self.collected.classes.contains_key(name) {
            return self.lowered(Meaning::LocalClass(name.into()));
        }
        let ambient = self.ambient.get(name).copied();
        self.asked_ambient(name, ambient);
        if let Some(value) = ambient {
            return Lowered::spark(value);
        }
        let global = self.known.global(name).cloned();
        if let Some(shape) = global
            && let Some(meaning) = self.materialize(&shape, &Origin::Ambient(name.to_owned()))
        {
            if let Meaning::Spark(value) = meaning {
                self.made_ambient(name, value);
                self.ambient.insert(name.to_owned(), value);
            }
            return self.lowered(meaning);
        }
        if let Some(meaning) = self.free_meaning(name) {
            return self.named_meaning(meaning);
        }
        if self.language == Language::Scala
            && let Some(found) = self.starred(name)
        {
            return found;
        }
        if self.language == Language::Scala && name == "None" {
            return Lowered::local(Expression::Literal(Literal::Null));
        }
        if matches!(
            name,
            "math"
                | "Math"
                | "System"
                | "Thread"
                | "Iterator"
                | "Arrays"
                | "Files"
                | "Paths"
                | "Console"
        ) {
            // What every program of the language can name, and nothing of Spark's.
            return Lowered::local(Expression::Unknown);
        }
        if let Some(found) = self.ambient_library(name) {
            return found;
        }
        if let Some(root) = self.package_root(name) {
            return root;
        }
        if self.program.uses_spark {
            if let Some(kind) = types::ambient(name) {
                let value =
                    self.value(kind, Confidence::Declared, Origin::Ambient(name.to_owned()), None);
                self.made_ambient(name, value);
                self.ambient.insert(name.to_owned(), value);
                return Lowered::spark(value);
            }
            if let Some(kind) = types::spark_class(name).or_else(|| self.starred_class(name)) {
                return self.lowered(Meaning::Class(kind));
            }
            if self.star_functions && types::is_column_function(self.language, name) {
                let path: Arc<str> = format!("pyspark.sql.functions.{name}").into();
                return self.lowered(Meaning::Path(path));
            }
        }
        self.missed(name);
        Lowered::unknown(UnresolvedReason::Name)
    }

    /// The class that a name bound nowhere means where everything of a part of Spark is imported.
    fn starred_class(&self, name: &str) -> Option<Type> {
        if let Some(known) = self.starred.borrow().get(name) {
            return *known;
        }
        let found = types::class_of_stars(&self.spark_stars, name, self.language);
        self.starred.borrow_mut().insert(name.to_owned(), found);
        found
    }

    pub(super) fn named_meaning(&mut self, meaning: Meaning) -> Lowered {
        if let Meaning::Path(path) = &meaning
            && let Some(kind) = types::class_of_path(path, self.language)
        {
            return self.lowered(Meaning::Class(kind));
        }
        if let Meaning::Path(path) = &meaning
            && let Some(linked) = self.path_meaning(&path.clone())
        {
            // What another file imported is Spark's, or of no file.
            return match &linked {
                Meaning::Path(path) => match types::class_of_path(path, self.language) {
                    Some(kind) => self.lowered(Meaning::Class(kind)),
                    None => self.lowered(linked),
                },
                _ => self.lowered(linked),
            };
        }
        self.lowered(meaning)
    }

    fn operation(&mut self, operator: &str, operands: &'a [Expr], range: TextRange) -> Lowered {
        // Strings are put together by long chains of `+`: the left spine is walked, not recursed into.
        let mut spine = vec![(operator, operands, range)];
        while let Some((_, operands, _)) = spine.last()
            && let [left, _] = operands
            && let ExprKind::Operation { operator, operands } = &left.kind
            && operands.len() == 2
        {
            spine.push((operator.as_str(), operands.as_slice(), left.range));
        }
        let mut result: Option<Lowered> = None;
        while let Some((operator, operands, range)) = spine.pop() {
            let skip = usize::from(result.is_some());
            let mut parts: Vec<Lowered> = result.take().into_iter().collect();
            for operand in operands.iter().skip(skip) {
                parts.push(self.expression(operand));
            }
            self.compared(operator, &parts, range);
            result = Some(self.operated(operator, parts));
        }
        result.unwrap_or_else(|| Lowered::unknown(UnresolvedReason::Other))
    }

    fn operated(&mut self, operator: &str, parts: Vec<Lowered>) -> Lowered {
        if let ("-" | "+", [only]) = (operator, parts.as_slice())
            && let Expression::Literal(literal) = &only.expression
        {
            let negative = operator == "-";
            let literal = match literal {
                Literal::Integer(value) if negative => Literal::Integer(value.saturating_neg()),
                Literal::Float(value) if negative => Literal::Float(-value),
                other => other.clone(),
            };
            return Lowered::local(Expression::Literal(literal));
        }
        if matches!(operator, "or" | "and")
            && let Some(chosen) = self.chosen(operator, &parts)
        {
            return chosen;
        }
        if let Some(joined) = self.put_together(operator, &parts) {
            return joined;
        }
        let column = parts.iter().any(|part| self.is_column(&part.meaning));
        let many = parts.iter().find_map(|part| match &part.meaning {
            Meaning::Many(value) if operator == "+" => Some(Meaning::Many(*value)),
            Meaning::Tuple(items) if operator == "+" => items.iter().find_map(|item| match item {
                Meaning::Spark(value) => Some(Meaning::Many(*value)),
                _ => None,
            }),
            _ => None,
        });
        let arguments: Vec<Expression> = parts.into_iter().map(|part| part.expression).collect();
        if operator == "+"
            && let [
                Expression::Literal(Literal::Text(left)),
                Expression::Literal(Literal::Text(right)),
            ] = arguments.as_slice()
            && left.len() + right.len() <= LONGEST_TEXT
        {
            return Lowered::local(Expression::Literal(Literal::Text(format_compact!(
                "{left}{right}"
            ))));
        }
        if operator == "+"
            && let [Expression::List(left), Expression::List(right)] = arguments.as_slice()
            && left.len() + right.len() <= LONGEST_LIST
        {
            let list = Expression::List(left.iter().chain(right).cloned().collect());
            return Lowered {
                meaning: many.unwrap_or(Meaning::Local(Arc::new(list.clone()))),
                expression: list,
                call: None,
            };
        }
        let expression = Expression::Apply { function: operator.into(), arguments };
        match many {
            Some(meaning) => Lowered { meaning, expression, call: None },
            None if column => Lowered::column(expression),
            None => Lowered::local(expression),
        }
    }

    /// `given or default` and `condition and value` with datasets or sessions: one of the operands.
    fn chosen(&mut self, operator: &str, parts: &[Lowered]) -> Option<Lowered> {
        let spark = |lowering: &Self, part: &Lowered| {
            matches!(part.meaning, Meaning::Spark(value) if lowering.program.value(value).kind != Type::Column)
                || matches!(part.meaning, Meaning::Instance(_))
        };
        let last = parts.last().filter(|it| spark(self, it))?;
        if operator == "and" {
            return Some(Lowered { call: None, ..last.clone() });
        }
        let mut meanings: Vec<Meaning> =
            parts.iter().filter(|it| spark(self, it)).map(|it| it.meaning.clone()).collect();
        let given = parts
            .iter()
            .map(|it| &it.meaning)
            .find(|it| matches!(it, Meaning::Unknown(_) | Meaning::Parameter(..)));
        if let (Meaning::Spark(value), Some(given)) = (&last.meaning, given) {
            meanings.insert(0, self.stand_in(*value, given, ""));
        }
        let meaning = self.merge(&meanings);
        Some(self.lowered(meaning))
    }

    /// Something of unknown type that is used where `value` stands in for it: by declaration of the same type.
    pub(super) fn stand_in(
        &mut self,
        value: program::ValueId,
        given: &Meaning,
        name: &str,
    ) -> Meaning {
        let kind = self.program.value(value).kind;
        let confidence = self.program.value(value).confidence.min(Confidence::Declared);
        let origin = match given {
            Meaning::Parameter(function, index) => {
                Origin::Parameter { function: *function, index: *index }
            }
            _ => Origin::Ambient(name.to_owned()),
        };
        Meaning::Spark(self.value(kind, confidence, origin, None))
    }

    pub(super) fn is_column(&self, meaning: &Meaning) -> bool {
        match meaning {
            Meaning::Column(_) => true,
            Meaning::Spark(value) => self.program.value(*value).kind == Type::Column,
            _ => false,
        }
    }

    fn attribute(
        &mut self,
        range: TextRange,
        receiver_range: TextRange,
        name: &'a Name,
        object: Lowered,
    ) -> Lowered {
        if let Some(dataset) =
            self.rows_to_dataset(&Self::bare_site(range, receiver_range, name), &object)
        {
            return dataset;
        }
        match &object.meaning {
            Meaning::Spark(_) | Meaning::Class(_) => {
                self.spark_attribute(range, receiver_range, name, object)
            }
            Meaning::Path(path) => {
                let path: Arc<str> = format!("{path}.{}", name.text).into();
                let mut lowered = self.named_meaning(Meaning::Path(path.clone()));
                if types::column_function(&path).is_none()
                    && matches!(lowered.meaning, Meaning::Path(_))
                {
                    lowered.expression =
                        Expression::Apply { function: name.text.clone(), arguments: Vec::new() };
                }
                lowered
            }
            Meaning::Instance(class) | Meaning::LocalClass(class) => {
                let class = class.clone();
                let key = self.path_text(range);
                self.member(&class, name, &key)
            }
            Meaning::Library(library) => {
                let text = self.path_text(range);
                self.library_member(*library, &name.text, &text)
            }
            Meaning::Bound(_) | Meaning::Callable(_) => {
                Lowered::unknown(UnresolvedReason::Attribute)
            }
            Meaning::ForeignInstance(class) | Meaning::ForeignClass(class) => {
                // As bound in this function, else as its own file has it.
                if let Some(meaning) = self.lookup(range.of(self.text)) {
                    return self.named_meaning(meaning);
                }
                let instance = matches!(object.meaning, Meaning::ForeignInstance(_));
                if let Some(meaning) = self.foreign_member(&class.clone(), &name.text) {
                    let key = self.path_text(range);
                    let meaning =
                        if instance { self.field_of(meaning, &name.text, &key) } else { meaning };
                    return self.lowered(meaning);
                }
                self.conventional(range.of(self.text), &name.text)
                    .unwrap_or_else(|| Lowered::unknown(UnresolvedReason::Attribute))
            }
            Meaning::Column(expression) => {
                let neutral = self.column_method(&name.text);
                if self.language == Language::Python
                    && spark::api().method(self.language, Type::Column, &name.text).is_some()
                {
                    return Lowered::unknown(UnresolvedReason::Other);
                }
                let arguments = vec![(**expression).clone()];
                Lowered::column(Expression::Apply { function: neutral, arguments })
            }
            Meaning::Local(_) => {
                if self.language == Language::Scala {
                    self.asked_to_be_empty(&object, &name.text, range);
                }
                let expression = local_attribute(object.expression, &name.text);
                Lowered::local(expression)
            }
            Meaning::Many(value) if matches!(name.text.as_str(), "head" | "last") => {
                Lowered::spark(*value)
            }
            Meaning::Maybe(_) => self.maybe_attribute(range, receiver_range, name, &object),
            Meaning::Tuple(items) if tuple_place(&name.text).is_some() => {
                let item = tuple_place(&name.text).and_then(|at| items.get(at)).cloned();
                self.lowered(item.unwrap_or(Meaning::Unknown(UnresolvedReason::Other)))
            }
            Meaning::Tuple(_) | Meaning::Each(_) | Meaning::Many(_)
                if self.language == Language::Scala =>
            {
                self.collection_attribute(&name.text, object)
            }
            Meaning::Mapping(_) | Meaning::Record(_) if name.text == "values" => {
                let item = self.item(&object, &Expression::Unknown);
                let item = item.map_or(Meaning::Unknown(UnresolvedReason::Other), |it| it.meaning);
                let meaning = Self::collection_of(item);
                self.lowered(meaning)
            }
            Meaning::Tuple(_)
            | Meaning::Many(_)
            | Meaning::Each(_)
            | Meaning::Mapping(_)
            | Meaning::Record(_) => object,
            Meaning::Unknown(_)
            | Meaning::Parameter(..)
            | Meaning::Function(_)
            | Meaning::Foreign(_) => {
                let key = range.of(self.text);
                if let Some(meaning) = self.lookup(key) {
                    return self.lowered(meaning);
                }
                if let Some(found) = self.conventional(key, &name.text) {
                    return found;
                }
                if self.language == Language::Scala {
                    return self.unknown_scala_attribute(range, receiver_range, name, object);
                }
                let expression = local_attribute(object.expression, &name.text);
                let reason = match object.meaning {
                    Meaning::Unknown(reason) => reason,
                    Meaning::Parameter(..) => UnresolvedReason::Parameter,
                    _ => UnresolvedReason::Attribute,
                };
                Lowered { meaning: Meaning::Unknown(reason), expression, call: None }
            }
        }
    }

    /// The field of a named tuple at a place.
    pub(super) fn field_at(&mut self, object: &Lowered, place: Option<i64>) -> Lowered {
        let unknown = Lowered::unknown(UnresolvedReason::Other);
        let Some(place) = place.filter(|it| *it >= 0) else { return unknown };
        let name =
            Name { text: compact_str::format_compact!("{place}"), range: TextRange::new(0, 0) };
        let field = match &object.meaning {
            Meaning::Instance(class) => self.member(&class.clone(), &name, ""),
            Meaning::ForeignInstance(class) => {
                match self.foreign_member(&class.clone(), &name.text) {
                    Some(meaning) => self.lowered(meaning),
                    None => return unknown,
                }
            }
            _ => return unknown,
        };
        if matches!(field.meaning, Meaning::Unknown(_)) { unknown } else { field }
    }

    fn index(&mut self, range: TextRange, index: &'a Expr, object: Lowered) -> Lowered {
        let position = self.expression(index);
        match &object.meaning {
            Meaning::Spark(value) => {
                let value = *value;
                match (self.program.value(value).kind, &position.expression) {
                    (Type::DataFrame, Expression::Literal(Literal::Text(name))) => {
                        Lowered::column(Expression::Column { name: name.clone(), of: Some(value) })
                    }
                    (Type::DataFrame, Expression::List(_)) => {
                        self.bracket(range, index.range, object, "select", position)
                    }
                    (Type::DataFrame, _) if self.is_column(&position.meaning) => {
                        self.bracket(range, index.range, object, "filter", position)
                    }
                    (Type::PandasFrame, _) => {
                        self.library_value(LibraryMember::Object(Library::PandasOnSpark), "")
                    }
                    (Type::DataFrame | Type::Column, _) => Lowered::column(Expression::Apply {
                        function: "getItem".into(),
                        arguments: vec![object.expression, position.expression],
                    }),
                    _ => Lowered::unknown(UnresolvedReason::Other),
                }
            }
            Meaning::Many(_) | Meaning::Each(_) | Meaning::Tuple(_)
                if matches!(&index.kind, ExprKind::Opaque(_))
                    && range_is_slice(index, self.text) =>
            {
                self.slice(&object)
            }
            Meaning::Many(_)
            | Meaning::Each(_)
            | Meaning::Tuple(_)
            | Meaning::Mapping(_)
            | Meaning::Record(_) => self
                .item(&object, &position.expression)
                .unwrap_or_else(|| Lowered::unknown(UnresolvedReason::Other)),
            Meaning::Library(library) => Lowered {
                meaning: Meaning::Library(*library),
                ..Lowered::local(Expression::Unknown)
            },
            Meaning::Column(_) => Lowered::column(Expression::Apply {
                function: "getItem".into(),
                arguments: vec![object.expression, position.expression],
            }),
            Meaning::Instance(class) => match self.method_of(class, "__getitem__") {
                Some(method) => self.call_local(method, &[(None, position)], true),
                None => self.field_at(&object, position.expression.as_integer()),
            },
            Meaning::ForeignInstance(_) => self.field_at(&object, position.expression.as_integer()),
            meaning => {
                if let Some(at) = position.expression.as_integer() {
                    self.set_use(&object, ResultUse::Indexed(at));
                }
                let known = matches!(meaning, Meaning::Local(_) | Meaning::Parameter(..));
                let expression = match (&object.expression, position.expression.as_integer()) {
                    (Expression::List(items), Some(at))
                        if at >= 0 && (at as usize) < items.len() =>
                    {
                        items[at as usize].clone()
                    }
                    (other, Some(at)) if known && at >= 0 => {
                        Expression::Item(Box::new(other.clone()), at as u32)
                    }
                    (other, _) if known => Expression::Apply {
                        function: "getItem".into(),
                        arguments: vec![other.clone(), position.expression],
                    },
                    _ => Expression::Unknown,
                };
                match meaning {
                    Meaning::Local(_) => Lowered::local(expression),
                    Meaning::Parameter(..) => Lowered {
                        meaning: Meaning::Unknown(UnresolvedReason::Parameter),
                        expression,
                        call: None,
                    },
                    Meaning::Unknown(reason) => {
                        Lowered { meaning: Meaning::Unknown(*reason), expression, call: None }
                    }
                    _ => Lowered::unknown(UnresolvedReason::Other),
                }
            }
        }
    }

    /// The language-neutral name of a column's method.
    pub(super) fn column_method(&self, name: &str) -> CompactString {
        let method = spark::api().method(self.language, Type::Column, name);
        method.map_or(name, |it| it.name()).into()
    }

    /// Whether a method of Spark's evaluates to a column.
    pub(super) fn makes_column(outcome: Outcome) -> bool {
        outcome == Outcome::Spark(Type::Column)
    }
}

/// The place in a tuple that `_1`, `_2`… name.
fn tuple_place(name: &str) -> Option<usize> {
    name.strip_prefix('_')?.parse::<usize>().ok()?.checked_sub(1)
}

/// The inner expression of a link of a chain.
fn next_link(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Attribute { object, .. } | ExprKind::Index { object, .. } => Some(object),
        ExprKind::Call { callee, .. } => match &callee.kind {
            ExprKind::Attribute { object, .. } => Some(object),
            ExprKind::Call { .. } | ExprKind::Index { .. } => Some(callee),
            _ => None,
        },
        _ => None,
    }
}

/// Whether an index is a slice (`[1:]`), which the surface syntax has no form for.
fn range_is_slice(index: &Expr, text: &str) -> bool {
    index.range.of(text).contains(':')
}

/// Whether a function by this name takes two arguments wherever it is given as a value.
pub(super) fn is_binary_operator(name: &str) -> bool {
    matches!(name, "add" | "mul" | "sub" | "truediv" | "iadd" | "or_" | "and_" | "concat")
}

/// A function of the language applied, by its language-neutral name.
pub(super) fn applied(name: &str, mut arguments: Vec<Expression>) -> Expression {
    let neutral = match name {
        "len" | "size" | "length" => "size",
        "prod" | "product" => "product",
        "toList" | "list" => "list",
        "toSet" | "set" => "set",
        "add" | "iadd" | "concat" => "+",
        "mul" => "*",
        "sub" => "-",
        "truediv" => "/",
        "or_" => "or",
        "and_" => "and",
        "reduceLeft" => "reduce",
        other => other,
    };
    if neutral == "reduce" && matches!(arguments.as_slice(), [Expression::Function(_), _]) {
        // `reduce(f, xs)` is `xs.reduce(f)`.
        arguments.swap(0, 1);
    }
    Expression::Apply { function: neutral.into(), arguments }
}

/// An attribute of a value of the language: an element of a tuple, or a method without parentheses.
pub(super) fn local_attribute(object: Expression, name: &str) -> Expression {
    let place = name
        .strip_prefix('_')
        .and_then(|digits| digits.parse::<u32>().ok())
        .filter(|place| *place > 0);
    match (object, place) {
        (Expression::Unknown, _) => Expression::Unknown,
        (object, Some(place)) => Expression::Item(Box::new(object), place - 1),
        (object, None) => applied(name, vec![object]),
    }
}
