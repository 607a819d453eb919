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

# The proof of the IMEI, put together again from what is written down (src/proc/devid.h) and verified
# by the openssl command with the example's key.
nonce=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
kasme=$(printf 'a5%.0s' {1..32})
octets() { perl -e 'print pack "H*", join "", @ARGV' "$@"; }
said=$(printf '%s\n' "prove 0101010020${nonce}0200020103 $kasme" "prove 0101010020${nonce}0200020104 $kasme" \
  "prove 0101010020${nonce} $kasme" "prove 0701 $kasme" | "$modem" "$work/flash")
diff - <(awk -F', 7e ' '{ print $1 }' <<<"$said") <<'END'
state deregistered
IDENTITY RESPONSE 35693803564380, ciphered
IDENTITY RESPONSE 35693803564380 (no-proof)
EMM STATUS 95 (malformed)
IDENTITY RESPONSE 35693803564380 (not-asked)
END
answer=$(sed -n 's/.*ciphered, 7e //p' <<<"$said")
imei=$(printf 35693803564380 | od -An -tx1 | tr -d ' ')
[[ ${answer:0:52} == "020104000e${imei}05000103060040" ]]
octets "${answer:52}" >"$work/signature"
channel=$({ octets 000d; printf 'devid channel'; octets 0020 "$nonce"; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$kasme" | sed 's/.*= //')
{ octets 0013; printf 'bindery devid proof'; octets 0001 03 000e "$imei" 0020 "$nonce" 0003 00f110 0020 "$channel"; } \
  >"$work/content"
octets 302e020100300506032b657004220420 9d61b19deffd5a60 "$(printf '00%.0s' {1..24})" |
  openssl pkey -inform DER -pubout -out "$work/public.pem"
openssl pkeyutl -verify -pubin -inkey "$work/public.pem" -rawin -in "$work/content" \
  -sigfile "$work/signature" >"$work/verdict"
grep -q 'Signature Verified Successfully' "$work/verdict"

# A flash that holds something else is said to, and not used.
head -c 400 /dev/zero >"$work/flash"
printf '' | "$modem" "$work/flash" | grep -q 'the stored image is not usable'
