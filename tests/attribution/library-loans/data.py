"""Books, members and loans of a town library."""

import json
import random
from datetime import date, timedelta
from pathlib import Path

random.seed(12)
root = Path("data")
root.mkdir(exist_ok=True)
genres = ["novel", "crime", "history", "science", "children"]
with open(root / "books.json", "w") as out:
    for n in range(700):
        out.write(json.dumps({"isbn": f"978{n:06}", "title": f"Title {n}", "genre": genres[n % 5], "copies": 1 + n % 4, "authors": [f"Author {n % 60}"] + ([f"Author {n % 37}"] if n % 3 == 0 else [])}) + "\n")
with open(root / "members.json", "w") as out:
    for n in range(400):
        row = {"id": n, "name": f"Member {n}", "birthYear": 1940 + n % 75}
        if n % 6:
            row["branch"] = ["Centre", "Harbour", "Hill"][n % 3]
        out.write(json.dumps(row) + "\n")
with open(root / "loans.json", "w") as out:
    for n in range(6000):
        day = date(2023, 1, 1) + timedelta(days=random.randrange(360))
        row = {"loanId": n, "isbn": f"978{random.randrange(720):06}", "memberId": random.randrange(410), "lent": str(day)}
        if n % 15:
            row["returned"] = str(day + timedelta(days=random.randrange(2, 60)))
        out.write(json.dumps(row) + "\n")
