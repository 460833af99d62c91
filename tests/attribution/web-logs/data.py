"""Access logs of three hosts, a table of countries and the list of known bots."""

import gzip
import random
from datetime import datetime, timedelta
from pathlib import Path

random.seed(5)
logs = Path("data/logs")
logs.mkdir(parents=True, exist_ok=True)
agents = ["Mozilla/5.0 (X11; Linux)", "Mozilla/5.0 (iPhone)", "Googlebot/2.1", "curl/8.1", "AhrefsBot/7.0"]
paths = ["/", "/login", "/cart", "/checkout", "/api/v1/items", "/search?q=shoes", "/static/app.js", "/admin"]
start = datetime(2024, 5, 6)

for host in ("web1", "web2", "web3"):
    with gzip.open(logs / f"{host}.log.gz", "wt") as out:
        for n in range(1500):
            at = start + timedelta(seconds=n * 50 + random.randrange(49))
            ip = f"10.{random.randrange(4)}.{random.randrange(20)}.{random.randrange(9)}"
            status = random.choices([200, 301, 404, 500], [80, 8, 9, 3])[0]
            stamp = at.strftime("%d/%b/%Y:%H:%M:%S +0000")
            out.write(f'{ip} - - [{stamp}] "GET {random.choice(paths)} HTTP/1.1" {status} {random.randrange(200, 90000)} "-" "{random.choice(agents)}"\n')
            if n % 400 == 0:
                out.write("-- log rotated --\n")

with open("data/networks.tsv", "w") as out:
    for n in range(4):
        for m in range(0, 20, 2):
            out.write(f"10.{n}.{m}\t{['DE', 'US', 'IN', 'BR'][n]}\tISP {n * m % 5}\n")
Path("data/bots.txt").write_text("Googlebot\nAhrefsBot\nbingbot\n")
