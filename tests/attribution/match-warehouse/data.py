"""Matches, goals and players of a football league."""

import csv
import json
import random
from datetime import date, timedelta
from pathlib import Path

random.seed(90)
root = Path("data/landing")
root.mkdir(parents=True, exist_ok=True)
teams = [f"FC {name}" for name in ["Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Larch", "Maple", "Oak", "Pine"]]

match = 0
with open(root / "matches.csv", "w", newline="") as out, open(root / "goals.json", "w") as goals:
    rows = csv.writer(out)
    rows.writerow(["match_id", "season", "played_on", "home", "away", "spectators"])
    for season in (2021, 2022, 2023):
        day = date(season, 8, 1)
        for home in teams:
            for away in teams:
                if home == away:
                    continue
                match += 1
                rows.writerow([match, season, day + timedelta(days=match % 270), home, away, 2000 + random.randrange(18000)])
                for side in (home, away):
                    for _ in range(random.choice([0, 0, 1, 1, 2, 3])):
                        goals.write(json.dumps({"match_id": match, "team": side, "player_id": teams.index(side) * 20 + random.randrange(20), "minute": random.randint(1, 90), "penalty": random.random() < 0.1}) + "\n")

with open(root / "players.tsv", "w", newline="") as out:
    rows = csv.writer(out, delimiter="\t")
    rows.writerow(["player_id", "name", "born", "positions"])
    for n in range(200):
        rows.writerow([n, f"Player {n}", 1985 + n % 20, "/".join(random.sample(["GK", "DF", "MF", "FW"], 1 + n % 2))])
