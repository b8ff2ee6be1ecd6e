#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Mesa's rusticl on llvmpipe: another compiler and another idea of what a device is. Slow, hence a sample.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/onnx/cases.sh"
export OCL_ICD_VENDORS=rusticl.icd RUSTICL_ENABLE=llvmpipe
"$clade" devices >"$errors" 2>&1
grep -q llvmpipe "$errors" || { skip "no rusticl device: install Debian's mesa-opencl-icd"; finish; }
run_sample
finish
