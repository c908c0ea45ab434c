#!/bin/sh
# Runs Janus in the foreground until it is ended; it replaces this shell, so that the shell's process id is its
# own.
#
#   start-janus.sh ADDRESS HTTP_PORT RTP_RANGE DIR      (RTP_RANGE such as 20000-21999)
#
# Janus skips the interface `lo`, so ADDRESS has to be on another one: see namespace.sh. JANUS_EVENT_LOOPS=N makes it
# share N threads among its clients; without it, each of them has one, as Janus does by default. Anything that goes
# wrong at the start is an exit code other than 0.
set -eu

if [ $# -ne 4 ]; then
    echo "usage: $0 ADDRESS HTTP_PORT RTP_RANGE DIR" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
if ! ip -oneline address show to "$1" | grep -v ' lo ' | grep -q .; then
    echo "$0: $1 is on no interface but lo, where Janus does not look" >&2
    exit 1
fi
mkdir -p "$4/plugins" "$4/transports" "$4/none"
dir=$(cd "$4" && pwd)

# Only what is needed is loaded.
library=$(dirname "$(dpkg -L janus | grep '/plugins/libjanus_videoroom.so$')")/..
ln -sf "$library/plugins/libjanus_videoroom.so" "$dir/plugins/"
ln -sf "$library/transports/libjanus_http.so" "$dir/transports/"

event_loops=${JANUS_EVENT_LOOPS:+"event_loops = $JANUS_EVENT_LOOPS"}
for file in janus.jcfg janus.transport.http.jcfg janus.plugin.videoroom.jcfg; do
    sed -e "s|@DIR@|$dir|" -e "s|@ADDRESS@|$1|" -e "s|@HTTP_PORT@|$2|" -e "s|@PORTS@|$3|" \
        -e "s|@EVENT_LOOPS@|$event_loops|" "$here/janus/$file" > "$dir/$file"
done
exec janus --config="$dir/janus.jcfg" --configs-folder="$dir"
