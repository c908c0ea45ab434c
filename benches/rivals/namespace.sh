#!/bin/sh
# Runs a command in a network of its own, where ADDRESS (of 127/8) is on an interface that is not `lo`. The network
# ends with the last process in it. Servers, load and whatever measures them belong inside together.
#
#   namespace.sh ADDRESS COMMAND [ARGUMENT]…
set -eu

if [ $# -lt 2 ]; then
    echo "usage: $0 ADDRESS COMMAND [ARGUMENT]..." >&2
    exit 2
fi
case $1 in
127.*) ;;
*)
    echo "$0: $1 is not a loopback address" >&2
    exit 2
    ;;
esac
user=
[ "$(id -u)" -eq 0 ] || user="--user --map-root-user"
# shellcheck disable=SC2086,SC2016 # Two options or none; and what is quoted is for the inner shell.
exec unshare $user --net sh -euc '
    ip link set lo up
    ip link add rival0 type veth peer name rival1
    ip address add "$0/32" dev rival0
    ip link set rival0 up
    ip link set rival1 up
    exec "$@"
' "$@"
