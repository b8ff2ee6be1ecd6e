#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tuning makes of CLBlast: each shape with the parameters of CLBlast's own database, and with those that `clade tune` finds. See README.md.

In: bench/clblast.c compiled; the command built; pip install onnx numpy. Out: a line for each shape. Ratios are of one process, the median over --turns
of them; beside them what Clade's own choice takes in the same run of `clade tune`.
"""
import argparse
import os
import re
import statistics
import subprocess
import tempfile

from one_node import save_conv, save_product

PRODUCTS = [(512, 512, 512), (1024, 1024, 1024), (500, 333, 257), (77, 1000, 300)]
CONVOLUTIONS = [(64, 56, 64, 3, 1), (128, 28, 128, 3, 1), (256, 14, 256, 3, 1), (512, 7, 512, 3, 1), (64, 56, 128, 3, 2), (3, 224, 64, 7, 2)]  # ResNet-18
ROWS = {"clblast": "Xgemm", "clblast_direct": "XgemmDirect", "convgemm": "Xconvgemm"}
FIXED = {"Xgemm": "GEMMK=0 KREG=1 KWI=2 STRM=0 STRN=0", "XgemmDirect": "PADA=1 PADB=1", "Xconvgemm": "PADA=1 PADB=1"}
GROUPS = {"mdimc": "MDIMA", "ndimc": "NDIMB", "mdimcd": "MDIMAD", "ndimcd": "NDIMBD"}  # those that load are those that compute


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clade", default="build/clade")
    parser.add_argument("--clblast", default="./clblast", help="bench/clblast.c, compiled")
    parser.add_argument("--budget", type=float, default=60, help="seconds of tuning for each row of each shape")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--runs", type=int, default=20)
    return parser.parse_args()


def cases(folder):
    for sizes in PRODUCTS:
        path = f"{folder}/gemm {' '.join(map(str, sizes))}.onnx"
        save_product(path, *sizes)
        yield path, "MatMul", ("clblast", "clblast_direct")
    for sizes in CONVOLUTIONS:
        path = f"{folder}/conv {' '.join(map(str, sizes))}.onnx"
        save_conv(path, *sizes)
        yield path, "Conv", ("convgemm",)


def tune(options, path, operator, row):
    """The candidates of the row, fastest first, as (ms, parameters); and what Clade's own choice takes."""
    with tempfile.TemporaryDirectory() as records:
        text = subprocess.run([options.clade, "tune", "--explain", "--budget", str(options.budget), "--prefer-impl", f"{operator}={row}", path],
                              env=dict(os.environ, CLADE_CACHE_DIR=records), capture_output=True, text=True, check=True).stdout
    found = sorted((float(ms), values) for ms, values in re.findall(rf"^ +([0-9.]+) ms  {row}\(([^)]*)\)", text, re.M))
    own = re.search(r"^ +before +([0-9.]+) ms  (.*)$", text, re.M)
    return found, own.groups() if own else ("?", "?")


def parameters(row, values):
    kernel, words = ROWS[row], FIXED[ROWS[row]].split()
    for name, value in (item.split() for item in values.split(", ")):
        if name == "local":
            words += [f"SA={(int(value) - 1) & 1}", f"SB={(int(value) - 1) >> 1}"]
            continue
        words.append(f"{name.upper()}={value}")
        if name in GROUPS:
            words.append(f"{GROUPS[name]}={value}")
    return [kernel, *words]


def main():
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        for path, operator, rows in cases(folder):
            name = os.path.basename(path)[:-5]
            best, own, tried = None, None, 0
            for row in rows:
                found, own = tune(options, path, operator, row)
                tried += len(found)
                if found and (best is None or found[0][0] < best[0]):
                    best = (*found[0], row)
            if best is None:
                print(f"{name}: no candidate ran", flush=True)
                continue
            ratios, times = [], []
            for _ in range(options.turns):
                done = subprocess.run([options.clblast, str(options.runs), *name.split(), *parameters(best[2], best[1])], capture_output=True, text=True, check=True)
                before, after = map(float, done.stdout.split())
                ratios.append(before / after)
                times.append((before, after))
            before, after = (statistics.median(column) for column in zip(*times))
            print(f"{name:24} CLBlast's {before:9.3f} ms, tuned {after:9.3f} ms: {statistics.median(ratios):.2f} x ({tried} tried: {best[2]}({best[1]})); "
                  f"Clade's choice {own[0]} ms, {own[1]}", flush=True)


if __name__ == "__main__":
    main()
