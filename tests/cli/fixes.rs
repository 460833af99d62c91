//! Fixes and suppressions.

use super::{Folder, JOB, UNUSED};

const TWO: &str = "import pyspark\nx = 1  # stagelight: ignore[no-such-rule]\n\
    # stagelight: ignore[no-such-rule]\ny = 2\n";

#[test]
fn safe_fixes_are_applied_and_nothing_is_left() {
    let folder = Folder::new(&[("a.py", TWO), ("b.py", "x = 1\n")]);
    let outcome = folder.run("check --fix");
    assert_eq!(outcome.code, 0);
    assert_eq!(outcome.stdout, "no findings in 2 files; 2 fixes applied\n");
    assert_eq!(folder.read("a.py"), "import pyspark\nx = 1\ny = 2\n");
    assert_eq!(folder.read("b.py"), "x = 1\n");
    assert_eq!(folder.run("check --fix").stdout, "no findings in 2 files\n");
}

#[test]
fn line_ends_and_the_byte_order_mark_are_kept() {
    let folder = Folder::new(&[]);
    folder.write("a.py", format!("\u{feff}{}", TWO.replace('\n', "\r\n")).as_bytes());
    folder.run("check --fix");
    assert_eq!(folder.read("a.py"), "\u{feff}import pyspark\r\nx = 1\r\ny = 2\r\n");
}

#[test]
fn a_diff_changes_nothing() {
    let folder = Folder::new(&[("src/a.py", UNUSED)]);
    let outcome = folder.run("check --diff");
    assert_eq!(outcome.code, 1);
    assert_eq!(outcome.stderr, "1 fix in 1 file; nothing was changed\n");
    insta::assert_snapshot!(outcome.stdout, @r"
    --- a/src/a.py
    +++ b/src/a.py
    @@ -1,3 +1,3 @@
     import pyspark
     
    -x = 1  # stagelight: ignore[no-such-rule] old
    +x = 1
    ");
    assert_eq!(folder.read("src/a.py"), UNUSED);
    let clean = Folder::new(&[("a.py", "x = 1\n")]).run("check --diff");
    assert_eq!((clean.code, clean.stdout.as_str()), (0, ""));
}

#[test]
fn a_diff_of_an_unended_last_line_says_so() {
    let folder = Folder::new(&[("a.py", UNUSED.trim_end())]);
    let outcome = folder.run("check --diff");
    assert!(outcome.stdout.ends_with("\\ No newline at end of file\n"), "{outcome:?}");
}

#[test]
fn unsafe_fixes_want_rules_that_are_named() {
    let folder = Folder::new(&[("a.py", UNUSED)]);
    let outcome = folder.run("check --fix --unsafe-fixes");
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("only for the rules that `--select` names"), "{outcome:?}");
    assert_eq!(folder.read("a.py"), UNUSED);
    let outcome = folder.run("check --fix --unsafe-fixes --select unused-suppression");
    assert_eq!(outcome.code, 0, "{outcome:?}");
}

#[test]
fn unsafe_fixes_are_shown_when_asked_for_and_applied_by_name() {
    let folder = Folder::new(&[("job.py", JOB)]);
    assert_eq!(folder.run("check --diff --select unbounded-collect").code, 0);
    let shown = folder.run("check --diff --unsafe-fixes --select unbounded-collect");
    assert_eq!(shown.code, 1, "{shown:?}");
    assert!(shown.stdout.contains("-rows = spark.table(\"orders\").collect()\n"), "{shown:?}");
    folder.run("check --fix --select unbounded-collect");
    assert_eq!(folder.read("job.py"), JOB);
    folder.run("check --fix --unsafe-fixes --select unbounded-collect");
    assert_ne!(folder.read("job.py"), JOB);
    assert_eq!(folder.run("check --diff --unsafe-fixes").code, 0);
}

#[test]
fn a_suppression_silences_its_rule_only() {
    let folder = Folder::new(&[("job.py", JOB)]);
    let found = folder.run("check --output-format concise --select unbounded-collect");
    assert!(found.stdout.starts_with("job.py:4:"), "{found:?}");
    let checked = "check --select unbounded-collect,unused-suppression";
    let line = ".collect()  # stagelight: ignore[unbounded-collect] few";
    folder.write("job.py", JOB.replace(".collect()", line).as_bytes());
    assert_eq!(folder.run(checked).stdout, "no findings in 1 file\n");
    let whole = format!("# stagelight: ignore-file[unbounded-collect] few\n{JOB}");
    folder.write("job.py", whole.as_bytes());
    assert_eq!(folder.run(checked).stdout, "no findings in 1 file\n");
}
