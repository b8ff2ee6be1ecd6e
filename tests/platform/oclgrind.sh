#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The device simulator Oclgrind: results agree, and it reports no invalid access, data race or API error. Of the models only
# small ones: it interprets every instruction.
. "$(dirname "$0")/../lib.sh"
need oclgrind
. "$test_dir/onnx/cases.sh"
driver=$(dirname "$(dirname "$(command -v oclgrind)")")/lib/oclgrind/liboclgrind-rt-icd.so
report=$build_dir/tests/oclgrind.report
rm -f "$report"
# The driver itself is loaded, rather than started through `oclgrind`, so that calls go through the ICD loader as ever. One
# worker thread: Oclgrind 21.10 itself crashes now and then with more, and it finds races between work-items all the same.
export OCL_ICD_VENDORS=$driver OCLGRIND_DATA_RACES=1 OCLGRIND_CHECK_API=1 OCLGRIND_LOG=$report OCLGRIND_NUM_THREADS=1
too_slow=$test_dir/platform/oclgrind-too-slow.txt
"$clade" devices 2>>"$errors" | grep -q Oclgrind || { fail "the driver $driver does not load"; finish; }
run_standard
run_models bert_qa_pt_op11 gonnx_gru gpt2_pt_op11 mnist_cnn_8 spot_tft_extdata
if [ -s "$report" ]; then
    fail "Oclgrind reports $(grep -c . "$report") lines, the first:"
    head -n 40 "$report"
else
    pass
fi
finish
