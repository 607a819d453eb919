#!/usr/bin/env bash
# Attacks on KMEs that devices make: payloads of every wrong kind over real S6a (raw_kme.c) and devices,
# radios and MMEs that do not behave. Each is refused with a cause that has a name, in the HSS's events;
# who sent it gets one answer, octet by octet the same.
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
a=00101000000004 t=35693803
for id in 2026-07 next; do
  case $id in 2026-07) range=${t}000000-${t}499999 ;; *) range=${t}500000-${t}999999 ;; esac
  lot $id $range >/dev/null
  take_lot $id >/dev/null
  lot_secrets $id
done
lot_bits=3072 lot longer 35693804 >/dev/null
# device_key NAME IMEI: a P-256 key, published.
device_key() {
  (umask 077 && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>>openssl.log)
  openssl pkey -in "$1.key" -pubout -out "$1.pub"
  publish_public "$2" "$1.pub" >/dev/null
}
imei=${t}000001 other=${t}000002
device_key device $imei
device_key stranger $other

# offered IMSI: the nonce that stands.
offered() { raw air "$1" knows | field 2; }
# payload IMSI IMEI NONCE KEY [NAME=VALUE...]
payload() { raw make "$3" "$1" "$2" 2 "$lots/2026-07.lot.json" "$4.key" "${@:5}"; }
# refused SENTENCE CAUSE IMSI IMEI CONTAINER: the HSS names this cause, and the wire has the one refusal.
: >digests
refused() {
  local sentence=$1 cause=$2 imsi=$3 imei=$4 container=$5 got
  got=$(raw ulr "$imsi" "$imei" knows "$container")
  same "$sentence" "5012 - -" "$(cut -d' ' -f1-3 <<<"$got")"
  holds "by its name ($cause)" refusal "$cause" "$imsi"
  field 4 <<<"$got" >>digests
}

# ---- over S6a ------------------------------------------------------------------------------------

echo "# the nonce"
#= test kme-offer-stands kme-latest kme-same-answer
learner victim ${a}1
nonce=$(offered ${a}1)
same "an offer is a nonce of 16 octets" 32 "${#nonce}"
same "who asks in the subscription's name gets the same one" "$nonce" "$(offered ${a}1)"
wait_for 60 event provisioning-offered ${a}1 || true
same "and no other event" 1 "$(admin GET "/v1/events?name=provisioning-offered" | grep -c ${a}1)"

echo "# payloads"
#= test kme-covers kme-padding kme-one-refusal kme-no-raw kme-find kme-context kme-9b
p=$(payload ${a}1 $imei "$nonce" device)
good=$(field 1 <<<"$p") kme=$(field 2 <<<"$p") rme=$(field 3 <<<"$p") proof=$(field 4 <<<"$p")
wrong() { # SENTENCE CAUSE [NAME=VALUE...]
  local sentence=$1 cause=$2
  shift 2
  refused "$sentence" "$cause" ${a}1 $imei "$(payload ${a}1 $imei "$nonce" device "$@" | field 1)"
}
bad_nonce=$(random_hex 16)
wrong "a signature over another nonce" signature sign-nonce="$bad_nonce"
wrong "over another IMSI" signature sign-imsi=${a}2
wrong "over another IMEI" signature sign-imei=$other
wrong "for another operator" signature sign-plmn=001-02
wrong "under another label" signature sign-label="bindery devid proof"
wrong "with a consent that nobody asked for" signature consent="$kme"
refused "by another device" signature ${a}1 $imei "$(payload ${a}1 $imei "$nonce" stranger | field 1)"
wrong "encrypted for another nonce" payload-not-opened label-nonce="$bad_nonce"
wrong "for another IMSI" payload-not-opened label-imsi=${a}2
wrong "for another IMEI" payload-not-opened label-imei=$other
wrong "to another lot's N" payload-not-opened modulus="$lots/next.lot.json"
wrong "without padding" payload-not-opened raw=1
wrong "with less inside" payload-not-opened inside=111
wrong "with more inside" payload-not-opened inside=113
wrong "of another lot by name" other-lot lot=next
wrong "longer than N" payload-length modulus="$lots/longer.lot.json"
refused "of another IMSI than the request" other-imsi ${a}1 $imei "$(payload ${a}2 $imei "$nonce" device | field 1)"
refused "of another IMEI than the request" other-imei ${a}1 $imei "$(payload ${a}1 $other "$nonce" stranger | field 1)"
refused "of an IMEI without a binding" device-key ${a}1 ${t}000077 "$(payload ${a}1 ${t}000077 "$nonce" device | field 1)"
refused "that cannot be read" payload-unreadable ${a}1 $imei "${good:0:100}"

echo "# a padding oracle finds nothing"
# flipped bits in the block's first octets, in the middle and in its last, and blocks that are just numbers
for bit in 1 7 8 9 64 300 1024 2047; do
  wrong "bit $bit is another" payload-not-opened flip=$bit
done
for n in 1 2 3 4; do
  wrong "a block that is any number below N ($n)" payload-not-opened garbage=1
done
same "whatever was wrong, the answer was the same, octet by octet" 1 "$(sort -u digests | wc -l)"
same "and the subscription is as it was" "" "$(admin GET "/v1/subscribers/${a}1" | grep -o '"has_kme": *true' || true)"

echo "# the right one"
got=$(raw ulr ${a}1 $imei knows "$good")
same "the right one is taken all the same; its subscription data are barred" "2001 barred $proof" "$(cut -d' ' -f1-3 <<<"$got")"
same "sent again, it gets the same answer" "$got" "$(raw ulr ${a}1 $imei knows "$good")"
holds "there is one key" bound ${a}1 $imei
echo "$kme" >>secrets

echo "# replays"
#= test kme-approval kme-consent kme-race kme-nonce
refused "another payload under the same nonce" nonce-used ${a}1 $imei "$(payload ${a}1 $imei "$nonce" device | field 1)"
same "the next vector is encrypted, and nothing is offered" "2001 - processed" "$(raw air ${a}1 knows | cut -d' ' -f1-3)"
cli device rebind ${a}1 --renew --socket "$work/admin" >said
second=$(offered ${a}1)
refused "under the next nonce the old payload is a replay" payload-replayed ${a}1 $imei "$good"
refused "who has the device's key but not the old KME cannot renew" no-consent ${a}1 $imei "$(payload ${a}1 $imei "$second" device | field 1)"
refused "nor with the consent of a wrong one" signature ${a}1 $imei "$(payload ${a}1 $imei "$second" device consent="$(random_hex 16)" | field 1)"
refused "who once saw KME and signature cannot wrap them anew" signature ${a}1 $imei \
  "$(payload ${a}1 $imei "$second" device kme="$kme" rme="$rme" sign-nonce="$nonce" | field 1)"
refused "another device of the manufacturer is not on the list" imei-not-authorised ${a}1 $other \
  "$(payload ${a}1 $other "$second" stranger | field 1)"
renewed=$(payload ${a}1 $imei "$second" device consent="$kme")
same "with its consent it is renewed" "2001 barred $(field 4 <<<"$renewed")" \
  "$(raw ulr ${a}1 $imei knows "$(field 1 <<<"$renewed")" | cut -d' ' -f1-3)"
field 2 <<<"$renewed" >>secrets
refused "a delayed one of the nonce before is refused" nonce-used ${a}1 $imei "$good"
same "whatever was wrong, the answer was the same" 1 "$(sort -u digests | wc -l)"

echo "# a second one racing the first"
learner racer ${a}3
nonce=$(offered ${a}3)
one=$(payload ${a}3 $imei "$nonce" device) two=$(payload ${a}3 $imei "$nonce" device)
raw ulr ${a}3 $imei knows "$(field 1 <<<"$one")" >race.1 &
first=$!
raw ulr ${a}3 $imei knows "$(field 1 <<<"$two")" >race.2 2>&1 || true
wait "$first"
same "one of the two is taken" "2001 5012" "$(cat race.1 race.2 | cut -d' ' -f1 | sort | tr '\n' ' ' | sed 's/ $//')"
holds "there is one key" bound ${a}3 $imei

echo "# another subscription, another operator's"
learner neighbour ${a}4
nonce=$(offered ${a}4)
refused "what one subscription's nonce was answered with is nothing to another" payload-not-opened ${a}4 $imei \
  "$(payload ${a}4 $imei "$second" device | field 1)"
refused "nobody asked for it" not-asked ${a}2 $imei "$(learner idle ${a}2 >/dev/null; payload ${a}2 $imei "$nonce" device | field 1)"
holds "the first one's key is untouched" bound ${a}1 $imei
same "whatever was wrong, the answer was the same" 1 "$(sort -u digests | wc -l)"

echo "# an MME that cannot"
raw_mme=mme-b
same "who has not said that it carries payloads carries none" "5012 - -" \
  "$(raw ulr ${a}4 $imei ignorant "$(payload ${a}4 $imei "$nonce" device | field 1)" | cut -d' ' -f1-3)"
holds "nothing came of it" bash -c "! grep -q '\"has_kme\": *true' <(curl -s --unix-socket '$work/admin' http://hss/v1/subscribers/${a}4)"
raw_mme=mme-a

echo "# old challenges"
#= test kme-revoke-vectors
vector=$(raw air ${a}1 ignorant)
rand=$(field 4 <<<"$vector") autn=$(field 5 <<<"$vector")
same "the device's own key answers" answered "$(raw try "$work" victim "$(field 2 <<<"$renewed")" "$rand" "$autn")"
same "the one before does not" mac-failure "$(raw try "$work" victim "$kme" "$rand" "$autn")"
same "a device without one does not" no-kme "$(raw try "$work" victim - "$rand" "$autn")"
cli device rebind ${a}1 --imei $other --socket "$work/admin" >said
nonce=$(offered ${a}1)
rebound=$(payload ${a}1 $other "$nonce" stranger)
same "the subscription is rebound" "2001 barred $(field 4 <<<"$rebound")" \
  "$(raw ulr ${a}1 $other knows "$(field 1 <<<"$rebound")" | cut -d' ' -f1-3)"
field 2 <<<"$rebound" >>secrets
same "a challenge of before is worth nothing in the new device" mac-failure \
  "$(raw try "$work" victim "$(field 2 <<<"$rebound")" "$rand" "$autn")"
vector=$(raw air ${a}1 ignorant)
same "nor is a challenge of now in the old one" mac-failure \
  "$(raw try "$work" victim "$(field 2 <<<"$renewed")" "$(field 4 <<<"$vector")" "$(field 5 <<<"$vector")")"

echo "# a nonce that has expired"
stop "$hss_pid"
sed -i 's/^kme: {nonce_seconds: 120/kme: {nonce_seconds: 10/' hssd.yaml
hss_start
learner slow ${a}5
nonce=$(offered ${a}5)
late=$(payload ${a}5 $imei "$nonce" device | field 1)
expires=$(admin GET "/v1/subscribers/${a}5" | tr -d ' \n' | grep -oP '"expires":\K[0-9]+')
has_expired() { [ "$(date +%s)" -gt "$expires" ]; }
holds "its time passes" wait_for 60 has_expired
refused "then its payload is worth nothing" nonce-expired ${a}5 $imei "$late"
same "the next one who asks gets another nonce" 1 "$(offered ${a}5 | grep -vc "$nonce")"
refused "to which the payload of before does not open" payload-not-opened ${a}5 $imei "$late"
stop "$hss_pid"
sed -i 's/^kme: {nonce_seconds: 10/kme: {nonce_seconds: 120/' hssd.yaml
hss_start

# ---- over the air --------------------------------------------------------------------------------

echo "# over the air"
kme_mme mme-a "$s1"
sed -i -E 's/(t34[567]0_seconds): 1/\1: 5/g' mme-a.yaml # nothing is lost here, and nothing is to be said twice
mme_start mme-a
learner street ${a}6
made_here() { # NAME IMEI: a device of that IMEI with the street's SIM, and the key that is published
  fresh "$1" street "$2" 2026-07 -
}
# rejected CAUSE NAME [OPTION...]
rejected() { at 1 "#$1" "${@:2}"; }
mme_named() { wait_for 60 mme_event mme-a "$1"; }
made_here mine $imei
made_here his $other
cp mine.json mine.fresh
holds "it answers without a KME" rejected 17 mine --proof-key device.key --no-kme
holds "by its name" mme_named device-without-kme
holds "a KME with one bit changed on the way" rejected 17 mine --proof-key device.key --tamper-kme
holds "by its name" refusal payload-not-opened ${a}6
holds "one for another subscription and device" rejected 17 mine --proof-key device.key --kme-for "${a}1/$other"
holds "by its name" mme_named kme-not-carried
holds "one for another subscription" rejected 17 mine --proof-key device.key --kme-for "${a}1/$imei"
holds "somebody else's device, which reports this IMEI" rejected 17 his --proof-key stranger.key --as-imei $imei
holds "by its name" refusal signature ${a}6
holds "nothing of it is in the home network" bash -c "! curl -s --unix-socket '$work/admin' http://hss/v1/subscribers/${a}6 | grep -q '\"has_kme\": *true'"
#= test kme-no-bearer
asks_for_bearer() {
  at 0 registered mine --proof-key device.key --ask-bearer --record-kme recorded &&
    [ "$(grep -c 'bearer 5' ue.out)" = 1 ] && grep -q 'RAND encrypted under KME: the USIM answered' ue.out
}
holds "a device that asks for a bearer meanwhile gets none, is provisioned and then has one" asks_for_bearer
holds "by its name" mme_named bearer-not-now
holds "there is one key" bound ${a}6 $imei
device_secrets mine
cli device rebind ${a}6 --renew --socket "$work/admin" >said
cp mine.json mine.bound
holds "what it offered is recorded, and sent to another nonce" rejected 17 mine --proof-key device.key --replay-kme recorded
holds "by its name" refusal payload-replayed ${a}6
cp mine.bound mine.json
holds "afterwards it renews its key" attaches mine --proof-key device.key
same "which is another" 1 "$([ "$(kme_of mine)" != "$(kme_of mine.bound 2>/dev/null || tr -d ' \n' <mine.bound | grep -oP '"kme":"\K[0-9a-f]{32}')" ] && echo 1)"
device_secrets mine
learner quiet ${a}7
fresh quiet quiet $imei 2026-07 -
holds "a device that does not cipher is not asked for a key, and gets no service" \
  rejected 17 quiet --proof-key device.key --capabilities eea0,eia2 --allow-eea0
holds "by its name" mme_named no-common-algorithm

echo "# secrets"
stop "$mme_pid"
stop "$hss_pid"
holds "no KME, nothing of P and Q and no key of a subscriber is in a log or in the store" \
  secrets_hidden hss.log mme-a.log repo.log hss.db*
finish
