//! Matching by order and kind, in straight-line code only.
//!
//! Calls that the log names by line cut both sequences, the log's observations and the source's actions, into segments. In a
//! segment whose action kinds and counts agree one to one, each observation belongs to the action at its position. Nothing is
//! matched in a segment that disagrees, nor in a file with an action that may run any number of times.

use program::{Call, CallId, Effect, Program, ScopeKind};

use super::call_site::logged_as;
use super::notebook_cell::CountedLine;
use super::observation::{Observation, Role};

/// Why a segment was not matched; the words of the report.
pub(super) type Reason = String;

/// One observation that the log does not name by line, within its file's sequence.
pub(super) struct Matches {
    /// Index of the observation → call.
    pub(super) calls: Vec<(usize, CallId)>,
    /// Index of the observation → why it has none.
    pub(super) reasons: Vec<(usize, Reason)>,
}

/// Matches `observations` (index and observation, in log order) with the actions of `program`; `anchors` are those already bound by line.
pub(super) fn match_by_order(
    program: &Program,
    observations: &[(usize, &Observation<'_>)],
    anchors: &[(usize, CallId)],
    line: &dyn Fn(CallId) -> CountedLine,
) -> Matches {
    let mut matches = Matches { calls: Vec::new(), reasons: Vec::new() };
    let sites: Vec<CallId> =
        program.calls_with_ids().filter(|(_, call)| is_site(call)).map(|(id, _)| id).collect();
    if let Some(reason) = not_straight(program, &sites, line) {
        matches.reasons.extend(
            observations.iter().filter(|it| !bound(anchors, it.0)).map(|it| (it.0, reason.clone())),
        );
        return matches;
    }
    // Anchors that run against the order of the source show that the source is not straight-line after all.
    let anchored: Vec<CallId> = observations
        .iter()
        .filter_map(|it| anchors.iter().find(|anchor| anchor.0 == it.0))
        .map(|anchor| anchor.1)
        .filter(|call| sites.contains(call))
        .collect();
    if anchored.windows(2).any(|pair| pair[0] >= pair[1]) {
        let reason = "the run did not follow the order of the source".to_owned();
        matches.reasons.extend(
            observations.iter().filter(|it| !bound(anchors, it.0)).map(|it| (it.0, reason.clone())),
        );
        return matches;
    }
    let mut next_site = 0;
    let mut segment: Vec<(usize, &Observation<'_>)> = Vec::new();
    for &(index, observation) in observations {
        match anchors.iter().find(|anchor| anchor.0 == index) {
            Some(&(_, call)) => {
                if let Some(at) = sites.iter().position(|&site| site == call) {
                    match_segment(program, &segment, &sites[next_site..at], line, &mut matches);
                    next_site = at + 1;
                    segment.clear();
                }
            }
            None => segment.push((index, observation)),
        }
    }
    match_segment(program, &segment, &sites[next_site..], line, &mut matches);
    matches
}

fn bound(anchors: &[(usize, CallId)], index: usize) -> bool {
    anchors.iter().any(|anchor| anchor.0 == index)
}

fn match_segment(
    program: &Program,
    segment: &[(usize, &Observation<'_>)],
    sites: &[CallId],
    line: &dyn Fn(CallId) -> CountedLine,
    matches: &mut Matches,
) {
    let (optional, mandatory): (Vec<_>, Vec<_>) =
        segment.iter().copied().partition(|it| is_optional(it.1));
    let mandatory_sites: Vec<CallId> =
        sites.iter().copied().filter(|&site| is_mandatory(program.call(site))).collect();
    let agree = mandatory.len() == mandatory_sites.len()
        && mandatory.iter().zip(&mandatory_sites).all(|(it, &site)| fits(it.1, program.call(site)));
    if agree {
        matches
            .calls
            .extend(mandatory.iter().zip(&mandatory_sites).map(|(it, &site)| (it.0, site)));
    } else {
        let reason = disagreement(program, &mandatory, &mandatory_sites, line);
        matches.reasons.extend(mandatory.iter().map(|it| (it.0, reason.clone())));
    }
    // Readers leave a job, several or none, so each must be the only one of its kind between its neighbours to be told.
    for (index, observation) in optional {
        let between = position(&mandatory, index);
        let same_kind = |other: &&(usize, &Observation<'_>)| {
            is_optional(other.1)
                && other.1.method() == observation.method()
                && position(&mandatory, other.0) == between
        };
        let alike = segment.iter().filter(same_kind).count();
        let window = window(sites, &mandatory_sites, between);
        let fitting: Vec<CallId> = window
            .iter()
            .copied()
            .filter(|&site| {
                !is_mandatory(program.call(site)) && fits(observation, program.call(site))
            })
            .collect();
        // Where each call leaves one, as many of them as calls are the calls in their order.
        let place = segment.iter().filter(same_kind).take_while(|other| other.0 < index).count();
        let told = alike == 1 || leaves_one(observation);
        match fitting.get(place) {
            Some(&site) if agree && told && alike == fitting.len() => {
                matches.calls.push((index, site));
            }
            _ => matches.reasons.push((
                index,
                format!(
                    "`{}` has no line in the log and {} calls could have run it",
                    observation.method(),
                    fitting.len()
                ),
            )),
        }
    }
}

/// How many mandatory observations come before this one.
fn position(mandatory: &[(usize, &Observation<'_>)], index: usize) -> usize {
    mandatory.iter().filter(|it| it.0 < index).count()
}

/// The sites between two neighbouring mandatory ones.
fn window<'a>(sites: &'a [CallId], mandatory: &[CallId], between: usize) -> &'a [CallId] {
    let at = |site: CallId| sites.iter().position(|&it| it == site).unwrap_or(sites.len());
    let start =
        between.checked_sub(1).and_then(|it| mandatory.get(it)).map_or(0, |&site| at(site) + 1);
    let end = mandatory.get(between).map_or(sites.len(), |&site| at(site));
    sites.get(start..end).unwrap_or_default()
}

fn is_site(call: &Call) -> bool {
    // The clauses of a query leave nothing of their own: what is logged is the call that was given the text.
    !call.in_sql
        && (is_mandatory(call)
            || matches!(call.effect, Effect::Read | Effect::View | Effect::Sql)
            || matches!(call.method.as_str(), "rdd" | "sql"))
}

/// Calls that always leave something in the log.
fn is_mandatory(call: &Call) -> bool {
    // How many executions SQL text leaves depends on the command in it.
    matches!(call.effect, Effect::Action | Effect::Write | Effect::Checkpoint)
        && call.method != "sql"
}

/// Observations that a call may leave or not: schema inference, view definitions, SQL text, conversion to an RDD.
fn is_optional(observation: &Observation<'_>) -> bool {
    observation.role() == Role::Reader
        || (observation.jobs.is_empty()
            && observation.role() != Role::Writer
            && !is_plain_action(observation.method()))
        || matches!(observation.method(), "sql" | "javaToPython" | "createOrReplaceTempView")
}

/// Whether a call that leaves this leaves it once, and without a job.
fn leaves_one(observation: &Observation<'_>) -> bool {
    observation.jobs.is_empty() && observation.method() == "createOrReplaceTempView"
}

fn is_plain_action(method: &str) -> bool {
    matches!(
        method,
        "count"
            | "showString"
            | "show"
            | "isEmpty"
            | "collect"
            | "take"
            | "head"
            | "first"
            | "toPandas"
    )
}

fn fits(observation: &Observation<'_>, call: &Call) -> bool {
    let method = observation.method();
    let role = match observation.role() {
        Role::Reader => call.effect == Effect::Read,
        Role::Writer => call.effect == Effect::Write,
        Role::Other => call.effect != Effect::Read || call.receiver_type != spark::Type::Reader,
    };
    let named = logged_as(call, method)
        || (method == "javaToPython" && call.method == "rdd")
        || (call.receiver_type == spark::Type::Rdd
            && match method {
                // `PythonRDD.runJob` serves Python's `take`, `first` and `isEmpty`; Hadoop's writer serves every `saveAs…`.
                "runJob" | "write" => matches!(call.method.as_str(), "take" | "first" | "isEmpty"),
                _ => false,
            });
    role && named
}

/// Why the sites of a file can't be matched by order: one of them may run any number of times.
fn not_straight(
    program: &Program,
    sites: &[CallId],
    line: &dyn Fn(CallId) -> CountedLine,
) -> Option<Reason> {
    let mandatory: Vec<CallId> =
        sites.iter().copied().filter(|&site| is_mandatory(program.call(site))).collect();
    let mut functions: Vec<_> =
        mandatory.iter().map(|&site| program.enclosing_function(site)).collect();
    functions.sort();
    functions.dedup();
    if functions.len() > 1 {
        return Some("actions stand in several functions, whose calls are not followed".to_owned());
    }
    let bent = mandatory.iter().copied().find(|&site| {
        program.ancestors(program.call(site).scope).any(|scope| {
            matches!(
                program.scope(scope).kind,
                ScopeKind::Loop { .. } | ScopeKind::Branch { .. } | ScopeKind::Closure
            )
        })
    })?;
    Some(format!(
        "{} runs an action in a loop or a branch, so order does not tell",
        line(bent).in_words()
    ))
}

fn disagreement(
    program: &Program,
    observations: &[(usize, &Observation<'_>)],
    sites: &[CallId],
    line: &dyn Fn(CallId) -> CountedLine,
) -> Reason {
    let logged: Vec<&str> = observations.iter().map(|it| it.1.method()).collect();
    let written: Vec<String> =
        sites.iter().map(|&site| format!("{}:{}", program.call(site).method, line(site))).collect();
    let list = |items: &[String]| {
        let shown = items.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
        if items.len() > 6 {
            format!("{shown}, …")
        } else if items.is_empty() {
            "nothing".to_owned()
        } else {
            shown
        }
    };
    let logged: Vec<String> = logged.into_iter().map(ToOwned::to_owned).collect();
    format!("the log runs {} where the source has {}", list(&logged), list(&written))
}
