#!/bin/sh
# Runs the forwarder on Pion in the foreground until it is ended; it replaces this shell, so that the shell's
# process id is its own.
#
#   start-pion.sh HTTP_ADDRESS:PORT MEDIA_ADDRESS:PORT DIR
#
# DIR holds the built program. Anything that goes wrong at the start is an exit code other than 0.
set -eu

if [ $# -ne 3 ]; then
    echo "usage: $0 HTTP_ADDRESS:PORT MEDIA_ADDRESS:PORT DIR" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$3"
run=$(cd "$3" && pwd)

# Debian's Go libraries lie in a GOPATH. Imports that end in /v3 are found there if the program lies in a GOPATH,
# too, with a go.mod beside it.
source="$run/go/src/forwarder"
mkdir -p "$source"
cp "$here"/pion/*.go "$here/pion/go.mod" "$source"
(cd "$source" && GO111MODULE=off GOFLAGS= GOPATH="$run/go:/usr/share/gocode" GOCACHE="$run/cache" \
    nice go build -o "$run/forwarder" .)
exec "$run/forwarder" -http "$1" -udp "$2"
