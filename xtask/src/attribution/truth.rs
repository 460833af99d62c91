//! The recorded truth, and what `stagelight annotate` prints.

use serde::Deserialize;

/// Who asked for what in one log.
#[derive(Deserialize)]
pub(super) struct Truth {
    pub(super) executions: Vec<Execution>,
    pub(super) jobs: Vec<Job>,
}

#[derive(Deserialize)]
pub(super) struct Execution {
    pub(super) execution: u64,
    pub(super) action: Option<Call>,
    #[serde(default)]
    pub(super) operators: Vec<Operator>,
}

#[derive(Deserialize)]
pub(super) struct Job {
    pub(super) job: u64,
    pub(super) action: Option<Call>,
}

#[derive(Deserialize)]
pub(super) struct Operator {
    /// `Name#k`.
    pub(super) operator: String,
    /// Every line that is right.
    pub(super) sites: Vec<Call>,
}

/// A call: its file relative to the sources, and the line of the method's own name.
#[derive(Deserialize, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Call {
    pub(super) file: String,
    #[serde(default)]
    pub(super) cell: Option<u32>,
    pub(super) line: u32,
    /// Told apart by place only.
    #[serde(default)]
    pub(super) method: Method,
}

/// The method of a call, which is not compared.
#[derive(Deserialize, Debug, Clone, Default)]
pub(super) struct Method(pub(super) String);

impl PartialEq for Method {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Method {}
impl PartialOrd for Method {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Method {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

/// `stagelight.annotate/1`, as far as it is compared.
#[derive(Deserialize)]
pub(super) struct Annotated {
    pub(super) lines: Vec<Line>,
}

#[derive(Deserialize)]
pub(super) struct Line {
    file: String,
    line: u32,
    cell: Option<u32>,
    cell_line: Option<u32>,
    #[serde(rename = "match")]
    pub(super) matched: String,
    pub(super) executions: Vec<u64>,
    pub(super) jobs: Vec<u64>,
    pub(super) operators: Vec<LineOperator>,
    candidates: Vec<String>,
    /// Whether a finding may rest on it.
    pub(super) sure: bool,
}

#[derive(Deserialize)]
pub(super) struct LineOperator {
    pub(super) execution: u64,
    pub(super) node_id_or_name: String,
}

impl Line {
    /// The lines that it could be, where it is not certain: `file:line`, `file:cell 2:line`.
    pub(super) fn candidates(&self) -> impl Iterator<Item = Call> + '_ {
        self.candidates.iter().filter_map(|it| {
            let (place, line) = it.rsplit_once(':')?;
            let (file, cell) = match place.rsplit_once(":cell ") {
                Some((file, cell)) => (file, Some(cell.parse().ok()?)),
                None => (place, None),
            };
            let file = file.trim_start_matches("./").to_owned();
            Some(Call { file, cell, line: line.parse().ok()?, method: Method::default() })
        })
    }

    pub(super) fn call(&self) -> Call {
        let file = self.file.trim_start_matches("./").to_owned();
        // Notebooks in source form are read by the lines of their file.
        match (self.cell, self.cell_line) {
            (Some(cell), Some(line)) if file.ends_with(".ipynb") => {
                Call { file, cell: Some(cell), line, method: Method::default() }
            }
            _ => Call { file, cell: None, line: self.line, method: Method::default() },
        }
    }
}
