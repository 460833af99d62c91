//! The invariants of `ARCHITECTURE.md` that Cargo does not hold by itself, checked on the text of the repository.
#![allow(clippy::expect_used, reason = "a repository that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::Table;

/// What each crate may depend on of ours: a boundary that is crossed shows up here, in review, and not years later.
const MAY_DEPEND_ON: [(&str, &[&str]); 9] = [
    ("spark", &[]),
    ("eventlog", &[]),
    ("program", &["spark"]),
    ("grammars", &["program", "spark"]),
    ("diagnosis", &["eventlog", "spark"]),
    ("analysis", &["diagnosis", "eventlog", "program", "spark"]),
    ("rules", &["analysis", "program", "spark"]),
    ("server", &["analysis", "diagnosis", "eventlog", "grammars", "program", "rules", "spark"]),
    ("xtask", &["analysis", "diagnosis", "eventlog", "grammars", "program", "rules", "spark"]),
];

/// Crates that compute: the same input gives the same output on any machine at any time.
const PURE: [&str; 6] = ["spark", "program", "eventlog", "diagnosis", "analysis", "rules"];

/// What reaches outside the process.
const OUTSIDE: [&str; 9] = [
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::time::SystemTime",
    "std::time::Instant",
    "SystemTime::now",
    "Instant::now",
    "std::io::stdin",
];

/// The longest source file that can still be read in one go.
const LINES_OF_A_FILE: usize = 1200;

/// The repository's root, which the server's manifest lies one level below.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the server's folder has a parent")
        .to_path_buf()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn manifest(folder: &str) -> Table {
    read(&root().join(folder).join("Cargo.toml")).parse().expect("a manifest is TOML")
}

fn members() -> Vec<String> {
    let root = manifest("");
    let members = root["workspace"]["members"].as_array().expect("a list");
    members.iter().map(|member| member.as_str().expect("a folder's name").to_owned()).collect()
}

/// Every dependency that a manifest names: the table's name, the dependency's and how it is asked for.
fn dependencies(manifest: &Table) -> Vec<(String, String, toml::Value)> {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let mut found = Vec::new();
    let mut collect = |prefix: &str, table: &Table| {
        for kind in KINDS {
            for (name, value) in
                table.get(kind).and_then(toml::Value::as_table).into_iter().flatten()
            {
                found.push((format!("{prefix}{kind}"), name.clone(), value.clone()));
            }
        }
    };
    collect("", manifest);
    for (target, table) in
        manifest.get("target").and_then(toml::Value::as_table).into_iter().flatten()
    {
        collect(&format!("target.{target}."), table.as_table().expect("a target's table"));
    }
    found
}

/// The names under `[dependencies]` and the build's, which are what a crate's users get.
fn shipped_dependencies(folder: &str) -> BTreeSet<String> {
    let all = dependencies(&manifest(folder));
    all.into_iter()
        .filter(|(kind, _, _)| !kind.ends_with("dev-dependencies"))
        .map(|(_, name, _)| name)
        .collect()
}

/// Files below `folder` with one of these endings. Folders of build output and of fetched packages are not the project's.
fn files(folder: &Path, endings: &[&str], into: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !name.starts_with('.') && !["target", "node_modules"].contains(&name) {
                files(&path, endings, into);
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            into.push(path);
        }
    }
}

/// The Rust files of these folders of the repository.
fn sources(folders: &[String]) -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    for folder in folders {
        files(&root().join(folder), &[".rs"], &mut paths);
    }
    paths
        .into_iter()
        .map(|path| (path.strip_prefix(root()).expect("below the root").to_path_buf(), read(&path)))
        .collect()
}

fn all_sources() -> Vec<(PathBuf, String)> {
    let mut folders = members();
    folders.push("tests".to_owned());
    folders.push("fuzz".to_owned());
    sources(&folders)
}

/// The code alone: comments, strings and characters give way to blanks, line breaks stay, so that a word is found only where it is code.
fn code_only(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while at < bytes.len() {
        let length = skipped(bytes, at);
        if length == 0 {
            code.push(char::from(bytes[at]));
            at += 1;
        } else {
            let end = (at + length).min(bytes.len());
            code.extend(bytes[at..end].iter().map(|&byte| if byte == b'\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

/// How many bytes from `at` on are a comment or a literal; 0 where code stands.
fn skipped(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let in_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => block_comment(rest),
        [b'"', ..] => quoted(rest),
        [b'r', b'"' | b'#', ..] if !in_word => raw_string(rest, 1),
        [b'b', b'r', b'"' | b'#', ..] if !in_word => raw_string(rest, 2),
        [b'\'', b'\\', _, tail @ ..] => {
            4 + tail.iter().position(|&byte| byte == b'\'').unwrap_or(0)
        }
        // A lifetime has no quote after its first character; a character outside ASCII takes up to four bytes.
        [b'\'', tail @ ..] => tail
            .iter()
            .take(5)
            .skip(1)
            .position(|&byte| byte == b'\'')
            .map_or(0, |found| if found == 0 || !tail[0].is_ascii() { found + 3 } else { 0 }),
        _ => 0,
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match &rest[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn quoted(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != b'"' {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

fn raw_string(rest: &[u8], prefix: usize) -> usize {
    let hashes = rest[prefix..].iter().take_while(|&&byte| byte == b'#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&b'"') {
        // `r#type` is a name, not a string.
        return 0;
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let body = &rest[open + 1..];
    let end = body.windows(close.len()).position(|window| window == close);
    open + 1 + end.map_or(body.len(), |end| end + close.len())
}

/// The code without the items under `#[cfg(test)]`: what ships.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        kept.push_str(&rest[..start]);
        let item = &rest[start..];
        rest = &item[end_of_item(item)..];
    }
    kept.push_str(rest);
    kept
}

/// Where an item ends: after its block, or after the semicolon of one that has none.
fn end_of_item(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in item.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth <= 1 => return at + 1,
            b'}' => depth -= 1,
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

/// Whether a file holds only tests, by the convention of the name.
fn is_test_file(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    path.components().any(|part| part.as_os_str() == "tests")
        || stem == "tests"
        || stem.ends_with("_tests")
}

/// Fails with all complaints at once: one run tells everything that is to be mended.
fn assert_none(rule: &str, complaints: &[String]) {
    let mut text = String::new();
    for complaint in complaints {
        let _ = writeln!(text, "  {complaint}");
    }
    assert!(complaints.is_empty(), "{rule}:\n{text}");
}

/// The line of a byte, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[test]
fn crates_depend_on_what_the_map_allows() {
    let allowed: BTreeMap<_, BTreeSet<_>> =
        MAY_DEPEND_ON.iter().map(|(name, may)| (*name, may.iter().copied().collect())).collect();
    let members = members();
    let ours: BTreeSet<_> = members.iter().map(String::as_str).collect();
    assert_eq!(ours, allowed.keys().copied().collect(), "a new crate states its place in the map");
    let mut complaints = Vec::new();
    for member in &members {
        for name in shipped_dependencies(member).iter().filter(|name| ours.contains(name.as_str()))
        {
            if !allowed[member.as_str()].contains(name.as_str()) {
                complaints.push(format!("{member} depends on {name}"));
            }
        }
    }
    assert_none("a crate depends only on those that the map puts below it", &complaints);
}

#[test]
fn outside_libraries_stay_with_the_crate_that_owns_them() {
    let owned: [(&str, &[&str]); 6] = [
        ("tree-sitter", &["grammars"]),
        ("tower-lsp", &["server"]),
        ("clap", &["server", "xtask"]),
        ("annotate-snippets", &["server"]),
        ("tokio", &["server"]),
        ("anstream", &["server"]),
    ];
    let mut complaints = Vec::new();
    for member in members() {
        // Development dependencies count: a test that names a parser ties the crate to it all the same.
        for (kind, name, _) in dependencies(&manifest(&member)) {
            for (library, owners) in owned {
                if name.starts_with(library) && !owners.contains(&member.as_str()) {
                    complaints
                        .push(format!("{member} names {name} in [{kind}]; only {owners:?} may"));
                }
            }
        }
    }
    assert_none("parsers, protocol and terminal have one owner each", &complaints);
}

#[test]
fn only_the_server_writes_output_formats() {
    // The log reader and the notebooks' reader parse JSON; writing a format is an adapter's work.
    let complaints: Vec<_> = sources(&members())
        .into_iter()
        .filter(|(path, _)| {
            !path.starts_with("server") && !path.starts_with("xtask") && !is_test_file(path)
        })
        .filter(|(_, source)| {
            without_tests(&code_only(source)).replace("Deserialize", "").contains("Serialize")
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert_none("only `server` derives or implements Serialize", &complaints);
}

#[test]
fn pure_crates_touch_neither_files_nor_clock_nor_network() {
    let mut complaints = Vec::new();
    for (path, source) in sources(&PURE.map(|name| format!("{name}/src"))) {
        if is_test_file(&path) {
            continue;
        }
        let code = without_tests(&code_only(&source));
        for word in OUTSIDE {
            if code.contains(word) {
                complaints.push(format!("{} uses {word}", path.display()));
            }
        }
        // `use std::{fs, io}` says the same in other words.
        for (at, _) in code.match_indices("use std::{") {
            let list = code[at..].split(';').next().unwrap_or_default();
            let mut parts = list["use std::{".len()..].split([',', '{', '}', ':']).map(str::trim);
            if let Some(part) = parts.find(|part| {
                ["fs", "net", "process", "env", "SystemTime", "Instant"].contains(part)
            }) {
                complaints.push(format!("{} uses std::{part}", path.display()));
            }
        }
    }
    assert_none("what computes reaches nothing outside the process", &complaints);
}

#[test]
fn versions_stand_once_in_the_root_manifest() {
    let shared = manifest("");
    let shared = shared["workspace"]["dependencies"].as_table().expect("a table");
    let mut complaints = Vec::new();
    let mut used = BTreeSet::new();
    for member in members() {
        let manifest = manifest(&member);
        for (kind, name, value) in dependencies(&manifest) {
            let table = value.as_table();
            if table.and_then(|table| table.get("workspace")).and_then(toml::Value::as_bool)
                != Some(true)
            {
                complaints.push(format!("{member}: {name} in [{kind}] without `workspace = true`"));
            }
            if !shared.contains_key(&name) {
                complaints
                    .push(format!("{member}: {name} in [{kind}] is not in the root manifest"));
            }
            used.insert(name);
        }
        for field in ["version", "edition", "rust-version", "license", "publish"] {
            let inherited = manifest["package"].get(field).and_then(|value| value.get("workspace"));
            if inherited.and_then(toml::Value::as_bool) != Some(true) {
                complaints.push(format!("{member}: `{field}` is not the workspace's"));
            }
        }
        if manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"))
            .and_then(toml::Value::as_bool)
            != Some(true)
        {
            complaints.push(format!("{member}: does not take the workspace's lints"));
        }
    }
    complaints.extend(
        shared
            .keys()
            .filter(|name| !used.contains(name.as_str()))
            .map(|name| format!("no crate uses {name} any longer")),
    );
    assert_none("a version stands once", &complaints);
}

#[test]
fn the_oldest_compiler_is_stated() {
    let root = manifest("");
    let stated = root["workspace"]["package"]["rust-version"].as_str().expect("a version");
    assert!(stated.split('.').all(|part| part.parse::<u32>().is_ok()), "{stated}");
}

#[test]
fn no_test_is_switched_off_and_nothing_is_left_for_later() {
    let words = ["#[ignore", "#[should_panic", "todo!(", "unimplemented!("];
    let mut complaints = Vec::new();
    for (path, source) in all_sources() {
        let code = code_only(&source);
        for word in words {
            for (at, _) in code.match_indices(word) {
                complaints.push(format!("{}:{}: {word}", path.display(), line_of(&code, at)));
            }
        }
    }
    assert_none("a thing is there, or it is not", &complaints);
}

#[test]
fn every_source_file_says_what_it_is_for() {
    let complaints: Vec<_> = all_sources()
        .into_iter()
        .filter(|(path, _)| !path.ends_with("tests.rs"))
        .filter(|(_, source)| {
            let about = source.lines().next().and_then(|line| line.strip_prefix("//!"));
            !about.is_some_and(|about| about.trim().chars().any(char::is_alphabetic))
        })
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert_none("a file begins with `//!` and a sentence", &complaints);
}

#[test]
fn no_source_file_is_too_long_to_read() {
    let complaints: Vec<_> = all_sources()
        .into_iter()
        .map(|(path, source)| (path, source.lines().count()))
        .filter(|(_, lines)| *lines > LINES_OF_A_FILE)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert_none("a file has one subject", &complaints);
}

#[test]
fn no_tracked_text_names_the_machine_it_was_written_on() {
    let root = root();
    // Where the source came without its history (a package, an archive) there is nothing that could be committed by mistake.
    let Ok(listing) = Command::new("git").args(["ls-files", "-z"]).current_dir(&root).output()
    else {
        return;
    };
    // Put together here, so that this file does not contain what it looks for.
    let words = ["work", "root", "home/runner", "Users"].map(|folder| format!("/{folder}/"));
    let mut complaints = Vec::new();
    for name in String::from_utf8_lossy(&listing.stdout).split_terminator('\0') {
        // What is no UTF-8 is no text; a listed file may be gone from the folder.
        let Ok(text) = fs::read_to_string(root.join(name)) else { continue };
        for word in &words {
            for (at, _) in text.match_indices(word.as_str()) {
                // `framework/` and `https://host/work/…` are no machine's paths: those begin after a quote, a blank or nothing.
                let before = text[..at].chars().next_back();
                // A prefix alone, as a scrubber looks for, names no machine either.
                let after = text[at + word.len()..].chars().next();
                let begins = !before
                    .is_some_and(|before| before.is_alphanumeric() || "._-}*".contains(before));
                if begins
                    && after.is_some_and(|after| after.is_alphanumeric() || "._-".contains(after))
                {
                    complaints.push(format!("{name}:{}: {word}", line_of(&text, at)));
                }
            }
        }
    }
    assert_none("a path of one machine means nothing on another", &complaints);
}

#[test]
fn the_scan_sees_code_only() {
    let source = "let a = \"std::fs\"; // std::net\nlet b = r#\"std::env \"quoted\" \"#; /* std::process /* nested */ */\n\
                  let c = '\"'; let d: &'static str = \"\\\"std::fs\"; let e = b'\\''; let f = 'é'; use std::time;\n";
    let code = code_only(source);
    assert!(
        !code.contains("std::fs") && !code.contains("std::net") && !code.contains("std::env"),
        "{code}"
    );
    assert!(!code.contains("std::process"), "{code}");
    assert!(code.contains("&'static str") && code.contains("use std::time;"), "{code}");
    assert_eq!(code.lines().count(), source.lines().count());
}

#[test]
fn the_scan_leaves_out_tests() {
    let code = "fn ships() {}\n#[cfg(test)]\nmod tests { fn f() { std::fs::read(); } }\n#[cfg(test)]\nuse std::fs;\nfn too() {}";
    let kept = without_tests(code);
    assert!(kept.contains("ships") && kept.contains("too") && !kept.contains("std::fs"), "{kept}");
}
