#!/usr/bin/env bash
# The keys of the store, changed by the command bindery while SIGKILL ends the HSS again and again (src/cli/key.c,
# src/nf/hssd/admin_keys.c, src/nf/hssd/key_job.c): each time it starts with the files as they are, and every secret
# opens and is the one that was put in.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/raw.sh
. "$(dirname "$0")/lib/raw.sh"
export BINDERY_DIR=$work/none NO_COLOR=1
unset BINDERY_SERVER
kills=12 subscribers=400

key() { timeout 120 "$BINDERY_BUILD/bindery" key "$@" --socket "$work/admin" >"$work/said" 2>&1; }
fingerprint() { admin GET /v1/keys | tr -d ' \n' | grep -oE '"fingerprint":"[0-9a-f]+"'; }
data_keys() { admin GET /v1/keys | tr -d ' \n' | grep -oE '"seals":(true|false)' | wc -l; }
ended() { admin GET /v1/keys | tr -d ' \n' | grep -qF '"state":"ended"'; }

# rows: what all subscribers and devices are; a row that is put in again and says "unchanged" was opened.
rows() {
  random_hex $((subscribers * 48)) | fold -w 96 | awk '{
    printf "{\"imsi\":\"00101%010d\",\"k\":\"%s\",\"opc\":\"%s\",\"devices\":[{\"imei\":\"35693803%06d\",\"kme\":\"%s\"}]}\n",
      NR, substr($1, 1, 32), substr($1, 33, 32), NR, substr($1, 65) }'
}
put_in() {
  admin POST /v1/import --header 'Content-Type: application/x-ndjson' --data-binary "@$work/rows" | tr -d ' \n' |
    grep -oE '"result":"[a-z]+"|"(added|changed|unchanged|refused)"' | grep -oE 'added|unchanged|changed|refused' |
    sort | uniq -c | tr -s ' ' | sed 's/^ //'
}

# change_keys: rotates and seals again, one after the other, until nobody answers.
change_keys() {
  local n=0
  while key rotate; do
    key reseal --no-wait || true # one may be running already
    n=$((n + 1))
    [ $((n % 3)) -ne 0 ] || key reseal --stop || true
  done
}

pki "$hss_host"
free_port tcp_port
free_port tls_port
raw_config "$tcp_port" "$tls_port"
hss_start
rows >"$work/rows"
same "$subscribers subscribers with a device each are put in" "$subscribers added" "$(put_in)"

echo "# one rotation and one job, in peace"
cp -p "$work/kek" "$work/kek.first"
before=$(fingerprint)
holds "bindery key rotate" key rotate
same "the fingerprint is another" 1 "$([ "$before" != "$(fingerprint)" ] && echo 1)"
same "so is the key file" 1 "$(cmp -s "$work/kek" "$work/kek.first" || echo 1)"
same "it is its owner's alone" 600 "$(stat -c %a "$work/kek")"
holds "bindery key reseal" key reseal
holds "which shows how far it is" grep -qE '^ *[0-9]+ % sealed again|sealed again' "$work/said"
same "one data key is left" 1 "$(data_keys)"
same "every secret is what it was" "$subscribers unchanged" "$(put_in)"
holds "bindery key show" key show
holds "says that it has ended" grep -qF 'ended' "$work/said"
same "and shows no key" "" "$(grep -Ff "$work/kek" "$work/said" || true)"

echo "# $kills kills while keys change"
both=0
for ((i = 1; i <= kills; i++)); do
  change_keys &
  changer=$!
  sleep "0.$((RANDOM % 30 + 2))" # where in the middle of it is left to chance
  kill -KILL "$hss_pid"
  wait "$hss_pid" 2>/dev/null || true
  wait "$changer" 2>/dev/null || true
  [ ! -e "$work/kek.next" ] || both=$((both + 1))
  hss_start
  same "after kill $i every secret is what it was" "$subscribers unchanged" "$(put_in)"
  same "and there is one key file" "" "$(find "$work" -name kek.next)"
done
echo "# $both times there were two key files"

echo "# the end"
admin POST /v1/keys/reseal >/dev/null 2>&1 || true # one may be left, stopped or running
holds "a job that was cut short comes to its end" wait_for 60 ended
holds "and a new one too" key reseal
same "one data key is left" 1 "$(data_keys)"
same "every secret is what it was" "$subscribers unchanged" "$(put_in)"
stops_in_order "SIGTERM ends the HSS in order"
cp -p "$work/kek" "$work/kek.last"
cp -p "$work/kek.first" "$work/kek"
rc=0
timeout 60 "$BINDERY_BUILD/bindery-hssd" --config "$work/hssd.yaml" >"$work/refused" 2>&1 || rc=$?
same "the first key file opens the store no more" 1 "$rc"
holds "and the HSS says so" grep -qF 'is not the key-encryption key of the store' "$work/refused"
cp -p "$work/kek.last" "$work/kek"
hss_start
same "the last one does" "$subscribers unchanged" "$(put_in)"
stops_in_order "SIGTERM ends the HSS in order"
finish
