//! Every kind of diagnosis: what it says, for newcomers and for experts.

use crate::*;

/// A kind of diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its [`Diagnosis::id`].
    pub id: &'static str,
    /// What it says, in one clause.
    pub summary: &'static str,
    /// What it means, for people who meet it for the first time: the diagnosis' own explanation.
    pub newcomer: &'static str,
    /// When it is said, from which numbers, and what may mislead, for people who know Spark.
    pub expert: &'static str,
}

/// Every kind, by id.
pub const CATALOGUE: &[Kind] = &[
    Kind {
        id: "broadcast-candidate",
        summary: "a sort-merge join with a side that is small enough to be broadcast",
        newcomer: broadcast_candidate::EXPLANATION,
        expert: "`data size` of the exchanges below a SortMergeJoin: the small side up to 10 MiB, or 100 MiB against 10 GiB, or 1,000 MiB against 300 GiB; the \
                 large side from 64 MiB; a join type that can build from the small side. Sizes are serialized: the hash table takes more.",
    },
    Kind {
        id: "cold-start",
        summary: "the first stage waits for executors",
        newcomer: cold_start::EXPLANATION,
        expert: "First stage's submission to its first task's launch, from 30 s on, or from 20 s on where that is 10 % of the run.",
    },
    Kind {
        id: "disk-spill",
        summary: "tasks had more to sort or to aggregate than their memory held",
        newcomer: spill::EXPLANATION,
        expert: "`Disk Bytes Spilled` (compressed) of 256 MiB in a stage, or of 128 MiB and five times the median in one task. Stands under a skew, too few or \
                 too large partitions of the same stage, which cause it.",
    },
    Kind {
        id: "driver-gap",
        summary: "between jobs the cluster waits for the driver",
        newcomer: driver_gap::EXPLANATION,
        expert: "Gaps of at least 1 s between the union of the jobs' spans, together a tenth of the run. In a shell only gaps within SQL executions count. \
                 What lies before the first job and after the last is not counted.",
    },
    Kind {
        id: "executor-loss",
        summary: "executors that went away took tasks and shuffle files with them",
        newcomer: executor_loss::EXPLANATION,
        expert: "Executors removed for a reason that was not meant, with the time of tasks that ended as FetchFailed, ExecutorLostFailure or Resubmitted and of later \
                 attempts of stages that had been complete: from 30 s or 1 % of task time.",
    },
    Kind {
        id: "failed-tasks",
        summary: "tasks throw, and Spark runs them again or gives up",
        newcomer: failed_tasks::EXPLANATION,
        expert: "Task attempts that ended by an exception: more than 5 % of a stage's task ends, any with a Python line, or a stage that failed. Kills, lost \
                 executors and fetch failures are not counted here.",
    },
    Kind {
        id: "fetch-wait",
        summary: "tasks wait for shuffle blocks of other executors",
        newcomer: fetch_wait::EXPLANATION,
        expert: "`Fetch Wait Time` over a fifth of a stage's run time of at least 10 s. Time in which blocks arrive while rows are worked on is not in it.",
    },
    Kind {
        id: "few-partitions",
        summary: "a stage has fewer tasks than the cluster has cores for",
        newcomer: few_partitions::EXPLANATION,
        expert: "Fewer tasks than half the slots at that time, a longest task of at least 2 s, a stage of at least 1 % of the run. The saving splits each task into \
                 as many pieces as fill the slots.",
    },
    Kind {
        id: "garbage-collection",
        summary: "executors spend much of their tasks' time collecting garbage",
        newcomer: garbage_collection::EXPLANATION,
        expert: "`JVM GC Time` over a tenth of a stage's run time of at least 10 s. Each task counts the pauses of its whole JVM, as it does their share of its run \
                 time. Concurrent collection is not in it.",
    },
    Kind {
        id: "idle-cluster",
        summary: "much of the cores that the run held had nothing to do",
        newcomer: idle_cluster::EXPLANATION,
        expert: "Task time over Σ cores × lifetime of executors below 60 %, in runs of a minute or more, not on a local master.",
    },
    Kind {
        id: "idle-memory",
        summary: "executors have far more memory than they ever used",
        newcomer: idle_memory::EXPLANATION,
        expert: "The largest `JVMHeapMemory` of any executor below 70 % of spark.executor.memory (2 GiB or more), garbage collection below 3 % of at least 60 s of \
                 task time, no spill. Needs the peak of every executor (heartbeats of long tasks, or spark.eventLog.logStageExecutorMetrics); memory outside the heap \
                 is not in it.",
    },
    Kind {
        id: "ineffective-cache",
        summary: "what is cached is read by nothing, or is not in storage when it is read",
        newcomer: ineffective_cache::EXPLANATION,
        expert: "A persisted RDD that one stage alone has, or one scan of one adaptive plan, in a run without failures whose log is whole; or, where block updates are logged \
                 (spark.eventLog.logBlockUpdates.enabled), less than 90 % of whose computed partitions were stored at any one time. Without them the second is not \
                 observed.",
    },
    Kind {
        id: "join-explosion",
        summary: "far more rows come out of a join than went in",
        newcomer: join_explosion::EXPLANATION,
        expert: "`number of output rows` of an equi-join at least a million and ten times the larger side.",
    },
    Kind {
        id: "large-broadcast",
        summary: "a broadcast side is too large to be sent to every executor",
        newcomer: large_broadcast::EXPLANATION,
        expert: "`data size` of a BroadcastExchange of at least 256 MiB, or at least 10 s to collect, build and send it.",
    },
    Kind {
        id: "large-partitions",
        summary: "a task reads more than its memory can be expected to hold",
        newcomer: large_partitions::EXPLANATION,
        expert: "2 GiB of input or shuffle in one task, or more than 256 MiB in the mean of a shuffle of at least 1 GiB. A risk, not a time.",
    },
    Kind {
        id: "large-result",
        summary: "a job brings much data to the driver",
        newcomer: large_result::EXPLANATION,
        expert: "Σ `Result Size` of a job's last stages over 100 MiB, or over half of spark.driver.maxResultSize; what is collected for a broadcast is left out.",
    },
    Kind {
        id: "last-wave",
        summary: "a stage's last round of tasks leaves most cores without one",
        newcomer: last_wave::EXPLANATION,
        expert: "Two to five rounds of even tasks (quartiles within a factor of 1.5) whose last round loses more than a fifth of the stage's slots, and a wall time that \
                 confirms the rounds.",
    },
    Kind {
        id: "many-jobs",
        summary: "one line of the program starts many short jobs",
        newcomer: many_jobs::EXPLANATION,
        expert: "At least 50 jobs of one call site with a median below 1 s. Call sites that name no line of the program are left out.",
    },
    Kind {
        id: "nested-loop-join",
        summary: "a join compares every row of one side with every row of the other",
        newcomer: nested_loop_join::EXPLANATION,
        expert: "CartesianProduct or BroadcastNestedLoopJoin over at least ten million pairs of rows.",
    },
    Kind {
        id: "partition-skew",
        summary: "a few tasks take far longer because they have far more to read",
        newcomer: skew::EXPLANATION,
        expert: "At least 10 tasks, the longest three times the median, more than 5 s or worth a word in the run; at least half of the slow tasks' extra time explained \
                 by their shuffle bytes, input bytes or shuffle records over the median's. Adaptive coalescing can hide a skew within fewer tasks.",
    },
    Kind {
        id: "python-time",
        summary: "tasks wait for Python workers",
        newcomer: python_time::EXPLANATION,
        expert: "Spark 4: time to start, initialize and run Python workers over 30 % of a stage's run time. Spark 3: at least half of the run time is not the JVM's \
                 CPU time, in a stage that sends a mebibyte or more to Python; waiting for input counts into that.",
    },
    Kind {
        id: "recomputed-rdd",
        summary: "several jobs compute the same RDD, which nothing keeps",
        newcomer: recomputed_rdd::EXPLANATION,
        expert: "An RDD in stages of several jobs outside SQL that read files or a shuffle, not above or made of a persisted one; again for at least 1 s and 1 % of task \
                 time. Python pipelines get a new RDD for each action, so only their JVM parents are seen.",
    },
    Kind {
        id: "repeated-exchange",
        summary: "one plan shuffles the same rows twice",
        newcomer: repeated_exchange::EXPLANATION,
        expert: "Exchanges of at least 64 MiB in one final plan whose subtrees are equal but for expression ids, with metrics of their own.",
    },
    Kind {
        id: "repeated-scan",
        summary: "several executions read the same files with the same columns and filters",
        newcomer: repeated_scan::EXPLANATION,
        expert: "File scans of equal location, schema and filters in several root executions, again in stages of at least 1 % of task time; scans below a cached \
                 relation are not run. The stages do more than read.",
    },
    Kind {
        id: "selective-scan",
        summary: "a scan reads far more rows than a filter above it lets through",
        newcomer: selective_scan::EXPLANATION,
        expert: "A Filter directly above a file scan that keeps less than 1 % of at least a million rows. Whether the relation is partitioned is told by \
                 `number of partitions read`, whether the filter asks for partitions by `PartitionFilters`.",
    },
    Kind {
        id: "small-input-files",
        summary: "many input files of little content",
        newcomer: small_files::INPUT,
        expert: "More than 100 files of less than 3 MiB in the mean (`number of files read`, `size of files read`).",
    },
    Kind {
        id: "small-output-files",
        summary: "many output files of little content",
        newcomer: small_files::OUTPUT,
        expert: "More than 100 files of less than 3 MiB in the mean (`number of written files`, `written output`).",
    },
    Kind {
        id: "small-tasks",
        summary: "so many tasks of so little work that scheduling them is much of the cost",
        newcomer: small_tasks::EXPLANATION,
        expert: "Stages of at least 100 tasks with a median below 500 ms and none of 1 s, or with more than 20 % of the time of their slots spent before and after \
                 the tasks ran.",
    },
    Kind {
        id: "sort-fallback",
        summary: "aggregations ran out of memory for their keys and went on by sorting",
        newcomer: sort_fallback::EXPLANATION,
        expert: "`number of sort fallback tasks` of an aggregate above zero.",
    },
    Kind {
        id: "speculation-waste",
        summary: "speculative copies of tasks lose to the originals",
        newcomer: speculation_waste::EXPLANATION,
        expert: "At least 5 attempts killed because another succeeded, or speculative ones because their stage was over, after at least 60 s of task time together.",
    },
    Kind {
        id: "straggler",
        summary: "a few tasks take far longer although they have no more to read",
        newcomer: straggler::EXPLANATION,
        expert: "As a skew, from 5 s on, where what the slow tasks read explains less than half of their extra time; the cause is garbage collection, fetching or one \
                 host where half of it, or 60 % of the slow tasks, are theirs. CPU time is the JVM's, so it says nothing of Python.",
    },
    Kind {
        id: "uneven-shuffle",
        summary: "one task reads far more of a shuffle than the others do",
        newcomer: uneven_shuffle::EXPLANATION,
        expert: "At least 10 tasks, and a shuffle read above 256 MiB and five times the median, which is not nothing; where no skew in time is found.",
    },
];
