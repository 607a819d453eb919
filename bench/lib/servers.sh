# shellcheck shell=bash
# shellcheck disable=SC2154 # work, notes and the options are run.sh's, which sources this
# Servers of the bench: started in the network namespace, stopped by their own ids; and the stores.
#
# freeDiameter binds every address and wants one beyond loopback, so lo has 10.99.0.1.

address=10.99.0.1
realm=home.bench
mmes=8
pids=()

milliseconds() { date +%s%3N; }

# alive PID: and no zombie, which may be somebody else's to bury.
alive() { kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

# stop PID: one that was started here. What does not end within ten seconds is killed.
stop() {
  local rest=() pid i
  kill -TERM "$1" 2>/dev/null || true
  for ((i = 0; i < 1000; i++)); do
    alive "$1" || break
    sleep 0.01
  done
  ! alive "$1" || kill -KILL "$1"
  wait "$1" 2>/dev/null || true
  for pid in "${pids[@]}"; do
    [ "$pid" = "$1" ] || rest+=("$pid")
  done
  pids=("${rest[@]}")
}

listens() { grep -qi " [0-9A-F]*:$(printf %04X "$1") [0-9A-F]*:0000 0A " /proc/net/tcp; }

# await PID PORT LOG: until it listens, or it has ended and we say why.
await() {
  local i
  for ((i = 0; i < 1500; i++)); do
    listens "$2" && return
    alive "$1" || break
    sleep 0.02
  done
  tail -n 20 "$3" >&2
  die "the server on port $2 did not start (see above)"
}

# serve VARIABLE PORT LOG COMMAND... : starts it, awaits the port, sets the variable to its id.
serve() {
  local -n id=$1
  local port=$2 log=$3
  shift 3
  ! listens "$port" || die "something listens on port $port already"
  "$@" >"$log" 2>&1 </dev/null &
  id=$!
  pids+=("$id")
  await "$id" "$port" "$log"
}

# ---- freeDiameter ----------------------------------------------------------------------------

# fd_config [LINE...]
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
  [ $# -eq 0 ] || printf '%s\n' "$@"
}

# The bare library, and Debian's daemon with the same answer as an extension.
fd_start() {
  fd_config >"$work/fd.conf"
  serve fd_pid 3868 "$work/fd.log" "$BINDERY_BUILD/bench_fd_constant" "$work/fd.conf"
}
freediameterd_start() {
  fd_config "LoadExtension = \"$BINDERY_BUILD/bench_fd_extension.fdx\";" \
    "TLS_Cred = \"$work/pki/server.pem\", \"$work/pki/server.key\";" \
    "TLS_CA = \"$work/pki/ca.pem\";" >"$work/freediameterd.conf"
  serve freediameterd_pid 3868 "$work/freediameterd.log" \
    freeDiameterd -q -c "$work/freediameterd.conf"
}

# ---- our HSS ---------------------------------------------------------------------------------

hssd_peers() {
  local i
  for ((i = 1; i <= mmes; i++)); do
    cat <<YAML
  - {origin_host: mme$i.visited.bench, realm: visited.bench, visited_plmns: ["00101"], addresses: [$address], connections: 16}
  - {origin_host: polite$i.visited.bench, realm: visited.bench, visited_plmns: ["00101"], addresses: [$address]}
YAML
  done
}

# hssd_config FOLDER PORT [THREADS]: the store and all else of it are in the folder. With a PKI there
# is a TLS listener on the next port. Two things are not as the defaults have them: the alarm on vectors
# that no ULR confirmed is off, because most clients here never send a ULR; and more subscribers are
# remembered, because five vectors occupy a place for half a second (docs/performance.md).
hssd_config() {
  cat <<YAML
origin_host: hss.$realm
origin_realm: $realm
plmns: ["00101"]
instance: 1
store: {path: $1/hss.db, key_file: $1/kek}
admin: {socket: $1/admin}
listeners:
  - address: tcp://$address:$2
    plain_tcp_off_loopback: true
$([ ! -e "$work/pki/server.pem" ] || cat <<TLS
  - address: tls://$address:$(($2 + 1))
    certificate: $work/pki/server.pem
    key: $work/pki/server.key
    ca: $work/pki/ca.pem
TLS
)
peers:
$(hssd_peers)
profiles:
  - name: default
    default_apn: internet
    ambr: {uplink: 50000000, downlink: 150000000}
    apns:
      - name: internet
        ambr: {uplink: 40000000, downlink: 100000000}
limits: {threads: ${3:-0}, recent_subscribers: 262144}
alarms: {unconfirmed_vectors_after: 0}
log: {level: warning}
YAML
}

# hssd_start VARIABLE FOLDER PORT [THREADS [COMMAND...]]: the command (taskset, say) starts it.
hssd_start() {
  local variable=$1 folder=$2 port=$3 threads=${4:-0}
  shift $(($# < 4 ? $# : 4))
  hssd_config "$folder" "$port" "$threads" >"$folder/hssd.yaml"
  serve "$variable" "$port" "$folder/hssd.log" \
    "$@" "$BINDERY_BUILD/bindery-hssd" --config "$folder/hssd.yaml"
}

new_store() {
  mkdir -p "$1"
  rm -f "$1"/hss.db* "$1/admin"
  [ -e "$1/kek" ] || (umask 077 && openssl rand -hex 32 >"$1/kek")
}

rows_of() {
  [ -e "$work/rows-$1.ndjson" ] || {
    bench/rows.pl "$1" >"$work/rows.part"
    mv "$work/rows.part" "$work/rows-$1.ndjson"
  }
}

# import FOLDER FILE: through the command that an operator would use.
import() {
  "$BINDERY_BUILD/bindery" import --socket "$1/admin" "$2" >"$1/import.log" 2>&1 </dev/null || {
    tail -n 20 "$1/import.log" >&2
    die "the subscribers could not be loaded (see above)"
  }
}

# store_of VARIABLE COUNT: a folder with a store of so many subscribers, made when first asked for.
# Made whole or not at all, so that --resume can rely on what is there.
store_of() {
  local -n folder=$1
  local count=$2 making pid ms
  folder=$work/store-$count
  [ ! -e "$folder/ready" ] || return 0
  say "  loading $count subscribers"
  making=$folder
  new_store "$making"
  rows_of "$count"
  hssd_start pid "$making" 3899
  ms=$(milliseconds)
  import "$making" "$work/rows-$count.ndjson"
  ms=$(($(milliseconds) - ms))
  stop "$pid"
  ((count <= 1000000)) || rm "$work/rows-$count.ndjson"
  printf '%s\n' "$((count * 1000 / (ms + 1)))" >"$making/ready"
}

# store_copy VARIABLE COUNT NAME: a copy of such a store that a run may change.
store_copy() {
  local -n copy=$1
  local from
  store_of from "$2"
  copy=$work/$3
  rm -rf "$copy"
  mkdir "$copy"
  cp "$from"/hss.db* "$from/kek" "$copy/"
}

# ---- keys and certificates -------------------------------------------------------------------

pki() {
  local dir=$work/pki i names=
  [ ! -e "$dir/ready" ] || return 0
  mkdir -p "$dir"
  for ((i = 1; i <= mmes; i++)); do
    names+="DNS:mme$i.visited.bench,"
  done
  {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 \
      -subj "/CN=bench CA" -addext "basicConstraints=critical,CA:TRUE" \
      -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout "$dir/ca.key" -out "$dir/ca.pem"
    certificate server "DNS:hss.$realm,DNS:fd.$realm"
    certificate client "${names%,}"
  } 2>"$dir/log" || {
    cat "$dir/log" >&2
    die "the certificates could not be made"
  }
  touch "$dir/ready"
}

certificate() {
  local dir=$work/pki
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/O=bench" \
    -keyout "$dir/$1.key" -out "$dir/$1.csr"
  openssl x509 -req -in "$dir/$1.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -days 2 \
    -out "$dir/$1.pem" -extfile <(printf '%s\n' "subjectAltName=$2" \
      "extendedKeyUsage=serverAuth,clientAuth" "keyUsage=critical,digitalSignature")
  chmod 600 "$dir/$1.key"
}

# ---- looking at a process --------------------------------------------------------------------

# CPU that a process has used, in clock ticks.
ticks() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }
# status PID FIELD: KiB of /proc/PID/status, like VmRSS.
status() { awk -v f="$2:" '$1 == f { print $2 }' "/proc/$1/status"; }

# client ROUND WHO CASE PID COMMAND... : a run of a client, noted, with the CPU that the server used
# for each answer.
client() {
  local round=$1 who=$2 case=$3 pid=$4 before after
  shift 4
  before=$(ticks "$pid")
  "$@" >"$work/run" 2>"$work/run.err" || die "$who, $case: $(tail -n 3 "$work/run.err")"
  after=$(ticks "$pid")
  awk -F '\t' -v ticks="$((after - before))" -v hz="$(getconf CLK_TCK)" '{ print }
    $1 ~ /^(answers.all|handshakes)$/ { printf "server.cpu.us\t%.2f\n", ticks / hz * 1e6 / $2 }' \
    "$work/run" >"$work/run.all"
  note_all "$round" "$who" "$case" <"$work/run.all"
}

# air ROUND WHO CASE PID PORT CONNECTIONS WINDOW COUNT [OPTION...]: a run of the closed loop of AIRs.
air() {
  local round=$1 who=$2 case=$3 pid=$4 port=$5 connections=$6 window=$7 count=$8
  shift 8
  client "$round" "$who" "$case" "$pid" "$BINDERY_BUILD/bench_air_client" --to "$address:$port" \
    --destination-realm "$realm" --connections "$connections" --window "$window" \
    --seconds "$seconds" --imsis "$count" "$@"
}
shape() { echo "$1 connection$([ "$1" = 1 ] || echo s), $2 outstanding${3:+, $3}"; }
