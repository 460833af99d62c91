//! Integration tests: one binary, so that the server is linked once.

mod cli;
mod invariants;
mod lsp;
