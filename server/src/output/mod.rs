//! Output: one format per file.

pub(crate) mod annotate_json;
pub(crate) mod annotate_text;
pub(crate) mod annotation;
pub(crate) mod check_concise;
pub(crate) mod check_full;
pub(crate) mod check_github;
pub(crate) mod check_json;
pub(crate) mod check_sarif;
pub(crate) mod json;
pub(crate) mod log_html;
pub(crate) mod log_json;
pub(crate) mod log_live;
pub(crate) mod log_text;
pub(crate) mod markdown;
pub(crate) mod model;
pub(crate) mod model_json;
pub(crate) mod model_text;
pub(crate) mod position;
pub(crate) mod quality;
pub(crate) mod report;
pub(crate) mod style;
pub(crate) mod terminal;
pub(crate) mod what_if;
pub(crate) mod what_if_json;
pub(crate) mod what_if_text;
