"""Prints the public names of PySpark's classes and functions, one per line: type or `function:MODULE`, name, kind.

Reads the class table on standard input. Nothing of Spark is started. The pandas API is read from its sources, since importing it
asks for a pandas of the time.
"""

import ast
import functools
import importlib
import inspect
import pathlib
import sys

import pyspark

FUNCTION_MODULES = {
    "sql": "pyspark.sql.functions",
    "partitioning": "pyspark.sql.functions.partitioning",
    "avro": "pyspark.sql.avro.functions",
    "protobuf": "pyspark.sql.protobuf.functions",
    "ml": "pyspark.ml.functions",
}


def resolve(path):
    parts = path.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            found = getattr(found, part, None)
        return found
    return None


def kind(owner, name):
    value = inspect.getattr_static(owner, name)
    if type(value).__module__ == "pyspark.ml.param":
        return "param"
    if isinstance(value, functools.cached_property):
        return "property"
    routine = inspect.isroutine(value) or isinstance(value, (staticmethod, classmethod))
    return "method" if routine else "property"


def pandas_class(path):
    module = {"DataFrame": "frame", "Series": "series"}[path.rpartition(".")[2]]
    body = sources("pandas", module + ".py").body + sources("pandas", "generic.py").body
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name in (path.rpartition(".")[2], "Frame"):
            for member in node.body:
                if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
                    names = [getattr(it, "id", "") for it in member.decorator_list]
                    yield member.name, "property" if "property" in names else "method"


def pandas_functions():
    for node in sources("pandas", "namespace.py").body + sources("pandas", "sql_formatter.py").body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            for name in ast.literal_eval(node.value):
                yield name, "method"


def sources(*path):
    return ast.parse(pathlib.Path(pyspark.__path__[0], *path).read_text())


def main():
    found = set()
    for line in sys.stdin:
        if line.startswith("#"):
            continue
        type_name, path, _ = line.rstrip("\n").split("\t")
        if path.startswith("pyspark.pandas."):
            found.update((type_name, *member) for member in pandas_class(path))
        elif path == "pyspark.pandas":
            found.update((type_name, *member) for member in pandas_functions())
        elif path != "-":
            owner = resolve(path)
            if owner is not None:
                names = (name for name in dir(owner) if not name.startswith("_"))
                found.update((type_name, name, kind(owner, name)) for name in names)
    for module, path in FUNCTION_MODULES.items():
        try:
            owner = importlib.import_module(path)
        except ImportError:
            continue
        for name, value in vars(owner).items():
            home = getattr(value, "__module__", "")
            own = home.startswith(path) or (module == "sql" and home == "pyspark.sql.pandas.functions")
            if inspect.isfunction(value) and own and not name.startswith("_"):
                found.add(("function:" + module, name, "method"))
    for entry in sorted(found):
        print(*entry, sep="\t")


main()
