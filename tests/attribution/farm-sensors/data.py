"""Soil and milk sensors of a few farms, with columns of strange names."""

import csv
import random
from datetime import datetime, timedelta
from pathlib import Path

random.seed(44)
root = Path("data")
root.mkdir(exist_ok=True)
start = datetime(2024, 3, 1)
for kind, columns in {"soil": ["Moisture (%)", "Temp C", "pH"], "milk": ["Litres", "Fat %", "Protein %"]}.items():
    with open(root / f"{kind}.csv", "w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["Farm Id", "Sensor", "Read At", *columns])
        for n in range(1500):
            values = [round(random.gauss(30, 8), 2) if random.random() > 0.03 else "" for _ in columns]
            rows.writerow([f"F{n % 13}", f"{kind}-{n % 60}", (start + timedelta(minutes=40 * n)).isoformat(), *values])
            if n % 100 == 0:
                rows.writerow([f"F{n % 13}", f"{kind}-{n % 60}", (start + timedelta(minutes=40 * n)).isoformat(), *values])
with open(root / "farms.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["Farm Id", "County", "Hectares", "Crops"])
    for n in range(12):
        rows.writerow([f"F{n}", ["Kent", "Devon", "York"][n % 3], 20 + 7 * n, " ; ".join(random.sample(["wheat", "barley", "maize"], 1 + n % 3))])
