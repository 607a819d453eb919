#!/usr/bin/env bash
# Backups of bindery-hssd while it takes changes, and restores of them: what was acknowledged before
# the backup began is in it; a kill at any moment of a backup or of a restore leaves the one before
# or the one after, and never a half one. The command's side is src/cli/backup.c.
# shellcheck disable=SC2119 # hss_start takes options of the HSS, and here it has none
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"

bindery=$BINDERY_BUILD/bindery
folder=$work/backups
imsi_of() { printf '00101%010d' "$1"; }
row_of() { printf '{"algorithm":"milenage","k":"%032x","opc":"%032x","policy":"open","profile":"default"}' "$1" "$(($1 + 7))"; }
ask() { "$bindery" "$@" --socket "$work/admin"; }

# Everything that a reader sees of the subscribers.
export_all() {
  local after='' page
  while :; do
    page=$(admin GET "/v1/subscribers?limit=1000${after:+&after=$after}")
    jq -c '.subscribers[]' <<<"$page"
    after=$(jq -r '.next // empty' <<<"$page")
    [ -n "$after" ] || return 0
  done
}

# Adds subscribers one by one until it is ended; what was acknowledged stands in $work/acknowledged.
change_on() {
  local i=$1
  while :; do
    admin PUT "/v1/subscribers/$(imsi_of "$i")" --data "$(row_of "$i")" >/dev/null &&
      imsi_of "$i" >>"$work/acknowledged" && echo >>"$work/acknowledged"
    i=$((i + 1))
  done
}

# Of every backup that has its name: is it whole?
all_verify() {
  local one
  for one in "$folder"/*.backup; do
    [ ! -e "$one" ] || "$bindery" backup verify "$one" --config "$work/hssd.yaml" || return 1
  done
}
pause() { sleep "0.$(printf '%03d' "$((RANDOM % $1))")"; }
killed() {
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}
# The store as a restore must have left it: one that serves, after another restore if it says so.
finish_restore() {
  if [ -e "$work/hss.db.restore-begun" ]; then
    local rc=0
    timeout 120 "$BINDERY_BUILD/bindery-hssd" --config "$work/hssd.yaml" >"$work/refused" 2>&1 || rc=$?
    [ "$rc" -eq 1 ] && grep -q 'bindery restore' "$work/refused" || return 1
    barred=$((barred + 1))
  fi
  "$bindery" restore "$folder/quiet.backup" --config "$work/hssd.yaml"
}

tcp_port=0 tls_port=0
pki "$hss_host"
free_port tcp_port
free_port tls_port
hss_config 127.0.0.1 "$tcp_port" "$tls_port"
mkdir -m 700 "$folder"

echo "# without a folder"
hss_start
rc=0
ask backup create night >"$work/said" 2>&1 || rc=$?
same "a backup is refused" 1 "$rc"
holds "by the name of what is missing" grep -q 'store.backup_folder' "$work/said"
holds "the HSS stops in order" hss_stop
sed -i "s|key_file: $work/kek}|key_file: $work/kek, backup_folder: $folder}|" "$work/hssd.yaml"

echo "# while nothing changes"
hss_start
for i in $(seq 1 3000); do
  printf '{"imsi":"%s",%s\n' "$(imsi_of "$i")" "$(row_of "$i" | cut -c2-)"
done >"$work/rows.ndjson"
holds "3000 subscribers are imported" ask import "$work/rows.ndjson"
holds "a backup is made" bash -c "cd / && '$bindery' backup create quiet --socket '$work/admin' >'$work/said'"
holds "and named by a path that is good from anywhere" test -e "$(sed 's/: SHA-256 .*//' "$work/said")"
ask backup list >"$work/said"
holds "the list has a header, and of each the key file that it needs" \
  grep -qE "^quiet .* $(admin GET /v1/keys | jq -r .kek.fingerprint)\$" "$work/said"
same "a header" "NAME MADE OCTETS KEY" "$(head -1 "$work/said" | tr -s ' ')"
same "and no blanks at the ends of lines" "" "$(grep -n ' $' "$work/said" || true)"
rc=0
ask backup list quiet >"$work/said" 2>&1 || rc=$?
same "an argument that the list does not take is refused" 2 "$rc"
rc=0
"$bindery" backup verify "$folder/quiet.backup" --config "$work/hssd.yaml" --key-file "$(cat "$work/kek")" \
  >"$work/said" 2>&1 || rc=$?
same "a key where its file is wanted is refused" 2 "$rc"
same "and not said again" "" "$(grep -Ff "$work/kek" "$work/said" || true)"
rc=0
"$bindery" restore "$folder/quiet.backup" --config "$work/nosuch.yaml" >"$work/said" 2>&1 || rc=$?
holds "a configuration that is not there is said to be not there" grep -q 'nosuch.yaml: No such file' "$work/said"
export_all >"$work/quiet.rows"
same "of all of them" 3000 "$(wc -l <"$work/quiet.rows")"
holds "it verifies" all_verify
same "its SHA-256 is the manifest's" "$(sed -n 's/^sha256 //p' "$folder/quiet.backup.manifest")" \
  "$(sha256sum <"$folder/quiet.backup" | cut -d' ' -f1)"
rc=0
ask backup create quiet >"$work/said" 2>&1 || rc=$?
same "another of the same name is refused" 1 "$rc"

echo "# while changes go on"
touch "$work/acknowledged"
change_on 500000 2>/dev/null &
load=$!
pids+=("$load")
wait_for 20 test -s "$work/acknowledged"
cp "$work/acknowledged" "$work/before"
holds "a backup is made" ask backup create busy
killed "$load"
holds "it verifies" all_verify
holds "the HSS stops in order" hss_stop

echo "# in a second folder"
mkdir "$work/second"
sed -e "s|path: $work/hss.db|path: $work/second/hss.db|" "$work/hssd.yaml" >"$work/second.yaml"
holds "the backup is restored" "$bindery" restore "$folder/busy.backup" --config "$work/second.yaml"
cp "$work/hssd.yaml" "$work/first.yaml"
cp "$work/second.yaml" "$work/hssd.yaml"
hss_start
export_all | jq -r .imsi | sort >"$work/busy.imsis"
same "what was acknowledged before it began is there" "" \
  "$(grep . "$work/before" | sort | comm -23 - "$work/busy.imsis")"
holds "the HSS stops in order" hss_stop
cp "$work/first.yaml" "$work/hssd.yaml"

echo "# kills during backups"
for i in 1 2 3 4 5 6; do
  hss_start
  admin POST /v1/backups --data "{\"name\":\"killed-$i\"}" >/dev/null
  pause 60
  killed "$hss_pid"
done
holds "what has its name is whole" all_verify
hss_start
holds "the next one of that name is made if it is not there" \
  bash -c "test -e '$folder/killed-1.backup' || '$bindery' backup create killed-1 --socket '$work/admin'"
rc=0
"$bindery" restore "$folder/quiet.backup" --config "$work/hssd.yaml" >"$work/said" 2>&1 || rc=$?
same "a restore under a running HSS is refused" 1 "$rc"
holds "with the process that holds the store" grep -q "held by process $hss_pid" "$work/said"
holds "the HSS stops in order" hss_stop

echo "# kills during restores"
barred=0
for i in 1 2 3 4 5 6 7 8 9 10; do
  "$bindery" restore "$folder/quiet.backup" --config "$work/hssd.yaml" >/dev/null 2>&1 &
  victim=$!
  pause 80
  killed "$victim"
  sleep 1 # the name of what is moved aside has the second in it
  finish_restore >"$work/said" 2>&1 || missed "restore $i is finished" "$(cat "$work/said")"
  sleep 1
done
echo "# barred until it was finished: $barred"
hss_start
export_all >"$work/restored.rows"
same "the restored store has every row of the backup" "$(sha256sum <"$work/quiet.rows")" \
  "$(sha256sum <"$work/restored.rows")"
holds "the HSS stops in order" hss_stop

echo "# an HSS that led its clock by more than an hour, whose store is lost"
mark() { sqlite3 "$work/hss.db" "SELECT mark FROM mark"; }
led=$(($(mark) + 10 * 3600 * 10)) # ten hours, ten ticks a second
sqlite3 "$work/hss.db" "UPDATE mark SET mark = $led"
holds "its store is copied" "$bindery" backup create --store "$work/hss.db" --out "$work/led.backup"
rm "$work"/hss.db*
holds "and restored" "$bindery" restore "$work/led.backup" --config "$work/hssd.yaml"
holds "an hour above what it may have reached since" test "$(mark)" -ge $((led + 3600 * 10))

echo "# one octet of a sealed value is another one"
victim=$(imsi_of 7)
sqlite3 "$work/hss.db" "UPDATE subscriber SET keys = CAST(substr(keys, 1, 20) || CASE substr(keys, 21, 1)
  WHEN x'00' THEN x'01' ELSE x'00' END || substr(keys, 22) AS BLOB)
  WHERE imsi = (SELECT imsi FROM subscriber ORDER BY imsi LIMIT 1 OFFSET 6)"
holds "its store is copied" "$bindery" backup create --store "$work/hss.db" --out "$work/damaged.backup"
rc=0
"$bindery" backup verify "$work/damaged.backup" --config "$work/hssd.yaml" >"$work/said" 2>&1 || rc=$?
same "the backup does not verify" 1 "$rc"
holds "and says whose value it is" grep -F "subscriber.keys of IMSI $victim does not open" "$work/said"
holds "and how many there are of how many" grep -qE ': 1 of 3000 sealed values do not open' "$work/said"
same "nothing says that it is whole" 0 "$(grep -c 'it is whole' "$work/said" || true)"
holds "all others are not kept from a restore" "$bindery" restore "$work/damaged.backup" --config "$work/hssd.yaml"
holds "of one that is well every sealed value is opened" \
  grep -qE 'opens it, and each of its 3000 sealed values' <("$bindery" backup verify "$work/led.backup" --config "$work/hssd.yaml")
finish
