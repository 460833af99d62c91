//! Declarations and documentation of all rules: complete, executed, and written out to `docs/rules` and `README.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a repository that cannot be read fails the test"
)]

use std::fmt::Write;
use std::path::PathBuf;

use analysis::{Evidence, Example, PlanClaim, Rule, Settings, check_file};
use program::Language;

const BEGIN: &str = "<!-- rules:begin -->\n";
const END: &str = "<!-- rules:end -->";

#[test]
fn ids_name_the_pattern_and_are_in_order() {
    let ids: Vec<&str> = rules::ALL.iter().map(|rule| rule.id).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(ids, sorted, "sorted and unique");
    for id in ids {
        let word = |it: &str| {
            !it.is_empty() && it.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        assert!(id.split('-').all(word), "{id} is kebab-case");
        assert!(!id.starts_with("no-") && !id.starts_with("use-"), "{id} reads as `allow {id}`");
    }
}

#[test]
fn documentation_is_complete() {
    for rule in rules::ALL {
        assert!(
            !rule.summary.is_empty() && !rule.summary.ends_with('.'),
            "{}: {}",
            rule.id,
            rule.summary
        );
        let headings = unindented(rule.docs);
        let headings: Vec<&str> = headings.lines().filter(|line| line.starts_with("## ")).collect();
        let mut expected =
            vec!["## Why is this bad?", "## Examples", "## For experts", "## Known problems"];
        if rule.fix != analysis::FixClass::None {
            expected.insert(3, "## Fix safety");
        }
        assert_eq!(headings, expected, "{}", rule.id);
        assert_eq!(
            rule.evidence == analysis::EvidenceNeed::Unused,
            rule.verdict.is_none(),
            "{}",
            rule.id
        );
    }
}

#[test]
fn examples_do_what_they_say() {
    for rule in rules::ALL {
        let examples = rule.examples();
        assert_eq!(
            rule.docs.matches("```").count(),
            2 * examples.len(),
            "{}: a block is not closed or marked",
            rule.id
        );
        for language in rule.languages {
            for bad in [true, false] {
                assert!(
                    examples.iter().any(|it| it.language == *language && it.bad == bad),
                    "{}: an example in {language:?}, bad: {bad}",
                    rule.id
                );
            }
        }
        for Example { language, bad, text: source } in examples {
            let path = if language == Language::Python { "example.py" } else { "Example.scala" };
            let program = grammars::lower(language, &source);
            assert_eq!(program.syntax_errors, 0, "{}: {source}", rule.id);
            let result = check_file(
                path,
                &source,
                &program,
                &[*rule],
                &Settings::default(),
                &Evidence::default(),
            );
            assert_eq!(
                result.findings.len(),
                usize::from(bad),
                "{}\n{source}\n{:?}",
                rule.id,
                result.findings
            );
        }
    }
}

/// Operators of Spark's physical plans that documentation may speak of.
const OPERATORS: [&str; 23] = [
    "ArrowEvalPython",
    "BatchEvalPython",
    "BroadcastExchange",
    "BroadcastHashJoin",
    "BroadcastNestedLoopJoin",
    "CartesianProduct",
    "Coalesce",
    "CollectLimit",
    "Exchange",
    "Expand",
    "FlatMapGroupsInPandas",
    "Generate",
    "HashAggregate",
    "InMemoryTableScan",
    "LocalTableScan",
    "MapInPandas",
    "ObjectHashAggregate",
    "ReusedExchange",
    "ShuffleExchange",
    "ShuffledHashJoin",
    "SortAggregate",
    "SortMergeJoin",
    "TakeOrderedAndProject",
];

/// `cargo xtask verify-rules` holds the claims to real Spark.
#[test]
fn who_speaks_of_operators_claims_what_plans_show() {
    for rule in rules::ALL {
        let named: Vec<_> = rule.docs.split('`').skip(1).step_by(2).collect();
        let operator = named.iter().find(|it| OPERATORS.iter().any(|name| it.starts_with(name)));
        assert!(
            operator.is_none() || rule.plan.is_some(),
            "{}: its documentation speaks of {operator:?}: declare `plan`",
            rule.id
        );
        match rule.plan {
            Some(PlanClaim::OnlyBad(operators) | PlanClaim::OnlyGood(operators)) => {
                assert!(!operators.is_empty(), "{}", rule.id);
            }
            Some(PlanClaim::NoDifference(reason)) => assert!(!reason.is_empty(), "{}", rule.id),
            None => {}
        }
    }
}

#[test]
fn pages_and_table_are_fresh() {
    let mut stale = Vec::new();
    let folder = root().join("docs/rules");
    for rule in rules::ALL {
        let path = folder.join(format!("{}.md", rule.id));
        if refresh(&path, &page(rule)) {
            stale.push(path);
        }
    }
    let pages = std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path());
    for path in pages {
        let id = path.file_stem().unwrap().to_str().unwrap();
        assert!(rules::ALL.iter().any(|rule| rule.id == id), "{} is of no rule", path.display());
    }
    let readme = root().join("README.md");
    let text = std::fs::read_to_string(&readme).unwrap_or_else(|_| format!("{BEGIN}{END}\n"));
    let (before, rest) = text.split_once(BEGIN).expect("README.md has the table's markers");
    let (_, after) = rest.split_once(END).expect("README.md has the table's markers");
    if refresh(&readme, &format!("{before}{BEGIN}{}{END}{after}", table())) {
        stale.push(readme);
    }
    assert_eq!(
        stale,
        Vec::<PathBuf>::new(),
        "were stale and have been rewritten: run the tests again"
    );
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Documentation as it is written to a file: the blank after `///` is the source's, not the text's.
fn unindented(docs: &str) -> String {
    docs.lines().flat_map(|line| [line.strip_prefix(' ').unwrap_or(line), "\n"]).collect()
}

fn page(rule: &Rule) -> String {
    let unindented = unindented(rule.docs);
    let (_, body) = unindented.split_once('\n').unwrap_or_default();
    format!(
        "<!-- Written by `cargo test -p rules` from the rule's documentation. -->\n\n# `{}`\n\n{}.\n\n{}\n\n{}\n",
        rule.id,
        rule.summary,
        facts(rule),
        // Renderers know languages, not what an example is an example of.
        body.trim()
            .replace("```python bad", "Bad:\n\n```python")
            .replace("```python good", "Good:\n\n```python")
            .replace("```scala bad", "Bad:\n\n```scala")
            .replace("```scala good", "Good:\n\n```scala")
    )
}

fn facts(rule: &Rule) -> String {
    let languages: Vec<&str> = rule
        .languages
        .iter()
        .map(|it| match it {
            Language::Python => "PySpark",
            Language::Scala => "Scala",
        })
        .collect();
    format!(
        "| category | severity | tier | languages | run | fix | since |\n| --- | --- | --- | --- | --- | --- | --- |\n| {} | {} | {} | {} | {} | {} | {} |",
        rule.category.name(),
        rule.severity.name(),
        tier(rule),
        languages.join(", "),
        evidence_need(rule),
        fix_class(rule),
        rule.since
    )
}

fn tier(rule: &Rule) -> u32 {
    match rule.tier {
        analysis::Tier::One => 1,
        analysis::Tier::Two => 2,
        analysis::Tier::Three => 3,
    }
}

fn evidence_need(rule: &Rule) -> &'static str {
    match rule.evidence {
        analysis::EvidenceNeed::Unused => "not used",
        analysis::EvidenceNeed::Refines => "confirms or refutes",
        analysis::EvidenceNeed::Required => "required",
    }
}

fn fix_class(rule: &Rule) -> &'static str {
    match rule.fix {
        analysis::FixClass::None => "none",
        analysis::FixClass::Safe => "safe for some forms",
        analysis::FixClass::Unsafe => "unsafe",
    }
}

fn table() -> String {
    let mut table = String::from(
        "| rule | what it finds | tier | fix | run |\n| --- | --- | --- | --- | --- |\n",
    );
    for rule in rules::ALL {
        let _ = writeln!(
            table,
            "| [`{id}`](docs/rules/{id}.md) | {} | {} | {} | {} |",
            rule.summary,
            tier(rule),
            fix_class(rule),
            evidence_need(rule),
            id = rule.id
        );
    }
    table
}

/// Writes `text` where the file differs and tells whether it did, so that the next run of the tests passes.
fn refresh(path: &PathBuf, text: &str) -> bool {
    let stale = std::fs::read_to_string(path).ok().as_deref() != Some(text);
    if stale {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    stale
}
