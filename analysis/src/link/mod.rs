//! What the files of a workspace know of each other: which file an import names, what functions of other files return and are called
//! with, classes and what they inherit, values of modules.
//!
//! A [`Linker`] holds the texts and hands each to a function that lowers it, with what the other files say as its
//! [`Links`](program::Links). Nothing here knows a grammar.

mod ahead;
mod linker;
mod modules;
mod order;
mod world;

pub use linker::{FileLinks, Linked, Linker, Lower, WorkspaceLinks};
pub use modules::{Modules, Resolution};
