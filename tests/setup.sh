#!/usr/bin/env bash
# Installs what the tests need on a fresh Debian 12 that has Rust, Node 20 and a C compiler; what is there stays.
set -euo pipefail
cd "$(dirname "$0")/browsers"

declare -A package_of=(
  [chromium]=chromium
  [firefox-esr]=firefox-esr
  [whip-client]=simple-whip-client # brings the GStreamer plug-ins that it needs
)

missing=()
for program in "${!package_of[@]}"; do
  command -v "$program" >/dev/null || missing+=("${package_of[$program]}")
done

if ((${#missing[@]})); then
  as_root=()
  ((EUID == 0)) || as_root=(sudo)
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}"
fi

# npm leaves a copy of the lock file behind: younger than ours, it says that nothing has changed
if [[ ! node_modules/.package-lock.json -nt package-lock.json ]]; then
  npm ci --no-audit --no-fund --ignore-scripts
fi
