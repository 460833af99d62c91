//! What the files of a workspace say, taken together: answers to what lowering asks.

use std::collections::BTreeMap;
use std::sync::Arc;

use program::Confidence;
use program::summary::{
    Answer, Base, CallShapes, ClassName, Export, ForeignFunction, FunctionName, FunctionSummary,
    PassedOver, Question, Shape, Summary,
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::modules::{Modules, Resolution};

/// Through how many re-exports, star imports and base classes a name is followed before it counts as unknown.
const DEPTH: u32 = 48;

/// How many files one look-up may pass through.
const BUDGET: u32 = 512;

/// How many parts of a dotted path are looked at.
const PARTS: usize = 16;

/// Summaries of files, and the indices that lead to them.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    modules: Arc<Modules>,
    /// The files in Scala; all others are in Python.
    in_scala: Arc<FxHashSet<Arc<str>>>,
    summaries: FxHashMap<Arc<str>, Arc<Summary>>,
    /// Scala's top-level names by their full path, with the files that define them.
    scala: FxHashMap<Box<str>, Vec<Arc<str>>>,
    /// Who calls a function of another file, and with what.
    callers: FxHashMap<FunctionName, BTreeMap<Arc<str>, CallShapes>>,
}

/// What a path leads to, in terms of the file that defines it.
#[derive(Debug, Clone)]
enum Found {
    Unknown,
    Ambiguous,
    Module(Option<Arc<str>>),
    External(Arc<str>),
    Function(FunctionName, FunctionSummary),
    Class(Arc<str>, Arc<str>),
    Value(Arc<str>, Shape),
}

/// One look-up: what it has passed through.
struct Search<'w, 'c> {
    world: &'w World,
    depth: u32,
    /// How many look-ups may still be spent: star imports of star imports branch.
    budget: u32,
    /// Whether an import root was guessed on the way.
    guessed: bool,
    /// The files whose summaries were read.
    consulted: &'c mut Vec<Arc<str>>,
}

impl World {
    /// A world of these files that have said nothing yet.
    pub(super) fn new(modules: Arc<Modules>, in_scala: Arc<FxHashSet<Arc<str>>>) -> Self {
        Self { modules, in_scala, ..Self::default() }
    }

    /// Whether a file is in Python.
    pub(super) fn is_python(&self, file: &str) -> bool {
        !self.in_scala.contains(file)
    }

    /// What a file says.
    pub(super) fn summary(&self, file: &str) -> Option<&Arc<Summary>> {
        self.summaries.get(file)
    }

    /// Takes what a file says now in place of what it said before.
    pub(super) fn set(&mut self, file: &Arc<str>, summary: &Arc<Summary>) {
        let before = self.summaries.insert(Arc::clone(file), Arc::clone(summary));
        if !self.is_python(file) {
            for name in before.iter().flat_map(|it| top_level(it)) {
                if let Some(files) = self.scala.get_mut(name.as_str()) {
                    files.retain(|it| it != file);
                }
            }
            for name in top_level(summary) {
                self.scala.entry(name.into()).or_default().push(Arc::clone(file));
            }
        }
        for function in before.iter().flat_map(|it| it.calls.keys()) {
            if let Some(callers) = self.callers.get_mut(function) {
                callers.remove(file);
            }
        }
        for (function, shapes) in &summary.calls {
            self.callers
                .entry(function.clone())
                .or_default()
                .insert(Arc::clone(file), shapes.clone());
        }
    }

    /// What the other files say to `from`. The files whose summaries the answer was read from are added to `consulted`.
    pub(super) fn ask(
        &self,
        from: &Arc<str>,
        question: &Question,
        consulted: &mut Vec<Arc<str>>,
    ) -> Answer {
        let mut search =
            Search { world: self, depth: 0, budget: BUDGET, guessed: false, consulted };
        let found = match question {
            Question::Path(path) => search.path(from, path),
            Question::Member(class, name) => {
                let file = class.file.as_ref().unwrap_or(from);
                search.member(file, &class.name, name)
            }
            Question::Calls { class, function, passed_over } => {
                return self.calls(from, class.as_ref(), function, passed_over);
            }
        };
        let limit = if search.guessed { Confidence::Declared } else { Confidence::Known };
        let as_seen = |shape: &Shape, definer: &Arc<str>| seen_from(from, definer, shape);
        match found {
            Found::Unknown => Answer::Unknown,
            Found::Ambiguous => Answer::Ambiguous,
            Found::Module(_) => Answer::Module,
            Found::External(path) => Answer::External(path),
            Found::Class(file, name) => {
                Answer::Class(ClassName { file: (file != *from).then_some(file), name })
            }
            Found::Value(file, shape) => Answer::Value(as_seen(&shape, &file).at_most(limit)),
            Found::Function(name, summary) => {
                let returns = as_seen(&summary.returns, &name.file).at_most(limit);
                Answer::Function(ForeignFunction {
                    summary: FunctionSummary { returns, ..summary },
                    name,
                })
            }
        }
    }

    /// With what the files call a function of `from`: known only through its calls, a parameter is no better than declared.
    fn calls(
        &self,
        from: &Arc<str>,
        class: Option<&Arc<str>>,
        function: &Arc<str>,
        passed_over: &PassedOver,
    ) -> Answer {
        let name = FunctionName {
            file: Arc::clone(from),
            class: class.cloned(),
            name: Arc::clone(function),
        };
        let Some(callers) = self.callers.get(&name) else { return Answer::Unknown };
        let mut all = CallShapes::default();
        for (caller, shapes) in callers {
            all.join(&shapes.map(&|shape| {
                seen_from(from, caller, shape).at_most(Confidence::Declared).unbounded()
            }));
        }
        let all = all.without(passed_over);
        if all == CallShapes::default() { Answer::Unknown } else { Answer::Calls(all) }
    }
}

/// The full paths of what a Scala file defines at its top.
fn top_level(summary: &Summary) -> impl Iterator<Item = String> + '_ {
    summary.exports.keys().map(|name| match &summary.package {
        Some(package) => format!("{package}.{name}"),
        None => name.as_ref().to_owned(),
    })
}

/// A shape as `definer` tells it, for `from`: each names its own classes without a file.
fn seen_from(from: &Arc<str>, definer: &Arc<str>, shape: &Shape) -> Shape {
    shape.classes(&|class| {
        let file = class.file.unwrap_or_else(|| Arc::clone(definer));
        ClassName { file: (file != *from).then_some(file), name: class.name }
    })
}

impl Search<'_, '_> {
    fn deeper(&mut self, look: impl FnOnce(&mut Self) -> Found) -> Found {
        if self.depth >= DEPTH || self.budget == 0 {
            return Found::Unknown;
        }
        self.budget -= 1;
        self.depth += 1;
        let found = look(self);
        self.depth -= 1;
        found
    }

    fn path(&mut self, from: &Arc<str>, path: &str) -> Found {
        let python = self.world.is_python(from);
        self.deeper(|it| {
            if path.starts_with('%') {
                it.run_path(from, path)
            } else if python {
                it.python_path(from, path)
            } else {
                it.scala_path(path)
            }
        })
    }

    /// A name that what `%run` runs leaves behind, and members of it. Names cross from one language to no other.
    fn run_path(&mut self, from: &Arc<str>, path: &str) -> Found {
        let name = path.trim_start_matches(['%', '.', '/']);
        let start = path.len() - name.len();
        let Some(dot) = name.find('.') else { return Found::Unknown };
        let (run, members) = (&path[..start + dot], &name[dot + 1..]);
        let members: Vec<&str> = members.split('.').take(PARTS).collect();
        match self.world.modules.resolve(from, run) {
            Resolution::File { path: file, guessed }
                if file != *from && self.world.is_python(&file) == self.world.is_python(from) =>
            {
                self.guessed |= guessed;
                let Some((first, inner)) = members.split_first() else { return Found::Unknown };
                let found = self.deeper(|it| it.export(&file, first));
                self.descend(found, inner)
            }
            Resolution::Ambiguous => Found::Ambiguous,
            _ => Found::Unknown,
        }
    }

    fn python_path(&mut self, from: &Arc<str>, path: &str) -> Found {
        let world = self.world;
        let dots = path.len() - path.trim_start_matches('.').len();
        let (prefix, rest) = path.split_at(dots);
        let parts: Vec<&str> = rest.split('.').filter(|it| !it.is_empty()).take(PARTS).collect();
        let least = usize::from(dots == 0);
        // The longest part of the path that names a module; what follows are its members.
        for count in (least..=parts.len()).rev() {
            let module = format!("{prefix}{}", parts[..count].join("."));
            match world.modules.resolve(from, &module) {
                Resolution::Missing => {}
                Resolution::Ambiguous => return Found::Ambiguous,
                Resolution::Namespace(_) if count == parts.len() => return Found::Module(None),
                Resolution::Namespace(_) => return Found::Unknown,
                Resolution::File { path: file, guessed } => {
                    self.guessed |= guessed;
                    if file == *from {
                        return Found::Unknown;
                    }
                    if let Some((member, inner)) = parts[count..].split_first() {
                        let found = self.deeper(|it| it.export(&file, member));
                        return self.descend(found, inner);
                    }
                    return self.named_in_package(from, prefix, &parts, &file);
                }
            }
        }
        Found::Unknown
    }

    /// A module, unless the package around it gives its name to something else: `from .enrich import enrich`.
    fn named_in_package(
        &mut self,
        from: &Arc<str>,
        prefix: &str,
        parts: &[&str],
        file: &Arc<str>,
    ) -> Found {
        let module = || Found::Module(Some(Arc::clone(file)));
        let Some((last, outer)) = parts.split_last() else { return module() };
        if prefix.is_empty() && outer.is_empty() {
            return module();
        }
        let package = format!("{prefix}{}", outer.join("."));
        let Resolution::File { path: package, .. } = self.world.modules.resolve(from, &package)
        else {
            return module();
        };
        if package == *from || package == *file {
            return module();
        }
        match self.deeper(|it| it.export(&package, last)) {
            found @ (Found::Function(..) | Found::Class(..) | Found::Value(..)) => found,
            _ => module(),
        }
    }

    /// What a file means by a name of its own.
    fn export(&mut self, file: &Arc<str>, name: &str) -> Found {
        let world = self.world;
        self.consulted.push(Arc::clone(file));
        let Some(summary) = world.summary(file) else { return Found::Unknown };
        match summary.exports.get(name) {
            Some(Export::Function(function)) => Found::Function(
                FunctionName { file: Arc::clone(file), class: None, name: name.into() },
                function.clone(),
            ),
            Some(Export::Class(_)) => Found::Class(Arc::clone(file), name.into()),
            Some(Export::Value(shape)) => Found::Value(Arc::clone(file), shape.clone()),
            Some(Export::Import(path)) => {
                let found = self.path(file, path);
                match found {
                    Found::Unknown if self.is_external(file, path) => {
                        Found::External(Arc::clone(path))
                    }
                    found => found,
                }
            }
            None => {
                // What is imported last hides what was imported before. A star leaves names with an underscore out, a run does not.
                let private = name.starts_with('_');
                let stars = summary.stars.iter().rev();
                for star in stars.filter(|star| !private || star.starts_with('%')) {
                    let Resolution::File { path, guessed } = world.modules.resolve(file, star)
                    else {
                        continue;
                    };
                    if path == *file || world.is_python(&path) != world.is_python(file) {
                        continue;
                    }
                    match self.deeper(|it| it.export(&path, name)) {
                        Found::Unknown => {}
                        found => {
                            self.guessed |= guessed;
                            return found;
                        }
                    }
                }
                Found::Unknown
            }
        }
    }

    /// Whether a path leads out of the workspace.
    fn is_external(&self, file: &str, path: &str) -> bool {
        let root = path.split('.').next().unwrap_or_default();
        !root.is_empty() && self.world.modules.resolve(file, root) == Resolution::Missing
    }

    /// The member that further parts of a path lead to.
    fn descend(&mut self, found: Found, rest: &[&str]) -> Found {
        let mut found = found;
        for (at, name) in rest.iter().enumerate() {
            found = match found {
                Found::Module(Some(file)) => self.deeper(|it| it.export(&file, name)),
                Found::Class(file, class) => self.member(&file, &class, name),
                Found::Value(file, Shape::Instance(class)) => {
                    let file = class.file.unwrap_or(file);
                    self.member(&file, &class.name, name)
                }
                Found::External(path) => {
                    return Found::External(format!("{path}.{}", rest[at..].join(".")).into());
                }
                Found::Ambiguous => return Found::Ambiguous,
                _ => return Found::Unknown,
            };
        }
        found
    }

    /// What a class has by a name, its own or inherited.
    fn member(&mut self, file: &Arc<str>, class: &Arc<str>, name: &str) -> Found {
        let mut seen = Vec::new();
        self.member_of(file, class, name, &mut seen)
    }

    fn member_of(
        &mut self,
        file: &Arc<str>,
        class: &Arc<str>,
        name: &str,
        seen: &mut Vec<(Arc<str>, Arc<str>)>,
    ) -> Found {
        let key = (Arc::clone(file), Arc::clone(class));
        if seen.len() >= DEPTH as usize || seen.contains(&key) {
            return Found::Unknown;
        }
        seen.push(key);
        let world = self.world;
        self.consulted.push(Arc::clone(file));
        let Some(Export::Class(summary)) =
            world.summary(file).and_then(|summary| summary.exports.get(class))
        else {
            return Found::Unknown;
        };
        if let Some(method) = summary.methods.get(name) {
            let name = FunctionName {
                file: Arc::clone(file),
                class: Some(Arc::clone(class)),
                name: name.into(),
            };
            return Found::Function(name, method.clone());
        }
        if let Some(shape) = summary.attributes.get(name) {
            return Found::Value(Arc::clone(file), shape.clone());
        }
        for base in &summary.bases {
            let found = match base {
                Base::Class(base) => self.member_of(file, base, name, seen),
                Base::Path(path) => match self.path(file, path) {
                    Found::Class(file, class) => self.member_of(&file, &class, name, seen),
                    _ => Found::Unknown,
                },
            };
            if !matches!(found, Found::Unknown) {
                return found;
            }
        }
        Found::Unknown
    }

    /// A path of Scala: the shortest part of it that a file defines, and members of that.
    fn scala_path(&mut self, path: &str) -> Found {
        let parts: Vec<&str> = path.split('.').take(PARTS).collect();
        let mut end = 0;
        for (at, part) in parts.iter().enumerate() {
            end += part.len() + usize::from(at > 0);
            let files = self.world.scala.get(&path[..end]).map_or(&[][..], Vec::as_slice);
            match files {
                [] => {}
                [file] => {
                    let found = self.export(&Arc::clone(file), part);
                    let found = self.descend(found, &parts[at + 1..]);
                    if !matches!(found, Found::Unknown) {
                        return found;
                    }
                }
                _ => return Found::Ambiguous,
            }
        }
        Found::Unknown
    }
}
