# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# GET /v1/bindings/{imei} over kept connections, against libmicrohttpd with a constant answer.

# shellcheck source=bench/lib/repod.sh
. bench/lib/repod.sh

measure() {
  local round connections pid constant_pid octets dir=$work/repod get
  repod_pki
  repod_rows "$subscribers"
  rm -f "$dir"/repod.db*
  repod_start pid
  repod_publish "$subscribers"
  get=("$BINDERY_BUILD/bench_https_get" --cert "$dir/operator.pem" --key "$dir/operator.key" --ca "$dir/ca.pem"
    --count "$subscribers" --seconds "$seconds")
  octets=$("${get[@]}" --to "127.0.0.1:$repod_port" --seconds 1 | awk '$1 == "answer.octets" { print $2 }')
  # The headers of both are alike, but for some 30 octets.
  serve constant_pid 8444 "$dir/constant.log" "$BINDERY_BUILD/bench_https_constant" 8444 \
    "$dir/server.pem" "$dir/server.key" "$dir/ca.pem" "$((octets - 150))"
  for ((round = 0; round < rounds; round++)); do
    for connections in 1 16; do
      client "$round" limit "$(shape "$connections" 1)" "$constant_pid" \
        "${get[@]}" --to 127.0.0.1:8444 --connections "$connections"
      client "$round" ours "$(shape "$connections" 1)" "$pid" \
        "${get[@]}" --to "127.0.0.1:$repod_port" --connections "$connections"
    done
  done
  stop "$constant_pid"
  stop "$pid"
  rm -f "$dir"/repod.db* "$dir/report" "$dir/audit.log"
}
