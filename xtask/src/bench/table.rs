//! Tables for people, and their place in the documentation.

use std::fs;

use super::{Result, root};

/// The document that tables are written to.
const DOCUMENT: &str = "docs/performance.md";

/// A table in Markdown: the first column to the left, the others to the right.
pub(super) fn markdown(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut lines = vec![row(header), format!("|---|{}", "---:|".repeat(header.len() - 1))];
    lines.extend(rows.iter().map(|cells| row(cells)));
    lines.join("\n") + "\n"
}

fn row(cells: &[impl AsRef<str>]) -> String {
    let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
    format!("| {} |", cells.join(" | "))
}

/// A count with its thousands apart.
pub(super) fn count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Prints a section and, where it is asked for, puts it between its markers.
pub(super) fn publish(name: &str, section: &str, write: bool) -> Result<()> {
    println!("{section}");
    if write {
        let path = root().join(DOCUMENT);
        let document = fs::read_to_string(&path).map_err(|error| format!("{DOCUMENT}: {error}"))?;
        fs::write(&path, replaced(&document, name, section)?)?;
    }
    Ok(())
}

fn replaced(document: &str, name: &str, section: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name}:begin -->\n"), format!("<!-- {name}:end -->"));
    let (before, rest) = document.split_once(&begin).ok_or("a marker is missing")?;
    let (_, after) = rest.split_once(&end).ok_or("a marker is missing")?;
    Ok(format!("{before}{begin}{}\n{end}{after}", section.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_takes_the_place_between_its_markers() {
        let document = "a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb\n";
        let new = replaced(document, "x", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- x:begin -->\nnew\n<!-- x:end -->\nb\n");
        assert_eq!(replaced(&new, "x", "new\n").unwrap(), new);
        assert!(replaced(document, "y", "").is_err());
    }

    #[test]
    fn numbers_are_right_aligned() {
        let table = markdown(&["a", "b"], &[vec!["x".to_owned(), count(1_234_567.0)]]);
        assert_eq!(table, "| a | b |\n|---|---:|\n| x | 1,234,567 |\n");
        assert_eq!(count(999.0), "999");
    }
}
