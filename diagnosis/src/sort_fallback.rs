//! `sort-fallback`: aggregations ran out of memory for their hash table and went on by sorting.

use crate::found::Found;
use crate::run::{Run, metric};
use crate::{Category, Measure};
use eventlog::SqlExecution;

pub(crate) const EXPLANATION: &str = "A grouping keeps one entry for each key in a hash table. When the table no longer fits into the task's memory, Spark writes it to disk \
     and goes on by sorting all rows, which is far slower.";

pub(crate) fn find(run: &Run<'_>, execution: &SqlExecution) -> Vec<Found> {
    let nodes = execution.plan.preorder();
    let fell = nodes.iter().filter_map(|node| {
        let tasks =
            metric(execution, node, "number of sort fallback tasks").filter(|tasks| *tasks > 0)?;
        Some((*node, tasks))
    });
    fell.map(|(node, tasks)| {
        Found::of_execution("sort-fallback", Category::Resource, execution, &run.stages_of(node), EXPLANATION)
            .operator(execution, node)
            .summary(format!(
                "execution {}: {tasks} tasks of a {} ran out of memory for their keys and sorted instead",
                execution.execution_id, node.name
            ))
            .measure(Measure::of("tasks that fell back", tasks, "tasks"))
            .advice("more and smaller partitions for this aggregation (spark.sql.shuffle.partitions), or more memory per core")
    })
    .collect()
}
