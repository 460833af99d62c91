//! The binary `stagelight`: command line, language server, configuration, files and output.

mod cli;
mod commands;
mod configuration;
mod data_files;
mod diagnosed;
mod files;
mod history;
mod linking;
mod locking;
mod log_source;
mod lsp;
mod memory;
mod output;
mod problem;
mod run_sources;
mod source;
mod workspace;

use std::process::ExitCode;

// The parsers allocate much and from many threads at once, which the system's allocator is slow at. To link another one in its place is
// enough: as a global allocator it would be asked for an alignment each time, which takes it longer.
#[cfg(target_os = "linux")]
use mimalloc as _;

fn main() -> ExitCode {
    cli::run()
}
