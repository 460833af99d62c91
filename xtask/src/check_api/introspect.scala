// Prints the public names of Spark's classes, one per line: type, name, kind. Reads lines of type and class on standard input.
// Scala's own signatures are read, since class files show `private[spark]` as public.

import scala.reflect.runtime.universe._

object Introspect {
  private val ofTheLanguage = Seq("java.lang.", "scala.", "org.apache.spark.internal.")
  private val ofEveryObject = Set("toString", "hashCode", "equals", "canEqual")

  def main(arguments: Array[String]): Unit = {
    val mirror = runtimeMirror(Thread.currentThread.getContextClassLoader)
    for (line <- scala.io.Source.stdin.getLines()) {
      val Array(owner, path) = line.split('\t')
      for (found <- symbol(mirror, path); member <- found.toType.members if isApi(found, member)) {
        println(Seq(owner, member.name.decodedName.toString.trim, kind(member)).mkString("\t"))
      }
    }
  }

  private def symbol(mirror: Mirror, path: String): Option[ClassSymbol] =
    try {
      val found =
        if (path.endsWith("$")) mirror.staticModule(path.stripSuffix("$")).moduleClass.asClass
        else mirror.staticClass(path)
      found.toType.members // A class that is not there is found out here.
      Some(found)
    } catch { case _: ScalaReflectionException | _: scala.reflect.internal.MissingRequirementError => None }

  private def isApi(found: ClassSymbol, member: Symbol): Boolean =
    member.isMethod && member.isPublic && !member.isConstructor && !member.isSynthetic &&
      !member.asMethod.isSetter && !member.name.decodedName.toString.contains("$") &&
      !ofTheLanguage.exists(member.owner.fullName.startsWith) &&
      !ofEveryObject(member.name.decodedName.toString) &&
      !(found.isCaseClass && member.name.decodedName.toString == "copy")

  private def kind(member: Symbol): String = {
    val result = member.asMethod.returnType
    if (result.typeSymbol.fullName.startsWith("org.apache.spark.ml.param.") && result.typeSymbol.fullName.endsWith("Param")) "param"
    else "method"
  }
}
