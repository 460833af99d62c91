//! The Python front end: syntax tree to surface syntax.

use tree_sitter::Tree;

use crate::syntax::File;

/// The surface syntax of a file.
pub(crate) fn file(tree: &Tree, text: &str) -> File {
    let _ = (tree, text);
    File::default()
}
