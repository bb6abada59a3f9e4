# Xen replicates a guest into a checkpoint file, several times a second and once a second.
# shellcheck shell=dash
. /host/dom0/remus.sh
guest=remus

readonly wanted_epochs=20

# collects MILLISECONDS FILE [OPTION...]
collects() {
    local interval=$1 file=$2 start
    shift 2
    start=$(now)
    session=$interval
    replicate "$interval" "$file" note "$@" && wait_for has_epoch "$file" $wanted_epochs || { cat /tmp/remus.said; return 1; }
    peak=$(peak_of "$receiver")
    kill_sender && count_epochs "$file" && echo "$(epochs_of "$file" | wc -l) in $(seconds_since "$start")"
}

# A checkpoint that was lost would leave fewer epochs than the newest number says.
count_epochs() {
    [ "$(epochs_of "$1" | wc -l)" -eq "$(newest_of "$1")" ]
}

goes_on_from() {
    local tick
    tick=$(tick_of "$1" "$(mailbox_of $guest)") && restore_by_hand "$1" && goes_on $guest 13 "$tick"
}

# replicated MILLISECONDS [OPTION...]
replicated() {
    local interval=$1 file=/tmp/remus-$1.pages
    shift
    need_check "remus, $interval ms: $wanted_epochs checkpoints become epochs" collects "$interval" "$file" "$@"
    check "remus, $interval ms: the receiver stays small" stays_small
    check "remus, $interval ms: the file is sound" pagestore verify --deep "$file"
    need_check "remus, $interval ms: the guest goes on from the last epoch" goes_on_from "$(cat $lost)"
    rm "$file"
}

need_check "remus: a guest starts" create_guest $guest pvh 13
replicated 200
replicated 1000 --compression lz4
