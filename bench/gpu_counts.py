#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a GPU would be asked to do: launches, bytes, operations, and the kernel with most of these, counted from plans. See README.md.

In: MODEL[:DIM=N...]... , the command built, docs/kernels.md. Out: rows of a table. No device is opened and nothing is timed: the last
columns are published peaks divided into the counts, below which no run of that plan can be.
"""
import argparse
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "models"
ENCODER = ROOT / "build/bench-models/encoder"  # of make_encoder.py
MODELS = [f"{SHARED}/light_resnet50", f"{SHARED}/deeplob_fi2010:N=1", f"{SHARED}/deeplob_fi2010:N=64",
          f"{ENCODER}:N=1", f"{ENCODER}:N=64"]
# Published: float32 operations and bytes a second, compute units, local memory.
DEVICES = {"RX 7900 XT": (51.6e12, 800e9, 84, 65536), "H100 SXM": (66.9e12, 3350e9, 132, 49152), "Arc A770": (19.7e12, 560e9, 32, 65536)}
STEP = re.compile(r"^ +\d+ (?!once ).*\] (kernel|gemm|convgemm|copy|fill)(?: (\S+) <)?.* flops (\d+) bytes (\d+)")


def steps(clade, model, dims, units, local):
    """[(kernel, flops, bytes)] of one run."""
    named = [f"--dim={dim}" for dim in dims]
    done = subprocess.run([clade, "dump", "--device", "none", "--as", f"gpu,group=256,units={units},local={local}", *named, model],
                          capture_output=True, text=True, check=True)
    found = [STEP.match(line) for line in done.stdout.splitlines()]
    return [(m[2] or m[1], int(m[3]), int(m[4])) for m in found if m]


def kernels():
    """{"family.entry": the row's cells by target}"""
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in (ROOT / "docs/kernels.md").read_text().splitlines()
            if line.startswith("| ")]
    return {row[0]: dict(zip(rows[0], row)) for row in rows[1:]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--clade", default=str(ROOT / "build/clade"))
    options = parser.parse_args()
    table = kernels()
    print("| model | launches | MB | Gflop | largest kernel | gfx1100 | sm_90 | dg2-g10 | " +
          " | ".join(f"{name}, ms at least" for name in DEVICES) + " |\n|" + "---|" * (8 + len(DEVICES)))
    for item in options.models:
        path, *dims = item.split(":")
        model = path if path.endswith(".onnx") else f"{path}/model.onnx"
        plans = {name: steps(options.clade, model, dims, units, local) for name, (_, _, units, local) in DEVICES.items()}
        plan = next(iter(plans.values()))
        work = {}
        for kernel, flops, _ in plan:
            work[kernel] = work.get(kernel, 0) + flops
        largest = max(work, key=work.get)
        bounds = [sum(max(flops / peak, moved / speed) for _, flops, moved in plans[name])
                  for name, (peak, speed, _, _) in DEVICES.items()]
        total = sum(work.values())
        print(f"| {' '.join([Path(model).parent.name, *dims])} | {len(plan)} | {sum(b for _, _, b in plan) / 1e6:.1f} | {total / 1e9:.2f} | "
              f"{largest} {100 * work[largest] // max(total, 1)} % | " +
              " | ".join(table.get(largest, {}).get(target, "") for target in ("gfx1100", "sm_90", "dg2-g10")) + " | " +
              " | ".join(f"{1e3 * bound:.3f}" for bound in bounds) + " |")


main()
