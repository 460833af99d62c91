"""Product feeds of three suppliers, stock levels and a list of banned words."""

import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

random.seed(55)
feeds = Path("data/feeds")
feeds.mkdir(parents=True, exist_ok=True)
words = ["lamp", "chair", "table", "shelf", "sofa", "rug", "desk", "replica", "mirror", "bed"]

for number, supplier in enumerate(["alba", "borg", "cirro"]):
    with open(feeds / f"{supplier}.json", "w") as out:
        for n in range(900):
            out.write(
                json.dumps(
                    {
                        "sku": f"{supplier[0]}{n % 850:05}",
                        "title": " ".join(random.sample(words, 3)),
                        "price": round(random.uniform(5, 900), 2) if n % 83 else None,
                        "currency": ["EUR", "GBP", "SEK"][number],
                        "tags": random.sample(["oak", "steel", "kids", "garden", "sale", "new"], n % 4),
                        "updated": f"2024-0{1 + n % 6}-1{n % 9}",
                    }
                )
                + "\n"
            )
stock = [{"sku": f"{'abc'[n % 3]}{n % 870:05}", "warehouse": f"W{n % 5}", "units": random.randrange(60)} for n in range(5000)]
pq.write_table(pa.Table.from_pylist(stock), "data/stock.parquet")
rates = [{"currency": c, "rate": r} for c, r in [("EUR", 1.0), ("GBP", 1.17), ("SEK", 0.088)]]
pq.write_table(pa.Table.from_pylist(rates), "data/rates.parquet")
