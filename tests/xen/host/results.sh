# Sourced by tests/xen/run, after eng/counting.sh: what was checked, counted, and shown while it happens.
# shellcheck shell=bash

# count NAME COMMAND...: a check on the host; the last line that the command prints tells figures, or why it failed.
count() {
    local name=$1 said verdict=fail
    shift
    said=$("$@" 2>&1) && verdict=pass
    [[ $verdict == pass ]] || printf '%s\n' "$said"
    said="$name: $(tail -n 1 <<<"$said")"
    printf '%s %s\n' "$verdict" "$said"
    record "$verdict" "$said"
}

record() {
    case "$1" in
        pass) passed=$((passed + 1)) ;;
        skip) skipped=$((skipped + 1)) ;;
        *) fail "$2" ;;
    esac
}

follower=
follow_results() {
    tail -n +1 -F "$1" 2>/dev/null &
    follower=$!
}

stop_following() {
    # Once more than the interval at which tail looks.
    sleep 2
    kill "$follower"
    wait "$follower" 2>/dev/null
}

# count_results FILE BOOT_CODE: what dom0 recorded. Without its last line checks are missing, whatever the others say.
count_results() {
    local verdict said ended=no
    while read -r verdict said; do
        case $verdict in
            end) ended=yes ;;
            # Figures, which are neither good nor bad.
            info) ;;
            *) record "$verdict" "$said" ;;
        esac
    done <"$1"
    [[ $ended == yes ]] || fail "dom0 did not end its checks: QEMU's exit code was $2 (124: it took longer than $boot_limit)"
}

# verify_streams ROOT FOLDER: each stream is a check.
verify_streams() {
    local stream
    for stream in "$2"/*.xl "$2"/*.libxc; do
        [[ ! -e $stream ]] || count "$(basename "$stream")" verify_stream "$1/usr/lib/xen-$xen_version" "$stream"
    done
}

# verify_stream XEN STREAM: Xen's verifier is stricter than what restores. The name ends as the verifier calls the format.
verify_stream() {
    PYTHONPATH=$1/lib/python python3 "$1/bin/verify-stream-v2" --format "${2##*.}" --in "$2" && du -h --apparent-size "$2" | cut -f 1
}

show_logs() {
    printf '\n== the end of %s\n' "$1/serial.log"
    tail -n 40 "$1/serial.log"
    printf '\nAll of it, and what the tools of Xen wrote: %s, %s\n' "$1/serial.log" "$1/share/logs"
}
