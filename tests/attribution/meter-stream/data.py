"""Readings of smart meters, one file per quarter of an hour, a file of which is late, and the households."""

import csv
import json
import os
import random
from datetime import datetime, timedelta
from pathlib import Path

random.seed(77)
incoming = Path("data/incoming")
incoming.mkdir(parents=True, exist_ok=True)
start = datetime(2024, 1, 15, 6)

for file in range(6):
    path = incoming / f"readings-{file:02}.json"
    with open(path, "w") as out:
        for n in range(400):
            at = start + timedelta(minutes=15 * file, seconds=random.randrange(900))
            out.write(json.dumps({"meter": f"M{n % 120:03}", "ts": at.isoformat(), "kwh": round(random.expovariate(2.0), 4), "status": "OK" if n % 50 else "ERR"}) + "\n")
    # The order of a stream of files is that of their times.
    os.utime(path, (1_700_000_000 + 60 * file,) * 2)

with open("data/households.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["meter", "district", "tariff", "limit_kwh"])
    for n in range(115):
        rows.writerow([f"M{n:03}", f"D{n % 7}", ["day", "night", "flat"][n % 3], round(0.8 + n % 10 / 10, 1)])
