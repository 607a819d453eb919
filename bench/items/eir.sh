# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# Equipment that one core looks up in lists of a million rules, against an empty list in the same run.

measure() {
  local round shape rate octets empty
  for ((round = 0; round < rounds; round++)); do
    "$BINDERY_BUILD/bench_eir" "$seconds" >"$work/run"
    while IFS=$'\t' read -r shape rate octets; do
      [ "$shape" != "no rule" ] || empty=$rate
      note "$round" ours "$shape" lookups.per.second "$rate"
      note "$round" limit "$shape" lookups.per.second "$empty"
      note "$round" ours "$shape" table.octets "$octets"
    done <"$work/run"
  done
}
