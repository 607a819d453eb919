#!/usr/bin/env bash
# The events of an MME: `bindery events --follow` over the socket and over HTTPS misses nothing and
# repeats nothing, through an MME that is killed; who changed something, and who was refused, is an
# event and a line of the log; and one user who waits with many requests leaves places for the others.
#
# src/nf/mmed/admin_events.c, src/nf/mmed/admin.c, src/nf/common/event_desk.c,
# src/nf/common/admin_share.c, src/nf/common/admin_told.c, src/cli/events.c
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
umask 077
cd "$work"
# shellcheck source=test/live/lib/repod.sh
. "$live_here/lib/repod.sh"
export NO_COLOR=1 LC_ALL=C.UTF-8
unset BINDERY_SOCKET BINDERY_SERVER BINDERY_DIR
bindery=$BINDERY_BUILD/bindery

# ---- the MME -----------------------------------------------------------------------------------

ca ca
leaf server ca 'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost' -days 2
for name in ops watch narrow; do client "$name" 9; done
port='' s1='' diameter=''
free_port port
free_port s1
free_port diameter
cat >mmed.yaml <<C
origin_host: $mme_a
origin_realm: $realm
plmn: "001-01"
tracking_areas: [1]
listeners: [{address: "s1-tcp://127.0.0.1:$s1"}]
homes: [{plmns: ["001-01"], peers: [$hss_host]}]
peers: [{origin_host: $hss_host, realm: $realm, address: "tcp://127.0.0.1:$diameter"}]
admin:
  socket: $work/mme
  https:
    listen: https://127.0.0.1:$port
    certificate: server.crt
    key: server.key
    ca: ca.crt
    limits: {connections_per_client: 16, connections_per_address: 64, requests_per_second: 10000, burst: 10000}
    users:
      - {name: ops.example, role: administrator}
      - {name: watch.example, role: reader}
      - {name: narrow.example, role: administrator, imsi_ranges: ["001010000000100-001010000000199"]}
C
url=https://localhost:$port
mme() { curl --silent --fail --max-time 60 --unix-socket mme "http://mme$1" "${@:2}"; }
mme_start() {
  "$BINDERY_BUILD/bindery-mmed" --config mmed.yaml 2>>mme.log &
  mme_pid=$!
  pids+=("$mme_pid")
  wait_for 60 mme /v1/status
}
ids() { grep -oE '"id": ?[0-9]+' | tr -dc '0-9\n'; }
ids_there() { mme '/v1/events?limit=1000' | ids; }
reloads() { # N
  local i
  for ((i = 0; i < $1; i++)); do mme /v1/reload -X POST >/dev/null; done
}
holds 'an MME serves' mme_start

# ---- followed, through a death -------------------------------------------------------------------

"$bindery" events --from mme --socket "$work/mme" --follow --after 0 --json >local.out 2>local.err &
pids+=("$!")
"$bindery" events --from mme --server "$url" --certificate ops.crt --key ops.key --ca ca.crt --follow --after 0 --json >remote.out 2>remote.err &
pids+=("$!")
: >wanted
has_all() { [ "$(ids <"$1.out" | tail -n 1)" = "$(tail -n 1 wanted)" ]; }
catches_up() { # SENTENCE: events that the process had so far are in `before`
  local way
  { cat before && ids_there; } >wanted
  for way in local remote; do
    holds "$1, $way" wait_for 60 has_all "$way"
    same "every event once, in order, $way" "$(cat wanted)" "$(ids <"$way.out")"
  done
}
: >before
reloads 5
catches_up 'what happened is followed'
same 'and it was as much as it is' 10 "$(wc -l <wanted)"
cp wanted before
kill -KILL "$mme_pid"
wait "$mme_pid" 2>/dev/null || true
holds 'the MME is killed and starts again' mme_start
reloads 3
catches_up 'and what the next one has'
same 'that it was gone was said once' 1 "$(grep -c 'waiting for it' remote.err)"

# ---- filters, and who changed what ---------------------------------------------------------------

as watch -X POST "$url/v1/reload"
same 'a reader may not reload' 403 "$status"
as narrow -X POST "$url/v1/ues/001010000000099/detach"
same 'nor is a device outside a scope detached' 403 "$status"
as narrow -X POST "$url/v1/ues/001010000000150/detach"
same 'one that is not there changes nothing' 404 "$status"
as ops -X POST "$url/v1/reload"
same 'an administrator may' 200 "$status"
shown() { "$bindery" events --from mme --socket "$work/mme" --json "$@"; }
same 'all that was changed or refused is there' 6 "$(shown --name admin-change | wc -l)"
same 'by cause' 1 "$(shown --name admin-change --cause not-allowed | wc -l)"
same 'with who it was, from where, and what' 'POST /v1/reload by watch.example from 127.0.0.1' \
  "$(shown --cause not-allowed | sed 's/.*"detail":"\([^"]*\)".*/\1/')"
same 'by IMSI' 1 "$(shown --imsi 001010000000099 | wc -l)"
same 'by a time to come' 0 "$(shown --since 2199-01-01T00:00:00Z | wc -l)"
same 'by a time that is past' "$(ids_there | wc -l)" "$(shown --since 2000-01-01T00:00:00Z | wc -l)"
as narrow "$url/v1/events?limit=1000"
same 'a scope sees nothing of it' 0 "$(ids <said | wc -l)"
same 'the log has each of them too' '"cause":"not-allowed" "cause":"out-of-scope"' \
  "$(grep -F '"event":"admin-change"' mme.log | grep -oE '"cause":"[a-z-]+"' | sort | xargs -d '\n')"
same 'with the one who may' 1 "$(grep -F '"event":"admin-change"' mme.log | grep -cF '"who":"ops.example"')"

cp mmed.yaml good.yaml
sed 's/imsi_ranges: .*/plmns: ["001-010"]}/' good.yaml >mmed.yaml
as ops -X POST "$url/v1/reload"
same 'a scope that would be another than it says is refused' '409 admin.https.users[2].plmns[0]' \
  "$status $(grep -oF 'admin.https.users[2].plmns[0]' said)"
cp good.yaml mmed.yaml
same 'which is told with its cause' 1 "$(shown --name admin-change --cause configuration-refused | wc -l)"

# ---- who waits, and how many ---------------------------------------------------------------------

newest=$(ids_there | tail -n 1)
waits=()
for i in 1 2 3 4 5 6 7 8 9 10; do
  curl -s -i --max-time 120 --cacert ca.crt --cert watch.crt --key watch.key -o "waited.$i" "$url/v1/events?wait=30&after=$newest" &
  waits+=("$!")
done
pids+=("${waits[@]}")
refused() { grep -lsE 'problem:busy' waited.* | wc -l; }
two_are_refused() { [ "$(refused)" = 2 ]; }
holds 'of ten requests of one two find no place' wait_for 60 two_are_refused
same 'and are told when to come again' 2 "$(grep -lE '^HTTP/1.1 503' waited.* | xargs grep -il '^retry-after: 1' | xargs grep -lF 'requests of watch.example wait' | wc -l)"
as narrow "$url/v1/events?wait=1&after=$newest"
same 'another waits' 200 "$status"
holds 'and so does who comes over the socket' mme "/v1/events?wait=1&after=$newest"
reloads 1
for pid in "${waits[@]}"; do wait "$pid" || true; done
same 'all eight who waited were told' 8 "$(grep -lE '"name": ?"(configuration-reloaded|admin-change)"' waited.* | wc -l)"

kill -TERM "$mme_pid"
wait "$mme_pid" && ended=0 || ended=$?
same 'it ends in order, whoever follows' 0 "$ended"
finish
