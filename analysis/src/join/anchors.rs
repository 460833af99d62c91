//! What the lines that a log names say, and how far they are to be trusted.
//!
//! Where nearly all of them meet a call of their method, a line is an anchor. Where they do not, the source has been edited since the run:
//! then a line says which file it was, and calls of its method that moved by as much as others did are the likeliest.

use rustc_hash::FxHashMap;

use super::JoinFile;
use super::Site as CallSite;
use super::alignment::Weight;
use super::call_site::{self, Resolved, logged_as};
use super::notebook_cell;
use super::observation::{Observation, Role};
use super::places::Places;
use crate::evidence::Sources;
use program::CallId;

/// Share of the logged lines that have to meet their call for lines to be trusted.
const TRUSTED: f64 = 0.8;
/// Score of a line that is trusted.
const NAMED: Weight = 10.0;
/// Score of a call in the file that the line is in, where lines have moved.
const IN_FILE: Weight = 2.0;
/// Score of a call that moved by as much as most did.
const SHIFTED: Weight = 6.0;

/// What a logged line says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Anchor {
    /// It is this call.
    Call(CallSite),
    /// It is one of these calls of a file.
    Calls(usize, Vec<CallId>),
    /// It was in this file, at this line of an earlier version.
    Moved(usize, u32),
    /// The log names no line.
    None,
    /// It is no code of the workspace, or it can't be told which file it is.
    Elsewhere,
}

/// The anchors of a run.
pub(super) struct Anchors {
    /// By observation.
    pub(super) of: Vec<Anchor>,
    /// By observation: what was found at the line.
    pub(super) resolved: Vec<Resolved>,
    /// By file: by how many lines calls have moved, and how many of them.
    shifts: FxHashMap<usize, FxHashMap<i64, usize>>,
}

impl Anchors {
    pub(super) fn of(places: &Places<'_>, observations: &[Observation<'_>]) -> Self {
        let files = places.files;
        let resolved: Vec<Resolved> =
            observations.iter().map(|it| call_site::resolve(places, it.short, it.long)).collect();
        let count = |test: fn(&Resolved) -> bool| resolved.iter().filter(|it| test(it)).count();
        let met = count(|it| matches!(it, Resolved::Call { .. } | Resolved::Several { .. }));
        let missed = count(|it| matches!(it, Resolved::Missing { .. }));
        let trusted = missed == 0 || met as f64 / (met + missed) as f64 >= TRUSTED;
        let line = |file: usize, call: CallId| {
            files[file].lines.line(files[file].program.written(call).name_range.start)
        };
        let of: Vec<Anchor> = resolved
            .iter()
            .zip(observations)
            .map(|(it, observation)| match it {
                // MLlib runs jobs from libraries of its own, for whoever called it.
                Resolved::Outside { .. } if matches!(observation.role(), Role::Training(_)) => {
                    Anchor::None
                }
                Resolved::Call { file, call } if trusted => Anchor::Call((*file, *call)),
                Resolved::Call { file, call } => Anchor::Moved(*file, line(*file, *call)),
                Resolved::Several { place, calls } if trusted => {
                    Anchor::Calls(place.file, calls.clone())
                }
                Resolved::Several { place, .. } | Resolved::Missing { place, .. } => {
                    Anchor::Moved(place.file, place.line)
                }
                Resolved::SeveralFiles { .. } | Resolved::Outside { .. } => Anchor::Elsewhere,
                Resolved::Unnamed => Anchor::None,
            })
            .collect();
        let mut shifts: FxHashMap<usize, FxHashMap<i64, usize>> = FxHashMap::default();
        let mut seen: Vec<(usize, u32, &str)> = Vec::new();
        for (anchor, observation) in of.iter().zip(observations) {
            let Anchor::Moved(file, logged) = anchor else { continue };
            let method = observation.method();
            if seen.contains(&(*file, *logged, method)) {
                continue;
            }
            seen.push((*file, *logged, method));
            let own = shifts.entry(*file).or_default();
            let calls = files[*file].program.all_written();
            let mut by: Vec<i64> = calls
                .filter(|(_, call)| !call.in_sql && logged_as(call, method))
                .map(|(id, _)| i64::from(line(*file, id)) - i64::from(*logged))
                .collect();
            by.sort_unstable();
            by.dedup();
            for it in by {
                *own.entry(it).or_default() += 1;
            }
        }
        Self { of, resolved, shifts }
    }

    /// What the lines say of the sources: whether all that name one of their files meet a call of their method.
    pub(super) fn sources(&self) -> Sources {
        let count =
            |test: fn(&Resolved) -> bool| self.resolved.iter().filter(|it| test(it)).count();
        let met = count(|it| matches!(it, Resolved::Call { .. } | Resolved::Several { .. }));
        let missed = count(|it| match it {
            Resolved::Missing { .. } | Resolved::SeveralFiles { .. } => true,
            // A cell that was edited since, or is not of this workspace.
            Resolved::Outside { name } => {
                notebook_cell::hash_of(name).is_some() || notebook_cell::command_of(name).is_some()
            }
            Resolved::Call { .. } | Resolved::Several { .. } | Resolved::Unnamed => false,
        });
        match (met, missed) {
            (1.., 0) => Sources::Verified,
            _ => Sources::Unverified { met, missed },
        }
    }

    /// Whether the line of an observation is from an earlier version of the source.
    pub(super) fn moved(&self, observation: usize) -> bool {
        matches!(self.of[observation], Anchor::Moved(..))
    }

    /// What the line says for a call; none where it can't be this call.
    pub(super) fn score(
        &self,
        files: &[JoinFile<'_>],
        observation: usize,
        site: Option<CallSite>,
    ) -> Option<Weight> {
        match (&self.of[observation], site) {
            (Anchor::None, _) => Some(0.0),
            (Anchor::Call(call), site) => (site == Some(*call)).then_some(NAMED),
            (Anchor::Calls(file, calls), Some(site)) => {
                (site.0 == *file && calls.contains(&site.1)).then_some(NAMED)
            }
            (Anchor::Moved(file, logged), Some(site)) if site.0 == *file => {
                let it = &files[*file];
                let line = it.lines.line(it.program.written(site.1).name_range.start);
                let shifts = self.shifts.get(file)?;
                let most = shifts.values().copied().max().unwrap_or(1);
                let own = shifts.get(&(i64::from(line) - i64::from(*logged))).copied().unwrap_or(0);
                Some(IN_FILE + SHIFTED * own as Weight / most as Weight)
            }
            _ => None,
        }
    }
}
