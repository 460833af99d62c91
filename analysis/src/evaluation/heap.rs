//! What values share: scopes, classes, instances, lists and mappings, with a trail by which writes are taken back.
//!
//! Branches are evaluated one after another from the same heap: each one's writes are collected, taken back, and joined at the end.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::names::Symbol;
use super::value::{ClassCell, Value};

/// A cell of the heap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct CellId(pub(super) u32);

#[derive(Debug)]
pub(super) enum Cell {
    /// Names of a file, a function's call, a class or an instance.
    Names {
        names: FxHashMap<Symbol, Value>,
        kind: NamesKind,
    },
    /// A list, tuple or set. Not `complete`: there may be more items of the same sort.
    Sequence(Sequence),
    Mapping(Mapping),
}

#[derive(Debug, Clone)]
pub(super) enum NamesKind {
    /// With the scope around it.
    Scope(Option<CellId>),
    Class(Rc<ClassCell>),
    /// Of a class, with the scope around it for Scala, whose methods see its members as names.
    Instance(CellId, Option<CellId>),
}

#[derive(Debug, Clone)]
pub(super) struct Sequence {
    pub(super) items: Rc<Vec<Value>>,
    pub(super) complete: bool,
    /// Where a generator was collected: the states before and after.
    pub(super) collected: Option<(super::StateId, super::StateId)>,
}

#[derive(Debug, Clone)]
pub(super) struct Mapping {
    pub(super) entries: Rc<Vec<(Value, Value)>>,
    pub(super) complete: bool,
}

/// What a write changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Slot {
    Name(CellId, Symbol),
    Content(CellId),
}

/// What a slot holds.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Absent,
    Value(Value),
    Sequence(Sequence),
    Mapping(Mapping),
}

/// What one path wrote.
pub(super) type Writes = Vec<(Slot, Content)>;

/// Where a path begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    trail: usize,
    cells: u32,
    outer: u32,
}

#[derive(Debug, Default)]
pub(super) struct Heap {
    cells: Vec<Cell>,
    trail: Vec<(Slot, Content)>,
    /// Cells from here on are newer than the innermost mark: nobody can see what is written to them once its path is taken back.
    logged_below: u32,
    /// Items of lists and entries of mappings that were written so far.
    pub(super) handled: u64,
}

/// How many items a list or mapping keeps.
pub(super) const MOST: usize = 2000;

impl Heap {
    fn add(&mut self, cell: Cell) -> CellId {
        let id = CellId(self.cells.len() as u32);
        self.cells.push(cell);
        id
    }

    pub(super) fn scope(&mut self, parent: Option<CellId>) -> CellId {
        self.add(Cell::Names { names: FxHashMap::default(), kind: NamesKind::Scope(parent) })
    }

    pub(super) fn class(&mut self, class: ClassCell) -> CellId {
        let kind = NamesKind::Class(Rc::new(class));
        self.add(Cell::Names { names: FxHashMap::default(), kind })
    }

    pub(super) fn instance(&mut self, class: CellId, scope: Option<CellId>) -> CellId {
        let kind = NamesKind::Instance(class, scope);
        self.add(Cell::Names { names: FxHashMap::default(), kind })
    }

    /// A list; what is too long is cut and not complete.
    pub(super) fn sequence(&mut self, mut items: Vec<Value>, complete: bool) -> Value {
        let complete = complete && items.len() <= MOST;
        items.truncate(MOST);
        self.handled += items.len() as u64;
        let sequence = Sequence { items: Rc::new(items), complete, collected: None };
        Value::Sequence(self.add(Cell::Sequence(sequence)))
    }

    /// A mapping; what is too large is cut and not complete.
    pub(super) fn mapping(&mut self, mut entries: Vec<(Value, Value)>, complete: bool) -> Value {
        let complete = complete && entries.len() <= MOST;
        entries.truncate(MOST);
        self.handled += entries.len() as u64;
        Value::Mapping(self.add(Cell::Mapping(Mapping { entries: Rc::new(entries), complete })))
    }

    pub(super) fn kind(&self, cell: CellId) -> Option<&NamesKind> {
        match self.cells.get(cell.0 as usize) {
            Some(Cell::Names { kind, .. }) => Some(kind),
            _ => None,
        }
    }

    pub(super) fn class_of(&self, cell: CellId) -> Option<Rc<ClassCell>> {
        match self.kind(cell) {
            Some(NamesKind::Class(class)) => Some(Rc::clone(class)),
            _ => None,
        }
    }

    /// Changes what is known of a class. Not taken back: what it tells is the same on every path.
    pub(super) fn set_class(&mut self, cell: CellId, class: ClassCell) {
        if let Some(Cell::Names { kind, .. }) = self.cells.get_mut(cell.0 as usize) {
            *kind = NamesKind::Class(Rc::new(class));
        }
    }

    pub(super) fn get(&self, cell: CellId, name: Symbol) -> Option<Value> {
        match self.cells.get(cell.0 as usize) {
            Some(Cell::Names { names, .. }) => names.get(&name).cloned(),
            _ => None,
        }
    }

    /// Names and values of a cell, in order of the names' making.
    pub(super) fn names(&self, cell: CellId) -> Vec<(Symbol, Value)> {
        match self.cells.get(cell.0 as usize) {
            Some(Cell::Names { names, .. }) => {
                let mut all: Vec<(Symbol, Value)> =
                    names.iter().map(|(name, value)| (*name, value.clone())).collect();
                all.sort_by_key(|it| it.0);
                all
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn set(&mut self, cell: CellId, name: Symbol, value: Value) {
        let logged = cell.0 < self.logged_below;
        if let Some(Cell::Names { names, .. }) = self.cells.get_mut(cell.0 as usize) {
            let old = names.insert(name, value);
            if logged {
                let old = old.map_or(Content::Absent, Content::Value);
                self.trail.push((Slot::Name(cell, name), old));
            }
        }
    }

    pub(super) fn sequence_of(&self, cell: CellId) -> Option<&Sequence> {
        match self.cells.get(cell.0 as usize) {
            Some(Cell::Sequence(sequence)) => Some(sequence),
            _ => None,
        }
    }

    pub(super) fn mapping_of(&self, cell: CellId) -> Option<&Mapping> {
        match self.cells.get(cell.0 as usize) {
            Some(Cell::Mapping(mapping)) => Some(mapping),
            _ => None,
        }
    }

    pub(super) fn change_sequence(&mut self, cell: CellId, change: impl FnOnce(&mut Sequence)) {
        let logged = cell.0 < self.logged_below;
        if let Some(Cell::Sequence(sequence)) = self.cells.get_mut(cell.0 as usize) {
            if logged {
                self.trail.push((Slot::Content(cell), Content::Sequence(sequence.clone())));
            }
            change(sequence);
        }
    }

    pub(super) fn change_mapping(&mut self, cell: CellId, change: impl FnOnce(&mut Mapping)) {
        let logged = cell.0 < self.logged_below;
        if let Some(Cell::Mapping(mapping)) = self.cells.get_mut(cell.0 as usize) {
            if logged {
                self.trail.push((Slot::Content(cell), Content::Mapping(mapping.clone())));
            }
            change(mapping);
        }
    }

    /// Begins a path whose writes can be taken back.
    pub(super) fn mark(&mut self) -> Mark {
        let cells = self.cells.len() as u32;
        let mark = Mark { trail: self.trail.len(), cells, outer: self.logged_below };
        self.logged_below = cells;
        mark
    }

    pub(super) fn content(&self, slot: Slot) -> Content {
        match slot {
            Slot::Name(cell, name) => self.get(cell, name).map_or(Content::Absent, Content::Value),
            Slot::Content(cell) => match self.cells.get(cell.0 as usize) {
                Some(Cell::Sequence(sequence)) => Content::Sequence(sequence.clone()),
                Some(Cell::Mapping(mapping)) => Content::Mapping(mapping.clone()),
                _ => Content::Absent,
            },
        }
    }

    fn restore(&mut self, slot: Slot, content: Content) {
        let cell = match slot {
            Slot::Name(cell, _) | Slot::Content(cell) => cell,
        };
        match (self.cells.get_mut(cell.0 as usize), slot, content) {
            (Some(Cell::Names { names, .. }), Slot::Name(_, name), Content::Value(value)) => {
                names.insert(name, value);
            }
            (Some(Cell::Names { names, .. }), Slot::Name(_, name), Content::Absent) => {
                names.remove(&name);
            }
            (Some(Cell::Sequence(sequence)), _, Content::Sequence(old)) => *sequence = old,
            (Some(Cell::Mapping(mapping)), _, Content::Mapping(old)) => *mapping = old,
            _ => {}
        }
    }

    /// Writes a slot, on the trail of an outer path where there is one.
    pub(super) fn put(&mut self, slot: Slot, content: Content) {
        let cell = match slot {
            Slot::Name(cell, _) | Slot::Content(cell) => cell,
        };
        if cell.0 < self.logged_below {
            let old = self.content(slot);
            self.trail.push((slot, old));
        }
        self.restore(slot, content);
    }

    /// What was written since `mark` to cells that are older, with what the slots hold now, in order of the first writes.
    pub(super) fn writes(&self, mark: Mark) -> Writes {
        let mut seen = FxHashSet::default();
        let mut writes = Vec::new();
        for (slot, _) in self.trail.get(mark.trail..).unwrap_or_default() {
            let cell = match slot {
                Slot::Name(cell, _) | Slot::Content(cell) => *cell,
            };
            if cell.0 < mark.cells && seen.insert(*slot) {
                writes.push((*slot, self.content(*slot)));
            }
        }
        writes
    }

    /// Takes everything back that was written since `mark`, and ends its path.
    pub(super) fn undo(&mut self, mark: Mark) {
        while self.trail.len() > mark.trail {
            if let Some((slot, old)) = self.trail.pop() {
                self.restore(slot, old);
            }
        }
        self.logged_below = mark.outer;
    }
}
