#!/usr/bin/env python3
"""The figures of a table, here and with pandas, once it is loaded; and whether they are the same.

usage: profile.py FILE [--program build/release/batchlab] [--bench build/release/bench/bench_profile]
pandas does what the profile does: describe, nunique, value_counts, quantiles, skew, kurtosis, MAD, duplicates,
Pearson and Spearman.
"""
import argparse, json, math, subprocess, time
import pandas as pd

parser = argparse.ArgumentParser()
parser.add_argument("file")
parser.add_argument("--program", default="build/release/batchlab")
parser.add_argument("--bench", default="build/release/bench/bench_profile")
options = parser.parse_args()

print("batchlab:", subprocess.run([options.bench, options.file], capture_output=True, text=True, check=True).stdout.strip())
ours = json.loads(subprocess.run([options.program, "profile", options.file, "--json"], capture_output=True, text=True, check=True).stdout)

begin = time.perf_counter()
frame = pd.read_csv(options.file)
for column in ours["columns"]:
    if column["type"] == "date":
        frame[column["name"]] = pd.to_datetime(frame[column["name"]])
print(f"pandas: load {time.perf_counter() - begin:.2f} s")
total = 0.0


def timed(name, work):
    global total
    begin = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - begin
    total += seconds
    print(f"  {name:24} {seconds:8.2f} s")
    return result


numbers = frame.select_dtypes("number")
timed("describe(all)", lambda: frame.describe(include="all"))
unique = timed("nunique", frame.nunique)
timed("value_counts", lambda: {name: frame[name].value_counts().head(12) for name in frame})
quantiles = timed("quantiles", lambda: numbers.quantile([0.25, 0.5, 0.75]))
simple = total
skew = timed("skew", numbers.skew)
kurtosis = timed("kurtosis", numbers.kurt)
mad = timed("MAD", lambda: (numbers - numbers.median()).abs().median())
twice = timed("duplicated", lambda: int(frame.duplicated().sum()))
pearson = timed("corr", numbers.corr)
spearman = timed("corr(spearman)", lambda: numbers.corr("spearman"))
print(f"pandas: describe, nunique, value_counts, quantiles {simple:.2f} s; everything {total:.2f} s")

worst = 0.0


def near(what, a, b):
    global worst
    if a is None or (isinstance(b, float) and math.isnan(b)):
        assert a is None or math.isnan(a), (what, a, b)
        return
    off = abs(a - b) / max(abs(b), 1e-9)
    worst = max(worst, off)
    if off > 1e-9:
        print("  differs:", what, a, b)


near("duplicates", ours["duplicates"], twice)
for column in ours["columns"]:
    name = column["name"]
    near(name + " distinct", column["distinct"], int(unique[name]))
    if column["type"] != "numeric":
        continue
    near(name + " mean", column["mean"], numbers[name].mean())
    near(name + " sd", column["sd"], numbers[name].std())
    near(name + " median", column["median"], quantiles[name][0.5])
    near(name + " q25", column["q25"], quantiles[name][0.25])
    near(name + " q75", column["q75"], quantiles[name][0.75])
    near(name + " mad", column["mad"], mad[name])
    near(name + " skew", column["skew"] + 10, skew[name] + 10)
    near(name + " kurtosis", column["kurtosis"] + 10, kurtosis[name] + 10)
for kind, truth in (("pearson", pearson), ("spearman", spearman)):
    matrix = ours["matrices"][kind]
    for i, a in enumerate(matrix["columns"]):
        for j, b in enumerate(matrix["columns"]):
            near(f"{kind} {a} {b}", None if matrix["values"][i][j] is None else matrix["values"][i][j] + 1, truth[a][b] + 1)
print(f"largest relative difference {worst:.1e}")
