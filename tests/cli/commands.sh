#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every command on models that are fine: what it reports, as text and as JSON.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/cli/cli.sh"

model=$cases/subtract/model.onnx
a=$cases/subtract/test_data_set_0/input_1.pb b=$cases/subtract/test_data_set_0/input_0.pb

expect 0 '^0 +0:0 +(cpu|gpu|other) ' devices
expect_json 'd["devices"][0]["index"] == 0 and d["devices"][0]["compute_units"] >= 1' devices --json
expect_json 'd["platforms"][0]["device_count"] >= 1 and d["platforms"][0]["hint"] == "" and len(d["drivers"]) >= 4' devices --json
if "$clade" devices | grep -qE '^[0-9]+ .* gpu '; then
    skip 'there is a GPU: its driver is not missing'
else
    expect 0 '^no GPU here; .*AMD.*; Intel.*; NVIDIA' devices
fi
expect 0 '^clade: info: device 0 .*chosen of [0-9]+ by 0$' run -v -d 0 "$model" -i a="$a" -i b="$b"
expect 0 '^clade: info: [0-9]+ kernels compiled in [0-9]+ ms' run -v --no-cache "$model" -i a="$a" -i b="$b"
expect 0 '^clade: info: [0-9]+ kernels from the cache in [0-9]+ ms' run -v "$model" -i a="$a" -i b="$b"
expect 0 '^clade: info: planned: [0-9]+ steps, [0-9]+ bytes' run -v "$model" -i a="$a" -i b="$b"
expect 0 '^clade: info: cache file .*clade.sqlite' run -v "$model" -i a="$a" -i b="$b"
for device in 0 0:0; do
    expect 0 '^pass' test --device "$device" "$cases/count"
done

expect 0 '^input +a  float32 \[N,3\]$' info "$model"
expect 0 '^operator +Sub x 1$' info "$model"
expect 0 '^requires .*bytes' info "$model"
expect_json 'd["inputs"][0] == {"name": "a", "dtype": "float32", "shape": ["N", 3]} and d["opset"] == 13' info -j "$model"
expect_json 'd["required_bytes"] > 0 and d["operators"][0]["supported"] and d["nodes"] == 1' info -j "$model"
expect_json 'not d["operators"][0]["supported"] and d["operators"][0]["reason"] and d["required_bytes"] is None' \
    info -j "$cases/strange/model.onnx"
# What a file says of itself, with what could drive a terminal in it: fields that stand behind the others count too.
{ cat "$model"; printf 'r\x0c\n\x04feat\x12\x04a,\x1b[2\x06a\xc2\x9b2Jb(\x2a'; } >"$scratch/talks.onnx"
expect 0 '^metadata    feat = a,\?\[$' info "$scratch/talks.onnx"
expect 0 '^description a\?2Jb$' info "$scratch/talks.onnx"
expect 0 '^version     42$' info "$scratch/talks.onnx"
expect 0 '^opset       1 of nowhere$' info "$scratch/talks.onnx"
expect_json 'd["metadata"] == [{"key": "feat", "value": "a,\x1b["}] and d["model_version"] == 42' info -j "$scratch/talks.onnx"
expect_json 'd["opsets"][1] == {"domain": "nowhere", "version": 1}' info -j "$scratch/talks.onnx"
small=$("$clade" info -j "$deeplob" | sed -n 's/.*"required_bytes": \([0-9]*\).*/\1/p')
large=$("$clade" info -j "$deeplob" --dim N=64 | sed -n 's/.*"required_bytes": \([0-9]*\).*/\1/p')
if [ "${small:-0}" -gt 0 ] && [ "${large:-0}" -gt $((4 * ${small:-0})) ]; then
    pass
else
    fail "required bytes at batch 1 and 64: '$small' and '$large'"
fi

expect 0 '^  0\.5 1 5 3\.5 4 8$' run "$model" -i a="$a" -i b="$b"
expect 0 'y\.npy$' run "$model" --input a="$a" --input=b="$b" -o "$scratch/out"
# A value may be attached to a letter; parents of the directory are made; one slash in what is reported.
expect 0 '^  0\.5 1 5 3\.5 4 8$' run "$model" -ia="$a" -ib="$b"
expect 0 'new/a/b/y\.npy$' run "$model" -ia="$a" -ib="$b" -o"$scratch/new/a/b//"
expect 0 "-> $scratch/new/c/y\\.npy\$" run "$model" -ia="$a" -ib="$b" -o "$scratch/new/c/"
for format in npy pb csv; do
    expect 0 "y\\.$format\$" run "$model" -i a="$a" -i b="$b" -o "$scratch/out" -f "$format"
    # What was written can be read: y - b.
    expect 0 '^  0 0 7 3 3 10$' run "$model" -i a="$scratch/out/y.$format" -i b="$b"
done
printf 'one,two,three\n1,2,3\n4,5,6\n' >"$scratch/a.csv"
expect 0 '^  0\.5 1 5 3\.5 4 8$' run "$model" -i a="$scratch/a.csv" -i b="$b"
printf '1\n2\n3\n4\n5\n6\n' >"$scratch/flat.csv"
expect 0 '^  0\.5 1 5 3\.5 4 8$' run "$model" -i a="$scratch/flat.csv" -s a=2x3 -i b="$b"
expect 0 '^  18014398509481984 -14 0$|1\.80144e\+16 -14 0$' run "$cases/count/model.onnx" -i "$cases/count/test_data_set_0/input_0.pb"
expect_json 'd["outputs"] == [{"name": "y", "dtype": "float32", "shape": [2, 3], "file": None}] and d["run_ms"] >= 0' \
    run -j "$model" -i a="$a" -i b="$b"

keys='"model device load_ms first_ms min_ms median_ms p95_ms p99_ms runs peak_bytes weight_bytes program_cache_hits".split()'
expect_json "all(k in d for k in $keys) and d['runs'] == 5 and 0 < d['min_ms'] <= d['median_ms'] <= d['p95_ms'] <= d['p99_ms']" \
    bench -j --runs 5 "$deeplob"
expect_json 'd["weight_bytes"] > 400000 and d["peak_bytes"] > d["weight_bytes"]' bench -j -n 1 "$deeplob" -s x=2x1x100x40
# A second process finds the programs in the cache; without a cache it builds them.
expect_json 'd["program_cache_hits"] > 0 and d["program_builds"] == 0' bench -j -n 1 "$deeplob"
expect_json 'd["program_cache_hits"] == 0 and d["program_builds"] > 0' bench -j -n 1 --no-cache "$deeplob"
expect 0 '^run +min ' bench -n 2 --seed 3 "$model" --dim N=4
expect 0 '^run +min ' bench -n 2 --no-blas --prefer-impl Gemm=reference "$deeplob"

expect 0 'difference|Sub' dump "$model"
expect 0 '^digraph' dump --dot "$model"
expect 0 'Sub' dump --after specialise "$model"
expect 0 '^digraph' dump --dot --before fuse "$model"
# Planned and written where there is no driver: the group that was stated, and a file a family.
mkdir "$scratch/programs"
OCL_ICD_VENDORS=/nonexistent expect 0 'rnn_run <64,1,1>/<64,1,1>' dump --programs "$scratch/programs" --as gpu,group=64 "$deeplob"
for family in copy gather rnn softmax tiles; do
    if grep -q '^#define INSTANCE i' "$scratch/programs/$family.cl"; then pass; else fail "dump --programs: no $family.cl"; fi
done
expect 3 "no-such/[a-z]*\.cl" dump --programs "$scratch/no-such" "$deeplob"
expect 0 . dump "$deeplob" --profile "$scratch/trace.json"
if ! command -v python3 >/dev/null; then
    skip "python3 is not installed: the trace"
elif python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
events = d["traceEvents"] if isinstance(d, dict) else d
assert sum(e.get("dur", 0) for e in events) > 0' "$scratch/trace.json"; then
    pass
else
    fail "the trace is not one, or holds no times"
fi

# On a terminal a line moves in a slow first run: the stage, its count, the seconds. Elsewhere there is none.
if ! command -v script >/dev/null; then
    skip "script is not installed: progress on a terminal"
else
    said=$(CLADE_CACHE_DIR=$scratch/empty POCL_CACHE_DIR=$scratch/empty \
        script -qec "$clade bench -n 1 $deeplob" /dev/null </dev/null | tr '\r' '\n')
    for stage in 'compiling kernels: [0-9]+' 'first run [0-9]+/[0-9]+'; do
        # Painted four times a second: two or more lines that differ.
        shown=$(grep -oE "$stage, [0-9]+\\.[0-9] s" <<<"$said" | sort -u | wc -l)
        if [ "$shown" -ge 2 ]; then pass; else fail "'$stage' is shown $shown times in: $(head -n 20 <<<"$said")"; fi
    done
    if tail -n 1 <<<"$said" | grep -q '^programs'; then pass; else fail "the report does not stand alone: $said"; fi
fi
said=$(CLADE_CACHE_DIR=$scratch/none "$clade" bench -n 1 "$model" 2>&1 >/dev/null)
if [ -z "$said" ]; then pass; else fail "without a terminal: $said"; fi

# What the library logs is shown: a damaged cache is a warning, and nothing worse.
export CLADE_CACHE_DIR=$scratch/cache
expect 0 '^run +min ' bench -n 1 "$model"
for file in "$CLADE_CACHE_DIR"/*; do
    head -c 5000 /dev/urandom >"$file"
done
expect 0 '^clade: warning: cache' bench -n 1 "$model"
expect 0 '^run +min ' bench -vv -n 1 "$model"
finish
