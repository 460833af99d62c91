// Runs the examples of rules in one Spark application, each under its own job description. The first argument is the table of data.
// The examples are put in where their names stand. Prints per example `stagelight-example`, its name, and `ran` or an error, then
// `stagelight-plan` and a line of a plan for each line of the plans of the datasets that it keeps in variables. What an example writes
// is removed before the next.

// EXAMPLES
object RunExamples {
  import java.io.File
  import org.apache.spark.sql.{Dataset, SparkSession}

  private def session(): SparkSession = {
    val spark = SparkSession.builder().getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    spark
  }

  private def here(): Set[File] = new File(".").listFiles.toSet

  private def remove(file: File): Unit = {
    if (file.isDirectory) file.listFiles.foreach(remove)
    file.delete()
  }

  private def run(name: String, tables: Set[String], files: Set[File])(example: => AnyRef): Unit = {
    session().sparkContext.setJobDescription(name)
    try {
      val made = example
      println("\nstagelight-example\t" + name + "\tran")
      made.getClass.getDeclaredFields.foreach { field =>
        field.setAccessible(true)
        field.get(made) match {
          case dataset: Dataset[_] if !dataset.isStreaming =>
            dataset.queryExecution.executedPlan.toString.linesIterator.foreach(line => println("stagelight-plan\t" + line))
          case _ =>
        }
      }
    } catch {
      case error: Throwable =>
        println("\nstagelight-example\t" + name + "\terror: " + error.toString.linesIterator.next())
    }
    val spark = session()
    spark.sparkContext.setJobDescription(null)
    spark.catalog.clearCache()
    for (table <- spark.catalog.listTables().collect() if !tables(table.name)) {
      if (table.isTemporary) spark.catalog.dropTempView(table.name) else spark.sql("DROP TABLE " + table.name)
    }
    (here() -- files).foreach(remove)
  }

  def main(arguments: Array[String]): Unit = {
    val spark = session()
    for (line <- scala.io.Source.fromFile(arguments(0)).getLines() if !line.startsWith("#")) {
      val Array(name, form, columns) = line.split('\t')
      val data = spark.range(1000).selectExpr(columns.split("; ").toIndexedSeq: _*)
      data.write.saveAsTable(name)
      data.write.format(form).save(name)
    }
    val tables = spark.catalog.listTables().collect().map(_.name).toSet
    val files = here()
    // RUNS
    session().stop()
  }
}
