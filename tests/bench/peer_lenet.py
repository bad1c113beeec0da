#!/usr/bin/env python3
"""What PyTorch's LeNet-5 reaches on a CIFAR-10 folder with a given recipe: one JSON object a seed.

usage: peer_lenet.py FOLDER [--batch 64] [--lr 0.01] [--momentum 0.9] [--epochs 10] [--seeds 1,2,3,4,5]
                     [--mean R,G,B --sd R,G,B] [--threads 2]
Without --mean and --sd the channels' own figures over the training part are used (of pixels / 255).
"""
import argparse
import json
import pathlib
import time

import numpy as np
import torch
from torch import nn

RECORD = 1 + 3 * 32 * 32


def load(paths):
    rows = np.concatenate([np.fromfile(path, np.uint8).reshape(-1, RECORD) for path in paths])
    pixels = torch.from_numpy(rows[:, 1:].astype(np.float32) / 255).view(-1, 3, 32, 32)
    return pixels, torch.from_numpy(rows[:, 0].astype(np.int64))


def lenet5():
    return nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(),
                         nn.MaxPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(),
                         nn.Linear(84, 10))


def evaluate(net, pixels, labels):
    with torch.no_grad():
        logits = net(pixels)
    return {"accuracy": (logits.argmax(1) == labels).double().mean().item(),
            "loss": nn.functional.cross_entropy(logits, labels).item()}


def run(seed, recipe, train, test):
    torch.manual_seed(seed)
    net = lenet5()
    optimizer = torch.optim.SGD(net.parameters(), lr=recipe.lr, momentum=recipe.momentum)
    best, begin = 0.0, time.monotonic()
    for _ in range(recipe.epochs):
        for rows in torch.randperm(len(train[0])).split(recipe.batch):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(train[0][rows]), train[1][rows]).backward()
            optimizer.step()
        final = evaluate(net, *test)
        best = max(best, final["accuracy"])
    return {"peer": f"torch {torch.__version__}", "seed": seed, "batch": recipe.batch, "lr": recipe.lr,
            "momentum": recipe.momentum, "epochs": recipe.epochs, "train_rows": len(train[0]), "test_rows": len(test[0]),
            "train": evaluate(net, *train), "test": final, "best_accuracy": best,
            "seconds": round(time.monotonic() - begin, 2)}


def numbers(kind):
    return lambda text: [kind(word) for word in text.split(",")]


def main():
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("folder", type=pathlib.Path)
    flags.add_argument("--batch", type=int, default=64)
    flags.add_argument("--lr", type=float, default=0.01)
    flags.add_argument("--momentum", type=float, default=0.9)
    flags.add_argument("--epochs", type=int, default=10)
    flags.add_argument("--seeds", type=numbers(int), default=[1, 2, 3, 4, 5])
    flags.add_argument("--mean", type=numbers(float))
    flags.add_argument("--sd", type=numbers(float))
    flags.add_argument("--threads", type=int, default=2)
    recipe = flags.parse_args()
    if recipe.epochs < 1 or (recipe.mean is None) != (recipe.sd is None):
        flags.error("--epochs is at least 1, and --mean and --sd go together")
    torch.set_num_threads(recipe.threads)
    train = load(sorted(recipe.folder.glob("data_batch_*.bin"), key=lambda path: (len(path.name), path.name)))
    test = load([recipe.folder / "test_batch.bin"])
    mean = torch.tensor(recipe.mean) if recipe.mean else train[0].mean((0, 2, 3))
    sd = torch.tensor(recipe.sd) if recipe.sd else train[0].std((0, 2, 3), unbiased=False)
    train, test = [((x - mean.view(1, 3, 1, 1)) / sd.view(1, 3, 1, 1), y) for x, y in (train, test)]
    for seed in recipe.seeds:
        print(json.dumps(run(seed, recipe, train, test)), flush=True)


if __name__ == "__main__":
    main()
