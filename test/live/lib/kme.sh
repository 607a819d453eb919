# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # what common.sh, attach.sh and devid.sh set, and what is set for the tests
# Devices that make their own KME: lots, subscriptions that learn, and what an MME of raw_kme.c sees.
# After common.sh, attach.sh and devid.sh.

cli() { "$BINDERY_BUILD/bindery" "$@"; }
lots=$work/lots

# kme_parties: repository, manufacturer and operator, and the operator's key for lots.
kme_parties() {
  hss_port=0 tls_port=0 s1_port=0 repo_port=0
  for name in hss_port tls_port s1_port repo_port; do free_port "$name"; done
  parties
  repo_config
  repo_start
  pki "$hss_host"
  hss_config 127.0.0.1 "$hss_port" "$tls_port"
  hss_devid "changes_seconds: 1, unknown_seconds: 1, wait_ms: 4000"
  echo "kme: {${1:-nonce_seconds: 120}, ca: operator/device-ca.crt, crl: operator/device-ca.crl}" >>"$work/hssd.yaml"
  s1=s1-tcp://127.0.0.1:$s1_port
  cli lot recipient "$lots" >"$work/recipient.out"
}
# kme_mme NAME S1 [KEY: VALUE...]: an MME that provisions.
kme_mme() {
  local name=$1 s1=$2
  shift 2
  mme_config "$name" "$s1" "serve: true" "check_imei: true" "retransmissions: 3" "reuse_security: false" \
    "provisioning: {kme: true}" "$@"
  sed -i 's/^timers: .*/timers: {reconnect_seconds: 1, request_seconds: 10, t3450_seconds: 1, t3460_seconds: 1, t3470_seconds: 1}/' \
    "$work/$name.yaml"
}
# lot ID RANGE...: the manufacturer makes one, with a modulus as short as they may be.
lot() {
  local id=$1 range ranges=()
  shift
  for range in "$@"; do ranges+=(--range "$range"); done
  cli lot make --id "$id" --manufacturer "Example Meters" "${ranges[@]}" --bits "${lot_bits:-2048}" \
    --to "$lots/recipient.pem" "$lots"
}
take_lot() {
  cli lot import "$lots/$1.lot.cms" --key "$lots/recipient-key.pem" --certificate "$lots/recipient.pem" \
    --socket "$work/admin"
}
# lot_secrets ID: P and Q, of which no file may know.
lot_secrets() {
  openssl cms -decrypt -inform PEM -in "$lots/$1.lot.cms" -inkey "$lots/recipient-key.pem" \
    -recip "$lots/recipient.pem" | grep -oE '"[pq]": *"[0-9a-f]+' | grep -oE '[0-9a-f]{64,}' >>"$work/secrets"
}

# learner NAME IMSI [IMEI]: a subscription that learns, with that device on its list, or without any.
learner() {
  local name=$1 imsi=$2 k opc devices='[]'
  k=$(random_hex 16) opc=$(random_hex 16)
  [ $# -lt 3 ] || devices="[{\"imei\":\"$3\"}]"
  admin PUT "/v1/subscribers/$imsi" --data @- >"$work/$name.put" <<JSON || {
{"imsi":"$imsi","algorithm":"milenage","k":"$k","opc":"$opc","res_length":8,
 "policy":"learn","profile":"default","msisdn":"4917${imsi: -7}","devices":$devices}
JSON
    echo "Bail out! subscriber $imsi was refused: $(cat "$work/$name.put")"
    exit 1
  }
  printf '%s %s %s %s - -\n' "$imsi" "$k" "$opc" "4917${imsi: -7}" >"$work/$name.sub"
}
# fresh NAME SUBSCRIBER IMEI LOT|- [-]: $work/NAME.json, a device that never had a KME, with the subscriber's
# SIM. It makes a key pair, whose public half is in NAME.pub; with '-' it has none.
fresh() {
  local name=$1 imsi k opc rest options
  read -r imsi k opc rest <"$work/$2.sub"
  rm -f "$work/$name.json"
  (
    umask 077
    printf '%s' "$k" >"$work/k.hex"
    printf '%s' "$opc" >"$work/opc.hex"
  )
  options=(--imsi "$imsi" --imei "$3" --k-file "$work/k.hex" --opc-file "$work/opc.hex")
  cli device file "${options[@]}" --output "$work/$name.json" >/dev/null
  echo "$4" >"$work/$name.of"
  [ $# -gt 4 ] || key "$name"
}
# at STATUS PART NAME [OPTION...]: it attaches, having been told of its lot, and it ends so.
at() {
  local status=$1 part=$2 name=$3 lot
  shift 3
  lot=$(cat "$work/$name.of")
  [ "$lot" = - ] || set -- --lot "$lots/$lot.lot.json" "$@"
  ue "$status" "$part" attach --mme "$s1" --device "$work/$name.json" "$@"
}
# made NAME IMSI IMEI LOT: a learner without a list, its device, and the device's key published.
made() {
  learner "$1" "$2"
  fresh "$1" "$1" "$3" "$4"
  publish_public "$3" "$work/$1.pub" >/dev/null
}

# of IMSI PERL-REGEXP: the subscriber's record, on one line, matches.
of() { admin GET "/v1/subscribers/$1" | tr -d ' \n' | grep -qP -- "$2"; }
# bound IMSI IMEI: the home network has a key for the two, and no other for anybody.
bound() {
  of "$1" "\"imei\":\"$2[^{}]*\"has_kme\":true" &&
    [ "$(admin GET "/v1/subscribers/$1" | tr -d ' \n' | grep -o '"has_kme":true' | wc -l)" = 1 ]
}
# used IMSI: and the one before is gone.
used() { of "$1" '"has_previous":false' && ! of "$1" '"has_previous":true'; }
# refusal CAUSE IMSI: the newest payload of it was refused so.
refusal() { outcome provisioning-refused "$1" "$2"; }
# kme_of NAME: the active KME of a device; waits NAME: has it one that it offered, and no proof of?
kme_of() { tr -d ' \n' <"$work/$1.json" | sed 's/"kme_pending":{[^}]*}//' | grep -oP '"kme":"\K[0-9a-f]{32}'; }
waits() { grep -q '"kme_pending"' "$work/$1.json"; }
# device_secrets NAME...: their KMEs, of which nobody else may know.
device_secrets() {
  local name
  for name in "$@"; do kme_of "$name"; done >>"$work/secrets"
}

# attaches NAME [OPTION...]: it is switched on, and ends registered under its KME.
attaches() {
  local name=$1
  shift
  at 0 registered "$name" "$@"
}

# raw COMMAND...: the MME of raw_kme.c, as mme-a unless said otherwise.
raw_mme=mme-a
raw() {
  local what=$1
  shift
  case $what in
  air | ulr) "$BINDERY_BUILD/live_raw_kme" "$what" "$work" "$realm" "$hss_port" "$raw_mme" "$@" ;;
  *) "$BINDERY_BUILD/live_raw_kme" "$what" "$@" ;;
  esac
}
# field NUMBER: of the line that came last
field() { cut -d' ' -f"$1"; }
