#!/usr/bin/env bash
# bindery-repod and those who mean it ill, one attack after the other by its name; what fails inside it;
# a bulk that breaks off, and one beside which others are served; and a reload of its configuration.
#
# Beside the files of repod.sh these are src/nf/repod/bulk.c, src/nf/repod/bulk_lines.c,
# src/nf/repod/crew.c and src/nf/repod/reload.c.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
umask 077
cd "$work"
# shellcheck source=test/live/lib/repod.sh
. "$live_here/lib/repod.sh"
repod_certificates
leaf not-yet ca "keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,$roles.1\nsubjectAltName=DNS:operator.example" -days 20
long=$(head -c 17000 /dev/zero | tr '\0' 'x')
leaf bloated ca "keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,$roles.1\nsubjectAltName=DNS:operator.example\nnsComment=$long" -days 20
leaf bloated-device device-ca "keyUsage=critical,digitalSignature\nnsComment=$long" -days 20
openssl req -x509 -newkey rsa:1024 -nodes -keyout weak-ca.key -out weak-ca.crt -days 30 -subj /CN=weak \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null
leaf device-weak weak-ca 'keyUsage=critical,digitalSignature' -days 20
mkdir store

answer=5 # so long may somebody take nothing of what he is told
config() { # EXTRA LINE OF operators, or none
  cat >repod.yaml <<C
listener: {address: "https://127.0.0.1:0", certificate: server.crt, key: server.key, ca: ca.crt, crl: ca.crl}
signing_key: records.key
store: store/repod.db
audit: audit.log
manufacturers:
  - {name: maker.example, ranges: ["35693803", "35693804"]}
  - {name: other-maker.example, ranges: ["35693900"]}
operators:
  - {name: operator.example}
${1:-}
limits: {header_seconds: 10, body_seconds: 30, answer_seconds: $answer, bulk_seconds: 600, connections_per_address: 20,
         connections_per_client: 4, requests_per_second: 100000, burst: 100000}
C
}
config
: >log
start
does 'a binding is there to be attacked' 201 added maker -X PUT "$b/$imei/identity" -d "$(key p256)"
does 'and one of another manufacturer' 201 added other-maker -X PUT "$b/35693900000001/identity" -d "$(key p256b)"

# ---- a manufacturer and other people's devices -------------------------------------------------

other=$b/35693900000001
refuses "a manufacturer does not replace another's binding" 403 outside-grant maker -X PUT "$other/identity" -d "$(key p384 ',"replaces":2')"
refuses 'nor revoke it' 403 outside-grant maker -X DELETE "$other/identity"
refuses 'nor add the other use' 403 outside-grant maker -X PUT "$other/provisioning" -d "$(key p384)"
refuses 'nor read it' 403 outside-grant maker "$other"
refuses 'nor its history' 403 outside-grant maker "$other/identity/history"
{
  printf '{"imei":"35693900000001","use":"identity","revoke":true}\n'
  printf '{"imei":"35693900000001","use":"identity","public_key":"%s","replaces":2}\n' "$(spki p384.key)"
  printf '{"imei":"35693805000000","use":"identity","public_key":"%s"}\n' "$(spki p384.key)"
} >rows
does 'nor in a bulk' 200 '"added":0,"replaced":0,"revoked":0,"unchanged":0,"refused":3' maker --data-binary @rows "$url/v1/bulk"
same 'where each row has its cause' 3 "$(grep -c '"cause":"outside-grant"' said)"
does 'the binding is as it was' 200 "$(spki p256b.key)" operator "$other"
does 'and active' 200 '"status":"active"' operator "$other"
refuses "a manufacturer takes no operator's changes" 403 wrong-role maker "$url/v1/changes"

# ---- those who have no business here -----------------------------------------------------------

refuses 'an operator without a grant takes no changes' 403 no-grant unlisted "$url/v1/changes"
refuses 'and learns no signing key' 403 no-grant unlisted "$url/v1/signer"
refuses "the manufacturer's role under an operator's name publishes nothing" 403 no-grant spy -X PUT "$b/$imei/identity" -d "$(key p256)"
refuses 'a certificate with a chain of too many octets' 403 certificate-chain-too-large bloated "$b/$imei"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout self.key -out self.crt -days 9 -subj /CN=self \
  -addext "extendedKeyUsage=clientAuth,$roles.1" -addext subjectAltName=DNS:operator.example 2>/dev/null
refuses 'a certificate that signs itself' 403 certificate-untrusted self "$b/$imei"
mkdir ca-files
openssl ca -config <(sed 's/^database.*/&\nserial = serial\nnew_certs_dir = ca-files\npolicy = any/; $a [any]\ncommonName = supplied' ca.cnf) -batch \
  -cert ca.crt -keyfile ca.key -in not-yet.csr -extfile not-yet.ext -startdate 20400101000000Z -enddate 20410101000000Z \
  -out not-yet.crt -create_serial -notext 2>/dev/null
refuses 'a certificate whose time has not come' 403 certificate-expired not-yet "$b/$imei"

# ---- oversized and twisted ---------------------------------------------------------------------

p=$b/35693803777777/identity
many=$(for _ in 1 2 3 4 5 6 7; do printf '"%s",' "$(der device.crt)"; done)
refuses 'an oversized chain: seven certificates' 422 chain-too-large maker -X PUT "$p" -d "{\"certificates\":[${many%,}]}"
printf '{"certificates":["%s","%s"]}' "$(der bloated-device.crt)" "$(der device-ca.crt)" >body
refuses 'an oversized chain: too many octets' 422 chain-too-large maker -X PUT "$p" --data-binary @body
printf '{"certificates":["%s","%s"]}' "$(der device-weak.crt)" "$(der weak-ca.crt)" >body
refuses 'a chain from a CA with a weak key' 422 chain-weak maker -X PUT "$p" --data-binary @body
{ printf '{"public_key":"' && head -c 70000 /dev/zero | tr '\0' 'A' && printf '"}'; } >body
refuses 'oversized JSON' 413 too-large maker -X PUT "$p" --data-binary @body
head -c 60000 /dev/zero | tr '\0' '[' >body
refuses 'deep JSON' 400 not-json maker -X PUT "$p" --data-binary @body
{ for _ in $(seq 10000); do printf '{"a":'; done && printf 1 && for _ in $(seq 10000); do printf '}'; done && echo; } >deep
{
  cat deep
  printf '{"imei":"35693803000001","use":"identity","%s":1}\n' "$(printf 'x\303\251%.0s' $(seq 30))"
  printf '{"imei":"35693803000001","use":"identity","a\\"b\\\\":1}\n'
  printf '\377\376\n{"imei":"35693803\\u0000","use":"identity"}\n'
  printf '{"imei":"35693803000001","use":"identity","public_key":"%s"}\n' "$(spki p256.key)"
} >rows
as maker --data-binary @rows "$url/v1/bulk"
same 'deep JSON, names cut inside a character, octets that are no text: each refused alone, the good row is taken' \
  'not-json unknown-member unknown-member not-json not-json added' \
  "$(sed -n 's/.*"cause":"\([^"]*\)".*/\1/p; s/.*"did":"\(added\)".*/\1/p' said | xargs)"
if perl -MJSON::PP -ne 'decode_json($_)' said 2>why; then passed 'and each line of the report is JSON'; else missed 'and each line of the report is JSON' "$(cat why)"; fi
does 'none of these left anything' 404 no-binding operator "$b/35693803777777"

# ---- slow clients ------------------------------------------------------------------------------

port=${url##*:}
established() { grep -ci " 0100007F:$(printf %04X "$port") [0-9A-F:]* 01 " /proc/net/tcp || true; }
nobody_left() { [ "$(established)" = 0 ]; }
held=()
for _ in $(seq 30); do
  exec {fd}<>"/dev/tcp/127.0.0.1/$port"
  held+=("$fd")
done
does 'thirty connections that say nothing take no place from another address' 200 '"imei"' operator --interface 127.0.0.2 "$b/$imei"
if wait_for 60 nobody_left; then passed 'and they are cut off'; else missed 'and they are cut off' "$(established)"; fi
for fd in "${held[@]}"; do exec {fd}>&-; done
does 'then their address is served again' 200 '"imei"' operator "$b/$imei"
tls() { # CLIENT. With -no_ign_eof s_client takes a K at a line's begin for a command
  openssl s_client -quiet -ign_eof -connect "127.0.0.1:$port" -cert "$1.crt" -key "$1.key" -CAfile ca.crt 2>/dev/null
}
# A report of this size (16 MB) does not fit the sockets' buffers, and is not read.
perl -e 'printf qq({"imei":"35693804%06d","use":"identity","revoke":true}\n), $_ for 1 .. 120000' >rows
mkfifo unread
{ printf 'POST /v1/bulk HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n' "$(wc -c <rows)" && cat rows && sleep 300; } 2>/dev/null |
  tls maker >unread &
pids+=("$!")
exec 7<unread
does 'a report that nobody takes holds up nobody' 200 '"imei"' operator "$b/$imei"
answered() { grep -q '"event":"bulk"' log && nobody_left; }
if wait_for 240 answered; then passed 'and who does not take it is cut off'; else missed 'and who does not take it is cut off' "$(established)"; fi
exec 7<&-
fill=()
for _ in 1 2 3 4; do # that have asked once: so many a client may have
  coproc HELD { { printf 'GET /v1/signer HTTP/1.1\r\nHost: x\r\n\r\n' && sleep 120; } | tls operator; }
  pids+=("$HELD_PID")
  read -r line <&"${HELD[0]}"
  fill+=("${line%$'\r'}")
done 2>/dev/null
same 'a client has its connections' 'HTTP/1.1 200 OK' "${fill[3]}"
refuses 'and no more of them' 429 too-many-connections operator "$b/$imei"
does 'while another client has its own' 200 '"imei"' maker "$b/$imei"

# ---- what fails inside -------------------------------------------------------------------------

mv audit.log audit.1
mkdir audit.log
refuses 'what cannot be audited is not answered' 500 audit-failed maker "$b/$imei"
rmdir audit.log
does 'and is answered again when it can be' 200 '"imei"' maker "$b/$imei"
mv store elsewhere
refuses 'a bulk without a place for its report' 500 store-failed maker --data-binary @rows "$url/v1/bulk"
mv elsewhere store
stop

# ---- bulk --------------------------------------------------------------------------------------

rm -f store/repod.db*
answer=60 # the reports are large, and who reads them may be held up
config
start
pub=$(spki p256.key)
for i in $(seq 0 19999); do printf '{"imei":"35693803%06d","use":"identity","public_key":"%s"}\n' "$i" "$pub"; done >rows
mkfifo stream
send() { curl -s -o report --max-time 600 --cacert ca.crt --cert maker.crt --key maker.key -T stream -X POST "$url/v1/bulk"; }
send &
curl=$!
pids+=("$curl")
{
  head -n 19999 rows
  until [ -e served ]; do sleep 0.05; done
  tail -n 1 rows
} >stream &
pids+=("$!")
does 'while a bulk is read others are answered' 200 '"signer"' operator "$url/v1/signer"
has_row() { as operator "$b/3569380300$1" && [ "$status" = 200 ]; }
if wait_for 240 has_row 5000; then passed 'and see the rows that are done'; else missed 'and see the rows that are done'; fi
touch served
wait "$curl" || true
same 'the bulk is done when its last row is' '{"report":{"rows":20000,"added":20000,"replaced":0,"revoked":0,"unchanged":0,"refused":0}}' "$(tail -n 1 report)"
same 'serials have no gap' '{"row":20000,"imei":"35693803019999","did":"added","serial":20000}' "$(sed -n 20000p report)"
stop
rm -f store/repod.db* served
start
send &
curl=$!
pids+=("$curl")
{
  head -n 10000 rows
  until [ -e served ]; do sleep 0.05; done
} >stream &
pids+=("$!")
wait_for 240 has_row 5000 || true
kill -KILL "$repod"
wait "$repod" || true
touch served
wait "$curl" || true
: >log
start
as maker --max-time 600 --data-binary @rows "$url/v1/bulk"
done_before=$(grep -c '"did":"unchanged"' said)
same 'after a crash the same bulk ends what was begun' "20000 0" "$((done_before + $(grep -c '"did":"added"' said))) $(grep -c '"did":"refused"' said)"
if [ "$done_before" -ge 5000 ]; then passed 'without doing twice what was committed'; else missed 'without doing twice what was committed' "$done_before"; fi
same 'and no record stands twice' '{"row":20000,"imei":"35693803019999","did":"added","serial":20000}' "$(sed -n 20000p said)"
rm rows stream

# ---- reload ------------------------------------------------------------------------------------

hup() { # EVENT
  local before
  before=$(grep -c "\"event\":\"$1\"" log || true)
  kill -HUP "$repod"
  wait_for 60 more_of "$1" "$before"
}
more_of() { [ "$(grep -c "\"event\":\"$1\"" log)" -gt "$2" ]; }
imei=35693803000001
refuses 'before a reload he has no grant' 403 no-grant unlisted "$b/$imei"
config '  - {name: unlisted.example}'
holds 'SIGHUP reads the configuration again' hup reloaded
does 'a grant that was added counts' 200 '"imei"' unlisted "$b/$imei"
config '  - {name: operator.example, rangs: ["35693803"]}'
holds 'a file with a fault is refused' hup reload-refused
same 'with the place' 1 "$(grep '"reload-refused"' log | tail -n 1 | grep -c 'repod.yaml:10:.*rangs')"
does 'and the old grants stand' 200 '"imei"' unlisted "$b/$imei"
config '  - {name: unlisted.example}'
sed -i 's/^audit: .*/audit: other.log/' repod.yaml
holds 'what needs a restart is named' hup reloaded
same 'by its key' 1 "$(grep '"reloaded"' log | tail -n 1 | grep -c 'needs-restart: audit')"
config
sed -i 's/crl: ca.crl/crl: no.crl/' repod.yaml
holds 'and one whose revocation list is not there' hup reload-refused
same 'with the file' 1 "$(grep '"reload-refused"' log | tail -n 1 | grep -c 'no.crl: cannot be read')"
does 'nothing of it has changed anything' 200 '"imei"' unlisted "$b/$imei"
config
holds 'the grant is taken back' hup reloaded
refuses 'which counts too' 403 no-grant unlisted "$b/$imei"
openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -revoke operator.crt 2>/dev/null
openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -gencrl -out ca.crl 2>/dev/null
does 'a revocation that is not read yet' 200 '"imei"' operator "$b/$imei"
holds 'is read with the reload' hup reloaded
refuses 'and counts from the next request on' 403 certificate-revoked operator "$b/$imei"
cat ca.crt stranger.crt >both.crt
sed -i 's/ca: ca.crt, crl: ca.crl/ca: both.crt/' repod.yaml
refuses 'a client of another CA' 403 certificate-untrusted foreign "$b/$imei"
holds 'whose CA is added' hup reloaded
does 'is let in' 200 '"imei"' foreign "$b/$imei"
openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -gencrl -crlsec 1 -out ca.crl 2>/dev/null
config
sleep 1.1 # until the list is over
holds 'a list that is over is read' hup reloaded
refuses 'but lets nobody in' 403 certificate-refused maker "$b/$imei"
sed -i 's/, crl: ca.crl//' repod.yaml
holds 'until there is another, or none' hup reloaded
does 'as before' 200 '"imei"' maker "$b/$imei"

# ---- the store is damaged ----------------------------------------------------------------------

stop
start
truncate -s 8192 store/repod.db
refuses 'a damaged store is no answer' 500 store-failed maker "$b/35693803010000"
if grep -q "AddressSanitizer\|runtime error" log; then missed 'no sanitizer spoke' "$(cat log)"; fi
stop
finish
