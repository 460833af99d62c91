//! `large-result`: a job brings much data to the driver.

use crate::format::bytes;
use crate::found::Found;
use crate::run::Run;
use crate::skew::float;
use crate::{Category, Measure};
use eventlog::StageAttempt;

/// Bytes of a job's results that are worth a word, and the share of the limit.
const BYTES: u64 = 100 << 20;
const SHARE: f64 = 0.5;

pub(crate) const EXPLANATION: &str = "collect, toPandas and their like send every row to the driver: one process on one machine. It receives, decodes and holds \
     them alone while the cluster waits, and the job fails when they exceed spark.driver.maxResultSize or the driver's memory.";

pub(crate) fn find(run: &Run<'_>) -> Vec<Found> {
    // `spark.driver.maxResultSize`, 1g where it is not set; 0 is no limit.
    let limit = run.size("spark.driver.maxResultSize", 1 << 30);
    let profile = run.profile;
    let jobs = profile.jobs.iter().filter_map(|job| {
        let stages: Vec<&StageAttempt> = profile
            .stages
            .iter()
            .filter(|stage| stage.job_ids.first() == Some(&job.job_id))
            // What is collected to be broadcast is a matter of the join that asks for it.
            .filter(|stage| stage.metrics.shuffle_write_records == 0 && !is_broadcast(stage))
            .collect();
        let size =
            stages.iter().map(|stage| stage.metrics.result_size).fold(0, u64::saturating_add);
        let share = if limit > 0 { float(size) / float(limit) } else { 0.0 };
        // Every task sends its metrics: some kilobytes of its result are not the program's.
        (size > BYTES || share > SHARE).then_some((job, stages, size, share))
    });
    jobs.map(|(job, stages, size, share)| {
        let site = &job.call_site.short;
        let at = if site.is_empty() { String::new() } else { format!(" ({site})") };
        Found::new("large-result", Category::Algorithm, EXPLANATION)
            .stages(run, &stages)
            .summary(format!("job {}{at} brings {} of results to the driver", job.job_id, bytes(size)))
            .measure(Measure::of("result size", size, "bytes"))
            .measure(Measure { name: "share of spark.driver.maxResultSize", value: share, unit: "share" })
            .advice("write the rows instead of collecting them, aggregate or limit before, or take them piece by piece with toLocalIterator")
    })
    .collect()
}

fn is_broadcast(stage: &StageAttempt) -> bool {
    ["BroadcastExchangeExec", "withThreadLocalCaptured"]
        .iter()
        .any(|word| stage.details.contains(word) || stage.name.contains(word))
}
