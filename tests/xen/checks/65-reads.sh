# What a guest reads, told by the accessed bits of its own page tables, which are cleared from outside while it is paused.
# shellcheck shell=dash
. /host/dom0/checks.sh
. /host/dom0/guests.sh
. /host/dom0/epochs.sh
guest=reads

# guest.c reads from half of its pages, when it is ordered to: 4096, the largest round of the probe.
readonly pages=8192 mib=128 file=/tmp/reads.pages copies=/tmp/copies.pages wanted_epochs=16 equal_epochs=8

is_told() {
    timeout $patience /host/probe/XenProbe reads "$domain" "$(mailbox_of $guest)"
}

# Bits are cleared in the pause before the copy: an epoch has the tables as they are then.
equal_copies() {
    timeout $((3 * patience)) /host/probe/XenProbe epochs-and-bits "$domain" $copies $equal_epochs
}

# In three seconds the guest reads all of its pages once, in most of them twice.
captures() {
    timeout $patience pagestore capture "xen:$guest" -o $file --interval 3s --epochs $wanted_epochs --reads page-tables >/tmp/capture.said && cat /tmp/capture.said
}

# Figures, no check: what an epoch writes and how long the guest stands still for it without R, and with.
tells_cost() {
    timeout $patience pagestore capture "xen:$guest" -o /tmp/plain.pages --interval 3s --epochs 5 >/tmp/plain.said || return
    rm /tmp/plain.pages
    note info "reads: without: $(tail -n 4 /tmp/plain.said | xargs echo)"
    note info "reads: with: $(tail -n 4 /tmp/capture.said | xargs echo)"
}

# An epoch in which nothing was read has none; the first never has any.
epochs_have_reads() {
    local with
    with=$(pagestore inspect --json $file | grep -o '"pagesRead":[0-9]*' | grep -cv ':0$')
    echo "$with of $wanted_epochs epochs"
    [ "$with" -ge $((wanted_epochs - 2)) ]
}

# Figures, no check.
tells_prediction() {
    pagestore predict $file --policy default --policy vmresume --json >/tmp/prediction && note info "reads: $(xargs echo </tmp/prediction)" &&
        pagestore predict $file --policy default --policy vmresume --no-reads --json >/tmp/prediction && note info "reads: of writes alone: $(xargs echo </tmp/prediction)"
}

need_check "reads: a guest starts" create_guest $guest pvh 18 $mib pages=$pages
domain=$(xl domid $guest)
check "reads: what was read is told, and nothing else of the set" is_told
check "reads: epochs equal copies of the guest" equal_copies
need_check "reads: epochs of the running guest by the command" captures
check "reads: they have R" epochs_have_reads
check "reads: plans learn from them" tells_prediction
check "reads: the same without R" tells_cost
check "reads: the file is sound" pagestore verify --deep $file
check "reads: the guest goes on as before" was_not_disturbed $file $guest 18
destroy_guest $guest
