"""Stops, trips and vehicle positions of a city's buses for five days."""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

random.seed(404)
root = Path("data")
root.mkdir(exist_ok=True)

stops = [{"stop_id": f"st{n:03}", "name": f"Stop {n}", "zone": "ABC"[n % 3], "lat": 50 + n / 1000, "lon": 14 + n / 900} for n in range(90)]
pq.write_table(pa.Table.from_pylist(stops), root / "stops.parquet")

for day in range(5):
    date = datetime(2024, 4, 1) + timedelta(days=day)
    folder = root / "positions" / f"{date:%Y-%m-%d}"
    folder.mkdir(parents=True, exist_ok=True)
    if day == 3:
        (folder / "positions.json").write_text("")
        continue
    with open(folder / "positions.json", "w") as out:
        for n in range(1400):
            planned = date + timedelta(hours=5, seconds=n * 45)
            out.write(
                json.dumps(
                    {
                        "trip": f"t{n // 12}",
                        "line": f"L{n // 12 % 14}",
                        "stop_id": f"st{random.randrange(93):03}",
                        "planned": planned.isoformat(),
                        "seen": (planned + timedelta(seconds=random.gauss(80, 160))).isoformat(timespec="seconds"),
                        "load": random.randrange(0, 90),
                    }
                )
                + "\n"
            )
lines = [{"line": f"L{n}", "operator": ["city", "north", "coop"][n % 3], "kind": "night" if n > 10 else "day"} for n in range(14)]
pq.write_table(pa.Table.from_pylist(lines), root / "lines.parquet")
