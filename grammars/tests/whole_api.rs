//! What of Spark's API beside datasets lowers to calls: MLlib, merges, registries, the pandas API.

use program::{Effect, Language, Program, Type};

/// Each call: the receiver's type, the method, what it asks for, and the type of its result.
fn calls(program: &Program) -> Vec<(Type, &str, Effect, Option<Type>)> {
    let kind = |value| program.value(value).kind;
    let calls = program.calls.iter();
    calls.map(|it| (it.receiver_type, it.method.as_str(), it.effect, it.result.map(kind))).collect()
}

#[test]
fn training_is_an_action_and_applying_a_model_is_not_in_both_languages() {
    let python = grammars::lower(
        Language::Python,
        "from pyspark.ml.clustering import KMeans\ndf = spark.table('a')\nmodel = KMeans(k=2).setSeed(1).fit(df)\nout = model.transform(df)\nmodel.write().overwrite().save('/m')\n",
    );
    let scala = grammars::lower(
        Language::Scala,
        "import org.apache.spark.ml.clustering.KMeans\nobject A { def run(spark: SparkSession) = {\nval df = spark.table(\"a\")\nval model = new KMeans().setSeed(1).fit(df)\nval out = model.transform(df)\nmodel.write.overwrite().save(\"/m\")\n} }\n",
    );
    let expected = [
        (Type::Session, "table", Effect::Read, Some(Type::DataFrame)),
        (Type::Estimator, "KMeans", Effect::Configure, Some(Type::Estimator)),
        (Type::Estimator, "setSeed", Effect::Configure, Some(Type::Estimator)),
        (Type::Estimator, "fit", Effect::Action, Some(Type::Transformer)),
        (Type::Transformer, "transform", Effect::Narrow, Some(Type::DataFrame)),
        (Type::Transformer, "write", Effect::Configure, Some(Type::MlWriter)),
        (Type::MlWriter, "overwrite", Effect::Configure, Some(Type::MlWriter)),
        (Type::MlWriter, "save", Effect::Write, None),
    ];
    assert_eq!(calls(&python), expected, "{}", python.to_text());
    assert_eq!(calls(&scala), expected, "{}", scala.to_text());
}

#[test]
fn other_libraries_estimators_are_not_sparks() {
    let program = grammars::lower(
        Language::Python,
        "from pyspark.sql import *\nfrom sklearn.cluster import KMeans\ndf = spark.table('a')\nmodel = KMeans(2).fit(df)\nPipeline([]).fit(df)\n",
    );
    assert_eq!(calls(&program).len(), 1, "{}", program.to_text());
}

#[test]
fn a_star_brings_the_classes_of_its_module() {
    let program = grammars::lower(
        Language::Python,
        "from pyspark.ml.feature import *\nwords = Tokenizer(inputCol='a').transform(spark.table('a'))\n",
    );
    let transform = calls(&program).pop();
    let expected = (Type::Transformer, "transform", Effect::Narrow, Some(Type::DataFrame));
    assert_eq!(transform, Some(expected), "{}", program.to_text());
}

#[test]
fn the_pandas_api_is_entered_and_left() {
    let program = grammars::lower(
        Language::Python,
        "import pyspark.pandas as ps\nframe = ps.read_parquet('/a')\ndf = frame.to_spark()\ndf.pandas_api().to_pandas()\ndef f(x: ps.DataFrame):\n    return x.to_spark()\nps.DataFrame({'a': [1]})\n",
    );
    let frame = Some(Type::PandasFrame);
    assert_eq!(
        calls(&program),
        [
            (Type::Pandas, "read_parquet", Effect::Read, frame),
            (Type::PandasFrame, "to_spark", Effect::Narrow, Some(Type::DataFrame)),
            (Type::DataFrame, "pandas_api", Effect::Other, frame),
            (Type::PandasFrame, "to_pandas", Effect::Action, None),
            (Type::PandasFrame, "to_spark", Effect::Narrow, Some(Type::DataFrame)),
        ],
        "{}",
        program.to_text()
    );
}

#[test]
fn merges_and_registered_functions_are_followed() {
    let program = grammars::lower(
        Language::Python,
        "from pyspark.sql import functions as F\ndf = spark.table('a')\nf = spark.udf.register('f', lambda x: x)\ndf.mergeInto('t', 'x').whenMatched().updateAll().whenNotMatched().insertAll().merge()\nspark.streams.get('q').stop()\n",
    );
    let methods: Vec<_> =
        calls(&program).into_iter().map(|it| (it.0.name(), it.1, it.2.name())).collect();
    assert_eq!(
        methods[1..],
        [
            ("Session", "udf", "configure"),
            ("Registration", "register", "other"),
            ("DataFrame", "mergeInto", "configure"),
            ("MergeIntoWriter", "whenMatched", "configure"),
            ("MergeClause", "updateAll", "configure"),
            ("MergeIntoWriter", "whenNotMatched", "configure"),
            ("MergeClause", "insertAll", "configure"),
            ("MergeIntoWriter", "merge", "write"),
            ("Session", "streams", "configure"),
            ("StreamingQueryManager", "get", "other"),
            ("StreamingQuery", "stop", "other"),
        ],
        "{}",
        program.to_text()
    );
    let udf = program.bindings.iter().find(|binding| binding.name == "f");
    assert_eq!(udf.map(|it| program.value(it.value).kind), Some(Type::UserDefinedFunction));
}
