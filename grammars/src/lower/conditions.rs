//! What conditions and comparisons make of the results of calls.

use program::{Comparison, ResultUse, TextRange};

use super::Lowering;
use super::environment::Lowered;
use crate::syntax::{Expr, ExprKind};

impl<'a> Lowering<'a> {
    /// The condition of a branch or loop.
    pub(super) fn condition(&mut self, condition: &'a Expr) -> Lowered {
        let lowered = self.expression(condition);
        self.set_use(&lowered, ResultUse::Tested { negated: false, range: condition.range });
        lowered
    }

    /// Takes note of a call whose result is an operand of a comparison with an integer, or of `not`.
    pub(super) fn compared(&mut self, operator: &str, parts: &[Lowered], range: TextRange) {
        if let ("not", [only]) = (operator, parts) {
            self.set_use(only, ResultUse::Tested { negated: true, range });
            return;
        }
        let (Some(comparison), [left, right]) = (comparison(operator), parts) else { return };
        if let Some(with) = right.expression.as_integer() {
            self.set_use(left, ResultUse::Compared { comparison, with, range });
        } else if let Some(with) = left.expression.as_integer() {
            let comparison = mirrored(comparison);
            self.set_use(right, ResultUse::Compared { comparison, with, range });
        }
    }

    /// Scala's `rows.isEmpty` and `rows.nonEmpty` test what Python tests by the list itself.
    pub(super) fn asked_to_be_empty(&mut self, rows: &Lowered, name: &str, range: TextRange) {
        let negated = match name {
            "isEmpty" => true,
            "nonEmpty" => false,
            _ => return,
        };
        self.set_use(rows, ResultUse::Tested { negated, range });
    }

    /// A chain of comparisons (`0 < n < 5`) asks something else of its operands than each pair does.
    pub(super) fn chained(&mut self, pairs: &[Expr], first_call: usize) {
        let is_chain = pairs.windows(2).all(|pair| pair[0].range.end > pair[1].range.start)
            && pairs.iter().all(|pair| matches!(pair.kind, ExprKind::Operation { .. }));
        if !is_chain || pairs.len() < 2 {
            return;
        }
        for call in self.program.calls.iter_mut().skip(first_call) {
            if let ResultUse::Compared { range, .. } = call.result_use
                && pairs.iter().any(|pair| pair.range == range)
            {
                call.result_use = ResultUse::Other;
            }
        }
    }
}

fn comparison(operator: &str) -> Option<Comparison> {
    Some(match operator {
        "=" => Comparison::Equal,
        "!=" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" => Comparison::LessOrEqual,
        ">" => Comparison::Greater,
        ">=" => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

/// `0 < n` is `n > 0`.
fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}
