//! Statements in a row, which move in the text only once somebody asks for them.
//!
//! An edit moves all that stands behind it. Most of that is as it was, and nobody looks at it again: what it was lowered to is put where it is
//! now.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::moving::Move;
use crate::syntax::{Stmt, StmtKind};

/// The statements of a part of a text, or of a function.
#[derive(Default)]
pub(crate) struct Body {
    /// Shared by all places that they have stood at.
    read: Arc<Statements>,
    /// How far they have moved since.
    by: Move,
    /// As they stand now, where that is another place and somebody has asked.
    here: OnceLock<Vec<Stmt>>,
}

/// Statements where they stood when they were read.
#[derive(Default)]
struct Statements {
    list: Vec<Stmt>,
    defines: bool,
}

impl Body {
    /// The same, so far from where they are.
    pub(crate) fn moved(&self, by: Move) -> Self {
        Self { read: Arc::clone(&self.read), by: self.by.and(by), here: OnceLock::new() }
    }

    /// Moves them at once, where nobody else has them.
    pub(crate) fn shift(&mut self, by: Move) {
        match Arc::get_mut(&mut self.read) {
            Some(read) if self.by.is_none() => by.block(&mut read.list),
            _ => *self = self.moved(by),
        }
    }

    /// The statements wherever they stood when they were read: for what does not depend on the place.
    pub(crate) fn anywhere(&self) -> &[Stmt] {
        &self.read.list
    }

    /// Whether functions, classes or names of types are defined among them, or within them.
    pub(crate) fn defines(&self) -> bool {
        self.read.defines
    }
}

fn moved(read: &Statements, by: Move) -> Vec<Stmt> {
    let mut statements = read.list.clone();
    by.block(&mut statements);
    statements
}

impl Deref for Body {
    type Target = [Stmt];

    fn deref(&self) -> &[Stmt] {
        if self.by.is_none() {
            return &self.read.list;
        }
        self.here.get_or_init(|| moved(&self.read, self.by))
    }
}

impl From<Vec<Stmt>> for Body {
    fn from(statements: Vec<Stmt>) -> Self {
        let defines = defines(&statements);
        let read = Arc::new(Statements { list: statements, defines });
        Self { read, by: Move::default(), here: OnceLock::new() }
    }
}

impl Clone for Body {
    fn clone(&self) -> Self {
        self.moved(Move::default())
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}

/// Statements that hold statements nest no deeper than front ends let them.
fn defines(statements: &[Stmt]) -> bool {
    statements.iter().any(|statement| match &statement.kind {
        StmtKind::Function(_) | StmtKind::Class { .. } | StmtKind::TypeAlias { .. } => true,
        StmtKind::Branch { arms, .. } => arms.iter().any(|arm| defines(arm)),
        StmtKind::For { body, .. }
        | StmtKind::While { body, .. }
        | StmtKind::With { body, .. }
        | StmtKind::Block(body)
        | StmtKind::Main(body) => defines(body),
        _ => false,
    })
}
