//! What made the run slow: a card for each cause, its symptoms inside.

use analysis::units::{bytes, count, duration_ms};
use diagnosis::{Category, Diagnosis, Measure, SavingModel};
use eventlog::Profile;
use maud::{Markup, html};

/// Links of one diagnosis to its stages; a diagnosis of more names the rest.
const LINKS: usize = 12;

pub(super) fn section(profile: &Profile, diagnoses: &[Diagnosis]) -> Markup {
    let wall = profile.application.duration_ms();
    html! {
        section #diagnoses {
            h2 { "What made it slow" }
            @if diagnoses.is_empty() {
                p { "Nothing in this log is slow enough, or clear enough, to be named." }
            }
            @for (at, cause) in diagnoses.iter().enumerate().filter(|(_, it)| it.caused_by.is_none()) {
                article class={ "card " (category(cause.category)) } {
                    (card(cause, wall))
                    @for symptom in diagnoses.iter().filter(|it| it.caused_by == Some(at)) {
                        div.symptom { p.hint { "and, because of it:" } (card(symptom, wall)) }
                    }
                }
            }
        }
    }
}

fn card(diagnosis: &Diagnosis, wall: u64) -> Markup {
    html! {
        h3 {
            span.badge { (category(diagnosis.category)) } " " code { (diagnosis.id) }
            @if let Some((low, high)) = diagnosis.saving_ms {
                span.saving title=(model(diagnosis.saving_model)) { (saving(low, high)) }
            }
        }
        p.summary { (diagnosis.summary) }
        p.advice { (diagnosis.advice) }
        @if let Some((low, high)) = diagnosis.saving_ms {
            (saving_bar(low, high, wall))
        }
        details {
            summary { "Why, and the numbers" }
            p { (diagnosis.explanation) }
            table.evidence { tbody {
                @for measure in &diagnosis.evidence {
                    tr { td { (measure.name) } td.n { (value(measure)) } }
                }
            } }
            @if !diagnosis.stages.is_empty() {
                p {
                    "Stages: "
                    @for (stage, attempt) in diagnosis.stages.iter().take(LINKS) {
                        a href={ "#stage-" (stage) "-" (attempt) } { (super::stages::label(*stage, *attempt)) } " "
                    }
                    @if diagnosis.stages.len() > LINKS { "and " (diagnosis.stages.len() - LINKS) " more" }
                }
            }
            @if !diagnosis.executions.is_empty() {
                p {
                    "SQL executions: "
                    @for execution in diagnosis.executions.iter().take(LINKS) {
                        a href={ "#execution-" (execution) } { (execution) } " "
                    }
                    @if diagnosis.executions.len() > LINKS { "and " (diagnosis.executions.len() - LINKS) " more" }
                }
            }
        }
    }
}

/// What a saving was worked out by: no log measures it.
pub(crate) fn model(model: SavingModel) -> &'static str {
    match model {
        SavingModel::Bound => "modelled, from bounds of what is left",
        SavingModel::Replay => "modelled, by a replay of the whole run",
    }
}

pub(crate) fn saving(low: u64, high: u64) -> String {
    if low == 0 {
        format!("saves up to {}", duration_ms(high))
    } else if low == high {
        format!("saves {}", duration_ms(high))
    } else {
        format!("saves {} to {}", duration_ms(low), duration_ms(high))
    }
}

/// What is saved, as a part of the run's wall time.
pub(crate) fn saving_bar(low: u64, high: u64, wall: u64) -> Markup {
    #[expect(clippy::cast_precision_loss, reason = "a share in percent")]
    let share = |ms: u64| (ms as f64 * 100.0 / wall.max(1) as f64).min(100.0);
    html! {
        div.bar title={ "of " (duration_ms(wall)) " wall time" } {
            div.high style=(format!("width:{:.1}%", share(high))) {}
            div.low style=(format!("width:{:.1}%", share(low))) {}
        }
    }
}

pub(crate) fn value(measure: &Measure) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "measures are not negative"
    )]
    let whole = measure.value as u64;
    match measure.unit {
        "ms" => duration_ms(whole),
        "bytes" => bytes(whole),
        "share" => format!("{:.1} %", measure.value * 100.0),
        "ratio" => format!("{:.1}×", measure.value),
        unit => format!("{} {unit}", count(whole)),
    }
}

pub(crate) fn category(category: Category) -> &'static str {
    match category {
        Category::Resource => "resource",
        Category::Data => "data",
        Category::Algorithm => "algorithm",
    }
}
