# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# The whole attach: devices and eNBs in one process, MME and HSS, over framed TCP on this machine.
# NAS, S1AP, S6a and AKA are real, every subscription is bound. What an MME does when 30,000 devices
# come back at once, and when thirteen times as many attach as it can carry.

mme_config() { # FOLDER LINES...
  local folder=$1
  shift
  cat >"$folder/mmed.yaml" <<YAML
origin_host: mme1.visited.bench
origin_realm: visited.bench
name: bench
plmn: "001-01"
mme_group_id: 32769
mme_code: 1
listeners: [{address: "s1-tcp://127.0.0.1:36412"}]
admin: {socket: $folder/mme.sock}
homes: [{realm: $realm, plmns: ["001-01"], peers: [hss.$realm]}]
peers: [{origin_host: hss.$realm, realm: $realm, address: "tcp://$address:3871", plain_tcp_off_loopback: true}]
serve: true
log: {level: warning}
YAML
  printf '%s\n' "$@" >>"$folder/mmed.yaml"
}
mme_connected() {
  curl --silent --unix-socket "$1/mme.sock" http://mme/v1/status | tr -d ' \n' | grep -qF '"connected":true'
}
mme_start() { # VARIABLE FOLDER
  local i
  serve "$1" 36412 "$2/mmed.log" "$BINDERY_BUILD/bindery-mmed" --config "$2/mmed.yaml"
  for ((i = 0; i < 500; i++)); do
    mme_connected "$2" && return
    sleep 0.02
  done
  die "the MME does not find its HSS"
}

# run CASE HSS MME OPTION... : devices attach; what they saw, and the CPU that each party used for one.
run() {
  local case=$1 hss=$2 mme=$3 h m
  shift 3
  h=$(ticks "$hss") m=$(ticks "$mme")
  /usr/bin/time -f %U\ %S -o "$work/time" "$BINDERY_BUILD/bindery-ue" run --mme s1-tcp://127.0.0.1:36412 --imsi 001010000000000 \
    --imei 35693800000000 --key-seed-file "$work/seed" --enbs 4 --allow-failures --json "$work/run.json" --timeout 60s "$@" >"$work/run" 2>&1 ||
    die "attach, $case: $(tail -n 3 "$work/run")"
  jq -r '["registered", .registered], ["registered.per.second", .registered_per_s],
    ["failed", .failed], ["attach.p50.ms", .attach_ms.p50], ["attach.p99.ms", .attach_ms.p99],
    ["elapsed.s", .elapsed_s] | @tsv' "$work/run.json" | note_all 0 ours "$case"
  note 0 ours "$case" hss.cpu.us "$(per_attach $(($(ticks "$hss") - h)))"
  note 0 ours "$case" ue.cpu.us "$(awk -v n="$(jq .registered "$work/run.json")" \
    'END { printf "%.1f\n", (n > 0) ? ($1 + $2) * 1e6 / n : 0 }' "$work/time")"
  note 0 ours "$case" mme.cpu.us "$(per_attach $(($(ticks "$mme") - m)))"
}
per_attach() {
  awk -v t="$1" -v hz="$(getconf CLK_TCK)" -v n="$(jq .registered "$work/run.json")" \
    'BEGIN { printf "%.1f\n", (n > 0) ? t / hz * 1e6 / n : 0 }'
}

prepare() { # FOLDER DEVICES
  local pid
  new_store "$1"
  [ -e "$work/seed" ] || (umask 077 && openssl rand -hex 16 >"$work/seed")
  rm -f "$work/devices.csv"
  "$BINDERY_BUILD/bindery-ue" lot --count "$2" --imsi 001010000000000 --imei 35693800000000 \
    --key-seed-file "$work/seed" --out "$work/devices.csv" >/dev/null
  hssd_start pid "$1" 3899
  import "$1" "$work/devices.csv"
  stop "$pid"
}

measure() {
  local folder=$work/attach hss mme devices=100000 capacity before
  [ "$subscribers" -ge "$devices" ] || devices=$subscribers
  local storm=$((devices < 30000 ? devices : 30000)) few=$((devices < 20000 ? devices : 20000))
  prepare "$folder" "$devices"
  hssd_start hss "$folder" 3871
  mme_config "$folder" "limits: {ues: 200000, attaching: 65536, hss_pending: 65536}"
  mme_start mme "$folder"
  run "as many as go ($few at once)" "$hss" "$mme" --count "$few" --at-once
  capacity=$(jq '.registered_per_s | floor' "$work/run.json")
  stop "$mme"

  mme_start mme "$folder"
  before=$(status "$mme" VmRSS)
  run "all $devices, kept" "$hss" "$mme" --count "$devices" --rate $((capacity * 6 / 10)) --keep
  note 0 ours "all $devices, kept" mme.octets.per.ue \
    $((($(status "$mme" VmRSS) - before) * 1024 / devices))
  note 0 ours "all $devices, kept" ue.octets "$(jq '.memory.octets_per_device // 0' "$work/run.json")"
  run "100 of them again and again" "$hss" "$mme" --count 100 --repeat 50 --rate $((capacity / 2))
  stop "$mme"

  mme_config "$folder" "limits: {ues: 200000}"
  mme_start mme "$folder"
  run "storm: $storm in 10 s, Beta(3,4)" "$hss" "$mme" --count "$storm" --storm 10s --keep
  stop "$mme"
  mme_start mme "$folder"
  run "13 times overload" "$hss" "$mme" --count "$devices" --rate $((capacity * 13)) --keep
  note 0 limit "13 times overload" registered.per.second "$capacity"
  run "right after" "$hss" "$mme" --count 2000 --rate $((capacity / 4))
  stop "$mme"
  stop "$hss"
  rm -rf "$folder"
}
