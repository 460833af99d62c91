//! Where the datasets of a program come from, as one line of text each.

use program::{Confidence, Origin, Program, ValueId};

/// Where a value comes from, nearest first.
pub(crate) fn lineage(program: &Program, value: ValueId, steps: u32) -> String {
    let known = program.value(value);
    let next = |value: ValueId| {
        if steps == 0 { "…".to_owned() } else { lineage(program, value, steps - 1) }
    };
    match &known.origin {
        Origin::Call(call) => {
            let call = program.call(*call);
            let method = match call.arguments.first().and_then(|it| it.value.as_text()) {
                Some(text) if call.method == "table" => format!("table {text}"),
                _ => call.method.clone(),
            };
            match call.receiver {
                Some(receiver) if !call.method.starts_with("table") => {
                    format!("{method} < {}", next(receiver.value))
                }
                _ => method,
            }
        }
        Origin::Parameter { .. } => "parameter".to_owned(),
        // An element of a collection.
        Origin::Merge(values) if values.len() == 1 => lineage(program, values[0], steps),
        Origin::Merge(values) => {
            let values: Vec<String> = values.iter().map(|it| next(*it)).collect();
            format!("({})", values.join(" | "))
        }
        Origin::Loop { entry, carried } => {
            let carried = carried.map(|it| program.producer(it));
            let carried = match carried {
                Some(Some(call)) => program.call(call).method.clone(),
                Some(None) => "value".to_owned(),
                None => "-".to_owned(),
            };
            format!("loop[{} then {carried}]", next(*entry))
        }
        Origin::Ambient(name) => format!("ambient {name}"),
        Origin::Returned(function) => {
            format!("returned by {}", program.functions[function.index()].name)
        }
    }
}

/// The datasets that `count` is called on, in order, each with its lineage. Nothing may be guessed or left unresolved.
pub(crate) fn counted(program: &Program) -> Vec<String> {
    assert!(program.unresolved_on_datasets().next().is_none(), "{}", program.to_text());
    assert!(
        program.calls.iter().all(|call| call.confidence > Confidence::Guessed),
        "{}",
        program.to_text()
    );
    let counts = program.calls.iter().filter(|call| call.method == "count");
    counts
        .filter_map(|call| call.receiver)
        .map(|receiver| lineage(program, receiver.value, 6))
        .collect()
}
