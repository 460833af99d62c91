package hiring.jobs

import hiring.JobContext
import org.apache.spark.sql.{DataFrame, SaveMode}

trait Job {
  def name: String = getClass.getSimpleName.stripSuffix("$").toLowerCase

  def build(context: JobContext): DataFrame

  def execute(context: JobContext): Unit = {
    val frame = build(context)
    write(frame, context)
  }

  protected def write(frame: DataFrame, context: JobContext): Unit =
    frame.coalesce(1).write.mode(SaveMode.Overwrite).parquet(target(context))

  protected def target(context: JobContext): String = s"${context.settings.output}/$name"
}

/** Looks at what a job has written. */
trait Verified extends Job {
  def minimumRows: Long = 1

  abstract override def execute(context: JobContext): Unit = {
    super.execute(context)
    val written = context.spark.read.parquet(target(context)).count()
    require(written >= minimumRows, s"$name wrote $written rows")
    println(s"$name: $written rows")
  }
}

/** Keeps the built frame in memory while it is written. */
trait Cached extends Job {
  abstract override def write(frame: DataFrame, context: JobContext): Unit = {
    val kept = frame.cache()
    println(s"$name holds ${kept.count()} rows")
    super.write(kept, context)
    preview(kept)
    kept.unpersist()
  }

  protected def preview(frame: DataFrame): Unit = frame.show(3, truncate = false)
}

abstract class StandardJob extends Job
