#!/usr/bin/env bash
# The administration interfaces of bindery-repod, bindery-arpfd, bindery-dausfd and bindery-rsmfd, and of an MME that
# has a device: an operator as `bindery up` makes one, of which a device with a discovery IMSI was attached, so that each has
# something to show. All OpenAPI documents by the schema of OpenAPI 3.1; then of each daemon every path by curl with
# certificates that are good and not, each role, and a client that knows nothing but the document (test/client). Last
# the command `bindery` at each, with a certificate that it made itself.
#
# src/nf/repod/admin.c, src/nf/arpfd/admin.c, src/nf/dausfd/view.c, src/nf/rsmfd/admin.c, src/cli/status_view.c, src/cli/pki_verb.c
set -euo pipefail
umask 077
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
cd "$work"
# shellcheck source=test/live/lib/attach.sh
. "$live_here/lib/attach.sh"
# shellcheck source=test/live/lib/certattach.sh
. "$live_here/lib/certattach.sh"
# shellcheck source=test/live/lib/dimsi.sh
. "$live_here/lib/dimsi.sh"
# shellcheck source=test/live/lib/repod.sh
. "$live_here/lib/repod.sh"
# shellcheck source=test/live/lib/admin.sh
. "$live_here/lib/admin.sh"
client_ready
admin_certificates
operator op
quick
declare -A port_of socket_of=([repod]=op/repod.sock [arpfd]=op/arpf/arpf.sock [dausfd]=op/discovery/discovery.sock
  [rsmfd]=op/rsmf/rsm.sock)
daemons=(repod arpfd dausfd rsmfd)
taken=0
for each in "${daemons[@]}"; do
  free_port taken
  port_of[$each]=$taken
  [ "$each" = repod ] || https_of admin_https "$taken" server >>"op/${file_of[$each]}"
done
grep -q '^admin:' op/repod.yaml || printf 'admin:\n  socket: repod.sock\n' >>op/repod.yaml
https_of https "${port_of[repod]}" server | sed 's/^/  /' >>op/repod.yaml # admin is the last there
daemon op repod
everyone

echo "# the documents"
described=() others=()
for each in "$documents"/*.yaml; do
  case $each in
  */hssd.yaml | */mmed.yaml | *-admin.yaml) described+=(--administration "$each") ;;
  *) others+=("$each") ;;
  esac
done
party node client/check.mjs "${described[@]}" "${others[@]}"

echo "# something to show"
published=35693803564380
holds "a manufacturer makes a device" cli device make --count 1 --tac 35693803 --first 564380 --out lot --dir op
holds "and publishes its certificate" cli binding publish lot/bindings.ndjson --dir op
dimsi=901700000000001
holds "a device is made" made 0 1
holds "the service provider has the ARPF's certificate" sp arpf "$(arpf_link)"
holds "and offers the device" eval 'ordered && offered'
holds "which the operator takes" becomes $dimsi pushed
holds "it attaches, and has its own subscription" switched_on 0 registered 35693805000000
holds "and that is known" becomes $dimsi "done"

# hostile: what no client of ours sends, over the socket.
head -c 1100000 /dev/zero | tr '\0' ' ' >large
printf '{"a":%.0s' $(seq 20000) >deep
long=$(printf '%060000d' 0)
by_socket() { curl -s -o said -w '%{http_code}' --max-time 60 --unix-socket "${socket_of[$each]}" "$@" || true; }
hostile() {
  local at got=()
  for at in '/v1/%00' '/v1/status/%00' '/v1/status?%00=%00' '/v1/status?limit' '/v1/status?&&=&' '/v1//status' '/v1/status/' \
    '/v1/..%2fstatus' "/v1/$long" "/v1/status?x=$long" '//v1/status' '/%ff%fe' '/v1/openapi.yaml/..'; do
    got+=("$(by_socket --path-as-is "http://x$at") ${at:0:40}")
  done
  same "$each: no odd address is taken" '' "$(printf '%s\n' "${got[@]}" | grep -vE '^(4..|000) ' || true)"
  same 'nor a body that is too large' 413 "$(by_socket -X POST --data-binary @large http://x/v1/reload)"
  same 'of one that nobody asked for nothing is read' 200 "$(by_socket -X POST --data-binary @deep http://x/v1/reload)"
  same 'nor of one in pieces' 200 "$(by_socket -X POST -H 'Transfer-Encoding: chunked' --data-binary @deep http://x/v1/reload)"
  same 'another method is none' 405 "$(by_socket -X BREW http://x/v1/status)"
  by_socket -H "X-Long: $long" http://x/v1/status >/dev/null
  same 'and afterwards it serves as before' 200 "$(by_socket http://x/v1/status)"
}

# shows DAEMON PATH PART: over HTTPS, to an administrator
shows() { does "$1: there is something at $2" 200 "$3" ops "$url$2"; }
for each in "${daemons[@]}"; do
  echo "# bindery-$each"
  url=https://localhost:${port_of[$each]}
  operations_of "$each-admin.yaml"
  nobody_else_may
  role_may watch reader
  role_may clerk reader
  role_may ops reader administrator
  case $each in
  repod)
    shows repod /v1/bindings "\"imei\":\"$published\""
    shows repod /v1/clients '"role":"manufacturer"'
    shows repod /v1/audit '"outcome":"ok"'
    answers out-of-scope 'who has a scope does not see what was published' 403 narrow "$url/v1/bindings/$published"
    ;;
  arpfd)
    shows arpfd /v1/releases "\"dimsi\":\"$dimsi\""
    shows arpfd "/v1/releases/$dimsi" '"target":"001-01"'
    answers out-of-scope 'who has a scope does not see whose keys went where' 403 narrow "$url/v1/releases/$dimsi"
    ;;
  dausfd)
    shows dausfd /v1/entries "\"dimsi\":\"$dimsi\""
    answers out-of-scope 'who has a scope does not see who is expected' 403 narrow "$url/v1/entries"
    ;;
  rsmfd)
    shows rsmfd /v1/deliveries '"phase":"confirmed"'
    answers out-of-scope 'who has a scope does not see what was delivered' 403 narrow "$url/v1/deliveries"
    ;;
  esac
  answers - 'and sees the status' 200 narrow "$url/v1/status"
  answers out-of-scope 'but reloads nothing' 403 narrow -X POST "$url/v1/reload"
  answers - 'the document is served' 200 watch "$url/v1/openapi.yaml"
  holds 'as it is' cmp said "$documents/$each-admin.yaml"
  hostile
  same 'the document comes over the socket too' 200 "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "${socket_of[$each]}" http://x/v1/openapi.yaml)"
  mapfile -t way < <(over_https ops)
  independent "$each-admin.yaml" '' "${way[@]}"
done
echo '# bindery-mmed, with a device, over its socket'
independent mmed.yaml detachUe --socket "$work/op/mme.sock"

echo '# the command'
mkdir keep
cp ca.crt ca.key keep/
says 'it makes an administrator' 0 keeper.crt cli pki --administrator keeper.example keep
cp keep/keeper.crt keep/keeper.key .
for each in "${daemons[@]}"; do
  url=https://localhost:${port_of[$each]}
  answers - "$each: who has that certificate is let in, as the configuration has it" 200 keeper "$url/v1/status"
  answers not-allowed 'and may no more than it says there' 403 keeper -X POST "$url/v1/reload"
  mapfile -t way < <(over_https keeper)
  says "$each: bindery status" 0 "bindery-$each" cli status "${way[@]}"
  holds 'has what it counts' grep -q '^requests ' out
done
says 'bindery top works there' 0 bindery-rsmfd cli top --once -i 1 "${way[@]}"
mapfile -t way < <(over_https ops)
says 'and bindery reload' 0 'changed: nothing' cli reload "${way[@]}"
finish
