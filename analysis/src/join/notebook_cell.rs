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

/// A cell of a notebook in Databricks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Command {
    /// The hash of its text, where its name has one.
    pub(super) hash: Option<u32>,
}

/// The cell that a name in Databricks is of; none for other files, and for the launcher of a file (`command--1-…`).
///
/// The kernel compiles a cell as `~/.ipykernel/1348/command-1723439101937605-2048933269`: the folder has the process, the name the
/// number of the command and the hash of the text. Runtimes before kernels, and Scala, have the number alone: `<command-1723439101937605>`,
/// `command-1723439101937605`.
pub(super) fn command_of(file: &str) -> Option<Command> {
    let name = file.rsplit(['/', '\\']).next()?;
    let name = name.strip_prefix('<').map_or(Some(name), |it| it.strip_suffix('>'))?;
    let rest = name.strip_prefix("command-")?;
    let (number, hash) = rest.split_once('-').map_or((rest, None), |it| (it.0, Some(it.1)));
    let is_number = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
    let hash = match hash {
        Some(hash) => Some(hash.parse().ok()?),
        None => None,
    };
    is_number.then_some(Command { hash })
}

/// Where this line of any cell stands.
pub(super) fn all_places(files: &[JoinFile<'_>], line: u32) -> Vec<Place> {
    let mut places = Vec::new();
    for (file, it) in files.iter().enumerate() {
        places.extend(it.program.cells.iter().filter_map(|cell| place(file, it, cell, line)));
    }
    places
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
                places.extend(place(file, it, cell, line));
            }
        }
    }
    places
}

/// Where a line of a cell stands in the text of its notebook.
fn place(file: usize, it: &JoinFile<'_>, cell: &program::Cell, line: u32) -> Option<Place> {
    let text = cell.range.of(it.text);
    // IPython takes blank lines at the top away before it compiles (`leading_empty_lines`).
    let blank = text.lines().take_while(|line| line.trim().is_empty()).count();
    let first = it.lines.line(cell.range.start);
    let last = it.lines.line(cell.range.end);
    let line = first.saturating_add(blank as u32).saturating_add(line).saturating_sub(1);
    (line <= last).then_some(Place { file, line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_commands_are_told_from_others() {
        let hash = |file: &str| command_of(file).map(|it| it.hash);
        assert_eq!(
            hash("/databricks/.ipykernel/1348/command-1723439101937605-2048933269"),
            Some(Some(2_048_933_269))
        );
        assert_eq!(hash("<command-1723439101937605>"), Some(None));
        assert_eq!(hash("command-1723439101937605"), Some(None));
        for other in [
            "/databricks/.ipykernel/83/command--1-2723726414",
            "/srv/command-line.py",
            "<command-12",
            "command-",
            "/srv/command-7/job.py",
        ] {
            assert_eq!(hash(other), None, "{other}");
        }
    }

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
