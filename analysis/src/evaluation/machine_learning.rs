//! What Spark's machine learning runs: fitting, applying and evaluating models, loading them, statistics of a dataset.

use spark::Type;

use super::interpreter::{Interpreter, dataset_in};
use super::value::{Argument, UNKNOWN, Value};
use super::{Features, NodeId, Place, SiteKind};

impl Interpreter<'_> {
    /// Training, applying and evaluating a model, whatever its class.
    pub(super) fn model_method(
        &mut self,
        object: &Value,
        name: &str,
        arguments: &[Argument],
        place: Place,
    ) -> Option<Value> {
        let first = arguments.first()?;
        let node = dataset_in(&first.value)?.dataset()?;
        if !matches!(name, "fit" | "evaluate" | "transform") {
            return None;
        }
        self.training_site(name, place, Some(node));
        Some(match name {
            "fit" => {
                let path = match object {
                    Value::Library(path, _) => *path,
                    _ => self.names.symbol("model"),
                };
                Value::Library(path, None)
            }
            "transform" => self.made_of(node, place),
            _ => UNKNOWN,
        })
    }

    /// Functions of MLlib's classes that run something: saved models that are loaded, statistics of a dataset.
    pub(super) fn model_function(
        &mut self,
        owner: &str,
        name: &str,
        arguments: &[Argument],
        place: Place,
    ) -> Option<Value> {
        if !owner.contains(".ml.") && !owner.contains(".mllib.") {
            return None;
        }
        let node = arguments.first().and_then(|it| it.value.dataset());
        let result = match (name, node) {
            ("load", None) => Value::Library(self.names.symbol(owner), None),
            ("corr" | "test" | "colStats" | "chiSqTest", Some(node)) => self.made_of(node, place),
            _ => return None,
        };
        self.training_site(name, place, node);
        Some(result)
    }

    /// A call that leaves any number of executions and jobs.
    fn training_site(&mut self, name: &str, place: Place, node: Option<NodeId>) {
        let features = Features::default();
        let (optional, repeats) = (true, true);
        let kind = SiteKind::Training;
        self.plain_site(kind, name, Type::DataFrame, place, node, features, (optional, repeats));
    }

    /// A dataset that a model makes of another one.
    fn made_of(&mut self, node: NodeId, place: Place) -> Value {
        let made = self.opaque_dataset(Type::DataFrame, &[node], place);
        Value::spark(Type::DataFrame, Some(made))
    }
}
