//! Python as people write it: what a program's actions run on, told by their lineage.

mod lineage;

use program::{Confidence, Language, Program};

fn lower(source: &str) -> Program {
    grammars::lower(Language::Python, &format!("from pyspark.sql import functions as F\n{source}"))
}

fn counted(source: &str) -> Vec<String> {
    lineage::counted(&lower(source))
}

fn check(source: &str, expected: &[&str]) {
    assert_eq!(counted(source), expected, "{source}");
}

/// The most rows of the datasets that `collect` is called on.
fn collected_rows(source: &str) -> Vec<Option<u64>> {
    let program = lower(source);
    let collects = program.calls.iter().filter(|call| call.method == "collect");
    collects
        .filter_map(|call| call.receiver)
        .map(|receiver| program.value(receiver.value).bound.map(|it| it.rows))
        .collect()
}

#[test]
fn annotations_of_every_spelling() {
    let imports = "from pyspark.sql import DataFrame, DataFrame as SparkDF, SparkSession\nimport pyspark.sql as ps, pyspark, typing as T\nfrom typing import *\n";
    for annotation in [
        "SparkDF",
        "'DataFrame'",
        "ps.DataFrame",
        "\"pyspark.sql.DataFrame\"",
        "Optional[DataFrame]",
        "'Optional[ps.DataFrame]'",
        "T.Optional[\"DataFrame\"]",
        "DataFrame | None",
        "None | SparkDF",
        "Union[DataFrame, None]",
        "Annotated[DataFrame, 'rows']",
    ] {
        check(&format!("{imports}def f(x: {annotation} = None):\n    x.count()\n"), &["parameter"]);
    }
    for (annotation, use_) in [
        ("list[DataFrame]", "x[0].count()"),
        ("List['DataFrame']", "[d.count() for d in x]"),
        ("Sequence[SparkDF]", "for d in x:\n        d.count()"),
        ("tuple[DataFrame, int]", "x[0].count()"),
        ("Tuple[DataFrame, ...]", "x[3].count()"),
        ("dict[str, DataFrame]", "x['a'].count()"),
        ("Dict[str, ps.DataFrame]", "for k, d in x.items():\n        d.count()"),
        ("Mapping[str, DataFrame]", "for d in x.values():\n        d.count()"),
        ("dict[str, list[DataFrame]]", "x['a'][0].count()"),
    ] {
        check(&format!("{imports}def f(x: {annotation}):\n    {use_}\n"), &["parameter"]);
    }
    check(
        &format!(
            "{imports}def f(make: Callable[..., DataFrame], s: \"SparkSession\"):\n    make(1).count()\n    s.table('a').count()\ndef g(make: T.Callable[[DataFrame], DataFrame]):\n    make(1).count()\n"
        ),
        &["ambient ", "table a", "ambient "],
    );
}

#[test]
fn another_librarys_annotation_is_not_sparks_whatever_else_is_imported() {
    let program = lower(
        "from pyspark.sql import DataFrame\nimport pandas as pd\nimport pyspark.pandas as ps\ndef f(a: pd.DataFrame, b: ps.DataFrame, c: 'pd.DataFrame', d: DataFrame | pd.DataFrame, e: list[pd.DataFrame]):\n    a.count()\n    b.count()\n    c.count()\n    d.count()\n    e[0].count()\n",
    );
    assert!(program.calls.is_empty(), "{}", program.to_text());
}

#[test]
fn attributes_of_instances() {
    check(
        "class Job:\n    def __init__(self, spark):\n        self.spark = spark\n        self.orders = spark.table('o')\n    def run(self):\n        self.orders.count()\n        self.later.count()\n    def prepare(self):\n        self.later = self.orders.distinct()\njob = Job(spark)\njob.orders.count()\n",
        &["ambient orders", "ambient later", "ambient job.orders"],
    );
    check(
        "class Job:\n    @property\n    def orders(self):\n        return spark.table('o')\n    @cached_property\n    def big(self) -> DataFrame:\n        return spark.table('b')\n    @functools.cached_property\n    def other(self):\n        return spark.table('c')\n    def run(self):\n        self.orders.count()\n        self.big.count()\n        self.other.distinct().count()\n",
        &["returned by orders", "returned by big", "distinct < returned by other"],
    );
    check(
        "@dataclass\nclass Inputs:\n    orders: DataFrame\n    lines: 'Optional[DataFrame]' = None\n    spark: SparkSession = field(default=None)\n    def size(self):\n        self.orders.count()\n        self.lines.count()\n        self.spark.table('x').count()\ndef f(i: Inputs, j: 'Inputs'):\n    i.orders.count()\n    j.lines.count()\nInputs(spark.table('a')).orders.count()\n",
        &[
            "ambient orders",
            "ambient lines",
            "table x",
            "ambient i.orders",
            "ambient j.lines",
            "ambient orders",
        ],
    );
    check(
        "class Suite(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n        cls.session = SparkSession.builder.getOrCreate()\n    def test(self):\n        self.session.table('a').count()\n",
        &["table a"],
    );
    check(
        "class Bag: pass\nbag = Bag()\nbag.df = spark.table('a')\nbag.df.count()\ndef f(b: Bag):\n    b.df.count()\n",
        &["table a", "ambient b.df"],
    );
}

#[test]
fn one_objects_attribute_is_not_anothers() {
    let program = lower(
        "class A:\n    def __init__(self):\n        self.df = 3\nclass B:\n    def __init__(self, other: A):\n        self.df = spark.table('b')\n        other.df.count()\n",
    );
    assert!(program.calls.iter().all(|call| call.method != "count"), "{}", program.to_text());
}

#[test]
fn methods_and_attributes_are_inherited() {
    let base = "class Base:\n    def __init__(self, spark):\n        self.spark = spark\n        self.df = spark.table('a')\n    def load(self):\n        return self.spark.table('b')\n    @property\n    def view(self):\n        return self.df\n";
    check(
        &format!(
            "{base}class Child(Base):\n    def __init__(self, spark):\n        super().__init__(spark)\n        self.own = self.df.distinct()\n    def run(self):\n        self.load().count()\n        self.df.count()\n        self.view.count()\n        super().load().count()\nclass Grandchild(Child):\n    def run(self):\n        self.own.count()\n        super(Child, self).load().count()\nChild(spark).load().count()\n"
        ),
        &[
            "returned by load",
            "ambient df",
            "returned by view",
            "returned by load",
            "ambient own",
            "returned by load",
            "returned by load",
        ],
    );
    check(
        "class Base:\n    def run(self):\n        self.load().count()\n        self.source.count()\n    def load(self):\n        raise NotImplementedError\nclass Child(Base):\n    def __init__(self):\n        self.source = spark.table('s')\n    def load(self):\n        return spark.table('a')\n",
        &["returned by load", "ambient source"],
    );
}

#[test]
fn static_and_class_methods() {
    check(
        "class Job:\n    @staticmethod\n    def clean(df):\n        df.count()\n        return df.distinct()\n    @classmethod\n    def make(cls, session):\n        session.table('x').count()\n        return cls(session)\n    def __init__(self, session):\n        self.session = session\n    def run(self):\n        self.clean(self.session.table('a')).count()\nJob.make(SparkSession.builder.getOrCreate()).run()\nJob.clean(spark.table('b')).count()\n",
        &["parameter", "table x", "returned by clean", "returned by clean"],
    );
}

#[test]
fn comprehensions_of_datasets() {
    let frames = "dfs = [spark.table(t) for t in names]\n";
    for (source, expected) in [
        ("dfs[0].count()\n", "table"),
        ("dfs[-1].count()\n", "table"),
        ("dfs[1:][0].count()\n", "table"),
        ("for d in dfs:\n    d.count()\n", "table"),
        ("x = [d.count() for d in dfs if d]\n", "table"),
        ("x = {d.count() for d in dfs}\n", "table"),
        ("m = {n: d.distinct() for n, d in zip(names, dfs)}\nm['a'].count()\n", "distinct < table"),
        ("m = dict(zip(names, dfs))\nm['a'].count()\n", "table"),
        ("for i, d in enumerate(dfs):\n    d.count()\n", "table"),
        ("next(iter(dfs)).count()\n", "table"),
        ("for d in sorted(dfs):\n    d.count()\n", "table"),
        ("g = (d for d in dfs)\nlist(g)[0].count()\n", "table"),
        ("a, b = dfs\nb.count()\n", "table"),
        ("a, *rest = dfs\nrest[0].count()\n", "table"),
        ("[d.count() for pair in [(d, 1) for d in dfs] for d in [pair[0]]]\n", "table"),
    ] {
        check(&format!("{frames}{source}"), &[expected]);
    }
    check(
        "m = {t: spark.table(t) for t in names}\nfor k, d in m.items():\n    d.count()\n[d.count() for d in m.values()]\nfor k in m:\n    k.join('x')\n    m[k].count()\nm.get('a').count()\n",
        &["table", "table", "table", "table"],
    );
}

#[test]
fn keys_of_a_mapping_are_not_datasets() {
    let program = lower(
        "m = {'a': spark.table('a')}\nfor k in m:\n    k.count('x')\n    k.replace('a', 'b')\n",
    );
    assert_eq!(program.calls.len(), 1, "{}", program.to_text());
}

#[test]
fn lists_and_mappings_that_grow() {
    check(
        "frames = {}\nframes['a'] = spark.table('a')\nframes['b'] = spark.table('b')\nframes['b'].count()\nfor n in names:\n    frames[n] = spark.table('c')\nframes['a'].count()\nfor n, d in frames.items():\n    d.count()\n",
        &["table b", "((table a | table b) | table c)", "((table a | table b) | table c)"],
    );
    check(
        "l = []\nfor n in names:\n    l.append(spark.table('a'))\nl[0].count()\nl.extend([spark.table('b')])\nfor d in l:\n    d.count()\n",
        &["table a", "(table a | table b)"],
    );
    check(
        "config = {'n': 1, 'in': spark.table('a'), 'out': spark.table('b')}\nconfig['in'].count()\nconfig.get('out').count()\nmore = {**config, 'c': spark.table('c')}\nmore['c'].count()\nmore['in'].count()\n",
        &["table a", "table b", "table c", "table a"],
    );
    check(
        "jobs = [('a', spark.table('a')), ('b', spark.table('b'))]\nfor name, df in jobs:\n    df.count()\njobs[1][1].count()\nd = dict(x=spark.table('x'))\nd['x'].count()\n",
        &["(table a | table b)", "table b", "table x"],
    );
    check(
        "class Job:\n    def __init__(self):\n        self.frames = {}\n    def load(self):\n        self.frames['a'] = spark.table('a')\n    def run(self):\n        for n, d in self.frames.items():\n            d.count()\n",
        &["ambient frames"],
    );
    check(
        "def two():\n    return spark.table('a'), spark.table('b')\np, q = two()\nq.count()\ndef both():\n    return {'a': spark.table('a'), 'n': 1}\nboth()['a'].count()\nx = both()\nx['a'].count()\n",
        &["returned by two", "returned by both", "returned by both"],
    );
}

#[test]
fn star_unpacking_and_splits() {
    check(
        "a = spark.table('a')\nb = spark.table('b')\nc = spark.table('c')\nfirst, *middle, last = [a, b, c]\nfirst.count()\nmiddle[0].count()\nlast.count()\nall = [*middle, a]\nall[1].count()\n",
        &["table a", "table b", "table c", "table a"],
    );
    check(
        "train, test = spark.table('a').randomSplit([0.8, 0.2], seed=1)\ntest.count()\nparts = spark.table('a').randomSplit([1.0, 1.0])\nparts[0].count()\n",
        &["randomSplit < table a", "randomSplit < table a"],
    );
}

#[test]
fn functions_are_values() {
    check(
        "f = lambda df: df.distinct()\nspark.table('a').transform(f).count()\nf(spark.table('b')).count()\n",
        &["transform < table a", "returned by f"],
    );
    check(
        "def with_column(name):\n    def inner(df):\n        return df.withColumn(name, F.lit(1))\n    return inner\ndef other(name): return lambda df: df.drop(name)\nspark.table('a').transform(with_column('x')).transform(other('y')).count()\nwith_column('x')(spark.table('b')).count()\n",
        &["transform < transform < table a", "returned by inner"],
    );
    check(
        "read = spark.read\nread.parquet('p').count()\nload = spark.read.parquet\nload('x').count()\nsql = spark.sql\nsql(query).count()\ndf = spark.table('a')\nkeep = df.filter\nkeep('x').count()\n",
        &[
            "parquet < read < ambient spark",
            "parquet < read < ambient spark",
            "sql < ambient spark",
            "filter < table a",
        ],
    );
    check(
        "from functools import partial\ndef load(session, kind, path):\n    return session.read.format(kind).load(path)\ncsv = partial(load, spark, 'csv')\ncsv('x').count()\ndef add(df, c):\n    df.count()\n    return df\nspark.table('a').transform(partial(add, c='x')).transform(add, 'y').count()\nparquet = partial(spark.read.parquet, 'p')\nparquet().count()\n",
        &[
            "returned by load",
            "parameter",
            "transform < transform < table a",
            "parquet < read < ambient spark",
        ],
    );
    check(
        "def apply(f, df):\n    return f(df)\ndef clean(df):\n    return df.distinct()\napply(clean, spark.table('a')).count()\nsteps = [clean, lambda_free]\n",
        &["returned by apply"],
    );
    check("DataFrame.union(spark.table('a'), spark.table('b')).count()\n", &["union < table a"]);
}

#[test]
fn reduce_is_a_loop() {
    let frames = "from functools import reduce\nimport functools\ndfs = [spark.table('a'), spark.table('a')]\n";
    for reduced in [
        "reduce(lambda x, y: x.union(y), dfs)",
        "reduce(DataFrame.union, dfs)",
        "functools.reduce(DataFrame.union, dfs)",
        "reduce(DataFrame.union, [spark.table('a')])",
    ] {
        let lineages = counted(&format!("{frames}{reduced}.count()\n"));
        assert!(
            lineages[0].starts_with("loop[") && lineages[0].ends_with("then union]"),
            "{reduced}: {lineages:?}"
        );
    }
    check(
        &format!(
            "{frames}def join(x, y):\n    return x.join(y, 'id')\nreduce(join, dfs[:1], spark.table('z')).count()\n"
        ),
        &["loop[table z then value]"],
    );
    check(
        &format!(
            "{frames}reduce(lambda df, c: df.withColumn(c, F.lit(1)), ['x', 'y'], spark.table('z')).count()\n"
        ),
        &["loop[table z then withColumn]"],
    );
}

#[test]
fn contexts_and_generators() {
    check(
        "with SparkSession.builder.getOrCreate() as session:\n    session.table('a').count()\n@contextmanager\ndef connect():\n    session = SparkSession.builder.getOrCreate()\n    try:\n        yield session\n    finally:\n        session.stop()\nwith connect() as s:\n    s.table('b').count()\n@contextlib.contextmanager\ndef declared() -> Iterator[SparkSession]:\n    yield other()\nwith declared() as s:\n    s.table('c').count()\n",
        &["table a", "table b", "table c"],
    );
    check(
        "class Spark:\n    def __enter__(self):\n        self.session = SparkSession.builder.getOrCreate()\n        return self.session\n    def __exit__(self, *rest):\n        self.session.stop()\nwith Spark() as s:\n    s.table('a').count()\nclass Job:\n    def __enter__(self):\n        return self\n    def load(self):\n        return spark.table('b')\nwith Job() as job:\n    job.load().count()\n",
        &["table a", "returned by load"],
    );
    check(
        "def tables():\n    for n in names:\n        yield spark.table(n)\ndef more():\n    yield from tables()\nfor d in tables():\n    d.count()\nlist(more())[0].count()\n",
        &["returned by tables", "returned by more"],
    );
    check(
        "@pytest.fixture\ndef session():\n    s = SparkSession.builder.getOrCreate()\n    yield s\n    s.stop()\ndef test_it(session):\n    session.table('a').count()\n",
        &["table a"],
    );
    check(
        "async def load():\n    return spark.table('a')\nasync def run():\n    df = await load()\n    df.count()\n    async with SparkSession.builder.getOrCreate() as s:\n        s.table('b').count()\n",
        &["returned by load", "table b"],
    );
}

#[test]
fn defaults_and_guards() {
    check(
        "def f(session=None, df=None, other=None):\n    session = session or SparkSession.builder.getOrCreate()\n    session.table('a').count()\n    if df is None:\n        df = session.table('b')\n    df.count()\n    other = other if other is not None else session.table('c')\n    other.count()\n",
        &["table a", "(table b | parameter)", "(parameter | table c)"],
    );
    check(
        "def f(df: DataFrame, flag):\n    x = df.distinct() if flag else df.limit(3)\n    x.count()\n    if (y := x.filter('a')) is not None:\n        y.count()\n    match flag:\n        case 1:\n            z = x\n        case _:\n            z = y\n    z.count()\n",
        &[
            "(distinct < parameter | limit < parameter)",
            "filter < (distinct < parameter | limit < parameter)",
            "((distinct < parameter | limit < parameter) | filter < (distinct < parameter | limit < parameter))",
        ],
    );
    check(
        "try:\n    w = spark.table('c')\nexcept (A, B) as e:\n    w = None\nelse:\n    w = w.distinct()\nfinally:\n    spark.table('d').count()\nw.count()\n",
        &["table d", "distinct < table c"],
    );
}

#[test]
fn sessions_from_everywhere() {
    check(
        "from pyspark import SparkContext, SparkConf\nfrom pyspark.sql import SparkSession, SQLContext, HiveContext\nSparkSession.getActiveSession().table('a').count()\nSparkSession.active().table('b').count()\ndf = SparkSession.active().newSession().table('c')\ndf.sparkSession.table('d').count()\ndf.sql_ctx.table('e').count()\nsc = SparkContext.getOrCreate()\nSQLContext(sc).table('f').count()\nHiveContext(SparkContext(conf=SparkConf().setMaster('local'))).table('g').count()\n",
        &["table a", "table b", "table d", "table e", "table f", "table g"],
    );
}

#[test]
fn libraries_around_spark() {
    check(
        "from awsglue.context import GlueContext\nfrom awsglue.dynamicframe import DynamicFrame\nfrom pyspark import SparkContext\nglueContext = GlueContext(SparkContext())\nsession = glueContext.spark_session\nsession.table('a').count()\nframe = glueContext.create_dynamic_frame.from_catalog(database='d', table_name='t')\nframe.toDF().count()\nframe.count()\nglueContext.create_dynamic_frame_from_options('s3', {}).resolveChoice().toDF().count()\nDynamicFrame.fromDF(session.table('b'), glueContext, 'x').toDF().count()\n",
        &["table a", "ambient frame", "ambient ", "ambient "],
    );
    check(
        "from delta.tables import DeltaTable\ntarget = DeltaTable.forPath(spark, 'p')\ntarget.toDF().count()\ntarget.alias('t').merge(spark.table('s').alias('s'), 'x').whenMatchedUpdateAll().execute()\ntarget.history().count()\n",
        &["ambient target", "ambient target"],
    );
    check(
        "import pyspark.pandas as ps\np = ps.read_csv('x')\np.count()\np.groupby('a').count()\np.to_spark().count()\np[p.a > 1].to_spark().count()\npdf = spark.table('a').toPandas()\npdf.count()\npdf.join(pdf).count()\nps.DataFrame(pdf).to_spark().count()\n",
        &["to_spark < read_csv", "ambient ", "ambient "],
    );
    check(
        "from pyspark.streaming import StreamingContext\nssc = StreamingContext(sc, 1)\nssc.textFileStream('x').map(lambda l: l).count()\ndbutils.widgets.get('x').count('a')\ndbutils.fs.ls('x')\nspark.table('a').count()\n",
        &["table a"],
    );
}

#[test]
fn returned_values_keep_their_bound() {
    for (source, rows) in [
        ("def f():\n    return spark.table('a').limit(5)\nf().collect()\n", Some(5)),
        (
            "def f(x):\n    if x:\n        return spark.range(3)\n    return spark.range(9)\nf(1).collect()\n",
            Some(9),
        ),
        (
            "def f(df):\n    return df.limit(4).select('a')\nf(spark.table('a')).collect()\n",
            Some(4),
        ),
        (
            "def f() -> DataFrame:\n    return spark.range(5)\ndef g():\n    return f().filter('x')\ng().collect()\n",
            Some(5),
        ),
        ("class A:\n    def f(self):\n        return spark.range(5)\nA().f().collect()\n", Some(5)),
        (
            "def f():\n    return spark.range(2), spark.table('a')\nx, y = f()\nx.collect()\n",
            Some(2),
        ),
        // What one path or an overriding method returns may have any number of rows, and so may what calls itself.
        (
            "def f(x):\n    if x:\n        return other()\n    return spark.range(3)\nf(1).collect()\n",
            None,
        ),
        (
            "def f(n):\n    if n == 0:\n        return spark.range(1)\n    return f(n - 1).union(spark.range(1))\nf(5).collect()\n",
            None,
        ),
        (
            "class A:\n    def f(self):\n        return spark.range(5)\n    def run(self):\n        self.f().collect()\nclass B(A):\n    def f(self):\n        return spark.table('a')\n",
            None,
        ),
        ("def f(df):\n    return df\nf(spark.range(3)).collect()\n", None),
    ] {
        assert_eq!(collected_rows(source), [rows], "{source}");
    }
}

#[test]
fn interactive_lines_cost_nothing() {
    let source = "df = spark.table('a')\n%time df.count()\n%%time\n%matplotlib inline\n!ls -l\n?df\ndf?\nfiles = !ls\ndf.distinct()\nx = df.\ndf.show()\n";
    let program = lower(source);
    let methods: Vec<&str> = program.calls.iter().map(|call| call.method.as_str()).collect();
    assert_eq!(methods, ["table", "count", "distinct", "show"]);
    assert_eq!(program.syntax_errors, 0);
    // A text in which such a line is a part of a string keeps it.
    let program = lower("x = '''\n%time y\n'''\nspark.sql('''\nselect '\n!ls\n' ''')\n");
    assert!(program.to_text().contains("!ls"), "{}", program.to_text());
}

#[test]
fn an_edit_in_a_text_with_interactive_lines_is_as_if_typed_at_once() {
    let prefix = "import pyspark\n%time df = spark.table('a')\n";
    let mut document = grammars::Document::new(Language::Python, prefix);
    let mut text = prefix.to_owned();
    for typed in ["df", ".", "count", "()", "\n", "!ls\n", "df.show()\n"] {
        let end = text.len() as u32;
        document.edit(program::TextRange::new(end, end), typed);
        text.push_str(typed);
        let whole = grammars::lower(Language::Python, &text);
        assert_eq!(document.program().to_text(), whole.to_text(), "{text}");
    }
}

#[test]
fn collections_put_into_each_other_stay_small() {
    let mut source = String::from("df = spark.table('a')\nx = [df]\nm = {}\n");
    for _ in 0..300 {
        source.push_str("x = [x, df]\nm['a'] = {'b': m, 'c': df}\n");
    }
    source.push_str("x[1].count()\nm['a']['c'].count()\n");
    check(&source, &["table a", "table a"]);
}

#[test]
fn names_that_are_nothing_before_a_loop() {
    let grown = ["loop[ambient df then value]"];
    check(
        "df = None\nfor day in days:\n    part = spark.table(day)\n    if df is None:\n        df = part\n    else:\n        df = df.union(part)\ndf.count()\n",
        &grown,
    );
    check(
        "for i in range(3):\n    if i == 0:\n        df = spark.table('a')\n    else:\n        df = df.union(spark.table('b'))\ndf.count()\n",
        &grown,
    );
    check(
        "df: Optional[DataFrame] = None\nfor part in [spark.table('a')]:\n    df = part if not df else df.union(part)\ndf.count()\n",
        &grown,
    );
    check(
        "def grown(spark):\n    df = None\n    for a in days:\n        for b in days:\n            part = spark.table(b)\n            df = part if df is None else df.union(part)\n    df.count()\n",
        &["loop[ambient df then value]"],
    );
    // Set anew in each round and not read before: what the body makes of it.
    check(
        "df = None\nfor day in days:\n    df = spark.table('a')\n    df.show()\ndf.count()\n",
        &["table a"],
    );
    // What may also be something else by then is a guess.
    let program = lower(
        "df = None\nfor day in days:\n    if df is not None:\n        df = df.toPandas()\n        df.count()\n    else:\n        df = spark.table('a')\ndf.count()\n",
    );
    let counts: Vec<&program::Call> =
        program.calls.iter().filter(|call| call.method == "count").collect();
    assert!(
        counts.iter().all(|call| call.confidence == Confidence::Guessed),
        "{}",
        program.to_text()
    );
}

#[test]
fn patterns_and_handlers_bind_their_names() {
    let matched = |case: &str| {
        format!(
            "class Point: pass\nx = spark.table('x')\nd = spark.table('d')\ndef f(given: DataFrame, unknown):\n    match given:\n        case {case}:\n            x.count()\n"
        )
    };
    // What a pattern takes apart is not what the name means elsewhere.
    for case in [
        "[x, *rest]",
        "[a, *x]",
        "{'k': x}",
        "{'k': 1, **x}",
        "Point(x=1, y=x)",
        "(x, _)",
        "Point() | x",
    ] {
        let program = lower(&matched(case));
        assert!(program.calls.iter().all(|call| call.method != "count"), "{case}");
    }
    for case in ["x", "x if x.isEmpty()", "DataFrame() as x"] {
        let program = lower(&matched(case));
        let count = program.calls.iter().find(|call| call.method == "count").unwrap();
        assert_eq!(
            lineage::lineage(&program, count.receiver.unwrap().value, 1),
            "parameter",
            "{case}"
        );
    }
    check(&matched("{'x': 1}"), &["table x"]);
    check(&matched("_"), &["table x"]);
    check(&matched("Point(x=1)").replace("match given", "match unknown"), &["table x"]);
    check(&matched("DataFrame() as x").replace("match given", "match unknown"), &["ambient x"]);
    let program =
        lower("e = spark.table('e')\ntry:\n    pass\nexcept ValueError as e:\n    e.count()\n");
    assert!(program.calls.iter().all(|call| call.method != "count"));
}

#[test]
fn parameters_that_take_the_rest() {
    let union = "from functools import reduce\nfrom pyspark.sql import DataFrame\ndef union(*dfs):\n    return reduce(DataFrame.union, dfs)\n";
    let united = ["returned by union"];
    check(&format!("{union}union(spark.table('a'), spark.table('b')).count()\n"), &united);
    check(&format!("{union}union(*[spark.table('a')]).count()\n"), &united);
    check(&format!("{union}dfs = [spark.table(t) for t in names]\nunion(*dfs).count()\n"), &united);
    check(
        "def f(first, *others):\n    first.count()\n    for other in others:\n        other.count()\nf(spark.table('a'), spark.table('b'), spark.table('c'))\n",
        &["parameter", "parameter"],
    );
    check(
        "def f(*dfs: DataFrame, **more: DataFrame):\n    dfs[0].count()\n    for df in more.values():\n        df.count()\n",
        &["parameter", "parameter"],
    );
    check("def f(**dfs):\n    dfs['a'].count()\nf(a=spark.table('a'), n=3)\n", &["parameter"]);
    // The places that a collection fills are not known.
    for call in ["f(*dfs, spark.table('a'))", "f(*dfs)", "f(**{'b': spark.table('a')})"] {
        let program = lower(&format!(
            "dfs = [spark.table(t) for t in names]\ndef f(a, b=None):\n    a.count()\n{call}\n"
        ));
        assert!(program.calls.iter().all(|it| it.method != "count"), "{call}");
    }
    let program = lower(
        "def f(*values):\n    values[0].count()\nf(spark.table('a'), 3)\nf(spark.table('a'), other())\n",
    );
    assert!(program.calls.iter().all(|it| it.method != "count"), "{}", program.to_text());
}

#[test]
fn builtins_run_functions_over_collections() {
    let dfs = "dfs = [spark.table('a'), spark.table('b')]\n";
    check(
        &format!("{dfs}for df in map(lambda it: it.distinct(), dfs):\n    df.count()\n"),
        &["distinct < (table a | table b)"],
    );
    check(
        &format!("{dfs}kept = list(filter(lambda it: it.count() > 0, dfs))\nkept[1].count()\n"),
        &["(table a | table b)", "(table a | table b)"],
    );
    check(
        &format!(
            "{dfs}largest = sorted(dfs, key=lambda it: it.count())[-1]\nmax(dfs, key=len).count()\nlargest.count()\n"
        ),
        &["(table a | table b)", "(table a | table b)", "(table a | table b)"],
    );
    check(
        "from functools import reduce\nfrom pyspark.sql import DataFrame\nreduce(DataFrame.union, map(spark.table, names)).count()\n",
        &["loop[table then union]"],
    );
    check(
        "def load(name):\n    return spark.table(name)\nfor df in map(load, names):\n    df.count()\n",
        &["returned by load"],
    );
    let once = lower("df = spark.table('a')\nx = map(df.columns.index, names)\n");
    assert_eq!(once.calls.iter().filter(|it| it.method == "columns").count(), 1);
}

#[test]
fn mappings_of_several_paths() {
    check(
        "cache = {}\nif a:\n    cache['a'] = spark.table('a')\nelse:\n    cache['b'] = spark.table('b')\ncache['a'].count()\n",
        &["table a"],
    );
    check(
        "class Source:\n    def __init__(self, spark):\n        self._spark = spark\n        self._cache = {}\n    def get(self, name):\n        if name not in self._cache:\n            self._cache[name] = self._spark.table(name)\n        return self._cache[name]\n    def __getitem__(self, name):\n        return self.get(name)\nsource = Source(spark)\nsource.get('x').count()\nsource['x'].count()\n",
        &["returned by get", "returned by __getitem__"],
    );
    check(
        "settings = {'x': {'df': spark.table('a'), 'n': 1}, 'y': {'df': spark.table('b'), 'n': 2}}\nfor key, value in settings.items():\n    value['df'].count()\nsettings['y']['df'].count()\n",
        &["(table a | table b)", "table b"],
    );
}

#[test]
fn objects_that_a_loop_rebinds() {
    let index = "class Index:\n    def __init__(self, df: DataFrame):\n        self.df = df\n    def annotate(self, other):\n        return Index(self.df.join(other, 'id'))\n    def other(self):\n        return 3\n";
    check(
        &format!(
            "{index}index = Index(spark.table('a'))\nfor name in names:\n    index = index.annotate(spark.table(name))\nindex.df.count()\n"
        ),
        &["ambient index.df"],
    );
    for elsewhere in ["unknown(index)", "index.other()", "spark.table('b')"] {
        let program = lower(&format!(
            "{index}index = Index(spark.table('a'))\nfor name in names:\n    index.df.count()\n    index = {elsewhere}\n"
        ));
        assert!(program.calls.iter().all(|it| it.method != "count"), "{elsewhere}");
    }
}

#[test]
fn long_chains_of_functions_learn_from_each_other() {
    let mut source = String::new();
    for at in 0..10 {
        source.push_str(&format!("def step{at}(it):\n    it.count()\n    return it.distinct()\n"));
    }
    source.push_str("def main():\n    df = spark.table('a')\n");
    for at in 0..10 {
        source.push_str(&format!("    df = step{at}(df)\n"));
    }
    source.push_str("    df.count()\n");
    let mut expected = vec!["parameter"; 10];
    expected.push("returned by step9");
    check(&source, &expected);
}

#[test]
fn an_attribute_set_from_itself() {
    check(
        "class Matrix:\n    def __init__(self, df: DataFrame):\n        self.df = df.selectExpr('a')\n    def fill(self):\n        self.df = self.df.fillna(0)\n        return self\n    def run(self):\n        self.df.count()\n",
        &["ambient df"],
    );
}

#[test]
fn constructors_and_casts() {
    check(
        "from typing import cast, Any\nfrom pyspark.sql import DataFrame\nimport typing as t\ncast(DataFrame, unknown()).count()\nt.cast('DataFrame', other).count()\ncast(Any, spark.table('a')).count()\nDataFrame(java(), spark).count()\n",
        &["ambient ", "ambient other", "table a", "ambient "],
    );
    let program = lower(
        "from pyspark.sql import Window\ndf = spark.table('a').withColumn('n', F.rank().over(Window().partitionBy('b')))\n",
    );
    assert!(program.calls.iter().any(|it| it.method == "partitionBy"), "{}", program.to_text());
}

#[test]
fn functions_that_threads_run() {
    let pool = "from concurrent.futures import ThreadPoolExecutor, as_completed\nimport threading\ndef load(name):\n    return spark.table(name)\npool = ThreadPoolExecutor(4)\n";
    for (code, expected) in [
        ("for df in pool.map(load, names):\n    df.count()\n", "returned by load"),
        ("pool.submit(load, 'a').result().count()\n", "returned by load"),
        (
            "futures = [pool.submit(load, name) for name in names]\nfor future in as_completed(futures):\n    future.result().count()\n",
            "returned by load",
        ),
        (
            "def work(df, name):\n    df.count()\nwith ThreadPoolExecutor() as executor:\n    executor.submit(work, spark.table('a'), name='a')\n",
            "parameter",
        ),
        (
            "def work(df, name):\n    df.count()\nthreading.Thread(target=work, args=(spark.table('a'), 'a')).start()\n",
            "parameter",
        ),
        (
            "def work(df, name):\n    df.count()\npool.starmap(work, [(spark.table('a'), 'a')])\n",
            "parameter",
        ),
    ] {
        check(&format!("{pool}{code}"), &[expected]);
    }
    check(
        "class Job:\n    def load(self, name):\n        return spark.table(name)\n    def run(self, pool):\n        for df in map(self.load, names):\n            df.count()\n",
        &["returned by load"],
    );
    // The second argument of an RDD's `map` is no collection.
    let program = lower("def f(x):\n    return x\nunknown().map(f, True)\n");
    assert!(program.scopes.iter().all(|it| !matches!(it.kind, program::ScopeKind::Loop { .. })));
}

#[test]
fn what_itertools_hands_on() {
    let dfs = "import itertools\nfrom itertools import chain, combinations\ndfs = [spark.table(name) for name in names]\n";
    check(
        &format!("{dfs}for df in chain(dfs, [spark.table('b')]):\n    df.count()\n"),
        &["(table | table b)"],
    );
    check(
        &format!("{dfs}for df in chain.from_iterable([dfs, dfs]):\n    df.count()\n"),
        &["table"],
    );
    check(
        &format!(
            "{dfs}for left, right in combinations(dfs, 2):\n    left.join(right, 'id').count()\n"
        ),
        &["join < table"],
    );
    check(&format!("{dfs}for df in itertools.islice(dfs, 3):\n    df.count()\n"), &["table"]);
}

#[test]
fn a_type_variable_is_what_it_is_at_most() {
    let classes = "from typing import Generic, NamedTuple, Self, TypeVar\nfrom pyspark.sql import DataFrame\nT = TypeVar(\"T\", bound=\"Table\")\nclass Split(NamedTuple, Generic[T]):\n    valid: T\n    invalid: T\nclass Table:\n    df: DataFrame\n    def split(self) -> Split[Self]:\n        return make(self)\nclass Orders(Table):\n    pass\n";
    check(
        &format!("{classes}def f(o: Orders):\n    o.split().valid.df.count()\n"),
        &["ambient df"],
    );
    check(
        "from typing import TypeVar\nfrom pyspark.sql import DataFrame\nD = TypeVar('D', bound=DataFrame)\ndef f(d: D):\n    d.count()\n",
        &["parameter"],
    );
    check(
        "import pandas as pd, typing as t\nfrom pyspark.sql import DataFrame\nD = t.TypeVar('D', DataFrame, pd.DataFrame)\nE = t.TypeVar('E')\ndef f(d: D, e: E):\n    d.count()\n    e.count()\n",
        &[],
    );
}

#[test]
fn a_named_tuples_fields_by_place() {
    let parts = "from typing import NamedTuple\nfrom pyspark.sql import DataFrame\nclass Halves(NamedTuple):\n    name: str\n    small: DataFrame\n    large: DataFrame\ndef halve(df: DataFrame) -> Halves:\n    return make(df)\n";
    check(
        &format!(
            "{parts}def f(df: DataFrame):\n    halve(df)[1].count()\n    name, small, large = halve(df)\n    large.count()\n"
        ),
        &["ambient 1", "ambient 2"],
    );
    let program = lower(&format!(
        "{parts}class Pair:\n    small: DataFrame\ndef f(df: DataFrame, p: Pair):\n    halve(df)[0].count()\n    halve(df)[3].count()\n    p[0].count()\n"
    ));
    assert!(program.calls.is_empty(), "{}", program.to_text());
}

#[test]
fn functions_with_some_of_their_arguments_on_some_paths() {
    let job = "from functools import partial\nclass Job:\n    @staticmethod\n    def load(path, deep=False):\n        return spark.read.parquet(path)\n";
    check(
        &format!(
            "{job}def run(deep: bool):\n    load = Job.load\n    if deep:\n        load = partial(load, deep=True)\n    load('x').count()\n"
        ),
        &["ambient "],
    );
    // Another function that nothing is known of may be the one that is called.
    let program = lower(&format!(
        "{job}from elsewhere import other\ndef run(deep: bool):\n    load = partial(Job.load, deep=True)\n    if deep:\n        load = other\n    load('x').count()\n"
    ));
    assert!(program.calls.iter().all(|it| it.method != "count"), "{}", program.to_text());
    let program = lower(
        "from functools import partial\ndef f(c):\n    part = partial(F.regexp_extract, c, 'x')\n    spark.table('t').select(part(1).alias('a'), part(2).cast('long'))\n",
    );
    assert!(program.unresolved.is_empty(), "{}", program.to_text());
}

#[test]
fn a_method_that_gives_its_own_object_keeps_its_class() {
    let base = "from typing import Self\nfrom pyspark.sql import DataFrame\nclass Table:\n    @classmethod\n    def load(cls, path) -> Self:\n        return cls(spark.read.parquet(path))\n    def cached(self):\n        if self.small:\n            return self\n        return self\n    def head(self) -> 'Table':\n        return Table(1)\nclass Orders(Table):\n    lines: DataFrame\nclass Other(Table):\n    lines: SparkSession\n";
    check(
        &format!(
            "{base}def f(o: Orders):\n    o.cached().lines.count()\n    Orders.load('x').cached().lines.count()\n"
        ),
        &["ambient lines", "ambient lines"],
    );
    let program = lower(&format!("{base}def f(o: Orders):\n    o.head().lines.count()\n"));
    assert!(program.calls.iter().all(|it| it.method != "count"), "{}", program.to_text());
}

#[test]
fn classes_that_extend_sparks() {
    check(
        "from pyspark.ml import Transformer\nfrom pyspark.ml.param.shared import HasInputCol\nclass Cleaner(Transformer, HasInputCol):\n    def strict(self):\n        return self\n    def _transform(self, df):\n        return df\nclass Quiet(Cleaner):\n    pass\ndf = spark.table('a')\nCleaner().strict().transform(df).count()\nQuiet().transform(df).count()\n",
        &["transform < ambient ", "transform < ambient "],
    );
    let program = lower(
        "class Transformer:\n    pass\nclass Cleaner(Transformer):\n    pass\nCleaner().transform(spark.table('a')).count()\n",
    );
    assert!(program.calls.iter().all(|it| it.method != "count"), "{}", program.to_text());
}
