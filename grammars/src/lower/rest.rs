//! What the parameters of a function are given by a call, those that take the rest of the arguments included.

use compact_str::CompactString;
use program::summary::{CallShapes, Shape};

use super::Lowering;
use super::arguments::{SPREAD, SPREAD_KEYWORDS};
use super::environment::Lowered;
use crate::syntax::{FunctionDef, Parameter, Pattern};

impl Lowering<'_> {
    /// The shapes of the parameters of `def`, of which the first `skip` are given without being written.
    pub(super) fn parameter_shapes(
        &mut self,
        def: &FunctionDef,
        skip: usize,
        arguments: &[(Option<CompactString>, Lowered)],
    ) -> Vec<Shape> {
        let mut shapes = vec![Shape::Unknown; def.parameters.len()];
        let rest = |keywords: bool| {
            def.parameters.iter().position(
                |it| matches!(it.pattern, Pattern::Rest { keywords: kind, .. } if kind == keywords),
            )
        };
        let (positional, keywords) = (rest(false), rest(true));
        let mut place = Some(skip);
        let mut left_over = Vec::new();
        let mut named = Vec::new();
        for (name, value) in arguments {
            match name.as_deref() {
                Some(SPREAD) => {
                    place = None;
                    let element = self.element(value);
                    left_over.push(self.argument_shape(&element));
                }
                Some(SPREAD_KEYWORDS) => {
                    if let Shape::Record(items) = self.argument_shape(value) {
                        named.extend(items.iter().map(|(key, it)| (key.to_string(), it.clone())));
                    }
                }
                Some(name) => {
                    named.push((name.to_owned(), self.shape_of(&value.meaning).unbounded()));
                }
                None => match place {
                    Some(at) if positional.is_none_or(|rest| at < rest) => {
                        place = Some(at + 1);
                        if let Some(shape) = shapes.get_mut(at) {
                            *shape = self.shape_of(&value.meaning).unbounded();
                        }
                    }
                    _ => left_over.push(self.argument_shape(value)),
                },
            }
        }
        let mut others = Vec::new();
        for (name, shape) in named {
            let parameter = def.parameters.iter().position(
                |it| matches!(&it.pattern, Pattern::Name(parameter) if parameter.text == name),
            );
            match parameter {
                Some(at) => shapes[at] = shape,
                None => others.push((name.as_str().into(), shape)),
            }
        }
        if let Some(at) = positional
            // One that nothing is known of could be anything.
            && !left_over.iter().any(Shape::is_unknown)
        {
            let joined = left_over.iter().fold(Shape::Unknown, |joined, it| joined.join(it));
            shapes[at] = Shape::collection(joined);
        }
        if let Some(at) = keywords
            && !others.is_empty()
        {
            shapes[at] = Shape::Record(others).bounded();
        }
        shapes
    }
}

/// What calls from other files give to a parameter by its place, or as what is left over.
pub(super) fn placed(
    def: &FunctionDef,
    parameter: &Parameter,
    place: Option<usize>,
    calls: &CallShapes,
) -> Option<Shape> {
    let positional = calls.positional.get(place?..).unwrap_or_default();
    match &parameter.pattern {
        Pattern::Rest { keywords: false, .. } => {
            let known = !positional.iter().any(Shape::is_unknown);
            known.then(|| {
                let joined = positional.iter().fold(Shape::Unknown, |joined, it| joined.join(it));
                Shape::collection(joined)
            })
        }
        Pattern::Rest { keywords: true, .. } => {
            let taken = |name: &str| {
                let mut parameters = def.parameters.iter();
                parameters.any(
                    |it| matches!(&it.pattern, Pattern::Name(parameter) if parameter.text == name),
                )
            };
            let others: Vec<_> = calls
                .keywords
                .iter()
                .filter(|it| !taken(it.0))
                .map(|(name, shape)| (name.clone(), shape.clone()))
                .collect();
            (!others.is_empty()).then(|| Shape::Record(others).bounded())
        }
        _ => positional.first().cloned(),
    }
}
