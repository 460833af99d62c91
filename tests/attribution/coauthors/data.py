"""Papers and their authors, in a few groups that are not connected with one another."""

import csv
import random
from pathlib import Path

random.seed(314)
Path("data").mkdir(exist_ok=True)
with open("data/papers.csv", "w", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["paper", "year", "authors"])
    for n in range(420):
        group = n % 12
        people = random.sample(range(group * 25, group * 25 + 25), random.randint(1, 4))
        rows.writerow([f"P{n}", 2000 + n % 24, ";".join(f"a{p}" for p in people)])
