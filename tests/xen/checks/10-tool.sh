# The tool itself, in a dom0 without .NET, ICU and OpenSSL.
# shellcheck shell=dash
. /host/dom0/checks.sh

# In hundredths of a second, under emulation that is some twenty times slower than the host.
readonly start_limit=200

starts_at_once() {
    local start
    start=$(now)
    pagestore --version || return
    echo "$(seconds_since "$start"), of 2 s"
    [ $(($(now) - start)) -lt $start_limit ]
}

need_check "the tool starts" starts_at_once
