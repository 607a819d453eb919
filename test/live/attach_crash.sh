#!/usr/bin/env bash
# Ten kills each of device, MME and HSS in the middle of an attach, with real processes: whatever was
# cut off, the device attaches afterwards, under its own KME, and no sequence number comes back.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/attach.sh
. "$(dirname "$0")/lib/attach.sh"
export NO_COLOR=1 LC_ALL=C.UTF-8
unset BINDERY_DIR BINDERY_SOCKET

hss_port=0 tls_port=0 s1_port=0
for name in hss_port tls_port s1_port; do free_port "$name"; done
pki "$hss_host"
hss_config 127.0.0.1 "$hss_port" "$tls_port"
s1=s1-tcp://127.0.0.1:$s1_port
hss_start
subscriber meter 001010000000011 bound 35693803564380
mme_config mme-a "$s1" "serve: true"
mme_start mme-a
device meter meter

# begun: an attach is under way; its pid is in ue_pid. It is let run for some milliseconds, other ones
# each time.
begun() {
  "$BINDERY_BUILD/bindery-ue" attach --mme "$s1" --device "$work/meter.json" --stay \
    >"$work/cut.out" 2>&1 </dev/null &
  ue_pid=$!
  pids+=("$ue_pid")
  sleep "0.0$((RANDOM % 4))$((RANDOM % 10))"
}
attaches() {
  ue 0 "registered" attach --mme "$s1" --device "$work/meter.json" --persist --timeout 60s &&
    grep -qE "RAND encrypted under KME|ATTACH REQUEST, integrity" "$work/ue.out"
}
highest_seq() { tr -d ' \n' <"$work/meter.json" | grep -oE '"seq":\[[0-9,]+' | grep -oE '[0-9]+' | sort -n | tail -1; }

seq=$(highest_seq)
kills() {
  local party=$1 i now
  for i in 1 2 3 4 5 6 7 8 9 10; do
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
      wait_for 20 mme_is_up mme-a || true
      ;;
    esac
    holds "after kill $i of the $party the device attaches" attaches
    now=$(highest_seq)
    holds "and its USIM's sequence number has not gone back" [ "$now" -ge "$seq" ]
    seq=$now
  done
}
for party in device MME HSS; do
  echo "# $party"
  kills "$party"
done
same "nobody was taken for a thief" "" "$(admin GET "/v1/events?name=suspected-theft" | tr -d ' \n' | grep -o 001010000000011 || true)"
finish
