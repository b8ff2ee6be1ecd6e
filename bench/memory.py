#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The resident memory of Clade's sessions beside ONNX Runtime's, each in a process of its own. See README.md.

In: a model with one input of float32, by default one MatMul with 256 MB of weights, made here; the program built from memory.c.
Out: what that program prints, ONNX Runtime's figures, and what follows from both.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

ORT = """
import json, sys
import numpy, onnxruntime
def resident(which):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(which))
path, batches, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
before = resident("VmRSS")
options = onnxruntime.SessionOptions()
options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
value = session.get_inputs()[0]
for batch in range(1, batches + 1):
    session.run(None, {value.name: numpy.zeros([d if isinstance(d, int) else batch for d in value.shape], numpy.float32)})
print(json.dumps({"version": onnxruntime.__version__, "before": before, "rss": resident("VmRSS"), "peak": resident("VmHWM")}))
"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="bench/memory.c, built")
    parser.add_argument("--model", help="default: one MatMul with 256 MB of weights")
    parser.add_argument("--batches", type=int, default=4, help="free dimensions are 1 to this, in turn")
    parser.add_argument("--sessions", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2, help="of ONNX Runtime and of PoCL")
    return parser.parse_args()


def make_model(path, size=8192):
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy.random.default_rng(0).standard_normal((size, size), dtype=numpy.float32)
    declare = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "matmul", declare[:1], declare[1:],
                              [numpy_helper.from_array(weights, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)


def output_of(command, threads):
    # PoCL's number of worker threads; other drivers ignore it.
    environment = dict(os.environ, POCL_MAX_PTHREAD_COUNT=str(threads))
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: " + (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1])
    return done.stdout


def measure(model, options):
    command = [options.program, model, str(options.batches), str(options.sessions)]
    output_of(command, options.threads)  # fills the cache: a driver's compiler is no part of what is held
    table = output_of(command, options.threads)
    other = json.loads(output_of([sys.executable, "-c", ORT, model, str(options.batches), str(options.threads)], options.threads))
    rows = {line[:12].strip(): [int(field) for field in line[12:].split()] for line in table.splitlines()[1:]}
    first, last = rows["sessions 1"][0], rows[f"sessions {options.sessions}"][0]
    print(table, end="")
    print(f"{'ort':12} {other['rss']:10d} {other['peak']:10d}    (before the session {other['before']})")
    print(f"process: {first / other['rss']:.2f} x ONNX Runtime {other['version']}; "
          f"model and first session: {first - rows['device'][0]} KiB, ONNX Runtime's {other['rss'] - other['before']} KiB")
    if options.sessions > 1:
        print(f"each further session: {(last - first) / (options.sessions - 1):.0f} KiB")


def main():
    options = arguments()
    if options.model:
        return measure(options.model, options)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "matmul.onnx")
        # In a process of its own, whose memory goes with it.
        if os.fork() == 0:
            make_model(path)
            os._exit(0)
        if os.wait()[1] != 0:
            sys.exit("the model cannot be made: pip install onnx onnxruntime numpy")
        measure(path, options)


if __name__ == "__main__":
    main()
