#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# PoCL as two devices: the second computes what the first does, over all of ONNX's cases that the first passes.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/onnx/cases.sh"
export OCL_ICD_VENDORS=pocl.icd POCL_DEVICES="pthread pthread" CLADE_DEVICE=0:1
"$clade" devices >"$errors" 2>&1
if [ "$(grep -c pthread "$errors")" -ge 2 ]; then pass; else fail "no second device: $(head -n 1 "$errors")"; fi
run_sample
finish
