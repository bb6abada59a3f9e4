# Sourced by tests/xen/run: the tool as dom0 gets it.
# shellcheck shell=bash

# What a dom0 can spare for one tool on a small root file system.
readonly tool_limit_mib=12

# publish_tool FOLDER: NativeAOT, so that dom0 needs no .NET.
publish_tool() {
    dotnet publish src/Cli -c Release -o "$1" --use-current-runtime -p:PublishAot=true
}

# One file, with the shim inside. Symbols (.dbg) stay on the host.
install_tool() {
    mkdir -p "$2" && cp "$1/PageStore.Cli" "$2/pagestore"
}

# publish_sample FOLDER: a program that uses the library; the shim lies beside it, as in any program but the tool.
publish_sample() {
    dotnet publish samples/XenEpochs -c Release -o "$1" --use-current-runtime -p:PublishAot=true
}

# install_sample FOLDER TARGET
install_sample() {
    mkdir -p "$2" && cp "$1/XenEpochs" "$1/libpagestore_native.so" "$2/"
}

# tool_fits FOLDER: prints the size; fails where it is over the limit.
tool_fits() {
    local bytes
    bytes=$(cat "$1"/* | wc -c)
    awk -v bytes="$bytes" 'BEGIN { printf "%.1f MiB\n", bytes / 1048576 }'
    [[ $bytes -lt $((tool_limit_mib * 1048576)) ]]
}
