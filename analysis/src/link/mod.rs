//! What the files of a workspace know of each other.

mod modules;

pub use modules::{Modules, Resolution};
