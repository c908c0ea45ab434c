#!/usr/bin/env bash
# Starts a server for a first look: own folder, own secret, this machine only.
# usage: config/demo.sh PATH-TO-RAPPORT
set -euo pipefail

rapport=$(realpath "$1")
folder=$(realpath "$(dirname "$0")/..")/target/demo
mkdir -p "$folder"
cp "$(dirname "$0")/examples/minimal.toml" "$folder/rapport.toml"
[[ -e $folder/rapport.secret ]] || (umask 077 && od -An -vtx1 -N32 /dev/urandom | tr -d ' \n' >"$folder/rapport.secret")

token() {
  "$rapport" token --config "$folder/rapport.toml" --room demo --ttl 12h "$@"
}

cat <<TEXT
A server for this machine alone. Ctrl-C ends it.

Publish with any WHIP client (OBS: Settings, Stream, Service "WHIP"):
  address  http://127.0.0.1:8080/whip/demo
  token    $(token --identity publisher --publish)

Play with any WHEP client:
  address  http://127.0.0.1:8080/whep/demo
  token    $(token --identity player --subscribe)

Its configuration is $folder/rapport.toml; make another token with
  $rapport token --config $folder/rapport.toml --room demo --identity NAME --subscribe

TEXT
exec "$rapport" serve --config "$folder/rapport.toml"
