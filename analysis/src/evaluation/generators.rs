//! Generators and contexts: bodies that hand over to others at a `yield`.

use std::rc::Rc;

use program::driver::{ExpressionId, List, PatternId};

use super::interpreter::{Interpreter, LoopFrame, NESTING, Yields};
use super::loops::Iterated;
use super::value::{Argument, Prepared, UNKNOWN, Value};

impl Interpreter<'_> {
    /// Runs a generator's or context's body with what its yields do.
    pub(super) fn run_prepared(
        &mut self,
        prepared: &Rc<Prepared>,
        yields: &Yields,
    ) -> (Vec<Value>, bool) {
        if self.current.is_none() || self.nesting >= NESTING {
            return (Vec::new(), false);
        }
        let bound = prepared.bound.clone();
        self.nesting += 1;
        let outer = std::mem::replace(&mut self.refused, false);
        let before = self.handed_over;
        let (_, yielded) = self.run_function(
            &prepared.closure,
            bound,
            &prepared.arguments,
            prepared.call,
            yields.clone(),
        );
        // Where the generator could not be followed, what it was to hand over to runs nevertheless.
        let refused = std::mem::replace(&mut self.refused, outer);
        match yields {
            &Yields::Loop { target, body, .. } if refused => self.repeat(&mut |this| {
                this.bind(target, UNKNOWN);
                this.iteration(body);
            }),
            &Yields::With { items, next, body, .. } if self.handed_over == before => {
                self.bind_context(items, next, UNKNOWN);
                self.with(items, next + 1, body);
            }
            Yields::Again { .. } if refused => self.yielded(UNKNOWN),
            _ => {}
        }
        self.nesting -= 1;
        yielded
    }

    /// What a generator yields, collected.
    pub(super) fn collected(&mut self, value: &Value) -> Value {
        let Value::Generator(prepared) = value else { return value.clone() };
        let before = self.automaton.states;
        let (items, complete) = self.run_prepared(&Rc::clone(prepared), &Yields::collecting());
        let after = self.automaton.states;
        let list = self.heap.sequence(items, complete);
        if after > before
            && self.dry == 0
            && let Value::Sequence(cell) = &list
        {
            let range = (super::StateId(before), super::StateId(after - 1));
            self.heap.change_sequence(*cell, |sequence| sequence.collected = Some(range));
        }
        list
    }

    /// Runs a generator with the body of a loop at each of its yields.
    pub(super) fn consume(&mut self, prepared: &Rc<Prepared>, target: PatternId, body: List) {
        let activation = self.active;
        self.activation().loops.push(LoopFrame::default());
        let yields = Yields::Loop { activation, target, body };
        self.run_prepared(prepared, &yields);
        self.end_loop();
    }

    /// What happens at a `yield`.
    pub(super) fn yielded(&mut self, value: Value) {
        let generator = self.active;
        match self.activation().yields.clone() {
            Yields::Collect(..) => {
                // In a branch or a loop of unknown length it may be yielded never, or again.
                let sure = self.perhaps == self.activation().perhaps;
                if let Yields::Collect(values, all) = &mut self.activation().yields {
                    *all &= sure && values.len() < 1000;
                    if values.len() < 1000 {
                        values.push(value);
                    }
                }
            }
            Yields::Loop { activation, target, body } => {
                if activation >= self.activations.len() || self.nesting >= NESTING {
                    return;
                }
                self.hand_over(generator, activation, |this| {
                    this.bind(target, value);
                    this.iteration(body);
                });
            }
            Yields::With { activation, items, next, body } => {
                if activation >= self.activations.len() || self.nesting >= NESTING {
                    return;
                }
                self.hand_over(generator, activation, |this| {
                    this.bind_context(items, next, value);
                    this.with(items, next + 1, body);
                });
            }
            Yields::Again { activation } => {
                if activation >= self.activations.len() || self.nesting >= NESTING {
                    return;
                }
                self.hand_over(generator, activation, |this| this.yielded(value));
            }
        }
    }

    /// Runs something in the activation that consumes, while the generator waits.
    fn hand_over(&mut self, generator: usize, consumer: usize, run: impl FnOnce(&mut Self)) {
        self.handed_over += 1;
        self.wait(generator, true);
        self.active = consumer;
        self.nesting += 1;
        run(self);
        self.nesting -= 1;
        self.active = generator;
        self.wait(generator, false);
    }

    fn wait(&mut self, generator: usize, waits: bool) {
        if let Some(activation) = self.activations.get_mut(generator) {
            activation.waits = waits;
        }
    }

    /// `yield from`.
    pub(super) fn yield_from(&mut self, value: &Value) {
        if let Value::Generator(prepared) = value {
            let yields = Yields::Again { activation: self.active };
            self.run_prepared(prepared, &yields);
            return;
        }
        match self.iterated(value) {
            Iterated::Known(items) => items.into_iter().for_each(|item| self.yielded(item)),
            Iterated::Any(element, _) => {
                self.repeat(&mut |this| this.yielded(element.clone()));
            }
            Iterated::Generator(prepared) => {
                let yields = Yields::Again { activation: self.active };
                self.run_prepared(&prepared, &yields);
            }
        }
    }

    pub(super) fn bind_context(&mut self, items: List, index: usize, value: Value) {
        let code = self.code();
        if let Some(&target) = code.ids(items).get(index * 2 + 1) {
            self.bind(PatternId(target), value);
        }
    }

    /// `with` from its item `index` on.
    pub(super) fn with(&mut self, items: List, index: usize, body: List) {
        if self.current.is_none() {
            return;
        }
        let code = self.code();
        let Some(&context) = code.ids(items).get(index * 2) else {
            self.block(body);
            return;
        };
        let expression = code.expression(ExpressionId(context));
        let value = self.expression(ExpressionId(context));
        let place = self.place(expression.range, expression.range);
        match &value {
            Value::Context(prepared) => {
                let yields = Yields::With { activation: self.active, items, next: index, body };
                self.run_prepared(prepared, &yields);
            }
            Value::Instance(cell) => {
                let enter = self.names.symbol("__enter__");
                let leave = self.names.symbol("__exit__");
                let entered = match self.instance_member(*cell, enter) {
                    Some(method) => self.call(&method, Vec::new(), place),
                    None => value.clone(),
                };
                self.bind_context(items, index, entered);
                self.with(items, index + 1, body);
                if self.current.is_some()
                    && let Some(method) = self.instance_member(*cell, leave)
                {
                    let none = || Argument::positional(Value::Null);
                    self.call(&method, vec![none(), none(), none()], place);
                }
            }
            _ => {
                self.bind_context(items, index, value);
                self.with(items, index + 1, body);
            }
        }
    }
}
