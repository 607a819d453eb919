#!/usr/bin/env bash
# Devices that make their own KME: a manufacturer with a lot, a repository, an HSS and MMEs as processes
# of their own. A fresh device is provisioned and attaches under its own key; lists, renewal and rebinding;
# MMEs that know nothing of it; the repository away; a street of them on a bad line; what the traces show.
#
# What carries it is src/nf/hssd/provision_offer.c and src/nf/hssd/provision_take.c with src/nf/hssd/kme_pool.c and
# src/nf/hssd/lots.c, src/nf/mmed/emm_provision.c in bindery-mmed, and src/cli/device_rebind.c.
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
hss_start --trace "$work/hss.pcapng" --trace-secrets
kme_mme mme-a "$s1"
mme_start mme-a --trace "$work/mme.pcapng" --trace-secrets
a=00101000000003 t=35693803

# ---- lots ----------------------------------------------------------------------------------------

echo "# lots"
#= test kme-lot kme-lots-travel
holds "the manufacturer makes a lot" lot 2026-07 "${t}000000-${t}499999"
cp .held made.said
holds "its file for devices says the modulus" grep -q '"exponent": *65537' "$lots/2026-07.lot.json"
same "and nothing of P and Q" "" "$(grep -oE '"[pq]"' "$lots/2026-07.lot.json" || true)"
lot_secrets 2026-07
same "its file for the operator is encrypted to him, and has P and Q" 2 "$(wc -l <secrets)"
same "which stand there not in clear" "" "$(grep -c 'bindery_lot_key' "$lots/2026-07.lot.cms" | grep -v '^0$' || true)"
holds "the operator imports it" take_lot 2026-07
cp .held imported.said
finger() { grep -oE '[0-9a-f]{64}' "$1" | head -1; }
same "both have read the same fingerprint" "$(finger made.said)" "$(finger imported.said)"
same "which is the SHA-256 of N" "$(finger made.said)" \
  "$(grep -oP '"modulus": *"\K[0-9a-f]+' "$lots/2026-07.lot.json" | perl -ne 'chomp; print pack "H*", $_' | sha256sum | cut -d' ' -f1)"
holds "the same again changes nothing" take_lot 2026-07
cli lot list --socket "$work/admin" >lots.said
holds "it is in the list" grep -q 2026-07 lots.said
lot other "${t}499999-${t}600000" >/dev/null
overlap() { ! take_lot other >said 2>&1 && grep -q 2026-07 said && grep -q other said; }
holds "another that covers one of its IMEIs is refused, and both are named" overlap
lot next "${t}500000-${t}899999" >/dev/null
lot_secrets next
holds "one beside it is not" take_lot next
sed -i 's/AAA/AAB/; 8s/./Q/' "$lots/other.lot.cms"
refuses() { ! "$@"; }
holds "a file that was altered is refused" refuses take_lot other

# ---- a fresh device ------------------------------------------------------------------------------

echo "# a fresh device"
#= test kme-1 kme-2 kme-4a kme-next kme-events
made meter ${a}1 ${t}000001 2026-07
holds "no key is in the device" refuses kme_of meter
holds "it attaches, is provisioned and attaches again" attaches meter
cp ue.out meter.out
holds "the second time with a challenge that is encrypted" grep -q "RAND encrypted under KME: the USIM answered" meter.out
holds "the home network has a key for this device and no other" bound ${a}1 ${t}000001
holds "and knows that it was used" wait_for 60 used ${a}1
for name in provisioning-offered provisioned kme-in-use; do
  holds "there is an event $name" wait_for 60 event $name ${a}1
done
same "provisioned tells device and lot" 1 "$(admin GET "/v1/events?name=provisioned" | tr -d ' \n' |
  grep -oE '\{"[^{}]*\}' | grep -F ${a}1 | grep -F ${t}000001 | grep -c 2026-07)"
cli events --json --socket "$work/mme-a.sock" --name provisioned >mme.events
holds "the MME tells of it" grep -q ${a}1 mme.events
cli device show ${t}000001 --socket "$work/admin" >shown
holds "bindery device show tells the lot" grep -q 2026-07 shown
cli subscriber show ${a}1 --socket "$work/admin" >shown
holds "bindery subscriber show tells the device" grep -q ${t}000001 shown
before=$(kme_of meter)
holds "it attaches again" attaches meter
same "with the same key" "$before" "$(kme_of meter)"
device_secrets meter

echo "# its SIM in another device"
#= test kme-list
fresh thief meter ${t}000002 2026-07
publish_public ${t}000002 thief.pub >/dev/null
holds "is refused, although that one has a key that is published and a lot" at 1 "AUTHENTICATION REJECT" thief
fresh thief meter ${t}000002 2026-07
holds "with the IMEI of the first too" at 1 "AUTHENTICATION REJECT" thief --as-imei ${t}000001
same "and there is still one device" 1 "$(admin GET "/v1/subscribers/${a}1" | grep -c '"imei"' || true)"

echo "# a list"
learner listed ${a}2 ${t}000003
fresh stranger listed ${t}000004 2026-07
publish_public ${t}000004 stranger.pub >/dev/null
holds "a device that is not on the list is not bound" at 1 "#17" stranger
holds "by its name" refusal imei-not-authorised ${a}2
fresh listed listed ${t}000003 2026-07
holds "one that is, but whose key nobody has published, is not" at 1 "#17" listed
holds "by its name" refusal device-key ${a}2
publish_public ${t}000003 listed.pub >/dev/null
holds "and is when it was published" wait_for 60 attaches listed
holds "with one key" bound ${a}2 ${t}000003
# told ID LOT RANGE: what a device is told that has another lot's modulus, or a lot that nobody imported
told() { perl -0777 -pe "s/(\"ranges\": *)\\[[^]]*\\]/\${1}[\"$3\"]/" "$lots/$2.lot.json" >"$lots/$1.lot.json"; }
told lie1 2026-07 "${t}900000-${t}900009"
told lie2 2026-07 "${t}500000-${t}500009"
made nolot ${a}3 ${t}900001 lie1
holds "a device of no lot is not bound" at 1 "#17" nolot
holds "by its name" refusal no-lot ${a}3
made wronglot ${a}4 ${t}500001 lie2
holds "nor one that was given another lot's modulus" at 1 "#17" wronglot
holds "by its name" refusal other-lot ${a}4
fresh without nolot ${t}000005 -
holds "nor one that knows nothing of it" at 1 "#17" without
holds "which the MME tells" mme_event mme-a device-without-kme

# ---- renewal, rebinding --------------------------------------------------------------------------

echo "# renewal and rebinding"
#= test kme-rebind
cli device rebind ${a}1 --renew --socket "$work/admin" >said
holds "an operator asks for a renewal" wait_for 60 event renewal-asked ${a}1
holds "the device makes another key" attaches meter
same "which is another" 1 "$([ "$before" != "$(kme_of meter)" ] && echo 1)"
holds "the home network has one" bound ${a}1 ${t}000001
device_secrets meter
before=$(kme_of meter)
cli device rebind ${a}1 --imei ${t}000006 --socket "$work/admin" >said
holds "he approves of another device" wait_for 60 event rebind-approved ${a}1
holds "until that is bound, the old one is served under its key" attaches meter
same "which stays as it is" "$before" "$(kme_of meter)"
fresh second meter ${t}000006 2026-07
publish_public ${t}000006 second.pub >/dev/null
holds "the new one is" attaches second
holds "and takes its place" bound ${a}1 ${t}000006
device_secrets second
holds "the SIM does not work in the old one any more" at 1 "AUTHENTICATION REJECT" meter
holds "a wish can be withdrawn" cli device rebind ${a}1 --withdraw --socket "$work/admin"
holds "and the device is served as before" attaches second

# ---- MMEs that know nothing of it ----------------------------------------------------------------

echo "# MMEs that know nothing of it"
#= test kme-3 kme-enforced
made later ${a}5 ${t}000007 2026-07
b_port=0
free_port b_port
mme_config mme-b "s1-tcp://127.0.0.1:$b_port" "serve: true" "reuse_security: false"
a_pid=$mme_pid
mme_start mme-b --trace "$work/mme-b.pcapng"
at_b() { s1=s1-tcp://127.0.0.1:$b_port at "$@"; }
holds "a subscription that is to be bound gets no service there" at_b 1 "#17" later
holds "because of what it owes" event_with provisioning-owed ${a}5
stop "$mme_pid"
mme_pid=$a_pid
raw_mme=mme-b
same "there its vectors are regular, and there is no offer" "2001 - regular" "$(raw air ${a}5 ignorant | cut -d' ' -f1-3)"
same "its registration is refused" "5012 - -" "$(raw ulr ${a}5 ${t}000007 ignorant - | cut -d' ' -f1-3)"
same "with another IMEI too" "5012 - -" "$(raw ulr ${a}5 ${t}000099 ignorant - | cut -d' ' -f1-3)"
same "and without one" "5012 - -" "$(raw ulr ${a}5 - ignorant - | cut -d' ' -f1-3)"
same "one that says that it could, and brings nothing, is refused" "5012 - -" "$(raw ulr ${a}5 ${t}000007 knows - | cut -d' ' -f1-3)"
authenticated() {
  local status=0
  cli authenticate --device "$work/$2.json" --origin-host "$mme_b" --realm "$realm" --peer "tcp://127.0.0.1:$hss_port" \
    >said 2>&1 || status=$?
  [ "$status" = "$1" ] || { echo "status $status"; cat said; return 1; }
}
holds "bindery authenticate has no success with it" authenticated 1 later
holds "at the first MME it is provisioned" attaches later
device_secrets later
holds "and then there is service everywhere" authenticated 0 later
same "with encrypted challenges" "2001 - processed" "$(raw air ${a}5 ignorant | cut -d' ' -f1-3)"
cli device rebind ${a}5 --renew --socket "$work/admin" >said
same "while a renewal is wanted, vectors there are as they were" "2001 - processed" "$(raw air ${a}5 ignorant | cut -d' ' -f1-3)"
same "and so is service" "2001 served -" "$(raw ulr ${a}5 ${t}000007 ignorant - | cut -d' ' -f1-3)"
raw_mme=mme-a

# ---- the repository is away ----------------------------------------------------------------------

echo "# the repository is away"
#= test kme-8
made waiting ${a}6 ${t}000008 2026-07
kill -STOP "$repo_pid"
holds "nobody can be provisioned" at 1 "#17" waiting
holds "because nobody knows the device's key" refusal device-key ${a}6
holds "who has a key is served" attaches second
kill -CONT "$repo_pid"
holds "when it is back, so is who waited" wait_for 60 attaches waiting
device_secrets waiting

# ---- a street ------------------------------------------------------------------------------------

echo "# a street, on a bad line"
#= test kme-no-lockout
(umask 077 && random_hex 16 >seed)
"$BINDERY_BUILD/bindery-ue" lot --count 12 --imsi 001011000000000 --imei ${t}600000 --key-seed-file seed --out lot.csv
awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "policy") p = i; if ($i == "kme") m = i; if ($i == "imei") e = i } }
  NR > 1 { if (p) $p = "learn"; if (m) $m = "" ; if (e) $e = "" } { print }' lot.csv >lot-learn.csv
cli import lot-learn.csv --socket "$work/admin" >said
cli device make --count 12 --tac ${t} --first 600000 --form public-key --out lot >said
holds "the manufacturer publishes in bulk" cli binding publish lot/bindings.ndjson \
  --url "https://localhost:$repo_port" --client-certificate "$maker_dir/maker.crt" \
  --ca "$maker_dir/repo-ca.crt" --signer operator/records.pub
holds "12 devices are provisioned and registered on a line that loses, repeats and delays" \
  ue 0 "Registered            12" run --mme "$s1" --lot lot.csv --identities lot --unbound --kme-lot "$lots/next.lot.json" --rate 12 --persist \
  --timeout 90s --faults lose=3,repeat=5,delay=5,delay-ms=50,seed=2
holds "some of what they sent was lost" grep -qE 'lost [1-9]' ue.out
provisioned() { cli events --json --socket "$work/admin" --name provisioned | grep -o '00101100000[0-9]*' | sort -u | wc -l; }
all_are() { [ "$(provisioned)" = 12 ]; }
wait_for 60 all_are || true
same "all of them" 12 "$(provisioned)"

# ---- asked first ---------------------------------------------------------------------------------

echo "# the provisioning MME is asked first"
stop "$mme_pid"
sed -i 's/^mme_group_id: .*/mme_group_id: 32770/' mme-b.yaml
echo 'relative_capacity: 1' >>mme-b.yaml
cp mme-a.yaml mme-a.before
echo 'reroute_group_id: 32770' >>mme-a.yaml
mme_start mme-b
b_pid=$mme_pid
mme_start mme-a
made handed ${a}8 ${t}000010 2026-07
holds "a fresh device is provisioned there, and then handed on to the ordinary MME" \
  at 0 registered handed --mme "s1-tcp://127.0.0.1:$b_port" --reroute
device_secrets handed
at_the_other() { [ "$(mme_count mme-b attaches)" = 1 ]; }
wait_for 60 at_the_other || true # it counts when the device has confirmed
same "one was handed on" 1 "$(mme_count mme-a rerouted)"
same "and nobody attached there" 0 "$(mme_count mme-a attaches)"
same "but at the other one" 1 "$(mme_count mme-b attaches)"
stop "$mme_pid"
stop "$b_pid"
mv mme-a.before mme-a.yaml
mme_start mme-a --trace "$work/mme2.pcapng" --trace-secrets

# ---- a restart -----------------------------------------------------------------------------------

echo "# a restart"
stop "$hss_pid" KILL
hss_start --trace "$work/hss2.pcapng"
wait_for 60 mme_is_up mme-a
holds "who was bound is served" attaches second
made afterwards ${a}7 ${t}000009 2026-07
holds "lots are still there" attaches afterwards
device_secrets afterwards
holds "one can be removed" cli lot remove next --socket "$work/admin"

# ---- the traces ----------------------------------------------------------------------------------

echo "# traces"
#= test kme-sealed
for pid in "${pids[@]}"; do
  [ "$pid" = "$hss_pid" ] || stop "$pid"
done
holds "the HSS stops in good order" hss_stop
frames() {
  WIRESHARK_CONFIG_DIR=$work/wireshark tshark -o nas-eps.null_decipher:FALSE -n -r "$1" -Y "$2" \
    -T fields -e frame.number 2>/dev/null | grep -c . || true
}
for file in mme.pcapng mme2.pcapng mme-b.pcapng hss.pcapng hss2.pcapng; do
  all=$(frames $file frame)
  same "tshark reads all $all messages of $file" "$all" "$(frames $file "s1ap || nas-eps || diameter || http")"
  same "and none is malformed" 0 "$(frames $file _ws.malformed)"
done
"$BINDERY_BUILD/bindery" trace mme.pcapng hss.pcapng >drawn
for step in 1 2 4 5 7 8 10 11; do
  holds "bindery trace draws step $step" grep -qE "\(kme ([0-9]+, )*$step\b" drawn
done
holds "no KME, nothing of P and Q, no key of a subscriber or of the store is in a log, a store or a trace" \
  secrets_hidden hss.log mme-a.log mme-b.log repo.log hss.db* mme.pcapng mme2.pcapng mme-b.pcapng hss.pcapng hss2.pcapng drawn
finish
