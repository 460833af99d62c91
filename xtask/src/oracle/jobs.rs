//! Jobs whose logs have shapes that recorded ones lack.

use std::error::Error;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::java::Java;
use crate::pyspark::Installation;

/// A stage of 5,000 tasks, tasks that fail and are retried, a stage that fails, skipped stages, a cached scan, adaptive plans.
const SHAPES: &str = include_str!("shapes.py");

/// A run over executors of their own, one of which is lost together with its shuffle files.
const CLUSTER: &str = include_str!("cluster.py");

/// Runs the jobs on one version of Spark; their logs are in `folder` afterwards. What is there already is kept.
pub(super) fn run(site: &Installation, java: &Java, folder: &Path) -> Result<(), Box<dyn Error>> {
    let done = folder.join("done");
    if done.exists() {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    for (name, source) in [("shapes", SHAPES), ("cluster", CLUSTER)] {
        let script = folder.join(format!("{name}.py"));
        fs::write(&script, source)?;
        let events = folder.join(name);
        fs::create_dir_all(&events)?;
        let printed = folder.join(format!("{name}.txt"));
        println!("running {name}.py on Spark {}: {}", site.short, printed.display());
        let output = File::create(&printed)?;
        let mut command = Command::new(&site.python);
        command
            .arg(&script)
            .arg(&events)
            .current_dir(folder)
            .env_remove("SPARK_HOME")
            .env_remove("SPARK_CONF_DIR")
            .env("SPARK_LOCAL_IP", "127.0.0.1")
            .env("PYSPARK_PYTHON", &site.python)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        if let Some(home) = &java.home {
            command.env("JAVA_HOME", home);
        }
        let status = command.status()?;
        if !status.success() {
            return Err(format!("{name}.py failed ({status}), see {}", printed.display()).into());
        }
    }
    fs::write(done, "")?;
    Ok(())
}
