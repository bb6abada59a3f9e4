# A running guest, watched through the hypervisor's own dirty log: by the command, and by a program of the library.
# shellcheck shell=dash
. /host/dom0/checks.sh
. /host/dom0/guests.sh
. /host/dom0/epochs.sh
guest=live

readonly wanted_epochs=4 file=/tmp/live.pages

# watches COMMAND...: one epoch a second; the first is the whole guest. Sets $peak.
watches() {
    timeout $patience "$@" &
    follow_peak $! && wait $! && [ "$(epochs_of $file | wc -l)" -eq $wanted_epochs ]
}

# Xen has nothing to run such an epoch from.
is_refused_for_xen() {
    ! pagestore export $file --format xl -o /tmp/live.xl && [ ! -e /tmp/live.xl ]
}

# watched NAME COMMAND...
watched() {
    local name=$1
    shift
    need_check "$name: $wanted_epochs epochs of the running guest" watches "$@"
    check "$name: it stays small" stays_small
    check "$name: the file is sound" pagestore verify --deep $file
    check "$name: each epoch is later than the one before" later_each_time $file $guest
    check "$name: the guest goes on as before" was_not_disturbed $file $guest 15
    check "$name: an epoch is not exported for xl" is_refused_for_xen
    rm $file
}

need_check "live: a guest starts" create_guest $guest pvh 15
watched "capture" pagestore capture "xen:$(xl domid $guest)" -o $file --epochs $wanted_epochs
watched "library" /host/live/XenEpochs "$(xl domid $guest)" $file $wanted_epochs
destroy_guest $guest
