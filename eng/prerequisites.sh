# Sourced by ./test, ./demo and the scripts in nuget/: what has to be on the machine, and how it gets there.
# shellcheck shell=bash

# Labels of the tools' output are parsed, so they must not follow the user's language.
export DOTNET_CLI_UI_LANGUAGE=en
export DOTNET_NOLOGO=1
# Build nodes that outlive the build would hold the output pipe of whoever started it.
export MSBUILDDISABLENODEREUSE=1

# The SDK is not in Debian 12's own archive; this is Microsoft's.
readonly sdk_on_debian="curl -fsSLO https://packages.microsoft.com/config/debian/12/packages-microsoft-prod.deb && sudo dpkg -i packages-microsoft-prod.deb && sudo apt-get update && sudo apt-get install -y dotnet-sdk-10.0"

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

# The SDK that global.json asks for, or one clear line.
need_sdk() {
    command -v dotnet >/dev/null || die "The .NET SDK 10 is missing. On Debian 12: $sdk_on_debian"
    dotnet --version >/dev/null 2>&1 || die "No .NET SDK here is 10.0.100 or newer. On Debian 12: $sdk_on_debian"
}

# need WHAT PROBE PACKAGE...: runs the probe; when it fails, installs the Debian packages if this is root with apt.
need() {
    local what=$1 probe=$2
    shift 2
    $probe >/dev/null 2>&1 && return
    if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
        printf 'Installing %s for %s.\n' "$*" "$what"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } </dev/null >&2
    fi
    $probe >/dev/null 2>&1 || die "$what is missing. On Debian: sudo apt-get install -y $*"
}

# A compiler without the C library's headers is of no use, and Debian packs them apart.
can_compile() {
    printf '#include <sys/mman.h>\nint main(void) { return 0; }\n' | gcc -x c - -o /dev/null
}

# Programs in sbin are not in everybody's path.
has_liblz4() {
    PATH=$PATH:/sbin:/usr/sbin ldconfig -p | grep -q 'liblz4\.so\.1 '
}

# The faster engine of LZ4: PageStore works without, its tests of both engines do not.
need_liblz4() {
    need "liblz4" has_liblz4 liblz4-1
}

# QEMU's tools for disk images serve them to the tests of the import from NBD.
need_disk_tools() {
    need "qemu-nbd" "qemu-nbd --version" qemu-utils
}

# gcc builds the native shim and links NativeAOT programs.
need_compiler() {
    need "A C compiler" can_compile gcc libc6-dev
}
