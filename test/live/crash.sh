#!/usr/bin/env bash
# Ten kills of bindery-hssd under load (raw_crash.c), and starts that must not succeed: a second HSS
# on the same database, a wrong, a damaged and a missing key, a damaged database. None of them may
# change a single octet of what is there.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/raw.sh
. "$(dirname "$0")/lib/raw.sh"
# shellcheck source=test/live/lib/crash.sh
. "$(dirname "$0")/lib/crash.sh"

# The files that count. The index of the log (-shm) is made anew by every process that opens it.
octets() {
  local files=(hss.db "$@")
  [ ! -e "$work/hss.db-wal" ] || files+=(hss.db-wal)
  (cd "$work" && sha256sum "${files[@]}" 2>&1)
}

# refuses SENTENCE WORDS [FILE...]: a start with $work/hssd.yaml ends by itself and without success,
# says WORDS (a pattern), and leaves database, log and FILE... as they are.
refuses() {
  local sentence=$1 words=$2 before rc=0
  shift 2
  before=$(octets "$@")
  timeout 120 "$BINDERY_BUILD/bindery-hssd" --config "$work/other.yaml" >"$work/refused" 2>&1 || rc=$?
  same "$sentence is refused" 1 "$rc"
  if grep -qE "$words" "$work/refused"; then
    passed "and says so"
  else
    missed "and says so" "$(cat "$work/refused")"
  fi
  same "and changes nothing" "$before" "$(octets "$@")"
}

# A process that dies without a word leaves its log unmerged: the interesting state.
killed() {
  kill -KILL "$hss_pid"
  wait "$hss_pid" 2>/dev/null || true
}

bad_starts() {
  with_key kek.wrong
  refuses "a key that is not the store's" 'kek\.wrong' kek.wrong
  with_key kek.short
  refuses "a damaged key" 'kek\.short' kek.short
  with_key kek.none
  refuses "a missing key" 'kek\.none'
  same "and makes none" "" "$(find "$work" -name kek.none)"
}
with_key() { sed "s|$work/kek}|$work/$1}|" "$work/hssd.yaml" >"$work/other.yaml"; }

crash_run 10

echo "# a second HSS on the same database"
hss_start
tcp_other=0 tls_other=0
free_port tcp_other
free_port tls_other
sed -e "s|:$tcp_port\$|:$tcp_other|" -e "s|:$tls_port\$|:$tls_other|" -e "s|$work/admin}|$work/admin2}|" \
  "$work/hssd.yaml" >"$work/other.yaml"
refuses "a second HSS on the same database" 'hss\.db is held by process [0-9]+; .*stop that one'
holds "the first one serves on" admin GET /v1/status

echo "# wrong keys, on what a kill left"
(umask 077 && random_hex 32 >"$work/kek.wrong" && head -c 40 "$work/kek" >"$work/kek.short")
killed
holds "the log holds something that is not in the database yet" test -s "$work/hss.db-wal"
bad_starts
echo "# wrong keys, after an orderly end"
hss_start
stops_in_order "SIGTERM ends the HSS in order"
bad_starts

echo "# a damaged database"
cp "$work/hss.db" "$work/whole.db"
printf 'no database, no database' | dd of="$work/hss.db" conv=notrunc status=none
with_key kek
refuses "a file that is no database" 'hss\.db'
cp "$work/whole.db" "$work/hss.db"
head -c 8192 "$work/whole.db" >"$work/hss.db"
refuses "a database that was cut short" 'hss\.db'
cp "$work/whole.db" "$work/hss.db"
hss_start
holds "with the right key and the whole file it serves" admin GET /v1/subscribers/001010000000001
stops_in_order "SIGTERM ends the HSS in order"
holds "no key is in database, write-ahead log or log" secrets_hidden "$work/hss.db" "$work/hss.log"
finish
