# A PVH guest through xl save, import, export and xl restore, and as a memory dump for readers on the host.
# shellcheck shell=dash
. /host/dom0/round_trip.sh
round_trip pvh 11
check "pvh: export makes memory dumps for others" exports_dumps pvh 11
