//! Data files of a workspace that its programs may be configured by.

/// A file that holds data, not code: JSON, YAML, TOML, or a text such as a statement of SQL.
#[derive(Debug, Clone, PartialEq)]
pub struct DataFile {
    /// Its name, relative to the workspace or absolute, parts parted by `/`, as source files are named.
    pub path: String,
    /// What is in it.
    pub data: Data,
}

/// A value that a data file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Nothing.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// A text; dates and times as they are written.
    Text(String),
    /// Items in order.
    List(Vec<Data>),
    /// Entries in order.
    Map(Vec<(String, Data)>),
}
