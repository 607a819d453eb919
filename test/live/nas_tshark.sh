#!/usr/bin/env bash
# The PDUs of test/vectors/nas_samples.txt, read by Wireshark's NAS-EPS dissector: each is the message
# that it should be, none is malformed, and what is over are elements newer than the dissector and the
# Bindery container, which ends every message that has it. The unit tests hold the codec to the same
# octets.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"

samples=$live_here/../vectors/nas_samples.txt
capture=$work/nas.pcapng
declare -A frame=()

# Each sample becomes one exported PDU for the dissector "nas-eps". That looks into an ESM message only
# behind a security header.
capture_make() {
  local name direction kind type hex n=0
  while read -r name direction kind type hex; do
    [ "$name" != "#" ] || continue
    n=$((n + 1))
    frame[$name]=$n
    [ "$kind" != esm ] || hex=170000000000$hex
    printf '%s %s\n' "$name" "$direction $kind $type" >>"$work/wanted"
    printf '0000 %s\n' "$(fold -w 2 <<<"$hex" | tr '\n' ' ')"
  done <"$samples" >"$work/nas.txt"
  text2pcap -q -P nas-eps "$work/nas.txt" "$capture" 2>"$work/text2pcap.err"
}

read_capture() {
  WIRESHARK_CONFIG_DIR=$work/wireshark tshark -n -r "$capture" "$@" 2>"$work/tshark.err"
}

# names FILTER: of the samples that match, one a line.
names() {
  read_capture -Y "$1" -T fields -e frame.number | while read -r n; do
    sed -n "${n}s/ .*//p" "$work/wanted"
  done
}

every_message_decodes() {
  local all name direction kind type shown
  all=$(wc -l <"$work/wanted")
  same "tshark reads every sample as NAS ($all of them)" "$all" "$(names nas-eps | wc -l)"
  same "tshark reads the capture without complaint" "" \
    "$(grep -v '^Running as user' "$work/tshark.err" || true)"
  read_capture -T fields -E separator=/s -E occurrence=f -e frame.number \
    -e nas_eps.nas_msg_emm_type -e nas_eps.nas_msg_esm_type >"$work/shown"
  while read -r name direction kind type; do
    [ "$kind" = emm ] || [ "$kind" = esm ] || continue
    shown=$(awk -v n="${frame[$name]}" '$1 == n { print $2 }' "$work/shown")
    same "$name ($direction) is message $type" "$type" "$shown"
  done <"$work/wanted"
}

nothing_is_malformed() {
  local asked unasked
  unasked=$(awk '$3 == "!" { print $1 }' "$work/wanted")
  asked=$(names '_ws.malformed || _ws.expert.severity == error' | grep -vxF "$unasked" || true)
  same "nothing is malformed" "" "$asked"
  same "in protected messages that are ciphered nothing is read" 2 \
    "$(names 'nas_eps.ciphered_msg' | wc -l)"
}

# The elements of Release 17 that Wireshark 4.0 does not know stand behind all that it does.
only_known_octets_are_over() {
  local containers
  containers=$(awk '$1 ~ /provisioning|devid|kme/ { print $1 }' "$work/wanted")
  same "what is over: the Bindery container, and what is newer than the dissector" \
    "$(printf '%s\n' "$containers" attach_{request,accept,reject}.everything \
      tracking_area_update_{request,accept,reject}.everything service_reject.everything service_accept |
      sort)" \
    "$(names '_ws.expert.message contains "Extraneous"' | sort)"
}

# says SAMPLE FIELD VALUE
says() {
  same "$1: $2 is $3" "$3" \
    "$(read_capture -Y "frame.number == ${frame[$1]}" -T fields -E occurrence=f -e "$2")"
}

fields() {
  local sample field value
  while read -r sample field value; do
    says "$sample" "$field" "$value"
  done <<'LIST'
attach_request.captured nas_eps.emm.m_tmsi 50332646
attach_request.captured nas_eps.emm.mme_grp_id 2
attach_request.captured nas_eps.emm.mme_code 1
attach_request.captured nas_eps.emm.tai_tac 12345
attach_request.imsi e212.imsi 001010123456789
attach_request.imsi_even e212.imsi 00101012345678
attach_request.imsi nas_eps.emm.nas_key_set_id 7
attach_request.provisioning nas_eps.emm.eps_att_type 5
attach_request.provisioning nas_eps.emm.imei 352099001761480
attach_accept nas_eps.emm.EPS_attach_result 1
attach_accept nas_eps.emm.tai_tac 7
attach_accept gsm_a.gm.sm.apn internet
attach_accept nas_eps.esm.pdn_ipv4 10.45.0.2
attach_accept nas_eps.esm.qci 9
attach_accept nas_eps.emm.cause 18
attach_reject nas_eps.emm.cause 17
attach_reject.esm nas_eps.esm.cause 27
authentication_request gsm_a.dtap.rand 000102030405060708090a0b0c0d0e0f
authentication_request gsm_a.dtap.autn.amf 8000
authentication_failure nas_eps.emm.cause 20
identity_request.devid_challenge nas_eps.emm.id_type2 2
security_mode_command nas_eps.emm.toc 2
security_mode_command nas_eps.emm.toi 2
emm_information gsm_a.dtap.text_string Bindery net
pdn_connectivity_request nas_eps.esm_pdn_type 3
service_request nas_eps.seq_no_short 5
LIST
}

capture_make
every_message_decodes
nothing_is_malformed
only_known_octets_are_over
fields
finish
