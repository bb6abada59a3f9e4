# Sourced by ./test and tests/xen/run: counts steps and tests, and ends in one line. Nothing that fails can end in "0 failed".
# shellcheck shell=bash

passed=0
failed=0
skipped=0
failures=()
finished=no

# A step that hangs must not take the whole run's time with it.
readonly step_limit=50m

# Whatever ends the script, the counting line is its last.
trap finish EXIT
trap 'stop 130' INT
trap 'stop 143' TERM

child=
stop() {
    [[ -z $child ]] || kill "$child" 2>/dev/null
    exit "$1"
}

# In the background and waited for, so that a signal is handled at once; timeout passes it on to all that the command started.
limited() {
    local code
    timeout --kill-after=30 "$step_limit" "$@" </dev/null &
    child=$!
    wait "$child"
    code=$?
    child=
    return "$code"
}

fail() {
    failed=$((failed + ${2:-1}))
    failures+=("$1")
}

# step NAME COMMAND...: one command, counted as one test.
step() {
    local name=$1 code
    shift
    printf '\n== %s\n' "$name"
    limited "$@"
    code=$?
    if [[ $code -eq 0 ]]; then
        passed=$((passed + 1))
    else
        fail "$name: exit code $code"
    fi
    return "$code"
}

# leave_out NAME REASON: a step that was not run, counted as skipped.
leave_out() {
    printf '\n== %s\nskipped: %s\n' "$1" "$2"
    skipped=$((skipped + 1))
}

# label NAME FILE: the number behind a label in the last summary of a test run, or nothing.
label() {
    awk -v name="$1:" '/^Test run summary:/ { value = "" } $1 == name && NF == 2 { value = $2 } END { print value }' "$2"
}

# count_tests NAME PROJECT: runs a test project (built in Release) and counts its tests.
# The platform's own summary is not enough: an aborted process leaves "failed: 0" behind, so its exit code is read as well.
count_tests() {
    local name=$1 project=$2 log code total bad good left names
    log=$(mktemp)
    printf '\n== %s\n' "$name"
    limited dotnet test --project "$project" -c Release --no-build --no-restore --no-progress --no-ansi >"$log" 2>&1
    code=$?
    cat "$log"
    total=$(label total "$log")
    bad=$(label failed "$log")
    good=$(label succeeded "$log")
    left=$(label skipped "$log")
    # Their names are far above the last lines, which are all that is left of some runs.
    mapfile -t names < <(sed -n "s/^failed \(.* ([^()]*)\)\$/$name: \1/p" "$log")
    rm -f "$log"
    if [[ ! "$total $bad $good $left" =~ ^[0-9]+\ [0-9]+\ [0-9]+\ [0-9]+$ ]]; then
        fail "$name: ended without a count, exit code $code"
        return
    fi
    passed=$((passed + good))
    skipped=$((skipped + left))
    if [[ $bad -gt 0 ]]; then
        fail "$name: $bad failed" "$bad"
        failures+=("${names[@]}")
    elif [[ $code -ne 0 ]]; then
        fail "$name: the test process ended with exit code $code without counting a failure"
    elif [[ $((good + left)) -eq 0 || $total -ne $((good + left)) ]]; then
        fail "$name: $total tests found, $good succeeded, $left skipped"
    fi
}

# count_script NAME COMMAND...: a script that counts for itself, and ends in a line as this one does.
count_script() {
    local name=$1 log code last
    shift
    log=$(mktemp)
    printf '\n== %s\n' "$name"
    limited "$@" >"$log" 2>&1
    code=$?
    cat "$log"
    last=$(tail -n 1 "$log")
    rm -f "$log"
    if [[ ! $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
        fail "$name: ended without a count, exit code $code"
        return
    fi
    passed=$((passed + BASH_REMATCH[1]))
    skipped=$((skipped + ${BASH_REMATCH[4]:-0}))
    if [[ ${BASH_REMATCH[2]} -gt 0 ]]; then
        fail "$name: ${BASH_REMATCH[2]} failed" "${BASH_REMATCH[2]}"
    elif [[ $code -ne 0 ]]; then
        fail "$name: exit code $code"
    fi
}

finish() {
    local code=$?
    [[ $finished == yes ]] && return
    finished=yes
    if [[ $code -ne 0 && $failed -eq 0 ]]; then
        fail "the run itself: exit code $code"
    elif [[ $((passed + failed + skipped)) -eq 0 ]]; then
        fail "nothing was run"
    fi
    printf '\n'
    [[ ${#failures[@]} -eq 0 ]] || printf 'failed: %s\n' "${failures[@]}"
    printf '%d passed, %d failed' "$passed" "$failed"
    [[ $skipped -eq 0 ]] || printf ', %d skipped' "$skipped"
    printf '\n'
    exit $((failed > 0))
}
