# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is for the tests that source it
# What the live tests share: test lines, an HSS of their own with a configuration, a key and
# subscribers, and a PKI. Source it after 'set -euo pipefail'.
#
# Every process started here is ended here, by its own id, however the script ends. Nothing waits a
# fixed time: wait_for asks again until a condition holds or its time is up.

BINDERY_BUILD=${BINDERY_BUILD:?the folder with bindery-hssd}
live_here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/live.XXXXXX")
pids=()
tests=0 failures=0

realm=epc.mnc001.mcc001.3gppnetwork.org
hss_host=hss.$realm
mme_a=mme-a.$realm
mme_b=mme-b.$realm

# ---- ends ------------------------------------------------------------------------------------

# ours PID: does it run, and as a process of this test? Once one has ended, its number may be somebody else's.
# Only root may read the environment of `bindery up`, so its name must do.
ours() {
  local key value
  while read -r key value; do
    [ "$key" != PPid: ] || [ "$value" != "$$" ] || return 0
  done 2>/dev/null <"/proc/$1/status"
  grep -aqsF -- "$work" "/proc/$1/environ" "/proc/$1/cmdline" ||
    [[ $(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline") == *"/bindery up "* ]]
}
at_exit() {
  local rc=$? pid
  trap - EXIT
  for pid in "${pids[@]}"; do
    ours "$pid" || continue
    kill -TERM "$pid" 2>/dev/null || true
    kill -CONT "$pid" 2>/dev/null || true # one that was stopped does not end
    wait "$pid" 2>/dev/null || true
  done
  if [ -n "${LIVE_KEEP:-}" ]; then
    echo "# kept $work"
  else
    rm -rf "$work"
  fi
  exit "$rc"
}
trap at_exit EXIT
trap 'exit 130' INT TERM

# finish: the plan, and whether all held.
finish() {
  echo "1..$tests"
  [ "$tests" -gt 0 ] && [ "$failures" -eq 0 ]
}

# ---- test lines ------------------------------------------------------------------------------

passed() {
  tests=$((tests + 1))
  echo "ok $tests - $1"
}
# missed SENTENCE [WHY...]
missed() {
  tests=$((tests + 1)) failures=$((failures + 1))
  echo "not ok $tests - $1"
  shift
  local line
  for line in "$@"; do
    printf '%s\n' "$line" | sed 's/^/# /'
  done
}
# holds SENTENCE COMMAND... : what the command says is shown when it fails.
holds() {
  local sentence=$1
  shift
  if "$@" >"$work/.held" 2>&1; then
    passed "$sentence"
  else
    missed "$sentence" "$(cat "$work/.held")"
  fi
}
# same SENTENCE EXPECTED GOT
same() {
  if [ "$2" = "$3" ]; then passed "$1"; else missed "$1" "expected: $2" "got:      $3"; fi
}
# party COMMAND... : runs an independent party that writes "ok - sentence" lines, and counts them.
# An end without success, or without a line, is a failure of its own.
party() {
  local line rc=0 before=$tests bad=$failures
  "$@" >"$work/party.out" 2>"$work/party.err" || rc=$?
  while IFS= read -r line; do
    case $line in
    'ok - '*) passed "${line#ok - }" ;;
    'not ok - '*) missed "${line#not ok - }" ;;
    *) printf '# %s\n' "${line#\# }" ;;
    esac
  done <"$work/party.out"
  if { [ "$rc" -ne 0 ] && [ "$failures" -eq "$bad" ]; } || [ "$tests" -eq "$before" ]; then
    missed "$(basename "$1") ran to its end" "it ended with $rc" "$(tail -n 20 "$work/party.err")"
  elif [ "$failures" -gt "$bad" ]; then
    tail -n 20 "$work/party.err" | sed 's/^/# /'
  fi
}

# wait_for SECONDS COMMAND... : asks until the command succeeds, for a minute at least: what takes a second here
# takes many on a machine with much else to do.
wait_for() {
  local until=$((SECONDS + ($1 > 60 ? $1 : 60)))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep 0.05
  done
}

# let_others_pass: the folders down to $work may be walked through by another user, as far as they are ours.
let_others_pass() {
  local folder=$work
  while [ "$folder" != / ] && [ -O "$folder" ]; do
    case $(stat -c %A "$folder") in
    *x | *t) ;;
    *) chmod o+x "$folder" ;;
    esac
    folder=$(dirname "$folder")
  done
}

# ---- ports, keys, certificates ---------------------------------------------------------------

ports_taken=" "
# free_port VARIABLE: a TCP port below the ephemeral range on which nobody listens; the 15 behind it are nobody
# else's either, for `bindery up` takes some there. Of scripts that run at a time, each draws from a share of its
# own: LIVE_SLOT is which one, counted from 0, and LIVE_SLOTS how many.
free_port() {
  local -n out=$1
  local hex try share=$((12000 / ${LIVE_SLOTS:-1} / 16 * 16))
  while :; do
    try=$(((20000 + ${LIVE_SLOT:-0} * share + RANDOM % share) / 16 * 16))
    printf -v hex ':%03X[0-9A-F] ' "$((try / 16))" # 16 ports, of which one before may have taken any
    if ! grep -qs "$hex" /proc/net/tcp /proc/net/tcp6 && [[ $ports_taken != *" $try "* ]]; then
      ports_taken+="$try "
      out=$try
      return
    fi
  done
}

random_hex() { openssl rand -hex "$1"; }

# pki: a CA, and in $work/pki one certificate for each host name, as NAME.pem and NAME.key.
pki() {
  local host dir=$work/pki
  mkdir -p "$dir"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 \
    -subj "/CN=live test CA" -addext "basicConstraints=critical,CA:TRUE" \
    -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout "$dir/ca.key" -out "$dir/ca.pem" \
    2>"$dir/log" || { cat "$dir/log" >&2; return 1; }
  for host in "$@"; do
    certificate "$host"
  done
}
# The subject stays short: a host name may be longer than the 64 characters of a CN.
certificate() {
  local dir=$work/pki host=$1
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/O=live test" \
    -keyout "$dir/$host.key" -out "$dir/$host.csr" 2>"$dir/log"
  openssl x509 -req -in "$dir/$host.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -days 2 \
    -extfile <(printf '%s\n' "subjectAltName=DNS:$host" "extendedKeyUsage=serverAuth,clientAuth" \
      "keyUsage=critical,digitalSignature") -out "$dir/$host.pem" 2>>"$dir/log"
  chmod 600 "$dir/$host.key"
}

# ---- the HSS ---------------------------------------------------------------------------------

# A profile in which no two figures are equal, so that a swapped field shows.
hss_profile() {
  cat <<'YAML'
profiles:
  - name: default
    network_access_mode: only-packet
    access_restriction_data: 43
    subscribed_periodic_rau_tau_timer: 4321
    default_apn: internet
    ambr: {uplink: 50000000, downlink: 150000000}
    apns:
      - name: internet
        context: 1
        pdn_type: ipv4v6
        qci: 9
        arp: {priority: 8, preemption_capability: false, preemption_vulnerability: true}
        ambr: {uplink: 40000000, downlink: 100000000}
      - name: ims
        context: 2
        pdn_type: ipv6
        qci: 5
        arp: {priority: 1, preemption_capability: true, preemption_vulnerability: false}
        ambr: {uplink: 1000000, downlink: 2000000}
YAML
}

# hss_peer HOST: a peer that may use every transport there is.
hss_peer() {
  cat <<YAML
  - origin_host: $1
    realm: $realm
    visited_plmns: ["00101"]
    ${2:+addresses: [$2]}
YAML
}

# hss_config ADDRESS TCP_PORT TLS_PORT [EXTRA...]: writes $work/hssd.yaml. EXTRA lines go under the
# plain listener.
hss_config() {
  local address=$1 tcp=$2 tls=$3 source=
  shift 3
  [[ $address == 127.* ]] || source=$address
  {
    cat <<YAML
origin_host: $hss_host
origin_realm: $realm
plmns: ["00101"]
instance: 3
store: {path: $work/hss.db, key_file: $work/kek}
admin: {socket: $work/admin}
listeners:
  - address: tcp://$address:$tcp
YAML
    [ $# -eq 0 ] || printf '    %s\n' "$@"
    cat <<YAML
  - address: tls://$address:$tls
    certificate: $work/pki/$hss_host.pem
    key: $work/pki/$hss_host.key
    ca: $work/pki/ca.pem
peers:
YAML
    hss_peer "$mme_a" "$source"
    hss_peer "$mme_b" "$source"
    hss_profile
    echo 'alarms: {suspected_theft_after: 3}'
    echo 'log: {level: debug}'
  } >"$work/hssd.yaml"
}

# hss_start [OPTION...]: starts the HSS and returns when it serves. Its log is $work/hss.log.
hss_start() {
  if [ ! -e "$work/kek" ]; then
    (umask 077 && random_hex 32 >"$work/kek")
  fi
  "$BINDERY_BUILD/bindery-hssd" --config "$work/hssd.yaml" "$@" 2>"$work/hss.log" >"$work/hss.out" &
  hss_pid=$!
  pids+=("$hss_pid")
  if ! wait_for 20 hss_is_up_or_dead || ! kill -0 "$hss_pid" 2>/dev/null; then
    echo "Bail out! bindery-hssd did not start"
    sed 's/^/# /' "$work/hss.log"
    exit 1
  fi
}
hss_is_up_or_dead() {
  admin GET /v1/status || ! kill -0 "$hss_pid" 2>/dev/null
}
# hss_stop: an orderly stop. Fails when the HSS ends with anything but success.
hss_stop() {
  local rc=0 pid rest=()
  kill -TERM "$hss_pid"
  wait "$hss_pid" || rc=$?
  for pid in "${pids[@]}"; do
    [ "$pid" = "$hss_pid" ] || rest+=("$pid")
  done
  pids=("${rest[@]}")
  return "$rc"
}

# ---- the administration interface ------------------------------------------------------------

# admin METHOD PATH [CURL OPTION...]: the body on standard output; fails on an HTTP error.
admin() {
  local method=$1 path=$2
  shift 2
  curl --silent --show-error --fail-with-body --max-time 60 --unix-socket "$work/admin" \
    --request "$method" --header 'Content-Type: application/json' "$@" "http://hss$path"
}

# subscriber NAME IMSI POLICY [IMEI]: draws keys, loads them, and notes them in $work/NAME.sub as
# 'imsi k opc msisdn imei kme', '-' where there is none.
subscriber() {
  local name=$1 imsi=$2 policy=$3 imei=${4:--} k opc kme=- msisdn=49${2:5} devices='[]'
  k=$(random_hex 16) opc=$(random_hex 16)
  msisdn=4917${imsi: -7} # eleven digits: the last octet of its TBCD is half filled
  if [ "$imei" != - ]; then
    kme=$(random_hex 16)
    devices="[{\"imei\":\"$imei\",\"kme\":\"$kme\"}]"
  fi
  admin PUT "/v1/subscribers/$imsi" --data @- >"$work/$name.put" <<JSON || {
{"imsi":"$imsi","algorithm":"milenage","k":"$k","opc":"$opc","res_length":8,
 "policy":"$policy","profile":"default","msisdn":"$msisdn","devices":$devices}
JSON
    echo "Bail out! subscriber $imsi was refused: $(cat "$work/$name.put")"
    exit 1
  }
  printf '%s %s %s %s %s %s\n' "$imsi" "$k" "$opc" "$msisdn" "$imei" "$kme" >"$work/$name.sub"
}

# Those that a run of a party needs. DIGIT keeps the runs apart: each has subscribers of its own.
subscribers_of_run() {
  subscriber "open$1" "0010100000001${1}1" open
  subscriber "bound$1" "0010100000001${1}2" bound 35693803564380
  subscriber "stolen$1" "0010100000001${1}3" bound 35693803564380
}

# event NAME IMSI: is there such an event?
event() {
  local all
  all=$(admin GET "/v1/events?name=$1&limit=1000" | tr -d ' \n' | grep -oE '\{"[^{}]*\}')
  grep -q "\"imsi\":\"$2\"" <<<"$all" # not behind a pipe, which would break when it has found one
}

#= test binding-sealed
# secrets_hidden FILE... : fails and names file and secret if a key of a subscriber, or anything in
# $work/secrets (hex, one a line), is in a file as octets or as hex digits.
secrets_hidden() {
  local file found=0 hex
  {
    awk '{ print $2; print $3; if ($6 != "-") print $6 }' "$work"/*.sub
    cat "$work/kek"
    [ ! -e "$work/secrets" ] || cat "$work/secrets"
  } | sort -u >"$work/forbidden"
  for file in "$@"; do
    [ -e "$file" ] || { echo "$file is not there"; found=1; continue; }
    if grep -aqiF -f "$work/forbidden" "$file"; then
      echo "$file holds a secret in hex digits: $(grep -aoiF -f "$work/forbidden" "$file" | head -1)"
      found=1
    fi
    if od -An -v -tx1 "$file" | tr -d ' \n' >"$work/octets" &&
      hex=$(grep -oF -f "$work/forbidden" "$work/octets" | head -1 || true) && [ -n "$hex" ]; then
      echo "$file holds the octets of $hex"
      found=1
    fi
  done
  return "$found"
}
