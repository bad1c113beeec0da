#!/usr/bin/env python3
"""PyTorch's microseconds per training step, the peer of bench_train.c.

usage: peer_train.py THREADS SHAPE NET BATCH…
  SHAPE  30 or 3x32x32        NET  64-64-2 (dense widths, ReLU between), lenet5, resnet18 or
                              resnet18_imagenet (channels last, PyTorch's faster way for them);
                              with @bf16 behind it: autocast to bfloat16 around forward and loss
prints "torch VERSION", then a line "BATCH MICROSECONDS" each: the median over a second of steps
(cross entropy, SGD with momentum, gradients set to None: the fastest plain way).
"""
import statistics
import sys
import time

sys.path.pop(0)  # profile.py beside this file would hide Python's own

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


class Block(nn.Module):
    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.way = nn.Sequential(
            nn.Conv2d(inputs, filters, 3, stride, 1, bias=False), nn.BatchNorm2d(filters), nn.ReLU(inplace=True),
            nn.Conv2d(filters, filters, 3, 1, 1, bias=False), nn.BatchNorm2d(filters))
        same = stride == 1 and inputs == filters
        self.shortcut = nn.Identity() if same else nn.Sequential(
            nn.Conv2d(inputs, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))

    def forward(self, x):
        return torch.relu_(self.way(x) + self.shortcut(x))


def resnet18(channels, imagenet):
    stem = nn.Conv2d(channels, 64, 7, 2, 3, bias=False) if imagenet else nn.Conv2d(channels, 64, 3, 1, 1, bias=False)
    parts = [stem, nn.BatchNorm2d(64), nn.ReLU(inplace=True)] + ([nn.MaxPool2d(3, 2, 1)] if imagenet else [])
    inputs = 64
    for stage in range(4):
        for i in range(2):
            parts.append(Block(inputs, 64 << stage, 2 if stage > 0 and i == 0 else 1))
            inputs = 64 << stage
    net = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))
    return net.to(memory_format=torch.channels_last)


def make_net(name, channels):
    if name == "lenet5":
        return lenet5(channels), 10
    if name.startswith("resnet18"):
        return resnet18(channels, name != "resnet18"), 10
    widths = [int(width) for width in name.split("-")]
    return dense_net(channels, widths), widths[-1]


def microseconds(net, shape, classes, batch, half):
    inputs, labels = torch.randn(batch, *shape), torch.randint(classes, (batch,))
    if any(isinstance(part, Block) for part in net):
        inputs = inputs.to(memory_format=torch.channels_last)
    loss_of, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
    times, begun = [], None
    while begun is None or time.perf_counter() - begun < SECONDS or len(times) < 5:
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = loss_of(net(inputs), labels)
        loss.backward()
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
        net, classes = make_net(name.removesuffix("@bf16"), shape[0])
        print(batch, "%.2f" % microseconds(net, shape, classes, batch, name.endswith("@bf16")), flush=True)


main()
