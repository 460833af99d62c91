//! Spark SQL in strings: text with holes, parsed, with positions that lead back to the source.

mod expression;
mod text;

pub(crate) use expression::{Subqueries, column_expression};
use sqlparser::ast::{Expr, SelectItem, Statement};
use sqlparser::dialect::SparkSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};
pub(crate) use text::SqlText;

/// The most tokens of a text that is parsed: a chain of operators is as deep a tree as it is long.
const TOKENS: usize = 4_000;
/// The parser's own bound on nesting.
const NESTING: usize = 40;

/// Parsed SQL, and where its words stand.
#[derive(Debug)]
pub(crate) struct Parsed<'t> {
    pub(crate) text: &'t SqlText,
    /// Unquoted words in upper case with their first and last byte. In order.
    words: Vec<(String, u32, u32)>,
    lines: Vec<u32>,
}

impl<'t> Parsed<'t> {
    /// The one statement of a text. None where it does not parse.
    pub(crate) fn statement(text: &'t SqlText) -> Option<(Self, Statement)> {
        let (parsed, tokens) = Self::tokens(text)?;
        let mut parser = Parser::new(&SparkSqlDialect {})
            .with_recursion_limit(NESTING)
            .with_tokens_with_locations(tokens);
        let mut statements = parser.parse_statements().ok()?;
        let only = statements.pop().filter(|_| statements.is_empty())?;
        Some((parsed, only))
    }

    /// The one expression of a text, as `expr` takes it, and its name.
    pub(crate) fn expression(text: &'t SqlText) -> Option<(Expr, Option<String>)> {
        let (_, tokens) = Self::tokens(text)?;
        let mut parser = Parser::new(&SparkSqlDialect {})
            .with_recursion_limit(NESTING)
            .with_tokens_with_locations(tokens);
        let item = parser.parse_select_item().ok()?;
        if !matches!(parser.peek_token().token, Token::EOF) {
            return None;
        }
        match item {
            SelectItem::UnnamedExpr(expression) => Some((expression, None)),
            SelectItem::ExprWithAlias { expr, alias } => Some((expr, Some(alias.value))),
            _ => None,
        }
    }

    fn tokens(text: &'t SqlText) -> Option<(Self, Vec<TokenWithSpan>)> {
        let tokens =
            Tokenizer::new(&SparkSqlDialect {}, &text.text).tokenize_with_location().ok()?;
        if tokens.len() > TOKENS {
            return None;
        }
        let lines = std::iter::once(0)
            .chain(text.text.match_indices('\n').map(|(at, _)| at as u32 + 1))
            .collect();
        let mut parsed = Self { text, words: Vec::new(), lines };
        for token in &tokens {
            if let Token::Word(word) = &token.token
                && word.quote_style.is_none()
                && let Some((start, end)) = parsed.offsets(token.span)
            {
                parsed.words.push((word.value.to_ascii_uppercase(), start, end));
            }
        }
        Some((parsed, tokens))
    }

    /// First and last byte of a span, in the text. None for the parser's empty span.
    pub(crate) fn offsets(&self, span: Span) -> Option<(u32, u32)> {
        let start = self.offset(span.start)?;
        let end = self.offset(span.end)?;
        (start <= end).then_some((start, end))
    }

    fn offset(&self, location: Location) -> Option<u32> {
        let line = usize::try_from(location.line).ok()?.checked_sub(1)?;
        let column = usize::try_from(location.column).ok()?.checked_sub(1)?;
        let start = *self.lines.get(line)?;
        let rest = self.text.text.get(start as usize..)?;
        // Columns count characters.
        let inside = rest.char_indices().map(|it| it.0).nth(column).unwrap_or(rest.len());
        Some(start + inside as u32)
    }

    /// The last of `words` that stands before `offset`: the keyword of the clause that begins there.
    pub(crate) fn keyword_before(&self, words: &[&str], offset: u32) -> Option<(u32, u32)> {
        let end = self.words.partition_point(|word| word.1 < offset);
        let found = self.words[..end].iter().rev().find(|it| words.contains(&it.0.as_str()))?;
        Some((found.1, found.2))
    }

    /// The first of `words` that stands at or after `offset`.
    pub(crate) fn keyword_after(&self, words: &[&str], offset: u32) -> Option<(u32, u32)> {
        let start = self.words.partition_point(|word| word.1 < offset);
        let found = self.words[start..].iter().find(|it| words.contains(&it.0.as_str()))?;
        Some((found.1, found.2))
    }

    /// The tables that a hint (`/*+ BROADCAST(a, b) */`) asks to broadcast, in lower case.
    pub(crate) fn broadcast_hints(&self) -> Vec<String> {
        let mut tables = Vec::new();
        for (at, _) in self.text.text.match_indices("/*+") {
            let Some(hint) = self.text.text[at + 3..].split("*/").next() else { continue };
            let hint = hint.to_ascii_lowercase();
            for name in ["broadcastjoin", "broadcast", "mapjoin"] {
                let Some(after) = hint.split(name).nth(1) else { continue };
                let Some(list) = after.trim_start().strip_prefix('(') else { continue };
                let list = list.split(')').next().unwrap_or_default();
                tables.extend(list.split(',').map(|it| it.trim().to_owned()));
                break;
            }
        }
        tables
    }
}
