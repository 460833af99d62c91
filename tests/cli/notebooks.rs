//! Notebooks of Jupyter and of Databricks.

use serde_json::{Value, json};

use super::{Folder, JOB, log};

/// A notebook as Jupyter writes it, with cells of code in the order given, prose before the first, and an output in each.
fn jupyter(cells: &[&str]) -> String {
    let prose = json!({"cell_type": "markdown", "metadata": {}, "source": ["# Orders"]});
    let code = cells.iter().map(|text| {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        json!({"cell_type": "code", "execution_count": 1, "metadata": {}, "source": lines,
               "outputs": [{"output_type": "stream", "name": "stdout", "text": ["spark.collect()\n"]}]})
    });
    let cells: Vec<Value> = std::iter::once(prose).chain(code).collect();
    let metadata = json!({"kernelspec": {"name": "python3", "language": "python"}});
    let notebook =
        json!({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5});
    format!("{}\n", serde_json::to_string_pretty(&notebook).unwrap())
}

const CELLS: [&str; 3] = [
    "größe = 1\norders = spark.table(\"orders\")\n",
    "%time orders.count()\n# 😀\nrows = orders.collect()",
    "x = 1  # stagelight: ignore[no-such-rule]\ny = \"\\\\ü\"",
];

const DATABRICKS: &str = "# Databricks notebook source\n# MAGIC %md\n# MAGIC # Orders\n\n\
    # COMMAND ----------\n\n# DBTITLE 1,Load\norders = spark.table(\"orders\")\n\n\
    # COMMAND ----------\n\n# MAGIC %sql\n# MAGIC select * from orders\n\n\
    # COMMAND ----------\n\n\nrows = orders.collect()\n";

/// The line and the column of a text in a file, from 1.
fn place(file: &str, text: &str) -> (usize, usize) {
    let before = &file[..file.find(text).unwrap()];
    let line = before.matches('\n').count() + 1;
    (line, before.rsplit('\n').next().unwrap().chars().count() + 1)
}

#[test]
fn findings_stand_in_their_cell() {
    let folder = Folder::new(&[("nb/job.ipynb", &jupyter(&CELLS)), ("job.py", DATABRICKS)]);
    let outcome =
        folder.run("check --output-format concise --select unbounded-collect,unused-suppression");
    let places: Vec<&str> =
        outcome.stdout.lines().map(|line| line.split('[').next().unwrap()).collect();
    assert_eq!(
        places,
        [
            "job.py:18:15: warning",
            "nb/job.ipynb:cell 3:3:15: warning",
            "nb/job.ipynb:cell 4:1:8: warning",
        ]
    );
    let outcome = folder.run("check nb/job.ipynb --select unbounded-collect");
    assert!(
        outcome.stdout.contains("--> nb/job.ipynb:cell 3:3:15\n  |\n3 | rows = orders.collect()\n"),
        "{outcome:?}"
    );
}

#[test]
fn other_formats_name_the_cell_and_the_place_in_the_file() {
    let notebook = jupyter(&CELLS);
    let folder = Folder::new(&[("job.ipynb", &notebook), ("job.py", DATABRICKS)]);
    let (line, column) = place(&notebook, "collect()\"");
    let json = folder.run("check --output-format json --select unbounded-collect").json();
    for (finding, expected) in json["findings"].as_array().unwrap().iter().zip([
        json!(["job.ipynb", line, column, 3, 3, 15, 22]),
        json!(["job.py", 18, 15, 4, 2, 15, 22]),
    ]) {
        let fields =
            ["file", "line", "column", "cell", "cell_line", "cell_column", "cell_end_column"];
        let found: Vec<&Value> = fields.iter().map(|field| &finding[field]).collect();
        assert_eq!(json!(found), expected);
    }
    let github = folder.run("check job.ipynb --output-format github --select unbounded-collect");
    let shown = format!("file=job.ipynb,line={line},endLine={line},col={column},");
    assert!(github.stdout.contains(&shown), "{github:?}");
    let sarif = folder.run("check job.ipynb --output-format sarif").json();
    let result = &sarif["runs"][0]["results"][0];
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["startColumn"]), (&json!(line), &json!(column)));
    assert_eq!(region["snippet"]["text"], "collect");
    assert_eq!(
        (&result["properties"]["cell"], &result["properties"]["cell_line"]),
        (&json!(3), &json!(3))
    );
    // A file without cells has no such fields.
    let plain = Folder::new(&[("job.py", JOB)]).run("check --output-format json").json();
    assert_eq!(plain["findings"][0].get("cell"), None);
}

#[test]
fn a_fix_changes_the_bytes_of_its_line_only() {
    for (notebook, changed) in [
        // Prettily with real letters, on one line, with escapes.
        (jupyter(&CELLS), "x = 1  # stagelight: ignore[no-such-rule]"),
        (
            serde_json::from_str::<Value>(&jupyter(&CELLS)).unwrap().to_string(),
            "x = 1  # stagelight: ignore[no-such-rule]",
        ),
        (
            jupyter(&CELLS).replace('ü', "\\u00FC").replace('\n', "\r\n"),
            "x = 1  # stagelight: ignore[no-such-rule]",
        ),
    ] {
        let folder = Folder::new(&[("job.ipynb", &notebook)]);
        let outcome = folder.run("check --fix --select unused-suppression");
        assert_eq!(outcome.stdout, "no findings in 1 file; 1 fix applied\n");
        assert_eq!(folder.read("job.ipynb"), notebook.replace(changed, "x = 1"));
    }
}

#[test]
fn a_fix_that_takes_a_line_away_keeps_the_list_of_lines() {
    let cell = "a = 1\n# stagelight: ignore[no-such-rule]\nb = 2";
    let notebook = jupyter(&[cell]);
    let folder = Folder::new(&[("job.ipynb", &notebook)]);
    folder.run("check --fix --select unused-suppression");
    let line = "        \"# stagelight: ignore[no-such-rule]\\n\",\n";
    assert!(notebook.contains(line));
    assert_eq!(folder.read("job.ipynb"), notebook.replace(line, ""));
    // The last line of a cell.
    let notebook = jupyter(&["a = 1\n# stagelight: ignore[no-such-rule]", "b = 2"]);
    folder.write("job.ipynb", notebook.as_bytes());
    folder.run("check --fix --select unused-suppression");
    let line = ",\n        \"# stagelight: ignore[no-such-rule]\"";
    assert!(notebook.contains(line));
    assert_eq!(folder.read("job.ipynb"), notebook.replace(line, ""));
}

#[test]
fn a_diff_names_the_cell() {
    let folder = Folder::new(&[("job.ipynb", &jupyter(&CELLS))]);
    let outcome =
        folder.run("check --diff --unsafe-fixes --select unused-suppression,unbounded-collect");
    insta::assert_snapshot!(outcome.stdout, @r#"
    --- a/job.ipynb:cell 3
    +++ b/job.ipynb:cell 3
    @@ -1,3 +1,3 @@
     %time orders.count()
     # 😀
    -rows = orders.collect()
    +rows = orders.limit(1000).collect()
    --- a/job.ipynb:cell 4
    +++ b/job.ipynb:cell 4
    @@ -1,2 +1,2 @@
    -x = 1  # stagelight: ignore[no-such-rule]
    +x = 1
     y = "\\ü"
    "#);
    assert_eq!(folder.read("job.ipynb"), jupyter(&CELLS));
}

#[test]
fn fixes_of_the_source_format_keep_its_marks() {
    let text = "# Databricks notebook source\n# MAGIC %pip install x\n# MAGIC x = 1  # stagelight: ignore[no-such-rule]\n\
        # MAGIC # stagelight: ignore[nor-this]\n\n# COMMAND ----------\n\n# stagelight: ignore[nor-that]\n";
    let folder = Folder::new(&[("job.py", text)]);
    folder.run("check --fix --select unused-suppression");
    assert_eq!(
        folder.read("job.py"),
        "# Databricks notebook source\n# MAGIC %pip install x\n# MAGIC x = 1\n\
        # MAGIC # stagelight: ignore[nor-this]\n\n# COMMAND ----------\n\n\n"
    );
}

#[test]
fn what_is_no_notebook_is_told_and_the_rest_is_checked() {
    let folder = Folder::new(&[
        ("bad.ipynb", "{\"cells\": [\n  {\"cell_type\": }"),
        ("cut.ipynb", &jupyter(&CELLS)[..300]),
        ("empty.ipynb", ""),
        ("other.ipynb", "{\"a\": 1}"),
        ("r.ipynb", "{\"cells\": [], \"metadata\": {\"language_info\": {\"name\": \"R\"}}}"),
        ("none.ipynb", "{\"cells\": [], \"nbformat\": 4}"),
        ("job.ipynb", &jupyter(&CELLS)),
    ]);
    let outcome = folder.run("check --output-format concise --select unused-suppression");
    assert_eq!(outcome.code, 1);
    assert_eq!(outcome.stdout.lines().count(), 1, "{outcome:?}");
    insta::assert_snapshot!(outcome.stderr, @r#"
    warning: bad.ipynb: is not valid JSON at line 2 column 17 (expected value); mend it or exclude it
    warning: cut.ipynb: is not valid JSON at line 17 column 34 (EOF while parsing an object); mend it or exclude it
    warning: empty.ipynb: is empty, and so no notebook; mend it or exclude it
    warning: other.ipynb: is JSON but no notebook: it has no list of `cells`; mend it or exclude it
    "#);
    for (name, code) in
        [("bad", 2), ("cut", 2), ("empty", 2), ("other", 2), ("r", 2), ("none", 0), ("job", 1)]
    {
        let outcome = folder.run(&format!("check {name}.ipynb"));
        assert_eq!(outcome.code, code, "{outcome:?}");
        assert_eq!(outcome.stderr.lines().count(), usize::from(code == 2), "{outcome:?}");
    }
}

#[test]
fn costs_stand_in_their_cell() {
    let notebook = jupyter(&[
        "# spark\nspark.range(1)",
        "a = 1\nrows = spark.table(\"orders\").collect()",
        "# end",
    ]);
    let log = log("nightly").replace("/srv/job.py:4", "/srv/job.ipynb:5");
    let folder = Folder::new(&[("job.ipynb", &notebook), ("app", &log)]);
    let outcome = folder.run("annotate job.ipynb --event-log app");
    assert!(outcome.stdout.contains("job.ipynb:cell 3:2"), "{outcome:?}");
    let from = outcome.stdout.find("share         self").unwrap();
    insta::assert_snapshot!(&outcome.stdout[from..], @r#"
    share         self  match
                                       ┌ cell 2
                                     1 │ # spark
                                     2 │ spark.range(1)
                                       ┌ cell 3
                                     1 │ a = 1
     ██████ 100 % 7.9 s  call-site   2 │ rows = spark.table("orders").collect()
                                       │ └ hint[unbounded-collect] `collect` brings every row to the
                                       │   driver, and nothing bounds their number (small in this run:
                                       │   brought 4.9 KiB to the driver)
                                       ┌ cell 4
                                     1 │ # end

    All task time stands on a line.
    "#);
    let json = folder.run("annotate job.ipynb --event-log app --output-format json").json();
    let line = &json["lines"][0];
    assert_eq!(
        [&line["line"], &line["cell"], &line["cell_line"], &line["cell_column"]],
        [&json!(place(&notebook, "rows =").0), &json!(3), &json!(2), &json!(30)]
    );
    let finding = &json["findings"][0];
    assert_eq!((&finding["cell"], &finding["cell_line"]), (&json!(3), &json!(2)));
}

#[test]
fn a_notebook_knows_what_it_runs() {
    let setup = "# Databricks notebook source\norders = spark.table(\"orders\")\n";
    let job = jupyter(&["%run ./lib/setup", "rows = orders.collect()"]);
    let folder = Folder::new(&[
        ("stagelight.toml", ""),
        ("lib/setup.py", setup),
        ("job.ipynb", &job),
        ("alone.ipynb", &jupyter(&["%run ./lib/other", "rows = orders.collect()"])),
    ]);
    let finding = "job.ipynb:cell 3:1:15: warning";
    for command in ["check", "check job.ipynb alone.ipynb"] {
        let outcome =
            folder.run(&format!("{command} --output-format concise --select unbounded-collect"));
        assert_eq!(outcome.stdout.lines().count(), 1, "{outcome:?}");
        assert!(outcome.stdout.starts_with(finding), "{outcome:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_told_and_the_rest_is_checked() {
    let folder = Folder::new(&[("job.ipynb", &jupyter(&CELLS))]);
    let mut bytes = jupyter(&CELLS).into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'#').unwrap();
    bytes[at] = 0xff;
    folder.write("bad.ipynb", &bytes);
    let utf16: Vec<u8> = jupyter(&CELLS).encode_utf16().flat_map(u16::to_le_bytes).collect();
    folder.write("wide.ipynb", &utf16);
    let outcome = folder.run("check --output-format concise --select unbounded-collect");
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (1, 1), "{outcome:?}");
    let told: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(told.len(), 2, "{outcome:?}");
    assert!(told[0].starts_with("warning: bad.ipynb: "), "{outcome:?}");
    assert!(told[1].starts_with("warning: wide.ipynb: "), "{outcome:?}");
}

/// Pictures and tables in the outputs make notebooks large; their code is small.
#[test]
fn large_outputs_cost_little() {
    let picture = "iVBORw0KGgo".repeat(500_000);
    let mut notebook: Value = serde_json::from_str(&jupyter(&CELLS)).unwrap();
    for cell in notebook["cells"].as_array_mut().unwrap() {
        if cell["cell_type"] == "code" {
            cell["outputs"] =
                json!([{"output_type": "display_data", "data": {"image/png": picture}}]);
        }
    }
    let text = notebook.to_string();
    assert!(text.len() > 15_000_000);
    let folder = Folder::new(&[("job.ipynb", &text)]);
    let outcome = folder.run("check --fix --select unused-suppression");
    assert_eq!(outcome.stdout, "no findings in 1 file; 1 fix applied\n");
    let fixed = text.replace("x = 1  # stagelight: ignore[no-such-rule]", "x = 1");
    assert!(folder.read("job.ipynb") == fixed);
}

/// What a run in Jupyter's kernel logs: a file named by the hash of the cell's text, and the line within the cell.
#[test]
fn costs_of_a_run_in_jupyter_stand_in_their_cell() {
    let cells =
        ["orders = spark.table(\"orders\")", "!echo hi\nx = !ls\norders.limit(5).collect()"];
    let blank = "\n\n# größe 😀\nrows = orders.groupBy('k').count().collect()\nlen(rows)";
    for (cell, hash, line, shown) in [(cells[1], 216_578_617, 3, 3), (blank, 1_282_472_188, 2, 4)] {
        let notebook = jupyter(&[cells[0], "# other", cell]);
        let place = format!("/srv/ipykernel_19133/{hash}.py:{line}");
        let log = log("nightly").replace("/srv/job.py:4", &place);
        let folder = Folder::new(&[
            ("job.ipynb", &notebook),
            ("copy.py", "# another file\n"),
            ("app", &log),
        ]);
        let annotated =
            || folder.run("annotate job.ipynb --event-log app --output-format json").json();
        let json = annotated();
        let found = &json["lines"][0];
        assert_eq!(
            [&found["cell"], &found["cell_line"], &found["method"], &found["match"]],
            [&json!(4), &json!(shown), &json!("collect"), &json!("call-site")]
        );
        // Edited since, it is another cell: nothing is said of it.
        folder.write("job.ipynb", jupyter(&[cells[0], &format!("{cell} # new")]).as_bytes());
        let json = annotated();
        assert_eq!(json["lines"], json!([]));
        assert_eq!(json["unattributed"]["task_time_ms"], 7_900);
        // Where only the line is another one, it is told as it is counted in the cell.
        folder.write("job.ipynb", notebook.as_bytes());
        folder.write("app", log.replace(&format!(".py:{line}"), ".py:1").as_bytes());
        let reason = annotated()["unattributed"]["stages"][0]["reason"].to_string();
        let first = shown - line + 1;
        assert!(reason.contains(&format!("job.ipynb:cell 4:{first} has no call")), "{reason}");
    }
}

#[test]
fn comments_of_sql_silence_findings_in_its_cells() {
    let sql = "%%sql\nselect count(*)\nfrom orders, customers";
    let ignore = "-- stagelight: ignore[join-without-condition]";
    let run = |cell: &str| {
        let notebook = jupyter(&["spark.range(1)", cell]);
        let folder = Folder::new(&[("job.ipynb", &notebook)]);
        let outcome = folder.run("check --output-format concise");
        let found = outcome.stdout.lines().filter_map(|it| it.split_once('['));
        let rules = found.filter_map(|(_, rest)| Some(rest.split_once(']')?.0.to_owned()));
        rules.collect::<Vec<String>>()
    };
    assert_eq!(run(sql), ["join-without-condition"]);
    for place in ["from", "select"] {
        assert_eq!(run(&sql.replace(place, &format!("{ignore} all of them\n{place}"))), [""; 0]);
    }
    assert_eq!(run(&format!("{sql} {ignore}")), [""; 0]);
    assert_eq!(
        run(&sql.replace("select", &format!("select '{ignore}',"))),
        ["join-without-condition"]
    );
    // One that silences nothing is told, and goes.
    let notebook = jupyter(&["spark.range(1)", &format!("%%sql\nselect 1 {ignore}\n-- end")]);
    let folder = Folder::new(&[("job.ipynb", &notebook)]);
    assert_eq!(folder.run("check --fix").stdout, "no findings in 1 file; 1 fix applied\n");
    assert_eq!(folder.read("job.ipynb"), notebook.replace(&format!(" {ignore}"), ""));
}
