package org.townlibrary.loans

import java.sql.Date

import org.apache.spark.sql.{Dataset, Encoder, Encoders, SparkSession}
import org.apache.spark.sql.expressions.Aggregator
import org.apache.spark.sql.functions._

case class Book(isbn: String, title: String, genre: String, copies: Long, authors: Seq[String])
case class Member(id: Long, name: String, birthYear: Long, branch: Option[String])
case class Loan(loanId: Long, isbn: String, memberId: Long, lent: Date, returned: Option[Date]) {
  def days: Option[Long] = returned.map(r => (r.getTime - lent.getTime) / 86400000L)
}
case class LoanOfBook(loan: Loan, book: Book)
case class Fine(memberId: Long, cents: Long)
case class GenreStats(genre: String, loans: Long, longest: Long, members: Int)
case class Reader(memberId: Long, favourite: String, count: Long)

/** Longest loan and sum of days; an average that does not overflow for anyone. */
object MeanDays extends Aggregator[LoanOfBook, (Long, Long), Double] {
  def zero: (Long, Long) = (0L, 0L)
  def reduce(b: (Long, Long), l: LoanOfBook): (Long, Long) =
    l.loan.days.fold(b)(d => (b._1 + d, b._2 + 1))
  def merge(a: (Long, Long), b: (Long, Long)): (Long, Long) = (a._1 + b._1, a._2 + b._2)
  def finish(r: (Long, Long)): Double = if (r._2 == 0) 0.0 else r._1.toDouble / r._2
  def bufferEncoder: Encoder[(Long, Long)] = Encoders.tuple(Encoders.scalaLong, Encoders.scalaLong)
  def outputEncoder: Encoder[Double] = Encoders.scalaDouble
}

object LibraryLoans {
  val FreeDays = 28
  val CentsPerDay = 10L

  def main(args: Array[String]): Unit = {
    val Array(in, out) = args
    val spark = SparkSession.builder().appName("library-loans").getOrCreate()
    import spark.implicits._

    val books: Dataset[Book] = spark.read.schema(Encoders.product[Book].schema).json(s"$in/books.json").as[Book]
    val members = spark.read.schema(Encoders.product[Member].schema).json(s"$in/members.json").as[Member]
    val loans = spark.read.schema(Encoders.product[Loan].schema).json(s"$in/loans.json").as[Loan]

    println(s"${books.count()} books, ${members.count()} members")

    // loans of books that we do not own any more are dropped here
    val withBook: Dataset[LoanOfBook] = loans
      .joinWith(books, loans("isbn") === books("isbn"))
      .map { case (loan, book) => LoanOfBook(loan, book) }
      .cache()
    println(s"lost ${loans.count() - withBook.count()} loans")

    val open = withBook.filter(_.loan.returned.isEmpty)
    open.map(l => (l.book.title, l.loan.memberId)).show(5)

    val stats = withBook
      .groupByKey(_.book.genre)
      .mapGroups { (genre, group) =>
        val all = group.toVector
        GenreStats(genre, all.size.toLong, all.flatMap(_.loan.days).foldLeft(0L)(_ max _), all.map(_.loan.memberId).distinct.size)
      }
    stats.orderBy($"loans".desc).collect().foreach(println)

    val means = withBook.groupByKey(_.book.genre).agg(MeanDays.toColumn.name("mean"), count("*").as[Long])
    means.collect().foreach { case (genre, mean, n) => println(f"$genre%-10s $mean%6.2f $n%6d") }

    val fines = withBook
      .flatMap { l =>
        l.loan.days.filter(_ > FreeDays).map(d => Fine(l.loan.memberId, (d - FreeDays) * CentsPerDay))
      }
      .groupByKey(_.memberId)
      .reduceGroups((a, b) => a.copy(cents = a.cents + b.cents))
      .map(_._2)
    fines.write.mode("overwrite").parquet(s"$out/fines")

    val favourites = withBook
      .select($"loan.memberId", $"book.genre")
      .as[(Long, String)]
      .groupByKey(identity)
      .count()
      .map { case ((member, genre), n) => Reader(member, genre, n) }
      .groupByKey(_.memberId)
      .mapGroups((_, rs) => rs.maxBy(r => (r.count, r.favourite)))

    val profile = members
      .joinWith(favourites, members("id") === favourites("memberId"), "left_outer")
      .map { case (m, r) => (m.branch.getOrElse("none"), Option(r).map(_.favourite).getOrElse("-")) }
      .toDF("branch", "favourite")
    profile.groupBy("branch").pivot("favourite").count().show()

    // authors: one row per author and book
    val authors = books.flatMap(b => b.authors.map(a => (a, b.isbn))).toDF("author", "isbn")
    val lent = authors
      .join(loans.toDF().groupBy("isbn").count(), Seq("isbn"), "left")
      .groupBy("author")
      .agg(sum(coalesce($"count", lit(0L))).as("loans"), collect_list("isbn").as("books"))
    lent.filter(size($"books") > 20).sort($"loans".desc).show(3)
    lent.as[(String, Long, Seq[String])].filter(_._2 == 0).take(2).foreach(println)

    val total = spark.read.parquet(s"$out/fines").as[Fine].map(_.cents).reduce(_ + _)
    println(s"fines: $total cents")
    val debtors = spark.read.parquet(s"$out/fines").as[Fine].filter(_.cents > 500)
    debtors
      .joinWith(members, debtors("memberId") === members("id"))
      .map(p => (p._2.name, p._1.cents))
      .toDF("name", "cents")
      .repartition(2, $"name")
      .sortWithinPartitions("name")
      .write
      .mode("overwrite")
      .option("header", value = true)
      .csv(s"$out/letters")

    if (debtors.isEmpty) println("no letters today")
    else debtors.foreachPartition((it: Iterator[Fine]) => it.foreach(_ => ()))

    withBook.unpersist()
    spark.stop()
  }
}
