#!/usr/bin/env bash
# The octets of test/vectors/s1ap_samples.txt, read by Wireshark's S1AP dissector: nothing is malformed,
# and the fields say what test/codec/s1ap_samples.h put there.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"

samples=$live_here/../vectors/s1ap_samples.txt
capture=$work/s1ap.pcapng
declare -A frame=()

# Each sample becomes one exported PDU for the dissector "s1ap".
capture_make() {
  local name hex n=0
  while read -r name hex; do
    [ "$name" != "#" ] || continue
    n=$((n + 1))
    frame[$name]=$n
    printf '0000 %s\n' "$(fold -w 2 <<<"$hex" | tr '\n' ' ')"
  done <"$samples" >"$work/s1ap.txt"
  text2pcap -q -P s1ap "$work/s1ap.txt" "$capture" 2>"$work/text2pcap.err"
}

# The capabilities and radio containers in the samples are filler: RRC is not to be read there.
read_capture() {
  WIRESHARK_CONFIG_DIR=$work/wireshark tshark -n --disable-protocol lte_rrc -r "$capture" "$@" \
    2>"$work/tshark.err"
}

frames() { read_capture -Y "$1" -T fields -e frame.number | grep -c . || true; }

# has SAMPLE FILTER : the sample matches.
has() {
  same "$1 has ${2//s1ap./}" 1 "$(frames "frame.number == ${frame[$1]} && ($2)")"
}
# lists SAMPLE FIELD VALUES
lists() {
  same "$1 has $2 = $3" "$3" \
    "$(read_capture -Y "frame.number == ${frame[$1]}" -T fields -e "$2")"
}

everything_decodes() {
  local all
  all=$(grep -vc '^#' "$samples")
  same "tshark reads every sample as S1AP ($all of them)" "$all" "$(frames s1ap)"
  same "nothing is malformed" 0 "$(frames '_ws.malformed || _ws.expert.severity == error')"
  same "tshark reads the capture without complaint" "" \
    "$(grep -v '^Running as user' "$work/tshark.err" || true)"
}

# What tshark names each message by: procedure code and which of the three PDUs.
messages() {
  local name want
  while read -r name want; do
    has "$name" "$want"
  done <<'LIST'
S1SetupRequest-macro s1ap.S1SetupRequest_element && s1ap.S1AP_PDU == 0
S1SetupResponse s1ap.S1SetupResponse_element && s1ap.S1AP_PDU == 1
S1SetupFailure s1ap.S1SetupFailure_element && s1ap.S1AP_PDU == 2
Reset-all s1ap.Reset_element
ResetAcknowledge s1ap.ResetAcknowledge_element
InitialUEMessage s1ap.InitialUEMessage_element
DownlinkNASTransport s1ap.DownlinkNASTransport_element
UplinkNASTransport s1ap.UplinkNASTransport_element
NASNonDeliveryIndication s1ap.NASNonDeliveryIndication_element
RerouteNASRequest s1ap.RerouteNASRequest_element && s1ap.InitialUEMessage_element
UECapabilityInfoIndication s1ap.UECapabilityInfoIndication_element
InitialContextSetupRequest s1ap.InitialContextSetupRequest_element
InitialContextSetupResponse s1ap.InitialContextSetupResponse_element
InitialContextSetupFailure s1ap.InitialContextSetupFailure_element
UEContextReleaseRequest s1ap.UEContextReleaseRequest_element
UEContextReleaseCommand-pair s1ap.UEContextReleaseCommand_element
UEContextReleaseComplete s1ap.UEContextReleaseComplete_element
ErrorIndication s1ap.ErrorIndication_element
OverloadStart s1ap.OverloadStart_element
OverloadStop s1ap.OverloadStop_element
LIST
}

interface_fields() {
  has S1SetupRequest-macro 's1ap.eNB_ID == 0 && s1ap.macroENB_ID == ab:cd:e0'
  has S1SetupRequest-macro 's1ap.ENBname == "enb-1.cell 7" && s1ap.PagingDRX == 2'
  has S1SetupRequest-macro 'e212.mcc == 1 && e212.mnc == 1'
  has S1SetupRequest-home 's1ap.homeENB_ID == fe:dc:ba:90 && e212.mcc == 310 && e212.mnc == 410'
  lists S1SetupRequest-home s1ap.tAC 258,65534,0
  lists S1SetupRequest-home s1ap.RAT_Type 0,3
  has S1SetupRequest-short-macro 's1ap.short_macroENB_ID'
  has S1SetupRequest-long-macro 's1ap.long_macroENB_ID && s1ap.ENBname contains "extension marker"'
  has S1SetupResponse 's1ap.MMEname == "bindery-mmed" && s1ap.RelativeMMECapacity == 255'
  lists S1SetupResponse s1ap.MME_Group_ID 32769,2,65534,32769,2,65534
  lists S1SetupResponse s1ap.MME_Code 1,127,255,0,1,127,255,0
  has S1SetupFailure 's1ap.misc == 5 && s1ap.TimeToWait == 5'
  has S1SetupFailure-diagnostics 's1ap.protocol == 5 && s1ap.iE_ID == 65535'
  has Reset-all 's1ap.misc == 3 && s1ap.s1_Interface == 0'
  has Reset-part 's1ap.transport == 1 && s1ap.partOfS1_Interface == 4'
  has Reset-part 's1ap.MME_UE_S1AP_ID == 4294967295 && s1ap.MME_UE_S1AP_ID == 256'
  has ResetAcknowledge 's1ap.ENB_UE_S1AP_ID == 16777215 && s1ap.ENB_UE_S1AP_ID == 0'
  has ErrorIndication 's1ap.protocol == 1 && s1ap.iE_ID == 26 && s1ap.typeOfError == 1'
  has ErrorIndication-cause 's1ap.radioNetwork == 15'
  has OverloadStart 's1ap.overloadAction == 4 && s1ap.TrafficLoadReductionIndication == 99'
  lists OverloadStop s1ap.mME_Code 1,255
}

nas_fields() {
  has InitialUEMessage 's1ap.ENB_UE_S1AP_ID == 1 && s1ap.tAC == 0x0102'
  has InitialUEMessage 's1ap.CellIdentity == 0xabcde01 && s1ap.RRC_Establishment_Cause == 3'
  has InitialUEMessage 'nas_eps.nas_msg_emm_type == 0x41 && e212.imsi == "001010123456789"'
  has InitialUEMessage-rerouted 's1ap.m_TMSI == 3221225473 && s1ap.mMEC == 170'
  has InitialUEMessage-rerouted 's1ap.RRC_Establishment_Cause == 7 && s1ap.UE_Usage_Type == 200'
  has InitialUEMessage-rerouted 's1ap.MME_Group_ID == 0x8001 && e212.tai.mnc == 410 && e212.gummei.mnc == 410'
  has DownlinkNASTransport 's1ap.MME_UE_S1AP_ID == 0x12345 && s1ap.ENB_UE_S1AP_ID == 0x42'
  has DownlinkNASTransport-long 's1ap.SubscriberProfileIDforRFP == 256 && nas_eps.security_header_type == 2'
  has RerouteNASRequest 's1ap.MME_Group_ID == 0x8002 && s1ap.m_TMSI == 0xdeadbeef'
  has RerouteNASRequest-least 's1ap.MME_Group_ID == 1 && e212.imsi == "001010123456789"'
  has NASNonDeliveryIndication 's1ap.radioNetwork == 35 && nas-eps'
}

context_fields() {
  has InitialContextSetupRequest 's1ap.uEaggregateMaximumBitRateDL == 10000000000'
  has InitialContextSetupRequest 's1ap.uEaggregateMaximumBitRateUL == 50000000'
  lists InitialContextSetupRequest s1ap.e_RAB_ID 5,15
  lists InitialContextSetupRequest s1ap.qCI 9,1
  lists InitialContextSetupRequest s1ap.transportLayerAddressIPv4 192.0.2.1,192.0.2.1
  lists InitialContextSetupRequest s1ap.transportLayerAddressIPv6 2001:db8::1
  has InitialContextSetupRequest 's1ap.encryptionAlgorithms.EEA1 == 1 && s1ap.integrityProtectionAlgorithms.EIA2 == 1'
  has InitialContextSetupRequest 's1ap.SecurityKey'
  has InitialContextSetupResponse 's1ap.radioNetwork == 37 && s1ap.transport == 0'
  has InitialContextSetupFailure 's1ap.radioNetwork == 43'
  has UEContextReleaseRequest 's1ap.radioNetwork == 20'
  has UEContextReleaseCommand-pair 's1ap.UE_S1AP_IDs == 0 && s1ap.nas == 2'
  has UEContextReleaseCommand-mme 's1ap.UE_S1AP_IDs == 1 && s1ap.nas == 5'
}

holds "text2pcap takes the samples" capture_make
everything_decodes
messages
interface_fields
nas_fields
context_fields
finish
