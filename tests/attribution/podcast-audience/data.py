"""Shows, episodes, plays and listeners of a podcast publisher."""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

random.seed(2718)
root = Path("data")
root.mkdir(exist_ok=True)
shows = [{"show_id": n, "show": f"Show {n}", "category": ["news", "true crime", "comedy", "tech"][n % 4], "hosts": [f"Host {n % 7}", f"Host {n % 5 + 7}"]} for n in range(25)]
pq.write_table(pa.Table.from_pylist(shows), root / "shows.parquet")
episodes = [{"episode_id": n, "show_id": random.randrange(26), "published": datetime(2024, 1, 1) + timedelta(days=n % 120), "seconds": 600 + n % 50 * 60} for n in range(600)]
pq.write_table(pa.Table.from_pylist(episodes), root / "episodes.parquet")
(root / "plays").mkdir(exist_ok=True)
for part in range(2):
    with open(root / "plays" / f"{part}.json", "w") as out:
        for n in range(3500):
            out.write(json.dumps({"listener": f"L{random.randrange(700)}", "episode_id": random.randrange(610), "at": (datetime(2024, 3, 1) + timedelta(minutes=random.randrange(60000))).isoformat(), "heard": random.randrange(0, 3600), "app": random.choice(["apple", "spotify", "web", None])}) + "\n")
listeners = [{"listener": f"L{n}", "country": ["NO", "SE", "DK"][n % 3], "premium": n % 7 == 0} for n in range(680)]
pq.write_table(pa.Table.from_pylist(listeners), root / "listeners.parquet")
