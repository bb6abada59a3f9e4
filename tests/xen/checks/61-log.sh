# The dirty log, read by the library: exact to the page, before and after the guest was saved and restored.
# shellcheck shell=dash
. /host/dom0/checks.sh
. /host/dom0/guests.sh
guest=log

# guest.c writes to half of its pages: 4096, the largest round of the probe.
readonly pages=8192 mib=128

is_exact() {
    timeout $patience /host/probe/XenProbe log "$(xl domid $guest)" "$(mailbox_of $guest)"
}

saved_and_restored() {
    timeout $patience xl save $guest /tmp/log.saved && fresh_console $guest && timeout $patience xl restore /tmp/log.saved &&
        wait_for checked_twice_after $guest 16 0 && sound $guest && echo "all pages right at ticks $(ticks_after $guest 16 0 | head -n 2 | xargs echo)"
}

# Figures for docs/benchmarks.md. How long something takes is no check: other work on the machine would fail it.
tells_times() {
    /host/probe/XenProbe times "$(xl domid $guest)" >/tmp/times && note info "log: $(cat /tmp/times)"
}

tells_end() {
    timeout $patience /host/probe/XenProbe end "$(xl domid $guest)"
}

need_check "log: a guest starts" create_guest $guest pvh 16 $mib pages=$pages
need_check "log: what was written is reported, and nothing else" is_exact
need_check "log: the guest is saved and restored" saved_and_restored
need_check "log: the same of the restored guest" is_exact
check "log: can be read beside a program in C" tells_times
check "log: a guest that is destroyed is told, and its number is nobody's until then" tells_end
destroy_guest $guest
