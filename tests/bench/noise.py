#!/usr/bin/env python3
"""How often the interval of the noise scale holds the exact one: 20 seeds at three points of a training, for an MLP on
the shipped breast cancer table and, where a folder with CIFAR-10 binary files is named, LeNet-5 on those pictures.

    noise.py [--program build/release/batchlab] [--cifar FOLDER] [--seeds 20] [--works mlp,lenet5]

One line of JSON a point: {"bench":"noise","work":…,"step":…,"seeds":…,"held":…,"resolved":…,"median_ratio":…}; the
ratio is estimate to exact. Exit status 1 where an interval held in fewer than 19 of 20 seeds."""
import argparse
import json
import statistics
import subprocess
import sys


def measure(program, path, seed, step, flags):
    command = [program, "noise-scale", path, "--exact", "--json", "--seed", str(seed), "--at-step", str(step), *flags]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def holds(found):
    low, high = found["low"], found["high"]
    return low <= found["exact_noise_scale"] <= (float("inf") if high is None else high)


def point(program, work, path, step, flags, seeds):
    found = [measure(program, path, seed, step, flags) for seed in range(1, seeds + 1)]
    ratios = [one["noise_scale"] / one["exact_noise_scale"] for one in found if one["noise_scale"]]
    held = sum(holds(one) for one in found)
    print(json.dumps({"bench": "noise", "work": work, "step": step, "seeds": seeds, "held": held,
                      "resolved": sum(one["resolved"] for one in found),
                      "exact_median": statistics.median(one["exact_noise_scale"] for one in found),
                      "median_ratio": statistics.median(ratios)}), flush=True)
    return held * 20 >= 19 * seeds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default="build/release/batchlab")
    parser.add_argument("--cifar")
    parser.add_argument("--works", default="mlp,lenet5")
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args()
    well = True
    for step in (0, 60, 300) if "mlp" in options.works else ():
        flags = ["--model", "mlp", "--batch", "64", "--micro-batch", "4", "--samples", "200"]
        well &= point(options.program, "mlp breast_cancer", "datasets/samples/breast_cancer.csv", step, flags,
                      options.seeds)
    for step in (0, 50, 200) if options.cifar and "lenet5" in options.works else ():
        flags = ["--model", "lenet5", "--batch", "128", "--micro-batch", "16", "--samples", "40", "--lr", "0.02",
                 "--validation", "0.6"]
        well &= point(options.program, "lenet5 cifar10", options.cifar, step, flags, options.seeds)
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
