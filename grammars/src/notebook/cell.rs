//! What a cell is: code of the notebook's language with what its magics mean, SQL, or neither.

use program::{Comment, Import, TextRange};

use super::databricks::{lines, prefix};
use super::magic::{self, CellMagic, Magic};
use super::{Cell, Session, sql};
use crate::syntax::{Stmt, StmtKind};

/// The content of a cell.
#[derive(Debug, Clone)]
pub(super) struct Content {
    /// What is parsed, in order: the whole cell, or its lines where a marker stands before them.
    pub(super) code: Vec<TextRange>,
    /// Comments in its SQL text that speak to Stagelight.
    pub(super) comments: Vec<Comment>,
    /// What its magics do, as statements of the surface syntax.
    pub(super) statements: Vec<Stmt>,
    /// What is blanked before the cell is parsed, with what stands in its place.
    masks: Vec<(TextRange, &'static str)>,
    /// The markers before its lines.
    prefixes: Vec<TextRange>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Sql,
    Other,
}

/// A line of a cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// Its content with its end, without the marker before it.
    pub(super) range: TextRange,
    /// Its content without its end.
    pub(super) text: &'a str,
}

impl Content {
    /// The content of `cell`.
    pub(super) fn of(text: &str, cell: &Cell, session: Session) -> Self {
        let mut prefixes = Vec::new();
        let content = cell.range.of(text);
        let cell_lines: Vec<Line<'_>> = lines(content)
            .map(|(range, line)| {
                let start = cell.range.start + range.start;
                let end = cell.range.start + range.end;
                let marker = prefix(session.dialect.language, line)
                    .filter(|_| session.dialect.databricks)
                    .unwrap_or(0);
                if marker > 0 {
                    prefixes.push(TextRange::new(start, start + marker as u32));
                }
                let text = line.get(marker..).unwrap_or_default().trim_end_matches(['\n', '\r']);
                Line { range: TextRange::new(start + marker as u32, end), text }
            })
            .collect();
        let mut found = Self {
            code: Vec::new(),
            comments: Vec::new(),
            statements: Vec::new(),
            masks: Vec::new(),
            prefixes,
            kind: Kind::Code,
        };
        let first = cell_lines.iter().position(|line| !line.text.trim().is_empty());
        let magic = first.map_or(CellMagic::None, |at| {
            magic::of_cell(cell_lines[at].text, first == Some(cell_lines.len() - 1), cell, session)
        });
        match magic {
            CellMagic::None => found.read_code(text, cell, &cell_lines, session),
            CellMagic::Main(code) => {
                let line = first.map_or(cell.range, |at| cell_lines[at].range);
                let magic = TextRange::new(line.start, line.start + code as u32);
                found.masks.push((magic, ""));
                // What follows on the magic's own line begins the code.
                let mut rest = cell_lines.clone();
                rest.drain(..first.unwrap_or(0));
                if let Some(line) = rest.first_mut() {
                    line.text = line.text.get(code..).unwrap_or_default();
                    line.range = TextRange::new(magic.end, line.range.end);
                }
                found.read_code(text, cell, &rest, session);
            }
            CellMagic::Sql(code) => {
                found.kind = Kind::Sql;
                let start = first.map_or(cell.range, |at| cell_lines[at].range).start;
                let range = TextRange::new(start + code as u32, cell.range.end);
                found.statements = found.sql(text, range, session);
            }
            CellMagic::Other => found.kind = Kind::Other,
        }
        found
    }

    /// Whether it is in another language than the notebook's program.
    pub(super) fn is_other(&self) -> bool {
        self.kind == Kind::Other
    }

    /// Blanks in the notebook's text what is not to be parsed; each offset stays what it is.
    pub(super) fn mask(&self, text: &mut [u8]) {
        let blanks = self.prefixes.iter().map(|range| (*range, ""));
        for (range, instead) in blanks.chain(self.masks.iter().copied()) {
            let Some(bytes) = text.get_mut(range.start as usize..range.end as usize) else {
                continue;
            };
            for byte in bytes.iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
                *byte = b' ';
            }
            if let Some(place) = bytes.get_mut(..instead.len()) {
                place.copy_from_slice(instead.as_bytes());
            }
        }
    }

    /// Whether a replacement leaves the cell what it is.
    pub(super) fn admits(
        &self,
        text: &str,
        range: TextRange,
        replacement: &str,
        in_sql: bool,
    ) -> bool {
        let in_line = !replacement.contains(['\n', '\r'])
            && !range.of(text).contains('\n')
            && self.prefixes.iter().all(|it| range.end < it.start || it.end <= range.start);
        if !self.prefixes.is_empty() && !in_line {
            return false;
        }
        let touches = |it: &TextRange| range.start < it.end && it.start <= range.end;
        match self.kind {
            Kind::Code => in_sql || !self.masks.iter().any(|(mask, _)| touches(mask)),
            Kind::Sql => in_sql,
            Kind::Other => false,
        }
    }

    fn read_code(&mut self, text: &str, cell: &Cell, lines: &[Line<'_>], session: Session) {
        self.code = if self.prefixes.is_empty() {
            let start = lines.first().map_or(cell.range.start, |line| line.range.start);
            vec![TextRange::new(start, cell.range.end)]
        } else {
            lines.iter().map(|line| line.range).filter(|range| range.start < range.end).collect()
        };
        for found in magic::in_code(lines, session) {
            self.masks.push((found.range, found.instead));
            match found.magic {
                Magic::Nothing => {}
                Magic::Run(path) => self.statements.push(Stmt {
                    kind: StmtKind::Import(Import {
                        path,
                        member: Some("*".to_owned()),
                        alias: None,
                        range: found.range,
                    }),
                    range: found.range,
                }),
                Magic::Sql(range) => {
                    let statements = self.sql(text, range, session);
                    self.statements.extend(statements);
                }
            }
        }
    }

    fn prefixes_in(&self, range: TextRange) -> &[TextRange] {
        let first = self.prefixes.partition_point(|it| it.start < range.start);
        let last = self.prefixes.partition_point(|it| it.end <= range.end);
        self.prefixes.get(first..last).unwrap_or_default()
    }

    /// The statements of the SQL text in `range`, whose comments are taken note of.
    fn sql(&mut self, text: &str, range: TextRange, session: Session) -> Vec<Stmt> {
        let mut blanked = range.of(text).as_bytes().to_vec();
        for prefix in self.prefixes_in(range) {
            let place = (prefix.start - range.start) as usize..(prefix.end - range.start) as usize;
            if let Some(bytes) = blanked.get_mut(place) {
                bytes.fill(b' ');
            }
        }
        let blanked = String::from_utf8(blanked).unwrap_or_default();
        self.comments.extend(sql::comments(&blanked, range));
        sql::statements(&blanked, range, session, &|part| {
            let mut written = String::new();
            let mut from = part.start;
            for prefix in self.prefixes_in(part) {
                written.push_str(TextRange::new(from, prefix.start).of(text));
                from = prefix.end;
            }
            written.push_str(TextRange::new(from, part.end).of(text));
            written
        })
    }
}
