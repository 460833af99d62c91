//! The Java that Spark runs on.

use std::error::Error;
use std::path::PathBuf;
use std::process::Command;

/// A Java 17, which every version of Spark from 3.3 runs on.
pub(crate) struct Java {
    /// The launcher.
    pub(crate) program: PathBuf,
    /// `JAVA_HOME`, where that is what it was found by.
    pub(crate) home: Option<PathBuf>,
}

impl Java {
    /// The one that `JAVA_HOME` names, or the one on `PATH`.
    pub(crate) fn find() -> Result<Self, Box<dyn Error>> {
        let home = std::env::var_os("JAVA_HOME").map(PathBuf::from);
        let of_home = home.map(|home| Self { program: home.join("bin/java"), home: Some(home) });
        let on_path = Self { program: "java".into(), home: None };
        of_home.into_iter().chain([on_path]).find(Self::is_17).ok_or_else(|| {
            "Java 17 is needed: set JAVA_HOME to one, or put its java on PATH".into()
        })
    }

    fn is_17(&self) -> bool {
        // `java -version` answers on stderr.
        Command::new(&self.program)
            .arg("-version")
            .output()
            .is_ok_and(|output| String::from_utf8_lossy(&output.stderr).contains("version \"17"))
    }
}
