//! `stagelight init`.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use super::{CommandError, write_to};
use crate::configuration::{FILE_NAME, KEYS, THRESHOLDS, example_rule};
use crate::files::reason;
use crate::output::terminal::wrap;

/// Writes a commented configuration file, unless there is one.
pub(crate) fn run() -> Result<ExitCode, CommandError> {
    let created = OpenOptions::new().write(true).create_new(true).open(FILE_NAME);
    let written = created.and_then(|mut file| file.write_all(template().as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => CommandError::Usage(format!(
            "{FILE_NAME} exists already; change it, or remove it first"
        )),
        _ => CommandError::Output { path: FILE_NAME.to_owned(), why: reason(&error) },
    })?;
    write_to(None, |out| writeln!(out, "wrote {FILE_NAME}"))?;
    Ok(ExitCode::SUCCESS)
}

/// A configuration file in which every key is explained and none is set.
fn template() -> String {
    let mut text = String::from(
        "# Configuration of Stagelight. Every key shows an example; `stagelight config` tells the defaults.\n",
    );
    for key in KEYS {
        text.push('\n');
        for line in wrap(key.doc, 98) {
            text.push_str(&format!("# {line}\n"));
        }
        if key.name == "thresholds" {
            text.push_str("# [thresholds]\n");
            for threshold in THRESHOLDS {
                text.push_str(&format!("# {}\n", threshold.doc));
                text.push_str(&format!("# {} = {}\n", threshold.key, (threshold.default)()));
            }
            continue;
        }
        for line in key.example.replace("RULE", example_rule()).lines() {
            text.push_str(&format!("# {line}\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::configuration::Configuration;

    #[test]
    fn the_template_is_a_configuration_once_uncommented() {
        let template = super::template();
        let is_code = |line: &str| line.contains(" = ") || line.starts_with('[');
        let lines = template.lines().filter_map(|line| line.strip_prefix("# "));
        let code: Vec<&str> = lines.filter(|line| is_code(line)).collect();
        let file = Path::new("stagelight.toml");
        let configuration = Configuration::parse(file, &code.join("\n")).unwrap().unwrap();
        assert_eq!(configuration.thresholds, spark::Thresholds::default());
        assert!(Configuration::parse(file, &template).unwrap().is_some());
    }
}
