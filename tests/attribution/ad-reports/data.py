"""Impressions, clicks and campaigns of four weeks."""

import csv
import json
import random
from datetime import datetime, timedelta
from pathlib import Path

random.seed(7)
data = Path("data")
data.mkdir(exist_ok=True)

channels = ["search", "display", "video", "social"]
with open(data / "campaigns.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["campaign_id", "advertiser", "channel", "daily_budget", "countries"])
    for campaign in range(1, 41):
        countries = random.sample(["DE", "FR", "PL", "SE", "IT"], 1 + campaign % 3)
        rows.writerow([campaign, f"Advertiser {campaign % 9}", channels[campaign % 4], 50 + campaign * 5, "|".join(countries)])

start = datetime(2024, 3, 4)
(data / "impressions").mkdir(exist_ok=True)
for week in range(4):
    with open(data / "impressions" / f"week-{week}.json", "w") as out:
        for number in range(2500):
            seen = start + timedelta(days=7 * week, seconds=random.randrange(7 * 86400))
            row = {
                "impression_id": week * 2500 + number,
                "campaign_id": random.randint(1, 44),
                "user_id": f"u{random.randrange(900):04}",
                "ts": seen.isoformat(sep=" "),
                "price_micros": random.randrange(200, 9000),
                "placement": {"site": f"site{random.randrange(12)}.example", "slot": random.choice(["top", "side", "feed"])},
            }
            out.write(json.dumps(row) + "\n")

with open(data / "clicks.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["impression_id", "clicked_at", "converted"])
    for number in random.sample(range(10000), 1100):
        rows.writerow([number, (start + timedelta(minutes=number)).isoformat(sep=" "), random.random() < 0.2])
