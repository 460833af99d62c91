//! Files as modules: what an import binds, and when a file's body runs.

use program::Language;

use super::FileId;
use super::heap::CellId;
use super::interpreter::{Interpreter, NESTING};
use super::names::Symbol;
use super::value::{UNKNOWN, Value};

impl Interpreter<'_> {
    /// The names of a file, whose body runs at its first import.
    pub(super) fn load(&mut self, file: FileId) -> Option<CellId> {
        if let Some(&cell) = self.modules.get(&file) {
            return Some(cell);
        }
        if self.nesting >= NESTING || self.activations.len() > 100 {
            return None;
        }
        let cell = self.heap.scope(None);
        self.modules.insert(file, cell);
        self.loaded.push(file);
        let body = self.code_of(file).body;
        self.nesting += 1;
        // An import is no call: what the file's body does happens in the context of the import.
        self.enter(file, cell, None, None, |this| {
            this.block(body);
            UNKNOWN
        });
        self.nesting -= 1;
        Some(cell)
    }

    pub(super) fn import(&mut self, index: u32) {
        let code = self.code();
        let Some(import) = code.imports.get(index as usize) else { return };
        if self.language() == Language::Scala {
            self.import_scala(import);
            return;
        }
        let from = self.file();
        match import.member.as_deref() {
            Some("*") => {
                if let Some(module) = (self.resolve)(from, &import.path) {
                    if module != from
                        && let Some(cell) = self.load(module)
                    {
                        for (name, value) in self.heap.names(cell) {
                            if !self.names.text(name).starts_with('_') {
                                self.bind_name(name, value);
                            }
                        }
                    }
                } else if spark::is_function_module(&import.path) {
                    for function in spark::functions().all() {
                        for name in function.names_in(Language::Python) {
                            let symbol = self.names.symbol(name);
                            let path = self.names.symbol(&format!("{}.{name}", import.path));
                            self.bind_name(symbol, Value::Path(path));
                        }
                    }
                } else {
                    for name in star_names(&import.path) {
                        let symbol = self.names.symbol(name);
                        let path = self.names.symbol(&format!("{}.{name}", import.path));
                        self.bind_name(symbol, Value::Path(path));
                    }
                }
            }
            Some(member) => {
                let name = self.names.symbol(import.alias.as_deref().unwrap_or(member));
                let value = self.imported(from, &import.path, member);
                self.bind_name(name, value);
            }
            None => {
                let root = import.path.split('.').next().unwrap_or_default();
                let (name, path) = match &import.alias {
                    Some(alias) => (alias.as_str(), import.path.as_str()),
                    None => (root, root),
                };
                // `import a.b` runs both.
                if let Some(module) = (self.resolve)(from, &import.path) {
                    self.load(module);
                }
                let value = match (self.resolve)(from, path) {
                    Some(module) => {
                        self.load(module);
                        Value::Module(module)
                    }
                    None => Value::Path(self.names.symbol(path)),
                };
                let name = self.names.symbol(name);
                self.bind_name(name, value);
            }
        }
    }

    fn imported(&mut self, from: FileId, path: &str, member: &str) -> Value {
        if let Some(module) = (self.resolve)(from, path)
            && module != from
            && let Some(cell) = self.load(module)
        {
            let name = self.names.symbol(member);
            if let Some(value) = self.heap.get(cell, name) {
                return value;
            }
        }
        let joined = if path.ends_with('.') {
            format!("{path}{member}")
        } else {
            format!("{path}.{member}")
        };
        if let Some(module) = (self.resolve)(from, &joined)
            && module != from
        {
            self.load(module);
            return Value::Module(module);
        }
        match self.ambient(member) {
            // A session that a module of elsewhere hands out.
            Some(session) if !path.starts_with("pyspark") => session,
            _ => Value::Path(self.names.symbol(&joined)),
        }
    }

    fn import_scala(&mut self, import: &program::Import) {
        match import.member.as_deref() {
            Some("*") | None if import.path.starts_with("org.apache.spark.sql.functions") => {
                for function in spark::functions().all() {
                    for name in function.names_in(Language::Scala) {
                        let symbol = self.names.symbol(name);
                        let path = format!("org.apache.spark.sql.functions.{name}");
                        let path = self.names.symbol(&path);
                        self.bind_scala_import(symbol, path);
                    }
                }
            }
            Some("*") => {
                // Members of an object of the workspace.
                let last = import.path.rsplit('.').next().unwrap_or_default();
                let symbol = self.names.symbol(last);
                if let Value::Class(cell) = self.name(symbol)
                    && let Some(instance) = self.scala_object(cell)
                {
                    for (name, value) in self.heap.names(instance) {
                        self.bind_name(name, value);
                    }
                }
            }
            Some(member) => {
                let name = self.names.symbol(import.alias.as_deref().unwrap_or(member));
                let owner = import.path.rsplit('.').next().unwrap_or_default();
                let owner = self.names.symbol(owner);
                let member_name = self.names.symbol(member);
                if self.index.scala_types.contains_key(member) {
                    if let value @ Value::Class(_) = self.name(member_name) {
                        self.bind_name(name, value);
                    }
                    return;
                }
                if self.index.scala_types.contains_key(&*self.names.text(owner))
                    && let Value::Class(cell) = self.name(owner)
                    && let Some(instance) = self.scala_object(cell)
                    && let Some(value) = self.heap.get(instance, member_name)
                {
                    self.bind_name(name, value);
                    return;
                }
                let path = self.names.symbol(&format!("{}.{member}", import.path));
                self.bind_scala_import(name, path);
            }
            None => {
                let last = import.path.rsplit('.').next().unwrap_or_default();
                let name = self.names.symbol(import.alias.as_deref().unwrap_or(last));
                if self.index.scala_types.contains_key(last) {
                    return;
                }
                let path = self.names.symbol(&import.path);
                self.bind_scala_import(name, path);
            }
        }
    }

    fn bind_scala_import(&mut self, name: Symbol, path: Symbol) {
        // `import spark.implicits._` does not rebind `spark`.
        if self.lookup(name).is_none() {
            self.bind_name(name, Value::Path(path));
        }
    }
}

/// Names that star imports of Spark's own modules bring and that evaluation knows by their paths.
fn star_names(module: &str) -> &'static [&'static str] {
    match module {
        "pyspark" => &["SparkContext", "SparkConf", "StorageLevel"],
        "pyspark.sql" => {
            &["SparkSession", "SQLContext", "HiveContext", "Row", "Window", "DataFrame", "Column"]
        }
        "pyspark.sql.window" => &["Window", "WindowSpec"],
        "functools" => &["partial", "reduce", "wraps"],
        _ => &[],
    }
}
