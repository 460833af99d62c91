//! An editor in small: starts the real program, speaks the protocol over its pipes, waits no longer than a limit.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Nothing that is waited for takes near as long, on a busy machine neither.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// A session with the server.
pub(super) struct Client {
    process: Child,
    stdin: Box<dyn Write>,
    incoming: Receiver<Value>,
    /// What has come in and was not waited for yet.
    inbox: VecDeque<Value>,
    /// The answer to `initialize`.
    pub(super) initialized: Value,
    next: i64,
}

/// Starts a session.
pub(super) struct Start {
    /// What the editor can do.
    pub(super) capabilities: Value,
    /// The workspace's folder.
    pub(super) folder: Option<String>,
    /// What the editor sends along.
    pub(super) options: Value,
}

impl Default for Start {
    fn default() -> Self {
        Self { capabilities: json!({}), folder: None, options: Value::Null }
    }
}

impl Start {
    pub(super) fn encodings(encodings: &[&str]) -> Self {
        let capabilities = json!({"general": {"positionEncodings": encodings}});
        Self { capabilities, ..Self::default() }
    }

    pub(super) fn folder(mut self, folder: &Path) -> Self {
        self.folder = Some(uri(folder));
        self
    }

    pub(super) fn start(self) -> Client {
        let mut process = server(Stdio::piped(), Stdio::piped());
        let (stdin, stdout) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        self.talk(process, Box::new(stdin), Box::new(stdout))
    }

    /// Starts a session over sockets, which is what editors on libuv give for pipes.
    #[cfg(unix)]
    pub(super) fn start_on_sockets(self) -> Client {
        use std::os::{fd::OwnedFd, unix::net::UnixStream};
        let (stdin, input) = UnixStream::pair().unwrap();
        let (stdout, output) = UnixStream::pair().unwrap();
        let process = server(OwnedFd::from(input).into(), OwnedFd::from(output).into());
        self.talk(process, Box::new(stdin), Box::new(stdout))
    }

    fn talk(self, process: Child, stdin: Box<dyn Write>, stdout: Box<dyn Read + Send>) -> Client {
        let (sender, incoming) = channel();
        std::thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            while let Some(message) = read(&mut stdout) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut client = Client {
            process,
            stdin,
            incoming,
            inbox: VecDeque::new(),
            initialized: Value::Null,
            next: 1,
        };
        let folders = self.folder.map(|uri| json!([{"uri": uri, "name": "work"}]));
        client.initialized = client
            .request(
                "initialize",
                json!({"processId": null, "capabilities": self.capabilities, "rootUri": null,
                       "workspaceFolders": folders, "initializationOptions": self.options}),
            )
            .unwrap();
        client.notify("initialized", json!({}));
        client
    }
}

impl Client {
    pub(super) fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request and gives its id.
    pub(super) fn ask(&mut self, method: &str, params: Value) -> i64 {
        let id = self.next;
        self.next += 1;
        let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method});
        if !params.is_null() {
            message["params"] = params;
        }
        self.send(&message);
        id
    }

    /// The answer to a request: its result or its error.
    pub(super) fn answer(&mut self, id: i64) -> Result<Value, Value> {
        let is_it = |message: &Value| message["id"] == json!(id) && message.get("method").is_none();
        let mut message = self.wait(&format!("the answer to {id}"), is_it);
        match message.get_mut("error") {
            Some(error) => Err(error.take()),
            None => Ok(message["result"].take()),
        }
    }

    pub(super) fn request(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.ask(method, params);
        self.answer(id)
    }

    /// A request that the server may turn down because the text changed meanwhile, or a log came: asked again then, as editors do.
    pub(super) fn request_settled(&mut self, method: &str, params: &Value) -> Value {
        let start = Instant::now();
        loop {
            match self.request(method, params.clone()) {
                Ok(result) => return result,
                Err(error) => {
                    assert_eq!(error["code"], -32801, "{error}");
                    assert!(start.elapsed() < LIMIT, "{method} does not settle");
                }
            }
        }
    }

    /// The diagnostics of a version, once they come. Those that came before are gone then.
    pub(super) fn diagnostics(&mut self, uri: &str, version: i64) -> Vec<Value> {
        self.diagnostics_where(uri, &format!("version {version}"), |params| {
            params["version"] == json!(version)
        })
    }

    pub(super) fn diagnostics_where(
        &mut self,
        uri: &str,
        what: &str,
        is_it: impl Fn(&Value) -> bool,
    ) -> Vec<Value> {
        let mut message = self.wait(&format!("diagnostics of {uri}: {what}"), |message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
                && is_it(&message["params"])
        });
        match message["params"]["diagnostics"].take() {
            Value::Array(diagnostics) => diagnostics,
            other => panic!("diagnostics are a list, not {other}"),
        }
    }

    /// The next notification of a kind.
    pub(super) fn notification(&mut self, method: &str) -> Value {
        self.wait(method, |message| message["method"] == method)["params"].take()
    }

    /// The next message that is the one, everything before it kept for later. What the server asks of the editor is answered with null
    /// and is a message as any other.
    pub(super) fn wait(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.inbox.iter().position(&is_it) {
            return self.inbox.remove(at).unwrap();
        }
        let start = Instant::now();
        loop {
            let left = LIMIT.saturating_sub(start.elapsed());
            let message = self
                .incoming
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("waited for {what}; there is: {:#?}", self.inbox));
            if message.get("method").is_some() && message.get("id").is_some() {
                self.send(&json!({"jsonrpc": "2.0", "id": message["id"], "result": null}));
            }
            if is_it(&message) {
                return message;
            }
            self.inbox.push_back(message);
        }
    }

    pub(super) fn open(&mut self, uri: &str, language: &str, text: &str) {
        self.notify(
            "textDocument/didOpen",
            json!({"textDocument": {"uri": uri, "languageId": language, "version": 1, "text": text}}),
        );
    }

    /// Replaces the whole text.
    pub(super) fn replace(&mut self, uri: &str, version: i64, text: &str) {
        self.change(uri, version, json!([{"text": text}]));
    }

    pub(super) fn change(&mut self, uri: &str, version: i64, changes: Value) {
        self.notify(
            "textDocument/didChange",
            json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": changes}),
        );
    }

    pub(super) fn hover(&mut self, uri: &str, line: u32, character: u32) -> Value {
        let params = json!({"textDocument": {"uri": uri}, "position": {"line": line, "character": character}});
        self.request_settled("textDocument/hover", &params)
    }

    pub(super) fn hints(&mut self, uri: &str) -> Vec<Value> {
        let range =
            json!({"start": {"line": 0, "character": 0}, "end": {"line": 100_000, "character": 0}});
        let params = json!({"textDocument": {"uri": uri}, "range": range});
        match self.request_settled("textDocument/inlayHint", &params) {
            Value::Array(hints) => hints,
            other => panic!("hints are a list, not {other}"),
        }
    }

    /// The code actions at a position, with nothing sent along as the diagnostics there.
    pub(super) fn actions(
        &mut self,
        uri: &str,
        line: u32,
        character: u32,
        only: Option<&str>,
    ) -> Vec<Value> {
        let at = json!({"line": line, "character": character});
        let mut context = json!({"diagnostics": []});
        if let Some(only) = only {
            context["only"] = json!([only]);
        }
        let params = json!({"textDocument": {"uri": uri}, "range": {"start": at, "end": at}, "context": context});
        match self.request_settled("textDocument/codeAction", &params) {
            Value::Array(actions) => actions,
            other => panic!("actions are a list, not {other}"),
        }
    }

    fn send(&mut self, message: &Value) {
        let bytes = frame(message);
        self.send_bytes(&bytes);
    }

    /// Sends several messages in one piece, as an editor under a fast typist does.
    pub(super) fn send_bytes(&mut self, bytes: &[u8]) {
        self.stdin.write_all(bytes).unwrap();
        self.stdin.flush().unwrap();
    }

    /// Takes ids that were made by hand out of the count.
    pub(super) fn reserve(&mut self, ids: i64) -> i64 {
        let first = self.next;
        self.next += ids;
        first
    }

    /// Ends the session as an editor does.
    pub(super) fn shut_down(mut self) -> ExitStatus {
        assert_eq!(self.request("shutdown", Value::Null), Ok(Value::Null));
        self.exit()
    }

    /// Ends the process, asked for before or not.
    pub(super) fn exit(mut self) -> ExitStatus {
        self.send(&json!({"jsonrpc": "2.0", "method": "exit"}));
        // The pipe stays open: some editors never close it.
        ended(&mut self.process)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Only of interest where a test failed; otherwise it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How a process ends by itself.
pub(super) fn ended(process: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = process.try_wait().unwrap() {
            return status;
        }
        assert!(start.elapsed() < LIMIT, "the server does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The real program on its own.
pub(super) fn server(stdin: Stdio, stdout: Stdio) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stagelight"));
    command.arg("server").stdin(stdin).stdout(stdout).stderr(Stdio::inherit()).spawn().unwrap()
}

/// A message as it goes over the pipe.
pub(super) fn frame(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

pub(super) fn read(stdout: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().ok()?;
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    stdout.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// The URI of a path.
pub(super) fn uri(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for &byte in path.to_str().unwrap().replace('\\', "/").as_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(byte as char),
            _ if byte.is_ascii_alphanumeric() => uri.push(byte as char),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// The text after an action's edits of one document.
pub(super) fn applied(text: &str, action: &Value, uri: &str, utf8: bool) -> String {
    let edit = &action["edit"];
    let edits = match edit.get("documentChanges") {
        Some(changes) => &changes[0]["edits"],
        None => &edit["changes"][uri],
    };
    let mut edits: Vec<(usize, usize, String)> = edits
        .as_array()
        .unwrap_or_else(|| panic!("no edits of {uri} in {action:#}"))
        .iter()
        .map(|edit| {
            let at = |end: &str| offset(text, &edit["range"][end], utf8);
            (at("start"), at("end"), edit["newText"].as_str().unwrap().to_owned())
        })
        .collect();
    edits.sort();
    let mut text = text.to_owned();
    for (start, end, replacement) in edits.into_iter().rev() {
        text.replace_range(start..end, &replacement);
    }
    text
}

/// The byte at a position.
pub(super) fn offset(text: &str, position: &Value, utf8: bool) -> usize {
    let (line, column) =
        (position["line"].as_u64().unwrap() as usize, position["character"].as_u64().unwrap());
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let mut left = column as usize;
    for (at, character) in text[start..].char_indices() {
        if left == 0 || character == '\n' {
            return start + at;
        }
        left -= if utf8 { character.len_utf8() } else { character.len_utf16() };
    }
    text.len()
}

/// The position of a byte.
pub(super) fn position(text: &str, offset: usize, utf8: bool) -> Value {
    let before = &text[..offset];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count();
    let column =
        if utf8 { offset - start } else { before[start..].chars().map(char::len_utf16).sum() };
    json!({"line": line, "character": column})
}

impl Client {
    /// Whether a message is there that was not waited for.
    pub(super) fn has(&self, is_it: impl Fn(&Value) -> bool) -> bool {
        self.inbox.iter().any(is_it)
    }
}
