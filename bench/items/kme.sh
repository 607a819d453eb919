# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# Provisionings of procedure kme per second and core, against openssl speed's RSA private operations
# of the same size in the same run.

# Private operations per second: the last figure but one of the last line.
private_operations() {
  openssl speed -seconds "$seconds" "rsa$1" 2>/dev/null | awk 'END { print $(NF - 1) }'
}

measure() {
  local round bits limit case rate
  for ((round = 0; round < rounds; round++)); do
    for bits in 2048 3072 4096; do
      limit=$(private_operations "$bits")
      mkdir -p "$work/kme"
      "$BINDERY_BUILD/bench_kme" "$work/kme" "$bits" "$seconds" >"$work/run"
      while IFS=$'\t' read -r case rate; do
        note "$round" ours "$bits bits, $case" provisionings.per.second "$rate"
        note "$round" limit "$bits bits, $case" provisionings.per.second "$limit"
      done <"$work/run"
    done
  done
}
