#!/usr/bin/env bash
# What ./dev bench runs: builds the yardsticks, measures, prints one table. docs/performance.md says
# what each figure means.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

usage() {
  cat <<'TEXT'
Usage: ./dev bench [--full] [--subscribers N] [--rounds N] [--seconds N] [--keep] [vectors|air]...

  --full           1,000,000 subscribers instead of 100,000
  --subscribers N  this many
  --rounds N       rounds of each measurement, at least 5 for a figure worth quoting (5)
  --seconds N      length of one run of AIRs (3)
  --keep           leave the notes and the store where they are, and say where
  vectors, air     only these measurements
TEXT
}

die() {
  echo "bench: $*" >&2
  exit 1
}

subscribers=100000 rounds=5 seconds=3 keep='' what=()
options() {
  while [ $# -gt 0 ]; do
    case $1 in
    --full) subscribers=1000000 ;;
    --subscribers | --rounds | --seconds)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "$1 takes a number"
      printf -v "${1#--}" %s "$2"
      shift
      ;;
    --keep) keep=1 ;;
    vectors | air) what+=("$1") ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && die "what is '$1'?" ;;
    esac
    shift
  done
  [ ${#what[@]} -gt 0 ] || what=(vectors air)
}

# ---- machine ---------------------------------------------------------------------------------

machine() {
  printf 'CPU\t%s, %s cores\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)"
  printf 'kernel\t%s\n' "$(uname -sr)"
  printf 'load\t%s before the runs\n' "$(cut -d' ' -f1-3 /proc/loadavg)"
  printf 'versions\tgcc %s, OpenSSL %s, libfreediameter %s\n' "$(gcc -dumpfullversion)" \
    "$(openssl version | cut -d' ' -f2)" \
    "$(dpkg-query -W -f '${Version}' libfreediameter-dev 2>/dev/null || echo unknown)"
}

# ---- vectors ---------------------------------------------------------------------------------

# Operations per second on 16 octets, from openssl's thousands of octets per second.
speed() {
  openssl speed -seconds 1 -bytes 16 "$@" 2>/dev/null |
    awk 'END { sub(/k$/, "", $NF); printf "%.0f\n", $NF * 1000 / 16 }'
}

vectors() {
  "$BINDERY_BUILD/bench_vectors" "$((rounds < 5 ? 5 : rounds * 2 + 1))" >"$notes/vectors"
  printf 'speed.aes\t%s\n' "$(speed -evp aes-128-ecb)" >>"$notes/vectors"
  printf 'speed.hmac\t%s\n' "$(speed -hmac sha256)" >>"$notes/vectors"
}

# ---- AIR -------------------------------------------------------------------------------------
# freeDiameter binds every address and wants one beyond loopback, so both servers live in a network
# namespace of their own, in which lo has 10.99.0.1.

address=10.99.0.1
realm=home.bench
connections_most=4

fd_config() {
  cat <<CONF
Identity = "fd.$realm";
Realm = "$realm";
Port = 3868;
SecPort = 0;
No_SCTP;
No_IPv6;
ListenOn = "$address";
CONF
}

hssd_peers() {
  local i
  for ((i = 1; i <= connections_most; i++)); do
    cat <<YAML
  - origin_host: mme$i.visited.bench
    realm: visited.bench
    visited_plmns: ["00101"]
    addresses: [$address]
YAML
  done
}

# The alarm on vectors that no ULR confirmed is off: here nobody ever sends a ULR.
hssd_config() {
  cat <<YAML
origin_host: hss.$realm
origin_realm: $realm
plmns: ["00101"]
instance: 1
store: {path: $work/hss.db, key_file: $work/kek}
admin: {socket: $work/admin}
listeners:
  - address: tcp://$address:3869
    plain_tcp_off_loopback: true
peers:
$(hssd_peers)
profiles:
  - name: default
    default_apn: internet
    ambr: {uplink: 50000000, downlink: 150000000}
    apns:
      - name: internet
        ambr: {uplink: 40000000, downlink: 100000000}
alarms: {unconfirmed_vectors_after: 0}
log: {level: warning}
YAML
}

pids=()
# stop PID: one that was started here.
stop() {
  kill -TERM "$1" 2>/dev/null || return 0
  wait "$1" 2>/dev/null || true
}
at_exit() {
  local rc=$? pid
  trap - EXIT
  for pid in "${pids[@]}"; do
    stop "$pid"
  done
  if [ -n "$keep" ]; then
    echo "kept: $work" >&2
  else
    rm -rf "$work"
  fi
  exit "$rc"
}

listens() { grep -qi " [0-9A-F]*:$(printf %04X "$1") [0-9A-F]*:0000 0A " /proc/net/tcp; }

# await PID PORT LOG: until it listens, or it has ended and we say why.
await() {
  local i
  for ((i = 0; i < 600; i++)); do
    listens "$2" && return
    kill -0 "$1" 2>/dev/null || break
    sleep 0.02
  done
  tail -n 20 "$3" >&2
  die "the server on port $2 did not start (see above)"
}

fd_start() {
  fd_config >"$work/fd.conf"
  "$BINDERY_BUILD/bench_fd_constant" "$work/fd.conf" >"$work/fd.log" 2>&1 &
  fd_pid=$!
  pids+=("$fd_pid")
  await "$fd_pid" 3868 "$work/fd.log"
}

hssd_start() {
  "$BINDERY_BUILD/bindery-hssd" --config "$work/hssd.yaml" >"$work/hssd.out" 2>"$work/hssd.log" &
  hssd_pid=$!
  pids+=("$hssd_pid")
  await "$hssd_pid" 3869 "$work/hssd.log"
}

milliseconds() { date +%s%3N; }

note() { printf '%s\t%s\n' "$1" "$2" >>"$notes/load"; }

# Through the command that an operator would use, then a restart with the full store.
load() {
  local from ms
  bench/rows.pl "$subscribers" >"$work/rows.ndjson"
  from=$(milliseconds)
  "$BINDERY_BUILD/bindery" import --socket "$work/admin" "$work/rows.ndjson" \
    >"$work/import.log" 2>&1 </dev/null || {
    tail -n 20 "$work/import.log" >&2
    die "the subscribers could not be loaded (see above)"
  }
  ms=$(($(milliseconds) - from))
  note rows "$subscribers"
  note rows.per.second "$((subscribers * 1000 / (ms + 1)))"
  rm "$work/rows.ndjson"
  stop "$hssd_pid"
  note disk.per.row "$(($(cat "$work"/hss.db* | wc -c) / subscribers))"
  from=$(milliseconds)
  hssd_start
  note restart.ms "$(($(milliseconds) - from))"
}

# CPU seconds that a process has used, in clock ticks.
ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }

# one ROUND SERVER PID PORT CONNECTIONS WINDOW: a run of the client, noted.
one() {
  local round=$1 server=$2 pid=$3 port=$4 connections=$5 window=$6 before after case
  case="$connections connection(s), $window outstanding on each"
  before=$(ticks "$pid")
  "$BINDERY_BUILD/bench_air_client" --to "$address:$port" --destination-realm "$realm" \
    --connections "$connections" --window "$window" --seconds "$seconds" --imsis "$subscribers" \
    >"$work/run" || die "the client could not use $server (its log: $(tail -n 3 "$work/$server.log"))"
  after=$(ticks "$pid")
  {
    cat "$work/run"
    awk -F '\t' -v ticks="$((after - before))" -v hz="$(getconf CLK_TCK)" \
      '$1 == "answers.all" { printf "server.cpu.us\t%.2f\n", ticks / hz * 1e6 / $2 }' "$work/run"
  } | while IFS= read -r line; do
    printf '%s\t%s\t%s\t%s\n' "$round" "$server" "$case" "$line"
  done >>"$notes/air"
}

air() {
  local round shape
  ip link set lo up
  ip address add "$address/32" dev lo
  (umask 077 && openssl rand -hex 32 >"$work/kek")
  hssd_config >"$work/hssd.yaml"
  hssd_start
  load
  fd_start
  for ((round = 0; round < rounds; round++)); do
    for shape in "1 1" "1 32" "4 32"; do
      # shellcheck disable=SC2086 # two numbers
      one "$round" fd "$fd_pid" 3868 $shape
      # shellcheck disable=SC2086
      one "$round" hssd "$hssd_pid" 3869 $shape
    done
  done
  note rss.kib "$(awk '/^VmRSS/ { print $2 }' "/proc/$hssd_pid/status")"
  note anon.kib "$(awk '/^RssAnon/ { print $2 }' "/proc/$hssd_pid/status")"
}

# ---- all of it -------------------------------------------------------------------------------

build() {
  local log=$BINDERY_BUILD/bench-build.log
  {
    cmake -S . -B "$BINDERY_BUILD" -DBINDERY_BENCH=ON && cmake --build "$BINDERY_BUILD" --target bench
  } >"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    die "the programs of bench/ could not be built; all of it is in $log"
  }
}

main() {
  local each
  options "$@"
  BINDERY_BUILD=$(readlink -f "${BINDERY_BUILD:?the folder of a release build}")
  export BINDERY_BUILD
  command -v ip >/dev/null || die "the package iproute2 is needed: apt-get install iproute2"
  if [ -z "${BENCH_INSIDE:-}" ]; then
    build
    BENCH_INSIDE=1 exec unshare --map-root-user --net "$0" "$@"
  fi
  work=$(mktemp -d "$BINDERY_BUILD/bench.XXXXXX") # the store belongs on a disk
  notes=$work/notes
  mkdir "$notes"
  trap at_exit EXIT
  trap 'exit 130' INT TERM
  machine >"$notes/machine"
  for each in "${what[@]}"; do
    "$each"
  done
  bench/report.pl "$notes"
}

main "$@"
