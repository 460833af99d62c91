"""Shipments, legs and carriers of a forwarder."""

import csv
import random
from datetime import datetime, timedelta
from pathlib import Path

random.seed(99)
raw = Path("data/raw")
raw.mkdir(parents=True, exist_ok=True)
ports = ["HAM", "RTM", "ANR", "GDN", "LEH", "GOA", "BCN", "PIR"]
start = datetime(2023, 9, 1)

for month in (9, 10):
    with open(raw / f"shipments_{month:02}.csv", "w", newline="") as out:
        rows = csv.writer(out, delimiter=";")
        rows.writerow(["Shipment ID", "Customer", "From", "To", "Booked At", "Weight KG", "Value EUR"])
        for n in range(1800):
            a, b = random.sample(ports, 2)
            booked = start + timedelta(days=30 * (month - 9), minutes=random.randrange(43000))
            weight = "" if n % 97 == 0 else str(random.randrange(80, 24000))
            rows.writerow([f"SH{month}{n:05}", f"C{random.randrange(70):03}", a, b, booked.isoformat(), weight, round(random.random() * 90000, 2)])
            if n % 150 == 0:
                rows.writerow([f"SH{month}{n:05}", "C000", a, b, booked.isoformat(), weight, 1.0])

with open(raw / "legs.csv", "w", newline="") as out:
    rows = csv.writer(out, delimiter=";")
    rows.writerow(["Shipment ID", "Leg", "Carrier", "Departed", "Arrived", "Cost"])
    for month in (9, 10):
        for n in range(1800):
            left = start + timedelta(days=30 * (month - 9), minutes=random.randrange(43000))
            for leg in range(1, 2 + n % 3):
                arrived = left + timedelta(hours=random.randrange(4, 120))
                rows.writerow([f"SH{month}{n:05}", leg, f"K{random.randrange(15)}", left.isoformat(), arrived.isoformat(), random.randrange(90, 4000)])
                left = arrived + timedelta(hours=3)

with open(raw / "carriers.csv", "w", newline="") as out:
    rows = csv.writer(out, delimiter=";")
    rows.writerow(["Carrier", "Name", "Mode", "Contract Hours"])
    for n in range(14):
        rows.writerow([f"K{n}", f"Carrier {n}", ["road", "rail", "sea"][n % 3], 36 + 6 * n])
