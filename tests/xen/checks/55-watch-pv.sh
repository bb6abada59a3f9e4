# A PV guest, whose pages are found through its own tables: captured, and told by Xen's own tools of the same moment. Its writes are not logged here, for Debian's Xen
# has no shadow paging.
# shellcheck shell=dash
. /host/dom0/checks.sh
. /host/dom0/guests.sh
. /host/dom0/epochs.sh
guest=watched

# Of the paused guest's pages, backends may write to a few that they have mapped. In its page tables a dump has machine frame numbers, where all else has the guest's own.
readonly seed=17 file=/tmp/watched.pages dump=/tmp/dumped.pages pages=24576 may_be_written=16 may_be_tables=2000 wanted_epochs=3

# Saved, and paused before it goes on.
saves_and_pauses() {
    timeout $patience xl save -p $guest /tmp/watched.saved && pagestore import /tmp/watched.saved -o $file && rm /tmp/watched.saved
}

# differ FIRST SECOND LIMIT: both have all pages, of the same types, and fewer than LIMIT of other content.
differ() {
    local differ
    differ=$(pagestore diff "$1" "$2" | sed -n "s/^$pages pages compared: \([0-9]*\) differ, 0 are only in the first, 0 only in the second\$/\1/p")
    echo "${differ:-all} of $pages pages differ"
    [ "${differ:-$pages}" -lt "$3" ]
}

captures_what_was_saved() {
    timeout $patience pagestore capture "xen:$guest" -o $file --epochs 1 && differ $file@1 $file@2 $may_be_written
}

# A PVH guest's dump has the same form, and takes Xen's tools minutes under emulation: they ask for each of a million page frame numbers.
dumps() {
    timeout $patience xl dump-core $guest /tmp/watched.core && pagestore import /tmp/watched.core -o $dump | tee /tmp/watched.said && rm /tmp/watched.core &&
        grep -q "^epoch 1: $pages of $pages pages written" /tmp/watched.said
}

# Without the types, which a dump does not tell.
dump_has_the_same_pages() {
    local found
    found=$(pagestore diff $file@2 $dump@1 | sed -n "s/^$pages pages compared: \([0-9]*\) differ, 0 are only in the first, 0 only in the second, \([0-9]*\) have another type\$/\1 \2/p")
    set -- ${found:-$pages 0}
    echo "$1 of $pages pages differ, $2 are page tables"
    [ "$1" -gt 0 ] && [ "$1" -le $(($2 + may_be_written)) ] && [ "$2" -lt $may_be_tables ]
}

goes_on_unpaused() {
    local tick
    tick=$(tick_of $file "$(mailbox_of $guest)") && xl unpause $guest && goes_on $guest $seed "$tick"
}

watches() {
    rm $file
    timeout $patience pagestore capture "xen:$guest" -o $file --epochs $wanted_epochs && [ "$(epochs_of $file | wc -l)" -eq $wanted_epochs ]
}

need_check "watch pv: a guest starts" create_guest $guest pv $seed
need_check "watch pv: it is saved, and stands still" saves_and_pauses
check "watch pv: a capture has the pages that xl save tells" captures_what_was_saved
need_check "watch pv: import takes the dump of xl dump-core" dumps
check "watch pv: the dump has the same pages but for page tables" dump_has_the_same_pages
check "watch pv: its file is sound" pagestore verify --deep $file
check "watch pv: the dump's file is sound" pagestore verify --deep $dump
need_check "watch pv: the guest goes on" goes_on_unpaused
need_check "watch pv: $wanted_epochs epochs of the running guest" watches
check "watch pv: each epoch is later than the one before" later_each_time $file $guest
check "watch pv: the guest goes on as before" was_not_disturbed $file $guest $seed
destroy_guest $guest
