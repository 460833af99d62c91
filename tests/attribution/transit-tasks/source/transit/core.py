"""Tasks, sessions and the things around them."""
import functools
import time
from contextlib import contextmanager
from types import SimpleNamespace

import yaml
from pyspark.sql import DataFrame, SparkSession

TASKS = {}


def load_settings(path):
    with open(path) as f:
        raw = yaml.safe_load(f)
    return SimpleNamespace(**raw)


@contextmanager
def spark_session(settings):
    spark = SparkSession.builder.appName(settings.app).config("spark.sql.session.timeZone", "UTC").getOrCreate()
    try:
        yield spark
    finally:
        spark.stop()


@contextmanager
def cached(df: DataFrame):
    df = df.persist()
    try:
        yield df
    finally:
        df.unpersist()


@contextmanager
def staged(spark, path, fmt="parquet"):
    """Collects frames and writes them as one when the block ends well."""
    frames = []
    yield frames
    if frames:
        union = functools.reduce(DataFrame.unionByName, frames)
        union.write.format(fmt).mode("overwrite").save(path)


def task(name=None, after=()):
    def decorate(fn):
        key = name or fn.__name__

        @functools.wraps(fn)
        def wrapper(*args, **kwargs):
            started = time.monotonic()
            result = fn(*args, **kwargs)
            print(f"[{key}] {time.monotonic() - started:.1f}s")
            return result

        wrapper.after = tuple(after)
        TASKS[key] = wrapper
        return wrapper

    return decorate


def counted(label):
    """Prints the number of rows of the frame that a function returns."""
    def decorate(fn):
        @functools.wraps(fn)
        def wrapper(*args, **kwargs):
            df = fn(*args, **kwargs)
            print(label.format(*args, rows=df.count()))
            return df
        return wrapper
    return decorate


def retry(times=2, on=(IOError,)):
    def decorate(fn):
        @functools.wraps(fn)
        def wrapper(*args, **kwargs):
            for attempt in range(times):
                try:
                    return fn(*args, **kwargs)
                except on:
                    if attempt + 1 == times:
                        raise
        return wrapper
    return decorate


def run_all(spark, settings, only=None):
    done = []
    for name in settings.tasks:
        if only and name not in only:
            continue
        fn = TASKS[name]
        missing = [t for t in fn.after if t not in done]
        if missing:
            raise RuntimeError(f"{name} needs {missing}")
        fn(spark, settings)
        done.append(name)
    return done
