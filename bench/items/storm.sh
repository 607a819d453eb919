# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# 30,000 devices come back within ten seconds: AIR, then ULR.

measure() {
  local store hssd_pid devices=30000
  ((subscribers >= devices)) || devices=$subscribers
  store_copy store "$subscribers" storm
  hssd_start hssd_pid "$store" 3870
  client 0 ours "$devices devices in 10 s" "$hssd_pid" "$BINDERY_BUILD/bench_storm" \
    --to "$address:3870" --devices "$devices" --over 10 --plot "$work/storm.svg"
  rm -rf "$store"
}
