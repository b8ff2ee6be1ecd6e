#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Is what was measured for other sizes better than an estimate? Products and convolutions of several sizes are tuned; then each
of one half runs as chosen by cost, with the records of the other half (its own held out), and with its own. See README.md.

In: the command built; pip install onnx numpy. Out: a line for each held-out problem, and geometric means. Ratios come from one run, in turns.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import tempfile

from one_node import save_conv, save_product

PRODUCTS = [(64, 64, 64), (96, 128, 64), (128, 96, 200), (128, 256, 128), (200, 200, 200), (256, 128, 300), (256, 256, 256), (333, 256, 200),
            (32, 512, 512), (40, 400, 512), (64, 700, 512), (384, 384, 128), (512, 384, 96), (512, 512, 256), (500, 512, 400), (16, 1000, 512)]
CONVOLUTIONS = [(16, 28, 16, 3, 1), (16, 32, 24, 3, 1), (32, 28, 32, 3, 1), (32, 24, 48, 3, 1), (48, 28, 32, 3, 1), (64, 14, 64, 3, 1),
                (64, 16, 96, 3, 1), (128, 14, 128, 3, 1), (96, 14, 128, 1, 1), (128, 14, 256, 1, 1), (3, 56, 32, 7, 2), (3, 64, 24, 7, 2)]


def models(folder):
    for m, n, k in PRODUCTS:
        path = f"{folder}/product {m}x{n}x{k}.onnx"
        save_product(path, m, n, k)
        yield path
    for c, size, filters, kernel, stride in CONVOLUTIONS:
        path = f"{folder}/conv {c}x{size}x{size} to {filters}, {kernel}x{kernel} by {stride}.onnx"
        save_conv(path, c, size, filters, kernel, stride)
        yield path


def clade(options, records, *words):
    environment = dict(os.environ, CLADE_CACHE_DIR=records)
    return subprocess.run([options.clade, *words], env=environment, capture_output=True, text=True, check=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clade", default="build/clade")
    parser.add_argument("--budget", type=float, default=5, help="seconds for each problem")
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = list(models(folder))
        for half in ("all", "other"):
            os.mkdir(f"{folder}/{half}")
        for index, path in enumerate(paths):  # its own records, whatever the model as a whole says of them
            clade(options, f"{folder}/all", "tune", "--budget", str(options.budget), path)
            if index % 2:
                clade(options, f"{folder}/other", "tune", "--budget", str(options.budget), path)
        ways = {"cost": ("all", "--no-records"), "nearby": ("other",), "own": ("all",)}
        ratios = {"nearby": [], "own": []}
        for path in paths[::2]:
            times = {way: [] for way in ways}
            for _ in range(options.turns):
                for way, (records, *words) in ways.items():
                    times[way].append(json.loads(clade(options, f"{folder}/{records}", "bench", "--json", "-n", "100", *words, path))["median_ms"])
            median = {way: statistics.median(values) for way, values in times.items()}
            found = "nearby" if "measured nearby" in clade(options, f"{folder}/other", "dump", path) else "none near"
            for way in ratios:
                ratios[way].append(median[way] / median["cost"])
            print(f"{os.path.basename(path)[:-5]:36} cost {median['cost']:8.4f} ms, nearby / cost {median['nearby'] / median['cost']:.3f} ({found}), "
                  f"own / cost {median['own'] / median['cost']:.3f}", flush=True)
        for way, values in ratios.items():
            print(f"{way} / cost, geometric mean of {len(values)}: {math.exp(statistics.fmean(map(math.log, values))):.3f}, worst {max(values):.3f}")


if __name__ == "__main__":
    main()
