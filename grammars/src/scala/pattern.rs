//! Patterns, parameters and types.

use super::{Reader, in_field, is_type, opaque, parts, plain_name, range, tokens};
use crate::syntax::{Name, Parameter, Pattern, TypeRef};
use crate::tree::Node;

impl Reader<'_> {
    /// The pattern of a `val`, where every plain name is bound, capitalised ones too.
    pub(super) fn definition_pattern(&mut self, node: Node<'_>) -> Pattern {
        match node.kind() {
            "identifier" | "operator_identifier" => Pattern::Name(self.name(node)),
            _ => self.pattern(node),
        }
    }

    /// The pattern of a `case`, a generator or a parameter.
    pub(super) fn pattern(&mut self, node: Node<'_>) -> Pattern {
        self.nested(node, |reader| reader.pattern_here(node), || Pattern::Ignore)
    }

    fn pattern_here(&mut self, node: Node<'_>) -> Pattern {
        match node.kind() {
            "identifier" if binds(self.source(node)) => Pattern::Name(self.name(node)),
            "tuple_pattern" | "named_tuple_pattern" => self.all_patterns(&parts(node)),
            // Alternatives of a name in parentheses, and `name = pattern` in a named tuple.
            "named_pattern" => {
                parts(node).last().map_or(Pattern::Ignore, |inner| self.pattern(*inner))
            }
            "case_class_pattern" => {
                let fields = in_field(node, "pattern");
                let absent = node
                    .child_by_field_name("type")
                    .is_some_and(|written| matches!(self.source(written), "Failure" | "Left"));
                match fields.as_slice() {
                    // What there is where the thing itself is not.
                    [only] if absent => Pattern::Tuple(vec![Pattern::Ignore, self.pattern(*only)]),
                    _ => self.all_patterns(&fields),
                }
            }
            "infix_pattern" => {
                let sides: Vec<Node<'_>> = ["left", "right"]
                    .iter()
                    .filter_map(|side| node.child_by_field_name(side))
                    .collect();
                self.all_patterns(&sides)
            }
            "typed_pattern" => node
                .child_by_field_name("pattern")
                .map_or(Pattern::Ignore, |inner| self.pattern(inner)),
            // The name stands for the whole; what the inner pattern takes apart is rarely used beside it.
            "capture_pattern" => match node.child_by_field_name("name") {
                Some(name) if name.kind() != "wildcard" => Pattern::Name(self.name(name)),
                _ => node
                    .child_by_field_name("pattern")
                    .map_or(Pattern::Ignore, |inner| self.pattern(inner)),
            },
            "interpolated_string_expression" => self.interpolated_pattern(node),
            _ => Pattern::Ignore,
        }
    }

    fn all_patterns(&mut self, nodes: &[Node<'_>]) -> Pattern {
        Pattern::Tuple(nodes.iter().map(|node| self.pattern(*node)).collect())
    }

    /// The names of a comma-separated definition, or of any other pattern its one.
    pub(super) fn definition_patterns(&mut self, node: Node<'_>) -> Vec<Pattern> {
        if node.kind() == "identifiers" {
            return parts(node).into_iter().map(|name| Pattern::Name(self.name(name))).collect();
        }
        vec![self.definition_pattern(node)]
    }

    /// `s"$a-$b"` as a pattern binds the names in its holes.
    fn interpolated_pattern(&mut self, node: Node<'_>) -> Pattern {
        let holes = parts(node)
            .into_iter()
            .filter(|part| part.kind() == "interpolated_string")
            .flat_map(parts)
            .filter(|part| part.kind() == "interpolation")
            .filter_map(|hole| hole.named_child(0));
        Pattern::Tuple(holes.map(|hole| self.pattern(hole)).collect())
    }

    /// The type that a pattern asks for: `case x: T`.
    pub(super) fn pattern_type(&mut self, node: Node<'_>) -> Option<TypeRef> {
        match node.kind() {
            "typed_pattern" => {
                node.child_by_field_name("type").and_then(|written| self.type_ref(written))
            }
            "capture_pattern" => {
                let inner = node.child_by_field_name("pattern")?;
                if inner.kind() != "typed_pattern" {
                    return None;
                }
                inner.child_by_field_name("type").and_then(|written| self.type_ref(written))
            }
            _ => None,
        }
    }

    /// The parameters of all lists in `field`, joined in order.
    pub(super) fn parameters(&mut self, node: Node<'_>, field: &str) -> Vec<Parameter> {
        let mut result = Vec::new();
        let lists = in_field(node, field)
            .into_iter()
            .filter(|it| matches!(it.kind(), "parameters" | "class_parameters"));
        for (number, list) in lists.enumerate() {
            let number = u8::try_from(number).unwrap_or(u8::MAX);
            let given = tokens(list)
                .into_iter()
                .find(|(_, token)| matches!(token.kind(), "implicit" | "using"));
            // What the compiler finds by itself need not be written, as what has a default need not.
            let found = || given.map(|(_, token)| opaque(Vec::new(), range(token)));
            for parameter in parts(list) {
                match parameter.kind() {
                    "parameter" | "class_parameter" => {
                        let default = parameter
                            .child_by_field_name("default_value")
                            .map(|value| self.boundary(value))
                            .or_else(found);
                        let annotation = in_field(parameter, "type")
                            .first()
                            .and_then(|written| self.type_ref(*written));
                        let name = self.field_name(parameter, "name");
                        result.push(Parameter {
                            pattern: Pattern::Name(name),
                            annotation,
                            default,
                            list: number,
                        });
                    }
                    // `(using Session)`: a parameter without a name.
                    kind if is_type(kind) => {
                        let annotation = self.type_ref(parameter);
                        result.push(Parameter {
                            pattern: Pattern::Ignore,
                            annotation,
                            default: found(),
                            list: number,
                        });
                    }
                    _ => {}
                }
            }
        }
        result
    }

    /// The parameters of a function literal, from its tokens before the arrow.
    pub(super) fn lambda_parameters(&mut self, before_arrow: &[Node<'_>]) -> Vec<Parameter> {
        let mut result: Vec<Parameter> = Vec::new();
        for node in before_arrow {
            match node.kind() {
                "identifier" | "operator_identifier" => {
                    result.push(unannotated(Pattern::Name(self.name(*node))));
                }
                "wildcard" => result.push(unannotated(Pattern::Ignore)),
                "bindings" => {
                    for binding in parts(*node) {
                        let pattern = match binding.child_by_field_name("name") {
                            Some(name) => Pattern::Name(self.name(name)),
                            None => Pattern::Ignore,
                        };
                        let annotation = in_field(binding, "type")
                            .first()
                            .and_then(|written| self.type_ref(*written));
                        result.push(Parameter { pattern, annotation, default: None, list: 0 });
                    }
                }
                kind if is_type(kind) => {
                    let annotation = self.type_ref(*node);
                    if let Some(last) = result.last_mut() {
                        last.annotation = annotation;
                    }
                }
                _ => {}
            }
        }
        result
    }

    /// Takes the type parameters of a definition into scope; gives how many were there before.
    pub(super) fn open_type_parameters(&mut self, definition: Node<'_>) -> usize {
        let before = self.type_parameters.len();
        for list in parts(definition).into_iter().filter(|it| it.kind() == "type_parameters") {
            for parameter in parts(list) {
                match parameter.kind() {
                    "covariant_type_parameter" | "contravariant_type_parameter" => {
                        parts(parameter).into_iter().for_each(|it| self.type_parameter(it));
                    }
                    _ => self.type_parameter(parameter),
                }
            }
        }
        before
    }

    /// A part of the declaration of a type parameter: its name, or what it is at most.
    fn type_parameter(&mut self, part: Node<'_>) {
        if part.kind() == "upper_bound" {
            let bound = part.child_by_field_name("type").and_then(|it| self.type_ref(it));
            if let Some((_, known)) = self.type_parameters.last_mut() {
                *known = bound;
            }
        } else if part.kind().ends_with("identifier") {
            let name = plain_name(self.source(part));
            self.type_parameters.push((name, None));
        }
    }

    /// What a type parameter of this name is at most.
    fn type_bound(&self, name: &str) -> Option<TypeRef> {
        self.type_parameters.iter().rev().find(|it| it.0 == name)?.1.clone()
    }

    /// A type, reduced to the last part of its name and its arguments. A type parameter is what it is at most.
    pub(super) fn type_ref(&mut self, node: Node<'_>) -> Option<TypeRef> {
        self.nested(node, |reader| reader.type_ref_here(node), || None)
    }

    fn type_ref_here(&mut self, node: Node<'_>) -> Option<TypeRef> {
        let children = parts(node);
        let plain = |name: &str| Some(TypeRef { name: name.into(), arguments: Vec::new() });
        match node.kind() {
            "type_identifier" | "identifier" | "operator_identifier" => {
                let name = plain_name(self.source(node));
                self.type_bound(name).or_else(|| plain(name))
            }
            "wildcard" => plain("_"),
            "stable_type_identifier" => children.last().and_then(|last| self.type_ref(*last)),
            "generic_type" => {
                let base = node.child_by_field_name("type").and_then(|base| self.type_ref(base))?;
                let arguments = node.child_by_field_name("type_arguments");
                Some(TypeRef {
                    name: base.name,
                    arguments: arguments.map_or_else(Vec::new, |list| self.type_refs(list)),
                })
            }
            "projected_type" => {
                node.child_by_field_name("selector").and_then(|last| self.type_ref(last))
            }
            // Varargs arrive as a sequence.
            "repeated_parameter_type" => {
                let element = children.first().and_then(|element| self.type_ref(*element));
                Some(TypeRef { name: "Seq".into(), arguments: element.into_iter().collect() })
            }
            "tuple_type" | "function_type" | "infix_type" => {
                let name = match node.kind() {
                    "tuple_type" => format!("Tuple{}", children.len()),
                    "function_type" => "Function".to_owned(),
                    _ => node
                        .child_by_field_name("operator")
                        .map_or_else(String::new, |name| self.source(name).to_owned()),
                };
                let mut arguments = Vec::new();
                for (field, child) in tokens(node) {
                    if child.kind() == "parameter_types" {
                        arguments.extend(self.type_refs(child));
                    } else if child.is_named() && field != Some("operator") {
                        arguments.extend(self.type_ref(child));
                    }
                }
                Some(TypeRef { name: name.into(), arguments })
            }
            "annotated_type"
            | "applied_constructor_type"
            | "compound_type"
            | "lazy_parameter_type"
            | "existential_type"
            | "capturing_type" => children.first().and_then(|inner| self.type_ref(*inner)),
            _ => None,
        }
    }

    pub(super) fn type_refs(&mut self, list: Node<'_>) -> Vec<TypeRef> {
        parts(list).into_iter().filter_map(|argument| self.type_ref(argument)).collect()
    }
}

pub(super) fn unannotated(pattern: Pattern) -> Parameter {
    Parameter { pattern, annotation: None, default: None, list: 0 }
}

/// A parameter that the source does not name.
pub(super) fn numbered(number: usize, range: program::TextRange) -> Name {
    Name { text: compact_str::format_compact!("_{number}"), range }
}

/// Whether a name in a pattern is bound by it. Capitalised and quoted names are compared with instead.
fn binds(name: &str) -> bool {
    name.chars().next().is_some_and(|first| first != '`' && !first.is_uppercase())
}
