#!/usr/bin/env python3
"""Makes the seeds of the fuzz targets from what the project holds: sources and rules' examples in both languages, logs, names.

usage: seeds.py FOLDER      writes FOLDER/source/*, FOLDER/log/* and the dictionary FOLDER/words
"""
import hashlib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = pathlib.Path(sys.argv[1])
LARGEST = 8192
LARGEST_LOG = 32768


def put(kind, data):
    folder = OUT / kind
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def source(language, text):
    """A text alone, and one whose middle is cut and typed again: see the target for the form."""
    text = text[: LARGEST - 64].encode()
    first = bytes([0 if language == "python" else 1])
    put("source", first + text)
    place = len(text) // 2
    put("source", first + text + b"\xff" + bytes([place >> 8, place & 0xFE, 8]) + b"\xff" + text[place : place + 8])


for path in sorted(ROOT.glob("grammars/tests/**/*")) + sorted(ROOT.glob("examples/**/*")):
    if path.suffix in (".py", ".scala"):
        source("python" if path.suffix == ".py" else "scala", path.read_text())
for path in sorted(ROOT.glob("docs/rules/*.md")):
    for language, text in re.findall(r"```(python|scala)\n(.*?)```", path.read_text(), re.S):
        source(language, text)

# Logs that Spark wrote, in every codec, each with another cut where it grows.
logs = [path for folder in ("examples/*/logs/**/*", "tests/shapes/logs/**/*", "eventlog/tests/codecs/*") for path in ROOT.glob(folder)]
for at, path in enumerate(sorted(logs)):
    if path.is_file():
        put("log", bytes([at * 3 % 256]) + path.read_bytes()[: LARGEST_LOG - 1])
events = re.findall(r'r#"(\{"Event".*?\})"#', "\n".join(p.read_text() for p in ROOT.glob("eventlog/tests/*.rs")), re.S)
for event in events:
    put("log", b"\x00" + event.encode() + b"\n")
put("log", b"\x00" + "\n".join(events).encode()[: LARGEST_LOG - 1])

words = set()
for line in (ROOT / "spark/src/api.tsv").read_text().splitlines():
    words.update(re.findall(r"[A-Za-z]{4,}", line))
words.update(["# stagelight: ignore[", "// stagelight: ignore[", "import org.apache.spark.sql.functions._\\x0a", "object A {\\x0a"])
(OUT / "words").write_text("".join(f'"{word}"\n' for word in sorted(words)))
