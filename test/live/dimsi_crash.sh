#!/usr/bin/env bash
# kill -9 of device, MME, target HSS, discovery AUSF, ARPF and RSMF while a device finds its operator by its
# discovery IMSI, with real processes, again and again at other moments between the service provider's offer and the
# end. Each is started again; service provider and device do what people do: the same once more. Afterwards the
# device has one subscription, the operator's own one, which works; and every party says the same of it.
set -euo pipefail
umask 077
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/attach.sh
. "$(dirname "$0")/lib/attach.sh"
# shellcheck source=test/live/lib/certattach.sh
. "$(dirname "$0")/lib/certattach.sh"
# shellcheck source=test/live/lib/dimsi.sh
. "$(dirname "$0")/lib/dimsi.sh"
cd "$work"
kills=${KILLS:-4}
parties=(device MME HSS dausfd arpfd rsmfd)
all=$((kills * ${#parties[@]} + 1))

operator op
quick
everyone
made 0 "$all" >said
sp arpf "$(arpf_link)" >said
ordered >said

# ---- one device's way --------------------------------------------------------------------------

sought() { # DIMSI: has the operator what it needs?
  case $(of_row "$1" phase) in pushed | attached | done) return 0 ;; *) return 1 ;; esac
}
# goes DIMSI IMEI: offered and switched on, and whatever fails is done again, for as long as it takes. How far that
# is stands in the file `way`; the device's process, in `ue.pid`.
goes() {
  trap 'kill "$(cat ue.pid 2>/dev/null)" 2>/dev/null; exit 1' TERM
  until offered "$1"; do sleep 0.1; done
  until sought "$1"; do sleep 0.05; done
  echo on >way
  while :; do
    "$BINDERY_BUILD/bindery-ue" attach --mme "$(s1_of op)" --device "made/$2.json" --rsmf "$(rsmf_at)" --timeout 20s </dev/null &
    echo $! >ue.pid
    ! wait $! || [ "$(has "$2")" != own ] || break
    sleep 0.2
  done
  echo over >way
}
round=0
begun() {
  dimsi=$((901700000000001 + round))
  imei=$((35693805000000 + round))
  round=$((round + 1))
  rm -f way ue.pid
  (goes $dimsi $imei) >"go.$round" 2>&1 &
  go_pid=$!
  pids+=("$go_pid")
}
ended() {
  kill "$go_pid" 2>/dev/null || true
  forget "$go_pid"
}
at_least() { grep -qxF -e "$1" -e over way; }
over() { grep -qxF over way; }
ms() { local now=${EPOCHREALTIME/[.,]/}; echo $((now / 1000)); }

# One is not disturbed: how long it takes here and now says when the others are.
began=$(ms)
begun
holds "a device that nobody disturbs is offered" wait_for 90 at_least on
offer_ms=$(($(ms) - began))
holds "and finds its operator" wait_for 180 over
all_ms=$(($(ms) - began))
ended
echo "# its operator had what it needs after $offer_ms ms, and it was over after $all_ms ms"

# ---- kills -------------------------------------------------------------------------------------

# later FROM TO: some milliseconds between; every other time, in the first tenth, where most of the steps are
later() {
  local within=$((i % 2 ? $2 - $1 : ($2 - $1) / 10))
  local of=$(($1 + RANDOM % (within > 0 ? within : 1)))
  sleep "$(printf '%d.%03d' $((of / 1000)) $((of % 1000)))"
}
# How far it had come, for the table at the end.
comes_to() { echo "$1 killed: the device has $(has $imei), at home it is $(of_row $dimsi phase || echo unknown)" >>cuts; }
again() { # PARTY
  local id=$1
  case $1 in
  device)
    wait_for 90 test -s ue.pid || true
    later 0 $((all_ms - offer_ms))
    comes_to device
    kill -KILL "$(cat ue.pid)" 2>/dev/null || true
    return 0
    ;;
  MME)
    id=mmed
    wait_for 90 at_least on || true
    later 0 $((all_ms - offer_ms))
    ;;
  HSS)
    id=hssd
    later 0 $all_ms
    ;;
  arpfd) later 0 $offer_ms ;;
  rsmfd) later $((offer_ms / 2)) $all_ms ;;
  *) later 0 $all_ms ;;
  esac
  comes_to "$1"
  halt op $id KILL
  case $1 in
  MME | HSS) daemon op $id ;;
  *) party_up $id ;;
  esac
}
#= test dimsi-durable dimsi-trial
for who in "${parties[@]}"; do
  echo "# $who"
  for ((i = 1; i <= kills; i++)); do
    begun
    again "$who"
    holds "kill $i of the $who: the device finds its operator in the end" wait_for 180 over
    over || tail -n 40 "go.$round" | sed 's/^/# /'
    ended
  done
done
sort cuts | uniq -c | sed 's/^/# /'

# ---- what each party has then ------------------------------------------------------------------

echo "# afterwards"
#= test dimsi-erase dimsi-release-again dimsi-spent dimsi-rsmf-once dimsi-entry-end
wait_for 20 served_by_both || true
agree=0
is_spent() { [ "$(entry $dimsi phase)" = spent ]; }
for ((i = 0; i < round; i++)); do
  dimsi=$((901700000000001 + i)) imei=$((35693805000000 + i))
  becomes $dimsi "done" 30 || true
  wait_for 30 is_spent || true # the D-AUSF hears of it by itself
  wanted="own done spent 1"
  got="$(has $imei) $(of_row $dimsi phase) $(entry $dimsi phase) $(release $dimsi number)"
  if [ "$got" = "$wanted" ]; then
    agree=$((agree + 1))
  else
    echo "# $dimsi: $got instead of $wanted"
  fi
done
same "device, operator, discovery AUSF and ARPF agree on each of $round" "$round" "$agree"
same "and the RSMF: all are confirmed" "$round 0 0" "$(delivered confirmed) $(delivered ready) $(delivered fetched)"
imsi_in() { perl -0777 -ne 's/"secure_element": *\{.*?\n  \}//s; print "$1\n" if /"imsi": *"([0-9]+)"/' "$@"; }
imsi_in made/*.json | sort >theirs
cli subscriber list --json --dir op | grep -oP '"imsi": *"\K[0-9]+' | sort >known
holds "the operator's subscriptions are those that the devices have, and no other" cmp theirs known
same "each has its own" "$round" "$(sort -u theirs | wc -l)"
# out POOL: how many IMSIs of it were ever given, and how many are now.
out() {
  hss_ask /v1/status | perl -MJSON::PP -0777 -ne 'for (@{decode_json($_)->{dimsi}{"'"$1"'"}}) {
    $ever += $_->{total} - $_->{never_used}; $now += $_->{total} - $_->{never_used} - $_->{resting} - $_->{ready} }
    print "$ever $now"'
}
same "of the temporary IMSIs each had one, and all rest" "$round 0" "$(out pools)"
same "of the operator's own each has one" "$round $round" "$(out operator_pools)"
holds "all of them are served" ue 0 "$(printf 'Registered%14s' "$round")" run --mme "$(s1_of op)" --devices made --rate 50 --timeout 60s

for each in mmed hssd arpfd dausfd rsmfd; do
  halt op $each
  same "nothing in the log of $each is an error" "" "$(grep -hF '"level":"error"' "op-$each.log" | head -3 || true)"
done
finish
