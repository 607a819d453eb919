#!/usr/bin/env bash
# The example of examples/modem, run as its README shows: ctest hands it the program.
set -euo pipefail
modem=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

expected='state deregistered
state deregistered
up initial cause=3 07417108091010103254769802f07000050201d011d1
state attaching
event rejected cause=17
event waiting retry
state waiting
AUTHENTICATION FAILURE 20 (mac-failure)
up 076062
event refused unexpected: it does not fit the state this device is in
state waiting'
said=$(printf '%s\n' 'camp 00f110 1' attach 'down 074411' \
  'challenge 00112233445566778899aabbccddeeff 00112233445580018899aabbccddeeff' \
  'down 074410' | "$modem" "$work/flash")
diff <(printf '%s\n' "$expected") <(printf '%s\n' "$said")

# A flash that holds something else is said to, and not used.
head -c 400 /dev/zero >"$work/flash"
printf '' | "$modem" "$work/flash" | grep -q 'the stored image is not usable'
