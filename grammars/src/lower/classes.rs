//! Classes of the file: what their members are, and what the classes that inherit from each other have in common.

use std::sync::Arc;

use program::summary::Shape;
use program::{Confidence, Language, Origin, Type, UnresolvedReason};

use super::Lowering;
use super::calls::Site;
use super::environment::{FrameKind, Lowered, Meaning, is_null};
use super::linked::{Ancestor, EXTENDED_CLASSES, Inherited};
use crate::syntax::{Expr, ExprKind, FunctionDef, Name, Stmt, StmtKind};

/// How many classes that inherit from another are asked for what it leaves to them.
const DESCENDANTS: usize = 32;

impl<'a> Lowering<'a> {
    /// The class and those of the file that it inherits from, nearest first.
    pub(super) fn ancestry(&self, class: &Arc<str>) -> Vec<Arc<str>> {
        let mut found = vec![class.clone()];
        if self.collected.bases.get(class).is_some_and(|it| !it.is_empty()) {
            found.extend(self.ancestors(class).into_iter().filter_map(|it| match it {
                Ancestor::Local(class) => Some(class),
                Ancestor::Foreign(_) => None,
            }));
        }
        found
    }

    /// The classes of the file that inherit from `class`, nearest first.
    fn descendants(&self, class: &Arc<str>) -> Vec<Arc<str>> {
        let mut found: Vec<Arc<str>> = Vec::new();
        let mut parent = class.clone();
        let mut next = 0;
        loop {
            for child in self.collected.children.get(&parent).into_iter().flatten() {
                if child != class && !found.contains(child) && found.len() < DESCENDANTS {
                    found.push(child.clone());
                }
            }
            match found.get(next) {
                Some(child) => parent = child.clone(),
                None => return found,
            }
            next += 1;
        }
    }

    /// The method by this name that the class itself defines.
    pub(super) fn own_method(&self, class: &str, name: &str) -> Option<usize> {
        self.collected.methods.get(class)?.get(name).copied()
    }

    /// What the body of a class that has run bound to the name.
    pub(super) fn member_bound(&self, class: &str, name: &str) -> Option<&Meaning> {
        let found = self.members.get(class).and_then(|it| it.get(name));
        self.asked_member(class, name, found);
        found
    }

    /// The method that an instance of `class` has by this name, its own or one inherited within the file.
    pub(super) fn method_of(&self, class: &Arc<str>, name: &str) -> Option<usize> {
        let method = |class: &Arc<str>| self.own_method(class, name);
        method(class).or_else(|| self.ancestry(class).iter().skip(1).find_map(method))
    }

    /// Whether another class of the file overrides a method, so that a call may run either.
    pub(super) fn is_overridden(&self, index: usize) -> bool {
        self.overriding(index).next().is_some()
    }

    fn overriding(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let definition = &self.definitions[index];
        let name = definition.def.name.text.as_str();
        let children = definition.class.as_ref().map(|it| self.descendants(it));
        children.into_iter().flatten().filter_map(|child| self.own_method(&child, name))
    }

    /// What the methods that override this one return, for one that returns nothing itself.
    pub(super) fn overriding_returns(&self, index: usize) -> Shape {
        self.overriding(index)
            .fold(Shape::Unknown, |joined, other| joined.join(&self.returns_of(other)))
            .unbounded()
    }

    /// The frame of the class where its body is being lowered.
    pub(super) fn level_of_class(&self, class: &Arc<str>) -> Option<usize> {
        self.frames.iter().rposition(|frame| {
            frame.kind == FrameKind::Class && frame.class.as_ref() == Some(class)
        })
    }

    /// What the body of the class binds to the name. It may be the one that is being lowered.
    fn class_binding(&self, class: &Arc<str>, name: &str) -> Option<Meaning> {
        let open = self.level_of_class(class);
        self.asked_class(class, name, open);
        let binding = open.and_then(|level| self.frames.get(level)?.names.get(name));
        binding.or_else(|| self.member_bound(class, name)).cloned()
    }

    /// What is known of an attribute as methods of the class set it.
    pub(super) fn class_attribute(
        &mut self,
        class: &Arc<str>,
        attribute: &str,
        key: &str,
    ) -> Option<Lowered> {
        let shape = self.known.attribute(class, attribute).cloned()?;
        self.attribute_of_shape(&shape, attribute, key)
    }

    /// An attribute that is the same value wherever `key` names it in this frame.
    fn attribute_of_shape(&mut self, shape: &Shape, name: &str, key: &str) -> Option<Lowered> {
        let named = own_attribute(key).unwrap_or(if key.is_empty() { name } else { key });
        let origin = Origin::Ambient(named.to_owned());
        let meaning = self.materialize(shape, &origin)?;
        if !key.is_empty() {
            self.define(key, meaning.clone());
        }
        Some(self.lowered(meaning))
    }

    /// `object.name` for an instance of a class of the file, or for the class itself. `key` is the whole expression where it is a
    /// path of names, else empty.
    pub(super) fn member(&mut self, class: &Arc<str>, name: &Name, key: &str) -> Lowered {
        if let Some(meaning) = self.lookup(key).filter(|_| !key.is_empty()) {
            return self.named_meaning(meaning);
        }
        if self.language == Language::Scala
            && let Some(meaning) =
                ["self", "this"].iter().find_map(|it| self.lookup(&format!("{it}.{}", name.text)))
        {
            return self.named_meaning(meaning);
        }
        let mut bound = self.class_binding(class, &name.text);
        if matches!(&bound, Some(Meaning::Spark(value)) if !self.is_ambient(*value))
            && let Some(value) = bound.take()
        {
            return self.lowered(value);
        }
        if let Some(index) = self.own_method(class, &name.text) {
            return self.method_value(index, key);
        }
        // A field that is declared in the body is what methods set it to.
        let declared = match &bound {
            Some(Meaning::Spark(value)) => self.is_ambient(*value),
            Some(meaning) => is_null(meaning),
            None => true,
        };
        if declared
            // Another object's field is another value, so this holds of the object itself alone.
            && !(own_attribute(key).is_some() && self.says_all(class, &name.text, bound.as_ref()))
            && let Some(found) = self.class_attribute(class, &name.text, key)
        {
            return found;
        }
        if let Some(meaning) = bound.take_if(|it| !is_null(it)) {
            return self.named_meaning(meaning);
        }
        match self.inherited(class, &name.text) {
            Some(Inherited::Method(index)) => return self.method_value(index, key),
            Some(Inherited::Value(meaning)) => {
                let meaning = self.field_of(meaning, &name.text, key);
                if !key.is_empty() && !matches!(meaning, Meaning::Foreign(_)) {
                    self.define(key, meaning.clone());
                }
                return self.lowered(meaning);
            }
            None => {}
        }
        if self.language == Language::Scala
            && let Some(meaning) = self.lookup(&name.text)
        {
            return self.named_meaning(meaning);
        }
        if let Some(found) = self.left_to_descendants(class, &name.text, key) {
            return found;
        }
        if let Some(meaning) = bound {
            return self.lowered(meaning);
        }
        self.conventional(key, &name.text)
            .unwrap_or_else(|| Lowered::unknown(UnresolvedReason::Attribute))
    }

    /// A dataset that objects of a class have in a field: each has its own, which is the same one wherever `key` names it in this frame.
    pub(super) fn field_of(&mut self, field: Meaning, name: &str, key: &str) -> Meaning {
        let Meaning::Spark(value) = field else { return field };
        if !self.is_ambient(value) {
            return field;
        }
        let (kind, confidence, bound) = {
            let value = self.program.value(value);
            (value.kind, value.confidence, value.bound)
        };
        let named = own_attribute(key).unwrap_or(if key.is_empty() { name } else { key });
        let own = self.value(kind, confidence, Origin::Ambient(named.to_owned()), bound);
        if !key.is_empty() {
            self.define(key, Meaning::Spark(own));
        }
        Meaning::Spark(own)
    }

    /// Whether methods that set an attribute say no more of it than its declaration in the body.
    fn says_all(&self, class: &Arc<str>, name: &str, declaration: Option<&Meaning>) -> bool {
        let known = self.known.attribute(class, name);
        declaration.is_some_and(|it| known == Some(&self.shape_of(it)))
    }

    fn is_ambient(&self, value: program::ValueId) -> bool {
        matches!(self.program.value(value).origin, Origin::Ambient(_))
    }

    /// A method named; a property that keeps its value is the same one wherever `key` names it in this frame.
    fn method_value(&mut self, index: usize, key: &str) -> Lowered {
        if !key.is_empty() && is_decorated(self.definitions[index].def, &["cached_property"]) {
            let property = self.call_local(index, &[], true);
            self.define(key, property.meaning.clone());
            return property;
        }
        self.lowered(Meaning::Function(index))
    }

    /// A member that a class uses but leaves to those that inherit from it.
    fn left_to_descendants(&mut self, class: &Arc<str>, name: &str, key: &str) -> Option<Lowered> {
        let mut attribute = Shape::Unknown;
        let mut method = Shape::Unknown;
        for child in self.descendants(class) {
            if let Some(shape) = self.known.attribute(&child, name) {
                attribute = attribute.join(shape);
            }
            if let Some(index) = self.own_method(&child, name) {
                method = method.join(&self.returns_of(index));
            }
        }
        if !attribute.is_unknown() {
            return self.attribute_of_shape(&attribute.unbounded(), name, key);
        }
        (!method.is_unknown())
            .then(|| self.lowered(Meaning::Callable(Arc::new(method.unbounded()))))
    }

    /// `object.name(arguments)` for an instance of a class of the file, or for the class itself.
    pub(super) fn member_call(
        &mut self,
        site: &Site<'a>,
        object: &Lowered,
        class: &Arc<str>,
    ) -> Lowered {
        let bound = matches!(object.meaning, Meaning::Instance(_));
        let key = self.path_text(program::TextRange::new(site.range.start, site.name_range.end));
        let member = self.member(class, site.name, &key);
        let known = !matches!(member.meaning, Meaning::Unknown(_));
        let own = match &member.meaning {
            Meaning::Function(index) => {
                let definition = &self.definitions[*index];
                definition.class.is_some() && gives_own(definition.def)
            }
            Meaning::Foreign(method) => method.summary.own,
            _ => false,
        };
        if !known
            && bound
            && self.is_of_spark(&site.name.text)
            && let Some(kind) = self.extended(class)
            && let Some(result) = self.inherited_of_spark(site, kind)
        {
            return result;
        }
        let result = self.call_member(site, known.then_some(member.meaning), bound);
        if own { result.of_class(Meaning::Instance(class.clone())) } else { result }
    }

    /// Whether some class of Spark's that classes extend and whose objects are no datasets has a method of this name.
    pub(super) fn is_of_spark(&self, method: &str) -> bool {
        let mut classes = EXTENDED_CLASSES.iter().filter(|it| !it.is_dataset());
        classes.any(|class| spark::api().method(self.language, *class, method).is_some())
    }

    /// A method that an object has from the class of Spark's that its own class extends.
    pub(super) fn inherited_of_spark(&mut self, site: &Site<'a>, kind: Type) -> Option<Lowered> {
        // Which dataset an object is has to be known wherever it is named, which holds of `created` alone.
        if kind.is_dataset() {
            return None;
        }
        spark::api().method(self.language, kind, &site.name.text)?;
        let origin = Origin::Ambient(self.path_text(site.receiver_range));
        let value = self.value(kind, Confidence::Declared, origin, None);
        Some(self.spark_method(site, Lowered::spark(value), value))
    }

    /// A new object of a class: where it is a dataset, no more is known of it than that.
    pub(super) fn created(&mut self, object: Meaning, extended: Option<Type>) -> Lowered {
        match extended {
            Some(kind) if kind.is_dataset() => {
                let origin = Origin::Ambient(String::new());
                Lowered::spark(self.value(kind, Confidence::Declared, origin, None))
            }
            _ => self.lowered(object),
        }
    }

    /// An attribute by the conventional name of a session (`self.spark`, `job.sc`) whose assignment is elsewhere.
    pub(super) fn conventional(&mut self, key: &str, name: &str) -> Option<Lowered> {
        let kind = super::types::ambient(name).filter(|_| self.program.uses_spark)?;
        self.attribute_of_shape(&Shape::spark(kind, Confidence::Declared), name, key)
    }
}

/// Whether a method gives the object that it is called on, or another of the same class.
pub(super) fn gives_own(def: &FunctionDef) -> bool {
    if def.returns.as_ref().is_some_and(|it| it.name.rsplit('.').next() == Some("Self")) {
        return true;
    }
    match def.body.anywhere() {
        [.., Stmt { kind: StmtKind::Expr(last), .. }] if def.last_is_result => is_itself(last),
        body => returns_itself(body, 0) == Some(true),
    }
}

/// Whether every result that statements return is the object itself; none where they return none.
fn returns_itself(body: &[Stmt], depth: u32) -> Option<bool> {
    if depth > super::DEPTH {
        return Some(false);
    }
    let both = |all: Option<bool>, one: Option<bool>| match (all, one) {
        (Some(all), Some(one)) => Some(all && one),
        (known, None) | (None, known) => known,
    };
    body.iter().fold(None, |all, statement| {
        let one = match &statement.kind {
            StmtKind::Return(value) => Some(value.as_ref().is_some_and(is_itself)),
            StmtKind::Branch { arms, .. } => {
                arms.iter().fold(None, |all, arm| both(all, returns_itself(arm, depth + 1)))
            }
            StmtKind::For { body, .. }
            | StmtKind::While { body, .. }
            | StmtKind::With { body, .. }
            | StmtKind::Block(body) => returns_itself(body, depth + 1),
            _ => None,
        };
        both(all, one)
    })
}

fn is_itself(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Name(name) if matches!(name.as_str(), "self" | "this"))
}

/// The rest of a path that begins with the language's word for the object itself.
fn own_attribute(path: &str) -> Option<&str> {
    ["self.", "this.", "cls."].iter().find_map(|it| path.strip_prefix(it))
}

/// Whether one of the decorators is by one of these names, however it is qualified, and applied or not.
pub(super) fn is_decorated(def: &FunctionDef, names: &[&str]) -> bool {
    def.decorators.iter().any(|decorator| {
        let callee = match &decorator.kind {
            ExprKind::Call { callee, .. } => callee,
            _ => decorator,
        };
        match &callee.kind {
            ExprKind::Name(name) => names.contains(&name.as_str()),
            ExprKind::Attribute { name, .. } => names.contains(&name.text.as_str()),
            _ => false,
        }
    })
}
