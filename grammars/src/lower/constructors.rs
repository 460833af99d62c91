//! Calls on Spark's classes themselves: constructors, static methods and companion objects.

use program::{Confidence, Effect, Expression, Origin, TextRange, Type, UnresolvedReason};
use spark::{Language, Library, LibraryMember};

use super::Lowering;
use super::callables::Callable;
use super::calls::{Emission, Site};
use super::environment::{Lowered, Meaning};
use super::functions::Runs;
use crate::syntax::Arg;

impl<'a> Lowering<'a> {
    pub(super) fn static_method(&mut self, site: &Site<'a>, kind: Type) -> Lowered {
        let method = spark::api().method(self.language, kind, &site.name.text);
        if self.language == Language::Python && kind.is_dataset() && method.is_some() {
            // `DataFrame.union(left, right)`.
            let unbound = self.callable(Callable::Unbound { kind, name: site.name });
            return self.apply(
                site.range,
                site.name_range,
                unbound,
                site.arguments,
                site.arguments_range,
            );
        }
        let arguments = self.arguments(site.arguments, Runs::Locally);
        if kind == Type::Pandas && method.is_none() {
            return self.library_value(LibraryMember::Object(Library::PandasOnSpark), "");
        }
        let whole = matches!(
            kind,
            Type::Window
                | Type::Pandas
                | Type::MlStatistics
                | Type::Estimator
                | Type::Transformer
                | Type::Evaluator
        );
        let Some(method) = method.filter(|it| it.effect == Effect::Configure || whole) else {
            return Lowered::unknown(UnresolvedReason::ForeignCall);
        };
        if Self::makes_column(method.outcome) {
            let (function, arguments) = (method.name().into(), arguments.expressions());
            return Lowered::column(Expression::Apply { function, arguments });
        }
        self.emit_static(method, site.range, site.name_range, site.arguments_range, arguments)
    }

    /// A new object of one of Spark's classes; of a class that only Spark makes objects of, nothing is known.
    pub(super) fn construct(
        &mut self,
        kind: Type,
        name: &str,
        (range, name_range): (TextRange, TextRange),
        arguments: &'a [Arg],
        arguments_range: TextRange,
    ) -> Lowered {
        let arguments = self.arguments(arguments, Runs::Locally);
        let constructed = matches!(
            kind,
            Type::Session
                | Type::Context
                | Type::Conf
                | Type::Observation
                | Type::Estimator
                | Type::Transformer
                | Type::Evaluator
        );
        if kind == Type::PandasFrame {
            return self.library_value(LibraryMember::Object(Library::PandasOnSpark), "");
        }
        if self.language == Language::Python {
            if kind == Type::Window {
                // `Window()`: its methods are those of the class.
                return self.lowered(Meaning::Class(kind));
            }
            if matches!(kind, Type::DataFrame | Type::Rdd) && !arguments.lowered.is_empty() {
                // `DataFrame(jdf, spark)`: around an object of the JVM.
                let origin = Origin::Ambient(String::new());
                return Lowered::spark(self.value(kind, Confidence::Declared, origin, None));
            }
        }
        if !constructed {
            return Lowered::unknown(UnresolvedReason::ForeignCall);
        }
        let emission = Emission {
            method: name,
            receiver_type: kind,
            receiver: None,
            effect: Effect::Configure,
            confidence: Confidence::Known,
            result: Some(kind),
            range,
            name_range,
            arguments_range,
        };
        self.emit(emission, arguments)
    }
}
