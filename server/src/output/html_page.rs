//! What the HTML pages have in common.

use eventlog::PlanNode;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The look of a run's page, light and dark after the reader's own setting.
pub(super) const STYLE: &str = include_str!("log_html/style.css");

/// What stands between operators without doing anything that is measured apart.
const WRAPPERS: [&str; 6] = [
    "WholeStageCodegen",
    "InputAdapter",
    "AdaptiveSparkPlan",
    "ShuffleQueryStage",
    "BroadcastQueryStage",
    "ResultQueryStage",
];

/// A page that needs nothing but itself.
pub(super) fn page(title: &str, styles: &[&str], body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Nothing may run and nothing may be loaded, whatever a name in source or log says.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                meta name="color-scheme" content="light dark";
                title { (title) " · Stagelight" }
                @for style in styles { style { (PreEscaped(style)) } }
            }
            body { (body) }
        }
    };
    page.into_string()
}

/// What an operator wraps, where that is all it does.
pub(super) fn wrapped(node: &PlanNode) -> Option<&PlanNode> {
    match node.children.as_slice() {
        [child] if WRAPPERS.iter().any(|name| node.name.starts_with(name)) => Some(child),
        _ => None,
    }
}
