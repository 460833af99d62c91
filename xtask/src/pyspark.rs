//! Installations of PySpark from PyPI: the Python package, and the jars in it that hold Spark and the Scala compiler.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One version of PySpark in a virtual environment of its own.
pub(crate) struct Installation {
    /// The version's first two numbers, as tables of Spark's API write it.
    pub(crate) short: String,
    /// The interpreter that finds it.
    pub(crate) python: PathBuf,
    /// The folder of its jars.
    pub(crate) jars: PathBuf,
}

impl Installation {
    /// Makes a virtual environment under `cache` with this version and what its interfaces to pandas need, if it is not there yet.
    pub(crate) fn prepare(
        version: &str,
        cache: &Path,
        base_python: &Path,
    ) -> Result<Self, Box<dyn Error>> {
        let folder = cache.join(format!("pyspark-{version}"));
        let python = folder.join("bin/python");
        if !python.exists() {
            println!("installing PySpark {version} into {}", folder.display());
            run(Command::new(base_python).args(["-m", "venv"]).arg(&folder))?;
        }
        let find = "import importlib.util as u; print(u.find_spec('pyspark').submodule_search_locations[0])";
        let locate = || Command::new(&python).args(["-c", find]).output();
        if !locate()?.status.success() {
            let requirement = format!("pyspark=={version}");
            let mut install = Command::new(&python);
            install.args(["-m", "pip", "install", "--quiet", &requirement]).args(packages(version));
            run(&mut install)?;
        }
        let package = PathBuf::from(String::from_utf8(locate()?.stdout)?.trim());
        let jars = package.join("jars");
        if !jars.is_dir() {
            return Err(format!("{}: no jars", package.display()).into());
        }
        let short = version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
        Ok(Self { short, python, jars })
    }

    /// What Java takes as its class path to find every jar.
    pub(crate) fn class_path(&self) -> PathBuf {
        self.jars.join("*")
    }

    /// A command that runs a Scala source file with its own compiler, as Spark 3.3 and later start Java 17, with these properties
    /// of the system.
    pub(crate) fn scala(&self, properties: &[String], script: &Path) -> Command {
        let mut command = Command::new("java");
        command.args(OPENED.map(|package| format!("--add-opens=java.base/{package}=ALL-UNNAMED")));
        command.args(properties.iter().map(|property| format!("-D{property}")));
        command.arg("-cp").arg(self.class_path());
        command.args(["scala.tools.nsc.MainGenericRunner", "-usejavacp", "-nc"]).arg(script);
        command
    }
}

/// The packages of Java that Spark reaches into: those of `org.apache.spark.launcher.JavaModuleOptions` that a local run needs.
const OPENED: [&str; 10] = [
    "java.io",
    "java.lang",
    "java.lang.invoke",
    "java.lang.reflect",
    "java.net",
    "java.nio",
    "java.util",
    "java.util.concurrent",
    "sun.nio.ch",
    "sun.util.calendar",
];

/// Python packages that a version runs with. Its pandas API knows neither the numpy nor the Arrow of later years.
fn packages(version: &str) -> [&'static str; 3] {
    if version.starts_with("3.") {
        ["numpy<2", "pandas<2.2", "pyarrow<16"]
    } else {
        ["numpy<3", "pandas<3", "pyarrow"]
    }
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.stdin(Stdio::null()).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} failed: {status}", command.get_program().display()).into())
    }
}
