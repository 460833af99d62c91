//! Fixes and suppressions as code actions.
//!
//! What an editor sends along as the diagnostics at the cursor differs between editors, so actions follow from the lines that were
//! asked for and from the server's own findings.

use std::ops::RangeInclusive;

use analysis::{Applicability, Edit, Finding, UNUSED_SUPPRESSION};
use program::{Language, TextRange};
use tower_lsp_server::ls_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams,
};

use super::state::{Checked, Client, Key};
use super::views::View;
use super::{diagnostics, to_proto};

/// The kind under which all safe fixes of a file are applied at once.
pub(crate) const FIX_ALL: CodeActionKind = CodeActionKind::new("source.fixAll.stagelight");

/// The same for all cells of a notebook.
pub(crate) const FIX_NOTEBOOK: CodeActionKind =
    CodeActionKind::new("notebook.source.fixAll.stagelight");

/// The actions for what was asked of a document.
pub(crate) fn actions(
    checked: &Checked,
    view: &View,
    client: &Client,
    params: &CodeActionParams,
) -> Vec<CodeActionOrCommand> {
    let only = params.context.only.as_deref();
    let mut actions = Vec::new();
    if wanted(only, &CodeActionKind::QUICKFIX)
        && let Some(lines) = checked.views.lines(view, &checked.text, params.range)
    {
        let lines = checked.lines.line(lines.start)..=checked.lines.line(lines.end);
        quick_fixes(checked, client, &lines, &mut actions);
    }
    // Only where it is asked for: it is for saving and for the menu of source actions, not for the lightbulb.
    let is_notebook = matches!(checked.key, Key::Notebook(_));
    for (kind, whole) in [(FIX_ALL, false), (FIX_NOTEBOOK, true)] {
        if only.is_none() || !wanted(only, &kind) || (whole && !is_notebook) {
            continue;
        }
        let edits = safe_edits(checked, |it| whole || view.range.touches(it.range.start));
        if !edits.is_empty()
            && let Some(edit) = to_proto::workspace_edit(checked, client, edits.into_iter())
        {
            actions.push(CodeAction {
                title: "Apply all safe fixes of Stagelight".to_owned(),
                kind: Some(kind),
                edit: Some(edit),
                ..CodeAction::default()
            });
        }
    }
    actions.into_iter().map(CodeActionOrCommand::CodeAction).collect()
}

/// Whether a kind is asked for: by itself or by a kind that it belongs to.
fn wanted(only: Option<&[CodeActionKind]>, kind: &CodeActionKind) -> bool {
    only.is_none_or(|only| {
        only.iter().any(|asked| {
            let (asked, kind) = (asked.as_str(), kind.as_str());
            asked.is_empty()
                || kind
                    .strip_prefix(asked)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    })
}

fn quick_fixes(
    checked: &Checked,
    client: &Client,
    lines: &RangeInclusive<u32>,
    actions: &mut Vec<CodeAction>,
) {
    let here: Vec<&Finding> =
        checked.check.findings.iter().filter(|finding| on_lines(checked, finding, lines)).collect();
    let mut suppressions = Vec::new();
    for finding in here {
        let Some(diagnostic) = diagnostics::one(checked, client, finding) else { continue };
        for fix in &finding.fixes {
            let edit = to_proto::workspace_edit(checked, client, fix.edits.iter());
            let Some(edit) = edit else { continue };
            let safe = fix.applicability == Applicability::Safe;
            let title = if safe { fix.title.clone() } else { format!("{} (unsafe)", fix.title) };
            actions.push(CodeAction {
                title,
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![diagnostic.clone()]),
                edit: Some(edit),
                is_preferred: safe.then_some(true),
                ..CodeAction::default()
            });
        }
        if finding.rule != UNUSED_SUPPRESSION
            && let Some(edit) = suppression(checked, finding)
            && let Some(edit) = to_proto::workspace_edit(checked, client, std::iter::once(&edit))
        {
            suppressions.push(CodeAction {
                title: format!("Suppress `{}` on this line", finding.rule),
                kind: Some(CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![diagnostic]),
                edit: Some(edit),
                ..CodeAction::default()
            });
        }
    }
    fixes_of_one_rule(checked, client, actions);
    // Last, since it mends nothing. Two findings of a rule on a line need one comment.
    suppressions.dedup_by(|left, right| left.title == right.title);
    actions.append(&mut suppressions);
}

/// For rules whose safe fixes stand elsewhere in the file too: one action for all of them.
fn fixes_of_one_rule(checked: &Checked, client: &Client, actions: &mut Vec<CodeAction>) {
    let mut offered: Vec<&str> = Vec::new();
    for finding in &checked.check.findings {
        let rule = finding.rule;
        let title = match checked.key {
            Key::Text(_) => format!("Apply all safe fixes of `{rule}` in this file"),
            Key::Notebook(_) => format!("Apply all safe fixes of `{rule}` in this notebook"),
        };
        let is_here = actions.iter().any(|action| {
            action.is_preferred == Some(true)
                && action.diagnostics.iter().flatten().any(|diagnostic| {
                    matches!(&diagnostic.code, Some(tower_lsp_server::ls_types::NumberOrString::String(code)) if code == rule)
                })
        });
        let count = checked.check.findings.iter().filter(|it| it.rule == rule && safe(it)).count();
        if offered.contains(&rule) || !is_here || count < 2 {
            continue;
        }
        offered.push(rule);
        let edits = safe_edits(checked, |finding| finding.rule == rule);
        let edit = to_proto::workspace_edit(checked, client, edits.into_iter());
        let Some(edit) = edit else { continue };
        actions.push(CodeAction {
            title,
            kind: Some(CodeActionKind::QUICKFIX),
            edit: Some(edit),
            ..CodeAction::default()
        });
    }
}

fn safe(finding: &Finding) -> bool {
    finding.fixes.iter().any(|fix| fix.applicability == Applicability::Safe)
}

fn on_lines(checked: &Checked, finding: &Finding, lines: &RangeInclusive<u32>) -> bool {
    let first = checked.lines.line(finding.range.start);
    let last = checked.lines.line(finding.range.end);
    first <= *lines.end() && last >= *lines.start()
}

/// The edits of the first safe fix of each finding. A fix that touches what another one changes waits for the next time.
fn safe_edits(checked: &Checked, of: impl Fn(&Finding) -> bool) -> Vec<&Edit> {
    let mut edits: Vec<&Edit> = Vec::new();
    for finding in checked.check.findings.iter().filter(|finding| of(finding)) {
        let fix = finding.fixes.iter().find(|fix| fix.applicability == Applicability::Safe);
        let Some(fix) = fix else { continue };
        let collides = fix.edits.iter().any(|new| {
            edits
                .iter()
                .any(|old| new.range.start <= old.range.end && old.range.start <= new.range.end)
        });
        if !collides {
            edits.extend(&fix.edits);
        }
    }
    edits.sort_by_key(|edit| edit.range);
    edits
}

/// The edit that silences a finding: in a suppression that is there already, else in a comment above the line, else behind it.
///
/// A comment is not one within a string, and may not stand between a backslash and what it continues. So each way is tried, and taken
/// only if the parser then sees the comment and no new error.
fn suppression(checked: &Checked, finding: &Finding) -> Option<Edit> {
    let line = checked.lines.line(finding.range.start);
    let existing = existing_suppression(checked, finding.rule, line);
    let marker = match checked.program.language {
        Language::Python => "#",
        Language::Scala => "//",
    };
    let (start, end) = checked.lines.bounds(line);
    let content = checked.lines.content(&checked.text, line);
    let indentation: String =
        content.chars().take_while(|character| matches!(character, ' ' | '\t')).collect();
    let ending = if checked.text.contains("\r\n") { "\r\n" } else { "\n" };
    let written = |marker: &str| {
        let comment = format!("{marker} stagelight: ignore[{}]", finding.rule);
        let above = Edit {
            range: TextRange::new(start, start),
            replacement: format!("{indentation}{comment}{ending}"),
        };
        let behind = Edit { range: TextRange::new(end, end), replacement: format!("  {comment}") };
        [above, behind].into_iter().find(|edit| is_comment(checked, edit, marker == SQL_COMMENT))
    };
    existing.or_else(|| written(marker)).or_else(|| {
        // Cells of a notebook may be SQL.
        checked.notebook.as_ref()?;
        written(SQL_COMMENT)
    })
}

fn existing_suppression(checked: &Checked, rule: &str, line: u32) -> Option<Edit> {
    let comment = checked.program.comments.iter().find(|comment| {
        let own = checked.lines.line(comment.range.start);
        let covers = own == line || (!comment.trailing && own + 1 == line);
        let rest = comment.text.strip_prefix("stagelight:").unwrap_or_default().trim_start();
        covers && rest.starts_with("ignore[")
    })?;
    let bracket = comment.range.of(&checked.text).find(']')?;
    let at = comment.range.start + super::lines::saturate(bracket);
    Some(Edit { range: TextRange::new(at, at), replacement: format!(", {rule}") })
}

const SQL_COMMENT: &str = "--";

fn is_comment(checked: &Checked, edit: &Edit, in_sql: bool) -> bool {
    if let Some(notebook) = &checked.notebook
        && notebook.admitted([(edit.range, edit.replacement.as_str())], in_sql).is_none()
    {
        return false;
    }
    let program = checked.after(edit);
    let first = edit.range.start;
    let last = first + super::lines::saturate(edit.replacement.len());
    let seen = program
        .comments
        .iter()
        .any(|comment| first <= comment.range.start && comment.range.end <= last);
    seen && program.syntax_errors <= checked.program.syntax_errors
        && program.calls.len() == checked.program.calls.len()
}
