# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# Inquiries for a device's credential over S13. Warm: all in the cache, against plain equipment checks of
# the same HSS. Cold: each is asked of the repository, against look-ups of the same repository over as
# many connections.

# shellcheck source=bench/lib/repod.sh
. bench/lib/repod.sh

# inquiry_hss VARIABLE FOLDER PORT DEVID : and returns when it has all changes.
inquiry_hss() {
  local variable=$1 folder=$2 port=$3 i
  new_store "$folder"
  {
    hssd_config "$folder" "$port" | sed 's/connections: 16}/connections: 16, sends_device_proof: true}/'
    cat <<YAML
eir: {enabled: true, unknown: allow}
repositories:
  - name: bench
    url: https://localhost:$repod_port
    certificate: $work/repod/operator.pem
    key: $work/repod/operator.key
    ca: $work/repod/ca.pem
    signers: [$work/repod/records.pub]
devid: {$4, changes_seconds: 3600, queue: 10000}
YAML
  } >"$folder/hssd.yaml"
  serve "$variable" "$port" "$folder/hssd.log" "$BINDERY_BUILD/bindery-hssd" --config "$folder/hssd.yaml"
  for ((i = 0; i < 3000; i++)); do
    ! curl --silent --unix-socket "$folder/admin" http://hss/v1/repositories | tr -d ' \n' |
      grep -q "\"cursor\":$subscribers," || return 0
    sleep 0.1
  done
  die "the HSS did not take the repository's changes"
}

# s13 ROUND WHO CASE PID plain|inquiry PORT CONNECTIONS WINDOW COUNT
s13() {
  client "$1" "$2" "$3" "$4" "$BINDERY_BUILD/bench_inquiry_client" "$5" --to "$address:$6" \
    --destination-realm "$realm" --connections "$7" --window "$8" --seconds "$seconds" --imsis "$9"
}

measure() {
  local round shape connections warm_pid cold_pid pid dir=$work/repod known=1000
  repod_pki
  openssl pkey -in "$dir/records.key" -pubout -out "$dir/records.pub"
  repod_rows "$subscribers"
  rm -f "$dir"/repod.db*
  repod_start pid
  repod_publish "$subscribers"
  inquiry_hss warm_pid "$work/inquiries-warm" 3874 'cache_seconds: 86400'
  for ((round = 0; round < rounds; round++)); do
    for shape in "1 32" "4 32"; do
      # shellcheck disable=SC2086 # two numbers
      s13 "$round" limit "warm, $(shape $shape)" "$warm_pid" plain 3874 $shape "$known"
      # shellcheck disable=SC2086
      s13 "$round" ours "warm, $(shape $shape)" "$warm_pid" inquiry 3874 $shape "$known"
    done
  done
  stop "$warm_pid"
  for connections in 2 8; do
    inquiry_hss cold_pid "$work/inquiries-cold" 3875 "cache_seconds: 0, stale_seconds: 0, connections: $connections"
    for ((round = 0; round < rounds; round++)); do
      client "$round" limit "cold, $connections to the repository" "$pid" \
        "$BINDERY_BUILD/bench_https_get" --cert "$dir/operator.pem" --key "$dir/operator.key" --ca "$dir/ca.pem" \
        --count "$subscribers" --seconds "$seconds" --to "127.0.0.1:$repod_port" --connections "$connections"
      s13 "$round" ours "cold, $connections to the repository" "$cold_pid" inquiry 3875 4 32 "$subscribers"
    done
    stop "$cold_pid"
  done
  stop "$pid"
  rm -f "$dir"/repod.db* "$dir/report" "$dir/audit.log"
}
