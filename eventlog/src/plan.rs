//! `SparkPlanInfo` to a [`PlanNode`], without recursion: plans of iterative jobs nest deeper than a JSON reader's stack allows.

use crate::events::{Map, Number, Text};
use crate::profile::{PlanMetric, PlanNode};
use crate::texts::Texts;
use arcstr::ArcStr;
use serde::Deserialize;

/// Deepest node that is kept. Dropping and comparing a tree recurses, and Spark itself gives up on plans of this depth.
const MAX_DEPTH: usize = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(default)]
    accumulator_id: Number,
    #[serde(borrow, default)]
    metric_type: Text<'a>,
}

/// Accumulators of the metrics of an adaptive metric update.
pub(crate) fn accumulators(json: &[u8]) -> Option<Vec<u64>> {
    let metrics: Vec<Metric<'_>> = serde_json::from_slice(json).ok()?;
    Some(metrics.iter().map(|metric| metric.accumulator_id.unsigned()).collect())
}

/// Metrics of a `SparkPlanInfo`.
fn metrics(json: &[u8], texts: &mut Texts) -> Option<Vec<PlanMetric>> {
    let metrics: Vec<Metric<'_>> = serde_json::from_slice(json).ok()?;
    let mut exact = Vec::with_capacity(metrics.len());
    exact.extend(metrics.iter().map(|metric| PlanMetric {
        name: texts.of(&metric.name.0),
        accumulator_id: metric.accumulator_id.unsigned(),
        kind: texts.of(&metric.metric_type.0),
    }));
    Some(exact)
}

/// Reads a plan from JSON that is known to be well formed. The flag says that nodes below [`MAX_DEPTH`] were left out.
pub(crate) fn read(json: &[u8], texts: &mut Texts) -> Option<(PlanNode, bool)> {
    let mut walk = Walk { json, at: 0 };
    let mut cut = false;
    // Nodes from the root to the one being read.
    let mut open: Vec<PlanNode> = Vec::new();
    walk.expect(b'{')?;
    open.push(PlanNode::default());
    loop {
        match walk.next()? {
            b',' => {}
            b'"' => {
                walk.at -= 1;
                let key = walk.value()?;
                walk.expect(b':')?;
                if key == b"\"children\"" && walk.peek()? == b'[' {
                    walk.at += 1;
                    continue;
                }
                let value = walk.value()?;
                let node = open.last_mut()?;
                match key {
                    b"\"nodeName\"" => node.name = text(value, texts)?,
                    b"\"simpleString\"" => node.simple_string = text(value, texts)?,
                    b"\"metadata\"" => node.metadata = serde_json::from_slice::<Map>(value).ok()?.0,
                    b"\"metrics\"" => node.metrics = metrics(value, texts)?,
                    _ => {}
                }
            }
            // A child, since values of other keys are taken whole.
            b'{' if open.len() >= MAX_DEPTH => {
                walk.at -= 1;
                walk.value()?;
                cut = true;
            }
            b'{' => open.push(PlanNode::default()),
            // The end of a list of children.
            b']' => {}
            b'}' => {
                let mut node = open.pop()?;
                // Most nodes have one child.
                node.children.shrink_to_fit();
                match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None => return Some((node, cut)),
                }
            }
            _ => return None,
        }
    }
}

fn text(json: &[u8], texts: &mut Texts) -> Option<ArcStr> {
    serde_json::from_slice::<Text<'_>>(json).ok().map(|text| texts.of(&text.0))
}

/// A position in well-formed JSON.
struct Walk<'a> {
    json: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    fn peek(&mut self) -> Option<u8> {
        while self.json.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.json.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    /// The value that starts here, whole.
    fn value(&mut self) -> Option<&'a [u8]> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'"' => self.string()?,
            b'{' | b'[' => {
                let mut depth = 0usize;
                loop {
                    match self.json.get(self.at)? {
                        b'"' => {
                            self.string()?;
                            continue;
                        }
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth -= 1,
                        _ => {}
                    }
                    self.at += 1;
                    if depth == 0 {
                        break;
                    }
                }
            }
            _ => {
                while !matches!(self.json.get(self.at), None | Some(b',' | b'}' | b']')) {
                    self.at += 1;
                }
            }
        }
        Some(&self.json[start..self.at])
    }

    /// Steps over the string that starts here.
    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            self.at += memchr::memchr2(b'"', b'\\', self.json.get(self.at..)?)?;
            if self.json[self.at] == b'"' {
                self.at += 1;
                return Some(());
            }
            self.at += 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_keeps_its_order_and_its_escapes() {
        let json = r#"{"nodeName":"Join","simpleString":"a \"q\\\" [ {","children":[ {"nodeName":"L","simpleString":"","children":[{"nodeName":"LL","simpleString":"","children":[],"metadata":{},"metrics":[]}],"metadata":{"Location":"x, [1]"},"metrics":[]}, {"nodeName":"R","children":[],"future":[{"a":[1]}]}],"metadata":{},"metrics":[{"name":"number of output rows","accumulatorId":7,"metricType":"sum"}]}"#;
        let (plan, cut) = read(json.as_bytes(), &mut Texts::default()).unwrap();
        let names: Vec<_> = plan.preorder().iter().map(|node| node.name.clone()).collect();
        assert_eq!((names.join(" ").as_str(), cut), ("Join L LL R", false));
        assert_eq!(plan.simple_string, r#"a "q\" [ {"#);
        assert_eq!(plan.children[0].metadata["Location"], "x, [1]");
        assert_eq!((plan.metrics[0].accumulator_id, plan.metrics[0].kind.as_str()), (7, "sum"));
    }

    #[test]
    fn a_deep_plan_is_cut_and_says_so() {
        let deep = |depth: usize| {
            format!(
                "{}{}",
                r#"{"nodeName":"Project","children":["#.repeat(depth),
                "]}".repeat(depth)
            )
        };
        let (plan, cut) = read(deep(600).as_bytes(), &mut Texts::default()).unwrap();
        assert_eq!((plan.preorder().len(), cut), (600, false));
        let (plan, cut) = read(deep(200_000).as_bytes(), &mut Texts::default()).unwrap();
        assert_eq!((plan.preorder().len(), cut), (MAX_DEPTH, true));
    }

    #[test]
    fn what_is_no_plan_is_none() {
        for json in
            ["", "[]", "null", "{", r#"{"nodeName":1"#, r#"{"a":"#, r#"{"children":[1]}"#, "}"]
        {
            assert!(read(json.as_bytes(), &mut Texts::default()).is_none(), "{json}");
        }
    }
}
