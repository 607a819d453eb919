#!/usr/bin/env bash
# What the HSS tells serving MMEs of its own accord: IDR, DSR, CLR for a removed subscription, RSR
# after a crash. First to an MME in Erlang, on OTP's diameter, then to bindery-mmed with a device;
# the HSS is killed while an MME has not been told; Wireshark reads all of it. The HSS's part is
# src/nf/hssd/push.c with push_message.c, push_change.c, push_profile.c, push_reset.c and reset.c,
# the MME's src/nf/mmed/hss_serve.c and src/nf/mmed/emm_subscription.c.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/attach.sh
. "$(dirname "$0")/lib/attach.sh"
# shellcheck source=test/live/lib/erlang.sh
. "$(dirname "$0")/lib/erlang.sh"
export NO_COLOR=1 LC_ALL=C.UTF-8
unset BINDERY_DIR BINDERY_SOCKET

hss_port=0 tls_port=0 s1_port=0
for name in hss_port tls_port s1_port; do free_port "$name"; done
s1=s1-tcp://127.0.0.1:$s1_port
pki "$hss_host"
hss_config 127.0.0.1 "$hss_port" "$tls_port"
echo 'timers: {request_seconds: 4}' >>"$work/hssd.yaml"
# a second profile beside the one of the configuration that all live tests share
awk '/^profiles:/ { print; print "  - {name: untimed, ambr: {uplink: 1000, downlink: 1000}, apns: [{name: iot}]}"; next } { print }' \
  "$work/hssd.yaml" >"$work/hssd.two" && mv "$work/hssd.two" "$work/hssd.yaml"

# scene NAME: the Erlang MME plays it.
scene() {
  {
    printf '{hss, "%s", "%s", {127,0,0,1}, %s}.\n' "$hss_host" "$realm" "$hss_port"
    printf '{mme, "%s", "%s"}.\n{imsi, <<"%s">>}.\n' "$mme_a" "$realm" "$imsi"
    printf '{scene, %s}.\n{admin, "%s"}.\n' "$1" "$work/admin"
  } >"$work/scene.terms"
  party erl -noinput -pa "$work/ebin" -kernel logger_level error \
    -eval 's6a_test:main(["'"$work/scene.terms"'"])'
}
hss_kill() {
  kill -KILL "$hss_pid"
  forget "$hss_pid"
}
shown() { admin GET "/v1/subscribers/$imsi" | tr -d ' \n' >"$work/shown"; grep -qF -- "$1" "$work/shown"; }
hss_event() { admin GET "/v1/events?limit=1000&name=$1" | tr -d ' \n' | grep -qF -- "$2"; }
patch() { admin PATCH "/v1/subscribers/$imsi" --data "$1" >/dev/null; }

erlang_build
imsi=001010000000031
hss_start --trace "$work/hss1.pcapng"
subscriber told "$imsi" open

echo "# an MME that is there"
scene served
holds "each insertion is an event" wait_for 60 hss_event subscription-inserted "$imsi"
holds "each deletion" wait_for 60 hss_event subscription-deleted-data "$imsi"
holds "and what was not answered with success" wait_for 60 hss_event insert-unanswered '"cause":"refused"'
holds "and not at all" wait_for 60 hss_event insert-unanswered '"cause":"no-answer"'
holds "nothing waits to be told" wait_for 60 shown '"waiting":[]'

echo "# one that is not, and a crash"
holds "a change while the MME is away is accepted" patch '{"msisdn":"491700000009"}'
holds "and waits" shown '"what":["insert"]'
says_so() {
  "$BINDERY_BUILD/bindery" subscriber show "$imsi" --socket "$work/admin" | grep -q "waits to be told *$mme_a"
}
holds "subscriber show says so" says_so
hss_kill
hss_start --trace "$work/hss2.pcapng"
holds "it waits after a kill" shown '"what":["insert"]'
holds "that the store was not closed is in the log" grep -qF store-was-not-closed "$work/hss.log"
scene missed
holds "the reset is an event" wait_for 60 hss_event reset-sent "$mme_a"
holds "nothing waits to be told any more" wait_for 60 shown '"waiting":[]'

echo "# a profile that changes, and a restart in order"
holds "the HSS ends in order" hss_stop
sed -i 's/uplink: 50000000, downlink: 150000000/uplink: 7000, downlink: 9000/' "$work/hssd.yaml"
hss_start --trace "$work/hss3.pcapng"
scene after_reset
holds "who says that the user is unknown serves nobody any more" wait_for 60 shown '"purged":true'

echo "# a subscription that is removed while the MME is away"
scene register
holds "it is removed" admin DELETE "/v1/subscribers/$imsi"
hss_kill
hss_start --trace "$work/hss4.pcapng"
scene withdrawn

echo "# bindery-mmed"
imsi=001010000000032
subscriber phone "$imsi" open 35693803564381
mme_config mme-a "$s1" "serve: true"
mme_start mme-a --trace "$work/mme.pcapng"
device phone phone
holds "a device attaches" ue 0 "registered: GUTI 001-01" attach --mme "$s1" --device "$work/phone.json"
holds "a change" patch '{"msisdn":"491700000010"}'
mme_told() { mme_ask mme-a "/v1/events?limit=1000" | tr -d ' \n' | grep -qF "\"name\":\"$1\""; }
holds "reaches the MME" wait_for 60 mme_told subscription-inserted
holds "and what goes too" patch '{"msisdn":null}'
holds "as a DSR" wait_for 60 mme_told subscription-deleted-data
holds "nothing waits" wait_for 60 shown '"waiting":[]'
hss_kill
hss_start --trace "$work/hss5.pcapng"
echo 'reset: {pause_seconds: 0}' >>"$work/hssd.yaml" # an MME of this name was told a moment ago
holds "the configuration is read again" "$BINDERY_BUILD/bindery" reload --socket "$work/admin"
holds "after a crash the MME is told of the reset" wait_for 60 mme_told reset-received
holds "a suspension" patch '{"suspended":true}'
holds "ends the registration there, and the MME says so" wait_for 60 shown '"purged":true'
holds "a device that was detached attaches no more" \
  ue 1 "" attach --mme "$s1" --device "$work/phone.json"
holds "the HSS ends in order" hss_stop

echo "# Wireshark"
for trace in "$work"/hss?.pcapng; do
  bad=$(WIRESHARK_CONFIG_DIR=$work/wireshark tshark -2 -n -r "$trace" \
    -Y '_ws.malformed || _ws.expert.severity == error' 2>/dev/null | wc -l)
  same "nothing in $(basename "$trace") is malformed" 0 "$bad"
done
frames() {
  local n=0 trace
  for trace in "$work"/hss?.pcapng; do
    n=$((n + $(WIRESHARK_CONFIG_DIR=$work/wireshark tshark -2 -n -r "$trace" -Y "$1" 2>/dev/null | wc -l)))
  done
  [ "$n" -gt 0 ]
}
holds "IDR are there with their data" frames 'diameter.cmd.code == 319 && diameter.flags.request == 1 && diameter.Subscription-Data'
holds "DSR with their flags" frames 'diameter.cmd.code == 320 && diameter.flags.request == 1 && diameter.DSR-Flags == 0x800000'
holds "RSR with their digits" frames 'diameter.cmd.code == 322 && diameter.flags.request == 1 && diameter.User-Id == "00101"'
holds "and their answers" frames 'diameter.cmd.code == 322 && diameter.flags.request == 0 && diameter.Result-Code == 2001'
finish
