#!/usr/bin/env python3
"""How often a dialect is detected right: batchlab beside Python's csv.Sniffer and DuckDB's sniff_csv.

usage: sniff.py PROGRAM [FILES [SEED]]     needs duckdb; prints one JSON object a line, and the misses to stderr

All read the same seeded files (tests/fixtures/dialect_corpus.py). Peers get UTF-8 whatever the file's encoding is.
"cells": every cell, read with the dialect found, is what was written (peers: Python's csv module with their dialect).
"""
import csv, io, json, pathlib, subprocess, sys, tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fixtures"))
import dialect_corpus
import duckdb

program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 600
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
files = dialect_corpus.corpus(count, seed)
folder = pathlib.Path(tempfile.mkdtemp())


def clean(rows):
    rows = [row for row in rows if row not in ([], [""])]
    while rows and all(row and row[-1] == "" for row in rows):
        rows = [row[:-1] for row in rows]
    return rows


def read_python(file, found):
    lines = file["text"]
    for _ in range(found["skip"] or 0):
        lines = lines.split("\r\n" if "\r\n" in lines else "\n" if "\n" in lines else "\r", 1)[-1]
    options = {"quotechar": found["quote"]} if found["quote"] else {"quoting": csv.QUOTE_NONE}
    escaped = found["escape"] == "\\"
    return list(csv.reader(io.StringIO(lines, newline=""), delimiter=found["delimiter"], doublequote=not escaped,
                           escapechar="\\" if escaped else None, skipinitialspace=bool(found.get("blanks")), **options))


def ours(file, path, utf8):
    found = json.loads(subprocess.run([program, "sniff", path, "--json"], capture_output=True, text=True, check=True).stdout)
    shown = subprocess.run([program, "cat", path, "--format", "json", "--raw"], capture_output=True, text=True).stdout
    return found, json.loads(shown)


def sniffer(file, path, utf8):
    dialect = csv.Sniffer().sniff(file["text"])
    found = {"delimiter": dialect.delimiter, "quote": dialect.quotechar, "escape": None, "skip": 0,
             "header": csv.Sniffer().has_header(file["text"]), "blanks": dialect.skipinitialspace}
    return found, read_python(file, found)


def duck(file, path, utf8):
    row = duckdb.sql(f"SELECT Delimiter, Quote, Escape, SkipRows, HasHeader FROM sniff_csv('{utf8}')").fetchall()[0]
    quote, escape = ("" if c in ("(empty)", "\0", None) else c for c in row[1:3])
    found = {"delimiter": row[0], "quote": quote or None, "escape": "\\" if escape == "\\" else None, "skip": row[3],
             "header": row[4]}
    return found, read_python(file, found)


def judge(file, found, rows):
    needs_quote = file["quoted"]
    inner = any(file["quote"] in cell for row in file["rows"] for cell in row)
    right = {"delimiter": found["delimiter"] == file["delimiter"],
             "quote": not needs_quote or found["quote"] == file["quote"],
             "escape": not (needs_quote and inner) or (found["escape"] or None) == file["escape"],
             "header": bool(found["header"]) == file["header"], "skip": found["skip"] == file["skip"],
             "cells": clean(rows) == clean(file["rows"])}
    if "encoding" in found:
        right["encoding"] = found["encoding"] == file["encoding"] and found["bom"] == file["bom"]
    right["all"] = all(right.values())
    return right


shares = {}
for name, ask in (("batchlab", ours), ("csv.Sniffer", sniffer), ("duckdb", duck)):
    sums = {}
    for i, file in enumerate(files):
        path, utf8 = str(folder / f"{i}.csv"), str(folder / f"{i}.utf8.csv")
        if name == "batchlab":
            pathlib.Path(path).write_bytes(dialect_corpus.data(file))
            pathlib.Path(utf8).write_bytes(file["text"].encode())
        try:
            found, rows = ask(file, path, utf8)
            right = judge(file, found, rows)
        except Exception as wrong:
            found, right = {"failed": str(wrong)[:100]}, {}
        for part in ("delimiter", "quote", "escape", "header", "skip", "cells", "all") + (("encoding",) if name == "batchlab" else ()):
            sums[part] = sums.get(part, 0) + bool(right.get(part))
        if name == "batchlab" and not right.get("all"):
            print(path, [part for part in right if not right[part]], file["trouble"], {k: file[k] for k in (
                "delimiter", "quote", "escape", "header", "skip", "encoding", "quoting")}, found, file=sys.stderr)
    shares[name] = {part: round(100 * n / count, 1) for part, n in sums.items()}

print(json.dumps({"bench": "dialect", "files": count, "seed": seed, "unit": "% right", **shares["batchlab"]}))
for peer, name in (("csv.Sniffer", f"Python {sys.version.split()[0]} csv.Sniffer"), ("duckdb", f"duckdb {duckdb.__version__} sniff_csv")):
    for part in ("delimiter", "quote", "header", "skip", "cells", "all"):
        ours, theirs = shares["batchlab"][part], shares[peer][part]
        print(json.dumps({"bench": "dialect", "work": f"{count} files of seed {seed}, {part} right", "figure": ours,
                          "unit": "%", "peer": name, "peer_figure": theirs, "ratio": round(ours / max(theirs, 0.1), 2)}))
