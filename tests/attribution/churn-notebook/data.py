"""Subscribers, listening events and support tickets of a music service."""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

random.seed(8)
root = Path("data")
root.mkdir(exist_ok=True)
start = datetime(2024, 2, 1)

subscribers = [
    {"user_id": n, "plan": ["free", "paid", "family"][n % 3], "state": random.choice(["CA", "NY", "TX", "WA", None]), "registered": start - timedelta(days=n % 400)}
    for n in range(800)
]
pq.write_table(pa.Table.from_pylist(subscribers), root / "subscribers.parquet")

pages = ["NextSong"] * 12 + ["Thumbs Up", "Thumbs Down", "Home", "Add Friend", "Error", "Downgrade"]
with open(root / "events.json", "w") as out:
    for n in range(12000):
        user = random.randrange(820)
        page = "Cancel" if random.random() < 0.008 else random.choice(pages)
        at = start + timedelta(minutes=random.randrange(60 * 24 * 60))
        event = {"userId": user, "page": page, "ts": int(at.timestamp() * 1000), "sessionId": user * 100 + at.day}
        if page == "NextSong":
            event.update(artist=f"Artist {random.randrange(90)}", length=round(random.uniform(90, 400), 1))
        out.write(json.dumps(event) + "\n")

tickets = [{"user_id": random.randrange(800), "topic": random.choice(["billing", "login", "sound"]), "text": "it does not work " * (n % 5)} for n in range(500)]
pq.write_table(pa.Table.from_pylist(tickets), root / "tickets.parquet")
