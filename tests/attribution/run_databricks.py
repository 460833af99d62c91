"""Runs a notebook exported as a source file the way its platform does, in one process.

    spark-submit run_databricks.py source/NOTEBOOK.py [WIDGET=VALUE ...]

Cells are compiled under the notebook's own path and line numbers. A `%sql` cell is a `spark.sql` of each of its statements; the last one, if it has rows, is
displayed and bound to `_sqldf`. The frames of both are at the statement's first line. `display` shows at most a thousand rows and leaves no call site in the log.
"""

import ast
import os
import re
import sys

from pyspark.sql import SparkSession

SEPARATOR = "# COMMAND ----------"
MAGIC = "# MAGIC"


class Exit(Exception):
    """Thrown by `dbutils.notebook.exit`."""


class Widgets:
    def __init__(self, values):
        self.values = values

    def text(self, name, default, label=None):
        self.values.setdefault(name, default)

    def dropdown(self, name, default, choices, label=None):
        self.values.setdefault(name, default)

    def get(self, name):
        return self.values[name]


class Notebook:
    def exit(self, value):
        raise Exit(value)


class Utilities:
    def __init__(self, values):
        self.widgets = Widgets(values)
        self.notebook = Notebook()


def display(frame):
    print(frame._jdf.showString(1000, 20, False))


def cells(text):
    """The cells: the number of the first line and the lines."""
    first, lines = 1, []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() == SEPARATOR:
            yield first, lines
            first, lines = number + 1, []
        else:
            lines.append(line)
    yield first, lines


def statements(lines):
    """The statements of a cell of SQL, parted by `;`: how many lines stand above each, and its text."""
    text, start = "\n".join(lines), 0
    for part in text.split(";"):
        blank = re.match(r"(\s|--.*)*", part).end()
        if part[blank:]:
            yield text.count("\n", 0, start + blank), part[blank:].strip()
        start += len(part) + 1


def sql_code(statement, line, path):
    """Code that runs and displays a statement, all of it at one line."""
    tree = ast.parse(f"_sqldf = spark.sql({statement!r})\nif _sqldf.columns: display(_sqldf)")
    for node in ast.walk(tree):
        if hasattr(node, "lineno"):
            node.lineno = node.end_lineno = line
    return compile(tree, path, "exec")


def run(path, names):
    with open(path, encoding="utf-8") as source:
        text = source.read()
    for first, lines in cells(text):
        magic = next((n for n, line in enumerate(lines) if line.startswith(MAGIC)), None)
        if magic is None:
            code = "\n" * (first - 1) + "\n".join(lines)
            exec(compile(code, path, "exec"), names)
            continue
        content = [line[len(MAGIC) + 1 :] if line.startswith(MAGIC) else "" for line in lines[magic:]]
        kind, _, rest = content[0].partition(" ")
        if kind == "%run":
            run(os.path.join(os.path.dirname(path), rest.strip() + ".py"), names)
        elif kind == "%sql":
            for above, statement in statements([rest, *content[1:]]):
                exec(sql_code(statement, first + magic + above, path), names)
        elif kind != "%md":
            raise SystemExit(f"{path}:{first + magic}: {kind} is not known")


def main():
    path = os.path.abspath(sys.argv[1])
    spark = SparkSession.builder.appName(os.path.basename(path)).getOrCreate()
    values = dict(argument.split("=", 1) for argument in sys.argv[2:])
    names = {"__name__": "__main__", "spark": spark, "sc": spark.sparkContext, "display": display, "dbutils": Utilities(values)}
    try:
        run(path, names)
    except Exit as value:
        print(value)
    spark.stop()


main()
