#!/usr/bin/env python3
"""Seconds to load one CSV file, fill its holes, standardize its numbers and one-hot its categories, beside pandas + scikit-learn.

usage: prepare.py BENCH FILE [ROUNDS]     BENCH: build/release/bench/bench_prepare; needs pandas and scikit-learn

Both do the same: mean for numbers, most frequent for words, (x - mean)/sd, unknown categories to zeros; columns of words
with more than 100 different ones are left out by the peer (here dates and free text stay as they are). The peer makes its
matrix of numbers; batchlab computes such columns when they are read, so every cell is read once within the time taken.
Rounds take turns, the best of each counts. One JSON object a line.
"""
import json, os, subprocess, sys, time

bench, path = sys.argv[1], sys.argv[2]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 2


def peer():
    import numpy as np
    import pandas as pd
    import sklearn
    from sklearn.compose import ColumnTransformer, make_column_selector
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    start = time.perf_counter()
    table = pd.read_csv(path)
    loaded = time.perf_counter()
    words = table.select_dtypes(exclude=np.number).columns
    table = table.drop(columns=[c for c in words if table[c].nunique() > 100])
    numbers = make_pipeline(SimpleImputer(strategy="mean"), StandardScaler())
    categories = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    ColumnTransformer([("numbers", numbers, make_column_selector(dtype_include=np.number)),
                       ("categories", categories, make_column_selector(dtype_exclude=np.number))]).fit_transform(table)
    done = time.perf_counter()
    return {"figure": done - start, "load": loaded - start, "name": f"pandas {pd.__version__}, scikit-learn {sklearn.__version__}"}


ours, theirs = [], []
for _ in range(rounds):
    ours.append(json.loads(subprocess.run([bench, path, "1"], capture_output=True, text=True, check=True).stdout))
    theirs.append(peer())
ours, theirs = min(ours, key=lambda r: r["figure"]), min(theirs, key=lambda r: r["figure"])
print(json.dumps({**ours, "megabytes": round(os.path.getsize(path) / 1e6), "peer": theirs["name"],
                  "peer_figure": round(theirs["figure"], 3), "peer_load": round(theirs["load"], 3),
                  "ratio": round(theirs["figure"] / ours["figure"], 2)}))
