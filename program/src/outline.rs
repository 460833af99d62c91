//! What a source says of others at once.

/// What a source says of others before it is understood. It decides on nothing but the order in which files are looked at first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// Scala's package, with dots.
    pub package: Option<String>,
    /// What the file defines at the top of that package.
    pub names: Vec<String>,
    /// Names that it may mean: where everything of a package can be seen, what these name is looked at first.
    pub words: Vec<String>,
    /// What it imports, by the paths as written; with the member where there is one.
    pub imports: Vec<String>,
}
