//! What a driver-side function computes of its parameters, told in column functions: exact forms only, everything else stays unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use program::driver::{
    Code, ExpressionId, ExpressionKind, Function, List, Pattern, StatementId, StatementKind,
};
use program::{Language, TextRange};

/// What a function computes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Computed {
    /// A parameter, from 0.
    Parameter(usize),
    /// A literal as it is written in the language of the file.
    Literal(String, Kind),
    /// A column function by Spark's name.
    Function(&'static str, Vec<Computed>),
    /// An operator by its language-neutral name.
    Operator(&'static str, Vec<Computed>),
    /// A conversion to a type of Spark SQL.
    Cast(Box<Computed>, &'static str),
    /// `when(…).otherwise(…)`.
    Case(Box<[Computed; 3]>),
}

/// What is known of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Boolean,
    List,
    Unknown,
}

/// What decides between two values.
enum Condition {
    /// A parameter is there.
    Present(Computed),
    /// A parameter is absent.
    Absent(Computed),
    Other(Computed),
}

/// How many expressions and statements are looked at: real ones are shorter, and hostile ones must end.
const STEPS: usize = 200;

/// The functions and classes of a file, to be asked again and again.
pub(crate) struct Definitions<'a> {
    code: &'a Code,
    by_range: BTreeMap<(u32, u32), &'a Function>,
    by_name: BTreeMap<&'a str, Vec<&'a Function>>,
    classes: BTreeSet<&'a str>,
}

impl<'a> Definitions<'a> {
    pub(crate) fn of(code: &'a Code) -> Self {
        let mut by_range = BTreeMap::new();
        let mut by_name: BTreeMap<&str, Vec<&Function>> = BTreeMap::new();
        for function in &code.functions {
            by_range.entry((function.range.start, function.range.end)).or_insert(function);
            by_name.entry(code.name(function.name)).or_default().push(function);
        }
        let classes = code.classes.iter().map(|it| code.name(it.name)).collect();
        Self { code, by_range, by_name, classes }
    }

    /// Whether the file defines a function or class of this name, which then is not the language's.
    fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name) || self.classes.contains(name)
    }
}

/// The translation of one function.
pub(crate) struct Translation<'a> {
    code: &'a Code,
    definitions: &'a Definitions<'a>,
    text: &'a str,
    language: Language,
    /// What the result is said to be, where it is said.
    declared: Kind,
    parameters: Vec<(String, Kind)>,
    names: Vec<(String, Computed)>,
    steps: usize,
}

impl<'a> Translation<'a> {
    /// Translates the function that `range` covers. None where it does anything but what columns can.
    pub(crate) fn of(
        definitions: &'a Definitions<'a>,
        text: &'a str,
        language: Language,
        range: TextRange,
        declared: Kind,
    ) -> Option<(Computed, Vec<(String, Kind)>)> {
        let code = definitions.code;
        let function = *definitions.by_range.get(&(range.start, range.end))?;
        let mut translation = Self {
            code,
            definitions,
            text,
            language,
            declared,
            parameters: Vec::new(),
            names: Vec::new(),
            steps: 0,
        };
        translation.enter(function)?;
        let body: Vec<StatementId> = code.statement_ids(function.body).collect();
        let computed = translation.block(&body, function.last_is_result)?;
        let works = !matches!(computed, Computed::Parameter(_) | Computed::Literal(..));
        works.then_some((computed, translation.parameters))
    }

    fn enter(&mut self, function: &Function) -> Option<()> {
        for (index, parameter) in self.code.parameters_of(function.parameters).iter().enumerate() {
            let Pattern::Name(name) = self.code.pattern(parameter.pattern) else { return None };
            if parameter.default.is_some() || function.generator {
                return None;
            }
            let name = self.code.name(name);
            let kind = parameter.annotation.map_or(Kind::Unknown, |it| kind_of(self.code.name(it)));
            self.names.push((name.to_owned(), Computed::Parameter(index)));
            // `_.trim` names its parameter without naming it.
            let shown = if name.starts_with('_') { "column" } else { name };
            self.parameters.push((shown.to_owned(), kind));
        }
        (!self.parameters.is_empty()).then_some(())
    }

    fn step(&mut self) -> Option<()> {
        self.steps += 1;
        (self.steps <= STEPS).then_some(())
    }

    fn block(&mut self, statements: &[StatementId], last_is_result: bool) -> Option<Computed> {
        self.step()?;
        let Some((first, rest)) = statements.split_first() else {
            return (!last_is_result).then(null);
        };
        match self.code.statements.get(first.index())?.kind {
            StatementKind::Expression(value) if rest.is_empty() && last_is_result => {
                self.expression(value)
            }
            // A documentation string.
            StatementKind::Expression(value)
                if matches!(self.code.expression(value).kind, ExpressionKind::Text(_)) =>
            {
                self.block(rest, last_is_result)
            }
            StatementKind::Assign { target, value: Some(value), .. } => {
                let Pattern::Name(name) = self.code.pattern(target) else { return None };
                let value = self.expression(value)?;
                let known = self.names.len();
                self.names.push((self.code.name(name).to_owned(), value));
                let result = self.block(rest, last_is_result);
                self.names.truncate(known);
                result
            }
            StatementKind::Return(value) => {
                value.map_or_else(|| Some(null()), |it| self.expression(it))
            }
            StatementKind::Branch { conditions, arms, .. } if !last_is_result => {
                self.branch(conditions, arms, rest)
            }
            StatementKind::Block(list) => {
                let all: Vec<StatementId> =
                    self.code.statement_ids(list).chain(rest.iter().copied()).collect();
                self.block(&all, last_is_result)
            }
            _ => None,
        }
    }

    fn branch(&mut self, conditions: List, arms: List, rest: &[StatementId]) -> Option<Computed> {
        let conditions: Vec<ExpressionId> = self.code.expression_ids(conditions).collect();
        let arms: Vec<List> = self.code.arms(arms).collect();
        let otherwise = match arms.get(conditions.len()) {
            Some(last) => self.arm(*last, rest)?,
            None => self.block(rest, false)?,
        };
        let mut result = otherwise;
        for (condition, arm) in conditions.into_iter().zip(arms).rev() {
            let condition = self.condition(condition)?;
            let then = self.arm(arm, rest)?;
            result = case(condition, then, result)?;
        }
        Some(result)
    }

    fn arm(&mut self, arm: List, rest: &[StatementId]) -> Option<Computed> {
        let all: Vec<StatementId> =
            self.code.statement_ids(arm).chain(rest.iter().copied()).collect();
        self.block(&all, false)
    }

    fn condition(&mut self, id: ExpressionId) -> Option<Condition> {
        if let ExpressionKind::Operation { operator, operands } = self.code.expression(id).kind
            && self.code.name(operator) == "not"
            && let Some(operand) = self.code.expression_ids(operands).next()
            && let Some(Computed::Parameter(at)) = self.expression(operand)
        {
            return Some(Condition::Absent(Computed::Parameter(at)));
        }
        Some(match self.expression(id)? {
            Computed::Parameter(at) => Condition::Present(Computed::Parameter(at)),
            Computed::Function("isNotNull", mut of) => Condition::Present(of.pop()?),
            Computed::Function("isNull", mut of) => Condition::Absent(of.pop()?),
            other if self.kind(&other) == Kind::Boolean => Condition::Other(other),
            _ => return None,
        })
    }

    fn expression(&mut self, id: ExpressionId) -> Option<Computed> {
        self.step()?;
        let code = self.code;
        let expression = code.expression(id);
        match expression.kind {
            ExpressionKind::Null => Some(null()),
            ExpressionKind::Boolean(_) => Some(self.literal(expression.range, Kind::Boolean)),
            ExpressionKind::Integer(_) | ExpressionKind::Float(_) => {
                Some(self.literal(expression.range, Kind::Number))
            }
            ExpressionKind::Text(_) => Some(self.literal(expression.range, Kind::Text)),
            ExpressionKind::Name(name) => self.named(code.name(name)),
            ExpressionKind::Interpolation(parts) => self.interpolation(expression.range, parts),
            ExpressionKind::Conditional { condition, then, otherwise } => {
                let condition = self.condition(condition)?;
                let then = self.expression(then)?;
                let otherwise = otherwise.map_or_else(|| Some(null()), |it| self.expression(it))?;
                case(condition, then, otherwise)
            }
            ExpressionKind::Operation { operator, operands } => {
                let operands: Vec<ExpressionId> = code.expression_ids(operands).collect();
                self.operation(code.name(operator), &operands)
            }
            ExpressionKind::Index { object, index } => self.index(object, index),
            ExpressionKind::Attribute { object, name, .. } if self.language == Language::Scala => {
                let object = self.expression(object)?;
                self.method(object, code.name(name), &[])
            }
            ExpressionKind::Call { callee, arguments } => {
                let arguments = code.arguments_of(arguments);
                if arguments.iter().any(|it| it.name.is_some() || it.spread) {
                    return None;
                }
                let arguments: Vec<ExpressionId> = arguments.iter().map(|it| it.value).collect();
                self.call(callee, &arguments)
            }
            ExpressionKind::Block(list) => {
                let body: Vec<StatementId> = code.statement_ids(list).collect();
                self.block(&body, true)
            }
            _ => None,
        }
    }

    fn named(&self, name: &str) -> Option<Computed> {
        self.names.iter().rev().find(|it| it.0 == name).map(|it| it.1.clone())
    }

    fn literal(&self, range: TextRange, kind: Kind) -> Computed {
        Computed::Literal(range.of(self.text).to_owned(), kind)
    }

    /// `f"{a}-{b}"`, without formats.
    fn interpolation(&mut self, range: TextRange, parts: List) -> Option<Computed> {
        let written = range.of(self.text);
        let in_holes = written.split('{').skip(1).filter_map(|it| it.split('}').next());
        if written.contains('\\') || in_holes.into_iter().any(|it| it.contains([':', '!', '='])) {
            return None;
        }
        let mut operands = Vec::new();
        for part in self.code.expression_ids(parts).collect::<Vec<_>>() {
            operands.push(match self.code.expression(part).kind {
                ExpressionKind::Text(text) => {
                    Computed::Literal(format!("{:?}", self.code.name(text)), Kind::Text)
                }
                _ => self.expression(part)?,
            });
        }
        (operands.len() > 1).then_some(Computed::Function("concat", operands))
    }

    fn operation(&mut self, operator: &str, operands: &[ExpressionId]) -> Option<Computed> {
        if operator == "in" {
            return self.membership(operands);
        }
        let mut parts = Vec::new();
        for operand in operands {
            parts.push(self.expression(*operand)?);
        }
        if let ("is" | "=" | "is not" | "!=", [part, other]) = (operator, parts.as_slice())
            && *other == null()
        {
            let name = if matches!(operator, "is" | "=") { "isNull" } else { "isNotNull" };
            return Some(Computed::Function(name, vec![part.clone()]));
        }
        let kinds: Vec<Kind> = parts.iter().map(|it| self.kind(it)).collect();
        if parts.contains(&null()) || kinds.contains(&Kind::List) {
            return None;
        }
        let operator = match (operator, parts.len()) {
            ("+", 2) if kinds.contains(&Kind::Text) => {
                return Some(Computed::Function("concat", flattened(parts)));
            }
            ("+", 2) if kinds.contains(&Kind::Number) => "+",
            // What `+` does to two columns of unknown type depends on the result.
            ("+", 2) => match self.declared {
                Kind::Number => "+",
                Kind::Text => return Some(Computed::Function("concat", flattened(parts))),
                _ => return None,
            },
            ("**", 2) => return Some(Computed::Function("pow", parts)),
            ("-", 2) => "-",
            // `"ab" * 2` repeats a text.
            ("*", 2) if !kinds.contains(&Kind::Text) && self.declared != Kind::Text => "*",
            // Scala divides whole numbers without a rest.
            ("/", 2) if self.language == Language::Python => "/",
            ("=", 2) => "=",
            ("!=", 2) => "!=",
            ("<", 2) => "<",
            ("<=", 2) => "<=",
            (">", 2) => ">",
            (">=", 2) => ">=",
            ("and", 2) if kinds == [Kind::Boolean; 2] => "and",
            ("or", 2) if kinds == [Kind::Boolean; 2] => "or",
            ("not", 1) if kinds == [Kind::Boolean] => "not",
            _ => return None,
        };
        Some(Computed::Operator(operator, parts))
    }

    /// `x in ("a", "b")` of literals.
    fn membership(&mut self, operands: &[ExpressionId]) -> Option<Computed> {
        let [value, list] = operands else { return None };
        let ExpressionKind::List(items) = self.code.expression(*list).kind else { return None };
        let mut parts = vec![self.expression(*value)?];
        for item in self.code.expression_ids(items).collect::<Vec<_>>() {
            let item = self.expression(item)?;
            if !matches!(item, Computed::Literal(..)) || item == null() {
                return None;
            }
            parts.push(item);
        }
        Some(Computed::Function("isin", parts))
    }

    /// `text[0:3]`, and `list[2]` of a split.
    fn index(&mut self, object: ExpressionId, index: ExpressionId) -> Option<Computed> {
        let of = self.expression(object)?;
        let written = self.code.expression(index).range.of(self.text).trim();
        if let Some((start, end)) = written.split_once(':') {
            let number = |text: &str| {
                if text.trim().is_empty() {
                    Some(None)
                } else {
                    text.trim().parse::<u32>().ok().map(Some)
                }
            };
            let (start, end) = (number(start)?.unwrap_or(0), number(end)??);
            let length = end.checked_sub(start)?;
            let number = |value: u32| Computed::Literal(value.to_string(), Kind::Number);
            // A slice of a list is one as well.
            let is_text = self.kind(&of) == Kind::Text || self.declared == Kind::Text;
            return is_text.then(|| {
                Computed::Function(
                    "substring",
                    vec![of, number(start.saturating_add(1)), number(length)],
                )
            });
        }
        let at: u32 = written.parse().ok()?;
        (self.kind(&of) == Kind::List).then(|| {
            Computed::Function("getItem", vec![of, Computed::Literal(at.to_string(), Kind::Number)])
        })
    }

    fn call(&mut self, callee: ExpressionId, arguments: &[ExpressionId]) -> Option<Computed> {
        let code = self.code;
        match code.expression(callee).kind {
            ExpressionKind::Name(name) => {
                let name = code.name(name);
                let arguments = self.arguments(arguments)?;
                // A name of the function's own is not the language's.
                if self.named(name).is_some() {
                    return None;
                }
                if self.definitions.has(name) {
                    return self.inlined(name, arguments);
                }
                self.builtin(name, arguments)
            }
            ExpressionKind::Attribute { object, name, .. } => {
                let name = code.name(name);
                let module = code.expression(object).range.of(self.text);
                if let ExpressionKind::Name(_) | ExpressionKind::Attribute { .. } =
                    code.expression(object).kind
                    && self.expression(object).is_none()
                {
                    let arguments = self.arguments(arguments)?;
                    return self.library(module, name, arguments);
                }
                let object = self.expression(object)?;
                let arguments = self.arguments(arguments)?;
                self.method(object, name, &arguments)
            }
            _ => None,
        }
    }

    fn arguments(&mut self, arguments: &[ExpressionId]) -> Option<Vec<Computed>> {
        arguments.iter().map(|it| self.expression(*it)).collect()
    }

    /// What a function of the file computes of these arguments.
    fn inlined(&mut self, name: &str, arguments: Vec<Computed>) -> Option<Computed> {
        let code = self.code;
        let [function] = self.definitions.by_name.get(name)?.as_slice() else { return None };
        let parameters = code.parameters_of(function.parameters);
        let is_method = code.classes.iter().any(|it| it.range.contains(function.range));
        if function.generator || parameters.len() != arguments.len() || is_method {
            return None;
        }
        let mut names = Vec::new();
        for (parameter, argument) in parameters.iter().zip(arguments) {
            let Pattern::Name(name) = code.pattern(parameter.pattern) else { return None };
            names.push((code.name(name).to_owned(), argument));
        }
        let outside = std::mem::replace(&mut self.names, names);
        let body: Vec<StatementId> = code.statement_ids(function.body).collect();
        let result = self.block(&body, function.last_is_result);
        self.names = outside;
        result
    }

    /// A function that Python has by itself.
    fn builtin(&self, name: &str, arguments: Vec<Computed>) -> Option<Computed> {
        if self.language == Language::Scala {
            return None;
        }
        let [only] = arguments.as_slice() else {
            let name = match name {
                "max" => "greatest",
                "min" => "least",
                _ => return None,
            };
            let columns = arguments.iter().filter(|it| !matches!(it, Computed::Literal(..)));
            return (columns.count() > 0 && arguments.len() > 1)
                .then_some(Computed::Function(name, arguments));
        };
        if matches!(only, Computed::Literal(..)) {
            return None;
        }
        let only = only.clone();
        Some(match name {
            "len" if self.kind(&only) == Kind::List => Computed::Function("size", vec![only]),
            "len" => Computed::Function("length", vec![only]),
            "abs" => Computed::Function("abs", vec![only]),
            "int" => Computed::Cast(Box::new(only), "int"),
            "float" => Computed::Cast(Box::new(only), "double"),
            "str" => Computed::Cast(Box::new(only), "string"),
            _ => return None,
        })
    }

    /// A function of a library's module or object.
    fn library(&self, module: &str, name: &str, arguments: Vec<Computed>) -> Option<Computed> {
        let last = module.rsplit('.').next().unwrap_or(module);
        if self.definitions.has(last) {
            return None;
        }
        let column = arguments.first().is_some_and(|it| !matches!(it, Computed::Literal(..)));
        if (last, name) == ("datetime", "strptime") {
            let [text, Computed::Literal(format, _)] = arguments.as_slice() else { return None };
            let pattern = Computed::Literal(pattern(format)?, Kind::Text);
            let parts = vec![text.clone(), pattern];
            return column.then_some(Computed::Function("to_timestamp", parts));
        }
        let function = match (last, name, arguments.len()) {
            ("math" | "Math", "sqrt", 1) => "sqrt",
            ("math" | "Math", "exp", 1) => "exp",
            ("math" | "Math", "log", 1) => "log",
            ("math" | "Math", "floor", 1) => "floor",
            ("math" | "Math", "ceil", 1) => "ceil",
            ("math" | "Math", "abs", 1) => "abs",
            ("math" | "Math", "pow", 2) => "pow",
            ("math" | "Math", "max", 2) => "greatest",
            ("math" | "Math", "min", 2) => "least",
            _ => return None,
        };
        column.then_some(Computed::Function(function, arguments))
    }

    /// A method of a text.
    fn method(&self, object: Computed, name: &str, arguments: &[Computed]) -> Option<Computed> {
        let is_text = matches!(self.kind(&object), Kind::Text | Kind::Unknown);
        if matches!(object, Computed::Literal(..)) {
            return None;
        }
        let literals =
            arguments.iter().all(|it| matches!(it, Computed::Literal(..)) && *it != null());
        let python = self.language == Language::Python;
        let function = match (name, arguments) {
            ("upper", []) if python => "upper",
            ("lower", []) if python => "lower",
            ("strip", []) if python => "trim",
            ("lstrip", []) if python => "ltrim",
            ("rstrip", []) if python => "rtrim",
            ("startswith" | "startsWith", [_]) if literals => "startswith",
            ("endswith" | "endsWith", [_]) if literals => "endswith",
            ("replace", [_, _]) if literals => "replace",
            ("split", [Computed::Literal(separator, Kind::Text)])
                if !separator.starts_with('\'') || python =>
            {
                let separator = if python { escaped(separator)? } else { separator.clone() };
                let parts = vec![object, Computed::Literal(separator, Kind::Text)];
                return is_text.then_some(Computed::Function("split", parts));
            }
            ("strftime", [Computed::Literal(format, _)]) if python => {
                let parts = vec![object, Computed::Literal(pattern(format)?, Kind::Text)];
                return Some(Computed::Function("date_format", parts));
            }
            ("toUpperCase", []) if !python => "upper",
            ("toLowerCase", []) if !python => "lower",
            ("trim", []) if !python => "trim",
            ("length" | "size", []) if !python && self.kind(&object) == Kind::List => "size",
            ("length", []) if !python => "length",
            ("contains", [_]) if !python && literals => "contains",
            ("replaceAll", [_, _]) if !python && literals => "regexp_replace",
            ("substring", [Computed::Literal(start, _), Computed::Literal(end, _)]) if !python => {
                let (start, end) = (start.parse::<u32>().ok()?, end.parse::<u32>().ok()?);
                let number = |value: u32| Computed::Literal(value.to_string(), Kind::Number);
                let parts =
                    vec![object, number(start.saturating_add(1)), number(end.checked_sub(start)?)];
                return Some(Computed::Function("substring", parts));
            }
            ("toInt", []) if !python => return Some(Computed::Cast(Box::new(object), "int")),
            ("toLong", []) if !python => return Some(Computed::Cast(Box::new(object), "bigint")),
            ("toDouble", []) if !python => return Some(Computed::Cast(Box::new(object), "double")),
            ("toString", []) if !python => return Some(Computed::Cast(Box::new(object), "string")),
            _ => return None,
        };
        let lists = matches!(function, "size");
        (is_text || lists).then(|| {
            let parts = std::iter::once(object).chain(arguments.iter().cloned()).collect();
            Computed::Function(function, parts)
        })
    }

    fn kind(&self, computed: &Computed) -> Kind {
        kind(computed, &self.parameters)
    }
}

/// What is known of the type of a result.
pub(crate) fn kind(computed: &Computed, parameters: &[(String, Kind)]) -> Kind {
    match computed {
        Computed::Parameter(at) => parameters.get(*at).map_or(Kind::Unknown, |it| it.1),
        Computed::Literal(_, kind) => *kind,
        Computed::Function(name, _) => match *name {
            "isNull" | "isNotNull" | "isin" | "startswith" | "endswith" | "contains" => {
                Kind::Boolean
            }
            "length" | "size" | "sqrt" | "exp" | "log" | "floor" | "ceil" | "abs" | "pow" => {
                Kind::Number
            }
            "split" => Kind::List,
            "getItem" | "greatest" | "least" | "to_timestamp" => Kind::Unknown,
            _ => Kind::Text,
        },
        Computed::Operator(name, _) => match *name {
            "+" | "-" | "*" | "/" => Kind::Number,
            _ => Kind::Boolean,
        },
        Computed::Cast(_, "string") => Kind::Text,
        Computed::Cast(..) => Kind::Number,
        Computed::Case(parts) => {
            let (then, otherwise) = (kind(&parts[1], parameters), kind(&parts[2], parameters));
            if then == otherwise || parts[2] == null() { then } else { Kind::Unknown }
        }
    }
}

/// What a type's name says.
pub(crate) fn kind_of(name: &str) -> Kind {
    match name {
        "str" | "String" | "string" | "StringType" => Kind::Text,
        "int" | "float" | "Int" | "Long" | "Double" | "Float" | "integer" | "long" | "bigint"
        | "double" | "IntegerType" | "LongType" | "DoubleType" | "FloatType" => Kind::Number,
        "bool" | "Boolean" | "boolean" | "BooleanType" => Kind::Boolean,
        "list" | "List" | "Seq" | "Array" | "ArrayType" => Kind::List,
        _ => Kind::Unknown,
    }
}

fn null() -> Computed {
    Computed::Literal("null".to_owned(), Kind::Unknown)
}

/// A format of Python's `strptime` in the letters of Spark's datetime patterns.
fn pattern(literal: &str) -> Option<String> {
    let format = literal.trim_matches(['"', '\'']);
    let mut pattern = String::new();
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' => pattern.push_str(match characters.next()? {
                'Y' => "yyyy",
                'y' => "yy",
                'm' => "MM",
                'd' => "dd",
                'H' => "HH",
                'M' => "mm",
                'S' => "ss",
                'f' => "SSSSSS",
                'b' => "MMM",
                'B' => "MMMM",
                'j' => "DDD",
                _ => return None,
            }),
            'T' | 'Z' => {
                let _ = write!(pattern, "'{character}'");
            }
            '-' | '/' | ':' | '.' | ' ' | ',' | '_' => pattern.push(character),
            _ => return None,
        }
    }
    Some(format!("\"{pattern}\""))
}

/// A separator as the regular expression that `split` takes.
fn escaped(literal: &str) -> Option<String> {
    let separator = literal.trim_matches(['"', '\'']);
    let is_plain = |c: char| {
        c.is_alphanumeric() || matches!(c, ',' | ';' | ':' | ' ' | '-' | '_' | '/' | '=' | '&')
    };
    if !separator.is_empty() && separator.chars().all(is_plain) {
        return Some(literal.to_owned());
    }
    matches!(separator, "|" | "." | "+" | "*" | "?" | "(" | ")")
        .then(|| format!("\"[{separator}]\""))
}

/// `a + b + c` as one concatenation.
fn flattened(parts: Vec<Computed>) -> Vec<Computed> {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Computed::Function("concat", inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    flat
}

/// A choice between two values; one that only keeps null out of a function that gives null for null is that function.
fn case(condition: Condition, then: Computed, otherwise: Computed) -> Option<Computed> {
    let condition = match condition {
        Condition::Present(of) if otherwise == null() && keeps_null(&then, &of) => {
            return Some(then);
        }
        Condition::Absent(of) if then == null() && keeps_null(&otherwise, &of) => {
            return Some(otherwise);
        }
        Condition::Present(of) => Computed::Function("isNotNull", vec![of]),
        Condition::Absent(of) => Computed::Function("isNull", vec![of]),
        Condition::Other(condition) => condition,
    };
    Some(Computed::Case(Box::new([condition, then, otherwise])))
}

/// Whether `computed` is null where `of` is.
fn keeps_null(computed: &Computed, of: &Computed) -> bool {
    match computed {
        Computed::Parameter(_) => computed == of,
        Computed::Function(name, parts) => {
            !matches!(*name, "isNull" | "isNotNull" | "greatest" | "least")
                && parts.iter().any(|it| keeps_null(it, of))
        }
        Computed::Operator(name, parts) => {
            !matches!(*name, "and" | "or") && parts.iter().any(|it| keeps_null(it, of))
        }
        Computed::Cast(part, _) => keeps_null(part, of),
        Computed::Literal(..) | Computed::Case(_) => false,
    }
}

/// The functions that are named, in order of appearance.
pub(crate) fn functions(computed: &Computed, found: &mut Vec<&'static str>) {
    let (name, parts): (Option<&'static str>, &[Computed]) = match computed {
        Computed::Parameter(_) | Computed::Literal(..) => return,
        Computed::Function(name, parts) => (Some(name), parts),
        Computed::Operator(_, parts) => (None, parts),
        Computed::Cast(part, _) => (Some("cast"), std::slice::from_ref(&**part)),
        Computed::Case(parts) => (Some("when"), &parts[..]),
    };
    if let Some(name) = name
        && !found.contains(&name)
    {
        found.push(name);
    }
    for part in parts {
        functions(part, found);
    }
}

/// The column expression as source text; `prefix` stands before functions (`F.`).
pub(crate) fn written(
    computed: &Computed,
    language: Language,
    prefix: &str,
    parameters: &[(String, Kind)],
) -> String {
    let python = language == Language::Python;
    let write = |part: &Computed| written(part, language, prefix, parameters);
    // Where a literal stands for a column.
    let column = |part: &Computed| match part {
        Computed::Literal(..) => format!("{prefix}lit({})", write(part)),
        _ => write(part),
    };
    match computed {
        Computed::Parameter(at) => parameters.get(*at).map_or_else(String::new, |it| it.0.clone()),
        Computed::Literal(..) if *computed == null() => {
            if python { "None" } else { "null" }.to_owned()
        }
        Computed::Literal(text, _) => text.clone(),
        Computed::Cast(part, to) => format!("{}.cast(\"{to}\")", column(part)),
        Computed::Operator("not", parts) => {
            let sign = if python { "~" } else { "!" };
            format!("{sign}({})", parts.first().map(write).unwrap_or_default())
        }
        Computed::Operator(name, parts) => {
            let sign = match (*name, python) {
                ("=", true) => "==",
                ("=", false) => "===",
                ("!=", false) => "=!=",
                ("and", true) => "&",
                ("and", false) => "&&",
                ("or", true) => "|",
                ("or", false) => "||",
                (other, _) => other,
            };
            let mut text = String::new();
            for (index, part) in parts.iter().enumerate() {
                let part = match part {
                    Computed::Operator(..) => format!("({})", write(part)),
                    Computed::Literal(..) if index == 0 => column(part),
                    _ => write(part),
                };
                let _ = if index == 0 {
                    write!(text, "{part}")
                } else {
                    write!(text, " {sign} {part}")
                };
            }
            text
        }
        Computed::Case(parts) => format!(
            "{prefix}when({}, {}).otherwise({})",
            write(&parts[0]),
            write(&parts[1]),
            write(&parts[2])
        ),
        Computed::Function(name, parts) => {
            let (first, rest) =
                (parts.first().map(column).unwrap_or_default(), &parts[1.min(parts.len())..]);
            let list = |parts: &[Computed]| parts.iter().map(write).collect::<Vec<_>>().join(", ");
            match *name {
                "isNull" | "isNotNull" if python => format!("{first}.{name}()"),
                "isNull" | "isNotNull" => format!("{first}.{name}"),
                "isin" | "contains" | "getItem" => format!("{first}.{name}({})", list(rest)),
                "startswith" | "endswith" => {
                    let name = match (*name, python) {
                        ("startswith", false) => "startsWith",
                        ("endswith", false) => "endsWith",
                        (name, _) => name,
                    };
                    format!("{first}.{name}({})", list(rest))
                }
                "concat" | "replace" | "greatest" | "least" => {
                    let columns: Vec<String> = parts.iter().map(column).collect();
                    format!("{prefix}{name}({})", columns.join(", "))
                }
                _ => {
                    let rest =
                        if rest.is_empty() { String::new() } else { format!(", {}", list(rest)) };
                    format!("{prefix}{name}({first}{rest})")
                }
            }
        }
    }
}
