#!/usr/bin/env python3
"""How good batchlab's models get beside scikit-learn's and PyTorch's on the same rows: one JSON line per work.

usage: accuracy.py PROGRAM [CIFAR10_FOLDER]     needs numpy, pandas, scikit-learn; torch for the CIFAR folder

Every seed shuffles the rows itself and puts the validation rows last, so that batchlab (--split ordered) and the
peer see the very same training and validation rows. Figures are of the last epoch, medians over five seeds.
"""
import json, os, statistics, subprocess, sys, tempfile
import numpy as np, pandas as pd

program = sys.argv[1]
samples = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "datasets", "samples")
seeds = [1, 2, 3, 4, 5]


def train(path, *flags):
    """The last epoch's figures of one run."""
    with tempfile.TemporaryDirectory() as home:
        out = subprocess.run([program, "train", path, "--json", *flags], capture_output=True, text=True,
                             env={**os.environ, "XDG_DATA_HOME": home})
    if out.returncode:
        sys.exit(f"batchlab failed on {path}: {out.stderr}")
    return [json.loads(line) for line in out.stdout.splitlines()][-1]["final"]


def linear_peer(table, target, count, regress):
    from sklearn.compose import ColumnTransformer, make_column_selector as pick
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    model = make_pipeline(ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), pick(dtype_include=np.number)),
        ("words", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")),
         pick(dtype_exclude=np.number))]),
        LinearRegression() if regress else LogisticRegression(max_iter=1000))
    x, y = table.drop(columns=target), table[target]
    model.fit(x[:-count], y[:-count])
    predicted = model.predict(x[-count:])
    if regress:
        return float(np.sqrt(np.mean((predicted - y[-count:]) ** 2)))
    return float(np.mean(predicted == y[-count:]))


def table_work(name, target, regress, *flags):
    table = pd.read_csv(os.path.join(samples, name + ".csv"))
    table = table[table[target].notna()].reset_index(drop=True)
    ours, peers = [], []
    for seed in seeds:
        shuffled = table.sample(frac=1, random_state=seed).reset_index(drop=True)
        count = -(-len(shuffled) // 5)  # ceil(0.2 n)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, name + ".csv")
            shuffled.to_csv(path, index=False)
            final = train(path, "--target", target, "--split", "ordered", "--validation", "0.2", "--seed", str(seed),
                          *flags)
        ours.append(final["val_rmse" if regress else "val_accuracy"])
        peers.append(linear_peer(shuffled, target, count, regress))
    report(name + (" rmse" if regress else " accuracy"), ours, peers, "scikit-learn linear", " ".join(flags), regress)


def report(work, ours, peers, peer, flags, lower_is_better=False):
    a, b = statistics.median(ours), statistics.median(peers)
    print(json.dumps({"bench": "accuracy", "work": work, "flags": flags, "figure": round(a, 5),
                      "unit": "rmse" if lower_is_better else "share", "peer": peer, "peer_figure": round(b, 5),
                      "ratio": round(b / a if lower_is_better else a / b, 4), "all": [round(v, 5) for v in ours],
                      "peer_all": [round(v, 5) for v in peers]}), flush=True)


def lenet_peer(folder, seed, batch, lr, momentum, epochs):
    import torch, torch.nn as nn, torch.nn.functional as F
    torch.manual_seed(seed)

    def load(files):
        rows = np.concatenate([np.fromfile(os.path.join(folder, f), np.uint8).reshape(-1, 3073) for f in files])
        x = torch.from_numpy(rows[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32) / 255)
        return x, torch.from_numpy(rows[:, 0].astype(np.int64))

    train_x, train_y = load([f"data_batch_{i}.bin" for i in range(1, 6)])
    test_x, test_y = load(["test_batch.bin"])
    mean, sd = train_x.mean((0, 2, 3), keepdim=True), train_x.std((0, 2, 3), keepdim=True, unbiased=False)
    train_x, test_x = (train_x - mean) / sd, (test_x - mean) / sd
    net = nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
                        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum)
    for _ in range(epochs):
        order = torch.randperm(len(train_x))
        for i in range(0, len(order), batch):
            pick = order[i:i + batch]
            optimizer.zero_grad()
            F.cross_entropy(net(train_x[pick]), train_y[pick]).backward()
            optimizer.step()
    with torch.no_grad():
        return (net(test_x).argmax(1) == test_y).float().mean().item()


def lenet_work(folder, batch=32, lr=0.01, momentum=0.9, epochs=10):
    flags = ["--model", "lenet5", "--batch", str(batch), "--lr", str(lr), "--momentum", str(momentum), "--epochs",
             str(epochs), "--schedule", "constant", "--weight-decay", "0"]
    ours = [train(folder, *flags, "--seed", str(seed))["val_accuracy"] for seed in seeds]
    peers = [lenet_peer(folder, seed, batch, lr, momentum, epochs) for seed in seeds]
    import torch
    report("lenet5 " + os.path.basename(os.path.normpath(folder)), ours, peers, f"torch {torch.__version__}",
           " ".join(flags))


table_work("breast_cancer", "diagnosis", False)
table_work("iris", "species", False)
table_work("titanic", "Survived", False)
table_work("titanic", "Survived", False, "--model", "linear", "--epochs", "60")  # the same model as the peer's
table_work("airquality", "Ozone", True)
if len(sys.argv) > 2:
    lenet_work(sys.argv[2])
