//! Driver-side collections of Spark values: lists, tuples, mappings, and what is taken out of them and put in.

use std::sync::Arc;

use program::{Expression, Language, UnresolvedReason};

use super::Lowering;
use super::arguments::Arguments;
use super::calls::Site;
use super::environment::{Lowered, Meaning};
use crate::syntax::{Expr, ExprKind};

/// How deep collections of collections are followed.
const DEPTH: u32 = 5;

/// How many keys of a mapping are told apart.
pub(super) const KEYS: usize = 200;

impl<'a> Lowering<'a> {
    pub(super) fn list(&mut self, items: &'a [Expr]) -> Lowered {
        let mut meanings = Vec::new();
        let mut expressions = Vec::new();
        let mut rest = false;
        for item in items {
            if let ExprKind::Operation { operator, operands } = &item.kind
                && operator == "spread"
                && let [inner] = operands.as_slice()
            {
                let inner = self.expression(inner);
                match (&inner.meaning, &inner.expression) {
                    (Meaning::Tuple(parts), _) => meanings.extend(parts.iter().cloned()),
                    (Meaning::Many(_) | Meaning::Each(_), _) => {
                        meanings.push(self.element(&inner).meaning);
                        rest = true;
                    }
                    _ => meanings.push(Meaning::Unknown(UnresolvedReason::Other)),
                }
                match inner.expression {
                    Expression::List(parts) => expressions.extend(parts),
                    other => expressions.push(Expression::Apply {
                        function: "spread".into(),
                        arguments: vec![other],
                    }),
                }
                continue;
            }
            let item = self.expression(item);
            meanings.push(item.meaning);
            expressions.push(item.expression);
        }
        let expression = Expression::List(expressions);
        if !meanings.iter().any(carries) {
            return Lowered::local(expression);
        }
        if rest {
            // How many there are is not known, so they are not told apart.
            meanings.retain(carries);
            let item = self.merge(&meanings);
            return Lowered { meaning: Self::collection_of(item), expression, call: None };
        }
        Lowered { meaning: row(meanings), expression, call: None }
    }

    pub(super) fn mapping(&mut self, pairs: &'a [(Expr, Expr)]) -> Lowered {
        let mut arguments = Vec::new();
        let mut record = Some(Vec::new());
        let mut values = Vec::new();
        for (key, value) in pairs {
            let spread = matches!(&key.kind, ExprKind::Opaque(parts) if parts.is_empty());
            let key = self.expression(key).expression;
            let value = self.expression(value);
            if spread {
                match &value.meaning {
                    Meaning::Record(items) => {
                        if let Some(record) = &mut record {
                            record.extend(items.iter().cloned());
                        }
                        values.extend(items.iter().map(|it| it.1.clone()));
                    }
                    Meaning::Mapping(item) => {
                        record = None;
                        values.push((**item).clone());
                    }
                    _ => record = None,
                }
            } else {
                match (&mut record, key.as_text()) {
                    (Some(record), Some(key)) if record.len() < KEYS => {
                        record.push((key.to_owned(), shallow(value.meaning.clone(), DEPTH)));
                    }
                    _ => record = None,
                }
                values.push(value.meaning.clone());
            }
            arguments.push(Expression::List(vec![key, value.expression]));
        }
        let expression = Expression::Apply { function: "map".into(), arguments };
        if !values.iter().any(carries) {
            return Lowered::local(expression);
        }
        let meaning = match record {
            Some(record) => Meaning::Record(Arc::new(record)),
            None if values.iter().all(carries) => {
                Meaning::Mapping(Arc::new(shallow(self.merge(&values), DEPTH)))
            }
            None => Meaning::Unknown(UnresolvedReason::Other),
        };
        Lowered { meaning, expression, call: None }
    }

    /// `Map("a" -> x, …)`.
    pub(super) fn scala_mapping(&mut self, pairs: &Arguments) -> Lowered {
        let expression =
            Expression::Apply { function: "map".into(), arguments: pairs.expressions() };
        let mut record = Vec::new();
        for (argument, (_, pair)) in pairs.model.iter().zip(&pairs.lowered) {
            if let (Meaning::Tuple(parts), Expression::List(written)) =
                (&pair.meaning, &argument.value)
                && let [_, value] = parts.as_slice()
            {
                let key = written.first().and_then(Expression::as_text);
                record.push((key.map(str::to_owned), value.clone()));
            }
        }
        if record.len() < pairs.lowered.len() || !record.iter().any(|it| carries(&it.1)) {
            return Lowered::local(expression);
        }
        let keyed: Option<Vec<(String, Meaning)>> =
            record.iter().map(|(key, value)| Some((key.clone()?, value.clone()))).collect();
        let meaning = match keyed.filter(|it| it.len() < KEYS) {
            Some(items) => Meaning::Record(Arc::new(items)),
            None => {
                let values: Vec<Meaning> = record.into_iter().map(|it| it.1).collect();
                Meaning::Mapping(Arc::new(shallow(self.merge(&values), DEPTH)))
            }
        };
        Lowered { meaning, expression, call: None }
    }

    /// A collection of things like this one.
    pub(super) fn collection_of(item: Meaning) -> Meaning {
        match item {
            Meaning::Spark(value) => Meaning::Many(value),
            item if carries(&item) => Meaning::Each(Arc::new(shallow(item, DEPTH))),
            Meaning::Unknown(reason) => Meaning::Unknown(reason),
            _ => Meaning::Local(Arc::new(Expression::Unknown)),
        }
    }

    /// What a loop over a collection binds.
    pub(super) fn element(&mut self, collection: &Lowered) -> Lowered {
        match &collection.meaning {
            Meaning::Many(value) => self.one_of(*value),
            Meaning::Each(item) => {
                let item = self.some((**item).clone());
                self.lowered(item)
            }
            Meaning::Maybe(item) => self.lowered((**item).clone()),
            Meaning::Tuple(items) => match self.merge(&items.clone()) {
                Meaning::Spark(value) => self.one_of(value),
                meaning => self.lowered(meaning),
            },
            Meaning::Mapping(_) | Meaning::Record(_) if self.language == Language::Scala => {
                let value = self.some_value(&collection.meaning).meaning;
                self.lowered(pair(value))
            }
            // Keys of a mapping, rows of a dataset, names of columns: of the language, not Spark's.
            _ => Lowered::local(Expression::Unknown),
        }
    }

    /// What the values of a mapping have in common.
    fn mapped(&mut self, mapping: &Meaning) -> Meaning {
        match mapping {
            Meaning::Mapping(item) => (**item).clone(),
            Meaning::Record(items) => {
                let items: Vec<Meaning> = items.iter().map(|it| it.1.clone()).collect();
                self.merge(&items)
            }
            _ => Meaning::Unknown(UnresolvedReason::Other),
        }
    }

    /// `collection[key]`; none where it is no collection of Spark values.
    pub(super) fn item(&mut self, collection: &Lowered, key: &Expression) -> Option<Lowered> {
        let meaning = match &collection.meaning {
            Meaning::Many(_) | Meaning::Each(_) => return Some(self.element(collection)),
            Meaning::Tuple(items) => match key.as_integer() {
                Some(at) => {
                    let at = if at < 0 { items.len() as i64 + at } else { at };
                    let item = usize::try_from(at).ok().and_then(|at| items.get(at).cloned());
                    item.unwrap_or(Meaning::Unknown(UnresolvedReason::Other))
                }
                None => return Some(self.element(collection)),
            },
            Meaning::Record(items) => match key.as_text() {
                Some(key) => items
                    .iter()
                    .rev()
                    .find(|it| it.0 == key)
                    .map_or(Meaning::Unknown(UnresolvedReason::Other), |it| it.1.clone()),
                None => return Some(self.some_value(&collection.meaning)),
            },
            Meaning::Mapping(_) => return Some(self.some_value(&collection.meaning)),
            _ => return None,
        };
        Some(self.lowered(meaning))
    }

    /// What stands for all elements, as one of them.
    fn some(&mut self, all: Meaning) -> Meaning {
        match all {
            Meaning::Spark(value) => self.one_of(value).meaning,
            Meaning::Tuple(items) => {
                Meaning::Tuple(Arc::new(items.iter().map(|it| self.some(it.clone())).collect()))
            }
            other => other,
        }
    }

    /// One of the values of a mapping.
    pub(super) fn some_value(&mut self, mapping: &Meaning) -> Lowered {
        match self.mapped(mapping) {
            Meaning::Spark(value) => self.one_of(value),
            meaning => self.lowered(meaning),
        }
    }

    /// A slice of a collection is a collection.
    pub(super) fn slice(&mut self, collection: &Lowered) -> Lowered {
        let item = self.element(collection).meaning;
        Lowered { meaning: Self::collection_of(item), expression: Expression::Unknown, call: None }
    }

    /// `collection[key] = value`.
    pub(super) fn put(&mut self, name: &str, key: &Expression, value: &Meaning) {
        if !carries(value) {
            return;
        }
        let before = self.lookup(name);
        let meaning = match (before, key.as_text()) {
            (Some(Meaning::Record(items)), Some(key)) if items.len() < KEYS => {
                let mut items = (*items).clone();
                items.retain(|it| it.0 != key);
                items.push((key.to_owned(), shallow(value.clone(), DEPTH)));
                Meaning::Record(Arc::new(items))
            }
            (Some(Meaning::Local(expression)), Some(key)) if is_empty_mapping(&expression) => {
                Meaning::Record(Arc::new(vec![(key.to_owned(), shallow(value.clone(), DEPTH))]))
            }
            (Some(before @ (Meaning::Record(_) | Meaning::Mapping(_))), _) => {
                let item = self.mapped(&before);
                let item =
                    if carries(&item) { self.merge(&[item, value.clone()]) } else { value.clone() };
                Meaning::Mapping(Arc::new(shallow(item, DEPTH)))
            }
            (Some(Meaning::Many(_) | Meaning::Each(_) | Meaning::Tuple(_)), _) => {
                return self.append(name, value);
            }
            _ => Meaning::Mapping(Arc::new(shallow(value.clone(), DEPTH))),
        };
        self.record_self_attribute(name, &meaning);
        self.define(name, meaning);
    }

    /// `collection.append(value)`.
    pub(super) fn append(&mut self, name: &str, value: &Meaning) {
        if !carries(value) {
            return;
        }
        let before = match self.lookup(name) {
            Some(meaning @ (Meaning::Many(_) | Meaning::Each(_) | Meaning::Tuple(_))) => {
                let collection = self.lowered(meaning);
                Some(self.element(&collection).meaning)
            }
            _ => None,
        };
        let item = match before {
            Some(before) if !self.is_declared_only(&before) => self.merge(&[before, value.clone()]),
            _ => value.clone(),
        };
        let meaning = Self::collection_of(item);
        self.record_self_attribute(name, &meaning);
        self.define(name, meaning);
    }

    /// A method of a collection of Spark values, or one that makes it such; none for anything else.
    pub(super) fn collection_method(
        &mut self,
        site: &Site<'a>,
        object: &Lowered,
        arguments: &Arguments,
    ) -> Option<Lowered> {
        let name = site.name.text.as_str();
        let receiver = self.path_text(site.receiver_range);
        let last = arguments.lowered.last().map(|it| it.1.clone());
        if !receiver.is_empty()
            && let Some(last) = &last
        {
            match name {
                "append" | "add" | "addOne" | "insert" | "appendleft" if carries(&last.meaning) => {
                    self.append(&receiver, &last.meaning);
                }
                "appendAll" | "extend" | "addAll" => {
                    let item = match &last.meaning {
                        Meaning::Spark(_) => last.meaning.clone(),
                        _ => self.element(last).meaning,
                    };
                    self.append(&receiver, &item);
                }
                "update" if matches!(last.meaning, Meaning::Record(_) | Meaning::Mapping(_)) => {
                    let item = self.mapped(&last.meaning.clone());
                    self.put(&receiver, &Expression::Unknown, &item);
                }
                "update" | "put" | "updated" if self.language == Language::Scala => {
                    let key = arguments.first("").cloned().unwrap_or_default();
                    self.put(&receiver, &key, &last.meaning);
                }
                "setdefault" => self.put(&receiver, &Expression::Unknown, &last.meaning),
                _ => {}
            }
        }
        let meaning = match (&object.meaning, name) {
            (
                Meaning::Many(_) | Meaning::Each(_) | Meaning::Tuple(_),
                "toList" | "toSeq" | "copy" | "toArray",
            ) => object.meaning.clone(),
            // A mapping of a parameter's annotation in Scala is a collection of its values.
            (Meaning::Many(value), "values") => Meaning::Many(*value),
            (Meaning::Mapping(_) | Meaning::Record(_), "copy" | "toMap") => object.meaning.clone(),
            (Meaning::Mapping(_) | Meaning::Record(_), "values") => match &object.meaning {
                Meaning::Record(items) if items.iter().all(|it| carries(&it.1)) => {
                    Meaning::Tuple(Arc::new(items.iter().map(|it| it.1.clone()).collect()))
                }
                mapping => Self::collection_of(self.mapped(&mapping.clone())),
            },
            (
                Meaning::Mapping(_) | Meaning::Record(_),
                "items" | "iteritems" | "toSeq" | "toList",
            ) => {
                let item = self.mapped(&object.meaning);
                if !carries(&item) {
                    return None;
                }
                Meaning::Each(Arc::new(shallow(pair(item), DEPTH)))
            }
            (
                Meaning::Mapping(_) | Meaning::Record(_),
                "get" | "pop" | "apply" | "getOrElse" | "setdefault" | "getOrElseUpdate",
            ) => {
                let key = arguments.first("key").cloned().unwrap_or_default();
                let item = self.item(object, &key)?;
                if self.language == Language::Scala && name == "get" {
                    return Some(Lowered { meaning: Self::maybe_of(item.meaning.clone()), ..item });
                }
                return Some(item);
            }
            (
                Meaning::Many(_) | Meaning::Each(_) | Meaning::Tuple(_),
                "pop" | "popleft" | "get" | "apply",
            ) => {
                let key = arguments.first("").cloned().unwrap_or_default();
                return match object.meaning {
                    Meaning::Tuple(_) => Some(self.element(object)),
                    _ => self.item(object, &key),
                };
            }
            (Meaning::Many(_), "head" | "last") => return Some(self.element(object)),
            (Meaning::Many(_) | Meaning::Each(_) | Meaning::Tuple(_), "zip") => {
                let other = self.element(arguments.lowered.first().map(|it| &it.1)?).meaning;
                let item = self.element(object).meaning;
                Meaning::Each(Arc::new(shallow(row(vec![item, other]), DEPTH)))
            }
            _ => return None,
        };
        Some(Lowered { meaning, expression: Expression::Unknown, call: None })
    }

    /// A builtin that passes on what is in a collection; none for any other function, and where no Spark values are in it.
    pub(super) fn collection_builtin(
        &mut self,
        name: &str,
        arguments: &Arguments,
    ) -> Option<Lowered> {
        let lowered: Vec<&Lowered> = arguments.lowered.iter().map(|it| &it.1).collect();
        let element = |lowering: &mut Self, at: usize| match lowered.get(at) {
            Some(collection) if is_collection(&collection.meaning) => {
                lowering.element(collection).meaning
            }
            _ => Meaning::Local(Arc::new(Expression::Unknown)),
        };
        let meaning = match (name, lowered.as_slice()) {
            ("set" | "sorted" | "reversed" | "frozenset", [only, ..])
                if is_collection(&only.meaning) =>
            {
                return Some(self.slice(only));
            }
            ("list" | "tuple" | "iter", [only, ..]) if is_collection(&only.meaning) => {
                return Some(Lowered { call: None, ..(*only).clone() });
            }
            ("dict", _)
                if !lowered.is_empty()
                    && arguments
                        .lowered
                        .iter()
                        .all(|it| it.0.as_deref().is_some_and(|name| !name.starts_with('*'))) =>
            {
                let items: Vec<(String, Meaning)> = arguments
                    .lowered
                    .iter()
                    .filter_map(|(name, value)| {
                        Some((name.as_ref()?.to_string(), value.meaning.clone()))
                    })
                    .collect();
                if !items.iter().any(|it| carries(&it.1)) {
                    return None;
                }
                Meaning::Record(Arc::new(items))
            }
            ("Map", [_, ..]) if self.language == Language::Scala => {
                return self.map_of(arguments);
            }
            ("dict", [only])
                if matches!(only.meaning, Meaning::Record(_) | Meaning::Mapping(_)) =>
            {
                only.meaning.clone()
            }
            ("dict", [only]) => match element(self, 0) {
                Meaning::Tuple(items) if items.len() == 2 && is_collection(&only.meaning) => {
                    Meaning::Mapping(Arc::new(items[1].clone()))
                }
                _ => return None,
            },
            ("enumerate", [_, ..]) => {
                let item = element(self, 0);
                Meaning::Each(Arc::new(pair(carries(&item).then_some(item)?)))
            }
            ("zip", [_, ..]) => {
                let items: Vec<Meaning> = (0..lowered.len()).map(|at| element(self, at)).collect();
                if !items.iter().any(carries) {
                    return None;
                }
                Meaning::Each(Arc::new(row(items)))
            }
            ("next" | "min" | "max", [only, ..]) if is_collection(&only.meaning) => {
                return Some(self.element(only));
            }
            _ => return None,
        };
        let meaning = shallow(meaning, DEPTH);
        Some(Lowered { meaning, expression: Expression::Unknown, call: None })
    }

    /// Scala's `Map("orders" -> orders)`.
    fn map_of(&mut self, arguments: &Arguments) -> Option<Lowered> {
        let mut items = Vec::new();
        let mut keyed = true;
        for (_, pair) in &arguments.lowered {
            let Meaning::Tuple(parts) = &pair.meaning else { return None };
            let [_, value] = parts.as_slice() else { return None };
            let key = match &pair.expression {
                Expression::List(parts) => parts.first().and_then(Expression::as_text),
                _ => None,
            };
            keyed &= key.is_some();
            items.push((key.unwrap_or_default().to_owned(), shallow(value.clone(), DEPTH)));
        }
        let meaning = if keyed && items.len() <= KEYS {
            Meaning::Record(Arc::new(items))
        } else {
            let values: Vec<Meaning> = items.into_iter().map(|it| it.1).collect();
            Meaning::Mapping(Arc::new(shallow(self.merge(&values), DEPTH)))
        };
        let expression =
            Expression::Apply { function: "map".into(), arguments: arguments.expressions() };
        Some(Lowered { meaning, expression, call: None })
    }

    /// A member without parentheses of one of Scala's collections.
    pub(super) fn collection_attribute(&mut self, name: &str, object: Lowered) -> Lowered {
        let plain = |meaning| Lowered { meaning, expression: Expression::Unknown, call: None };
        match name {
            "head" | "last" | "next" | "max" | "min" => self.element(&object),
            "headOption" | "lastOption" => {
                let item = self.element(&object);
                Lowered { meaning: Self::maybe_of(item.meaning.clone()), ..item }
            }
            "size" | "length" | "isEmpty" | "nonEmpty" | "indices" | "keys" | "keySet" => {
                Lowered::local(super::expressions::applied(name, vec![object.expression]))
            }
            "values" | "toMap" => match self.element(&object).meaning {
                Meaning::Tuple(parts) if parts.len() == 2 && name == "toMap" => {
                    plain(Meaning::Mapping(Arc::new(parts[1].clone())))
                }
                Meaning::Tuple(parts) if parts.len() == 2 => {
                    plain(Self::collection_of(parts[1].clone()))
                }
                _ => object,
            },
            "zipWithIndex" => {
                let item = self.element(&object).meaning;
                let index = Meaning::Local(Arc::new(Expression::Unknown));
                plain(Meaning::Each(Arc::new(row(vec![item, index]))))
            }
            "tail" | "init" | "reverse" => {
                let item = self.element(&object).meaning;
                plain(Self::collection_of(item))
            }
            "flatten" => {
                let inner = self.element(&object);
                let item = self.element(&inner).meaning;
                plain(Self::collection_of(item))
            }
            _ => object,
        }
    }

    /// Whether a value can be rows written out or computed on the driver: no datasets are in it.
    pub(super) fn is_rows(&self, meaning: &Meaning) -> bool {
        match meaning {
            Meaning::Local(_) | Meaning::Instance(_) | Meaning::ForeignInstance(_) => true,
            Meaning::Tuple(items) => items.iter().all(|it| self.is_rows(it)),
            Meaning::Each(item) => self.is_rows(item),
            _ => false,
        }
    }

    /// What `*rest` is given of a tuple whose first `taken` parts and last `left` parts go elsewhere.
    pub(super) fn rest(&mut self, whole: &Lowered, taken: usize, left: usize) -> Lowered {
        let meaning = match &whole.meaning {
            Meaning::Tuple(items) => {
                let end = items.len().saturating_sub(left).max(taken.min(items.len()));
                row(items[taken.min(items.len())..end].to_vec())
            }
            Meaning::Many(_) | Meaning::Each(_) => whole.meaning.clone(),
            Meaning::Unknown(reason) => Meaning::Unknown(*reason),
            _ => Meaning::Local(Arc::new(Expression::Unknown)),
        };
        self.lowered(meaning)
    }
}

/// A pair of a key and something.
fn pair(value: Meaning) -> Meaning {
    Meaning::Tuple(Arc::new(vec![Meaning::Local(Arc::new(Expression::Unknown)), value]))
}

/// Several things in a row.
pub(super) fn row(items: Vec<Meaning>) -> Meaning {
    Meaning::Tuple(Arc::new(items.into_iter().map(|it| shallow(it, DEPTH)).collect()))
}

/// Whether a meaning is worth remembering in a collection: it leads to Spark values.
pub(super) fn carries(meaning: &Meaning) -> bool {
    matches!(
        meaning,
        Meaning::Spark(_)
            | Meaning::Many(_)
            | Meaning::Each(_)
            | Meaning::Maybe(_)
            | Meaning::Mapping(_)
            | Meaning::Record(_)
            | Meaning::Instance(_)
            | Meaning::Tuple(_)
            | Meaning::Function(_)
            | Meaning::Bound(_)
            | Meaning::Callable(_)
            | Meaning::Foreign(_)
    )
}

pub(super) fn is_collection(meaning: &Meaning) -> bool {
    matches!(meaning, Meaning::Many(_) | Meaning::Each(_) | Meaning::Tuple(_))
}

/// `[]`, `{}`, `dict()`, `Map()`.
pub(super) fn is_empty(meaning: &Meaning) -> bool {
    matches!(meaning, Meaning::Local(expression)
        if is_empty_mapping(expression) || matches!(&**expression, Expression::List(items) if items.is_empty()))
}

fn is_empty_mapping(expression: &Expression) -> bool {
    matches!(expression, Expression::Apply { function, arguments } if matches!(function.as_str(), "map" | "dict") && arguments.is_empty())
}

/// The meaning, cut off where it nests deeper than `depth`: names that are put into each other again and again stay small.
fn shallow(meaning: Meaning, depth: u32) -> Meaning {
    let unknown = Meaning::Unknown(UnresolvedReason::Other);
    let Some(below) = depth.checked_sub(1) else {
        return match meaning {
            nested if nests(&nested) => unknown,
            flat => flat,
        };
    };
    match meaning {
        Meaning::Tuple(items) if items.iter().any(nests) => {
            Meaning::Tuple(Arc::new(items.iter().map(|it| shallow(it.clone(), below)).collect()))
        }
        Meaning::Maybe(item) if nests(&item) => {
            Meaning::Maybe(Arc::new(shallow((*item).clone(), below)))
        }
        Meaning::Each(item) if nests(&item) => {
            Meaning::Each(Arc::new(shallow((*item).clone(), below)))
        }
        Meaning::Mapping(item) if nests(&item) => {
            Meaning::Mapping(Arc::new(shallow((*item).clone(), below)))
        }
        Meaning::Record(items) if items.iter().any(|it| nests(&it.1)) => Meaning::Record(Arc::new(
            items.iter().map(|(key, it)| (key.clone(), shallow(it.clone(), below))).collect(),
        )),
        flat => flat,
    }
}

fn nests(meaning: &Meaning) -> bool {
    matches!(
        meaning,
        Meaning::Tuple(_)
            | Meaning::Each(_)
            | Meaning::Maybe(_)
            | Meaning::Mapping(_)
            | Meaning::Record(_)
    )
}
