# Xen replicates a guest into a checkpoint file, several times a second and once a second.
# shellcheck shell=dash
. /host/dom0/remus.sh
guest=remus

readonly wanted_epochs=20
# A receiver must not weigh on the host that it protects: half of what the smallest guests have.
readonly peak_limit_kib=65536

# collects MILLISECONDS FILE
collects() {
    local start
    start=$(now)
    session=$1
    replicate "$1" "$2" on-loss/note && wait_for has_epochs "$2" $wanted_epochs || { cat /tmp/remus.said; return 1; }
    peak=$(receiver_peak)
    kill_sender && echo "$(epochs_of "$2") in $(seconds_since "$start")"
}

stays_small() {
    echo "$peak KiB, of $peak_limit_kib"
    [ "$peak" -lt $peak_limit_kib ]
}

goes_on_from() {
    local tick
    tick=$(tick_of "$1" "$(mailbox_of $guest)") && restore_by_hand "$1" && goes_on $guest 13 "$tick"
}

# replicated MILLISECONDS
replicated() {
    local file=/tmp/remus-$1.pages
    need_check "remus, $1 ms: $wanted_epochs checkpoints become epochs" collects "$1" "$file"
    check "remus, $1 ms: the receiver stays small" stays_small
    check "remus, $1 ms: the file is sound" pagestore verify --deep "$file"
    need_check "remus, $1 ms: the guest goes on from the last epoch" goes_on_from "$(cat $lost)"
    rm "$file"
}

need_check "remus: a guest starts" create_guest $guest pvh 13
replicated 200
replicated 1000
destroy_guest $guest
