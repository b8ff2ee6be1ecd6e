# SPDX-License-Identifier: Apache-2.0
# Adds up the tests of one `make check`: awk -f summary.awk tests/*.trs. Each test's log ends in the line
# "N passed, N failed, N skipped"; a test that died before it counts as one failure. The last line is the total.
# Without failures the exit status is 0.

function close_test(    log_file, line, totals, parts) {
    if (test == "")
        return
    log_file = test; sub(/\.trs$/, ".log", log_file)
    totals = ""
    while ((getline line < log_file) > 0)
        if (line ~ /^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/)
            totals = line
        else if (line !~ /exit status: [0-9]+\)$/ && line ~ /^(FAIL |.*:[0-9]+:[FES]:)/)
            print "  " line
    close(log_file)
    if (totals == "")
        totals = result == "SKIP" ? "0 passed, 0 failed, 1 skipped" : result == "PASS" ? "1 passed, 0 failed, 0 skipped" : \
                 "0 passed, 1 failed, 0 skipped"
    split(totals, parts, /[^0-9]+/)
    if (result != "PASS" && result != "SKIP" && parts[2] == 0)
        parts[2] = 1
    printf "%-40s %5d passed %4d failed %4d skipped\n", test_name(test), parts[1], parts[2], parts[3]
    passed += parts[1]; failed += parts[2]; skipped += parts[3]
}
function test_name(path) { sub(/\.trs$/, "", path); sub(/\.sh$/, "", path); return path }
FNR == 1 { close_test(); test = FILENAME; result = "" }
/^:global-test-result:/ { result = $2 }
END {
    close_test()
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0
}
