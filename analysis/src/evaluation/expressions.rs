//! Expressions.

use std::rc::Rc;

use program::driver::{Clause, ExpressionId, ExpressionKind, List};
use program::{Language, TextRange};

use super::interpreter::{Interpreter, LoopFrame, NESTING};
use super::statements::Iterated;
use super::value::{Argument, FunctionKind, UNKNOWN, Value};
use super::{Features, TextPattern};

impl Interpreter<'_> {
    pub(super) fn expression(&mut self, id: ExpressionId) -> Value {
        self.steps += 1;
        if self.nesting >= NESTING || self.current.is_none() || self.exhausted() {
            return UNKNOWN;
        }
        self.nesting += 1;
        let value = self.expression_kind(id);
        self.nesting -= 1;
        if let Value::Text(text) = &value {
            self.steps += text.raw().len() as u64 / 1024;
        }
        value
    }

    fn expression_kind(&mut self, id: ExpressionId) -> Value {
        let code = self.code();
        let expression = code.expression(id);
        match expression.kind {
            ExpressionKind::Opaque(parts) => {
                let parts: Vec<ExpressionId> = code.expression_ids(parts).collect();
                let values: Vec<Value> = parts.into_iter().map(|it| self.expression(it)).collect();
                let frames = self.frames_of(&values);
                Value::may_hold(&frames)
            }
            ExpressionKind::Name(name) => {
                let name = self.symbol(name);
                self.name(name)
            }
            ExpressionKind::Attribute { object, name, name_start } => {
                let object = self.expression(object);
                let text = code.name(name);
                let name_range = TextRange::new(name_start, name_start + text.len() as u32);
                let place = self.place(name_range, expression.range);
                let name = self.symbol(name);
                self.attribute(&object, name, place)
            }
            ExpressionKind::Call { callee, arguments } => {
                self.call_expression(expression.range, callee, arguments)
            }
            ExpressionKind::Null => Value::Null,
            ExpressionKind::Boolean(value) => Value::Boolean(value),
            ExpressionKind::Integer(value) => Value::Integer(value),
            ExpressionKind::Float(bits) => Value::Float(f64::from_bits(bits)),
            ExpressionKind::Text(name) => Value::Text(TextPattern::exact(code.name(name))),
            ExpressionKind::Interpolation(pieces) => {
                let pieces: Vec<ExpressionId> = code.expression_ids(pieces).collect();
                let texts: Vec<TextPattern> = pieces
                    .into_iter()
                    .map(|piece| {
                        let value = self.expression(piece);
                        self.text_of(&value)
                    })
                    .collect();
                Value::Text(TextPattern::concatenated(&texts))
            }
            ExpressionKind::List(items) => {
                let ids: Vec<ExpressionId> = code.expression_ids(items).collect();
                let mut complete = true;
                let mut values = Vec::with_capacity(ids.len());
                for id in ids {
                    let spread = match code.expression(id).kind {
                        // `[*others, last]`: what is spread stands alone in something that is not understood.
                        ExpressionKind::Opaque(parts) if parts.length == 1 => {
                            code.expression_ids(parts).next()
                        }
                        _ => None,
                    };
                    let Some(spread) = spread else {
                        values.push(self.expression(id));
                        continue;
                    };
                    let inner = self.expression(spread);
                    match self.iterated(&inner) {
                        Iterated::Known(items) => values.extend(items),
                        Iterated::Any(element, _) => {
                            complete = false;
                            values.push(element);
                        }
                        Iterated::Generator(_) => complete = false,
                    }
                }
                self.heap.sequence(values, complete)
            }
            ExpressionKind::Mapping(pairs) => self.mapping(pairs),
            ExpressionKind::Lambda(function) => self.closure(function, FunctionKind::Plain),
            ExpressionKind::Operation { operator, operands } => {
                let operator = code.name(operator);
                self.operation(operator, operands)
            }
            ExpressionKind::Index { object, index } => {
                let object = self.expression(object);
                let index_range = code.expression(index).range;
                let index = self.expression(index);
                let place = self.place(index_range, expression.range);
                self.index(&object, &index, place)
            }
            ExpressionKind::Conditional { condition, then, otherwise } => {
                let condition = self.expression(condition);
                let arms: Vec<Option<ExpressionId>> = match self.truth(&condition) {
                    Some(true) => vec![Some(then)],
                    Some(false) => vec![otherwise],
                    None => vec![Some(then), otherwise],
                };
                self.fork(&arms, &mut |this, arm| arm.map_or(Value::Null, |it| this.expression(it)))
            }
            ExpressionKind::Comprehension { element, clauses } => {
                let clauses: Vec<Clause> = code.clauses_of(clauses).to_vec();
                let mut items = Vec::new();
                let mut complete = true;
                // What a comprehension binds is gone after it.
                let scope = self.activation().scope;
                let inner = self.heap.scope(Some(scope));
                self.activation().scope = inner;
                self.comprehension(element, &clauses, &mut items, &mut complete);
                self.activation().scope = scope;
                self.heap.sequence(items, complete)
            }
            ExpressionKind::Block(body) => self.block_value(body),
            ExpressionKind::Column(name) => {
                let mut features = Features::default();
                features.column(code.name(name));
                Value::Column(Rc::new(features))
            }
        }
    }

    fn comprehension(
        &mut self,
        element: ExpressionId,
        clauses: &[Clause],
        items: &mut Vec<Value>,
        complete: &mut bool,
    ) {
        let Some((clause, rest)) = clauses.split_first() else {
            if items.len() < 2000 {
                items.push(self.expression(element));
            }
            return;
        };
        let code = self.code();
        let iterated = self.expression(clause.iterated);
        let iterated = match iterated {
            Value::Generator(_) => self.collected(&iterated),
            other => other,
        };
        let conditions: Vec<ExpressionId> = code.expression_ids(clause.conditions).collect();
        match self.iterated(&iterated) {
            Iterated::Known(values) => {
                for value in values {
                    if self.exhausted() {
                        *complete = false;
                        break;
                    }
                    self.bind(clause.target, value);
                    let mut kept = Some(true);
                    for condition in &conditions {
                        let condition = self.expression(*condition);
                        kept = match (kept, self.truth(&condition)) {
                            (Some(false), _) | (_, Some(false)) => Some(false),
                            (Some(true), Some(true)) => Some(true),
                            _ => None,
                        };
                    }
                    if kept == Some(false) {
                        continue;
                    }
                    *complete &= kept == Some(true);
                    self.comprehension(element, rest, items, complete);
                }
            }
            Iterated::Any(value, _) => {
                *complete = false;
                self.activation().loops.push(LoopFrame::default());
                let mut last = Vec::new();
                self.repeat(&mut |this| {
                    this.bind(clause.target, value.clone());
                    for condition in &conditions {
                        this.expression(*condition);
                    }
                    last.clear();
                    this.comprehension(element, rest, &mut last, complete);
                });
                self.end_loop();
                items.append(&mut last);
            }
            Iterated::Generator(_) => *complete = false,
        }
    }

    fn mapping(&mut self, pairs: List) -> Value {
        let code = self.code();
        let ids: Vec<ExpressionId> = code.expression_ids(pairs).collect();
        let mut entries: Vec<(Value, Value)> = Vec::new();
        let mut complete = true;
        for pair in ids.chunks_exact(2) {
            let spread = matches!(code.expression(pair[0]).kind, ExpressionKind::Opaque(parts) if parts.length == 0);
            if spread {
                let inner = match code.expression(pair[1]).kind {
                    ExpressionKind::Opaque(parts) if parts.length == 1 => {
                        code.expression_ids(parts).next().unwrap_or(pair[1])
                    }
                    _ => pair[1],
                };
                let other = self.expression(inner);
                match &other {
                    Value::Mapping(cell) => {
                        if let Some(mapping) = self.heap.mapping_of(*cell).cloned() {
                            complete &= mapping.complete;
                            for (key, value) in mapping.entries.iter() {
                                put(&mut entries, key.clone(), value.clone());
                            }
                        }
                    }
                    _ => complete = false,
                }
                continue;
            }
            let key = self.expression(pair[0]);
            let value = self.expression(pair[1]);
            complete &= is_key(&key);
            put(&mut entries, key, value);
        }
        self.heap.mapping(entries, complete)
    }

    fn operation(&mut self, operator: &str, operands: List) -> Value {
        let code = self.code();
        let ids: Vec<ExpressionId> = code.expression_ids(operands).collect();
        match operator {
            "yield" => {
                let value = match ids.as_slice() {
                    [] => Value::Null,
                    [only] => self.expression(*only),
                    several => {
                        let values = several.iter().map(|it| self.expression(*it)).collect();
                        self.heap.sequence(values, true)
                    }
                };
                if self.current.is_some() {
                    self.yielded(value);
                }
                return UNKNOWN;
            }
            "yield from" => {
                if let Some(&only) = ids.first() {
                    let value = self.expression(only);
                    self.yield_from(&value);
                }
                return UNKNOWN;
            }
            "and" | "or" if ids.len() >= 2 => return self.connective(operator, &ids),
            _ => {}
        }
        let values: Vec<Value> = ids.into_iter().map(|it| self.expression(it)).collect();
        self.operated(operator, &values)
    }

    /// `and`, `or`: of columns a condition, else evaluated as far as is needed.
    fn connective(&mut self, operator: &str, ids: &[ExpressionId]) -> Value {
        let first = self.expression(ids[0]);
        if matches!(first, Value::Column(_)) {
            let mut values = vec![first];
            for id in &ids[1..] {
                values.push(self.expression(*id));
            }
            return self.operated(operator, &values);
        }
        let mut result = first;
        for id in &ids[1..] {
            let decides = operator == "or";
            match self.truth(&result) {
                Some(truth) if truth == decides => return result,
                Some(_) => result = self.expression(*id),
                None => {
                    let before = result.clone();
                    let arms = [Some(*id), None];
                    let after = self.fork(&arms, &mut |this, arm| {
                        arm.map_or_else(|| before.clone(), |it| this.expression(it))
                    });
                    // A default behind something that is not known: it may be either.
                    result = match (&before, operator) {
                        (Value::Unknown(_), "and") => UNKNOWN,
                        _ => after,
                    };
                    if matches!(result, Value::Text(_) | Value::Boolean(_) | Value::Integer(_))
                        && before.is_unknown()
                    {
                        result = UNKNOWN;
                    }
                }
            }
        }
        result
    }

    pub(super) fn operated(&mut self, operator: &str, values: &[Value]) -> Value {
        if values.iter().any(|it| matches!(it, Value::Column(_))) {
            let mut features = Features::default();
            for value in values {
                self.column_features(value, &mut features, false);
            }
            return Value::Column(Rc::new(features));
        }
        match (operator, values) {
            ("not", [only]) => self.truth(only).map_or(UNKNOWN, |it| Value::Boolean(!it)),
            ("-", [Value::Integer(value)]) => Value::Integer(value.saturating_neg()),
            ("-", [Value::Float(value)]) => Value::Float(-value),
            ("+", [only]) => only.clone(),
            ("=" | "is" | "!=" | "is not", [left, right]) => match self.equal(left, right) {
                Some(equal) => Value::Boolean(equal != operator.contains(['!', 'n'])),
                None => UNKNOWN,
            },
            ("in" | "not in", [left, right]) => self
                .contained(left, right)
                .map_or(UNKNOWN, |it| Value::Boolean(it == (operator == "in"))),
            ("+", [Value::Text(left), right]) => {
                let right = self.text_of(right);
                Value::Text(TextPattern::concatenated([left, &right]))
            }
            ("+", [left, Value::Text(right)]) => {
                let left = self.text_of(left);
                Value::Text(TextPattern::concatenated([&left, right]))
            }
            ("%", [Value::Text(format), arguments]) => {
                let values = match arguments {
                    Value::Sequence(cell) => {
                        self.heap.sequence_of(*cell).map(|it| it.items.to_vec()).unwrap_or_default()
                    }
                    single => vec![single.clone()],
                };
                Value::Text(self.percent(format, &values))
            }
            ("/", [left, right])
                if matches!(left, Value::Text(_)) || matches!(right, Value::Text(_)) =>
            {
                let parts = [self.text_of(left), self.text_of(right)];
                Value::Text(joined_path(&parts))
            }
            ("+" | "++" | ":+" | "+:" | "::" | ":::", [left, right]) => {
                self.added(operator, left, right)
            }
            ("*", [Value::Sequence(_), _] | [_, Value::Sequence(_)]) => {
                let list = values.iter().find(|it| matches!(it, Value::Sequence(_)));
                let items = match list {
                    Some(Value::Sequence(cell)) => {
                        self.heap.sequence_of(*cell).map(|it| it.items.to_vec())
                    }
                    _ => None,
                };
                self.heap.sequence(items.unwrap_or_default(), false)
            }
            ("or", [Value::Mapping(left), Value::Mapping(right)]) => {
                match (self.heap.mapping_of(*left).cloned(), self.heap.mapping_of(*right).cloned())
                {
                    (Some(left), Some(right)) => {
                        let mut entries = left.entries.to_vec();
                        for (key, value) in right.entries.iter() {
                            put(&mut entries, key.clone(), value.clone());
                        }
                        self.heap.mapping(entries, left.complete && right.complete)
                    }
                    _ => UNKNOWN,
                }
            }
            (_, [Value::Integer(left), Value::Integer(right)]) => {
                integers(operator, *left, *right, self.language())
            }
            (_, [Value::Float(_) | Value::Integer(_), Value::Float(_) | Value::Integer(_)]) => {
                floats(operator, &values[0], &values[1])
            }
            _ => {
                // Workspace classes may say what their operators do: `a >> b`, `a | b`.
                let frames = self.frames_of(values);
                if matches!(values.first(), Some(Value::Instance(_))) {
                    let hook = match operator {
                        "+" => "__add__",
                        "or" => "__or__",
                        "and" => "__and__",
                        ">>" => "__rshift__",
                        "<<" => "__lshift__",
                        "/" => "__truediv__",
                        _ => "",
                    };
                    if let (Some(Value::Instance(cell)), Some(hook)) =
                        (values.first(), self.names.known(hook))
                        && let Some(method) = self.instance_member(*cell, hook)
                    {
                        let place = self.place(TextRange::default(), TextRange::default());
                        let rest = values[1..].iter().cloned().map(Argument::positional).collect();
                        return self.call(&method, rest, place);
                    }
                }
                Value::may_hold(&frames)
            }
        }
    }

    fn added(&mut self, operator: &str, left: &Value, right: &Value) -> Value {
        let lists = (self.sequence_items(left), self.sequence_items(right));
        match (operator, lists) {
            (_, (Some((mut a, a_all)), Some((b, b_all))))
                if matches!(operator, "+" | "++" | ":::") =>
            {
                a.extend(b);
                self.heap.sequence(a, a_all && b_all)
            }
            (":+" | "+", (Some((mut a, complete)), None)) => {
                a.push(right.clone());
                self.heap.sequence(a, complete)
            }
            ("+:" | "::", (_, Some((b, complete)))) => {
                let mut items = vec![left.clone()];
                items.extend(b);
                self.heap.sequence(items, complete)
            }
            (":+", (Some((mut a, complete)), Some(_))) => {
                a.push(right.clone());
                self.heap.sequence(a, complete)
            }
            _ => match (left, right) {
                (Value::Integer(a), Value::Integer(b)) => Value::Integer(a.saturating_add(*b)),
                (Value::Float(_) | Value::Integer(_), Value::Float(_) | Value::Integer(_)) => {
                    floats("+", left, right)
                }
                (Value::Mapping(cell), _) => {
                    let Some(mapping) = self.heap.mapping_of(*cell).cloned() else {
                        return UNKNOWN;
                    };
                    let mut entries = mapping.entries.to_vec();
                    let mut complete = mapping.complete;
                    match self.sequence_items(right) {
                        Some((pair, _)) if pair.len() == 2 => {
                            put(&mut entries, pair[0].clone(), pair[1].clone());
                        }
                        _ => complete = false,
                    }
                    self.heap.mapping(entries, complete)
                }
                _ => {
                    let frames = self.frames_of([left, right]);
                    if let Some((mut items, _)) = self.sequence_items(left) {
                        items.push(Value::may_hold(&frames));
                        return self.heap.sequence(items, false);
                    }
                    Value::may_hold(&frames)
                }
            },
        }
    }

    pub(super) fn sequence_items(&self, value: &Value) -> Option<(Vec<Value>, bool)> {
        match value {
            Value::Sequence(cell) => {
                self.heap.sequence_of(*cell).map(|it| (it.items.to_vec(), it.complete))
            }
            _ => None,
        }
    }

    /// `"…%s…" % values`.
    fn percent(&self, format: &TextPattern, values: &[Value]) -> TextPattern {
        let mut out = String::new();
        let mut rest = format.raw().chars().peekable();
        let mut next = values.iter();
        while let Some(character) = rest.next() {
            if character != '%' {
                out.push(character);
                continue;
            }
            if rest.next_if_eq(&'%').is_some() {
                out.push('%');
                continue;
            }
            let mut specification = String::new();
            let named = rest.peek() == Some(&'(');
            while let Some(&following) = rest.peek() {
                rest.next();
                specification.push(following);
                if following.is_ascii_alphabetic() && (!named || specification.contains(')')) {
                    break;
                }
                if specification.len() > 60 {
                    break;
                }
            }
            let value = if named {
                let name =
                    specification.trim_start_matches('(').split(')').next().unwrap_or_default();
                values.first().and_then(|it| self.mapped_text(it, name))
            } else {
                next.next().map(|it| self.text_of(it))
            };
            // A width or precision changes the digits.
            let plain = named || specification.len() == 1;
            match value {
                Some(text) if plain => out.push_str(text.raw()),
                Some(text) if text.is_exact() => match padded(text.raw(), &specification) {
                    Some(text) => out.push_str(&text),
                    None => out.push_str(TextPattern::unknown().raw()),
                },
                _ => out.push_str(TextPattern::unknown().raw()),
            }
        }
        TextPattern::from_raw(out)
    }

    fn mapped_text(&self, value: &Value, name: &str) -> Option<TextPattern> {
        let Value::Mapping(cell) = value else { return None };
        let mapping = self.heap.mapping_of(*cell)?;
        let wanted = Value::text(name);
        mapping.entries.iter().find(|it| it.0.same(&wanted)).map(|it| self.text_of(&it.1))
    }

    /// `"…{}…{name}…".format(…)`.
    pub(super) fn formatted(
        &mut self,
        format: &TextPattern,
        arguments: &[Argument],
    ) -> TextPattern {
        let mut out = String::new();
        let mut rest = format.raw();
        let mut next = 0;
        while let Some(at) = rest.find(['{', '}']) {
            out.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if rest.starts_with(brace) {
                out.push_str(brace);
                rest = &rest[1..];
                continue;
            }
            if brace == "}" {
                continue;
            }
            let Some(end) = rest.find('}') else {
                out.push_str(TextPattern::unknown().raw());
                rest = "";
                break;
            };
            let field = &rest[..end];
            rest = &rest[end + 1..];
            let (name, specification) = field.split_once(':').unwrap_or((field, ""));
            let name = name.split('!').next().unwrap_or_default();
            let (name, path) = match name.find(['.', '[']) {
                Some(at) => (&name[..at], &name[at..]),
                None => (name, ""),
            };
            let positional: Vec<&Argument> =
                arguments.iter().filter(|it| it.name.is_none() && !it.rest).collect();
            let value = if name.is_empty() {
                next += 1;
                positional.get(next - 1).map(|it| it.value.clone())
            } else if let Ok(index) = name.parse::<usize>() {
                positional.get(index).map(|it| it.value.clone())
            } else {
                let symbol = self.names.known(name);
                arguments
                    .iter()
                    .find(|it| it.name.is_some() && it.name == symbol)
                    .map(|it| it.value.clone())
            };
            match value {
                Some(value) if path.is_empty() && specification.is_empty() => {
                    out.push_str(self.text_of(&value).raw());
                }
                Some(value) if path.is_empty() => {
                    let text = self.text_of(&value);
                    match text.as_exact().and_then(|it| padded(it, specification)) {
                        Some(text) => out.push_str(&text),
                        None => out.push_str(TextPattern::unknown().raw()),
                    }
                }
                Some(value) if path.starts_with('.') => {
                    let attribute = self.names.symbol(&path[1..]);
                    let value = self.plain_attribute(&value, attribute);
                    out.push_str(self.text_of(&value).raw());
                }
                _ => out.push_str(TextPattern::unknown().raw()),
            }
        }
        out.push_str(rest);
        TextPattern::from_raw(out)
    }

    // Truth and equality.

    pub(super) fn truth(&self, value: &Value) -> Option<bool> {
        match value {
            Value::Null => Some(false),
            Value::Boolean(value) => Some(*value),
            Value::Integer(value) => Some(*value != 0),
            Value::Float(value) => Some(*value != 0.0),
            Value::Text(text) => match text.as_exact() {
                Some(text) => Some(!text.is_empty()),
                None => text.pieces().any(|it| !it.is_empty()).then_some(true),
            },
            Value::Sequence(cell) => {
                let sequence = self.heap.sequence_of(*cell)?;
                match (sequence.items.is_empty(), sequence.complete) {
                    (empty, true) => Some(!empty),
                    _ => None,
                }
            }
            Value::Mapping(cell) => {
                let mapping = self.heap.mapping_of(*cell)?;
                match (mapping.entries.is_empty(), mapping.complete) {
                    (true, false) => None,
                    (empty, _) => Some(!empty),
                }
            }
            Value::Function(_)
            | Value::Bound(_)
            | Value::Partial(_)
            | Value::Class(_)
            | Value::Module(_)
            | Value::Spark(_)
            | Value::ExecutorFunction(_)
            | Value::Generator(_)
            | Value::Context(_)
            | Value::Pool => Some(true),
            Value::Alternatives(values) => {
                let mut truths = values.iter().map(|it| self.truth(it));
                let first = truths.next()??;
                truths.all(|it| it == Some(first)).then_some(first)
            }
            Value::Unknown(_)
            | Value::Column(_)
            | Value::Instance(_)
            | Value::Super(..)
            | Value::Path(_)
            | Value::Method(_)
            | Value::Library(..) => None,
        }
    }

    pub(super) fn equal(&self, left: &Value, right: &Value) -> Option<bool> {
        match (left, right) {
            (Value::Null, Value::Null) => Some(true),
            (Value::Alternatives(values), other) | (other, Value::Alternatives(values)) => {
                let mut all = values.iter().map(|it| self.equal(it, other));
                let first = all.next()??;
                all.all(|it| it == Some(first)).then_some(first)
            }
            (Value::Unknown(_) | Value::Library(..) | Value::Path(_), _)
            | (_, Value::Unknown(_) | Value::Library(..) | Value::Path(_)) => None,
            (Value::Null, _) | (_, Value::Null) => Some(false),
            (Value::Boolean(a), Value::Boolean(b)) => Some(a == b),
            (Value::Integer(a), Value::Integer(b)) => Some(a == b),
            (Value::Float(a), Value::Float(b)) => Some(a == b),
            (Value::Integer(a), Value::Float(b)) | (Value::Float(b), Value::Integer(a)) => {
                Some(*a as f64 == *b)
            }
            (Value::Text(a), Value::Text(b)) => match (a.as_exact(), b.as_exact()) {
                (Some(a), Some(b)) => Some(a == b),
                (Some(text), None) => (!b.matches(text)).then_some(false),
                (None, Some(text)) => (!a.matches(text)).then_some(false),
                (None, None) => None,
            },
            (Value::Class(a), Value::Class(b)) => Some(a == b),
            (Value::Sequence(a), Value::Sequence(b)) => {
                let (a, b) = (self.heap.sequence_of(*a)?, self.heap.sequence_of(*b)?);
                if !a.complete || !b.complete {
                    return None;
                }
                if a.items.len() != b.items.len() {
                    return Some(false);
                }
                let mut all = true;
                for (a, b) in a.items.iter().zip(b.items.iter()) {
                    match constant_equal(a, b) {
                        Some(true) => {}
                        Some(false) => return Some(false),
                        None => all = false,
                    }
                }
                all.then_some(true)
            }
            (Value::Text(_), Value::Integer(_) | Value::Float(_) | Value::Boolean(_))
            | (Value::Integer(_) | Value::Float(_) | Value::Boolean(_), Value::Text(_)) => {
                Some(false)
            }
            _ => None,
        }
    }

    fn contained(&self, item: &Value, whole: &Value) -> Option<bool> {
        match whole {
            Value::Sequence(cell) => {
                let sequence = self.heap.sequence_of(*cell)?;
                self.among(item, sequence.items.iter(), sequence.complete)
            }
            Value::Mapping(cell) => {
                let mapping = self.heap.mapping_of(*cell)?;
                self.among(item, mapping.entries.iter().map(|it| &it.0), mapping.complete)
            }
            Value::Text(text) => match (text.as_exact(), item) {
                (Some(text), Value::Text(part)) => part.as_exact().map(|it| text.contains(it)),
                (None, Value::Text(part)) => {
                    let part = part.as_exact()?;
                    text.pieces().any(|it| it.contains(part)).then_some(true)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn among<'v>(
        &self,
        item: &Value,
        items: impl Iterator<Item = &'v Value>,
        complete: bool,
    ) -> Option<bool> {
        let mut sure = complete;
        for other in items {
            match self.equal(item, other) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => sure = false,
            }
        }
        sure.then_some(false)
    }
}

fn constant_equal(left: &Value, right: &Value) -> Option<bool> {
    match (left, right) {
        (Value::Unknown(_), _) | (_, Value::Unknown(_)) => None,
        (Value::Text(a), Value::Text(b)) => match (a.as_exact(), b.as_exact()) {
            (Some(a), Some(b)) => Some(a == b),
            _ => None,
        },
        _ if left.same(right) => Some(true),
        (Value::Integer(_), Value::Integer(_)) | (Value::Boolean(_), Value::Boolean(_)) => {
            Some(false)
        }
        _ => None,
    }
}

/// Whether a mapping's key is known.
pub(super) fn is_key(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.is_exact(),
        Value::Unknown(_) | Value::Alternatives(_) => false,
        _ => true,
    }
}

/// Puts an entry in place of the one with the same key.
pub(super) fn put(entries: &mut Vec<(Value, Value)>, key: Value, value: Value) {
    match entries.iter_mut().find(|it| it.0.same(&key)) {
        Some(entry) => entry.1 = value,
        None => entries.push((key, value)),
    }
}

/// Parts of a path joined by `/`. An absolute part begins anew, as Python's `os.path.join` does.
pub(super) fn joined_path(parts: &[TextPattern]) -> TextPattern {
    let mut out = String::new();
    for part in parts {
        let part = part.raw();
        if part.starts_with('/') && !out.is_empty() {
            out.clear();
        }
        if !out.is_empty() && !out.ends_with('/') {
            out.push('/');
        }
        out.push_str(part);
    }
    TextPattern::from_raw(out)
}

/// A number's digits by a format such as `02d`, `02`, `>4`; none where the format says more.
fn padded(text: &str, specification: &str) -> Option<String> {
    let specification = specification.trim_end_matches(['d', 's']);
    if specification.is_empty() {
        return Some(text.to_owned());
    }
    let width = specification.strip_prefix('0')?;
    let width: usize = width.parse().ok().filter(|it| *it < 64)?;
    text.parse::<i64>().ok()?;
    Some(format!("{text:0>width$}"))
}

fn integers(operator: &str, left: i64, right: i64, language: Language) -> Value {
    let result = match operator {
        "+" => left.checked_add(right),
        "-" => left.checked_sub(right),
        "*" => left.checked_mul(right),
        "//" if right != 0 => Some(left.div_euclid(right)),
        "/" if right != 0 && language == Language::Scala => left.checked_div(right),
        "%" if right != 0 => left.checked_rem_euclid(right),
        "**" => u32::try_from(right).ok().and_then(|it| left.checked_pow(it)),
        "<" => return Value::Boolean(left < right),
        "<=" => return Value::Boolean(left <= right),
        ">" => return Value::Boolean(left > right),
        ">=" => return Value::Boolean(left >= right),
        "/" if right != 0 => return Value::Float(left as f64 / right as f64),
        _ => None,
    };
    result.map_or(UNKNOWN, Value::Integer)
}

fn floats(operator: &str, left: &Value, right: &Value) -> Value {
    let number = |value: &Value| match value {
        Value::Integer(value) => *value as f64,
        Value::Float(value) => *value,
        _ => f64::NAN,
    };
    let (left, right) = (number(left), number(right));
    let result = match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" if right != 0.0 => left / right,
        "<" => return Value::Boolean(left < right),
        "<=" => return Value::Boolean(left <= right),
        ">" => return Value::Boolean(left > right),
        ">=" => return Value::Boolean(left >= right),
        _ => return UNKNOWN,
    };
    if result.is_finite() { Value::Float(result) } else { UNKNOWN }
}
