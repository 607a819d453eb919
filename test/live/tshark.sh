#!/usr/bin/env bash
# The trace of a whole run, read by Wireshark's dissectors: every message decodes, says what was
# done, and holds nothing that only the HSS may know.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/erlang.sh
. "$(dirname "$0")/lib/erlang.sh"

trace=$work/run.pcapng

# read_trace OPTION... : tshark on the trace, in two passes (an answer lies behind its request), with no
# name lookups and no preferences of the user.
read_trace() {
  WIRESHARK_CONFIG_DIR=$work/wireshark tshark -2 -n -r "$trace" "$@" 2>"$work/tshark.err"
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
  same "tshark reads the file without complaint" "" "$(grep -v '^Running as user' "$work/tshark.err")"
  counted "nothing is malformed" 0 '_ws.malformed || _ws.expert.severity == error'
  same "no AVP is unknown but our own vendor's, of the scenes' number and without the M bit" \
    "1 Unknown(1) f=V-- vnd=32473
2 Unknown(2) f=V-- vnd=32473
3 Unknown(5) f=V-- vnd=32473" "$(unknown_avps)"
  each "every request has its answer" 'diameter.flags.request == 1' 'diameter.answer_in'
  each "every answer has its request" 'diameter.flags.request == 0' 'diameter.answer_to'
}

# AVPs that Wireshark's dictionary does not know: how many, code, flags, vendor.
unknown_avps() {
  read_trace -V | grep -oE 'AVP: Unknown\(.*' | awk '{ print $2, $4, $5 }' | sort | uniq -c |
    awk '{ print $1, $2, $3, $4 }'
}

# What the scenes of one run send, in the words of erlang/mme_test.erl.
# AIR: 7 of authentication, 3 + 3 + 3 of resynchronisation, 1 of theft, 1 unknown, 1 after the DWR.
messages() {
  local request='diameter.flags.request == 1 && diameter.cmd.code =='
  local answer='diameter.flags.request == 0 && diameter.cmd.code =='
  counted "two connections: two CER" 2 "$request 257"
  counted "and two CEA with 2001" 2 "$answer 257 && diameter.Result-Code == 2001"
  counted "19 AIR" 19 "$request 318"
  counted "18 of them name a number of vectors" 18 "$request 318 && diameter.Number-Of-Requested-Vectors"
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

# 14 in authentication, 3, 3 and 2 in resynchronisation, 1 before the theft, 1 after the DWR.
vectors() {
  same "24 vectors in all, 5 in an answer at most" "24 5" \
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
  each "AIR and ULR name the serving network" \
    'diameter.flags.request == 1 && diameter.cmd.code in {316, 318}' \
    'diameter.Visited-PLMN-Id == 00:f1:10 && e212.mcc == 1 && e212.mnc == 1'
  each "AIAs with RAND have AUTN" 'diameter.RAND' 'diameter.AUTN'
  requests
  answers
}

# of_kind NAME FILTER CONDITIONS: every message of the kind meets all of the conditions, which are
# written with commas between.
of_kind() {
  local all=''
  all=$(sed 's/, / \&\& /g' <<<"$3")
  each "each $1 has ${3//diameter./}" "$2" "$all"
}
request() { of_kind "$1" "diameter.flags.request == 1 && diameter.cmd.code == $2" "$3"; }
answer() {
  of_kind "$1 with 2001" "diameter.flags.request == 0 && diameter.cmd.code == $2 &&
    diameter.Result-Code == 2001" "$3"
}

requests() {
  request CER 257 "diameter.Host-IP-Address, diameter.Product-Name, diameter.Auth-Application-Id"
  request AIR 318 "diameter.User-Name, diameter.Destination-Realm, diameter.Visited-PLMN-Id"
  request ULR 316 "diameter.User-Name, diameter.RAT-Type == 1004, diameter.ULR-Flags"
  request PUR 321 "diameter.User-Name, diameter.PUR-Flags == 1"
  request NOR 323 "diameter.User-Name, diameter.Origin-Host == \"$mme_a\""
  request CLR 317 "diameter.User-Name, diameter.Origin-Host == \"$hss_host\""
  request DPR 282 "diameter.Disconnect-Cause"
}

answers() {
  local hss="diameter.Origin-Host == \"$hss_host\"" ula='diameter.Subscription-Data' field
  answer CEA 257 "$hss, diameter.Host-IP-Address, diameter.Auth-Application-Id == 16777251"
  answer AIA 318 "$hss, diameter.RAND, diameter.Authentication-Info, diameter.E-UTRAN-Vector"
  answer ULA 316 "$hss, diameter.ULA-Flags == 1"
  answer PUA 321 "$hss, diameter.PUA-Flags"
  answer NOA 323 "$hss"
  answer DPA 282 "$hss"
  for field in 'Subscriber-Status == 0' 'Network-Access-Mode == 2' 'Access-Restriction-Data == 43' \
    'Subscribed-Periodic-RAU-TAU-Timer == 4321' MSISDN 'Max-Requested-Bandwidth-UL == 50000000' \
    'Max-Requested-Bandwidth-DL == 150000000' 'All-APN-Configurations-Included-Indicator == 0' \
    'Service-Selection == "internet"' 'Service-Selection == "ims"' 'QoS-Class-Identifier == 9' \
    'QoS-Class-Identifier == 5' 'PDN-Type == 2' 'Priority-Level == 8'; do
    ula+=" && diameter.$field"
  done
  counted "the 3 ULAs that carry a subscription carry its every field" 3 "$ula"
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
holds "the run left secrets to search for" test -s "$work/secrets"
holds "no KASME, XRES, K, OPc or KME in trace, database, write-ahead log or log" \
  secrets_hidden "$trace" "$work"/hss.db* "$work/hss.log"

echo "# and with --trace-secrets"
rm "$work/secrets"
trace=$work/secret.pcapng
hss_start --trace "$trace" --trace-secrets
erlang_run 2 "$tcp_port" tcp
holds "SIGTERM ends the HSS in order" hss_stop
each "AIAs with vectors have KASME and XRES" 'diameter.RAND' 'diameter.KASME && diameter.XRES'
trace_holds_secrets() { ! secrets_hidden "$trace"; }
holds "which the search above would have found" trace_holds_secrets
finish
