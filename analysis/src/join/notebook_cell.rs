//! Cells of notebooks in call sites.
//!
//! The kernel of Jupyter compiles each cell under the name of a file that does not exist: `ipykernel_4711/1282472188.py` in the folder for
//! temporary files, where the first number is that of the process and the second a hash of the cell's text
//! (`ipykernel.compiler.get_file_name`). PySpark logs that name, so the hash leads to the cell as it was when it ran, in whatever order
//! cells are run; one that was edited since is not found.

use std::fmt;

use super::JoinFile;
use super::call_site::Place;

/// The hash in the name of a cell's file; none for other files.
pub(super) fn hash_of(file: &str) -> Option<u32> {
    let (folder, name) = file.rsplit_once(['/', '\\'])?;
    let folder = folder.rsplit(['/', '\\']).next()?;
    folder.strip_prefix("ipykernel_")?;
    name.strip_suffix(".py")?.parse().ok()
}

/// A line as people count it: in its file, or in its cell where the file is JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CountedLine {
    cell: Option<u32>,
    line: u32,
    /// Whether it is one of an earlier text, which no call of today's leads to.
    earlier: bool,
}

impl CountedLine {
    /// The line of a file, counted from 1 over its whole text; that of today for an earlier text.
    pub(super) fn new(file: &JoinFile<'_>, line: u32) -> Self {
        match file.today {
            None => Self::of(file, line),
            Some(today) => match today.lines.get(&line) {
                Some(&line) => Self::of(&today.file, line),
                None => Self { earlier: true, ..Self::of(file, line) },
            },
        }
    }

    fn of(file: &JoinFile<'_>, line: u32) -> Self {
        let first = |cell: &program::Cell| file.lines.line(cell.range.start);
        // In other notebooks people see the file's own lines.
        let cells = if file.path.ends_with(".ipynb") { &file.program.cells[..] } else { &[] };
        let next = cells.partition_point(|cell| first(cell) <= line);
        match next.checked_sub(1).and_then(|at| cells.get(at)) {
            Some(cell) => {
                Self { cell: Some(cell.number), line: line + 1 - first(cell), earlier: false }
            }
            None => Self { cell: None, line, earlier: false },
        }
    }
}

impl fmt::Display for CountedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cell {
            Some(cell) => write!(f, "cell {cell}:{}", self.line)?,
            None => write!(f, "{}", self.line)?,
        }
        if self.earlier { f.write_str(" of the text that ran") } else { Ok(()) }
    }
}

/// Where a line of the cell with this hash stands: several places where cells are alike.
pub(super) fn places(files: &[JoinFile<'_>], hash: u32, line: u32) -> Vec<Place> {
    let mut places = Vec::new();
    for (file, it) in files.iter().enumerate() {
        for cell in &it.program.cells {
            if cell.hash == hash {
                let text = cell.range.of(it.text);
                // IPython takes blank lines at the top away before it compiles (`leading_empty_lines`).
                let blank = text.lines().take_while(|line| line.trim().is_empty()).count();
                let first = it.lines.line(cell.range.start);
                let last = it.lines.line(cell.range.end);
                let line =
                    first.saturating_add(blank as u32).saturating_add(line).saturating_sub(1);
                if line <= last {
                    places.push(Place { file, line });
                }
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_cells_are_told_from_others() {
        assert_eq!(hash_of("/var/ipykernel_19133/1282472188.py"), Some(1_282_472_188));
        assert_eq!(hash_of("C:\\Temp\\ipykernel_7\\12.py"), Some(12));
        for other in [
            "/srv/12.py",
            "ipykernel_1/x.py",
            "/a/ipykernel_1/99999999999.py",
            "12.py",
            "<timed exec>",
        ] {
            assert_eq!(hash_of(other), None, "{other}");
        }
    }
}
