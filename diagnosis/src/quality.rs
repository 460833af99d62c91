//! What a log can and cannot tell, in words.

use eventlog::{Profile, Runtime};

/// Notes on the log's quality, one sentence each. There is always at least one: that the log is complete, if nothing is wrong.
#[must_use]
pub fn quality_notes(profile: &Profile) -> Vec<String> {
    let quality = &profile.quality;
    let mut notes = Vec::new();
    let mut note = |holds: bool, text: String| {
        if holds {
            notes.push(text);
        }
    };
    if let Some(truncated) = &quality.truncated {
        note(
            true,
            format!("the log is not whole ({truncated}): what is missing is counted nowhere"),
        );
    }
    note(
        !quality.has_application_start,
        "no application start: the log's front is missing, and so may be the work done there"
            .to_owned(),
    );
    note(
        !quality.has_application_end,
        "no application end: the run was still going or was killed, so durations reach to the last event".to_owned(),
    );
    note(quality.compacted, "compacted: Spark dropped finished jobs, their stages and SQL executions from its front, so totals are too low".to_owned());
    note(
        quality.missing_task_ends > 0,
        format!(
            "{} lost by Spark (a full listener queue drops events): sums and quantiles are too low",
            plural(quality.missing_task_ends, "task end was", "task ends were")
        ),
    );
    note(
        quality.malformed_lines > 0,
        format!(
            "{} no Spark event and left out{}",
            plural(quality.malformed_lines, "line is", "lines are"),
            match quality.first_malformed_line {
                Some(line) if quality.malformed_lines == 1 => format!(": line {line}"),
                Some(line) => format!(", from line {line} on"),
                None => String::new(),
            }
        ),
    );
    note(
        quality.oversized_lines > 0,
        format!(
            "{} too long and left out",
            plural(quality.oversized_lines, "line is", "lines are")
        ),
    );
    note(
        quality.cut_plans > 0,
        format!("{} too deep and cut below", plural(quality.cut_plans, "plan is", "plans are")),
    );
    note(
        quality.unfinished_executions > 0,
        format!(
            "{} no end: their metrics may be incomplete",
            plural(quality.unfinished_executions, "SQL execution has", "SQL executions have")
        ),
    );
    let measured = profile.stages.iter().any(|stage| stage.num_measured_tasks > 0);
    note(!measured, "no task carries metrics: nothing can be measured".to_owned());
    let approximate = profile
        .stages
        .iter()
        .filter(|stage| stage.task_summary.is_some_and(|summary| summary.approximate))
        .count() as u64;
    note(
        approximate > 0,
        format!(
            "task quantiles of {} approximate: to within 1.6 %, or without tasks that ended after their stage",
            plural(approximate, "stage are", "stages are")
        ),
    );
    if notes.is_empty() {
        notes.push("complete: every task that a finished stage announced has its end".to_owned());
    }
    if profile.application.spark_version.is_empty() {
        notes.push("the log does not say which version of Spark wrote it".to_owned());
    }
    for runtime in &quality.runtimes {
        notes.push(withheld(*runtime).to_owned());
    }
    let heaps = profile.executors.iter().any(|executor| executor.peak_jvm_heap_memory.is_some());
    // On a local master there never are any, which its own note implies.
    if !heaps && measured && !quality.local_master {
        notes.push(
            "no executor metrics: how much of its memory an executor used is not known".to_owned(),
        );
    }
    let cached = profile.stages.iter().any(|stage| stage.rdds.iter().any(|rdd| rdd.persisted));
    if cached && profile.cached_rdds.is_empty() {
        notes.push(
            "no block updates (spark.eventLog.logBlockUpdates.enabled): how much of what is cached stayed in storage is not known"
                .to_owned(),
        );
    }
    if quality.local_master {
        let master = profile.spark_properties.get("spark.master").map_or("local", String::as_str);
        notes.push(format!("master {master}: one machine ran driver and tasks, so times, shuffles and skew do not speak for a cluster"));
    }
    notes
}

fn withheld(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Connect => {
            "Spark Connect: the program ran in a client, so no call site in the log names its lines"
        }
        Runtime::Photon => {
            "Photon: its operators run outside the JVM, so CPU time, GC and spill of Spark's own metrics do not cover them"
        }
        Runtime::Rapids => {
            "RAPIDS: operators ran on GPUs, so task time includes waiting for one and CPU time does not show their work"
        }
    }
}

fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
