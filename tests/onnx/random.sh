#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Random graphs against ONNX Runtime (random_graphs.py), twelve to a model. In Oclgrind, which compiles in a tenth of the time of
# PoCL and has the rows of GPUs; one model in ten on PoCL too. CLADE_DEEP=1: 3,000 graphs, else 240. Differences to 1e-3
# of the value and 1e-4 are rounding: chains are up to ten nodes long.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/onnx/cases.sh"
need oclgrind python3
runtime=$build_dir/tests/onnxruntime
if [ ! -e "$runtime/ready" ]; then
    rm -rf "$runtime"
    mkdir -p "$runtime"
    timeout 900 python3 -m pip install -q --no-input --target "$runtime" onnx onnxruntime >"$runtime.log" 2>&1 ||
        { skip "ONNX Runtime is not to be had: $(tail -n 1 "$runtime.log")"; finish; }
    touch "$runtime/ready"
fi
graphs=$build_dir/tests/random
rm -rf "$graphs"
[ "${CLADE_DEEP:-0}" = 1 ] && count=3000 || count=240
if PYTHONPATH=$runtime python3 "$test_dir/onnx/random_graphs.py" "$graphs" "$count" 1 >>"$errors" 2>&1; then
    pass
else
    fail "random_graphs.py: $(tail -n 1 "$errors")"
    finish
fi
refusals_are_failures=1
test_options=(--rtol 1e-3 --atol 1e-4)
run_cases "$graphs"/random_*0/
export OCL_ICD_VENDORS=$(dirname "$(dirname "$(command -v oclgrind)")")/lib/oclgrind/liboclgrind-rt-icd.so
test_options+=(--no-cache)
run_cases "$graphs"/*/
finish
