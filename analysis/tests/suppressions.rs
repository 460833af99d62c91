//! Suppressions: a comment silences what stands on its line, and one that silences nothing is reported.

use analysis::{
    Applicability, Edit, Evidence, FileCheck, Finding, Fix, Rule, RuleContext, Settings,
    check_file, declare_rule,
};
use program::{Language, TextRange};

declare_rule! {
    /// A rule for these tests that finds every `count`
    static EVERY_COUNT = {
        id: "every-count",
        category: Algorithm,
        severity: Warning,
        tier: One,
        languages: [Python, Scala],
        evidence: Unused,
        fix: None,
        since: "0.1.0",
        check: every_count,
        verdict: None,
    }
}

declare_rule! {
    /// A rule for these tests that breaks
    static BROKEN = {
        id: "broken",
        category: Algorithm,
        severity: Warning,
        tier: One,
        languages: [Python],
        evidence: Unused,
        fix: None,
        since: "0.1.0",
        check: broken,
        verdict: None,
    }
}

fn every_count(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    for (id, _) in ctx.program.calls_with_ids().filter(|(_, call)| call.method == "count") {
        findings.push(EVERY_COUNT.at_call(ctx, id, "`count` counts".to_owned(), "do not count"));
    }
}

fn broken(ctx: &RuleContext<'_>, _: &mut Vec<Finding>) {
    assert!(ctx.program.calls.is_empty(), "the rule broke");
}

fn check(text: &str, rules: &[&'static Rule]) -> FileCheck {
    let program = grammars::lower(Language::Python, text);
    check_file("job.py", text, &program, rules, &Settings::default(), &Evidence::default())
}

fn job(lines: &str) -> String {
    format!(
        "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\ndf = spark.table('t')\n{lines}"
    )
}

fn found(lines: &str) -> Vec<String> {
    let check = check(&job(lines), &[&EVERY_COUNT]);
    check.findings.into_iter().map(|it| format!("{}: {}", it.rule, it.message)).collect()
}

#[test]
fn a_comment_silences_its_line_or_the_next() {
    assert_eq!(found("df.count()\n"), ["every-count: `count` counts"]);
    assert!(found("df.count()  # stagelight: ignore[every-count] small\n").is_empty());
    assert!(found("# stagelight: ignore[every-count] small\ndf.count()\n").is_empty());
    assert_eq!(found("df.count()  # stagelight: ignore[every-count]\ndf.count()\n").len(), 1);
    assert!(
        found("# stagelight: ignore-file[every-count] a report\ndf.count()\ndf.count()\n")
            .is_empty()
    );
}

#[test]
fn a_suppression_without_effect_is_reported() {
    assert_eq!(
        found("# stagelight: ignore[every-count] nothing here\nprint(1)\n"),
        ["unused-suppression: suppression of `every-count` silences nothing here"]
    );
    assert_eq!(
        found("df.count()  # stagelight: ignore[no-such-rule]\n"),
        [
            "every-count: `count` counts",
            "unused-suppression: suppression of `no-such-rule` names a rule that does not exist"
        ]
    );
}

#[test]
fn removing_a_suppression_keeps_the_line_end() {
    let mut mended = job("print(1)  # stagelight: ignore[every-count] x\r\nprint(2)\r\n");
    let check = check(&mended, &[&EVERY_COUNT]);
    let edit = &check.findings[0].fixes[0].edits[0];
    mended.replace_range(edit.range.start as usize..edit.range.end as usize, &edit.replacement);
    assert!(mended.ends_with("print(1)\r\nprint(2)\r\n"), "{mended:?}");
}

#[test]
fn a_rule_that_panics_costs_only_itself() {
    let check = check(&job("df.count()\n"), &[&BROKEN, &EVERY_COUNT]);
    assert_eq!(check.findings.len(), 1);
    assert_eq!(check.panics.len(), 1);
    assert_eq!(
        (check.panics[0].rule, check.panics[0].message.as_str()),
        ("broken", "the rule broke")
    );
}

declare_rule! {
    /// A rule for these tests that would mend every `limit`
    static EVERY_LIMIT = {
        id: "every-limit",
        category: Algorithm,
        severity: Warning,
        tier: One,
        languages: [Python],
        evidence: Unused,
        fix: None,
        since: "0.1.0",
        check: every_limit,
        verdict: None,
    }
}

fn every_limit(ctx: &RuleContext<'_>, findings: &mut Vec<Finding>) {
    for (id, call) in ctx.program.calls_with_ids().filter(|(_, call)| call.method == "limit") {
        let mut finding = EVERY_LIMIT.at_call(ctx, id, "`limit` limits".to_owned(), "do not limit");
        finding.fixes.push(Fix {
            title: "Count".to_owned(),
            applicability: Applicability::Safe,
            edits: vec![Edit {
                range: TextRange::new(call.range.end, call.range.end),
                replacement: ".count()".to_owned(),
            }],
        });
        findings.push(finding);
    }
}

#[test]
fn findings_in_sql_text_are_silenced_around_it_and_never_mended_in_it() {
    let query = "spark.sql(\"\"\"\n  select a from t\n  limit 3\n\"\"\")";
    let found = check(&job(&format!("{query}\ndf.limit(3)\n")), &[&EVERY_LIMIT]).findings;
    assert_eq!(found.len(), 2);
    assert!(found[0].fixes.is_empty(), "code does not belong into SQL");
    assert_eq!(found[1].fixes.len(), 1);
    let silenced = format!("# stagelight: ignore[every-limit] three rows\n{query}\n");
    assert!(check(&job(&silenced), &[&EVERY_LIMIT]).findings.is_empty());
    let silenced = format!("{query}  # stagelight: ignore[every-limit] three rows\n");
    assert!(check(&job(&silenced), &[&EVERY_LIMIT]).findings.is_empty());
}
