//! Why a log could not be read at all. What can be read in part is a [`Profile`](crate::Profile) with its
//! [`Quality`](crate::Quality), not an error.

/// Why there is no [`Profile`](crate::Profile).
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// No line is a Spark event.
    #[error(
        "not a Spark event log: {name}: {why}; give a file or an eventlog_v2_ folder from the run's spark.eventLog.dir"
    )]
    NotALog {
        /// The log's name as given.
        name: String,
        /// What it is instead, as far as can be told.
        why: String,
    },
    /// The log is compressed or packed in a way that is not read.
    #[error(
        "{name} is compressed with {codec}, which is not read: decompress it, or set spark.eventLog.compression.codec=zstd for the next run"
    )]
    UnsupportedCodec {
        /// The part's name.
        name: String,
        /// The codec's name, as Spark or its maker spells it.
        codec: &'static str,
    },
    /// A folder without event files.
    #[error(
        "not a Spark event log: {name} holds no events_<n>_<application> file; give the eventlog_v2_ folder itself or one log file"
    )]
    EmptyFolder {
        /// The folder's name as given.
        name: String,
    },
    /// The storage failed.
    #[error("cannot read {name}: {source}")]
    Io {
        /// The part's name.
        name: String,
        /// What the storage reports.
        source: std::io::Error,
    },
    /// The caller asked to stop.
    #[error("reading {name} was cancelled")]
    Cancelled {
        /// The log's name as given.
        name: String,
    },
}
