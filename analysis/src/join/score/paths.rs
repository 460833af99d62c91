//! What the paths and tables of a plan say for or against sites.
//!
//! Sites share their patterns, and plans their paths: each path is compared with each pattern once.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::PlanWords;
use crate::evaluation::{Site, SiteKind, TextPattern};
use crate::join::alignment::Weight;
use crate::join::lineage::{Closure, Fit, PathPattern, logged_path, table_fit};

/// How many comparisons are kept.
const MOST_KEPT: usize = 8_000_000;

/// Patterns by number.
#[derive(Debug, Default)]
struct Patterns {
    all: Vec<TextPattern>,
    numbers: FxHashMap<TextPattern, u32>,
}

impl Patterns {
    fn number(&mut self, pattern: &TextPattern) -> u32 {
        if let Some(&known) = self.numbers.get(pattern) {
            return known;
        }
        let number = self.all.len() as u32;
        self.all.push(pattern.clone());
        self.numbers.insert(pattern.clone(), number);
        number
    }

    fn all_of(&mut self, patterns: &[TextPattern]) -> Vec<u32> {
        patterns.iter().map(|it| self.number(it)).collect()
    }
}

/// The patterns of one site.
#[derive(Debug, Default)]
pub(super) struct SitePaths {
    written_paths: Vec<u32>,
    written_tables: Vec<u32>,
    read_paths: Vec<u32>,
    read_tables: Vec<u32>,
}

/// How the paths of plans fit the patterns of sites.
#[derive(Debug, Default)]
pub(super) struct PathFits {
    paths: Patterns,
    /// The same, taken apart.
    apart: Vec<PathPattern>,
    tables: Patterns,
    /// By site.
    pub(super) sites: Vec<SitePaths>,
    known: RefCell<FxHashMap<Box<str>, Rc<[Fit]>>>,
}

/// Of one plan: by path or table, how it fits each pattern.
pub(super) struct PlanPaths {
    scans: Vec<Rc<[Fit]>>,
    tables: Vec<Rc<[Fit]>>,
    output: Option<Output>,
}

/// What a plan writes to.
struct Output {
    /// By pattern of a path, where it is one.
    paths: Option<Rc<[Fit]>>,
    /// By pattern of a table: what it says.
    tables: Vec<Weight>,
}

impl PathFits {
    /// Adds the next site.
    pub(super) fn add(&mut self, site: &Site, closure: &Closure) {
        let own = SitePaths {
            written_paths: self.paths.all_of(&site.features.paths),
            written_tables: self.tables.all_of(&site.features.tables),
            read_paths: self.paths.all_of(&closure.paths),
            read_tables: self.tables.all_of(&closure.tables),
        };
        self.sites.push(own);
        let new = &self.paths.all[self.apart.len()..];
        self.apart.extend(new.iter().map(PathPattern::new));
    }

    /// Compares the paths of a plan.
    pub(super) fn of(&self, plan: &PlanWords) -> PlanPaths {
        let tables = |table: &str| self.tables.all.iter().map(|it| table_fit(it, table)).collect();
        PlanPaths {
            scans: plan.scans.iter().map(|it| self.path(it)).collect(),
            tables: plan.tables.iter().map(|it| tables(it)).collect(),
            output: plan.output.as_deref().map(|it| self.output(it)),
        }
    }

    fn path(&self, path: &str) -> Rc<[Fit]> {
        if let Some(known) = self.known.borrow().get(path) {
            return Rc::clone(known);
        }
        let logged = logged_path(path);
        let fits: Rc<[Fit]> = self.apart.iter().map(|it| it.fit(logged)).collect();
        let mut known = self.known.borrow_mut();
        if known.len().saturating_mul(self.paths.all.len()) > MOST_KEPT {
            known.clear();
        }
        known.insert(path.into(), Rc::clone(&fits));
        fits
    }

    fn output(&self, output: &str) -> Output {
        if !output.contains('/') {
            let tables = self.tables.all.iter().map(|it| written(table_fit(it, output)));
            return Output { paths: None, tables: tables.collect() };
        }
        // A table's files lie in a folder of its name.
        let folder = output.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let tables = self.tables.all.iter().map(|it| {
            let last = it.as_exact().map(|it| it.rsplit('.').next().unwrap_or(it));
            if last.is_some_and(|it| it.eq_ignore_ascii_case(folder)) { 8.0 } else { 0.0 }
        });
        Output { paths: Some(self.path(output)), tables: tables.collect() }
    }
}

/// What it says that a site writes to a place.
fn written(fit: Fit) -> Weight {
    match fit {
        Fit::Equal => 8.0,
        Fit::Open => 4.0,
        Fit::Different => -9.0,
        Fit::Unknown => 0.0,
    }
}

impl PlanPaths {
    /// Whether the place written to is the site's.
    pub(super) fn output(&self, site: &Site, own: &SitePaths) -> Weight {
        let Some(output) = &self.output else { return 0.0 };
        if !matches!(site.kind, SiteKind::Write | SiteKind::SqlWrite | SiteKind::Stream) {
            return 0.0;
        }
        let path = |it: &u32| output.paths.as_ref().map_or(0.0, |fits| written(fits[*it as usize]));
        let paths = own.written_paths.iter().map(path);
        let tables = own.written_tables.iter().map(|it| output.tables[*it as usize]);
        paths.chain(tables).reduce(Weight::max).unwrap_or(0.0)
    }

    /// Whether what is scanned is what the lineage reads.
    pub(super) fn scans(&self, closure: &Closure, site: &Site, own: &SitePaths) -> Weight {
        let mut score: Weight = 0.0;
        let reads = site.kind == SiteKind::Read;
        for fits in &self.scans {
            score += match best(fits, &own.read_paths) {
                Some(Fit::Equal | Fit::Open) if reads => 6.0,
                Some(Fit::Different) if reads => -6.0,
                Some(Fit::Equal) => 1.5,
                Some(Fit::Open) => 1.0,
                Some(Fit::Unknown) => 0.0,
                Some(Fit::Different) | None
                    if closure.reads_known && !closure.names_open && closure.tables.is_empty() =>
                {
                    -4.0
                }
                _ => 0.0,
            };
        }
        for fits in &self.tables {
            score += match best(fits, &own.read_tables) {
                Some(Fit::Equal | Fit::Open) => 2.0,
                Some(Fit::Different) | None if closure.reads_known && !closure.loose => -1.0,
                _ => 0.0,
            };
        }
        score.clamp(-12.0, 9.0)
    }
}

/// The best fit among the patterns of a site.
fn best(fits: &[Fit], patterns: &[u32]) -> Option<Fit> {
    let rank = |fit: &Fit| match fit {
        Fit::Equal => 0,
        Fit::Open => 1,
        Fit::Unknown => 2,
        Fit::Different => 3,
    };
    patterns.iter().map(|&it| fits[it as usize]).min_by_key(rank)
}
