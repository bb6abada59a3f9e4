# Sourced by tests/xen/run: Xen under QEMU's software emulation.
# shellcheck shell=bash

# A run takes a third of it on two cores that have nothing else to do; one that hangs ends here.
readonly boot_limit=50m

# The emulated processor can come to wait for an interrupt that nothing is left to send (seen in the idle loop of Xen, with interrupts enabled, beside much other load on the host). A dom0 that
# lives has timers, so QEMU takes some of the host's time every second, whatever a program in dom0 waits for: one that hangs is not taken for this.
readonly stands_still_after=90

# boot_xen ROOT WORK: boots, and if the emulated processor comes to stand still, once more.
boot_xen() {
    local code
    boot_once "$1" "$2"
    code=$?
    [[ -e $2/stood-still ]] || return "$code"
    printf 'info emulator: QEMU took no time for %s s behind "%s": all is begun anew\n' "$stands_still_after" "$(tail -n 1 "$2/share/results")"
    : >"$2/share/results"
    rm -f "$2/share"/{streams,dumps}/*
    boot_once "$1" "$2"
}

# boot_once ROOT WORK: returns when dom0 has powered off.
# - qemu64 with SVM and nested paging is what Xen needs for PVH guests; dom0 crashes on QEMU's larger models.
# - One processor is fastest: emulated ones mostly wait for each other.
# - 2 GiB are dom0's one, and room for a guest and its restored twin.
boot_once() {
    local root=$1 work=$2 kernel code watcher
    rm -f "$work"/{qemu.pid,stood-still}
    kernel=$root/boot/vmlinuz-$(kernel_release "$root" amd64)
    zcat "$root/boot/xen-$xen_version-amd64.gz" >"$work/xen" || return
    watch_for_standstill "$work" &
    watcher=$!
    limited timeout --kill-after=10 "$boot_limit" qemu-system-x86_64 \
        -accel tcg,thread=multi,tb-size=512 -machine q35 -cpu qemu64,+svm,+npt -smp 1 -m 2G \
        -display none -monitor none -serial "file:$work/serial.log" -no-reboot -nic none -pidfile "$work/qemu.pid" \
        -kernel "$work/xen" -append "console=com1 com1=115200,8n1 dom0_mem=1G,max:1G" \
        -initrd "$kernel console=hvc0 quiet,$work/dom0.cpio.gz" \
        -virtfs "local,path=$work/share,mount_tag=host,security_model=none,multidevs=remap"
    code=$?
    kill "$watcher" 2>/dev/null
    wait "$watcher" 2>/dev/null
    return "$code"
}

# watch_for_standstill WORK: ends QEMU once it has taken no time for so long, and leaves a note.
watch_for_standstill() {
    local pid before='' taken still=0
    until [[ -s $1/qemu.pid ]]; do sleep 1; done
    pid=$(<"$1/qemu.pid")
    while sleep 10 && taken=$(awk '{ print $14 + $15 }' "/proc/$pid/stat" 2>/dev/null); do
        still=$([[ $taken == "$before" ]] && echo $((still + 10)) || echo 0)
        before=$taken
        if [[ $still -ge $stands_still_after ]]; then
            : >"$1/stood-still"
            kill -KILL "$pid"
            return
        fi
    done
}
