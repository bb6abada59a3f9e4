# The sender of a replicated guest dies at any moment, ten times, and the guest goes on from the last checkpoint.
# shellcheck shell=dash
. /host/dom0/remus.sh
. /host/dom0/chance.sh
guest=failover

readonly rounds=10 file=/tmp/failover.pages keep=3
# In milliseconds. The first image takes about as long as the one, and within the other come several checkpoints.
readonly in_first_image=10000 among_checkpoints=4000

# Rounds 1, 4, 7 and 10 begin a new file. The others go on with the old one, whose last epoch is an older state of this guest: rounds 2, 5 and 8
# mostly lose the sender before the first checkpoint and have nothing else, and in rounds 3, 6 and 9 the receiver restores the guest by itself.
plan_round() {
    session=$1
    interval=$((1000 - $1 % 2 * 800))
    script=note
    latest=$among_checkpoints
    case $(($1 % 3)) in
        0) script=restore ;;
        1) rm -f $file ;;
        2) latest=$in_first_image ;;
    esac
    below $latest
    moment=$drawn
}

loses_sender() {
    before=$(newest_of $file)
    replicate "$interval" $file $script --keep-last $keep || return
    [ $latest -eq $in_first_image ] || wait_for has_epoch $file $((before + 1)) || return
    usleep $((moment * 1000))
    kill_sender && restores_only_what_came || { cat /tmp/remus.said; return 1; }
}

# The command of --on-loss runs for a checkpoint of this session: of what was there before, the receiver cannot know whether it is wanted.
restores_only_what_came() {
    newest=$(newest_of $file)
    echo "every $interval ms, at $moment ms: $((newest - before)) checkpoints"
    if [ "$newest" -gt "$before" ]; then
        grep -qx "$file@$newest" $lost
    else
        [ ! -e $lost ]
    fi
}

goes_on_after_loss() {
    local epoch=$file@$newest tick
    tick=$(tick_of "$epoch" "$(mailbox_of $guest)") || return
    # What the receiver restored is there already.
    [ $script = restore ] || restore_by_hand "$epoch" || return
    goes_on $guest 14 "$tick"
}

keeps_the_last() {
    local kept
    kept=$(epochs_of $file | wc -l)
    echo "$kept of $newest epochs"
    [ "$kept" -eq $((newest < keep ? newest : keep)) ]
}

need_check "failover: a guest starts" create_guest $guest pvh 14
for round in $(seq $rounds); do
    plan_round "$round"
    need_check "failover $round: the sender is killed and the receiver ends" loses_sender
    need_check "failover $round: the guest goes on" goes_on_after_loss
done
check "failover: the file is sound" pagestore verify --deep $file
check "failover: only the last epochs are kept" keeps_the_last
