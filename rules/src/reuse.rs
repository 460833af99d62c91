//! Which datasets are computed how often: for each one, the actions that it reaches without passing a persisted one.

use std::cell::{Cell, OnceCell};
use std::cmp::Ordering;
use std::collections::BTreeSet;

use analysis::RuleContext;
use memchr::{memchr, memmem, memrchr};
use program::{
    Call, CallId, Confidence, Effect, Expression, Language, Origin, Program, ResultUse, ScopeId,
    ScopeKind, TextRange, Type, ValueId,
};

/// How many uses of one dataset are looked at.
const USES: usize = 64;

/// The row of what is not used.
const NOTHING: u32 = 0;

/// How many values upstream of one dataset are looked at. Behind more than that nobody sees what a cache would keep, and a file of
/// thousands of steps would be gone over thousands of times.
const UPSTREAM: usize = 500;

/// Rows up to which an input is too small to be worth a cache.
const FEW_ROWS: u64 = 10_000;

/// Something that computes a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    /// An action or a write.
    Action(CallId),
    /// A dataset downstream that is persisted: computed once, whatever is done with it.
    Kept(ValueId),
}

/// A dataset that is worth keeping.
pub(crate) struct Shared {
    /// The call that makes it, or the nearest one upstream where branches merge.
    pub(crate) definition: CallId,
    /// Its name in the source: an index into [`Program::bindings`].
    pub(crate) name: Option<u32>,
    /// What computes it in one run.
    pub(crate) actions: Vec<CallId>,
    /// Whether one of them does so again and again.
    pub(crate) in_loop: bool,
    /// Whether `definition` is the dataset's own and can be extended where it stands.
    pub(crate) is_one_expression: bool,
    pub(crate) is_rdd: bool,
}

/// How often a value is computed in one run.
#[derive(Debug, Clone, Copy)]
struct Computed {
    /// By how many uses.
    uses: u32,
    /// Whether by one of them again and again.
    in_loop: bool,
}

impl Computed {
    /// A loop counts as one more.
    fn times(self) -> u32 {
        self.uses + u32::from(self.in_loop)
    }
}

/// What of a file is needed to tell who computes what.
pub(crate) struct Reuse<'a> {
    program: &'a Program,
    text: &'a str,
    /// What each call reads, each value once.
    inputs: Rows<ValueId>,
    /// The calls that read each value.
    consumers: Rows<CallId>,
    /// Values that stand for a value after a merge or at the head of a loop.
    successors: Rows<ValueId>,
    /// Whether each value is persisted.
    persisted: Vec<bool>,
    /// Whether a function returns each value: whoever gets it may keep it.
    escaping: Vec<bool>,
    /// Sorted rows, of which the first is empty. Most values of a chain are used alike, and share theirs.
    uses: Rows<Use>,
    /// The row of each value in `uses`.
    used: Vec<u32>,
    /// Whether a scope is a branch or lies in one.
    in_branch: Vec<bool>,
    /// The function or closure that each scope is or lies in.
    functions: Vec<Option<ScopeId>>,
    /// How often each value is computed, once it was asked for.
    computed: Vec<OnceCell<Option<Computed>>>,
    /// What was worked out last, with the row of uses and the scope that it rests on.
    last: Cell<(u32, ScopeId, Option<Computed>)>,
    /// The first binding of each value, once one was asked for.
    names: OnceCell<Vec<Option<u32>>>,
}

impl<'a> Reuse<'a> {
    /// Reads a file.
    pub(crate) fn of(ctx: &RuleContext<'a>) -> Self {
        let program = ctx.program;
        let count = program.values.len();
        let mut inputs =
            Rows { ends: Vec::with_capacity(program.calls.len()), ids: Vec::with_capacity(count) };
        let mut readers = Vec::with_capacity(count);
        let mut escaping = vec![false; count];
        let mut keeping = Vec::new();
        for (id, call) in program.calls_with_ids() {
            let start = inputs.ids.len();
            program.each_input(id, &mut |input| {
                if !inputs.ids[start..].contains(&input) {
                    inputs.ids.push(input);
                    readers.push(id);
                }
            });
            inputs.ends.push(inputs.ids.len() as u32);
            if call.result_use == ResultUse::Returned
                && let Some(result) = call.result
            {
                escaping[result.index()] = true;
            }
            if matches!(call.effect, Effect::Sql | Effect::Persist | Effect::Checkpoint) {
                keeping.push(call);
            }
        }
        let consumers = Rows::of(count, || {
            inputs.ids.iter().map(|value| value.index()).zip(readers.iter().copied())
        });
        let mut successors = Vec::new();
        for (index, value) in program.values.iter().enumerate() {
            let index = ValueId(index as u32);
            match &value.origin {
                Origin::Merge(values) => {
                    successors.extend(values.iter().map(|merged| (merged.index(), index)));
                }
                Origin::Loop { entry, .. } => successors.push((entry.index(), index)),
                _ => {}
            }
        }
        let mut reuse = Self {
            program,
            text: ctx.text,
            inputs,
            consumers,
            successors: Rows::of(count, || successors.iter().copied()),
            persisted: vec![false; count],
            escaping,
            uses: Rows { ends: vec![0], ids: Vec::new() },
            used: vec![0; count],
            in_branch: Vec::new(),
            functions: Vec::new(),
            computed: vec![OnceCell::new(); count],
            // Nothing comes of no uses.
            last: Cell::new((NOTHING, ScopeId(0), None)),
            names: OnceCell::new(),
        };
        for (index, scope) in program.scopes.iter().enumerate() {
            // A parent stands before its children.
            let around = scope.parent.is_some_and(|parent| reuse.in_branch[parent.index()]);
            reuse.in_branch.push(around || matches!(scope.kind, ScopeKind::Branch { .. }));
            let function = match scope.kind {
                ScopeKind::Function(_) | ScopeKind::Closure => Some(ScopeId(index as u32)),
                _ => scope.parent.and_then(|parent| reuse.functions[parent.index()]),
            };
            reuse.functions.push(function);
        }
        reuse.mark_persisted(&keeping);
        reuse.mark_escaping();
        // What is made of a value stands after it.
        let mut row = Vec::new();
        for index in (0..count).rev() {
            reuse.used[index] = reuse.use_of(ValueId(index as u32), &mut row);
        }
        reuse
    }

    /// Of calls that may keep something, what they keep.
    fn mark_persisted(&mut self, keeping: &[&'a Call]) {
        let program = self.program;
        let mut caches_views = false;
        let mut attributes = BTreeSet::new();
        let mut functions = BTreeSet::new();
        for call in keeping {
            if call.effect == Effect::Sql {
                let text = call.arguments.first().and_then(|it| it.value.as_text());
                caches_views |= text.is_some_and(|text| {
                    let word = text.trim_start().as_bytes().get(..6);
                    word.is_some_and(|word| word.eq_ignore_ascii_case(b"cache "))
                });
                continue;
            }
            if matches!(call.receiver_type, Type::Session | Type::Catalog) {
                caches_views = true;
                continue;
            }
            if let Some(result) = call.result {
                self.persisted[result.index()] = true;
            }
            let Some(receiver) = call.receiver else { continue };
            self.persisted[receiver.value.index()] = true;
            match &program.value(receiver.value).origin {
                Origin::Ambient(name) => {
                    attributes.insert(attribute(name));
                }
                Origin::Parameter { function, .. } => {
                    functions.insert(program.functions[function.index()].name.as_str());
                }
                _ => {}
            }
        }
        if !attributes.is_empty() || !functions.is_empty() {
            let given: BTreeSet<&str> = functions
                .iter()
                .filter(|function| !function.is_empty())
                .flat_map(|function| words_given_to(self.text, function))
                .collect();
            for binding in &program.bindings {
                let by_attribute =
                    binding.name.contains('.') && attributes.contains(attribute(&binding.name));
                let by_function = given.contains(binding.name.as_str());
                if by_attribute || by_function {
                    self.persisted[binding.value.index()] = true;
                }
            }
        }
        if caches_views {
            let views = program.calls.iter().filter(|call| call.effect == Effect::View);
            for view in views.filter_map(|call| call.receiver) {
                self.persisted[view.value.index()] = true;
            }
        }
    }

    fn mark_escaping(&mut self) {
        let program = self.program;
        for function in &program.functions {
            function.returns.walk(&mut |it| {
                if let Expression::Value(value) = it {
                    self.escaping[value.index()] = true;
                }
            });
        }
        let returns = memmem::Finder::new("return ");
        let returned: Vec<OnceCell<Vec<&str>>> = vec![OnceCell::new(); program.scopes.len()];
        for binding in &program.bindings {
            let function = program
                .ancestors(binding.scope)
                .find(|&scope| matches!(program.scope(scope).kind, ScopeKind::Function(_)));
            let Some(function) = function else { continue };
            let returned = returned[function.index()].get_or_init(|| {
                returned_words(&returns, program.scope(function).range.of(self.text))
            });
            if returned.binary_search_by(|word| by_length(word, &binding.name)).is_ok() {
                self.escaping[binding.value.index()] = true;
            }
        }
    }

    /// The row of what uses a value; `row` is room to collect it in.
    fn use_of(&mut self, value: ValueId, row: &mut Vec<Use>) -> u32 {
        if !carries_rows(self.program.value(value).kind) {
            return NOTHING;
        }
        let consumers = self.consumers.row(value.index());
        let successors = self.successors.row(value.index());
        // What one call makes of it alone is used as it is.
        let next = match (consumers, successors) {
            ([], []) => return NOTHING,
            ([call], []) => {
                let call = self.program.call(*call);
                let hands_on = !call.effect.runs_jobs() && call.effect != Effect::Unpersist;
                call.result.filter(|_| hands_on)
            }
            ([], [successor]) => Some(*successor),
            _ => None,
        };
        if let Some(next) = next
            && !self.persisted[next.index()]
        {
            let shared = self.used[next.index()];
            if self.uses.row(shared as usize).len() <= USES {
                return shared;
            }
        }
        row.clear();
        for &id in consumers {
            if row.len() >= USES {
                break;
            }
            let call = self.program.call(id);
            if call.effect.runs_jobs() {
                add(row, Use::Action(id));
            } else if let Some(result) = call.result
                && call.effect != Effect::Unpersist
            {
                self.add_uses(result, row);
            }
        }
        for &successor in successors {
            self.add_uses(successor, row);
        }
        if row.is_empty() {
            return NOTHING;
        }
        self.uses.push(row);
        self.uses.ends.len() as u32 - 1
    }

    fn add_uses(&self, of: ValueId, uses: &mut Vec<Use>) {
        let used = self.uses_of(of);
        if self.persisted[of.index()] {
            if !used.is_empty() {
                add(uses, Use::Kept(of));
            }
        } else {
            // Each dataset of a long chain would hand on all that comes after it.
            let room = USES.saturating_sub(uses.len());
            for &it in used.iter().take(room) {
                add(uses, it);
            }
        }
    }

    /// What uses a value, sorted.
    fn uses_of(&self, value: ValueId) -> &[Use] {
        self.uses.row(self.used[value.index()] as usize)
    }

    fn is_used_like(&self, value: ValueId, other: ValueId) -> bool {
        self.used[value.index()] == self.used[other.index()]
            || self.uses_of(value) == self.uses_of(other)
    }

    fn scope_of(&self, use_: Use) -> Option<ScopeId> {
        match use_ {
            Use::Action(call) => Some(self.program.call(call).scope),
            Use::Kept(value) => self.definition(value).map(|call| self.program.call(call).scope),
        }
    }

    /// The call that makes a value, or the nearest one upstream.
    fn definition(&self, value: ValueId) -> Option<CallId> {
        let (value, producer) = match self.program.producer(value) {
            Some(producer) => (value, producer),
            None => self.program.nearest_producer(value)?,
        };
        if !self.program.call(producer).in_sql {
            return Some(producer);
        }
        // A query's value is that of its last clause: the call that was given the text stands behind it.
        let mut after = self.program.calls_with_ids().skip(producer.index() + 1);
        let query = after.find(|(_, call)| !call.in_sql);
        let query = query.filter(|(_, call)| call.result == Some(value)).map(|it| it.0);
        query.or(Some(producer))
    }

    /// Datasets worth keeping, upstream ones first.
    pub(crate) fn shared(&self) -> Vec<Shared> {
        let mut found: Vec<Shared> = Vec::new();
        let mut kept = self.persisted.clone();
        let mut walk = Walk { seen: vec![0; self.program.values.len()], pending: Vec::new() };
        for index in 0..self.program.values.len() {
            let value = ValueId(index as u32);
            let Some(computed) = self.computed(value) else { continue };
            if computed.times() < 2
                || self.is_covered_downstream(value, computed.times())
                || !self.is_expensive(value, &kept, &mut walk)
            {
                continue;
            }
            let Some(definition) = self.definition(value) else { continue };
            kept[value.index()] = true;
            let call = self.program.call(definition);
            let chosen = self.chosen(value, self.function_of(call.scope));
            let actions: Vec<CallId> = chosen
                .into_iter()
                .filter_map(|it| match it.0 {
                    Use::Action(call) => Some(call),
                    Use::Kept(value) => self.definition(value),
                })
                .collect();
            found.push(Shared {
                definition,
                name: self.name_of(value),
                actions,
                in_loop: computed.in_loop,
                is_one_expression: call.result == Some(value) && self.is_method_call(call),
                is_rdd: self.program.value(value).kind == Type::Rdd,
            });
        }
        found
    }

    /// Large datasets of which the file does not tell what computes them: they are given to functions, or returned. Upstream ones first, up
    /// to `most` of them; none of `known`.
    pub(crate) fn perhaps_shared(&self, known: &[Shared], most: usize) -> Vec<Shared> {
        let mut found: Vec<Shared> = Vec::new();
        let mut seen = vec![false; self.program.calls.len()];
        for it in known {
            seen[it.definition.index()] = true;
        }
        // What is made of a value stands after it: one pass tells what is behind each.
        let mut behind = vec![false; self.program.values.len()];
        for (index, value) in self.program.values.iter().enumerate() {
            if found.len() >= most {
                break;
            }
            behind[index] = self.is_large(ValueId(index as u32), &behind);
            let id = ValueId(index as u32);
            if value.kind != Type::DataFrame
                || value.confidence == Confidence::Guessed
                || self.persisted[index]
            {
                continue;
            }
            let Some(call) = self.program.producer(id).filter(|it| !seen[it.index()]) else {
                continue;
            };
            let made = self.program.call(call);
            if made.in_sql || !behind[index] {
                continue;
            }
            seen[call.index()] = true;
            found.push(Shared {
                definition: call,
                name: self.name_of(id),
                actions: Vec::new(),
                in_loop: false,
                is_one_expression: self.is_method_call(made),
                is_rdd: false,
            });
        }
        found
    }

    /// How often `value` is computed in one run; none where it is not, or can't be kept.
    fn computed(&self, value: ValueId) -> Option<Computed> {
        *self.computed[value.index()].get_or_init(|| self.compute(value))
    }

    fn compute(&self, value: ValueId) -> Option<Computed> {
        let known = self.program.value(value);
        let can_be_kept = matches!(known.kind, Type::DataFrame | Type::Rdd)
            && known.confidence > Confidence::Guessed;
        if self.used[value.index()] == NOTHING
            || !can_be_kept
            || self.persisted[value.index()]
            || self.escaping[value.index()]
        {
            return None;
        }
        let home = self.program.call(self.definition(value)?).scope;
        // The datasets of a chain are mostly computed alike.
        let row = self.used[value.index()];
        let (last_row, last_home, last) = self.last.get();
        if (last_row, last_home) == (row, home) {
            return last;
        }
        let computed = self.computed_from(value, home);
        self.last.set((row, home, computed));
        computed
    }

    /// How often a dataset that is made at `home` is computed by the uses of `value`.
    fn computed_from(&self, value: ValueId, home: ScopeId) -> Option<Computed> {
        let function = self.function_of(home);
        if self.uses_within(value, function).any(|it| self.in_branch[it.1.index()]) {
            let chosen = self.chosen(value, function);
            let in_loop = chosen.iter().any(|it| self.repeats(*it, home));
            return (!chosen.is_empty()).then_some(Computed { uses: chosen.len() as u32, in_loop });
        }
        let uses = self.uses_within(value, function).count() as u32;
        let in_loop = self.uses_within(value, function).any(|it| self.repeats(it, home));
        (uses > 0).then_some(Computed { uses, in_loop })
    }

    /// The uses of a value with their scopes. Whether another function runs in the same run, and how often, is not known.
    fn uses_within(
        &self,
        value: ValueId,
        function: Option<ScopeId>,
    ) -> impl Iterator<Item = (Use, ScopeId)> {
        let uses = self.uses_of(value).iter().filter_map(|&it| Some((it, self.scope_of(it)?)));
        uses.filter(move |it| self.function_of(it.1) == function)
    }

    /// Most uses of a value that one run may take together.
    fn chosen(&self, value: ValueId, function: Option<ScopeId>) -> Vec<(Use, ScopeId)> {
        let uses: Vec<(Use, ScopeId)> = self.uses_within(value, function).collect();
        // Without a branch around any of them, nothing keeps them apart.
        if !uses.iter().any(|it| self.in_branch[it.1.index()]) {
            return uses;
        }
        let mut best = Vec::new();
        for start in 0..uses.len() {
            if uses.len() - start <= best.len() {
                break;
            }
            let mut chosen = vec![uses[start]];
            for candidate in uses.iter().skip(start + 1) {
                if chosen.iter().all(|it| self.may_both_run(*it, *candidate)) {
                    chosen.push(*candidate);
                }
            }
            if chosen.len() > best.len() {
                best = chosen;
            }
        }
        best
    }

    fn function_of(&self, scope: ScopeId) -> Option<ScopeId> {
        self.functions[scope.index()]
    }

    fn may_both_run(&self, first: (Use, ScopeId), second: (Use, ScopeId)) -> bool {
        first.1 == second.1
            // Without a branch around either, nothing keeps them apart.
            || (!self.in_branch[first.1.index()] && !self.in_branch[second.1.index()])
            || (!self.program.exclusive(first.1, second.1)
                && !self.leaves_before(first, second)
                && !self.leaves_before(second, first))
    }

    /// Whether the branch that holds `first` ends the function before `second` outside of it.
    fn leaves_before(&self, first: (Use, ScopeId), second: (Use, ScopeId)) -> bool {
        let Some(at) = self.position(first.0) else { return false };
        let around: Vec<ScopeId> = self.program.ancestors(second.1).collect();
        self.program
            .ancestors(first.1)
            .take_while(|scope| !around.contains(scope))
            .filter(|&scope| matches!(self.program.scope(scope).kind, ScopeKind::Branch { .. }))
            .any(|scope| jumps(self.text, at, self.program.scope(scope).range))
    }

    fn position(&self, use_: Use) -> Option<TextRange> {
        match use_ {
            Use::Action(call) => Some(self.program.call(call).statement),
            Use::Kept(value) => {
                self.definition(value).map(|call| self.program.call(call).statement)
            }
        }
    }

    /// Whether a use runs more often than the definition at `home`.
    fn repeats(&self, use_: (Use, ScopeId), home: ScopeId) -> bool {
        if use_.1 == home {
            return false;
        }
        let around: Vec<ScopeId> = self.program.ancestors(home).collect();
        let at = self.position(use_.0);
        self.program.ancestors(use_.1).take_while(|scope| !around.contains(scope)).any(|scope| {
            let scope = self.program.scope(scope);
            // Trying again until it works is one computation.
            matches!(scope.kind, ScopeKind::Loop { iterations } if !matches!(iterations, Some(0 | 1)))
                && !at.is_some_and(|at| jumps(self.text, at, scope.range))
        })
    }

    /// Whether one dataset made of `value` is computed by all the same uses: then that one is to be kept.
    fn is_covered_downstream(&self, value: ValueId, times: u32) -> bool {
        let calls = self.consumers.row(value.index()).iter();
        let results = calls.filter_map(|&call| self.program.call(call).result);
        let successors = self.successors.row(value.index()).iter();
        results.chain(successors.copied()).any(|result| {
            if !self.is_used_like(result, value) {
                return false;
            }
            // What stands between a grouping and its aggregation can't be kept itself.
            if self.program.value(result).kind == Type::GroupedData {
                return self.is_covered_downstream(result, times);
            }
            self.computed(result).is_some_and(|it| it.times() == times)
        })
    }

    /// Whether there is a shuffle or a user-defined function between `value` and its inputs, or what is kept already.
    fn is_expensive(&self, value: ValueId, kept: &[bool], walk: &mut Walk) -> bool {
        let program = self.program;
        let Walk { seen, pending } = walk;
        pending.clear();
        pending.push(value);
        let (of, mut count) = (value.0 + 1, 0);
        let (mut expensive, mut large) = (false, false);
        while let Some(value) = pending.pop() {
            if kept[value.index()] {
                large = true;
                continue;
            }
            if std::mem::replace(&mut seen[value.index()], of) == of {
                continue;
            }
            count += 1;
            if count > UPSTREAM {
                return false;
            }
            let known = program.value(value);
            if known.kind == Type::StreamReader {
                return false;
            }
            expensive |= known.kind == Type::UserDefinedFunction;
            match &known.origin {
                Origin::Call(call) => {
                    let made = program.call(*call);
                    expensive |= is_costly(made);
                    large |= matches!(made.effect, Effect::Read | Effect::Sql)
                        && known.bound.is_none_or(|bound| bound.rows > FEW_ROWS);
                    pending.extend(self.inputs.row(call.index()));
                }
                Origin::Returned(function) => match &program.functions[function.index()].returns {
                    Expression::Value(returned) => pending.push(*returned),
                    _ => large = true,
                },
                Origin::Parameter { .. } | Origin::Ambient(_) => large |= carries_rows(known.kind),
                Origin::Merge(_) | Origin::Loop { .. } => pending.extend(program.parents(value)),
            }
        }
        expensive && large
    }

    /// Whether more than a few rows are behind a value, where that is known of all before it.
    fn is_large(&self, value: ValueId, before: &[bool]) -> bool {
        let program = self.program;
        let known = program.value(value);
        if self.persisted[value.index()] {
            return true;
        }
        let large = |parent: &ValueId| before[parent.index()];
        match &known.origin {
            _ if known.kind == Type::StreamReader => false,
            Origin::Call(call) => {
                let made = program.call(*call);
                self.inputs.row(call.index()).iter().any(large)
                    || matches!(made.effect, Effect::Read | Effect::Sql)
                        && known.bound.is_none_or(|bound| bound.rows > FEW_ROWS)
            }
            Origin::Merge(_) | Origin::Loop { .. } => program.parents(value).iter().any(large),
            Origin::Returned(_) | Origin::Parameter { .. } | Origin::Ambient(_) => {
                carries_rows(known.kind)
            }
        }
    }

    fn name_of(&self, value: ValueId) -> Option<u32> {
        let names = self.names.get_or_init(|| {
            let mut names = vec![None; self.program.values.len()];
            for (index, binding) in self.program.bindings.iter().enumerate() {
                names[binding.value.index()].get_or_insert(index as u32);
            }
            names
        });
        let named = |value: ValueId| names[value.index()];
        named(value).or_else(|| match &self.program.value(value).origin {
            Origin::Merge(_) | Origin::Loop { .. } => {
                self.program.parents(value).into_iter().find_map(named)
            }
            _ => None,
        })
    }

    /// Whether a method can be called on the call by writing it behind: not on an infix one.
    fn is_method_call(&self, call: &Call) -> bool {
        let before = self.text.get(..call.name_range.start as usize).unwrap_or_default();
        self.program.language == Language::Python || before.trim_end().ends_with('.')
    }
}

/// The room of walks upstream, one after the other.
struct Walk {
    /// The last value, from 1, whose walk came by each value.
    seen: Vec<u32>,
    pending: Vec<ValueId>,
}

/// Rows of ids, all in one vector.
#[derive(Debug)]
struct Rows<T> {
    ends: Vec<u32>,
    ids: Vec<T>,
}

impl<T: Copy> Rows<T> {
    /// For each of `count` places what stands there, in its order.
    fn of<I: Iterator<Item = (usize, T)>>(count: usize, placed: impl Fn() -> I) -> Self {
        let mut ends = vec![0; count];
        let Some((_, any)) = placed().next() else { return Self { ends, ids: Vec::new() } };
        for (place, _) in placed() {
            ends[place] += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            // For now where the row begins; filling it moves it to its end.
            *end = sum - *end;
        }
        let mut ids = vec![any; sum as usize];
        for (place, id) in placed() {
            let end = &mut ends[place];
            ids[*end as usize] = id;
            *end += 1;
        }
        Self { ends, ids }
    }

    fn push(&mut self, row: &[T]) {
        self.ids.extend_from_slice(row);
        self.ends.push(self.ids.len() as u32);
    }

    fn row(&self, index: usize) -> &[T] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.ids[start as usize..self.ends[index] as usize]
    }
}

/// Puts a use into a sorted row where it is not there.
fn add(uses: &mut Vec<Use>, it: Use) {
    if let Err(at) = uses.binary_search(&it) {
        uses.insert(at, it);
    }
}

/// Whether a value of this kind is a dataset, or a step on the way to its action.
fn carries_rows(kind: Type) -> bool {
    kind.is_dataset()
        || matches!(kind, Type::Writer | Type::WriterV2 | Type::NaFunctions | Type::StatFunctions)
}

fn is_costly(call: &Call) -> bool {
    match call.effect {
        Effect::Wide => true,
        Effect::Repartition => call.method != "coalesce",
        Effect::Sql => {
            call.arguments.first().and_then(|it| it.value.as_text()).is_some_and(|text| {
                let text = text.to_ascii_lowercase();
                let words: Vec<&str> = text.split_whitespace().collect();
                words.iter().any(|word| matches!(*word, "join" | "distinct"))
                    || words.windows(2).any(|pair| matches!(pair, ["group" | "order", "by"]))
            })
        }
        _ => matches!(call.method.as_str(), "mapInPandas" | "mapInArrow"),
    }
}

fn attribute(name: &str) -> &str {
    name.strip_prefix("self.").or_else(|| name.strip_prefix("this.")).unwrap_or(name)
}

/// The words among the arguments of all calls of `function` in the text.
fn words_given_to<'a>(text: &'a str, function: &str) -> Vec<&'a str> {
    let calls = text.match_indices(function).filter_map(|(at, name)| {
        let starts_word = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let arguments = text[at + name.len()..].strip_prefix('(').filter(|_| starts_word)?;
        arguments.split(')').next()
    });
    calls.flat_map(words).collect()
}

/// The words behind `return` at the beginning of the lines of a function, sorted.
fn returned_words<'a>(returns: &memmem::Finder<'_>, body: &'a str) -> Vec<&'a str> {
    let bytes = body.as_bytes();
    let mut returned = Vec::new();
    for at in returns.find_iter(bytes) {
        let start = memrchr(b'\n', &bytes[..at]).map_or(0, |newline| newline + 1);
        if body[start..at].trim_start().is_empty() {
            let end = memchr(b'\n', &bytes[at..]).map_or(body.len(), |newline| at + newline);
            returned.extend(words(&body[at..end]));
        }
    }
    returned.sort_unstable_by(|left, right| by_length(left, right));
    returned
}

/// An order of words that tells most of them apart without reading them.
fn by_length(left: &str, right: &str) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
}

/// Whether a line behind `statement` in `range`, indented no deeper than the statement, leaves the branch or loop for good.
pub(crate) fn jumps(text: &str, statement: TextRange, range: TextRange) -> bool {
    const JUMPS: [&str; 8] = [
        "return",
        "raise ",
        "throw ",
        "break",
        "continue",
        "sys.exit(",
        "exit(",
        "dbutils.notebook.exit(",
    ];
    let line_start =
        text.get(..statement.start as usize).and_then(|it| it.rfind('\n')).map_or(0, |at| at + 1);
    let indent = (statement.start as usize).saturating_sub(line_start);
    let after = TextRange::new(statement.end, range.end).of(text);
    after.lines().any(|line| {
        let code = line.trim_start_matches([' ', '\t', ';']);
        line.len() - code.len() <= indent.max(1) && JUMPS.iter().any(|jump| code.starts_with(jump))
    })
}
