//! Magics: the lines of a notebook that speak to what runs it, not in its language.
//!
//! What each does is told by <https://ipython.readthedocs.io/en/stable/interactive/magics.html>,
//! <https://docs.databricks.com/aws/en/notebooks/notebooks-code#mix-languages> and
//! <https://github.com/jupyter-incubator/sparkmagic#kernels>.

use program::{Language, TextRange};
use spark::Type;

use super::cell::Line;
use super::{Cell, Session};

/// What the first line of a cell makes of the whole cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellMagic {
    /// Nothing: it is code.
    None,
    /// It is code from this byte of the line on.
    Main(usize),
    /// It is Spark SQL from this byte of the line on.
    Sql(usize),
    /// It is in another language.
    Other,
}

/// A magic among the lines of a cell's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// What of the line is not code.
    pub(super) range: TextRange,
    /// What stands in its place, of the same meaning as far as names go.
    pub(super) instead: &'static str,
    /// What it does.
    pub(super) magic: Magic,
}

/// What a line's magic does, as far as it matters to the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Magic {
    /// Nothing.
    Nothing,
    /// It runs another notebook or file, whose definitions are there from then on.
    Run(String),
    /// It runs the SQL text of this range.
    Sql(TextRange),
}

/// A value that nothing is known of, in either language.
const UNKNOWN: &str = "_";
/// A statement that does nothing, in either language.
const NOTHING: &str = "0";
/// The same with another statement behind it on the line.
const NOTHING_THEN: &str = "0;";

/// What `line`, the first of a cell that is not blank, makes of the cell. `alone` tells that no other line follows.
pub(super) fn of_cell(line: &str, alone: bool, cell: &Cell, session: Session) -> CellMagic {
    let Some((percents, name, end)) = head(line) else {
        return of_language(cell, session);
    };
    let rest = line.get(end..).unwrap_or_default();
    let main = is_main(&name, session.dialect.language);
    if percents == 2 {
        return match name.as_str() {
            "sql" | "sparksql" if session.sql => CellMagic::Sql(end + options(rest)),
            // They run the cell's code, and measure or catch what it does.
            "time" | "timeit" | "capture" | "prun" | "debug" | "memit" | "mprun" | "ipytest" => {
                CellMagic::Main(line.len())
            }
            "spark" if !rest.contains("-l ") => CellMagic::Main(line.len()),
            // IPython's own `%%python` starts another process.
            "python" | "python3" if !session.dialect.databricks => CellMagic::Other,
            _ if main => CellMagic::Main(end),
            _ => CellMagic::Other,
        };
    }
    match name.as_str() {
        "sql" if session.dialect.databricks => CellMagic::Sql(end),
        // IPython's `%sql` is for its own line, and says nothing if that is all there is.
        "sql" if session.sql && rest.trim().is_empty() && !alone => CellMagic::Sql(end),
        _ if main => CellMagic::Main(end),
        "sql" if session.dialect.databricks => CellMagic::Other,
        "python" | "scala" | "r" | "sh" | "bash" | "fs" | "md" | "md-sandbox" | "markdown"
        | "html" => CellMagic::Other,
        _ => CellMagic::None,
    }
}

/// What a cell without a magic is by the language that the notebook gives it.
fn of_language(cell: &Cell, session: Session) -> CellMagic {
    match cell.language.as_deref() {
        Some(name) if is_main(name, session.dialect.language) => CellMagic::None,
        Some("sql" | "sparksql") if session.sql => CellMagic::Sql(0),
        Some(_) => CellMagic::Other,
        None => CellMagic::None,
    }
}

fn is_main(name: &str, language: Language) -> bool {
    match language {
        Language::Python => matches!(name, "python" | "pyspark" | "python3" | "ipython"),
        Language::Scala => matches!(name, "scala" | "spark"),
    }
}

/// The number of percent signs that a line begins with, the name behind them, and where that ends.
fn head(line: &str) -> Option<(usize, String, usize)> {
    let blanks = line.len() - line.trim_start().len();
    let rest = line.trim_start();
    let name = rest.trim_start_matches('%');
    let percents = rest.len() - name.len();
    let length = name
        .find(|it: char| !it.is_ascii_alphanumeric() && !matches!(it, '_' | '-' | '.'))
        .unwrap_or(name.len());
    if !(1..=2).contains(&percents) || !name.starts_with(|it: char| it.is_ascii_alphabetic()) {
        return None;
    }
    let name = name.get(..length)?;
    Some((percents, name.to_ascii_lowercase(), blanks + percents + length))
}

/// The length of the rest of a magic's line if it holds options or a name for the result, and no SQL.
fn options(rest: &str) -> usize {
    let words = rest.split_whitespace().count();
    if rest.trim_start().starts_with('-') || words == 1 { rest.len() } else { 0 }
}

/// The magics among the lines of a cell's code.
pub(super) fn in_code(lines: &[Line<'_>], session: Session) -> Vec<Found> {
    let mut found = Vec::new();
    let mut scan = Scan::default();
    let mut continued = false;
    for line in lines {
        let content = TextRange::new(line.range.start, line.range.start + line.text.len() as u32);
        if std::mem::take(&mut continued) {
            found.push(Found { range: content, instead: "", magic: Magic::Nothing });
            continued = line.text.ends_with('\\');
            continue;
        }
        if !scan.at_statement() {
            scan.read(line.text, session.dialect.language);
            continue;
        }
        match magic(line.text, session) {
            None => scan.read(line.text, session.dialect.language),
            Some(Shape { range: (start, end), instead, magic }) => {
                let at = |offset: usize| line.range.start + offset as u32;
                let magic = match magic {
                    Magic::Sql(range) => {
                        Magic::Sql(TextRange::new(at(range.start as usize), at(range.end as usize)))
                    }
                    other => other,
                };
                found.push(Found { range: TextRange::new(at(start), at(end)), instead, magic });
                if end < line.text.len() {
                    let rest = line.text.get(end..).unwrap_or_default();
                    scan.read(rest, session.dialect.language);
                } else {
                    continued = line.text.ends_with('\\');
                }
            }
        }
    }
    found
}

/// A magic by the bytes of its line.
struct Shape {
    range: (usize, usize),
    instead: &'static str,
    magic: Magic,
}

/// The magic of a line that begins a statement.
fn magic(line: &str, session: Session) -> Option<Shape> {
    let trimmed = line.trim_start();
    let start = line.len() - trimmed.len();
    let whole = |magic| Shape { range: (start, line.len()), instead: NOTHING, magic };
    if let Some((_, name, end)) = head(line) {
        let rest = line.get(end..).unwrap_or_default();
        return Some(match name.as_str() {
            "time" | "timeit" | "prun" | "memit" | "mprun" | "lprun" => {
                let code = end + measured(rest);
                if code < line.len() {
                    Shape { range: (start, code), instead: NOTHING_THEN, magic: Magic::Nothing }
                } else {
                    whole(Magic::Nothing)
                }
            }
            "run" => whole(run(rest, session).map_or(Magic::Nothing, Magic::Run)),
            "sql" | "sparksql" if session.sql && !rest.trim().is_empty() => {
                whole(Magic::Sql(TextRange::new(end as u32, line.len() as u32)))
            }
            _ => whole(Magic::Nothing),
        });
    }
    if session.dialect.language == Language::Scala {
        return None;
    }
    let help = trimmed.trim_end();
    let asks = help.ends_with('?')
        && help.trim_end_matches('?').chars().all(|it| it.is_alphanumeric() || "_.*%".contains(it));
    if trimmed.starts_with(['!', '?', '%']) || asks {
        return Some(whole(Magic::Nothing));
    }
    // `files = !ls`, `result = %timeit -o f()`.
    let equals = trimmed.find('=')?;
    let value = trimmed.get(equals + 1..)?.trim_start();
    let target = trimmed.get(..equals)?;
    let shell = value.starts_with('!') && !value.starts_with("!=");
    let assigns = shell || (value.starts_with('%') && head(value).is_some());
    let plain = !target.contains(['#', '"', '\'', '(']);
    (assigns && plain).then(|| Shape {
        range: (line.len() - value.len(), line.len()),
        instead: UNKNOWN,
        magic: Magic::Nothing,
    })
}

/// The length of the options that stand before the code which a magic measures.
fn measured(rest: &str) -> usize {
    let mut at = 0;
    loop {
        let tail = rest.get(at..).unwrap_or_default();
        at += tail.len() - tail.trim_start().len();
        let tail = tail.trim_start();
        let Some(option) = tail.strip_prefix('-') else { return at };
        let word = option.split_whitespace().next().unwrap_or_default();
        at += 1 + word.len();
        // Options whose value may stand apart.
        if matches!(word, "n" | "r" | "p" | "s" | "l" | "f" | "m" | "T" | "D") {
            let tail = rest.get(at..).unwrap_or_default();
            at += tail.len() - tail.trim_start().len();
            let value = tail.trim_start();
            at += value.find(char::is_whitespace).unwrap_or(value.len());
        }
    }
}

/// The path that `%run` names, as [`Import::path`](program::Import::path) has it; none for one that only the run knows.
fn run(rest: &str, session: Session) -> Option<String> {
    let rest = rest.trim();
    let quote = rest.chars().next().filter(|it| matches!(it, '"' | '\''));
    let path = match quote {
        Some(quote) => rest.get(1..)?.split(quote).next()?,
        // Parameters follow: `%run ./other $date="2024-01-01"`.
        None if session.dialect.databricks => rest.split(" $").next()?,
        // Options stand before the path, and arguments behind it.
        None => rest.split_whitespace().find(|word| !word.starts_with('-'))?,
    };
    let path = path.trim();
    let path =
        [".py", ".ipynb", ".scala"].iter().find_map(|it| path.strip_suffix(it)).unwrap_or(path);
    // A dot parts the path from a name in what it runs.
    let names = path.split('/').skip_while(|it| matches!(*it, "." | ".."));
    let known = !path.is_empty() && names.clone().all(|it| !it.contains(['.', '$', '{', '%']));
    (known && names.last().is_some_and(|it| !it.is_empty())).then(|| format!("%{path}"))
}

/// Whether code calls a Spark session or context by the name that a notebook's kernel gives it.
pub(super) fn names_session(language: Language, text: &str) -> bool {
    ["spark", "sqlContext", "sc"].iter().any(|name| {
        text.match_indices(name).any(|(at, _)| {
            let before = text.get(..at).unwrap_or_default().chars().next_back();
            let behind = text.get(at + name.len()..).unwrap_or_default();
            let Some(member) = behind.strip_prefix('.') else { return false };
            if before.is_some_and(|it| it.is_alphanumeric() || matches!(it, '_' | '.' | '"' | '\''))
            {
                return false;
            }
            let end = member.find(|it: char| !it.is_alphanumeric()).unwrap_or(member.len());
            let member = member.get(..end).unwrap_or_default();
            let kind = if *name == "sc" { Type::Context } else { Type::Session };
            spark::api().receivers(language, member).any(|it| it == kind)
        })
    })
}

/// Where a line of code stands: in brackets or texts that began on lines before it, or at a statement's begin.
#[derive(Debug, Default)]
struct Scan {
    brackets: u32,
    /// The quote of a text that goes over lines.
    text: Option<u8>,
    /// How many block comments of Scala are open.
    comments: u32,
    /// Whether the line before ended in a backslash.
    continued: bool,
}

impl Scan {
    fn at_statement(&self) -> bool {
        self.brackets == 0 && self.text.is_none() && self.comments == 0 && !self.continued
    }

    /// Goes over a line.
    fn read(&mut self, line: &str, language: Language) {
        let bytes = line.as_bytes();
        let python = language == Language::Python;
        self.continued = false;
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            if let Some(quote) = self.text {
                at += match rest {
                    [b'\\', _, ..] if python => 2,
                    [a, b, c, ..] if *a == quote && *b == quote && *c == quote => {
                        self.text = None;
                        3
                    }
                    _ => 1,
                };
                continue;
            }
            at += match rest {
                [b'*', b'/', ..] if self.comments > 0 => {
                    self.comments -= 1;
                    2
                }
                [b'/', b'*', ..] if !python => {
                    self.comments += 1;
                    2
                }
                _ if self.comments > 0 => 1,
                [b'#', ..] if python => return,
                [b'/', b'/', ..] if !python => return,
                [quote @ (b'"' | b'\''), b, c, ..]
                    if b == quote && c == quote && (python || *quote == b'"') =>
                {
                    self.text = Some(*quote);
                    3
                }
                [b'\'', b'\\', _, b'\'', ..] if !python => 4,
                [b'\'', _, b'\'', ..] if !python => 3,
                [quote @ (b'"' | b'\''), rest @ ..] if python || *quote == b'"' => {
                    1 + quoted(rest, *quote)
                }
                [b'(' | b'[' | b'{', ..] => {
                    self.brackets += 1;
                    1
                }
                [b')' | b']' | b'}', ..] => {
                    self.brackets = self.brackets.saturating_sub(1);
                    1
                }
                [b'\\'] if python => {
                    self.continued = true;
                    1
                }
                _ => 1,
            };
        }
    }
}

/// The length of a text of one line behind its opening quote.
fn quoted(bytes: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}
