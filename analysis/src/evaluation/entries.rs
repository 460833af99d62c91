//! Where evaluation begins: files that are run, then functions that nothing reached.

use std::cell::RefCell;
use std::rc::Rc;

use program::driver::{ClassId, CodeFunctionId, ExpressionKind, Function, StatementKind};
use program::{Language, TextRange};
use rustc_hash::{FxHashMap, FxHashSet};

use super::automaton::{Entry, EntryKind};
use super::heap::{CellId, Heap};
use super::index::Index;
use super::interpreter::Interpreter;
use super::names::Names;
use super::value::{Closure, FunctionKind, Value};
use super::{Automaton, Evaluation, EvaluationFile, FileId, Limits, PathId, PathStep, Place};
use crate::data::DataFile;
use crate::link::Modules;

/// Evaluates everything.
pub(super) fn run(files: &[EvaluationFile<'_>], data: &[DataFile], limits: &Limits) -> Evaluation {
    let modules = Modules::new(files.iter().map(|it| it.path));
    let ids: FxHashMap<&str, FileId> =
        files.iter().enumerate().map(|(at, file)| (file.path, FileId(at as u32))).collect();
    let asked: RefCell<Vec<FxHashMap<Box<str>, Option<FileId>>>> =
        RefCell::new(vec![FxHashMap::default(); files.len()]);
    let resolve = |from: FileId, path: &str| {
        let known = asked.borrow().get(from.index())?.get(path).copied();
        known.unwrap_or_else(|| {
            let found = modules.resolve(files[from.index()].path, path);
            let found = found.path().and_then(|it| ids.get(&**it)).copied();
            asked.borrow_mut()[from.index()].insert(path.into(), found);
            found
        })
    };
    let mut heap = Heap::default();
    let views = heap.scope(None);
    let nowhere = Place { file: FileId(0), name: TextRange::default(), call: TextRange::default() };
    let mut interpreter = Interpreter {
        files,
        data,
        program_file: FileId(0),
        resolve: &resolve,
        limits: *limits,
        names: Names::default(),
        symbols: vec![Vec::new(); files.len()],
        calls_by_name: files.iter().map(|_| None).collect(),
        heap,
        nodes: Vec::new(),
        rehearsed: Vec::new(),
        automaton: Automaton::default(),
        paths: vec![PathStep { parent: PathId(0), place: nowhere }],
        path_depths: vec![0],
        path_ids: FxHashMap::default(),
        records: Vec::new(),
        loops: FxHashMap::default(),
        unresolved: FxHashMap::default(),
        current: None,
        dry: 0,
        activations: Vec::new(),
        active: 0,
        modules: FxHashMap::default(),
        loaded: Vec::new(),
        views,
        instances: FxHashMap::default(),
        index: Index::new(files),
        own_names: super::dispatch::own_names(files),
        perhaps: 0,
        refused: false,
        handed_over: 0,
        alone: false,
        guessing: false,
        built: FxHashSet::default(),
        reached: FxHashSet::default(),
        steps: 0,
        budget: 0,
        total_steps: 0,
        nesting: 0,
        raised: false,
    };
    interpreter.programs();
    interpreter.fragments();
    interpreter.finished()
}

/// What is evaluated alone: a function, a method, or the body of a class.
#[derive(Debug, Clone, Copy)]
struct Fragment {
    function: Option<CodeFunctionId>,
    class: Option<ClassId>,
}

impl Interpreter<'_> {
    /// A fresh state for the next program.
    fn reset(&mut self, steps: u64) {
        self.total_steps += self.spent();
        self.heap = Heap::default();
        self.views = self.heap.scope(None);
        self.current = None;
        self.dry = 0;
        self.activations.clear();
        self.active = 0;
        self.modules.clear();
        self.loaded.clear();
        self.instances.clear();
        self.steps = 0;
        self.budget = steps.min(self.limits.total_steps.saturating_sub(self.total_steps));
        self.nesting = 0;
        self.raised = false;
    }

    // Programs.

    fn programs(&mut self) {
        let imported = self.imported_files();
        let mut loaded: FxHashSet<FileId> = FxHashSet::default();
        let mut late = Vec::new();
        for at in 0..self.files.len() {
            let file = FileId(at as u32);
            if self.files[at].program.language == Language::Scala {
                self.scala_programs(file);
            } else if imported.contains(&file) && !self.has_main(file) {
                late.push(file);
            } else {
                self.program(file, "", |this| {
                    this.load(file);
                });
                loaded.extend(self.modules.keys());
            }
        }
        // Files that only import one another.
        for file in late {
            if !loaded.contains(&file) {
                self.program(file, "", |this| {
                    this.load(file);
                });
                loaded.extend(self.modules.keys());
            }
        }
    }

    /// Evaluates a program. One that leaves no trace in a log is no entry.
    fn program(&mut self, file: FileId, name: &str, run: impl FnOnce(&mut Self)) {
        self.program_file = file;
        self.reset(self.limits.steps);
        self.begin(EntryKind::Program, file, name, run);
    }

    fn begin(&mut self, kind: EntryKind, file: FileId, name: &str, run: impl FnOnce(&mut Self)) {
        let (states, edges) = (self.automaton.states, self.automaton.edges.len());
        let sites = self.automaton.sites.len();
        let start = self.new_state();
        self.current = Some(start);
        run(self);
        if self.automaton.sites.len() == sites {
            self.automaton.states = states;
            self.automaton.edges.truncate(edges);
            return;
        }
        self.automaton.entries.push(Entry {
            kind,
            file,
            name: name.to_owned(),
            start,
            end: self.current,
            states_end: self.automaton.states,
            sites_start: sites as u32,
            sites_end: self.automaton.sites.len() as u32,
        });
    }

    /// Files that another one imports.
    fn imported_files(&self) -> FxHashSet<FileId> {
        let mut imported = FxHashSet::default();
        for (at, file) in self.files.iter().enumerate() {
            if file.program.language == Language::Scala {
                continue;
            }
            let from = FileId(at as u32);
            for import in &file.program.driver.imports {
                let member = import.member.as_deref().map(|member| {
                    let dot = if import.path.ends_with('.') { "" } else { "." };
                    format!("{}{dot}{member}", import.path)
                });
                for path in std::iter::once(&import.path).chain(&member) {
                    if let Some(found) = (self.resolve)(from, path)
                        && found != from
                    {
                        imported.insert(found);
                    }
                }
            }
        }
        imported
    }

    /// Whether a file says what it does when it is run.
    fn has_main(&self, file: FileId) -> bool {
        self.code_of(file).statements.iter().any(|it| matches!(it.kind, StatementKind::Main(_)))
    }

    /// The objects of a Scala file that are run: with `main`, or extending `App`; the file itself, where it is a script.
    fn scala_programs(&mut self, file: FileId) {
        let code = self.code_of(file);
        let mut script = false;
        let mut objects = Vec::new();
        for id in code.statement_ids(code.body) {
            let Some(statement) = code.statements.get(id.index()) else { continue };
            match statement.kind {
                StatementKind::Class(class) => objects.push(class),
                StatementKind::Import(_) | StatementKind::Function(_) => {}
                StatementKind::Assign { .. } => {}
                _ => script = true,
            }
        }
        if script {
            self.program(file, "", |this| {
                this.load(file);
            });
        }
        for object in objects {
            let Some(definition) = code.classes.get(object.index()).copied() else { continue };
            if !definition.runs {
                continue;
            }
            let main = code.statement_ids(definition.body).find_map(|id| {
                match code.statements.get(id.index())?.kind {
                    StatementKind::Function(function) => {
                        let of = code.functions.get(function.index())?;
                        (code.name(of.name) == "main").then_some(function)
                    }
                    _ => None,
                }
            });
            let app = code.expression_ids(definition.bases).any(|base| {
                matches!(code.expression(base).kind, ExpressionKind::Name(name) if code.name(name) == "App")
            });
            if main.is_none() && !app {
                continue;
            }
            let name = code.name(definition.name).to_owned();
            self.program(file, &name, |this| {
                let Some(instance) = this.scala_instance(file, object) else { return };
                if let Some(main) = main {
                    this.run_member(file, main, instance);
                }
            });
        }
    }

    /// The instance of an object or class at the top of a Scala file.
    fn scala_instance(&mut self, file: FileId, class: ClassId) -> Option<CellId> {
        let scope = self.load(file)?;
        let name = self.code_of(file).classes.get(class.index())?.name;
        let name = self.symbol_in(file, name);
        let Some(Value::Class(cell)) = self.heap.get(scope, name) else { return None };
        let of = self.heap.class_of(cell)?;
        // An object and a class of one name: the name stands for the object.
        let cell = if of.class == class { cell } else { of.companion? };
        if let Some(object) = self.scala_object(cell) {
            return Some(object);
        }
        let place = self.definition(file, self.code_of(file).classes.get(class.index())?.range);
        match self.instantiate(cell, Vec::new(), place) {
            Value::Instance(instance) => Some(instance),
            _ => None,
        }
    }

    fn definition(&self, file: FileId, range: TextRange) -> Place {
        Place { file, name: range, call: range }
    }

    /// Runs a method of an instance with arguments that are not known.
    fn run_member(&mut self, file: FileId, function: CodeFunctionId, instance: CellId) {
        let Some(definition) = self.code_of(file).functions.get(function.index()).copied() else {
            return;
        };
        let name = self.symbol_in(file, definition.name);
        let place = self.definition(file, definition.range);
        match self.instance_member(instance, name) {
            Some(Value::Function(closure)) => {
                self.run_alone(&closure, None, place);
            }
            Some(Value::Bound(pair)) => {
                self.run_alone(&pair.1, Some(pair.0.clone()), place);
            }
            _ => {}
        }
    }

    fn run_alone(&mut self, closure: &Rc<Closure>, bound: Option<Value>, place: Place) {
        let value = self.call_function(closure, bound, Vec::new(), place);
        if let Value::Generator(prepared) | Value::Context(prepared) = value {
            self.run_prepared(&prepared, &super::interpreter::Yields::collecting());
        }
    }

    // Fragments.

    /// Functions, methods and bodies of Scala's classes with calls of Spark's that no program reached, each alone; those that are named
    /// nowhere first, since they may call the others.
    fn fragments(&mut self) {
        let named = self.names_in_use();
        for at in 0..self.files.len() {
            let file = FileId(at as u32);
            let mut candidates = self.unreached(file);
            if candidates.is_empty() {
                continue;
            }
            candidates.sort_by_key(|it| {
                let function = it.function.and_then(|it| self.function(file, it));
                function.is_some_and(|it| named.contains(self.code_of(file).name(it.name)))
            });
            // What the file's own statements do was seen as a program.
            self.reset(self.limits.fragment_steps);
            let state = self.new_state();
            self.current = Some(state);
            self.dry = 1;
            let scope = self.load(file);
            self.dry = 0;
            self.automaton.states = state.0;
            let Some(scope) = scope else { continue };
            for fragment in candidates {
                if self.is_reached(file, fragment) {
                    continue;
                }
                self.total_steps += self.spent();
                self.steps = 0;
                self.heap.handled = 0;
                let left = self.limits.total_steps.saturating_sub(self.total_steps);
                self.budget = self.limits.fragment_steps.min(left);
                if left == 0 {
                    return;
                }
                self.fragment(file, scope, fragment);
            }
        }
    }

    fn function(&self, file: FileId, function: CodeFunctionId) -> Option<Function> {
        self.code_of(file).functions.get(function.index()).copied()
    }

    fn is_reached(&self, file: FileId, fragment: Fragment) -> bool {
        match (fragment.function, fragment.class) {
            (Some(function), _) => self.reached.contains(&(file, function)),
            (None, Some(class)) => self.built.contains(&(file, class)),
            (None, None) => true,
        }
    }

    fn fragment(&mut self, file: FileId, scope: CellId, fragment: Fragment) {
        let code = self.code_of(file);
        let class = fragment.class.and_then(|it| code.classes.get(it.index())).copied();
        let function = fragment.function.and_then(|it| self.function(file, it));
        let names = [class.map(|it| it.name), function.map(|it| it.name)];
        let names: Vec<&str> = names.into_iter().flatten().map(|it| code.name(it)).collect();
        let Some(range) = function.map(|it| it.range).or(class.map(|it| it.range)) else { return };
        let place = self.definition(file, range);
        let scala = self.files[file.index()].program.language == Language::Scala;
        let mark = self.heap.mark();
        self.alone = true;
        self.begin(EntryKind::Fragment, file, &names.join("."), |this| {
            match (fragment.class, fragment.function) {
                (None, Some(function)) => {
                    let kind = FunctionKind::Plain;
                    let closure = Closure { file, function, scope, class: None, kind };
                    this.run_alone(&Rc::new(closure), None, place);
                }
                (Some(class), None) if scala => {
                    this.scala_instance(file, class);
                }
                (Some(class), Some(function)) => {
                    // What making the instance does is no part of the method.
                    let state = this.current;
                    this.dry += 1;
                    let instance = if scala {
                        this.scala_instance(file, class)
                    } else {
                        this.python_instance(file, scope, class, place)
                    };
                    this.dry -= 1;
                    this.current = state;
                    if let Some(instance) = instance {
                        this.run_member(file, function, instance);
                    }
                }
                _ => {}
            }
        });
        self.alone = false;
        self.heap.undo(mark);
        self.current = None;
        self.activations.clear();
        self.active = 0;
    }

    /// An instance of a class at the top of a Python file.
    fn python_instance(
        &mut self,
        file: FileId,
        scope: CellId,
        class: ClassId,
        place: Place,
    ) -> Option<CellId> {
        let name = self.code_of(file).classes.get(class.index())?.name;
        let name = self.symbol_in(file, name);
        let Some(Value::Class(cell)) = self.heap.get(scope, name) else { return None };
        match self.some_instance(cell, place)? {
            Value::Instance(instance) => Some(instance),
            Value::Alternatives(values) => values.iter().find_map(|it| match it {
                Value::Instance(instance) => Some(*instance),
                _ => None,
            }),
            _ => None,
        }
    }

    /// Functions at the top of a file, methods of its classes, and bodies of Scala's classes and objects, that hold calls of Spark's and
    /// never ran.
    fn unreached(&self, file: FileId) -> Vec<Fragment> {
        let program = self.files[file.index()].program;
        let code = &program.driver;
        let mut calls: Vec<u32> = program.calls.iter().map(|it| it.name_range.start).collect();
        calls.sort_unstable();
        let within = |range: TextRange| {
            calls.partition_point(|it| *it < range.end)
                - calls.partition_point(|it| *it < range.start)
        };
        let mut found: Vec<Fragment> = Vec::new();
        let mut blocks = vec![code.body];
        while let Some(block) = blocks.pop() {
            for id in code.statement_ids(block) {
                let Some(statement) = code.statements.get(id.index()) else { continue };
                match statement.kind {
                    StatementKind::Function(function) => {
                        let range = self.function(file, function).map(|it| it.range);
                        if range.is_some_and(|it| within(it) > 0) {
                            found.push(Fragment { function: Some(function), class: None });
                        }
                    }
                    StatementKind::Class(class) => {
                        let Some(definition) = code.classes.get(class.index()) else { continue };
                        let mut own = within(definition.range);
                        for id in code.statement_ids(definition.body) {
                            if let Some(statement) = code.statements.get(id.index())
                                && let StatementKind::Function(function) = statement.kind
                                && let Some(range) =
                                    self.function(file, function).map(|it| it.range)
                            {
                                let held = within(range);
                                own = own.saturating_sub(held);
                                if held > 0 {
                                    let function = Some(function);
                                    found.push(Fragment { function, class: Some(class) });
                                }
                            }
                        }
                        if own > 0 && program.language == Language::Scala {
                            found.push(Fragment { function: None, class: Some(class) });
                        }
                    }
                    StatementKind::Block(inner) => blocks.push(inner),
                    _ => {}
                }
            }
        }
        found.retain(|it| !self.is_reached(file, *it));
        found
    }

    /// Names that expressions of any file use.
    fn names_in_use(&self) -> FxHashSet<Box<str>> {
        let mut used = FxHashSet::default();
        for file in self.files {
            let code = &file.program.driver;
            for expression in &code.expressions {
                if let ExpressionKind::Name(name) | ExpressionKind::Attribute { name, .. } =
                    expression.kind
                {
                    let text = code.name(name);
                    if !used.contains(text) {
                        used.insert(text.into());
                    }
                }
            }
        }
        used
    }
}
