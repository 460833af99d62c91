//! Queries in strings, lowered to the operators that the methods of DataFrames lower to.

use compact_str::{CompactString, ToCompactString};
use program::{
    Argument, Call, CallId, Confidence, Effect, Expression, Language, Literal, Origin, Receiver,
    ResultUse, ScopeId, ScopeKind, TextRange, Type, ValueId,
};
use sqlparser::ast::{
    Cte, Distinct, Expr, GroupByExpr, Join, JoinConstraint, JoinOperator, LimitClause, ObjectName,
    ObjectNamePart, OrderByKind, Query, Select, SelectItem, SetExpr, SetOperator, SetQuantifier,
    Spanned, Statement, TableFactor, TableObject, TableWithJoins,
};

use super::Lowering;
use super::arguments::Arguments;
use super::calls::Site;
use super::environment::{Lowered, Meaning};
use crate::sql::{Parsed, SqlText, Subqueries, column_expression};

/// Queries within queries deeper than this are not followed.
const DEPTH: u32 = 24;

/// A temporary view: its name in lower case, where it was made, and of what.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) name: String,
    pub(super) scope: ScopeId,
    pub(super) value: ValueId,
}

/// A query that is being lowered.
struct Context<'t> {
    parsed: Parsed<'t>,
    session: Receiver,
    confidence: Confidence,
    /// Named subqueries, innermost last.
    named: Vec<(String, ValueId)>,
    /// Tables that a hint asks to broadcast.
    broadcast: Vec<String>,
    depth: u32,
}

/// First and last byte in the SQL text.
type Span = (u32, u32);

impl<'a> Lowering<'a> {
    /// What `spark.sql(text)` evaluates to, where its text is understood.
    pub(super) fn sql_call(
        &mut self,
        site: &Site<'a>,
        object: &Lowered,
        arguments: &Arguments,
    ) -> Option<Lowered> {
        let Meaning::Spark(session) = object.meaning else { return None };
        let first = arguments.model.first()?;
        let named: Vec<(&str, &Expression)> = arguments.model[1..]
            .iter()
            .filter_map(|it| Some((it.name.as_deref()?, &it.value)))
            .collect();
        let text = SqlText::new(&first.value, &named, self.text, first.range)?;
        let (parsed, statement) = Parsed::statement(&text)?;
        let broadcast = parsed.broadcast_hints();
        let mut context = Context {
            parsed,
            session: Receiver { value: session, range: site.receiver_range },
            confidence: self.program.value(session).confidence,
            named: Vec::new(),
            broadcast,
            depth: 0,
        };
        let before = (self.program.calls.len(), self.program.values.len());
        let lowered = self.sql_statement(&mut context, &statement, site, arguments);
        if lowered.is_none() {
            self.program.calls.truncate(before.0);
            self.program.values.truncate(before.1);
        }
        lowered
    }

    /// `expr("…")` as the column that it is.
    pub(super) fn sql_column(&mut self, arguments: &Arguments) -> Option<Expression> {
        let first = arguments.model.first()?;
        let text = SqlText::new(&first.value, &[], self.text, first.range)?;
        let (expression, alias) = Parsed::expression(&text)?;
        let converted = column_expression(&expression, &text, &mut NoQueries);
        if converted == Expression::Unknown {
            return None;
        }
        Some(match alias {
            Some(alias) => Expression::Apply {
                function: "alias".into(),
                arguments: vec![converted, text.value(&alias)],
            },
            None => converted,
        })
    }

    /// Remembers what a temporary view shows from here on.
    pub(super) fn define_view(&mut self, name: &str, value: ValueId) {
        let name = name.to_lowercase();
        self.made_view(&name, self.scope, value);
        self.views.push(View { name, scope: self.scope, value });
    }

    /// The dataset behind a temporary view, as far as this path of the program says.
    pub(super) fn view(&mut self, name: &str) -> Option<ValueId> {
        let name = name.to_lowercase().replace('`', "");
        self.asked_view(&name);
        let function = |lowering: &Self, scope: ScopeId| {
            lowering.program.ancestors(scope).find(|&it| {
                matches!(
                    lowering.program.scope(it).kind,
                    ScopeKind::Function(_) | ScopeKind::Closure
                )
            })
        };
        let here = function(self, self.scope);
        let all: Vec<(ScopeId, ValueId)> = self
            .views
            .iter()
            .filter(|view| view.name == name)
            .map(|view| (view.scope, view.value))
            .collect();
        let of_function: Vec<_> =
            all.iter().filter(|view| function(self, view.0) == here).copied().collect();
        // A view that other functions make is known only if there is but one.
        let candidates = match (of_function.is_empty(), all.len()) {
            (false, _) => of_function,
            (true, 1) => all,
            _ => return None,
        };
        let mut values: Vec<ValueId> = Vec::new();
        for (scope, value) in candidates.into_iter().rev() {
            if self.program.exclusive(scope, self.scope) {
                continue;
            }
            if !values.contains(&value) {
                values.push(value);
            }
            // Made on every path that leads here: what was before is gone.
            if self.program.ancestors(self.scope).any(|it| it == scope)
                || function(self, scope) != here
            {
                break;
            }
        }
        match values.as_slice() {
            [] => None,
            [only] => Some(*only),
            several => {
                let confidence =
                    several.iter().map(|value| self.program.value(*value).confidence).min()?;
                let bound = self.widest_bound(several);
                Some(self.value(Type::DataFrame, confidence, Origin::Merge(values), bound))
            }
        }
    }

    fn sql_statement(
        &mut self,
        context: &mut Context<'_>,
        statement: &Statement,
        site: &Site<'a>,
        arguments: &Arguments,
    ) -> Option<Lowered> {
        let mut model = arguments.model.clone();
        let (result, effect) = match statement {
            Statement::Query(query) => (Some(self.query(context, query)?), Effect::Sql),
            Statement::CreateView(view) => {
                let value = self.query(context, &view.query)?;
                if view.temporary {
                    let name = context.name(&view.name)?;
                    self.define_view(&name, value);
                }
                (None, Effect::Sql)
            }
            Statement::Cache { query: Some(query), table_name, .. } => {
                let value = self.query(context, query)?;
                let name = context.name(table_name)?;
                self.define_view(&name, value);
                (None, Effect::Sql)
            }
            Statement::Insert(insert) => {
                if let TableObject::TableQuery(_) = insert.table {
                    return None;
                }
                let value = self.query(context, insert.source.as_deref()?)?;
                model.push(written(value, site.arguments_range));
                (None, Effect::Write)
            }
            Statement::CreateTable(table) => {
                let value = self.query(context, table.query.as_deref()?)?;
                model.push(written(value, site.arguments_range));
                (None, Effect::Write)
            }
            _ => return None,
        };
        let id = CallId(self.program.calls.len() as u32);
        self.used_by(arguments, id);
        let value = result.unwrap_or_else(|| {
            self.value(Type::DataFrame, context.confidence, Origin::Call(id), None)
        });
        let id = self.push_call(Call {
            method: "sql".to_owned(),
            receiver_type: Type::Session,
            receiver: Some(context.session),
            effect,
            confidence: context.confidence,
            arguments: model,
            result: Some(value),
            result_use: ResultUse::Other,
            scope: self.scope,
            range: site.range,
            name_range: site.name.range,
            arguments_range: site.arguments_range,
            statement: self.statement,
            in_sql: false,
        });
        Some(Lowered { call: Some(id), ..Lowered::spark(value) })
    }

    fn query(&mut self, context: &mut Context<'_>, query: &Query) -> Option<ValueId> {
        if context.depth >= DEPTH
            || !query.pipe_operators.is_empty()
            || query.with.as_ref().is_some_and(|it| it.recursive)
        {
            return None;
        }
        context.depth += 1;
        let outer = context.named.len();
        let value = self.query_parts(context, query);
        context.named.truncate(outer);
        context.depth -= 1;
        value
    }

    fn query_parts(&mut self, context: &mut Context<'_>, query: &Query) -> Option<ValueId> {
        for Cte { alias, query, .. } in query.with.iter().flat_map(|with| &with.cte_tables) {
            let value = self.query(context, query)?;
            context.named.push((alias.name.value.to_lowercase(), value));
        }
        let mut value = self.set_expression(context, &query.body)?;
        if let Some(order) = &query.order_by {
            let keys = match &order.kind {
                OrderByKind::All(_) => Vec::new(),
                OrderByKind::Expressions(keys) => {
                    keys.iter().map(|key| &key.expr).collect::<Vec<_>>()
                }
            };
            value = self.clause(context, "orderBy", value, &keys, &["ORDER"])?;
        }
        let limit = match &query.limit_clause {
            Some(LimitClause::LimitOffset { limit, .. }) => limit.as_ref(),
            Some(LimitClause::OffsetCommaLimit { limit, .. }) => Some(limit),
            None => query.fetch.as_ref().and_then(|fetch| fetch.quantity.as_ref()),
        };
        if let Some(limit) = limit {
            value = self.clause(context, "limit", value, &[limit], &["LIMIT", "FETCH"])?;
        }
        Some(value)
    }

    fn set_expression(&mut self, context: &mut Context<'_>, body: &SetExpr) -> Option<ValueId> {
        match body {
            SetExpr::Select(select) => self.select(context, select),
            SetExpr::Query(query) => self.query(context, query),
            SetExpr::SetOperation { .. } => {
                // A long chain of unions leans to the left.
                let mut operations = Vec::new();
                let mut first = body;
                while let SetExpr::SetOperation { left, op, set_quantifier, right } = first {
                    operations.push((op, set_quantifier, right));
                    first = left;
                }
                if operations.len() > 500 {
                    return None;
                }
                let mut value = self.set_expression_below(context, first)?;
                for (operator, quantifier, right) in operations.into_iter().rev() {
                    let other = self.set_expression_below(context, right)?;
                    let all = matches!(quantifier, SetQuantifier::All | SetQuantifier::AllByName);
                    let by_name = matches!(
                        quantifier,
                        SetQuantifier::ByName
                            | SetQuantifier::AllByName
                            | SetQuantifier::DistinctByName
                    );
                    let method = match (operator, all) {
                        (SetOperator::Union, _) if by_name => "unionByName",
                        (SetOperator::Union, _) => "union",
                        (SetOperator::Intersect, false) => "intersect",
                        (SetOperator::Intersect, true) => "intersectAll",
                        (SetOperator::Except | SetOperator::Minus, false) => "subtract",
                        (SetOperator::Except | SetOperator::Minus, true) => "exceptAll",
                    };
                    let words = ["UNION", "INTERSECT", "EXCEPT", "MINUS"];
                    let start = context.parsed.offsets(right.span());
                    let keyword = start.and_then(|it| context.parsed.keyword_before(&words, it.0));
                    let operand = (None, Expression::Value(other));
                    value = self.operator(context, method, value, vec![operand], keyword, start)?;
                    if method.starts_with("union") && !all {
                        value =
                            self.operator(context, "distinct", value, vec![], keyword, start)?;
                    }
                }
                Some(value)
            }
            SetExpr::Table(table) => {
                let name = table.table_name.as_ref()?;
                let qualified = match &table.schema_name {
                    Some(schema) => format!("{schema}.{name}"),
                    None => name.clone(),
                };
                self.table(context, &qualified, None)
            }
            SetExpr::Values(values) => {
                let rows = Expression::List(
                    values.rows.iter().map(|_| Expression::List(Vec::new())).collect(),
                );
                let span = context.parsed.offsets(values.span());
                let session = context.session;
                Some(self.read(context, "createDataFrame", session, rows, span))
            }
            _ => None,
        }
    }

    fn set_expression_below(
        &mut self,
        context: &mut Context<'_>,
        body: &SetExpr,
    ) -> Option<ValueId> {
        if context.depth >= DEPTH {
            return None;
        }
        context.depth += 1;
        let value = self.set_expression(context, body);
        context.depth -= 1;
        value
    }

    fn select(&mut self, context: &mut Context<'_>, select: &Select) -> Option<ValueId> {
        if select.top.is_some()
            || select.into.is_some()
            || select.qualify.is_some()
            || !select.connect_by.is_empty()
        {
            return None;
        }
        let mut value = self.from(context, select)?;
        for view in &select.lateral_views {
            let words = ["LATERAL"];
            value = self.clause(context, "select", value, &[&view.lateral_view], &words)?;
        }
        if let Some(condition) = &select.selection {
            value = self.clause(context, "filter", value, &[condition], &["WHERE"])?;
        }
        let keys: Vec<&Expr> = match &select.group_by {
            GroupByExpr::Expressions(keys, _) => keys.iter().collect(),
            GroupByExpr::All(_) => Vec::new(),
        };
        let grouped = !keys.is_empty() || matches!(select.group_by, GroupByExpr::All(_));
        let whole = Some(context.keyword_span(select));
        let projection = self.projection(context, select);
        if grouped || projection.iter().any(aggregates) {
            if grouped {
                value = self.clause(context, "groupBy", value, &keys, &["GROUP"])?;
            }
            let items = projection.into_iter().filter(|it| !grouped || aggregates(it));
            let items = items.map(|it| (None, it)).collect();
            value = self.operator(context, "agg", value, items, whole.flatten(), None)?;
            if let Some(condition) = &select.having {
                value = self.clause(context, "filter", value, &[condition], &["HAVING"])?;
            }
        } else if !projection.is_empty() {
            let items = projection.into_iter().map(|it| (None, it)).collect();
            value = self.operator(context, "select", value, items, whole.flatten(), None)?;
        }
        if matches!(select.distinct, Some(Distinct::Distinct)) {
            let keyword =
                whole.flatten().and_then(|it| context.parsed.keyword_after(&["DISTINCT"], it.0));
            value = self.operator(context, "distinct", value, vec![], keyword, None)?;
        }
        for (method, keys) in
            [("repartition", &select.distribute_by), ("repartition", &select.cluster_by)]
        {
            if !keys.is_empty() {
                let keys: Vec<&Expr> = keys.iter().collect();
                let words = ["DISTRIBUTE", "CLUSTER"];
                value = self.clause(context, method, value, &keys, &words)?;
            }
        }
        if !select.sort_by.is_empty() {
            let keys: Vec<&Expr> = select.sort_by.iter().map(|key| &key.expr).collect();
            value = self.clause(context, "sortWithinPartitions", value, &keys, &["SORT"])?;
        }
        Some(value)
    }

    /// The selected columns; none where it is all of them.
    fn projection(&mut self, context: &mut Context<'_>, select: &Select) -> Vec<Expression> {
        let mut items = Vec::new();
        let mut only_stars = true;
        for item in &select.projection {
            let (expression, alias) = match item {
                SelectItem::UnnamedExpr(expression)
                | SelectItem::ExprWithAliases { expr: expression, .. } => (expression, None),
                SelectItem::ExprWithAlias { expr, alias } => (expr, Some(alias)),
                SelectItem::QualifiedWildcard(..) | SelectItem::Wildcard(_) => {
                    items.push(Expression::Column { name: "*".into(), of: None });
                    continue;
                }
            };
            only_stars = false;
            let column = self.expression_in(context, expression);
            items.push(match alias {
                Some(alias) => Expression::Apply {
                    function: "alias".into(),
                    arguments: vec![column, context.parsed.text.value(&alias.value)],
                },
                None => column,
            });
        }
        if only_stars { Vec::new() } else { items }
    }

    fn from(&mut self, context: &mut Context<'_>, select: &Select) -> Option<ValueId> {
        let mut tables = select.from.iter();
        let Some(first) = tables.next() else {
            // `SELECT 1`: one row without a table.
            let rows = Expression::List(vec![Expression::List(Vec::new())]);
            let span = context.keyword_span(select);
            let session = context.session;
            return Some(self.read(context, "createDataFrame", session, rows, span));
        };
        let mut value = self.joined(context, first)?;
        for table in tables {
            let span = context.parsed.offsets(table.relation.span());
            let right = self.joined(context, table)?;
            // `FROM a, b WHERE a.id = b.id` is a join on what the condition says.
            let mut operands = vec![(None, Expression::Value(right))];
            let method = match &select.selection {
                Some(condition) => {
                    operands.push((None, self.expression_in(context, condition)));
                    "join"
                }
                None => "crossJoin",
            };
            value = self.operator(context, method, value, operands, span, span)?;
        }
        Some(value)
    }

    fn joined(&mut self, context: &mut Context<'_>, tables: &TableWithJoins) -> Option<ValueId> {
        let mut value = self.relation(context, &tables.relation)?;
        for Join { relation, join_operator, .. } in &tables.joins {
            let right = self.relation(context, relation)?;
            let (how, constraint) = join_kind(join_operator)?;
            let span = context.parsed.offsets(relation.span());
            let keyword = span.and_then(|it| context.parsed.keyword_before(&["JOIN"], it.0));
            let mut operands = vec![(None, Expression::Value(right))];
            let on = match constraint {
                JoinConstraint::On(condition) => Some(self.expression_in(context, condition)),
                JoinConstraint::Using(columns) => Some(Expression::List(
                    columns
                        .iter()
                        .map(|it| Expression::Literal(Literal::Text(it.to_compact_string())))
                        .collect(),
                )),
                JoinConstraint::Natural => Some(Expression::Unknown),
                JoinConstraint::None => None,
            };
            let method = if how == "cross" && on.is_none() { "crossJoin" } else { "join" };
            if method == "join" {
                operands.extend(on.map(|on| (None, on)));
                if how != "inner" && how != "cross" {
                    let how = Expression::Literal(Literal::Text(how.into()));
                    operands.push((Some("how"), how));
                }
            }
            value = self.operator(context, method, value, operands, keyword, span)?;
        }
        Some(value)
    }

    fn relation(&mut self, context: &mut Context<'_>, relation: &TableFactor) -> Option<ValueId> {
        let (value, names) = match relation {
            TableFactor::Table { name, alias, args: None, .. } => {
                let span = context.parsed.offsets(name.span());
                let text = context.name(name)?;
                let value = self.table(context, &text, span)?;
                (value, [Some(text), alias.as_ref().map(|it| it.name.value.clone())])
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let value = self.query(context, subquery)?;
                (value, [None, alias.as_ref().map(|it| it.name.value.clone())])
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                if context.depth >= DEPTH {
                    return None;
                }
                context.depth += 1;
                let value = self.joined(context, table_with_joins);
                context.depth -= 1;
                (value?, [None, None])
            }
            _ => return None,
        };
        let hinted = names.iter().flatten().any(|name| {
            let name = name.to_lowercase();
            context.broadcast.contains(&name)
        });
        if hinted {
            let span = context.parsed.offsets(relation.span());
            return self.operator(context, "broadcast", value, vec![], span, span);
        }
        Some(value)
    }

    /// A table by name: a named subquery, a temporary view, or a read.
    fn table(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        span: Option<Span>,
    ) -> Option<ValueId> {
        let lower = name.to_lowercase();
        if let Some(named) = context.named.iter().rev().find(|it| it.0 == lower) {
            return Some(named.1);
        }
        let text = context.parsed.text.value(name);
        if let Expression::Value(value) = text {
            // `spark.sql("… from {orders}", orders=orders)`.
            return (self.program.value(value).kind == Type::DataFrame).then_some(value);
        }
        if let Expression::Literal(Literal::Text(name)) = &text
            && let Some(value) = self.view(name)
        {
            return Some(value);
        }
        let session = context.session;
        Some(self.read(context, "table", session, text, span))
    }

    fn read(
        &mut self,
        context: &Context<'_>,
        method: &str,
        session: Receiver,
        argument: Expression,
        span: Option<Span>,
    ) -> ValueId {
        let range = context.range(span);
        let arguments = vec![Argument { name: None, value: argument, range }];
        let bound = self.bound_of_call(Type::Session, Some(session.value), method, &arguments);
        let id = CallId(self.program.calls.len() as u32);
        let value = self.value(Type::DataFrame, context.confidence, Origin::Call(id), bound);
        self.push_call(Call {
            method: method.to_owned(),
            receiver_type: Type::Session,
            receiver: Some(session),
            effect: Effect::Read,
            confidence: context.confidence,
            arguments,
            result: Some(value),
            result_use: ResultUse::Other,
            scope: self.scope,
            range,
            name_range: range,
            arguments_range: range,
            statement: self.statement,
            in_sql: true,
        });
        value
    }

    /// An operator of a clause: its keyword is the last of `words` before the first of its expressions.
    fn clause(
        &mut self,
        context: &mut Context<'_>,
        method: &str,
        receiver: ValueId,
        expressions: &[&Expr],
        words: &[&str],
    ) -> Option<ValueId> {
        let spans: Vec<Span> =
            expressions.iter().filter_map(|it| context.parsed.offsets(it.span())).collect();
        let whole = spans.first().zip(spans.last()).map(|(first, last)| (first.0, last.1));
        let keyword = whole.and_then(|it| context.parsed.keyword_before(words, it.0));
        let arguments =
            expressions.iter().map(|it| (None, self.expression_in(context, it))).collect();
        self.operator(context, method, receiver, arguments, keyword, whole)
    }

    fn operator(
        &mut self,
        context: &Context<'_>,
        method: &str,
        receiver: ValueId,
        arguments: Vec<(Option<&str>, Expression)>,
        keyword: Option<Span>,
        clause: Option<Span>,
    ) -> Option<ValueId> {
        let kind = self.program.value(receiver).kind;
        // The table of methods is the same for both languages; a few names are only one's.
        let known = spark::api()
            .method(Language::Python, kind, method)
            .or_else(|| spark::api().method(Language::Scala, kind, method));
        let (effect, result) = match (method, known) {
            ("broadcast", _) => (Effect::BroadcastHint, Type::DataFrame),
            (_, Some(method)) => match method.outcome {
                spark::Outcome::Spark(result) => (method.effect, result),
                _ => return None,
            },
            (_, None) => return None,
        };
        let keyword_range = context.range(keyword.or(clause));
        let clause_range = context.range(clause.or(keyword));
        let range = TextRange::new(
            keyword_range.start.min(clause_range.start),
            keyword_range.end.max(clause_range.end),
        );
        let arguments: Vec<Argument> = arguments
            .into_iter()
            .map(|(name, value)| Argument {
                name: name.map(CompactString::from),
                value,
                range: clause_range,
            })
            .collect();
        let confidence = self.program.value(receiver).confidence.min(context.confidence);
        let bound = self.bound_of_call(kind, Some(receiver), method, &arguments);
        let id = CallId(self.program.calls.len() as u32);
        for value in std::iter::once(receiver).chain(values_in(&arguments)) {
            let used =
                if value == receiver { ResultUse::Receiver(id) } else { ResultUse::Argument(id) };
            self.used_in_sql(value, used);
            if let Some(producer) = self.program.producer(value)
                && let Some(call) = self.program.calls.get_mut(producer.index())
                && call.in_sql
            {
                call.result_use = used;
                self.uses_call(producer.index());
            }
        }
        let value = self.value(result, confidence, Origin::Call(id), bound);
        self.push_call(Call {
            method: method.to_owned(),
            receiver_type: kind,
            receiver: Some(Receiver { value: receiver, range: keyword_range }),
            effect,
            confidence,
            arguments,
            result: Some(value),
            result_use: ResultUse::Other,
            scope: self.scope,
            range,
            name_range: keyword_range,
            arguments_range: clause_range,
            statement: self.statement,
            in_sql: true,
        });
        Some(value)
    }

    fn expression_in(&mut self, context: &mut Context<'_>, expression: &Expr) -> Expression {
        let text = context.parsed.text;
        column_expression(expression, text, &mut Queries { lowering: self, context })
    }
}

impl Context<'_> {
    fn range(&self, span: Option<Span>) -> TextRange {
        match span {
            Some((start, end)) => self.parsed.text.range(start, end),
            None => self.parsed.text.whole(),
        }
    }

    fn keyword_span(&self, select: &Select) -> Option<Span> {
        self.parsed.offsets(select.select_token.0.span)
    }

    /// A name with dots; none for names that are computed.
    fn name(&self, name: &ObjectName) -> Option<String> {
        let parts: Option<Vec<&str>> = name
            .0
            .iter()
            .map(|part| match part {
                ObjectNamePart::Identifier(name) => Some(name.value.as_str()),
                ObjectNamePart::Function(_) => None,
            })
            .collect();
        Some(parts?.join("."))
    }
}

/// Queries within expressions, lowered where they stand.
struct Queries<'l, 'a, 't, 'c> {
    lowering: &'l mut Lowering<'a>,
    context: &'c mut Context<'t>,
}

impl Subqueries for Queries<'_, '_, '_, '_> {
    fn subquery(&mut self, query: &Query) -> Option<ValueId> {
        self.lowering.query(self.context, query)
    }
}

/// Where no session is at hand.
struct NoQueries;

impl Subqueries for NoQueries {
    fn subquery(&mut self, _: &Query) -> Option<ValueId> {
        None
    }
}

fn written(value: ValueId, range: TextRange) -> Argument {
    Argument { name: Some("query".into()), value: Expression::Value(value), range }
}

fn values_in(arguments: &[Argument]) -> Vec<ValueId> {
    let mut values = Vec::new();
    for argument in arguments {
        argument.value.walk(&mut |expression| {
            if let Expression::Value(value) = expression {
                values.push(*value);
            }
        });
    }
    values
}

/// The type of a join as Spark's methods name it, and its condition.
fn join_kind(operator: &JoinOperator) -> Option<(&'static str, &JoinConstraint)> {
    Some(match operator {
        JoinOperator::Join(on) | JoinOperator::Inner(on) => ("inner", on),
        JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => ("left_outer", on),
        JoinOperator::Right(on) | JoinOperator::RightOuter(on) => ("right_outer", on),
        JoinOperator::FullOuter(on) => ("full_outer", on),
        JoinOperator::CrossJoin(on) => ("cross", on),
        JoinOperator::Semi(on) | JoinOperator::LeftSemi(on) => ("left_semi", on),
        JoinOperator::Anti(on) | JoinOperator::LeftAnti(on) => ("left_anti", on),
        _ => return None,
    })
}

/// Whether a column is an aggregate, over all rows or a group: not one over a window.
fn aggregates(expression: &Expression) -> bool {
    match expression {
        Expression::Apply { function, .. } if function == "over" => false,
        Expression::Apply { function, arguments } => {
            is_aggregate(function) || arguments.iter().any(aggregates)
        }
        _ => false,
    }
}

fn is_aggregate(function: &str) -> bool {
    let function = function.strip_suffix("_distinct").unwrap_or(function);
    matches!(
        function,
        "any"
            | "any_value"
            | "approx_count"
            | "approx_count_distinct"
            | "approx_percentile"
            | "array_agg"
            | "avg"
            | "bit_and"
            | "bit_or"
            | "bit_xor"
            | "bool_and"
            | "bool_or"
            | "collect_list"
            | "collect_set"
            | "corr"
            | "count"
            | "count_if"
            | "count_min_sketch"
            | "covar_pop"
            | "covar_samp"
            | "every"
            | "first"
            | "first_value"
            | "grouping"
            | "grouping_id"
            | "histogram_numeric"
            | "hll_sketch_agg"
            | "kurtosis"
            | "last"
            | "last_value"
            | "listagg"
            | "max"
            | "max_by"
            | "mean"
            | "median"
            | "min"
            | "min_by"
            | "mode"
            | "percentile"
            | "percentile_approx"
            | "percentile_cont"
            | "percentile_disc"
            | "regr_avgx"
            | "regr_avgy"
            | "regr_count"
            | "regr_r2"
            | "skewness"
            | "some"
            | "std"
            | "stddev"
            | "stddev_pop"
            | "stddev_samp"
            | "string_agg"
            | "sum"
            | "try_avg"
            | "try_sum"
            | "var_pop"
            | "var_samp"
            | "variance"
    )
}
