# Sourced by tests/xen/run: Xen under QEMU's software emulation.
# shellcheck shell=bash

# A run takes a third of it on two cores that have nothing else to do; one that hangs ends here.
readonly boot_limit=50m

# boot_xen ROOT WORK: returns when dom0 has powered off.
# - qemu64 with SVM and nested paging is what Xen needs for PVH guests; dom0 crashes on QEMU's larger models.
# - One processor is fastest: emulated ones mostly wait for each other.
# - 2 GiB are dom0's one, and room for a guest and its restored twin.
boot_xen() {
    local root=$1 work=$2 kernel
    kernel=$root/boot/vmlinuz-$(kernel_release "$root" amd64)
    zcat "$root/boot/xen-$xen_version-amd64.gz" >"$work/xen" || return
    limited timeout --kill-after=10 "$boot_limit" qemu-system-x86_64 \
        -accel tcg,thread=multi,tb-size=512 -machine q35 -cpu qemu64,+svm,+npt -smp 1 -m 2G \
        -display none -monitor none -serial "file:$work/serial.log" -no-reboot -nic none \
        -kernel "$work/xen" -append "console=com1 com1=115200,8n1 dom0_mem=1G,max:1G" \
        -initrd "$kernel console=hvc0 quiet,$work/dom0.cpio.gz" \
        -virtfs "local,path=$work/share,mount_tag=host,security_model=none,multidevs=remap"
}
