"""Policies and claims of an insurer."""

import csv
import json
import random
from datetime import date, timedelta
from pathlib import Path

random.seed(31)
root = Path("data/claims_landing")
root.mkdir(parents=True, exist_ok=True)

with open(root / "policies.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["policy_no", "holder", "product", "region", "start_date", "premium"])
    for n in range(1200):
        rows.writerow([f"P{n:05}", f"H{n % 700:04}", ["home", "car", "travel"][n % 3], ["N", "S", "E", "W"][n % 4], date(2021, 1, 1) + timedelta(days=n % 900), 180 + n % 450])

for year in (2022, 2023):
    folder = root / "claims" / f"year={year}"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "part.json", "w") as out:
        for n in range(2000):
            loss = date(year, 1, 1) + timedelta(days=random.randrange(365))
            claim = {
                "claim_id": f"{year}-{n:05}",
                "policy_no": f"P{random.randrange(1260):05}",
                "loss_date": str(loss),
                "reported": str(loss + timedelta(days=int(random.expovariate(0.1)))),
                "cause": random.choice(["water", "fire", "theft", "glass", "other"]),
                "payments": [{"amount": round(random.gammavariate(1.5, 600), 2), "kind": random.choice(["repair", "cash"])} for _ in range(n % 4)],
            }
            out.write(json.dumps(claim) + "\n")
