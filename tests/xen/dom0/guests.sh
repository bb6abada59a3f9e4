# Sourced by the groups of checks, in dom0: guests and what their consoles tell.
# shellcheck shell=dash

# guest.c checks itself each TICKS_PER_CHECK ticks; the first check of a restored guest lies within that, and one more is allowed.
readonly check_ticks=20
readonly first_check_within=$((2 * check_ticks))

console_of() {
    echo "/var/log/xen/console/guest-$1.log"
}

# A restored guest of the same name gets a new log: what the old one said stays apart.
fresh_console() {
    mv "$(console_of "$1")" "$(console_of "$1").$(now)"
}

says() {
    grep -q "$2" "$(console_of "$1")" 2>/dev/null
}

# create_guest NAME TYPE SEED [MIB [SETTING]]: a guest of 96 MiB, about the least that the kernel starts in, or of more; the setting is guest.c's. Its disk is
# in memory, and the same for all: there is one guest at a time.
create_guest() {
    cat >"/tmp/$1.cfg" <<CONFIG
name = "$1"
type = "$2"
kernel = "/host/guest-kernel"
ramdisk = "/host/guest.cpio.gz"
memory = ${4:-96}
vcpus = 1
disk = [ "phy:/dev/ram0,xvda,w" ]
extra = "console=hvc0 quiet mitigations=off nokaslr disk=xvda seed=$3 ${5-}"
on_crash = "preserve"
CONFIG
    local start
    start=$(now)
    timeout $patience xl create -q "/tmp/$1.cfg" && wait_for says "$1" 'GUEST disk ok' && sound "$1" && echo "runs after $(seconds_since "$start")"
}

# mailbox_of NAME: the page number of the mailbox.
mailbox_of() {
    sed -n 's/^GUEST ready mailbox=\([0-9]*\).*/\1/p' "$(console_of "$1")"*
}

# No check of the guest ever failed, and it did not stop.
sound() {
    ! grep -E 'GUEST BAD|Kernel panic|Oops' "$(console_of "$1")"
}

# ticks_after NAME SEED TICKS [disk]: the ticks of all good checks, of the pages or of the disk, that came after that tick.
ticks_after() {
    sed -n "s/^GUEST ${4:+$4 }ok ticks=\([0-9]*\) seed=$2[^0-9]*\$/\1/p" "$(console_of "$1")" 2>/dev/null | awk -v after="$3" '$1 > after'
}

checked_twice_after() {
    [ "$(ticks_after "$@" | wc -l)" -ge 2 ] && [ "$(ticks_after "$@" disk | wc -l)" -ge 2 ]
}

# goes_on NAME SEED TICKS: a restored guest finds all its pages right, twice, its disk works, and its clock goes on from that tick.
goes_on() {
    wait_for checked_twice_after "$@" || { sound "$1"; tail -n 3 "$(console_of "$1")"; return 1; }
    local first
    first=$(ticks_after "$@" | head -n 1)
    sound "$1" || return
    [ "$first" -le $(($3 + first_check_within)) ] || { echo "saved at tick $3, but the first check is of tick $first"; return 1; }
    echo "saved at tick $3, all pages right at ticks $(ticks_after "$@" | head -n 2 | xargs echo), the disk at $(ticks_after "$@" disk | head -n 2 | xargs echo)"
}

gone() {
    ! xl domid "$1" >/dev/null 2>&1
}

destroy_guest() {
    gone "$1" || timeout $patience xl destroy "$1"
    wait_for gone "$1"
}
