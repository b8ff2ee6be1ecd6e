#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tuning changes, and what that is worth: clade tune over a list of models, each from empty records. See README.md.

In: models, by default those of ../shared/models; the command built. Out: a line for each model, then one for each problem
that got another choice. Times are clade's own, before and after in turns.
"""
import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", help="default: every model of ../shared/models")
    parser.add_argument("--clade", default="build/clade")
    parser.add_argument("--budget", type=float, default=30, help="seconds for each model")
    parser.add_argument("--option", action="append", default=[], help="handed to clade tune, as in --option=--shape=x=8x4")
    return parser.parse_args()


def tune(options, model):
    with tempfile.TemporaryDirectory() as records:
        environment = dict(os.environ, CLADE_CACHE_DIR=records)
        start = time.time()
        done = subprocess.run([options.clade, "tune", "--json", "--budget", str(options.budget), *options.option, model],
                              env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        return None, (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
    return json.loads(done.stdout), time.time() - start


def main():
    options = arguments()
    here = os.path.dirname(os.path.abspath(__file__))
    models = options.models or sorted(glob.glob(os.path.join(here, "..", "..", "shared", "models", "*", "*.onnx")))
    changes, ratios = [], []
    print(f"{'model':24} {'problems':>8} {'changed':>8} {'before ms':>10} {'after ms':>10} {'after/before':>12}  seconds")
    for model in models:
        name = os.path.basename(os.path.dirname(os.path.abspath(model)))
        result, took = tune(options, model)
        if result is None:
            print(f"{name:24} refused: {took}", flush=True)
            continue
        if not result["problems"]:
            print(f"{name:24} {0:8}", flush=True)
            continue
        ratio = result["after_seconds"] / result["before_seconds"]
        kept = "" if not result["reverted"] else ", reverted"
        ratios.append(1 if result["reverted"] else ratio)
        print(f"{name:24} {len(result['problems']):8} {result['changed']:8} {result['before_seconds'] * 1e3:10.3f} "
              f"{result['after_seconds'] * 1e3:10.3f} {ratio:12.3f}  {took:.0f}{kept}", flush=True)
        if not result["reverted"]:
            changes += [(name, p) for p in result["problems"] if p["before"] != p["after"]]
    if ratios:
        print(f"\nkept: worst {max(ratios):.3f}, best {min(ratios):.3f}\n")
    for name, p in sorted(changes, key=lambda change: change[1]["after_seconds"] / change[1]["before_seconds"]):
        print(f"{name}: {p['operator']} x {p['nodes']}, {p['problem']}: {p['after_seconds'] / p['before_seconds']:.2f}, "
              f"{p['before_seconds'] * 1e3:.3f} ms {p['before']} -> {p['after']}")


if __name__ == "__main__":
    sys.exit(main())
