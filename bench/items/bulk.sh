# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# POST /v1/bulk of bindery-repod against signing and inserting alone, on one thread.

# shellcheck source=bench/lib/repod.sh
. bench/lib/repod.sh

measure() {
  local round ms pid dir=$work/repod case="$subscribers rows"
  repod_pki
  repod_rows "$subscribers"
  for ((round = 0; round < (rounds > 3 ? 3 : rounds); round++)); do
    rm -f "$dir"/repod.db* "$work"/bare-bindings.db*
    "$BINDERY_BUILD/bench_bindings" bare "$work/bare-bindings.db" "$dir/records.key" "$subscribers" |
      note_all "$round" limit "$case"
    repod_start pid
    ms=$(milliseconds)
    repod_publish "$subscribers"
    ms=$(($(milliseconds) - ms))
    note "$round" ours "$case" rows.per.second "$((subscribers * 1000 / (ms + 1)))"
    note "$round" ours "$case" memory.peak.kib "$(status "$pid" VmHWM)"
    stop "$pid"
  done
  rm -f "$dir"/repod.db* "$work"/bare-bindings.db* "$dir/report"
}
