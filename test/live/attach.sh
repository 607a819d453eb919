#!/usr/bin/env bash
# The attach over the air interface, with real processes: devices, eNBs, MMEs and an HSS over framed
# TCP and SCTP over UDP; what an attacker tries, each refused by its name; and every message of it all
# read by Wireshark's dissectors. What carries it in the MME is src/nf/mmed/mmed.c and src/nf/mmed/step.c.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/attach.sh
. "$(dirname "$0")/lib/attach.sh"
export NO_COLOR=1 LC_ALL=C.UTF-8
unset BINDERY_DIR BINDERY_SOCKET

hss_port=0 tls_port=0 s1_port=0 s1b_port=0 udp_port=0
for name in hss_port tls_port s1_port s1b_port udp_port; do free_port "$name"; done
pki "$hss_host"
hss_config 127.0.0.1 "$hss_port" "$tls_port"
{
  echo 'eir: {enabled: true, unknown: allow}'
} >>"$work/hssd.yaml"
s1=s1-tcp://127.0.0.1:$s1_port
s1_udp="sctp-udp://127.0.0.1:36412?udp=$udp_port"

hss_start --trace "$work/hss.pcapng"
subscriber meter 001010000000011 bound 35693803564380
subscriber phone 001010000000012 open 35693803564381
subscriber black 001010000000013 open 35693803564399
mme_config mme-a "$s1" "serve: true" "check_imei: true" \
  "network_name: Bindery" "relative_capacity: 1"
mme_config mme-b "s1-tcp://127.0.0.1:$s1b_port" "reroute_group_id: 32769"
sed -i "s/^mme_group_id: 32769/mme_group_id: 32770/" "$work/mme-b.yaml"
mme_start mme-a --trace "$work/mme.pcapng"
device meter meter
device phone phone

# ---- service ---------------------------------------------------------------------------------

echo "# attach and detach"
holds "a bound device attaches, its challenge processed" \
  ue 0 "registered: GUTI 001-01" attach --mme "$s1" --device "$work/meter.json" --trace "$work/ue.pcapng"
holds "it says that RAND was encrypted" grep -qF "RAND encrypted under KME" "$work/ue.out"
holds "the HSS has the registration" wait_for 10 event registered 001010000000011
holds "it attaches again, without a new authentication" \
  ue 0 "registered: GUTI" attach --mme "$s1" --device "$work/meter.json"
holds "and no challenge came" bash -c "! grep -q 'AUTHENTICATION REQUEST' '$work/ue.out'"
holds "it detaches" ue 0 "detached" detach --mme "$s1" --device "$work/meter.json"
holds "an open SIM attaches" ue 0 "registered" attach --mme "$s1" --device "$work/phone.json"
for pair in eea1,eia1 eea2,eia2 eea3,eia3; do
  device phone phone
  name=${pair^^}
  holds "a device that knows ${pair%,*} and ${pair#*,} only gets them" \
    ue 0 "NAS security is on: ${name/,/, }" \
    attach --mme "$s1" --device "$work/phone.json" --capabilities "eea0,$pair"
done
device phone phone
holds "a device that has no ciphering but EEA0 gets no service from this MME" \
  ue 1 "#17" attach --mme "$s1" --device "$work/phone.json" --capabilities eea0,eia2 --allow-eea0
holds "for want of a common algorithm" mme_event mme-a no-common-algorithm

# ---- the equipment register ------------------------------------------------------------------

echo "# the equipment register"
holds "an IMEI goes on the black list" \
  "$BINDERY_BUILD/bindery" eir add 35693803564399 black --socket "$work/admin"
device black black
holds "the device that has it is an illegal ME" \
  ue 1 "#6" attach --mme "$s1" --device "$work/black.json"
holds "by its name" mme_event mme-a equipment-black

# ---- attacks ---------------------------------------------------------------------------------

echo "# attacks"
device thief meter 35693803564381 "$(random_hex 16)"
holds "the SIM in another device" ue 1 "AUTHENTICATION REJECT" attach --mme "$s1" --device "$work/thief.json"
holds "is refused by its name" mme_event mme-a binding-failed
device thief meter 35693803564381 -
holds "the SIM in a device without a KME, with the owner's IMEI forged" \
  ue 1 "AUTHENTICATION REJECT" attach --mme "$s1" --device "$work/thief.json" --as-imei 35693803564380
device thief meter 35693803564381 -
holds "and once more" \
  ue 1 "AUTHENTICATION REJECT" attach --mme "$s1" --device "$work/thief.json" --as-imei 35693803564380
holds "the HSS raises the alarm at the third" wait_for 5 event suspected-theft 001010000000011
device meter meter
holds "and the owner still attaches" ue 0 "registered" attach --mme "$s1" --device "$work/meter.json"
device meter meter
holds "AMF flipped on the radio is no downgrade" \
  ue 1 "" attach --mme "$s1" --device "$work/meter.json" --radio-flip amf
device meter meter
holds "capabilities taken away on the radio do not lead to less security" \
  ue 1 "#17" attach --mme "$s1" --device "$work/meter.json" --radio-flip capability
holds "an eNB of a foreign PLMN is not set up" \
  ue 3 "" attach --mme "$s1" --device "$work/meter.json" --plmn 999-70 --connect-timeout 2s
holds "by its name" wait_for 10 mme_event mme-a enb-plmn

# ---- a dedicated core ------------------------------------------------------------------------

echo "# rerouting"
mme_start mme-b
device phone phone
holds "an attach that needs no provisioning is handed on to the ordinary MME" \
  ue 0 "registered" attach --mme "s1-tcp://127.0.0.1:$s1b_port" --mme "$s1" --reroute \
  --device "$work/phone.json"
same "the provisioning MME counts it" 1 "$(mme_count mme-b rerouted)"
same "and attached nobody" 0 "$(mme_count mme-b attaches)"
stop "$mme_pid"

# ---- SCTP over UDP ---------------------------------------------------------------------------

echo "# SCTP over UDP"
mme_config mme-b "$s1_udp" "serve: true"
mme_start mme-b
device phone phone
holds "a device attaches through SCTP over UDP" \
  ue 0 "registered" attach --mme "$s1_udp" --device "$work/phone.json"
stop "$mme_pid"

# ---- many, on a bad line ---------------------------------------------------------------------

echo "# many"
(umask 077 && random_hex 16 >"$work/seed")
"$BINDERY_BUILD/bindery-ue" lot --count 300 --imsi 001011000000000 --imei 35693900000000 \
  --key-seed-file "$work/seed" --out "$work/lot.csv"
holds "a lot of 300 is imported" "$BINDERY_BUILD/bindery" import "$work/lot.csv" --socket "$work/admin"
holds "300 devices attach and detach through four eNBs" \
  ue 0 "Registered           300" run --mme "$s1" --lot "$work/lot.csv" --enbs 4 --rate 100
holds "and so they do on a line that loses, repeats and delays" \
  ue 0 "Registered           300" run --mme "$s1" --lot "$work/lot.csv" --rate 100 --persist \
  --timeout 100s --faults lose=2,repeat=5,delay=5,delay-ms=50,seed=7
same "nobody is left attached but those that stayed" 0 \
  "$(mme_ask mme-a "/v1/ues?imsi=001011000000005" | grep -c '"registered"' || true)"

# ---- the traces ------------------------------------------------------------------------------

echo "# traces"
device meter meter
holds "a traced attach with secrets" ue 0 "registered" attach --mme "$s1" --device "$work/meter.json" \
  --trace "$work/open.pcapng" --trace-secrets
for pid in "${pids[@]}"; do
  [ "$pid" = "$hss_pid" ] || stop "$pid"
done
holds "the HSS stops in good order" hss_stop

# Wireshark guesses that ciphered octets are plain when they look like it; two octets often do.
dissected() {
  WIRESHARK_CONFIG_DIR=$work/wireshark tshark -o nas-eps.null_decipher:FALSE -n -r "$work/$1" "${@:2}" 2>"$work/tshark.err"
}
frames() { dissected "$1" -Y "$2" -T fields -e frame.number | grep -c . || true; }
for file in ue mme open; do
  all=$(frames "$file.pcapng" frame)
  same "tshark reads all $all messages of $file.pcapng as S1AP, NAS or Diameter" "$all" \
    "$(frames "$file.pcapng" "s1ap || nas-eps || diameter")"
  same "and none is malformed" 0 "$(frames "$file.pcapng" "_ws.malformed")"
done
one() { same "$1" 1 "$(frames ue.pcapng "$2")"; }
one "one ATTACH REQUEST" 'nas_eps.nas_msg_emm_type == 0x41'
one "one AUTHENTICATION REQUEST" 'nas_eps.nas_msg_emm_type == 0x52'
one "with RAND and an AMF that says processed" \
  'nas_eps.nas_msg_emm_type == 0x52 && gsm_a.dtap.autn.amf == 80:01'
one "one AUTHENTICATION RESPONSE" 'nas_eps.nas_msg_emm_type == 0x53'
one "one SECURITY MODE COMMAND with EIA2 and EEA2" \
  'nas_eps.nas_msg_emm_type == 0x5d && nas_eps.emm.toi == 2 && nas_eps.emm.toc == 2'
one "one Initial Context Setup Request" 's1ap.InitialContextSetupRequest_element'
same "with secrets the ciphered messages stand beside as they are inside" 1 \
  "$(frames open.pcapng 'nas_eps.nas_msg_emm_type == 0x43')"
same "without them no KeNB is in the trace" 0 "$(frames ue.pcapng \
  's1ap.SecurityKey && s1ap.SecurityKey != 00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00')"
holds "no key of a subscriber is in a trace or a log" \
  secrets_hidden "$work/hss.pcapng" "$work/mme.pcapng" "$work/ue.pcapng" "$work/hss.log" "$work/mme-a.log"

finish
