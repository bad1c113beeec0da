#!/usr/bin/env python3
"""Seconds of `batchlab predict` on a large CSV beside pandas and PyTorch doing the same: read, standardize, predict in
batches, write class and probabilities.

usage: predict.py PROGRAM ROWS [ROUNDS]      PROGRAM: build/release/batchlab; needs pandas and torch

Every round is a process of its own, rounds take turns, medians count; the peer's time is without its imports. The
net is 30-64-64-2 for both. One JSON object a line.
"""
import importlib.metadata, json, os, statistics, subprocess, sys, tempfile, time

PEER = """import sys, time, json, resource
import pandas, torch
from torch import nn
source, target, threads, batch = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
net = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)).eval()
mean, sd = pandas.Series(0.1, [f"x{i}" for i in range(30)]), pandas.Series(1.1, [f"x{i}" for i in range(30)])
start = time.perf_counter()
table = pandas.read_csv(source)
rows = torch.from_numpy(((table[mean.index] - mean) / sd).to_numpy("float32"))
with torch.no_grad():
    p = torch.cat([torch.softmax(net(rows[i:i + batch]), 1) for i in range(0, len(rows), batch)]).numpy()
out = pandas.DataFrame({"prediction": [["no", "yes"][k] for k in p.argmax(1)], "p_no": p[:, 0], "p_yes": p[:, 1]})
out.to_csv(target, index=False)
print(json.dumps([time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6]))"""

# In a process of its own: what a parent has taken counts as a child's memory until the child's program begins.
DATA = """import sys, numpy, pandas
def table_of(rows):
    random = numpy.random.default_rng(3)
    table = pandas.DataFrame(random.normal(size=(rows, 30)).round(4), columns=[f"x{i}" for i in range(30)])
    table["y"] = numpy.where(table.x0 + table.x1 * table.x2 > 0, "yes", "no")
    return table
table_of(2000).to_csv(sys.argv[1], index=False)
table_of(int(sys.argv[3])).drop(columns="y").to_csv(sys.argv[2], index=False)"""


def timed(command):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(process.stderr.read().decode())
    return time.perf_counter() - start, usage.ru_maxrss * 1024 / 1e6


program, rows = sys.argv[1], int(sys.argv[2])
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
with tempfile.TemporaryDirectory() as folder:
    environment = {**os.environ, "XDG_DATA_HOME": folder, "XDG_CACHE_HOME": folder}
    train, large, out = (os.path.join(folder, name) for name in ("train.csv", "large.csv", "out.csv"))
    subprocess.run([sys.executable, "-c", DATA, train, large, str(rows)], check=True)
    subprocess.run([program, "train", train, "--hidden", "64,64", "--epochs", "1"], check=True, env=environment,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ours, peers = [], {}
    for _ in range(rounds):
        ours.append(timed([program, "predict", "1", large, "-o", out, "--proba"]))
        for threads, batch in ((1, 1024), (2, 1024), (2, 8192)):
            code = subprocess.run([sys.executable, "-c", PEER, large, out, str(threads), str(batch)], check=True,
                                  capture_output=True, text=True).stdout
            peers.setdefault((threads, batch), []).append(json.loads(code))
    figure = statistics.median(seconds for seconds, _ in ours)
    best = min(statistics.median(seconds for seconds, _ in values) for values in peers.values())
    print(json.dumps({"bench": "predict", "work": f"csv {rows} x 30, mlp 30-64-64-2, csv out", "figure": round(figure, 3),
                      "unit": "s", "peak_megabytes": round(max(peak for _, peak in ours)),
                      "peer": " + ".join(f"{name} {importlib.metadata.version(name).split('+')[0]}" for name in ("pandas", "torch")),
                      "peer_figure": round(best, 3),
                      "peer_peak_megabytes": round(max(peak for values in peers.values() for _, peak in values)),
                      "ratio": round(best / figure, 2), "cores": os.cpu_count(), "rounds": rounds}))
