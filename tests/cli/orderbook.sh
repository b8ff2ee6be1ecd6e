#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The main job: on the simulated book, and on FI-2010 (CLADE_SHARED/data/fi2010), where the trained network's figures are known.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/cli/cli.sh"
orderbook=$build_dir/examples/orderbook/orderbook
data=$CLADE_SHARED/data/fi2010

# job CODE REGEX ARGUMENT...: as expect, for the example.
job() {
    local clade=$orderbook # what expect runs
    expect "$@"
}

job 0 'SIMULATED order book' "$deeplob" --events 150
job 0 '51 predictions in 51 calls' "$deeplob" --events 150 --batch 1
job 0 '51 predictions in 7 calls' "$deeplob" --events 150 --batch 8
job 0 '11 predictions in 2 calls' "$deeplob" --events 150 --batch 8 --every 5
job 0 '^ +speed +[1-9][0-9]* predictions/s; latency of a call: p50 [0-9.]+ ms, p95 [0-9.]+ ms, p99 [0-9.]+ ms' "$deeplob" --events 150
# What a prediction takes is compared where there are two batch sizes, and only there.
job 0 '^a prediction at the median call: batch 1: [0-9.]+ ms, batch 8: [0-9.]+ ms$' "$deeplob" --events 200 --batch 1,8
said=$("$orderbook" "$deeplob" --events 150 --batch 8)
if grep -q 'median call' <<<"$said"; then fail "one batch size is compared: $said"; else pass; fi
# The same seed gives the same classes whatever the batch, another seed a different book.
classes() { "$orderbook" "$deeplob" --events 600 "$@" 2>&1 | sed -n 's/^ *classes *//p'; }
one=$(classes --batch 1 --seed 5) many=$(classes --batch 16 --seed 5) other=$(classes --batch 16 --seed 6)
if [ -n "$one" ] && [ "$one" = "$many" ]; then pass; else fail "batch 1: '$one', batch 16: '$many'"; fi
if [ -n "$other" ] && [ "$one" != "$other" ]; then pass; else fail "seeds 5 and 6: '$one' and '$other'"; fi

# On a terminal the first call counts its steps.
if ! command -v script >/dev/null; then
    skip "script is not installed: progress on a terminal"
elif CLADE_CACHE_DIR=$scratch/empty script -qec "$orderbook $deeplob --events 150 --batch 1" /dev/null </dev/null |
    tr '\r' '\n' | grep -cE 'first run [0-9]+/' | grep -qE '..'; then
    pass
else
    fail "no steps are counted on a terminal"
fi

job 2 '^usage:'
job 2 '^usage:' "$deeplob" --labels x.npy
job 2 'no such value' "$deeplob" --batch 0
job 2 'no such value' "$deeplob" --batch 1,,2
job 2 'no such value' "$deeplob" --events 1e3
job 2 'no labels 40 events ahead' "$deeplob" --horizon 40
job 1 'missing\.npy' "$deeplob" --features "$scratch/missing.npy"
job 1 'missing\.onnx' "$scratch/missing.onnx"
job 1 'no-such-device' "$deeplob" --device no-such-device

if [ -d "$data" ]; then
    real=("$deeplob" --features "$data/test_features.npy" --labels "$data/test_labels.npy" --batch 32 --every 7)
    # The published figures are over windows of the whole file, seams between stocks included.
    job 0 'accuracy 0\.6018, macro-F1 0\.5905 over 5472 labels 100 events ahead' "${real[@]}" --gap 0
    # Five stocks: four seams, 99 rows before each of the five first windows.
    job 0 'accuracy 0\.6126, macro-F1 0\.6010 over 5415 labels' "${real[@]}"
    job 1 'expected float32 \[T,40\], found int64' "$deeplob" --features "$data/test_labels.npy"
    job 1 'int64 \[T,H\]' "$deeplob" --features "$data/test_features.npy" --labels "$data/train_labels.npy"
else
    skip "no FI-2010 files beside the source tree"
fi
finish
