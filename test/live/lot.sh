#!/usr/bin/env bash
# Production lots and the verb binding: lots that are killed at any moment and go on, keys and
# certificates as the openssl command reads them, a revocation list, and a repository that everything is
# published to.
#
# src/cli/device_make.c with src/cli/lot_make.c, src/cli/pki_verb.c with src/cli/pki_device.c,
# src/cli/binding.c with src/cli/binding_client.c and src/cli/binding_publish.c,
# src/cli/device_file.c; device/linux/identity_lot.h is what they stand on.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
export NO_COLOR=1 LC_ALL=C.UTF-8 BINDERY_DIR=$work/home
unset BINDERY_SOCKET
bindery=$BINDERY_BUILD/bindery
umask 077
cd "$work"
mkdir home

b() {
  status=0
  "$bindery" "$@" >said 2>&1 </dev/null || status=$?
}
# refused SENTENCE STATUS PART ARGUMENT...
refused() {
  local sentence=$1 wanted=$2 part=$3
  shift 3
  b "$@"
  if [ "$status" = "$wanted" ] && grep -qF -- "$part" said; then
    passed "$sentence"
  else
    missed "$sentence" "status $status instead of $wanted, or '$part' is not in:" "$(cat said)"
  fi
}
# does SENTENCE PART ARGUMENT...
does() {
  local sentence=$1 part=$2
  shift 2
  refused "$sentence" 0 "$part" "$@"
}
said_has() { grep -qF -- "$1" said; }
not() { ! "$@"; }

# ---- certificates and keys ---------------------------------------------------------------------

does "a PKI has a CA for hosts and one for devices" "device-ca.crt" \
  pki home/pki localhost=repository maker.example.org=manufacturer hss.example.org=operator
refused "nothing there is replaced" 1 "it is there already" pki home/pki localhost
refused "one thing at a time" 2 "one thing at a time" pki --device-ca home/pki localhost
refused "a host cannot be called as the CA is" 2 "device-ca.crt" pki other device-ca.example.org
holds "the CA's certificate is one" openssl verify -x509_strict -CAfile home/pki/device-ca.crt home/pki/device-ca.crt
holds "its first revocation list is signed" \
  openssl crl -in home/pki/device-ca.crl -CAfile home/pki/device-ca.crt -noout
does "a manufacturer has one alone" "device-ca.crl" pki --device-ca maker-pki
does "a repository's key is made" "records.pub" pki --signing-key records home
same "its private half is its owner's only" 600 "$(stat -c %a home/records.key)"
same "the public half belongs to it" "$(openssl pkey -in home/records.key -pubout)" "$(cat home/records.pub)"
refused "it is not replaced" 1 "File exists" pki --signing-key records home

# ---- a lot -------------------------------------------------------------------------------------

tac=35693803
refused "a TAC has 8 digits" 2 "8 digits" device make --count 1 --tac 123 --out lot
refused "a TAC has so many serial numbers" 2 "up to 999999" device make --count 2 --first 999999 --tac $tac --out lot
refused "an algorithm that is none" 2 "ecdsa-p256 or ed25519" device make --count 1 --tac $tac --algorithm rsa --out lot
refused "a CA that is not there" 1 "No such file" device make --count 1 --tac $tac --ca nowhere --out lot
holds "nothing of these was begun" not test -e lot
does "a lot is made" "IMEI 356938030000013 to 356938030000500" device make --count 50 --first 1 --tac $tac --out lot
same "its keys are their owner's only" "600 700" "$(stat -c %a lot/devices.ndjson lot | tr '\n' ' ' | sed 's/ $//')"
sum() { cat "$1"/* | sha256sum; }
before=$(sum lot)
does "the same command again changes nothing" "nothing was changed" device make --count 50 --first 1 --tac $tac --out lot
same "not an octet" "$before" "$(sum lot)"
refused "another number of devices is another lot" 1 "number of devices" device make --count 51 --first 1 --tac $tac --out lot
refused "so is another TAC" 1 "TAC" device make --count 50 --first 1 --tac 35693804 --out lot
refused "and another CA" 1 "CA" device make --count 50 --first 1 --tac $tac --ca maker-pki --out lot
refused "and another algorithm" 1 "algorithm" device make --count 50 --first 1 --tac $tac --algorithm ed25519 --out lot
refused "and another form" 1 "form" device make --count 50 --first 1 --tac $tac --form public-key --out lot
same "none of them changed it" "$before" "$(sum lot)"
does "a lot of public keys needs no CA" "public-key" device make --count 5 --tac 35693804 --form public-key --out keys
does "a lot on Ed25519" "ed25519" device make --count 5 --tac 35693805 --algorithm ed25519 --out ed
does "in JSON for scripts" '"first_imei": "356938060000008"' device make --count 2 --tac 35693806 --out json --json

# row LOT N MEMBER: a member of the N-th device, or its first certificate
row() { sed -n "$2{s/.*\"$3\":\\[\\{0,1\\}\"\\([^\"]*\\)\".*/\\1/p}" "$1/devices.ndjson"; }
every_imei_checks() {
  local imei i sum d
  for imei in $(sed 's/{"imei":"\([0-9]*\)".*/\1/' "$1/devices.ndjson"); do
    sum=0
    for ((i = 0; i < 15; i++)); do
      d=${imei:i:1}
      if ((i % 2)); then d=$((d * 2)); fi
      sum=$((sum + d / 10 + d % 10))
    done
    ((sum % 10 == 0)) || { echo "$imei"; return 1; }
  done
}
holds "every IMEI has its check digit" every_imei_checks lot
every_key_is_its_certificates() {
  local n imei told=0
  for ((n = 1; n <= $2; n++)); do
    row "$1" $n key | base64 -d | openssl pkey -inform DER -check -pubout -out pub.pem >/dev/null || return 1
    row "$1" $n certificates | base64 -d | openssl x509 -inform DER -out cert.pem || return 1
    [ "$(openssl x509 -in cert.pem -noout -pubkey)" = "$(grep -v '^Key' pub.pem)" ] || { echo "row $n: another key"; return 1; }
    openssl verify -x509_strict -check_ss_sig -CAfile home/pki/device-ca.crt -crl_check -CRLfile home/pki/device-ca.crl cert.pem || return 1
    imei=$(row "$1" $n imei)
    openssl x509 -in cert.pem -noout -text >text
    if grep -q "${imei:0:14}" text || grep -qa "${imei:0:14}" cert.pem; then
      echo "row $n: the certificate tells the IMEI"
      return 1
    fi
    if grep -q "${imei:8:6}" text; then # its last six may stand in one of many random numbers, and not in two
      told=$((told + 1))
      [ "$told" -lt 2 ] || { echo "row $n: the certificate tells the serial number of the IMEI"; return 1; }
    fi
    grep -q "Digital Signature" text && grep -q "1.3.6.1.4.1.32473.1.1.5" text && grep -q "CA:FALSE" text || return 1
  done
}
holds "openssl verifies every certificate, its key, and that it does not tell the IMEI" every_key_is_its_certificates lot 50
# Ed25519 keys have no check of their own in openssl pkey
ed25519_signs() {
  row ed 1 key | base64 -d | openssl pkey -inform DER -out ed.key
  row ed 1 certificates | base64 -d | openssl x509 -inform DER -noout -pubkey >ed.pub
  echo signed >content
  openssl pkeyutl -sign -rawin -in content -inkey ed.key -out signature
  openssl pkeyutl -verify -rawin -in content -pubin -inkey ed.pub -sigfile signature
}
holds "what an Ed25519 key signs its certificate verifies" ed25519_signs
public_keys_fit() {
  local n
  for n in 1 2 3 4 5; do
    [ "$(row keys $n key | base64 -d | openssl pkey -inform DER -pubout -outform DER 2>/dev/null | base64 -w0)" = \
      "$(sed -n "$n{s/.*\"public_key\":\"\\([^\"]*\\)\".*/\\1/p}" keys/bindings.ndjson)" ] || return 1
  done
}
holds "the public keys to publish are those of the private ones" public_keys_fit
no_key_is_told() {
  local n
  for n in 1 25 50; do ! grep -qF -- "$(row lot $n key)" lot/bindings.ndjson || return 1; done
}
#= test devid-key
holds "no private key is in what is published" no_key_is_told
distinct() { [ "$(sed 's/.*"key":"\([^"]*\)".*/\1/' "$1/devices.ndjson" | sort -u | wc -l)" = "$2" ]; }
holds "no two devices have one key" distinct lot 50

# ---- killed at any moment ----------------------------------------------------------------------

# A lot of N devices is begun again and again; each time it is killed when it has grown by some octets
# that differ from time to time.
count=6000
begin() { exec "$bindery" device make --count $count --tac 35693900 --form "$form" --out cut >/dev/null 2>&1; }
size() { stat -c %s "$1" 2>/dev/null || echo 0; }
# every whole row that was there is there still, octet by octet
is_prefix() { # OLD NEW
  local n torn
  torn=$(tail -n 1 "$1" | tr -d '\0' | grep -c . || true)
  [ "$(tail -c 1 "$1")" = '' ] && torn=0
  n=$(($(size "$1") - (torn ? $(tail -n 1 "$1" | wc -c) : 0)))
  cmp -s -n "$n" "$1" "$2"
}
killed_often() {
  local kills=0 from pid i
  rm -rf cut
  for ((i = 0; i < 60; i++)); do
    begin &
    pid=$!
    from=$(size cut/devices.ndjson)
    while kill -0 $pid 2>/dev/null && [ "$(size cut/devices.ndjson)" -le $((from + (RANDOM % 3) * 4096)) ]; do :; done
    if kill -KILL $pid 2>/dev/null; then kills=$((kills + 1)); fi
    wait $pid 2>/dev/null || true
    if [ -e cut/last.devices ]; then
      is_prefix cut/last.devices cut/devices.ndjson || { echo "a device changed"; return 1; }
      is_prefix cut/last.bindings cut/bindings.ndjson || { echo "a binding changed"; return 1; }
    fi
    [ -e cut/devices.ndjson ] && cp cut/devices.ndjson cut/last.devices && cp cut/bindings.ndjson cut/last.bindings
    grep -q '"complete": true' cut/lot.json 2>/dev/null && break
  done
  rm -f cut/last.*
  echo "# $kills kills" >kills
  [ "$kills" -ge 3 ] || { echo "only $kills kills"; return 1; }
}
in_step() {
  cut -c1-25 cut/devices.ndjson >a
  cut -c1-25 cut/bindings.ndjson >b
  cmp a b && [ "$(wc -l <a)" = $count ] && [ "$(sort -u a | wc -l)" = $count ]
}
for form in certificate public-key; do
  holds "a lot of form $form is killed again and again, and no row that was whole changes" killed_often
  does "it is whole in the end" "$count devices" device make --count $count --tac 35693900 --form "$form" --out cut
  cat kills
  holds "each IMEI has one key, and both files have the same devices" in_step
  holds "no two have one key" distinct cut $count
done
# torn by hand, at the places that count
torn() { # OCTETS OFF THE DEVICES, OFF THE BINDINGS
  rm -rf torn
  cp -r keys torn
  truncate -s "-$1" torn/devices.ndjson
  truncate -s "-$2" torn/bindings.ndjson
  sed -i 's/"complete": true/"complete": false/' torn/lot.json
}
one=$(tail -1 keys/bindings.ndjson | wc -c)
torn 0 5
does "a torn binding is written again from the key" "5 devices" device make --count 5 --tac 35693804 --form public-key --out torn
same "to the octet" "$(sha256sum <keys/bindings.ndjson)" "$(sha256sum <torn/bindings.ndjson)"
torn 0 $((one * 3))
does "so are three that are missing" "5 devices" device make --count 5 --tac 35693804 --form public-key --out torn
same "to the octet, too" "$(sha256sum <keys/bindings.ndjson)" "$(sha256sum <torn/bindings.ndjson)"
torn 5 $((one * 2 + 7))
head -4 keys/devices.ndjson >whole
does "a torn device is made anew, of which nothing was told" "1 made now" device make --count 5 --tac 35693804 --form public-key --out torn
same "all others stay" "$(sha256sum <whole)" "$(head -4 torn/devices.ndjson | sha256sum)"
same "with what is told of them" "$(head -4 keys/bindings.ndjson | sha256sum)" "$(head -4 torn/bindings.ndjson | sha256sum)"
holds "the fifth has another key" not grep -qF -- "$(row torn 5 key)" keys/devices.ndjson
torn 5 0
refused "a binding whose key is lost is not passed over" 1 "keys were lost" device make --count 5 --tac 35693804 --form public-key --out torn
torn 0 0
sed -i '3s/"public_key":"..../"public_key":"AAAA/; 4,5d' torn/bindings.ndjson
refused "nor one of another key" 1 "not of the key" device make --count 5 --tac 35693804 --form public-key --out torn
torn 0 0
sed -i '2d' torn/devices.ndjson
refused "nor a row that was taken out" 1 "damaged" device make --count 5 --tac 35693804 --form public-key --out torn
mkdir trap
echo precious >precious
ln -s ../precious trap/lot.json.new
does "what somebody laid into the directory is not written through" "1 made" \
  device make --count 1 --tac 35693804 --form public-key --out trap
same "what it led to is as it was" precious "$(cat precious)"
chmod 644 torn/devices.ndjson
refused "keys that others may read are refused" 1 "chmod 600" device make --count 5 --tac 35693804 --form public-key --out torn

# ---- out of the lot ----------------------------------------------------------------------------

echo 00112233445566778899aabbccddeeff >k.hex
file=(device file --imsi 001010000000001 --k-file k.hex --opc-file k.hex)
does "a device gets the key of its IMEI" "the key that proves its IMEI" "${file[@]}" --imei 35693803000020 --identity lot --output meter.json
state_key() { sed -n 's/.*"key": *"\(-----BEGIN[^"]*\)".*/\1/p' "$1" | sed 's/\\n/\n/g'; }
same "which is the lot's" "$(row lot 20 key)" "$(state_key meter.json | grep -v -- ----- | tr -d '\n')"
same "and a key" "$(row lot 20 certificates | base64 -d | openssl x509 -inform DER -noout -pubkey)" "$(state_key meter.json | openssl pkey -pubout)"
refused "an IMEI that is not of the lot" 1 "has no device" "${file[@]}" --imei 35693803000051 --identity lot --output none.json
refused "a lot that is none" 1 "No such file" "${file[@]}" --imei 35693803000020 --identity nowhere --output none.json
holds "nothing was made of these" not test -e none.json

# ---- revoked certificates ----------------------------------------------------------------------

row lot 3 certificates | base64 -d | openssl x509 -inform DER -out three.pem
does "a certificate is revoked by its file" "is revoked" pki --revoke three.pem home/pki
does "again changes nothing but the list's age" "was revoked before" pki --revoke three.pem home/pki
imei4=$(row lot 4 imei)
does "one of a lot by its IMEI" "is revoked" pki --revoke "$imei4" --identity lot home/pki
row lot 4 certificates | base64 -d | openssl x509 -inform DER -out four.pem
row lot 5 certificates | base64 -d | openssl x509 -inform DER -out five.pem
checked() { openssl verify -CAfile home/pki/device-ca.crt -crl_check -CRLfile home/pki/device-ca.crl "$1" 2>&1; }
for which in three four; do
  checked $which.pem >said || true
  holds "openssl sees that number $which is" said_has 'certificate revoked'
done
holds "and that number five is not" checked five.pem
does "the list is made current" "30 days" pki --renew-list home/pki
same "each list has the next number" "0x05" "$(openssl crl -in home/pki/device-ca.crl -noout -crlnumber | sed 's/.*=//')"
refused "a certificate of another CA" 1 "not of this CA" pki --revoke home/pki/maker.crt home/pki
many_at_once() {
  local n pids=() pid
  for ((n = 11; n <= 40; n++)); do
    "$bindery" pki --revoke "$(row lot $n imei)" --identity lot home/pki >/dev/null &
    pids+=("$!")
  done
  for pid in "${pids[@]}"; do wait "$pid" || return 1; done
  [ "$(openssl crl -in home/pki/device-ca.crl -noout -text | grep -c 'Serial Number:')" = 32 ]
}
holds "of many that are revoked at once none is lost" many_at_once
refused "which directory?" 2 "a directory is needed" pki --renew-list
: >home/half.pub
refused "of a repository's key that cannot be made whole nothing is left" 1 "File exists" pki --signing-key half home
holds "neither its private half" not test -e home/half.key
refused "a lot without certificates has none to revoke" 1 "binding revoke" pki --revoke 35693804000000 --identity keys home/pki

# ---- a repository ------------------------------------------------------------------------------

cat >repod.yaml <<'C'
listener: {address: "https://127.0.0.1:0", certificate: home/pki/localhost.crt, key: home/pki/localhost.key, ca: home/pki/ca.crt}
signing_key: home/records.key
store: repod.db
audit: audit.log
manufacturers:
  - {name: maker.example.org, ranges: ["35693803", "35693804", "35693805"], device_ca: home/pki/device-ca.crt}
operators:
  - {name: hss.example.org}
limits: {bulk_rows: 20}
C
"$BINDERY_BUILD/bindery-repod" --config repod.yaml 2>>log &
repod=$!
pids+=("$repod")
wait_for 60 grep -q '"event":"ready"' log
url=https://localhost:$(sed -n 's/.*"listener":"[^"]*:\([0-9]*\)".*/\1/p' log | tail -1)

refused "without a repository of the directory it says so" 2 "names no repository" binding get 35693803000001
refused "an address that is none" 2 "https://HOST:PORT" binding get 35693803000001 --url http://localhost
refused "a repository that does not answer" 3 "no repository answers" binding get 35693803000001 --url https://localhost:1
printf 'repositories:\n  - name: repo\n    url: %s # here\n' "$url" >home/hssd.yaml
refused "a device that nobody published" 1 "no-binding" binding get 35693803000001
#= test devid-published
does "a lot is published, in more batches than one" "50 added, 0 replaced, 0 revoked, 0 unchanged, 0 refused" binding publish lot/bindings.ndjson
does "again it is there" "0 added, 0 replaced, 0 revoked, 50 unchanged" binding publish lot/bindings.ndjson
does "as JSON" '"unchanged": 50' binding publish lot/bindings.ndjson --json
does "public keys" "5 added" binding publish keys/bindings.ndjson
does "and Ed25519" "5 added" binding publish ed/bindings.ndjson
does "an operator sees it, and whose signature that is" "verified with" binding get 356938030000021
holds "with its certificate" said_has "active, certificate"
does "in JSON with the verdict" '"verified": true' binding get 35693803000002 --json
refused "a manufacturer is no operator" 1 "wrong-role" binding changes --client-certificate home/pki/maker.crt
refused "an operator publishes nothing" 1 "wrong-role" binding publish lot/bindings.ndjson --client-certificate home/pki/hss.crt
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null | openssl pkey -pubout -out stranger.pub
refused "records of another signer are not relied on" 1 "not trusted here" binding get 35693803000002 --signer stranger.pub
holds "nor shown as good" said_has "BAD"
refused "a CA that is not the repository's" 1 "not accepted" binding get 35693803000002 --ca home/pki/device-ca.crt
refused "a signer's file without keys" 1 "public keys" binding get 35693803000002 --signer home/pki/ca.crt

head -3 lot/bindings.ndjson >mixed.ndjson
{
  echo
  echo '{"imei":"35693900000001","use":"identity","public_key":"AAAA"}'
  echo 'no JSON'
  tail -1 lot/bindings.ndjson
  head -c 70000 /dev/zero | tr '\0' x
  echo
} >>mixed.ndjson
refused "refused rows are told with their lines" 1 "0 added, 0 replaced, 0 revoked, 4 unchanged, 3 refused" binding publish mixed.ndjson
same "and causes" "mixed.ndjson:5: 35693900000001: outside-grant mixed.ndjson:6: not-json mixed.ndjson:8: too-large" \
  "$(sed -n 's/^\(mixed.ndjson:[0-9]*:\( [0-9]*:\)* [a-z-]*\).*/\1/p' said | sort -t: -k2n | tr '\n' ' ' | sed 's/ $//')"

# More without a line end than its memory holds.
little_memory() {
  local most=400000
  (ulimit -v $most && "$bindery" --version) >/dev/null 2>&1 || most=unlimited # a sanitizer wants more
  (ulimit -v $most && head -c 600000000 /dev/zero | "$bindery" binding publish - >said 2>&1) || [ $? = 1 ]
}
holds "a row without an end costs no memory" little_memory
holds "it is refused as any that is too long" said_has "-:1: too-large"
sed -n 7p lot/bindings.ndjson | sed 's/.*"certificates":\["\([^"]*\)","\([^"]*\)".*/\1 \2/' >chain.b64
{ cut -d' ' -f1 chain.b64 | base64 -d | openssl x509 -inform DER; cat home/pki/device-ca.crt; } >chain.pem
does "one certificate is published by hand, and its record verified" "unchanged, record 7, signature verified" \
  binding publish --imei 35693803000007 --certificate chain.pem
openssl genpkey -algorithm ED25519 -out hand.key
openssl pkey -in hand.key -pubout -out hand.pub
does "a public key, too" "added, record" binding publish --imei 35693803900000 --public-key hand.pub
refused "another key does not overwrite" 1 "other-key" binding publish --imei 35693803000007 --public-key hand.pub
does "but replaces what is named" "replaced" binding publish --imei 35693803000007 --public-key stranger.pub --replaces 7
refused "a file that is no key" 1 "no public key" binding publish --imei 35693803000007 --public-key chain.pem
refused "a use that is none" 2 "identity or provisioning" binding revoke 35693803000007 --use sign
does "a binding is revoked" "is revoked (record" binding revoke 35693803000007
does "and again" "was revoked before" binding revoke 35693803000007
refused "published again, it is said to be revoked" 1 "key-revoked" binding publish --imei 35693803000007 --public-key stranger.pub
refused "its key does not come back" 1 "key-revoked" binding publish --imei 35693803000007 --public-key stranger.pub --replaces 63
does "the operator sees that" "identity     revoked" binding get 35693803000007
does "the history has all three" "active" binding history 35693803000007
same "in order, each verified" "active active revoked" "$(grep -o 'active\|revoked' said | tr '\n' ' ' | sed 's/ $//')"
same "as is its signature" 3 "$(grep -c verified said)"
does "changes come page by page" '"next": 63' binding changes --json
same "all of them" 63 "$(grep -c '"serial"' said)"
does "from where one stopped" "revoked" binding changes --after 62
does "no more than wanted" "RECORD" binding changes --limit 2
same "two" 3 "$(wc -l <said)"
# Somebody has a certificate of the repository's CA, and answers what he likes.
ask() { curl -sS -i --cacert home/pki/ca.crt --cert home/pki/hss.crt --key home/pki/hss.key "$url$1"; }
nothing='HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %u\r\n\r\n%s'
mkdir -p v1/bindings
ask /v1/bindings/35693803000003 >v1/bindings/35693803000003
cp v1/bindings/35693803000003 v1/bindings/35693803000004
# shellcheck disable=SC2059 # it is a format
printf "$nothing" 15 '{"bindings":[]}' >v1/bindings/35693803000005
# shellcheck disable=SC2059
printf "$nothing" 2 '{}' >'v1/changes?after=0&limit=1000'
openssl s_server -HTTP -accept 127.0.0.1:0 -cert home/pki/localhost.crt -key home/pki/localhost.key \
  -CAfile home/pki/ca.crt -Verify 1 >forger.log 2>&1 &
pids+=("$!")
wait_for 60 grep -q '^ACCEPT ' forger.log
forger=(--url "https://localhost:$(sed -n 's/^ACCEPT .*:\([0-9]*\)$/\1/p' forger.log | head -1)")
does "he may pass on what was signed" "verified with" binding get 35693803000003 "${forger[@]}"
refused "but not as another device's" 1 "not to be relied on" binding get 35693803000004 "${forger[@]}"
holds "it is shown as bad" said_has "BAD: it is another device's"
refused "in JSON, too" 1 '"verified": false' binding get 35693803000004 --json "${forger[@]}"
refused "an answer without records is none" 1 "without records" binding get 35693803000005 "${forger[@]}"
refused "nor are changes without" 1 "without records" binding changes "${forger[@]}"
sed -i '1i# url: https://localhost:1' home/hssd.yaml
does "a comment in hssd.yaml is no address" "verified with" binding get 35693803000003
refused "no IMEI" 2 "an IMEI is needed" binding get
refused "neither file nor IMEI" 2 "a file of rows" binding publish

helps() {
  local verb
  for verb in "device make" "device show" "device file" "binding publish" "binding get" "binding revoke" \
    "binding history" "binding changes" pki; do
    # shellcheck disable=SC2086 # two words
    "$bindery" $verb --help >help 2>&1 && grep -q '^Usage: ' help || { echo "$verb"; return 1; }
    [ "$(wc -L <help)" -le 80 ] || { echo "$verb --help is wider than 80"; return 1; }
  done
}
holds "every verb of it has a --help that fits 80 columns" helps
# It does not answer until the client was told to stop; it takes 20 rows at once.
kill -STOP "$repod"
"$bindery" binding publish lot/bindings.ndjson >said 2>&1 &
publisher=$!
# it is no longer the shell that was forked for it, and has its handler
handles() { grep -qa publish "/proc/$publisher/cmdline" && grep -q '^SigCgt:.*[2367abef]$' "/proc/$publisher/status"; }
wait_for 60 handles
kill -INT $publisher
kill -CONT "$repod"
status=0
wait $publisher || status=$?
same "a publication that is stopped ends in order" 1 "$status"
holds "and says how far it came" said_has "by Ctrl-C; run it again"
kill -TERM "$repod"
wait "$repod" || true
refused "a repository that went away: how far it came" 3 "stopped before line 1" binding publish lot/bindings.ndjson
if grep -q "AddressSanitizer\|runtime error" log; then missed 'no sanitizer spoke' "$(cat log)"; fi
finish
