# Sourced by tests/xen/run: Debian's packages of Xen and of the kernels, fetched once and unpacked into one tree.
# shellcheck shell=bash

# Debian 12's Xen. Its tools carry the version in their paths and link to libraries of exactly that release.
readonly xen_version=4.17

readonly xen_packages=(
    "xen-hypervisor-$xen_version-amd64" "xen-utils-$xen_version" xenstore-utils "libxenmisc$xen_version"
    libxencall1 libxendevicemodel1 libxenevtchn1 libxenforeignmemory1 libxengnttab1 libxenhypfs1 libxenstore4 libxentoolcore1 libxentoollog1
    libyajl2 libncurses6 libtinfo6 busybox-static
)

# linux-image-amd64 only points to the newest kernel package.
newest_kernel() {
    apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: linux-image-\(.*\)-amd64$/\1/p'
}

# fetch_packages CACHE: all packages, or nothing in the cache. Those that are there are used again, whatever apt serves today.
fetch_packages() {
    compgen -G "$1/*.deb" >/dev/null && return
    download "$1" || { refresh_lists && download "$1"; }
}

# On a new machine apt knows no packages, on an old one those that are no longer served.
refresh_lists() {
    [[ $(id -u) -eq 0 ]] && apt-get -qq update
}

download() {
    local cache=$1 partial=$1/partial kernel
    kernel=$(newest_kernel)
    [[ -n $kernel ]] || { printf 'apt knows no linux-image-amd64\n' >&2; return 1; }
    rm -rf "$partial" && mkdir -p "$partial" || return
    # dom0 needs the full kernel: the cloud one is built without support for it, and is smaller and faster in the guest.
    # Run by root, apt would hand the download to a user that cannot write here, and warn.
    (cd "$partial" && apt-get -qq -o APT::Sandbox::User=root download \
        "${xen_packages[@]}" "linux-image-$kernel-amd64" "linux-image-$kernel-cloud-amd64") || return
    mv "$partial"/*.deb "$cache/" && rmdir "$partial"
}

# unpack_packages CACHE ROOT
unpack_packages() {
    local package
    rm -rf "$2"
    for package in "$1"/*.deb; do
        dpkg-deb --extract "$package" "$2" || return
    done
}

# kernel_release ROOT FLAVOUR: the release of the unpacked kernel of a flavour, amd64 or cloud-amd64.
kernel_release() {
    local image
    for image in "$1"/boot/vmlinuz-*-"$2"; do
        [[ $2 == cloud-* || $image != *-cloud-* ]] || continue
        printf '%s\n' "${image##*/vmlinuz-}"
    done
}
