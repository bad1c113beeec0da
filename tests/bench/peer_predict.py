#!/usr/bin/env python3
"""PyTorch's rows per second of prediction, the peer of bench_predict.c.

usage: peer_predict.py THREADS WIDTHS ROWS BATCH…      WIDTHS: 30-64-64-2
prints "torch VERSION", then a line "BATCH ROWS_PER_SECOND" each: class probabilities of all rows in batches, as people
write it (no_grad, a slice at a time, softmax, results joined); the best of some rounds.
"""
import sys
import time

import torch
from torch import nn

SECONDS = 1.0


def net_of(widths):
    parts = []
    for inputs, outputs in zip(widths, widths[1:]):
        parts += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*parts[:-1]).eval()


def predict(net, rows, batch):
    with torch.no_grad():
        return torch.cat([torch.softmax(net(rows[i:i + batch]), 1) for i in range(0, len(rows), batch)])


def main():
    threads, widths, count = int(sys.argv[1]), [int(w) for w in sys.argv[2].split("-")], int(sys.argv[3])
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    net = net_of(widths)
    print("torch", torch.__version__.split("+")[0])
    for batch in map(int, sys.argv[4:]):
        some = min(count, max(2048, batch * 8))  # short rounds, as in bench_predict.c
        rows, best, begun = torch.randn(some, widths[0]), None, time.perf_counter()
        predict(net, rows, batch)
        while best is None or time.perf_counter() - begun < SECONDS:
            start = time.perf_counter()
            predict(net, rows, batch)
            seconds = time.perf_counter() - start
            best = seconds if best is None else min(best, seconds)
        print(batch, "%.0f" % (some / best), flush=True)


main()
