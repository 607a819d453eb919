#!/usr/bin/env bash
# A repository and an HSS of two parties, each with only its own keys, and an MME that asks the HSS for
# credentials and reports proofs (raw_inquiry.c): where an answer comes from, what is said while the
# repository is slow, down or unwilling, what a revocation does to the cache and to what is
# remembered, also over a restart of either.
# (src/nf/hssd/inquiry.c, src/nf/hssd/repository.c, src/nf/hssd/repository_changes.c,
# src/nf/hssd/ulr.c)
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
umask 077

roles=1.3.6.1.4.1.32473.1.1
maker=$work/maker operator=$work/operator
proven=35693803000011 revoked=35693803000012 other=35693803000013 nobody=35693803000099 far=49015420323751
imsi=001010000000001

# ---- the maker's things ------------------------------------------------------------------------

ca() { # FOLDER NAME
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1/$2.key" -out "$1/$2.crt" \
    -days 30 -subj "/CN=$2" -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}
leaf() { # FOLDER NAME EXTENSIONS : of the maker's CA, which gives its clients their certificates too
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1/$2.key" 2>/dev/null
  openssl req -new -key "$1/$2.key" -subj "/CN=$2" -out "$work/csr"
  printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n%b\n' "$3" >"$work/ext"
  openssl x509 -req -in "$work/csr" -CA "$maker/ca.crt" -CAkey "$maker/ca.key" -days 20 \
    -set_serial "0x$(openssl rand -hex 8)" -extfile "$work/ext" -out "$1/$2.crt" 2>/dev/null
}
mkdir "$maker" "$operator"
ca "$maker" ca
leaf "$maker" server 'extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost'
leaf "$maker" publisher "extendedKeyUsage=clientAuth,$roles.2\nsubjectAltName=DNS:publisher.example"
leaf "$operator" hss "extendedKeyUsage=clientAuth,$roles.1\nsubjectAltName=DNS:operator.example"
cp "$maker/ca.crt" "$operator/maker-ca.crt"
for name in records others; do
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$maker/$name.key" 2>/dev/null
  openssl pkey -in "$maker/$name.key" -pubout -out "$operator/$name.pub"
done

tcp_port=0 tls_port=0 repo_port=0
free_port repo_port
repod_config() { # OPERATOR SIGNING_KEY
  cat >"$maker/repod.yaml" <<C
listener: {address: "https://127.0.0.1:$repo_port", certificate: server.crt, key: server.key, ca: ca.crt}
signing_key: $2.key
store: repod.db
audit: audit.log
manufacturers: [{name: publisher.example, ranges: ["35693803"]}]
operators: [{name: $1}]
limits: {requests_per_second: 100000, burst: 100000}
C
}
repod_start() {
  "$BINDERY_BUILD/bindery-repod" --config "$maker/repod.yaml" 2>"$work/repod.log" &
  repod=$!
  pids+=("$repod")
  wait_for 60 grep -q '"event":"ready"' "$work/repod.log"
}
repod_stop() {
  kill -TERM "$repod"
  wait "$repod" || true
}
publisher() {
  curl -s -o "$work/said" --max-time 20 --cacert "$maker/ca.crt" --cert "$maker/publisher.crt" --key "$maker/publisher.key" "$@"
}
publish() { # IMEI [MEMBERS]
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/device.key" 2>/dev/null
  publisher -X PUT "https://localhost:$repo_port/v1/bindings/$1/identity" \
    -d "{\"public_key\":\"$(openssl pkey -in "$work/device.key" -pubout -outform DER | base64 -w0)\"${2:-}}"
  grep -q '"did":"\(added\|replaced\)"' "$work/said"
}
revoke() { publisher -X DELETE "https://localhost:$repo_port/v1/bindings/$1/identity" && grep -q '"did":"revoked"' "$work/said"; }

repod_config operator.example records
repod_start
holds 'a binding is published' publish "$proven"
holds 'another one' publish "$revoked"

# ---- the operator's ----------------------------------------------------------------------------

pki "$hss_host" "$mme_a" "$mme_b"
free_port tcp_port
free_port tls_port
config() { # DEVID-SECTION [EIR]
  hss_config 127.0.0.1 "$tcp_port" "$tls_port"
  sed -i "/origin_host: $mme_a/a\\    sends_device_proof: true" "$work/hssd.yaml"
  cat >>"$work/hssd.yaml" <<C
${2:-}
repositories:
  - name: maker
    url: https://localhost:$repo_port
    certificate: operator/hss.crt
    key: operator/hss.key
    ca: operator/maker-ca.crt
    signers: [operator/records.pub]
    imei_ranges: ["35693803"]
devid: {$1}
C
}
mme() { # MME COMMAND...
  "$BINDERY_BUILD/live_raw_inquiry" "$work" "$realm" "$tcp_port" "$@" || true
}
# says SENTENCE PATTERN MME COMMAND...
says() {
  local sentence=$1 pattern=$2 got
  shift 2
  got=$(mme "$@")
  if [[ $got =~ ^($pattern)$ ]]; then passed "$sentence"; else missed "$sentence" "wanted: $pattern" "got: $got"; fi
}
# says_again: the repository was away, and the HSS may still be at a try of that time.
says_again() {
  local sentence=$1 pattern=$2 got until=$((SECONDS + 60))
  shift 2
  until got=$(mme "$@") && [[ $got =~ ^($pattern)$ ]]; do
    [ "$SECONDS" -lt "$until" ] || { missed "$sentence" "wanted: $pattern" "got: $got"; return; }
    sleep 1
  done
  passed "$sentence"
}
told() { admin GET "/v1/events?name=$1&limit=1000" | tr -d ' \n' | grep -oE '\{"[^{}]*\}' | grep "${2:-.}" >/dev/null; }
happens() { if wait_for 60 told "${@:2}"; then passed "$1"; else missed "$1" "$(admin GET /v1/repositories)"; fi; }
repository() { admin GET /v1/repositories | tr -d ' \n' | grep -q "\"$1\":\"\?$2"; }
subscriber_has() { admin GET "/v1/subscribers/$imsi" | tr -d ' \n' | grep -q "$1"; }

config 'cache_seconds: 3600, unknown_seconds: 600, stale_seconds: 86400, changes_seconds: 1, wait_ms: 5000'
hss_start
subscriber one "$imsi" open
holds 'a subscription wants proofs' admin PATCH "/v1/subscribers/$imsi" -d '{"proof":"require"}'
happens 'the repository is up' repository-up '"peer":"maker"'

echo '# inquiries'
says 'the first inquiry is answered by the repository' '2001 whitelisted found repository 0 public-key 1' mme-a inquiry $imsi "$proven"
says 'the next from the cache' '2001 whitelisted found cache [0-9]+ public-key 1' mme-a inquiry $imsi "$proven"
says 'an IMEI without a binding has none' '2001 whitelisted none repository 0' mme-a inquiry $imsi "$nobody"
says 'and is remembered as such' '2001 whitelisted none cache [0-9]+' mme-a inquiry $imsi "$nobody"
says 'an IMEI that no repository covers has none either' '2001 whitelisted none cache 0' mme-a inquiry $imsi "$far"
says 'a plain check is not done here' '3001 - -|5012 - -' mme-a ecr $imsi "$proven"
says 'an MME whose proofs do not count gets no credential' '3001 - -|5012 - -' mme-b inquiry $imsi "$proven"

echo '# a chain as long as they may be'
long=$(head -c 7000 /dev/zero | tr '\0' x)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/long-ca.key" -out "$work/long-ca.crt" -days 30 \
  -subj '/CN=devices' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
  -addext "nsComment=$long" 2>/dev/null
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/long.key" -subj '/CN=device' -out "$work/long.csr" 2>/dev/null
printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nnsComment=%s\n' "$long" >"$work/long.ext"
openssl x509 -req -in "$work/long.csr" -CA "$work/long-ca.crt" -CAkey "$work/long-ca.key" -days 20 -set_serial 7 \
  -extfile "$work/long.ext" -out "$work/long.crt" 2>/dev/null
der() { openssl x509 -in "$1" -outform DER | base64 -w0; }
printf '{"certificates":["%s","%s"]}' "$(der "$work/long.crt")" "$(der "$work/long-ca.crt")" >"$work/long.json"
publish_long() { publisher -X PUT "https://localhost:$repo_port/v1/bindings/35693803000061/identity" --data-binary "@$work/long.json" && grep -q '"did":"added"' "$work/said"; }
holds 'one of 14 KiB is published' publish_long
says 'and comes through' '2001 whitelisted found repository 0 certificate [0-9]+ 2 certificates' mme-a inquiry $imsi 35693803000061
says 'from the cache too' '2001 whitelisted found cache [0-9]+ certificate [0-9]+ 2 certificates' mme-a inquiry $imsi 35693803000061

echo '# a proof, and what is remembered of it'
says 'the MME is told that a proof is wanted' '2001 wanted' mme-a air $imsi
says 'and one that cannot ask is told nothing' '2001 -' mme-b air $imsi
says 'without a proof nobody is registered' 5012 mme-b ulr $imsi "$proven"
says 'a device that fails is refused for good' 5422 mme-a ulr $imsi "$proven" failed signature public-key 1
says 'one that is proven is registered' 2001 mme-a ulr $imsi "$proven" proven public-key 1
holds 'it is an event' wait_for 60 told device-proven "\"imei\":\"$proven\""
holds 'and what came out stands with the subscription' subscriber_has '"proof_last":{"imei":"'$proven'","result":"proven"'
says 'an MME that cannot ask is served now' 2001 mme-b ulr $imsi "$proven"
says 'and the other is told so' '2001 remembered' mme-a air $imsi
says 'in another device it is not' 5012 mme-b ulr $imsi "$other"
says 'the word of an MME that is not trusted does not count' 5012 mme-b ulr $imsi "$other" proven public-key 1

echo '# a revocation'
says 'a second device is proven' 2001 mme-a ulr $imsi "$revoked" proven public-key 2
says 'its binding is in the cache' '2001 whitelisted found repository 0 public-key 2' mme-a inquiry $imsi "$revoked"
holds 'the maker revokes it' revoke "$revoked"
happens 'the HSS forgets the proof' proof-forgotten "\"imei\":\"$revoked\""
holds 'it is an event' wait_for 60 told binding-revoked "\"imei\":\"$revoked\""
says 'what was cached is dropped' '2001 whitelisted revoked repository 0 .*' mme-a inquiry $imsi "$revoked"
says 'an MME that cannot ask serves it no more' 5012 mme-b ulr $imsi "$revoked"

echo '# a restart of the HSS'
says 'the first device is proven again' 2001 mme-a ulr $imsi "$proven" proven public-key 1
holds 'SIGTERM ends the HSS in order' hss_stop
holds 'meanwhile the maker revokes' revoke "$proven"
hss_start
happens 'after the start the HSS finds out' proof-forgotten "\"imei\":\"$proven\""
says 'and a proof is wanted' '2001 wanted' mme-a air $imsi

echo '# a repository that is slow'
holds 'a binding is published' publish "$other"
says 'it is found' '2001 whitelisted found repository 0 public-key [0-9]+' mme-a inquiry $imsi "$other"
kill -STOP "$repod"
says 'what is cached is answered' '2001 whitelisted found cache [0-9]+ public-key [0-9]+' mme-a inquiry $imsi "$other"
says 'what is not is undetermined' '2001 whitelisted unavailable repository-silent' mme-a inquiry 001010000000002 35693803000021
happens 'the repository is known to be down' repository-down '"cause":"repository-silent"'
holds 'the status says so' wait_for 60 repository state down
says 'and nobody waits for it' '2001 whitelisted unavailable repository-silent' mme-a inquiry 001010000000003 35693803000022
says 'vectors are given as ever' '2001 wanted' mme-a air $imsi
kill -CONT "$repod"
is_up() { repository state up; }
holds 'when it goes on it is up again' wait_for 60 is_up
says_again 'and asked again' '2001 whitelisted none repository 0' mme-a inquiry 001010000000003 35693803000022

echo '# an old answer'
holds 'SIGTERM ends the HSS in order' hss_stop
config 'cache_seconds: 1, unknown_seconds: 1, stale_seconds: 86400, changes_seconds: 1, wait_ms: 5000'
hss_start
says 'a binding is asked for' '2001 whitelisted found repository 0 public-key [0-9]+' mme-a inquiry $imsi "$other"
repod_stop
happens 'the repository is gone' repository-down '"cause":"repository-silent"'
aged() { [[ $(mme mme-a inquiry $imsi "$other") =~ ^2001\ whitelisted\ found\ stale-cache\ [1-9] ]]; }
holds 'what it said last is told, and how old it is' wait_for 60 aged
says 'what it never said is not' '2001 whitelisted unavailable repository-silent' mme-a inquiry 001010000000004 35693803000031
says 'an undetermined proof is refused for now only' 5012 mme-a ulr $imsi "$other" undetermined repository-silent

echo '# a repository that is unwilling, and one that signs with another key'
repod_config somebody-else.example records
repod_start
happens 'the HSS is told that it may not ask' repository-down '"cause":"repository-refused"'
says_again 'and says so' '2001 whitelisted unavailable repository-refused' mme-a inquiry 001010000000005 35693803000041
repod_stop
repod_config operator.example others
repod_start
holds 'it is let in again' wait_for 60 is_up
holds 'a binding is signed with a key that nobody knows' publish 35693803000051
says 'it is not believed' '2001 whitelisted unavailable record-signature' mme-a inquiry 001010000000006 35693803000051
holds 'and that is an event' wait_for 60 told binding-disbelieved '"imei":"35693803000051"'
says 'what the known key signed is, from the same repository' '2001 whitelisted found repository 0 public-key [0-9]+' mme-a inquiry 001010000000006 "$other"

echo '# one SIM that asks without end'
limited() { [[ $(mme mme-a inquiry 001010000000009 "356938036$(printf %05d "$1")") == *too-many-inquiries ]]; }
flood() { local i; for i in $(seq 1 40); do limited "$i" && return 0; done; return 1; }
holds 'is held back by name (too-many-inquiries)' flood
says 'and others are not' '2001 whitelisted none repository 0' mme-a inquiry 001010000000008 35693803600099

echo '# with lists'
holds 'SIGTERM ends the HSS in order' hss_stop
config 'changes_seconds: 1, wait_ms: 5000' 'eir: {enabled: true, unknown: allow}'
hss_start
holds 'a rule is put on the black list' admin PUT /v1/eir/rules/35693803000077/black
in_force() { [[ $(mme mme-a ecr $imsi 35693803000077) == '2001 blacklisted -' ]]; }
holds 'it counts' wait_for 60 in_force
says 'a plain check is answered as ever' '2001 whitelisted -' mme-a ecr $imsi "$other"
says 'an inquiry has both answers' '2001 whitelisted found repository 0 public-key [0-9]+' mme-a inquiry $imsi "$other"
says 'blacklisted equipment is not asked about' '2001 blacklisted -' mme-a inquiry $imsi 35693803000077
says 'an MME whose proofs do not count gets the check alone' '2001 whitelisted -' mme-b inquiry $imsi "$other"
says 'a device is proven' 2001 mme-a ulr $imsi "$other" proven public-key 9
holds 'that is shown with the device' eval 'admin GET "/v1/devices/$other" | grep -q "$imsi"'
holds 'and with the subscription' subscriber_has '"proof_remembered":{"imei":"'$other'"'
holds 'a memory can be forgotten by hand' admin POST "/v1/subscribers/$imsi/proof/forget"
says 'and is of no use then' 5012 mme-b ulr $imsi "$other"
holds 'it is forgotten too when nobody asks any more' admin PATCH "/v1/subscribers/$imsi" -d '{"proof":"off"}'
says 'and everybody is served' 2001 mme-b ulr $imsi "$revoked"
holds 'and the cache be emptied' admin POST /v1/repositories/flush
says 'then the repository is asked anew' '2001 whitelisted found repository 0 public-key [0-9]+' mme-a inquiry $imsi "$other"

echo '# a repository that was put back to a backup'
repod_stop
repod_config operator.example records
mkdir "$work/backup"
cp "$maker"/repod.db* "$work/backup"
repod_start
holds 'a binding is published that the backup lacks' publish 35693803000071
says_again 'it is found' '2001 whitelisted found repository 0 public-key [0-9]+' mme-a inquiry 001010000000010 35693803000071
holds 'and two more records are made' eval 'publish 35693803000072 && publish 35693803000073'
cursor() { admin GET /v1/repositories | tr -d ' \n' | sed -n 's/.*"cursor":\([0-9]*\).*/\1/p'; }
last=$(sed -n 's/.*"serial":\([0-9]*\).*/\1/p' "$work/said")
all_taken() { [ "$(cursor)" = "$last" ]; }
holds 'the HSS has taken all of them' wait_for 60 all_taken
repod_stop
rm -f "$maker"/repod.db*
cp "$work"/backup/repod.db* "$maker"
repod_start
happens 'the HSS notices' repository-set-back "\"peer\":\"maker\""
says_again 'what is lost is not answered from the cache' '2001 whitelisted none repository 0' mme-a inquiry 001010000000010 35693803000071
says 'what is left is found' '2001 whitelisted found repository 0 public-key [0-9]+' mme-a inquiry 001010000000010 "$other"
holds 'a revocation has a serial that was once another record' revoke "$other"
is_revoked() { [[ $(mme mme-a inquiry 001010000000010 "$other") == '2001 whitelisted revoked'* ]]; }
holds 'and is taken' wait_for 60 is_revoked
holds 'SIGTERM ends it in order' hss_stop
if grep -q 'AddressSanitizer\|runtime error' "$work/hss.log" "$work/repod.log"; then missed 'no sanitizer spoke'; fi
finish
