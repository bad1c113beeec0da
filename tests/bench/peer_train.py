#!/usr/bin/env python3
"""PyTorch's microseconds per training step, the peer of bench_train.c.

usage: peer_train.py THREADS SHAPE NET BATCH…
  SHAPE  30 or 3x32x32        NET  64-64-2 (dense widths, ReLU between) or lenet5
prints "torch VERSION", then a line "BATCH MICROSECONDS" each: the median over a second of steps
(cross entropy, SGD with momentum, gradients set to None: the fastest plain way).
"""
import statistics
import sys
import time

import torch
from torch import nn

SECONDS = 1.0


def dense_net(inputs, widths):
    parts = []
    for width in widths:
        parts += [nn.Linear(inputs, width), nn.ReLU()]
        inputs = width
    return nn.Sequential(*parts[:-1])


def lenet5(channels):
    return nn.Sequential(
        nn.Conv2d(channels, 6, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), dense_net(400, (120, 84, 10)))


def microseconds(net, shape, classes, batch):
    inputs, labels = torch.randn(batch, *shape), torch.randint(classes, (batch,))
    loss_of, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
    times, begun = [], None
    while begun is None or time.perf_counter() - begun < SECONDS or len(times) < 5:
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss_of(net(inputs), labels).backward()
        optimizer.step()
        if begun is None:
            begun = time.perf_counter()  # the first step only warms up
        else:
            times.append(time.perf_counter() - start)
    return 1e6 * statistics.median(times)


def main():
    threads, shape, name, batches = int(sys.argv[1]), sys.argv[2].split("x"), sys.argv[3], sys.argv[4:]
    shape = [int(size) for size in shape]
    torch.set_num_threads(threads)
    print("torch", torch.__version__.split("+")[0])
    for batch in map(int, batches):
        torch.manual_seed(1)
        widths = [] if name == "lenet5" else [int(width) for width in name.split("-")]
        net = lenet5(shape[0]) if name == "lenet5" else dense_net(shape[0], widths)
        print(batch, "%.2f" % microseconds(net, shape, widths[-1] if widths else 10, batch), flush=True)


main()
