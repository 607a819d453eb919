# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# First attaches with a discovery IMSI through bindery-dausfd (procedure dimsi, steps 3 to 7), against
# the AIRs that it answers at most: every entry is one that a target AUSF pushed, every device has a
# secure element, and the MME is bindery-mmed. All that comes before (0-a to 2) is carried out, by the
# commands and daemons of `bindery up`, before anything is measured.
#
#   AIRs       bench_air_client, plain TCP, dIMSIs with entries at random, 1 and 4 connections
#   the IMSI   each device attaches with its dIMSI, all at once; per second, until the last one has its
#              IMSI. This MME has no home for that IMSI, so that step 8 ends at once; state files stay
#              as they are, and no entry is spent: each round has the same devices
#   and on     the same with the HSS behind it: until each is registered with its IMSI (steps 3 to 10);
#              once, for it spends the entries. Who is refused because of load tries again

discovery_ports=(--port 3941 --tls-port 3942 --s1-port 36441 --repo-port 8941)
discovery_air=3951
discovery_realm=epc.mnc070.mcc901.3gppnetwork.org
discovery_first=901700000000001

# Everybody lets all come; AIRs may come over plain TCP too, from nodes of this bench.
discovery_configure() { # FOLDER
  local i
  sed -i '/^admin:/i limits: {requests_per_second: 1000000, burst: 1000000}' "$1/arpf/arpfd.yaml"
  sed -i "s/^push:/&\n  limits: {requests_per_second: 1000000, burst: 1000000}/
    s#^listeners:#&\n  - address: tcp://127.0.0.1:$discovery_air#" "$1/discovery/dausfd.yaml"
  for ((i = 1; i <= 4; i++)); do
    sed -i "s/^peers:/&\n  - {origin_host: mme$i.visited.bench, realm: visited.bench, visited_plmns: [\"001-01\"], addresses: [127.0.0.1]}/" \
      "$1/discovery/dausfd.yaml"
  done
  printf 'log: {level: warning}\n' | tee -a "$1/hssd.yaml" "$1/discovery/dausfd.yaml" >>"$1/arpf/arpfd.yaml"
  printf 'limits: {send_buffer: 16777216}\n' >>"$1/hssd.yaml"
  cat >>"$1/mmed.yaml" <<YAML
limits: {ues: 200000, attaching: 65536, hss_pending: 65536}
timers: {attach_seconds: 30, request_seconds: 29}
log: {level: warning}
YAML
  # Another MME, for the devices that are to stop at step 8.
  sed '/^  - plmns: \["001-01"\]/,/^    peers:/d; /^  - origin_host: hss\./,/^    ca:/d; s/^provisioning: .*/provisioning: {kme: true}/' "$1/mmed.yaml" >"$1/stop.yaml"
}

discovery_bindery() { "$BINDERY_BUILD/bindery" "$@" -C op; }
discovery_pushed() { # FOLDER: how many entries the discovery AUSF has
  curl --silent --unix-socket "$1/discovery/discovery.sock" http://dausf/v1/status | jq .entries.live
}

# Steps 0-a to 2, of so many devices.
discovery_bring() { # FOLDER DEVICES
  cd "$1" &&
    discovery_bindery up -d "${discovery_ports[@]}" &&
    discovery_bindery down &&
    discovery_configure op &&
    discovery_bindery device se --count "$2" --tac 35693807 --out made &&
    discovery_bindery up -d &&
    discovery_bindery sp arpf "$(discovery_bindery sp links arpf)" &&
    discovery_bindery sp order --arpf arpf.example.org --dimsis "$discovery_first-901700009999999" --devices made --out orders &&
    "$BINDERY_BUILD/bindery-ue" se accept --devices made --orders orders --credentials credentials &&
    discovery_bindery sp collect credentials &&
    discovery_bindery sp offer --to 001-01 --link "$(discovery_bindery sp links offers)" --all &&
    discovery_await op "$2"
}
discovery_await() { # FOLDER DEVICES: until the discovery AUSF has them all
  local i n=0
  for ((i = 0; i < 3000; i++)); do
    n=$(curl --silent --unix-socket "$1/discovery/discovery.sock" http://dausf/v1/status | jq .entries.live)
    [ "${n:-0}" -lt "$2" ] || return 0
    sleep 0.1
  done
  echo "only ${n:-0} of $2 entries were pushed" >&2
  return 1
}
discovery_prepare() { # FOLDER DEVICES
  local rc=0
  (discovery_bring "$@") >"$1/log" 2>&1 || rc=$?
  (cd "$1" && discovery_bindery down) >>"$1/log.down" 2>&1 || true # it may not have come up
  [ "$rc" -eq 0 ] || die "$(tail -n 5 "$1/log")"
}

# The daemons, one by one, so that the time of each is known.
discovery_daemon() { # VARIABLE FOLDER PORT PROGRAM CONFIG
  local here=$PWD
  cd "$2" || die "there is no $2"
  serve "$1" "$3" "$4.log" "$BINDERY_BUILD/bindery-$4" --config "$5"
  cd "$here" || die "there is no $here"
}
discovery_mme() { # FOLDER CONFIG PEERS: sets mmed; returns when it has so many peers
  local i
  discovery_daemon mmed "$1" 36441 mmed "$2"
  for ((i = 0; i < 500; i++)); do
    [ "$(curl --silent --unix-socket "$1/mme.sock" http://mme/v1/status |
      tr -d ' \n' | grep -o '"connected":true' | wc -l)" -ge "$3" ] && return
    sleep 0.02
  done
  die "the MME does not find whom it asks"
}

# discovery_run ROUND CASE OPTION COUNT_OF DAEMON... : COUNT_OF is a filter of jq: who got where it is measured.
discovery_run() {
  local round=$1 case=$2 option=$3 of=$4 folder=$work/discovery each
  local -A before
  shift 4
  for each; do before[$each]=$(ticks "${!each}"); done
  "$BINDERY_BUILD/bindery-ue" run --mme s1-tcp://127.0.0.1:36441 --devices "$folder/made" --enbs 4 --at-once \
    --allow-failures --timeout 60s --keep ${option:+"$option"} --json "$work/run.json" >"$work/run" 2>&1 ||
    die "$case: $(tail -n 3 "$work/run")"
  for each; do
    note "$round" ours "$case" "${each%d}.cpu.us" "$(awk -v t=$(($(ticks "${!each}") - before[$each])) \
      -v hz="$(getconf CLK_TCK)" -v n="$(jq "$of" "$work/run.json")" \
      'BEGIN { printf "%.1f\n", (n > 0) ? t / hz * 1e6 / n : 0 }')"
  done
}

# discovered ROUND CEILING
discovery_discovered() {
  local case="dIMSI to IMSI, all at once: steps 3 to 7"
  discovery_run "$1" "$case" "" .discovery.discovered mmed dausfd
  jq -r '.discovery | ["devices", .discovered], ["discovered.per.second", .discovered / .discovered_ms.max * 1000],
    ["discovered.p50.ms", .discovered_ms.p50], ["discovered.p99.ms", .discovered_ms.p99] | @tsv' "$work/run.json" |
    note_all "$1" ours "$case"
  note "$1" limit "$case" discovered.per.second "$2"
}
discovery_registered() { # CEILING
  local case="and on to service, all at once: steps 3 to 10"
  discovery_run 0 "$case" --persist .registered mmed dausfd hssd
  jq -r '["registered", .registered], ["registered.per.second", .registered_per_s], ["failed", .failed],
    ["attach.p50.ms", .attach_ms.p50], ["attach.p99.ms", .attach_ms.p99] | @tsv' "$work/run.json" |
    note_all 0 ours "$case"
  note 0 limit "$case" registered.per.second "$1"
}

# AIRs of so many connections; the figure of the last is the ceiling.
discovery_airs() { # ROUND CONNECTIONS DEVICES
  air "$1" ours "AIR: $(shape "$2" 32)" "$dausfd" "$discovery_air" "$2" 32 "$3" --to "127.0.0.1:$discovery_air" \
    --destination-realm "$discovery_realm" --imsi "$discovery_first"
  ceiling=$(awk -F '\t' '$1 == "answers.per.second" { print $2 }' "$work/run")
}

measure() {
  local folder=$work/discovery devices=2000 round ceiling=0 mmed dausfd hssd
  [ "$subscribers" -ge "$devices" ] || devices=$subscribers
  rm -rf "$folder"
  mkdir -p "$folder"
  discovery_prepare "$folder" "$devices"
  discovery_daemon dausfd "$folder/op" "$discovery_air" dausfd discovery/dausfd.yaml
  discovery_mme "$folder/op" stop.yaml 1
  for ((round = 0; round < rounds; round++)); do
    discovery_airs "$round" 1 "$devices"
    discovery_airs "$round" 4 "$devices"
    discovery_discovered "$round" "$ceiling"
  done
  stop "$mmed"
  discovery_daemon hssd "$folder/op" 3942 hssd hssd.yaml
  discovery_mme "$folder/op" mmed.yaml 2
  discovery_registered "$ceiling"
  stop "$mmed"
  stop "$hssd"
  stop "$dausfd"
  rm -rf "$folder"
}
