//! `stagelight.model/1`: what was understood of sources. Fields may be added, not renamed.
//!
//! A text that is not known in full is an object with `pattern`, its unknown parts shown as `*`; other values that JSON has no form for
//! are objects too: `unknown`, `dataset`, `column`, `function`, `alternatives`, `items` and `entries` that are not all, `hidden`.

use std::io::{self, Write};

use analysis::evaluation::{Constant, EdgeKind, Features, PathId, Place, TextPattern};
use program::Confidence;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::json;
use super::model::{Model, is_secret};

#[derive(Serialize)]
struct Output<'a> {
    schema: &'static str,
    files: Vec<File<'a>>,
    entries: Vec<Entry<'a>>,
    states: u32,
    edges: Vec<Edge>,
    sites: Vec<Site<'a>>,
    datasets: Vec<Dataset<'a>>,
    calls: Vec<Call<'a>>,
    loops: Vec<Loop<'a>>,
    unresolved: Vec<Unresolved<'a>>,
    steps: u64,
}

#[derive(Serialize)]
struct File<'a> {
    file: &'a str,
    language: &'static str,
    /// Whether it was named, or is only imported.
    named: bool,
    /// Whether it uses Spark at all.
    uses_spark: bool,
    calls: usize,
    /// How many of the calls have a receiver that is certain, declared, or told by convention.
    known: usize,
    declared: usize,
    guessed: usize,
    syntax_errors: u32,
    unresolved: Vec<UnresolvedCall<'a>>,
}

#[derive(Serialize)]
struct UnresolvedCall<'a> {
    line: u32,
    column: u32,
    method: &'a str,
    reason: String,
}

#[derive(Serialize)]
struct Entry<'a> {
    kind: &'static str,
    file: &'a str,
    name: &'a str,
    start: u32,
    end: Option<u32>,
    /// Its states are those from `start` to before this one.
    states_end: u32,
    sites: [u32; 2],
}

#[derive(Serialize)]
struct Edge {
    from: u32,
    to: u32,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<u32>,
}

#[derive(Serialize)]
struct At<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cell: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cell_line: Option<u32>,
}

#[derive(Serialize)]
struct Site<'a> {
    id: u32,
    kind: &'static str,
    method: &'a str,
    receiver: &'static str,
    #[serde(flatten)]
    at: At<'a>,
    call_path: Vec<At<'a>>,
    dataset: Option<u32>,
    optional: bool,
    repeats: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<u32>,
    features: Value,
}

#[derive(Serialize)]
struct Dataset<'a> {
    id: u32,
    kind: &'static str,
    method: &'a str,
    #[serde(rename = "type")]
    value: &'static str,
    #[serde(flatten)]
    at: Option<At<'a>>,
    call_path: Vec<At<'a>>,
    parents: Vec<u32>,
    cached: Vec<At<'a>>,
    features: Value,
}

#[derive(Serialize)]
struct Call<'a> {
    method: &'static str,
    receiver: &'static str,
    #[serde(flatten)]
    at: At<'a>,
    call_path: Vec<At<'a>>,
    dataset: Option<u32>,
    arguments: Vec<Argument<'a>>,
}

#[derive(Serialize)]
struct Argument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    value: Value,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    rest: bool,
}

#[derive(Serialize)]
struct Loop<'a> {
    #[serde(flatten)]
    at: At<'a>,
    iterations: Option<u64>,
}

#[derive(Serialize)]
struct Unresolved<'a> {
    reason: &'static str,
    name: &'a str,
    #[serde(flatten)]
    at: At<'a>,
    count: u32,
}

/// Writes the model.
pub(crate) fn write(out: &mut dyn Write, model: &Model) -> io::Result<()> {
    let evaluation = &model.evaluation;
    let automaton = &evaluation.automaton;
    let output = Output {
        schema: "stagelight.model/1",
        files: model.files.iter().map(file).collect(),
        entries: automaton
            .entries
            .iter()
            .map(|entry| Entry {
                kind: entry.kind.name(),
                file: model.file(entry.file),
                name: &entry.name,
                start: entry.start.0,
                end: entry.end.map(|it| it.0),
                states_end: entry.states_end,
                sites: [entry.sites_start, entry.sites_end],
            })
            .collect(),
        states: automaton.states,
        edges: automaton
            .edges
            .iter()
            .map(|edge| {
                let (kind, site) = match edge.kind {
                    EdgeKind::Site(site) => ("site", Some(site.0)),
                    EdgeKind::Empty => ("empty", None),
                    EdgeKind::Exception => ("exception", None),
                    EdgeKind::Interleaving => ("interleaving", None),
                };
                Edge { from: edge.from.0, to: edge.to.0, kind, site }
            })
            .collect(),
        sites: automaton
            .sites
            .iter()
            .enumerate()
            .map(|(id, site)| Site {
                id: id as u32,
                kind: site.kind.name(),
                method: &site.method,
                receiver: site.receiver.name(),
                at: at(model, site.place),
                call_path: call_path(model, site.path),
                dataset: site.node.map(|it| it.0),
                optional: site.optional,
                repeats: site.repeats,
                batch: site.batch.map(|it| it.0),
                features: features(&site.features),
            })
            .collect(),
        datasets: evaluation
            .nodes
            .iter()
            .enumerate()
            .map(|(id, node)| Dataset {
                id: id as u32,
                kind: node.kind.name(),
                method: &node.method,
                value: node.value.name(),
                at: node.place.map(|it| at(model, it)),
                call_path: call_path(model, node.path),
                parents: node.parents.iter().map(|it| it.0).collect(),
                cached: node.cached.iter().map(|it| at(model, *it)).collect(),
                features: features(&node.features),
            })
            .collect(),
        calls: calls(model),
        loops: evaluation
            .loops
            .iter()
            .map(|it| Loop {
                at: at(model, Place { file: it.file, name: it.range, call: it.range }),
                iterations: it.iterations,
            })
            .collect(),
        unresolved: evaluation
            .unresolved
            .iter()
            .map(|it| Unresolved {
                reason: it.reason.name(),
                name: &it.name,
                at: at(model, it.place),
                count: it.count,
            })
            .collect(),
        steps: evaluation.steps,
    };
    json::write(out, &output)
}

fn file(file: &super::model::ModelFile) -> File<'_> {
    let calls = &file.program.calls;
    let of = |confidence| calls.iter().filter(|call| call.confidence == confidence).count();
    File {
        file: &file.name,
        language: match file.program.language {
            program::Language::Python => "python",
            program::Language::Scala => "scala",
        },
        named: file.named,
        uses_spark: file.program.uses_spark,
        calls: file.program.calls.len(),
        known: of(Confidence::Known),
        declared: of(Confidence::Declared),
        guessed: of(Confidence::Guessed),
        syntax_errors: file.program.syntax_errors,
        unresolved: file
            .program
            .unresolved_on_datasets()
            .map(|it| {
                let span = file.positions.span(it.range);
                UnresolvedCall {
                    line: span.line,
                    column: span.column,
                    method: &it.method,
                    reason: format!("{:?}", it.reason),
                }
            })
            .collect(),
    }
}

fn calls(model: &Model) -> Vec<Call<'_>> {
    let records = model.evaluation.records.iter();
    records
        .map(|record| Call {
            method: record.method,
            receiver: record.receiver.name(),
            at: at(model, record.place),
            call_path: call_path(model, record.path),
            dataset: record.node.map(|it| it.0),
            arguments: record
                .arguments
                .iter()
                .enumerate()
                .map(|(position, argument)| Argument {
                    name: argument.name.as_deref(),
                    value: if is_secret(record, position) {
                        json!({"hidden": true})
                    } else {
                        constant(&argument.value)
                    },
                    rest: argument.rest,
                })
                .collect(),
        })
        .collect()
}

fn at(model: &Model, place: Place) -> At<'_> {
    let Some(file) = model.files.get(place.file.index()) else {
        return At { file: "", line: 1, column: 1, cell: None, cell_line: None };
    };
    let span = file.positions.span(place.name);
    let cell = file.positions.in_cell(place.name);
    At {
        file: &file.name,
        line: span.line,
        column: span.column,
        cell: cell.map(|it| it.cell),
        cell_line: cell.map(|it| it.span.line),
    }
}

/// The calls that lead somewhere, innermost first.
fn call_path(model: &Model, path: PathId) -> Vec<At<'_>> {
    model.evaluation.call_string(path).into_iter().rev().map(|it| at(model, it)).collect()
}

fn text(text: &TextPattern) -> Value {
    match text.as_exact() {
        Some(exact) => Value::from(exact),
        None => json!({"pattern": text.to_string()}),
    }
}

fn constant(value: &Constant) -> Value {
    let list = |items: &[Constant]| Value::Array(items.iter().map(constant).collect());
    match value {
        Constant::Unknown => json!({"unknown": true}),
        Constant::Null => Value::Null,
        Constant::Boolean(value) => Value::from(*value),
        Constant::Integer(value) => Value::from(*value),
        Constant::Float(value) => Value::from(*value),
        Constant::Text(value) => text(value),
        Constant::List { items, complete: true } => list(items),
        Constant::List { items, complete: false } => json!({"items": list(items)}),
        Constant::Mapping { entries, complete } => {
            let entries: Vec<Value> = entries
                .iter()
                .map(|(key, value)| Value::Array(vec![constant(key), constant(value)]))
                .collect();
            json!({"entries": entries, "complete": complete})
        }
        Constant::Dataset(node) => json!({"dataset": node.0}),
        Constant::Column(column) => json!({"column": features(column)}),
        Constant::Function(name) => json!({"function": name}),
        Constant::Alternatives(values) => json!({"alternatives": list(values)}),
    }
}

/// What a call says, without what it does not say.
fn features(features: &Features) -> Value {
    let mut said = Map::new();
    let names = [
        ("columns", &features.columns),
        ("keys", &features.keys),
        ("aliases", &features.aliases),
        ("literals", &features.literals),
        ("functions", &features.functions),
    ];
    for (name, values) in names {
        if !values.is_empty() {
            said.insert(name.to_owned(), Value::from(values.clone()));
        }
    }
    for (name, values) in [("paths", &features.paths), ("tables", &features.tables)] {
        if !values.is_empty() {
            said.insert(name.to_owned(), Value::Array(values.iter().map(text).collect()));
        }
    }
    if !features.details.is_empty() {
        let details = features.details.iter().map(|(name, it)| ((*name).to_owned(), text(it)));
        said.insert("details".to_owned(), Value::Object(details.collect()));
    }
    for (name, open) in
        [("names_open", features.names_open), ("literals_open", features.literals_open)]
    {
        if open {
            said.insert(name.to_owned(), Value::from(true));
        }
    }
    Value::Object(said)
}
