//! The language server on standard input and output.
//!
//! Handlers run concurrently, so there is one order to hold: what changes a document happens before a handler first waits. Everything
//! else works on an immutable version of one document (a [`state::Version`]) in a pool, and what was computed for a version that has
//! passed is dropped. Only after a keystroke in a document whose check takes a few milliseconds is that made by the thread that takes the messages.

mod backend;
mod code_actions;
mod code_lenses;
mod columns;
mod content;
mod costs;
mod diagnosed;
mod diagnostics;
mod following;
mod from_proto;
mod growing;
mod guard;
mod hover;
mod inlay_hints;
mod lines;
mod logs;
mod markdown;
mod notebook;
mod state;
mod to_proto;
mod transport;
mod views;
mod work;

use std::process::ExitCode;
use std::sync::atomic::Ordering;

use tower_lsp_server::{LspService, Server};

/// As many messages may be in work at once. Cancellation and everything else waits in the queue once they are, so it is far above what
/// an editor asks at a time.
const CONCURRENCY: usize = 256;

/// Deeply nested source needs a deep stack.
const STACK: usize = 32 << 20;

/// Runs the language server until the editor ends it. Succeeds if the editor asked for the end first.
pub(crate) fn run() -> ExitCode {
    let thread = std::thread::Builder::new().name("messages".to_owned()).stack_size(STACK);
    let session = thread.spawn(serve);
    // Without threads there is nothing to talk with.
    session.ok().and_then(|it| it.join().ok()).unwrap_or(ExitCode::from(2))
}

fn serve() -> ExitCode {
    // Messages are taken and given by this thread alone: each word between threads takes time.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .thread_name("language-server")
        .thread_stack_size(STACK)
        .enable_all()
        .build();
    let Ok(runtime) = runtime else { return ExitCode::from(2) };
    let ended = runtime.block_on(async {
        let mut ended = None;
        let (service, socket) = LspService::new(|client| {
            let backend = backend::Backend::new(client);
            ended = Some(backend.ended());
            backend
        });
        Server::new(transport::input(), transport::output(), socket)
            .concurrency_level(CONCURRENCY)
            .serve(guard::Guard(service))
            .await;
        ended.is_some_and(|ended| ended.load(Ordering::SeqCst))
    });
    // A thread that reads standard input, or a log, is not worth waiting for.
    runtime.shutdown_background();
    if ended { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
