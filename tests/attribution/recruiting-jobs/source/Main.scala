package hiring

import hiring.jobs._

/** Runs the jobs whose names are given, all of them in order without any. */
object Main {
  private val jobs: Seq[Job] = Seq(Funnel, new SkillDemand(minimum = 40), TimeToHire, Publish)

  def main(args: Array[String]): Unit = {
    val settings = Settings.from(args)
    val wanted = settings.only
    val context = JobContext(settings)
    try {
      jobs.filter(j => wanted.isEmpty || wanted.contains(j.name)).foreach { job =>
        job.execute(context)
      }
    } finally context.close()
  }
}
