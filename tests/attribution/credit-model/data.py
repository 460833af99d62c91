"""Loan applications with a made-up default rule."""

import math
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

random.seed(2024)
Path("data").mkdir(exist_ok=True)
rows = []
for n in range(3000):
    income = random.gauss(3100, 900)
    amount = random.uniform(1000, 40000)
    age = random.randint(19, 75)
    late = random.choices([0, 1, 2, 5], [70, 15, 10, 5])[0]
    job = random.choice(["office", "craft", "trade", "public", None])
    logit = -2.2 + amount / 14000 - income / 2600 + 0.8 * late + (0.5 if job is None else 0)
    rows.append(
        {
            "id": n,
            "income": None if n % 61 == 0 else round(income, 2),
            "amount": round(amount, 2),
            "age": age,
            "late_payments": late,
            "job": job,
            "purpose": random.choice(["car", "house", "other"]),
            "applied": f"2023-{n % 12 + 1:02}-15",
            "defaulted": int(random.random() < 1 / (1 + math.exp(-logit))),
        }
    )
pq.write_table(pa.Table.from_pylist(rows), "data/applications.parquet")
