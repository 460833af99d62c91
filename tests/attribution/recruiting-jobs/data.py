"""Applications, openings and interviews."""

import csv
import random
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

random.seed(66)
root = Path("data")
root.mkdir(exist_ok=True)
openings = [{"opening_id": n, "team": f"team-{n % 9}", "level": ["junior", "senior", "lead"][n % 3], "opened": date(2024, 1, 1) + timedelta(days=n % 90)} for n in range(120)]
pq.write_table(pa.Table.from_pylist(openings), root / "openings.parquet")
applications = [
    {"application_id": n, "opening_id": random.randrange(125), "person": f"p{random.randrange(1400)}", "source": random.choice(["site", "referral", "agency", "fair"]), "applied": date(2024, 1, 5) + timedelta(days=random.randrange(120)), "skills": random.sample(["sql", "scala", "python", "java", "go"], n % 4)}
    for n in range(4000)
]
pq.write_table(pa.Table.from_pylist(applications), root / "applications.parquet")
with open(root / "interviews.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["application_id", "round", "held", "score"])
    for n in range(0, 4000, 2):
        for r in range(1, 2 + n % 3):
            rows.writerow([n, r, date(2024, 2, 1) + timedelta(days=random.randrange(120)), random.randint(1, 5)])
