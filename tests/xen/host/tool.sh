# Sourced by tests/xen/run: the tool as dom0 gets it.
# shellcheck shell=bash

# What a dom0 can spare for one tool on a small root file system.
readonly tool_limit_mib=12

# The newest version of a symbol of glibc that the tool asks for when it is built on Debian 12; docs/xen.md says where that is there.
readonly tool_glibc=2.34

# publish_tool FOLDER: NativeAOT, so that dom0 needs no .NET.
publish_tool() {
    dotnet publish src/Cli -c Release -o "$1" --use-current-runtime -p:PublishAot=true
}

# One file, with the shim inside. Symbols (.dbg) stay on the host.
install_tool() {
    mkdir -p "$2" && cp "$1/PageStore.Cli" "$2/pagestore"
}

# publish_program PROJECT FOLDER: a program that uses the library; the shim lies beside it, as in any program but the tool.
publish_program() {
    dotnet publish "$1" -c Release -o "$2" --use-current-runtime -p:PublishAot=true
}

# install_program NAME FOLDER TARGET
install_program() {
    mkdir -p "$3" && cp "$2/$1" "$2/libpagestore_native.so" "$3/"
}

# build_probe_library ROOT TARGET: linked to Xen's libraries of the unpacked packages, as a tool of this release would be.
build_probe_library() {
    local found=$1/usr/$libraries
    gcc -std=gnu11 -O2 -Wall -Wextra -Werror -fPIC -shared -o "$2/libxenprobe.so" tests/xen/probe/c/probe.c \
        "$found/libxenctrl.so.$xen_version" "$found/libxenforeignmemory.so.1"
}

# tool_fits FOLDER: prints the size; fails where it is over the limit.
tool_fits() {
    local bytes
    bytes=$(cat "$1"/* | wc -c)
    awk -v bytes="$bytes" 'BEGIN { printf "%.1f MiB\n", bytes / 1048576 }'
    [[ $bytes -lt $((tool_limit_mib * 1048576)) ]]
}

# tool_starts_with_glibc FOLDER: prints the version that the tool asks for. What is built on a newer system than Debian 12 may ask for more.
tool_starts_with_glibc() {
    local newest
    newest=$(objdump -T "$1/pagestore" | sed -n 's/.*(GLIBC_\([0-9.]*\)).*/\1/p' | sort -uV | tail -n 1)
    printf 'asks for %s, built with %s\n' "$newest" "$(getconf GNU_LIBC_VERSION)"
    [[ -n $newest ]] && { [[ $newest == "$tool_glibc" ]] || [[ $(getconf GNU_LIBC_VERSION) != 'glibc 2.36' ]]; }
}
