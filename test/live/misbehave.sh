#!/usr/bin/env bash
# Peers that misbehave, one scene after the other against one bindery-hssd: each is treated as it
# should be, each refusal has its name in the events, and a neighbour that behaves gets every answer
# meanwhile (raw_misbehave.c). In the end the HSS is the one that was started, and as it was.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/raw.sh
. "$(dirname "$0")/lib/raw.sh"

scene() {
  echo "# scene: $1"
  mark_events
  raw misbehave "$1"
}

open_files() { find "/proc/$hss_pid/fd" -mindepth 1 2>/dev/null | wc -l; }
as_few_files() { [ "$(open_files)" -le "$files" ]; }

refused_peer() { told "it is an event: $2" '"name":"peer-refused"' "\"peer\":\"$1\"" "\"cause\":\"$2\""; }
refused() { told "it is an event: $1" '"name":"refused"' "\"peer\":\"$mme_a\"" "\"cause\":\"$1\""; }
ended() {
  told "it is an event: ${1,,}" '"name":"peer-disconnected"' "\"peer\":\"$mme_a\"" \
    "\"detail\":\"${1// /}"
}

pki "$hss_host" "$mme_a" "$mme_b"
stranger_certificate
free_port tcp_port
free_port tls_port
raw_config "$tcp_port" "$tls_port"
hss_start
started=$hss_pid
pool 1000
files=$(open_files)

scene strangers
refused_peer "mme-x.$realm" peer-unknown
refused_peer "$mme_a" peer-realm
refused_peer "mme-c.$realm" peer-address
refused_peer "$mme_b" peer-certificate
scene certificates
told "TLS that fails is an event" '"name":"peer-refused"' '"cause":"peer-certificate"'
scene forged
refused origin-not-allowed
refused visited-plmn-not-allowed
scene second-cer
ended "the peer sent a second capabilities exchange"
scene malformed
refused malformed
scene frames
ended "what came is no Diameter message, or too long a one"
scene stall
scene stall-reset
scene silent
# What told compares has no spaces left.
told "silence is an event" 'nocapabilitiesexchangecameintime'
scene drip
scene reset
told "each end is an event" '"name":"peer-disconnected"' "\"peer\":\"$mme_a\""
scene limit
refused_peer "$mme_a" peer-limit
scene handshakes
told "those above limits.handshakes are an event" '"name":"peer-refused"' '"cause":"too-busy"'
scene flood
told "the flood is an event" '"name":"peer-refused"' '"cause":"too-busy"'

echo "# afterwards"
same "the HSS is the one that was started" "$started" "$(pgrep -P $$ -x bindery-hssd)"
if [ "$files" -gt 0 ]; then
  holds "it has no more files open than before" wait_for 60 as_few_files
else
  passed "its open files # SKIP only root may count those of an undumpable process"
fi
same "nothing in its log is an error" "" "$(grep -F '"level":"error"' "$work/hss.log" || true)"
stops_in_order "SIGTERM ends it in order"
holds "no key is in its log" secrets_hidden "$work/hss.log"
finish
