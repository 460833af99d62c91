//! What the names, functions and literals of a plan say for or against sites.
//!
//! Most words of a plan stand at few sites. An index from words to sites scores all sites by what each word adds where it stands, instead of asking each site
//! for each word.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{PlanWords, WordScore};
use crate::join::alignment::Weight;
use crate::join::lineage::{Closure, Word};

/// What is left of a penalty where a lineage is not known in full.
const OPEN: Weight = 0.2;

/// Found and missed: columns and aliases that operators use; columns that are only passed on are not missed.
const NAME: (Weight, Weight) = (0.5, 1.0);
/// Functions of aggregations, whatever they weigh.
const AGGREGATE: (Weight, Weight) = (0.6, 1.2);
const FUNCTION: (Weight, Weight) = (0.5, 0.3);
const LITERAL: (Weight, Weight) = (0.5, 0.2);

type Weights = FxHashMap<Word, Weight>;

/// Sites by what stands in their lineages.
pub(super) struct WordIndex {
    names: FxHashMap<Word, Vec<u32>>,
    functions: FxHashMap<Word, Vec<u32>>,
    literals: FxHashMap<Word, Vec<u32>>,
    /// Sites whose lineage compares with a literal, where all of it should be in the plan: once for each time.
    conditions: FxHashMap<Word, Vec<u32>>,
    /// By site.
    sites: Vec<SiteWords>,
}

#[derive(Debug, Clone, Copy)]
struct SiteWords {
    /// What of a penalty counts for names and functions, and for literals.
    names: Weight,
    literals: Weight,
    /// The penalty if nothing that the lineage compares with is in the plan.
    conditions: Weight,
}

fn open(is: bool) -> Weight {
    if is { OPEN } else { 1.0 }
}

/// Nothing for a word that no site knows.
fn weight(weights: &Weights, word: Word) -> Weight {
    weights.get(&word).copied().unwrap_or(0.0)
}

impl WordIndex {
    /// For the lineages of sites, in their order.
    pub(super) fn new(own: &[Rc<Closure>], weights: &Weights) -> Self {
        let mut index = Self {
            names: FxHashMap::default(),
            functions: FxHashMap::default(),
            literals: FxHashMap::default(),
            conditions: FxHashMap::default(),
            sites: Vec::with_capacity(own.len()),
        };
        for (site, closure) in own.iter().enumerate() {
            let site = site as u32;
            for (words, into) in [
                (&closure.names, &mut index.names),
                (&closure.functions, &mut index.functions),
                (&closure.literals, &mut index.literals),
            ] {
                for word in words {
                    into.entry(*word).or_default().push(site);
                }
            }
            let literals = open(closure.literals_open);
            let mut conditions = 0.0;
            if !closure.loose {
                for word in &closure.conditions {
                    index.conditions.entry(*word).or_default().push(site);
                    conditions += weight(weights, *word) * literals;
                }
            }
            index.sites.push(SiteWords { names: open(closure.names_open), literals, conditions });
        }
        index
    }

    /// What the words of a plan say of one site.
    pub(super) fn of_site(
        &self,
        plan: &PlanWords,
        weights: &Weights,
        site: usize,
        closure: &Closure,
    ) -> WordScore {
        let own = self.sites[site];
        let mut score = WordScore::default();
        let value = |found: bool, (most, least): (Weight, Weight), open: Weight| {
            if found { most } else { -least * open }
        };
        for word in &plan.used {
            let found = closure.names.contains(word);
            score.names += weight(weights, *word) * value(found, NAME, own.names);
        }
        for word in plan.passed.iter().filter(|it| closure.names.contains(it)) {
            score.names += weight(weights, *word) * NAME.0;
        }
        for word in plan.aggregates.iter().filter(|it| weights.contains_key(it)) {
            score.functions += value(closure.functions.contains(word), AGGREGATE, own.names);
        }
        for word in &plan.functions {
            let found = closure.functions.contains(word);
            score.functions += weight(weights, *word) * value(found, FUNCTION, own.names);
        }
        for word in &plan.conditions {
            let found = closure.literals.contains(word);
            score.literals += weight(weights, *word) * value(found, LITERAL, own.literals);
        }
        if !closure.loose {
            for word in closure.conditions.iter().filter(|it| !plan.text.contains(it)) {
                score.literals -= weight(weights, *word) * own.literals;
            }
        }
        score
    }

    /// What a plan has that a site's lineage lacks, by weight: nothing of it should be there if the site started it.
    pub(super) fn missed(&self, plan: &PlanWords, weights: &Weights, closure: &Closure) -> Weight {
        let lacking = |words: &[Word], has: &FxHashSet<Word>| -> Weight {
            words.iter().filter(|it| !has.contains(it)).map(|it| weight(weights, *it)).sum()
        };
        let mut missed = 0.0;
        if !closure.names_open {
            missed += lacking(&plan.used, &closure.names);
            missed += lacking(&plan.functions, &closure.functions);
            missed += lacking(&plan.aggregates, &closure.functions);
        }
        if !closure.literals_open {
            missed += lacking(&plan.conditions, &closure.literals);
            if !closure.loose {
                let of = closure.conditions.iter().filter(|it| !plan.text.contains(it));
                missed += of.map(|it| weight(weights, *it)).sum::<Weight>();
            }
        }
        missed
    }

    /// The same of all sites: first as if each lacked every word, then what each word adds where it stands.
    pub(super) fn of_all(&self, plan: &PlanWords, weights: &Weights) -> Vec<WordScore> {
        let sum = |words: &[Word]| words.iter().map(|it| weight(weights, *it)).sum::<Weight>();
        let aggregates: Vec<Word> =
            plan.aggregates.iter().copied().filter(|it| weights.contains_key(it)).collect();
        let names = NAME.1 * sum(&plan.used);
        let functions =
            AGGREGATE.1 * aggregates.len() as Weight + FUNCTION.1 * sum(&plan.functions);
        let literals = LITERAL.1 * sum(&plan.conditions);
        let mut scores: Vec<WordScore> = self
            .sites
            .iter()
            .map(|own| WordScore {
                names: -names * own.names,
                functions: -functions * own.names,
                literals: -literals * own.literals - own.conditions,
            })
            .collect();
        for word in &plan.used {
            let weight = weight(weights, *word);
            for &site in self.names.get(word).into_iter().flatten() {
                let open = self.sites[site as usize].names;
                scores[site as usize].names += weight * (NAME.0 + NAME.1 * open);
            }
        }
        for word in &plan.passed {
            let weight = weight(weights, *word);
            for &site in self.names.get(word).into_iter().flatten() {
                scores[site as usize].names += weight * NAME.0;
            }
        }
        for word in &aggregates {
            for &site in self.functions.get(word).into_iter().flatten() {
                let open = self.sites[site as usize].names;
                scores[site as usize].functions += AGGREGATE.0 + AGGREGATE.1 * open;
            }
        }
        for word in &plan.functions {
            let weight = weight(weights, *word);
            for &site in self.functions.get(word).into_iter().flatten() {
                let open = self.sites[site as usize].names;
                scores[site as usize].functions += weight * (FUNCTION.0 + FUNCTION.1 * open);
            }
        }
        for word in &plan.conditions {
            let weight = weight(weights, *word);
            for &site in self.literals.get(word).into_iter().flatten() {
                let open = self.sites[site as usize].literals;
                scores[site as usize].literals += weight * (LITERAL.0 + LITERAL.1 * open);
            }
        }
        for word in &plan.text {
            let weight = weight(weights, *word);
            for &site in self.conditions.get(word).into_iter().flatten() {
                scores[site as usize].literals += weight * self.sites[site as usize].literals;
            }
        }
        scores
    }
}
