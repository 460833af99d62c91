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
    /// Makes a virtual environment under `cache` with this version and these further packages, if it is not there yet.
    pub(crate) fn prepare(
        version: &str,
        packages: &[&str],
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
            install.args(["-m", "pip", "install", "--quiet", &requirement]).args(packages);
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
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.stdin(Stdio::null()).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} failed: {status}", command.get_program().display()).into())
    }
}
