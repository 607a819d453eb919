#!/usr/bin/env bash
# The trace of a whole run, read by Wireshark's dissectors: every message decodes, says what was
# done, and holds nothing that only the HSS may know.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/erlang.sh
. "$(dirname "$0")/lib/erlang.sh"

trace=$work/run.pcapng

# read_trace OPTION... : tshark on the trace, with no name lookups and no preferences of the user.
read_trace() {
  WIRESHARK_CONFIG_DIR=$work/wireshark tshark -n -r "$trace" "$@" 2>"$work/tshark.err"
}

# frames FILTER: how many messages match.
frames() {
  read_trace -Y "$1" -T fields -e frame.number | grep -c . || true
}

# counted SENTENCE NUMBER FILTER
counted() {
  same "$1" "$2" "$(frames "$3")"
}

# each SENTENCE FILTER WANTED: all messages of the filter match WANTED too, and there are some.
each() {
  local all good
  all=$(frames "$2")
  good=$(frames "($2) && ($3)")
  if [ "$all" -gt 0 ] && [ "$all" = "$good" ]; then
    passed "$1 ($all messages)"
  else
    missed "$1" "$good of $all messages match ($2) && ($3)"
  fi
}

every_message_decodes() {
  local all
  all=$(read_trace -T fields -e frame.number | grep -c .)
  same "tshark reads every message as Diameter ($all of them)" "$all" "$(frames diameter)"
  holds "tshark reads the file without complaint" grep -qvE '.*(cut short|corrupt|isn.t)' \
    <(cat "$work/tshark.err"; echo)
  counted "nothing is malformed" 0 '_ws.malformed || _ws.expert.severity == error'
  # 32473 is our own vendor, whose AVPs no dictionary of Wireshark's can know.
  same "no AVP is unknown but our own vendor's" "" \
    "$(read_trace -Y 'diameter.avp.unknown' -T fields -e diameter.avp.vendorId |
      tr ',' '\n' | grep -vxE '10415|32473|0|' || true)$(unknown_avps)"
  each "every request has its answer" 'diameter.flags.request == 1' 'diameter.answer_in'
  each "every answer has its request" 'diameter.flags.request == 0' 'diameter.answer_to'
}

# AVPs that tshark shows as unknown, apart from ours: it prints them as "AVP: Unknown(code) ...".
unknown_avps() {
  read_trace -V | grep -E 'AVP: Unknown\(' | grep -vE 'vnd=.*32473|vnd=.*Example' | sort -u || true
}

# counts_of_run: what the scenes of one run send, in the words of erlang/mme_test.erl.
# AIR: 7 of authentication, 3 + 3 + 3 of resynchronisation, 1 of theft, 1 unknown, 1 after the DWR.
messages() {
  local request='diameter.flags.request == 1 && diameter.cmd.code =='
  local answer='diameter.flags.request == 0 && diameter.cmd.code =='
  counted "two connections: two CER" 2 "$request 257"
  counted "and two CEA with 2001" 2 "$answer 257 && diameter.Result-Code == 2001"
  counted "19 AIR" 19 "$request 318"
  counted "16 AIA with vectors" 16 "$answer 318 && diameter.Result-Code == 2001 && diameter.RAND"
  counted "2 AIA with 4181" 2 "$answer 318 && diameter.Experimental-Result-Code == 4181"
  counted "1 AIA with 5001" 1 "$answer 318 && diameter.Experimental-Result-Code == 5001"
  counted "6 ULR" 6 "$request 316"
  counted "4 ULA with 2001" 4 "$answer 316 && diameter.Result-Code == 2001"
  counted "1 CLR to the first MME" 1 \
    "$request 317 && diameter.Cancellation-Type == 0 && diameter.Destination-Host == \"$mme_a\""
  counted "1 CLA with 2001" 1 "$answer 317 && diameter.Result-Code == 2001"
  counted "3 PUR" 3 "$request 321"
  counted "2 PUA with 2001" 2 "$answer 321 && diameter.Result-Code == 2001"
  counted "6 NOR" 6 "$request 323"
  counted "3 NOA with 2001" 3 "$answer 323 && diameter.Result-Code == 2001"
  counted "2 DPR, each answered" 2 "$answer 282 && diameter.Result-Code == 2001"
}

# The five-vector AIAs carry five RANDs; so do the resynchronisations one each.
vectors() {
  same "26 vectors in all, 5 in an answer at most" "24 5" \
    "$(read_trace -Y 'diameter.cmd.code == 318 && diameter.RAND' -T fields -e diameter.RAND |
      awk -F, '{ n += NF; if (NF > m) m = NF } END { print n, m }')"
}

fields() {
  local s6a='diameter.cmd.code in {316, 317, 318, 321, 323}'
  each "S6a messages are of application 16777251" "$s6a" 'diameter.applicationId == 16777251'
  each "base messages are of application 0" \
    'diameter.cmd.code in {257, 280, 282}' 'diameter.applicationId == 0'
  each "S6a messages have a Session-Id and keep no state" "$s6a" \
    'diameter.Session-Id && diameter.Auth-Session-State == 1'
  each "answers are from the HSS" 'diameter.flags.request == 0 && diameter.cmd.code != 317 &&
    diameter.cmd.code != 280' "diameter.Origin-Host == \"$hss_host\""
  each "AIR and ULR name the serving network" \
    'diameter.flags.request == 1 && diameter.cmd.code in {316, 318}' \
    'diameter.Visited-PLMN-Id == 00:f1:10 && e212.mcc == 1 && e212.mnc == 1'
  each "AIAs with RAND have AUTN" 'diameter.RAND' 'diameter.AUTN'
  each "ULAs that carry a subscription carry its APNs" 'diameter.Subscription-Data' \
    'diameter.Service-Selection == "internet" && diameter.Service-Selection == "ims" &&
     diameter.QoS-Class-Identifier == 9 && diameter.QoS-Class-Identifier == 5 &&
     diameter.Max-Requested-Bandwidth-UL == 50000000 &&
     diameter.Max-Requested-Bandwidth-DL == 150000000 && diameter.MSISDN'
}

erlang_build
pki "$hss_host" "$mme_a" "$mme_b"
tcp_port=0 tls_port=0
free_port tcp_port
free_port tls_port
hss_config 127.0.0.1 "$tcp_port" "$tls_port"
hss_start --trace "$trace"
echo "# the run, over TLS: the trace is in the clear all the same"
erlang_run 1 "$tls_port" tls
holds "SIGTERM ends the HSS in order" hss_stop

echo "# the trace"
every_message_decodes
messages
vectors
fields
same "the trace is for its owner only" 600 "$(stat -c %a "$trace")"
holds "no KASME, XRES, K, OPc or KME in trace, database, write-ahead log or log" \
  secrets_hidden "$trace" "$work"/hss.db* "$work/hss.log"

echo "# and with --trace-secrets"
rm "$work/secrets"
trace=$work/secret.pcapng
hss_start --trace "$trace" --trace-secrets
erlang_run 2 "$tcp_port" tcp
holds "SIGTERM ends the HSS in order" hss_stop
each "AIAs with vectors have KASME and XRES" 'diameter.RAND' 'diameter.KASME && diameter.XRES'
trace_has_kasme() { od -An -v -tx1 "$trace" | tr -d ' \n' | grep -qF -f "$work/secrets"; }
holds "they are those of the vectors" trace_has_kasme
finish
