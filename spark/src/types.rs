//! The vocabulary of the API table: languages, the types a receiver can have, and what a call asks Spark to do.

/// A source language that Stagelight reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// PySpark.
    Python,
    /// Scala 2.12, 2.13 and 3.
    Scala,
}

/// A type of Spark's API that a value can have. Python's and Scala's classes share one entry where they play one role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// `SparkSession`, and `SQLContext`/`HiveContext` of old code.
    Session,
    /// `SparkSession.builder`.
    SessionBuilder,
    /// `SparkContext`.
    Context,
    /// `SparkConf` and `spark.conf` (`RuntimeConfig`).
    Conf,
    /// `DataFrameReader`.
    Reader,
    /// `DataFrameWriter`.
    Writer,
    /// `DataFrameWriterV2`.
    WriterV2,
    /// `DataStreamReader`.
    StreamReader,
    /// `DataStreamWriter`.
    StreamWriter,
    /// `StreamingQuery`.
    StreamingQuery,
    /// `DataFrame` and `Dataset[T]`.
    DataFrame,
    /// `GroupedData` and `RelationalGroupedDataset`.
    GroupedData,
    /// `KeyValueGroupedDataset` (Scala's typed `Dataset.groupByKey`).
    KeyValueGrouped,
    /// `RDD`, pair operations included.
    Rdd,
    /// `Column`.
    Column,
    /// `Window` and `WindowSpec`.
    Window,
    /// `Broadcast` (a broadcast variable, not a broadcast hint).
    Broadcast,
    /// `Accumulator` and `AccumulatorV2`.
    Accumulator,
    /// `Catalog`.
    Catalog,
    /// A user-defined function made by `udf(…)`.
    UserDefinedFunction,
    /// `DataFrameNaFunctions` (`df.na`).
    NaFunctions,
    /// `DataFrameStatFunctions` (`df.stat`).
    StatFunctions,
    /// `PandasCogroupedOps` (`df.groupBy(…).cogroup(…)` of PySpark).
    CoGrouped,
    /// `RDDBarrier` (`rdd.barrier()`).
    RddBarrier,
    /// `spark.udf`, `spark.udtf` and `spark.dataSource`: the places where a session's functions and sources are registered.
    Registration,
    /// `StreamingQueryManager` (`spark.streams`).
    StreamingQueryManager,
    /// `TableValuedFunction` (`spark.tvf`).
    TableFunctions,
    /// `MergeIntoWriter` (`df.mergeInto(…)`).
    MergeIntoWriter,
    /// What `whenMatched`, `whenNotMatched` and `whenNotMatchedBySource` of a `MergeIntoWriter` give.
    MergeClause,
    /// `Observation`: metrics of a dataset, to be asked once an action has run over it.
    Observation,
    /// An MLlib estimator: `fit` makes a model of a dataset.
    Estimator,
    /// An MLlib transformer, models included: `transform` adds columns to a dataset.
    Transformer,
    /// An MLlib evaluator: `evaluate` makes a number of a dataset.
    Evaluator,
    /// MLlib's statistics of a dataset: `Correlation`, `ChiSquareTest`, `Summarizer`.
    MlStatistics,
    /// `MLReader`.
    MlReader,
    /// `MLWriter`.
    MlWriter,
    /// The module `pyspark.pandas`.
    Pandas,
    /// `DataFrame` and `Series` of `pyspark.pandas`.
    PandasFrame,
}

impl Type {
    /// Every type, in the order of the enumeration.
    pub const ALL: [Type; 38] = [
        Type::Session,
        Type::SessionBuilder,
        Type::Context,
        Type::Conf,
        Type::Reader,
        Type::Writer,
        Type::WriterV2,
        Type::StreamReader,
        Type::StreamWriter,
        Type::StreamingQuery,
        Type::DataFrame,
        Type::GroupedData,
        Type::KeyValueGrouped,
        Type::Rdd,
        Type::Column,
        Type::Window,
        Type::Broadcast,
        Type::Accumulator,
        Type::Catalog,
        Type::UserDefinedFunction,
        Type::NaFunctions,
        Type::StatFunctions,
        Type::CoGrouped,
        Type::RddBarrier,
        Type::Registration,
        Type::StreamingQueryManager,
        Type::TableFunctions,
        Type::MergeIntoWriter,
        Type::MergeClause,
        Type::Observation,
        Type::Estimator,
        Type::Transformer,
        Type::Evaluator,
        Type::MlStatistics,
        Type::MlReader,
        Type::MlWriter,
        Type::Pandas,
        Type::PandasFrame,
    ];

    /// The name used in the API table and in the text form of a program; the same word as the variant.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Type::Session => "Session",
            Type::SessionBuilder => "SessionBuilder",
            Type::Context => "Context",
            Type::Conf => "Conf",
            Type::Reader => "Reader",
            Type::Writer => "Writer",
            Type::WriterV2 => "WriterV2",
            Type::StreamReader => "StreamReader",
            Type::StreamWriter => "StreamWriter",
            Type::StreamingQuery => "StreamingQuery",
            Type::DataFrame => "DataFrame",
            Type::GroupedData => "GroupedData",
            Type::KeyValueGrouped => "KeyValueGrouped",
            Type::Rdd => "Rdd",
            Type::Column => "Column",
            Type::Window => "Window",
            Type::Broadcast => "Broadcast",
            Type::Accumulator => "Accumulator",
            Type::Catalog => "Catalog",
            Type::UserDefinedFunction => "UserDefinedFunction",
            Type::NaFunctions => "NaFunctions",
            Type::StatFunctions => "StatFunctions",
            Type::CoGrouped => "CoGrouped",
            Type::RddBarrier => "RddBarrier",
            Type::Registration => "Registration",
            Type::StreamingQueryManager => "StreamingQueryManager",
            Type::TableFunctions => "TableFunctions",
            Type::MergeIntoWriter => "MergeIntoWriter",
            Type::MergeClause => "MergeClause",
            Type::Observation => "Observation",
            Type::Estimator => "Estimator",
            Type::Transformer => "Transformer",
            Type::Evaluator => "Evaluator",
            Type::MlStatistics => "MlStatistics",
            Type::MlReader => "MlReader",
            Type::MlWriter => "MlWriter",
            Type::Pandas => "Pandas",
            Type::PandasFrame => "PandasFrame",
        }
    }

    /// Whether a value of this type is distributed data: a version in the lineage.
    #[must_use]
    pub fn is_dataset(self) -> bool {
        matches!(self, Type::DataFrame | Type::Rdd | Type::GroupedData | Type::KeyValueGrouped)
    }
}

/// What a call asks Spark to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// Builds or configures: sessions, readers, writers, options. No job.
    Configure,
    /// Makes a dataset from outside data (`read.parquet`, `table`, `textFile`, `createDataFrame`, `range`).
    Read,
    /// A transformation without a shuffle of its own.
    Narrow,
    /// A transformation that shuffles (or may: a join can be a broadcast join).
    Wide,
    /// `repartition`, `repartitionByRange`, `coalesce`, `partitionBy` of an RDD.
    Repartition,
    /// Runs a job and brings something to the driver.
    Action,
    /// Runs a job and writes its rows outside the driver.
    Write,
    /// `cache`, `persist`.
    Persist,
    /// `unpersist`.
    Unpersist,
    /// `checkpoint`, `localCheckpoint`.
    Checkpoint,
    /// `broadcast(df)` and `hint("broadcast")`.
    BroadcastHint,
    /// Runs a text of SQL (`spark.sql`).
    Sql,
    /// Names a dataset (`createOrReplaceTempView`).
    View,
    /// Starts a streaming query.
    StreamStart,
    /// Makes or changes a column expression. No job.
    Expression,
    /// Asks about a dataset without a job (`columns`, `schema`, `explain`, `printSchema`).
    Metadata,
    /// Anything else of Spark's API.
    Other,
}

impl Effect {
    /// Every effect, in the order of the enumeration.
    pub const ALL: [Effect; 17] = [
        Effect::Configure,
        Effect::Read,
        Effect::Narrow,
        Effect::Wide,
        Effect::Repartition,
        Effect::Action,
        Effect::Write,
        Effect::Persist,
        Effect::Unpersist,
        Effect::Checkpoint,
        Effect::BroadcastHint,
        Effect::Sql,
        Effect::View,
        Effect::StreamStart,
        Effect::Expression,
        Effect::Metadata,
        Effect::Other,
    ];

    /// The word used in the API table and in the text form of a program.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Effect::Configure => "configure",
            Effect::Read => "read",
            Effect::Narrow => "narrow",
            Effect::Wide => "wide",
            Effect::Repartition => "repartition",
            Effect::Action => "action",
            Effect::Write => "write",
            Effect::Persist => "persist",
            Effect::Unpersist => "unpersist",
            Effect::Checkpoint => "checkpoint",
            Effect::BroadcastHint => "broadcast-hint",
            Effect::Sql => "sql",
            Effect::View => "view",
            Effect::StreamStart => "stream-start",
            Effect::Expression => "expression",
            Effect::Metadata => "metadata",
            Effect::Other => "other",
        }
    }

    /// Whether the call itself runs at least one Spark job: an action or a write.
    #[must_use]
    pub fn runs_jobs(self) -> bool {
        matches!(self, Effect::Action | Effect::Write)
    }
}

/// What a call evaluates to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A value of Spark's API.
    Spark(Type),
    /// A value of the driver's language: rows, numbers, strings.
    Local,
    /// Nothing.
    Unit,
}
