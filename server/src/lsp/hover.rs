//! Findings and cost at a position.

use analysis::Finding;
use tower_lsp_server::ls_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position};

use super::diagnosed::Here;
use super::state::{Checked, Client};
use super::views::View;
use super::{costs, diagnosed, diagnostics, markdown, to_proto};

/// What there is to say at `position` of a document.
pub(crate) fn hover(
    checked: &Checked,
    view: &View,
    client: &Client,
    position: Position,
) -> Option<Hover> {
    let offset = checked.views.offset(view, &checked.text, position)?;
    let here: Vec<&Finding> =
        checked.check.findings.iter().filter(|it| it.range.touches(offset)).collect();
    let mut sections: Vec<String> = here.iter().map(|finding| section(finding)).collect();
    let run = costs::run(checked);
    let line = run.and_then(|run| {
        Some((run, costs::by_line(checked, run).remove(&checked.lines.line(offset))?))
    });
    let at = checked.lines.line(offset);
    let mut slow = diagnosed::all(checked);
    slow.retain(|it| checked.lines.line(it.call.name_range.start) == at);
    sections.extend(slow.iter().take(DIAGNOSES).map(slow_section));
    if let Some((run, sites)) = line {
        sections.push(costs::table(run, &sites));
    }
    // Last, since it is read once and the numbers change with each run.
    sections.extend(here.iter().filter_map(|finding| why(finding.rule)));
    sections.extend(slow.iter().take(DIAGNOSES).map(|it| it.diagnosis.explanation.to_owned()));
    if sections.is_empty() {
        return None;
    }
    let text = sections.join("\n\n---\n\n");
    let contents = if client.markdown {
        to_proto::markdown(text)
    } else {
        MarkupContent { kind: MarkupKind::PlainText, value: plain(&text) }
    };
    Some(Hover {
        contents: HoverContents::Markup(contents),
        range: here
            .first()
            .and_then(|finding| Some(to_proto::location(checked, finding.range)?.range)),
    })
}

/// Diagnoses of one line that are told.
const DIAGNOSES: usize = 3;

fn slow_section(here: &Here<'_>) -> String {
    format!(
        "**{}**: {}\n\n**Help**: {}",
        here.diagnosis.id,
        markdown::escape(&diagnosed::summary(here)),
        markdown::escape(&diagnosed::advice(here))
    )
}

fn section(finding: &Finding) -> String {
    let mut text = format!("**{}**: {}", finding.rule, markdown::message(&finding.message));
    if let Some(measured) = diagnostics::measured(finding) {
        text.push_str(&format!(": {}", markdown::message(&measured)));
    }
    if !finding.help.is_empty() {
        text.push_str(&format!("\n\n**Help**: {}", markdown::message(&finding.help)));
    }
    text
}

/// The first paragraph of a rule's reasons.
fn why(id: &str) -> Option<String> {
    let rule = rules::ALL.iter().find(|rule| rule.id == id)?;
    let mut lines = rule.docs.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.find(|line| line.trim() == "## Why is this bad?")?;
    let paragraph: Vec<&str> = lines
        .skip_while(|line| line.trim().is_empty())
        .take_while(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(str::trim)
        .collect();
    (!paragraph.is_empty()).then(|| paragraph.join(" "))
}

/// Markdown of ours for clients that show it as it is.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        if line.starts_with("| --- |") {
            continue;
        }
        let mut escaped = false;
        for character in line.chars() {
            match character {
                '\\' if !escaped => escaped = true,
                '*' | '`' if !escaped => {}
                _ => {
                    out.push(character);
                    escaped = false;
                }
            }
        }
        out.push('\n');
    }
    out.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").trim_end().to_owned()
}
