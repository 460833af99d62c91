"""Tills, staff hours and returns of two dozen shops, with a few bad rows."""

import random
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

random.seed(21)
root = Path("data")
for kind in ("tills", "hours", "returns", "shops"):
    (root / kind).mkdir(parents=True, exist_ok=True)

days = [date(2024, 1, 1) + timedelta(days=n) for n in range(60)]
shops = [f"S{n:02}" for n in range(24)]

for region in ("north", "south", "west"):
    mine = [shop for n, shop in enumerate(shops) if n % 3 == ("north", "south", "west").index(region)]
    rows = [
        {
            "shop": random.choice(mine),
            "day": str(random.choice(days)),
            "receipt": n,
            "basket": [f"p{random.randrange(40)}" for _ in range(random.randint(1, 4))],
            "amount": round(random.gammavariate(2, 12), 2) if n % 211 else -1.0,
        }
        for n in range(3000)
    ]
    pq.write_table(pa.Table.from_pylist(rows), root / "tills" / f"{region}.parquet")

hours = [{"shop": shop, "day": str(day), "hours": 20.0 + random.randrange(30)} for shop in shops for day in days]
pq.write_table(pa.Table.from_pylist(hours), root / "hours" / "all.parquet")
returned = [{"receipt": random.randrange(3000), "shop": random.choice(shops), "reason": random.choice(["size", "broken", "other", None])} for _ in range(700)]
pq.write_table(pa.Table.from_pylist(returned), root / "returns" / "all.parquet")
master = [{"shop": shop, "region": ("north", "south", "west")[n % 3], "opened": str(date(2010 + n % 9, 5, 1)), "sqm": 200 + 35 * n} for n, shop in enumerate(shops)]
pq.write_table(pa.Table.from_pylist(master), root / "shops" / "all.parquet")
