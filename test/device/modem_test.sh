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

octets() { perl -e 'print pack "H*", join "", @ARGV' "$@"; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
# r || s as the openssl command takes it.
signature() { printf 'asn1=SEQUENCE:s\n[s]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "${1:0:64}" "${1:64}" >"$work/asn1"; openssl asn1parse -genconf "$work/asn1" -noout -out "$2"; }
octets 30310201010420 9d61b19deffd5a60 "$(printf '00%.0s' {1..24})" a00a06082a8648ce3d030107 |
  openssl pkey -inform DER -pubout -out "$work/public.pem"
imei=$(printf 35693803564380 | hex)
nonce=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f

# The proof of the IMEI, put together again from what is written down (src/proc/devid.h) and verified
# by the openssl command with the example's key.
kasme=$(printf 'a5%.0s' {1..32})
said=$(printf '%s\n' "prove 0101010020${nonce}0200020103 $kasme" "prove 0101010020${nonce}0200020304 $kasme" \
  "prove 0101010020${nonce} $kasme" "prove 0701 $kasme" | "$modem" "$work/flash")
diff - <(awk -F', 7e ' '{ print $1 }' <<<"$said") <<'END'
state deregistered
IDENTITY RESPONSE 35693803564380, ciphered
IDENTITY RESPONSE 35693803564380 (no-proof)
EMM STATUS 95 (malformed)
IDENTITY RESPONSE 35693803564380 (not-asked)
END
answer=$(sed -n 's/.*ciphered, 7e //p' <<<"$said")
[[ ${answer:0:52} == "020104000e${imei}05000101060040" ]]
signature "${answer:52}" "$work/signature"
channel=$({ octets 000d; printf 'devid channel'; octets 0020 "$nonce"; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$kasme" | sed 's/.*= //')
{ octets 0013; printf 'bindery devid proof'; octets 0001 01 000e "$imei" 0020 "$nonce" 0003 00f110 0020 "$channel"; } \
  >"$work/content"
openssl dgst -sha256 -verify "$work/public.pem" -signature "$work/signature" "$work/content" >"$work/verdict"
grep -q 'Verified OK' "$work/verdict"

# A KME of its own: the openssl command opens the payload with the lot's key, verifies KME_SIG and
# computes NW_SIG, all from what is written down (src/proc/kme.h).
nonce=${nonce:0:32}
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$work/lot.pem" 2>"$work/progress"
openssl rsa -in "$work/lot.pem" -noout -modulus | sed 's/Modulus=//' >"$work/lot"
"$modem" "$work/flash" <<<"command 0301010010${nonce}" | grep -q '^IDENTITY RESPONSE 35693803564380 (unable)'
payload() { printf '%s\n' "$@" | "$modem" "$work/flash" "$work/lot"; }
answer=$(payload "command 0301010010${nonce}" | sed -n 's/.*ciphered, 7e //p')
[[ $answer == "$(payload "command 0301010010${nonce}" | sed -n 's/.*ciphered, 7e //p')" ]]
imsi=00010121436587f9
[[ ${answer:0:86} == "0401030008${imsi}04000e${imei}070007$(printf example | hex)0a0100" ]]
octets "${answer:86}" >"$work/encrypted"
openssl pkeyutl -decrypt -inkey "$work/lot.pem" -in "$work/encrypted" -out "$work/plain" \
  -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 \
  -pkeyopt "rsa_oaep_label:0008${imsi}000e${imei}0010${nonce}"
plain=$(hex <"$work/plain")
kme=${plain:0:32} rme=${plain:160}
signature "${plain:32:128}" "$work/signature"
{ octets 0015; printf 'bindery kme signature'; octets 0010 "$kme" 000e "$imei" 0008 "$imsi" 0003 00f110 \
  0020 "$rme" 0010 "$nonce" 0000; } >"$work/content"
openssl dgst -sha256 -verify "$work/public.pem" -signature "$work/signature" "$work/content" >"$work/verdict"
grep -q 'Verified OK' "$work/verdict"
nw_sig=$(octets "$kme" "$rme" | openssl dgst -sha256 | sed 's/.*= //')
diff - <(payload "result 05010d0020${nw_sig:0:62}00" "result 05010d0020${nw_sig}" "result 05010d0020${nw_sig}") <<'END'
state deregistered
as any ATTACH REJECT (wrong)
attach again (active)
attach again (active)
END
# The record that is on flash: the IMSI, the factory's KME, which a challenge alone takes away, and the
# one that waits for that. Another command gets the same KME in another payload.
factory=$(printf '5c%.0s' {1..16})
[[ $(hex <"$work/flash.keys") == "42554b01015c${imsi}01${factory}01${kme}"* ]]
payload "command 0301010010ff${nonce:2}" | grep -q 'ciphered, 7e 0401'
[[ $(hex <"$work/flash.keys") == "42554b01015c${imsi}01${factory}01${kme}ff"* ]]
cp "$work/flash.keys" "$work/keys"
head -c 100 "$work/keys" >"$work/flash.keys"
{ payload attach || true; } | grep -q 'the stored keys are not usable'
cp "$work/keys" "$work/flash.keys"

# A flash that holds something else is said to, and not used.
head -c 400 /dev/zero >"$work/flash"
printf '' | "$modem" "$work/flash" | grep -q 'the stored image is not usable'
