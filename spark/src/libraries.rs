//! Libraries around Spark whose objects give Spark values, or have methods by the same names: what their members are.

use crate::Type;

/// A class of a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Library {
    /// `awsglue.context.GlueContext`, a session with methods of its own.
    GlueContext,
    /// `awsglue.dynamicframe.DynamicFrame`, and the readers and writers of it.
    DynamicFrame,
    /// `pyspark.pandas`, and Koalas before it: pandas' interface, whose methods are not those of a dataset.
    PandasOnSpark,
    /// `delta.tables.DeltaTable`.
    DeltaTable,
    /// What `DeltaTable.merge` gives.
    DeltaMerge,
    /// `graphframes.GraphFrame`.
    GraphFrame,
    /// The streams of `pyspark.streaming`, and their context.
    DiscretizedStream,
    /// `dbutils` of Databricks notebooks.
    Dbutils,
}

/// What a member of a library is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LibraryMember {
    /// A value of Spark's.
    Spark(Type),
    /// Another object of a library.
    Object(Library),
    /// A value of the language.
    Local,
}

/// The class that an import's path names.
#[must_use]
pub fn library_class(path: &str) -> Option<Library> {
    Some(match path {
        "awsglue.context.GlueContext" => Library::GlueContext,
        "awsglue.dynamicframe.DynamicFrame" | "awsglue.DynamicFrame" => Library::DynamicFrame,
        "delta.tables.DeltaTable" | "delta.DeltaTable" | "io.delta.tables.DeltaTable" => {
            Library::DeltaTable
        }
        "graphframes.GraphFrame" | "org.graphframes.GraphFrame" => Library::GraphFrame,
        "pyspark.streaming.StreamingContext" | "org.apache.spark.streaming.StreamingContext" => {
            Library::DiscretizedStream
        }
        "pyspark.dbutils.DBUtils" => Library::Dbutils,
        "pyspark.pandas.DataFrame"
        | "pyspark.pandas.Series"
        | "databricks.koalas.DataFrame"
        | "databricks.koalas.Series" => Library::PandasOnSpark,
        _ => return None,
    })
}

/// What a call of an imported function, class or static method gives, by its full path.
#[must_use]
pub fn library_call(path: &str) -> Option<LibraryMember> {
    if let Some(library) = library_class(path) {
        return Some(LibraryMember::Object(library));
    }
    if path.starts_with("pyspark.pandas.") || path.starts_with("databricks.koalas.") {
        return Some(LibraryMember::Object(Library::PandasOnSpark));
    }
    if matches!(path, "dlt.read" | "dlt.read_stream" | "dlt.readStream") {
        return Some(LibraryMember::Spark(Type::DataFrame));
    }
    let (owner, name) = path.rsplit_once('.')?;
    library_class(owner).map(|library| library_member(library, name))
}

/// What an attribute is, or what a method gives.
#[must_use]
pub fn library_member(library: Library, name: &str) -> LibraryMember {
    use LibraryMember::{Local, Object, Spark};
    match (library, name) {
        (Library::GlueContext, "spark_session") => Spark(Type::Session),
        (Library::GlueContext, "spark_context") => Spark(Type::Context),
        (Library::GlueContext, "create_data_frame" | "sql" | "table" | "createDataFrame") => {
            Spark(Type::DataFrame)
        }
        (Library::GlueContext, "read") => Spark(Type::Reader),
        (Library::GlueContext, "readStream") => Spark(Type::StreamReader),
        (Library::GlueContext, name) if name.starts_with("create_data_frame") => {
            Spark(Type::DataFrame)
        }
        (Library::GlueContext, name) if name.starts_with("create_dynamic_frame") => {
            Object(Library::DynamicFrame)
        }
        (Library::DynamicFrame, "toDF") | (Library::DeltaTable, "toDF") => Spark(Type::DataFrame),
        (Library::DynamicFrame, "count" | "printSchema" | "show" | "schema" | "errorsCount") => {
            Local
        }
        (Library::DynamicFrame, _) => Object(Library::DynamicFrame),
        (Library::PandasOnSpark, "to_spark") => Spark(Type::DataFrame),
        (Library::PandasOnSpark, "to_pandas" | "to_numpy" | "tolist" | "to_list") => Local,
        (Library::PandasOnSpark, _) => Object(Library::PandasOnSpark),
        (Library::DeltaTable, "history" | "detail") => Spark(Type::DataFrame),
        (
            Library::DeltaTable,
            "forPath" | "forName" | "alias" | "as" | "convertToDelta" | "create"
            | "createIfNotExists" | "replace" | "createOrReplace",
        ) => Object(Library::DeltaTable),
        (Library::DeltaTable, "merge") => Object(Library::DeltaMerge),
        (Library::DeltaMerge, "execute") => Local,
        (Library::DeltaMerge, _) => Object(Library::DeltaMerge),
        (
            Library::GraphFrame,
            "vertices"
            | "edges"
            | "degrees"
            | "inDegrees"
            | "outDegrees"
            | "triplets"
            | "find"
            | "bfs"
            | "connectedComponents"
            | "stronglyConnectedComponents"
            | "labelPropagation"
            | "shortestPaths"
            | "triangleCount",
        ) => Spark(Type::DataFrame),
        (Library::GraphFrame, _) => Object(Library::GraphFrame),
        (Library::DiscretizedStream, "sparkContext") => Spark(Type::Context),
        (Library::DiscretizedStream, _) => Object(Library::DiscretizedStream),
        (Library::GlueContext | Library::DeltaTable | Library::Dbutils, _) => Local,
    }
}
