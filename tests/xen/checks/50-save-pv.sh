# A PV guest through xl save, import, export and xl restore. Debian's Xen has no shadow paging, so it cannot log what a PV guest writes.
# shellcheck shell=dash
. /host/dom0/round_trip.sh
round_trip pv 12
