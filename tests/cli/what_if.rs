//! `stagelight what-if`.

use super::{Folder, log, run_in};
use std::path::Path;

/// The recorded run of the example.
const ORDERS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/orders/logs/orders-python-3.5.zstd");

#[test]
fn a_change_is_shown_with_what_it_saves() {
    let folder = Folder::new(&[("app", &log("nightly"))]);
    let outcome = folder.run("what-if app --partitions 0=4 --cores 4");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(outcome.stdout, @r"
    Application nightly app-1 · Spark 3.5.1 · 10 s wall time · 7.9 s task time
      note: complete: every task that a finished stage announced has its end
      note: no executor metrics: how much of its memory an executor used is not known

    Replay of the unchanged run
      jobs ran for           8 s  measured
      its tasks alone        8 s  modelled, 0.0 %
      with measured delays   8 s  modelled, 0.0 %: the replay error
      with stages' overhead  8 s  modelled, 0.0 %: what predictions start from

    With 4 cores for each executor, 4 partitions in stage 0
                     measured    modelled  modelled with the changes
      application        10 s        10 s                      4.1 s
      jobs                8 s         8 s                      2.1 s
      task time           8 s         8 s                      8.5 s
      core-hours            –       0.003                      0.005
      Saves 5.9 s of the application's wall time, 59 % (modelled).

    Stages that change most, wall time
        stage    measured    modelled     changed  call site
            0         8 s         8 s       2.1 s  collect at /srv/job.py:4

    The prediction assumes that
      · a task takes as long as before, however many run beside it
      · the work of stage 0 stays the same; each task costs what it costs beside its work; the rows of a
        key stay together
    One log can't predict
      · how memory and garbage collection react: spill and collection stay what they were
      · how long a task takes beside more others in an executor: they share its memory, its disks and,
        on a machine with fewer processors, its cores
      · what adaptive execution would plan anew from other sizes
      · how many partitions there would be where their number follows that of the cores
        (spark.default.parallelism, small files)
      · when the network, the storage or the driver becomes the bottleneck
    ");
}

#[test]
fn without_changes_sizes_of_the_cluster_are_compared() {
    let outcome = run_in(Path::new("."), &["what-if", ORDERS]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    let sizes: Vec<&str> = outcome
        .stdout
        .lines()
        .skip_while(|line| !line.contains("other numbers of cores"))
        .skip(2)
        .take_while(|line| !line.contains("measured:"))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(sizes, ["1", "2", "3", "4", "6", "8", "12", "16", "20"]);
    assert_eq!(outcome.stdout.matches("as it was").count(), 1);
    assert_eq!(outcome.stdout.matches("knee:").count(), 1);
    assert!(outcome.stdout.contains("One log can't predict"));
}

#[test]
fn json_keeps_measured_and_modelled_apart() {
    let json = run_in(Path::new("."), &["what-if", ORDERS, "--output-format", "json"]).json();
    assert_eq!(json["schema"], "stagelight.what-if/1");
    let (measured, modelled) = (&json["measured"], &json["modelled"]);
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let off = number(&modelled["unchanged"]["durationMs"]) / number(&measured["durationMs"]) - 1.0;
    assert!(off.abs() < 0.01, "{off}");
    assert!(number(&modelled["replay"]["error"]).abs() < 0.05);
    assert_eq!(modelled["predicted"], serde_json::Value::Null);
    assert_eq!(modelled["scaling"]["unit"], "cores");
    let steps = modelled["scaling"]["steps"].as_array().unwrap();
    let times: Vec<f64> = steps.iter().map(|step| number(&step["durationMs"])).collect();
    assert!(times.is_sorted_by(|fewer, more| fewer >= more), "{times:?}");

    let words = ["what-if", ORDERS, "--cores", "1", "--no-driver-gap", "--output-format", "json"];
    let json = run_in(Path::new("."), &words).json();
    assert_eq!(json["changes"][0]["change"], "cores");
    assert_eq!(json["changes"][1]["change"], "no-driver-gap");
    let (modelled, saving) = (&json["modelled"], number(&json["modelled"]["savingMs"]));
    let (before, after) =
        (&modelled["unchanged"]["durationMs"], &modelled["predicted"]["durationMs"]);
    assert!(saving < 0.0 && saving == number(before) - number(after));
    assert_eq!(modelled["unchanged"]["taskMs"], modelled["predicted"]["taskMs"]);
}

#[test]
fn a_run_that_the_model_does_not_explain_is_refused() {
    // The stage's only task took one of the eight seconds.
    let text =
        log("nightly").replace("\"Finish Time\":1714564809000", "\"Finish Time\":1714564802000");
    let folder = Folder::new(&[("app", &text)]);
    let outcome = folder.run("what-if app --cores 4");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (2, ""));
    let refusal = outcome.stdout.split("Nothing is predicted:").nth(1).unwrap();
    let refusal = refusal.split_whitespace().collect::<Vec<_>>().join(" ");
    insta::assert_snapshot!(refusal, @"replaying the unchanged run gives 2 s in jobs in place of 8 s, more than 15 % off: slots stood idle for a reason that the log does not show (executors that were not there yet, locality, a busy driver).");
    let outcome = folder.run("what-if app --cores 4 --output-format json");
    assert_eq!(outcome.code, 2);
    let json = outcome.json();
    assert!(json["modelled"]["replay"]["refused"].is_string());
    assert_eq!(json["modelled"]["predicted"], serde_json::Value::Null);
}

#[test]
fn what_makes_no_sense_is_said() {
    let folder = Folder::new(&[("app", &log("nightly"))]);
    let error = |arguments: &str| {
        let outcome = folder.run(&format!("what-if {arguments}"));
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{outcome:?}");
        outcome.stderr.lines().next().unwrap_or_default().to_owned()
    };
    insta::assert_snapshot!(error("app --no-skew 7"), @"error: stage 7 did not run; `stagelight log app` lists the stages that ran");
    insta::assert_snapshot!(error("app --broadcast-join 0"), @"error: stage 0 has no sort-merge join of two sides that were shuffled for it; name the stage that runs the join, after the shuffles of both sides");
    insta::assert_snapshot!(error("app --cache 0"), @"error: no later stage computes again what stage 0 computes; name the stage that computes the value first, and that a later one repeats");
    insta::assert_snapshot!(error("app --partitions 0"), @"error: invalid value '0' for '--partitions <STAGE=N>': expected STAGE=N, such as 7=400");
    insta::assert_snapshot!(error("app --partitions 0=0"), @"error: invalid value '0=0' for '--partitions <STAGE=N>': expected STAGE=N, such as 7=400");
    insta::assert_snapshot!(error("app --partitions 0=99999999"), @"error: 99999999 partitions are more than are simulated (1000000); name fewer");
    insta::assert_snapshot!(error("app --cores 0"), @"error: invalid value '0' for '--cores <N>': 0 is not in 1..=10000");
    insta::assert_snapshot!(error("missing"), @"error: missing: no such event log; check the spelling");
}

#[test]
fn completions_know_it() {
    let outcome = Folder::new(&[]).run("completions bash");
    assert!(outcome.stdout.contains("what-if") && outcome.stdout.contains("--no-driver-gap"));
}
