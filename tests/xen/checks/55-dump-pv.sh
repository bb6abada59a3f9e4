# A PV guest through xl dump-core and import. A PVH guest's dump has the same form, and takes Xen's tools minutes under emulation: they ask for each of a million
# page frame numbers.
# shellcheck shell=dash
. /host/dom0/checks.sh
. /host/dom0/guests.sh
. /host/dom0/epochs.sh
guest=dump

# Page tables, in which a dump has machine frame numbers and a saved stream page frame numbers, and what the guest writes in some seconds.
readonly may_differ=2000 pages=24576

# Paused, so that all pages are of one moment.
dumps() {
    xl pause $guest && timeout $patience xl dump-core $guest /tmp/dump.core && xl unpause $guest &&
        pagestore import /tmp/dump.core -o /tmp/dump.pages | tee /tmp/dump.said && rm /tmp/dump.core && grep -q "^epoch 1: $pages of $pages pages written" /tmp/dump.said
}

# xl save tells the same guest's pages in another way.
agrees_with_the_saved() {
    local dumped saved differ
    timeout $patience xl save $guest /tmp/dump.saved && pagestore import /tmp/dump.saved -o /tmp/saved.pages && rm /tmp/dump.saved || return
    dumped=$(tick_of /tmp/dump.pages "$(mailbox_of $guest)") && saved=$(tick_of /tmp/saved.pages "$(mailbox_of $guest)") || return
    differ=$(pagestore diff /tmp/dump.pages@1 /tmp/saved.pages@1 | sed -n 's/^'"$pages"' pages compared: \([0-9]*\) differ, 0 are only in the first, 0 only in the second.*/\1/p')
    echo "dumped at tick $dumped, saved at tick $saved, ${differ:-all} of $pages pages differ"
    [ "$dumped" -lt "$saved" ] && [ "${differ:-$pages}" -gt 0 ] && [ "$differ" -lt $may_differ ]
}

need_check "dump-core: a guest starts" create_guest $guest pv 16
need_check "dump-core: import takes the dump of a paused guest" dumps
check "dump-core: the file is sound" pagestore verify --deep /tmp/dump.pages
check "dump-core: the pages are those that xl save tells" agrees_with_the_saved
