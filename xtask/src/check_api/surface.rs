//! The names that real Spark has: PySpark's by introspection, Scala's from the class files.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use spark::Language;

use crate::pyspark::Installation;

const INTROSPECT_PYTHON: &str = include_str!("introspect.py");

const INTROSPECT_SCALA: &str = include_str!("introspect.scala");

/// Classes whose members users call on a type without naming the class: implementations, implicit conversions, companions.
const BEHIND: &str = include_str!("behind.tsv");

/// Where Scala keeps its functions over columns, by the function table's name of the module.
const FUNCTION_OBJECTS: [(&str, &str); 5] = [
    ("sql", "org.apache.spark.sql.functions$"),
    ("partitioning", "org.apache.spark.sql.functions.partitioning$"),
    ("avro", "org.apache.spark.sql.avro.functions$"),
    ("protobuf", "org.apache.spark.sql.protobuf.functions$"),
    ("ml", "org.apache.spark.ml.functions$"),
];

/// Type or `function:MODULE`, and a name of it → whether it is a property of Python.
pub(crate) type Surface = BTreeMap<(String, String), bool>;

/// Reads one language's names of one version.
pub(crate) fn read(
    installation: &Installation,
    language: Language,
    cache: &Path,
) -> Result<Surface, Box<dyn Error>> {
    match language {
        Language::Python => read_python(installation),
        Language::Scala => read_scala(installation, cache),
    }
}

fn read_python(installation: &Installation) -> Result<Surface, Box<dyn Error>> {
    let mut command = Command::new(&installation.python);
    command.args(["-c", INTROSPECT_PYTHON]);
    surface_of(&answer(&mut command, spark::CLASS_TABLE)?)
}

fn read_scala(installation: &Installation, cache: &Path) -> Result<Surface, Box<dyn Error>> {
    let mut asked = String::new();
    for line in spark::CLASS_TABLE.lines().filter(|line| !line.starts_with('#')) {
        if let [owner, _, class] = line.split('\t').collect::<Vec<_>>()[..]
            && class != "-"
            && !class.starts_with("org.apache.spark.api.java.")
        {
            // A class and its companion object.
            let _ = writeln!(asked, "{owner}\t{class}\n{owner}\t{class}$");
        }
    }
    for line in BEHIND.lines().filter(|line| !line.starts_with('#')) {
        let _ = writeln!(asked, "{line}");
    }
    for (module, object) in FUNCTION_OBJECTS {
        let _ = writeln!(asked, "function:{module}\t{object}");
    }
    let script = cache.join("introspect.scala");
    std::fs::write(&script, INTROSPECT_SCALA)?;
    surface_of(&answer(&mut installation.scala(&[], &script), &asked)?)
}

/// What a command prints when it reads a text.
pub(crate) fn answer(command: &mut Command, text: &str) -> Result<String, Box<dyn Error>> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("{} failed: {}", command.get_program().display(), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The lines of an introspection. A parameter of MLlib is a value that names an argument, no method.
fn surface_of(text: &str) -> Result<Surface, Box<dyn Error>> {
    let mut surface = Surface::new();
    for line in text.lines() {
        match line.split('\t').collect::<Vec<_>>()[..] {
            [_, _, "param"] => {}
            [owner, name, kind] => {
                let property = surface.entry((owner.to_owned(), name.to_owned())).or_default();
                *property |= kind == "property";
            }
            _ => return Err(format!("not understood: {line:?}").into()),
        }
    }
    if surface.is_empty() {
        return Err("introspection found nothing".into());
    }
    Ok(surface)
}
