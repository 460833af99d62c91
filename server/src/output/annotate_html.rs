//! Sources with what their lines cost as one self-contained page: no script, nothing loaded from elsewhere, every name from source and log
//! escaped by the template. What a page holds is bounded; what is left out is said where it is.

mod line;
mod plan;
mod run;
mod source;

use std::io::{self, Write};

use maud::{Markup, html};

use super::annotation::Annotation;
use super::html_page;
use super::terminal::sanitize;

/// The look of what lines need beside what a run's page has.
const STYLE: &str = include_str!("annotate_html/style.css");

/// What a page may hold of all runs together, so that browsers open it.
const LINES: usize = 24_000;
const DETAILS: usize = 600;
const OPERATORS: usize = 9_000;

/// What is left of it.
#[derive(Debug)]
struct Budget {
    /// Source lines.
    lines: usize,
    /// Lines that open.
    details: usize,
    /// Operators in plans.
    operators: usize,
}

/// Writes the page.
pub(crate) fn write(out: &mut dyn Write, annotations: &[Annotation<'_>]) -> io::Result<()> {
    let names: Vec<String> =
        annotations.iter().map(|it| name(&it.run.profile.application.name)).collect();
    let title = match names.as_slice() {
        [one] => one.clone(),
        several => format!("{} runs", several.len()),
    };
    let runs = annotations.len().max(1);
    let sections: Vec<Markup> = annotations
        .iter()
        .enumerate()
        .map(|(at, annotation)| {
            // Each run has its part, so that the first does not take all.
            let mut budget = Budget {
                lines: LINES / runs,
                details: DETAILS / runs,
                operators: OPERATORS / runs,
            };
            run::section(annotation, at, &mut budget)
        })
        .collect();
    let body = html! {
        header {
            h1 { "What each line cost" }
            @if annotations.len() > 1 {
                nav {
                    @for (at, annotation) in annotations.iter().enumerate() {
                        a href={ "#run-" (at) } {
                            (names[at]) " "
                            span.range { (sanitize(&annotation.run.profile.application.id)) }
                        }
                    }
                }
            }
        }
        main { @for section in sections { (section) } }
    };
    out.write_all(html_page::page(&title, &[html_page::STYLE, STYLE], &body).as_bytes())
}

fn name(name: &str) -> String {
    match name.trim() {
        "" => "(no name)".to_owned(),
        name => sanitize(name).into_owned(),
    }
}

/// Where a line of the page is.
fn anchor(run: usize, file: usize, line: u32) -> String {
    format!("r{run}f{file}l{line}")
}
