# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# TLS 1.3 against plain TCP of the same server, and its handshakes against OpenSSL alone.

measure() {
  local round shape store pid certificate
  pki
  certificate=(--cert "$work/pki/client.pem" --key "$work/pki/client.key" --ca "$work/pki/ca.pem")
  store_of store "$subscribers"
  hssd_start pid "$store" 3870
  for ((round = 0; round < rounds; round++)); do
    for shape in "1 1" "1 32" "4 32"; do
      # shellcheck disable=SC2086 # two numbers
      air "$round" limit "$(shape $shape)" "$pid" 3870 $shape "$subscribers"
      # shellcheck disable=SC2086
      air "$round" ours "$(shape $shape)" "$pid" 3871 $shape "$subscribers" "${certificate[@]}"
    done
    "$BINDERY_BUILD/bench_handshakes" --bare "${certificate[@]}" --seconds 1 |
      note_all "$round" limit handshakes
    client "$round" ours handshakes "$pid" "$BINDERY_BUILD/bench_handshakes" \
      --to "$address:3871" "${certificate[@]}" --seconds 2
  done
}
