#!/usr/bin/env bash
# The example of examples/modem with a dIMSI: the openssl command is its ARPF, its target AUSF and its
# network up to the challenge, all from what is written down (src/proc/dimsi.h). ctest hands it the
# program.
set -euo pipefail
modem=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

octets() { perl -e 'print pack "H*", join "", @ARGV' "$@"; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
text() { printf %s "$1" | hex; }
item() { printf '%04x%s' $((${#1} / 2)) "$1"; }
hash() { octets "$1" | openssl dgst -sha256 | sed 's/.*= //'; }
# LABEL ITEM..., under eK.
kdf() {
  local parts i
  parts=$(item "$(text "$1")")
  for i in "${@:2}"; do parts+=$(item "$i"); done
  octets "$parts" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$ek" | sed 's/.*= //'
}
# NAME ROOT ROLE USAGE DNS
certificate() {
  printf 'keyUsage=critical,%s\nextendedKeyUsage=1.3.6.1.4.1.32473.1.1.%s\nsubjectAltName=DNS:%s\n' "$4" "$3" "$5" >"$work/ext"
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$1.key" -subj "/CN=$1" \
    -out "$work/$1.csr" 2>"$work/log"
  openssl x509 -req -in "$work/$1.csr" -CA "$work/$2.pem" -CAkey "$work/$2.key" -days 2 -extfile "$work/ext" \
    -outform DER -out "$work/$1.der" 2>"$work/log"
}
for root in ci another; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/$root.key" -days 2 \
    -subj "/CN=$root" -out "$work/$root.pem" 2>"$work/log"
done
certificate arpf ci 8 keyAgreement arpf.example.org
certificate stranger another 8 keyAgreement arpf.example.org
certificate wrong ci 7 keyAgreement arpf.example.org
certificate signer ci 8 digitalSignature arpf.example.org
octets 30310201010420 9d61b19deffd5a60 "$(printf '00%.0s' {1..24})" a00a06082a8648ce3d030107 |
  openssl pkey -inform DER -pubout -out "$work/se.pem"
se=30050403536531 # what stands for CERT.SE: only its hash goes into the token

run() { printf '%s\n' "$@" | "$modem" "$work/flash" - - "$work/ci.pem"; }
order() { run "order 901700000000001 $(item $se)$(hex <"$work/$1.der")" | tail -n +2; }

# 0-b and 0-c: no token for who is no ARPF of this CI.
for bad in stranger wrong signer; do
  [[ $(order $bad) == 'error: no token '* ]]
done
[[ ! -e $work/flash.slot ]]
token=$(order arpf)
token=${token#token }
[[ -s $work/flash.slot ]]
dimsi=$(perl -e '$d = "901700000000001F"; $d =~ s/(.)(.)/$2$1/g; print lc $d')
[[ $token =~ ^$(item "$(text 'bindery dimsi token')")$(item 01)$(item "$dimsi")0041(04[0-9a-f]{128})$(item "$(text arpf.example.org)")$(item "$(hash "$(hex <"$work/arpf.der")")")$(item "$(hash $se)")$(item "$(text sp.example.org)")$(item 0000000000000000)$(item 00000000)([0-9a-f]{128})$ ]]
point=${BASH_REMATCH[1]} signature=${BASH_REMATCH[2]}
printf 'asn1=SEQUENCE:s\n[s]\nr=INTEGER:0x%s\ns=INTEGER:0x%s\n' "${signature:0:64}" "${signature:64}" >"$work/asn1"
openssl asn1parse -genconf "$work/asn1" -noout -out "$work/signature"
octets "${token:0:${#token}-128}" >"$work/content"
openssl dgst -sha256 -verify "$work/se.pem" -signature "$work/signature" "$work/content" | grep -q 'Verified OK'

# 0-e: SHS and eK, by the ARPF's private key.
octets 3059301306072a8648ce3d020106082a8648ce3d030107034200 "$point" >"$work/once.der"
openssl pkey -pubin -inform DER -in "$work/once.der" -out "$work/once.pem"
secret=$(openssl pkeyutl -derive -inkey "$work/arpf.key" -peerkey "$work/once.pem" | hex)
own=$(openssl ec -in "$work/arpf.key" -pubout -outform DER 2>"$work/log" | tail -c 65 | hex)
ek=$(openssl kdf -binary -keylen 32 -kdfopt digest:SHA256 -kdfopt "hexkey:$secret" \
  -kdfopt "hexinfo:3c882008${dimsi}41${point}41${own}" X963KDF | hex)

# 1: output_1 and output_2.
imsi=$(perl -e '$d = "001010000700001F"; $d =~ s/(.)(.)/$2$1/g; print lc $d')
ekc=$(kdf 'dimsi ekc' "$dimsi") eki=$(kdf 'dimsi eki' "$dimsi")
plain=${imsi}0164494d53495aa5
rand=$(octets "$plain" | openssl enc -aes-128-ecb -nopad -K "${ekc:0:32}" | hex)
mac=$(octets "$plain" | openssl mac -binary -cipher AES-128-CBC -macopt "hexkey:${eki:0:32}" CMAC | hex)
autn=${mac:0:12}8000${mac:16}
res=$(kdf 'dimsi res' "$rand") res=${res:0:16}

# Layer 1.
flipped=$(printf '%02x' $((16#${rand:0:2} ^ 1)))${rand:2}
cp "$work/flash.slot" "$work/fresh"
diff - <(run "discover $flipped $autn" "discover $flipped -" "discover $rand ${autn:0:12}8001${autn:16}" \
  "discover $rand $autn" "discover $rand $autn" "discover $rand -") <<END
state deregistered
AUTHENTICATION FAILURE 20 (integrity)
AUTHENTICATION FAILURE 20 (ctv)
AUTHENTICATION FAILURE 20 (integrity)
AUTHENTICATION RESPONSE, then attach with 001010000700001 (installed) $res
AUTHENTICATION RESPONSE, then attach with 001010000700001 (repeated) $res
AUTHENTICATION RESPONSE, then attach with 001010000700001 (repeated) $res
END
cp "$work/fresh" "$work/flash.slot"

# Layer 2: the attach with the dIMSI, a challenge, a reject, and the attach with the IMSI; and after a
# power cut at once with the IMSI, for which the old challenge is none.
diff - <(run 'camp 00f110 1' attach "down 075200${rand}10$autn" 'down 074411' released 'camp 00f110 1' attach) <<END
state deregistered
state deregistered
up initial cause=3 07417108991007000000001002f07000050201d011d1
state attaching
up 075308$res
event discovery installed
state attaching
event rejected cause=17
event discovered 001010000700001
state deregistered
state deregistered
anew, with a subscription
state deregistered
up initial cause=3 07417108091010000007001002f07000050201d011d1
state attaching
END
diff - <(run 'camp 00f110 1' attach "down 075200${rand}10$autn") <<END
state deregistered
state deregistered
up initial cause=3 07417108091010000007001002f07000050201d011d1
state attaching
up 075c14
event authentication mac-failure
state attaching
END
