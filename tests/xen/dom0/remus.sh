# Sourced by the groups of checks, in dom0: a guest that Xen replicates into a checkpoint file, and its failover.
# shellcheck shell=dash
. /host/dom0/checks.sh
. /host/dom0/guests.sh
. /host/dom0/epochs.sh

# What on-loss scripts leave, and what they need: they run as grandchildren of xl.
export lost=/tmp/lost guest stream

# replicate MILLISECONDS FILE SCRIPT [OPTION...]: starts to replicate $guest, and sets $sender and $receiver to the processes that do.
replicate() {
    local command="pagestore receive -o $2 --on-loss /host/dom0/on-loss/$3" interval=$1
    shift 3
    rm -f $lost
    stream=$(stream_of "$guest-$session")
    xl remus -F -n -d -i "$interval" -s "$command $*" "$guest" backup >/tmp/remus.said 2>&1 &
    sender=$!
    wait_for pidof pagestore && receiver=$(pidof pagestore)
}

# has_epoch FILE NUMBER. Asking costs the only processor half a second, so it is not asked all the time.
has_epoch() {
    sleep 2
    [ "$(newest_of "$1")" -ge "$2" ]
}

has_ended() {
    [ ! -d "/proc/$1" ]
}

# kill_sender: as a crash would, and then the receiver has to come to its end by itself.
kill_sender() {
    kill -9 "$sender"
    wait "$sender" 2>/dev/null
    wait_for has_ended "$receiver"
}

# restore_by_hand CHECKPOINT: what on-loss/restore does otherwise.
restore_by_hand() {
    destroy_guest "$guest" && exports "$1" "$stream" && fresh_console "$guest" && timeout $patience xl restore "$stream"
}
