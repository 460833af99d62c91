//! `stagelight check`.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use analysis::{Analysis, Applicability, Change, Edit, Evidence, FileCheck, FileState, Finding};
use anstyle::{AnsiColor, Style};
use rayon::prelude::*;
use similar::{ChangeTag, TextDiff};

use super::{CommandError, tell, write_exact, write_to};
use crate::cli::{CheckArgs, CheckFormat};
use crate::configuration::Overrides;
use crate::files::reason;
use crate::output::report::{CheckReport, CheckedFile, plural};
use crate::output::terminal::sanitize;
use crate::output::{check_concise, check_full, check_github, check_json, check_sarif};
use crate::problem::{Problem, panic_message};
use crate::workspace::{self, LoadedFile, Workspace};

/// Fixes make room for others; after so many rounds they are taken to chase each other.
const MAX_PASSES: usize = 10;

/// Checks files.
pub(crate) fn run(args: &CheckArgs) -> Result<ExitCode, CommandError> {
    if args.fix && args.unsafe_fixes && args.select.is_empty() {
        return Err(CommandError::Usage(
            "`--fix --unsafe-fixes` applies unsafe fixes only for the rules that `--select` names; name them, or look at all with \
             `--diff --unsafe-fixes`"
                .to_owned(),
        ));
    }
    let overrides = Overrides { select: args.select.clone(), ignore: args.ignore.clone() };
    let mut workspace = workspace::load(&args.input.request(overrides))?;
    let mut applied = 0;
    if args.fix || args.diff {
        let analysis = workspace.host.snapshot();
        let fixed: Vec<Fixed> = workspace
            .files
            .par_iter()
            .filter_map(|file| fix(&analysis, file, args.unsafe_fixes))
            .collect();
        if args.diff {
            return diff(args, &mut workspace, &fixed);
        }
        applied = write_fixed(&mut workspace, fixed);
    }
    let report = check(&mut workspace, applied);
    tell(&report.problems);
    let directory = std::env::current_dir().unwrap_or_default();
    let file = args.output_file.as_deref();
    match args.output_format {
        CheckFormat::Full => write_to(file, |out| check_full::write(out, &report)),
        CheckFormat::Concise => write_to(file, |out| check_concise::write(out, &report)),
        CheckFormat::Json => write_exact(file, |out, _| check_json::write(out, &report)),
        CheckFormat::Sarif => {
            write_exact(file, |out, _| check_sarif::write(out, &report, &directory))
        }
        CheckFormat::Github => write_exact(file, |out, _| check_github::write(out, &report)),
    }?;
    if report.problems.iter().any(|problem| problem.named) {
        return Ok(ExitCode::from(2));
    }
    let failed = report.files.iter().zip(&workspace.files).any(|(checked, file)| {
        let fail_on = args.fail_on.unwrap_or(file.configuration.fail_on);
        checked.findings.iter().any(|finding| fail_on.fails(finding.severity))
    });
    Ok(ExitCode::from(u8::from(failed)))
}

/// Checks every file of the workspace. The report's files stand in the order of the workspace's.
fn check(workspace: &mut Workspace, applied: usize) -> CheckReport {
    let analysis = workspace.host.snapshot();
    let checked: Vec<(CheckedFile, Vec<Problem>, usize)> = workspace
        .files
        .par_iter()
        .map(|file| {
            let name = &file.found.name;
            let mut problems = Vec::new();
            let check = check_file(&analysis, name, analysis.evidence(), &mut problems);
            let (text, lines) = analysis
                .file(name)
                .map(|source| (Arc::clone(&source.text), Arc::clone(&source.lines)))
                .unwrap_or_else(|| ("".into(), Arc::default()));
            let checked = CheckedFile { name: name.clone(), text, lines, findings: check.findings };
            (checked, problems, check.refuted.len())
        })
        .collect();
    let mut report = CheckReport {
        problems: std::mem::take(&mut workspace.problems),
        applied,
        ..CheckReport::default()
    };
    for (file, problems, refuted) in checked {
        report.files.push(file);
        report.problems.extend(problems);
        report.refuted += refuted;
    }
    report
}

/// Checks one file. What panics is left out and told.
pub(crate) fn check_file(
    analysis: &Analysis,
    name: &str,
    evidence: &Evidence,
    problems: &mut Vec<Problem>,
) -> FileCheck {
    let check = catch_unwind(AssertUnwindSafe(|| analysis.check_with(name, evidence)));
    let check = check.unwrap_or_else(|panic| {
        let why = panic_message(&*panic);
        let message = format!("the check failed ({why}); exclude it and report it");
        problems.push(Problem::found(name, message));
        FileCheck::default()
    });
    for panic in &check.panics {
        let message = format!(
            "the rule `{}` failed here ({}); ignore the rule for now and report it",
            panic.rule, panic.message
        );
        problems.push(Problem::found(name, message));
    }
    check
}

/// A file's text after fixes.
struct Fixed {
    name: String,
    before: Arc<str>,
    after: String,
    fixes: usize,
}

/// Applies fixes until nothing changes. None where there is nothing to fix, or where fixes would break the file's syntax.
fn fix(analysis: &Analysis, file: &LoadedFile, with_unsafe: bool) -> Option<Fixed> {
    let name = &file.found.name;
    let source = analysis.file(name)?;
    let mut host = analysis::AnalysisHost::new(rules::ALL);
    let state = |text: Arc<str>, program| FileState {
        text,
        program,
        settings: Arc::clone(&source.settings),
    };
    let mut text = source.text.to_string();
    let mut program = Arc::clone(&source.program);
    let mut fixes = 0;
    for _ in 0..MAX_PASSES {
        let state = state(text.as_str().into(), Arc::clone(&program));
        host.apply(Change { files: vec![(name.clone(), Some(state))], profiles: None });
        let evidence = analysis.evidence();
        let check = check_file(&host.snapshot(), name, evidence, &mut Vec::new());
        let (fixed, count) = apply(&text, &check.findings, with_unsafe);
        if count == 0 || fixed == text {
            break;
        }
        let lowered = Arc::new(workspace::lower(file.found.language, &fixed).ok()?);
        if lowered.syntax_errors > source.program.syntax_errors {
            break;
        }
        fixes += count;
        text = fixed;
        program = lowered;
    }
    (fixes > 0).then(|| Fixed {
        name: name.clone(),
        before: Arc::clone(&source.text),
        after: text,
        fixes,
    })
}

/// Applies the first fix of each finding that may be applied, as far as they do not overlap: those are for the next pass.
fn apply(text: &str, findings: &[Finding], with_unsafe: bool) -> (String, usize) {
    let mut chosen: Vec<&Edit> = Vec::new();
    let mut count = 0;
    for finding in findings {
        let fix = finding
            .fixes
            .iter()
            .find(|fix| with_unsafe || fix.applicability == Applicability::Safe);
        let Some(fix) = fix else { continue };
        let new: Vec<&Edit> = fix.edits.iter().filter(|edit| !chosen.contains(edit)).collect();
        let fits = new.iter().all(|edit| {
            text.get(edit.range.start as usize..edit.range.end as usize).is_some()
                && chosen.iter().all(|other| {
                    edit.range.end < other.range.start
                        || other.range.end < edit.range.start
                        || (edit.range.end == other.range.start
                            && edit.range.start < edit.range.end)
                        || (other.range.end == edit.range.start
                            && other.range.start < other.range.end)
                })
        });
        if fits {
            chosen.extend(new);
            count += 1;
        }
    }
    chosen.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut fixed = String::with_capacity(text.len());
    let mut copied = 0;
    for edit in chosen {
        let start = edit.range.start as usize;
        if start < copied {
            continue;
        }
        fixed.push_str(&text[copied..start]);
        fixed.push_str(&edit.replacement);
        copied = edit.range.end as usize;
        // An edit up to a line's end leaves the line end whole.
        let splits_line_end = copied > start
            && text[..copied].ends_with('\r')
            && text[copied..].starts_with('\n')
            && !edit.replacement.ends_with('\r');
        if splits_line_end {
            copied -= 1;
        }
    }
    fixed.push_str(&text[copied..]);
    (fixed, count)
}

/// Writes fixed files and puts them into the workspace; the number of fixes.
fn write_fixed(workspace: &mut Workspace, fixed: Vec<Fixed>) -> usize {
    let snapshot = workspace.host.snapshot();
    let mut applied = 0;
    let mut change = Change::default();
    for fixed in fixed {
        let Some(file) = workspace.files.iter().find(|file| file.found.name == fixed.name) else {
            continue;
        };
        let Some(source) = snapshot.file(&fixed.name) else { continue };
        if let Err(error) = std::fs::write(&file.found.path, &fixed.after) {
            let message = format!("can't be written ({}); grant access to it", reason(&error));
            workspace.problems.push(Problem::named(fixed.name, message));
            continue;
        }
        let Ok(program) = workspace::lower(file.found.language, &fixed.after) else { continue };
        let state = FileState {
            text: fixed.after.into(),
            program: Arc::new(program),
            settings: Arc::clone(&source.settings),
        };
        change.files.push((fixed.name, Some(state)));
        applied += fixed.fixes;
    }
    workspace.host.apply(change);
    applied
}

/// Prints what fixes would change.
fn diff(
    args: &CheckArgs,
    workspace: &mut Workspace,
    fixed: &[Fixed],
) -> Result<ExitCode, CommandError> {
    tell(&workspace.problems);
    let to_terminal = args.output_file.is_none() && io::IsTerminal::is_terminal(&io::stdout());
    write_exact(args.output_file.as_deref(), |out, colored| {
        for fixed in fixed {
            write_diff(out, fixed, to_terminal, colored)?;
        }
        Ok(())
    })?;
    let fixes: usize = fixed.iter().map(|fixed| fixed.fixes).sum();
    if fixes > 0 {
        let fixes = plural(fixes, "fix", "fixes");
        let files = plural(fixed.len(), "file", "files");
        // There is nobody to tell where stderr is closed.
        let _ = writeln!(anstream::stderr().lock(), "{fixes} in {files}; nothing was changed");
    }
    if workspace.problems.iter().any(|problem| problem.named) {
        return Ok(ExitCode::from(2));
    }
    Ok(ExitCode::from(u8::from(fixes > 0)))
}

/// A patch keeps every byte, so that it can be applied; on a terminal it is shown without control characters.
fn write_diff(
    out: &mut dyn Write,
    fixed: &Fixed,
    to_terminal: bool,
    colored: bool,
) -> io::Result<()> {
    let clean = |text: &str| {
        if to_terminal { sanitize(text).into_owned() } else { text.to_owned() }
    };
    let color = |color: AnsiColor| if colored { color.on_default() } else { Style::new() };
    let (red, green) = (color(AnsiColor::Red), color(AnsiColor::Green));
    let cyan = color(AnsiColor::Cyan);
    let name = sanitize(fixed.name.strip_prefix("./").unwrap_or(&fixed.name)).into_owned();
    writeln!(out, "{red}--- a/{name}{red:#}\n{green}+++ b/{name}{green:#}")?;
    let diff = TextDiff::from_lines(&*fixed.before, fixed.after.as_str());
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        writeln!(out, "{cyan}{}{cyan:#}", hunk.header())?;
        for change in hunk.iter_changes() {
            let (sign, style) = match change.tag() {
                ChangeTag::Delete => ('-', red),
                ChangeTag::Insert => ('+', green),
                ChangeTag::Equal => (' ', Style::new()),
            };
            let line = change.value().strip_suffix('\n').unwrap_or(change.value());
            writeln!(out, "{style}{sign}{}{style:#}", clean(line))?;
            if change.missing_newline() {
                writeln!(out, "\\ No newline at end of file")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use analysis::{FindingEvidence, Fix, Severity};
    use program::{Confidence, TextRange};

    fn finding(edits: &[(u32, u32, &str)], applicability: Applicability) -> Finding {
        Finding {
            rule: "r",
            call: None,
            range: TextRange::new(0, 1),
            message: String::new(),
            help: String::new(),
            severity: Severity::Warning,
            confidence: Confidence::Known,
            related: Vec::new(),
            fixes: vec![Fix {
                title: String::new(),
                applicability,
                edits: edits
                    .iter()
                    .map(|&(start, end, text)| Edit {
                        range: TextRange::new(start, end),
                        replacement: text.to_owned(),
                    })
                    .collect(),
            }],
            evidence: FindingEvidence::Unmeasured,
            requires_evidence: false,
        }
    }

    #[test]
    fn overlapping_fixes_wait() {
        let text = "abcdef";
        let one = finding(&[(0, 2, "X")], Applicability::Safe);
        let two = finding(&[(1, 3, "Y")], Applicability::Safe);
        let three = finding(&[(4, 5, "Z"), (6, 6, "!")], Applicability::Safe);
        let four = finding(&[(3, 4, "?")], Applicability::Unsafe);
        let all = [one, two, three, four];
        assert_eq!(apply(text, &all, false), ("XcdZf!".to_owned(), 2));
        assert_eq!(apply(text, &all, true), ("Xc?Zf!".to_owned(), 3));
        let outside = finding(&[(5, 9, "")], Applicability::Safe);
        assert_eq!(apply(text, &[outside], false), (text.to_owned(), 0));
    }
}
