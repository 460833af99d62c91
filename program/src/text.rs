//! The text form: the whole program less its ranges and its language, one fact per line. Two programs that ask Spark for the
//! same have the same text form, whichever language they were written in.

use std::fmt::Write;

use crate::{Expression, Literal, Origin, Program, ResultUse, ScopeKind, TextPart};

/// What becomes of a result, without ranges.
struct Use(ResultUse);

impl std::fmt::Debug for Use {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            ResultUse::Compared { comparison, with, .. } => {
                write!(f, "Compared({comparison:?} {with})")
            }
            ResultUse::Tested { negated, .. } => write!(f, "Tested(negated: {negated})"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl Program {
    /// Everything in the program less its ranges and its language. Imports are left out: they are the languages' own.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_text(&mut out);
        out
    }

    fn write_text(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "uses spark: {}, syntax errors: {}", self.uses_spark, self.syntax_errors)?;
        for (index, scope) in self.scopes.iter().enumerate() {
            let parent = scope.parent.map_or_else(String::new, |parent| format!(" in {parent}"));
            let kind = match &scope.kind {
                ScopeKind::File => "file".to_owned(),
                ScopeKind::Class(name) => format!("class {name}"),
                ScopeKind::Function(name) => format!("function {name}"),
                ScopeKind::Loop { iterations: Some(count) } => format!("loop {count}"),
                ScopeKind::Loop { iterations: None } => "loop".to_owned(),
                ScopeKind::Branch { arm, .. } => format!("branch {arm}"),
                ScopeKind::Closure => "closure".to_owned(),
            };
            writeln!(out, "s{index}: {kind}{parent}")?;
        }
        for (index, function) in self.functions.iter().enumerate() {
            let scope = function.scope.map_or_else(String::new, |scope| format!(" in {scope}"));
            let returns = self.expression_text(&function.returns);
            writeln!(
                out,
                "f{index}: {}({}){scope} -> {returns}",
                function.name, function.parameters
            )?;
        }
        for (index, call) in self.calls.iter().enumerate() {
            let result = call.result.map_or_else(|| "_".to_owned(), |value| value.to_string());
            let receiver =
                call.receiver.map_or_else(String::new, |receiver| format!("{}.", receiver.value));
            let arguments: Vec<String> = call
                .arguments
                .iter()
                .map(|argument| {
                    let value = self.expression_text(&argument.value);
                    argument.name.as_ref().map_or(value.clone(), |name| format!("{name}={value}"))
                })
                .collect();
            writeln!(
                out,
                "c{index}: {result} = {receiver}{}({}) on {} {} {:?} in {}{}, result {:?}",
                call.method,
                arguments.join(", "),
                call.receiver_type.name(),
                call.effect.name(),
                call.confidence,
                call.scope,
                if call.in_sql { " as SQL" } else { "" },
                Use(call.result_use)
            )?;
        }
        for (index, value) in self.values.iter().enumerate() {
            let origin = match &value.origin {
                Origin::Call(call) => call.to_string(),
                Origin::Parameter { function, index } => format!("parameter {index} of {function}"),
                Origin::Merge(values) => {
                    format!(
                        "merge {}",
                        values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
                    )
                }
                Origin::Loop { entry, carried } => {
                    format!(
                        "loop {entry} {}",
                        carried.map_or_else(|| "-".to_owned(), |it| it.to_string())
                    )
                }
                Origin::Ambient(name) => format!("ambient {name}"),
                Origin::Returned(function) => format!("returned by {function}"),
            };
            let bound = value.bound.map_or_else(String::new, |bound| {
                format!(", at most {} rows: {:?}", bound.rows, bound.reason)
            });
            writeln!(
                out,
                "v{index}: {} {:?} from {origin}{bound}",
                value.kind.name(),
                value.confidence
            )?;
        }
        for binding in &self.bindings {
            writeln!(out, "{} = {} in {}", binding.name, binding.value, binding.scope)?;
        }
        for uncalled in &self.uncalled {
            writeln!(out, "uncalled {} of {}", uncalled.method, uncalled.receiver)?;
        }
        for unresolved in self.unresolved_on_datasets() {
            writeln!(out, "unresolved {}: {:?}", unresolved.method, unresolved.reason)?;
        }
        for comment in &self.comments {
            writeln!(
                out,
                "comment {}{}",
                comment.text,
                if comment.trailing { " (trailing)" } else { "" }
            )?;
        }
        Ok(())
    }

    /// One expression in the text form.
    #[must_use]
    pub fn expression_text(&self, expression: &Expression) -> String {
        let list = |items: &[Expression]| {
            items.iter().map(|item| self.expression_text(item)).collect::<Vec<_>>().join(", ")
        };
        match expression {
            Expression::Unknown => "?".to_owned(),
            Expression::Literal(Literal::Null) => "null".to_owned(),
            Expression::Literal(Literal::Boolean(value)) => value.to_string(),
            Expression::Literal(Literal::Integer(value)) => value.to_string(),
            Expression::Literal(Literal::Float(value)) => format!("{value:?}"),
            Expression::Literal(Literal::Text(text)) => format!("{text:?}"),
            Expression::Text(parts) => {
                let parts = parts.iter().map(|part| match part {
                    TextPart::Literal(text) => format!("{text:?}"),
                    TextPart::Hole(hole) => format!("{{{}}}", self.expression_text(hole)),
                });
                format!("text({})", parts.collect::<Vec<_>>().join(" "))
            }
            Expression::Column { name, of: Some(value) } => format!("{value}[{name}]"),
            Expression::Column { name, of: None } => format!("col({name})"),
            Expression::Parameter(index) => format!("${index}"),
            Expression::Item(inner, index) => format!("{}[{index}]", self.expression_text(inner)),
            Expression::List(items) => format!("[{}]", list(items)),
            Expression::Apply { function, arguments } => format!("{function}({})", list(arguments)),
            Expression::Value(value) => value.to_string(),
            Expression::Function(function) => function.to_string(),
        }
    }
}
