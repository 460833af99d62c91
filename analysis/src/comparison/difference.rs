//! How two runs differ, apart from what their lines cost: what may make a line slower or faster by itself.

use std::collections::BTreeSet;

use eventlog::Profile;

/// One thing that differs between two runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What.
    pub aspect: Aspect,
    /// In the first and in the second run, as people read it; none where a run has none.
    pub values: [Option<String>; 2],
}

/// What two runs may differ in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aspect {
    /// `App Name`. It says nothing of how fast the run could be.
    Name,
    /// Spark's version.
    SparkVersion,
    /// `spark.master`.
    Master,
    /// Most executors at one time; the driver, on a local master.
    Executors,
    /// Most cores at one time.
    Cores,
    /// Memory of the executors for storage and execution, the most that one had.
    ExecutorMemory,
    /// A runtime in the place of Spark's own.
    Runtime,
    /// A Spark property.
    Property(String),
}

impl Aspect {
    /// Whether runs that differ in it ran alike nevertheless.
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        *self == Aspect::Name
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Aspect::Name => "application name",
            Aspect::SparkVersion => "Spark version",
            Aspect::Master => "master",
            Aspect::Executors => "executors",
            Aspect::Cores => "cores",
            Aspect::ExecutorMemory => "executor memory",
            Aspect::Runtime => "runtime",
            Aspect::Property(key) => key,
        }
    }
}

/// Properties that tell one run from another and say nothing of how it runs: exact names, and beginnings where they end in a dot.
const OF_ONE_RUN: [&str; 30] = [
    "spark.app.",
    "spark.master",
    "spark.eventLog.",
    "spark.history.",
    "spark.ui.",
    "spark.executor.id",
    "spark.driver.host",
    "spark.driver.port",
    "spark.driver.appUIAddress",
    "spark.driver.bindAddress",
    "spark.blockManager.port",
    "spark.driver.blockManager.port",
    "spark.repl.class.",
    "spark.repl.local.jars",
    "spark.submit.pyFiles",
    "spark.submit.deployMode",
    "spark.local.dir",
    "spark.sql.warehouse.dir",
    "spark.yarn.app.",
    "spark.yarn.tags",
    "spark.yarn.historyServer.address",
    "spark.yarn.jars",
    "spark.yarn.archive",
    "spark.yarn.dist.",
    "spark.yarn.isPython",
    "spark.org.apache.hadoop.yarn.server.webproxy.amfilter.",
    "spark.kubernetes.driver.pod.name",
    "spark.kubernetes.submitInDriver",
    "spark.kubernetes.resource.type",
    "spark.databricks.clusterUsageTags.",
];

/// Options of the Java VM that Spark adds itself (`JavaModuleOptions.defaultModuleOptions`), by their beginnings; they follow from its version.
const OWN_OPTIONS: [&str; 6] = [
    "-XX:+IgnoreUnrecognizedVMOptions",
    "--add-",
    "--enable-native-access",
    "-Djdk.reflect.useDirectMethodHandle",
    "-Djava.net.preferIPv6Addresses",
    "-Dio.netty.",
];

/// How two runs differ, in the order of [`Aspect`].
pub(super) fn differences(first: &Profile, second: &Profile) -> Vec<Difference> {
    let both = [first, second];
    let mut found = Vec::new();
    let mut check = |aspect: Aspect, values: [Option<String>; 2]| {
        if values[0] != values[1] {
            found.push(Difference { aspect, values });
        }
    };
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    check(Aspect::Name, both.map(|it| text(&it.application.name)));
    check(Aspect::SparkVersion, both.map(|it| text(&it.application.spark_version)));
    let master = |it: &Profile| it.spark_properties.get("spark.master").cloned();
    check(Aspect::Master, both.map(master));
    let [(executors, cores), (more_executors, more_cores)] = both.map(peak);
    let number = |number: u64| (number > 0).then(|| number.to_string());
    check(Aspect::Executors, [number(executors), number(more_executors)]);
    check(Aspect::Cores, [number(cores), number(more_cores)]);
    // An executor's memory is what is left of its heap after a reserve: differences of a few bytes come from the machine.
    let memory = both.map(memory);
    if !is_about(memory[0], memory[1]) {
        check(Aspect::ExecutorMemory, memory.map(|it| it.map(crate::units::bytes)));
    }
    check(Aspect::Runtime, both.map(runtimes));
    let keys: BTreeSet<&String> =
        both.iter().flat_map(|it| it.spark_properties.keys()).filter(|key| matters(key)).collect();
    for key in keys {
        let values = both.map(|it| it.spark_properties.get(key).and_then(|it| meant(key, it)));
        check(Aspect::Property(key.clone()), values);
    }
    found
}

/// Whether bytes mean the same in runs with these differences: versions of Spark count what a scan reads in other ways, and codecs
/// compress to other sizes.
pub(super) fn bytes_compare(differences: &[Difference]) -> bool {
    !differences.iter().any(|difference| match &difference.aspect {
        Aspect::SparkVersion | Aspect::Runtime => true,
        Aspect::Property(key) => {
            let key = key.to_ascii_lowercase();
            key.contains("compress") || key.contains("codec")
        }
        _ => false,
    })
}

fn matters(key: &str) -> bool {
    !OF_ONE_RUN.iter().any(|known| match known.strip_suffix('.') {
        Some(_) => key.starts_with(known),
        None => key == *known,
    })
}

/// A property's value without what Spark itself put there; none where nothing is left.
fn meant(key: &str, value: &str) -> Option<String> {
    if !key.ends_with("JavaOptions") {
        return Some(value.to_owned());
    }
    let own = |option: &&str| !OWN_OPTIONS.iter().any(|known| option.starts_with(known));
    let left: Vec<&str> = value.split_whitespace().filter(own).collect();
    (!left.is_empty()).then(|| left.join(" "))
}

/// Most executors and most cores at one time.
fn peak(profile: &Profile) -> (u64, u64) {
    let mut events: Vec<(i64, bool, i64)> = Vec::new();
    for executor in &profile.executors {
        let cores = i64::from(executor.total_cores);
        events.push((executor.added_ms, true, cores));
        if let Some(removed) = executor.removed_ms {
            events.push((removed, false, cores));
        }
    }
    // Who leaves makes place for who comes at the same time.
    events.sort_unstable();
    let (mut executors, mut cores) = (0_i64, 0_i64);
    let mut peak = (0, 0);
    for (_, added, of) in events {
        let sign = if added { 1 } else { -1 };
        executors += sign;
        cores += sign * of;
        peak = (executors.max(peak.0), cores.max(peak.1));
    }
    (u64::try_from(peak.0).unwrap_or(0), u64::try_from(peak.1).unwrap_or(0))
}

fn memory(profile: &Profile) -> Option<u64> {
    profile.executors.iter().filter_map(|executor| executor.max_memory).max()
}

fn is_about(first: Option<u64>, second: Option<u64>) -> bool {
    match (first, second) {
        (Some(first), Some(second)) => first.abs_diff(second) <= first.max(second) / 50,
        // A log that does not say it says nothing else by that.
        _ => true,
    }
}

fn runtimes(profile: &Profile) -> Option<String> {
    let names: Vec<String> =
        profile.quality.runtimes.iter().map(|runtime| format!("{runtime:?}")).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventlog::Executor;

    fn profile(properties: &[(&str, &str)]) -> Profile {
        Profile {
            spark_properties: properties
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            ..Profile::default()
        }
    }

    #[test]
    fn what_names_one_run_is_no_difference() {
        let first = profile(&[
            ("spark.app.id", "app-1"),
            ("spark.driver.port", "1"),
            ("spark.eventLog.dir", "a"),
            ("spark.executor.extraJavaOptions", "--add-opens=x -Dio.netty.x=true"),
            ("spark.sql.shuffle.partitions", "200"),
        ]);
        let second = profile(&[
            ("spark.app.id", "app-2"),
            ("spark.driver.port", "2"),
            ("spark.executor.extraJavaOptions", "--add-modules=y -XX:+UseG1GC"),
            ("spark.sql.shuffle.partitions", "400"),
        ]);
        let found = differences(&first, &second);
        let found: Vec<(&str, [Option<&str>; 2])> = found
            .iter()
            .map(|it| (it.aspect.name(), it.values.each_ref().map(|v| v.as_deref())))
            .collect();
        assert_eq!(
            found,
            [
                ("spark.executor.extraJavaOptions", [None, Some("-XX:+UseG1GC")]),
                ("spark.sql.shuffle.partitions", [Some("200"), Some("400")]),
            ]
        );
    }

    #[test]
    fn executors_are_counted_at_their_peak() {
        let executor = |added_ms: i64, removed_ms: Option<i64>| Executor {
            total_cores: 4,
            added_ms,
            removed_ms,
            ..Executor::default()
        };
        let executors = vec![executor(0, Some(10)), executor(10, None), executor(11, None)];
        assert_eq!(peak(&Profile { executors, ..Profile::default() }), (2, 8));
        assert_eq!(peak(&Profile::default()), (0, 0));
    }

    #[test]
    fn bytes_mean_the_same_in_one_version_and_codec() {
        let with = |key: &str, value: &str| profile(&[(key, value)]);
        let compare =
            |first: &Profile, second: &Profile| bytes_compare(&differences(first, second));
        let plain = profile(&[]);
        assert!(compare(&plain, &with("spark.sql.shuffle.partitions", "8")));
        assert!(!compare(&plain, &with("spark.io.compression.codec", "zstd")));
        let mut newer = profile(&[]);
        newer.application.spark_version = "4.1.4".to_owned();
        assert!(!compare(&plain, &newer));
    }
}
