//! The table of docs/attribution.md.

use std::fmt::Write as _;
use std::path::Path;

use super::Result;
use super::score::{Parts, Score};

/// One log's row.
pub(super) struct Row<'a> {
    pub(super) program: &'a str,
    pub(super) version: &'a str,
    pub(super) held_out: bool,
    pub(super) score: &'a Score,
}

/// Writes the table of `rows`, and those of the perturbed recordings and of divided stages where they were made anew.
pub(super) fn write(
    page: &Path,
    rows: &[Row<'_>],
    perturbed: Option<&str>,
    divided: Option<&str>,
) -> Result<()> {
    let mut text =
        std::fs::read_to_string(page).map_err(|error| format!("{}: {error}", page.display()))?;
    text = replaced(&text, "attribution", &table(rows))?;
    if let Some(perturbed) = perturbed {
        text = replaced(&text, "perturbed", perturbed)?;
    }
    if let Some(divided) = divided {
        text = replaced(&text, "divided", divided)?;
    }
    std::fs::write(page, text).map_err(|error| format!("{}: {error}", page.display()).into())
}

/// `text` with what stands between the markers of that name replaced.
fn replaced(text: &str, name: &str, by: &str) -> Result<String> {
    let lost = || format!("the page has lost its marker {name}");
    let (begin, end) = (format!("<!-- {name}:begin -->"), format!("<!-- {name}:end -->"));
    let start = text.find(&begin).ok_or_else(lost)? + begin.len();
    let end = text.find(&end).ok_or_else(lost)?;
    Ok(format!("{}\n{by}{}", &text[..start], &text[end..]))
}

fn table(rows: &[Row<'_>]) -> String {
    let mut out = String::new();
    for held_out in [false, true] {
        let own: Vec<&Row<'_>> = rows.iter().filter(|it| it.held_out == held_out).collect();
        if own.is_empty() {
            continue;
        }
        let first = if held_out { "program, scored once" } else { "program" };
        let _ = writeln!(
            out,
            "| {first} | Spark | actions: right | among | wrong | none | operators: right | among | wrong | none | their time: right | among | wrong | none |"
        );
        let _ =
            writeln!(out, "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        for row in &own {
            let _ = writeln!(out, "| {} | {} {}", row.program, row.version, cells(row.score));
        }
        let sum = own.iter().fold(Score::default(), |sum, it| sum.plus(it.score));
        let _ = writeln!(out, "| **all** | {}", cells(&sum));
        out.push('\n');
    }
    out.trim_end().to_owned() + "\n"
}

fn cells(score: &Score) -> String {
    let shares = |parts: Parts| match parts.percent() {
        Some(each) => each.map(|it| format!("| {it:.1} ")).concat(),
        None => "| – | – | – | – ".to_owned(),
    };
    format!(
        "{}{}{}|",
        shares(score.action_time),
        shares(score.operators),
        shares(score.operator_time)
    )
}
