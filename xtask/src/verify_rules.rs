//! Runs the examples of rules on real Spark and looks for what the rules claim of their plans.
//!
//! Each language's examples run in one application per version, with every file taken for large, and leave an event log. An example's
//! plans are those of the queries it ran, and of the datasets that it keeps in variables.
//!
//! What `missing-broadcast` takes for granted of sizes is held to Spark as well, on files as small as they are.

mod sizes;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use analysis::{Example, PlanClaim};
use serde::Deserialize;
use spark::Language;

use crate::pyspark::Installation;

const RUN_PYTHON: &str = include_str!("verify_rules/run.py");

const RUN_SCALA: &str = include_str!("verify_rules/run.scala");

/// The tables and folders that examples read: name, format, columns.
const DATA: &str = include_str!("verify_rules/data.tsv");

const VERSIONS: [&str; 2] = ["3.5.9", "4.1.4"];

/// Run the examples of rules on real Spark and look for what the rules claim of their plans.
///
/// A rule whose declaration has `plan: OnlyBad(&[…])` or `OnlyGood(&[…])` is held to it: the operator stands in the plans of every bad
/// example and of no good one, or the reverse. The datasets of rules/tests/sizes.tsv are made, counted, and joined with a large one: they have
/// the rows that they are said to have at most, and are broadcast or shuffled as it is said. Runs with the newest Spark 3 and Spark 4 from PyPI. Needs Java 17, Python 3.10 or 3.11
/// and, the first time, the network. What the examples read is made from xtask/src/verify_rules/data.tsv.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where the installations and Spark's output are kept [default: target/pyspark]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// The Python to make the virtual environments with
    #[arg(long, value_name = "PROGRAM", default_value = "python3.11")]
    python: PathBuf,
    /// Only these rules [default: all that claim something, and the sizes]
    #[arg(value_name = "RULE")]
    rules: Vec<String>,
}

/// One example to run.
struct Case {
    /// Rule, language and place, which is also the name of the file and of the queries in the log.
    name: String,
    claim: PlanClaim,
    example: Example,
}

/// Verifies every claim; an error if one does not hold.
pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("the crate of chores lies below the root")?;
    let cache = options.cache.clone().unwrap_or_else(|| repository.join("target/pyspark"));
    std::fs::create_dir_all(&cache)?;
    let cache = cache.canonicalize()?;
    let cases = cases(&options.rules)?;
    let mut problems = Vec::new();
    for version in VERSIONS {
        let installation = Installation::prepare(version, &cache, &options.python)?;
        for language in [Language::Python, Language::Scala] {
            let cases: Vec<&Case> =
                cases.iter().filter(|case| case.example.language == language).collect();
            if cases.is_empty() {
                continue;
            }
            let folder =
                cache.join("examples").join(format!("{version}-{language:?}").to_lowercase());
            let plans = run_all(&installation, language, &cases, &folder)?;
            for case in cases {
                let found = match plans.get(&case.name) {
                    Some(Ok(operators)) => judge(case, operators),
                    Some(Err(error)) => Some(format!("did not run: {error}")),
                    None => Some("did not run".to_owned()),
                };
                let outcome = found.as_deref().unwrap_or("as claimed");
                println!("{version} {}: {outcome}", case.name);
                problems.extend(found);
            }
        }
        for language in [Language::Python, Language::Scala] {
            if options.rules.is_empty() {
                let folder =
                    cache.join("sizes").join(format!("{version}-{language:?}").to_lowercase());
                let found = sizes::check(&installation, language, &folder)?;
                println!("{version} sizes in {language:?}: {} differ", found.len());
                found.iter().for_each(|problem| println!("{version} {problem}"));
                problems.extend(found);
            }
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!("{} examples or sizes are not as the rules claim", problems.len()).into())
    }
}

/// The examples of the chosen rules that claim something.
fn cases(chosen: &[String]) -> Result<Vec<Case>, String> {
    if let Some(unknown) = chosen.iter().find(|id| !rules::ALL.iter().any(|rule| rule.id == **id)) {
        return Err(format!("there is no rule {unknown}"));
    }
    let mut cases = Vec::new();
    for rule in
        rules::ALL.iter().filter(|rule| chosen.is_empty() || chosen.iter().any(|id| id == rule.id))
    {
        let Some(claim @ (PlanClaim::OnlyBad(_) | PlanClaim::OnlyGood(_))) = rule.plan else {
            continue;
        };
        for (place, example) in rule.examples().into_iter().enumerate() {
            let language = format!("{:?}", example.language).to_lowercase();
            let quality = if example.bad { "bad" } else { "good" };
            let name = format!("{}-{language}-{quality}-{place}", rule.id);
            cases.push(Case { name, claim, example });
        }
    }
    Ok(cases)
}

/// What is not as claimed in the operators of an example.
fn judge(case: &Case, operators: &[String]) -> Option<String> {
    let (claimed, wanted) = match case.claim {
        PlanClaim::OnlyBad(claimed) => (claimed, case.example.bad),
        PlanClaim::OnlyGood(claimed) => (claimed, !case.example.bad),
        PlanClaim::NoDifference(_) => return None,
    };
    if operators.is_empty() {
        return Some("has no plan: it runs nothing and keeps no dataset".to_owned());
    }
    let found =
        operators.iter().find(|operator| claimed.iter().any(|name| is_named(operator, name)));
    match (found, wanted) {
        (None, true) => Some(format!("has none of {claimed:?} in {operators:?}")),
        (Some(operator), false) => Some(format!("has {operator:?}")),
        _ => None,
    }
}

/// Whether an operator as a plan shows it begins with these words.
fn is_named(operator: &str, name: &str) -> bool {
    operator
        .strip_prefix(name)
        .is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
}

/// Operators of an example, or why it did not run.
type Plans = BTreeMap<String, Result<Vec<String>, String>>;

fn run_all(
    installation: &Installation,
    language: Language,
    cases: &[&Case],
    folder: &Path,
) -> Result<Plans, Box<dyn Error>> {
    renew(folder)?;
    let (work, log) = (folder.join("work"), folder.join("log"));
    for path in [&work, &log] {
        std::fs::create_dir_all(path)?;
    }
    let data = folder.join("data.tsv");
    std::fs::write(&data, DATA)?;
    let settings = settings_at_scale(&log);
    let mut command = match language {
        Language::Python => python(installation, cases, folder, &data, &settings)?,
        Language::Scala => scala(installation, cases, folder, &data, &settings)?,
    };
    let chatter = folder.join("stderr.txt");
    command.current_dir(&work).stdin(Stdio::null()).stderr(std::fs::File::create(&chatter)?);
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("Spark ended with {}, see {}", output.status, chatter.display()).into());
    }
    let mut plans = Plans::new();
    let mut current = None;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        // What an example itself prints stands between the lines that tell how it went.
        match line.split('\t').collect::<Vec<_>>()[..] {
            ["stagelight-example", name, "ran"] => {
                plans.insert(name.to_owned(), Ok(Vec::new()));
                current = Some(name.to_owned());
            }
            ["stagelight-example", name, error] => {
                plans.insert(name.to_owned(), Err(error.to_owned()));
            }
            ["stagelight-plan", node] => {
                if let Some(Ok(operators)) = current.as_ref().and_then(|name| plans.get_mut(name)) {
                    operators.push(without_tree(node).to_owned());
                }
            }
            _ => {}
        }
    }
    for entry in std::fs::read_dir(&log)? {
        read_log(&std::fs::read_to_string(entry?.path())?, &mut plans);
    }
    Ok(plans)
}

/// Makes an empty folder.
fn renew(folder: &Path) -> std::io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)
}

/// Settings under which plans are as they are before a run.
fn settings() -> Vec<String> {
    [
        "spark.master=local[2]",
        "spark.app.name=examples",
        "spark.driver.host=localhost",
        "spark.ui.enabled=false",
        "spark.ui.showConsoleProgress=false",
        "spark.sql.shuffle.partitions=2",
        "spark.sql.adaptive.enabled=false",
    ]
    .map(str::to_owned)
    .into()
}

/// Settings under which plans are what they would be on data at scale, and are kept in a log.
fn settings_at_scale(log: &Path) -> Vec<String> {
    let further = [
        // Files are taken for a billion times as large as they are.
        "spark.sql.sources.fileCompressionFactor=1000000000",
        "spark.eventLog.enabled=true",
        "spark.eventLog.compress=false",
        "spark.eventLog.rolling.enabled=false",
    ];
    let mut settings = settings();
    settings.extend(further.map(str::to_owned));
    settings.push(format!("spark.eventLog.dir=file://{}", log.display()));
    settings
}

/// Settings as PySpark takes them when no `spark-submit` starts it.
fn submit_arguments(settings: &[String]) -> String {
    let options: String = settings.iter().map(|setting| format!("--conf {setting} ")).collect();
    options + "pyspark-shell"
}

fn python(
    installation: &Installation,
    cases: &[&Case],
    folder: &Path,
    data: &Path,
    settings: &[String],
) -> Result<Command, Box<dyn Error>> {
    let mut command = Command::new(&installation.python);
    command.args(["-c", RUN_PYTHON]).arg(data);
    for case in cases {
        let file = folder.join(format!("{}.py", case.name));
        std::fs::write(&file, &case.example.text)?;
        command.arg(file);
    }
    command.env("PYSPARK_SUBMIT_ARGS", submit_arguments(settings));
    Ok(command)
}

fn scala(
    installation: &Installation,
    cases: &[&Case],
    folder: &Path,
    data: &Path,
    settings: &[String],
) -> Result<Command, Box<dyn Error>> {
    let (mut classes, mut runs) = (String::new(), String::new());
    for (place, case) in cases.iter().enumerate() {
        let _ = writeln!(
            classes,
            "class Example{place} extends Serializable {{\n{}}}\n",
            case.example.text
        );
        let _ = writeln!(runs, "    run(\"{}\", tables, files)(new Example{place})", case.name);
    }
    let script = folder.join("examples.scala");
    std::fs::write(
        &script,
        RUN_SCALA.replace("// EXAMPLES\n", &classes).replace("    // RUNS\n", &runs),
    )?;
    let mut command = installation.scala(settings, &script);
    command.arg(data);
    Ok(command)
}

/// A line of a plan without the branches before the operator and the number of its generated code.
fn without_tree(line: &str) -> &str {
    let line = line.trim_start_matches([' ', ':', '+', '-']);
    match line.strip_prefix("*(").and_then(|rest| rest.split_once(") ")) {
        Some((_, operator)) => operator,
        None => line,
    }
}

/// The start of a query, as `SparkListenerSQLExecutionStart` in an event log has it.
#[derive(Deserialize)]
struct QueryStart {
    #[serde(rename = "Event")]
    event: String,
    description: String,
    #[serde(rename = "sparkPlanInfo")]
    plan: PlanInfo,
}

/// `org.apache.spark.sql.execution.SparkPlanInfo`.
#[derive(Deserialize)]
struct PlanInfo {
    #[serde(rename = "simpleString")]
    text: String,
    children: Vec<PlanInfo>,
}

/// Adds the operators of the queries in an event log to the examples that they are described by.
fn read_log(text: &str, plans: &mut Plans) {
    for line in text.lines().filter(|line| line.contains("SparkListenerSQLExecutionStart")) {
        let Ok(query) = serde_json::from_str::<QueryStart>(line) else { continue };
        if query.event.ends_with("SQLExecutionStart")
            && let Some(Ok(operators)) = plans.get_mut(&query.description)
        {
            let mut open = vec![query.plan];
            while let Some(node) = open.pop() {
                operators.push(node.text);
                open.extend(node.children);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(claim: PlanClaim, bad: bool) -> Case {
        let example = Example { language: Language::Python, bad, text: String::new() };
        Case { name: "rule-python".to_owned(), claim, example }
    }

    #[test]
    fn a_claim_holds_where_the_operator_is_and_only_there() {
        let join = [
            "SortMergeJoin [k#1], [k#2], Inner".to_owned(),
            "Exchange hashpartitioning(k#1, 2)".to_owned(),
        ];
        let none = ["Project [k#1]".to_owned()];
        let only_bad = PlanClaim::OnlyBad(&["SortMergeJoin"]);
        assert_eq!(judge(&case(only_bad, true), &join), None);
        assert_eq!(judge(&case(only_bad, false), &none), None);
        assert!(judge(&case(only_bad, true), &none).is_some());
        assert!(judge(&case(only_bad, false), &join).is_some());
        let only_good = PlanClaim::OnlyGood(&["SortMergeJoin"]);
        assert_eq!(judge(&case(only_good, false), &join), None);
        assert!(judge(&case(only_good, true), &join).is_some());
        assert!(
            judge(&case(only_good, true), &[]).is_some(),
            "an example without a plan shows nothing"
        );
    }

    #[test]
    fn an_operator_is_named_by_whole_words() {
        assert!(is_named("Sort [k#1 ASC]", "Sort"));
        assert!(!is_named("SortMergeJoin [k#1]", "Sort"));
        assert!(is_named(
            "Exchange SinglePartition, ENSURE_REQUIREMENTS",
            "Exchange SinglePartition"
        ));
        assert!(!is_named("BroadcastExchange", "Exchange"));
        assert_eq!(without_tree(":  +- *(2) Project [k#1]"), "Project [k#1]");
        assert_eq!(without_tree("CartesianProduct"), "CartesianProduct");
    }

    #[test]
    fn queries_of_a_log_belong_to_the_example_in_their_description() {
        let line = r#"{"Event":"org.apache.spark.sql.execution.ui.SparkListenerSQLExecutionStart","executionId":0,"description":"a","sparkPlanInfo":{"nodeName":"Project","simpleString":"Project [k]","children":[{"nodeName":"Range","simpleString":"Range (0, 3)","children":[]}]}}"#;
        let mut plans =
            Plans::from([("a".to_owned(), Ok(Vec::new())), ("b".to_owned(), Ok(Vec::new()))]);
        read_log(&format!("{line}\nnonsense\n"), &mut plans);
        assert_eq!(plans["a"], Ok(vec!["Project [k]".to_owned(), "Range (0, 3)".to_owned()]));
        assert_eq!(plans["b"], Ok(Vec::new()));
    }

    #[test]
    fn every_claim_has_examples_to_run() {
        assert!(!cases(&[]).unwrap().is_empty());
        assert!(cases(&["no-such-rule".to_owned()]).is_err());
    }
}
