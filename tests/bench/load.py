#!/usr/bin/env python3
"""Seconds to load one CSV file into typed columns beside pandas, polars, duckdb and pyarrow, where they are installed.

usage: load.py BENCH FILE [ROUNDS]     BENCH: build/release/bench/bench_load

Every load is a process of its own, timed within it after imports; rounds take turns and the median of each counts, so
that a noisy machine disturbs all alike. Memory is the most that the process took. One JSON object a line.
"""
import importlib.util, json, os, statistics, subprocess, sys

PEERS = {
    "pandas": "pandas.read_csv(path)",
    "polars": "polars.read_csv(path, infer_schema_length=10000)",
    "duckdb": "duckdb.sql(f\"create or replace temp table t as from read_csv('{path}')\")",
    "pyarrow": "pyarrow.csv.read_csv(path)",
}
CODE = """import sys, time, resource, json, {module}
path = sys.argv[1]
start = time.perf_counter()
result = {load}
seconds = time.perf_counter() - start
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6]))"""


def peer(name):
    code = CODE.format(module="pyarrow.csv" if name == "pyarrow" else name, load=PEERS[name])
    out = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True).stdout
    return json.loads(out.splitlines()[-1])


def ours(*more):
    return json.loads(subprocess.run([bench, path, *more], capture_output=True, text=True, check=True).stdout)


bench, path = sys.argv[1], sys.argv[2]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
names = [name for name in PEERS if importlib.util.find_spec(name)]
runs, times = [], {name: [] for name in names}
for _ in range(rounds):
    runs.append(ours("0"))
    for name in names:
        times[name].append(peer(name))
kept = ours("0", "kept")
figure = statistics.median(run["figure"] for run in runs)
for name in names:
    seconds = statistics.median(time for time, _ in times[name])
    print(json.dumps({**runs[0], "figure": round(figure, 3), "cores": os.cpu_count(), "rounds": rounds, "peer": name,
                      "peer_version": importlib.import_module(name).__version__, "peer_figure": round(seconds, 3),
                      "peer_peak_megabytes": round(max(peak for _, peak in times[name])),
                      "ratio": round(seconds / figure, 2)}))
print(json.dumps({**kept, "ratio_to_reading": round(figure / kept["figure"], 2)}))
