"""Runs a program and tells what it took: wall time, processor time, and the most memory that it had in use.

usage: measure.py PROGRAM ARGUMENT...      what the program prints is passed on; the last line is JSON
"""
import json
import resource
import subprocess
import sys
import time

began = time.perf_counter()
code = subprocess.run(sys.argv[1:]).returncode
seconds = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({
    "code": code, "seconds": seconds, "processor_seconds": used.ru_utime + used.ru_stime, "memory": used.ru_maxrss * 1024,
}))
