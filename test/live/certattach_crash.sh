#!/usr/bin/env bash
# Kills of device, MME, HSS and certificate site while a device out of the box gets its subscription, with real
# processes, again and again at other moments: afterwards the device is served, it has one subscription, the one
# that the operator has for it, and no other; and what left the pool is what devices have.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/attach.sh
. "$(dirname "$0")/lib/attach.sh"
# shellcheck source=test/live/lib/certattach.sh
. "$(dirname "$0")/lib/certattach.sh"
cd "$work"
t=35693804 kills=${KILLS:-15}

operator op
onboarding_option op "device_seconds: 0"
authority_option op "approval: rule" "unknown_seconds: 0"
all op
lots op >lots.said
cli device make --onboarding --count $((4 * kills)) --tac $t --first 0 --out lot --dir op >made.said
cli binding publish lot/bindings.ndjson --dir op >said

# begun: the next device is switched on for the first time. It is let run for some milliseconds, other ones each
# time: on an idle machine all of it takes some 150, and its subscription is there after some 60.
round=0
begun() {
  imei=$(printf "$t%06d" "$round")
  round=$((round + 1))
  fresh now "$imei" lot "${able[@]}"
  cp now.json now.box
  "$BINDERY_BUILD/bindery-ue" attach --mme "$(s1_of op)" --device now.json --stay >cut.out 2>&1 </dev/null &
  ue_pid=$!
  pids+=("$ue_pid")
  sleep "$(printf '0.%03d' $((RANDOM % 160)))"
}
# came_to PARTY: how far both had come, for the table at the end.
came_to() {
  local device="no subscription"
  has_none now || device="one that was not used"
  ! grep -q '"confirmed": true' now.json || device="one that was used"
  echo "$1 killed: the device has $device, at home it is $(phase now || echo unknown)" >>cuts
}
whole() { cmp -s now.json now.box || { [ -n "$(imsi_of now)" ] && [ -n "$(k_of now)" ]; }; }
served() { at 0 registered now --persist --timeout 90s; }
# one: what the device has is what the operator has for it, and that works.
one() {
  [ "$(phase now)" = active ] &&
    [ "$(imsi_of now)" = "$(hss_ask "/v1/onboarding/maker/$(id_of now)" | tr -d ' \n' | grep -oP '"imsi":"\K[0-9]+')" ] &&
    [ "$(hss_ask "/v1/onboarding?limit=1000" | tr -d ' \n' | grep -o "\"imei\":\"$imei" | wc -l)" = 1 ] &&
    grep -q "RAND encrypted under KME: the USIM answered" ue.out && sums_up
}
kills() {
  local party=$1 i
  for ((i = 1; i <= kills; i++)); do
    begun
    case $party in
    device) cut_off "$ue_pid" ;;
    MME)
      halt op mmed KILL
      cut_off "$ue_pid"
      daemon op mmed
      ;;
    HSS)
      halt op hssd KILL
      cut_off "$ue_pid"
      daemon op hssd
      joined op || true
      ;;
    site)
      halt op repod KILL
      cut_off "$ue_pid"
      daemon op repod
      ;;
    esac
    came_to "$party"
    holds "kill $i of the $party leaves the device with all of a subscription or with nothing" whole
    holds "afterwards it is served" served
    holds "with one subscription, which is the operator's one" one
  done
}
#= test certattach-no-orphan certattach-installs
for party in device MME HSS site; do
  echo "# $party"
  kills "$party"
done
sort cuts | uniq -c | sed 's/^/# /'
same "as many subscriptions as devices were made" $((4 * kills)) "$(cli subscriber list --json --dir op | grep -o '"imsi"' | wc -l)"
same "all of them in use" "0 $((4 * kills))" "$(entries pending) $(entries active)"
for each in "op mmed" "op hssd" "op repod"; do
  # shellcheck disable=SC2086 # two words
  halt $each
done
same "nothing in the HSS's log is an error" "" "$(grep -hF '"level":"error"' op-hssd.log | head -3 || true)"
finish
