#!/usr/bin/env bash
# bindery-repod as its clients meet it: curl with certificates that the openssl command made, every
# refusal by its name, records whose signatures the openssl command verifies, and a client that is slow
# on purpose.
#
# The repository is src/nf/repod/api.c with src/nf/repod/api_view.c and src/nf/repod/api_bulk.c,
# src/nf/repod/serve.c and src/nf/repod/audit.c, run by bindery-repod. Who means it ill, and a reload, are
# repod_attacks.sh's.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
umask 077
cd "$work"
# shellcheck source=test/live/lib/repod.sh
. "$live_here/lib/repod.sh"
repod_certificates


# ---- the repository ----------------------------------------------------------------------------

cat >repod.yaml <<'C'
listener: {address: "https://127.0.0.1:0", certificate: server.crt, key: server.key, ca: ca.crt, crl: ca.crl}
signing_key: records.key
store: repod.db
audit: audit.log
manufacturers:
  - {name: maker.example, ranges: ["35693803", "35693804"]}
  - {name: other-maker.example, ranges: ["35693900"], device_ca: device-ca.crt}
operators:
  - {name: operator.example}
  - {name: narrow.example, ranges: ["35693803"]}
limits: {header_seconds: 10, body_seconds: 10, bulk_rows: 3000, requests_per_second: 100000, burst: 100000}
C
: >log
start

# ---- publishing and asking ---------------------------------------------------------------------

does 'a manufacturer publishes a key on P-256' 201 '"did":"added"' maker -X PUT "$b/$imei/identity" -d "$(key p256)"
first=$(member serial)
does 'the same again changes nothing' 200 '"did":"unchanged"' maker -X PUT "$b/$imei/identity" -d "$(key p256)"
for kind in p384 ed25519 rsa2048; do
  n=$((${n:-0} + 1))
  does "a key of kind $kind is taken" 201 added maker -X PUT "$b/3569380300000$n/identity" -d "$(key $kind)"
done
does 'an operator finds the binding by its IMEI' 200 "\"public_key\":\"$(spki p256.key)\"" operator "$b/$imei"
record_of 1
record_verifies 'openssl verifies the record with the signing key'
digest=$(openssl pkey -in p256.key -pubout -outform DER 2>/dev/null | digest_of)
record_names 'the signed content names the IMEI, the use and the digest of the key' $imei 1 2 "$digest"
same 'the digest is shown too' "$digest" "$(member digest)"
printf 'x' | dd of=record bs=1 seek=40 conv=notrunc 2>/dev/null
if openssl dgst -sha256 -verify records.pub -signature signature.der record >/dev/null 2>&1; then
  missed 'a record with another IMEI does not verify'
else
  passed 'a record with another IMEI does not verify'
fi
does 'the signing key is told' 200 "$(openssl pkey -in records.key -pubout -outform DER | base64 -w0)" operator "$url/v1/signer"
does 'a certificate with its CA is taken' 201 added maker -X PUT "$b/35693804000001/identity" -d "$(chain device)"
does 'and found with its chain' 200 "\"certificates\":[\"$(der device.crt)\",\"$(der device-ca.crt)\"]" operator "$b/35693804000001"
does 'a provisioning certificate stands beside it' 201 added maker -X PUT "$b/35693804000001/provisioning" -d "$(chain device-kem)"
does 'a chain to the configured CA needs no root in it' 201 added other-maker -X PUT "$b/35693900000001/identity" -d "{\"certificates\":[\"$(der device.crt)\"]}"
certified=$(openssl x509 -in device.crt -outform DER | digest_of)
shown() { # IMEI N: the N-th certificate of the chain that an operator is given, in PEM
  as operator "$b/$1"
  grep -o '"certificates":\[[^]]*' said | head -1 | cut -d'[' -f2 | tr -d '"' | tr ',' '\n' | sed -n "$2p" |
    base64 -d | openssl x509 -inform DER
}
for each in 35693804000001 35693900000001; do
  shown $each 1 >leaf.pem
  record_of 1
  record_verifies "openssl verifies the record of the chain of $each"
  record_names 'which names the IMEI and the digest of its certificate' $each 1 1 "$certified"
  if [ $each = 35693804000001 ]; then shown $each 2 >root.pem; else cp device-ca.crt root.pem; fi
  holds 'and the chain, from what was kept with it or from the configured CA' openssl verify -CAfile root.pem leaf.pem
done

# ---- replacing, revoking, history, changes -----------------------------------------------------

refuses 'another key does not overwrite' 409 other-key maker -X PUT "$b/$imei/identity" -d "$(key p256b)"
refuses 'a wrong serial does not replace' 409 not-newest maker -X PUT "$b/$imei/identity" -d "$(key p256b ',"replaces":999')"
does 'a key is replaced by naming its record' 200 replaced maker -X PUT "$b/$imei/identity" -d "$(key p256b ",\"replaces\":$first")"
refuses 'a key of one use is not taken for the other' 409 key-in-other-use maker -X PUT "$b/$imei/provisioning" -d "$(key p256b)"
does 'a binding is revoked' 200 '"did":"revoked"' maker -X DELETE "$b/$imei/identity"
last=$(member serial)
does 'and again without a change' 200 unchanged maker -X DELETE "$b/$imei/identity"
does 'an operator sees that it is revoked' 200 '"status":"revoked"' operator "$b/$imei"
refuses 'a revoked key does not come back' 409 key-revoked maker -X PUT "$b/$imei/identity" -d "$(key p256b ",\"replaces\":$last")"
refuses 'nothing is revoked where nothing is' 404 no-binding maker -X DELETE "$b/35693803999999/identity"
as maker "$b/$imei/identity/history"
if [ "$(grep -o '"serial":' said | wc -l)" = 3 ]; then passed 'the history has all three records'; else missed 'the history has all three records' "$(cat said)"; fi
as operator "$url/v1/changes?after=0&limit=4"
next=$(member next)
does 'changes are paged by their serial' 200 "\"serial\":$((next + 1))" operator "$url/v1/changes?after=$next"
all=$(as operator "$url/v1/changes?after=0&limit=1000" && member next)
does 'who has seen more than there is learns it' 200 "\"next\":$all," operator "$url/v1/changes?after=1000000"
as narrow "$url/v1/changes?after=0"
if ! grep -q '"imei":"35693[89]0[4-9]' said && grep -q '"imei":"35693803' said; then
  passed 'changes show an operator its ranges only'
else
  missed 'changes show an operator its ranges only' "$(cat said)"
fi

# ---- who may not -------------------------------------------------------------------------------

refuses 'a manufacturer does not publish outside its ranges' 403 outside-grant maker -X PUT "$b/35693900000002/identity" -d "$(key p256)"
refuses 'nor look there' 403 outside-grant maker "$b/35693900000001"
#= test devid-authorised
refuses 'an operator without a grant is refused where a binding is' 403 no-grant unlisted "$b/$imei"
cp said there
refuses 'and where none is' 403 no-grant unlisted "$b/35693803111111"
same 'in the same words' "$(cat there)" "$(cat said)"
refuses 'outside its ranges an operator learns nothing where a binding is' 403 outside-grant narrow "$b/35693900000001"
cp said there
refuses 'and where none is, too' 403 outside-grant narrow "$b/35693900999999"
same 'in the same words again' "$(cat there)" "$(cat said)"
refuses 'an operator who may ask is told that there is none' 404 no-binding operator "$b/35693900999999"
refuses "the manufacturer's role under an operator's name asks nothing" 403 no-grant spy "$b/$imei"
refuses 'nor takes the changes' 403 wrong-role spy "$url/v1/changes"
refuses 'an operator publishes nothing' 403 wrong-role operator -X PUT "$b/$imei/identity" -d "$(key p256)"
refuses 'a certificate without a role is nobody' 403 wrong-role roleless "$b/$imei"
refuses 'an expired certificate is refused' 403 certificate-expired expired "$b/$imei"
refuses 'so is one of another CA' 403 certificate-untrusted foreign "$b/$imei"
refuses 'and a revoked one' 403 certificate-revoked revoked "$b/$imei"
refuses 'and one that is for servers' 403 certificate-refused server-only "$b/$imei"
refuses 'and none' 403 no-certificate '' "$b/$imei"
refuses 'and a chain of eight' 403 certificate-chain-too-large long "$b/$imei"
if curl -s --max-time 5 --tls-max 1.2 --cacert ca.crt --cert operator.crt --key operator.key "$b/$imei" >/dev/null; then
  missed 'TLS 1.2 is not spoken'
else
  passed 'TLS 1.2 is not spoken'
fi

# ---- what cannot be published ------------------------------------------------------------------

p=$b/35693803777777/identity
refuses 'RSA of 1024 bits' 422 key-unsupported maker -X PUT "$p" -d "$(key rsa1024)"
refuses 'a curve that is not taken' 422 key-unsupported maker -X PUT "$p" -d "$(key p521)"
refuses 'Ed25519 for provisioning' 422 key-unsupported maker -X PUT "$b/35693803777777/provisioning" -d "$(key ed25519)"
refuses 'a key that is none' 422 key-malformed maker -X PUT "$p" -d '{"public_key":"AAAA"}'
refuses 'base64 with white space' 422 key-malformed maker -X PUT "$p" -d '{"public_key":"AA AA"}'
refuses 'a chain that is none' 422 key-malformed maker -X PUT "$p" -d '{"certificates":["AAAA","AAAA"]}'
refuses 'an empty chain' 422 chain-malformed maker -X PUT "$p" -d '{"certificates":[]}'
refuses 'a chain in the wrong order' 422 chain-untrusted maker -X PUT "$p" -d "{\"certificates\":[\"$(der device-ca.crt)\",\"$(der device.crt)\"]}"
refuses 'a certificate without its CA' 422 chain-untrusted maker -X PUT "$p" -d "{\"certificates\":[\"$(der device.crt)\"]}"
refuses 'a chain with a stranger in it' 422 chain-malformed maker -X PUT "$p" -d "{\"certificates\":[\"$(der device.crt)\",\"$(der ca.crt)\",\"$(der device-ca.crt)\"]}"
refuses 'a chain to another CA than the configured one' 422 chain-untrusted other-maker -X PUT "$b/35693900777777/identity" -d "{\"certificates\":[\"$(der server.crt)\"]}"
refuses 'an expired device certificate' 422 chain-expired maker -X PUT "$p" -d "$(chain device-old)"
refuses 'a certificate whose usage is another' 422 chain-usage maker -X PUT "$p" -d "$(chain device-kem)"
many=$(for i in 1 2 3 4 5 6 7; do printf '"AAAA",'; done)
refuses 'a chain of seven' 422 chain-too-large maker -X PUT "$p" -d "{\"certificates\":[${many%,}]}"
refuses 'a validity that is over' 422 bad-validity maker -X PUT "$p" -d "$(key p256 ',"not_after":1000')"
refuses 'a member twice' 400 not-json maker -X PUT "$p" -d '{"public_key":"AAAA","public_key":"AAAA"}'
refuses 'no JSON' 400 not-json maker -X PUT "$p" -d '{'
refuses 'no object' 400 not-json maker -X PUT "$p" -d '[]'
refuses 'an unknown member' 422 unknown-member maker -X PUT "$p" -d "$(key p256 ',"x":1')"
refuses 'neither key nor chain' 422 missing-member maker -X PUT "$p" -d '{}'
refuses 'both' 422 bad-member maker -X PUT "$p" -d '{"public_key":"","certificates":[]}'
head -c 100000 /dev/zero | tr '\0' ' ' >large
refuses 'a body that is too large' 413 too-large maker -X PUT "$p" --data-binary @large
does 'none of these left anything' 404 no-binding operator "$b/35693803777777"

# ---- paths -------------------------------------------------------------------------------------

refuses 'an unknown path' 404 no-such-path operator "$url/v1/nothing"
refuses 'a path with dots' 400 bad-parameter operator "$b/.."
refuses 'dots in the middle' 400 bad-parameter maker -X PUT "$b/../identity" -d "$(key p256)"
refuses 'an escaped slash' 400 bad-parameter operator "$b/%2e%2e%2fchanges"
refuses 'an escaped digit' 400 bad-parameter operator "$b/3569380356438%30"
refuses 'an escaped NUL' 400 bad-parameter operator "$b/$imei%00"
refuses 'two slashes' 404 no-such-path operator "$url//v1/bindings/$imei"
refuses 'a slash at the end' 404 no-such-path operator "$b/$imei/"
refuses 'an IMEI that is none' 400 bad-parameter operator "$b/123"
refuses 'a wrong check digit' 400 bad-parameter operator "$b/${imei}8"
refuses 'a use that is none' 400 bad-parameter maker -X PUT "$b/$imei/other" -d "$(key p256)"
refuses 'an unknown parameter' 400 bad-parameter operator "$url/v1/changes?x=1"
refuses 'a parameter twice' 400 bad-parameter operator "$url/v1/changes?after=1&after=2"
refuses 'a limit beyond its range' 400 bad-parameter operator "$url/v1/changes?limit=1001"
refuses 'a method that the path does not take' 405 method-not-allowed operator -X POST "$b/$imei" -d x
refuses 'a body where none belongs' 413 too-large operator -X GET "$b/$imei" -d x

# ---- bulk --------------------------------------------------------------------------------------

pub=$(spki p256.key)
{
  for i in $(seq 1 2000); do
    printf '{"imei":"35693803%06d","use":"identity","public_key":"%s"}\n' $((100000 + i)) "$pub"
  done
  printf '{"imei":"35693900000009","use":"identity","public_key":"%s"}\n' "$pub"
  printf '{"imei":"35693803100001","use":"identity","revoke":true}\n'
  printf '{"imei":"35693803100002","use":"identity","public_key":"%s"}\n' "$(spki p256b.key)"
  printf '{"imei":1}\nnothing\n'
} >rows
does 'a bulk is taken row by row' 200 '{"report":{"rows":2005,"added":2000,"replaced":0,"revoked":1,"unchanged":0,"refused":4}}' maker -H 'Content-Type: application/x-ndjson' --data-binary @rows "$url/v1/bulk"
for cause in outside-grant other-key missing-member not-json; do
  grep -q "\"did\":\"refused\",\"cause\":\"$cause\"" said && found="${found:-} $cause"
done
same 'each refused row has its cause' ' outside-grant other-key missing-member not-json' "${found:-}"
does 'the same bulk again changes nothing' 200 '"added":0,"replaced":0,"revoked":0,"unchanged":' maker --data-binary @<(sed 2000q rows | sed 1d) "$url/v1/bulk"
for i in $(seq 1 2); do sed 2000q rows; done >"more"
as maker --data-binary @more "$url/v1/bulk"
if [ "$status" = 413 ] && tail -1 said | grep -q '"rows":3000.*"ended":"too-many-rows"'; then
  passed 'a bulk ends at its limit and says so'
else
  missed 'a bulk ends at its limit and says so' "$status" "$(tail -1 said)"
fi
as maker --data-binary @large "$url/v1/bulk"
if [ "$status" = 413 ] && grep -q '"ended":"too-large"' said; then
  passed 'a row without an end is refused'
else
  missed 'a row without an end is refused' "$status" "$(cat said)"
fi

# ---- slow clients ------------------------------------------------------------------------------

slow() { # SENTENCE TEXT: says it, then a space now and then; the server must end it.
  local rc=0
  {
    printf '%b' "$2"
    while printf ' '; do sleep 0.2; done
  } 2>/dev/null | timeout 60 openssl s_client -quiet -no_ign_eof -connect "${url#https://}" \
    -cert operator.crt -key operator.key -CAfile ca.crt >/dev/null 2>&1 || rc=$?
  if [ "$rc" != 124 ]; then passed "$1"; else missed "$1" "after 60 s it is still there"; fi
}
slow_start() { # half a TLS record, and then nothing
  exec 9<>"/dev/tcp/127.0.0.1/${url##*:}"
  printf '\x16\x03\x01\x02\x00\x01' >&9
}
slow_start
does 'half a handshake holds up nobody' 200 '"imei"' operator "$b/$imei"
if timeout 60 cat <&9 >/dev/null; then passed 'and is cut off'; else missed 'and is cut off' 'after 60 s it is still there'; fi
exec 9>&-
slow 'a header that never ends is cut off' 'GET /v1/changes HTTP/1.1\r\nHost: localhost\r\nX: '
slow 'a body that never ends is cut off' 'PUT /v1/bindings/35693803564380/identity HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n'
does 'others are served meanwhile' 200 '"imei"' operator "$b/$imei"

# ---- the audit, and a restart ------------------------------------------------------------------

audited() { # PART...
  local line=audit.log part
  cp "$line" lines
  for part in "$@"; do grep -F -- "$part" lines >lines.new || true; mv lines.new lines; done
  [ -s lines ]
}
if audited '"client":"operator.example"' '"asked":"GET /v1/bindings/{imei}"' "\"imei\":\"$imei\"" '"outcome":"ok"' &&
  audited '"client":null' '"outcome":"no-certificate"' && audited '"client":"unlisted.example"' '"outcome":"no-grant"'; then
  passed 'the audit log has who asked what, and what was said'
else
  missed 'the audit log has who asked what, and what was said' "$(head -5 audit.log)"
fi
stop
sed -i 's/requests_per_second: 100000, burst: 100000/requests_per_second: 1, burst: 2/' repod.yaml
start
does 'after a restart all is there' 200 '"status":"revoked"' operator "$b/$imei"
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
statuses=$(for _ in $(seq 30); do echo "$b/$imei"; done | many operator)
if grep -q 429 <<<"$statuses" && grep -qs too-many-requests many.*; then
  passed 'a client that asks too often waits (too-many-requests)'
else
  missed 'a client that asks too often waits (too-many-requests)' "$statuses"
fi
does 'and holds up nobody else' 200 '"imei"' narrow "$b/$imei"
if grep -q "AddressSanitizer\|runtime error" log; then missed 'no sanitizer spoke' "$(cat log)"; fi
stop
finish
