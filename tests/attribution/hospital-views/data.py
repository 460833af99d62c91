"""Admissions, diagnoses and wards."""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

random.seed(911)
root = Path("data")
root.mkdir(exist_ok=True)
rows = []
for n in range(2500):
    arrived = datetime(2023, 6, 1) + timedelta(hours=random.randrange(24 * 200))
    rows.append({"admission_id": n, "patient_id": random.randrange(900), "ward": f"W{random.randrange(9)}", "admitted": arrived, "discharged": arrived + timedelta(hours=random.randrange(6, 500)) if n % 40 else None, "emergency": n % 3 == 0})
pq.write_table(pa.Table.from_pylist(rows), root / "admissions.parquet")
with open(root / "diagnoses.json", "w") as out:
    for n in range(2500):
        out.write(json.dumps({"admission_id": n, "codes": [{"code": f"{random.choice('ABCIJ')}{random.randrange(20):02}", "main": k == 0} for k in range(1 + n % 3)]}) + "\n")
with open(root / "wards.csv", "w") as out:
    out.write("ward,name,beds\n")
    for n in range(8):
        out.write(f"W{n},Ward {n},{10 + 3 * n}\n")
