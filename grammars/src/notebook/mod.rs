//! Notebooks: their cells in order are one program.
//!
//! A notebook's text is the text of its code cells, one after the other, and every range of its [`Program`] is in that text. For the
//! source format of Databricks (`# COMMAND ----------`, `# MAGIC`) that text is the file itself; for Jupyter's `.ipynb` a
//! [`SourceMap`] leads from it to the file's bytes and back.
//!
//! Each cell is parsed by itself, so one that is half typed costs no other. What is not in the notebook's language (other
//! languages, commands of the shell, magics) is blanked in place before that, which keeps every offset.

mod cell;
mod databricks;
mod jupyter;
mod kernel;
mod magic;
mod rewrite;
mod source_map;
mod sql;

use std::sync::Arc;

use crate::parse::{Parsed, parse_parts, parser};
use crate::syntax::{File, Part, Stmt};
use crate::tree::SyntaxTree;
use crate::{Memory, Surface, python, scala};
use program::{Language, Links, Program, TextRange};

pub use jupyter::{JupyterNotebook, NotebookError, dialect};
pub use rewrite::RewriteError;
pub use source_map::{FilePosition, SourceMap};

/// Between two cells of the text: a line of its own, so that a comment at the end of one cell speaks of nothing in the next.
const SEPARATOR: &str = "\n\n";

/// What a notebook is run by, as far as that decides on the meaning of its magics and names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// The language of cells that do not say another.
    pub language: Language,
    /// Whether it is one of Databricks, where `%sql` and the like speak for a whole cell.
    pub databricks: bool,
    /// Whether it is certain that a Spark session runs it.
    pub spark: bool,
}

/// What is known of the session that a notebook runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Session {
    dialect: Dialect,
    /// Whether it is one of Spark.
    spark: bool,
    /// Whether its SQL is Spark's: the same magics are used for other databases.
    sql: bool,
}

/// A notebook as one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notebook {
    session: Session,
    text: String,
    cells: Vec<Cell>,
}

/// A code cell of a [`Notebook`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its place among all cells of the notebook, those with prose included, from 1.
    pub number: u32,
    /// Its text.
    pub range: TextRange,
    /// Where the notebook says so beside the text: the language it is written in, by its name.
    pub language: Option<String>,
}

/// A cell's place and text, to make a [`Notebook`] of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellSource<'a> {
    /// Its place among all cells of the notebook, from 1.
    pub number: u32,
    /// Its text.
    pub text: &'a str,
    /// Where the notebook says so beside the text: the language it is written in.
    pub language: Option<&'a str>,
}

impl Notebook {
    /// The notebook of these code cells.
    #[must_use]
    pub fn new<'a>(dialect: Dialect, sources: impl IntoIterator<Item = CellSource<'a>>) -> Self {
        let mut text = String::new();
        let mut cells = Vec::new();
        for source in sources {
            if !cells.is_empty() {
                text.push_str(SEPARATOR);
            }
            let start = offset(text.len());
            text.push_str(source.text);
            cells.push(Cell {
                number: source.number,
                range: TextRange::new(start, offset(text.len())),
                language: source.language.map(str::to_owned),
            });
        }
        Self { session: Session::new(dialect, &text), text, cells }
    }

    /// The notebook that a file in the source format of Databricks is; none for any other text.
    #[must_use]
    pub fn databricks(language: Language, text: &str) -> Option<Self> {
        let cells = databricks::cells(language, text)?;
        let dialect = Dialect { language, databricks: true, spark: true };
        let session = Session { dialect, spark: true, sql: true };
        Some(Self { session, text: text.to_owned(), cells })
    }

    /// The same cells with these texts, one for each. A notebook in the source format of Databricks is read from its whole text instead.
    #[must_use]
    pub fn with_texts(&self, texts: &[String]) -> Self {
        let cells = self.cells.iter().zip(texts).map(|(cell, text)| CellSource {
            number: cell.number,
            text,
            language: cell.language.as_deref(),
        });
        Self::new(self.session.dialect, cells)
    }

    /// What it is run by.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.session.dialect
    }

    /// Its main language.
    #[must_use]
    pub fn language(&self) -> Language {
        self.session.dialect.language
    }

    /// The text that all ranges are in.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its code cells in order.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The index of the cell that holds the byte at `offset`, the place behind its last byte included.
    #[must_use]
    pub fn cell_at(&self, offset: u32) -> Option<usize> {
        let next = self.cells.partition_point(|cell| cell.range.start <= offset);
        let index = next.checked_sub(1)?;
        self.cells[index].range.touches(offset).then_some(index)
    }

    /// Code cells that are left out of the program, being in another language.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.cells.iter().filter(|cell| self.content(cell).is_other()).count()
    }

    /// The same replacements as far as one cell can take them; none where they reach beyond one cell, or into what is no code of the
    /// notebook's language. `in_sql` tells that they are meant for SQL text, which only SQL cells have.
    #[must_use]
    pub fn admitted<'a>(
        &self,
        edits: impl IntoIterator<Item = (TextRange, &'a str)>,
        in_sql: bool,
    ) -> Option<Vec<(TextRange, String)>> {
        let mut cell = None;
        let mut admitted = Vec::new();
        for (range, replacement) in edits {
            let (index, range, replacement) = self.within_cell(range, replacement)?;
            if *cell.get_or_insert(index) != index {
                return None;
            }
            if !self.content(&self.cells[index]).admits(&self.text, range, &replacement, in_sql) {
                return None;
            }
            admitted.push((range, replacement));
        }
        Some(admitted)
    }

    /// A replacement that reaches into the line's end that parts a cell from the next means the cell's own end.
    fn within_cell(
        &self,
        range: TextRange,
        replacement: &str,
    ) -> Option<(usize, TextRange, String)> {
        let next = self.cells.partition_point(|cell| cell.range.start <= range.start);
        let index = next.checked_sub(1)?;
        let cell = self.cells[index].range;
        let past = self.text.get(cell.end as usize..).unwrap_or_default();
        let line_end = match past.as_bytes() {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            _ => 0,
        };
        if range.end <= cell.end {
            return Some((index, range, replacement.to_owned()));
        }
        if range.end > cell.end + line_end {
            return None;
        }
        if range.start <= cell.end {
            // The cell's last line goes with its end, and its end stays.
            let kept = replacement.strip_suffix('\n').unwrap_or(replacement);
            return Some((index, TextRange::new(range.start, cell.end), kept.to_owned()));
        }
        // A line that is added below the last one.
        let line = replacement.strip_suffix('\n')?;
        let ended = cell.of(&self.text).ends_with('\n') || cell.start == cell.end;
        let line = if ended { line.to_owned() } else { format!("\n{line}") };
        Some((index, TextRange::new(cell.end, cell.end), line))
    }

    /// The program, taken for itself.
    #[must_use]
    pub fn program(&self) -> Program {
        self.linked_program(&program::Alone)
    }

    /// The program among the files that `links` speaks for.
    #[must_use]
    pub fn linked_program(&self, links: &dyn Links) -> Program {
        self.surface().program(links)
    }

    /// What the program is lowered from.
    #[must_use]
    pub fn surface(&self) -> Surface {
        Surface::new(
            self.session.dialect.language,
            Arc::new(self.file()),
            self.text.as_str().into(),
        )
    }

    /// The same, lowered with what the notebook's earlier texts left in `memory`.
    #[must_use]
    pub fn remembered_surface(&self, memory: &Arc<Memory>) -> Surface {
        self.surface().with(Some(memory))
    }

    fn content(&self, cell: &Cell) -> cell::Content {
        cell::Content::of(&self.text, cell, self.session)
    }

    /// The surface syntax of all cells.
    fn file(&self) -> File {
        let language = self.session.dialect.language;
        let mut file = File {
            range: TextRange::new(0, offset(self.text.len())),
            runs_on_spark: self.session.spark,
            cells: self
                .cells
                .iter()
                .map(|cell| program::Cell {
                    number: cell.number,
                    range: cell.range,
                    hash: kernel::hash(cell.range.of(&self.text)),
                })
                .collect(),
            ..File::default()
        };
        let Some(mut parser) = parser(crate::document::grammar(language)) else { return file };
        // What is no code is blanked in a copy; names and texts are then read from that copy too, at the same offsets.
        let mut masked = self.text.clone().into_bytes();
        let contents: Vec<cell::Content> =
            self.cells.iter().map(|cell| self.content(cell)).collect();
        for content in &contents {
            content.mask(&mut masked);
        }
        let masked = String::from_utf8(masked).unwrap_or_else(|broken| {
            // Whole characters are blanked, so this does not happen; were it to, the cells would be read as they stand.
            debug_assert!(false, "{broken}");
            self.text.clone()
        });
        for (content, cell) in contents.into_iter().zip(&self.cells) {
            let code: Vec<(usize, usize)> =
                content.code.iter().map(|it| (it.start as usize, it.end as usize)).collect();
            let mut part = Part { range: cell.range, ..Part::default() };
            if !code.is_empty() {
                match parse_parts(&mut parser, &masked, &code) {
                    Parsed { tree: Some(tree), cut: None } => {
                        let tree = SyntaxTree::new(language, &masked, tree.walk());
                        part = match language {
                            Language::Python => python::part(&tree, &masked, cell.range),
                            Language::Scala => scala::part(&tree, &masked, cell.range),
                        };
                    }
                    _ => {
                        part.syntax_errors = 1;
                        part.left_out = content.code;
                    }
                }
            }
            part.comments.splice(..0, content.comments);
            let start = |statement: &Stmt| statement.range.start;
            if !content.statements.is_empty() || !part.body.is_sorted_by_key(start) {
                let mut body = content.statements;
                body.extend_from_slice(&part.body);
                // Stable: statements of one assignment share their range.
                body.sort_by_key(start);
                part.body = body.into();
            }
            file.parts.push(Arc::new(part));
        }
        file
    }
}

impl Session {
    fn new(dialect: Dialect, text: &str) -> Self {
        let certain = dialect.databricks || dialect.spark;
        let spark = certain || magic::names_session(dialect.language, text);
        Self { dialect, spark, sql: certain || (spark && !text.contains("load_ext sql")) }
    }
}

/// Offsets are 32 bits wide; readers refuse what is larger.
fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Whether `line`, the first of a text, says that it is a notebook in the source format of Databricks.
pub(crate) fn is_databricks(language: Language, line: &str) -> bool {
    databricks::is_header(language, line)
}
