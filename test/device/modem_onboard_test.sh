#!/usr/bin/env bash
# The example of examples/modem out of the box: the openssl command is its operator. It verifies what
# the device signed, makes a subscription, encrypts and signs it, all from what is written down
# (src/proc/certattach.h). ctest hands it the program.
set -euo pipefail
modem=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

octets() { perl -e 'print pack "H*", join "", @ARGV' "$@"; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
text() { printf %s "$1" | hex; }
# An item with its length before it, in two octets.
item() { printf '%04x%s' $((${#1} / 2)) "$1"; }
hash() { octets "$1" | openssl dgst -sha256 | sed 's/.*= //'; }
key() { octets 30310201010420 "$1" a00a06082a8648ce3d030107 | openssl pkey -inform DER "${@:2}"; }
# NAME ROOT ROLE PLMN: an operator's certificate.
operator() {
  printf 'keyUsage=digitalSignature\nextendedKeyUsage=%s\nsubjectAltName=DNS:epc.%s.3gppnetwork.org\n' "$3" "$4" \
    >"$work/ext"
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$1.key" \
    -subj "/CN=$1" -out "$work/$1.csr" 2>"$work/log"
  openssl x509 -req -in "$work/$1.csr" -CA "$work/$2.pem" -CAkey "$work/$2.key" -days 2 -extfile "$work/ext" \
    -outform DER -out "$work/$1.der" 2>"$work/log"
}
for root in root another; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$root.key" -days 2 \
    -subj "/CN=$root" -out "$work/$root.pem" 2>"$work/log"
done
role=1.3.6.1.4.1.32473.1.1
operator good root $role.7 mnc001.mcc001
operator stranger another $role.7 mnc001.mcc001
operator device root $role.5 mnc001.mcc001
operator roamer root $role.7 mnc070.mcc999

key "9d61b19deffd5a60$(printf '00%.0s' {1..24})" -pubout -out "$work/identity.pem"
key "4ccd089b28ff96da$(printf '00%.0s' {1..24})" -pubout -out "$work/public.pem"
imei=$(text 35693803564380) plmn=00f110 id=$(text modem-1)
imsi=00010100500000f7 # 001010000500007
url=$(text https://ca.example.org/DeviceID=modem-1)
k=000102030405060708090a0b0c0d0e0f opc=101112131415161718191a1b1c1d1e1f nonce_1=$(printf 'b1%.0s' {1..16})
profile=01$(item $imsi)$(item 01)$(item $k)$(item $opc)$(item 08)$(item 00)$(item $plmn)$(item 01)$(item 01)$(item "$(text internet)")

signature() { printf 'asn1=SEQUENCE:s\n[s]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "${1:0:64}" "${1:64}" >"$work/asn1"; openssl asn1parse -genconf "$work/asn1" -noout -out "$2"; }
# The element of a request: its nonce goes into $nonce, and its proof is verified.
request() {
  [[ $1 =~ ^06010e$(item "$url")0f0010([0-9a-f]{32})10004101([0-9a-f]{128})$ ]]
  nonce=${BASH_REMATCH[1]}
  signature "${BASH_REMATCH[2]}" "$work/signature"
  octets "$(item "$(text 'bindery onboarding request')")" "$(item 01)" "$(item "$(hash "$url")")" "$(item "$imei")" \
    "$(item "$nonce")" "$(item $plmn)" >"$work/content"
  openssl dgst -sha256 -verify "$work/identity.pem" -signature "$work/signature" "$work/content" >"$work/verdict"
  grep -q 'Verified OK' "$work/verdict"
}
# OPERATOR NONCE [SECONDS]: the element of a result.
result() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/once.pem" 2>"$work/log"
  sent=$(openssl ec -in "$work/once.pem" -pubout -conv_form compressed -outform DER 2>"$work/log" | tail -c 33 | hex)
  secret=$(openssl pkeyutl -derive -inkey "$work/once.pem" -peerkey "$work/public.pem" | hex)
  keys=$(openssl kdf -binary -keylen 64 -kdfopt digest:SHA256 -kdfopt "hexkey:$secret" -kdfopt "hexinfo:$sent" X963KDF | hex)
  about=$(item "$id")$(item "$2")$(item "$nonce_1")$(item $plmn)
  cipher=$(octets "$profile" | openssl enc -aes-128-ctr -K "${keys:0:32}" -iv "${keys:32:32}" | hex)
  tag=$(octets "$cipher" "$(item "$(text 'bindery onboarding profile')")" "$about" |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:${keys:64}" | sed 's/.*= //')
  box=01$sent$cipher$tag
  expiry=$(printf %016x $(($(date +%s) + ${3:-60})))
  octets "$(item "$(text 'bindery onboarding result')")" "$about" "$(item "$expiry")" "$(item "$(hash "$box")")" |
    openssl dgst -sha256 -sign "$work/$1.key" -out "$work/signature"
  raw=$(openssl asn1parse -inform DER -in "$work/signature" | perl -ne 'print "0" x (64 - length $1), $1 if /INTEGER\s+:([0-9A-F]+)/' |
    tr A-F a-f)
  printf 070108%s09%s0a%s0b%s0c%s "$(item "$nonce_1")" "$(item "$expiry")" "$(item "$box")" "$(item "$raw")" \
    "$(item "$(hex <"$work/$1.der")")"
}

# A line in; what comes out up to the line that begins with $2 goes into $said.
say() {
  printf '%s\n' "$1" >&"${device[1]}"
  said=
  while IFS= read -r -t 20 line <&"${device[0]}"; do
    said+=$line$'\n'
    [[ $line == $2* ]] && return 0
  done
  return 1
}
power_on() {
  coproc device { exec "$modem" "$work/flash" - "$work/root.pem"; }
  read -r -t 20 line <&"${device[0]}"
  [[ $line == "state deregistered" ]]
}
power_off() { local pid=${device_PID:?}; eval "exec ${device[1]}>&-"; wait "$pid" || true; }

# Layer 1: what is not for this device, this network and this request is an ordinary reject.
power_on
take() { say "subscription $1" ''; [[ $said == "$2"$'\n' ]] || { printf 'expected %s, not %s' "$2" "$said" >&2; return 1; }; }
ask() { say "ask $plmn" 'ATTACH REQUEST'; [[ $said =~ ^'ATTACH REQUEST 5 35693803564380 7e '([0-9a-f]+) ]]; request "${BASH_REMATCH[1]}"; }
refused() { take "$1" "as any ATTACH REJECT ($2)"; }
ask; refused "$(result stranger "$nonce")" operator-untrusted
ask; refused "$(result device "$nonce")" operator-purpose
ask; refused "$(result roamer "$nonce")" operator-plmn
ask; refused "$(result good "$nonce" -60)" result-expired
ask; refused "$(result good "${nonce:0:30}00")" operator-signature
ask
element=$(result good "$nonce")
refused "${element:0:200}" unreadable
refused "$element" not-asked # and not a second time either
ask; refused "$element" operator-signature # replayed
[[ ! -e $work/flash.subscription ]]
ask
element=$(result good "$nonce")
take "$element" 'attach anew (taken)'
[[ $(hex <"$work/flash.subscription") == *"$k"*"$opc"* ]]
power_off
rm "$work/flash.subscription"

# Layer 2: from the box to an attach with the IMSI that it was given.
attaches() { say "camp $plmn 1" state && say attach state && [[ $said == "up initial cause=3 074175$1"*$'\nstate attaching\n' || $said == "up initial cause=3 074171$1"*$'\nstate attaching\n' ]]; }
power_on
attaches 083b65390853468300
[[ $said =~ 7e[0-9a-f]{4}(0601[0-9a-f]+) ]]
request "${BASH_REMATCH[1]}"
say 'down 075501' state # a network that knows nothing of this asks for the IMSI
[[ $said == $'up 075603000000\nstate attaching\n' ]]
element=$(result good "$nonce")
say "down 0744117e$(printf %04x $((${#element} / 2)))$element" state
[[ $said == $'event rejected cause=17\nevent onboarded\nstate deregistered\n' ]]
say released anew
[[ $said == *$'\nanew, with a subscription\n' ]]
attaches 080910100000050070
power_off
# It is there after a power cut. The network says that it has no such subscriber: it was never used,
# so the device asks for another.
power_on
attaches 080910100000050070
say 'down 074408' state
say released anew
[[ $said == *$'\nthe subscription is no good, and is not used\nanew, with no subscription\n' ]]
[[ ! -s $work/flash.subscription ]]
attaches 083b65390853468300
power_off
