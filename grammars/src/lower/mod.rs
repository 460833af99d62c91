//! The surface syntax to the model: scopes, names, types, values, calls. Shared by both languages, so that what a call means is
//! decided once.
//!
//! A file is lowered a few times: what one pass learns of parameters, returns, attributes and globals the next one starts from,
//! until a pass finds all that it asked for as it was told. A file without functions takes one pass.

mod annotations;
mod arguments;
mod bindings;
mod bounds;
mod builtins;
mod callables;
mod calls;
mod carried;
mod classes;
mod collections;
mod column_functions;
mod conditions;
mod constructors;
mod definitions;
pub(crate) mod driver;
mod environment;
mod expressions;
mod extensions;
mod flow;
mod function_calls;
mod functions;
mod generators;
mod known;
mod libraries;
mod linked;
mod local;
mod options;
pub(crate) mod replay;
mod rest;
mod sql;
mod standard;
mod threads;
mod types;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use program::{
    Bound, Call, CallId, Confidence, Language, Origin, Program, ResultUse, Scope, ScopeId,
    ScopeKind, TextRange, Type, Unresolved, UnresolvedReason, Value, ValueId,
};
use rustc_hash::FxHashMap;

use crate::syntax::{File, Stmt, StmtKind};
use callables::Callable;
use definitions::{Collected, Definitions};
use environment::{Frame, FrameKind, Lowered, Meaning, Names};
use functions::{Activation, Summaries};
use known::Known;
use linked::{Asked, Meant};
use program::summary::{CallShapes, FunctionName, Links, Shape};
use replay::{Leftover, Memory, Recording, Replay, Star};

/// How deep statements and expressions may nest before the rest is left out.
const DEPTH: u32 = 150;

/// How many passes may be spent on what functions pass to each other, at least.
const PASSES: usize = 4;

/// How many at most: a chain of functions that each take what the one before returns needs a pass for each link.
const MOST_PASSES: usize = 16;

/// How many bytes the passes beyond the first few may read in all, so that long files stay fast to edit.
const PASSED: usize = 400_000;

/// The program that `file` is among the files that `links` speaks for, less its driver code, which follows from the file alone.
/// What an earlier lowering left in `memory` is not lowered again.
pub(crate) fn program(
    language: Language,
    file: &Arc<File>,
    text: &str,
    links: &dyn Links,
    memory: Option<&Memory>,
) -> Program {
    let asked = Asked::new(links);
    let replay = memory.map(|it| it.recalled(file, &asked, false));
    let (program, replay) = lowered(language, file, text, &asked, replay);
    if let (Some(memory), Some(replay)) = (memory, replay) {
        memory.keep(replay, asked.answers(), None);
    }
    program
}

/// The same of a text that an edit left, with what is to be kept for those of further edits.
pub(crate) fn typed(
    language: Language,
    file: &Arc<File>,
    text: &str,
    links: &dyn Links,
    memory: &Arc<Memory>,
) -> (Program, Option<Leftover>) {
    let asked = Asked::new(links);
    let replay = Some(memory.recalled(file, &asked, true));
    let (program, replay) = lowered(language, file, text, &asked, replay);
    let leftover = replay.map(|it| Leftover::new(Arc::clone(memory), it, asked.answers()));
    (program, leftover)
}

fn lowered(
    language: Language,
    file: &Arc<File>,
    text: &str,
    asked: &Asked<'_>,
    mut replay: Option<Replay>,
) -> (Program, Option<Replay>) {
    let collected = Collected::of(file);
    let mut found = Arc::<Summaries>::default();
    let mut spare = None;
    let mut passes = (PASSED / text.len().max(1)).clamp(PASSES, MOST_PASSES);
    // How many passes it took the last time; the program of the last one only is looked at.
    let before = replay.as_ref().map_or(0, |it| it.passes);
    let mut made = 0;
    loop {
        passes -= 1;
        made += 1;
        let last = passes == 0;
        if last {
            Arc::make_mut(&mut found).forget_bounds();
        }
        let known = Known::new(found);
        let mut run = |passing: bool, spare: Option<Program>| {
            let mut pass = Lowering::new(language, file, text, &known, asked, &collected);
            if let Some(spare) = spare {
                pass.reuse(spare);
            }
            pass.settled = !last;
            pass.replay = replay.take();
            if let Some(replay) = &mut pass.replay {
                replay.begin_pass(passing, last);
            }
            let end = pass.run(file);
            replay = pass.replay.take();
            (pass, end)
        };
        let passing = !last && made < before;
        let (mut pass, end) = run(passing, spare.take());
        let rests = match &end {
            End::Foreseen(_) => false,
            End::Spliced => true,
            End::Reached => last || known.is_as(&pass.found),
        };
        if rests {
            if passing {
                // It comes to rest sooner than the last time.
                pass = run(false, Some(pass.program)).0;
            }
            pass.replay = replay.take();
            pass.complete_calls();
            return pass.finished();
        }
        pass.replay = replay.take();
        let learned;
        (replay, learned, spare) = pass.passed();
        found = match end {
            End::Foreseen(found) => found,
            _ => Arc::new(learned),
        };
        if let Some(replay) = &mut replay {
            replay.end_pass(&found);
        }
    }
}

/// How a pass ends.
enum End {
    /// At the end of the file.
    Reached,
    /// Where it is known what it would have found out.
    Foreseen(Arc<Summaries>),
    /// Where the rest of its program was known.
    Spliced,
}

/// How much of a program there was at some time.
#[derive(Clone, Copy)]
struct Before {
    calls: usize,
    scopes: usize,
    bindings: usize,
    unresolved: usize,
}

/// One pass over a file.
struct Lowering<'a> {
    language: Language,
    text: &'a str,
    program: Program,
    frames: Vec<Frame>,
    scope: ScopeId,
    statement: TextRange,
    depth: u32,
    /// The links of the chains that are being walked.
    chain: Vec<&'a crate::syntax::Expr>,
    known: &'a Known,
    found: Summaries,
    definitions: Definitions<'a>,
    collected: &'a Collected<'a>,
    /// What function literals are given where the type says so, by where they begin.
    expected: FxHashMap<u32, Vec<Shape>>,
    callables: Vec<Callable<'a>>,
    /// What the bodies of objects bound, by class and name.
    members: FxHashMap<Arc<str>, Names>,
    activations: Vec<Activation>,
    ambient: FxHashMap<String, ValueId>,
    /// Whether Spark's column functions are imported by a star.
    star_functions: bool,
    /// What of Spark's everything is imported of, in order, each once.
    spark_stars: Vec<Arc<str>>,
    /// The classes that names mean by them.
    starred: RefCell<FxHashMap<String, Option<Type>>>,
    links: &'a Asked<'a>,
    /// Scala's package.
    package: Option<&'a str>,
    /// Modules, packages and objects of which everything is imported, Spark's left out.
    stars: Vec<Arc<str>>,
    /// What names mean that are bound nowhere in the file, as long as no further star is imported.
    free: RefCell<FxHashMap<String, Option<Meant>>>,
    /// What names of other files mean, so that each is one value throughout.
    foreign: FxHashMap<String, Meaning>,
    /// With what functions of other files are called.
    calls_out: BTreeMap<FunctionName, CallShapes>,
    /// Whether the passes have come to rest.
    settled: bool,
    /// Names that the open loops are to give their first value.
    awaited: FxHashMap<String, Vec<carried::Awaited>>,
    /// Temporary views, in the order in which they are made.
    views: Vec<sql::View>,
    /// Whether Spark's implicits are imported.
    implicits_imported: bool,
    /// Of what is imported of everything.
    stars_fingerprint: u64,
    /// Whether parts were left out that the front end did not leave out.
    leaves_out: bool,
    replay: Option<Replay>,
    /// The statement that is being lowered at the margin, where that is taken note of.
    recording: RefCell<Option<Box<Recording>>>,
}

impl<'a> Lowering<'a> {
    fn new(
        language: Language,
        file: &'a File,
        text: &'a str,
        known: &'a Known,
        links: &'a Asked<'a>,
        collected: &'a Collected<'a>,
    ) -> Self {
        let root = Scope {
            kind: ScopeKind::File,
            parent: None,
            range: file.range,
            header: TextRange::default(),
        };
        let program = Program {
            language,
            uses_spark: file.runs_on_spark,
            cells: file.cells.clone(),
            imports: Vec::new(),
            scopes: vec![root],
            values: Vec::new(),
            calls: Vec::new(),
            bindings: Vec::new(),
            functions: Vec::new(),
            comments: file.comments(),
            driver: program::driver::Driver::default(),
            uncalled: Vec::new(),
            unresolved: Vec::new(),
            syntax_errors: file.syntax_errors(),
            left_out: file.left_out(),
            summary: program::Summary::default(),
        };
        Self {
            language,
            text,
            program,
            frames: vec![Frame::new(FrameKind::File, None)],
            scope: ScopeId(0),
            statement: TextRange::default(),
            depth: 0,
            chain: Vec::new(),
            known,
            found: Summaries::default(),
            definitions: Definitions::new(collected),
            collected,
            expected: FxHashMap::default(),
            callables: Vec::new(),
            members: FxHashMap::default(),
            activations: Vec::new(),
            ambient: FxHashMap::default(),
            star_functions: false,
            spark_stars: Vec::new(),
            starred: RefCell::default(),
            links,
            package: file.package.as_deref(),
            stars: Vec::new(),
            free: RefCell::default(),
            foreign: FxHashMap::default(),
            calls_out: BTreeMap::new(),
            settled: true,
            awaited: FxHashMap::default(),
            views: Vec::new(),
            implicits_imported: false,
            stars_fingerprint: 0,
            leaves_out: false,
            replay: None,
            recording: RefCell::default(),
        }
    }

    /// Takes the room of an earlier pass's program, which is of about the same size.
    fn reuse(&mut self, mut spare: Program) {
        spare.values.clear();
        spare.calls.clear();
        spare.bindings.clear();
        spare.scopes.clear();
        spare.scopes.append(&mut self.program.scopes);
        self.program.values = spare.values;
        self.program.calls = spare.calls;
        self.program.bindings = spare.bindings;
        self.program.functions = spare.functions;
        self.program.scopes = spare.scopes;
    }

    /// Lowers the file, as far as that is needed.
    fn run(&mut self, file: &'a File) -> End {
        self.program.uses_spark |= self.collected.imports_spark;
        let functions = std::mem::take(&mut self.program.functions);
        self.program.functions = self.collected.functions(functions);
        self.begin_replay(file);
        let first = self.resume();
        for (index, part) in file.parts.iter().enumerate().skip(first) {
            self.begin_part(part, index);
            if let Some(found) = self.foreseen() {
                return End::Foreseen(found);
            }
            if self.spliced() {
                return End::Spliced;
            }
            self.block(&part.body);
        }
        if self.definitions.is_empty() {
            return End::Reached;
        }
        for (name, meaning) in self.frames.first().into_iter().flat_map(|it| &it.names) {
            let shape = self.shape_of(meaning);
            if shape != Shape::Unknown {
                self.found.record_global(name, &shape);
            }
        }
        End::Reached
    }

    /// What the last pass made of the file.
    fn finished(mut self) -> (Program, Option<Replay>) {
        let known = self.replay.as_mut().and_then(Replay::spliced_in);
        let found = match known {
            Some((summary, found)) => {
                self.program.summary = summary;
                found
            }
            None => {
                let calls = std::mem::take(&mut self.calls_out);
                self.program.summary = self.summary(calls);
                Arc::new(std::mem::take(&mut self.found))
            }
        };
        if let Some(replay) = &mut self.replay {
            replay.end_pass(&found);
        }
        (self.program, self.replay)
    }

    /// Lowers statements in order; tells whether the path ends among them (`return`, `raise`, `break`, …).
    fn block(&mut self, body: &'a [Stmt]) -> bool {
        if self.depth >= DEPTH {
            self.leave_out(self.statement);
            return false;
        }
        self.depth += 1;
        let mut ended = false;
        for statement in body {
            // Code after a jump does not run, but what it says is lowered all the same.
            ended |= self.remembered_statement(statement);
        }
        self.depth -= 1;
        ended
    }

    /// Takes note of a part that nests too deep.
    fn leave_out(&mut self, part: TextRange) {
        self.leaves_out = true;
        if let Some(replay) = &mut self.replay {
            replay.leaves_out();
        }
        crate::syntax::leave_out(&mut self.program.left_out, part);
    }

    fn lower_statement(&mut self, statement: &'a Stmt) -> bool {
        let outer = std::mem::replace(&mut self.statement, statement.range);
        let ended = self.statement_kind(statement);
        self.statement = outer;
        ended
    }

    fn statement_kind(&mut self, statement: &'a Stmt) -> bool {
        match &statement.kind {
            StmtKind::Expr(value) => {
                let lowered = self.expression(value);
                self.set_use(&lowered, ResultUse::Discarded);
                false
            }
            StmtKind::Assign { target, annotation, value } => {
                self.assign(target, annotation.as_ref(), value.as_ref());
                false
            }
            StmtKind::Function(def) => {
                self.function(def, statement.range);
                false
            }
            StmtKind::Class { name, parameters, body, header, runs, .. } => {
                self.class(&name.text, parameters, body, statement.range, *header, *runs);
                false
            }
            StmtKind::Branch { .. } => self.branch(statement, flow::Wanted::Nothing).1,
            StmtKind::For { target, iterated, body, header } => {
                self.for_loop(target, iterated, body, statement.range, *header);
                false
            }
            StmtKind::While { condition, body, header } => {
                self.while_loop(condition, body, statement.range, *header);
                false
            }
            StmtKind::With { items, body } => {
                for (context, target) in items {
                    let lowered = self.expression(context);
                    let lowered = self.entered(lowered);
                    if let Some(target) = target {
                        self.bind(target, &lowered, context.range);
                    }
                }
                self.block(body)
            }
            StmtKind::Return(value) => {
                if let Some(value) = value {
                    let lowered = self.result(value);
                    self.returned(lowered);
                }
                true
            }
            StmtKind::Import(import) => {
                self.import(import);
                false
            }
            StmtKind::TypeAlias { .. } => false,
            StmtKind::Global(names) => {
                if self.at_margin() {
                    self.end_replay();
                }
                let names = names.iter().map(|name| name.text.to_string());
                self.frame().outer.extend(names);
                false
            }
            StmtKind::Block(body) | StmtKind::Main(body) => self.block(body),
            StmtKind::Break | StmtKind::Continue => true,
            StmtKind::Jump(value) => {
                if let Some(value) = value {
                    self.expression(value);
                }
                true
            }
        }
    }

    fn import(&mut self, import: &'a program::Import) {
        self.program.imports.push(import.clone());
        if import.member.as_deref() == Some("*")
            && types::imports_spark(import)
            && !self.spark_stars.iter().any(|it| **it == *import.path)
        {
            self.take_star(Star::Spark(import.path.as_str().into()));
        }
        let owner = import.path.rsplit('.').next().unwrap_or_default();
        let implicits = owner.ends_with("mplicits")
            || import.member.as_deref().is_some_and(|member| member.ends_with("mplicits"));
        if implicits && !self.implicits_imported {
            self.take_star(Star::Implicits);
        }
        let full;
        let import = match self.rooted(import) {
            Some(rooted) => {
                full = rooted;
                &full
            }
            None => import,
        };
        match import.member.as_deref() {
            Some("*") => {
                let inside = format!("{}.x", import.path);
                if !self.star_functions && types::column_function(&inside).is_some() {
                    self.take_star(Star::Functions);
                }
                self.star(&import.path);
            }
            Some(member) => {
                let path = linked::joined(&import.path, member);
                let name = import.alias.as_deref().unwrap_or(member);
                let meaning = self.imported_member(&import.path, member);
                self.define(name, meaning.unwrap_or_else(|| Meaning::Path(path.as_str().into())));
            }
            None => match &import.alias {
                Some(alias) => self.define(alias, Meaning::Path(import.path.as_str().into())),
                None => {
                    let root = import.path.split('.').next().unwrap_or_default();
                    let name = match self.language {
                        Language::Python => root,
                        Language::Scala => import.path.rsplit('.').next().unwrap_or_default(),
                    };
                    let path = match self.language {
                        Language::Python => root,
                        Language::Scala => import.path.as_str(),
                    };
                    // `import spark.implicits._` imports from a value: it does not rebind `spark`.
                    if !name.is_empty() && !matches!(self.lookup(name), Some(Meaning::Spark(_))) {
                        self.define(name, Meaning::Path(path.into()));
                    }
                }
            },
        }
    }

    /// Scala's import of a path that begins with what another import names.
    fn rooted(&self, import: &program::Import) -> Option<program::Import> {
        let (root, rest) = import.path.split_once('.').unwrap_or((&import.path, ""));
        match self.lookup(root) {
            Some(Meaning::Path(path))
                if self.language == Language::Scala && *path != *root && !root.is_empty() =>
            {
                Some(program::Import { path: linked::joined(&path, rest), ..import.clone() })
            }
            _ => None,
        }
    }

    /// What an import of a member of one of the file's objects means.
    fn imported_member(&mut self, path: &str, member: &str) -> Option<Meaning> {
        if self.language != Language::Scala {
            return None;
        }
        let class: Arc<str> = path.rsplit('.').next()?.into();
        if !self.collected.classes.contains_key(&class) {
            return None;
        }
        if let Some(index) = self.own_method(&class, member) {
            return Some(Meaning::Function(index));
        }
        if let Some(meaning) = self.member_bound(&class, member) {
            return Some(meaning.clone());
        }
        let shape = self.known.attribute(&class, member).cloned()?;
        self.materialize(&shape, &Origin::Ambient(member.to_owned()))
    }

    /// The expression that stands for a meaning.
    fn lowered(&self, meaning: Meaning) -> Lowered {
        let expression = match &meaning {
            Meaning::Spark(value) => program::Expression::Value(*value),
            Meaning::Column(expression) | Meaning::Local(expression) => (**expression).clone(),
            Meaning::Parameter(_, index) => program::Expression::Parameter(*index),
            Meaning::Function(index) => {
                program::Expression::Function(self.definitions[*index].function)
            }
            Meaning::Tuple(items) => program::Expression::List(
                items.iter().map(|item| self.lowered(item.clone()).expression).collect(),
            ),
            _ => program::Expression::Unknown,
        };
        Lowered { meaning, expression, call: None }
    }

    /// How far the program has come.
    fn before(&self) -> Before {
        Before {
            calls: self.program.calls.len(),
            scopes: self.program.scopes.len(),
            bindings: self.program.bindings.len(),
            unresolved: self.program.unresolved.len(),
        }
    }

    /// Takes back the scopes that were opened since, which hold nothing but names.
    fn take_back_scopes(&mut self, before: Before) {
        let from = before.scopes;
        let kept = self.program.bindings.iter().rposition(|it| it.scope.index() < from);
        self.program.bindings.truncate(kept.map_or(0, |kept| kept + 1));
        self.drop_scopes(before);
    }

    /// Takes away the scopes that were opened since; names and calls on unknown receivers in them are then in the scope around.
    fn drop_scopes(&mut self, before: Before) {
        let from = before.scopes;
        let Some(first) = self.program.scopes.get(from) else { return };
        let around = first.parent.unwrap_or(ScopeId(0));
        for call in self.program.unresolved.iter_mut().skip(before.unresolved) {
            if call.scope.index() >= from {
                call.scope = around;
            }
        }
        for binding in self.program.bindings.iter_mut().skip(before.bindings) {
            if binding.scope.index() >= from {
                binding.scope = around;
            }
        }
        self.program.scopes.truncate(from);
    }

    /// Opens a scope; the caller restores the one that is returned.
    fn open(&mut self, kind: ScopeKind, range: TextRange, header: TextRange) -> ScopeId {
        let id = ScopeId(self.program.scopes.len() as u32);
        self.program.scopes.push(Scope { kind, parent: Some(self.scope), range, header });
        std::mem::replace(&mut self.scope, id)
    }

    fn value(
        &mut self,
        kind: Type,
        confidence: Confidence,
        origin: Origin,
        bound: Option<Bound>,
    ) -> ValueId {
        let id = ValueId(self.program.values.len() as u32);
        self.program.values.push(Value { kind, confidence, origin, bound });
        id
    }

    fn push_call(&mut self, call: Call) -> CallId {
        let id = CallId(self.program.calls.len() as u32);
        self.program.calls.push(call);
        id
    }

    fn set_use(&mut self, lowered: &Lowered, result_use: ResultUse) {
        if let Some(call) = lowered.call {
            self.used_call(call);
            self.uses_call(call.index());
        }
        if let Some(call) = lowered.call
            && let Some(call) = self.program.calls.get_mut(call.index())
        {
            call.result_use = result_use;
        }
    }

    /// Takes note of a call that looks like Spark's on a receiver without a type.
    fn unresolved(
        &mut self,
        method: &str,
        (range, name_range): (TextRange, TextRange),
        reason: UnresolvedReason,
    ) {
        if !self.program.uses_spark {
            return;
        }
        let on_dataset = spark::api().receivers(self.language, method).any(Type::is_dataset);
        if on_dataset || self.starts_something(method) {
            let (method, scope) = (method.to_owned(), self.scope);
            let unresolved = Unresolved { method, range, name_range, scope, on_dataset, reason };
            self.program.unresolved.push(unresolved);
        }
    }

    /// Takes note of a call on what seems to be no dataset, but may turn out to be one when all files are evaluated.
    fn perhaps_started(&mut self, method: &str, (range, name_range): (TextRange, TextRange)) {
        if self.program.uses_spark && self.starts_something(method) {
            let (method, scope, reason) = (method.to_owned(), self.scope, UnresolvedReason::Other);
            let unresolved =
                Unresolved { method, range, name_range, scope, on_dataset: false, reason };
            self.program.unresolved.push(unresolved);
        }
    }

    /// Whether a method of that name may leave a trace in an event log: run something, or be behind an operator of a plan.
    fn starts_something(&self, method: &str) -> bool {
        use spark::Effect::{
            Action, Checkpoint, Persist, Read, Repartition, Sql, StreamStart, View, Wide, Write,
        };
        // Of grouped data that only says how it is grouped.
        if method == "pivot" {
            return true;
        }
        let api = spark::api();
        api.receivers(self.language, method).any(|kind| {
            let effect = api.method(self.language, kind, method).map(|it| it.effect);
            matches!(
                effect,
                Some(
                    Read | Write
                        | Action
                        | Sql
                        | StreamStart
                        | Wide
                        | Repartition
                        | View
                        | Persist
                        | Checkpoint
                )
            )
        })
    }
}
