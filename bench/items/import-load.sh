# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# What an import does to signalling: the same load on an idle HSS, then while rows come in.

rate=2000

# signalling ROUND WHO: AIRs and ULRs at a steady rate.
signalling() {
  "$BINDERY_BUILD/bindery" load --rate "$rate" --warmup 500ms --duration "$((seconds * 2))s" \
    --mix air=4,ulr=1 --order random --imsi-from 001010000000001 --count "$subscribers" \
    --peers 4 --origin-host mme%d.visited.bench --realm visited.bench --yes-this-is-mine \
    --allow-failures --json "$work/load.json" "tcp://$address:3870" >"$work/load.out" 2>&1 ||
    die "load: $(tail -n 3 "$work/load.out")"
  bench/lib/load.pl kinds "$work/load.json" | note_all "$1" "$2" "AIR and ULR at $rate a second"
}

# Imports one file after the other until the flag is gone; says how many rows that were.
importing() {
  local i=0 rows=0
  while [ -e "$work/importing" ]; do
    import "$store" "$work/more-$((i % 20)).ndjson"
    i=$((i + 1)) rows=$((rows + 20000))
  done
  echo "$rows" >"$work/imported"
}

measure() {
  local round store hssd_pid pid i from
  store_copy store "$subscribers" import-load
  for ((i = 0; i < 20; i++)); do
    bench/rows.pl 20000 $((500000000 + i * 20000)) >"$work/more-$i.ndjson"
  done
  hssd_start hssd_pid "$store" 3870
  for ((round = 0; round < rounds; round++)); do
    signalling "$round" limit
    touch "$work/importing"
    from=$(milliseconds)
    importing &
    pid=$!
    signalling "$round" ours
    rm "$work/importing"
    wait "$pid"
    note "$round" ours "AIR and ULR at $rate a second" import.rows.per.second \
      "$(($(cat "$work/imported") * 1000 / ($(milliseconds) - from)))"
  done
  stop "$hssd_pid"
  rm -rf "$store" "$work"/more-*.ndjson
}
