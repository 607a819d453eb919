#!/usr/bin/env bash
# Attacks on the binding over real S6a: each is refused, and each refusal has a name, at the device
# (raw_attacks.c) and in the events of the HSS.
# It is also the test of src/nf/hssd/hssd.c and src/nf/hssd/thread.c with real connections.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/raw.sh
. "$(dirname "$0")/lib/raw.sh"

imei=35693803564380
stranger=35999999999998

# attack NAME IMSI POLICY: a subscriber of its own and the scene of that name.
attack() {
  echo "# attack: $1"
  if [ "$3" = bound ]; then subscriber "$1" "$2" bound "$imei"; else subscriber "$1" "$2" open; fi
  mark_events
  raw attacks "$1"
  subject="\"imsi\":\"$2\""
}
quiet() {
  if events "$subject" "\"name\":\"$2\"" >/dev/null; then missed "$1"; else passed "$1"; fi
}

pki "$hss_host" "$mme_a" "$mme_b"
free_port tcp_port
free_port tls_port
raw_config "$tcp_port" "$tls_port"
hss_start

attack stolen 001010000000001 bound
told "the failure is an event with its cause and the thief's IMEI" '"name":"binding-failure"' \
  "$subject" '"cause":"mac-failure"' "\"imei\":\"$stranger\""
told "the third one raises the alarm" '"name":"suspected-theft"' "$subject"
attack ordinary 001010000000002 bound
attack imei 001010000000003 bound
told "the failure is an event with its cause and the forged IMEI" '"name":"binding-failure"' \
  "$subject" '"cause":"mac-failure"' "\"imei\":\"$imei\""
attack amf 001010000000004 bound
attack amfset 001010000000005 open
attack replay 001010000000006 bound
told "the HSS has taken it as a resynchronisation that moves nothing" '"name":"resynchronised"' \
  "$subject" 'DIFkept'
attack unlisted 001010000000007 bound
told "the refusal is an event with its cause and the IMEI" '"name":"refused"' "$subject" \
  '"cause":"imei-not-authorised"' "\"imei\":\"$stranger\""
attack auts 001010000000008 bound
told "the refusal is an event with its cause" '"name":"refused"' "$subject" '"cause":"auts-forged"'
quiet "and nothing was resynchronised" resynchronised

stops_in_order "SIGTERM ends the HSS in order"
holds "no key is in its files or its log" secrets_hidden "$work"/hss.db* "$work/hss.log"
finish
