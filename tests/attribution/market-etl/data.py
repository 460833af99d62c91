"""Trades, quotes and instruments of four exchanges."""

import csv
import random
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

random.seed(1987)
root = Path("data/market")
root.mkdir(parents=True, exist_ok=True)
symbols = [f"SYM{n:02}" for n in range(30)]
price = {s: random.uniform(10, 200) for s in symbols}
start = datetime(2024, 6, 3, 8)

for day in range(3):
    folder = root / "trades" / f"date=2024-06-{3 + day:02}"
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for n in range(1500):
        s = random.choice(symbols)
        price[s] *= 1 + random.gauss(0, 0.003)
        rows.append({"trade_id": day * 1500 + n, "symbol": s, "exchange": random.choice(["XA", "XB", "XC", "XD"]), "ts": start + timedelta(days=day, seconds=n * 18), "price": round(price[s], 3), "size": random.randrange(1, 500), "side": random.choice("BS")})
    pq.write_table(pa.Table.from_pylist(rows), folder / "part-0.parquet")
instruments = [{"symbol": s, "sector": ["tech", "energy", "health"][n % 3], "lot": 10 * (1 + n % 3), "listed": f"20{10 + n % 12}-01-01"} for n, s in enumerate(symbols[:28])]
pq.write_table(pa.Table.from_pylist(instruments), root / "instruments.parquet")
with open(root / "fx.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["exchange", "date", "rate"])
    for exchange, rate in [("XA", 1.0), ("XB", 0.91), ("XC", 1.12)]:
        for day in range(3):
            rows.writerow([exchange, f"2024-06-{3 + day:02}", rate + day / 100])
