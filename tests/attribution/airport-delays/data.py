"""Flights, airports, carriers, planes and hourly weather."""

import csv
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

random.seed(747)
root = Path("data")
root.mkdir(exist_ok=True)
airports = ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH"]
start = datetime(2024, 7, 1, tzinfo=timezone.utc)
flights = []
for n in range(5000):
    a, b = random.sample(airports, 2)
    at = start + timedelta(minutes=random.randrange(60 * 24 * 20))
    delay = round(random.gauss(12, 30))
    flights.append({"flight": n, "carrier": f"{'XYZW'[n % 4]}{n % 3}", "tail": f"N{n % 160:03}", "origin": a, "dest": b, "sched": at, "dep_delay": delay if n % 70 else None, "arr_delay": delay + random.randrange(-15, 20) if n % 70 else None, "reason": random.choice(["weather late aircraft", "crew", "", None, "weather"])})
pq.write_table(pa.Table.from_pylist(flights), root / "flights.parquet")
with open(root / "airports.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["code", "city", "lat", "lon", "runways"])
    for n, code in enumerate(airports[:7]):
        rows.writerow([code, f"City {n}", 30 + n * 2.5, -100 + n * 4.1, 1 + n % 4])
with open(root / "carriers.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["carrier", "name", "alliance"])
    for c in "XYZW":
        for k in range(3):
            rows.writerow([f"{c}{k}", f"Air {c}{k}", ["Sky", "One", ""][k]])
planes = [{"tail": f"N{n:03}", "model": f"M{n % 6}", "year": 1995 + n % 28, "seats": 80 + n % 5 * 30} for n in range(150)]
pq.write_table(pa.Table.from_pylist(planes), root / "planes.parquet")
weather = [{"station": code, "hour": start + timedelta(hours=h), "wind": round(random.expovariate(0.15), 1), "rain": round(max(0.0, random.gauss(-1, 2)), 1)} for code in airports for h in range(480)]
pq.write_table(pa.Table.from_pylist(weather), root / "weather.parquet")
