#!/usr/bin/env bash
# bindery-rsmfd as its clients meet it: curl with certificates that the openssl command made, as an operator
# that delivers and as secure elements that fetch, with a kill -9 between any two steps.
#
# The program is src/programs/bindery-rsmfd.c over src/nf/rsmfd/rsmfd.c, src/nf/rsmfd/operators.c,
# src/nf/rsmfd/devices.c, src/nf/rsmfd/view.c and src/nf/rsmfd/admin.c.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
umask 077
cd "$work"
# shellcheck source=test/live/lib/repod.sh
. "$live_here/lib/repod.sh"

# ---- certificates ------------------------------------------------------------------------------

part_number() { # NAME: a CA under the CI
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null
  openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
  printf 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n' >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ci.crt -CAkey ci.key -set_serial "0x$(openssl rand -hex 8)" -extfile "$1.ext" \
    -out "$1.crt" -days 20 2>/dev/null
}
element() { # NAME PART-NUMBER: with the chain that it shows
  client "$1" 5 "$1.example" "$2"
  cat "$1.crt" "$2.crt" >"$1.chain"
}
list() { # CA [REVOKED]
  printf '[ca]\ndefault_ca = it\n[it]\ndatabase = %s.txt\ndefault_md = sha256\ndefault_crl_days = 10\n' "$1" >ca.cnf
  : >>"$1.txt"
  [ -z "${2:-}" ] || openssl ca -config ca.cnf -cert "$1.crt" -keyfile "$1.key" -revoke "$2.crt" 2>/dev/null
  openssl ca -config ca.cnf -cert "$1.crt" -keyfile "$1.key" -gencrl -out "$1.crl" 2>/dev/null
}
ca ci
ca ops
part_number pn
element se pn
element se2 pn
second_realm=epc.mnc002.mcc002.3gppnetwork.org
client operator 4 "$realm" ops
cp operator.crt operator.chain
client second 4 $second_realm ops
cp second.crt second.chain
leaf server ops "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost" -days 20
leaf rsmf ci "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:rsmf.$realm,DNS:rsmf.$second_realm" -days 20
list ci
list pn
cat ci.crl pn.crl >devices.crl

# ---- the RSMF ----------------------------------------------------------------------------------

cat >rsmfd.yaml <<'C'
plmn: "001-01"
listen: "https://127.0.0.1:0"
certificate: server.crt
key: server.key
ca: ops.crt
operators: ["001-01", "002-02"]
devices:
  listen: "https://127.0.0.1:0"
  certificate: rsmf.crt
  key: rsmf.key
  ci: {roots: ci.crt, crl: devices.crl}
  sources: ["127.0.0.0/8"]
store: rsmf.db
kek: rsmf.kek
admin: rsmfd.sock
limits: {requests_per_second: 100000, burst: 100000}
C
: >log
up() {
  local before
  before=$(grep -c '"event":"ready"' log || true)
  "$BINDERY_BUILD/bindery-rsmfd" --config rsmfd.yaml 2>>log &
  rsmfd=$!
  pids+=("$rsmfd")
  more() { [ "$(grep -c '"event":"ready"' log || true)" -gt "$before" ]; }
  wait_for 60 more
  port=$(sed -n 's/.*"listener":"[^"]*:\([0-9]*\)".*"devices".*/\1/p' log | tail -1)
  devices=$(sed -n 's/.*"devices":"[^"]*:\([0-9]*\)".*/\1/p' log | tail -1)
}
crash() {
  kill -9 "$rsmfd"
  wait "$rsmfd" 2>/dev/null || true
  up
}
# as CLIENT ARGUMENT... : at the listener that is its own; the answer goes to said, its status to $status.
as() {
  local who=$1 ca=ci.crt
  shift
  case $who in operator | second) ca=ops.crt ;; esac
  status=$(curl -s -o said -w '%{http_code}' --max-time 30 --cacert $ca --resolve "rsmf.$realm:$devices:127.0.0.1" \
    --resolve "rsmf.$second_realm:$devices:127.0.0.1" \
    --cert "$who.chain" --key "$who.key" "$@") || true
}
digest() { openssl x509 -in "$1.crt" -outform DER | digest_of; }
digest_of() { openssl dgst -sha256 -r | cut -d' ' -f1; }
delivery() { printf 'https://localhost:%s/v1/deliveries/%s' "$port" "$(digest "$1")"; }
profile_at() { printf 'https://rsmf.%s:%s/v1/profiles/%s' "${2:-$realm}" "$devices" "$(digest "$1")"; } # SE [REALM]
request() { printf '{"request":"%s"}' "$1"; }
k=$(random_hex 16)
# make_profile IMSI PLMN: version, IMSI, algorithm, K, OPc, RES, Keccak, PLMN, policy, APNs.
make_profile() {
  local hex
  hex="01 0008 $1 0001 01 0010 $k 0010 $(random_hex 16) 0001 08 0001 00 0003 $2 0001 00 0001 00"
  printf '%b' "$(tr -d ' ' <<<"$hex" | sed 's/../\\x&/g')" | base64 -w0
}
profile=$(make_profile 00010100800000f1 00f110)
theirs=$(make_profile 00020200800000f1 00f220)
one=$(random_hex 16)
two=$(random_hex 16)

holds 'the configuration is good' "$BINDERY_BUILD/bindery-rsmfd" --config rsmfd.yaml --check
sed 's/^kek: .*/kek: rsmf.db/' rsmfd.yaml >bad.yaml
status=0
"$BINDERY_BUILD/bindery-rsmfd" --config bad.yaml --check 2>bad || status=$?
same 'another is refused with the place of the fault' '2 bad.yaml:14:' "$status $(grep -o 'bad.yaml:[0-9]*:' bad)"
up

# ---- a delivery --------------------------------------------------------------------------------

refuses 'a device that comes too early gets nothing' 403 other-device se -X PUT "$(profile_at se)" -d "$(request "$one")"
does 'an operator delivers a profile' 201 '"phase":"ready"' operator -X PUT "$(delivery se)" \
  -d "{\"imsi\":\"001010000700001\",\"profile\":\"$profile\"}"
crash
does 'and again, after a crash: it is there' 200 '"serial":1' operator -X PUT "$(delivery se)" \
  -d "{\"imsi\":\"001010000700001\",\"profile\":\"$profile\"}"
refuses 'what was not fetched cannot be confirmed' 409 not-fetched se -X PUT "$(profile_at se)/installed" -d "$(request "$one")"
refuses "another device's profile is nobody's" 403 other-device se2 -X PUT "$(profile_at se)" -d "$(request "$one")"
does 'the device fetches its profile' 200 "\"profile\":\"$profile\"" se -X PUT "$(profile_at se)" -d "$(request "$one")"
crash
refuses 'another request does not get it, also after a crash' 409 already-fetched se -X PUT "$(profile_at se)" -d "$(request "$two")"
does 'the same request does' 200 "\"profile\":\"$profile\"" se -X PUT "$(profile_at se)" -d "$(request "$one")"
does 'the operator sees that it was fetched, and whence' 200 '"phase":"fetched","serial":2' operator "$(delivery se)"
same 'by its address' 127.0.0.1 "$(member fetched_from)"
does 'the device confirms it' 200 '{}' se -X PUT "$(profile_at se)/installed" -d "$(request "$one")"
crash
does 'and again, after a crash' 200 '{}' se -X PUT "$(profile_at se)/installed" -d "$(request "$one")"
does 'the operator finds the change' 200 '"phase":"confirmed","serial":3' operator "https://localhost:$port/v1/deliveries?after=2"

# ---- two operators -----------------------------------------------------------------------------

# The digest of an SE's certificate is no secret: it is in every SE CREDENTIALS.
#= test dimsi-rsmf-operators
does 'another operator leaves something for a device' 201 '"phase":"ready"' second -X PUT "$(delivery se2)" \
  -d "{\"imsi\":\"002020000700001\",\"profile\":\"$theirs\"}"
refuses 'of which its own operator has nothing yet' 403 other-device se2 -X PUT "$(profile_at se2)" -d "$(request "$one")"
does 'its own operator is not kept from it' 201 '"phase":"ready"' operator -X PUT "$(delivery se2)" \
  -d "{\"imsi\":\"001010000700002\",\"profile\":\"$profile\"}"
does 'the device gets what its own operator left' 200 "\"profile\":\"$profile\"" se2 -X PUT "$(profile_at se2)" -d "$(request "$one")"
does 'the other does not learn of it' 200 '"phase":"ready"' second "$(delivery se2)"
same 'nor where the device is' null "$(member fetched_from)"
crash
refuses 'nor is it confirmed to the other' 409 not-fetched se2 -X PUT "$(profile_at se2 $second_realm)/installed" -d "$(request "$one")"
does "by the other's name it gets the other's" 200 "\"profile\":\"$theirs\"" se2 -X PUT "$(profile_at se2 $second_realm)" -d "$(request "$two")"
does 'each sees its own' 200 '"phase":"fetched"' operator "$(delivery se2)"
refuses 'by a name that is no operator it gets nothing' 403 other-device se2 -X PUT "$(profile_at se2)" \
  -H 'Host: rsmf.epc.mnc003.mcc003.3gppnetwork.org' -d "$(request "$one")"

# ---- who comes, and what is seen ---------------------------------------------------------------

list pn se2
cat ci.crl pn.crl >devices.crl
kill -HUP "$rsmfd"
wait_for 60 grep -q '"event":"reloaded"' log
refuses 'a secure element that was revoked is refused' 403 client-revoked se2 -X PUT "$(profile_at se2)" -d "$(request "$one")"
refuses 'a secure element is nobody at the listener of operators' 403 client-untrusted se -k "$(delivery se)"
before=$(openssl x509 -in server.crt -noout -serial)
leaf server ops "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost" -days 20
sed -i 's/^store: .*/store: other.db/; s/burst: .*/burst: 90000}/' rsmfd.yaml
reload() { "$BINDERY_BUILD/bindery" reload --socket rsmfd.sock >said; }
holds 'bindery reload reaches it' reload
same 'and names what counts, and what needs a restart' 'changed: limits.burst needs a restart: store' "$(tr '\n' ' ' <said | sed 's/ $//')"
same 'so does its log' 1 "$(grep '"reloaded"' log | tail -n 1 | grep -c 'changed: limits.burst; needs-restart: store')"
shown=$(openssl s_client -connect "localhost:$port" -CAfile ops.crt </dev/null 2>/dev/null | openssl x509 -noout -serial)
if [ -n "$shown" ] && [ "$shown" != "$before" ]; then passed 'its new certificate counts'; else missed 'its new certificate counts'; fi
sed -i 's/^store: .*/store: rsmf.db/' rsmfd.yaml
curl -s --unix-socket rsmfd.sock http://x/v1/status >said
holds 'the administration counts' grep -qF '"confirmed":1' said
holds 'with each cause that occurred' grep -qF '"client-revoked":1' said
if grep -qF "$profile" log || grep -qi "$k" log; then
  missed 'no profile is in the log'
else
  passed 'no profile is in the log'
fi
if cat rsmf.db rsmf.db-wal 2>/dev/null | od -An -v -tx1 | tr -d ' \n' | grep -qi "$k"; then
  missed 'no K stands in the store as it is'
else
  passed 'no K stands in the store as it is'
fi
kill -TERM "$rsmfd"
status=0
wait "$rsmfd" || status=$?
same 'it ends when it is told to' 0 $status
finish
