//! `stagelight explain`.

use std::process::ExitCode;

use analysis::{EvidenceNeed, FixClass, Tier, UNUSED_SUPPRESSION};

use super::{CommandError, write_to};
use crate::cli::{ExplainArgs, Reader};
use crate::configuration::unknown_rule;
use crate::output::markdown;
use crate::output::style::{BOLD, DIM, severity_style};

/// The documentation of the engine's own check.
const UNUSED: &str = "A comment that silences a rule silences nothing

## Why is this bad?
A suppression that is no longer needed hides the next finding of its rule on that line. One that names a rule that does not exist
never did anything.

## Examples
```python bad
total = 1  # stagelight: ignore[unbounded-collect] small
```
";

/// Explains a rule, or a diagnosis.
pub(crate) fn run(args: &ExplainArgs) -> Result<ExitCode, CommandError> {
    let expert = args.reader == Reader::Expert;
    if args.rule == UNUSED_SUPPRESSION {
        write_to(None, |out| {
            writeln!(out, "{BOLD}{UNUSED_SUPPRESSION}{BOLD:#}")?;
            markdown::write(out, UNUSED, expert)
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(kind) = diagnosis::CATALOGUE.iter().find(|kind| kind.id == args.rule) {
        write_to(None, |out| {
            writeln!(
                out,
                "{BOLD}{}{BOLD:#}\n{DIM}a diagnosis of a run: {}{DIM:#}\n",
                kind.id, kind.summary
            )?;
            writeln!(out, "{}", if expert { kind.expert } else { kind.newcomer })
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(rule) = rules::ALL.iter().find(|rule| rule.id == args.rule) else {
        return Err(CommandError::Usage(unknown_rule(&args.rule)));
    };
    let mut facts = vec![rule.category.name().to_owned()];
    facts.push(match rule.tier {
        Tier::One => "on by default".to_owned(),
        Tier::Two => "a hint until a run confirms it".to_owned(),
        Tier::Three => "off unless selected".to_owned(),
    });
    match rule.evidence {
        EvidenceNeed::Unused => {}
        EvidenceNeed::Refines => facts.push("weighed by an event log".to_owned()),
        EvidenceNeed::Required => facts.push("needs an event log".to_owned()),
    }
    match rule.fix {
        FixClass::None => {}
        FixClass::Safe => facts.push("has a safe fix".to_owned()),
        FixClass::Unsafe => facts.push("has a fix that wants a look".to_owned()),
    }
    let deeper = rule.docs.contains("## For experts") && !expert;
    write_to(None, |out| {
        let style = severity_style(rule.severity);
        writeln!(out, "{style}{}{style:#}[{BOLD}{}{BOLD:#}]", rule.severity.name(), rule.id)?;
        writeln!(out, "{DIM}{}{DIM:#}\n", facts.join(", "))?;
        markdown::write(out, rule.docs, expert)?;
        if deeper {
            let id = rule.id;
            writeln!(out, "{DIM}`stagelight explain {id} --for expert` tells more.{DIM:#}")?;
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}
