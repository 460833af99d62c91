//! Sources as they were when a run started, looked up in git.
//!
//! A workspace is not trusted: `git` is one that lies outside of it, and is given plumbing commands alone that read objects. Hooks, monitors of
//! file systems, filters, pagers, signatures, transports and promised objects are switched off, and no configuration but the
//! repository's own is read.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long one command may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much one command may say.
const MOST_BYTES: u64 = 256 << 20;

/// A larger file is no source.
const MOST_BYTES_OF_FILE: usize = 2 << 20;

/// A repository that holds sources.
#[derive(Debug, Clone)]
pub(crate) struct Repository {
    git: PathBuf,
    /// The folder that has `.git`.
    top: PathBuf,
}

/// A commit by its object name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit(String);

impl Commit {
    /// The first digits of its name.
    pub(crate) fn short(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

impl Repository {
    /// The repository around a folder; none where there is none, or no `git` outside of it.
    pub(crate) fn around(folder: &Path) -> Option<Self> {
        let folder = std::fs::canonicalize(folder).ok()?;
        let top = folder.ancestors().find(|it| it.join(".git").exists())?.to_path_buf();
        let path = std::env::var_os("PATH")?;
        let git = executable(&path, &top)?;
        Some(Self { git, top })
    }

    /// The folder that has `.git`.
    pub(crate) fn top(&self) -> &Path {
        &self.top
    }

    /// The commit that is checked out.
    pub(crate) fn head(&self) -> Option<Commit> {
        name(self.say(&["rev-list", "--max-count=1", "HEAD"])?.trim())
    }

    /// The commits from which a run that started at `start_ms` may have been run: the last one before, and the first one after, since
    /// what is run is often committed later.
    pub(crate) fn commits_around(&self, start_ms: i64) -> Vec<Commit> {
        let seconds = start_ms.div_euclid(1_000);
        let before =
            self.say(&["rev-list", "--max-count=1", &format!("--min-age={seconds}"), "HEAD"]);
        let after = self.say(&["rev-list", &format!("--max-age={}", seconds + 1), "HEAD"]);
        let first = before.as_deref().and_then(|it| it.lines().next());
        let next = after.as_deref().and_then(|it| it.lines().last());
        first.into_iter().chain(next).filter_map(name).collect()
    }

    /// The names of all files of a commit, from the top, with `/`.
    pub(crate) fn names(&self, commit: &Commit) -> Vec<String> {
        let said = self.say(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", &commit.0]);
        let names = said.unwrap_or_default();
        names.split('\0').filter(|it| is_name(it)).map(str::to_owned).collect()
    }

    /// The texts of files in a commit, in the order of their `names` from the top; none for what has no name, what it does not have, or what is no text.
    pub(crate) fn texts(
        &self,
        commit: &Commit,
        names: &[Option<String>],
    ) -> Option<Vec<Option<String>>> {
        let mut asked = String::new();
        let mut known = Vec::with_capacity(names.len());
        for name in names {
            let name = name.as_ref().filter(|it| is_name(it));
            known.push(name.is_some());
            if let Some(name) = name {
                asked.push_str(&format!("{}:{name}\n", commit.0));
            }
        }
        let said = self.run(&["cat-file", "--batch"], asked.into_bytes())?;
        let mut rest = said.as_slice();
        let mut texts = Vec::with_capacity(names.len());
        for known in known {
            texts.push(if known { object(&mut rest)? } else { None });
        }
        Some(texts)
    }

    /// A path as objects are named: from the top, with `/`.
    pub(crate) fn relative(&self, path: &Path) -> Option<String> {
        let whole = std::fs::canonicalize(path).ok()?;
        let parts: Option<Vec<&str>> =
            whole.strip_prefix(&self.top).ok()?.iter().map(OsStr::to_str).collect();
        parts.map(|it| it.join("/")).filter(|it| is_name(it))
    }

    fn say(&self, arguments: &[&str]) -> Option<String> {
        String::from_utf8(self.run(arguments, Vec::new())?).ok()
    }

    fn run(&self, arguments: &[&str], input: Vec<u8>) -> Option<Vec<u8>> {
        const SETTINGS: [&str; 5] = [
            "core.fsmonitor=false",
            "core.hooksPath=/dev/null",
            "core.pager=cat",
            "log.showSignature=false",
            "protocol.allow=never",
        ];
        let mut command = Command::new(&self.git);
        command.arg("--no-pager").arg("--no-replace-objects").arg("--literal-pathspecs");
        for setting in SETTINGS {
            command.arg("-c").arg(setting);
        }
        // Nothing of what this process was started with leads git elsewhere: no `GIT_DIR`, no home with a configuration.
        command
            .env_clear()
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", if cfg!(windows) { "NUL" } else { "/dev/null" })
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_CEILING_DIRECTORIES", self.top.parent().unwrap_or(&self.top))
            .env("LC_ALL", "C");
        if cfg!(windows)
            && let Some(root) = std::env::var_os("SystemRoot")
        {
            command.env("SystemRoot", root);
        }
        let child = command
            .arg("-C")
            .arg(&self.top)
            .args(arguments)
            .current_dir(self.git.parent()?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        answer(child, input)
    }
}

/// Whether a file's name can be asked for in one line.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['\n', '\r', '\0'])
}

/// What a process says within [`PATIENCE`], if it succeeds.
fn answer(mut child: Child, input: Vec<u8>) -> Option<Vec<u8>> {
    let (mut stdin, stdout) = (child.stdin.take()?, child.stdout.take()?);
    std::thread::spawn(move || {
        // A process that does not want all of it has answered.
        let _ = stdin.write_all(&input);
    });
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut said = Vec::new();
        let read = stdout.take(MOST_BYTES).read_to_end(&mut said);
        let _ = sender.send(read.map(|_| said));
    });
    let said = receiver.recv_timeout(PATIENCE);
    if said.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().ok()?;
    said.ok()?.ok().filter(|_| status.success())
}

/// The `git` of a search path: a file in an absolute folder, that does not lie in the workspace, links followed.
fn executable(search: &OsStr, workspace: &Path) -> Option<PathBuf> {
    let name = if cfg!(windows) { "git.exe" } else { "git" };
    std::env::split_paths(search).filter(|it| it.is_absolute()).find_map(|folder| {
        let file = folder.join(name);
        let whole = std::fs::canonicalize(&file).ok().filter(|it| it.is_file())?;
        let inside = whole.starts_with(workspace)
            || std::fs::canonicalize(&folder).is_ok_and(|it| it.starts_with(workspace));
        (!inside).then_some(file)
    })
}

/// The name of an object: nothing else may be handed back to git.
fn name(text: &str) -> Option<Commit> {
    let is_name = matches!(text.len(), 40 | 64) && text.bytes().all(|it| it.is_ascii_hexdigit());
    is_name.then(|| Commit(text.to_owned()))
}

/// Takes the next answer of `git cat-file --batch`: `<name> <type> <size>`, the content and a line break, or `… missing`. None where the
/// answer is not understood; none within where there is no such text.
#[expect(clippy::option_option, reason = "no answer is not the same as no text")]
fn object(rest: &mut &[u8]) -> Option<Option<String>> {
    let end = rest.iter().position(|&it| it == b'\n')?;
    let head = std::str::from_utf8(&rest[..end]).ok()?.to_owned();
    *rest = &rest[end + 1..];
    let mut words = head.rsplit(' ');
    let Some(size) = words.next().and_then(|it| it.parse::<usize>().ok()) else {
        return Some(None);
    };
    let is_file = words.next() == Some("blob");
    let content = rest.get(..size)?;
    *rest = rest.get(size + 1..)?;
    let text = std::str::from_utf8(content).ok().filter(|_| is_file && size <= MOST_BYTES_OF_FILE);
    Some(text.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_apart() {
        let mut said: &[u8] =
            b"aa blob 4\nx\ny\n\nab:some file.py missing\nbb tree 3\nabc\ncc blob 0\n\n";
        assert_eq!(object(&mut said), Some(Some("x\ny\n".to_owned())));
        assert_eq!(object(&mut said), Some(None));
        assert_eq!(object(&mut said), Some(None));
        assert_eq!(object(&mut said), Some(Some(String::new())));
        assert_eq!(object(&mut said), None);
    }

    #[test]
    fn only_names_of_objects_are_handed_back() {
        assert!(name(&"a1".repeat(20)).is_some());
        assert!(name("--output=x").is_none());
        assert!(name("HEAD").is_none());
    }

    #[test]
    #[cfg(unix)]
    fn a_git_inside_the_workspace_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(root.path()).unwrap();
        let (workspace, outside) = (root.join("workspace"), root.join("bin"));
        for folder in [workspace.join("bin"), outside.clone(), root.join("links")] {
            std::fs::create_dir_all(folder).unwrap();
        }
        std::fs::write(workspace.join("bin/git"), "").unwrap();
        std::fs::write(outside.join("git"), "").unwrap();
        std::os::unix::fs::symlink(workspace.join("bin/git"), root.join("links/git")).unwrap();
        let search =
            |folders: &[PathBuf]| executable(&std::env::join_paths(folders).unwrap(), &workspace);
        let all =
            [workspace.join("bin"), PathBuf::from("bin"), root.join("links"), outside.clone()];
        assert_eq!(search(&all), Some(outside.join("git")));
        assert_eq!(search(&all[..3]), None);
    }
}
