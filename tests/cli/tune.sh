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

expect 2 -- '--explain and --json: one of them' tune -x -j "$credit"
expect 2 -- "--budget takes a number of at least 0, not 'nan'" tune -b nan "$credit"
expect 2 -- "--budget takes a number of at least 0, not '-1'" tune -b -1 "$credit"
expect 2 'there is no option' tune --bugdet 1 "$credit"
expect 3 'there is no row|no such' tune --prefer-impl 'MatMul=no-such' "$credit"
expect 3 'line 1' tune --import "$credit"
expect 3 'no tuning records: the text is empty' tune --merge /dev/null
printf 'clade-records 1\n%s\n' "${line/tiles/$'\033[2J'}" >"$scratch/hostile"
expect 3 'line 2' tune --import "$scratch/hostile"
if "$clade" tune --import "$scratch/hostile" 2>&1 | grep -q $'\033'; then
    fail 'a hostile record reaches the terminal'
else
    pass
fi

# --merge and --import of what was exported change nothing; --export over a file replaces it.
"$clade" tune --export "$scratch/all"
expect 0 '^[1-9][0-9]* records taken$' tune --import "$scratch/all"
expect 0 '^0 records taken$' tune --merge "$scratch/all"
expect 0 '' tune --export "$scratch/again"
if cmp -s "$scratch/all" "$scratch/again"; then pass; else fail '--export, --import, --export: something changed'; fi
device=$(sed -n '2s/\t.*//p' "$scratch/all")
expect 0 "^$(($(wc -l <"$scratch/all") - 1)) records forgotten\$" tune --forget "$device"
expect 0 '^clade-records 1$' tune --list

# killed FILE OPTION...: a child of `clade tune OPTION...` dies over a candidate once FILE has a line of what it found.
killed() {
    local out=$1 child parent
    shift
    "$clade" tune "$@" >"$out" 2>"$scratch/errors" &
    parent=$!
    for ((k = 0; k < 1200; k++)); do
        if grep -qs "$found" "$out" || ! kill -0 "$parent" 2>/dev/null; then break; fi
        sleep 0.05
    done
    read -r child _ <"/proc/$parent/task/$parent/children"
    kill -KILL "${child:-none}" 2>/dev/null
    wait "$parent"
}

found=', error '
killed "$scratch/killed" -x -b 3 "$deeplob"
status=$?
if [ "$status" = 0 ] && grep -q 'a candidate ended its process (signal 9); going on without it' "$scratch/errors" &&
    grep -q ' changed' "$scratch/killed"; then
    pass
else
    fail "a child that is killed: exit code $status: $(cat "$scratch/errors"; tail -n 3 "$scratch/killed")"
fi

# What the children report is one document.
if command -v python3 >/dev/null; then
    found='"after_seconds"'
    killed "$scratch/killed.json" -j -b 3 "$deeplob"
    status=$?
    if [ "$status" = 0 ] && grep -q 'signal 9' "$scratch/errors" && python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert d["problems"] and "reverted" in d' "$scratch/killed.json"; then
        pass
    else
        fail "a child that is killed, --json: exit code $status: $(cat "$scratch/errors"; tail -n 5 "$scratch/killed.json")"
    fi
else
    skip 'python3 is not installed: --json of children that are killed'
fi

# A driver that ends the process otherwise: preloaded, since nothing else does it when asked.
cat >"$scratch/exits.c" <<'EOF'
#include <unistd.h>
int clFinish(void *queue) { (void)queue; _exit(7); }
EOF
if ${CC:-cc} -shared -fPIC -o "$scratch/exits.so" "$scratch/exits.c" 2>/dev/null; then
    said=$(LD_PRELOAD=$scratch/exits.so "$clade" tune -b 1 "$credit" 2>&1)
    status=$?
    if [ "$status" = 4 ] && grep -q 'a candidate ended its process (exit code 7)' <<<"$said" &&
        grep -q 'too many candidates ended their process' <<<"$said"; then
        pass
    else
        fail "a driver that exits: exit code $status: $(head -n 3 <<<"$said")"
    fi
else
    skip 'no compiler: a driver that exits'
fi
finish
