#!/usr/bin/env bash
# Events to a receiver over HTTPS (webhook_receiver.mjs) while subscribers come and go: it refuses,
# it is gone for a while, the HSS is killed in the middle, and every event comes at least once, in
# order, with a signature that the openssl command makes too. Beside it `bindery events --follow`,
# over the socket and over HTTPS, misses nothing and repeats nothing through all of it.
#
# src/nf/hssd/webhook.c, src/nf/hssd/admin_events.c, src/cli/events.c
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

# ---- the HSS and its receiver ------------------------------------------------------------------

ca ca
leaf receiver ca 'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost' -days 2
client ops 9
leaf server ca 'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost' -days 2
port='' hook='' diameter=''
free_port port
free_port hook
free_port diameter
openssl rand 32 >octets.secret
secret=$(od -An -v -tx1 octets.secret | tr -d ' \n')
printf 'whsec_%s\n' "$(base64 -w 0 octets.secret)" >noc.secret
printf '%s\n' "$secret" >secrets # nothing may hold it
: >none.sub
mkdir got
{
  cat <<C
origin_host: $hss_host
origin_realm: $realm
plmns: ["001-01"]
store: {path: $work/hss.db, key_file: $work/kek}
admin:
  socket: $work/admin
  https:
    listen: https://127.0.0.1:$port
    certificate: server.crt
    key: server.key
    ca: ca.crt
    users: [{name: ops.example, role: reader}]
listeners: [{address: "tcp://127.0.0.1:$diameter"}]
webhooks:
  - name: noc
    url: https://localhost:$hook/events?of=hss
    ca: ca.crt
    secret_file: noc.secret
    events: [all]
peers:
C
  hss_peer "$mme_a"
  hss_profile
} >hssd.yaml

receiver_start() {
  rm -f got/ready
  node "$live_here/webhook_receiver.mjs" "$work/got" "$hook" receiver.crt receiver.key 2>>receiver.log &
  receiver=$!
  pids+=("$receiver")
  wait_for 60 test -e got/ready
}
receiver_stop() {
  kill -TERM "$receiver"
  wait "$receiver" 2>/dev/null || true
}
hss_kill() {
  kill -KILL "$hss_pid"
  wait "$hss_pid" 2>/dev/null || true
}

# turns N : N subscribers come, and go again: 2 N events. A subscriber that is there already, because the HSS was
# killed in the middle, is none.
turns() {
  local i imsi
  for ((i = 0; i < $1; i++)); do
    imsi=00101000000$((1000 + RANDOM % 9000))
    admin PUT "/v1/subscribers/$imsi" --data "{\"k\":\"$(random_hex 16)\",\"opc\":\"$(random_hex 16)\"}" >/dev/null || true
    admin DELETE "/v1/subscribers/$imsi" >/dev/null || true
  done
}

# the ids of all events, as the HSS has them
events_there() {
  local after=0 page
  while page=$(admin GET "/v1/events?limit=1000&after=$after" | tr -d ' \n' | grep -oE '"id":[0-9]+' | cut -d: -f2) && [ -n "$page" ]; do
    printf '%s\n' "$page"
    after=$(tail -n 1 <<<"$page")
  done
}
taken() { awk '$2 < 300 { print $3 }' got/list; } # in the order in which they came
all_taken() { [ "$(taken | sort -nu | tail -n 1)" = "$(events_there | tail -n 1)" ]; }
state_is() { admin GET /v1/webhooks | tr -d ' \n' | grep -qF "\"state\":\"$1\""; }

# shellcheck disable=SC2119 # without options
hss_start_again() { hss_start; }

receiver_start
hss_start_again
wait_for 60 state_is up || true
first=$(events_there | tail -n 1)
first=${first:-0}
"$bindery" events --socket "$work/admin" --follow --after "$first" --json >local.out 2>local.err &
pids+=("$!")
"$bindery" events --server "https://localhost:$port" --certificate ops.crt --key ops.key --ca ca.crt \
  --follow --after "$first" --json >remote.out 2>remote.err &
pids+=("$!")

# ---- what happens ------------------------------------------------------------------------------

echo "# all is well"
turns 20
holds "all of it is taken" wait_for 60 all_taken
same "one after the other, and nothing twice" "$(events_there | awk -v f="$first" '$1 > f')" "$(taken)"

echo "# the receiver refuses, and is gone"
echo 503 >got/answer
turns 5
holds "the HSS says so" wait_for 60 state_is down
shown_as() { "$bindery" status --socket "$work/admin" | grep -qE "^[a-z0-9-]+ +https?://[^ ]+ +$1 "; }
holds "and bindery status" shown_as down
receiver_stop
turns 10
echo "# the HSS is killed meanwhile"
hss_kill
hss_start_again
turns 5
rm got/answer
receiver_start
holds "all of it is taken" wait_for 60 all_taken
holds "and the HSS says so" wait_for 60 state_is up

echo "# the HSS is killed in the middle of it"
for round in 1 2 3; do
  turns 25 2>/dev/null &
  load=$!
  sleep "0.$((RANDOM % 9))$round"
  hss_kill
  wait "$load" || true
  hss_start_again
done
turns 5
holds "all of it is taken" wait_for 60 all_taken

# ---- what came of it ---------------------------------------------------------------------------

events_there | awk -v f="$first" '$1 > f' >wanted
same "every event came" "$(cat wanted)" "$(taken | sort -nu)"
in_order() { # what comes again is behind what came before; nothing is passed over
  taken | awk 'NR > 1 && $1 > highest + 1 { print "after " highest " came " $1; bad = 1 }
               $1 > highest { highest = $1 } END { exit bad }'
}
holds "in order" in_order
one_id_each() { # webhook-id goes with the event, in every try
  awk '{ if (($3 in id) && id[$3] != $5) { print; bad = 1 } id[$3] = $5
         if (($5 in of) && of[$5] != $3) { print; bad = 1 } of[$5] = $3 } END { exit bad }' got/list
}
holds "under one id each" one_id_each
same "that it was down is one event" 1 "$(admin GET '/v1/events?name=webhook-down&limit=1000' | tr -d ' \n' | grep -o '"id":' | wc -l)"
same "that it is up again another" 1 "$(admin GET '/v1/events?name=webhook-up&limit=1000' | tr -d ' \n' | grep -o '"id":' | wc -l)"
signatures() { # by the openssl command
  local n wanted
  # shellcheck disable=SC2013 # numbers
  for n in $(awk 'NR % 7 == 1 { print $1 }' got/list); do
    wanted=v1,$(openssl dgst -sha256 -mac HMAC -macopt "hexkey:$secret" -binary "got/$n.signed" | base64 -w 0)
    [ "$(cat "got/$n.signature")" = "$wanted" ] || { echo "$n: $(cat "got/$n.signature"), not $wanted"; return 1; }
  done
}
holds "openssl makes the same signatures" signatures

followed() { grep -oE '"id":[0-9]+' "$1.out" | cut -d: -f2; }
caught_up() { [ "$(followed "$1" | tail -n 1)" = "$(tail -n 1 wanted)" ]; }
for way in local remote; do
  holds "events --follow, $way, has caught up" wait_for 60 caught_up "$way"
  same "with every event once, in order" "$(cat wanted)" "$(followed "$way")"
  holds "and said that the HSS was away" grep -qF "waiting for it" "$way.err"
done

echo "# filters of the command"
some=$(grep -oE '"imsi":"[0-9]+"' local.out | tail -n 1 | cut -d'"' -f4)
ask_events() { "$bindery" events --socket "$work/admin" --json "$@"; }
same "by IMSI" "$(grep -cF "\"imsi\":\"$some\"" local.out)" "$(ask_events --imsi "$some" | wc -l)"
same "by name and IMSI" "$(grep -F "\"imsi\":\"$some\"" local.out | grep -cF subscriber-removed)" \
  "$(ask_events --imsi "$some" --name subscriber-removed | wc -l)"
same "by peer" 2 "$(ask_events --peer noc | wc -l)"
same "by cause" 1 "$(ask_events --peer noc --cause status | wc -l)"
same "from now on there is nothing" 0 "$(ask_events --since 2100-01-01T00:00:00Z | wc -l)"
same "since the first there is all" "$(events_there | wc -l)" "$(ask_events --since 2000-01-01T00:00:00Z | wc -l)"

holds "the secret is nowhere" secrets_hidden hss.log hss.db got/list local.out
hss_stop || missed "the HSS ends in order"
holds "the path of the URL is not in the log" bash -c "! grep -qF 'of=hss' '$work/hss.log'"
finish
