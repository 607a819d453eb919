#!/usr/bin/env bash
# The administration interface over HTTPS: every path of its OpenAPI document by curl, with a good
# certificate, with none, and with one that is of another CA, expired, revoked, of another role, or of
# nobody who is configured; each role against each path; scopes, conditions, lines; clients that are
# slow, endless or many. Then a client that knows nothing but the document (test/client), over the
# socket and over HTTPS, of hssd and of mmed; and the command `bindery` against a server.
#
# src/nf/common/admin_door.c, src/nf/common/admin_answer.c, src/cli/api_remote.c
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
umask 077
cd "$work"
# shellcheck source=test/live/lib/repod.sh
. "$live_here/lib/repod.sh"
# shellcheck source=test/live/lib/admin.sh
. "$live_here/lib/admin.sh"
client_ready

# ---- certificates ------------------------------------------------------------------------------

admin_certificates
leaf server-expired ca 'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost' -days -1

# ---- the HSS -----------------------------------------------------------------------------------

port='' mme_port='' diameter='' s1='' nobody=''
free_port port
free_port mme_port
free_port diameter
configure() { # CERTIFICATE
  {
    cat <<C
origin_host: $hss_host
origin_realm: $realm
plmns: ["001-01"]
store: {path: $work/hss.db, key_file: $work/kek, backup_folder: $work/backups}
listeners: [{address: "tcp://127.0.0.1:$diameter"}]
peers: [{origin_host: $mme_a, realm: $realm, visited_plmns: ["001-01"]}]
profiles: [{name: default, ambr: {uplink: 1, downlink: 1}, apns: [{name: a}]}]
admin:
  socket: $work/admin
C
    https_of https "$port" "$1" | sed 's/^/  /'
  } >hssd.yaml
}
mkdir backups
configure server
hss_start
url=https://localhost:$port

# ---- every path, with certificates that are not good ---------------------------------------------

operations_of hssd.yaml
same 'there are operations to be asked for' yes "$([ "$(wc -l <operations)" -gt 30 ] && echo yes)"
nobody_else_may
same 'none of this changed anything' '{"subscribers":[],"next":null}' "$(admin GET /v1/subscribers | tr -d ' \n')"
if curl -s --max-time 5 --cacert ca.crt --tls-max 1.2 --cert ops.crt --key ops.key "$url/v1/status" >said 2>&1; then
  missed 'TLS 1.2 is not spoken' "$(cat said)"
else
  passed 'TLS 1.2 is not spoken'
fi

# ---- each role, each path ------------------------------------------------------------------------

role_may watch reader
role_may clerk reader provisioner
role_may ops reader provisioner administrator

# ---- scope ---------------------------------------------------------------------------------------

keys='"k":"465b5ce8b199b49faa5f0a2ee238a6bc","opc":"cd63cb71954a9f4e48a5994e37a02baf"'
for imsi in 001010000000099 001010000000150; do
  answers - "the administrator makes $imsi" 201 ops -X PUT "$url/v1/subscribers/$imsi" -d "{$keys}"
done
answers - 'a scope shows what is in it' 200 narrow "$url/v1/subscribers/001010000000150"
answers out-of-scope 'and not what is outside' 403 narrow "$url/v1/subscribers/001010000000099"
cp said there
answers out-of-scope 'whether it is there or not' 403 narrow "$url/v1/subscribers/001010000000098"
same 'with the same words' "$(sed 's/[0-9]\{15\}/IMSI/g' there)" "$(sed 's/[0-9]\{15\}/IMSI/g' said)"
for method in PUT PATCH DELETE; do
  answers out-of-scope "nothing outside is changed by $method" 403 narrow -X "$method" -d "{$keys}" "$url/v1/subscribers/001010000000099"
done
answers out-of-scope 'nor a device of it' 403 narrow -X PUT -d '{}' "$url/v1/subscribers/001010000000099/devices/35693803564380"
answers - 'a list has what is in the scope' 200 narrow "$url/v1/subscribers"
same 'and nothing else' '"001010000000150"' "$(grep -o '"001010000000[0-9]*"' said | sort -u | xargs -n1 printf '"%s"\n' 2>/dev/null)"
printf '{"imsi":"%s","suspended":true}\n' 001010000000099 001010000000150 >rows
answers - 'an import takes the rows of the scope' 200 narrow -X POST --data-binary @rows "$url/v1/import"
same 'and refuses the others, each by itself' 'out-of-scope changed' \
  "$(grep -o 'out-of-scope\|"did":"[a-z]*"' said | sed 's/.*:"\(.*\)"/\1/' | xargs)"
answers - 'what it refused is as it was' 200 ops "$url/v1/subscribers/001010000000099"
same 'not suspended' '"suspended":false' "$(tr -d ' ' <said | grep -o '"suspended":[a-z]*')"

# ---- conditions ----------------------------------------------------------------------------------

one=$url/v1/subscribers/001010000000150
etag() { curl -s -D - -o /dev/null --cacert ca.crt --cert ops.crt --key ops.key "$1" | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p'; }
first=$(etag "$one")
same 'a subscriber has an ETag' yes "$([[ $first == \"*\" ]] && echo yes)"
answers - 'who has it already is told so' 304 ops -H "If-None-Match: $first" "$one"
answers - 'who has another gets it' 200 ops -H 'If-None-Match: "0"' "$one"
answers - 'a change of what was read is made' 200 ops -X PATCH -H "If-Match: $first" -d '{"suspended":false}' "$one"
answers precondition-failed 'and not a second time' 412 ops -X PATCH -H "If-Match: $first" -d '{"suspended":true}' "$one"
answers precondition-failed 'nor a removal of what was changed meanwhile' 412 ops -X DELETE -H "If-Match: $first" "$one"
answers precondition-failed 'what is there is not made' 412 ops -X PUT -H 'If-None-Match: *' -d "{$keys}" "$one"
answers - 'the ETag is another now' 200 ops -H "If-None-Match: $first" "$one"
for path in /v1/devices /v1/lots /v1/eir/rules /v1/eir; do
  answers - "$path is not transferred twice" 304 ops -H "If-None-Match: $(etag "$url$path")" "$url$path"
done

# ---- addresses and bodies ------------------------------------------------------------------------

answers no-such-path 'another path is refused' 404 ops --path-as-is "$url/v1/../v1/status"
answers method-not-allowed 'another method is refused' 405 ops -X DELETE "$url/v1/status"
as ops -i -H 'Origin: https://elsewhere.example' -X OPTIONS -H 'Access-Control-Request-Method: PUT' "$one"
same 'no other site is let in' 0 "$(grep -ci '^access-control' said || true)"
head -c 1100000 /dev/zero | tr '\0' ' ' >large
answers too-large 'a body is no larger than it may be' 413 ops -X POST --data-binary @large "$url/v1/import"

# ---- slow, endless and many clients ----------------------------------------------------------------

established() { grep -ci " 0100007F:$(printf %04X "$port") [0-9A-F:]* 01 " /proc/net/tcp || true; }
nobody_left() { [ "$(established)" = 0 ]; }
tls() { # CLIENT
  openssl s_client -quiet -ign_eof -connect "127.0.0.1:$port" -cert "$1.crt" -key "$1.key" -CAfile ca.crt 2>/dev/null
}
octets() { # TEXT: one after the other
  local i
  for ((i = 0; i < ${#1}; i++)); do
    printf '%s' "${1:i:1}" || return 0
    sleep 0.05
  done
}
printf 'GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' | tls ops >said || true
same 'who asks at once is answered' 'HTTP/1.1 200 OK' "$(head -n 1 said | tr -d '\r')"
header=$'GET /v1/status HTTP/1.1\r\nHost: x\r\nX-Slow: '$(printf '%0200d' 0)$'\r\n\r\n'
octets "$header" 2>/dev/null | tls ops >said || true
same 'a header that comes octet by octet is not waited for' '' "$(grep -a '200 OK' said || true)"
{
  printf 'POST /v1/import HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
  while printf '4\r\n    \r\n' 2>/dev/null; do sleep 0.01; done
} 2>/dev/null | tls ops >said || true
same 'a body without end has one' '' "$(grep -a '200 OK' said || true)"
answers - 'meanwhile and afterwards others are served' 200 watch "$url/v1/status"
held=()
for _ in $(seq 30); do
  exec {fd}<>"/dev/tcp/127.0.0.1/$port"
  held+=("$fd")
done
answers - 'thirty connections that say nothing take no place from another address' 200 ops --interface 127.0.0.2 "$url/v1/status"
if wait_for 20 nobody_left; then passed 'and they are cut off'; else missed 'and they are cut off' "$(established)"; fi
for fd in "${held[@]}"; do exec {fd}>&-; done
fill=()
for _ in 1 2 3 4; do # that have asked once: so many a client may have
  coproc HELD { { printf 'GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n' && sleep 20; } | tls watch; }
  pids+=("$HELD_PID")
  read -r line <&"${HELD[0]}"
  fill+=("${line%$'\r'}")
done 2>/dev/null
same 'a client has its connections' 'HTTP/1.1 200 OK' "${fill[3]}"
as watch "$url/v1/status"
same 'and no more of them' '429 too-many-connections' "$status $(grep -o 'too-many-connections' said || true)"
answers - 'while another client has its own' 200 ops "$url/v1/status"
if admin GET /v1/status >said; then passed 'the socket is served all the while'; else missed 'the socket is served all the while' "$(cat said)"; fi

# ---- the client that knows the document ------------------------------------------------------------

# Nobody of these is there, or can be made by what the document says.
unmet=$(printf '%s,' getOnboarding tellOnboarding getDimsi tellDimsi stopReseal)
fresh() { # an HSS in which nothing is
  hss_stop || true
  rm -rf hss.db* backups/*
  hss_start
}
fresh
echo '# over the socket'
independent hssd.yaml "$unmet" --socket "$work/admin"
fresh
echo '# over HTTPS'
mapfile -t way < <(over_https ops)
independent hssd.yaml "$unmet" "${way[@]}"
fresh
echo '# as a provisioner'
mapfile -t way < <(over_https clerk)
independent hssd.yaml "${unmet}getLot" "${way[@]}" --may reader,provisioner
echo '# as a reader'
fresh
mapfile -t way < <(over_https watch)
independent hssd.yaml "${unmet}getLot,getSubscriber,getDevice,getImport,getEirRule,getDeviceOfSubscriber" "${way[@]}" --may reader

# ---- the MME ---------------------------------------------------------------------------------------

free_port s1
{
  cat <<C
origin_host: $mme_a
origin_realm: $realm
plmn: "001-01"
tracking_areas: [1]
listeners: [{address: "s1-tcp://127.0.0.1:$s1"}]
homes: [{plmns: ["001-01"], peers: [$hss_host]}]
peers: [{origin_host: $hss_host, realm: $realm, address: "tcp://127.0.0.1:$diameter"}]
admin:
  socket: $work/mme
C
  https_of https "$mme_port" server | sed 's/^/  /'
} >mmed.yaml
"$BINDERY_BUILD/bindery-mmed" --config mmed.yaml 2>mme.log &
pids+=("$!")
mme_serves() { curl -s --fail --unix-socket "$work/mme" http://mme/v1/status; }
if wait_for 20 mme_serves; then passed 'an MME serves'; else missed 'an MME serves' "$(tail -n 5 mme.log)"; fi
hss_url=$url
url=https://localhost:$mme_port
operations_of mmed.yaml
none_may 'no path of it is served without a certificate' no-certificate ''
none_may 'nor with one that was revoked' client-revoked revoked
role_may watch reader
echo '# over the socket'
independent mmed.yaml detachUe --socket "$work/mme"
echo '# over HTTPS'
mapfile -t way < <(over_https ops)
independent mmed.yaml detachUe "${way[@]}"
url=$hss_url

# ---- the command -----------------------------------------------------------------------------------

command=("$BINDERY_BUILD/bindery")
mapfile -t ops < <(over_https ops)
mapfile -t watch < <(over_https watch)
mapfile -t narrow < <(over_https narrow)
printf 'imsi,k,opc\n001010000000007,465b5ce8b199b49faa5f0a2ee238a6bc,cd63cb71954a9f4e48a5994e37a02baf\n' >rows.csv
says 'it imports over HTTPS' 0 '1' "${command[@]}" import "${ops[@]}" rows.csv
for dry in '' --dry-run; do
  # shellcheck disable=SC2086 # none or one word
  says "a role that may not import is told so${dry:+, of a dry run too}" 1 'admin.https.users' "${command[@]}" import $dry "${watch[@]}" rows.csv
  same 'and nothing else is said' 1 "$(grep -c . out)"
done
printf '35693803,grey\n' >rules.csv
says 'and of rules' 1 'admin.https.users' "${command[@]}" eir import --dry-run "${watch[@]}" rules.csv
same 'the same' 1 "$(grep -c . out)"
says 'and lists' 0 001010000000007 "${command[@]}" subscriber list "${watch[@]}"
says 'and shows the status with the server' 0 "$url" "${command[@]}" status "${ops[@]}"
says 'the environment says it too' 0 001010000000007 env "BINDERY_SERVER=$url" BINDERY_CERTIFICATE=ops.crt BINDERY_CA=ca.crt \
  "${command[@]}" subscriber list
says 'a role that may not is told so' 1 'admin.https.users' "${command[@]}" subscriber remove 001010000000007 "${watch[@]}"
says 'and who is out of scope' 1 'which IMSIs' "${command[@]}" subscriber show 001010000000007 "${narrow[@]}"
for bad in foreign:admin.https.ca expired:'have a new certificate' revoked:'revoked'; do
  mapfile -t way < <(over_https "${bad%%:*}")
  says "a certificate that is ${bad%%:*} is refused in words" 1 "${bad#*:}" "${command[@]}" status "${way[@]}"
done
mapfile -t way < <(over_https ops stranger)
says 'a server of another CA is not believed' 1 'does not lead to stranger.crt' "${command[@]}" status "${way[@]}"
says 'nor one under another name' 1 'for another host' "${command[@]}" status --server "https://127.0.0.1:$port" \
  --certificate ops.crt --ca ca.crt
says 'a host that nobody knows' 3 'nobody knows a host' "${command[@]}" status --server https://nowhere.invalid:1 \
  --certificate ops.crt --ca ca.crt
free_port nobody
says 'a port on which nobody listens' 3 'no HSS answers' "${command[@]}" status --server "https://localhost:$nobody" \
  --certificate ops.crt --ca ca.crt
says 'what is no address' 2 'https://HOST:PORT' "${command[@]}" status --server http://localhost --certificate ops.crt --ca ca.crt
says 'a file that is not there' 1 'none.crt' "${command[@]}" status --server "$url" --certificate none.crt --ca ca.crt
says 'a certificate without a key beside it' 1 '--key' "${command[@]}" status --server "$url" --certificate rows.csv --ca ca.crt
says 'a key of another' 1 'are no certificate and its key' "${command[@]}" status --server "$url" --certificate ops.crt \
  --key watch.key --ca ca.crt
for verb in up down logs; do
  says "$verb is for this machine" 2 'of this machine only' "${command[@]}" "$verb" "${ops[@]}"
done
hss_stop || true
configure server-expired
hss_start
says 'a server whose certificate has expired is not believed' 1 'has expired' "${command[@]}" status "${ops[@]}"
if secrets_hidden_none=$(grep -aciF 465b5ce8b199b49faa5f0a2ee238a6bc hss.log); then
  missed 'no key is in the log' "$secrets_hidden_none"
else
  passed 'no key is in the log'
fi
finish
