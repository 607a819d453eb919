# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# From exec to the first answered AIR: after an orderly stop, and after a kill under load, when the
# write-ahead log must be read first.

# start_timed CASE ROUND: sets pid.
start_timed() {
  local name value
  "$BINDERY_BUILD/bench_restart" --to "$address:3870" --imsi 1010000000007 -- \
    "$BINDERY_BUILD/bindery-hssd" --config "$store/hssd.yaml" \
    >"$work/run" 2>"$store/hssd.log" </dev/null || die "$1: $(tail -n 3 "$store/hssd.log")"
  while IFS=$'\t' read -r name value; do
    case $name in
    pid) pid=$value ;;
    restart.ms) note "$2" ours "$1" "$name" "$value" ;;
    esac
  done <"$work/run"
  pids+=("$pid")
}

measure() {
  local round n store pid
  for n in "${sizes[@]}"; do
    store_copy store "$n" restart
    hssd_config "$store" 3870 >"$store/hssd.yaml"
    for ((round = 0; round < rounds; round++)); do
      start_timed "$n subscribers, after an orderly stop" "$round"
      # Registrations fill the write-ahead log.
      "$BINDERY_BUILD/bindery" load --rate 2000 --duration 1s --mix ulr=1 --order random \
        --imsi-from 001010000000001 --count "$n" --peers 4 --origin-host mme%d.visited.bench \
        --realm visited.bench --yes-this-is-mine "tcp://$address:3870" >"$work/load.out" 2>&1 ||
        die "load: $(tail -n 3 "$work/load.out")"
      kill -KILL "$pid"
      stop "$pid"
      start_timed "$n subscribers, after kill -9" "$round"
      stop "$pid"
    done
    rm -rf "$store"
  done
}
