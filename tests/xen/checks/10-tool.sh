# The tool itself, in a dom0 without .NET, ICU and OpenSSL.
# shellcheck shell=dash
. /host/dom0/checks.sh

# In hundredths of a second, under emulation that is some twenty times slower than the host.
readonly start_limit=200

# The quickest of up to ten, until one is in time: other work on the machine makes a start slower, and never quicker.
starts_at_once() {
    local start taken best=$start_limit
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        start=$(now)
        pagestore --version || return
        taken=$(($(now) - start))
        [ $taken -ge $best ] || best=$taken
        [ $best -ge $start_limit ] || break
    done
    echo "$best hundredths of a second, of $start_limit"
    [ $best -lt $start_limit ]
}

check "the tool starts" starts_at_once

# refused_without_openssl COMMAND...: with exit code 5, not supported on this host, and one line that names what is missing.
refused_without_openssl() {
    local code=0
    "$@" >/tmp/out 2>/tmp/errors || code=$?
    cat /tmp/out /tmp/errors
    [ $code -eq 5 ] && [ ! -s /tmp/out ] && [ "$(wc -l </tmp/errors)" -eq 1 ] && grep -q 'need OpenSSL.*libssl' /tmp/errors
}

encrypts_nothing() {
    refused_without_openssl pagestore import /tmp/image --key-file /tmp/key -o /tmp/encrypted.pages && [ ! -e /tmp/encrypted.pages ]
}

# A page, and a key of 32 bytes.
head -c 4096 /dev/zero >/tmp/image
head -c 32 /dev/urandom >/tmp/key
check "import says in one line that OpenSSL is missing" encrypts_nothing
need_check "plain files need none" pagestore import /tmp/image -o /tmp/plain.pages
check "so does who asks for a root hash" refused_without_openssl pagestore verify /tmp/plain.pages --expect-root "$(printf '%064d' 0)"
