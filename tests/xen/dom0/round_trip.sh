# Sourced by groups of checks, in dom0: a guest saved by Xen, imported, exported, and restored by Xen.
# shellcheck shell=dash
. /host/dom0/checks.sh
. /host/dom0/guests.sh
. /host/dom0/epochs.sh

# Saved to memory first: Xen's pages of a guest cannot be written to the host's folder directly.
saves() {
    timeout $patience xl save "$1" "/tmp/$1.saved" && du -m "/tmp/$1.saved" | sed 's/[^0-9].*/ MiB/'
}

imports() {
    pagestore import "/tmp/$1.saved" -o "/tmp/$1.pages" && rm "/tmp/$1.saved"
}

comes_back_from_export() {
    local tick
    tick=$(tick_of "/tmp/$1.pages" "$(mailbox_of "$1")") && comes_back "$1" "$2" "$tick" "$(stream_of "$1-saved")"
}

# round_trip KIND SEED: the kinds are Xen's, pv and pvh.
round_trip() {
    need_check "$1: a guest starts" create_guest "$1" "$1" "$2"
    need_check "$1: xl saves it" saves "$1"
    need_check "$1: import takes the save file" imports "$1"
    need_check "$1: the file is sound" pagestore verify --deep "/tmp/$1.pages"
    need_check "$1: export makes a stream" exports "/tmp/$1.pages" "$(stream_of "$1-saved")"
    need_check "$1: xl restores the stream and the guest goes on" comes_back_from_export "$1" "$2"
}

# exports_dumps KIND SEED: for the host, which reads them and checks what the guest said of its pages.
exports_dumps() {
    local format
    for format in elf-core lime; do
        pagestore export "/tmp/$1.pages" --format $format -o "/host/dumps/$1.$format" || return
    done
    echo "$(mailbox_of "$1") $2" >"/host/dumps/$1.facts"
    du -m "/host/dumps/$1".* | xargs echo
}
