#!/usr/bin/env bash
# The certificate site in bindery-repod as operators, devices' makers and passers-by meet it: curl with and
# without certificates, chains that openssl verifies, device records whose signatures openssl verifies with the
# key that the repository tells, conditional requests, revocation lists, and the plain download.
#
# Beside the files of repod.sh these are src/nf/repod/api_site.c, src/nf/repod/site.c,
# src/nf/repod/publish_device.c and src/net/https_response.c.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
umask 077
cd "$work"
# shellcheck source=test/live/lib/repod.sh
. "$live_here/lib/repod.sh"
repod_certificates
own=extendedKeyUsage=$roles.5
leaf phone device-ca "keyUsage=critical,keyAgreement\n$own" -days 20
leaf meter device-ca "keyUsage=critical,keyAgreement\n$own" -days 20
openssl genrsa -out tracker.key 2048 2>/dev/null
leaf tracker device-ca "keyUsage=critical,keyEncipherment\n$own" -days 20
leaf signs device-ca "keyUsage=critical,keyAgreement\n$own" -days 20
cp tracker.key mixed.key
leaf mixed device-ca "keyUsage=critical,keyAgreement\n$own" -days 20 # RSA: nothing is agreed with it
leaf operators device-ca "keyUsage=critical,keyAgreement\nextendedKeyUsage=$roles.1" -days 20

# The lists of the devices' CA.
sed 's/index.txt/devices.txt/' ca.cnf >device-ca.cnf
: >devices.txt
lists() { # [OPTIONS]: a list in the place of the one before, at once
  openssl ca -config device-ca.cnf -cert device-ca.crt -keyfile device-ca.key -gencrl "$@" -out list.new 2>/dev/null
  mv list.new device-ca.crl
}
lists

config() { # SITE
  cat >repod.yaml <<C
listener: {address: "https://127.0.0.1:0", certificate: server.crt, key: server.key, ca: ca.crt, crl: ca.crl}
signing_key: records.key
store: repod.db
audit: audit.log
manufacturers:
  - {name: maker.example, ranges: ["35693803", "35693804"]}
  - {name: other-maker.example, ranges: ["35693900"], device_ca: device-ca.crt}
operators:
  - {name: operator.example}
  - {name: narrow.example, ranges: ["35693804"]}
limits: {requests_per_second: 100000, burst: 100000}
$1
C
}
config 'site: {crl: [device-ca.crl]}'
: >log
start

# row CERTIFICATE ID [MODEL [EXTRA]]: what is published of a device
row() {
  printf '{"certificates":["%s","%s"],"device":{"id":"%s","manufacturer":"Maker Ltd","model":"%s","serial_number":"SN-%s"}%s}' \
    "$(der "$1.crt")" "$(der device-ca.crt)" "$2" "${3:-M1}" "$2" "${4:-}"
}
r=$url/v1/device-records
heads() { # CLIENT ARGUMENT...: the header goes to said
  local who=$1
  shift
  status=$(curl -s -o /dev/null -D said -w '%{http_code}' --max-time 30 --path-as-is --cacert ca.crt ${who:+--cert "$who.crt" --key "$who.key"} "$@") || true
}
header() { tr -d '\r' <said | sed -n "s/^$1: //Ip" | head -1; }

# ---- publishing --------------------------------------------------------------------------------

does 'a device is published with its certificate' 201 '"did":"added"' maker -X PUT "$b/35693804000001/provisioning" -d "$(row phone phone-1)"
serial=$(member serial)
does 'and one with an RSA key' 201 '"did":"added"' maker -X PUT "$b/35693803000002/provisioning" -d "$(row tracker tracker-2)"
does 'the same again changes nothing' 200 '"did":"unchanged"' maker -X PUT "$b/35693804000001/provisioning" -d "$(row phone phone-1)"
does 'its maker sees what he said of it' 200 '"device":{"id":"phone-1","manufacturer":"Maker Ltd","model":"M1","serial_number":"SN-phone-1"}' maker "$b/35693804000001"
p=$b/35693803777777/provisioning
refuses 'an id of another device' 409 device-id-taken maker -X PUT "$p" -d "$(row meter phone-1)"
refuses "an id of another maker's device" 409 device-id-taken other-maker -X PUT "$b/35693900000001/provisioning" -d "$(row meter phone-1)"
refuses "a certificate without a device's role" 422 chain-usage maker -X PUT "$p" -d "$(row device-kem x)"
refuses 'one with the role of an operator' 422 chain-usage maker -X PUT "$p" -d "$(row operators x)"
refuses 'an RSA key that is for key agreement' 422 chain-usage maker -X PUT "$p" -d "$(row mixed x)"
refuses 'a device of the use identity' 422 bad-member maker -X PUT "$b/35693803777777/identity" -d "$(row device x)"
refuses 'a device with a bare key' 422 bad-member maker -X PUT "$p" -d "$(key p256 ',"device":{"id":"x","manufacturer":"a","model":"b","serial_number":"c"}')"
long=$(printf '%065d' 0)
for id in '' .. 'a b' 'a/b' 'a%20' "$long" 'é'; do
  refuses "an id that is none: '${id:0:8}'" 422 bad-member maker -X PUT "$p" -d "$(row meter "$id")"
done
refuses 'a model that is too long' 422 bad-member maker -X PUT "$p" -d "$(row meter x "$long")"
refuses 'one that is not printable' 422 bad-member maker -X PUT "$p" -d "$(row meter x 'a\u0007')"
refuses 'an unknown member of it' 422 unknown-member maker -X PUT "$p" -d "$(row meter x | sed 's/"model"/"colour":"red","model"/')"
refuses 'a missing one' 422 missing-member maker -X PUT "$p" -d "$(row meter x | sed 's/"model":"M1",//')"
does 'none of these left anything' 404 no-binding operator "$b/35693803777777"
refuses 'and the id is nobody else its' 404 no-device operator "$r/x"

# ---- the record --------------------------------------------------------------------------------

# device_record SENTENCE ID IMEI MODEL CERTIFICATE STATUS: what is said of a device, held to its signature by
# openssl, with the key that the repository tells, which is the one that its owner handed out.
device_record() {
  local wanted digest
  as operator "$url/v1/signer"
  member public_key | base64 -d | openssl pkey -pubin -inform DER -out told.pub 2>/dev/null
  same "$1: the key that is told is the owner's" "$(cat records.pub)" "$(cat told.pub)"
  as operator "$r/$2"
  record_of 1
  holds "$1: openssl verifies the device's record" openssl dgst -sha256 -verify told.pub -signature signature.der record
  same "$1: it names its signer" "$(openssl pkey -pubin -in records.pub -outform DER | digest_of)" "$(member signer)"
  digest=$(openssl x509 -in "$5.crt" -outform DER | digest_of)
  wanted=$(item 21 "$(hex 'bindery device record')")$(item 1 01)$(item ${#2} "$(hex "$2")")$(item 14 "$(hex "$3")")
  wanted+=$(item 9 "$(hex 'Maker Ltd')")$(item ${#4} "$(hex "$4")")$(item $((${#2} + 3)) "$(hex "SN-$2")")
  wanted+=$(item 32 "$digest")$(item 1 "0$6")
  same "$1: it says which device, which certificate, and that it is $([ "$6" = 1 ] && echo active || echo revoked)" \
    "$wanted" "$(od -An -v -tx1 record | tr -d ' \n' | head -c ${#wanted})"
}
#= test certattach-site
device_record 'P-256' phone-1 35693804000001 M1 phone 1
same 'its certificates come with it' "[\"$(der phone.crt)\",\"$(der device-ca.crt)\"]" "$(sed -n 's/.*"certificates":\(\[[^]]*\]\).*/\1/p' said)"
same 'without a key for its identity there is none' null "$(sed -n 's/.*"identity":\(null\).*/\1/p' said)"
printf 'x' | dd of=record bs=1 seek=60 conv=notrunc 2>/dev/null
if openssl dgst -sha256 -verify told.pub -signature signature.der record >/dev/null 2>&1; then
  missed 'a record of which an octet was changed does not verify'
else
  passed 'a record of which an octet was changed does not verify'
fi
device_record RSA tracker-2 35693803000002 M1 tracker 1
does 'a key for its identity is published' 201 added maker -X PUT "$b/35693804000001/identity" -d "$(key p256)"
does 'and stands beside its record' 200 "\"identity\":{\"imei\":\"35693804000001\",\"use\":\"identity\"" operator "$r/phone-1"
grep -o '"identity":{.*}' said | cut -c12- >identity
test -s identity
record_of 2
record_verifies 'with a record of its own that openssl verifies'
as operator "$b/35693804000001"
if grep -qF "$(sed 's/}}$/}/' identity)" said; then passed 'the same as asked for by IMEI'; else missed 'the same as asked for by IMEI' "$(cat identity said)"; fi

# ---- the chain ---------------------------------------------------------------------------------

download() { # CLIENT ID: the chain, split
  as "$1" "$url/DeviceID=$2"
  cp said chain.pem
  rm -f part.*
  csplit -sz -f part. chain.pem '/BEGIN CERTIFICATE/' '{*}'
}
for each in phone:phone-1 tracker:tracker-2; do
  download operator "${each#*:}"
  same "the chain at the URL of ${each#*:} begins with its certificate" "$(openssl x509 -in "${each%:*}.crt")" "$(openssl x509 -in part.00)"
  holds 'openssl verifies it' openssl verify -CAfile device-ca.crt -untrusted chain.pem part.00
  holds 'and that it was not revoked' openssl verify -crl_check -CAfile device-ca.crt -CRLfile device-ca.crl part.00
done
heads operator "$url/DeviceID=phone-1"
same 'it is a chain in PEM' application/pem-certificate-chain "$(header content-type)"
does 'openssl as the client gets the same' 200 'BEGIN CERTIFICATE' operator "$url/DeviceID=phone-1"
{ printf 'GET /DeviceID=phone-1 HTTP/1.1\r\nHost: ca.example.org\r\nConnection: close\r\n\r\n' && sleep 5; } |
  timeout 60 openssl s_client -quiet -ign_eof -connect "127.0.0.1:${url##*:}" -cert operator.crt -key operator.key -CAfile ca.crt 2>/dev/null |
  tr -d '\r' | sed '1,/^$/d' >raw || true
same 'octet for octet' "$(cat said)" "$(cat raw)"

# ---- conditional requests ----------------------------------------------------------------------

dated() { heads operator "$r/phone-1" && [ -n "$(header last-modified)" ]; }
for each in "$r/phone-1" "$url/DeviceID=phone-1" "$url/crl/device-ca.crl"; do
  path=${each#"$url"}
  wait_for 60 dated || true # in the second of a change its time is not told
  heads operator "$each"
  tag=$(header etag) at=$(header last-modified) cache=$(header cache-control)
  same "$path may be kept for a minute, by the client alone" 'private, max-age=60' "$cache"
  as operator "$each" && cp said whole
  unchanged=0
  for ask in "If-None-Match: $tag" "If-None-Match: W/$tag" "If-None-Match: \"a\" , $tag" 'If-None-Match: *' "If-Modified-Since: $at"; do
    heads operator -H "$ask" "$each"
    if [ "$status" = 304 ] && [ "$(header etag)" = "$tag" ] && [ -z "$(header content-type)" ]; then unchanged=$((unchanged + 1)); fi
  done
  same 'who has it is told so, in each way to ask' 5 $unchanged
  whole=0
  for ask in 'If-None-Match: "other"' "If-None-Match: ${tag%\"}" 'If-None-Match: ' 'If-Modified-Since: Thu, 01 Jan 1970 00:00:01 GMT' 'If-Modified-Since: yesterday'; do
    as operator -H "$ask" "$each"
    if [ "$status" = 200 ] && cmp -s said whole; then whole=$((whole + 1)); fi
  done
  same 'who has not gets it' 5 $whole
  as operator -H 'If-None-Match: "other"' -H "If-Modified-Since: $at" "$each"
  same 'the tag counts before the time' 200 "$status"
  as operator -I "$each"
  same 'HEAD has the header' "200 $tag $(wc -c <whole)" "$status $(header etag) $(header content-length)"
  as operator -I -H "If-None-Match: $tag" "$each"
  same 'and asks with conditions too' 304 "$status"
done
{ printf 'HEAD /DeviceID=phone-1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' && sleep 5; } |
  timeout 60 openssl s_client -quiet -ign_eof -connect "127.0.0.1:${url##*:}" -cert operator.crt -key operator.key -CAfile ca.crt 2>/dev/null |
  tr -d '\r' | sed '1,/^$/d' >raw || true
same 'an answer to HEAD has no body' 0 "$(wc -c <raw)"
heads operator "$url/DeviceID=nobody"
same 'a refusal is not kept' no-store "$(header cache-control)"

# ---- what changes ------------------------------------------------------------------------------

as operator "$r/phone-1"
heads operator "$r/phone-1"
before=$(header etag)
refuses 'another model does not overwrite' 409 other-key maker -X PUT "$b/35693804000001/provisioning" -d "$(row phone phone-1 M2)"
does 'it is replaced by naming its record' 200 '"did":"replaced"' maker -X PUT "$b/35693804000001/provisioning" -d "$(row phone phone-1 M2 ",\"replaces\":$serial")"
next=$(member serial)
device_record 'another model' phone-1 35693804000001 M2 phone 1
heads operator -H "If-None-Match: $before" "$r/phone-1"
same 'who has the one before gets the new one' 200 "$status"
serial_in() { od -An -v -tx1 "$1" | tr -d " \n" | tail -c 36 | head -c 16; }
same 'with a serial that grew' "$(printf '%016x' "$next")" "$(serial_in record)"
does 'another certificate takes its place' 200 '"did":"replaced"' maker -X PUT "$b/35693804000001/provisioning" -d "$(row meter phone-1 M2 ",\"replaces\":$next")"
serial=$(member serial)
unsaid() { row phone phone-1 M2 ",\"replaces\":$serial" | sed 's/,"device":{[^}]*}//'; }
refuses 'a device is not taken off the site unsaid' 422 missing-member maker -X PUT "$b/35693804000001/provisioning" -d "$(unsaid)"
device_record 'another certificate' phone-1 35693804000001 M2 meter 1
download operator phone-1
same 'which is what is downloaded' "$(openssl x509 -in meter.crt)" "$(openssl x509 -in part.00)"
does 'a device gets another id' 200 '"did":"replaced"' maker -X PUT "$b/35693804000001/provisioning" -d "$(row meter phone-1b M2 ",\"replaces\":$serial")"
serial=$(member serial)
refuses 'the one before leads nowhere' 404 no-device operator "$r/phone-1"
refuses 'and is not given to another' 409 device-id-taken maker -X PUT "$p" -d "$(row signs phone-1)"
does 'but it may have it back' 200 '"did":"replaced"' maker -X PUT "$b/35693804000001/provisioning" -d "$(row meter phone-1 M2 ",\"replaces\":$serial")"

{
  row signs bulk-1 | sed 's/^{/{"imei":"35693803000010","use":"provisioning",/'
  echo
  row signs bulk-1 | sed 's/^{/{"imei":"35693803000011","use":"provisioning",/'
  echo
  row signs phone-1 | sed 's/^{/{"imei":"35693803000012","use":"provisioning",/'
  echo
  row signs bulk-4 | sed 's/^{/{"imei":"35693803000013","use":"provisioning",/'
  echo
  printf '{"imei":"35693803000013","use":"provisioning","revoke":true}\n'
} >rows
does 'in a bulk devices are published too' 200 '{"report":{"rows":5,"added":2,"replaced":0,"revoked":1,"unchanged":0,"refused":2}}' maker --data-binary @rows "$url/v1/bulk"
same 'an id has one device there too' 2 "$(grep -c '"cause":"device-id-taken"' said)"
device_record 'in bulk' bulk-1 35693803000010 M1 signs 1
device_record 'revoked in bulk' bulk-4 35693803000013 M1 signs 2

# ---- revocation --------------------------------------------------------------------------------

does 'a device is revoked' 200 '"did":"revoked"' maker -X DELETE "$b/35693804000001/provisioning"
device_record 'revoked' phone-1 35693804000001 M2 meter 2
same 'it has no certificates any more' '[]' "$(sed -n 's/.*"certificates":\(\[[^]]*\]\).*/\1/p' said)"
refuses 'nor a chain' 410 device-revoked operator "$url/DeviceID=phone-1"
heads operator "$url/crl/device-ca.crl"
same 'a revocation list is one in DER' application/pkix-crl "$(header content-type)"
as operator "$url/crl/device-ca.crl"
holds 'openssl verifies it' openssl crl -inform DER -in said -CAfile device-ca.crt -noout
first=$(openssl crl -inform DER -in said -noout -text)
openssl ca -config device-ca.cnf -cert device-ca.crt -keyfile device-ca.key -revoke meter.crt 2>/dev/null
lists
as operator "$url/crl/device-ca.crl"
openssl crl -inform DER -in said -out now.crl
if openssl verify -crl_check -CAfile device-ca.crt -CRLfile now.crl meter.crt >held 2>&1; then
  missed 'a list that takes its place is read at once' "$first"
else
  same 'a list that takes its place is read at once' 1 "$(grep -c 'certificate revoked' held)"
fi
cp said kept.crl
cp device-ca.crl good.crl
head -c 100 good.crl >device-ca.crl
as operator "$url/crl/device-ca.crl"
holds 'one that broke off is not: the one before stands' cmp said kept.crl
same 'and the log has why' 1 "$(grep -c '"event":"crl-refused".*device-ca.crl' log)"
rm device-ca.crl
as operator "$url/crl/device-ca.crl"
holds 'so it does while there is none' cmp said kept.crl
lists -crlsec 20
heads operator "$url/crl/device-ca.crl"
age=$(header cache-control | sed -n 's/private, max-age=//p')
if [ -n "$age" ] && [ "$age" -le 20 ]; then passed 'a list is kept no longer than it holds'; else missed 'a list is kept no longer than it holds' "$age"; fi
lists
refuses 'a list that is not named is not there' 404 no-such-path operator "$url/crl/ca.crl"

# ---- who may not -------------------------------------------------------------------------------

#= test certattach-link
refuses 'an operator without a grant is refused' 403 no-grant unlisted "$r/tracker-2"
cp said there
refuses 'where there is a device and where there is none' 403 no-grant unlisted "$r/nobody"
same 'in the same words' "$(cat there)" "$(cat said)"
for path in "$r/" "$url/DeviceID="; do
  refuses 'outside its ranges an operator is told that there is none' 404 no-device narrow "${path}tracker-2"
  cp said there
  refuses 'as where there is none' 404 no-device narrow "${path}nobody"
  same 'in the same words' "$(cat there)" "$(cat said)"
done
does 'within them it gets it' 200 '"id":"phone-1"' narrow "$r/phone-1"
refuses "a maker does not see another maker's device" 404 no-device other-maker "$r/tracker-2"
does 'and sees his own' 200 '"id":"tracker-2"' maker "$r/tracker-2"
refuses 'without a certificate there is no record' 403 no-certificate '' "$r/tracker-2"
refuses 'nor a chain' 403 no-certificate '' "$url/DeviceID=tracker-2"
refuses 'nor a list' 403 no-certificate '' "$url/crl/device-ca.crl"
refuses 'with an expired one neither' 403 certificate-expired expired "$url/DeviceID=tracker-2"
refuses 'nor with a revoked one' 403 certificate-revoked revoked "$r/tracker-2"
refuses 'a certificate without a role is nobody' 403 wrong-role roleless "$url/crl/device-ca.crl"

# ---- paths -------------------------------------------------------------------------------------

refuses 'no id' 400 bad-parameter operator "$url/DeviceID="
refuses 'an id of dots' 400 bad-parameter operator "$url/DeviceID=.."
refuses 'a longer one' 400 bad-parameter operator "$url/DeviceID=$long"
refuses 'an escaped one' 400 bad-parameter operator "$url/DeviceID=tracker%2D2"
refuses 'an escaped newline' 400 bad-parameter operator "$url/DeviceID=tracker-2%0d%0aX:1"
refuses 'an escaped NUL' 400 bad-parameter operator "$r/tracker-2%00"
refuses 'a step more' 404 no-such-path operator "$url/DeviceID=tracker-2/x"
refuses 'another case' 404 no-such-path operator "$url/deviceid=tracker-2"
refuses 'a query' 400 bad-parameter operator "$url/DeviceID=tracker-2?x=1"
refuses 'a list by a path' 404 no-such-path operator "$url/crl/../ca.crl"
refuses 'an escaped path' 404 no-such-path operator "$url/crl/..%2fca.crl"
refuses 'another method' 405 method-not-allowed maker -X PUT "$url/DeviceID=tracker-2" -d x
refuses 'a body where none belongs' 413 too-large operator -X GET "$r/tracker-2" -d x
moved=0
for path in /DeviceID=tracker-2 /DeviceID=nobody "/v1/device-records/tracker-2" /crl/device-ca.crl /crl/ /DeviceID /v1/device-records/ /; do
  heads operator "$url$path"
  case $status in 3*) moved=$((moved + 1)) ;; esac
  [ -z "$(header location)" ] || moved=$((moved + 1))
done
same 'nothing leads elsewhere' 0 $moved

# ---- the audit ---------------------------------------------------------------------------------

audited() { # PART...
  local part
  cp audit.log lines
  for part in "$@"; do grep -F -- "$part" lines >lines.new || true; mv lines.new lines; done
  [ -s lines ]
}
if audited '"client":"operator.example"' '"asked":"GET /v1/device-records/{id}"' '"imei":"35693804000001"' '"outcome":"ok"' &&
  audited '"asked":"GET /DeviceID={id}"' '"status":304' && audited '"client":"narrow.example"' '"imei":"35693803000002"' '"outcome":"no-device"' &&
  audited '"client":null' '"outcome":"no-certificate"'; then
  passed 'the audit log has who asked for which device, and what was said'
else
  missed 'the audit log has who asked for which device, and what was said' "$(tail -5 audit.log)"
fi

# ---- the plain download ------------------------------------------------------------------------

hup() { # EVENT
  local before
  before=$(grep -c "\"event\":\"$1\"" log || true)
  kill -HUP "$repod"
  wait_for 60 more_of "$1" "$before"
}
more_of() { [ "$(grep -c "\"event\":\"$1\"" log)" -gt "$2" ]; }
config 'site: {open: true, crl: [device-ca.crl], requests_per_second: 1, burst: 12}'
holds 'the site is opened' hup reloaded
download '' tracker-2
holds 'then whoever comes gets a chain' openssl verify -CAfile device-ca.crt -untrusted chain.pem part.00
heads '' "$url/DeviceID=tracker-2"
same 'which everybody may keep' 'public, max-age=60' "$(header cache-control)"
as '' "$url/crl/device-ca.crl"
holds 'and the lists' openssl crl -inform DER -in said -CAfile device-ca.crt -noout
refuses 'but no record' 403 no-certificate '' "$r/tracker-2"
refuses 'nor a binding' 403 no-certificate '' "$b/35693804000001"
refuses 'and publishes nothing' 403 no-certificate '' -X PUT "$b/35693804000001/provisioning" -d "$(row meter x)"
refuses 'a certificate that is not good is refused as before' 403 certificate-untrusted foreign "$url/DeviceID=tracker-2"
refuses 'an id that nobody has' 404 no-device '' "$url/DeviceID=nobody"
refuses 'one of a device that was revoked' 410 device-revoked '' "$url/DeviceID=phone-1"
does 'the audit has it' 200 CERTIFICATE '' "$url/DeviceID=tracker-2"
if audited '"client":null' '"asked":"GET /DeviceID={id}"' '"imei":"35693803000002"' '"outcome":"ok"'; then passed 'without a name'; else missed 'without a name'; fi
# many CLIENT [CURL OPTION...] <ADDRESSES: one after the other over one connection, quicker than a second refills what was
# taken; the statuses, and what each was told in many.0 and so on.
many() {
  local who=$1 at n=0
  shift
  while read -r at; do
    printf 'url = "%s"\noutput = "many.%d"\n' "$at" "$n"
    n=$((n + 1))
  done >many.curl
  curl -s -w '%{http_code}\n' --max-time 60 --path-as-is --cacert ca.crt ${who:+--cert "$who.crt" --key "$who.key"} -K many.curl "$@" || true
}
statuses=$(for _ in $(seq 60); do echo "$url/DeviceID=tracker-2"; done | many '')
limited=$(grep -q 429 <<<"$statuses" && sed -n 's/.*problems\/\([^"]*\).*/\1/p' many.? many.?? | sort -u || true)
same 'an address that asks too often waits' too-many-requests "$limited"
does 'another address does not' 200 CERTIFICATE '' --interface 127.0.0.2 "$url/DeviceID=tracker-2"
does 'nor who shows a certificate' 200 CERTIFICATE operator "$url/DeviceID=tracker-2"
guesses=$(for _ in $(seq 30); do echo "$url/DeviceID=$(openssl rand -hex 16)"; done | many '' --interface 127.0.0.3 |
  grep -c '^404$' || true)
if [ "$guesses" -lt 30 ]; then passed 'who guesses ids is slowed down'; else missed 'who guesses ids is slowed down' "$guesses"; fi

# ---- configuration -----------------------------------------------------------------------------

config 'site: {crl: [no.crl]}'
holds 'a list that is not there is no configuration' hup reload-refused
does 'and the one before stands' 200 CERTIFICATE '' --interface 127.0.0.4 "$url/DeviceID=tracker-2"
config ''
holds 'the site is taken away' hup reloaded
refuses 'then there is nothing at its paths' 404 no-such-path operator "$r/tracker-2"
refuses 'none of them' 404 no-such-path operator "$url/DeviceID=tracker-2"
refuses 'for nobody' 403 no-certificate '' "$url/DeviceID=tracker-2"
stop
config 'site: {}'
start
r=$url/v1/device-records
does 'after a restart it is there as it was' 200 '"id":"tracker-2"' operator "$r/tracker-2"
device_record 'after a restart' tracker-2 35693803000002 M1 tracker 1
if grep -q "AddressSanitizer\|runtime error" log; then missed 'no sanitizer spoke' "$(cat log)"; fi
stop
finish
