//! Notebooks of Jupyter: `.ipynb`, which is JSON.
//!
//! The format is described in <https://nbformat.readthedocs.io/en/latest/format_description.html>. Outputs are passed over while the
//! file is parsed, and nothing of them is kept.

use std::collections::HashMap;
use std::fmt;

use program::{Language, TextRange};
use serde_json::value::RawValue;

use super::source_map::{Escape, FilePosition, MappedCell, MappedString, SourceMap};
use super::{CellSource, Dialect, Notebook, offset};

/// More text than this in the cells of one notebook is no code.
const MAX_TEXT: usize = 32 << 20;

/// The key under which Databricks keeps what it knows of a notebook.
const DATABRICKS: &str = "application/vnd.databricks.v1+notebook";

/// A notebook with its place in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JupyterNotebook {
    /// The notebook.
    pub notebook: Notebook,
    /// Where its text stands in the file.
    pub map: SourceMap,
}

/// Why a file is not a notebook that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotebookError {
    /// It is empty.
    Empty,
    /// It is not JSON, or not all of it is there.
    Json {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// It is JSON, but no notebook.
    NoCells,
    /// Its language is none of ours.
    Language(String),
    /// Its cells hold more text than is read.
    TooLarge,
}

impl fmt::Display for NotebookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty, and so no notebook"),
            Self::Json { line, column, message } => {
                write!(f, "is not valid JSON at line {line} column {column} ({message})")
            }
            Self::NoCells => f.write_str("is JSON but no notebook: it has no list of `cells`"),
            Self::Language(name) => {
                write!(f, "is a notebook in {name}, which is neither Python nor Scala")
            }
            Self::TooLarge => f.write_str("has more than 32 MiB of code in its cells"),
        }
    }
}

impl std::error::Error for NotebookError {}

impl JupyterNotebook {
    /// Reads the text of an `.ipynb` file.
    ///
    /// # Errors
    /// It is not a notebook in Python or Scala.
    pub fn read(file: &str) -> Result<Self, NotebookError> {
        let body = file.trim_start_matches('\u{feff}');
        if body.trim().is_empty() {
            return Err(NotebookError::Empty);
        }
        let whole: &RawValue = serde_json::from_str(body).map_err(|error| NotebookError::Json {
            line: error.line(),
            column: error.column(),
            message: reason(&error),
        })?;
        let root = object(whole);
        let Some(cells) = cells(&root) else { return Err(NotebookError::NoCells) };
        let metadata = root.get("metadata").map_or("{}", |it| it.get());
        let first = cells.iter().find_map(|cell| cell.language.as_deref());
        let (dialect, default) = dialect(metadata, first)?;
        let mut reader = Reader {
            file,
            map: SourceMap::default(),
            text: String::new(),
            line: 1,
            line_start: 0,
            column: 1,
            at: 0,
        };
        let mut sources: Vec<(u32, TextRange, Option<String>)> = Vec::new();
        let mut position = 0_u32;
        for (index, cell) in cells.iter().enumerate() {
            if !cell.is_code {
                continue;
            }
            if !sources.is_empty() {
                position += offset(super::SEPARATOR.len());
            }
            let start = reader.text.len();
            reader.cell(cell.source, position - offset(start));
            if reader.text.len() > MAX_TEXT {
                return Err(NotebookError::TooLarge);
            }
            position += offset(reader.text.len() - start);
            let range = TextRange::new(offset(start), offset(reader.text.len()));
            let language = cell.language.clone().or_else(|| default.clone());
            sources.push((offset(index + 1), range, language));
        }
        let text = reader.text;
        let notebook = Notebook::new(
            dialect,
            sources.iter().map(|(number, range, language)| CellSource {
                number: *number,
                text: range.of(&text),
                language: language.as_deref(),
            }),
        );
        Ok(Self { notebook, map: reader.map })
    }
}

/// What the parser says is wrong, without the place, which is told beside it.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Reads sources into one text, and where they stand into a map.
struct Reader<'a> {
    file: &'a str,
    map: SourceMap,
    /// The texts of all cells, without anything between them.
    text: String,
    /// How far lines and columns were counted.
    line: u32,
    line_start: usize,
    column: u32,
    at: usize,
}

impl Reader<'_> {
    /// Reads a cell's source. In the notebook's text it stands `shift` bytes further on than in this one.
    fn cell(&mut self, source: Option<&RawValue>, shift: u32) {
        let first = self.map.strings.len();
        let mut value = TextRange::default();
        if let Some(source) = source {
            value = self.place(source);
            let one = source.get().starts_with('"');
            let parts: Vec<&RawValue> = if one {
                vec![source]
            } else {
                serde_json::from_str(source.get()).unwrap_or_default()
            };
            for part in parts {
                if part.get().starts_with('"') {
                    self.string(part, shift);
                }
            }
        }
        self.map.cells.push(MappedCell { value, strings: first..self.map.strings.len() });
    }

    /// Where a value stands in the file: it was borrowed from there.
    fn place(&self, value: &RawValue) -> TextRange {
        let start = (value.get().as_ptr() as usize).saturating_sub(self.file.as_ptr() as usize);
        TextRange::new(offset(start), offset(start + value.get().len()))
    }

    fn string(&mut self, value: &RawValue, shift: u32) {
        let place = self.place(value);
        let file = TextRange::new(place.start + 1, place.end.saturating_sub(1));
        let position = self.position(file.start as usize);
        let start = offset(self.text.len());
        let raw = file.of(self.file);
        let mut at = 0;
        while let Some(found) = raw.get(at..).and_then(|rest| rest.find('\\')) {
            self.text.push_str(raw.get(at..at + found).unwrap_or_default());
            at += found;
            let (character, length) = unescaped(raw.get(at..).unwrap_or_default());
            self.map.escapes.push(Escape {
                text: offset(self.text.len()) + shift,
                file: file.start + offset(at),
                text_length: character.len_utf8() as u8,
                file_length: length as u8,
            });
            self.text.push(character);
            at += length;
        }
        self.text.push_str(raw.get(at..).unwrap_or_default());
        let text = TextRange::new(start + shift, offset(self.text.len()) + shift);
        self.map.strings.push(MappedString { text, file, position });
    }

    /// Line and column of a byte of the file. Bytes are asked for in their order.
    fn position(&mut self, byte: usize) -> FilePosition {
        let between = self.file.as_bytes().get(self.at..byte).unwrap_or_default();
        if let Some(last) = memchr::memrchr(b'\n', between) {
            let lines = memchr::memchr_iter(b'\n', between).count();
            self.line = self.line.saturating_add(offset(lines));
            self.line_start = self.at + last + 1;
            self.column = 1;
            self.at = self.line_start;
        }
        let characters = self.file.get(self.at..byte).map_or(0, |text| text.chars().count());
        self.column = self.column.saturating_add(offset(characters));
        self.at = byte;
        FilePosition { line: self.line, column: self.column }
    }
}

/// The character that an escape stands for, and the escape's length. A half of a surrogate pair stands for nothing that can be kept.
fn unescaped(escape: &str) -> (char, usize) {
    let unit = |at: usize| {
        let digits = escape.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    let character = match escape.as_bytes().get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'u') => {
            let Some(first) = unit(0) else { return (char::REPLACEMENT_CHARACTER, escape.len()) };
            if let (0xD800..=0xDBFF, Some(second @ 0xDC00..=0xDFFF)) = (first, unit(6)) {
                let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
            }
            return (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6);
        }
        Some(byte) => char::from(*byte),
        None => return (char::REPLACEMENT_CHARACTER, escape.len().max(1)),
    };
    (character, 2)
}

/// The members of an object, their values as they stand in the file. Of a key that stands twice the last counts, as in Python.
type Object<'a> = HashMap<String, &'a RawValue>;

/// The members of `value`; none where it is no object.
fn object(value: &RawValue) -> Object<'_> {
    serde_json::from_str(value.get()).unwrap_or_default()
}

/// The text of a string.
fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// A cell, as far as it is looked at.
#[derive(Debug, Default)]
struct RawCell<'a> {
    is_code: bool,
    source: Option<&'a RawValue>,
    /// The language that the notebook gives it beside its text.
    language: Option<String>,
}

impl<'a> RawCell<'a> {
    fn new(value: &'a RawValue) -> Self {
        let members = object(value);
        if members.get("cell_type").is_none_or(|kind| kind.get() != "\"code\"") {
            return Self::default();
        }
        // VS Code and Synapse keep the language of a cell in its metadata; the third format had a member for it.
        let metadata = members.get("metadata").map(|it| object(it)).unwrap_or_default();
        let inside = |owner: &str, key: &str| text(object(metadata.get(owner)?).get(key)?);
        let language = members
            .get("language")
            .and_then(|it| text(it))
            .or_else(|| inside("vscode", "languageId"))
            .or_else(|| inside("microsoft", "language"));
        Self {
            is_code: true,
            // The third format says `input`.
            source: members.get("source").or(members.get("input")).copied(),
            language: language.map(|it| it.to_ascii_lowercase()),
        }
    }
}

/// The cells of a notebook of the fourth format, or of the third, which has them in worksheets.
fn cells<'a>(root: &Object<'a>) -> Option<Vec<RawCell<'a>>> {
    let list = |value: &'a RawValue| -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(value.get()).ok()
    };
    if let Some(cells) = root.get("cells") {
        return Some(list(cells)?.into_iter().map(RawCell::new).collect());
    }
    let mut found = Vec::new();
    for sheet in list(root.get("worksheets")?)? {
        if let Some(cells) = object(sheet).get("cells").copied().and_then(list) {
            found.extend(cells.into_iter().map(RawCell::new));
        }
    }
    Some(found)
}

/// What runs a notebook by its metadata, which is an object of JSON, and by the language of its first cell that names one; with the
/// language of cells that do not say another, where that is not the main one.
///
/// # Errors
/// Its language is none of ours.
pub fn dialect(
    metadata: &str,
    cell: Option<&str>,
) -> Result<(Dialect, Option<String>), NotebookError> {
    let metadata: Object<'_> = serde_json::from_str(metadata).unwrap_or_default();
    let said = |owner: &str, key: &str| -> Option<String> {
        let name = text(object(metadata.get(owner)?).get(key)?)?.trim().to_ascii_lowercase();
        (!name.is_empty()).then_some(name)
    };
    let names = [
        said(DATABRICKS, "language"),
        said("language_info", "name"),
        said("kernelspec", "language"),
        said("kernelspec", "name"),
        said("kernelspec", "display_name"),
        cell.map(str::to_ascii_lowercase),
    ];
    let databricks = metadata.contains_key(DATABRICKS);
    let runs_spark = |name: &String| {
        ["spark", "toree", "spylon", "synapse", "glue"].iter().any(|it| name.contains(it))
    };
    let spark = databricks || names.iter().flatten().any(runs_spark);
    let mut unknown = None;
    for name in names.into_iter().flatten() {
        if databricks && name == "sql" {
            // A notebook whose cells are SQL: what else it holds is Python more often than not.
            let dialect = Dialect { language: Language::Python, databricks, spark };
            return Ok((dialect, Some(name)));
        }
        if let Some(language) = language(&name) {
            return Ok((Dialect { language, databricks, spark }, None));
        }
        unknown.get_or_insert(name);
    }
    match unknown {
        Some(name) => Err(NotebookError::Language(name)),
        // Jupyter's own default.
        None => Ok((Dialect { language: Language::Python, databricks, spark }, None)),
    }
}

/// The language that a kernel's name or a language's own stands for.
fn language(name: &str) -> Option<Language> {
    let is = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    if is(&["python", "pyspark"]) {
        Some(Language::Python)
    } else if is(&["scala", "spylon", "almond", "sparkkernel", "synapse_spark"]) || name == "spark"
    {
        Some(Language::Scala)
    } else {
        None
    }
}
