#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clade beside ONNX Runtime: the same models, the same inputs, the same number of threads, in turns. See README.md.

In: folders with model.onnx and test_data_set_0/input_*.pb. Out: a table, and JSON on request.
What is compared is time alone; that the answers agree is what `clade test` checks.
"""
import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get("CLADE_SHARED") or os.path.join(HERE, "..", "..", "shared")
REFERENCE = os.path.join(SHARED, "tools", "torch_reference.py")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", help="model folders (default: all of ../shared/models)")
    parser.add_argument("--clade", default="clade", help="the command to measure (default: the one in PATH)")
    parser.add_argument("--reference", metavar="DIR", help="also the models torch_reference.py writes; made in DIR if need be")
    parser.add_argument("--torch-python", default="/usr/bin/python3", help="interpreter that has PyTorch, for --reference")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=30, help="timed runs per turn")
    parser.add_argument("--turns", type=int, default=3, help="turns of each; the table shows the median of their medians")
    parser.add_argument("--json", metavar="FILE", help="write every figure there")
    return parser.parse_args()


def reference_models(directory, interpreter):
    """The folders torch_reference.py writes, made once. None of them where PyTorch is missing."""
    if not glob.glob(os.path.join(directory, "*", "model.onnx")):
        os.makedirs(directory, exist_ok=True)
        done = subprocess.run([interpreter, REFERENCE, "models", directory], capture_output=True, text=True)
        if done.returncode != 0:
            reason = (done.stderr.strip() or "no output").splitlines()[-1]
            print(f"no reference models: {reason}", file=sys.stderr)
    return sorted(os.path.dirname(path) for path in glob.glob(os.path.join(directory, "*", "model.onnx")))


def read_inputs(folder, session):
    """{name: array} and {name: file} of the first data set; a file without a name goes by its number."""
    import onnx
    from onnx import numpy_helper

    arrays, files = {}, {}
    names = [value.name for value in session.get_inputs()]
    for number, default in enumerate(names):
        path = os.path.join(folder, "test_data_set_0", f"input_{number}.pb")
        tensor = onnx.TensorProto()
        with open(path, "rb") as file:
            tensor.ParseFromString(file.read())
        name = tensor.name if tensor.name in names else default
        arrays[name], files[name] = numpy_helper.to_array(tensor), path
    return arrays, files


class OnnxRuntime:
    def __init__(self, model, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        start = time.perf_counter()
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.load_ms = (time.perf_counter() - start) * 1e3

    def turn(self, inputs, runs):
        for _ in range(3):
            self.session.run(None, inputs)
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            self.session.run(None, inputs)
            times.append((time.perf_counter() - start) * 1e3)
        return statistics.median(times)


def clade_turn(command, model, files, runs, threads):
    """What `clade bench --json` says, or the line it refused with."""
    inputs = [part for name, path in files.items() for part in ("-i", f"{name}={path}")]
    # PoCL's number of worker threads; other drivers ignore it.
    environment = dict(os.environ, POCL_MAX_PTHREAD_COUNT=str(threads))
    done = subprocess.run([command, "bench", "--json", "-n", str(runs), *inputs, model], env=environment,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1])
    return json.loads(done.stdout)


def compare(folder, options):
    model = os.path.join(folder, "model.onnx")
    row = {"model": os.path.basename(os.path.normpath(folder))}
    try:
        other = OnnxRuntime(model, options.threads)
        inputs, files = read_inputs(folder, other.session)
        clade_turn(options.clade, model, files, 1, options.threads)  # fills the cache, so that what follows starts warm
        turns = [(other.turn(inputs, options.runs), clade_turn(options.clade, model, files, options.runs, options.threads))
                 for _ in range(options.turns)]
    except Exception as failure:  # either may refuse a model; the table then says so
        row["refused"] = " ".join(str(failure).split())
        return row
    row["ort_ms"] = statistics.median(ort for ort, _ in turns)
    row["clade_ms"] = statistics.median(clade["median_ms"] for _, clade in turns)
    row["ratio"] = row["clade_ms"] / row["ort_ms"]
    row["ort_start_ms"] = other.load_ms
    row["clade_start_ms"] = statistics.median(clade["load_ms"] + clade["first_ms"] for _, clade in turns)
    row["launches"] = turns[-1][1]["launches"]
    row["device"] = turns[-1][1]["device"]
    return row


def show(row, width):
    if "refused" in row:
        return f"{row['model']:{width}}  refused: {row['refused'][:90]}"
    return (f"{row['model']:{width}} {row['clade_ms']:10.2f} {row['ort_ms']:10.2f} {row['ratio']:8.2f}"
            f" {row['clade_start_ms']:12.1f} {row['ort_start_ms']:12.1f} {row['launches']:9d}")


def main():
    options = arguments()
    try:
        import onnx  # noqa: F401
        import onnxruntime
    except ImportError as missing:
        sys.exit(f"{missing}: pip install onnx onnxruntime numpy")
    folders = options.folders or sorted(map(os.path.dirname, glob.glob(os.path.join(SHARED, "models", "*", "model.onnx"))))
    if options.reference:
        folders = folders + reference_models(options.reference, options.torch_python)
    if not folders:
        sys.exit("no models: name folders that hold a model.onnx")
    width = max(len(os.path.basename(os.path.normpath(folder))) for folder in folders)
    print(f"{'model':{width}} {'clade ms':>10} {'ort ms':>10} {'ratio':>8} {'clade start':>12} {'ort start':>12} {'launches':>9}")
    rows = []
    for folder in folders:
        rows.append(compare(folder, options))
        print(show(rows[-1], width), flush=True)
    device = next((row["device"] for row in rows if "device" in row), "none")
    load = os.getloadavg()[0]
    print(f"# {options.threads} threads; ONNX Runtime {onnxruntime.__version__}; {device}; load average {load:.1f}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"threads": options.threads, "load": load, "onnxruntime": onnxruntime.__version__, "rows": rows}, file, indent=1)


if __name__ == "__main__":
    main()
