# A running guest, watched by a program of the library through the hypervisor's own dirty log.
# shellcheck shell=dash
. /host/dom0/checks.sh
. /host/dom0/guests.sh
. /host/dom0/epochs.sh
guest=live

readonly wanted_epochs=4 file=/tmp/live.pages

# One epoch a second: the first is the whole guest.
watches() {
    timeout $patience /host/live/XenEpochs "$(xl domid $guest)" $file $wanted_epochs || return
    [ "$(epochs_of $file | wc -l)" -eq $wanted_epochs ]
}

# The guest's own clock, in each epoch: what an epoch takes over from the one before is not left behind.
later_each_time() {
    local mailbox tick last=0 epoch
    mailbox=$(mailbox_of $guest)
    for epoch in $(epochs_of $file); do
        tick=$(tick_of "$file@$epoch" "$mailbox") && [ "$tick" -gt $last ] || { echo "epoch $epoch shows tick $tick, the one before $last"; return 1; }
        last=$tick
    done
    echo "the last at tick $last"
}

was_not_disturbed() {
    local tick
    tick=$(tick_of $file "$(mailbox_of $guest)") && wait_for checked_twice_after $guest 15 "$tick" && sound $guest &&
        echo "all pages right at ticks $(ticks_after $guest 15 "$tick" | head -n 2 | xargs echo)"
}

need_check "live: a guest starts" create_guest $guest pvh 15
need_check "live: $wanted_epochs epochs of the running guest" watches
check "live: the file is sound" pagestore verify --deep $file
check "live: each epoch is later than the one before" later_each_time
check "live: the guest goes on as before" was_not_disturbed
rm $file
destroy_guest $guest
