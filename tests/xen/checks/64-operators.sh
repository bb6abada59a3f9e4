# What operators ask of a capture: a command while the guest stands still, a pipe to another host, and a refusal where it may not fit.
# shellcheck shell=dash
. /host/dom0/checks.sh
. /host/dom0/guests.sh
. /host/dom0/epochs.sh
guest=operators

readonly wanted_epochs=3 file=/tmp/operators.pages small=/tmp/small-disk stream=/tmp/operators.libxc said_by_capture=/tmp/capture.said

# capture_guest FILE [OPTION...]
capture_guest() {
    local target=$1
    shift
    timeout $patience pagestore capture "xen:$(xl domid $guest)" -o "$target" "$@"
}

# The sixth column of xl list is the time, the fifth the state: a p in its third place is a domain that is paused.
readonly asks_state='xl list "$PAGESTORE_DOMAIN" | awk '"'NR == 2 { print \"epoch\", ENVIRON[\"PAGESTORE_EPOCH\"], \"state\", \$5 }'"

sees_a_paused_guest() {
    local epoch
    capture_guest $file --epochs $wanted_epochs --hook-paused "$asks_state" --hook-timeout $patience >$said_by_capture || return
    cat $said_by_capture
    pagestore inspect $file
    for epoch in $(epochs_of $file); do
        pagestore inspect $file | grep -q "^epoch $epoch: .* exit code 0: epoch $epoch state --p---" || { echo "epoch $epoch was not taken of a paused guest"; return 1; }
    done
    [ "$(epochs_of $file | wc -l)" -eq $wanted_epochs ] && echo "$wanted_epochs times --p---; $(tail -n 1 $said_by_capture)"
}

hangs_once() {
    capture_guest /tmp/hang.pages --hook-paused 'exec sleep 600' --hook-timeout 1
    [ $? -eq 7 ] && [ "$(epochs_of /tmp/hang.pages | wc -l)" -eq 1 ] && runs_again && echo "1 epoch, exit code 7"
}

# Not paused: running, or waiting for an event.
runs_again() {
    xl list $guest | awk 'NR == 2 { print $5 }' | grep -v p
}

goes_through_a_pipe() {
    capture_guest - --epochs $wanted_epochs 2>$said_by_capture | tee $stream | pagestore import - -o $file || return
    cat $said_by_capture
    [ "$(epochs_of $file | wc -l)" -eq $wanted_epochs ] && [ "$(grep -c '^epoch ' $said_by_capture)" -eq $wanted_epochs ]
}

# Xen's verifier reads it on the host. In large pieces: each one crosses from dom0 to there.
is_kept_for_the_verifier() {
    dd if=$stream of=/host/streams/$guest.libxc bs=1M && rm $stream
}

# The pipeline's own code is that of its last command.
ends_with_its_reader() {
    { capture_guest - 2>$said_by_capture; echo $? >/tmp/code; } | head -c 1000000 >/dev/null
    cat $said_by_capture
    [ "$(cat /tmp/code)" -eq 4 ] && [ "$(wc -l <$said_by_capture)" -eq 1 ] && runs_again && tail -n 1 $said_by_capture
}

# A reader that is there and does not read; SIGTERM is what a service manager sends in the place of Ctrl-C.
ends_beside_its_reader() {
    mkfifo /tmp/pipe && exec 9<>/tmp/pipe
    pagestore capture "xen:$(xl domid $guest)" -o - >/tmp/pipe 2>$said_by_capture 9>&- &
    local capture=$! code
    wait_for is_stuck $capture || return
    kill -TERM $capture
    wait $capture
    code=$?
    exec 9>&-
    cat $said_by_capture
    [ $code -eq 4 ] && [ "$(wc -l <$said_by_capture)" -eq 1 ] && runs_again && tail -n 1 $said_by_capture
}

# is_stuck PID: a thread of it waits to write into a pipe.
is_stuck() {
    cat "/proc/$1"/task/*/wchan 2>/dev/null | grep -q pipe_write
}

is_refused() {
    mkdir -p $small && mount -t tmpfs -o size=16M small $small || return
    capture_guest $small/f --epochs 1 2>$said_by_capture
    [ $? -eq 4 ] && grep 'are missing' $said_by_capture && [ ! -e $small/f ]
    local verdict=$?
    umount $small && rmdir $small && return $verdict
}

need_check "operators: a guest starts" create_guest $guest pvh 17
need_check "hook: it runs while the guest stands still, and its epoch says so" sees_a_paused_guest
check "hook: the file is sound" pagestore verify --deep $file
rm $file
check "hook: one that hangs stops the guest once" hangs_once
need_check "pipe: $wanted_epochs epochs arrive" goes_through_a_pipe
check "pipe: the stream goes to Xen's verifier" is_kept_for_the_verifier
check "pipe: the file is sound" pagestore verify --deep $file
check "pipe: each epoch is later than the one before" later_each_time $file $guest
check "pipe: a reader that goes away ends the capture" ends_with_its_reader
check "pipe: a reader that does not read is left behind" ends_beside_its_reader
check "space: what may not fit is refused" is_refused
check "operators: the guest goes on as before" was_not_disturbed $file $guest 17
destroy_guest $guest
