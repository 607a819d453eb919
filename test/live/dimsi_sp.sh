#!/usr/bin/env bash
# A service provider with many devices, some of which go wrong: two that write into its folder at once, an operator
# that is asked more often than it lets anybody, one that refuses, one that does not answer while an offer is taken
# back, and a device that is in service already. What its folder then says is what the operator says.
#
# What carries it is src/cli/sp_make.c, src/cli/sp_offer.c, src/cli/sp_follow.c and src/cli/sp_call.c.
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
served=901700000000001 first=35693805000000
d() { printf '9017000000000%02d' "$1"; }

operator op
quick
# fewer than the devices have: each verb is told to come again
sed -i 's/^dimsi:$/&\n  requests_per_second: 8\n  burst: 8/' op/hssd.yaml
everyone
made 0 16 >said
sp arpf "$(arpf_link)" >said

# says SENTENCE STATUS PART COMMAND...: what a command says, and how it ends
says() {
  local sentence=$1 status=$2 part=$3 rc=0
  shift 3
  "$@" >said 2>&1 || rc=$?
  if [ $rc -eq "$status" ] && grep -qF -- "$part" said; then
    passed "$sentence"
  else
    missed "$sentence" "wanted: $status, $part" "got:    $rc" "$(cat said)"
  fi
}
# state DIMSI: as the folder has it; followed DIMSI: as the operator says
state() { sp list "$1" | awk '$1 == "'"$1"'" { print $5 }'; }
followed() { sp follow "$1" | awk '$1 == "'"$1"'" { print $5 }'; }
json_of() { sp list --json "$1" | tr -d ' \n' | grep -oP "\"$2\":\"?\\K[^\",}]+"; }

echo "# orders"
#= test dimsi-0b
order() { sp order --arpf arpf.example.org --dimsis 901700000000001-901700000009999 --out "orders$1" "${@:2}"; }
order 1 $(seq $first $((first + 7))) >o1 2>&1 &
one=$!
order 2 $(seq $((first + 8)) $((first + 15))) >o2 2>&1 &
two=$!
both() { wait "$one" && wait "$two"; }
holds "two at once are carried out, one after the other" both
same "and no two devices have one dIMSI" 16 "$(cat orders1/*.json orders2/*.json | grep -oP '"dimsi": *"\K[0-9]+' | sort -u | wc -l)"
same "as the folder has it" 16 "$(cat op/sp/devices/*.json | grep -oP '"imei": *"\K[0-9]+' | sort -u | wc -l)"
says "who has one that is open gets no second one" 1 "is open; --again" order 3 $first
same "and no slot is asked for" "" "$(ls orders3)"
mkdir orders && cp orders1/*.json orders2/*.json orders
"$BINDERY_BUILD/bindery-ue" se accept --devices made --orders orders --credentials credentials >said
cp -r credentials forged
perl -0777 -pi -e 's/("certificates": *\[)\s*"[^"]*",/$1/' forged/*.json
says "SE CREDENTIALS without their own certificate are not taken" 1 "0 devices, 16 refused" sp collect forged
says "those that are whole are" 0 "16 devices, 0 refused" sp collect credentials
imei_of() { grep -oP '"imei": *"\K[0-9]+' "op/sp/devices/$1.json"; }

echo "# offers"
#= test dimsi-0d
says "a link that is none is not kept" 2 "is no link" sp offer --to 001-01 --link http://localhost:1 --all
same "nor anything else" collected "$(state "$served")"
says "one that is wrong is" 3 "localhost" sp offer --to 001-01 --link https://localhost:1 "$served"
same "as nobody took it in" unsent "$(state "$served")"
says "with the right one all are offered, though they are more than the operator takes at once" 0 \
  "16 offered to 001-01, 0 of them again, 0 refused" offered
says "all the same again is said to be that" 0 "16 offered to 001-01, 16 of them again, 0 refused" offered
says "who waits for the operator gets them all" 0 "$served" sp follow --wait
same "and there every one was pushed" 16 "$(grep -c ' pushed ' said)"
says "one by one as well" 0 "pushed" sp follow $(seq $served $((served + 6)))
same "of seven" 7 "$(grep -c ' pushed ' said)"

echo "# taken back"
#= test dimsi-delegation
holds "one device is switched on" switched_on 0 registered "$(imei_of $served)"
holds "and done, as its operator has heard" becomes $served "done"
halt op hssd
second=$(d 2)
says "the operator does not answer while one is taken back" 3 "0 taken back, 1 failed" sp revoke "$second"
same "the folder knows that it is not done" revoking "$(state "$second")"
same "and it is not said to be taken back" false "$(json_of "$second" revoked)"
says "nor offered to somebody else" 1 "did not hear yet" sp offer --to 001-02 --link https://localhost:1 "$second"
says "one that is not there is no reason to leave out a row" 3 "$second" sp follow "$second"
holds "its cause is in it" grep -qF unreachable said
daemon op hssd
says "--all goes on where it stopped, and says who is in service" 1 "15 taken back, 1 failed, 1 of them in service" \
  sp revoke --all
same "the operator has nothing of the others" 15 "$(for i in $(seq 2 16); do of_row "$(d "$i")" phase; done | grep -c withdrawn)"
same "which is what the folder says" revoked "$(state "$second")"
same "the one in service is not said to be taken back" in-service "$(state $served)"
same "and follow has the operator's word" "done" "$(followed $served)"
says "there is nothing left to do" 0 "0 taken back, 0 failed" sp revoke --all
says "it is offered to nobody else" 1 "in service with 001-01" sp offer --to 001-02 --link https://localhost:1 $served

echo "# refused at once"
third=$(d 3)
cp op/sp/arpfs/arpf.example.org.json arpf.json
sed -i 's#localhost:[0-9]*#localhost:1#' op/sp/arpfs/arpf.example.org.json
says "an operator that does not know the ARPF says so" 1 "arpf-unknown" offered "$third"
cp arpf.json op/sp/arpfs/arpf.example.org.json
says "the folder keeps why" 0 "arpf-unknown" sp list "$third"
same "and that it was refused" "refused refused" "$(state "$third") $(followed "$third")"
began=$SECONDS
says "nobody waits for it" 0 "arpf-unknown" sp follow --wait "$third"
holds "not for a minute" test $((SECONDS - began)) -lt 30
says "offered again it is taken" 0 "1 offered to 001-01, 0 of them again" offered "$third"
holds "and goes its way" becomes "$third" pushed

for each in mmed hssd arpfd dausfd rsmfd; do
  halt op $each
  same "nothing in the log of $each is an error" "" "$(grep -hF '"level":"error"' "op-$each.log" | head -3 || true)"
done
finish
