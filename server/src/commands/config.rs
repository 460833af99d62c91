//! `stagelight config`.

use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Effects, Style};

use super::{CommandError, write_to};
use crate::cli::ConfigArgs;
use crate::configuration::{KEYS, Key, THRESHOLDS, example_rule};
use crate::output::terminal::wrap;

/// Prints the keys of the configuration, or one of them.
pub(crate) fn run(args: &ConfigArgs) -> Result<ExitCode, CommandError> {
    match &args.key {
        None => write_to(None, |out| {
            for key in KEYS {
                print(out, key)?;
            }
            Ok(())
        })?,
        Some(name) => {
            let threshold = name.strip_prefix("thresholds.").unwrap_or(name);
            if let Some(key) = KEYS.iter().find(|key| key.name == name) {
                write_to(None, |out| print(out, key))?;
            } else if let Some(threshold) = THRESHOLDS.iter().find(|it| it.key == threshold) {
                write_to(None, |out| {
                    heading(out, &format!("thresholds.{}", threshold.key))?;
                    writeln!(out, "  default: {}", (threshold.default)())?;
                    writeln!(out, "  {}", threshold.doc)
                })?;
            } else {
                return Err(CommandError::Usage(format!(
                    "unknown key `{name}`; `stagelight config` lists all"
                )));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn heading(out: &mut dyn Write, name: &str) -> io::Result<()> {
    let style: Style = AnsiColor::Cyan.on_default().effects(Effects::BOLD);
    writeln!(out, "{style}{name}{style:#}")
}

fn print(out: &mut dyn Write, key: &Key) -> io::Result<()> {
    heading(out, key.name)?;
    writeln!(out, "  type: {}", key.kind)?;
    writeln!(out, "  default: {}", key.default)?;
    for line in wrap(key.doc, 98) {
        writeln!(out, "  {line}")?;
    }
    if key.name == "thresholds" {
        let width = THRESHOLDS.iter().map(|threshold| threshold.key.len()).max().unwrap_or(0);
        for threshold in THRESHOLDS {
            let default = (threshold.default)();
            writeln!(out, "    {:width$} = {default:<10} {}", threshold.key, threshold.doc)?;
        }
    } else {
        let example = key.example.replace("RULE", example_rule());
        let mut lines = example.lines();
        writeln!(out, "  example: {}", lines.next().unwrap_or_default())?;
        for line in lines {
            writeln!(out, "           {line}")?;
        }
    }
    writeln!(out)
}
