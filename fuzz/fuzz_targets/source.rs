//! Source text of both languages on any bytes: it parses, lowers, is evaluated and checked without a panic, within bounded time and memory,
//! and a document that was edited is the document of the edited text.
#![no_main]

use std::sync::Arc;

use analysis::evaluation::{EvaluationFile, Limits};
use analysis::{AnalysisHost, Change, FileState, Settings};
use grammars::Document;
use libfuzzer_sys::fuzz_target;
use program::{Language, TextRange};

/// Splits an input into the text before an edit and what is typed: text has no such byte.
const EDIT: u8 = 0xff;

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, bytes)) = bytes.split_first() else { return };
    let language = if first & 1 == 0 { Language::Python } else { Language::Scala };
    let mut parts = bytes.splitn(3, |&byte| byte == EDIT);
    let text = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let mut document = Document::new(language, &text).to_be_edited();
    let program = document.program();
    for call in &program.calls {
        assert!(text.is_char_boundary(call.range.start as usize), "{:?}", call.range);
        assert!(text.is_char_boundary(call.range.end as usize), "{:?}", call.range);
    }
    let bindings = program.bindings.iter().map(|it| it.scope);
    let scopes = program.calls.iter().map(|it| it.scope).chain(bindings);
    let mut scopes = scopes.chain(program.unresolved.iter().map(|it| it.scope));
    assert!(scopes.all(|scope| scope.index() < program.scopes.len()));
    let _ = program.to_text();
    evaluate(&program);
    check(&text, Arc::new(program));

    // The second part says where: two bytes for the place, one for the length that goes.
    if let (Some(&[high, low, length]), Some(typed)) = (parts.next(), parts.next()) {
        let place = u32::from(u16::from_be_bytes([high, low]));
        let start = place % (document.rope().len_bytes() as u32 + 1);
        let end = start + u32::from(length);
        let typed = String::from_utf8_lossy(typed);
        let before = text;
        document.edit(TextRange::new(start, end), &typed);
        let text = Arc::clone(document.text());
        let edited = document.program();
        assert_eq!(edited, grammars::lower(language, &text), "after an edit:\n{text}");
        check(&text, Arc::new(edited));

        // Further keys in the same place, each taken back.
        let after = start.min(before.len() as u32) as usize + typed.len();
        let after = (0..=after.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
        let after = after.unwrap_or_default() as u32;
        for key in ["\nx\n", &*typed, "\nx = spark.table('t')\nx.count()\n", "\ndef x(y): y\n"] {
            document.edit(TextRange::new(after, after), key);
            let longer = Arc::clone(document.text());
            let program = document.program();
            assert_eq!(program, grammars::lower(language, &longer), "typed:\n{longer}");
            document.edit(TextRange::new(after, after + key.len() as u32), "");
            let program = document.program();
            assert_eq!(program, grammars::lower(language, &text), "taken back:\n{text}");
        }

        // And back again, from what both left in memory.
        let whole = TextRange::new(0, text.len() as u32);
        document.edit(whole, &before);
        assert_eq!(document.program(), grammars::lower(language, &before), "taken back:\n{before}");
    }
});

/// Evaluates the driver's code, within its bounds.
fn evaluate(program: &program::Program) {
    let limits =
        Limits { steps: 5_000, fragment_steps: 1_000, total_steps: 10_000, ..Limits::default() };
    let file = EvaluationFile { path: "job.py", program };
    let evaluation = analysis::evaluation::evaluate(&[file], &limits);
    assert!(evaluation.steps < 100_000, "{} steps", evaluation.steps);
}

/// Checks a program with every rule. A rule's panic is the rule's, and would go unseen here.
fn check(text: &str, program: Arc<program::Program>) {
    let mut host = AnalysisHost::new(rules::ALL);
    let settings = Settings {
        select: Some(rules::ALL.iter().map(|rule| rule.id.to_owned()).collect()),
        ..Settings::default()
    };
    let state = FileState { text: text.into(), program, settings: Arc::new(settings) };
    host.apply(Change { files: vec![("job".to_owned(), Some(state))], profiles: None, ..Change::default() });
    let check = host.snapshot().check("job");
    assert!(check.panics.is_empty(), "{:?}", check.panics);
    for finding in &check.findings {
        for edit in finding.fixes.iter().flat_map(|fix| &fix.edits) {
            let range = edit.range.start as usize..edit.range.end as usize;
            assert!(text.get(range).is_some(), "{finding:?}");
        }
    }
}
