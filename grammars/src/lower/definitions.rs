//! What a file defines: its functions, its classes and its names for types.

use std::ops::Index;
use std::sync::Arc;

use program::{Expression, Function, FunctionId, TextRange};
use rustc_hash::FxHashMap;

use super::DEPTH;
use super::classes::is_decorated;
use super::functions::receivers;
use crate::syntax::{ExprKind, File, FunctionDef, Parameter, Stmt, StmtKind, TypeRef};

/// A function of the file.
#[derive(Debug)]
pub(super) struct Definition<'a> {
    pub(super) def: &'a FunctionDef,
    pub(super) class: Option<Arc<str>>,
    pub(super) function: FunctionId,
    /// What it goes by from one pass to the next: its number for one that is collected, its place for one that is found on the way.
    pub(super) key: u32,
    /// The whole statement.
    range: TextRange,
}

/// Set in the keys of functions that are found on the way.
pub(super) const ON_THE_WAY: u32 = 1 << 31;

impl Definition<'_> {
    /// The program's function, of which nothing is lowered yet.
    fn unlowered(&self) -> Function {
        Function {
            name: self.def.name.text.to_string(),
            scope: None,
            parameters: (self.def.parameters.len() - receivers(self.def, self.class.as_ref()))
                as u32,
            returns: Expression::Unknown,
            range: self.range,
        }
    }
}

/// What the statements of a file define, in the order of the text: a call may precede its definition. It is the same in each pass.
#[derive(Debug, Default)]
pub(super) struct Collected<'a> {
    functions: Vec<Definition<'a>>,
    by_position: FxHashMap<u32, usize>,
    /// The functions of each name, in order.
    by_name: FxHashMap<&'a str, Vec<usize>>,
    /// The methods of each class.
    pub(super) methods: FxHashMap<Arc<str>, FxHashMap<&'a str, usize>>,
    /// The parameters of each class's constructor.
    pub(super) classes: FxHashMap<Arc<str>, &'a [Parameter]>,
    /// Scala's `implicit` classes, each with the object around it.
    pub(super) implicits: FxHashMap<Arc<str>, Option<Arc<str>>>,
    /// Scala's names for types.
    pub(super) aliases: FxHashMap<&'a str, &'a TypeRef>,
    /// Names of the classes that extend a class, by its last name.
    pub(super) children: FxHashMap<Arc<str>, Vec<Arc<str>>>,
    /// What classes of the file extend, as written.
    pub(super) bases: FxHashMap<Arc<str>, Vec<String>>,
    /// Whether Spark is imported anywhere, in functions too.
    pub(super) imports_spark: bool,
}

impl<'a> Collected<'a> {
    pub(super) fn of(file: &'a File) -> Self {
        let mut collected = Self::default();
        for part in &file.parts {
            let spark = collected.imports_spark || any_spark_import(part.body.anywhere(), 0);
            collected.imports_spark = spark;
            if part.body.defines() {
                collected.collect(&part.body, None, 0);
            }
        }
        collected
    }

    /// The functions of a program in which nothing is lowered yet. They take the place of those of an earlier pass.
    pub(super) fn functions(&self, mut earlier: Vec<Function>) -> Vec<Function> {
        earlier.truncate(self.functions.len());
        for function in &mut earlier {
            function.scope = None;
            function.returns = Expression::Unknown;
        }
        earlier.extend(self.functions.iter().skip(earlier.len()).map(Definition::unlowered));
        earlier
    }

    fn collect(&mut self, body: &'a [Stmt], class: Option<&Arc<str>>, depth: u32) {
        if depth > DEPTH {
            return;
        }
        for statement in body {
            match &statement.kind {
                StmtKind::Function(def) => {
                    self.function(def, class.cloned(), statement.range);
                    if def.body.defines() {
                        self.collect(&def.body, None, depth + 1);
                    }
                }
                StmtKind::TypeAlias { name, target } => {
                    self.aliases.insert(name.text.as_str(), target);
                }
                StmtKind::Class { name, body, parameters, bases, decorators, .. } => {
                    let name: Arc<str> = name.text.as_str().into();
                    if decorators.iter().any(
                        |it| matches!(&it.kind, ExprKind::Name(written) if written == "implicit"),
                    ) {
                        self.implicits.insert(name.clone(), class.cloned());
                    }
                    self.classes.insert(name.clone(), parameters);
                    let bases: Vec<String> =
                        bases.iter().filter_map(super::linked::dotted).collect();
                    for base in &bases {
                        let last = base.rsplit('.').next().unwrap_or(base);
                        self.children.entry(last.into()).or_default().push(name.clone());
                    }
                    // A class and its companion extend what both do.
                    self.bases.entry(name.clone()).or_default().extend(bases);
                    self.collect(body, Some(&name), depth + 1);
                }
                StmtKind::Branch { arms, .. } => {
                    for arm in arms {
                        self.collect(arm, class, depth + 1);
                    }
                }
                StmtKind::For { body, .. }
                | StmtKind::While { body, .. }
                | StmtKind::With { body, .. }
                | StmtKind::Block(body)
                | StmtKind::Main(body) => self.collect(body, class, depth + 1),
                _ => {}
            }
        }
    }

    fn function(&mut self, def: &'a FunctionDef, class: Option<Arc<str>>, range: TextRange) {
        let index = self.functions.len();
        let place = def.name.range.start;
        // Two of one place are one to what is learned.
        let twin = self.by_position.get(&place).and_then(|it| self.functions.get(*it));
        let key = twin.map_or(index as u32, |twin| twin.key);
        self.by_position.insert(place, index);
        self.by_name.entry(&def.name.text).or_default().push(index);
        if let Some(class) = &class
            && !is_decorated(def, &["setter", "deleter"])
        {
            self.methods.entry(class.clone()).or_default().insert(&def.name.text, index);
        }
        let function = FunctionId(index as u32);
        self.functions.push(Definition { def, class, function, key, range });
    }
}

/// The functions of a file in a pass: those that are collected, and behind them those that the pass has found on the way.
#[derive(Debug)]
pub(super) struct Definitions<'a> {
    collected: &'a Collected<'a>,
    found: Vec<Definition<'a>>,
    by_position: FxHashMap<u32, usize>,
    by_name: FxHashMap<&'a str, Vec<usize>>,
}

impl<'a> Definitions<'a> {
    pub(super) fn new(collected: &'a Collected<'a>) -> Self {
        let (by_position, by_name) = (FxHashMap::default(), FxHashMap::default());
        Self { collected, found: Vec::new(), by_position, by_name }
    }

    /// Takes in one that is found on the way, which will be the program's next function.
    pub(super) fn find(
        &mut self,
        def: &'a FunctionDef,
        range: TextRange,
        function: FunctionId,
    ) -> (usize, Function) {
        let index = self.len();
        let place = def.name.range.start;
        self.by_position.insert(place, index);
        self.by_name.entry(&def.name.text).or_default().push(index);
        let definition = Definition { def, class: None, function, key: ON_THE_WAY | place, range };
        let made = definition.unlowered();
        self.found.push(definition);
        (index, made)
    }

    pub(super) fn len(&self) -> usize {
        self.collected.functions.len() + self.found.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn get(&self, index: usize) -> Option<&Definition<'a>> {
        let collected = &self.collected.functions;
        collected.get(index).or_else(|| self.found.get(index.checked_sub(collected.len())?))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Definition<'a>> {
        self.collected.functions.iter().chain(&self.found)
    }

    /// The one whose name begins at a place.
    pub(super) fn at(&self, place: u32) -> Option<usize> {
        self.collected.by_position.get(&place).or_else(|| self.by_position.get(&place)).copied()
    }

    /// Those of a name, in order.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = usize> {
        let all = [self.collected.by_name.get(name), self.by_name.get(name)];
        all.into_iter().flatten().flatten().copied()
    }

    /// The one that goes by a key, if there is one yet.
    pub(super) fn of_key(&self, key: u32) -> Option<usize> {
        self.at(match key & ON_THE_WAY {
            0 => self.get(key as usize)?.def.name.range.start,
            _ => key & !ON_THE_WAY,
        })
    }
}

impl<'a> Index<usize> for Definitions<'a> {
    type Output = Definition<'a>;

    fn index(&self, index: usize) -> &Definition<'a> {
        let collected = &self.collected.functions;
        collected.get(index).unwrap_or_else(|| &self.found[index - collected.len()])
    }
}

/// Whether Spark is imported anywhere in the file, in functions too.
fn any_spark_import(body: &[Stmt], depth: u32) -> bool {
    depth < DEPTH
        && body.iter().any(|statement| match &statement.kind {
            StmtKind::Import(import) => super::types::imports_spark(import),
            StmtKind::Function(def) => any_spark_import(def.body.anywhere(), depth + 1),
            StmtKind::Class { body, .. }
            | StmtKind::For { body, .. }
            | StmtKind::While { body, .. }
            | StmtKind::With { body, .. }
            | StmtKind::Block(body)
            | StmtKind::Main(body) => any_spark_import(body, depth + 1),
            StmtKind::Branch { arms, .. } => {
                arms.iter().any(|arm| any_spark_import(arm, depth + 1))
            }
            _ => false,
        })
}
