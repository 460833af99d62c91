//! What a run says of findings in files that start nothing themselves: recorded programs of several modules.

use std::path::{Path, PathBuf};

use super::{Folder, Outcome};

/// The recorded programs.
pub(super) fn recorded(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/attribution").join(path)
}

/// A recorded log as text.
pub(super) fn recorded_text(path: &str) -> String {
    let bytes = zstd::decode_all(std::fs::File::open(recorded(path)).unwrap()).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// A folder with the sources of a recorded program, as they ran, and thresholds that runs of seconds reach.
pub(super) fn program(name: &str) -> Folder {
    let folder = Folder::new(&[(
        "stagelight.toml",
        "[thresholds]\nrecompute-ms = 500\nshuffle-bytes = 1000\n",
    )]);
    copy(&recorded(name).join("source"), &folder.path("source"));
    folder
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn check(folder: &Folder, log: &Path, rule: &str) -> Outcome {
    let log = log.display();
    folder.run(&format!("check source --output-format json --select {rule} --event-log {log}"))
}

/// `file:line`, the state and the numbers of each finding.
fn told(outcome: &Outcome) -> Vec<(String, String, String)> {
    let json = outcome.json();
    let findings = json["findings"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .iter()
        .map(|it| {
            let place = format!("{}:{}", text(&it["file"]), it["line"]);
            (place, text(&it["evidence"]), text(&it["measured"]["text"]))
        })
        .collect()
}

#[test]
fn a_helper_s_dataset_that_other_modules_compute_again_is_told_with_its_executions() {
    // `shipments` is made by a helper in `quality.py`; `main.py` hands it to helpers of two modules, whose actions each compute it.
    let folder = program("freight");
    for (log, executions) in [("3.5.9", "2, 3, 7, 8 and 12"), ("4.1.4", "4, 5, 11, 12 and 16")] {
        let outcome =
            check(&folder, &recorded(&format!("freight/{log}.zstd")), "reuse-without-cache");
        let told = told(&outcome);
        let [(place, state, text)] = told.as_slice() else { panic!("{log}: {outcome:?}") };
        assert_eq!((place.as_str(), state.as_str()), ("source/freight/quality.py:18", "confirmed"));
        let computed = format!("computed 5 times, by executions {executions}: ");
        assert!(text.starts_with(&computed), "{log}: {text}");
    }
}

#[test]
fn a_join_in_a_module_without_actions_has_the_size_of_its_small_side() {
    let folder = program("freight");
    let outcome = check(&folder, &recorded("freight/3.5.9.zstd"), "missing-broadcast");
    let told = told(&outcome);
    let [(place, state, text)] = told.as_slice() else { panic!("{outcome:?}") };
    assert_eq!((place.as_str(), state.as_str()), ("source/freight/transforms.py:47", "confirmed"));
    assert!(text.starts_with("the right side has 3,600 rows (351 KiB), yet"), "{text}");
}

#[test]
fn no_executions_are_told_of_a_dataset_that_is_kept() {
    // `legs` is cached where it is made, and four executions read it.
    let folder = program("freight");
    let outcome = check(&folder, &recorded("freight/3.5.9.zstd"), "reuse-without-cache");
    assert!(told(&outcome).iter().all(|it| !it.0.starts_with("source/freight/transforms.py")));
}

#[test]
fn savings_are_those_of_the_replay_and_never_more_than_the_run() {
    let orders = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/orders");
    let arguments = ["check", "orders.py", "--output-format", "json", "--event-log"];
    let log = "logs/orders-python-3.5.zstd";
    let json = super::run_in(&orders, &[&arguments[..], &[log]].concat()).json();
    let run = super::run_in(&orders, &["log", log, "--output-format", "json"]).json();
    let duration = run["application"]["duration"].as_u64().unwrap();
    let findings = json["findings"].as_array().unwrap();
    let of = |rule: &str| findings.iter().find(|it| it["rule"] == rule).unwrap();

    let reuse = &of("reuse-without-cache")["measured"];
    let text = reuse["text"].as_str().unwrap();
    assert!(text.starts_with("computed 4 times, by executions 1, 2, 3 and 5: "), "{text}");
    let (task, most) = (&reuse["task_time_ms"], &reuse["saving_ms"]);
    assert!(most.as_u64().unwrap() < task.as_u64().unwrap(), "{reuse}");
    let wall = reuse["wall_saving_ms"].as_u64().unwrap();
    assert!((1_000..duration).contains(&wall), "{wall} of {duration}");
    let broadcast = of("missing-broadcast")["measured"]["wall_saving_ms"].as_u64().unwrap();
    assert!((1..duration).contains(&broadcast), "{broadcast} of {duration}");
    // What a replay does not answer has no such number.
    assert!(of("unbounded-collect")["measured"]["wall_saving_ms"].is_null());
}

#[test]
fn values_of_calls_from_threads_are_not_taken_for_one() {
    // Each city's export makes its own `df`, with a plan that differs in a literal alone.
    let folder = program("parallel-exports");
    let log = recorded("parallel-exports/3.5.9.zstd");
    let told = told(&check(&folder, &log, "reuse-without-cache"));
    let df = told.iter().find(|it| it.0.ends_with("export_partners.py:56")).unwrap();
    assert_eq!((df.1.as_str(), df.2.as_str()), ("unmeasured", ""));
}

#[test]
fn values_of_iterations_and_micro_batches_are_told_apart() {
    for (name, place, computed) in [
        ("transit-tasks", "tasks.py:63", "2 versions of it computed 4 times, by executions "),
        (
            "meter-stream",
            "stream_readings.py:62",
            "2 versions of it computed 4 times, by executions ",
        ),
    ] {
        let folder = program(name);
        folder.write("stagelight.toml", b"[thresholds]\nrecompute-ms = 1\n");
        let log = recorded(&format!("{name}/3.5.9.zstd"));
        let told = told(&check(&folder, &log, "reuse-without-cache"));
        let it = told.iter().find(|it| it.0.ends_with(place)).unwrap_or_else(|| panic!("{told:?}"));
        assert!(it.2.starts_with(computed), "{it:?}");
    }
}
