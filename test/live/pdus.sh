#!/usr/bin/env bash
# The verbs nas, s1ap and trace as a person calls them: every sample through JSON and back, NAS security
# with the keys of published vectors, bad input; and a whole attach whose traces are drawn as one ladder
# and read by Wireshark, what was inside ciphered messages too.
#
# The verbs are src/cli/nas.c, src/cli/nas_protect.c, src/cli/s1ap.c and src/cli/trace.c.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
export NO_COLOR=1 LC_ALL=C.UTF-8 BINDERY_DIR=$work/home
unset BINDERY_SOCKET
bindery=$BINDERY_BUILD/bindery
tree=$live_here/../..
vectors=$live_here/../vectors
umask 077
cd "$work"

# refused SENTENCE STATUS PART ARGUMENT... : it ends so and says that.
refused() {
  local sentence=$1 wanted=$2 part=$3 status=0
  shift 3
  "$bindery" "$@" >said 2>&1 </dev/null || status=$?
  if [ "$status" = "$wanted" ] && grep -qF -- "$part" said; then
    passed "$sentence"
  else
    missed "$sentence" "status $status instead of $wanted, or '$part' is not in:" "$(cat said)"
  fi
}

echo "# every sample through JSON and back"
nas_samples_come_back() {
  local name direction kind type hex n=0
  while read -r name direction kind type hex; do
    [ "$name" != "#" ] || continue
    n=$((n + 1))
    [ "$("$bindery" nas decode -d "$direction" --json "$hex" | "$bindery" nas encode -d "$direction")" = "$hex" ] ||
      { echo "$name ($kind $type)"; return 1; }
  done <"$vectors/nas_samples.txt"
  [ "$n" -gt 70 ]
}
s1ap_samples_come_back() {
  local name hex n=0
  while read -r name hex; do
    [ "$name" != "#" ] || continue
    n=$((n + 1))
    printf '%s\n' "$hex" | "$bindery" s1ap decode --show-keys --json - >pdu.json
    [ "$("$bindery" s1ap encode -f pdu.json)" = "$hex" ] || { echo "$name"; return 1; }
  done <"$vectors/s1ap_samples.txt"
  [ "$n" -gt 30 ]
}
holds "NAS" nas_samples_come_back
holds "S1AP" s1ap_samples_come_back
no_identity_is_left() {
  local name direction kind type hex
  while read -r name direction kind type hex; do
    [ "$name" != "#" ] || continue
    "$bindery" nas decode -d "$direction" --mask "$hex" || { echo "$name $kind $type"; return 1; }
  done <"$vectors/nas_samples.txt" >masked
  ! grep -E '00101012345678|352099001761480' masked
}
holds "masked, no sample shows its IMSI" no_identity_is_left

echo "# bad input"
refused "a message that ends too early" 1 "octet 2: EPS attach type (TS 24.301 9.9.3.11)" nas decode 0741
refused "what is no hex" 1 "character 3 is not a hex digit" nas decode 07zz
refused "a field that is no field" 1 "colour: this message has no such field" \
  nas encode '{"message":"DETACH ACCEPT","colour":"red"}'
refused "JSON that is none" 1 "line 1 column" nas encode '{'
refused "an S1AP message without an IE" 1 "NAS-PDU (id 26, TS 36.413 9.2.3.5): missing" \
  s1ap decode 000b400f000002000000020001000800020002
refused "two inputs" 2 "one of them" nas decode -f x 0741
refused "an option that is none" 2 "unrecognized option" s1ap decode --frob
refused "a trace of nothing" 2 "a file is needed" trace
refused "protection without a context" 2 "--context FILE is needed" nas protect 0741

echo "# NAS security"
key=2bd6459f82c5b300952c49104881ff48
printf 'knasint=%s\nknasenc=%s\neia=2\neea=2\ndirection=up\n' $key $key >context
# openssl knows both algorithms: CMAC over COUNT || BEARER and direction || 0 0 0 || message, and CTR.
octets() { perl -e 'print pack "H*", shift' "$1"; }
by_openssl() {
  local count=$1 bearer_direction=$2 message=$3 ciphered mac
  ciphered=$(octets "$message" |
    openssl enc -aes-128-ctr -K $key -iv "$count${bearer_direction}0000000000000000000000" |
    od -An -v -tx1 | tr -d ' \n')
  mac=$(octets "$count${bearer_direction}000000${count: -2}$ciphered" |
    openssl mac -cipher AES-128-CBC -macopt "hexkey:$key" CMAC | cut -c 1-8 | tr 'A-F' 'a-f')
  echo "27$mac${count: -2}$ciphered"
}
for bearer in 0 1 31; do
  printf -v octet '%02x' $((bearer << 3))
  pdu=$("$bindery" nas protect -c context -n 0x010203 -b $bearer 074300035200c2)
  same "openssl protects it the same, uplink, bearer $bearer" \
    "$(by_openssl 00010203 "$octet" 074300035200c2)" "$pdu"
done
printf -v octet '%02x' $((1 << 2))
pdu=$("$bindery" nas protect -c context -n 0x010203 -d down 074300035200c2)
same "and downlink" "$(by_openssl 00010203 "$octet" 074300035200c2)" "$pdu"
holds "it is opened again" "$bindery" nas unprotect -c context -n 0x010203 -d down "$pdu"
refused "not as if it had gone up" 1 "it would in direction down" nas unprotect -c context -n 0x010203 "$pdu"
same "a context on standard input" "$pdu" \
  "$("$bindery" nas protect -c - -n 0x010203 -d down 074300035200c2 <context)"
chmod 644 context
refused "a context that others may read" 1 "others may read this file" nas protect -c context -n 1 0743

echo "# an attach, traced by all three"
s1_port=0 tcp_port=0 tls_port=0 repo_port=0
for name in s1_port tcp_port tls_port repo_port; do free_port "$name"; done
"$bindery" up -d --port "$tcp_port" --tls-port "$tls_port" --s1-port "$s1_port" --repo-port "$repo_port" \
  --trace hss.pcapng --mme-trace mme.pcapng --trace-secrets >up.out
up_pid=$("$bindery" up -d 2>&1 | sed -n 's/.*(process \([0-9]*\)).*/\1/p' || true)
pids+=("$up_pid")
"$bindery" import "$tree/examples/subscribers.csv" >import.out
install -m 600 "$tree/examples/devices/meter.json" "$tree/examples/devices/thief.json" .
holds "a device attaches" "$BINDERY_BUILD/bindery-ue" attach --mme "s1-tcp://127.0.0.1:$s1_port" \
  --device meter.json --trace ue.pcapng --trace-secrets
thief_fails() {
  ! "$BINDERY_BUILD/bindery-ue" attach --mme "s1-tcp://127.0.0.1:$s1_port" --device thief.json
}
holds "a thief does not" thief_fails
noa_came() { "$bindery" trace --ascii mme.pcapng 2>/dev/null | grep -c ' NOA ' >/dev/null; }
holds "the HSS is told, and says so" wait_for 60 noa_came
"$bindery" down >down.out
all=$("$bindery" trace --json mme.pcapng | wc -l)
for files in "mme.pcapng hss.pcapng ue.pcapng" "ue.pcapng hss.pcapng mme.pcapng" "hss.pcapng mme.pcapng"; do
  # shellcheck disable=SC2086 # several names
  same "what several ends wrote down is there once: $files" "$all" \
    "$("$bindery" trace --json $files | wc -l)"
done

# The ladder of the whole, without times, lengths of shafts and words that differ from run to run.
ladder=$("$bindery" trace --ascii mme.pcapng hss.pcapng ue.pcapng --imsi 001010000000001 |
  sed -E 's/^ +[0-9.]+ +//; s/-{2,}|[<>|]/ /g; s/ - / /g; s/\([0-9.]+ ms\)//; s/ +/ /g; s/^ //; s/ $//')
names() { sed -n '3,$p' <<<"$ladder" | sed -E 's/ [A-Za-z-]+=.*//; s/ DIAMETER_SUCCESS.*/ DIAMETER_SUCCESS/' | grep .; }
same "the ladder of the subscriber" "InitialUEMessage / ATTACH REQUEST
AIR
AIA DIAMETER_SUCCESS
DownlinkNASTransport / AUTHENTICATION REQUEST
UplinkNASTransport / AUTHENTICATION RESPONSE
DownlinkNASTransport / SECURITY MODE COMMAND
UplinkNASTransport / ciphered
inside: SECURITY MODE COMPLETE
ECR
ECA DIAMETER_SUCCESS
ULR
ULA DIAMETER_SUCCESS
inside: ATTACH ACCEPT
InitialContextSetupRequest / ciphered
InitialContextSetupResponse
UplinkNASTransport / ciphered
inside: ATTACH COMPLETE
inside: EMM INFORMATION
DownlinkNASTransport / ciphered
InitialUEMessage / ATTACH REQUEST
AIR
AIA DIAMETER_SUCCESS
DownlinkNASTransport / AUTHENTICATION REQUEST
UplinkNASTransport / AUTHENTICATION FAILURE
DownlinkNASTransport / AUTHENTICATION REJECT
UEContextReleaseCommand
NOR" "$(names | grep -vE '^(UEContextReleaseComplete|NOA)')"
holds "and the two that end it in either order" test "$(names | tail -n 2 | sort | xargs)" = \
  "NOA DIAMETER_SUCCESS UEContextReleaseComplete"
holds "a cause has its name" grep -qF "AUTHENTICATION FAILURE emm-cause=20 (MAC failure)" <<<"$ladder"
holds "the MME stands in one column" test \
  "$("$bindery" trace --ascii mme.pcapng ue.pcapng hss.pcapng | head -n 1 | grep -o 'mme1\.' | wc -l)" = 1

echo "# what Wireshark says of it"
read_trace() {
  WIRESHARK_CONFIG_DIR=$work/wireshark tshark -o nas-eps.null_decipher:FALSE -n -r mme.pcapng "$@" 2>tshark.err
}
frames() { read_trace -Y "$1" -T fields -e frame.number | grep -c . || true; }
inside='nas-eps && !s1ap'
same "each message is S1AP, Diameter or NAS" "$(read_trace -T fields -e frame.number | wc -l)" \
  "$(frames 's1ap || diameter || nas-eps')"
same "nothing is malformed" 0 "$(frames '_ws.malformed || _ws.expert.severity == error')"
same "what was inside is NAS in clear" "0x5d 0x5e 0x42 0x43 0x61" \
  "$(read_trace -Y "$inside" -T fields -e nas_eps.nas_msg_emm_type | head -n 5 | xargs)"
same "with its fields" 1 "$(frames "$inside && nas_eps.emm.EPS_attach_result == 1 && nas_eps.esm.pdn_ipv4 && nas_eps.emm.m_tmsi")"
same "and the session inside it" 1 "$(frames "$inside && gsm_a.gm.sm.apn == \"internet\"")"
finish
