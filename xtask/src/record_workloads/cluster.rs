//! A standalone cluster on this machine for the time of one recording.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Result;
use super::catalogue::Cluster;

/// Where its master listens.
const PORT: u16 = 17_077;

/// Its processes, which end with it.
pub(super) struct Running {
    master: Child,
    workers: Option<JoinHandle<Vec<Child>>>,
}

impl Running {
    /// Starts it. `spark_class` runs a class of Spark; the folder is for what the workers leave.
    pub(super) fn start(
        cluster: &Cluster,
        late: Duration,
        spark_class: impl Fn() -> Command,
        folder: &Path,
    ) -> Result<Self> {
        let quiet = |command: &mut Command| {
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
        };
        let port = PORT.to_string();
        let master = quiet(spark_class().args([
            "org.apache.spark.deploy.master.Master",
            "--host",
            "localhost",
            "--port",
            &port,
            "--webui-port",
            "0",
        ]))?;
        let mut commands: Vec<Command> = (0..cluster.workers)
            .map(|number| {
                // All of 127.0.0.0/8 is this machine, and Spark takes different addresses for different hosts.
                let host = format!("127.0.0.{}", u32::from(number) + 2);
                let mut command = spark_class();
                command
                    .env("SPARK_LOCAL_HOSTNAME", &host)
                    .env("SPARK_LOCAL_IP", &host)
                    .args(["org.apache.spark.deploy.worker.Worker", "--host", &host])
                    .args(["--webui-port", "0", "--memory", "4g", "--cores"])
                    .arg(cluster.cores.to_string())
                    .arg("--work-dir")
                    .arg(folder.join("workers"))
                    .arg(Self::url());
                command
            })
            .collect();
        let workers = thread::spawn(move || {
            thread::sleep(late);
            commands.iter_mut().filter_map(|command| quiet(command).ok()).collect()
        });
        // A worker tries to reach its master for minutes, an application too.
        Ok(Self { master, workers: Some(workers) })
    }

    /// The master's address, as `spark.master` takes it.
    pub(super) fn url() -> String {
        format!("spark://localhost:{PORT}")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut workers = self.workers.take().and_then(|workers| workers.join().ok());
        for process in workers.iter_mut().flatten().chain([&mut self.master]) {
            // What has ended by itself can't be ended any more.
            drop(process.kill());
            drop(process.wait());
        }
    }
}
