//! Spark's History Server as a child process on loopback, and its REST API.

use std::error::Error;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::java::Java;
use crate::pyspark::Installation;

/// How long the server may take to start and to list its logs.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long its list of applications has to stay the same to be taken for complete.
const SETTLED: Duration = Duration::from_secs(6);

/// What Spark's launcher opens for reflection (`JavaModuleOptions`).
const OPENED: [&str; 12] = [
    "java.lang",
    "java.lang.invoke",
    "java.io",
    "java.net",
    "java.nio",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "sun.nio.ch",
    "sun.nio.cs",
    "sun.security.action",
    "sun.util.calendar",
];

/// Limits of the application store that would drop what there is to compare.
const RETAINED: [&str; 4] = [
    "spark.ui.retainedJobs",
    "spark.ui.retainedStages",
    "spark.ui.retainedTasks",
    "spark.sql.ui.retainedExecutions",
];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A running server; it ends when this value goes.
pub(crate) struct HistoryServer {
    child: Child,
    agent: ureq::Agent,
    base: String,
}

impl Drop for HistoryServer {
    fn drop(&mut self) {
        // It may be gone already, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl HistoryServer {
    /// Starts a server with so much `memory`, as Java writes it, over a folder of logs; what it prints goes to `output`.
    pub(crate) fn start(
        site: &Installation,
        java: &Java,
        events: &Path,
        output: &Path,
        memory: &str,
    ) -> Result<Self> {
        // Free now; that another process takes it in between is reported as the server's end.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let printed = File::create(output)?;
        let mut command = Command::new(&java.program);
        command.arg("-cp").arg(site.class_path()).arg(format!("-Xmx{memory}"));
        for package in OPENED {
            command.arg(format!("--add-opens=java.base/{package}=ALL-UNNAMED"));
        }
        command
            .arg(format!("-Dspark.history.fs.logDirectory=file://{}", events.display()))
            .arg(format!("-Dspark.history.ui.port={port}"))
            .arg("-Dspark.history.fs.cleaner.enabled=false");
        for limit in RETAINED {
            command.arg(format!("-D{limit}=10000000"));
        }
        let child = command
            .arg("org.apache.spark.deploy.history.HistoryServer")
            .env("SPARK_LOCAL_IP", "127.0.0.1")
            .env("SPARK_LOCAL_HOSTNAME", "localhost")
            .stdin(Stdio::null())
            .stdout(printed.try_clone()?)
            .stderr(printed)
            .spawn()?;
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .build()
            .new_agent();
        Ok(Self { child, agent, base: format!("http://127.0.0.1:{port}/api/v1") })
    }

    /// The applications of all logs, once the server has listed them.
    pub(crate) fn applications(&self) -> Result<Value> {
        let started = Instant::now();
        let mut last = (Value::Null, Instant::now());
        while started.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(300));
            // Until it listens, a connection is refused.
            let Ok(Some(now)) = self.get("applications?limit=1000000") else { continue };
            if now != last.0 {
                last = (now, Instant::now());
            } else if now.as_array().is_some_and(|list| !list.is_empty())
                && last.1.elapsed() > SETTLED
            {
                return Ok(now);
            }
        }
        Err(format!("the History Server lists no applications after {} s", PATIENCE.as_secs())
            .into())
    }

    /// Seconds of processor time and bytes of memory that it took, where the system says so.
    pub(crate) fn used(&self) -> Option<(f64, f64)> {
        let folder = Path::new("/proc").join(self.child.id().to_string());
        let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
        let status = std::fs::read_to_string(folder.join("status")).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
        let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
        // Linux counts time in hundredths of a second.
        Some(((ticks(11)? + ticks(12)?) / 100.0, kilobytes * 1024.0))
    }

    /// An answer; none where the server has none (404).
    pub(crate) fn get(&self, path: &str) -> Result<Option<Value>> {
        let address = format!("{}/{path}", self.base);
        let mut response = self.agent.get(&address).call()?;
        if response.status() == 404 {
            return Ok(None);
        }
        let text = response.body_mut().with_config().limit(1 << 32).read_to_string()?;
        if !response.status().is_success() {
            return Err(format!("{address}: {}: {text}", response.status()).into());
        }
        Ok(Some(serde_json::from_str(&text).map_err(|error| format!("{address}: {error}"))?))
    }
}
