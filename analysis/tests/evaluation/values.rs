//! Values: texts with wildcards, lists, mappings.

use analysis::evaluation::{Constant, TextPattern};

use super::{automaton, evaluated};

/// The paths that a file reads, in order.
fn paths(source: &str) -> Vec<String> {
    let evaluation = evaluated(&[("job.py", source)]);
    let sites = evaluation.automaton.sites.iter();
    sites.flat_map(|it| it.features.paths.iter().map(ToString::to_string)).collect()
}

#[test]
fn texts_keep_what_is_known_of_them() {
    let source = r#"
import os, sys
from pathlib import Path
base, day, n = "/in", sys.argv[1], 7
spark.read.csv(f"{base}/day={day}/x")
spark.read.csv("{}/{name}".format(base, name="y"))
spark.read.csv("%s/%02d" % (base, n))
spark.read.csv(os.path.join(base, "a", "b"))
spark.read.csv(str(Path(base) / "c"))
spark.read.csv("/".join([base, "d"]))
spark.read.csv(base + "/" + day.lower() + "/e")
spark.read.csv(base.replace("in", "out").upper())
spark.read.csv(os.environ["ROOT"])
"#;
    assert_eq!(
        paths(source),
        ["/in/day=*/x", "/in/y", "/in/07", "/in/a/b", "/in/c", "/in/d", "/in/*/e", "/OUT", "*"]
    );
}

#[test]
fn slices_of_known_lists_and_texts_are_known() {
    let source = r#"
names = ["/a", "/b", "/c", "/d"]
for name in names[1:]:
    spark.read.csv(name)
for name in names[:-3] + names[::2] + names[::-1][0:1]:
    spark.read.csv(name)
spark.read.csv("/2024-05"[:5])
spark.read.csv(names[start():])
"#;
    assert_eq!(paths(source), ["/b", "/c", "/d", "/a", "/a", "/c", "/d", "/2024", "*"]);
}

#[test]
fn lists_and_mappings_keep_their_items() {
    let source = r#"
tables = {"a": "/a", "b": "/b"}
tables["c"] = "/c"
for name, path in tables.items():
    spark.read.csv(path)
paths = [f"/x/{i}" for i in range(3) if i != 1]
paths.append("/y")
spark.read.csv(paths)
for i, (left, right) in enumerate(zip(["l"], ["r"])):
    spark.read.csv(f"{left}/{i}/{right}")
first, *rest = ["/p", "/q", "/r"]
spark.read.csv(first)
spark.read.csv(rest)
spark.read.csv(tables.get("z", "/default"))
"#;
    assert_eq!(
        paths(source),
        ["/a", "/b", "/c", "/x/0", "/x/2", "/y", "l/0/r", "/p", "/q", "/r", "/default"]
    );
}

#[test]
fn what_two_branches_share_is_kept() {
    let source = r#"
import sys
if sys.argv:
    base = "/data/prod/orders"
else:
    base = "/data/test/orders"
spark.read.csv(base)
"#;
    assert_eq!(paths(source), ["/data/*t*/orders".replace("*t*", "*")]);
}

#[test]
fn a_pattern_matches_the_texts_that_it_stands_for() {
    let source = "import sys\nspark.read.csv(f'/in/{sys.argv[1]}/x')\n";
    let evaluation = evaluated(&[("job.py", source)]);
    let path = evaluation.automaton.sites[0].features.paths[0].clone();
    assert!(path.matches("/in/2024/x"));
    assert!(!path.matches("/in/2024/y"));
    assert!(!path.is_exact());
    assert_eq!(path.pieces().collect::<Vec<_>>(), ["/in/", "/x"]);
}

#[test]
fn calls_are_recorded_with_their_arguments() {
    let source =
        "options = {'header': True}\nn = 2 * 5\nspark.table('t').limit(n).show(n, False)\n";
    let evaluation = evaluated(&[("job.py", source)]);
    let records: Vec<String> = evaluation
        .records
        .iter()
        .map(|it| {
            let arguments: Vec<String> =
                it.arguments.iter().map(|it| it.value.to_string()).collect();
            format!("{}({})", it.method, arguments.join(", "))
        })
        .collect();
    assert_eq!(records, ["table(\"t\")", "limit(10)", "show(10, false)"]);
    assert_eq!(evaluation.records[0].arguments[0].value, Constant::Text(TextPattern::exact("t")));
}

#[test]
fn a_global_is_seen_and_changed_by_functions() {
    let source = r#"
TARGET = "/a"
def move():
    global TARGET
    TARGET = "/b"
move()
spark.range(3).write.parquet(TARGET)
"#;
    insta::assert_snapshot!(automaton(source), @r#"
    program job.py: 0 to 1
      0 -> 1 write parquet of #0 (path "/b"; format "parquet") at 7
    "#);
}
