#!/usr/bin/env bash
# osmo-hlr.sh FOLDER: Debian's osmo-hlr and its libraries, unpacked there and not installed: nothing
# of it runs as a service. What is there already is kept. Its log is FOLDER.log.
set -euo pipefail
folder=$1
[ ! -x "$folder/usr/bin/osmo-hlr" ] || exit 0
packages=$(sed 's/#.*//' "$(dirname "$0")/../../tools/packages/bench-unpacked.txt" | xargs)
fetch() {
  local deb
  mkdir -p "$folder.part"
  cd "$folder.part"
  # shellcheck disable=SC2086 # a list of words
  apt-get download $packages || { apt-get update && apt-get download $packages; }
  for deb in *.deb; do
    [ "${deb%%_*}" != osmo-hlr ] || dpkg-deb -f "$deb" Version >version
    dpkg-deb -x "$deb" .
    rm "$deb"
  done
}
rm -rf "$folder.part"
(fetch) >"$folder.log" 2>&1 || {
  echo "bench: osmo-hlr could not be fetched: see $folder.log" >&2
  exit 1
}
rm -rf "$folder"
mv "$folder.part" "$folder"
