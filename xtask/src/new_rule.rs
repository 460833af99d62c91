//! Starts a rule: its file from a template, and its line in the list.
//!
//! The file compiles, so that the project can be worked with while the rule is written, and fails the tests of `rules` until its
//! documentation has a bad and a good example in each of its languages.

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Start a rule: write rules/src/<id>.rs from the template and add its line to the list.
///
/// The tests of `rules` fail until the file is complete.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The rule's id: kebab-case, two words or more, names the pattern and reads as "allow …".
    #[arg(value_parser = RuleId::parse)]
    id: RuleId,
}

/// Writes the rule's file and its line in the list.
pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("the crate of chores lies below the root")?;
    let file = generate(&root.join("rules/src"), &options.id)?;
    println!("{}", file.strip_prefix(root).unwrap_or(&file).display());
    println!(
        "Write the summary, the examples and the check; `cargo test -p rules` says what is missing."
    );
    Ok(())
}

/// A rule's id in kebab-case.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RuleId(String);

impl RuleId {
    fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<_> = text.split('-').collect();
        let is_word = |word: &&str| {
            !word.is_empty()
                && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if !words.iter().all(is_word) || !text.starts_with(|first: char| first.is_ascii_lowercase())
        {
            return Err("an id is kebab-case: lower-case words of letters and digits, joined by single hyphens".to_owned());
        }
        // One word names no pattern, and could be a keyword, which no module may be called.
        if words.len() < 2 {
            return Err("an id names a pattern, in two words or more".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The module's name.
    fn module(&self) -> String {
        self.0.replace('-', "_")
    }

    /// The declaration's name.
    fn constant(&self) -> String {
        self.module().to_ascii_uppercase()
    }
}

/// Writes the file and the line into `folder`, the sources of `rules`. Nothing is written if either cannot be.
fn generate(folder: &Path, id: &RuleId) -> Result<PathBuf, Box<dyn Error>> {
    let list = folder.join("lib.rs");
    let changed = with_line(&fs::read_to_string(&list)?, id)?;
    let file = folder.join(format!("{}.rs", id.module()));
    let mut created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&file)
        .map_err(|error| format!("{}: {error}", file.display()))?;
    created.write_all(template(id).as_bytes())?;
    fs::write(&list, changed)?;
    Ok(file)
}

/// The list with one line more, at its place by name.
fn with_line(list: &str, id: &RuleId) -> Result<String, String> {
    const OPEN: &str = "\nrules! {";
    let start =
        list.find(OPEN).ok_or("rules/src/lib.rs has no `rules! {` at the beginning of a line")?
            + OPEN.len();
    let length = list[start..].find('}').ok_or("the list in rules/src/lib.rs does not end")?;
    let module = id.module();
    let line = format!("    {module}::{},", id.constant());
    let mut lines: Vec<_> =
        list[start..start + length].lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.iter().any(|listed| module_of(listed) == Some(&module)) {
        return Err(format!("the list has {module} already"));
    }
    // A heading of the list stays above what it stands over: only entries are compared.
    let place = lines
        .iter()
        .position(|listed| module_of(listed).is_some_and(|listed| listed > module.as_str()));
    lines.insert(place.unwrap_or(lines.len()), &line);
    Ok(format!("{}\n{}\n{}", &list[..start], lines.join("\n"), &list[start + length..]))
}

/// The module that a line of the list names; a comment names none.
fn module_of(line: &str) -> Option<&str> {
    let (module, _) = line.trim().split_once("::")?;
    (!module.starts_with("//")).then_some(module)
}

/// The file of a rule that is still to be written.
fn template(id: &RuleId) -> String {
    include_str!("new_rule.rs.template")
        .replace("{id}", &id.0)
        .replace("{CONSTANT}", &id.constant())
        .replace("{version}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "//! One rule per file, and one list.\n\nrules! {\n    action_in_loop::ACTION_IN_LOOP,\n    \
                        cross_join::CROSS_JOIN,\n}\n\n#[cfg(test)]\nmod tests {}\n";

    fn id(text: &str) -> RuleId {
        RuleId::parse(text).unwrap()
    }

    #[test]
    fn ids_are_kebab_case() {
        for good in ["action-in-loop", "udf-2-arguments", "a-b"] {
            assert!(RuleId::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "loop",
            "Action-In-Loop",
            "action_in_loop",
            "-a-b",
            "a--b",
            "a-b-",
            "1-a",
            "a-b.rs",
            "../a-b",
        ] {
            assert!(RuleId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_rule_gets_its_file_and_exactly_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("lib.rs");
        fs::write(&list, LIST).unwrap();

        let file = generate(folder.path(), &id("broadcast-disabled")).unwrap();

        assert_eq!(file, folder.path().join("broadcast_disabled.rs"));
        let changed = fs::read_to_string(&list).unwrap();
        let added: Vec<_> = changed.lines().filter(|line| !LIST.contains(line)).collect();
        assert_eq!(added, ["    broadcast_disabled::BROADCAST_DISABLED,"]);
        assert_eq!(changed.replace("    broadcast_disabled::BROADCAST_DISABLED,\n", ""), LIST);
    }

    #[test]
    fn lines_stand_in_the_order_of_their_names() {
        let place = |text: &str| {
            let changed = with_line(LIST, &id(text)).unwrap();
            changed.lines().skip(3).position(|line| line.contains(&id(text).module())).unwrap()
        };
        assert_eq!(
            (place("a-rule"), place("broadcast-disabled"), place("udf-in-filter")),
            (0, 1, 2)
        );
    }

    #[test]
    fn the_first_rule_opens_the_list() {
        let changed = with_line("//! List.\n\nrules! {}\n", &id("cross-join")).unwrap();
        assert_eq!(changed, "//! List.\n\nrules! {\n    cross_join::CROSS_JOIN,\n}\n");
    }

    #[test]
    fn the_real_list_takes_a_line() {
        let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/src/lib.rs");
        let list = fs::read_to_string(list).unwrap();
        let changed = with_line(&list, &id("no-such-rule-yet")).unwrap();
        assert_eq!(changed.matches("    no_such_rule_yet::NO_SUCH_RULE_YET,\n").count(), 1);
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("lib.rs");
        fs::write(&list, LIST).unwrap();
        fs::write(folder.path().join("udf_in_filter.rs"), "mine").unwrap();
        assert!(generate(folder.path(), &id("cross-join")).is_err(), "it is in the list");
        assert!(generate(folder.path(), &id("udf-in-filter")).is_err(), "its file is there");
        assert_eq!(fs::read_to_string(&list).unwrap(), LIST);
        assert_eq!(fs::read_to_string(folder.path().join("udf_in_filter.rs")).unwrap(), "mine");
    }

    #[test]
    fn the_template_is_a_declaration_that_lacks_its_examples() {
        let text = template(&id("broadcast-disabled"));
        assert!(text.starts_with("//! "), "{text}");
        assert!(
            text.contains("static BROADCAST_DISABLED = {")
                && text.contains("id: \"broadcast-disabled\","),
            "{text}"
        );
        assert!(text.contains("/// Describe "), "the summary says what it should become: {text}");
        assert!(
            !text.contains("```"),
            "an example that is there would be taken for the rule's own: {text}"
        );
        assert!(
            !text.contains("{id}") && !text.contains("{CONSTANT}") && !text.contains("{version}"),
            "{text}"
        );
    }
}
