//! The text form of an evaluation, for people and for tests.

use std::fmt::Write;

use super::{
    Constant, EdgeKind, Entry, Evaluation, Features, FileId, NodeId, Place, Site, TextPattern,
};

impl std::fmt::Display for Constant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |f: &mut std::fmt::Formatter<'_>, items: &[Constant], parting: &str| {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    f.write_str(parting)?;
                }
                write!(f, "{item}")?;
            }
            Ok(())
        };
        match self {
            Constant::Unknown => f.write_str("?"),
            Constant::Null => f.write_str("null"),
            Constant::Boolean(value) => write!(f, "{value}"),
            Constant::Integer(value) => write!(f, "{value}"),
            Constant::Float(value) => write!(f, "{value:?}"),
            Constant::Text(text) => f.write_str(&clipped(text)),
            Constant::List { items, complete } => {
                f.write_str("[")?;
                list(f, items, ", ")?;
                f.write_str(if *complete { "]" } else { ", …]" })
            }
            Constant::Mapping { entries, complete } => {
                f.write_str("{")?;
                for (at, (key, value)) in entries.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{key}: {value}")?;
                }
                f.write_str(if *complete { "}" } else { ", …}" })
            }
            Constant::Dataset(node) => write!(f, "#{}", node.0),
            Constant::Column(features) => write!(f, "column({features})"),
            Constant::Function(name) if name.is_empty() => f.write_str("function"),
            Constant::Function(name) => write!(f, "function {name}"),
            Constant::Alternatives(values) => list(f, values, " | "),
        }
    }
}

impl std::fmt::Display for Features {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        let mut names = |name: &str, values: &[String]| {
            if !values.is_empty() {
                parts.push(format!("{name} {}", values.join(", ")));
            }
        };
        names("columns", &self.columns);
        names("keys", &self.keys);
        names("as", &self.aliases);
        names("literals", &self.literals);
        names("functions", &self.functions);
        for (name, values) in [("path", &self.paths), ("table", &self.tables)] {
            for value in values {
                parts.push(format!("{name} {}", clipped(value)));
            }
        }
        for (name, value) in &self.details {
            parts.push(format!("{name} {}", clipped(value)));
        }
        match (self.names_open, self.literals_open) {
            (true, true) => parts.push("names and literals open".to_owned()),
            (true, false) => parts.push("names open".to_owned()),
            (false, true) => parts.push("literals open".to_owned()),
            (false, false) => {}
        }
        f.write_str(&parts.join("; "))
    }
}

/// A text in quotes, cut where it is long, as statements of SQL are.
fn clipped(text: &TextPattern) -> String {
    const SHOWN: usize = 160;
    let text = format!("{text:?}");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…\"", &text[..end]),
        None => text,
    }
}

impl Evaluation {
    /// One site in words, without where it is: kind, method, and what its arguments say.
    #[must_use]
    pub fn site_text(&self, site: &Site) -> String {
        let mut out = format!("{} {}", site.kind.name(), site.method);
        if let Some(node) = site.node {
            let _ = write!(out, " of #{}", node.0);
        }
        if !site.features.is_empty() {
            let _ = write!(out, " ({})", site.features);
        }
        if site.guessed {
            out.push_str(", guessed");
        }
        match (site.optional, site.repeats) {
            (true, true) => out.push_str(", any number of times"),
            (true, false) => out.push_str(", at most once"),
            (false, true) => out.push_str(", at least once"),
            (false, false) => {}
        }
        out
    }

    /// One dataset in words, without where it is made.
    #[must_use]
    pub fn node_text(&self, id: NodeId) -> String {
        let node = self.node(id);
        let mut out = node.kind.name().to_owned();
        if !node.method.is_empty() && node.method != out {
            let _ = write!(out, " {}", node.method);
        }
        if !node.features.is_empty() {
            let _ = write!(out, " ({})", node.features);
        }
        if !node.parents.is_empty() {
            let parents: Vec<String> = node.parents.iter().map(|it| format!("#{}", it.0)).collect();
            let _ = write!(out, " of {}", parents.join(", "));
        }
        if !node.cached.is_empty() {
            out.push_str(", cached");
        }
        out
    }

    /// Entries with their sites and edges, the datasets behind them, loops, and what stayed unresolved, a line each. `file` names a file,
    /// `place` a line in one.
    #[must_use]
    pub fn to_text(
        &self,
        file: &dyn Fn(FileId) -> String,
        place: &dyn Fn(Place) -> String,
    ) -> String {
        let mut out = String::new();
        for entry in &self.automaton.entries {
            let _ = write!(out, "{} {}", entry.kind.name(), file(entry.file));
            self.entry_text(entry, place, &mut out);
        }
        let mut shown = vec![false; self.nodes.len()];
        let mut open: Vec<NodeId> = self.automaton.sites.iter().filter_map(|it| it.node).collect();
        while let Some(node) = open.pop() {
            if !std::mem::replace(&mut shown[node.index()], true) {
                open.extend(self.node(node).parents.iter().copied());
            }
        }
        if shown.contains(&true) {
            out.push_str("lineage\n");
        }
        for (at, node) in self.nodes.iter().enumerate().filter(|it| shown[it.0]) {
            let at = NodeId(at as u32);
            let _ = write!(out, "  #{} {}", at.0, self.node_text(at));
            if let Some(here) = node.place {
                let _ = write!(out, " at {}", self.with_calls(place(here), node.path, place));
            }
            out.push('\n');
        }
        if !self.loops.is_empty() {
            out.push_str("loops\n");
        }
        for each in &self.loops {
            let here = Place { file: each.file, name: each.range, call: each.range };
            let times = each.iterations.map_or("?".to_owned(), |it| it.to_string());
            let _ = writeln!(out, "  {} times {times}", place(here));
        }
        if !self.unresolved.is_empty() {
            out.push_str("unresolved\n");
        }
        for each in &self.unresolved {
            let name = if each.name.is_empty() { "" } else { " " };
            let _ =
                write!(out, "  {}{name}{} at {}", each.reason.name(), each.name, place(each.place));
            if each.count > 1 {
                let _ = write!(out, ", {} times", each.count);
            }
            out.push('\n');
        }
        out
    }

    fn with_calls(
        &self,
        here: String,
        path: super::PathId,
        place: &dyn Fn(Place) -> String,
    ) -> String {
        let calls: Vec<String> = self.call_string(path).into_iter().rev().map(place).collect();
        if calls.is_empty() { here } else { format!("{here} via {}", calls.join(", ")) }
    }

    fn entry_text(&self, entry: &Entry, place: &dyn Fn(Place) -> String, out: &mut String) {
        let name = if entry.name.is_empty() { "" } else { " " };
        let end = entry.end.map_or("never".to_owned(), |it| it.0.to_string());
        let _ = writeln!(out, "{name}{}: {} to {end}", entry.name, entry.start.0);
        for edge in &self.automaton.edges {
            if edge.from < entry.start || edge.from.0 >= entry.states_end {
                continue;
            }
            let _ = write!(out, "  {} -> {}", edge.from.0, edge.to.0);
            match edge.kind {
                EdgeKind::Empty => {}
                EdgeKind::Exception => out.push_str(" exception"),
                EdgeKind::Interleaving => out.push_str(" interleaving"),
                EdgeKind::Site(site) => {
                    if let Some(site) = self.automaton.sites.get(site.index()) {
                        let here = self.with_calls(place(site.place), site.path, place);
                        let _ = write!(out, " {} at {here}", self.site_text(site));
                        if let Some(batch) = site.batch {
                            let _ = write!(out, ", batches from {}", batch.0);
                        }
                    }
                }
            }
            out.push('\n');
        }
    }
}
