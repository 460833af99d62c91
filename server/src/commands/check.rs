//! `stagelight check`.

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use analysis::link::FileLinks;
use analysis::{
    Analysis, Applicability, Change, Edit, Evidence, FileCheck, FileState, Finding, TextLines,
};
use anstyle::{AnsiColor, Style};
use grammars::notebook::RewriteError;
use program::{Program, TextRange};
use rayon::prelude::*;
use similar::{ChangeTag, TextDiff};

use super::{CommandError, tell, write_exact, write_to};
use crate::cli::{CheckArgs, CheckFormat};
use crate::configuration::Overrides;
use crate::files::{FoundFile, read_text, reason};
use crate::linking;
use crate::output::annotation::positions;
use crate::output::position::Positions;
use crate::output::report::{CheckReport, CheckedFile, plural};
use crate::output::terminal::sanitize;
use crate::output::{check_concise, check_full, check_github, check_json, check_sarif};
use crate::problem::{LEFT_OUT, Problem, panic_message};
use crate::source::{NotebookFile, Source, admit};
use crate::workspace::{self, LoadedFile, Notebooks, Workspace};

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
            .filter_map(|file| {
                let notebook = workspace.notebooks.get(&file.found.name);
                let links = workspace.linker.links(&linking::key(&file.found.path));
                fix(&analysis, &links, file, notebook, args.unsafe_fixes)
            })
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
    // The process ends: the system takes the memory back at once, piece by piece it would take a while.
    std::mem::forget((workspace, report));
    Ok(ExitCode::from(u8::from(failed)))
}

/// Checks every file of the workspace. The report's files stand in the order of the workspace's.
fn check(workspace: &mut Workspace, applied: usize) -> CheckReport {
    let analysis = workspace.host.snapshot();
    let notebooks = &workspace.notebooks;
    let checked: Vec<(CheckedFile, Vec<Problem>, usize)> = workspace
        .files
        .par_iter()
        .map(|file| {
            let name = &file.found.name;
            let mut problems = Vec::new();
            let check = check_file(&analysis, notebooks, name, analysis.evidence(), &mut problems);
            let at = analysis.file(name).map_or_else(
                || Positions { text: "".into(), lines: TextLines::of(&"".into()), notebook: None },
                |source| positions(source, notebooks, name),
            );
            let program = analysis.file(name).map(|source| &source.program);
            problems.extend(program.and_then(|program| left_out(name, &at, program)));
            let checked = CheckedFile { name: name.clone(), at, findings: check.findings };
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

/// What of a file was passed over, and so has no findings.
fn left_out(name: &str, at: &Positions, program: &Program) -> Option<Problem> {
    let start = program.left_out.first()?.start;
    let (place, span) = at.shown(name, TextRange::new(start, start));
    let others = match program.left_out.len() {
        1 => String::new(),
        parts => format!(" and in {} below", plural(parts - 1, "place", "places")),
    };
    let message = format!("{LEFT_OUT} here{others}; exclude the file if it is generated");
    Some(Problem::found(format!("{place}:{}", span.line), message))
}

/// Checks one file. What panics is left out and told.
pub(crate) fn check_file(
    analysis: &Analysis,
    notebooks: &Notebooks,
    name: &str,
    evidence: &Evidence,
    problems: &mut Vec<Problem>,
) -> FileCheck {
    let check = catch_unwind(AssertUnwindSafe(|| {
        let mut check = analysis.check_with(name, evidence);
        if let Some(notebook) = notebooks.get(name) {
            admit(notebook.notebook(), &mut check);
        }
        check
    }));
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

/// A file after fixes.
struct Fixed {
    name: String,
    /// What changed: the file's text, or that of some of its cells.
    parts: Vec<FixedPart>,
    /// The file as it is analysed from now on.
    after: Source,
    fixes: usize,
}

/// A text after fixes.
struct FixedPart {
    /// The index and the number of the cell of a notebook that it is.
    cell: Option<(usize, u32)>,
    before: String,
    after: String,
}

/// Applies fixes until nothing changes. None where there is nothing to fix, or where fixes would break the file's syntax.
fn fix(
    analysis: &Analysis,
    links: &FileLinks,
    file: &LoadedFile,
    notebook: Option<&Arc<NotebookFile>>,
    with_unsafe: bool,
) -> Option<Fixed> {
    let name = &file.found.name;
    let known = analysis.file(name)?;
    let mut host = analysis::AnalysisHost::new(rules::ALL);
    let mut source = Source {
        language: known.program.language,
        text: Arc::clone(&known.text),
        notebook: notebook.cloned(),
    };
    let mut program = Arc::clone(&known.program);
    let mut fixes = 0;
    for _ in 0..MAX_PASSES {
        let state = FileState {
            text: Arc::clone(&source.text),
            program: Arc::clone(&program),
            settings: Arc::clone(&known.settings),
        };
        host.apply(Change {
            files: vec![(name.clone(), Some(state))],
            profiles: None,
            ..Change::default()
        });
        let notebooks = source.notebook.iter().map(|it| (name.clone(), Arc::clone(it))).collect();
        let evidence = analysis.evidence();
        let check = check_file(&host.snapshot(), &notebooks, name, evidence, &mut Vec::new());
        let (edits, count) = chosen(&source.text, &check.findings, with_unsafe);
        let fixed = source.edited(&|range| spliced(&source.text, range, &edits));
        if count == 0 || fixed.text == source.text {
            break;
        }
        let lowered = Arc::new(fixed.program(links).ok()?);
        if lowered.syntax_errors > known.program.syntax_errors {
            break;
        }
        fixes += count;
        source = fixed;
        program = lowered;
    }
    (fixes > 0).then(|| Fixed {
        name: name.clone(),
        parts: parts(&known.text, notebook.map(AsRef::as_ref), &source),
        after: source,
        fixes,
    })
}

/// What differs: a notebook of Jupyter by its cells, any other file as a whole.
fn parts(before: &str, notebook: Option<&NotebookFile>, after: &Source) -> Vec<FixedPart> {
    let jupyter = |file: &'_ NotebookFile| file.jupyter().map(|it| it.notebook.clone());
    let old = notebook.and_then(jupyter);
    let new = after.notebook.as_deref().and_then(jupyter);
    let (Some(old), Some(new)) = (old, new) else {
        let (before, after) = (before.to_owned(), after.text.to_string());
        return vec![FixedPart { cell: None, before, after }];
    };
    let cells = old.cells().iter().zip(new.cells()).enumerate();
    let parts = cells.map(|(index, (left, right))| FixedPart {
        cell: Some((index, left.number)),
        before: left.range.of(old.text()).to_owned(),
        after: right.range.of(new.text()).to_owned(),
    });
    parts.filter(|part| part.before != part.after).collect()
}

/// The edits of the first fix of each finding that may be applied, as far as they do not overlap: those are for the next pass. With
/// the number of fixes.
fn chosen<'a>(text: &str, findings: &'a [Finding], with_unsafe: bool) -> (Vec<&'a Edit>, usize) {
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
    (chosen, count)
}

/// What the edits that lie in `range` make of it.
fn spliced(text: &str, range: TextRange, edits: &[&Edit]) -> String {
    let first = edits.partition_point(|edit| edit.range.start < range.start);
    let end = range.end as usize;
    let text = &text[..end];
    let mut fixed = String::with_capacity(text.len() - range.start as usize);
    let mut copied = range.start as usize;
    for edit in edits[first..].iter().take_while(|edit| edit.range.end <= range.end) {
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
    fixed
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
        let notebook = workspace.notebooks.get(&fixed.name);
        let written = content(&file.found, notebook.map(AsRef::as_ref), &fixed);
        let written = written.and_then(|content| {
            std::fs::write(&file.found.path, &content).map(|()| content).map_err(|error| {
                let message = format!("can't be written ({}); grant access to it", reason(&error));
                Problem::named(fixed.name.clone(), message)
            })
        });
        let content = match written {
            Ok(content) => content,
            Err(problem) => {
                workspace.problems.push(problem);
                continue;
            }
        };
        // Read again, since the strings of a notebook stand elsewhere now.
        let Ok(after) = Source::new(file.found.kind, content) else { continue };
        let links = workspace.linker.links(&linking::key(&file.found.path));
        let Ok(program) = after.program(&links) else { continue };
        workspace.notebooks.extend(after.notebook.map(|it| (fixed.name.clone(), it)));
        let state = FileState {
            text: after.text,
            program: Arc::new(program),
            settings: Arc::clone(&source.settings),
        };
        change.files.push((fixed.name, Some(state)));
        applied += fixed.fixes;
    }
    workspace.host.apply(change);
    applied
}

/// What is to be written for a fixed file: its text, or a notebook with other texts in some cells and every other byte as it is.
fn content(
    found: &FoundFile,
    notebook: Option<&NotebookFile>,
    fixed: &Fixed,
) -> Result<String, Problem> {
    let Some(jupyter) = notebook.and_then(NotebookFile::jupyter) else {
        return Ok(fixed.after.text.to_string());
    };
    let texts: Vec<(usize, String)> =
        fixed.parts.iter().filter_map(|part| Some((part.cell?.0, part.after.clone()))).collect();
    let failed = |error: RewriteError| Problem::named(fixed.name.clone(), error.to_string());
    jupyter.rewrite(&read_text(found)?, &texts).map_err(failed)
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
    for part in &fixed.parts {
        let cell = part.cell.map(|(_, number)| format!(":cell {number}")).unwrap_or_default();
        writeln!(out, "{red}--- a/{name}{cell}{red:#}\n{green}+++ b/{name}{cell}{green:#}")?;
        let diff = TextDiff::from_lines(part.before.as_str(), part.after.as_str());
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
                // A cell has no line end at its end; nobody takes it for a mistake.
                if change.missing_newline() && part.cell.is_none() {
                    writeln!(out, "\\ No newline at end of file")?;
                }
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
        let apply = |findings: &[Finding], with_unsafe| {
            let (edits, count) = chosen(text, findings, with_unsafe);
            (spliced(text, TextRange::new(0, text.len() as u32), &edits), count)
        };
        assert_eq!(apply(&all, false), ("XcdZf!".to_owned(), 2));
        assert_eq!(apply(&all, true), ("Xc?Zf!".to_owned(), 3));
        let outside = finding(&[(5, 9, "")], Applicability::Safe);
        assert_eq!(apply(&[outside], false), (text.to_owned(), 0));
    }
}
