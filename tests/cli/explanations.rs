//! Commands that explain.

use super::Folder;

#[test]
fn every_rule_is_explained_twice() {
    let folder = Folder::new(&[]);
    let rules = folder.run("rules --output-format json").json();
    for rule in rules["rules"].as_array().unwrap() {
        let id = rule["id"].as_str().unwrap();
        let newcomer = folder.run(&format!("explain {id}"));
        let expert = folder.run(&format!("explain {id} --for expert"));
        assert_eq!((newcomer.code, expert.code), (0, 0), "{id}");
        assert!(newcomer.stdout.contains("Why is this bad?"), "{id}: {}", newcomer.stdout);
        assert!(!newcomer.stdout.contains("For experts"), "{id}");
        assert!(expert.stdout.len() + 100 >= newcomer.stdout.len(), "{id}");
    }
    assert_eq!(folder.run("explain unused-suppression").code, 0);
    let unknown = folder.run("explain unused-supression");
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("did you mean `unused-suppression`?"), "{unknown:?}");
}

#[test]
fn a_diagnosis_is_explained_twice() {
    let folder = Folder::new(&[]);
    let newcomer = folder.run("explain partition-skew");
    let expert = folder.run("explain partition-skew --for expert");
    assert_eq!((newcomer.code, expert.code), (0, 0));
    assert!(newcomer.stdout.contains("cores stood idle"), "{}", newcomer.stdout);
    assert!(expert.stdout.contains("three times the median"), "{}", expert.stdout);
}

#[test]
fn every_key_is_told() {
    let folder = Folder::new(&[]);
    let all = folder.run("config");
    assert_eq!(all.code, 0);
    for key in ["event-logs", "select", "ignore", "exclude", "fail-on", "rules", "thresholds"] {
        assert!(all.stdout.contains(&format!("{key}\n")), "{key}");
        assert!(folder.run(&format!("config {key}")).stdout.starts_with(key), "{key}");
    }
    assert!(folder.run("config skew-severe").stdout.contains("default: 5.0"));
    assert_eq!(folder.run("config nothing").code, 2);
}

#[test]
fn completions_and_help_are_there() {
    let folder = Folder::new(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let outcome = folder.run(&format!("completions {shell}"));
        assert_eq!(outcome.code, 0);
        assert!(outcome.stdout.contains("annotate"), "{shell}");
    }
    for command in ["check", "annotate", "log", "explain", "model"] {
        let help = folder.run(&format!("{command} --help")).stdout;
        assert!(help.contains("Examples:"), "{command}");
    }
}

#[test]
fn the_model_is_shown() {
    let folder = Folder::new(&[("job.py", super::JOB)]);
    let outcome = folder.run("model job.py");
    assert_eq!(outcome.code, 0);
    assert!(outcome.stdout.starts_with("job.py\n") && outcome.stdout.contains("collect"));
}
