# Sourced by tests/xen/run: the memory file systems of dom0 and of the guests.
# shellcheck shell=bash

readonly libraries=lib/x86_64-linux-gnu

# In the order of loading: a module follows what it needs.
readonly dom0_modules=(
    drivers/xen/xen-privcmd drivers/xen/xen-evtchn drivers/xen/xen-gntdev drivers/xen/xen-gntalloc drivers/xen/xenfs/xenfs
    drivers/virtio/virtio_ring drivers/virtio/virtio drivers/virtio/virtio_pci_modern_dev drivers/virtio/virtio_pci_legacy_dev drivers/virtio/virtio_pci
    fs/netfs/netfs fs/fscache/fscache net/9p/9pnet net/9p/9pnet_virtio fs/9p/9p
    drivers/block/brd drivers/block/xen-blkback/xen-blkback
)

# pack_initramfs FOLDER ARCHIVE. Software emulation unpacks it, so it is packed lightly.
pack_initramfs() {
    (cd "$1" && find . | cpio --quiet --create --format=newc --owner=0:0) | gzip -1 >"$2"
}

# build_guest ROOT WORK: one static program is all that a guest needs, and the driver of its disk.
build_guest() {
    local kernel
    kernel=$1/lib/modules/$(kernel_release "$1" cloud-amd64)/kernel
    mkdir -p "$2/guest" &&
        gcc -std=gnu11 -O2 -Wall -Wextra -Werror -static -s -o "$2/guest/init" tests/xen/guest/*.c &&
        cp "$kernel/drivers/block/xen-blkfront.ko" "$2/guest/" &&
        pack_initramfs "$2/guest" "$2/share/guest.cpio.gz"
}

# build_dom0 ROOT WORK: busybox, Xen's tools from the unpacked packages in ROOT, and ours from WORK/installed.
build_dom0() {
    local root=$1 dom0=$2/dom0
    rm -rf "$dom0"
    mkdir -p "$dom0"/{bin,sbin,usr/{bin,sbin},etc/xen,proc,sys,dev,run,tmp,host,root,modules,var/lib/xen,var/log/xen/console,lib64,$libraries}
    ln -s ../run "$dom0/var/run"
    cp tests/xen/dom0/init "$dom0/init"
    cp "$root/bin/busybox" "$dom0/bin/"
    mkdir "$dom0/etc/xen/scripts" && cp tests/xen/dom0/hotplug/block "$dom0/etc/xen/scripts/" || return
    copy_xen_tools "$root" "$dom0" && copy_libraries "$root" "$dom0" && copy_modules "$root" "$dom0" || return
    cp -r "$2/installed" "$dom0/opt" && ln -s ../../opt/pagestore "$dom0/usr/bin/pagestore"
    pack_initramfs "$dom0" "$2/dom0.cpio.gz"
}

copy_xen_tools() {
    local source=$1/usr/lib/xen-$xen_version/bin target=$2/usr/lib/xen-$xen_version/bin
    mkdir -p "$target" "$2/usr/lib/xen-$xen_version/boot"
    cp "$source"/{xl,xenstored,xenconsoled,xen-init-dom0,libxl-save-helper} "$target/" && cp "$1/usr/bin/xenstore" "$2/usr/bin/" &&
        ln -s xenstore "$2/usr/bin/xenstore-read" && ln -s xenstore "$2/usr/bin/xenstore-write"
}

# What the tools and ours are linked to; the C library is the host's, against which ours was published.
copy_libraries() {
    local found=$1/usr/$libraries
    # Loaded by the C library on demand, when a thread is cancelled: without it xl aborts.
    cp -L "/$libraries/libgcc_s.so.1" "$2/$libraries/" || return
    LD_LIBRARY_PATH=$found ldd "$2"/usr/lib/xen-*/bin/* "$2/usr/bin/xenstore" "$2"/../installed/* |
        sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | sort -u | xargs cp -Lt "$2/$libraries/" || return
    cp -L /lib64/ld-linux-x86-64.so.2 "$2/lib64/"
    ln -s "/$libraries" "$2/usr/$libraries"
}

copy_modules() {
    local module kernel
    kernel=$1/lib/modules/$(kernel_release "$1" amd64)/kernel
    for module in "${dom0_modules[@]}"; do
        cp "$kernel/$module.ko" "$2/modules/" && basename "$module" >>"$2/modules/order" || return
    done
}
