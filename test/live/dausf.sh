#!/usr/bin/env bash
# bindery-dausfd between parties that share no line with it: challenges pushed by curl under an
# endorsement that the openssl command signed, asked for by an MME in Erlang that knows nothing of
# dIMSIs. Then what it keeps and shows, and what ends it.
set -euo pipefail
umask 077
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/erlang.sh
. "$(dirname "$0")/lib/erlang.sh"
# shellcheck source=test/live/lib/repod.sh
. "$(dirname "$0")/lib/repod.sh"
discovery=epc.mnc070.mcc901.3gppnetwork.org
dimsi=901700000000001
cd "$work"

ca ca
ca ci
leaf server ca "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost" -days 20
client ausf 4 "$realm"
client other 4 epc.mnc002.mcc002.3gppnetwork.org
client sp 3 "$realm"
leaf arpf ci "keyUsage=critical,digitalSignature\nextendedKeyUsage=$roles.8\nsubjectAltName=DNS:arpf.example.org" -days 20

diameter_port=0 push_port=0
free_port diameter_port
free_port push_port
cat >dausfd.yaml <<YAML
host: dausf.$discovery
realm: $discovery
plmns: ["901-70"]
store: d.db
kek: d.kek
admin: admin
listeners:
  - address: tcp://127.0.0.1:$diameter_port
peers:
  - origin_host: $mme_a
    realm: $realm
    visited_plmns: ["001-01", "999-70"]
push:
  listen: "https://127.0.0.1:$push_port"
  certificate: server.crt
  key: server.key
  ca: ca.crt
operators: ["001-01", "002-02"]
arpfs:
  - {name: arpf.example.org, dimsis: ["901700000000000-901700000000099"]}
ci: {roots: ci.crt}
YAML

# ---- the daemon ------------------------------------------------------------------------------

answers() { # is it up, or dead?
  admin GET /v1/status || ! kill -0 "$dausf_pid" 2>/dev/null
}
dausf_start() {
  "$BINDERY_BUILD/bindery-dausfd" --config dausfd.yaml 2>>dausf.log &
  dausf_pid=$!
  pids+=("$dausf_pid")
  if ! wait_for 20 answers || ! kill -0 "$dausf_pid" 2>/dev/null; then
    echo "Bail out! bindery-dausfd did not start"
    sed 's/^/# /' dausf.log
    exit 1
  fi
}
dausf_end() { # SIGNAL
  local rc=0
  kill "-$1" "$dausf_pid"
  wait "$dausf_pid" 2>/dev/null || rc=$?
  return "$rc"
}
admin_text() { admin "$@" | tr -d ' \n'; }

# ---- what is pushed --------------------------------------------------------------------------

item() { printf '%04x%s' $((${#1} / 2)) "$1"; } # HEX, with its length before it
hex_of() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
octets() { sed 's/../\\x&/g' | { read -r line; printf '%b' "$line"; }; }
rs() { # an ECDSA signature in DER as r and s of 32 octets each, in hex
  openssl asn1parse -inform DER -in "$1" | awk -F: '/INTEGER/ { s = $NF; while (length(s) < 64) s = "0" s; printf "%s", substr(s, length(s) - 63) }'
}
# endorsement PLMN-OCTETS NUMBER: the signed object, in JSON.
endorsement() {
  local content
  content=$(item "$(hex_of 'bindery dimsi endorsement')")$(item 01)$(item "$token")
  content+=$(item 09710000000000f1)$(item "$1")$(item "$se_digest")
  content+=$(item "$(printf '%016x' "$2")")$(item "$(printf '%016x' $(($(date +%s) + 3600)))")
  octets <<<"$content" >endorsement
  openssl dgst -sha256 -sign arpf.key -out signature endorsement
  printf '{"content":"%s","signature":"%s","certificates":["%s"]}' "$(base64 -w0 endorsement)" \
    "$(rs signature | octets | base64 -w0)" "$(der arpf.crt)"
}
# push_file FILE IMSI PLMN-OCTETS NUMBER
push_file() {
  printf '{"imsi":"%s","rand":"%s","autn":"%s","xres":"%s","ck":"%s","ik":"%s","expires":%s,"endorsement":%s}' \
    "$2" "$rand" "$autn" "$xres" "$ck" "$ik" $(($(date +%s) + 3000)) "$(endorsement "$3" "$4")" >"$1"
}
ask() { # CLIENT METHOD PATH [CURL OPTIONS...]: the status, and the body in `said`
  local who=$1 method=$2 path=$3
  shift 3
  curl --silent --show-error --max-time 60 --cacert ca.crt --cert "$who.crt" --key "$who.key" --request "$method" \
    --output said --write-out '%{http_code}' "$@" "https://localhost:$push_port$path"
}
token=$(random_hex 32) se_digest=$(random_hex 32)
rand=$(random_hex 16) autn=$(random_hex 6)8000$(random_hex 8) xres=$(random_hex 8) ck=$(random_hex 16) ik=$(random_hex 16)
push_file one 001010000700001 00f110 1
push_file late 001010000700001 00f110 1
push_file theirs 002020000700001 00f220 1
printf '%s\n' "$xres" "$ck" "$ik" >secrets

# ---- the scenes ------------------------------------------------------------------------------

erlang_build
dausf_start
cat >push.sh <<C
#!/bin/sh
curl --silent --show-error --fail-with-body --max-time 60 --cacert ca.crt --cert ausf.crt --key ausf.key \\
  --request PUT --data @one https://localhost:$push_port/v1/entries/$dimsi
C
chmod +x push.sh
cat >run.terms <<T
{hss, "dausf.$discovery", "$discovery", {127,0,0,1}, $diameter_port}.
{mme, "$mme_a", "$realm"}.
{dimsi, "$dimsi"}.
{push, "$work/push.sh"}.
{guesses, 300}.
{challenge, #{rand => <<16#$rand:128>>, autn => <<16#$autn:128>>, xres => <<16#$xres:64>>,
  ck => <<16#$ck:128>>, ik => <<16#$ik:128>>}}.
T
#= test dimsi-network
party erl -noinput -pa "$work/ebin" -kernel logger_level error -eval 'dausf_test:main(["'"$work/run.terms"'"])'

same 'another operator with an equal endorsement is refused' 409 "$(ask other PUT "/v1/entries/$dimsi" --data @theirs)"
holds 'by its name' grep -q '/problems/dimsi-taken' said
same 'and is not told that there is an entry' 404 "$(ask other GET "/v1/entries/$dimsi")"
same "a service provider's certificate is refused" 403 "$(ask sp PUT "/v1/entries/$dimsi" --data @one)"
same 'the owner sees how often it was asked for' 200 "$(ask ausf GET "/v1/entries/$dimsi")"
holds 'six times' grep -q '"asked":6' <(tr -d ' ' <said)
holds 'nothing of the challenge is shown' bash -c '! grep -qiF -f secrets said'
status=$(admin_text GET /v1/status)
holds 'the status counts what was asked for and not there' grep -q '"discovery-pending":301' <<<"$status"
holds 'and the refused updates of location and purges' grep -q '"discovery-only":3' <<<"$status"
holds 'guessed dIMSIs left no entry' grep -q '"entries":{"live":1,"spent":0,"expired":0}' <<<"$status"

#= test dimsi-durable
dausf_end KILL || true
dausf_start
same 'what was acknowledged is there after that' 200 "$(ask ausf GET "/v1/entries/$dimsi")"
holds 'as it was' grep -q '"phase":"live"' <(tr -d ' ' <said)
same 'the dIMSI is spent' 200 "$(ask ausf PUT "/v1/entries/$dimsi/spent" --data '{"number":1}')"
same 'an old push does not bring it back' 409 "$(ask ausf PUT "/v1/entries/$dimsi" --data @late)"
holds 'by its name' grep -q '/problems/dimsi-spent' said
holds 'SIGHUP reads the configuration again' bash -c "kill -HUP $dausf_pid"
holds 'and says so' wait_for 10 grep -q '"reloaded"' dausf.log
holds 'SIGTERM ends it in order' dausf_end TERM
secrets_in() { ! cat d.db* dausf.log | od -An -v -tx1 | tr -d ' \n' | grep -qiF -f secrets && ! grep -aqiF -f secrets dausf.log; }
holds 'no key is in the clear in store or log' secrets_in
finish
