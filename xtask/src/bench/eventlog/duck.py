"""Sums a log by stage attempt with DuckDB, whose JSON reader is told the types of the few fields that it is to read.

usage: duck.py LOG THREADS      prints, as JSON: stages, tasks, the sum of their run times, and the seconds that the query took
"""
import json
import sys
import time

import duckdb

TASK = 'STRUCT("Executor Run Time" BIGINT, "JVM GC Time" BIGINT, "Shuffle Write Metrics" STRUCT("Shuffle Bytes Written" BIGINT))'
COLUMNS = {"Event": "VARCHAR", "Stage ID": "INTEGER", "Stage Attempt ID": "INTEGER", "Task Metrics": TASK}
QUERY = f"""
    SELECT "Stage ID", "Stage Attempt ID", count(*),
           sum("Task Metrics"."Executor Run Time"), sum("Task Metrics"."JVM GC Time"),
           sum("Task Metrics"."Shuffle Write Metrics"."Shuffle Bytes Written"),
           quantile_disc("Task Metrics"."Executor Run Time", 0.5)
    FROM read_json(?, format = 'newline_delimited', maximum_object_size = 67108864, columns = {COLUMNS!r})
    WHERE Event = 'SparkListenerTaskEnd' AND "Task Metrics" IS NOT NULL
    GROUP BY ALL
"""
database = duckdb.connect()
database.execute(f"SET threads = {int(sys.argv[2])}")
began = time.perf_counter()
rows = database.execute(QUERY, [sys.argv[1]]).fetchall()
seconds = time.perf_counter() - began
print(json.dumps({
    "stages": len(rows), "tasks": sum(row[2] for row in rows), "run": sum(row[3] for row in rows), "seconds": seconds,
}))
