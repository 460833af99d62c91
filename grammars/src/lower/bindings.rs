//! Assignments, declarations and patterns: what names stand for from there on.

use std::borrow::Cow;

use program::summary::Shape;
use program::{Binding, Language, Origin, ResultUse, TextRange, Type, UnresolvedReason};

use super::environment::{self, FrameKind, Lowered, Meaning};
use super::functions::Found;
use super::{DEPTH, Lowering, local};
use crate::syntax::{Pattern, TypeRef};

impl<'a> Lowering<'a> {
    /// Takes note of what a function literal is given, where its type says so.
    pub(super) fn expect(&mut self, value: &crate::syntax::Expr, annotation: &TypeRef) {
        if !matches!(value.kind, crate::syntax::ExprKind::Lambda { .. }) {
            return;
        }
        let annotation =
            self.collected.aliases.get(annotation.name.as_str()).copied().unwrap_or(annotation);
        if annotation.name == "Function"
            && let Some((_, parameters)) = annotation.arguments.split_last()
        {
            let shapes = parameters.iter().map(|it| self.annotation(it)).collect();
            self.expected.insert(value.range.start, shapes);
        }
    }

    pub(super) fn assign(
        &mut self,
        target: &'a Pattern,
        annotation: Option<&TypeRef>,
        value: Option<&'a crate::syntax::Expr>,
    ) {
        let declared = annotation.map(|it| self.annotation(it)).unwrap_or_default();
        let Some(value) = value else {
            // `x: DataFrame` alone declares an attribute or a name that is set elsewhere.
            if let Some(name) = pattern_name(target)
                && let Some(meaning) = self.materialize(&declared, &Origin::Ambient(name.clone()))
            {
                self.record_self_attribute(&name, &meaning);
                self.define(&name, meaning);
            }
            return;
        };
        if let Some(annotation) = annotation {
            self.expect(value, annotation);
        }
        let mut lowered = self.expression(value);
        if let Shape::Spark { kind, .. } = declared
            && self.gives_way(&lowered.meaning, kind)
            && let Some(name) = pattern_name(target)
            && let Some(Meaning::Spark(value)) = self.materialize(&declared, &Origin::Ambient(name))
        {
            // `var df: DataFrame = null`, `df: Optional[DataFrame] = None`: set elsewhere. And what a compiler has checked is so.
            lowered = Lowered::spark(value);
        }
        let field = self.frame().kind == FrameKind::Class;
        if (matches!(lowered.meaning, Meaning::Unknown(_) | Meaning::Parameter(..))
            // `orders: DataFrame = None` in a class: a field that its instances set.
            || (field && matches!(lowered.meaning, Meaning::Local(_))))
            && let Some(name) = pattern_name(target)
            && let Some(meaning) = self.materialize(&declared, &Origin::Ambient(name))
        {
            lowered = match meaning {
                Meaning::Spark(value) => Lowered::spark(value),
                meaning => Lowered { meaning, ..lowered },
            };
        }
        self.bind(target, &lowered, value.range);
    }

    /// Whether a declaration of a value of `kind` knows better.
    fn gives_way(&self, meaning: &Meaning, kind: Type) -> bool {
        match meaning {
            Meaning::Spark(value) => {
                self.language == Language::Scala && self.program.value(*value).kind != kind
            }
            meaning => environment::is_null(meaning),
        }
    }

    /// Binds what `target` names, as an assignment does.
    pub(super) fn bind(&mut self, target: &'a Pattern, lowered: &Lowered, value_range: TextRange) {
        match target {
            Pattern::Name(_) | Pattern::Attribute(_) => {
                if let Some((name, name_range)) = named(target) {
                    // Scala's keywords carry values where the source names none.
                    let carrier = self.language == Language::Scala
                        && matches!(name.as_ref(), "try" | "match");
                    if let Meaning::Spark(value) = lowered.meaning
                        && !carrier
                    {
                        let index = self.program.bindings.len() as u32;
                        self.program.bindings.push(Binding {
                            name: name.clone().into_owned(),
                            value,
                            scope: self.scope,
                            name_range,
                            value_range,
                            statement: self.statement,
                        });
                        self.set_use(lowered, ResultUse::Bound(index));
                    }
                    self.record_self_attribute(&name, &lowered.meaning);
                    self.made(&name, &lowered.meaning);
                    self.define(&name, lowered.meaning.clone());
                }
            }
            Pattern::Tuple(items) => {
                for (item, part) in self.parts(items, lowered, true) {
                    self.bind(item, &part, value_range);
                }
            }
            Pattern::Rest { name, .. } => {
                self.define(&name.text, lowered.meaning.clone());
            }
            Pattern::Item(collection, key) => {
                let key = self.expression(key).expression;
                let name = self.path_text(collection.range);
                if name.is_empty() {
                    self.expression(collection);
                } else {
                    self.put(&name, &key, &lowered.meaning);
                }
            }
            Pattern::Ignore => {}
        }
    }

    /// The parts of a tuple with what binds them.
    fn parts<'p>(
        &mut self,
        patterns: &'p [Pattern],
        whole: &Lowered,
        destructured: bool,
    ) -> Vec<(&'p Pattern, Lowered)> {
        let rest = patterns.iter().position(|it| matches!(it, Pattern::Rest { .. }));
        let mut out = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            let after = patterns.len() - index - 1;
            let part = match (rest, &whole.meaning) {
                (Some(at), _) if at == index => self.rest(whole, index, after),
                (Some(at), Meaning::Tuple(items)) if index > at => {
                    let place = items.len().saturating_sub(after + 1);
                    self.part(whole, place as u32, destructured)
                }
                _ => self.part(whole, index as u32, destructured),
            };
            out.push((pattern, part));
        }
        out
    }

    /// Binds a parameter or a loop's target: no binding of the model, only a name.
    pub(super) fn bind_quietly(&mut self, target: &Pattern, lowered: &Lowered) {
        match target {
            Pattern::Name(_) | Pattern::Attribute(_) => {
                if let Some((name, _)) = named(target) {
                    self.define(&name, lowered.meaning.clone());
                }
            }
            Pattern::Tuple(items) => {
                for (item, part) in self.parts(items, lowered, false) {
                    self.bind_quietly(item, &part);
                }
            }
            Pattern::Rest { name, .. } => self.define(&name.text, lowered.meaning.clone()),
            Pattern::Item(..) | Pattern::Ignore => {}
        }
    }

    pub(super) fn record_self_attribute(&mut self, name: &str, meaning: &Meaning) {
        let Some((object, attribute)) = name.rsplit_once('.') else { return };
        let class = match object {
            "self" | "this" => self.enclosing_class(),
            _ => match self.lookup(object) {
                Some(Meaning::Instance(class) | Meaning::LocalClass(class)) => Some(class),
                _ => None,
            },
        };
        if let Some(class) = class
            && !self.is_guess_of(name, meaning)
        {
            let shape = self.shape_of(meaning);
            self.found_out(|| Found::Attribute(class.clone(), attribute.into(), shape.clone()));
            self.found.record_attribute(&class, attribute, &shape);
        }
    }

    /// Whether `meaning` is a guess that goes back to a guess of what `name` is, as after `self.df = self.df.withColumn(…)` where nothing
    /// is known of `self.df` yet: it says nothing of the name.
    fn is_guess_of(&self, name: &str, meaning: &Meaning) -> bool {
        let Meaning::Spark(value) = meaning else { return false };
        let mut value = *value;
        for _ in 0..DEPTH {
            let known = self.program.value(value);
            if known.confidence > program::Confidence::Guessed {
                return false;
            }
            value = match &known.origin {
                Origin::Ambient(text) => return text == name,
                Origin::Call(call) => match self.program.call(*call).receiver {
                    Some(receiver) => receiver.value,
                    None => return false,
                },
                _ => return false,
            };
        }
        false
    }

    /// What `with` binds: an instance of a class of the file says so itself, every other context is its own.
    pub(super) fn entered(&mut self, context: Lowered) -> Lowered {
        if let Meaning::Instance(class) = &context.meaning
            && let Some(index) =
                self.method_of(class, "__enter__").or_else(|| self.method_of(class, "__aenter__"))
        {
            return self.call_local(index, &[], true);
        }
        context
    }

    /// A path of names as written, else empty.
    pub(super) fn path_text(&self, range: TextRange) -> String {
        let text = range.of(self.text);
        if local::is_identifier(text) { text.to_owned() } else { String::new() }
    }

    /// The n-th part of a tuple.
    fn part(&mut self, whole: &Lowered, index: u32, destructured: bool) -> Lowered {
        match &whole.meaning {
            Meaning::Tuple(items) => {
                let meaning = items
                    .get(index as usize)
                    .cloned()
                    .unwrap_or(Meaning::Unknown(UnresolvedReason::Other));
                self.lowered(meaning)
            }
            Meaning::Many(value) => {
                let value = self.program.value(*value).clone();
                if destructured {
                    // Each part of `randomSplit` is a dataset of its own.
                    let part = self.value(value.kind, value.confidence, value.origin, None);
                    return Lowered::spark(part);
                }
                Lowered::unknown(UnresolvedReason::Other)
            }
            Meaning::Each(item) => self.lowered((**item).clone()),
            Meaning::Instance(_) | Meaning::ForeignInstance(_) => {
                self.field_at(whole, Some(index.into()))
            }
            Meaning::Maybe(_) => self
                .part_of_maybe(whole, index)
                .unwrap_or_else(|| Lowered::unknown(UnresolvedReason::Other)),
            Meaning::Local(_) => match &whole.expression {
                program::Expression::List(items) => items
                    .get(index as usize)
                    .cloned()
                    .map_or_else(|| Lowered::unknown(UnresolvedReason::Other), Lowered::local),
                program::Expression::Unknown => Lowered::unknown(UnresolvedReason::Other),
                other => Lowered::local(program::Expression::Item(Box::new(other.clone()), index)),
            },
            Meaning::Unknown(reason) => Lowered::unknown(*reason),
            _ => Lowered::unknown(UnresolvedReason::Other),
        }
    }
}

/// The name that a pattern binds, dotted for an attribute, with the place of its last part.
pub(super) fn named(pattern: &Pattern) -> Option<(Cow<'_, str>, TextRange)> {
    match pattern {
        Pattern::Name(name) => Some((name.text.as_str().into(), name.range)),
        Pattern::Attribute(path) => {
            let range = TextRange::new(path.first()?.range.start, path.last()?.range.end);
            let text: Vec<&str> = path.iter().map(|name| name.text.as_str()).collect();
            Some((text.join(".").into(), range))
        }
        Pattern::Tuple(_) | Pattern::Item(..) | Pattern::Rest { .. } | Pattern::Ignore => None,
    }
}

pub(super) fn pattern_name(pattern: &Pattern) -> Option<String> {
    named(pattern).map(|it| it.0.into_owned())
}

/// The names that a pattern binds, those within tuples too.
pub(super) fn pattern_names(pattern: &Pattern) -> Vec<String> {
    match pattern {
        Pattern::Tuple(items) => items.iter().flat_map(pattern_names).collect(),
        Pattern::Rest { name, .. } => vec![name.text.to_string()],
        other => pattern_name(other).into_iter().collect(),
    }
}
