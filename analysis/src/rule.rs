//! What a rule is, and what it may see.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use program::{CallId, CallKey, Language, Program};
use rustc_hash::FxHashMap;
use spark::Thresholds;

use crate::{Facts, Finding, PlanClaim, Repeated, Run, Severity, SiteCost, Verdict, Work};

/// The kind of cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Memory, cores, executors.
    Resource,
    /// The data's size or distribution.
    Data,
    /// How the program goes about it.
    Algorithm,
    /// The result is wrong or the run fails.
    Correctness,
    /// Structured streaming.
    Streaming,
    /// Settings.
    Configuration,
    /// Moving between versions.
    Migration,
}

impl Category {
    /// The word used in output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Category::Resource => "resource",
            Category::Data => "data",
            Category::Algorithm => "algorithm",
            Category::Correctness => "correctness",
            Category::Streaming => "streaming",
            Category::Configuration => "configuration",
            Category::Migration => "migration",
        }
    }
}

/// When a rule speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// On by default: the code alone makes it certain.
    One,
    /// A hint until a run confirms it; silent when a representative run refutes it.
    Two,
    /// Only where it is selected.
    Three,
}

/// What a rule needs of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EvidenceNeed {
    /// Nothing.
    Unused,
    /// A run confirms or refutes it.
    Refines,
    /// Without a run it is silent.
    Required,
}

/// The best fix that a rule offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FixClass {
    /// None.
    None,
    /// Sometimes a safe one.
    Safe,
    /// Only ones to look at.
    Unsafe,
}

/// A rule: one record; tables, schema, documentation and the SARIF catalogue follow from it.
#[derive(Debug)]
pub struct Rule {
    /// Kebab-case; names the pattern and reads as "allow …".
    pub id: &'static str,
    /// One line without a full stop.
    pub summary: &'static str,
    /// Markdown: the documentation comment of its declaration, with sections `## Why is this bad?`, `## Examples` (blocks marked `python bad`,
    /// `scala good`, …), `## For experts`, `## Known problems`.
    pub docs: &'static str,
    /// The kind of cause.
    pub category: Category,
    /// Severity when it speaks at full voice.
    pub severity: Severity,
    /// When it speaks.
    pub tier: Tier,
    /// Languages it applies to.
    pub languages: &'static [Language],
    /// What it needs of a run.
    pub evidence: EvidenceNeed,
    /// The best fix it offers.
    pub fix: FixClass,
    /// The release that introduced it.
    pub since: &'static str,
    /// Finds it in one file. Pure.
    pub check: fn(&RuleContext<'_>, &mut Vec<Finding>),
    /// What one run says of a finding. Pure.
    pub verdict: Option<fn(&RuleContext<'_>, &Finding, &Run) -> Verdict>,
    /// What Spark's plans of the examples show.
    pub plan: Option<PlanClaim>,
}

impl Rule {
    /// A finding of this rule at `call`, underlining the call's name.
    #[must_use]
    pub fn at_call(
        &self,
        ctx: &RuleContext<'_>,
        call: CallId,
        message: String,
        help: impl Into<String>,
    ) -> Finding {
        let site = ctx.program.call(call);
        Finding {
            rule: self.id,
            call: Some(call),
            range: site.name_range,
            message,
            help: help.into(),
            severity: self.severity,
            confidence: site.confidence,
            related: Vec::new(),
            fixes: Vec::new(),
            evidence: crate::FindingEvidence::Unmeasured,
            requires_evidence: false,
        }
    }
}

/// What a rule may see of one file.
#[derive(Debug)]
pub struct RuleContext<'a> {
    /// The file's path as the host names it.
    pub file: &'a str,
    /// Its text, for fixes that keep formatting.
    pub text: &'a str,
    /// Its program.
    pub program: &'a Program,
    /// Keys of the program's calls, in their order, once somebody asked for them.
    pub(crate) call_keys: &'a OnceLock<Vec<CallKey>>,
    /// Whether it is a test: small data and `collect` are right there.
    pub is_test: bool,
    /// Limits.
    pub thresholds: &'a Thresholds,
    /// Whether any run is attached. Of findings that need one, a single one is enough where there is none: nobody sees it.
    pub has_runs: bool,
    /// What evaluating the file's code says.
    pub facts: Facts<'a>,
    /// What was worked out once.
    pub(crate) shared: Shared,
}

/// What a rule works out of a file once, for its check and for all of its verdicts.
#[derive(Debug, Default)]
pub(crate) struct Shared(RefCell<FxHashMap<TypeId, Rc<dyn Any>>>);

impl RuleContext<'_> {
    /// What `make` gives, made when it is first asked for. There is one of each type for a file.
    #[must_use]
    pub fn once<T: Any>(&self, make: impl FnOnce() -> T) -> Rc<T> {
        let known = self.shared.0.borrow().get(&TypeId::of::<T>()).cloned();
        if let Some(known) = known.and_then(|it| it.downcast().ok()) {
            return known;
        }
        let made = Rc::new(make());
        self.shared.0.borrow_mut().insert(TypeId::of::<T>(), Rc::<T>::clone(&made));
        made
    }

    /// What `call` cost in `run`, if the join put anything there.
    #[must_use]
    pub fn cost<'run>(&self, run: &'run Run, call: CallId) -> Option<&'run SiteCost> {
        run.cost(self.file, self.key(call)?)
    }

    fn key(&self, call: CallId) -> Option<&CallKey> {
        self.call_keys.get_or_init(|| self.program.call_keys()).get(call.index())
    }

    /// Whether evaluating the programs reached what `call` makes, so that lineage tells what was done with it.
    #[must_use]
    pub fn is_evaluated(&self, run: &Run, call: CallId) -> bool {
        self.key(call)
            .is_some_and(|key| run.computations.knows(&(self.file.to_owned(), key.clone())))
    }

    /// Whether a call that a run names, by file and key, is `call`.
    #[must_use]
    pub fn is_call(&self, named: &(String, CallKey), call: CallId) -> bool {
        named.0 == self.file && self.key(call) == Some(&named.1)
    }

    /// The executions and jobs that worked on what `call` makes, whatever file started them.
    #[must_use]
    pub fn work_on(&self, run: &Run, call: CallId) -> Vec<Work> {
        self.key(call).map(|key| run.work_on(self.file, key)).unwrap_or_default()
    }

    /// The executions that computed what `call` makes more than once, by version of it; where the call only hands on what a function of the
    /// program made, those that computed what `actions` have in common.
    #[must_use]
    pub fn repeated(&self, run: &Run, call: CallId, actions: &[CallId]) -> Arc<Vec<Repeated>> {
        let place = |call: CallId| Some((self.file.to_owned(), self.key(call)?.clone()));
        let Some(made) = place(call) else { return Arc::default() };
        if run.computations.knows(&made) {
            run.repeated(self.file, &made.1)
        } else {
            let actions: Vec<_> = actions.iter().filter_map(|&it| place(it)).collect();
            run.repeated_by(&actions)
        }
    }
}

/// How a rule is set for a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleLevel {
    /// Silent.
    Off,
    /// Speaks at this severity when at full voice.
    At(Severity),
    /// On at its own severity, whatever its tier: selected by name.
    On,
}

/// A file's effective settings.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// Rules set by id; others follow their declaration.
    pub rules: BTreeMap<String, RuleLevel>,
    /// If given, only these rules run.
    pub select: Option<Vec<String>>,
    /// Limits.
    pub thresholds: Thresholds,
}

/// Declares a rule: the documentation comment becomes its documentation, its first line the summary.
///
/// ```text
/// declare_rule! {
///     /// One line without a full stop
///     ///
///     /// ## Why is this bad?
///     /// …
///     pub(crate) static ACTION_IN_LOOP = {
///         id: "action-in-loop",
///         category: Algorithm,
///         severity: Warning,
///         tier: One,
///         languages: [Python, Scala],
///         evidence: Refines,
///         fix: None,
///         since: "0.1.0",
///         check: check,
///         verdict: Some(verdict),
///         // Only where the documentation claims something about plans.
///         plan: OnlyBad(&["SortMergeJoin"]),
///     }
/// }
/// ```
#[macro_export]
macro_rules! declare_rule {
    (
        #[doc = $summary:literal]
        $(#[doc = $line:literal])*
        $visibility:vis static $name:ident = {
            id: $id:literal,
            category: $category:ident,
            severity: $severity:ident,
            tier: $tier:ident,
            languages: [$($language:ident),+],
            evidence: $evidence:ident,
            fix: $fix:ident,
            since: $since:literal,
            check: $check:expr,
            verdict: $verdict:expr
            $(, plan: $plan:ident($claimed:expr))? $(,)?
        }
    ) => {
        #[doc = $summary]
        $visibility static $name: $crate::Rule = $crate::Rule {
            id: $id,
            summary: $summary.trim_ascii(),
            docs: concat!($summary, "\n", $($line, "\n",)*),
            category: $crate::Category::$category,
            severity: $crate::Severity::$severity,
            tier: $crate::Tier::$tier,
            languages: &[$(::program::Language::$language),+],
            evidence: $crate::EvidenceNeed::$evidence,
            fix: $crate::FixClass::$fix,
            since: $since,
            check: $check,
            verdict: $verdict,
            plan: {
                $crate::declared_claim!($($plan($claimed))?)
            },
        };
    };
}

/// The claim that a rule's declaration makes about plans, if any.
#[doc(hidden)]
#[macro_export]
macro_rules! declared_claim {
    () => {
        None
    };
    ($plan:ident($claimed:expr)) => {
        Some($crate::PlanClaim::$plan($claimed))
    };
}
