//! Standard input and output as the editor gives them.
//!
//! Tokio reads and writes them in threads of their own, since they may be files or terminals. Most editors give sockets, some give pipes. The
//! thread that takes messages can read and write those itself: each word between threads takes time that a keystroke waits for. Pipes have
//! to be opened again for that, which only Linux can.

use tokio::io::{AsyncRead, AsyncWrite};

/// What a pipe takes at once, in bytes: the diagnostics of a file of 10,000 lines, and the most that Linux lets anyone ask for (`pipe(7)`).
#[cfg(target_os = "linux")]
const PIPE: i32 = 1 << 20;

/// Where messages come from.
pub(super) fn input() -> Box<dyn AsyncRead + Unpin> {
    #[cfg(target_os = "linux")]
    // Opened again: others who hold the same end of the pipe go on to wait at it as before.
    if let Ok(pipe) = tokio::net::unix::pipe::OpenOptions::new().open_receiver("/proc/self/fd/0") {
        return Box::new(pipe);
    }
    #[cfg(unix)]
    if let Some(socket) = socket(std::io::stdin()) {
        return Box::new(socket);
    }
    Box::new(tokio::io::stdin())
}

/// Where messages go to.
pub(super) fn output() -> Box<dyn AsyncWrite + Unpin> {
    #[cfg(target_os = "linux")]
    if let Ok(pipe) = tokio::net::unix::pipe::OpenOptions::new().open_sender("/proc/self/fd/1") {
        // Where that is not allowed, long messages take some more turns.
        let _ = nix::fcntl::fcntl(&pipe, nix::fcntl::FcntlArg::F_SETPIPE_SZ(PIPE));
        return Box::new(pipe);
    }
    #[cfg(unix)]
    if let Some(socket) = socket(std::io::stdout()) {
        return Box::new(socket);
    }
    Box::new(tokio::io::stdout())
}

/// A socket, which cannot be opened again: whoever else holds this end of it finds it non-blocking. Editors give each server its own.
#[cfg(unix)]
fn socket(of: impl std::os::fd::AsFd) -> Option<tokio::net::UnixStream> {
    let socket = std::os::unix::net::UnixStream::from(of.as_fd().try_clone_to_owned().ok()?);
    // Of anything but a socket of this kind it has none.
    socket.local_addr().ok()?;
    socket.set_nonblocking(true).ok()?;
    tokio::net::UnixStream::from_std(socket).ok()
}
