# Sourced by the groups of checks, in dom0: what checkpoint files hold, and guests that come back from them.
# shellcheck shell=dash

# tick_of CHECKPOINT MAILBOX: the guest's tick in an epoch, read from the memory itself.
tick_of() {
    local raw=/tmp/raw
    pagestore export "$1" --format raw -o $raw >/dev/null || return
    dd if=$raw of=/tmp/mailbox bs=4096 skip="$2" count=1 2>/dev/null
    rm $raw
    # struct mailbox of guest.c: the magic, then the ticks.
    grep -q PAGESTORE-GUEST /tmp/mailbox || { echo "no mailbox at page $2 of $1" >&2; return 1; }
    hexdump -s 16 -n 4 -e '1/4 "%u\n"' /tmp/mailbox
}

# The numbers of the epochs of a file, oldest first; none where there is no file yet.
epochs_of() {
    [ ! -s "$1" ] || pagestore inspect --json "$1" | grep -o '"id":[0-9]*' | cut -d : -f 2
}

# The number of the newest epoch of a file, which counts what was ever committed to it; 0 where there is none.
newest_of() {
    local newest
    newest=$(epochs_of "$1" | tail -n 1)
    echo "${newest:-0}"
}

# stream_of NAME: where an exported stream goes, for xl restore and afterwards for Xen's verifier on the host.
stream_of() {
    echo "/host/streams/$1.xl"
}

# exports CHECKPOINT STREAM
exports() {
    pagestore export "$1" --format xl -o "$2"
}

# comes_back NAME SEED TICK STREAM
comes_back() {
    fresh_console "$1"
    timeout $patience xl restore "$4" && goes_on "$1" "$2" "$3"
}

# later_each_time FILE NAME: the guest's own clock, in each epoch. What an epoch takes over from the one before is not left behind.
later_each_time() {
    local mailbox tick last=0 epoch
    mailbox=$(mailbox_of "$2")
    for epoch in $(epochs_of "$1"); do
        tick=$(tick_of "$1@$epoch" "$mailbox") && [ "$tick" -gt $last ] || { echo "epoch $epoch shows tick $tick, the one before $last"; return 1; }
        last=$tick
    done
    echo "the last at tick $last"
}

# was_not_disturbed FILE NAME SEED: the guest that was captured goes on behind the newest epoch.
was_not_disturbed() {
    local tick
    tick=$(tick_of "$1" "$(mailbox_of "$2")") && wait_for checked_twice_after "$2" "$3" "$tick" && sound "$2" &&
        echo "all pages right at ticks $(ticks_after "$2" "$3" "$tick" | head -n 2 | xargs echo)"
}
