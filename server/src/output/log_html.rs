//! A run as one self-contained page: no script, nothing loaded from elsewhere, every name from the log escaped by the template.

pub(crate) mod diagnoses;
mod plans;
mod stages;
mod timeline;

use std::io::{self, Write};

use analysis::units::{bytes, count, duration_ms};
use diagnosis::{Diagnosis, quality_notes};
use eventlog::Profile;
use maud::{Markup, html};

use super::html_page;

/// Executors and settings that are listed; a page of more is read by nobody.
const ROWS: usize = 500;

/// Writes the page.
pub(crate) fn write(
    out: &mut dyn Write,
    profile: &Profile,
    diagnoses: &[Diagnosis],
) -> io::Result<()> {
    let name = match profile.application.name.trim() {
        "" => "(no name)",
        name => name,
    };
    let body = html! {
        header {
            h1 { (name) }
            (overview(profile))
            ul.notes { @for note in quality_notes(profile) { li { (note) } } }
            nav {
                @for (id, title) in [
                    ("diagnoses", "Diagnoses"),
                    ("timeline", "Timeline"),
                    ("stages", "Stages"),
                    ("sql", "SQL"),
                    ("executors", "Executors"),
                    ("configuration", "Configuration"),
                ] {
                    a href={ "#" (id) } { (title) }
                }
            }
        }
        main {
            (diagnoses::section(profile, diagnoses))
            (timeline::section(profile))
            (stages::section(profile, diagnoses))
            (plans::section(profile))
            (executors(profile))
            (configuration(profile))
        }
    };
    out.write_all(html_page::page(name, &[html_page::STYLE], &body).as_bytes())
}

fn overview(profile: &Profile) -> Markup {
    let application = &profile.application;
    let cores: u64 = profile.executors.iter().map(|executor| u64::from(executor.total_cores)).sum();
    let metrics = || profile.stages.iter().map(|stage| &stage.metrics);
    let input: u64 = metrics().map(|it| it.input_bytes).fold(0, u64::saturating_add);
    let shuffle: u64 = metrics().map(|it| it.shuffle_write_bytes).fold(0, u64::saturating_add);
    let spill: u64 = metrics().map(|it| it.disk_bytes_spilled).fold(0, u64::saturating_add);
    let facts = [
        ("wall time", duration_ms(application.duration_ms())),
        ("task time", duration_ms(profile.task_time_ms())),
        ("executors", count(profile.executors.len() as u64)),
        ("cores", count(cores)),
        ("jobs", count(profile.jobs.len() as u64)),
        ("stage attempts", count(profile.stages.len() as u64)),
        ("SQL executions", count(profile.executions.len() as u64)),
        ("input", bytes(input)),
        ("shuffled", bytes(shuffle)),
        ("spilled to disk", bytes(spill)),
    ];
    html! {
        p.identity {
            (application.id)
            @if !application.spark_version.is_empty() { " · Spark " (application.spark_version) }
        }
        dl.facts {
            @for (what, value) in facts { div { dt { (what) } dd { (value) } } }
        }
    }
}

fn executors(profile: &Profile) -> Markup {
    let share = |id: &str| {
        let shares = profile.stages.iter().filter_map(|stage| stage.executor_shares.get(id));
        shares.fold((0, 0_u64), |(tasks, time), share| {
            (tasks + share.tasks, time.saturating_add(share.task_time))
        })
    };
    html! {
        section #executors {
            h2 { "Executors" }
            div.wide { table {
                thead { tr {
                    th { "id" } th { "host" } th.n { "cores" } th.n { "tasks" } th.n { "task time" } th.n { "storage and execution memory" }
                    th.n { "largest heap seen" } th { "removed" }
                } }
                tbody {
                    @for executor in profile.executors.iter().take(ROWS) {
                        @let (tasks, time) = share(&executor.id);
                        tr {
                            td { (executor.id) } td { (executor.host) } td.n { (executor.total_cores) }
                            td.n { (count(tasks)) } td.n { (duration_ms(time)) }
                            td.n { @if let Some(memory) = executor.max_memory { (bytes(memory)) } }
                            td.n { @if let Some(heap) = executor.peak_jvm_heap_memory { (bytes(heap)) } }
                            td { (executor.removed_reason.as_deref().unwrap_or_default()) }
                        }
                    }
                }
            } }
            (more(profile.executors.len()))
        }
    }
}

fn configuration(profile: &Profile) -> Markup {
    html! {
        section #configuration {
            h2 { "Configuration" }
            p.hint { "What the log says was set. Everything else had Spark's default." }
            details {
                summary { (count(profile.spark_properties.len() as u64)) " settings" }
                table {
                    tbody {
                        @for (key, value) in profile.spark_properties.iter().take(ROWS) {
                            tr { td { code { (key) } } td.value { (value) } }
                        }
                    }
                }
                (more(profile.spark_properties.len()))
            }
        }
    }
}

/// Says how many rows are not shown.
fn more(rows: usize) -> Markup {
    html! {
        @if rows > ROWS { p.hint { "and " (count((rows - ROWS) as u64)) " more" } }
    }
}
