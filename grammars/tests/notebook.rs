//! Notebooks: what their cells mean, and where it stands in their files.
#![allow(clippy::unwrap_used, reason = "a test may")]

use grammars::notebook::{CellSource, Dialect, JupyterNotebook, Notebook, NotebookError};
use program::{Language, Program, TextRange};
use serde_json::{Value, json};

/// Calls as `method: text of the call`, in order; those that stand in SQL text left out.
fn calls(program: &Program, text: &str) -> Vec<String> {
    let of = |call: &program::Call| format!("{}: {}", call.method, call.range.of(text));
    program.calls.iter().filter(|call| !call.in_sql).map(of).collect()
}

fn cell(source: &Value) -> Value {
    json!({"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": null, "source": source})
}

/// A notebook of Jupyter with these cells of code and this metadata.
fn jupyter(cells: &[&str], metadata: &Value) -> String {
    let cells: Vec<Value> = cells
        .iter()
        .map(|text| cell(&text.split_inclusive('\n').map(Value::from).collect()))
        .collect();
    json!({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).to_string()
}

fn read(file: &str) -> JupyterNotebook {
    JupyterNotebook::read(file).unwrap()
}

fn jupyter_calls(cells: &[&str], metadata: &Value) -> Vec<String> {
    let read = read(&jupyter(cells, metadata));
    assert_eq!(read.notebook.program().syntax_errors, 0, "{cells:?}");
    calls(&read.notebook.program(), read.notebook.text())
}

fn pyspark() -> Value {
    json!({"kernelspec": {"name": "pysparkkernel", "language": "python"}})
}

const ORDERS: &str = "\
# Databricks notebook source
# MAGIC %md
# MAGIC # Orders
# MAGIC Don't parse `this(`

# COMMAND ----------

# MAGIC %run ./shared/setup $date=\"2024-01-01\"

# COMMAND ----------

# DBTITLE 1,Load
orders = spark.table(\"orders\")
%cd /tmp

# COMMAND ----------

# MAGIC %sql
# MAGIC -- the last; ones
# MAGIC use sales;
# MAGIC select *
# MAGIC from orders where note = 'é;'

# COMMAND ----------

# MAGIC %python
# MAGIC for day in days:
# MAGIC   orders.where(day).count()  # stagelight: ignore[x]
# MAGIC   # stagelight: ignore[y]

# COMMAND ----------

# MAGIC %scala
# MAGIC spark.table(\"orders\").collect()

# COMMAND ----------

# MAGIC %pip install x
# MAGIC orders.show()

# COMMAND ----------

rows = _sqldf.collect()
";

#[test]
fn the_source_format_of_databricks_is_a_program() {
    let program = grammars::lower(Language::Python, ORDERS);
    assert_eq!(
        calls(&program, ORDERS),
        [
            "table: spark.table(\"orders\")",
            "sql: use sales",
            "sql: select *\n# MAGIC from orders where note = 'é;'",
            "where: orders.where(day)",
            "count: orders.where(day).count()",
            "show: orders.show()",
            "collect: _sqldf.collect()",
        ]
    );
    assert_eq!(program.syntax_errors, 0);
    assert!(program.unresolved.is_empty(), "{:?}", program.unresolved);
    let [import] = program.imports.as_slice() else { panic!("{:?}", program.imports) };
    assert_eq!((import.path.as_str(), import.member.as_deref()), ("%./shared/setup", Some("*")));
    // The SQL text holds no marker; each of its lines stands in the cell as it is.
    let call = program.calls.iter().filter(|call| call.method == "sql").nth(1).unwrap();
    let sql = &call.arguments[0];
    let text = sql.value.as_text().unwrap();
    assert_eq!(text, "select *\nfrom orders where note = 'é;'");
    assert_eq!(call.arguments_range, sql.range);
    assert_eq!(call.name_range.of(ORDERS), "select");
    // So what is lowered of it has its place there.
    let inside = program.calls.iter().filter(|call| call.in_sql);
    let inside: Vec<(&str, &str)> =
        inside.map(|call| (call.method.as_str(), call.arguments_range.of(ORDERS))).collect();
    assert_eq!(inside, [("table", "orders"), ("filter", "note = 'é;'")]);
    // A comment behind the marker of a magic's line stands alone on its line.
    let comments: Vec<(&str, bool)> =
        program.comments.iter().map(|it| (it.text.as_str(), it.trailing)).collect();
    assert_eq!(comments, [("stagelight: ignore[x]", true), ("stagelight: ignore[y]", false)]);
}

#[test]
fn cells_of_the_source_format_have_numbers_and_texts() {
    let notebook = Notebook::databricks(Language::Python, ORDERS).unwrap();
    let cells: Vec<(u32, &str)> = notebook
        .cells()
        .iter()
        .map(|cell| (cell.number, cell.range.of(ORDERS).lines().next().unwrap_or_default()))
        .collect();
    assert_eq!(
        cells,
        [
            (1, "# MAGIC %md"),
            (2, "# MAGIC %run ./shared/setup $date=\"2024-01-01\""),
            (3, "orders = spark.table(\"orders\")"),
            (4, "# MAGIC %sql"),
            (5, "# MAGIC %python"),
            (6, "# MAGIC %scala"),
            (7, "# MAGIC %pip install x"),
            (8, "rows = _sqldf.collect()"),
        ]
    );
    assert_eq!(notebook.left_out(), 2);
    assert_eq!(notebook.text(), ORDERS);
    assert!(Notebook::databricks(Language::Python, "# COMMAND ----------\n").is_none());
    assert!(Notebook::databricks(Language::Scala, ORDERS).is_none());
}

#[test]
fn scala_notebooks_of_databricks_are_read_as_well() {
    let text = "\
// Databricks notebook source
// MAGIC %md Orders

// COMMAND ----------

val orders = spark.table(\"orders\")

// COMMAND ----------

// MAGIC %sql select * from orders

// COMMAND ----------

// MAGIC %python
// MAGIC spark.table(\"x\").collect()

// COMMAND ----------

// MAGIC %scala
// MAGIC orders.count
// MAGIC display(orders)

// COMMAND ----------

val orders = spark.table(\"later\")
orders.collect()
";
    let program = grammars::lower(Language::Scala, text);
    assert_eq!(
        calls(&program, text),
        [
            "table: spark.table(\"orders\")",
            "sql: select * from orders",
            "count: orders.count",
            "display: display(orders)",
            "table: spark.table(\"later\")",
            "collect: orders.collect()",
        ]
    );
    assert!(program.bindings.iter().all(|binding| binding.name == "orders"));
    assert_eq!((program.syntax_errors, program.unresolved.len()), (0, 0));
}

#[test]
fn a_string_over_several_lines_holds_nothing_of_their_markers() {
    let text = "\
# Databricks notebook source
# MAGIC %python
# MAGIC orders = spark.read.parquet(\"\"\"/data/orders\\
# MAGIC \"\"\")
";
    let program = grammars::lower(Language::Python, text);
    let read = program.calls.iter().find(|call| call.method == "parquet").unwrap();
    assert_eq!(read.arguments[0].value.as_text(), Some("/data/orders"));
}

#[test]
fn what_is_run_has_a_path_if_it_can_be_known() {
    let run = |line: &str, databricks: bool| {
        let dialect = Dialect { language: Language::Python, databricks, spark: true };
        let cell = CellSource { number: 1, text: line, language: None };
        let program = Notebook::new(dialect, [cell]).program();
        program.imports.first().map(|import| import.path.clone())
    };
    for (line, path) in [
        ("%run ./setup", Some("%./setup")),
        ("%run ../a b/set-up $date=\"2024-01-01\" $x=\"1\"", Some("%../a b/set-up")),
        ("%run \"./my notebook\"", Some("%./my notebook")),
        ("%run /Repos/me/job/setup", Some("%/Repos/me/job/setup")),
        ("%run ./setup_v1.2", None),
        ("%run ./$name", None),
        ("%run ./", None),
        ("%run", None),
    ] {
        assert_eq!(run(line, true).as_deref(), path, "{line}");
    }
    for (line, path) in [
        ("%run -i scripts/setup.py --fast 1", Some("%scripts/setup")),
        ("%run 'other one.ipynb'", Some("%other one")),
        ("%run -m jobs.setup", None),
        ("%run {name}", None),
        ("%run ..", None),
    ] {
        assert_eq!(run(line, false).as_deref(), path, "{line}");
    }
}

#[test]
fn a_cell_that_is_broken_costs_no_other() {
    let text = "\
# Databricks notebook source
df = spark.table('a'

# COMMAND ----------

other = spark.table('b')
other.count()

# COMMAND ----------

'''

# COMMAND ----------

other.show()
";
    let program = grammars::lower(Language::Python, text);
    assert!(program.syntax_errors > 0);
    let found = calls(&program, text);
    assert_eq!(
        found[found.len() - 3..],
        ["table: spark.table('b')", "count: other.count()", "show: other.show()"]
    );
}

#[test]
fn line_magics_are_no_code() {
    let cells = [
        "%matplotlib inline\n!pip install \\\n  pyspark\n?spark\nimport os\nspark?\n",
        "df = spark.table('a')\n%time df.count()\n%timeit -n 3 -r1 df.show()\n%time\n",
        "%%time\ndf.collect()",
        "%%capture out\nfor x in y:\n    !ls {x}\n    df.foreach(x)\n",
        "files = !ls\ndf = %sql select 1\ndf.count()\n",
        "s = '''\n%time df.count()\n'''\nz = (1\n% 2)\nt = a \\\n% b\ndf2 = spark.range(5)",
    ];
    assert_eq!(
        jupyter_calls(&cells, &json!({})),
        [
            "table: spark.table('a')",
            "count: df.count()",
            "show: df.show()",
            "collect: df.collect()",
            "foreach: df.foreach(x)",
            "range: spark.range(5)",
        ]
    );
}

#[test]
fn cells_in_other_languages_are_left_out_and_counted() {
    let cells = [
        "%%bash\nls spark.table(",
        "%%html\n<b>",
        "%%local\nspark.table('x')",
        "%%scala\nspark.table(\"x\").count()",
        "%sh\nls",
        "%%python\nspark.table('x')",
        "spark.table('y')",
    ];
    let read = read(&jupyter(&cells, &pyspark()));
    assert_eq!(read.notebook.left_out(), 6);
    assert_eq!(calls(&read.notebook.program(), read.notebook.text()), ["table: spark.table('y')"]);
}

#[test]
fn sql_magics_are_sparks_only_where_spark_runs_them() {
    let sql = "%%sql\nselect 1";
    assert_eq!(jupyter_calls(&[sql], &pyspark()), ["sql: select 1"]);
    assert_eq!(jupyter_calls(&["%%sql -o local -n 5\nselect 1"], &pyspark()), ["sql: select 1"]);
    assert_eq!(jupyter_calls(&["%%sql select 1\n"], &pyspark()), ["sql: select 1"]);
    assert_eq!(jupyter_calls(&["%sql select 1\nx = 1"], &pyspark()), ["sql: select 1"]);
    // Another database's, or nobody knows whose.
    assert_eq!(jupyter_calls(&[sql], &json!({})), [""; 0]);
    assert_eq!(
        jupyter_calls(&["%load_ext sql\nspark.range(1)", sql], &json!({})),
        ["range: spark.range(1)"]
    );
    assert_eq!(
        jupyter_calls(&["spark.range(1)", sql], &json!({})),
        ["range: spark.range(1)", "sql: select 1"]
    );
    // In Databricks one sign is enough for the whole cell, and the result has a name.
    let databricks = json!({"application/vnd.databricks.v1+notebook": {"language": "python"}});
    assert_eq!(
        jupyter_calls(&["%sql\nselect 1;\nselect 2", "_sqldf.collect()"], &databricks),
        ["sql: select 1", "sql: select 2", "collect: _sqldf.collect()"]
    );
    let databricks = json!({"application/vnd.databricks.v1+notebook": {"language": "sql"}});
    assert_eq!(
        jupyter_calls(&["select 1", "%python\nspark.range(3).count()"], &databricks),
        ["sql: select 1", "range: spark.range(3)", "count: spark.range(3).count()"]
    );
}

#[test]
fn the_kernel_says_the_language() {
    for (metadata, language) in [
        (json!({}), Language::Python),
        (json!({"kernelspec": {"name": "python3", "display_name": "Python 3"}}), Language::Python),
        (json!({"language_info": {"name": "scala"}}), Language::Scala),
        (json!({"kernelspec": {"name": "spylon-kernel"}}), Language::Scala),
        (json!({"kernelspec": {"name": "apache_toree_scala"}}), Language::Scala),
        (
            json!({"kernelspec": {"name": "synapse_pyspark", "language": "Python"}}),
            Language::Python,
        ),
        (json!({"kernelspec": {"name": "sparkkernel", "language": ""}}), Language::Scala),
    ] {
        assert_eq!(read(&jupyter(&["1"], &metadata)).notebook.language(), language, "{metadata}");
    }
    let r = JupyterNotebook::read(&jupyter(&["1"], &json!({"language_info": {"name": "R"}})));
    assert_eq!(r, Err(NotebookError::Language("r".to_owned())));
    let scala = json!({"kernelspec": {"name": "scala", "language": "scala"}});
    assert_eq!(
        jupyter_calls(&["val df = spark.range(9)", "%%sql\nselect 1", "df.collect()"], &scala),
        ["range: spark.range(9)", "sql: select 1", "collect: df.collect()"]
    );
}

#[test]
fn names_are_ambient_where_a_session_is_used() {
    assert_eq!(jupyter_calls(&["spark.range(1).count()"], &json!({})).len(), 2);
    assert_eq!(jupyter_calls(&["sc.parallelize(x).collect()"], &json!({})).len(), 2);
    // Other libraries' names.
    let program = read(&jupyter(&["sc = Scaler()\nsc.fit(x)\nplot.spark.line()"], &json!({})));
    assert!(!program.notebook.program().uses_spark);
}

#[test]
fn older_formats_and_odd_sources_are_read() {
    let third = json!({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": [
        {"cell_type": "markdown", "source": "x"},
        {"cell_type": "code", "language": "python", "input": ["spark.range(1)\n", "2"], "outputs": []},
    ]}]});
    let third = read(&third.to_string());
    assert_eq!(third.notebook.text(), "spark.range(1)\n2");
    assert_eq!(third.notebook.cells()[0].number, 2);

    let odd = json!({"metadata": 5, "cells": [
        cell(&json!("a\nb")), cell(&json!([])), cell(&json!(7)), 8, "x", cell(&json!(["a", 1, "b"])),
        {"cell_type": "code"}, {"source": "no kind"}, {"cell_type": "raw", "source": "y"},
    ]});
    let odd = read(&odd.to_string());
    let cells: Vec<(u32, &str)> = odd
        .notebook
        .cells()
        .iter()
        .map(|cell| (cell.number, cell.range.of(odd.notebook.text())))
        .collect();
    assert_eq!(cells, [(1, "a\nb"), (2, ""), (3, ""), (6, "ab"), (7, "")]);
}

#[test]
fn what_is_no_notebook_is_said_with_its_place() {
    let error = |file: &str| JupyterNotebook::read(file).unwrap_err().to_string();
    assert_eq!(error(""), "is empty, and so no notebook");
    assert_eq!(error("{}"), "is JSON but no notebook: it has no list of `cells`");
    assert_eq!(error("[1]"), "is JSON but no notebook: it has no list of `cells`");
    assert_eq!(error("{\"cells\": 3}"), "is JSON but no notebook: it has no list of `cells`");
    let cut = error("{\"cells\": [\n {\"cell_type\": \"co");
    assert_eq!(cut, "is not valid JSON at line 2 column 18 (EOF while parsing a string)");
    assert!(JupyterNotebook::read("{\"cells\": []}").is_ok());
    assert!(JupyterNotebook::read("\u{feff}{\"cells\": []}").is_ok());
    let deep =
        format!("{{\"metadata\": {}{}, \"cells\": []}}", "[".repeat(99_999), "]".repeat(99_999));
    assert!(JupyterNotebook::read(&deep).is_ok());
}

#[test]
fn escapes_are_read_and_mapped() {
    let file = r#"{"cells": [{"cell_type": "code", "source": ["x = \"\ud83d\ude00\u00e9\" # \\ \/\r\n", "\ud800y\tz😀w"]}]}"#;
    let read = read(file);
    assert_eq!(read.notebook.text(), "x = \"😀é\" # \\ /\r\n\u{fffd}y\tz😀w");
    let at = |text: &str| read.notebook.text().find(text).unwrap() as u32;
    let file_at = |offset: u32| &file[read.map.to_file(offset).unwrap() as usize..];
    assert!(file_at(at("😀é")).starts_with(r"\ud83d\ude00\u00e9"));
    assert!(file_at(at("é")).starts_with(r"\u00e9"));
    assert!(file_at(at("# ")).starts_with(r"# \\ \/"));
    assert!(file_at(at("\u{fffd}")).starts_with(r"\ud800y"));
    assert!(file_at(at("w")).starts_with("w\"]"));
    let position = read.map.position(read.notebook.text(), at("w")).unwrap();
    assert_eq!(
        (position.line, position.column as usize),
        (1, file.chars().position(|it| it == 'w').unwrap() + 1)
    );
}

#[test]
fn fixes_stay_in_their_cell() {
    let sources = ["a = 1\n# gone", "%%sql\nselect 1", "b = 2", "!ls\nc = 3"];
    let dialect = Dialect { language: Language::Python, databricks: false, spark: true };
    let cells =
        sources.iter().zip(1..).map(|(text, number)| CellSource { number, text, language: None });
    let notebook = Notebook::new(dialect, cells);
    let text = notebook.text();
    let range = |from: &str, to: &str| {
        TextRange::new(text.find(from).unwrap() as u32, (text.find(to).unwrap() + to.len()) as u32)
    };
    let admitted = |edits: &[(TextRange, &str)], sql| notebook.admitted(edits.iter().copied(), sql);
    let one = range("b", "2");
    assert_eq!(admitted(&[(one, "x")], false), Some(vec![(one, "x".to_owned())]));
    // Across cells, and in what is not the notebook's language.
    assert_eq!(admitted(&[(range("a", "1"), "x"), (one, "y")], false), None);
    assert_eq!(admitted(&[(range("select", "b = 2"), "")], false), None);
    let sql = range("select", "select");
    assert_eq!(admitted(&[(sql, "x")], false), None);
    assert!(admitted(&[(sql, "x")], true).is_some());
    assert_eq!(admitted(&[(range("!ls", "!ls"), "")], false), None);
    // The line's end that parts two cells is the cell's own end.
    let comment = range("# gone", "# gone");
    let with_end = TextRange::new(comment.start, comment.end + 1);
    assert_eq!(admitted(&[(with_end, "")], false), Some(vec![(comment, String::new())]));
    let below = TextRange::new(one.end + 1, one.end + 1);
    let end = TextRange::new(one.end, one.end);
    assert_eq!(admitted(&[(below, "c = 3\n")], false), Some(vec![(end, "\nc = 3".to_owned())]));
}

#[test]
fn fixes_of_lines_with_a_marker_stay_on_their_line() {
    let notebook = Notebook::databricks(Language::Python, ORDERS).unwrap();
    let at = ORDERS.find("orders.show()").unwrap() as u32;
    let call = TextRange::new(at, at + 13);
    assert!(notebook.admitted([(call, "orders.limit(1).show()")], false).is_some());
    assert!(notebook.admitted([(call, "a\nb")], false).is_none());
    let line = TextRange::new(at - 8, at - 8);
    assert!(notebook.admitted([(line, "x")], false).is_none());
    assert!(notebook.admitted([(TextRange::new(0, 0), "import x\n")], false).is_none());
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    /// Texts with all that escapes and lines are about.
    fn source() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("\n".to_owned()),
            Just("\r\n".to_owned()),
            Just("df.count()".to_owned()),
            Just("\"\\".to_owned()),
            Just("%sql select 1".to_owned()),
            Just("😀".to_owned()),
            "[ -~é\t\u{1}\u{2028}]{0,6}",
        ];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    }

    /// How a notebook may be laid out in its file.
    #[derive(Debug, Clone)]
    struct Layout {
        indent: usize,
        ascii: bool,
        one_string: bool,
        newline: bool,
        source_first: bool,
    }

    fn layout() -> impl Strategy<Value = Layout> {
        (0..3_usize, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
            |(indent, ascii, one_string, newline, source_first)| Layout {
                indent,
                ascii,
                one_string,
                newline,
                source_first,
            },
        )
    }

    fn string(text: &str, ascii: bool) -> String {
        let mut quoted = Value::from(text).to_string();
        if ascii {
            quoted = quoted
                .chars()
                .map(|it| match it {
                    it if it.is_ascii() => it.to_string(),
                    it => it
                        .encode_utf16(&mut [0; 2])
                        .iter()
                        .map(|unit| format!("\\u{unit:04X}"))
                        .collect(),
                })
                .collect();
        }
        quoted
    }

    fn file(cells: &[(bool, String)], layout: &Layout) -> String {
        let line = |depth: usize| match layout.indent {
            0 => String::new(),
            indent => format!("\n{}", " ".repeat(indent * depth)),
        };
        let cells: Vec<String> = cells
            .iter()
            .map(|(code, text)| {
                let source = if layout.one_string {
                    string(text, layout.ascii)
                } else {
                    let lines: Vec<String> = text
                        .split_inclusive('\n')
                        .map(|part| format!("{}{}", line(4), string(part, layout.ascii)))
                        .collect();
                    format!("[{}{}]", lines.join(","), line(3))
                };
                let kind = if *code { "code" } else { "markdown" };
                let mut keys = [
                    format!("{}\"cell_type\": \"{kind}\"", line(3)),
                    format!("{}\"outputs\": [{{\"text\": \"\\u0041 é\"}}]", line(3)),
                    format!("{}\"source\": {source}", line(3)),
                ];
                if layout.source_first {
                    keys.reverse();
                }
                format!("{}{{{}{}}}", line(2), keys.join(","), line(2))
            })
            .collect();
        let end = if layout.newline { "\n" } else { "" };
        format!(
            "{{{}\"cells\": [{}{}],{}\"metadata\": {{}}{}}}{end}",
            line(1),
            cells.join(","),
            line(1),
            line(1),
            line(0)
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn every_place_leads_to_the_file_and_back(
            cells in prop::collection::vec((any::<bool>(), source()), 0..4),
            layout in layout(),
        ) {
            let file = file(&cells, &layout);
            let read = read(&file);
            let text = read.notebook.text();
            let code: Vec<&String> = cells.iter().filter(|it| it.0).map(|it| &it.1).collect();
            prop_assert_eq!(read.notebook.cells().len(), code.len());
            for (cell, meant) in read.notebook.cells().iter().zip(code) {
                prop_assert_eq!(cell.range.of(text), meant.as_str());
                for (at, character) in meant.char_indices() {
                    let offset = cell.range.start + at as u32;
                    let place = read.map.to_file(offset).unwrap();
                    prop_assert_eq!(read.map.to_text(place), Some(offset));
                    let behind = read.map.end_to_file(offset + character.len_utf8() as u32).unwrap();
                    // The bytes between are this character as a string of JSON.
                    let raw = &file[place as usize..behind as usize];
                    let value: String = serde_json::from_str(&format!("\"{raw}\"")).unwrap();
                    prop_assert_eq!(value, character.to_string());
                    let before = &file[..place as usize];
                    let line = before.matches('\n').count() + 1;
                    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
                    let position = read.map.position(text, offset).unwrap();
                    prop_assert_eq!((position.line as usize, position.column as usize), (line, column));
                }
            }
        }

        #[test]
        fn a_rewritten_cell_leaves_every_other_byte(
            cells in prop::collection::vec((any::<bool>(), source()), 1..4),
            layout in layout(),
            new in source(),
            at in any::<prop::sample::Index>(),
            whole in any::<bool>(),
            cut in any::<(prop::sample::Index, prop::sample::Index)>(),
        ) {
            let file = file(&cells, &layout);
            let before = read(&file);
            prop_assume!(!before.notebook.cells().is_empty());
            let index = at.index(before.notebook.cells().len());
            let cell = before.notebook.cells()[index].range;
            let old = cell.of(before.notebook.text());
            let new = if whole {
                new
            } else {
                // A part of the cell gives way to another text.
                let mut ends = old.char_indices().map(|it| it.0).chain([old.len()]).collect::<Vec<_>>();
                ends.dedup();
                let (a, b) = (ends[cut.0.index(ends.len())], ends[cut.1.index(ends.len())]);
                format!("{}{new}{}", &old[..a.min(b)], &old[a.max(b)..])
            };
            let written = before.rewrite(&file, &[(index, new.clone())]).unwrap();
            let after = read(&written);
            for (at, (left, right)) in before.notebook.cells().iter().zip(after.notebook.cells()).enumerate() {
                let meant = if at == index { new.as_str() } else { left.range.of(before.notebook.text()) };
                prop_assert_eq!(right.range.of(after.notebook.text()), meant);
            }
            // All that differs lies in the cell's source.
            let same = |pairs: &mut dyn Iterator<Item = (u8, u8)>| pairs.take_while(|(a, b)| a == b).count();
            let head = same(&mut file.bytes().zip(written.bytes()));
            if let Some(first) = before.map.to_file(cell.start) {
                let last = before.map.end_to_file(cell.end).unwrap() as usize;
                let tail = same(&mut file.bytes().rev().zip(written.bytes().rev()));
                prop_assert!(written == file || head + 1 >= first as usize, "{file}\n{written}");
                prop_assert!(written == file || file.len() - tail <= last + 1, "{file}\n{written}");
            }
            let value = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
            let (mut left, mut right) = (value(&file), value(&written));
            let number = before.notebook.cells()[index].number as usize - 1;
            let kept = left["cells"][number]["source"].take();
            let source = right["cells"][number]["source"].take();
            prop_assert_eq!(left, right);
            prop_assert_eq!(kept.is_array(), source.is_array());
            if layout.ascii && !file.contains('é') {
                prop_assert!(written.is_ascii());
            }
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,80}", cells in prop::collection::vec(source(), 0..3)) {
            let _ = JupyterNotebook::read(&text);
            for header in ["# Databricks notebook source\n", "// Databricks notebook source\n"] {
                let text = format!("{header}{}", cells.join("\n# COMMAND ----------\n// COMMAND ----------\n# MAGIC "));
                for language in [Language::Python, Language::Scala] {
                    let program = grammars::lower(language, &text);
                    for call in &program.calls {
                        prop_assert!(text.get(call.range.start as usize..call.range.end as usize).is_some());
                    }
                }
            }
        }
    }
}
