//! Files that the driver reads its configuration from.
//!
//! A path that the source says is looked for among the data files of the workspace. One that it does not say, since it comes from the command line, can only be a
//! file of that format below the program's folder: where there is one alone, it is taken.

use crate::data::Data;

use super::TextPattern;
use super::interpreter::Interpreter;
use super::value::{Argument, UNKNOWN, Value};

/// How many values of a file are taken over.
const MOST: usize = 20_000;

impl<'a> Interpreter<'a> {
    /// What `json.load`, `yaml.safe_load` and their like give; none for any other function.
    pub(super) fn loaded_data(
        &mut self,
        owner: &str,
        name: &str,
        arguments: &[Argument],
    ) -> Option<Value> {
        let endings: &[&str] = match owner.rsplit('.').next().unwrap_or_default() {
            "json" | "ujson" | "simplejson" | "orjson" => &[".json"],
            "yaml" | "YAML" => &[".yaml", ".yml"],
            "toml" | "tomllib" | "tomli" => &[".toml"],
            "OmegaConf" => &[".yaml", ".yml", ".json"],
            _ => return None,
        };
        if !matches!(name, "load" | "loads" | "safe_load" | "full_load") {
            return None;
        }
        let path = match &arguments.first()?.value {
            Value::File(path) => path.clone(),
            Value::Text(path) if owner.ends_with("OmegaConf") => path.clone(),
            _ => return None,
        };
        let Some(data) = self.data_file(&path, endings) else { return Some(UNKNOWN) };
        let mut left = MOST;
        Some(self.value_of(data, &mut left))
    }

    /// What reading an opened file gives: its text where that is known, else the file, for whoever takes it apart.
    pub(super) fn read_file(&mut self, path: &TextPattern) -> Value {
        match self.data_file(path, &[".sql", ".txt"]) {
            Some(Data::Text(text)) => Value::text(text),
            _ => Value::File(path.clone()),
        }
    }

    fn data_file(&self, path: &TextPattern, endings: &[&str]) -> Option<&'a Data> {
        let own = self.files.get(self.program_file.index()).map_or("", |it| it.path);
        let folder = own.rsplit_once('/').map_or("", |it| it.0);
        let below = |name: &str| {
            folder.is_empty() || name.strip_prefix(folder).is_some_and(|it| it.starts_with('/'))
        };
        let all =
            self.data.iter().filter(|it| endings.iter().any(|ending| it.path.ends_with(ending)));
        let mut fitting =
            all.filter(
                |it| {
                    if path.is_unknown() { below(&it.path) } else { is_end_of(path, &it.path) }
                },
            );
        let first = fitting.next()?;
        fitting.next().is_none().then_some(&first.data)
    }

    fn value_of(&mut self, data: &Data, left: &mut usize) -> Value {
        if *left == 0 {
            return UNKNOWN;
        }
        *left -= 1;
        match data {
            Data::Null => Value::Null,
            Data::Boolean(value) => Value::Boolean(*value),
            Data::Integer(value) => Value::Integer(*value),
            Data::Float(value) => Value::Float(*value),
            Data::Text(text) => Value::text(text),
            Data::List(items) => {
                let items = items.iter().map(|it| self.value_of(it, left)).collect();
                self.heap.sequence(items, true)
            }
            Data::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| (Value::text(key), self.value_of(value, left)))
                    .collect();
                self.heap.mapping(entries, true)
            }
        }
    }
}

/// Whether a path of the source may be that of a file: the two are relative to folders of their own, so their ends count.
fn is_end_of(path: &TextPattern, file: &str) -> bool {
    if let Some(exact) = path.as_exact() {
        let exact = exact.trim_start_matches("./");
        let rest = file.strip_suffix(exact).or_else(|| exact.strip_suffix(file));
        return !exact.is_empty() && rest.is_some_and(|it| it.is_empty() || it.ends_with('/'));
    }
    // From the last unknown part on, which may end within a name.
    let known = path.pieces().next_back().unwrap_or_default();
    known.contains('/') && file.ends_with(known)
        || known.strip_prefix('/').is_some_and(|it| file == it)
}
