//! Functions that Python runs in threads of the driver: pools and `Thread`. What they are given their parameters learn, and what a pool
//! hands back is what they return.

use compact_str::CompactString;
use program::{Expression, Literal, TextRange, UnresolvedReason};

use super::Lowering;
use super::arguments::Arguments;
use super::bounds::iterations;
use super::builtins::runs;
use super::calls::Site;
use super::environment::{Lowered, Meaning};

impl Lowering<'_> {
    /// `pool.map(function, collection)`, `pool.submit(function, argument)`; none for any other method.
    pub(super) fn in_pool(&mut self, site: &Site<'_>, arguments: &Arguments) -> Option<Lowered> {
        let ([(None, function), rest @ ..], Some(written)) =
            (arguments.lowered.as_slice(), site.arguments.first())
        else {
            return None;
        };
        if !runs(&function.meaning) || self.in_lambda() {
            return None;
        }
        let place = written.value.range;
        match site.name.text.as_str() {
            "map" | "imap" | "imap_unordered" | "map_async" | "starmap" => {
                let [(None, first), ..] = rest else { return None };
                if matches!(first.expression, Expression::Literal(Literal::Boolean(_))) {
                    // `rdd.map(function, True)`.
                    return None;
                }
                let unpacked = site.name.text == "starmap";
                let collections: Vec<Lowered> =
                    rest.iter().filter(|it| it.0.is_none()).map(|it| it.1.clone()).collect();
                let made = self.run_over(site.range, place, function, &collections, unpacked);
                Some(Lowered { meaning: Self::collection_of(made.meaning), ..made })
            }
            "submit" => {
                let given: Vec<(Option<CompactString>, Lowered)> = rest.to_vec();
                Some(self.later(place, function, given))
            }
            "apply_async" | "apply" => {
                let given = match rest.first() {
                    Some((None, Lowered { meaning: Meaning::Tuple(items), .. })) => {
                        items.iter().map(|it| (None, self.lowered(it.clone()))).collect()
                    }
                    _ => return None,
                };
                Some(self.later(place, function, given))
            }
            _ => None,
        }
    }

    /// `Thread(target=function, args=(…))`.
    pub(super) fn in_thread(&mut self, path: &str, name_range: TextRange, arguments: &Arguments) {
        if !matches!(path, "threading.Thread" | "threading.Timer" | "multiprocessing.Process")
            || self.in_lambda()
        {
            return;
        }
        let named = |name: &str| {
            arguments.lowered.iter().find(|it| it.0.as_deref() == Some(name)).map(|it| &it.1)
        };
        let Some(function) = named("target").filter(|it| runs(&it.meaning)) else { return };
        let function = function.clone();
        let given = match named("args").map(|it| &it.meaning) {
            Some(Meaning::Tuple(items)) => {
                items.iter().map(|it| (None, self.lowered(it.clone()))).collect()
            }
            _ => Vec::new(),
        };
        self.later(name_range, &function, given);
    }

    /// What a function will give that is run with these arguments.
    fn later(
        &mut self,
        place: TextRange,
        function: &Lowered,
        given: Vec<(Option<CompactString>, Lowered)>,
    ) -> Lowered {
        let made = self.run_named(place, function, given);
        Lowered { meaning: Self::maybe_of(made.meaning.clone()), ..made }
    }

    /// A function run for each of the elements of collections: a loop. `unpacked` elements are the arguments that they hold.
    pub(super) fn run_over(
        &mut self,
        range: TextRange,
        place: TextRange,
        function: &Lowered,
        collections: &[Lowered],
        unpacked: bool,
    ) -> Lowered {
        let count = collections.first().and_then(|it| iterations(&it.expression));
        let before = self.before();
        let mut made = Lowered::unknown(UnresolvedReason::Other);
        self.looped(count, range, range, &[], |lowering| {
            let mut given: Vec<(Option<CompactString>, Lowered)> = Vec::new();
            for collection in collections {
                let element = lowering.element(collection);
                match element.meaning {
                    Meaning::Tuple(parts) if unpacked => {
                        given.extend(parts.iter().map(|it| (None, lowering.lowered(it.clone()))));
                    }
                    meaning => {
                        let element = lowering.lowered(meaning);
                        given.push((None, element));
                    }
                }
            }
            made = lowering.run_named(place, function, given);
        });
        if self.program.calls.len() == before.calls
            && self.program.scopes.len() == before.scopes + 1
        {
            self.drop_scopes(before);
        }
        Lowered { expression: Expression::Unknown, call: None, ..made }
    }
}
