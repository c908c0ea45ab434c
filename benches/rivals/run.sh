#!/bin/bash
# Compares this server with Janus and a forwarder on Pion: installs them where they are missing, builds for release,
# and runs the comparison in a network of its own. Arguments go to it: run.sh --help.
#
# Everything that runs in there is in a process namespace, too: however this ends, nothing of it is left behind.
set -euo pipefail

cd "$(dirname "$0")/../.."
benches/rivals/install.sh
cargo build --release --locked --package rapport --package rapport-load --package rapport-rivals
user=()
[ "$(id -u)" -eq 0 ] || user=(--user --map-root-user)
# The inner shell stays, so that the comparison is not process 1, which Ctrl-C would not reach.
unshare "${user[@]}" --pid --fork --kill-child --mount-proc sh -c '"$@"; exit $?' sh \
    benches/rivals/namespace.sh 127.9.0.1 target/release/rapport-rivals "$@"
