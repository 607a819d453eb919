# shellcheck shell=bash
# shellcheck disable=SC2154 # what common.sh sets
# An HSS, MMEs and devices as processes of their own: what the live tests of the attach share. Source
# it after common.sh.

# mme_config NAME S1_ADDRESS [KEY: VALUE...]: writes $work/NAME.yaml, an MME of the HSS on $hss_port.
mme_config() {
  local name=$1 s1=$2
  shift 2
  {
    cat <<YAML
origin_host: $name.$realm
origin_realm: $realm
name: $name
plmn: "001-01"
mme_group_id: 32769
mme_code: 1
listeners: [{address: "$s1"}]
admin: {socket: $work/$name.sock}
homes: [{plmns: ["001-01"], peers: ["$hss_host"]}]
peers: [{origin_host: "$hss_host", realm: "$realm", address: "tcp://127.0.0.1:$hss_port"}]
timers: {reconnect_seconds: 1}
YAML
    printf '%s\n' "$@"
  } >"$work/$name.yaml"
}

# mme_start NAME [OPTION...]: starts it and returns when it serves and its HSS is connected; its pid
# is in mme_pid.
mme_start() {
  local name=$1
  shift
  "$BINDERY_BUILD/bindery-mmed" --config "$work/$name.yaml" "$@" 2>>"$work/$name.log" >>"$work/$name.out" &
  mme_pid=$!
  pids+=("$mme_pid")
  if ! wait_for 20 mme_is_up "$name"; then
    echo "Bail out! $name did not start, or does not find its HSS"
    tail -n 20 "$work/$name.log" | sed 's/^/# /'
    exit 1
  fi
}
mme_ask() { curl --silent --fail --max-time 60 --unix-socket "$work/$1.sock" "http://mme$2"; }
mme_is_up() { mme_ask "$1" /v1/status | tr -d ' \n' | grep -qF '"connected":true'; }
# mme_event NAME CAUSE: has it refused something by this name?
mme_event() { mme_ask "$1" "/v1/events?limit=1000" | tr -d ' \n' | grep -qF "\"cause\":\"$2\""; }
# mme_count NAME COUNTER
mme_count() { mme_ask "$1" /v1/status | tr -d ' \n' | grep -oE "\"$2\":[0-9]+" | head -1 | cut -d: -f2; }

# forget PID: it has ended, or will be ended by somebody else.
forget() {
  local pid rest=()
  wait "$1" 2>/dev/null || true
  for pid in "${pids[@]}"; do
    [ "$pid" = "$1" ] || rest+=("$pid")
  done
  pids=("${rest[@]}")
}
stop() {
  kill "-${2:-TERM}" "$1"
  forget "$1"
}
# cut_off PID: killed, unless it has ended by itself: a device does when its network is gone before it connects.
cut_off() {
  kill -KILL "$1" 2>/dev/null || true
  forget "$1"
}

# device NAME SUBSCRIBER [IMEI KME]: $work/NAME.json, a state file of the subscriber's SIM in its own
# device, or in that other one ('-': it has no KME).
device() {
  local name=$1 imsi k opc msisdn imei kme options
  # shellcheck disable=SC2034 # one field of a line
  read -r imsi k opc msisdn imei kme <"$work/$2.sub"
  [ $# -lt 4 ] || imei=$3 kme=$4
  rm -f "$work/$name.json"
  (
    umask 077
    printf '%s' "$k" >"$work/k.hex"
    printf '%s' "$opc" >"$work/opc.hex"
    printf '%s' "$kme" >"$work/kme.hex"
  )
  options=(--imsi "$imsi" --imei "$imei" --k-file "$work/k.hex" --opc-file "$work/opc.hex")
  [ "$kme" = - ] || options+=(--kme-file "$work/kme.hex")
  "$BINDERY_BUILD/bindery" device file "${options[@]}" --output "$work/$name.json" >/dev/null
}

# ue STATUS PART ARGUMENT... : bindery-ue ends with the status and says the part.
ue() {
  local wanted=$1 part=$2 status=0
  shift 2
  timeout 300 "$BINDERY_BUILD/bindery-ue" "$@" >"$work/ue.out" 2>&1 </dev/null || status=$?
  if [ "$status" != "$wanted" ] || ! grep -qF -- "$part" "$work/ue.out"; then
    echo "status $status instead of $wanted, or not a word of: $part"
    cat "$work/ue.out"
    return 1
  fi
}
