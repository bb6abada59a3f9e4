# A PVH guest through xl save, import, export and xl restore.
# shellcheck shell=dash
. /host/dom0/round_trip.sh
round_trip pvh 11
