//! `small-input-files` and `small-output-files`: many files of little content.

use crate::format::{bytes, time};
use crate::found::Found;
use crate::run::{Run, metric};
use crate::{Category, Measure};
use eventlog::SqlExecution;

/// Files, and their mean bytes, from and below which they are worth a word.
const FILES: u64 = 100;
const SMALL: u64 = 3 << 20;

/// What a file should hold.
const WANTED: u64 = 128 << 20;

pub(crate) const INPUT: &str = "Each file has to be found, opened and its metadata read before the first row comes out of it, and a request to an object store takes \
     as long for a kilobyte as for a megabyte. With many small files that is most of the work.";

pub(crate) const OUTPUT: &str = "Each task writes a file of its own, and with partitionBy one for every partition value that it meets. Many tasks with few rows leave \
     many small files, which everybody who reads them pays for.";

pub(crate) fn find(run: &Run<'_>, execution: &SqlExecution) -> Vec<Found> {
    let mut found = Vec::new();
    for node in execution.plan.preorder() {
        let number = |name: &str| metric(execution, node, name);
        if let (Some(files), Some(size)) =
            (number("number of files read"), number("size of files read"))
        {
            let mean = size / files.max(1);
            if files > FILES && mean < SMALL {
                let listing = number("metadata time").unwrap_or(0);
                found.push(
                    Found::of_execution("small-input-files", Category::Data, execution, &run.stages_of(node), INPUT)
                        .operator(execution, node)
                        .summary(format!(
                            "execution {} reads {files} files of {} in the mean; listing them took {}",
                            execution.execution_id,
                            bytes(mean),
                            time(listing)
                        ))
                        .measure(Measure::of("files read", files, "files"))
                        .measure(Measure::of("bytes of them", size, "bytes"))
                        .measure(Measure::of("mean file", mean, "bytes"))
                        .measure(Measure::of("metadata time", listing, "ms"))
                        .advice(format!(
                            "have them compacted where they are written: about {} of {} each hold the same",
                            size.div_ceil(WANTED).max(1),
                            bytes(WANTED)
                        )),
                );
            }
        }
        if let (Some(files), Some(size)) =
            (number("number of written files"), number("written output"))
        {
            let mean = size / files.max(1);
            if files > FILES && mean < SMALL {
                let parts = number("number of dynamic part").unwrap_or(0);
                let advice = if parts > 1 {
                    "repartition by the columns of partitionBy before the write, so that one task holds each value's rows"
                } else {
                    "coalesce or repartition to fewer partitions before the write"
                };
                found.push(
                    Found::of_execution(
                        "small-output-files",
                        Category::Data,
                        execution,
                        &run.stages_of(node),
                        OUTPUT,
                    )
                    .operator(execution, node)
                    .summary(format!(
                        "execution {} writes {files} files of {} in the mean",
                        execution.execution_id,
                        bytes(mean)
                    ))
                    .measure(Measure::of("files written", files, "files"))
                    .measure(Measure::of("bytes of them", size, "bytes"))
                    .measure(Measure::of("mean file", mean, "bytes"))
                    .measure(Measure::of("partition values", parts, "partitions"))
                    .advice(format!(
                        "{advice}: about {} files of {} hold the same",
                        size.div_ceil(WANTED).max(1),
                        bytes(WANTED)
                    )),
                );
            }
        }
    }
    found
}
