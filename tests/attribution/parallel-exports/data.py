"""Bookings of a chain of hotels."""

import random
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

random.seed(123)
root = Path("data")
root.mkdir(exist_ok=True)

bookings = []
for n in range(6000):
    arrival = date(2024, 1, 1) + timedelta(days=random.randrange(180))
    bookings.append(
        {
            "booking": n,
            "hotel": f"H{random.randrange(18):02}",
            "guest": f"G{random.randrange(1500):04}",
            "arrival": arrival,
            "nights": random.randint(1, 9),
            "rate": round(random.uniform(55, 320), 2),
            "channel": random.choice(["web", "phone", "agent", "app"]),
            "cancelled": random.random() < 0.12,
        }
    )
pq.write_table(pa.Table.from_pylist(bookings), root / "bookings.parquet")
hotels = [{"hotel": f"H{n:02}", "city": ["Wien", "Graz", "Linz"][n % 3], "rooms": 40 + 5 * n, "stars": 2 + n % 4} for n in range(18)]
pq.write_table(pa.Table.from_pylist(hotels), root / "hotels.parquet")
guests = [{"guest": f"G{n:04}", "country": ["AT", "DE", "IT", "CZ", "HU"][n % 5], "member": n % 4 == 0} for n in range(1450)]
pq.write_table(pa.Table.from_pylist(guests), root / "guests.parquet")
