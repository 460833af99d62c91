//! Sources that are generated, or made to mislead: they take bounded time and memory, what is passed over is told, and all else is
//! analysed.

use std::process::Command;

use super::{Folder, Outcome, UNUSED};

/// The finding of [`UNUSED`] in a file.
fn found(name: &str, line: usize) -> String {
    format!("{name}:{line}:8: warning[unused-suppression]")
}

/// Runs `check` in the folder with at most so much memory: far more than any source of an ordinary size takes, and far less than
/// what grows out of bounds.
fn check(folder: &Folder) -> Outcome {
    let limit_kilobytes = 4 << 20;
    let program = env!("CARGO_BIN_EXE_stagelight");
    let script = format!("ulimit -v {limit_kilobytes}; exec \"$0\" check --output-format concise");
    let output = Command::new("sh")
        .args(["-c", &script, program])
        .current_dir(folder.directory.path())
        .env("NO_COLOR", "1")
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap();
    Outcome {
        code: output.status.code().unwrap_or_else(|| panic!("{output:?}")),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_source_of_fifty_megabytes_is_left_out() {
    let folder = Folder::new(&[("a.py", UNUSED)]);
    let line = "x = spark.table('orders').filter('amount > 10').collect()\n";
    folder.write("generated.py", line.repeat(50_000_000 / line.len()).as_bytes());
    let outcome = check(&folder);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.starts_with("warning: generated.py: is 48 MiB large"), "{outcome:?}");
    assert!(outcome.stderr.ends_with("; exclude it\n"), "{outcome:?}");
    assert_eq!(outcome.stderr.lines().count(), 1);
    assert!(outcome.stdout.starts_with(&found("a.py", 3)), "{outcome:?}");
}

#[test]
fn a_million_brackets_are_left_out() {
    const COUNT: usize = 1_000_000;
    let python = |brackets: &str| format!("{UNUSED}y = {brackets}\n");
    let scala = |brackets: &str| {
        let comment = "x = 1  // stagelight: ignore[no-such-rule] old";
        format!("import org.apache.spark.sql.SparkSession\n\nval {comment}\nval y = {brackets}\n")
    };
    let pairs = format!("{}{}", "(".repeat(COUNT / 2), ")".repeat(COUNT / 2));
    let mixed = "([{".repeat(COUNT / 3);
    let files = [
        ("close.py", python(&")".repeat(COUNT))),
        ("mixed.py", python(&mixed)),
        ("open.py", python(&"(".repeat(COUNT))),
        ("pairs.py", python(&pairs)),
        ("braces.scala", scala(&"{".repeat(COUNT))),
        ("mixed.scala", scala(&mixed)),
        ("open.scala", scala(&"(".repeat(COUNT))),
        ("pairs.scala", scala(&pairs)),
    ];
    let folder = Folder::new(&[("a.py", UNUSED)]);
    for (name, text) in &files {
        folder.write(name, text.as_bytes());
    }
    let outcome = check(&folder);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.stdout.contains(&found("a.py", 3)), "{}", outcome.stdout);
    for (name, _) in &files {
        // What lies before the brackets is analysed, and the brackets are told.
        let finding = format!("{name}:3:");
        assert!(outcome.stdout.contains(&finding), "{name}: {}", outcome.stdout);
        let note = format!("warning: {name}:");
        let note = outcome.stderr.lines().find(|line| line.starts_with(&note));
        assert!(note.is_some_and(|it| it.contains("is left out here")), "{name}: {outcome:?}");
    }
    assert_eq!(outcome.stderr.lines().count(), files.len(), "{}", outcome.stderr);
}

#[test]
fn long_lines_are_analysed() {
    let numbers: Vec<String> = (0..100_000).map(|number: u32| number.to_string()).collect();
    let numbers = numbers.join(", ");
    let text = "a".repeat(5_000_000);
    let chain = ".filter('amount > 10')".repeat(400);
    let folder = Folder::new(&[
        ("chain.py", &format!("{UNUSED}y = spark.table('a'){chain}\n{UNUSED}")),
        ("list.py", &format!("y = [{numbers}]\n{UNUSED}")),
        ("text.py", &format!("y = '{text}'\n{UNUSED}")),
        (
            "list.scala",
            &format!(
                "val y = Seq({numbers})\nval x = 1  // stagelight: ignore[no-such-rule] old\n"
            ),
        ),
    ]);
    let outcome = check(&folder);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""));
    for (name, line) in [("chain.py", 3), ("chain.py", 7), ("list.py", 4), ("text.py", 4)] {
        assert!(outcome.stdout.contains(&found(name, line)), "{name}: {}", outcome.stdout);
    }
    assert!(outcome.stdout.contains("list.scala:2:"), "{}", outcome.stdout);
}

#[test]
fn one_dataset_through_thousands_of_loops_is_analysed() {
    let one = "for c in cols:\n    df = df.join(spark.table(c), 'id')\n    print(df.first())\n    if df.count() > 0: pass\n";
    let head = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\ndf = spark.table('a')\n";
    let folder = Folder::new(&[("job.py", &format!("{head}{}", one.repeat(1_500)))]);
    let outcome = check(&folder);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, ""), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("[count-for-emptiness]"));
}
