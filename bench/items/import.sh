# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# bindery import against a bare SQLite insert of the same rows, each into a new database.

measure() {
  local round ms pid store=$work/import case="$subscribers rows"
  rows_of "$subscribers"
  for ((round = 0; round < (rounds > 3 ? 3 : rounds); round++)); do
    rm -f "$work"/bare.db*
    "$BINDERY_BUILD/bench_bare_insert" "$work/bare.db" "$subscribers" |
      note_all "$round" limit "$case"
    note "$round" limit "$case" disk.per.subscriber "$(($(cat "$work"/bare.db* | wc -c) / subscribers))"
    new_store "$store"
    hssd_start pid "$store" 3870
    ms=$(milliseconds)
    import "$store" "$work/rows-$subscribers.ndjson"
    ms=$(($(milliseconds) - ms))
    stop "$pid"
    note "$round" ours "$case" rows.per.second "$((subscribers * 1000 / (ms + 1)))"
    note "$round" ours "$case" disk.per.subscriber \
      "$(($(cat "$store"/hss.db* | wc -c) / subscribers))"
  done
  rm -rf "$store" "$work"/bare.db*
}
