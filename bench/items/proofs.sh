# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# Proofs verified per second and core, against openssl speed's verifications of the same algorithm in
# the same run: of one where record and chain are remembered, else of all that a proof needs.

# Verifications per second: the last figure of the last line.
speed() { openssl speed -seconds 1 "$1" 2>/dev/null | awk 'END { print $NF }'; }

measure() {
  local round algorithm of record own case needs rate
  for ((round = 0; round < rounds; round++)); do
    record=$(speed ecdsap256)
    for algorithm in ecdsa-p256:ecdsap256 ed25519:ed25519 ecdsa-p384:ecdsap384 rsa-pss:rsa2048; do
      of=${algorithm#*:} algorithm=${algorithm%:*}
      own=$(speed "$of")
      mkdir -p "$work/proofs"
      "$BINDERY_BUILD/bench_proofs" "$work/proofs" "$algorithm" 1 >"$work/run"
      while IFS=$'\t' read -r case needs rate; do
        note "$round" ours "$algorithm, $case" proofs.per.second "$rate"
        note "$round" limit "$algorithm, $case" proofs.per.second \
          "$(awk -v own="$own" -v record="$record" -v needs="$needs" \
            'BEGIN { printf "%.0f\n", 1 / (1 / own + (needs - 1) / record) }')"
      done <"$work/run"
    done
  done
}
