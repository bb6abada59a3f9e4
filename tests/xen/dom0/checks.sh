# Sourced by the groups of checks, in dom0: how a check is made and recorded.
# shellcheck shell=dash

# In seconds. Everything that is waited for has come long before where it comes at all, on a machine that is busy otherwise, too.
readonly patience=180

# note VERDICT TEXT: pass, fail or skip, or info for what is no check; for the host and for the serial log.
note() {
    echo "$*" | tee -a /host/results
}

# check NAME COMMAND...: the last line that the command prints tells figures, or why it failed.
check() {
    local name=$1 said=/tmp/said verdict=fail
    shift
    # For the serial log: where a run hangs, this is what it hangs in.
    echo "$(cut -d ' ' -f 1 /proc/uptime) $name"
    "$@" >$said 2>&1 && verdict=pass
    [ $verdict = pass ] || cat $said
    note $verdict "$name: $(tail -n 1 $said)"
    [ $verdict = pass ]
}

# need_check NAME COMMAND...: ends the group where the rest of it would make no sense.
need_check() {
    check "$@" || exit 0
}

# In hundredths of a second, from which differences are taken without fractions.
now() {
    sed 's/^\([0-9]*\)\.\([0-9]*\) .*/\1\2/' /proc/uptime
}

# seconds_since START
seconds_since() {
    local passed=$(($(now) - $1))
    printf '%d.%02d s' $((passed / 100)) $((passed % 100))
}

# wait_for COMMAND...: until it succeeds; says what did not come.
wait_for() {
    local end=$(($(now) + patience * 100))
    until "$@"; do
        [ "$(now)" -lt "$end" ] || { echo "waited $patience s for: $*"; return 1; }
        usleep 100000
    done
}

# The tool must not weigh on the host that it protects: half of what the smallest guests have.
readonly peak_limit_kib=65536
# The least that a NativeAOT program takes; less was not measured of it.
readonly peak_floor_kib=4096

# peak_of PROCESS: the most memory that it had at any time, in KiB; nothing when it has ended.
peak_of() {
    sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status" 2>/dev/null
}

# follow_peak PROCESS: until it has ended; sets $peak. A peak only grows, so the last that is seen is it, but for the end of the process. Also of what
# timeout of busybox runs: it becomes the command itself, and a child of it watches the clock.
follow_peak() {
    local now
    peak=0
    while now=$(peak_of "$1") && [ -n "$now" ]; do
        peak=$now
        usleep 100000
    done
}

# stays_small: $peak is below the limit.
stays_small() {
    echo "$peak KiB, of $peak_limit_kib"
    [ "$peak" -gt $peak_floor_kib ] && [ "$peak" -lt $peak_limit_kib ]
}
