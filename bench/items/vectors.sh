# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# Vectors per second and core, against the operations alone.

# Operations per second on 16 octets, from openssl's thousands of octets per second.
speed() {
  openssl speed -seconds 1 -bytes 16 "$@" 2>/dev/null |
    awk 'END { sub(/k$/, "", $NF); printf "%.0f\n", $NF * 1000 / 16 }'
}

measure() {
  local name median low high
  "$BINDERY_BUILD/bench_vectors" "$((rounds < 5 ? 5 : rounds * 2 + 1))" >"$work/run"
  while IFS=$'\t' read -r name median low high; do
    # Medians of more rounds than the others have: their spread stands as three values.
    note 0 ours vectors "$name" "$median"
    note 1 ours vectors "$name" "$low"
    note 2 ours vectors "$name" "$high"
  done <"$work/run"
  note 0 limit vectors speed.aes "$(speed -evp aes-128-ecb)"
  note 0 limit vectors speed.hmac "$(speed -hmac sha256)"
}
