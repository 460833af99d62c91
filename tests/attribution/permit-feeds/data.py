"""Building permits, parcels and inspections of a county."""

import csv
import json
import random
from datetime import date, timedelta
from pathlib import Path

random.seed(1492)
root = Path("data/in")
root.mkdir(parents=True, exist_ok=True)
with open(root / "permits.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["permit_no", "parcel", "kind", "filed", "issued", "cost"])
    for n in range(2500):
        filed = date(2023, 1, 1) + timedelta(days=random.randrange(300))
        rows.writerow([f"B{n:05}", f"{random.randrange(420):06}", random.choice(["NEW", "ALT", "DEM", "new "]), filed, filed + timedelta(days=random.randrange(3, 90)) if n % 9 else "", random.randrange(500, 400000) if n % 51 else ""])
with open(root / "parcels.json", "w") as out:
    for n in range(400):
        out.write(json.dumps({"parcel": f"{n:06}", "district": f"D{n % 8}", "owners": [f"O{n % 90}", f"O{n % 31}"][: 1 + n % 2], "area": 200 + n % 60 * 10}) + "\n")
with open(root / "inspections.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["permit_no", "inspected", "result"])
    for n in range(3200):
        rows.writerow([f"B{random.randrange(2600):05}", date(2023, 3, 1) + timedelta(days=random.randrange(280)), random.choice(["pass", "pass", "fail", "partial"])])
