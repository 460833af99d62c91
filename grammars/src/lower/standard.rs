//! Scala's standard library as far as what is Spark's passes through it: packages by their full names, objects that make collections,
//! `pipe` and `tap`, `Using`; and rows of the language that Spark's implicits make a dataset.

use std::sync::Arc;

use program::{Confidence, Expression, Language, Origin, TextRange, Type, UnresolvedReason};

use super::Lowering;
use super::calls::Site;
use super::collections::{carries, is_collection};
use super::environment::{FrameKind, Lowered, Meaning};
use super::functions::Runs;
use crate::syntax::{Arg, Expr, ExprKind, Name, TypeRef};
use program::summary::Shape;

impl<'a> Lowering<'a> {
    /// What a name that nothing binds means to every program in Scala: a package's root.
    pub(super) fn package_root(&self, name: &str) -> Option<Lowered> {
        let root = matches!(name, "org" | "com" | "scala" | "java" | "javax");
        (root && self.language == Language::Scala).then(|| self.lowered(Meaning::Path(name.into())))
    }

    /// What a name that nothing binds means as a receiver: an object of Scala's that makes values of the language.
    pub(super) fn companion(&self, name: &str) -> Option<Lowered> {
        let companion = matches!(
            name,
            "Array"
                | "BigDecimal"
                | "BigInt"
                | "Boolean"
                | "Double"
                | "Float"
                | "IndexedSeq"
                | "Int"
                | "Integer"
                | "LazyList"
                | "List"
                | "Long"
                | "Map"
                | "Option"
                | "Range"
                | "Seq"
                | "Set"
                | "Some"
                | "Stream"
                | "String"
                | "StringBuilder"
                | "Vector"
        );
        (companion && self.language == Language::Scala).then(|| Lowered::local(Expression::Unknown))
    }

    /// An empty collection whose type arguments say what it is for: `Seq.empty[DataFrame]`, `ListBuffer[DataFrame]()`.
    pub(super) fn typed_collection(
        &mut self,
        callee: &Expr,
        type_arguments: &[TypeRef],
        arguments: &[Arg],
    ) -> Option<Lowered> {
        if self.language != Language::Scala || type_arguments.is_empty() || !arguments.is_empty() {
            return None;
        }
        let name = match &callee.kind {
            ExprKind::Name(name) => name,
            ExprKind::Attribute { object, name } if name.text == "empty" => match &object.kind {
                ExprKind::Name(name) => name,
                ExprKind::Attribute { name, .. } => &name.text,
                _ => return None,
            },
            ExprKind::Attribute { name, .. } => &name.text,
            _ => return None,
        };
        let written = TypeRef { name: name.clone(), arguments: type_arguments.to_vec() };
        let shape = self.annotation(&written);
        if !matches!(shape, Shape::Many(..) | Shape::Each(_) | Shape::Mapping(_) | Shape::Maybe(_))
        {
            return None;
        }
        let meaning = self.materialize(&shape, &Origin::Ambient(String::new()))?;
        Some(Lowered { meaning, expression: Expression::Unknown, call: None })
    }

    /// Whether it stands for nothing but the type of what an empty collection is for.
    pub(super) fn is_declared_only(&self, meaning: &Meaning) -> bool {
        let Meaning::Spark(value) = meaning else { return false };
        let origin = match &self.program.value(*value).origin {
            Origin::Merge(values) => match values.as_slice() {
                [only] => &self.program.value(*only).origin,
                _ => return false,
            },
            origin => origin,
        };
        matches!(origin, Origin::Ambient(name) if name.is_empty())
    }

    /// Scala's operators on collections of what is Spark's: `frames :+ frame`, `frame :: frames`, `frames ++ others`.
    pub(super) fn put_together(&mut self, operator: &str, parts: &[Lowered]) -> Option<Lowered> {
        let [left, right] = parts else { return None };
        if self.language != Language::Scala {
            return None;
        }
        let mapping = matches!(left.meaning, Meaning::Mapping(_) | Meaning::Record(_));
        let (collections, item) = match operator {
            ":+" => (vec![left], Some(right)),
            "+" if mapping || is_collection(&left.meaning) => (vec![left], Some(right)),
            "+:" | "::" => (vec![right], Some(left)),
            "++" | ":::" => (vec![left, right], None),
            _ => return None,
        };
        let mut meanings: Vec<Meaning> = Vec::new();
        for collection in collections {
            if is_collection(&collection.meaning) || mapping {
                meanings.push(self.element(collection).meaning);
            }
        }
        meanings.extend(item.map(|it| it.meaning.clone()));
        meanings.retain(carries);
        if meanings.iter().any(|it| !self.is_declared_only(it)) {
            meanings.retain(|it| !self.is_declared_only(it));
        }
        let merged = self.merge(&meanings);
        let meaning = match merged {
            Meaning::Tuple(pair) if mapping && pair.len() == 2 => {
                Meaning::Mapping(Arc::new(pair.get(1).cloned()?))
            }
            merged if carries(&merged) && !mapping => Self::collection_of(merged),
            _ => return None,
        };
        let arguments = parts.iter().map(|it| it.expression.clone()).collect();
        let expression = Expression::Apply { function: operator.into(), arguments };
        Some(Lowered { meaning, expression, call: None })
    }

    /// Whether a method of an RDD gives the same for the other of Java and Scala.
    pub(super) fn is_same_rdd(&self, kind: Type, name: &str) -> bool {
        self.language == Language::Scala
            && kind == Type::Rdd
            && matches!(name, "rdd" | "toJavaRDD" | "javaRDD")
    }

    /// `value.pipe(f)` and `value.tap(f)`, which every value has.
    pub(super) fn chained_function(
        &mut self,
        site: &Site<'a>,
        object: &Lowered,
    ) -> Option<Lowered> {
        let [function] = site.arguments else { return None };
        if self.language != Language::Scala {
            return None;
        }
        match site.name.text.as_str() {
            "pipe" => Some(self.run_given(function, std::slice::from_ref(object))),
            "tap" => {
                self.run_given(function, std::slice::from_ref(object));
                Some(object.clone())
            }
            _ => None,
        }
    }

    /// `Using(resource)(f)` and `Using.resource(resource)(f)`.
    pub(super) fn using(&mut self, path: &str, arguments: &'a [Arg]) -> Option<Lowered> {
        let [resource, function] = arguments else { return None };
        match path {
            "scala.util.Using.resource" => {
                let resource = self.expression(&resource.value);
                Some(self.run_given(function, &[resource]))
            }
            "scala.util.Using" => {
                let resource = self.expression(&resource.value);
                let made = self.run_given(function, &[resource]);
                Some(Lowered { meaning: Self::maybe_of(made.meaning.clone()), ..made })
            }
            _ => None,
        }
    }

    /// `Option.when(condition)(value)`.
    pub(super) fn option_when(&mut self, site: &Site<'a>) -> Option<Lowered> {
        let [condition, value] = site.arguments else { return None };
        if self.language != Language::Scala
            || !matches!(site.name.text.as_str(), "when" | "unless")
            || site.receiver_range.of(self.text) != "Option"
        {
            return None;
        }
        self.expression(&condition.value);
        let value = self.expression(&value.value);
        Some(Lowered { meaning: Self::maybe_of(value.meaning.clone()), call: None, ..value })
    }

    /// `rows.toDF("a")` and `rows.toDS`: rows of the language made a dataset, or a dataset of what nothing is known of.
    pub(super) fn rows_to_dataset(&mut self, site: &Site<'a>, object: &Lowered) -> Option<Lowered> {
        let name = site.name.text.as_str();
        if self.language != Language::Scala
            || !self.program.uses_spark
            || !matches!(name, "toDF" | "toDS")
        {
            return None;
        }
        if self.is_rows(&object.meaning) {
            return Some(self.literal_rows(site, object.clone()));
        }
        let reason = match object.meaning {
            Meaning::Unknown(reason) => reason,
            Meaning::Parameter(..) => UnresolvedReason::Parameter,
            _ => return None,
        };
        // Rows, an RDD or a dataset: it gives a dataset whichever it is.
        self.each_argument(site.arguments, Runs::Locally);
        self.unresolved(name, (site.range, site.name_range), reason);
        let confidence = self.implicit_rows().min(Confidence::Declared);
        let origin = Origin::Ambient(String::new());
        Some(Lowered::spark(self.value(Type::DataFrame, confidence, origin, None)))
    }

    /// `stream.foreachRDD(f)`, of a type that is not known otherwise: the function runs on the driver, once for each batch.
    pub(super) fn for_each_batch(&mut self, site: &Site<'a>) -> Option<Lowered> {
        let [function] = site.arguments else { return None };
        // Python's functions of two parameters are given the time first.
        let dataset_first = self.language == Language::Scala
            || matches!(&function.value.kind, ExprKind::Lambda { parameters, .. } if parameters.len() == 1);
        if site.name.text != "foreachRDD" || !dataset_first || !self.program.uses_spark {
            return None;
        }
        let arguments = self.arguments(site.arguments, Runs::Driver(Type::Rdd));
        if let Some(((_, function), rest)) = arguments.lowered.split_first() {
            self.runs_on_driver(function, Type::Rdd, rest);
        }
        Some(Lowered::local(Expression::Unknown))
    }

    /// How sure it is that Spark's implicits are what makes rows of the language a dataset: their import says so, or a notebook or
    /// script that imports them by itself.
    pub(super) fn implicit_rows(&self) -> Confidence {
        let script = !self
            .frames
            .iter()
            .any(|frame| matches!(frame.kind, FrameKind::Class | FrameKind::Function));
        if self.implicits_imported {
            Confidence::Known
        } else if script {
            Confidence::Declared
        } else {
            Confidence::Guessed
        }
    }

    /// A name after a receiver as a call without arguments.
    pub(super) fn bare_site(
        range: TextRange,
        receiver_range: TextRange,
        name: &'a Name,
    ) -> Site<'a> {
        Site {
            range,
            name,
            name_range: name.range,
            receiver_range,
            arguments: &[],
            arguments_range: TextRange::new(range.end, range.end),
            typed: false,
        }
    }
}
