//! What other files say, and what this one tells them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use compact_str::CompactString;
use program::summary::{
    Answer, Base, CallShapes, ClassName, ClassSummary, Export, ForeignFunction, FunctionName,
    FunctionSummary, Links, PassedOver, Question, Shape, Summary,
};
use program::{Confidence, Expression, Language, Literal, Origin, Type, UnresolvedReason};
use rustc_hash::FxHashMap;

use super::Lowering;
use super::arguments::{SPREAD, SPREAD_KEYWORDS};
use super::classes::gives_own;
use super::environment::{FrameKind, Lowered, Meaning, is_null};
use super::extensions::Additions;
use super::function_calls::is_foreign_library;
use super::replay::Star;
use super::types;
use crate::syntax::{Expr, ExprKind, FunctionDef, Parameter, Pattern};

/// The attribute that tells which of Spark's classes a class extends: no source can name it.
const EXTENDED: &str = "(extends)";

/// Classes of Spark's that classes of a program extend.
pub(super) const EXTENDED_CLASSES: [Type; 2] = [Type::Rdd, Type::Transformer];

/// How many classes of one file an inheritance chain is followed through.
const ANCESTORS: usize = 16;

/// A full path, with what it means.
pub(super) type Meant = (Arc<str>, Answer);

/// Other files, each question put to them once however many passes ask it.
pub(super) struct Asked<'l> {
    links: &'l dyn Links,
    answers: RefCell<FxHashMap<Question, Answer>>,
    /// What paths mean, as the file writes them.
    paths: RefCell<FxHashMap<String, Meant>>,
}

impl<'l> Asked<'l> {
    pub(super) fn new(links: &'l dyn Links) -> Self {
        Self { links, answers: RefCell::default(), paths: RefCell::default() }
    }

    pub(super) fn ask(&self, question: Question) -> Answer {
        if let Some(known) = self.answers.borrow().get(&question) {
            return known.clone();
        }
        let answer = self.links.ask(&question);
        self.answers.borrow_mut().insert(question, answer.clone());
        answer
    }

    /// Whether other files still answer the same.
    pub(super) fn would_answer(&self, before: &FxHashMap<Question, Answer>) -> bool {
        before.iter().all(|(question, answer)| self.ask(question.clone()) == *answer)
    }

    /// All questions so far, with what was answered.
    pub(super) fn answers(self) -> FxHashMap<Question, Answer> {
        self.answers.into_inner()
    }
}

/// What a class extends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ancestor {
    Local(Arc<str>),
    Foreign(Arc<ClassName>),
}

/// What a class has by some name.
pub(super) enum Inherited {
    Method(usize),
    Value(Meaning),
}

impl<'a> Lowering<'a> {
    fn ask_path(&self, path: &str) -> Answer {
        if types::is_spark_path(path) || is_foreign_library(path) {
            return Answer::Unknown;
        }
        self.links.ask(Question::Path(path.into()))
    }

    /// The full path that a path stands for, with what it means. Scala's may begin in the file's own package.
    pub(super) fn resolved_path(&self, path: &str) -> Meant {
        let known = self.links.paths.borrow().get(path).cloned();
        let resolved = known.unwrap_or_else(|| {
            let resolved = self.resolve_path(path);
            self.links.paths.borrow_mut().insert(path.to_owned(), resolved.clone());
            resolved
        });
        self.asked_path(path, &resolved);
        resolved
    }

    fn resolve_path(&self, path: &str) -> Meant {
        let answer = self.ask_path(path);
        if let (Answer::Unknown, Some(package)) = (&answer, self.package) {
            let inner = format!("{package}.{path}");
            let relative = self.ask_path(&inner);
            if relative != Answer::Unknown {
                return (inner.into(), relative);
            }
        }
        (path.into(), answer)
    }

    /// What a name means that is bound nowhere in the file: one that a star import brings, or in Scala one of the same package.
    pub(super) fn free_path(&self, name: &str) -> Option<Meant> {
        let known = self.free.borrow().get(name).cloned();
        let found = known.unwrap_or_else(|| {
            let found = self.find_free_path(name);
            self.free.borrow_mut().insert(name.to_owned(), found.clone());
            found
        });
        self.asked_free(name, found.as_ref());
        found
    }

    fn find_free_path(&self, name: &str) -> Option<Meant> {
        // Python's star leaves names with an underscore out, a notebook's run does not.
        let whole = self.language == Language::Scala || !name.starts_with('_');
        for star in self.stars.iter().rev().filter(|star| whole || star.starts_with('%')) {
            let (path, answer) = self.resolved_path(&joined(star, name));
            if answer != Answer::Unknown {
                return Some((path, answer));
            }
        }
        let path = joined(self.package?, name);
        let answer = self.ask_path(&path);
        (answer != Answer::Unknown).then(|| (path.into(), answer))
    }

    /// Takes note of a star import of what may be of the workspace.
    pub(super) fn star(&mut self, path: &str) {
        if !types::is_spark_path(path) && !is_foreign_library(path) {
            // What is imported once more hides what came between, and what is imported again and again costs nothing.
            if self.stars.last().is_some_and(|last| **last == *path) {
                return;
            }
            self.take_star(Star::Workspace(path.into()));
        }
    }

    /// Everything of something is imported.
    pub(super) fn take_star(&mut self, star: Star) {
        self.took_star(&star);
        match star {
            Star::Workspace(path) => {
                self.stars.retain(|star| *star != path);
                self.stars.push(path);
                self.free.borrow_mut().clear();
            }
            Star::Spark(path) => {
                self.spark_stars.push(path);
                self.starred.borrow_mut().clear();
            }
            Star::Functions => self.star_functions = true,
            Star::Implicits => self.implicits_imported = true,
        }
        let mut hasher = DefaultHasher::new();
        (&self.stars, &self.spark_stars).hash(&mut hasher);
        (self.star_functions, self.implicits_imported).hash(&mut hasher);
        self.stars_fingerprint = hasher.finish();
    }

    /// What a path means, where other files say so.
    pub(super) fn path_meaning(&mut self, path: &str) -> Option<Meaning> {
        let known = self.foreign.get(path);
        self.asked_foreign(path, known);
        if let Some(known) = known {
            return Some(known.clone());
        }
        let answer = self.resolved_path(path).1;
        let meaning = self.answered(answer, path)?;
        self.made_foreign(path, &meaning);
        self.foreign.insert(path.to_owned(), meaning.clone());
        Some(meaning)
    }

    /// What a name means that is bound nowhere in the file, where other files say so.
    pub(super) fn free_meaning(&mut self, name: &str) -> Option<Meaning> {
        let (path, _) = self.free_path(name)?;
        self.path_meaning(&path)
    }

    fn answered(&mut self, answer: Answer, name: &str) -> Option<Meaning> {
        match answer {
            Answer::Unknown | Answer::Ambiguous | Answer::Module | Answer::Calls(_) => None,
            Answer::External(path) => Some(Meaning::Path(path)),
            Answer::Function(function) => Some(Meaning::Foreign(Arc::new(function))),
            Answer::Class(class) => Some(match &class.file {
                Some(_) => Meaning::ForeignClass(Arc::new(class)),
                None => Meaning::LocalClass(class.name),
            }),
            Answer::Value(shape) => self.materialize(&shape, &Origin::Ambient(name.to_owned())),
        }
    }

    /// What a class of another file has by this name.
    pub(super) fn foreign_member(&mut self, class: &ClassName, name: &str) -> Option<Meaning> {
        let file = class.file.as_ref()?;
        let key = format!("{file}:{}.{name}", class.name);
        let known = self.foreign.get(&key);
        self.asked_foreign(&key, known);
        if let Some(known) = known {
            return Some(known.clone());
        }
        let question = Question::Member(class.clone(), name.into());
        let answer = self.links.ask(question.clone());
        self.asked_question(&question, &answer);
        let meaning = self.answered(answer, name)?;
        self.made_foreign(&key, &meaning);
        self.foreign.insert(key, meaning.clone());
        Some(meaning)
    }

    /// The class of the workspace that a name stands for.
    pub(super) fn class_named(&self, name: &str) -> Option<ClassName> {
        let answer = match self.lookup(name) {
            Some(Meaning::LocalClass(class)) => {
                return Some(ClassName { file: None, name: class });
            }
            Some(Meaning::Path(path)) => self.resolved_path(&path).1,
            Some(_) => return None,
            None => self.free_path(name)?.1,
        };
        match answer {
            Answer::Class(class) => Some(class),
            _ => None,
        }
    }

    /// The class that `class` extends as written in `base`.
    fn base(&self, base: &str) -> Option<(Base, Answer)> {
        let (root, rest) = base.split_once('.').map_or((base, None), |it| (it.0, Some(it.1)));
        let path = match (self.lookup(root), rest) {
            (Some(Meaning::LocalClass(class)), None) => {
                return Some((Base::Class(class), Answer::Unknown));
            }
            (Some(Meaning::Path(path)), None) => path,
            (Some(Meaning::Path(path)), Some(rest)) => joined(&path, rest).into(),
            (Some(_), _) => return None,
            (None, None) => {
                if let Some((class, _)) = self.collected.classes.get_key_value(root) {
                    return Some((Base::Class(class.clone()), Answer::Unknown));
                }
                let (path, answer) = self.free_path(root)?;
                return Some((Base::Path(path), answer));
            }
            (None, Some(_)) => base.into(),
        };
        let (path, answer) = self.resolved_path(&path);
        Some((Base::Path(path), answer))
    }

    /// What a class of the file extends, nearest first, itself left out; classes of other files stand for their own ancestors.
    pub(super) fn ancestors(&self, class: &Arc<str>) -> Vec<Ancestor> {
        let mut found = Vec::new();
        let mut pending = vec![class.clone()];
        let mut seen = vec![class.clone()];
        while let Some(class) = pending.pop() {
            for base in self.collected.bases.get(&class).into_iter().flatten().take(ANCESTORS) {
                match self.base(base) {
                    Some((Base::Class(base), _))
                        if !seen.contains(&base) && seen.len() < ANCESTORS =>
                    {
                        seen.push(base.clone());
                        found.push(Ancestor::Local(base.clone()));
                        pending.push(base);
                    }
                    Some((Base::Path(_), Answer::Class(class))) => {
                        found.push(match &class.file {
                            Some(_) => Ancestor::Foreign(Arc::new(class)),
                            None => Ancestor::Local(class.name),
                        });
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// What a class of the file inherits by this name.
    pub(super) fn inherited(&mut self, class: &Arc<str>, name: &str) -> Option<Inherited> {
        if self.collected.bases.get(class).is_none_or(Vec::is_empty) {
            return None;
        }
        for ancestor in self.ancestors(class) {
            match ancestor {
                Ancestor::Local(base) => {
                    if let Some(index) = self.own_method(&base, name) {
                        return Some(Inherited::Method(index));
                    }
                    let member = self.member_bound(&base, name).filter(|it| !is_null(it)).cloned();
                    if let Some(meaning) = member {
                        return Some(Inherited::Value(meaning));
                    }
                    if let Some(shape) = self.known.attribute(&base, name).cloned()
                        && let Some(meaning) =
                            self.materialize(&shape, &Origin::Ambient(name.to_owned()))
                    {
                        return Some(Inherited::Value(meaning));
                    }
                }
                Ancestor::Foreign(base) => {
                    if let Some(meaning) = self.foreign_member(&base, name) {
                        return Some(Inherited::Value(meaning));
                    }
                }
            }
        }
        None
    }

    /// The class of Spark's that a class of the file extends, itself or through others.
    pub(super) fn extended(&mut self, class: &Arc<str>) -> Option<Type> {
        if self.collected.bases.get(class).is_none_or(Vec::is_empty) {
            return None;
        }
        self.extended_here(class).or_else(|| {
            self.ancestors(class).into_iter().find_map(|ancestor| match ancestor {
                Ancestor::Local(_) => None,
                Ancestor::Foreign(base) => self.extended_elsewhere(&base),
            })
        })
    }

    /// The class of Spark's that a class of another file extends.
    pub(super) fn extended_elsewhere(&mut self, class: &ClassName) -> Option<Type> {
        match self.foreign_member(class, EXTENDED)? {
            Meaning::Spark(value) => Some(self.program.value(value).kind),
            _ => None,
        }
    }

    fn extended_here(&self, class: &Arc<str>) -> Option<Type> {
        let ancestry = self.ancestry(class);
        let mut bases = ancestry.iter().filter_map(|it| self.collected.bases.get(it)).flatten();
        bases.find_map(|base| match self.annotated_class(base) {
            Shape::Spark { kind, .. } if EXTENDED_CLASSES.contains(&kind) => Some(kind),
            _ => None,
        })
    }

    /// `super()`: the object as its nearest ancestor.
    pub(super) fn parent(&self) -> Option<Meaning> {
        let class = self.enclosing_class()?;
        Some(match self.ancestors(&class).into_iter().next()? {
            Ancestor::Local(base) => Meaning::Instance(base),
            Ancestor::Foreign(base) => Meaning::ForeignInstance(base),
        })
    }

    /// The result of calling a function of another file, which learns what it is called with.
    pub(super) fn call_foreign(
        &mut self,
        function: &ForeignFunction,
        arguments: &[(Option<CompactString>, Lowered)],
        bound: bool,
    ) -> Lowered {
        let mut shapes = CallShapes::default();
        let unbound = function.summary.receiver && !bound;
        let mut place = 0;
        let mut scattered = false;
        for (name, value) in arguments {
            let shape = self.argument_shape(value);
            match name {
                // What a collection holds goes to places that are not known, and what follows it too.
                Some(name) if name == SPREAD => scattered = true,
                Some(name) if name == SPREAD_KEYWORDS => {}
                None if scattered => {}
                Some(name) => {
                    shapes.keywords.insert(name.as_str().into(), shape);
                }
                None => {
                    if !(unbound && place == 0) {
                        shapes.positional.push(shape);
                    }
                    place += 1;
                }
            }
        }
        self.called_out(&function.name, &shapes);
        self.calls_out.entry(function.name.clone()).or_default().join(&shapes);
        let name = function.name.name.as_ref();
        let values = arguments.iter().map(|it| it.1.expression.clone()).collect();
        let expression = super::expressions::applied(name, values);
        let returns = &function.summary.returns;
        match self.materialize(returns, &Origin::Ambient(format!("{name}()"))) {
            Some(Meaning::Spark(value)) => Lowered::spark(value),
            Some(meaning) => Lowered { meaning, expression, call: None },
            None => Lowered {
                meaning: Meaning::Unknown(UnresolvedReason::ForeignCall),
                expression,
                call: None,
            },
        }
    }

    /// Takes note that a function of another file is given to Spark: to run on the executors, or with a dataset.
    pub(super) fn give_foreign(&mut self, function: &ForeignFunction, closure: bool, first: Shape) {
        let positional = if first == Shape::Unknown { Vec::new() } else { vec![first] };
        let shapes = CallShapes { positional, keywords: BTreeMap::new(), closure };
        self.called_out(&function.name, &shapes);
        self.calls_out.entry(function.name.clone()).or_default().join(&shapes);
    }

    /// What a call says of an argument. What is certainly none of Spark's contradicts calls with what is.
    pub(super) fn argument_shape(&self, value: &Lowered) -> Shape {
        match &value.meaning {
            Meaning::Column(_) => Shape::Local,
            Meaning::Local(expression) if !is_null(&value.meaning) && is_local(expression) => {
                Shape::Local
            }
            meaning => self.shape_of(meaning).unbounded().exported(),
        }
    }

    /// What calls from other files say of the parameters of a function that they can reach.
    pub(super) fn called_from_elsewhere(
        &self,
        def: &FunctionDef,
        index: usize,
        passed_over: PassedOver,
    ) -> CallShapes {
        let reachable = self
            .frames
            .iter()
            .all(|frame| !matches!(frame.kind, FrameKind::Function | FrameKind::Lambda));
        if !reachable {
            return CallShapes::default();
        }
        let class = self.definitions[index].class.as_deref().map(Arc::from);
        let function = def.name.text.as_str().into();
        let question = Question::Calls { class, function, passed_over };
        let answer = self.links.ask(question.clone());
        self.asked_question(&question, &answer);
        match answer {
            Answer::Calls(shapes) => shapes,
            _ => CallShapes::default(),
        }
    }

    /// What naming a value evaluates to: a function whose name is its call is called.
    pub(super) fn evaluated(&mut self, lowered: Lowered) -> Lowered {
        match &lowered.meaning {
            Meaning::Function(index) if self.is_property(*index) => {
                self.call_local(*index, &[], true)
            }
            Meaning::Foreign(function) if function.summary.property => {
                let function = function.clone();
                self.call_foreign(&function, &[], true)
            }
            _ => lowered,
        }
    }

    fn is_property(&self, index: usize) -> bool {
        let Some(definition) = self.definitions.get(index) else { return false };
        match self.language {
            Language::Scala => definition.def.parameters.iter().all(Parameter::is_found),
            Language::Python => {
                definition.class.is_some()
                    && decorated(definition.def, &["property", "cached_property"])
            }
        }
    }

    /// What the file tells others once it is lowered, `calls` among it: with what it calls their functions.
    pub(super) fn summary(&self, calls: BTreeMap<FunctionName, CallShapes>) -> Summary {
        let mut exports: BTreeMap<Arc<str>, Export> = BTreeMap::new();
        let additions = self.additions();
        for (name, meaning) in self.frames.first().into_iter().flat_map(|it| &it.names) {
            // Attributes of objects are set under dotted names.
            if name.contains('.') {
                continue;
            }
            let export = match meaning {
                Meaning::Function(index) => self.function_summary(*index).map(Export::Function),
                Meaning::LocalClass(class) => {
                    Some(Export::Class(self.class_summary(class, &additions)))
                }
                // Scala's imports are the importing file's own.
                Meaning::Path(path) if self.language == Language::Python => {
                    Some(Export::Import(path.clone()))
                }
                Meaning::Path(_) => None,
                other => {
                    let shape = self.shape_of(other).unbounded().exported();
                    (!shape.is_unknown()).then_some(Export::Value(shape))
                }
            };
            if let Some(export) = export {
                exports.insert(Arc::clone(name), export);
            }
        }
        for (name, summary) in additions.of(None) {
            exports.insert(Arc::clone(name), Export::Function(summary.clone()));
        }
        for (name, class) in self.inner_implicits() {
            exports.insert(name, Export::Class(self.class_summary(&class, &additions)));
        }
        // Scala's imports are the importing file's own; what a notebook runs is there for those that run it.
        let python = self.language == Language::Python;
        let stars = self.stars.iter().filter(|star| python || star.starts_with('%'));
        let stars = stars.cloned().collect();
        Summary { package: self.package.map(Arc::from), exports, stars, calls }
    }

    pub(super) fn function_summary(&self, index: usize) -> Option<FunctionSummary> {
        let definition = self.definitions.get(index)?;
        let def = definition.def;
        let found = self.found.functions.get(&definition.key);
        let returns = found.map(|it| it.returns.bounded()).unwrap_or_default();
        let returns = match found {
            Some(found) if found.unsure => returns.unbounded().at_most(Confidence::Declared),
            _ if !self.settled => returns.unbounded(),
            _ => returns,
        };
        let receiver = definition.class.is_some()
            && self.language == Language::Python
            && matches!(def.parameters.first().map(|it| &it.pattern), Some(Pattern::Name(_)))
            && !decorated(def, &["staticmethod", "classmethod"]);
        Some(FunctionSummary {
            returns: returns.exported(),
            receiver,
            property: self.is_property(index),
            own: definition.class.is_some() && gives_own(def),
        })
    }

    fn class_summary(&self, class: &Arc<str>, additions: &Additions) -> ClassSummary {
        let bases = self.collected.bases.get(class).into_iter().flatten().take(ANCESTORS);
        let bases = bases.filter_map(|base| Some(self.base(base)?.0)).collect();
        let methods = self
            .collected
            .methods
            .get(class)
            .into_iter()
            .flatten()
            .filter_map(|(name, index)| Some(((*name).into(), self.function_summary(*index)?)))
            .chain(additions.of(Some(class)).iter().cloned())
            .collect();
        let attributes = self
            .found
            .attributes
            .get(class)
            .into_iter()
            .flatten()
            .map(|(name, shape)| (name.as_str().into(), shape.unbounded().exported()))
            .filter(|(_, shape): &(Arc<str>, Shape)| !shape.is_unknown())
            .chain(
                self.extended_here(class)
                    .map(|kind| (EXTENDED.into(), Shape::spark(kind, Confidence::Declared))),
            )
            .collect();
        ClassSummary { bases, methods, attributes }
    }
}

/// Whether a definition carries one of these decorators.
fn decorated(def: &FunctionDef, names: &[&str]) -> bool {
    def.decorators
        .iter()
        .any(|decorator| last_name(decorator).is_some_and(|it| names.contains(&it)))
}

fn last_name(expr: &Expr) -> Option<&str> {
    match &expr.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Attribute { name, .. } => Some(&name.text),
        _ => None,
    }
}

/// The dotted name of a class that another extends, its type arguments left out.
pub(super) fn dotted(base: &Expr) -> Option<String> {
    let mut parts = Vec::new();
    let mut at = base;
    loop {
        match &at.kind {
            ExprKind::Name(name) => {
                parts.push(name.as_str());
                break;
            }
            ExprKind::Attribute { object, name } => {
                parts.push(&name.text);
                at = object;
            }
            ExprKind::Index { object, .. } if parts.is_empty() => at = object,
            _ => return None,
        }
    }
    parts.reverse();
    Some(parts.join("."))
}

/// Whether an expression can be nothing of Spark's: written out in the source, or made of such by functions of the language.
fn is_local(expression: &Expression) -> bool {
    match expression {
        Expression::Literal(literal) => *literal != Literal::Null,
        Expression::Text(_) => true,
        Expression::List(items) => !items.is_empty() && items.iter().all(is_local),
        Expression::Apply { arguments, .. } => arguments.first().is_none_or(is_local),
        _ => false,
    }
}

/// A member of what a path names; a path of dots alone is a package.
pub(super) fn joined(path: &str, member: &str) -> String {
    if path.ends_with('.') || path.is_empty() {
        format!("{path}{member}")
    } else {
        format!("{path}.{member}")
    }
}
