#!/usr/bin/env bash
# Kills of device, MME and HSS in the middle of a provisioning, with real processes, again and again at other
# moments: afterwards the device is served within two attaches, and both sides have one and the same key.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/attach.sh
. "$(dirname "$0")/lib/attach.sh"
# shellcheck source=test/live/lib/devid.sh
. "$(dirname "$0")/lib/devid.sh"
# shellcheck source=test/live/lib/kme.sh
. "$(dirname "$0")/lib/kme.sh"
export NO_COLOR=1 LC_ALL=C.UTF-8
unset BINDERY_DIR BINDERY_SOCKET
cd "$work"
kme_parties
sed -i 's/wait_ms: 1000/wait_ms: 3000/' hssd.yaml # below what the MME waits for the HSS
hss_start
kme_mme mme-a "$s1"
mme_start mme-a
imei=35693803000001
lot 2026-07 35693803 >/dev/null
take_lot 2026-07 >/dev/null
(umask 077 && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out device.key 2>>openssl.log)
openssl pkey -in device.key -pubout -out device.pub
publish_public $imei device.pub >/dev/null

# begun: a fresh subscription's device is switched on for the first time; its pid is in ue_pid. It is let run for
# some milliseconds, other ones each time: all of it takes some 30.
round=0
begun() {
  round=$((round + 1))
  imsi=$(printf '0010100000%05d' $((500 + round)))
  learner now "$imsi"
  fresh now now $imei 2026-07 -
  "$BINDERY_BUILD/bindery-ue" attach --mme "$s1" --device "$work/now.json" --proof-key device.key \
    --lot "$lots/2026-07.lot.json" --stay >cut.out 2>&1 </dev/null &
  ue_pid=$!
  pids+=("$ue_pid")
  sleep "0.0$((RANDOM % 4))$((RANDOM % 10))"
}
# came_to PARTY: how far both had come, for the table at the end.
came_to() {
  local device=none home
  ! waits now || device=pending
  ! kme_of now >/dev/null || device=active
  home=$(admin GET "/v1/subscribers/$imsi" | tr -d ' \n' | grep -oP '"phase":"\K[a-z]+')
  echo "$1 killed: the device's KME is $device, the home network has it ${home/idle/not asked for}" >>cuts
}
# served: it is registered under its KME within two attaches from being switched on.
served() {
  at 0 registered now --proof-key device.key --persist --timeout 60s &&
    grep -q "RAND encrypted under KME: the USIM answered" ue.out &&
    [ "$(grep -c 'ATTACH REQUEST' ue.out)" -le 2 ]
}
# one_key: nothing is pending in the device, and the home network has one key, which it knows to be used.
one_key() {
  [ -n "$(kme_of now)" ] && bound "$imsi" $imei && wait_for 60 used "$imsi" &&
    ! waits now
}
kills() {
  local party=$1 i
  for i in $(seq "${KILLS:-20}"); do
    begun
    case $party in
    device) cut_off "$ue_pid" ;;
    MME)
      stop "$mme_pid" KILL
      cut_off "$ue_pid"
      mme_start mme-a
      ;;
    HSS)
      stop "$hss_pid" KILL
      cut_off "$ue_pid"
      hss_start
      wait_for 60 mme_is_up mme-a || true
      ;;
    esac
    came_to "$party"
    holds "after kill $i of the $party the device is served within two attaches" served
    holds "and both sides have one key" one_key
  done
}
#= test kme-no-lockout
for party in device MME HSS; do
  echo "# $party"
  kills "$party"
done
sort cuts | uniq -c | sed 's/^/# /'
same "nobody was taken for a thief" "" "$(admin GET "/v1/events?name=suspected-theft" | tr -d ' \n' | grep -o '0010100000[0-9]*' || true)"
same "nothing in the HSS's log is an error" "" "$(grep -F '"level":"error"' hss.log || true)"
finish
