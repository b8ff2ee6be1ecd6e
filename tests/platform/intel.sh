#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Intel's own OpenCL runtime for CPUs, a compiler of its own: ONNX's cases and small models, as the CPU it is and planned as a GPU.
# pip fetches it into the build directory; without pip, or where PyPI is not reached, one skip.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/onnx/cases.sh"
[ "$(uname -m)" = x86_64 ] || { skip "Intel's runtime is for x86-64"; finish; }
need python3
runtime=$build_dir/tests/intel
if [ ! -e "$runtime/icd/intel.icd" ]; then
    rm -rf "$runtime"
    # intel-opencl-rt alone does not load: it needs the mathematical libraries of the other.
    timeout 900 python3 -m pip install -q --no-input --ignore-installed --prefix "$runtime/root" intel-opencl-rt intel-cmplr-lib-rt >"$runtime.log" 2>&1 ||
        { skip "Intel's runtime is not to be had: $(tail -n 1 "$runtime.log")"; finish; }
    find "$runtime/root" -name 'libOpenCL.so*' -delete # the loader stays the system's
    mkdir -p "$runtime/icd"
    find "$runtime/root" -name libintelocl.so >"$runtime/icd/intel.icd" # in lib or local/lib, as pip has it
fi
libraries=$(dirname "$(cat "$runtime/icd/intel.icd")")
export OCL_ICD_VENDORS=$runtime/icd LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
if "$clade" devices 2>>"$errors" | grep -q 'Intel(R) OpenCL'; then pass; else fail "the runtime in $runtime does not load"; finish; fi
# Every built-in in vectors of mixed magnitudes, and chains against the host: this compiler has its own of both.
again "$build_dir/tests/device" op_builtins op_chains
small_models=(bert_qa_pt_op11 deeplob_b1 gonnx_gru gpt2_pt_op11 mnist_cnn_8 qs_lstm spot_tft_extdata)
run_standard
run_models "${small_models[@]}"
for group in 256 64; do
    test_options=(--no-blas --as "gpu,group=$group,local=32768")
    run_standard
    run_models "${small_models[@]}"
done
finish
