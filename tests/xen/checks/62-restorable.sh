# A running guest, captured across suspends that it takes part in: it goes on, and comes back from such an epoch after its death.
# shellcheck shell=dash
. /host/dom0/checks.sh
. /host/dom0/guests.sh
. /host/dom0/epochs.sh
guest=restorable

readonly seed=16 file=/tmp/restorable.pages

# takes EPOCHS WHICH: found by its name.
takes() {
    timeout $patience pagestore capture "xen:$guest" -o $file --epochs "$1" --interval 0.5s --restorable "$2" && is_restorable
}

# The epochs of the file that are restorable are those wanted, separated by spaces.
is_restorable() {
    local found
    found=$(restorable_of $file | xargs echo)
    echo "restorable: $found"
    [ "$found" = "$wanted" ]
}

# restorable_of FILE
restorable_of() {
    pagestore inspect --json "$1" | tr '{' '\n' | sed -n 's/.*"id":\([0-9]*\).*"consistency":"restorable".*/\1/p'
}

# Asking costs the only processor half a second, so it is not asked all the time.
has_two() {
    sleep 2
    [ "$(newest_of $file)" -ge 2 ]
}

# To a file on another host, as it were, with a command in each pause. A paused epoch goes through beside the restorable one.
takes_through_a_pipe() {
    timeout $patience pagestore capture "xen:$guest" -o - --epochs 3 --interval 0.5s --restorable 2 --hook-paused 'echo "taken with $PAGESTORE_EPOCH"' 2>/tmp/piped.said |
        pagestore import - -o $file || return
    cat /tmp/piped.said
    [ "$(grep -c '^epoch .: the command of --hook-paused ended with exit code 0: taken with' /tmp/piped.said)" -eq 3 ] && is_restorable
}

# Ended once the first epochs are there: one more is taken, and it is restorable. A shell without job control shields what runs behind it from SIGINT.
ends_with_a_restorable_one() {
    pagestore capture "xen:$guest" -o $file --interval 0.5s --restorable last >/tmp/restorable.said 2>&1 &
    local tool=$!
    wait_for has_two && kill -TERM $tool && wait $tool || { cat /tmp/restorable.said; return 1; }
    wanted=$(newest_of $file)
    is_restorable && stays_itself
}

# It is the same domain as before, with its devices.
stays_itself() {
    was_not_disturbed $file $guest $seed && [ "$(xl domid $guest)" = "$domain" ]
}

# returns NAME EPOCH: the guest dies, and a new domain goes on where the epoch was taken.
returns() {
    local epoch=$file@$2 stream tick
    stream=$(stream_of "$guest-$1")
    tick=$(tick_of "$epoch" "$(mailbox_of $guest)") && exports "$epoch" "$stream" && destroy_guest $guest && comes_back $guest $seed "$tick" "$stream"
}

# is_same_in_a_suspend_image EPOCH
is_same_in_a_suspend_image() {
    local wanted_stream=/tmp/wanted.libxc copy=/tmp/xapi.pages
    pagestore export "$file@$1" --format libxc -o $wanted_stream && pagestore export "$file@$1" --format xapi -o - | pagestore import - -o $copy &&
        pagestore export $copy --format libxc -o - | cmp - $wanted_stream && du -h $wanted_stream && rm $wanted_stream $copy
}

is_refused() {
    ! pagestore export "$file@$1" --format xl -o /tmp/restorable.xl && [ ! -e /tmp/restorable.xl ]
}

# captured NAME EPOCH COMMAND...: EPOCH is what the guest comes back from.
captured() {
    local name=$1 epoch=$2
    shift 2
    domain=$(xl domid $guest)
    need_check "restorable, $name: epochs of the running guest" "$@"
    check "restorable, $name: the guest goes on as before" stays_itself
    check "restorable, $name: the file is sound" pagestore verify --deep $file
    need_check "restorable, $name: the guest goes on from epoch $epoch" returns "$name" "$epoch"
}

need_check "restorable: a guest starts" create_guest $guest pvh $seed
wanted="1 2 3"
captured every 3 takes 3 every
check "restorable, every: a suspend image of XAPI holds the same" is_same_in_a_suspend_image 3
rm $file
wanted="2 4"
captured second 4 takes 5 2
check "restorable, second: a paused epoch is not exported for xl" is_refused 5
rm $file
wanted="2"
captured piped 2 takes_through_a_pipe
check "restorable, piped: a paused epoch is not exported for xl" is_refused 3
rm $file
wanted="12"
captured last 12 takes 12 last
rm $file
domain=$(xl domid $guest)
check "restorable, last: a capture that is ended takes one more" ends_with_a_restorable_one
destroy_guest $guest
