#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Mesa's rusticl on llvmpipe: another compiler and another idea of what a device is. Of the models only small ones: it is slow.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/onnx/cases.sh"
export OCL_ICD_VENDORS=rusticl.icd RUSTICL_ENABLE=llvmpipe
"$clade" devices 2>>"$errors" | grep -q llvmpipe || { skip "no rusticl device: install Debian's mesa-opencl-icd"; finish; }
too_slow=$test_dir/platform/rusticl-too-long.txt
run_standard
run_models deeplob_b1 gonnx_gru mnist_cnn_8 qs_lstm spot_tft_extdata
finish
