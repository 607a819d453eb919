#!/usr/bin/env bash
# Devices that come out of the box without a subscription: a repository with the certificate site, an HSS, MMEs
# and devices as processes of their own. Approval by a rule and by hand; denied, expired, forgotten; a device
# that lost what it got, before and after it used it; RSA; networks that do not offer it, tried first; a street
# of them on a bad line; what traces, logs and stores tell, and what they do not.
#
# What carries it is src/nf/hssd/onboarding_serve.c with src/nf/hssd/onboarding_work.c, onboarding_draw.c,
# onboarding_used.c and onboarding_end.c, src/nf/mmed/emm_onboard.c in bindery-mmed, and
# src/nf/hssd/admin_onboarding.c behind src/cli/onboarding.c.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/attach.sh
. "$(dirname "$0")/lib/attach.sh"
# shellcheck source=test/live/lib/certattach.sh
. "$(dirname "$0")/lib/certattach.sh"
cd "$work"
t=35693804
refuses() { ! "$@"; }

operator op
onboarding_option op "device_seconds: 0"
TRACE=1 all op
lots op >lots.said
cli device make --onboarding --count 12 --tac $t --first 100 --out lot --dir op >made.said
cli device make --onboarding --rsa 2048 --count 1 --tac $t --first 150 --out rsa --dir op >>made.said

# ---- from the box to bound service ---------------------------------------------------------------

echo "# a device out of the box"
#= test certattach-1b certattach-1c certattach-2a certattach-2b certattach-4 certattach-5 certattach-learn certattach-events
holds "its maker publishes certificates and records" cli binding publish lot/bindings.ndjson --dir op
holds "and those of devices with RSA keys" cli binding publish rsa/bindings.ndjson --dir op
fresh meter ${t}000100 lot "${able[@]}"
holds "it has a URL and no subscription" has_none meter
before=$(pool never_used)
holds "one command: it is given a subscription, makes its key, and has service" at 0 registered meter --record-result recorded
cp ue.out meter.out
same "in three attaches, the first of which is refused" 3 "$(grep -c -- '-> ATTACH REQUEST' meter.out)"
holds "the second time with a challenge that is encrypted" grep -q "RAND encrypted under KME: the USIM answered" meter.out
same "one IMSI left the pool" "$((before - 1))" "$(pool never_used)"
same "it is active" active "$(phase meter)"
for event in onboarding-drawn onboarding-active provisioned kme-in-use registered; do
  holds "there is an event $event" happened $event "\"imsi\":\"$(imsi_of meter)\"" "${t}000100"
done
mme_tells() { wait_for 5 eval 'mme_ask op-mmed "/v1/events?name=onboarded" | tr -d " \n" | grep -qF "${t}000100"'; }
holds "and one at the MME" mme_tells
same "the MME asked for no vector and registered nobody for it" "1 1" "$(mme_count op-mmed onboarded) $(mme_count op-mmed attaches)"
holds "it attaches again, as any device does" at 0 registered meter
same "with the one attach that takes" 1 "$(grep -c -- '-> ATTACH REQUEST' ue.out)"
keeps meter
onboarding show "maker/$(id_of meter)" >shown
holds "bindery onboarding show tells what its maker says of it" grep -q "demo device" shown
cli subscriber show "$(imsi_of meter)" --dir op >shown
holds "bindery subscriber show tells whence it came" grep -q "$(id_of meter)" shown

echo "# an RSA key"
#= test certattach-box
fresh tracker ${t}000150 rsa "${able[@]}"
holds "a device with an RSA key has the same" at 0 registered tracker
same "it is active" active "$(phase tracker)"
keeps tracker

# ---- it loses what it got ------------------------------------------------------------------------

echo "# a device that loses what it got"
#= test certattach-same certattach-pending certattach-installs
# Without a lot it cannot make the key that its subscription wants, so no registration follows.
fresh lamp ${t}000101 lot
cp lamp.json lamp.box
holds "it gets a subscription, and no service yet" at 1 "a subscription came" lamp
same "which is pending" pending "$(phase lamp)"
imsi=$(imsi_of lamp) k=$(k_of lamp)
keeps lamp
cp lamp.box lamp.json
holds "its memory is as it was in the box, and it asks again" at 1 "a subscription came" lamp
same "it has the same IMSI and the same key" "$imsi $k" "$(imsi_of lamp) $(k_of lamp)"
same "nothing more was drawn" 3 "$(count_of onboarding_drawn)"
same "and that was counted" 1 "$(count_of onboarding_repeated)"
fresh lamp ${t}000101 lot "${able[@]}"
holds "with its maker's lot it ends with bound service" at 0 registered lamp
same "under the IMSI that it had" "$imsi" "$(imsi_of lamp)"
keeps lamp

echo "# once it was used"
#= test certattach-active
fresh lamp ${t}000101 lot "${able[@]}"
holds "the keys are not given out again" at 1 "no subscription" lamp
holds "by its name" refusal subscription-active
holds "until an operator says so" onboarding approve "maker/$(id_of lamp)"
cli device rebind "$imsi" --imei ${t}000101 --dir op >rebound
holds "then once more, and the device is bound anew" at 0 registered lamp
same "with the same IMSI and the same key: nobody overwrites it" "$imsi $k" "$(imsi_of lamp) $(k_of lamp)"
keeps lamp
fresh lamp ${t}000101 lot "${able[@]}"
holds "and not twice" at 1 "no subscription" lamp

# ---- approval ------------------------------------------------------------------------------------

echo "# approval by hand"
#= test certattach-approval certattach-one-refusal
halt op hssd
authority_option op "approval: hand" "waiting_most: 3"
daemon op hssd --trace "$work/op-hssd2.pcapng" --trace-secrets
joined op
fresh pump ${t}000102 lot "${able[@]}"
holds "nothing is given before somebody approves" at 1 "no subscription" pump
same "it waits" waiting "$(phase pump)"
holds "which is told" happened onboarding-waiting "${t}000102"
holds "and is the cause" refusal approval-waiting
holds "it asks again" at 1 "no subscription" pump
same "which is told once" 1 "$(events_named onboarding-waiting | grep -c "${t}000102")"
onboarding list --phase waiting >listed
holds "bindery onboarding list has it" grep -q "$(id_of pump)" listed
holds "an operator approves" onboarding approve "maker/$(id_of pump)"
holds "now it is served" at 0 registered pump
same "and active" active "$(phase pump)"
keeps pump
fresh valve ${t}000103 lot "${able[@]}"
holds "another one waits" at 1 "no subscription" valve
holds "and is denied" onboarding deny "maker/$(id_of valve)"
holds "it gets nothing" at 1 "no subscription" valve
holds "by its name" refusal denied
holds "an active one cannot be denied" refuses onboarding deny "maker/$(id_of pump)"
holds "who is forgotten" onboarding forget "maker/$(id_of valve)"
holds "begins anew" at 1 "no subscription" valve
same "and waits" waiting "$(phase valve)"
#= test certattach-quotas
for n in 104 105; do
  fresh crowd ${t}000$n lot
  at 1 "no subscription" crowd >crowd.said
done
fresh crowd ${t}000106 lot
holds "as many wait as may" at 1 "no subscription" crowd
holds "the next one is refused by its name" refusal quota-waiting
same "and is not kept" 3 "$(entries waiting)"
halt op hssd
authority_option op "approval: rule"
daemon op hssd --trace "$work/op-hssd3.pcapng" --trace-secrets
joined op
holds "by the rule who waited is served" at 0 registered valve
keeps valve

echo "# expiry"
#= test certattach-expiry
fresh siren ${t}000107 lot
cp siren.json siren.box
# Somebody on the radio has every challenge fail, so that no AKA succeeds.
jammed=(--radio-flip "challenge=$(random_hex 16):$(random_hex 16)")
holds "a device gets a subscription and cannot use it" at 1 "a subscription came" siren "${jammed[@]}"
imsi=$(imsi_of siren) resting=$(pool resting)
keeps siren
holds "an operator ends it" onboarding expire "maker/$(id_of siren)"
same "it is expired" expired "$(phase siren)"
same "its IMSI rests" $((resting + 1)) "$(pool resting)"
holds "its subscriber is gone" refuses hss_ask "/v1/subscribers/$imsi"
holds "the device finds that out, asks again and gets another one" at 1 "a subscription came" siren "${jammed[@]}"
holds "having given up the one that it had" grep -q "it is given up" ue.out
holds "which is another" refuses test "$imsi" = "$(imsi_of siren)"
keeps siren
holds "its subscriber is removed" cli subscriber remove "$(imsi_of siren)" --dir op
same "it is expired" expired "$(phase siren)"
halt op hssd
onboarding_option op "pending_seconds: 60"
daemon op hssd --trace "$work/op-hssd4.pcapng" --trace-secrets
joined op
cp siren.box siren.json
holds "it gets a third" at 1 "a subscription came" siren "${jammed[@]}"
keeps siren
expired() { [ "$(phase siren)" = expired ]; }
holds "which ends by itself after its time" wait_for 90 expired
holds "and is told" happened onboarding-expired "${t}000107"
holds "the pool's sums are right" sums_up

# ---- networks ------------------------------------------------------------------------------------

echo "# networks"
#= test certattach-1a certattach-not-offered certattach-elsewhere
operator second 001-02
sed -i 's/, onboarding: [^}]*}/}/' second/mmed.yaml
daemon second hssd
daemon second mmed --trace "$work/second-mmed.pcapng"
other=(--plmn 001-02 --mme "$(s1_of second)" --enb "001-01=$(s1_of op)")
elsewhere() { ue "$1" "$2" attach --device "$work/$3.json" "${other[@]}" "${@:4}"; }
fresh gate ${t}000108 lot "${able[@]}"
holds "a network that does not offer it gives nothing" elsewhere 1 "no subscription" gate --networks 001-02
second_refused() { wait_for 5 mme_event second-mmed onboarding-not-offered; }
holds "by its name" second_refused
holds "the device tries the next one, and has service there" elsewhere 0 registered gate --networks 001-02,001-01
same "it asked at both" 2 "$(grep -c 'has no subscription, and asks for one' ue.out)"
keeps gate
fresh fence ${t}000109 lot "${able[@]}"
holds "with the other policy it asks the right one at once" elsewhere 0 registered fence --networks 001-01,001-02
same "once" 1 "$(grep -c 'has no subscription, and asks for one' ue.out)"
keeps fence

# ---- a street ------------------------------------------------------------------------------------

echo "# a street, on a bad line"
#= test certattach-no-orphan
cli device make --onboarding --count 20 --tac $t --first 300 --out street --dir op >made.said
holds "its maker publishes in bulk" cli binding publish street/bindings.ndjson --dir op
holds "20 devices come out of the box and register on a line that loses, repeats and delays" \
  ue 0 "Registered            20" run --mme "$(s1_of op)" --identities street --kme-lot lots/2026-07.lot.json --rate 20 --persist \
  --timeout 110s --faults lose=3,repeat=5,delay=5,delay-ms=50,seed=3
holds "some of what they sent was lost" grep -qE 'lost [1-9]' ue.out
holds "the pool's sums are right" sums_up
same "each has one subscription" 20 "$(hss_ask "/v1/onboarding?phase=active&limit=1000" | tr -d ' \n' | grep -oE "\"imei\":\"${t}0003[0-9]*\"" | sort -u | wc -l)"

# ---- the site is away ----------------------------------------------------------------------------

echo "# the site is away"
#= test certattach-fetch certattach-kept
fresh late ${t}000110 lot "${able[@]}"
kill -STOP "${pid_of[op-repod]}"
holds "nobody new is served" at 1 "no subscription" late
holds "because nobody tells whose key that is" wait_for 20 happened_now onboarding-refused '"cause":"site-silent"' "${t}000110"
holds "who has a subscription is served" at 0 registered meter
kill -CONT "${pid_of[op-repod]}"
holds "when it is back, so is who waited" wait_for 60 at 0 registered late
keeps late

# ---- the traces ----------------------------------------------------------------------------------

echo "# traces"
for each in "second mmed" "second hssd" "op mmed" "op hssd" "op repod"; do
  # shellcheck disable=SC2086 # two words
  halt $each
done
frames() {
  WIRESHARK_CONFIG_DIR=$work/wireshark tshark -o nas-eps.null_decipher:FALSE -n -r "$1" -Y "$2" \
    -T fields -e frame.number 2>/dev/null | grep -c . || true
}
for file in op-mmed.pcapng op-hssd.pcapng op-hssd2.pcapng op-hssd3.pcapng op-hssd4.pcapng second-mmed.pcapng; do
  all=$(frames $file frame)
  same "tshark reads all $all messages of $file" "$all" "$(frames $file "s1ap || nas-eps || diameter || http")"
  same "and none is malformed" 0 "$(frames $file _ws.malformed)"
done
cli trace op-mmed.pcapng op-hssd.pcapng >drawn
for step in 1 2 4; do
  holds "bindery trace draws step $step" grep -qE "\(certattach ([0-9]+, )*$step\b" drawn
done
#= test binding-sealed
ln -sf op/kek kek
: >none.sub
holds "no Ki, no OPc, no KME and no key of the store is in a trace, a log or a store" secrets_hidden \
  ./*.log ./*.now op/hss.db* op/repod.db* op/repod-audit.log ./*.pcapng drawn recorded
finish
