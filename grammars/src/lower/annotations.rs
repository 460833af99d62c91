//! Types from annotations.

use program::{Confidence, Type};

use program::summary::{ClassName, Shape};

use super::Lowering;
use super::environment::Meaning;
use super::types;
use crate::syntax::TypeRef;

/// How deep an annotation's arguments are read.
const DEPTH: u32 = 8;

impl Lowering<'_> {
    /// What an annotation says of a value.
    pub(super) fn annotation(&self, annotation: &TypeRef) -> Shape {
        self.annotated(annotation, 0)
    }

    fn annotated(&self, annotation: &TypeRef, depth: u32) -> Shape {
        if depth > DEPTH {
            return Shape::Unknown;
        }
        let argument = |index: usize| {
            let argument = annotation.arguments.get(index);
            argument.map_or(Shape::Unknown, |it| self.annotated(it, depth + 1))
        };
        if let Some(target) = self.collected.aliases.get(annotation.name.as_str()) {
            return self.annotated(target, depth + 1);
        }
        if self.language == program::Language::Scala {
            match annotation.name.as_str() {
                "Option" | "Some" | "Try" | "Success" | "Future" => {
                    return Shape::maybe(argument(0));
                }
                "Either" => return Shape::maybe(argument(1)),
                "Function" => {
                    return match annotation.arguments.len().checked_sub(1).map(argument) {
                        None | Some(Shape::Unknown) => Shape::Unknown,
                        Some(result) => Shape::Callable(result.into()),
                    };
                }
                _ => {}
            }
        }
        match last_part(&annotation.name) {
            "Optional" | "Annotated" | "Final" | "ClassVar" | "Awaitable" | "InitVar" => {
                argument(0)
            }
            "Union" => self.union(annotation, depth),
            "List" | "list" | "Sequence" | "MutableSequence" | "Collection" | "Iterable"
            | "Iterator" | "Generator" | "AsyncIterator" | "AsyncIterable" | "AsyncGenerator"
            | "Seq" | "IndexedSeq" | "LazyList" | "Stream" | "ArrayBuffer" | "ListBuffer"
            | "Buffer" | "Array" | "Vector" | "Set" | "set" | "FrozenSet" | "frozenset"
            | "Deque" | "deque" => Shape::collection(argument(0)),
            "Dict" | "dict" | "Mapping" | "MutableMapping" | "DefaultDict" | "defaultdict"
            | "OrderedDict" | "Map" => Shape::mapping(argument(1)),
            "Tuple" | "tuple" | "Tuple2" | "Tuple3" => {
                if annotation.arguments.get(1).is_some_and(|it| it.name == "...") {
                    Shape::collection(argument(0))
                } else {
                    Shape::Tuple((0..annotation.arguments.len()).map(argument).collect())
                }
            }
            "Callable" => match annotation.arguments.len().checked_sub(1).map(argument) {
                None | Some(Shape::Unknown) => Shape::Unknown,
                Some(result) => Shape::Callable(result.into()),
            },
            "Self" => self.enclosing_class().map_or(Shape::Unknown, |class| {
                Shape::Instance(ClassName { file: None, name: class })
            }),
            _ => self.annotated_class(&annotation.name),
        }
    }

    /// One of several types: what Spark's member says, unless another member has methods by the same names.
    fn union(&self, annotation: &TypeRef, depth: u32) -> Shape {
        let mut known = Shape::Unknown;
        for member in &annotation.arguments {
            let shape = self.annotated(member, depth + 1);
            let table = matches!(last_part(&member.name), "DataFrame" | "Series" | "LazyFrame");
            if shape == Shape::Unknown && table {
                return Shape::Unknown;
            }
            if shape != Shape::Unknown && known != Shape::Unknown && shape != known {
                return Shape::Unknown;
            }
            if shape != Shape::Unknown {
                known = shape;
            }
        }
        known
    }

    pub(super) fn annotated_class(&self, name: &str) -> Shape {
        let declared = |kind: Type| Shape::spark(kind, Confidence::Declared);
        let (root, rest) = name.split_once('.').unwrap_or((name, ""));
        let meaning = self.lookup(root);
        let path = match &meaning {
            Some(Meaning::Path(path)) if rest.is_empty() => path.to_string(),
            Some(Meaning::Path(path)) => format!("{path}.{rest}"),
            Some(Meaning::Class(kind)) if rest.is_empty() => return declared(*kind),
            _ => name.to_owned(),
        };
        if (!rest.is_empty() || matches!(meaning, Some(Meaning::Path(_))))
            && let Some(kind) = types::class_of_path(&path, self.language)
        {
            return declared(kind);
        }
        if let Some(library) = spark::library_class(&path) {
            return Shape::Library(library);
        }
        if let Some(class) = self.class_named(name) {
            return Shape::Instance(class);
        }
        if meaning.is_none() && self.collected.classes.contains_key(name) {
            return Shape::Instance(ClassName { file: None, name: name.into() });
        }
        match meaning {
            Some(Meaning::Path(_)) => Shape::Unknown,
            _ if rest.is_empty() && self.program.uses_spark => {
                types::spark_class(name).map_or(Shape::Unknown, declared)
            }
            _ => Shape::Unknown,
        }
    }
}

/// Whether a type holds one plain value, and nothing of Spark's.
pub(super) fn is_scalar(annotation: &TypeRef) -> bool {
    match last_part(&annotation.name) {
        "Optional" | "Union" | "Option" | "Final" => {
            !annotation.arguments.is_empty() && annotation.arguments.iter().all(is_scalar)
        }
        "str" | "int" | "float" | "bool" | "bytes" | "complex" | "None" | "date" | "datetime"
        | "timedelta" | "Decimal" | "Path" | "String" | "Int" | "Long" | "Double" | "Float"
        | "Boolean" | "Byte" | "Short" | "Char" | "Unit" | "BigDecimal" | "BigInt" => true,
        _ => false,
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').find(|part| !part.is_empty()).unwrap_or(name)
}
