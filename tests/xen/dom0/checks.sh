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
