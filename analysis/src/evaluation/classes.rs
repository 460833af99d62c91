//! Classes, their instances, and what they inherit.

use std::rc::Rc;

use program::Language;
use program::driver::{Pattern, StatementKind};

use super::heap::{CellId, NamesKind};
use super::interpreter::{ALTERNATIVES, Interpreter, NESTING};
use super::names::Symbol;
use super::value::{Argument, ClassCell, FunctionKind, UNKNOWN, Value};
use super::{Place, Reason};

impl Interpreter<'_> {
    /// An instance of a class for one that is not known: those that were made, or one made for it.
    pub(super) fn some_instance(&mut self, class: CellId, place: Place) -> Option<Value> {
        let of = self.heap.class_of(class)?;
        let key = (of.file, of.class);
        let mut known: Vec<Value> = self
            .instances
            .get(&key)
            .into_iter()
            .flatten()
            .rev()
            .take(ALTERNATIVES)
            .map(|it| Value::Instance(*it))
            .collect();
        if known.is_empty() {
            let depth = self.path_depths.get(self.path().0 as usize).copied().unwrap_or(0);
            if depth >= self.limits.depth || self.tired() {
                return None;
            }
            return Some(self.instantiate(class, Vec::new(), place));
        }
        Some(if known.len() == 1 {
            known.swap_remove(0)
        } else {
            Value::Alternatives(known.into())
        })
    }

    pub(super) fn instantiate(
        &mut self,
        class: CellId,
        arguments: Vec<Argument>,
        place: Place,
    ) -> Value {
        let Some(of) = self.heap.class_of(class) else { return UNKNOWN };
        let code = self.code_of(of.file);
        let scala = self.files[of.file.index()].program.language == Language::Scala;
        let instance = self.heap.instance(class, scala.then_some(of.scope));
        let value = Value::Instance(instance);
        if self.dry == 0 {
            let known = self.instances.entry((of.file, of.class)).or_default();
            if known.len() < 64 {
                known.push(instance);
            }
        }
        if scala {
            let this = self.names.symbol("this");
            self.heap.set(instance, this, value.clone());
            let depth = self.activations.len();
            if depth < 60 && !self.tired() {
                self.scala_body(&of, instance, &arguments);
            } else {
                self.note(Reason::Depth, place, code.name(code.classes[of.class.index()].name));
            }
            return value;
        }
        let hook = self.names.symbol("__init__");
        match self.class_member(class, hook) {
            Some(Value::Function(closure)) => {
                self.call_function(&closure, Some(value.clone()), arguments, place);
            }
            _ => self.fields(class, instance, &arguments, place),
        }
        value
    }

    /// The fields that a dataclass or a named tuple takes in order.
    pub(super) fn fields(
        &mut self,
        class: CellId,
        instance: CellId,
        arguments: &[Argument],
        place: Place,
    ) {
        let mut chain = vec![class];
        let mut at = 0;
        while let Some(&cell) = chain.get(at)
            && chain.len() < 10
        {
            at += 1;
            if let Some(of) = self.heap.class_of(cell) {
                chain.extend(of.bases.iter().filter_map(|it| match it {
                    Value::Class(base) => Some(*base),
                    _ => None,
                }));
            }
        }
        let mut positional = arguments.iter().filter(|it| it.name.is_none() && !it.rest);
        for cell in chain.into_iter().rev() {
            let Some(of) = self.heap.class_of(cell) else { continue };
            let code = self.code_of(of.file);
            let Some(definition) = code.classes.get(of.class.index()).copied() else { continue };
            for id in code.statement_ids(definition.body) {
                let Some(statement) = code.statements.get(id.index()) else { continue };
                let StatementKind::Assign { target, annotation: Some(annotation), value } =
                    statement.kind
                else {
                    continue;
                };
                let Pattern::Name(name) = code.pattern(target) else { continue };
                let name = self.symbol_in(of.file, name);
                let given = arguments
                    .iter()
                    .find(|it| it.name == Some(name))
                    .or_else(|| positional.next())
                    .map(|it| it.value.clone());
                let default = value.and_then(|_| self.class_member(class, name));
                let value = match (given, default) {
                    (Some(value), _) | (None, Some(value)) => value,
                    (None, None) => UNKNOWN,
                };
                let annotation = code.name(annotation);
                let value = match value {
                    Value::Unknown(_) => self.declared(annotation, &value, place).unwrap_or(value),
                    value => value,
                };
                self.heap.set(instance, name, value);
            }
        }
        for argument in arguments {
            if let Some(name) = argument.name
                && self.heap.get(instance, name).is_none()
            {
                self.heap.set(instance, name, argument.value.clone());
            }
        }
    }

    /// The instance that a Scala object is.
    pub(super) fn scala_object(&mut self, class: CellId) -> Option<CellId> {
        let of = self.heap.class_of(class)?;
        let runs = self.code_of(of.file).classes.get(of.class.index())?.runs;
        if !runs || self.files[of.file.index()].program.language != Language::Scala {
            return None;
        }
        let slot = self.names.symbol("<object>");
        if let Some(Value::Instance(cell)) = self.heap.get(class, slot) {
            return Some(cell);
        }
        if self.nesting >= NESTING {
            return None;
        }
        let instance = self.heap.instance(class, Some(of.scope));
        self.heap.set(class, slot, Value::Instance(instance));
        let this = self.names.symbol("this");
        self.heap.set(instance, this, Value::Instance(instance));
        self.nesting += 1;
        self.scala_body(&of, instance, &[]);
        self.nesting -= 1;
        Some(instance)
    }

    /// Runs the bodies of a Scala class and of what it extends in one instance: each once, after what it overrides.
    pub(super) fn scala_body(
        &mut self,
        class: &Rc<ClassCell>,
        instance: CellId,
        arguments: &[Argument],
    ) {
        let mut order: Vec<Rc<ClassCell>> = Vec::new();
        self.scala_order(class, 0, &mut order);
        for layer in order {
            let own = layer.class == class.class && layer.file == class.file;
            self.scala_layer(&layer, instance, if own { arguments } else { &[] });
        }
    }

    /// Puts a Scala class after all that it extends, those that are there already left out.
    fn scala_order(&mut self, class: &Rc<ClassCell>, depth: u32, order: &mut Vec<Rc<ClassCell>>) {
        let is = |it: &Rc<ClassCell>| it.class == class.class && it.file == class.file;
        if depth > 6 || order.len() > 40 || order.iter().any(is) {
            return;
        }
        for base in &class.bases {
            let Value::Path(name) = base else { continue };
            let found = self.lookup_from(class.scope, *name).or_else(|| {
                let text = self.names.text(*name);
                self.scala_type(&text)
            });
            if let Some(Value::Class(base)) = found
                && let Some(base) = self.heap.class_of(base)
            {
                let companion = base.companion.and_then(|it| self.heap.class_of(it));
                self.scala_order(&companion.unwrap_or(base), depth + 1, order);
            }
        }
        if !order.iter().any(is) {
            order.push(Rc::clone(class));
        }
    }

    /// Runs the body of one class in an instance.
    fn scala_layer(&mut self, class: &Rc<ClassCell>, instance: CellId, arguments: &[Argument]) {
        let code = self.code_of(class.file);
        let Some(definition) = code.classes.get(class.class.index()).copied() else { return };
        if self.dry == 0 {
            self.built.insert((class.file, class.class));
        }
        // What `super` means in it: the methods that the instance has so far.
        let before: Vec<(Symbol, Value)> = self.heap.names(instance);
        let before = before.into_iter().filter(|it| matches!(it.1, Value::Function(_)));
        let beyond = self.heap.scope(None);
        for (name, value) in before.collect::<Vec<_>>() {
            self.heap.set(beyond, name, value);
        }
        let place = Place { file: class.file, name: definition.range, call: definition.range };
        let receiver = Some(Value::Instance(instance));
        self.enter(class.file, instance, receiver, Some(beyond), |this| {
            let parameters: Vec<_> = code.parameters_of(definition.parameters).to_vec();
            this.bind_parameters(&parameters, None, arguments, place);
            let members: Vec<_> = code.statement_ids(definition.body).collect();
            // Methods first: members may call what stands after them.
            for id in &members {
                if let Some(statement) = code.statements.get(id.index())
                    && let StatementKind::Function(_) = statement.kind
                {
                    this.block(program::driver::List::default());
                    this.define_member(statement.kind);
                }
            }
            this.block(definition.body);
            UNKNOWN
        });
    }

    pub(super) fn define_member(&mut self, kind: StatementKind) {
        if let StatementKind::Function(function) = kind {
            let code = self.code();
            if let Some(definition) = code.functions.get(function.index()).copied() {
                let name = self.symbol(definition.name);
                let value = self.closure(function, FunctionKind::Plain);
                self.bind_name(name, value);
            }
        }
    }

    /// What a class defines or inherits.
    pub(super) fn class_member(&self, class: CellId, name: Symbol) -> Option<Value> {
        self.linearised(class).into_iter().find_map(|it| self.heap.get(it, name))
    }

    /// What a class inherits beyond one of the classes that it consists of, with the class that has it: `super` there.
    pub(super) fn member_beyond(
        &self,
        class: CellId,
        beyond: CellId,
        name: Symbol,
    ) -> Option<(Value, CellId)> {
        let mut order = self.linearised(class).into_iter();
        order.find(|it| *it == beyond)?;
        order.find_map(|it| Some((self.heap.get(it, name)?, it)))
    }

    /// A class and all that it extends, in the order in which members are looked up (Scala's linearisation, Python's method resolution order): each after what
    /// overrides it.
    fn linearised(&self, class: CellId) -> Vec<CellId> {
        let mut order = Vec::new();
        self.linearise(class, 0, &mut order);
        order.reverse();
        order
    }

    /// Puts a class after all that it extends, those that are there already left out.
    fn linearise(&self, class: CellId, depth: u32, order: &mut Vec<CellId>) {
        if depth > 20 || order.len() > 40 || order.contains(&class) {
            return;
        }
        if let Some(of) = self.heap.class_of(class) {
            let scala = self.files[of.file.index()].program.language == Language::Scala;
            let bases = || {
                of.bases.iter().filter_map(|base| match base {
                    Value::Class(base) => Some(*base),
                    _ => None,
                })
            };
            // The last one that Scala mixes in is asked first, of Python's the first.
            if scala {
                bases().for_each(|base| self.linearise(base, depth + 1, order));
            } else {
                bases()
                    .collect::<Vec<_>>()
                    .into_iter()
                    .rev()
                    .for_each(|base| self.linearise(base, depth + 1, order));
            }
        }
        if !order.contains(&class) {
            order.push(class);
        }
    }

    /// Whether a class extends something that is not of the workspace.
    pub(super) fn has_foreign_base(&self, class: CellId, depth: u32) -> bool {
        depth < 10
            && self.heap.class_of(class).is_some_and(|of| {
                of.bases.iter().any(|base| match base {
                    Value::Class(base) => self.has_foreign_base(*base, depth + 1),
                    Value::Path(path) => !matches!(
                        &*self.names.text(*path),
                        "object" | "ABC" | "abc.ABC" | "Generic"
                    ),
                    _ => true,
                })
            })
    }

    /// A method or attribute of an instance, bound to it.
    pub(super) fn instance_member(&mut self, instance: CellId, name: Symbol) -> Option<Value> {
        if let Some(value) = self.heap.get(instance, name) {
            return Some(value);
        }
        let Some(NamesKind::Instance(class, _)) = self.heap.kind(instance) else { return None };
        let class = *class;
        let member = self.class_member(class, name)?;
        Some(self.bound(&member, Value::Instance(instance), class))
    }

    pub(super) fn bound(&mut self, member: &Value, receiver: Value, class: CellId) -> Value {
        match member {
            Value::Function(closure) => match closure.kind {
                FunctionKind::Static => member.clone(),
                FunctionKind::Class => {
                    Value::Bound(Rc::new((Value::Class(class), closure.clone())))
                }
                FunctionKind::Property => {
                    let definition = self.code_of(closure.file).functions[closure.function.index()];
                    let place = Place {
                        file: closure.file,
                        name: definition.range,
                        call: definition.range,
                    };
                    self.call_function(&Rc::clone(closure), Some(receiver), Vec::new(), place)
                }
                FunctionKind::Plain | FunctionKind::Context => {
                    Value::Bound(Rc::new((receiver, closure.clone())))
                }
            },
            Value::Alternatives(values) => {
                let values: Vec<Value> = values.to_vec();
                let bound: Vec<Value> =
                    values.iter().map(|it| self.bound(it, receiver.clone(), class)).collect();
                Value::Alternatives(bound.into())
            }
            other => other.clone(),
        }
    }
}
