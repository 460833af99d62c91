//! Python and Scala text to a [`Program`]. The only crate that names tree-sitter.
//!
//! Each language's front end turns its syntax tree into one small [surface syntax](syntax); one lowering turns that into the
//! model. So what a call means is decided once for both languages, and a job written in both has one text form.
//!
//! Nothing here fails: what is not understood is left out and counted.

mod body;
mod document;
mod lower;
mod moving;
pub mod notebook;
mod outline;
mod parse;
mod python;
mod reading;
mod scala;
mod sql;
mod surface;
mod syntax;
mod tree;

pub use document::Document;
pub use lower::replay::{Leftover, Memory};
pub use outline::outline;
pub use surface::Surface;

use program::{Language, Links, Program};

/// The program that `text` is in `language` among the files that `links` speaks for.
#[must_use]
pub fn lower_linked(language: Language, text: &str, links: &dyn Links) -> Program {
    Document::new(language, text).linked_program(links)
}

/// The program that `text` is in `language`, taken for itself; that of a notebook where it is one in the source format of Databricks.
#[must_use]
pub fn lower(language: Language, text: &str) -> Program {
    Document::new(language, text).program()
}
