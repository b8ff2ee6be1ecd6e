#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What a GPU would get, on PoCL: ONNX's cases and the models planned with --as gpu, for devices that allow 256 and 64 work-items
# a group; ONNX's cases for 64 in CLADE_DEEP=1 only (intel.sh has them always). CLBlast (20 s for its first product here) is in tests/ocl/blas.c.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/onnx/cases.sh"
test_options=(--no-blas --as gpu,group=256,local=32768)
run_standard
run_models bert_qa_pt_op11 deeplob_b1 gonnx_gru gpt2_pt_op11 mnist_cnn_8 qs_lstm spot_tft_extdata
test_options=(--no-blas --as gpu,group=64,local=16384)
[ "${CLADE_DEEP:-0}" = 1 ] && run_standard
run_models deeplob_b1 gonnx_gru gpt2_pt_op11 mnist_cnn_8 qs_lstm spot_tft_extdata
finish
