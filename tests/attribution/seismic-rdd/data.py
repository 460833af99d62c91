"""Picks of seismic stations, the stations, and known events."""

import random
from pathlib import Path

random.seed(1906)
root = Path("data")
(root / "picks").mkdir(parents=True, exist_ok=True)
for day in range(3):
    with open(root / "picks" / f"day{day}.txt", "w") as out:
        for n in range(2500):
            t = day * 86400 + random.random() * 86400
            out.write(f"ST{random.randrange(40):02}|{t:.2f}|{random.choice('PS')}|{random.expovariate(1.2):.3f}\n")
            if n % 301 == 0:
                out.write("# recalibrated\n")
        out.write("ST99|broken\n")
with open(root / "stations.txt", "w") as out:
    for n in range(38):
        out.write(f"ST{n:02} {47 + n % 7 / 3:.3f} {10 + n % 11 / 4:.3f} {['NET-A', 'NET-B', 'NET-C'][n % 3]}\n")
with open(root / "events.txt", "w") as out:
    for n in range(60):
        out.write(f"ev{n},{n * 4300 + 17},{1 + n % 40 / 10}\n")
