"""Bills of materials, prices and stock of a maker of machines."""

import json
import random
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

random.seed(1911)
root = Path("data")
root.mkdir(exist_ok=True)
edges = []
for level in range(4):
    for n in range(60):
        for child in random.sample(range(60), 2 + n % 2):
            edges.append({"parent": f"L{level}-{n:02}", "child": f"L{level + 1}-{child:02}", "qty": random.randint(1, 4)})
pq.write_table(pa.Table.from_pylist(edges), root / "bom.parquet")
with open(root / "prices.json", "w") as out:
    for n in range(60):
        for day in range(0, 90, 30):
            out.write(json.dumps({"part": f"L4-{n:02}", "valid_from": str(date(2024, 1, 1) + timedelta(days=day)), "price": round(random.uniform(0.1, 40), 2), "supplier": f"S{n % 9}"}) + "\n")
orders = [{"order_id": n, "machine": f"L0-{random.randrange(62):02}", "units": random.randint(1, 9), "due": date(2024, 1, 10) + timedelta(days=random.randrange(80)), "priority": "ABC"[n % 3]} for n in range(1200)]
pq.write_table(pa.Table.from_pylist(orders), root / "orders.parquet")
stock = [{"part": f"L4-{n:02}", "plant": f"P{n % 3}", "on_hand": random.randrange(3000)} for n in range(58)]
pq.write_table(pa.Table.from_pylist(stock), root / "stock.parquet")
