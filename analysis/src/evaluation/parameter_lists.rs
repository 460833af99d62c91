//! Scala's functions of several lists of parameters, which may be given one list at a time.

use std::rc::Rc;

use program::driver::Pattern;

use super::interpreter::Interpreter;
use super::names::Symbol;
use super::value::{Argument, Closure, Value};

/// A parameter as far as lists go.
struct Listed {
    name: Option<Symbol>,
    list: u8,
    /// Whether it has to be given: it has no default, nor does the compiler find it.
    required: bool,
}

impl Interpreter<'_> {
    /// A function that is given its first lists alone: a function of the others.
    pub(super) fn first_lists(
        &mut self,
        closure: &Rc<Closure>,
        bound: Option<&Value>,
        arguments: &[Argument],
    ) -> Option<Value> {
        let parameters = self.listed(closure)?;
        if bound.is_some() || arguments.iter().any(|it| it.rest) {
            return None;
        }
        let named = by_name(&parameters, arguments, 0)?;
        let given = |it: &Listed| {
            it.name.is_none() || named.iter().any(|argument| argument.name == it.name)
        };
        let missing = parameters.iter().find(|it| it.required && !given(it))?;
        // A list is given as a whole.
        let begun = parameters.iter().any(|it| it.list == missing.list && it.required && given(it));
        (!begun).then(|| Value::Partial(Rc::new((Value::Function(Rc::clone(closure)), named))))
    }

    /// Arguments for the next list of a function that was given its first ones: by the names of its parameters.
    pub(super) fn next_list(
        &mut self,
        (function, given): &(Value, Vec<Argument>),
        arguments: Vec<Argument>,
    ) -> Vec<Argument> {
        let Value::Function(closure) = function else { return arguments };
        let Some(parameters) = self.listed(closure) else { return arguments };
        let is_given = |it: &&Listed| {
            it.name.is_some() && given.iter().any(|argument| argument.name == it.name)
        };
        let next = match parameters.iter().filter(is_given).map(|it| it.list).max() {
            Some(last) => last.saturating_add(1),
            None => parameters.first().map_or(0, |it| it.list),
        };
        by_name(&parameters, &arguments, next).unwrap_or(arguments)
    }

    /// The parameters of a function that has several lists of them.
    fn listed(&mut self, closure: &Closure) -> Option<Vec<Listed>> {
        let code = self.code_of(closure.file);
        let function = code.functions.get(closure.function.index())?;
        let parameters = code.parameters_of(function.parameters);
        if parameters.last()?.list == 0 {
            return None;
        }
        let listed = parameters.iter().map(|it| {
            let name = match code.pattern(it.pattern) {
                Pattern::Name(id) => Some(self.symbol_in(closure.file, id)),
                _ => None,
            };
            Listed { name, list: it.list, required: it.default.is_none() }
        });
        Some(listed.collect())
    }
}

/// Positional arguments by the names of the parameters from a list on; none where there are more of them, or one without a name.
fn by_name(parameters: &[Listed], arguments: &[Argument], list: u8) -> Option<Vec<Argument>> {
    let mut parameters = parameters.iter().filter(|it| it.list >= list);
    let mut named = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let name = match argument.name {
            Some(name) => name,
            None => parameters.next()?.name?,
        };
        named.push(Argument { name: Some(name), ..argument.clone() });
    }
    Some(named)
}
