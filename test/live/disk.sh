#!/usr/bin/env bash
# A disk that is full, and one that fails: the HSS goes on answering, refuses changes by name, says in its
# health what is wrong, goes on by itself when the disk does, and after kill -9 has all that it
# acknowledged. Vectors are made as long as the disk stays full, without a sequence number that comes twice.
# The full disk is a small tmpfs in a mount namespace of its own; the failing one is
# test/live/lib/failing_disk.c in front of the C library, and test/live/lib/later_clock.c lets minutes pass.
# shellcheck disable=SC2119 # hss_start takes options of the HSS, and here it may have none
set -euo pipefail
if [ "${1:-}" != inside ]; then
  for space in "unshare -Urm" "unshare -m"; do
    if $space true 2>/dev/null; then
      exec $space bash "$0" inside
    fi
  done
  echo "Bail out! a mount namespace is not permitted here"
  exit 1
fi
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
unset BINDERY_SERVER
umask 077
bindery=$BINDERY_BUILD/bindery
disk=$work/disk
row='"algorithm":"milenage","k":"%032x","opc":"%032x","policy":"open","profile":"default"'
imsi_of() { printf '00101%010d' "$1"; }

hss_configuration() {
  cat >"$work/hssd.yaml" <<C
origin_host: $hss_host
origin_realm: $realm
plmns: ["001-01"]
store: {path: $disk/hss.db, key_file: $work/kek, backup_folder: $disk/backups}
admin: {socket: $work/admin}
listeners: [{address: "tcp://127.0.0.1:$tcp_port"}]
peers:
$(hss_peer "$mme_a")
$(hss_profile)
C
}
# put N: its status. What was acknowledged stands in $work/acknowledged.
put() {
  local status body
  # shellcheck disable=SC2059
  body=$(printf "{$row}" "$1" "$(($1 + 7))")
  status=$(curl -s -o "$work/put" -w '%{http_code}' --max-time 60 --unix-socket "$work/admin" -X PUT \
    -d "$body" "http://hss/v1/subscribers/$(imsi_of "$1")") || true
  [ "$status" != 201 ] || imsi_of "$1" >>"$work/acknowledged"
  [ "$status" != 201 ] || echo >>"$work/acknowledged"
  echo "$status"
}
problem() { grep -o 'urn:bindery:problem:[a-z-]*' "$work/put" | sed 's/.*://' || true; }
device_asks() {
  "$bindery" authenticate --device "$work/device.json" --peer "tcp://127.0.0.1:$tcp_port" --origin-host "$mme_a" \
    --realm "$realm" --plmn 001-01 "$@"
}
health() { admin GET /health/ready || true; }
not_ready() { health | grep -F '"store-not-writable"'; }
ready() { [ "$(health | tr -d ' \n')" = '{"ready":true,"causes":[]}' ]; }
in_store() {
  local after='' page
  while :; do
    page=$(admin GET "/v1/subscribers?limit=1000${after:+&after=$after}" | tr -d ' \n')
    grep -oE '"imsi":"[0-9]+"' <<<"$page" | grep -oE '[0-9]+' || true
    [[ $page =~ \"next\":\"([0-9]+)\" ]] || return 0
    after=${BASH_REMATCH[1]}
  done
}
nothing_is_lost() { # SENTENCE
  in_store | sort >"$work/in"
  same "$1: all that was acknowledged is there" "" "$(sort -u "$work/acknowledged" | grep . | comm -23 - "$work/in")"
}
killed() {
  local pid rest=()
  kill -KILL "$hss_pid"
  wait "$hss_pid" 2>/dev/null || true
  for pid in "${pids[@]}"; do
    [ "$pid" = "$hss_pid" ] || rest+=("$pid")
  done
  pids=("${rest[@]}")
}
# Goes through all of the store's pages by SQLite's own check.
is_whole() {
  rm -f "$work/copy" "$work/copy.manifest"
  "$bindery" backup create --store "$disk/hss.db" --out "$work/copy" &&
    "$bindery" backup verify "$work/copy" --config "$work/hssd.yaml"
}
# goes_on SENTENCE: what needs no change is answered.
goes_on() {
  holds "$1: a device is authenticated" device_asks --no-ulr --no-report
  holds "$1: a subscriber is shown" admin GET "/v1/subscribers/$(imsi_of 11)"
  holds "$1: so are the numbers" admin GET /metrics
  holds "$1: and it is alive" admin GET /health/live
}
# later SECONDS: so much later than at the start, for a HSS that was started with start_later.
later() { echo "$1" >"$work/later.new" && mv "$work/later.new" "$work/later"; }
start_later() { LD_PRELOAD=$work/later_clock.so LATER_CLOCK=$work/later hss_start; }
beside() { grep -qx 'bindery_hss_sequence_mark_beside_store 1' <<<"$(admin GET /metrics)"; }
asks_for_vectors() { device_asks --no-ulr --no-report >"$work/asked" 2>&1; }
resynchronised() { admin GET /v1/status | tr -d ' \n' | grep -oE '"resynchronised":[0-9]+'; }
stopped() {
  local rc=0
  hss_stop || rc=$?
  same "$1" 0 "$rc"
}

tcp_port=0
free_port tcp_port
mkdir "$disk"
mount -t tmpfs -o size=8m tmpfs "$disk"
mkdir "$disk/backups"
hss_configuration
: >"$work/acknowledged"
cc -shared -fPIC -O1 -Wall -o "$work/later_clock.so" "$live_here/lib/later_clock.c"
later 0
start_later
started=$hss_pid
subscriber open "$(imsi_of 11)" open
read -r _ k opc _ <"$work/open.sub"
echo "$k" >"$work/k" && echo "$opc" >"$work/opc"
"$bindery" device file --imsi "$(imsi_of 11)" --imei 35693803564380 --k-file "$work/k" --opc-file "$work/opc" \
  --output "$work/device.json" >/dev/null
holds "a device is authenticated and registered" device_asks
holds "the HSS is ready" ready

echo "# scene: a full disk"
for i in $(seq 1000 1019); do put "$i"; done >"$work/statuses"
same "subscribers go in" "20 201" "$(sort "$work/statuses" | uniq -c | sed 's/^ *//')"
head -c 100000000 /dev/zero >"$disk/other" 2>/dev/null || true
same "there is no room left" 0 "$(df --output=avail "$disk" | tail -n 1 | tr -d ' ')"
n=2000
while [ "$(put "$n")" = 201 ] && [ "$n" -lt 5000 ]; do n=$((n + 1)); done
echo "# $((n - 2000)) more were taken, in what room the log had"
status=$(put "$n")
same "a change is refused by the name of what is missing" "507 store-full" "$status $(problem)"
# What is small may still fit, and is ready for a moment then: what is asked right after a refusal counts.
full() { [ "$(put "$n")" = 507 ] && not_ready >"$work/health"; }
holds "the HSS is not ready, and says why" wait_for 20 full
holds "namely that there is no room left" grep -F 'no room left' "$work/health"
turned() { grep -F '"event":"store-not-writable"' "$work/hss.log" | grep -F '"level":"error"' | grep -F '"cause":"disk-full"'; }
holds "its log says the same" wait_for 10 turned
rc=0
"$bindery" subscriber set "$(imsi_of 11)" --suspended=yes --socket "$work/admin" >"$work/said" 2>&1 </dev/null || rc=$?
same "the command fails" 1 "$rc"
holds "and says the same" grep -F 'no room left' "$work/said"
# shellcheck disable=SC2059
for i in $(seq 6000 6199); do printf "{\"imsi\":\"%s\",$row}\n" "$(imsi_of "$i")" "$i" "$i"; done |
  admin POST /v1/import --header 'Content-Type: application/x-ndjson' --header 'Accept: application/x-ndjson' \
    --data-binary @- >"$work/results" || true
same "each row of an import is answered" 200 "$(wc -l <"$work/results" | tr -d ' ')"
same "those that are not in by the same name" "$(grep -cv '"did"' "$work/results" || true)" \
  "$(grep -c 'urn:bindery:problem:store-full' "$work/results" || true)"
grep -oE '"imsi":"[0-9]+"' <(grep '"did"' "$work/results") | grep -oE '[0-9]+' >>"$work/acknowledged" || true
goes_on "with a full disk"
for minutes in 2 60 1000; do # a mark is good for one
  later $((minutes * 60))
  holds "$minutes minutes later: a device is authenticated" wait_for 20 asks_for_vectors
  holds "$minutes minutes later: the mark is kept beside the store" beside
done
admin POST /v1/backups --data '{"name":"none"}' >/dev/null || true
same "a backup has no room either" "" "$(find "$disk/backups" -name '*.backup')"
same "the HSS is the one that was started" "$started" "$(pgrep -P $$ -x bindery-hssd)"
holds "the store is whole" is_whole
nothing_is_lost "with a full disk"

echo "# scene: there is room again"
rm "$disk/other"
holds "it is ready again by itself" wait_for 20 ready
same "a change is taken" 201 "$(put "$n")"
holds "the log says that too" grep -F '"event":"store-writable-again"' "$work/hss.log"
again() { admin GET '/v1/events?name=store-writable-again' | grep -F '"after '; }
holds "and the events, with for how long it could not be written" wait_for 10 again
holds "a backup is ordered" admin POST /v1/backups --data '{"name":"some"}'
# Of all that were ordered, those that had no room too.
followed() {
  local said
  said=$(admin GET '/v1/audit?target=backups&limit=1000' | grep -oE '"outcome": ?"[a-z]+"' | grep -oE '[a-z]+"$' | tr -d '"')
  grep -qx begun <<<"$said" && [ "$(grep -cx begun <<<"$said")" = "$(grep -cxE 'done|failed' <<<"$said")" ]
}
holds "each backup that was begun has its end in the audit log" wait_for 20 followed
same "without a restart" "$started" "$(pgrep -P $$ -x bindery-hssd)"
holds "a device is registered" device_asks
goes_on "with room"

echo "# scene: kill -9 on a full disk"
head -c 100000000 /dev/zero >"$disk/other" 2>/dev/null || true
n=7000
while [ "$(put "$n")" = 201 ] && [ "$n" -lt 9999 ]; do n=$((n + 1)); done
later 120000
holds "with time gone by, a device is authenticated" wait_for 20 asks_for_vectors
holds "by a mark beside the store" beside
killed
rc=0
timeout 120 "$BINDERY_BUILD/bindery-hssd" --config "$work/hssd.yaml" >"$work/refused" 2>&1 & # it may serve, or say why not
second=$!
pids+=("$second")
serves_or_dead() { admin GET /v1/status || ! kill -0 "$second"; }
wait_for 10 serves_or_dead || true
if kill -0 "$second" 2>/dev/null; then
  echo "# it serves, without room"
  kill -TERM "$second"
fi
wait "$second" || rc=$?
holds "one that is started without room ends with success or with a reason" \
  bash -c "[ $rc -eq 0 ] || { [ $rc -eq 1 ] && [ -s '$work/refused' ]; }"
rm "$disk/other"
hss_start
nothing_is_lost "after kill -9"
holds "the store is whole" is_whole
holds "a device is authenticated" asks_for_vectors
same "no sequence number came twice" '"resynchronised":0' "$(resynchronised)"
stopped "SIGTERM ends it in order"

echo "# scene: a file that may not grow any more"
ulimit -S -f 1024 # KiB
hss_start
ulimit -S -f "$(ulimit -H -f)"
n=15000
while [ "$(put "$n")" = 201 ] && [ "$n" -lt 16000 ]; do n=$((n + 1)); done
status=$(put "$n")
same "a change is refused as on a full disk" "507 store-full" "$status $(problem)"
holds "the HSS goes on" kill -0 "$hss_pid"
goes_on "with a file that may not grow"
killed
hss_start
nothing_is_lost "after kill -9"
stopped "SIGTERM ends it in order"

echo "# scene: a disk that fails"
cc -shared -fPIC -O1 -Wall -o "$work/failing_disk.so" "$live_here/lib/failing_disk.c" -ldl -pthread
met_it() { [ "$status" = 500 ] || { next && [ "$status" != 201 ]; } || [ $((n - first)) -ge 50 ]; }
start_with_shim() {
  LD_PRELOAD=$work/failing_disk.so FAILING_DISK=$work/order hss_start
}
n=20000
next() { # the status of the next one is in $status
  n=$((n + 1))
  status=$(put "$n")
}
for order in "write 0 on" "write 1 on" "sync 0 on"; do
  : >"$work/order"
  start_with_shim
  next
  same "$order: before it changes are taken" 201 "$status"
  echo "$order" >"$work/order"
  next
  same "$order: a change is refused by name" "500 store-failed" "$status $(problem)"
  next
  same "$order: and the next one" 500 "$status"
  holds "$order: the HSS is not ready" not_ready
  goes_on "$order"
  killed
  : >"$work/order"
  hss_start
  nothing_is_lost "$order, and kill -9"
  stopped "$order: SIGTERM ends it in order"
done
for order in "write 0 once" "write 1 once" "sync 0 once"; do
  : >"$work/order"
  start_with_shim
  echo "$order" >"$work/order"
  first=$n
  next # it, or a change of the HSS's own, meets it
  wait_for 5 met_it || true
  next
  same "$order: the next change is taken" 201 "$status"
  holds "$order: it is ready again" wait_for 20 ready
  killed
  hss_start
  nothing_is_lost "$order, and kill -9"
  holds "$order: the store is whole" is_whole
  stopped "$order: SIGTERM ends it in order"
done
holds "no key is in its log" secrets_hidden "$work/hss.log"
umount "$disk"
finish
