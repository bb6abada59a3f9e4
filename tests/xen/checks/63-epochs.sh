# Each epoch is the guest as it was in its pause: held against a copy of the whole guest that Xen's own libraries made in that very pause. Also where the
# captures before were killed at any moment: the first epoch of the next one is compared with the file by content, so nothing has to be known of them.
# shellcheck shell=dash
. /host/dom0/checks.sh
. /host/dom0/guests.sh
. /host/dom0/epochs.sh
. /host/dom0/chance.sh
guest=epochs

readonly wanted_epochs=20 rounds=5 file=/tmp/epochs.pages
# In milliseconds. A capture begins with the whole guest, which takes about as long as the one; then it takes epochs without a break.
readonly in_first_epoch=6000 among_epochs=2000

# equal_copies COUNT [PAGE]: the log is made to keep silent about the page.
equal_copies() {
    timeout $((3 * patience)) /host/probe/XenProbe epochs "$domain" $file "$@"
}

# The mailbox is written all the time. Its number in hexadecimal is what the probe names it by.
finds_what_is_left_out() {
    local mailbox
    mailbox=$(mailbox_of $guest)
    equal_copies 2 "$mailbox" >/tmp/left-out
    [ $? -eq 1 ] && grep "differ: $(printf '0x%x' "$mailbox")\$" /tmp/left-out || { cat /tmp/left-out; return 1; }
}

# is_killed ROUND: half of the captures in their first epoch.
is_killed() {
    local before capture paused=running
    before=$(newest_of $file)
    pagestore capture "xen:$domain" -o $file --interval 0.01s --keep-last 3 >/tmp/capture.said 2>&1 &
    capture=$!
    if [ $(($1 % 2)) -eq 0 ]; then
        wait_for grep -q '^epoch' /tmp/capture.said || { cat /tmp/capture.said; return 1; }
        below $among_epochs
    else
        below $in_first_epoch
    fi
    usleep $((drawn * 1000))
    kill -9 $capture && { wait $capture 2>/dev/null || true; }
    if is_paused; then
        paused=paused
        xl unpause $guest || return
    fi
    echo "$(($(newest_of $file) - before)) epochs, after $drawn ms; the guest was $paused"
}

# Who is killed in a pause leaves the guest so.
is_paused() {
    xl list $guest | awk 'NR == 2 && $5 ~ /p/ { found = 1 } END { exit !found }'
}

# It mostly reads from its disk: then only the backend writes to the pages that both share.
need_check "epochs: a guest starts" create_guest $guest pvh 17 96 disk_every=8
domain=$(xl domid $guest)
need_check "epochs: $wanted_epochs epochs, every fourth across a suspend, equal copies of the guest" equal_copies $wanted_epochs
check "epochs: the newest across a suspend becomes a stream for xl" exports "$file@$wanted_epochs" "$(stream_of $guest)"
check "epochs: a page that the log keeps silent about is found" finds_what_is_left_out
for round in $(seq $rounds); do
    need_check "epochs: capture $round is killed" is_killed "$round"
    need_check "epochs: the one after it equals a copy of the guest" equal_copies 1
done
check "epochs: the file is sound" pagestore verify --deep $file
check "epochs: the guest goes on as before" wait_for checked_twice_after $guest 17 "$(ticks_after $guest 17 0 | tail -n 1)"
check "epochs: the guest was never wrong" sound $guest
destroy_guest $guest
