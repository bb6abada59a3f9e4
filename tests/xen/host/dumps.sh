# Sourced by tests/xen/run, after results.sh: memory dumps that dom0 exported, by readers that are not ours.
# shellcheck shell=bash

# verify_dumps FOLDER: each dump is a check. Beside each stands what its guest said.
verify_dumps() {
    local facts dump mailbox guest_seed
    for facts in "$1"/*.facts; do
        [[ -e $facts ]] || continue
        read -r mailbox guest_seed <"$facts"
        for dump in elf-core lime; do
            count "$(basename "$facts" .facts).$dump" python3 tests/xen/host/memory_dump.py "$dump" "${facts%.facts}.$dump" "$mailbox" "$guest_seed"
        done
    done
}
