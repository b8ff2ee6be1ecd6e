#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# clade tune: tunes, reports, survives a child that is killed; lists, exports, imports, merges and forgets records.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/cli/cli.sh"
export CLADE_CACHE_DIR=$scratch/cache
mkdir -p "$CLADE_CACHE_DIR"
credit=$source_dir/examples/credit/credit.onnx

expect 0 '^clade-records 1$' tune --list
expect 0 '^[0-9]+ problems, [0-9]+ changed; the model: ' tune -b 2 "$credit"
expect 0 '^ +[0-9.]+ ms  .*, error [0-9.e+-]+$' tune -b 2 -x "$credit"
expect_json 'd["problems"] and all(p["tried"] >= 1 and p["after_seconds"] > 0 for p in d["problems"]) and d["changed"] >= 0' \
    tune -j -b 2 "$credit"
expect 0 'there is nothing to tune' tune -b 1 "$cases/subtract/model.onnx"

line=$'a: b\tproduct float32 0 1x1x1x0\t1\t1\ttiles\t0.001\t0\t1\t1700000000'
printf 'clade-records 1\n%s\n' "$line" >"$scratch/one"
expect 0 '^1 records taken$' tune --import "$scratch/one"
expect 0 '^1 records taken$' tune --merge <(sed 's/0\.001/0.0001/' "$scratch/one")
expect 0 '^0 records taken$' tune --merge "$scratch/one"
expect 0 "0\.0001" tune --list
expect 0 '' tune --export "$scratch/all"
if grep -q '^a: b' "$scratch/all"; then pass; else fail "--export: $(head -n 3 "$scratch/all")"; fi
expect 0 '^0 records forgotten$' tune --forget 'a: b' --problem 'product float32 0 2x2x2x0'
expect 0 '^1 records forgotten$' tune --forget 'a: b'
printf 'clade-records 1\n%s\n%s\n' "$line" "${line:0:30}" >"$scratch/cut"
expect 3 'line 3' tune --import "$scratch/cut"
if "$clade" tune --list | grep -q '^a: b'; then fail "--import of a wrong file took a part of it"; else pass; fi

expect 3 "'/' cannot be read" tune --import /
expect 3 "'$scratch/none' cannot be read" tune --import "$scratch/none"
expect 3 "'$scratch/none/x' cannot be written" tune --export "$scratch/none/x"
expect 2 'one of MODEL, --list, --export, --import, --merge, --forget' tune
expect 2 'one of MODEL, ' tune --list "$credit"
expect 2 -- '--problem goes with --forget' tune --problem x --list
expect 2 'leaves no time' tune -b 0 "$credit"
expect 3 'holds for no other' tune --as gpu "$credit"
expect 3 'nothing is recorded' tune --no-cache "$credit"
expect 3 'nothing is recorded' tune --no-cache --import "$scratch/one"
expect 3 'no-such' tune no-such.onnx

# A child that dies, as over a candidate, is followed by another.
"$clade" tune -x -b 6 "$deeplob" >"$scratch/killed" 2>&1 &
parent=$!
for ((k = 0; k < 600; k++)); do
    if grep -q ', error ' "$scratch/killed"; then break; fi
    sleep 0.1
done
read -r child _ <"/proc/$parent/task/$parent/children"
kill -KILL "${child:-none}" 2>/dev/null
wait "$parent"
status=$?
if [ "$status" = 0 ] && grep -q 'a candidate ended its process (signal 9)' "$scratch/killed" &&
    grep -q 'the model: ' "$scratch/killed"; then
    pass
else
    fail "a child that is killed: exit code $status: $(tail -n 3 "$scratch/killed")"
fi
finish
