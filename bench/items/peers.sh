# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# Against what one can install: osmo-hlr over GSUP, five vectors in each answer of both, its SQLite
# database with as many subscribers on the same disk; and Debian's freeDiameterd that answers with a
# constant vector.

osmo=$BINDERY_BUILD/osmo-hlr

# env becomes what it starts: the id is the server's.
libraries=$(find "$osmo" -name 'lib*.so*' -printf '%h\n' 2>/dev/null | sort -u | paste -sd:)
osmo_run=(env "LD_LIBRARY_PATH=$libraries")

# Subscribers with keys of the same kind; the table's other columns have defaults.
osmo_fill() {
  local db=$work/osmo/hlr.db
  mkdir -p "$work/osmo"
  rm -f "$db"*
  "${osmo_run[@]}" "$osmo/usr/bin/osmo-hlr-db-tool" -l "$db" create >"$work/osmo/log" 2>&1 ||
    die "osmo-hlr-db-tool: $(tail -n 3 "$work/osmo/log")"
  sqlite3 "$db" <<SQL
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $subscribers)
INSERT INTO subscriber (id, imsi) SELECT i, printf('00101%010d', i) FROM n;
INSERT INTO auc_3g (subscriber_id, algo_id_3g, k, opc, sqn, ind_bitlen)
  SELECT id, 5, lower(hex(randomblob(16))), lower(hex(randomblob(16))), 0, 5 FROM subscriber;
COMMIT;
PRAGMA wal_checkpoint(TRUNCATE);
SQL
  sync "$db"
}

osmo_start() {
  cat >"$work/osmo/hlr.cfg" <<CFG
log stderr
 logging filter all 1
 logging color 0
 logging level set-all error
line vty
 bind 127.0.0.1
ctrl
 bind 127.0.0.1
hlr
 gsup
  bind ip $address
CFG
  serve osmo_pid 4222 "$work/osmo/log" "${osmo_run[@]}" "$osmo/usr/bin/osmo-hlr" \
    -c "$work/osmo/hlr.cfg" -l "$work/osmo/hlr.db"
}

gsup() {
  local round=$1 connections=$2 window=$3
  client "$round" limit "osmo-hlr, $(shape "$connections" "$window" '5 vectors each')" "$osmo_pid" \
    "$BINDERY_BUILD/bench_gsup_client" --to "$address:4222" --connections "$connections" \
    --window "$window" --seconds "$seconds" --imsis "$subscribers"
}

measure() {
  local round shape store hssd_pid osmo_pid freediameterd_pid
  [ -x "$osmo/usr/bin/osmo-hlr" ] || die "osmo-hlr could not be fetched: see $osmo.log"
  pki
  osmo_fill
  store_of store "$subscribers"
  hssd_start hssd_pid "$store" 3870
  osmo_start
  freediameterd_start
  for ((round = 0; round < rounds; round++)); do
    for shape in "1 1" "4 32"; do
      # shellcheck disable=SC2086 # two numbers
      gsup "$round" $shape
      # shellcheck disable=SC2086
      air "$round" ours "osmo-hlr, $(shape $shape '5 vectors each')" "$hssd_pid" 3870 $shape \
        "$subscribers" --vectors 5
    done
    air "$round" limit "freeDiameterd, $(shape 4 32)" "$freediameterd_pid" 3868 4 32 "$subscribers"
    air "$round" ours "freeDiameterd, $(shape 4 32)" "$hssd_pid" 3870 4 32 "$subscribers"
  done
}
