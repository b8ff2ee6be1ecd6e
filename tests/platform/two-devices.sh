#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# PoCL as two devices: the second computes what the first does.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/onnx/cases.sh"
export OCL_ICD_VENDORS=pocl.icd POCL_DEVICES="pthread pthread" CLADE_DEVICE=0:1
if [ "$("$clade" devices --json 2>>"$errors" | grep -c '"name"')" -ge 2 ]; then pass; else fail "no second device"; fi
run_standard
run_models deeplob_b1 gonnx_gru mnist_cnn_8 qs_lstm spot_tft_extdata
finish
