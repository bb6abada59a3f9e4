# Sourced by the groups of checks, in dom0: moments that are drawn from the seed of the run.
# shellcheck shell=dash

# below LIMIT: sets $drawn. The example of rand() in C11, 7.22.2.2: what it draws depends on the seed only.
chance=$(cat /host/seed)
below() {
    chance=$(((chance * 1103515245 + 12345) % 2147483648))
    drawn=$((chance / 65536 * $1 / 32768))
}
