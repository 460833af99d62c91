//! Any text lowers without a panic, and an edited document is the document of the edited text.

use grammars::Document;
use program::{Language, Program, ScopeId, TextRange};
use proptest::prelude::*;

const PIECES: &[&str] = &[
    "df",
    " = ",
    "spark",
    ".table(",
    "'a'",
    ")",
    "\n",
    "    ",
    "def f(x):\n",
    "for i in ",
    "if ",
    "else:\n",
    "lambda x: ",
    "(",
    "[",
    "]",
    "{",
    "}",
    "f\"{",
    "}\"",
    "\"\"\"",
    "# stagelight: ",
    ".map(",
    ".groupBy(",
    "val ",
    "=> ",
    "_ + _",
    "case (k, v) =>",
    "class A",
    "import pyspark\n",
    "import org.apache.spark.sql.functions._\n",
    "self.x",
    "try:\n",
    "except:\n",
    "while True:\n",
    "é",
    "\u{feff}",
    "\r\n",
    "\\",
    "%sql\n",
    "@udf\n",
    "return ",
    "raise\n",
    ":=",
    "await ",
    "print df\n",
    "object B {",
    ".collect()",
    "&",
    "~",
    "-",
];

fn source() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(proptest::sample::select(PIECES), 0..60)
            .prop_map(|pieces| pieces.concat()),
        ".{0,200}",
    ]
}

fn language() -> impl Strategy<Value = Language> {
    prop_oneof![Just(Language::Python), Just(Language::Scala)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_lowers(language in language(), text in source()) {
        let program = grammars::lower(language, &text);
        prop_assert!(!program.scopes.is_empty());
        for call in &program.calls {
            prop_assert!(call.range.contains(call.name_range));
            prop_assert!(text.is_char_boundary(call.range.start as usize));
            prop_assert!(text.is_char_boundary(call.range.end as usize));
        }
        let _ = (program.to_text(), program.call_keys());
        prop_assert!(scopes_named(&program).all(|scope| scope.index() < program.scopes.len()));
    }

    #[test]
    fn any_bytes_lower(language in language(), bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = grammars::lower(language, &String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn an_edited_document_is_that_of_the_edited_text(
        language in language(),
        text in source(),
        edits in proptest::collection::vec((any::<u16>(), 0u32..20, proptest::sample::select(PIECES)), 1..6),
    ) {
        let mut document = Document::new(language, &text);
        for (at, length, replacement) in edits {
            let start = u32::from(at) % (document.text().len() as u32 + 1);
            document.edit(TextRange::new(start, start + length), replacement);
        }
        let text = document.text();
        prop_assert_eq!(document.program(), grammars::lower(language, text));
    }
}

#[test]
fn deep_and_long_code_does_not_overflow_the_stack() {
    let deep = 20_000;
    for language in [Language::Python, Language::Scala] {
        for text in [
            format!("import pyspark\nx = {}1{}", "(".repeat(deep), ")".repeat(deep)),
            format!("import pyspark\nx = {}1{}", "[".repeat(deep), "]".repeat(deep)),
            format!("import pyspark\nx = {}1{}", "f(".repeat(deep), ")".repeat(deep)),
            format!("import pyspark\nx = {}1", "-".repeat(deep)),
            format!("import pyspark\nx = {}1", "1 + ".repeat(deep)),
            format!("import pyspark\nx = {}1", "lambda: ".repeat(deep)),
            format!("import pyspark\nx = {}1", "x => ".repeat(deep)),
            format!("import pyspark\nx = spark.table('a'){}", ".filter('b')".repeat(deep)),
            format!("import pyspark\nx{} = spark", "[0]".repeat(deep)),
            format!("import pyspark\nx: {}int{}", "List[".repeat(deep), "]".repeat(deep)),
            format!("import pyspark\n{}", "{".repeat(deep)),
            (0..1_000).map(|level| format!("{}if x:\n", " ".repeat(level))).collect(),
        ] {
            let _ = grammars::lower(language, &text);
        }
    }
}

#[test]
fn a_million_brackets_are_left_out_and_counted() {
    for (language, before) in [
        (Language::Python, "df = spark.table('a')\n"),
        (Language::Scala, "val df = spark.table(\"a\")\n"),
    ] {
        for bracket in ["(", ")"] {
            let text = format!(
                "import pyspark\nimport org.apache.spark.sql._\n{before}{}\n",
                bracket.repeat(1_000_000)
            );
            assert!(grammars::lower(language, &text).syntax_errors > 0);
        }
    }
}

#[test]
fn lines_before_one_that_costs_too_much_to_recover_from_are_kept() {
    let text = format!(
        "import org.apache.spark.sql._\nval df = spark.table(\"a\")\ndf.count()\nval x = {}\n",
        "lambda: ".repeat(20_000)
    );
    let program = grammars::lower(Language::Scala, &text);
    assert_eq!(program.calls.len(), 2);
    assert!(program.syntax_errors > 0);
}

/// Every scope that something is said to be in.
fn scopes_named(program: &Program) -> impl Iterator<Item = ScopeId> + '_ {
    let scopes = program.scopes.iter().filter_map(|it| it.parent);
    let calls = program.calls.iter().map(|it| it.scope);
    let unresolved = program.unresolved.iter().map(|it| it.scope);
    let bindings = program.bindings.iter().map(|it| it.scope);
    let functions = program.functions.iter().filter_map(|it| it.scope);
    scopes.chain(calls).chain(unresolved).chain(bindings).chain(functions)
}

#[test]
fn calls_are_in_scopes_that_are_there() {
    let text = "(import pyspark\nexcept:\nelse:\nf\"{.table(_ + _else:\nfor i in val ";
    let program = grammars::lower(Language::Scala, text);
    assert!(scopes_named(&program).all(|scope| scope.index() < program.scopes.len()));
}

#[test]
fn names_where_nothing_is_called_are_bound_in_the_scope_around() {
    let scala = "import org.apache.spark.sql._\ndef f(df: DataFrame) = {\n  val few = df.limit(1)\n  Option(few).foreach { it => val same = it; println(same) }\n  for (day <- days) df.count()\n}\n";
    let python = "from pyspark.sql import *\ndef f(df: DataFrame, small):\n    few = df.limit(1)\n    kept = (same := few) if small else None\n    for day in days: df.count()\n";
    for (language, text) in [(Language::Scala, scala), (Language::Python, python)] {
        let program = grammars::lower(language, text);
        let scope =
            |name: &str| program.bindings.iter().find(|it| it.name == name).map(|it| it.scope);
        assert!(scope("same").is_some());
        assert_eq!(scope("same"), scope("few"), "{text}");
        assert!(scopes_named(&program).all(|scope| scope.index() < program.scopes.len()));
    }
}

#[test]
fn characters_of_many_bytes_are_read_wherever_they_stand() {
    for before in 0..2_100 {
        let comment = "x".repeat(before);
        let scala = format!("// {comment}\nimport a.b.{{c ⇒ d}}\n");
        assert_eq!(grammars::lower(Language::Scala, &scala).syntax_errors, 0, "{before}");
        let python = format!("# {comment}\npré_𝒳 = 1\n");
        assert_eq!(grammars::lower(Language::Python, &python).syntax_errors, 0, "{before}");
    }
}

#[test]
fn long_chains_are_kept() {
    let text = format!("import pyspark\nx = spark.table('a'){}", ".withColumn('b', 1)".repeat(300));
    assert_eq!(grammars::lower(Language::Python, &text).calls.len(), 301);
}

#[test]
fn lists_and_texts_that_double_again_and_again_stay_small() {
    for (first, value) in [("[1, 2, 3]", "a + a"), ("'xyz'", "a + a"), ("'x'", "f'{a}{a}'")] {
        let text = format!("import pyspark\na = {first}\n{}", format!("a = {value}\n").repeat(200));
        let _ = grammars::lower(Language::Python, &text);
    }
}
