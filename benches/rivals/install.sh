#!/bin/sh
# Installs the servers that the load generator compares with, from Debian 12, where they are missing.
set -eu

missing=
for package in janus golang-go golang-github-pion-webrtc.v3-dev iproute2 util-linux; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo
$sudo apt-get update -qq
# shellcheck disable=SC2086 # A list of packages.
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -qq --no-install-recommends $missing
