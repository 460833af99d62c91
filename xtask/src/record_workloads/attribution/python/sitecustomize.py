"""Says for every call of PySpark that the sources make where it stands, in a local property of Spark.

Python imports this module by itself when it stands on `PYTHONPATH`. It wraps the public methods of PySpark's classes as their modules are
loaded. While a wrapped method runs, the local property `stagelight.truth` of its thread holds the site of the call: file, line of the
method's own name, method, and the calls on the way there.

PySpark takes the last frame before the first one in its own package for the call site. So the wrappers are compiled with a file name in that
package, and with the name of the function that they wrap.
"""

import ast
import functools
import importlib.abc
import importlib.util
import inspect
import json
import linecache
import os
import sys
import threading

PROPERTY = "stagelight.truth"

# Modules whose classes have methods that can start work or make plans, and modules in those packages that have none.
WRAPPED = ("pyspark.sql", "pyspark.core", "pyspark.rdd", "pyspark.context", "pyspark.ml", "pyspark.mllib", "pyspark.pandas", "pyspark.streaming")
LEFT_ALONE = (
    "pyspark.sql.column",
    "pyspark.sql.conf",
    "pyspark.sql.connect",
    "pyspark.sql.functions",
    "pyspark.sql.internal",
    "pyspark.sql.pandas.serializers",
    "pyspark.sql.pandas.types",
    "pyspark.sql.profiler",
    "pyspark.sql.tests",
    "pyspark.sql.types",
    "pyspark.sql.udf",
    "pyspark.sql.udtf",
    "pyspark.sql.utils",
    "pyspark.sql.window",
    "pyspark.sql.worker",
    "pyspark.sql.classic.column",
    "pyspark.sql.classic.window",
    "pyspark.core.broadcast",
    "pyspark.core.files",
    "pyspark.core.status",
    "pyspark.ml.common",
    "pyspark.ml.linalg",
    "pyspark.ml.param",
    "pyspark.mllib.linalg",
    "pyspark.mllib.common",
)

# Stopping has no context to tell, and running a job with a property needs the property itself.
UNWRAPPED = {"stop", "setLocalProperty", "getLocalProperty", "setCallSite", "getOrCreate", "getActiveSession"}

sources = os.environ["STAGELIGHT_SOURCES"]
# The notebook that runs in this kernel, if any.
notebook = os.environ.get("STAGELIGHT_NOTEBOOK")
package = None
thread = threading.local()


def positions(frame):
    """Where the instruction stands that the frame is at: line, end line, column, end column."""
    index = frame.f_lasti // 2
    for number, position in enumerate(frame.f_code.co_positions()):
        if number == index:
            return position
    return (None, None, None, None)


class Place:
    """Where code of the sources stands: the file as it is told, the name of its text, and how many lines stand above that text."""

    def __init__(self, told, text, above=0):
        self.told = told
        self.text = text
        self.above = above


@functools.lru_cache(maxsize=None)
def text_of(name):
    """The text that code was compiled from: a file, or the rest of a notebook's cell below its magic."""
    if isinstance(name, int):
        return "".join(cells()[name].splitlines(keepends=True)[1:])
    return "".join(linecache.getlines(name))


def name_of(node):
    """The line on which the name of a call or an attribute ends, and that name."""
    name = node.func if isinstance(node, ast.Call) else node
    if isinstance(name, ast.Attribute):
        return (name.end_lineno, name.attr)
    if isinstance(name, ast.Name) and isinstance(node, ast.Call):
        return (name.end_lineno, name.id)
    return None


@functools.lru_cache(maxsize=None)
def names(text):
    """Of every call and attribute of a text, by where it ends: where it begins, and its name. Of every `for` and `with`, by where it stands: the name of
    what it goes through or enters."""
    calls, blocks = {}, {}
    # No call and no attribute end at the same place.
    for node in ast.walk(ast.parse(text_of(text))):
        if isinstance(node, (ast.For, ast.With)):
            head = node.iter if isinstance(node, ast.For) else node.items[0].context_expr
            blocks[(node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)] = name_of(head)
        elif name_of(node):
            calls[(node.end_lineno, node.end_col_offset)] = ((node.lineno, node.col_offset), name_of(node))
    return calls, blocks


@functools.lru_cache(maxsize=None)
def cells():
    """The texts of a notebook's cells by their number, from 1, those of prose counted."""
    with open(notebook, encoding="utf-8") as file:
        return {number: "".join(cell["source"]) for number, cell in enumerate(json.load(file)["cells"], 1)}


@functools.lru_cache(maxsize=None)
def cell_of(file):
    """The number of the cell that the kernel compiled under this name."""
    from ipykernel.compiler import get_file_name

    return next((number for number, text in cells().items() if get_file_name(text) == file), None)


def place(frame):
    """Where the code of a frame stands, or None if it is none of the sources'."""
    file = frame.f_code.co_filename
    if file.startswith(sources + os.sep):
        return Place({"file": os.path.relpath(file, sources)}, file)
    if notebook is None:
        return None
    told = {"file": os.path.relpath(notebook, sources)}
    if "/ipykernel_" in file:
        cell = cell_of(file)
        return Place({**told, "cell": cell}, file) if cell else None
    if file in ("<timed exec>", "<timed eval>"):
        # The body of a cell with `%%time`, which runs within that cell.
        while frame is not None and "/ipykernel_" not in frame.f_code.co_filename:
            frame = frame.f_back
        cell = cell_of(frame.f_code.co_filename) if frame is not None else None
        return Place({**told, "cell": cell}, cell, 1) if cell else None
    return None


def site_of(frame, method):
    """The site of the call that a frame of the sources is in."""
    where = place(frame)
    line, end_line, column, end_column = positions(frame)
    calls, blocks = names(where.text)
    begins, name = calls.get((end_line, end_column), ((0, 0), None))
    if name is None or (line, column) < begins:
        # A block that ends with a call ends where that does.
        name = blocks.get((line, end_line, column, end_column))
    line, name = name or (line or frame.f_lineno, method)
    return {**where.told, "line": line + where.above, "method": name or method}


def sites(frame, method):
    """The innermost call of the sources, and the calls on the way to it, outermost first."""
    found = []
    while frame is not None:
        if place(frame) is not None:
            site = site_of(frame, method if not found else None)
            # A magic is no call that anybody wrote, and a comprehension none at all.
            if site["method"] not in (None, "run_cell_magic"):
                found.append(site)
        frame = frame.f_back
    return found


def within(frame, method):
    """Sets the property for a call from this frame. Gives what to put back after it, or None if nothing was set."""
    from pyspark import SparkContext

    context = SparkContext._active_spark_context
    if context is None or context._jsc is None:
        return None
    if getattr(thread, "depth", 0) and place(frame) is None:
        return None
    found = sites(frame, method)
    if not found:
        return None
    site = dict(found[0])
    if len(found) > 1:
        site["path"] = found[:0:-1]
    before = context.getLocalProperty(PROPERTY)
    context.setLocalProperty(PROPERTY, json.dumps(site))
    return (context, before)


def after(state):
    context, before = state
    if context._jsc is not None:
        context.setLocalProperty(PROPERTY, before)


TEMPLATE = """
def wrapper(function, method, within, after, thread, getframe):
    def {name}(*args, **kwargs):
        state = within(getframe(1), method)
        if state is None:
            return function(*args, **kwargs)
        thread.depth = getattr(thread, "depth", 0) + 1
        try:
            return function(*args, **kwargs)
        finally:
            thread.depth -= 1
            after(state)
    return {name}
"""


def wrapped(function, method):
    code = getattr(function, "__code__", None)
    name = code.co_name if code is not None and code.co_name.isidentifier() else method
    scope = {}
    exec(compile(TEMPLATE.format(name=name), os.path.join(package, "traceback_utils.py"), "exec"), scope)
    wrapper = scope["wrapper"](function, method, within, after, thread, sys._getframe)
    functools.update_wrapper(wrapper, function)
    wrapper.stagelight = True
    return wrapper


def wrap_class(kind):
    for method, member in list(vars(kind).items()):
        if method.startswith("_") or method in UNWRAPPED:
            continue
        function = member.__func__ if isinstance(member, (staticmethod, classmethod)) else member
        if type(member) is property:
            if member.fget is not None and not hasattr(member.fget, "stagelight"):
                setattr(kind, method, property(wrapped(member.fget, method), member.fset, member.fdel, member.__doc__))
        elif type(member) is functools.cached_property:
            if not hasattr(member.func, "stagelight"):
                member.func = wrapped(member.func, method)
        elif inspect.isfunction(function) and not hasattr(function, "stagelight"):
            wrapper = wrapped(function, method)
            setattr(kind, method, type(member)(wrapper) if function is not member else wrapper)


def is_wrapped(module):
    of = lambda names: any(module == name or module.startswith(name + ".") for name in names)
    return of(WRAPPED) and not of(LEFT_ALONE)


def wrap_display(gateway):
    """`display` of a notebook calls the JVM past PySpark."""
    call = gateway.JavaMember.__call__

    def called(self, *args):
        frame = sys._getframe(1)
        state = None
        if self.name == "showString" and not getattr(thread, "depth", 0):
            state = within(frame, "display")
        try:
            return call(self, *args)
        finally:
            if state is not None:
                after(state)

    gateway.JavaMember.__call__ = called


class Loader(importlib.abc.Loader):
    """Loads a module as its own loader does, then wraps its classes."""

    def __init__(self, loader):
        self.loader = loader

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        if module.__name__ == "py4j.java_gateway":
            wrap_display(module)
            return
        for kind in list(vars(module).values()):
            if inspect.isclass(kind) and kind.__module__ == module.__name__ and not issubclass(kind, BaseException):
                wrap_class(kind)

    def __getattr__(self, name):
        return getattr(self.loader, name)


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        global package
        if not (is_wrapped(name) or name == "py4j.java_gateway") or getattr(thread, "finding", False):
            return None
        thread.finding = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            thread.finding = False
        if spec is None or spec.loader is None:
            return None
        if package is None and "pyspark" in sys.modules:
            package = os.path.dirname(sys.modules["pyspark"].__file__)
        spec.loader = Loader(spec.loader)
        return spec


# The workers of Spark import this module, too.
if not any(argument.startswith("pyspark.daemon") or argument.startswith("pyspark.worker") for argument in sys.orig_argv):
    sys.meta_path.insert(0, Finder())
