//! A session with a language server over its pipes, timed at the pipe.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Result;

/// Nothing that is measured takes near as long.
const LIMIT: Duration = Duration::from_secs(60);

/// A session.
pub(super) struct Session {
    process: Child,
    stdin: ChildStdin,
    incoming: Receiver<(Instant, Value)>,
    next: i64,
}

impl Session {
    /// Starts a server with an editor that is shown diagnostics without asking for them.
    pub(super) fn start(program: &Path, folder: &Path) -> Result<Self> {
        let mut process = Command::new(program)
            .arg("server")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(stdin), Some(stdout)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("the server has no pipes".into());
        };
        let (sender, incoming) = channel();
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Some(body) = read(&mut stdout) {
                // As an editor does, it is noticed that a message has come before it is understood.
                let came = Instant::now();
                let Ok(message) = serde_json::from_slice(&body) else { continue };
                if sender.send((came, message)).is_err() {
                    return;
                }
            }
        });
        let mut session = Self { process, stdin, incoming, next: 1 };
        let root = uri(folder);
        session.request(
            "initialize",
            &json!({"processId": null, "rootUri": root, "workspaceFolders": [{"uri": root, "name": "bench"}],
                    "capabilities": {"textDocument": {"publishDiagnostics": {"versionSupport": true}},
                                     "workspace": {"workspaceFolders": true}}}),
        )?;
        session.notify("initialized", &json!({}))?;
        Ok(session)
    }

    pub(super) fn notify(&mut self, method: &str, params: &Value) -> Result<()> {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}))
    }

    /// Waits for the diagnostics of a version, and gives how long after `start` they came.
    pub(super) fn diagnostics(
        &mut self,
        uri: &str,
        version: i64,
        start: Instant,
    ) -> Result<Duration> {
        let came = self.wait(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
                && message["params"]["version"] == version
        })?;
        Ok(came.duration_since(start))
    }

    /// Ends the session.
    pub(super) fn end(mut self) -> Result<()> {
        self.request("shutdown", &Value::Null)?;
        self.send(&json!({"jsonrpc": "2.0", "method": "exit"}))?;
        self.process.wait()?;
        Ok(())
    }

    fn request(&mut self, method: &str, params: &Value) -> Result<()> {
        let id = self.next;
        self.next += 1;
        let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method});
        if !params.is_null() {
            message["params"] = params.clone();
        }
        self.send(&message)?;
        self.wait(|message| message["id"] == id && message.get("method").is_none())?;
        Ok(())
    }

    fn wait(&mut self, is_it: impl Fn(&Value) -> bool) -> Result<Instant> {
        let start = Instant::now();
        loop {
            let left = LIMIT.saturating_sub(start.elapsed());
            let (came, message) = self.incoming.recv_timeout(left)?;
            // What the server asks of the editor has no answer here.
            if message.get("method").is_some() && message.get("id").is_some() {
                self.send(&json!({"jsonrpc": "2.0", "id": message["id"], "result": null}))?;
            }
            if is_it(&message) {
                return Ok(came);
            }
        }
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        let body = message.to_string();
        let frame = format!("Content-Length: {}\r\n\r\n{body}", body.len());
        self.stdin.write_all(frame.as_bytes())?;
        Ok(self.stdin.flush()?)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It has ended by itself unless something failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The URI of a path that has no characters to escape.
pub(super) fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// The body of the next message.
fn read(stdout: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().ok();
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length?];
    stdout.read_exact(&mut body).ok()?;
    Some(body)
}
