//! SQL expressions as the model writes them: the same names that the column functions of both languages have.

use program::{Expression, Literal, ValueId};
use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Query, UnaryOperator,
    Value,
};

use super::SqlText;

/// Expressions deeper than this are left unknown.
const DEPTH: u32 = 200;

/// What makes a dataset of a query within an expression.
pub(crate) trait Subqueries {
    /// The query's value; none where it is not understood.
    fn subquery(&mut self, query: &Query) -> Option<ValueId>;
}

/// `expression` in the model's terms.
pub(crate) fn column_expression(
    expression: &Expr,
    text: &SqlText,
    subqueries: &mut dyn Subqueries,
) -> Expression {
    Conversion { text, subqueries }.expression(expression, 0)
}

struct Conversion<'a> {
    text: &'a SqlText,
    subqueries: &'a mut dyn Subqueries,
}

impl Conversion<'_> {
    fn expression(&mut self, expression: &Expr, depth: u32) -> Expression {
        if depth > DEPTH {
            return Expression::Unknown;
        }
        let depth = depth + 1;
        match expression {
            Expr::Identifier(name) => self.column(&name.value),
            Expr::CompoundIdentifier(parts) => {
                let parts: Vec<&str> = parts.iter().map(|it| it.value.as_str()).collect();
                self.column(&parts.join("."))
            }
            Expr::Value(value) => self.literal(&value.value),
            Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => self.expression(inner, depth),
            Expr::BinaryOp { left, op, right } => {
                let operands = vec![self.expression(left, depth), self.expression(right, depth)];
                apply(operator(op), operands)
            }
            Expr::UnaryOp { op, expr } => {
                let inner = self.expression(expr, depth);
                match (op, &inner) {
                    (UnaryOperator::Minus, Expression::Literal(Literal::Integer(value))) => {
                        Expression::Literal(Literal::Integer(value.saturating_neg()))
                    }
                    (UnaryOperator::Not, _) => apply("not", vec![inner]),
                    (UnaryOperator::Minus, _) => apply("-", vec![inner]),
                    _ => inner,
                }
            }
            Expr::IsNull(inner) => self.unary("isNull", inner, depth),
            Expr::IsNotNull(inner) => self.unary("isNotNull", inner, depth),
            Expr::IsTrue(inner) | Expr::IsNotFalse(inner) => self.expression(inner, depth),
            Expr::IsFalse(inner) | Expr::IsNotTrue(inner) => self.unary("not", inner, depth),
            Expr::InList { expr, list, negated } => {
                let mut operands = vec![self.expression(expr, depth)];
                operands.extend(list.iter().map(|item| self.expression(item, depth)));
                negate(*negated, apply("isin", operands))
            }
            Expr::InSubquery { expr, subquery, negated } => {
                let operands = vec![self.expression(expr, depth), self.query(subquery)];
                negate(*negated, apply("isin", operands))
            }
            Expr::Exists { subquery, negated } => {
                let inner = self.query(subquery);
                negate(*negated, apply("exists", vec![inner]))
            }
            Expr::Subquery(query) => self.query(query),
            Expr::Between { expr, negated, low, high } => {
                let operands = [expr, low, high];
                let operands = operands.iter().map(|it| self.expression(it, depth)).collect();
                negate(*negated, apply("between", operands))
            }
            Expr::Like { expr, pattern, negated, .. } => {
                let operands = vec![self.expression(expr, depth), self.expression(pattern, depth)];
                negate(*negated, apply("like", operands))
            }
            Expr::RLike { expr, pattern, negated, .. } => {
                let operands = vec![self.expression(expr, depth), self.expression(pattern, depth)];
                negate(*negated, apply("rlike", operands))
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                let mut operands: Vec<Expression> =
                    operand.iter().map(|it| self.expression(it, depth)).collect();
                for branch in conditions {
                    operands.push(self.expression(&branch.condition, depth));
                    operands.push(self.expression(&branch.result, depth));
                }
                operands.extend(else_result.iter().map(|it| self.expression(it, depth)));
                apply("when", operands)
            }
            Expr::Extract { expr, .. } => self.unary("extract", expr, depth),
            Expr::Substring { expr, .. } => self.unary("substring", expr, depth),
            Expr::Trim { expr, .. } => self.unary("trim", expr, depth),
            Expr::Ceil { expr, .. } => self.unary("ceil", expr, depth),
            Expr::Floor { expr, .. } => self.unary("floor", expr, depth),
            Expr::Position { expr, r#in } => {
                let operands = vec![self.expression(expr, depth), self.expression(r#in, depth)];
                apply("position", operands)
            }
            Expr::Tuple(items) => {
                Expression::List(items.iter().map(|it| self.expression(it, depth)).collect())
            }
            Expr::CompoundFieldAccess { root, .. } => self.unary("getField", root, depth),
            Expr::TypedString(typed) => self.literal(&typed.value.value),
            Expr::Function(function) => {
                let name = function.name.to_string().replace('`', "").to_ascii_lowercase();
                let mut name = name.rsplit('.').next().unwrap_or_default().to_owned();
                let mut operands = Vec::new();
                if let FunctionArguments::List(list) = &function.args {
                    for argument in &list.args {
                        let (FunctionArg::Unnamed(value)
                        | FunctionArg::Named { arg: value, .. }
                        | FunctionArg::ExprNamed { arg: value, .. }) = argument;
                        operands.push(match value {
                            FunctionArgExpr::Expr(inner) => self.expression(inner, depth),
                            _ => self.column("*"),
                        });
                    }
                    if matches!(
                        list.duplicate_treatment,
                        Some(sqlparser::ast::DuplicateTreatment::Distinct)
                    ) {
                        name.push_str("_distinct");
                    }
                }
                if name.contains(super::text::HOLE) {
                    return Expression::Unknown;
                }
                let applied = apply(&name, operands);
                match &function.over {
                    Some(_) => apply("over", vec![applied, Expression::Unknown]),
                    None => applied,
                }
            }
            _ => Expression::Unknown,
        }
    }

    fn unary(&mut self, function: &str, inner: &Expr, depth: u32) -> Expression {
        let inner = self.expression(inner, depth);
        apply(function, vec![inner])
    }

    fn query(&mut self, query: &Query) -> Expression {
        self.subqueries.subquery(query).map_or(Expression::Unknown, Expression::Value)
    }

    fn column(&self, name: &str) -> Expression {
        match self.text.value(name) {
            Expression::Literal(Literal::Text(name)) => Expression::Column { name, of: None },
            Expression::Literal(literal) => Expression::Literal(literal),
            _ => Expression::Unknown,
        }
    }

    fn literal(&self, value: &Value) -> Expression {
        match value {
            Value::Number(number, _) => {
                let number = number.to_string();
                match (number.parse::<i64>(), number.parse::<f64>()) {
                    (Ok(integer), _) => Expression::Literal(Literal::Integer(integer)),
                    (_, Ok(float)) if float.is_finite() => {
                        Expression::Literal(Literal::Float(float))
                    }
                    _ => Expression::Unknown,
                }
            }
            Value::Boolean(value) => Expression::Literal(Literal::Boolean(*value)),
            Value::Null => Expression::Literal(Literal::Null),
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => {
                self.text.value(text)
            }
            _ => Expression::Unknown,
        }
    }
}

fn apply(function: &str, arguments: Vec<Expression>) -> Expression {
    Expression::Apply { function: function.into(), arguments }
}

fn negate(negated: bool, expression: Expression) -> Expression {
    if negated { apply("not", vec![expression]) } else { expression }
}

fn operator(operator: &BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Eq => "=",
        BinaryOperator::NotEq => "!=",
        BinaryOperator::Lt => "<",
        BinaryOperator::LtEq => "<=",
        BinaryOperator::Gt => ">",
        BinaryOperator::GtEq => ">=",
        BinaryOperator::Spaceship => "eqNullSafe",
        BinaryOperator::Plus => "+",
        BinaryOperator::Minus => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide | BinaryOperator::DuckIntegerDivide => "/",
        BinaryOperator::Modulo => "%",
        BinaryOperator::And => "and",
        BinaryOperator::Or => "or",
        BinaryOperator::StringConcat => "concat",
        _ => "operator",
    }
}
