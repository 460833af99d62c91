//! `stagelight.toml` and `[tool.stagelight]` of `pyproject.toml`: the nearest one above a file sets how it is checked.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use analysis::{RuleLevel, Settings, Severity, UNUSED_SUPPRESSION};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use spark::Thresholds;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::files::display_path;

/// The name of the configuration file.
pub(crate) const FILE_NAME: &str = "stagelight.toml";
/// The other file that may hold a configuration, under `[tool.stagelight]`.
const PYPROJECT: &str = "pyproject.toml";

/// A mistake in a configuration file or in the rules that a command names. Nothing is checked with a configuration that is not
/// understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigurationError {
    /// The file, and its line where it is known; none for the command line.
    pub(crate) place: Option<(String, Option<u32>)>,
    /// What is wrong and the way out, in one line.
    pub(crate) message: String,
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some((file, Some(line))) => write!(f, "{file}:{line}: {}", self.message),
            Some((file, None)) => write!(f, "{file}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for ConfigurationError {}

/// From which severity on `check` fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum FailOn {
    /// From information on.
    Information,
    /// From warnings on.
    #[default]
    Warning,
    /// Only at errors.
    Error,
    /// Never.
    Never,
}

impl FailOn {
    /// Whether a finding of `severity` fails the check. Hints never do.
    #[must_use]
    pub(crate) fn fails(self, severity: Severity) -> bool {
        match self {
            FailOn::Information => severity >= Severity::Information,
            FailOn::Warning => severity >= Severity::Warning,
            FailOn::Error => severity >= Severity::Error,
            FailOn::Never => false,
        }
    }
}

/// A configuration file, read.
#[derive(Debug, Clone)]
pub(crate) struct Configuration {
    /// The file; none where no file was found and everything has its default.
    pub(crate) file: Option<PathBuf>,
    /// The folder that relative paths and globs start from.
    pub(crate) folder: PathBuf,
    /// Paths and globs of event logs, with the line of each in the file.
    pub(crate) event_logs: Vec<(String, u32)>,
    /// If given, only these rules run.
    pub(crate) select: Option<Vec<String>>,
    /// Rules that do not run.
    pub(crate) ignore: Vec<String>,
    /// Rules set by id.
    pub(crate) rules: BTreeMap<String, RuleLevel>,
    /// From which severity on `check` fails.
    pub(crate) fail_on: FailOn,
    /// Limits.
    pub(crate) thresholds: Thresholds,
    exclude: GlobSet,
}

/// What a command line or an editor sets on top of the configuration files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Overrides {
    /// If not empty, only these rules run, whatever the files say.
    pub(crate) select: Vec<String>,
    /// Rules that do not run.
    pub(crate) ignore: Vec<String>,
}

impl Overrides {
    /// Checks that every rule exists.
    ///
    /// # Errors
    /// Names the first unknown rule, with the nearest that exists.
    pub(crate) fn validate(&self) -> Result<(), ConfigurationError> {
        match self.select.iter().chain(&self.ignore).find(|rule| !is_rule(rule)) {
            None => Ok(()),
            Some(rule) => Err(ConfigurationError { place: None, message: unknown_rule(rule) }),
        }
    }
}

impl Configuration {
    /// The configuration of a place without any configuration file.
    #[must_use]
    pub(crate) fn without_file(folder: &Path) -> Self {
        Self {
            file: None,
            folder: folder.to_owned(),
            event_logs: Vec::new(),
            select: None,
            ignore: Vec::new(),
            rules: BTreeMap::new(),
            fail_on: FailOn::default(),
            thresholds: Thresholds::default(),
            exclude: GlobSet::empty(),
        }
    }

    /// Reads the text of `file`. None for a `pyproject.toml` without `[tool.stagelight]`.
    ///
    /// # Errors
    /// Names the first line that is not understood, and the way out.
    pub(crate) fn parse(file: &Path, text: &str) -> Result<Option<Self>, ConfigurationError> {
        let reader = Reader { name: display_path(file), text };
        let document = DeTable::parse(text).map_err(|error| {
            let message = format!("not valid TOML: {}", one_line(error.message()));
            reader.error(error.span().map(|span| span.start), message)
        })?;
        let document = document.into_inner();
        let is_pyproject = file.file_name().is_some_and(|name| name == PYPROJECT);
        let table = if is_pyproject {
            let tool = document.get("tool").and_then(|tool| tool.get_ref().as_table());
            match tool.and_then(|tool| tool.get("stagelight")) {
                None => return Ok(None),
                Some(value) => reader.table(value, "tool.stagelight")?,
            }
        } else {
            &document
        };
        let folder = file.parent().unwrap_or(Path::new(".")).to_owned();
        let mut configuration = Self::without_file(&folder);
        configuration.file = Some(file.to_owned());
        for (key, value) in table {
            let name: &str = key.get_ref();
            match name {
                "event-logs" => {
                    configuration.event_logs = reader.strings_with_lines(value, name)?;
                }
                "select" => configuration.select = Some(reader.rules(value, name)?),
                "ignore" => configuration.ignore = reader.rules(value, name)?,
                "exclude" => configuration.exclude = reader.globs(value, name)?,
                "fail-on" => configuration.fail_on = reader.fail_on(value)?,
                "rules" => {
                    for (rule, level) in reader.table(value, name)? {
                        let id: &str = rule.get_ref();
                        if !is_rule(id) {
                            return Err(reader.error(Some(rule.span().start), unknown_rule(id)));
                        }
                        configuration.rules.insert(id.to_owned(), reader.level(level, id)?);
                    }
                }
                "thresholds" => {
                    for (key, number) in reader.table(value, name)? {
                        let id: &str = key.get_ref();
                        let Some(threshold) = THRESHOLDS.iter().find(|it| it.key == id) else {
                            let names = THRESHOLDS.iter().map(|it| it.key);
                            let message = unknown("threshold", id, names);
                            return Err(reader.error(Some(key.span().start), message));
                        };
                        let set = reader
                            .number(number)
                            .is_some_and(|it| (threshold.set)(&mut configuration.thresholds, it));
                        if !set {
                            let message =
                                format!("`{id}` must be {}", (threshold.kind)().description());
                            return Err(reader.error(Some(number.span().start), message));
                        }
                    }
                }
                _ => {
                    let message = unknown("key", name, KEYS.iter().map(|key| key.name));
                    return Err(reader.error(Some(key.span().start), message));
                }
            }
        }
        Ok(Some(configuration))
    }

    /// The settings that files under this configuration are checked with.
    #[must_use]
    pub(crate) fn settings(&self, overrides: &Overrides) -> Settings {
        let mut rules = self.rules.clone();
        let by_command = !overrides.select.is_empty();
        let mut select =
            if by_command { Some(overrides.select.clone()) } else { self.select.clone() };
        if !by_command {
            for rule in &self.ignore {
                rules.insert(rule.clone(), RuleLevel::Off);
            }
        }
        for rule in &overrides.ignore {
            rules.insert(rule.clone(), RuleLevel::Off);
        }
        if let Some(select) = &mut select {
            // What the command line names runs whatever the file says; what it ignores does not.
            if by_command {
                select.retain(|rule| !overrides.ignore.contains(rule));
            } else {
                select.retain(|rule| rules.get(rule) != Some(&RuleLevel::Off));
            }
            if !select.iter().any(|rule| rule == UNUSED_SUPPRESSION) {
                rules.insert(UNUSED_SUPPRESSION.to_owned(), RuleLevel::Off);
            }
            for rule in select.iter() {
                let level = rules.entry(rule.clone()).or_insert(RuleLevel::On);
                if *level == RuleLevel::Off {
                    *level = RuleLevel::On;
                }
            }
        }
        Settings { rules, select, thresholds: self.thresholds.clone() }
    }

    /// Whether the configuration leaves out `path`, a file or a folder.
    #[must_use]
    pub(crate) fn excludes(&self, path: &Path) -> bool {
        !self.exclude.is_empty()
            && path.strip_prefix(&self.folder).is_ok_and(|relative| {
                !relative.as_os_str().is_empty() && self.exclude.is_match(relative)
            })
    }

    /// The configuration file as shown to people, or `the defaults`.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        self.file.as_deref().map_or_else(|| "the defaults".to_owned(), display_path)
    }
}

/// What was found for a folder.
type Found = Result<Arc<Configuration>, ConfigurationError>;

/// Finds configurations, each file read once. Clones share what they found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Configurations {
    by_folder: Arc<Mutex<HashMap<PathBuf, Found>>>,
}

impl Configurations {
    /// The configuration nearest above `file`, an absolute path.
    ///
    /// # Errors
    /// The configuration file is not readable or not understood.
    pub(crate) fn for_file(&self, file: &Path) -> Result<Arc<Configuration>, ConfigurationError> {
        self.for_folder(file.parent().unwrap_or(file))
    }

    /// The configuration of `folder`, an absolute path, or of the nearest folder above it that has one.
    ///
    /// # Errors
    /// The configuration file is not readable or not understood.
    pub(crate) fn for_folder(
        &self,
        folder: &Path,
    ) -> Result<Arc<Configuration>, ConfigurationError> {
        let known = |folder: &Path| {
            // A thread that panicked while it held the lock left at worst an entry missing.
            let by_folder = self.by_folder.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            by_folder.get(folder).cloned()
        };
        if let Some(found) = known(folder) {
            return found;
        }
        let found = match read_folder(folder) {
            Ok(Some(configuration)) => Ok(Arc::new(configuration)),
            Ok(None) => match folder.parent() {
                Some(parent) => self.for_folder(parent),
                None => Ok(Arc::new(Configuration::without_file(folder))),
            },
            Err(error) => Err(error),
        };
        let mut by_folder = self.by_folder.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        by_folder.insert(folder.to_owned(), found.clone());
        found
    }
}

fn read_folder(folder: &Path) -> Result<Option<Configuration>, ConfigurationError> {
    for name in [FILE_NAME, PYPROJECT] {
        let file = folder.join(name);
        if !file.is_file() {
            continue;
        }
        let failed = |message: String| ConfigurationError {
            place: Some((display_path(&file), None)),
            message,
        };
        let bytes = std::fs::read(&file).map_err(|error| {
            failed(format!("can't be read ({}); grant access to it", crate::files::reason(&error)))
        })?;
        let text = String::from_utf8(bytes)
            .map_err(|_| failed("not UTF-8; save it as UTF-8".to_owned()))?;
        if let Some(configuration) = Configuration::parse(&file, &text)? {
            return Ok(Some(configuration));
        }
    }
    Ok(None)
}

/// Whether `id` names a rule, or a check of the engine itself that can be set like one.
#[must_use]
pub(crate) fn is_rule(id: &str) -> bool {
    rule_ids().any(|rule| rule == id)
}

/// The ids that `select`, `ignore` and `[rules]` take.
pub(crate) fn rule_ids() -> impl Iterator<Item = &'static str> {
    rules::ALL.iter().map(|rule| rule.id).chain([UNUSED_SUPPRESSION])
}

/// A rule for examples.
#[must_use]
pub(crate) fn example_rule() -> &'static str {
    rules::ALL.first().map_or(UNUSED_SUPPRESSION, |rule| rule.id)
}

/// Says that a rule does not exist, with the nearest that does.
#[must_use]
pub(crate) fn unknown_rule(id: &str) -> String {
    let message = unknown("rule", id, rule_ids());
    if message.contains("did you mean") {
        message
    } else {
        format!("{message}; see `stagelight rules`")
    }
}

/// Says that a word is not known, with the nearest that is.
fn unknown<'a>(what: &str, word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let shown = one_line(word);
    let scored = known.map(|name| (strsim::jaro_winkler(word, name), name));
    let nearest = scored.max_by(|left, right| left.0.total_cmp(&right.0));
    match nearest {
        Some((score, name)) if score > 0.8 => {
            format!("unknown {what} `{shown}`; did you mean `{name}`?")
        }
        _ => format!("unknown {what} `{shown}`"),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes values out of a parsed file and says where one is not what it should be.
struct Reader<'a> {
    name: String,
    text: &'a str,
}

impl Reader<'_> {
    fn error(&self, at: Option<usize>, message: String) -> ConfigurationError {
        let line = at.map(|at| self.line(at));
        ConfigurationError { place: Some((self.name.clone(), line)), message }
    }

    fn line(&self, at: usize) -> u32 {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        1 + before.iter().filter(|&&byte| byte == b'\n').count() as u32
    }

    fn expected<T>(
        &self,
        value: &Spanned<DeValue<'_>>,
        key: &str,
        what: &str,
    ) -> Result<T, ConfigurationError> {
        Err(self.error(Some(value.span().start), format!("`{key}` must be {what}")))
    }

    fn table<'v, 'i>(
        &self,
        value: &'v Spanned<DeValue<'i>>,
        key: &str,
    ) -> Result<&'v DeTable<'i>, ConfigurationError> {
        match value.get_ref().as_table() {
            Some(table) => Ok(table),
            None => self.expected(value, key, "a table"),
        }
    }

    fn array<'v, 'i>(
        &self,
        value: &'v Spanned<DeValue<'i>>,
        key: &str,
    ) -> Result<&'v DeArray<'i>, ConfigurationError> {
        match value.get_ref().as_array() {
            Some(array) => Ok(array),
            None => self.expected(value, key, "an array of strings"),
        }
    }

    fn strings_with_lines(
        &self,
        value: &Spanned<DeValue<'_>>,
        key: &str,
    ) -> Result<Vec<(String, u32)>, ConfigurationError> {
        let mut strings = Vec::new();
        for item in self.array(value, key)?.iter() {
            match item.get_ref().as_str() {
                Some(text) => strings.push((text.to_owned(), self.line(item.span().start))),
                None => return self.expected(item, key, "an array of strings"),
            }
        }
        Ok(strings)
    }

    fn rules(
        &self,
        value: &Spanned<DeValue<'_>>,
        key: &str,
    ) -> Result<Vec<String>, ConfigurationError> {
        let mut ids = Vec::new();
        for item in self.array(value, key)?.iter() {
            match item.get_ref().as_str() {
                Some(id) if is_rule(id) => ids.push(id.to_owned()),
                Some(id) => return Err(self.error(Some(item.span().start), unknown_rule(id))),
                None => return self.expected(item, key, "an array of rule ids"),
            }
        }
        Ok(ids)
    }

    fn globs(
        &self,
        value: &Spanned<DeValue<'_>>,
        key: &str,
    ) -> Result<GlobSet, ConfigurationError> {
        let mut set = GlobSetBuilder::new();
        for item in self.array(value, key)?.iter() {
            let Some(pattern) = item.get_ref().as_str() else {
                return self.expected(item, key, "an array of globs");
            };
            let invalid = |error: &globset::Error| {
                let message = format!(
                    "`{}` is not a glob: {}",
                    one_line(pattern),
                    one_line(&error.kind().to_string())
                );
                self.error(Some(item.span().start), message)
            };
            let trimmed = pattern.trim_end_matches('/').trim_start_matches("./");
            let mut forms = vec![trimmed.trim_start_matches('/').to_owned()];
            // As in `.gitignore`, a name without a slash is meant at any depth.
            if !trimmed.contains('/') {
                forms.push(format!("**/{trimmed}"));
            }
            for form in forms {
                let glob = GlobBuilder::new(&form).literal_separator(true).build();
                set.add(glob.map_err(|error| invalid(&error))?);
            }
        }
        set.build()
            .map_err(|error| self.error(Some(value.span().start), one_line(&error.to_string())))
    }

    fn fail_on(&self, value: &Spanned<DeValue<'_>>) -> Result<FailOn, ConfigurationError> {
        match value.get_ref().as_str() {
            Some("information") => Ok(FailOn::Information),
            Some("warning") => Ok(FailOn::Warning),
            Some("error") => Ok(FailOn::Error),
            Some("never") => Ok(FailOn::Never),
            _ => self.expected(
                value,
                "fail-on",
                "\"information\", \"warning\", \"error\" or \"never\"",
            ),
        }
    }

    fn level(
        &self,
        value: &Spanned<DeValue<'_>>,
        key: &str,
    ) -> Result<RuleLevel, ConfigurationError> {
        match value.get_ref().as_str() {
            Some("off") => Ok(RuleLevel::Off),
            Some("on") => Ok(RuleLevel::On),
            Some("hint") => Ok(RuleLevel::At(Severity::Hint)),
            Some("information") => Ok(RuleLevel::At(Severity::Information)),
            Some("warning") => Ok(RuleLevel::At(Severity::Warning)),
            Some("error") => Ok(RuleLevel::At(Severity::Error)),
            _ => self.expected(
                value,
                key,
                "\"off\", \"on\", \"hint\", \"information\", \"warning\" or \"error\"",
            ),
        }
    }

    fn number(&self, value: &Spanned<DeValue<'_>>) -> Option<Number> {
        match value.get_ref() {
            DeValue::Integer(integer) => {
                let digits = integer.as_str().replace('_', "");
                i128::from_str_radix(&digits, integer.radix()).ok().map(Number::Integer)
            }
            DeValue::Float(float) => {
                float.as_str().replace('_', "").parse().ok().map(Number::Float)
            }
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Number {
    Integer(i128),
    Float(f64),
}

/// A number that a threshold can hold.
trait ThresholdValue: Sized {
    const KIND: ThresholdKind;
    fn from_number(number: Number) -> Option<Self>;
}

/// What kind of number a threshold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ThresholdKind {
    Integer,
    Float,
}

impl ThresholdKind {
    fn description(self) -> &'static str {
        match self {
            ThresholdKind::Integer => "an integer from 0 on",
            ThresholdKind::Float => "a number from 0 on",
        }
    }
}

impl ThresholdValue for u64 {
    const KIND: ThresholdKind = ThresholdKind::Integer;

    fn from_number(number: Number) -> Option<Self> {
        match number {
            Number::Integer(value) => Self::try_from(value).ok(),
            Number::Float(_) => None,
        }
    }
}

impl ThresholdValue for f64 {
    const KIND: ThresholdKind = ThresholdKind::Float;

    fn from_number(number: Number) -> Option<Self> {
        let value = match number {
            Number::Integer(value) => value as f64,
            Number::Float(value) => value,
        };
        (value.is_finite() && value >= 0.0).then_some(value)
    }
}

/// A threshold as a key of the configuration.
pub(crate) struct ThresholdKey {
    /// The key in kebab-case.
    pub(crate) key: &'static str,
    /// What it limits.
    pub(crate) doc: &'static str,
    /// The default, as written in TOML.
    pub(crate) default: fn() -> String,
    kind: fn() -> ThresholdKind,
    set: fn(&mut Thresholds, Number) -> bool,
}

macro_rules! thresholds {
    ($($field:ident $key:literal $doc:literal),* $(,)?) => {
        /// Every field of [`Thresholds`]; a test holds the table complete.
        pub(crate) static THRESHOLDS: &[ThresholdKey] = &[$(ThresholdKey {
            key: $key,
            doc: $doc,
            default: || format!("{:?}", Thresholds::default().$field),
            kind: || kind_of(&Thresholds::default().$field),
            set: |thresholds, number| match ThresholdValue::from_number(number) {
                Some(value) => {
                    thresholds.$field = value;
                    true
                }
                None => false,
            },
        }),*];
    };
}

fn kind_of<T: ThresholdValue>(_: &T) -> ThresholdKind {
    T::KIND
}

thresholds! {
    collect_bytes "collect-bytes" "Bytes of task results from which a `collect` is worth a word.",
    broadcast_bytes "broadcast-bytes" "Largest side of a join, in bytes, that is worth broadcasting.",
    recompute_ms "recompute-ms" "Task time in milliseconds under which recomputation is not worth a cache.",
    shuffle_bytes "shuffle-bytes" "Bytes of shuffle under which a shuffle is not worth a word.",
    action_ms "action-ms" "Task time in milliseconds under which an action that could be left out is not worth a word.",
    single_partition_bytes "single-partition-bytes" "Bytes under which one task may write all of a dataset.",
    single_task_ms "single-task-ms" "Task time in milliseconds from which the only task of a stage keeps a run waiting.",
    loop_actions "loop-actions" "Iterations up to which a loop may run an action in each.",
    loop_columns "loop-columns" "Iterations up to which a loop may add a column in each.",
    planning_ms "planning-ms" "Time in milliseconds without a job before a query under which making its plan is not worth a word.",
    product_rows "product-rows" "Rows from which the result of a join without a condition is worth a word.",
    share_per_mille "share-per-mille" "Share of the run's task time, in thousandths, under which nothing is worth a word.",
    representative_task_ms "representative-task-ms" "Task time in milliseconds under which a run is too small to speak for others.",
    skew "skew" "Longest task over median from which skew is reported.",
    skew_severe "skew-severe" "Longest task over median from which skew is severe.",
}

/// A key of the configuration, for `config`, `init` and error messages.
pub(crate) struct Key {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it takes.
    pub(crate) kind: &'static str,
    /// Its default, as written in TOML.
    pub(crate) default: &'static str,
    /// An example, as written in TOML; `RULE` stands for [`example_rule`].
    pub(crate) example: &'static str,
    /// What it does.
    pub(crate) doc: &'static str,
}

/// Every key of the configuration.
pub(crate) static KEYS: &[Key] = &[
    Key {
        name: "event-logs",
        kind: "array of strings",
        default: "[]",
        example: "event-logs = [\"logs/*\"]",
        doc: "Event logs of past runs: files, rolling folders or folders of logs, as paths or globs relative to this file. Where a \
              folder or glob has several logs, the run that started last is used. Logs must lie in the folder of this file or below it, unless \
              `--trust` is given.",
    },
    Key {
        name: "select",
        kind: "array of rule ids",
        default: "the rules that are on by default",
        example: "select = [\"RULE\"]",
        doc: "Only these rules run.",
    },
    Key {
        name: "ignore",
        kind: "array of rule ids",
        default: "[]",
        example: "ignore = [\"RULE\"]",
        doc: "These rules do not run.",
    },
    Key {
        name: "exclude",
        kind: "array of globs",
        default: "[]",
        example: "exclude = [\"generated/**\"]",
        doc: "Files and folders that are left out when folders are searched, relative to this file; a name without a slash is \
              meant at any depth. What `.gitignore` and `.ignore` name is left out as well. A file that is named on the command \
              line is always read.",
    },
    Key {
        name: "fail-on",
        kind: "\"information\", \"warning\", \"error\" or \"never\"",
        default: "\"warning\"",
        example: "fail-on = \"error\"",
        doc: "From which severity on `stagelight check` exits with 1. Hints never fail.",
    },
    Key {
        name: "rules",
        kind: "table from rule id to \"off\", \"on\", \"hint\", \"information\", \"warning\" or \"error\"",
        default: "{}",
        example: "[rules]\nRULE = \"error\"",
        doc: "Sets rules one by one: off, on at their own severity, or on at the given severity.",
    },
    Key {
        name: "thresholds",
        kind: "table from threshold to number",
        default: "as below",
        example: "[thresholds]\nskew = 4.0",
        doc: "Limits from which something is worth a word, shared by rules and diagnoses.",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Option<Configuration>, ConfigurationError> {
        Configuration::parse(Path::new("/w/stagelight.toml"), text)
    }

    fn message(text: &str) -> String {
        let error = parse(text).unwrap_err();
        let line = error.place.unwrap().1;
        format!("{}: {}", line.map_or_else(String::new, |line| line.to_string()), error.message)
    }

    #[test]
    fn every_threshold_is_a_key() {
        let debug = format!("{:?}", Thresholds::default());
        let inside = debug.split_once('{').unwrap().1.trim_end_matches('}');
        let fields: Vec<String> = inside
            .split(',')
            .map(|field| field.split(':').next().unwrap().trim().replace('_', "-"))
            .collect();
        let keys: Vec<&str> = THRESHOLDS.iter().map(|threshold| threshold.key).collect();
        assert_eq!(fields, keys);
    }

    #[test]
    fn mistakes_name_the_line_and_the_nearest_word() {
        assert_eq!(
            message("ignore = []\n\nevent-log = []"),
            "3: unknown key `event-log`; did you mean `event-logs`?"
        );
        assert_eq!(
            message("[thresholds]\nskew-sever = 2"),
            "2: unknown threshold `skew-sever`; did you mean `skew-severe`?"
        );
        assert_eq!(message("[thresholds]\nskew = -2"), "2: `skew` must be a number from 0 on");
        assert_eq!(
            message("[thresholds]\ncollect-bytes = 1.5"),
            "2: `collect-bytes` must be an integer from 0 on"
        );
        assert_eq!(message("exclude = 1"), "1: `exclude` must be an array of strings");
        assert_eq!(
            message("select = [\"unused-suppresion\"]"),
            "1: unknown rule `unused-suppresion`; did you mean `unused-suppression`?"
        );
        assert!(message("a = = 1").starts_with("1: not valid TOML: "));
    }

    #[test]
    fn settings_follow_the_nearest_word() {
        let text =
            "ignore = [\"unused-suppression\"]\n[thresholds]\nskew = 4\ncollect-bytes = 1_000";
        let configuration = parse(text).unwrap().unwrap();
        assert_eq!(configuration.thresholds.skew, 4.0);
        assert_eq!(configuration.thresholds.collect_bytes, 1_000);
        let settings = configuration.settings(&Overrides::default());
        assert_eq!(settings.rules.get(UNUSED_SUPPRESSION), Some(&RuleLevel::Off));
        let overrides =
            Overrides { select: vec![UNUSED_SUPPRESSION.to_owned()], ignore: Vec::new() };
        let settings = configuration.settings(&overrides);
        assert_eq!(settings.rules.get(UNUSED_SUPPRESSION), Some(&RuleLevel::On));
    }

    #[test]
    fn exclusion_is_as_in_gitignore() {
        let configuration =
            parse("exclude = [\"build\", \"src/generated/**\", \"*_pb.py\"]").unwrap().unwrap();
        for (path, excluded) in [
            ("/w/build", true),
            ("/w/a/build", true),
            ("/w/src/generated/a.py", true),
            ("/w/src/other/a.py", false),
            ("/w/src/x_pb.py", true),
            ("/elsewhere/build", false),
        ] {
            assert_eq!(configuration.excludes(Path::new(path)), excluded, "{path}");
        }
    }
}
