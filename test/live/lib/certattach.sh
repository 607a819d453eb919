# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what common.sh and attach.sh set, and what is set for the tests
# Devices that come without a subscription: an operator as `bindery up` makes one, with each daemon a process
# of this script, so that each can be stopped, killed and started again by itself. After common.sh and
# attach.sh.
#
# An operator is a folder NAME of $work. Its daemons are NAME-hssd, NAME-mmed and NAME-repod; their logs are
# $work/NAME-hssd.log and so on, to which each start adds.

export NO_COLOR=1 LC_ALL=C.UTF-8
unset BINDERY_DIR BINDERY_SOCKET
cli() { "$BINDERY_BUILD/bindery" "$@"; }
declare -A pid_of # by daemon

# operator NAME [PLMN]: configuration, keys and certificates; nothing runs afterwards.
operator() {
  local of_hss=0 of_hss_tls=0 of_mme=0 of_repod=0 each
  for each in of_hss of_hss_tls of_mme of_repod; do free_port "$each"; done
  if ! cli up -d --dir "$work/$1" --plmn "${2:-001-01}" --port "$of_hss" --tls-port "$of_hss_tls" \
    --s1-port "$of_mme" --repo-port "$of_repod" >"$work/$1.up" 2>&1 ||
    ! cli down --dir "$work/$1" >>"$work/$1.up" 2>&1; then
    echo "Bail out! bindery up does not make an operator"
    sed 's/^/# /' "$work/$1.up"
    exit 1
  fi
  echo 'timers: {reconnect_seconds: 1}' >>"$work/$1/mmed.yaml"
  ln -sf "$1/mme.sock" "$work/$1-mmed.sock"
}
# option NAME DAEMON "KEY: VALUE": of the section `onboarding` of its hssd.yaml; of its authority if
# DAEMON is `authority`.
onboarding_option() { sed -i "s#^onboarding:\$#&\n  $2#" "$work/$1/hssd.yaml"; }
authority_option() { sed -i "/^      approval: /d" "$work/$1/hssd.yaml" && printf '      %s\n' "${@:2}" >>"$work/$1/hssd.yaml"; }

# daemon NAME hssd|mmed|repod [OPTION...]: starts it and returns when it serves.
daemon() {
  local name=$1 what=$2 id=$1-$2
  shift 2
  : >"$work/$id.now" # what one before said there is not its word
  (cd "$work/$name" && exec "$BINDERY_BUILD/bindery-$what" --config "$what.yaml" "$@") \
    2>"$work/$id.now" >>"$work/$id.out" &
  pid_of[$id]=$!
  pids+=("$!")
  if ! wait_for 20 serves "$name" "$what" || ! kill -0 "${pid_of[$id]}" 2>/dev/null; then
    echo "Bail out! $id did not start"
    tail -n 20 "$work/$id.now" | sed 's/^/# /'
    exit 1
  fi
}
serves() {
  case $2 in
  hssd) curl --silent --fail --max-time 60 --unix-socket "$work/$1/admin.sock" http://hss/v1/status ;;
  mmed) mme_is_up "$1-mmed" ;;
  repod) grep -q '"event":"ready"' "$work/$1-repod.now" ;;
  esac
}
# halt NAME DAEMON [SIGNAL]
halt() {
  local id=$1-$2
  stop "${pid_of[$id]}" "${3:-TERM}"
  cat "$work/$id.now" >>"$work/$id.log"
}
# all NAME: its three daemons, with traces if TRACE is set.
all() {
  daemon "$1" repod
  daemon "$1" hssd ${TRACE:+--trace "$work/$1-hssd.pcapng" --trace-secrets}
  daemon "$1" mmed ${TRACE:+--trace "$work/$1-mmed.pcapng" --trace-secrets}
}
# joined NAME: its MME has found its HSS again, which has started anew; both say so.
joined() {
  wait_for 20 bash -c "curl --silent --max-time 60 --unix-socket '$work/$1/admin.sock' http://hss/v1/status | tr -d ' \n' |
    grep -qE '\"origin_host\":\"mme1[^}]*\"connections\":[1-9]'" && wait_for 20 mme_is_up "$1-mmed"
}
s1_of() { grep -o 's1-tcp://[0-9.:]*' "$work/$1/mmed.yaml" | head -1; }
hss_port_of() { grep -oP 'address: tcp://127.0.0.1:\K[0-9]+' "$work/$1/hssd.yaml" | head -1; }

# ---- devices ------------------------------------------------------------------------------------

# lots NAME: the operator has a lot of the maker's, so that devices can make a KME.
lots() {
  cli lot recipient "$work/lots" >"$work/recipient.out" 2>&1 &&
    cli lot make --id 2026-07 --manufacturer "Example Meters" --range 35693804 --bits 2048 \
      --to "$work/lots/recipient.pem" "$work/lots" &&
    cli lot import "$work/lots/2026-07.lot.cms" --key "$work/lots/recipient-key.pem" \
      --certificate "$work/lots/recipient.pem" --dir "$work/$1"
}
# fresh NAME IMEI LOT-DIR [OPTION...]: $work/NAME.json, as it came out of the box.
fresh() {
  local name=$1 imei=$2 lot=$3
  shift 3
  rm -f "$work/$name.json"
  cli device file --imei "$imei" --identity "$lot" --output "$work/$name.json" "$@" >"$work/$name.made"
}
able=(--lot "$work/lots/2026-07.lot.json") # to make a KME
url_of() { grep -oP '"url": *"\K[^"]+' "$work/$1.json"; }
id_of() { url_of "$1" | sed 's/.*DeviceID=//'; }
imsi_of() { grep -oP '"imsi": *"\K[0-9]+' "$work/$1.json" | head -1; }
k_of() { grep -oP '"k": *"\K[0-9a-f]+' "$work/$1.json" | head -1; }
has_none() { [ -z "$(imsi_of "$1")" ]; }
# key_of NAME: the key that proves its IMEI, as NAME.pem.
key_of() {
  (umask 077 && perl -0777 -ne 's/\\n/\n/g; print $1 if /"identity":.*?"key": "(.*?)"/s' "$work/$1.json" >"$work/$1.pem")
}
# keeps NAME: what it has now may stand nowhere else.
keeps() { grep -oP '"(k|opc|kme)": *"\K[0-9a-f]{32,}' "$work/$1.json" >>"$work/secrets"; }
# at STATUS PART NAME [OPTION...]: it is switched on at operator `here`, and ends so.
here=op
at() {
  local status=$1 part=$2 name=$3
  shift 3
  ue "$status" "$part" attach --mme "$(s1_of "$here")" --device "$work/$name.json" "$@"
}

# ---- what the operator sees ---------------------------------------------------------------------

onboarding() { cli onboarding "$@" --dir "$work/$here"; }
hss_ask() { curl --silent --fail --max-time 60 --unix-socket "$work/$here/admin.sock" "http://hss$1"; }
# phase NAME: of that device
phase() { hss_ask "/v1/onboarding/maker/$(id_of "$1")" | tr -d ' \n' | grep -oP '"phase":"\K[a-z]+'; }
# pool WHAT: never_used, resting or ready; entries PHASE: how many devices are so.
pool() { hss_ask /v1/onboarding-pool | tr -d ' \n' | grep -oP '"pools":\[[^]]*\]' | grep -oP "\"$1\":\\K[0-9]+"; }
entries() { hss_ask /v1/onboarding-pool | tr -d ' \n' | sed 's/.*"authorities"//' | grep -oP "\"$1\":\\K[0-9]+" | head -1; }
count_of() { hss_ask /v1/status | tr -d ' \n' | grep -oP "\"$1\":\\K[0-9]+" | head -1; }
# Events are written soon after what they tell: what looks for one asks again for a while.
events_named() { hss_ask "/v1/events?name=$1&limit=1000" | tr -d ' \n' | grep -oE '\{"[^{}]*\}'; }
# happened NAME PART...: the newest event of that name has each part
happened() { wait_for 5 happened_now "$@"; }
happened_now() {
  local newest part
  newest=$(events_named "$1" | tail -n 1)
  for part in "${@:2}"; do
    grep -qF -- "$part" <<<"$newest" || return 1
  done
}
refusal() { happened onboarding-refused "\"cause\":\"$1\"" "${@:2}"; }
happenings() { events_named "$1" | grep -c . || true; }
# sums_up: what left the pool is what devices have, each IMSI once: nothing is lost, nothing is given twice.
sums_up() {
  local total used has imsis
  total=$(pool total) used=$((total - $(pool never_used) - $(pool resting) - $(pool ready)))
  has=$(($(entries pending) + $(entries active)))
  imsis=$(hss_ask "/v1/onboarding?limit=1000" | tr -d ' \n' | grep -oP '"imsi":"\K[0-9]+' | sort -u | wc -l)
  [ "$used" = "$has" ] && [ "$imsis" = "$has" ] || {
    echo "of $total IMSIs $used are out, $has devices have one, $imsis are different"
    hss_ask /v1/onboarding-pool
    return 1
  }
}
