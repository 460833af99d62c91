//! Whether a unit stands for the lowering of a statement, and putting it into the program.

use std::sync::Arc;

use program::{Expression, FunctionId, Origin, TextPart, ValueId};

use super::relocate::Relocation;
use super::unit::{Bases, Effect, Externals, Read, Unit};
use crate::lower::Lowering;
use crate::lower::environment::Meaning;
use crate::lower::functions::Found;
use crate::lower::sql::View;

impl Lowering<'_> {
    /// What ids of the unit stand for, where everything that it read is the same for a statement that begins at `start`.
    pub(super) fn matches(&mut self, unit: &Unit, start: u32) -> Option<Externals> {
        let mut externals = Externals::default();
        for read in &unit.reads {
            if !self.reads_the_same(read, unit, start, &mut externals) {
                return None;
            }
        }
        self.ask_again(unit, start);
        Some(externals)
    }

    /// Asks what the unit asked of what an earlier pass found, for a statement that begins at `start`.
    pub(super) fn ask_again(&self, unit: &Unit, start: u32) {
        for read in &unit.reads {
            if let Read::Known(told) = read {
                self.known.ask_again(told, start);
            }
        }
    }

    fn reads_the_same(
        &mut self,
        read: &Read,
        unit: &Unit,
        start: u32,
        externals: &mut Externals,
    ) -> bool {
        let definitions = self.replay.as_ref().map_or(0, |it| it.definitions);
        let mut same = |lowering: &Self, before: Option<&Meaning>, now: Option<&Meaning>| {
            let mut pairs = Pairs { lowering, unit, definitions, externals };
            match (before, now) {
                (None, None) => true,
                (Some(before), Some(now)) => pairs.meaning(before, now),
                _ => false,
            }
        };
        match read {
            Read::Name { name, here, meaning } => {
                same(self, meaning.as_ref(), self.outer_name(name, *here))
            }
            Read::Bound { level, name, meaning } => {
                let frame = self.frames.get(*level);
                same(self, meaning.as_ref(), frame.and_then(|it| it.names.get(name)))
            }
            Read::OfClass { class, name, meaning } => {
                let level = self.level_of_class(class);
                let frame = level.and_then(|it| self.frames.get(it));
                same(self, meaning.as_ref(), frame.and_then(|it| it.names.get(&**name)))
            }
            Read::Member { class, name, meaning } => {
                let now = self.members.get(&**class).and_then(|it| it.get(&**name));
                same(self, meaning.as_ref(), now)
            }
            Read::Foreign { key, meaning } => {
                same(self, meaning.as_ref(), self.foreign.get(&**key))
            }
            Read::Ambient { name, value } => {
                let mut pairs = Pairs { lowering: self, unit, definitions, externals };
                match (value, self.ambient.get(&**name)) {
                    (None, None) => true,
                    (Some(before), Some(now)) => pairs.value(*before, *now),
                    _ => false,
                }
            }
            Read::View { name, views } => {
                let now = self.views_of(name, usize::MAX, self.scope);
                let mut pairs = Pairs { lowering: self, unit, definitions, externals };
                views.len() == now.len()
                    && views.iter().zip(&now).all(|(before, now)| {
                        (before.0, before.1) == (now.0, now.1) && pairs.value(before.2, now.2)
                    })
            }
            Read::Returns { function, shape } => self.found_returns(*function) == shape.as_ref(),
            Read::Closure { function, closure } => self.found_closure(*function) == *closure,
            Read::Known(told) => self.known.holds(told, start),
            Read::Path { path, meant } => self.resolved_path(path) == *meant,
            Read::Free { name, meant } => self.free_path(name) == *meant,
            Read::Question { question, answer } => self.links.ask(question.clone()) == *answer,
        }
    }

    /// Puts what the unit left where `to` says. False, with nothing done, where that cannot be.
    pub(super) fn put_unit(&mut self, unit: &Unit, externals: &Externals, to: Bases) -> bool {
        let definitions = self.replay.as_ref().map_or(0, |it| it.definitions);
        let here = Relocation { from: &unit.bases, to, definitions, externals };
        let counts = (
            self.program.imports.len(),
            self.program.unresolved.len(),
            self.program.uncalled.len(),
        );
        if self.put_all(unit, &here).is_some() {
            return true;
        }
        let program = &mut self.program;
        program.values.truncate(to.values as usize);
        program.calls.truncate(to.calls as usize);
        program.bindings.truncate(to.bindings as usize);
        program.functions.truncate(to.functions as usize);
        program.scopes.truncate(to.scopes as usize);
        program.imports.truncate(counts.0);
        program.unresolved.truncate(counts.1);
        program.uncalled.truncate(counts.2);
        false
    }

    fn put_all(&mut self, unit: &Unit, here: &Relocation<'_>) -> Option<()> {
        if here.externals.values.len() < unit.externals.len() {
            return None;
        }
        let program = &mut self.program;
        for value in &unit.values {
            let copied = |origin: &Origin| {
                let (old, _) = unit.externals.iter().find(|it| it.1.origin.0 == *origin)?;
                Some(program.values.get(here.value_id(*old)?.index())?.origin.clone())
            };
            let value = here.value(value, copied)?;
            program.values.push(value);
        }
        if self.replay.as_ref().is_some_and(|it| it.passing) {
            for call in &unit.calls {
                program.calls.push(here.outline_of_call(call)?);
            }
            let binding = here.outline_of_binding();
            program.bindings.extend(unit.bindings.iter().map(|_| binding.clone()));
            let function = here.outline_of_function();
            program.functions.extend(unit.functions.iter().map(|_| function.clone()));
            for scope in &unit.scopes {
                program.scopes.push(here.outline_of_scope(scope)?);
            }
        } else {
            let bare = unit.completes_later(&here.to);
            for call in &unit.calls {
                program.calls.push(if bare { here.bare_call(call)? } else { here.call(call)? });
            }
            for binding in &unit.bindings {
                program.bindings.push(here.binding(binding)?);
            }
            for function in &unit.functions {
                program.functions.push(here.function(function)?);
            }
            for scope in &unit.scopes {
                program.scopes.push(here.scope(scope)?);
            }
        }
        for import in &unit.imports {
            program.imports.push(here.import(import)?);
        }
        for it in &unit.unresolved {
            program.unresolved.push(here.unresolved(it)?);
        }
        for it in &unit.uncalled {
            program.uncalled.push(here.uncalled(it)?);
        }
        let first = here.to.definitions as usize;
        let own = program.functions.get_mut(first..first + unit.defined.len())?;
        for (function, (scope, returns)) in own.iter_mut().zip(&unit.defined) {
            function.scope = match scope {
                Some(scope) => Some(here.scope_id(*scope)?),
                None => None,
            };
            function.returns = here.expression(returns)?;
        }
        // What follows has ids only that are the unit's own or were matched, so nothing of it is left out.
        for (level, name, meaning) in &unit.names {
            let Some(frame) = self.frames.get_mut(*level) else { continue };
            match meaning.as_ref().and_then(|it| here.meaning(it)) {
                Some(meaning) => match frame.names.get_mut(name) {
                    Some(known) => *known = meaning,
                    None => {
                        frame.names.insert(Arc::clone(name), meaning);
                    }
                },
                None => {
                    frame.names.remove(name);
                }
            }
        }
        for effect in &unit.effects {
            self.take_effect(effect, here);
        }
        Some(())
    }

    fn take_effect(&mut self, effect: &Effect, here: &Relocation<'_>) -> Option<()> {
        match effect {
            Effect::Ambient(name, value) => {
                self.ambient.insert(name.as_ref().to_owned(), here.value_id(*value)?);
            }
            Effect::Foreign(key, meaning) => {
                self.foreign.insert(key.as_ref().to_owned(), here.meaning(meaning)?);
            }
            Effect::Found(Found::Carried(place, name, shape)) => {
                self.found.record_carried(place + here.to.start, name, shape.clone());
            }
            Effect::Found(found) => self.found.take(found),
            Effect::CallsOut(function, shapes) => {
                self.calls_out.entry(function.clone()).or_default().join(shapes);
            }
            Effect::Star(star) => self.take_star(star.clone()),
            Effect::View { name, scope, value } => {
                let (scope, value) = (here.scope_id(*scope)?, here.value_id(*value)?);
                self.views.push(View { name: name.clone(), scope, value });
            }
            Effect::UsedInSql(value, used) => {
                let (value, used) = (here.value_id(*value)?, here.result_use(*used)?);
                if let Some(producer) = self.program.producer(value)
                    && let Some(call) = self.program.calls.get_mut(producer.index())
                    && call.in_sql
                {
                    call.result_use = used;
                    self.uses_call(producer.index());
                }
            }
        }
        Some(())
    }
}

impl Relocation<'_> {
    /// Whether all ids of an effect are known.
    pub(super) fn knows(&self, effect: &Effect) -> bool {
        match effect {
            Effect::Ambient(_, value) => self.value_id(*value).is_some(),
            Effect::Foreign(_, meaning) => self.meaning(meaning).is_some(),
            Effect::View { scope, value, .. } => {
                self.scope_id(*scope).is_some() && self.value_id(*value).is_some()
            }
            Effect::UsedInSql(value, used) => {
                self.value_id(*value).is_some() && self.result_use(*used).is_some()
            }
            Effect::Found(_) | Effect::CallsOut(..) | Effect::Star(_) => true,
        }
    }
}

/// Compares what was read with what there is, id by id.
struct Pairs<'p, 'a> {
    lowering: &'p Lowering<'a>,
    unit: &'p Unit,
    definitions: u32,
    externals: &'p mut Externals,
}

impl Pairs<'_, '_> {
    fn value(&mut self, before: ValueId, now: ValueId) -> bool {
        for (known, stands_for) in &self.externals.values {
            match (*known == before, *stands_for == now) {
                (true, true) => return true,
                (false, false) => {}
                // Two values are one now, or one is two.
                _ => return false,
            }
        }
        let seen = self.unit.externals.iter().find(|it| it.0 == before);
        if !seen.is_some_and(|(_, seen)| self.lowering.looks_like(now, seen)) {
            return false;
        }
        self.externals.values.push((before, now));
        true
    }

    fn function(&mut self, before: FunctionId, now: FunctionId) -> bool {
        if before.0 < self.definitions || now.0 < self.definitions {
            return before == now;
        }
        for (known, stands_for) in &self.externals.functions {
            match (*known == before, *stands_for == now) {
                (true, true) => return true,
                (false, false) => {}
                _ => return false,
            }
        }
        self.externals.functions.push((before, now));
        true
    }

    fn meaning(&mut self, before: &Meaning, now: &Meaning) -> bool {
        match (before, now) {
            (Meaning::Parameter(function, place), Meaning::Parameter(other, at)) => {
                place == at && self.function(*function, *other)
            }
            (Meaning::Spark(value), Meaning::Spark(other))
            | (Meaning::Many(value), Meaning::Many(other)) => self.value(*value, *other),
            (Meaning::Each(item), Meaning::Each(other))
            | (Meaning::Mapping(item), Meaning::Mapping(other))
            | (Meaning::Maybe(item), Meaning::Maybe(other)) => self.meaning(item, other),
            (Meaning::Record(items), Meaning::Record(others)) => {
                items.len() == others.len()
                    && items
                        .iter()
                        .zip(others.iter())
                        .all(|(item, other)| item.0 == other.0 && self.meaning(&item.1, &other.1))
            }
            (Meaning::Tuple(items), Meaning::Tuple(others)) => {
                items.len() == others.len()
                    && items
                        .iter()
                        .zip(others.iter())
                        .all(|(item, other)| self.meaning(item, other))
            }
            (Meaning::Column(expression), Meaning::Column(other))
            | (Meaning::Local(expression), Meaning::Local(other)) => {
                self.expression(expression, other)
            }
            (Meaning::Bound(_), _) => false,
            (before, now) => before == now,
        }
    }

    fn expression(&mut self, before: &Expression, now: &Expression) -> bool {
        match (before, now) {
            (Expression::Value(value), Expression::Value(other)) => self.value(*value, *other),
            (Expression::Function(function), Expression::Function(other)) => {
                self.function(*function, *other)
            }
            (
                Expression::Column { name, of: Some(value) },
                Expression::Column { name: named, of: Some(other) },
            ) => name == named && self.value(*value, *other),
            (Expression::Text(parts), Expression::Text(others)) => {
                parts.len() == others.len()
                    && parts.iter().zip(others).all(|it| match it {
                        (TextPart::Hole(hole), TextPart::Hole(other)) => {
                            self.expression(hole, other)
                        }
                        (part, other) => part == other,
                    })
            }
            (Expression::Item(inner, place), Expression::Item(other, at)) => {
                place == at && self.expression(inner, other)
            }
            (Expression::List(items), Expression::List(others)) => self.expressions(items, others),
            (
                Expression::Apply { function, arguments },
                Expression::Apply { function: other, arguments: given },
            ) => function == other && self.expressions(arguments, given),
            (before, now) => before == now,
        }
    }

    fn expressions(&mut self, items: &[Expression], others: &[Expression]) -> bool {
        items.len() == others.len()
            && items.iter().zip(others).all(|(item, other)| self.expression(item, other))
    }
}
