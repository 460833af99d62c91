use proptest::prelude::*;
use tree_sitter::Parser;

use super::part;
use crate::syntax::{
    Arg, Expr, ExprKind, Parameter, Part, Pattern, Stmt, StmtKind, TextPiece, TypeRef,
};
use crate::tree::SyntaxTree;
use program::{Language, Literal, TextRange};

fn read(text: &str) -> Part {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_scala::LANGUAGE.into()).unwrap();
    let tree = parser.parse(text, None).unwrap();
    let tree = SyntaxTree::new(Language::Scala, text, tree.walk());
    part(&tree, text, TextRange::new(0, text.len() as u32))
}

fn joined<T>(items: &[T], separator: &str, one: impl Fn(&T) -> String) -> String {
    items.iter().map(one).collect::<Vec<_>>().join(separator)
}

/// The surface syntax in one line: calls as `f(a)`, operations as `(a op b)`, functions as `|x| { … }`.
fn statements(body: &[Stmt]) -> String {
    joined(body, "; ", statement)
}

fn statement(stmt: &Stmt) -> String {
    match &stmt.kind {
        StmtKind::Expr(value) => expr(value),
        StmtKind::Assign { target, annotation, value } => {
            let annotation = annotation
                .as_ref()
                .map_or_else(String::new, |written| format!(": {}", type_ref(written)));
            let value =
                value.as_ref().map_or_else(String::new, |value| format!(" = {}", expr(value)));
            format!("let {}{annotation}{value}", pattern(target))
        }
        StmtKind::Function(def) => {
            let decorators = joined(&def.decorators, "", |one| format!("@{} ", expr(one)));
            let returns = def
                .returns
                .as_ref()
                .map_or_else(String::new, |written| format!(": {}", type_ref(written)));
            let equals = if def.last_is_result { " =" } else { "" };
            format!(
                "{decorators}def {}({}){returns}{equals} {{ {} }}",
                def.name.text,
                parameters(&def.parameters),
                statements(&def.body)
            )
        }
        StmtKind::Class { name, parameters: list, body, runs, .. } => {
            let kind = if *runs { "object" } else { "class" };
            format!("{kind} {}({}) {{ {} }}", name.text, parameters(list), statements(body))
        }
        StmtKind::Branch { conditions, arms, exhaustive, .. } => {
            let all = if *exhaustive { "!" } else { "" };
            format!(
                "branch{all} ({}) {}",
                joined(conditions, ", ", expr),
                joined(arms, " ", |arm| format!("{{ {} }}", statements(arm)))
            )
        }
        StmtKind::For { target, iterated, body, .. } => {
            format!("for {} in {} {{ {} }}", pattern(target), expr(iterated), statements(body))
        }
        StmtKind::While { condition, body, .. } => {
            format!("while {} {{ {} }}", expr(condition), statements(body))
        }
        StmtKind::With { body, .. } => format!("with {{ {} }}", statements(body)),
        StmtKind::Return(value) => {
            format!("return {}", value.as_ref().map_or_else(String::new, expr))
        }
        StmtKind::Import(import) => {
            let alias =
                import.alias.as_ref().map_or_else(String::new, |alias| format!(" as {alias}"));
            format!("import {}/{}{alias}", import.path, import.member.as_deref().unwrap_or("-"))
        }
        StmtKind::Block(body) | StmtKind::Main(body) => format!("{{ {} }}", statements(body)),
        StmtKind::Break => "break".to_owned(),
        StmtKind::Continue => "continue".to_owned(),
        StmtKind::Jump(value) => format!("jump {}", value.as_ref().map_or_else(String::new, expr)),
        _ => "python".to_owned(),
    }
}

fn expr(value: &Expr) -> String {
    match &value.kind {
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Attribute { object, name } => format!("{}.{}", expr(object), name.text),
        ExprKind::Call { callee, type_arguments, arguments, .. } => {
            let types = if type_arguments.is_empty() {
                String::new()
            } else {
                format!("[{}]", joined(type_arguments, ", ", type_ref))
            };
            format!("{}{types}({})", expr(callee), joined(arguments, ", ", argument))
        }
        ExprKind::Literal(Literal::Null) => "null".to_owned(),
        ExprKind::Literal(Literal::Boolean(value)) => value.to_string(),
        ExprKind::Literal(Literal::Integer(value)) => value.to_string(),
        ExprKind::Literal(Literal::Float(value)) => format!("{value:?}"),
        ExprKind::Literal(Literal::Text(value)) => format!("{value:?}"),
        ExprKind::Text(pieces) => {
            let pieces = joined(pieces, "", |piece| match piece {
                TextPiece::Literal(text) => text.escape_debug().to_string(),
                TextPiece::Hole(hole) => format!("{{{}}}", expr(hole)),
            });
            format!("t\"{pieces}\"")
        }
        ExprKind::List(items) => format!("[{}]", joined(items, ", ", expr)),
        ExprKind::Mapping(items) => {
            joined(items, ", ", |(key, value)| format!("{}: {}", expr(key), expr(value)))
        }
        ExprKind::Lambda { parameters: list, body } => {
            format!("|{}| {{ {} }}", parameters(list), statements(body))
        }
        ExprKind::Operation { operator, operands } if operator == "match" => {
            let asked = |one: &&Expr| !matches!(one.kind, ExprKind::Opaque(_));
            let kept: Vec<&Expr> = operands.iter().filter(asked).collect();
            joined(&kept, " match ", |one| expr(one))
        }
        ExprKind::Operation { operator, operands } => match operands.as_slice() {
            [only] => format!("({operator} {})", expr(only)),
            several => format!("({})", joined(several, &format!(" {operator} "), expr)),
        },
        ExprKind::Index { object, index } => format!("{}[{}]", expr(object), expr(index)),
        ExprKind::Conditional { condition, then, otherwise } => {
            let otherwise =
                otherwise.as_ref().map_or_else(|| "-".to_owned(), |otherwise| expr(otherwise));
            format!("({} ? {} : {otherwise})", expr(condition), expr(then))
        }
        ExprKind::Comprehension { element, clauses } => {
            let clauses = joined(clauses, "", |(target, iterated, conditions)| {
                let conditions = joined(conditions, "", |one| format!(" if {}", expr(one)));
                format!(" for {} in {}{conditions}", pattern(target), expr(iterated))
            });
            format!("<{}{clauses}>", expr(element))
        }
        ExprKind::Block(body) => format!("{{ {} }}", statements(body)),
        ExprKind::Column(name) => format!("`{name}`"),
        ExprKind::Opaque(items) => format!("?({})", joined(items, ", ", expr)),
    }
}

fn argument(arg: &Arg) -> String {
    let name = arg.name.as_ref().map_or_else(String::new, |name| format!("{}=", name.text));
    format!("{}{name}{}", if arg.spread { "*" } else { "" }, expr(&arg.value))
}

fn parameters(list: &[Parameter]) -> String {
    joined(list, ", ", |parameter| {
        let annotation = parameter
            .annotation
            .as_ref()
            .map_or_else(String::new, |written| format!(": {}", type_ref(written)));
        let default = parameter
            .default
            .as_ref()
            .map_or_else(String::new, |value| format!(" = {}", expr(value)));
        format!("{}{annotation}{default}", pattern(&parameter.pattern))
    })
}

fn pattern(value: &Pattern) -> String {
    match value {
        Pattern::Name(name) => name.text.to_string(),
        Pattern::Attribute(path) => joined(path, ".", |name| name.text.to_string()),
        Pattern::Tuple(items) => format!("({})", joined(items, ", ", pattern)),
        Pattern::Item(object, index) => format!("{}[{}]", expr(object), expr(index)),
        Pattern::Rest { name, .. } => format!("*{}", name.text),
        Pattern::Ignore => "_".to_owned(),
    }
}

fn type_ref(value: &TypeRef) -> String {
    if value.arguments.is_empty() {
        return value.name.to_string();
    }
    format!("{}[{}]", value.name, joined(&value.arguments, ", ", type_ref))
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let file = read(text);
    assert_eq!(statements(&file.body), expected, "in {text}");
    assert_eq!(file.syntax_errors, 0, "in {text}");
}

#[test]
fn imports() {
    check(
        "import org.apache.spark.sql.{SparkSession, functions => F, Row => _, _}",
        "import org.apache.spark.sql/SparkSession; import org.apache.spark.sql/functions as F; import org.apache.spark.sql/*",
    );
    check("import a.b._, c.d", "import a.b/*; import c/d");
    check("import x.y.*", "import x.y/*");
    check("import x.{given, *}", "import x/*; import x/*");
    check("import x.{Foo as Bar}", "import x/Foo as Bar");
    check("import a.b as c", "import a/b as c");
}

#[test]
fn chains() {
    check(
        r#"val x = spark.read
  // comment
  .option("a", 1L)
  /* another */

  .parquet("a")"#,
        r#"let x = spark.read.option("a", 1).parquet("a")"#,
    );
    check(
        r#"df.write.mode("overwrite").parquet(path)"#,
        r#"df.write.mode("overwrite").parquet(path)"#,
    );
    check(r#"df.groupBy($"a").agg(sum($"b").as("c"))"#, r#"df.groupBy(`a`).agg(sum(`b`).as("c"))"#);
    check("df.as[Order]", "df.as[Order]()");
    check("df.as[Order].map(_.id)", "df.as[Order]().map(|_1| { _1.id })");
    check("a.b[Int](1).c[X]", "a.b[Int](1).c[X]()");
    check(r#"Seq(1, 2).toDF("a")"#, r#"Seq(1, 2).toDF("a")"#);
    check(
        "names.foldLeft(df)((acc, c) => acc.withColumn(c, lit(1)))",
        "names.foldLeft(df, |acc, c| { acc.withColumn(c, lit(1)) })",
    );
    check("x toString", "x.toString");
    check("f _", "f");
    check("x.foo _", "x.foo");
}

#[test]
fn columns() {
    check(
        r#"df.filter($"x" > 3 && col("y") === "a")"#,
        r#"df.filter(((`x` > 3) and (col("y") = "a")))"#,
    );
    check(r#"df.select($"a", 'b, $"c.d")"#, "df.select(`a`, `b`, `c.d`)");
    check(r#"$"a".isNull && !$"b".isNull"#, "(`a`.isNull and (not `b`.isNull))");
    check(r#"$"${x}y""#, r#"col(t"{x}y")"#);
    check(r#"$"a"(0)"#, "`a`[0]");
    check("a =!= b || c <=> d and e", "(((a != b) or (c eqNullSafe d)) and e)");
}

#[test]
fn operators() {
    check("a join b", "a.join(b)");
    check(r#"a join (b, "id")"#, r#"a.join(b, "id")"#);
    check("1 to 10 by 2", "1.to(10).by(2)");
    check("x -> y", "[x, y]");
    check(r#"Map("a" -> 1)"#, r#"Map(["a", 1])"#);
    check("a :: b ::: c", "(a :: (b ::: c))");
    check("-x", "(- x)");
    check("!a & ~b | c", "(((not a) and (not b)) or c)");
    check("a == b && c != d", "((a = b) and (c != d))");
    check("df except other", "df.except(other)");
    check("xs map { x => x }", "xs.map(|x| { x })");
}

#[test]
fn placeholders() {
    check("ds.map(_.id)", "ds.map(|_1| { _1.id })");
    check("xs.reduce(_ + _)", "xs.reduce(|_1, _2| { (_1 + _2) })");
    check("h(foo(_, 1))", "h(|_1| { foo(_1, 1) })");
    check("foo(_.a, _ + 1)", "foo(|_1| { _1.a }, |_1| { (_1 + 1) })");
    check("f((_: Int) + 1)", "f(|_1: Int| { (_1 + 1) })");
    check("df.filter(!_.isNull)", "df.filter(|_1| { (not _1.isNull) })");
    check("xs.map(_ match { case 1 => 2 })", "xs.map(|_1| { { branch! (_1 match 1) { 2 } } })");
    check("xs.map { _.y }", "xs.map(|_1| { _1.y })");
    check(r#"xs.map(s"a${_}")"#, r#"xs.map(|_1| { t"a{_1}" })"#);
    check("xs.map((_, 1))", "xs.map(|_1| { [_1, 1] })");
    check("xs.sortBy(-_._2)", "xs.sortBy(|_1| { (- _1._2) })");
    check("xs.map(f(_)(1, _))", "xs.map(|_1, _2| { f(_1, 1, _2) })");
    check("xs.map(g(_.h(_)))", "xs.map(g(|_1, _2| { _1.h(_2) }))");
}

#[test]
fn lambdas() {
    check("rdd.map { case (a, b) => (b, a) }", "rdd.map(|(a, b)| { [b, a] })");
    check(
        "rdd.map { case (a, (b: Int, _)) if a > 1 => b }",
        "rdd.map(|(a, (b, _))| { ?((a > 1)); b })",
    );
    check(
        "rdd.map { case Left(a) => a; case b => b }",
        "rdd.map(|_1| { branch! (_1) { let (_, a) = _1; a } { let b = _1; b } })",
    );
    check("rdd.map { x => val y = x; y + 1 }", "rdd.map(|x| { let y = x; (y + 1) })");
    check("xs.map { implicit x => x }", "xs.map(|x| { x })");
    check("xs.map { x: Int => x }", "xs.map(|x: Int| { x })");
    check("xs.map { (a: Int, b) => a }", "xs.map(|a: Int, b| { a })");
    check(
        r"q.foreachBatch { (df: DataFrame, id: Long) =>
  df.count()
  df.show()
}",
        "q.foreachBatch(|df: DataFrame, id: Long| { df.count(); df.show() })",
    );
    check("f { a => b => c }", "f(|a| { |b| { c } })");
    check("f(a => { b })", "f(|a| { b })");
    check("f(() => 1)", "f(|| { 1 })");
    check(
        r"xs.map: x =>
  x + 1",
        "xs.map(|x| { (x + 1) })",
    );
    check(
        r"xs.foreach:
  case (a, b) => c",
        "xs.foreach(|(a, b)| { c })",
    );
}

#[test]
fn arguments() {
    check("f(xs: _*)", "f(*xs)");
    check("f(xs*)", "f(*xs)");
    check("f(xs.map(_.name): _*)", "f(*xs.map(|_1| { _1.name }))");
    check("z(a = 1, b = { c; d })", "z(a=1, b={ c; d })");
    check("f(a)(b) { c }", "f(a, b, c)");
    check("f(a) { case x => x }", "f(a, |x| { x })");
    check("f(using a)", "f(a)");
    check(r#"line.split(",")(0)"#, r#"line.split(",")[0]"#);
    check("df.collect()(i)(1)", "df.collect()[i][1]");
    check("df.head()(0)", "df.head()[0]");
    check("rdd.aggregate(0)(f, g)", "rdd.aggregate(0, f, g)");
    check("List.fill(2)(0)", "List.fill(2, 0)");
    check("f { }", "f(null)");
    check("f()", "f()");
}

#[test]
fn instances() {
    check("new Foo", "Foo()");
    check("new Foo[Int](1)", "Foo[Int](1)");
    check("new a.b.Foo(1)", "a.b.Foo(1)");
    check("new Foo(1)(2)", "Foo(1, 2)");
    check("new Foo { def x = 1 }", "{ object () { def x() = { 1 } }; Foo() }");
    check("new Foo(1) { def x = 1 }", "{ object () { def x() = { 1 } }; Foo(1) }");
    check("new Foo[Int](1) with Bar { val x = 1 }", "{ object () { let x = 1 }; Foo[Int](1) }");
}

#[test]
fn literals() {
    check(
        "f(1, 1L, 0xFF, 1_000, -1, 1.5f, 1e3, 2d, true, null, ())",
        "f(1, 1, 255, 1000, -1, 1.5, 1000.0, 2.0, true, null, null)",
    );
    check(r#"f('c', '\n', "a\tb\u0041\"", """a\t"b""")"#, r#"f("c", "\n", "a\tbA\"", "a\\t\"b")"#);
    check(
        r#""""a
 |b""".stripMargin"#,
        r#""a\n |b".stripMargin"#,
    );
    check("99999999999999999999", "?()");
}

#[test]
fn interpolation() {
    check(r#"s"a $b ${c.d} \n $$""#, r#"t"a {b} {c.d} \n $""#);
    check(r#"f"$x%.2f and ${y}%5d%%""#, r#"t"{x} and {y}%""#);
    check(r#"raw"a\n""#, r#""a\\n""#);
    check(
        r#"s"""a ${b + 1} "x" ${
  foo(1)
}""""#,
        r#"t"a {(b + 1)} \"x\" {foo(1)}""#,
    );
    check(r#"s"plain""#, r#""plain""#);
    check(r#"sql"select $x""#, r#"?(t"select {x}")"#);
}

#[test]
fn definitions() {
    check("val (a, b: Int) = t", "let (a, b) = t");
    check("val Array(c, _) = t", "let (c, _) = t");
    check("val x, y = 1", "let x = 1; let y = 1");
    check("lazy val q: Dataset[Order] = df", "let q: Dataset[Order] = df");
    check("var v: Foo = _", "let v: Foo");
    check("val Some(x) = y", "let (x) = y");
    check("val MaxRows = 1", "let MaxRows = 1");
    check("val x: Int", "let x: Int");
    check(
        r"@main def run(args: String*): Unit =
  val x = 1
  println(x)",
        "@main def run(args: Seq[String]): Unit { let x = 1; println(x) }",
    );
    check("def p() { foo }", "def p() { foo }");
    check("def q: Int", "def q(): Int {  }");
    check(
        "private[x] def r[T: Enc](a: T = 1, b: Int*)(implicit e: E): Seq[T] = Seq(a)",
        "def r(a: T = 1, b: Seq[Int], e: E = ?()): Seq[T] = { Seq(a) }",
    );
    check(
        "def g(x: => Int): Option[Dataset[a.b.C]] = { val y = x; Some(y) }",
        "def g(x: Int): Option[Dataset[C]] = { let y = x; Some(y) }",
    );
    check("@foo(1) def m = macro impl", "@foo(1) def m() = { ?(impl) }");
    check(
        "def f(y: A[B]#C, z: (A, B) => C, w: a.b.C with D, u: T { type X = Int }, t: (A, B)): A Or B = 1",
        "def f(y: C, z: Function[A, B, C], w: C, u: T, t: Tuple2[A, B]): Or[A, B] = { 1 }",
    );
}

#[test]
fn classes() {
    check("object Foo extends App with Bar { x.show() }", "object Foo() { x.show() }");
    check("class Job extends Base(a) with App { f(1) }", "object Job() { Base(a); f(1) }");
    check(
        r#"class Foo(val a: Int, b: String = "x")(implicit s: SparkSession) { self: Baz =>
  @transient lazy val x = 1
}"#,
        r#"class Foo(a: Int, b: String = "x", s: SparkSession = ?()) { let x = 1 }"#,
    );
    check("case class P(a: Int)", "class P(a: Int) {  }");
    check(
        "trait T { def f(x: Int)(y: => Int): Int }",
        "class T() { def f(x: Int, y: Int): Int {  } }",
    );
    check(
        r"class Foo(x: Int):
  val y = x
  def m(a: Int): Int =
    a + 1
end Foo",
        "class Foo(x: Int) { let y = x; def m(a: Int): Int = { (a + 1) } }",
    );
    check(
        "enum Color(val x: Int) extends A { case Red, Blue; case G(a: Int) extends Color(1) }",
        "class Color(x: Int) { class Red() {  }; class Blue() {  }; class G(a: Int) { Color(1) } }",
    );
    check(
        r"given foo: Ord[Int] with
  def c = 1",
        "object foo() { def c() = { 1 } }",
    );
    check("given Ord[Int] = bar", "let _: Ord[Int] = bar");
    check(
        r"extension (df: DataFrame)(using s: S)
  def addX(x: Int): DataFrame = df.x
  def addY = df.y",
        "@extension def addX(df: DataFrame, x: Int, s: S = ?()): DataFrame = { df.x }; @extension def addY(df: DataFrame, s: S = ?()) = { df.y }",
    );
    check(
        "implicit class R(df: DataFrame) { def z = df }",
        "class R(df: DataFrame) { def z() = { df } }",
    );
    check(
        r"package a.b
object C",
        "object C() {  }",
    );
    check(
        r"package a {
  object B
}",
        "object B() {  }",
    );
    check("package object c { val x = 1 }", "object c() { let x = 1 }");
}

#[test]
fn assignments() {
    check("x = 1", "let x = 1");
    check("x += 1", "let x = (x + 1)");
    check("a.b = 3", "let a.b = 3");
    check("this.x += y", "let this.x = (this.x + y)");
    check("a(0) = 3", "a.update(0, 3)");
    check("x = y match { case 1 => 2 }", "let x = { branch! (y match 1) { 2 } }");
    check("f(x => acc += x)", "f(|x| { let acc = (acc + x) })");
}

#[test]
fn branches() {
    check("if (a) b else c", "branch! (a) { b } { c }");
    check("if (a) b", "branch (a) { b }");
    check(
        "if (a) { x = 1; f(x) } else if (c) g() else { h() }",
        "branch! (a, c) { let x = 1; f(x) } { g() } { h() }",
    );
    check("val z = if (a) b else if (c) d else e", "let z = (a ? b : (c ? d : e))");
    check(
        "val z = if (a) { val q = 1; q } else e",
        "let z = { branch! (a) { let q = 1; q } { e } }",
    );
    check("val z = if (a) throw e else d", "let z = { branch! (a) { jump e } { d } }");
    check(
        r"if x > 1 then
  a
else if y then c
else b",
        "branch! ((x > 1), y) { a } { c } { b }",
    );
    check(
        "x match { case 1 | 2 => a; case y if y > 1 => b; case _ => c }",
        "branch! (x) { a } { let y = x; ?((y > 1)); b } { c }",
    );
    check(
        "x match { case A => a; case b: B => b; case C(d) :: _ => d }",
        "branch! (x) { a } { let b: B = x; b } { let ((d), _) = x; d }",
    );
    check(
        "f(1) match { case df => df.count }",
        "let match = f(1); branch! (match) { let df = match; df.count }",
    );
    check(
        r"val z = x match
  case 1 => a
     b
  case _ => c",
        "let z = { branch! (x match 1) { a; b } { c } }",
    );
    check("def f = { if (a) b else c }", "def f() = { (a ? b : c) }");
    check(
        "def f = x match { case Some(df) => df; case None => g() }",
        "def f() = { { branch! (x) { let (df) = x; df } { g() } } }",
    );
    check("def f: Unit = { if (a) b else c }", "def f(): Unit { branch! (a) { b } { c } }");
}

#[test]
fn handlers() {
    check(
        "try { a } catch { case e: Exception => b; case NonFatal(e) => c } finally { d }",
        "branch! () { a } { let e: Exception; b } { let (e); c }; d",
    );
    check("try a finally b", "{ a }; b");
    check("try foo catch handler", "branch! () { foo } { handler }");
    check("val x = try { a } catch { case _: E => b }", "let x = { branch! () { a } { b } }");
    check("val x = try { a } finally { b }", "let x = { let try = { a }; b; try }");
    check(
        r#"val x = Try { a }.getOrElse(throw new E("a"))"#,
        r#"let x = Try(a).getOrElse(?(E("a")))"#,
    );
    check(r#"throw new X("a")"#, r#"jump X("a")"#);
}

#[test]
fn loops() {
    check(
        "for { a <- as; if a > 1; b = a; (c, d) <- cs if d } { foo(a) }",
        "for a in as { branch ((a > 1)) { let b = a; for (c, d) in cs { branch (d) { foo(a) } } } }",
    );
    check("for (a <- as) yield a", "<a for a in as>");
    check(
        "for { a <- as; b = f(a); c <- b if c } yield { val d = c; d }",
        "<{ let d = c; d } for a in as for b in [f(a)] for c in b if c>",
    );
    check("for (i <- 1 to 10) f(i)", "for i in 1.to(10) { f(i) }");
    check("while (x) { y }", "while x { y }");
    check("do { z } while (w)", "while w { z }");
    check(
        r"for
  a <- as
  b <- bs
do
  foo(a)",
        "for a in as { for b in bs { foo(a) } }",
    );
}

#[test]
fn scripts() {
    check(
        r#"#!/usr/bin/env amm
//> using dep "x"
import $ivy.`a.b::c:1`
val `a b` = 1
{ import a.b; c }
df.foo"#,
        "import $ivy/a.b::c:1; let a b = 1; { import a/b; c }; df.foo",
    );
    check("val r = { val a = 1; a + 1 }", "let r = { let a = 1; (a + 1) }");
    check("val r = { a }", "let r = a");
    check("(e: T)", "e");
    check("def f = ???", "def f() = { ??? }");
    check("<a>{x}</a>", "?(?({ { x } }))");
}

#[test]
fn combinations() {
    check(r#"udf(f)(col("a"))"#, r#"udf(f)(col("a"))"#);
    check("udf[Int, String](f)", "udf[Int, String](f)");
    check("a(i)(j) = v", "a(i).update(j, v)");
    check(r#"row.getAs[Map[String, Int]]("a")("b")"#, r#"row.getAs[Map[String, Int]]("a")["b"]"#);
    check("f { throw e }", "f({ jump e })");
    check("x.foreach { a => if (a) return b }", "x.foreach(|a| { { branch (a) { return b } } })");
    check("def f() = { try { a } finally { b } }", "def f() = { { let try = { a }; b; try } }");
    check("try { a; b } finally c", "{ a; b }; c");
    check("a match { case 1 => }", "branch! (a match 1) {  }");
    check(
        "for ((k, v) <- m; i <- 0 until v) yield k -> i",
        "<[k, i] for (k, v) in m for i in 0.until(v)>",
    );
    check("val f = (_: Int) + 1", "let f = |_1: Int| { (_1 + 1) }");
    check("val f: Int => Int = _ + 1", "let f: Function[Int, Int] = |_1| { (_1 + 1) }");
    check("f(a)(_.b)", "f(a, |_1| { _1.b })");
    check("var x, y: Int = 0", "let x: Int = 0; let y: Int = 0");
    check("super.f(1)", "super.f(1)");
    check(
        "Some(df).map(_.count()).getOrElse(0L)",
        "Some(df).map(|_1| { _1.count() }).getOrElse(0)",
    );
    check("val Row(a: Int, b) = df.head", "let (a, b) = df.head");
    check(r#"xs.foreach(x => println(s"$x"))"#, r#"xs.foreach(|x| { println(t"{x}") })"#);
    check("if (a) b += 1 else c += 1", "branch! (a) { let b = (b + 1) } { let c = (c + 1) }");
    check(
        r#"val p = new Properties() { put("a", 1) }"#,
        r#"let p = { object () { put("a", 1) }; Properties() }"#,
    );
    check("x.y = z match { case 1 => a }", "let x.y = { branch! (z match 1) { a } }");
    check("return df.count()", "return df.count()");
    check("if (!(a && b)) c", "branch ((not (a and b))) { c }");
    check(
        "(a, b) match { case (Some(x), None) => x }",
        "branch! ([a, b]) { let ((x), _) = [a, b]; x }",
    );
    check(
        r"for (i <- xs) { i } 
val j = 2",
        "for i in xs { i }; let j = 2",
    );
    check(
        "df.map(r => (r.getInt(0), r.getString(1)))(enc)",
        "df.map(|r| { [r.getInt(0), r.getString(1)] }, enc)",
    );
    check(
        "object A { private val x: Int = 1; protected lazy val y = x }",
        "object A() { let x: Int = 1; let y = x }",
    );
}

#[track_caller]
fn check_half_typed(text: &str, expected: &str) {
    let file = read(text);
    assert_eq!(statements(&file.body), expected, "in {text}");
    assert!(file.syntax_errors > 0, "in {text}");
}

#[test]
fn half_typed_code() {
    check_half_typed(
        "df.filter(col(1) === 1\nval y = 3\ndf.show()",
        "df.filter((col(1) = 1)); let y = 3; df.show()",
    );
    check_half_typed("object A {\n  val x: Int = df.\n}", "object A() { let x: Int = df }");
    check_half_typed(
        "def f(df: DataFrame) = {\n  df.groupBy(a).\n}",
        "def f(df: DataFrame) = { df.groupBy(a) }",
    );
    check_half_typed("val x = df.join(other,\nx.show()", "let x = df.join(other, x.show())");
    check_half_typed("val x = 1\n}\ndf.count()", "1; let x = df.count()");
}

const SAMPLE: &str = r##"package jobs

import org.apache.spark.sql.{SparkSession, functions => F, _}

case class Order(id: Long, amount: Double = 0.0)

object Job extends App {
  val spark = SparkSession.builder().appName("job").getOrCreate()
  import spark.implicits._
  // stagelight: allow(unbounded-collect)
  val orders: Dataset[Order] = spark.read.parquet("s3://orders").as[Order]
  val Array(left, right) = orders.randomSplit(Array(0.5, 0.5))
  var total = 0L
  total += left.count() /* stagelight: ignore */
  for { day <- 1 to 7 if day != 3; path = s"out/$day/${day + 1}" } {
    orders.filter($"day" === day && 'amount > 1.5f)
      // comments between
      .map { case Order(id, amount) => (id, amount) }
      .write.mode("overwrite")
      .parquet(path)
  }
  val grouped = orders.rdd.map(o => o.id -> o.amount).reduceByKey(_ + _).foldByKey(0)((a, b) => a max b)
  try { grouped.collect().foreach(println) } catch { case e: Exception => throw e } finally { spark.stop() }
  def pick(name: String)(implicit s: SparkSession): DataFrame = name match {
    case "a" | "b" if name.nonEmpty => s.table(name)
    case x => if (x == null) s.emptyDataFrame else { val t = s.table(x); t }
  }
  val text = """|raw
                |text""".stripMargin
  new Thread { override def run(): Unit = { pick("é") } }
}

extension (df: DataFrame)
  def clean(columns: String*) =
    columns.foldLeft(df): (acc, column) =>
      acc.drop(column)
"##;

#[test]
fn every_truncation_is_read() {
    for (end, _) in SAMPLE.char_indices() {
        read(&SAMPLE[..end]);
        read(&SAMPLE[end..]);
    }
}

#[test]
fn comments_to_stagelight() {
    let file = read(SAMPLE);
    let comments: Vec<_> =
        file.comments.iter().map(|comment| (comment.text.as_str(), comment.trailing)).collect();
    assert_eq!(
        comments,
        [("stagelight: allow(unbounded-collect)", false), ("stagelight: ignore", true)]
    );
    assert_eq!(file.syntax_errors, 0);
}

proptest! {
    #[test]
    fn mutations_are_read(edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..6, r#"[(){}\[\]"'$_.=:>a-c\n é@]{0,3}"#), 1..6)) {
        let mut text: Vec<char> = SAMPLE.chars().collect();
        for (at, removed, inserted) in edits {
            let start = at.index(text.len());
            let end = (start + removed).min(text.len());
            text.splice(start..end, inserted.chars());
        }
        read(&text.into_iter().collect::<String>());
    }
}

/// What `range` covers.
fn covered(text: &str, range: program::TextRange) -> &str {
    &text[range.start as usize..range.end as usize]
}

#[test]
fn ranges_of_a_chain() {
    let text = "val x = df\n  .filter(a) // why\n  .groupBy { b }\n  .count()\n";
    let file = read(text);
    let StmtKind::Assign { value: Some(value), .. } = &file.body[0].kind else { panic!() };
    let ExprKind::Call { callee, arguments_range, .. } = &value.kind else { panic!() };
    assert_eq!(covered(text, value.range), "df\n  .filter(a) // why\n  .groupBy { b }\n  .count()");
    assert_eq!(covered(text, *arguments_range), "()");
    let ExprKind::Attribute { object, name } = &callee.kind else { panic!() };
    assert_eq!(covered(text, name.range), "count");
    assert_eq!(covered(text, callee.range), "df\n  .filter(a) // why\n  .groupBy { b }\n  .count");
    let ExprKind::Call { arguments_range, .. } = &object.kind else { panic!() };
    assert_eq!(covered(text, *arguments_range), "{ b }");
}

#[test]
fn ranges_of_statements() {
    let text = "def f(a: Int): Int = {\n  if (a > 1) { b } else { c }\n  for (x <- xs if x) g(x)\n  while (a) b\n  a match { case 1 => 2 }\n  1\n}";
    let file = read(text);
    let StmtKind::Function(def) = &file.body[0].kind else { panic!() };
    assert_eq!(covered(text, def.header), "def f(a: Int): Int");
    let headers: Vec<&str> = def
        .body
        .iter()
        .filter_map(|one| match &one.kind {
            StmtKind::Branch { header, .. }
            | StmtKind::For { header, .. }
            | StmtKind::While { header, .. } => Some(covered(text, *header)),
            _ => None,
        })
        .collect();
    assert_eq!(headers, ["if (a > 1)", "for (x <- xs if x)", "while (a)", "a match"]);
}

#[test]
fn ranges_of_arguments() {
    let text = "f(1)(2)\nf[A]\n(a join b).c\nx.map { y => y }\nf { a }";
    let places: Vec<(&str, &str)> = read(text)
        .body
        .iter()
        .filter_map(|one| match &one.kind {
            StmtKind::Expr(Expr { kind: ExprKind::Call { arguments_range, .. }, range }) => {
                Some((covered(text, *range), covered(text, *arguments_range)))
            }
            StmtKind::Expr(Expr { kind: ExprKind::Attribute { object, .. }, range }) => {
                Some((covered(text, *range), covered(text, object.range)))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        places,
        [
            ("f[A]", ""),
            ("(a join b).c", "(a join b)"),
            ("x.map { y => y }", "{ y => y }"),
            ("f { a }", "{ a }")
        ]
    );
}

#[test]
fn deep_input_does_not_overflow_the_stack() {
    let many = 10_000;
    let chain = format!("df{}", ".a(1)".repeat(many));
    let sum = format!("x = 1{}", " + a".repeat(many));
    let right = format!("x = {}Nil", "a :: ".repeat(many));
    let calls = format!("f{}", "(1)".repeat(many));
    let otherwise = format!("val y = {} c", "if (a) b else ".repeat(many));
    let nested = |open: &str, close: &str| format!("{}{}", open.repeat(1_000), close.repeat(1_000));
    let cloned = format!("val a, b = df{}", ".a(1)".repeat(many));
    let inputs = [
        cloned,
        chain,
        sum,
        right,
        calls,
        otherwise,
        nested("(", ")"),
        nested("{", "}"),
        nested("f(", ")"),
        nested("f { x => ", "}"),
        nested("val x: A[", "]"),
        nested("x match { case ", " => 1 }"),
        nested("case Some(", ")"),
        nested("object A { ", "}"),
        nested("def f = ", "1"),
        nested("s\"${", "}\""),
        nested("!", "a"),
        nested("for (a <- b) ", "c"),
        nested("new A(", ")"),
        nested("(a, ", ")"),
        nested("try ", "a"),
        nested("if (a) ", "b"),
        nested("a => ", "b"),
    ];
    for input in inputs {
        read(&input);
    }
}

#[test]
fn long_chains_are_whole() {
    let text = format!("df{}", ".withColumn(\"a\", lit(1))".repeat(400));
    let file = read(&text);
    assert_eq!(file.syntax_errors, 0);
    let StmtKind::Expr(mut value) = file.body[0].kind.clone() else { panic!() };
    let mut links = 0;
    loop {
        value = match value.kind {
            ExprKind::Call { callee, .. } => *callee,
            ExprKind::Attribute { object, .. } => {
                links += 1;
                *object
            }
            _ => break,
        };
    }
    assert_eq!((links, expr(&value)), (400, "df".to_owned()));
}
