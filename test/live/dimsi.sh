#!/usr/bin/env bash
# First attach with a discovery IMSI, every step and every party a process of its own: maker, service provider,
# ARPF, target AUSF, discovery AUSF, RSMF, devices with secure elements, at home and in a network whose MME has
# none of what is private here. What each party then has; what traces, logs and stores tell, and what they do not.
#
# What carries it is src/cli/sp.c with src/cli/device_se.c and src/cli/dimsi.c, bindery-arpfd, bindery-dausfd,
# bindery-rsmfd, and bindery-hssd with src/nf/hssd/dimsi.c.
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
one=901700000000001 two=901700000000002
first=35693805000000 second=35693805000001

operator op
quick
sed -i 's/visited_plmns: \["001-01"\]/visited_plmns: ["001-01", "001-02"]/' op/hssd.yaml op/discovery/dausfd.yaml
TRACE=1 everyone

echo "# before it is deployed: steps 0-a to 2"
#= test dimsi-0a dimsi-0b dimsi-0c-store dimsi-0d dimsi-0e-ask dimsi-1-imsi dimsi-2 dimsi-release-record
holds "secure elements are made" made 0 10
holds "0-a: the service provider has the ARPF's certificate" sp arpf "$(arpf_link)"
holds "0-b, 0-c: orders, tokens, SE CREDENTIALS" ordered
same "each device has a slot" 10 "$(cat made/*.json | grep -c '"dimsi": *"90170')"
grep -ohP '"(ek|key)": *"\K[^"]{32,}' made/*.json >secrets
holds "0-d: they are offered" offered
for dimsi in $one $two 901700000000010; do
  holds "0-e to 2: $dimsi is with the discovery AUSF" becomes $dimsi pushed
done
same "the ARPF has the release on record" "001-01 1" "$(release $one target) $(release $one times)"
holds "the same offer again changes nothing" offered
same "and its key went out once" 1 "$(release $one times)"
follows() { grep -qE "$1.* $2 " <<<"$(sp follow)"; }
holds "the service provider sees it" follows $one pushed

echo "# the first attach: steps 3 to 11"
#= test dimsi-3 dimsi-5 dimsi-7-replace dimsi-8 dimsi-10 dimsi-11 dimsi-no-service dimsi-erase dimsi-roots dimsi-rsmf-who
holds "one command: dIMSI, IMSI, the operator's own profile" switched_on 0 registered $first
cp ue.out first.out
same "in three attaches" 3 "$(grep -c -- '-> ATTACH REQUEST' first.out)"
holds "it says what came" grep -q "RAND brings IMSI 0010100007" first.out
same "it has the operator's own subscription" own "$(has $first)"
holds "the operator knows that it is done" becomes "$one" "done"
is_spent() { [ "$(entry $one phase)" = spent ]; }
holds "the dIMSI is spent" wait_for 10 is_spent
same "the profile is confirmed" 1 "$(delivered confirmed)"
temporary=$(grep -oP 'RAND brings IMSI \K[0-9]+' first.out)
same "nothing of the temporary subscription is left" "" "$(cli subscriber list --dir op | grep "$temporary" || true)"
same "eK is gone from the device" "" "$(perl -0777 -ne 'print $1 if /"ek": *"([0-9a-f]*[1-9a-f][0-9a-f]*)"/' made/$first.json)"
holds "it attaches again, as any device does" switched_on 0 registered $first
same "with the one attach that takes" 1 "$(grep -c -- '-> ATTACH REQUEST' ue.out)"
about() { grep -qF "\"$one\"" <<<"$(events_named "$1")"; }
for event in dimsi-offered dimsi-allocated dimsi-pushed dimsi-attached dimsi-profile-used dimsi-done; do
  holds "there is an event $event" wait_for 5 about $event
done
cli dimsi show $one --dir op >shown
holds "bindery dimsi show says so too" grep -qE '^phase +done' shown
holds "and who said what of a failure, which there was none" grep -qE "^detail +-\$" shown

echo "# without an RSMF in reach"
holds "it stops after step 10" ue 0 registered attach --mme "$(s1_of op)" --device made/35693805000002.json
same "with the temporary subscription" temporary "$(has 35693805000002)"
holds "the operator waits for step 11" is_phase 901700000000003 attached
holds "which it does the next time" switched_on 0 registered 35693805000002
holds "and it is done" becomes 901700000000003 "done"

echo "# abroad, through an MME that knows nothing of it"
#= test dimsi-plmn dimsi-4 dimsi-6 dimsi-9 dimsi-network
of_abroad=0
free_port of_abroad
sed -e "s/^origin_host: .*/origin_host: mme.$realm/" -e 's/^plmn: .*/plmn: "001-02"/' \
  -e "s#s1-tcp://127.0.0.1:[0-9]*#s1-tcp://127.0.0.1:$of_abroad#" -e 's/mme1\.\(crt\|key\)/mme.\1/' \
  -e 's/socket: mme.sock/socket: abroad.sock/' -e '/^sends_served_imei/d' -e '/^check_imei/d' \
  -e '/^devid:/,/^$/d' -e '/^provisioning:/d' -e '/^  https:/,/^ *role:/d' op/mmed.yaml >op/abroad.yaml
same "none of what is private is on there" 0 "$(grep -cE '^(devid|provisioning|sends_|check_)' op/abroad.yaml || true)"
(cd op && exec "$BINDERY_BUILD/bindery-mmed" --config abroad.yaml --trace "$work/abroad.pcapng") 2>abroad.log >abroad.out &
abroad=$!
pids+=("$abroad")
ln -sf op/abroad.sock abroad.sock
holds "it is up" wait_for 20 mme_is_up abroad
wait_for 20 eval '[ "$(mme_ask abroad /v1/status | tr -d " \n" | grep -o "\"connected\":true" | wc -l)" -ge 2 ]'
holds "a device finds its operator there" ue 0 registered attach --mme "s1-tcp://127.0.0.1:$of_abroad" --plmn 001-02 \
  --device made/$second.json --rsmf "$(rsmf_at)"
holds "and has its own subscription" becomes "$two" "done"
same "as at home" own "$(has $second)"
holds "served by that network" grep -q "GUTI 001-02" ue.out

echo "# many at once, on a bad line"
mkdir many
cp made/3569380500000[3-9].json many/
holds "seven devices find their operator" ue 0 "Registered             7" run --mme "$(s1_of op)" --devices many --rate 20 --persist \
  --faults repeat=10,delay=10,delay-ms=50,seed=3 --timeout 60s
for k in 4 5 6 7 8 9; do
  holds "90170000000000$k was there" becomes "90170000000000$k" attached
done
same "each with an IMSI of its own" 7 "$(cli dimsi list --phase attached --dir op --json | grep -o '"imsi": *"0010100007[0-9]*"' | sort -u | wc -l)"

echo "# traces, logs, stores"
stop "$abroad"
halt op mmed
halt op hssd
for each in arpfd dausfd rsmfd; do halt op $each; done
frames() {
  WIRESHARK_CONFIG_DIR=$work/wireshark tshark -o nas-eps.null_decipher:FALSE -n -r "$1" -Y "$2" \
    -T fields -e frame.number 2>/dev/null | grep -c . || true
}
for file in op-mmed op-hssd op-dausfd abroad; do
  all=$(frames $file.pcapng frame)
  same "tshark reads all $all messages of $file.pcapng" "$all" "$(frames $file.pcapng "s1ap || nas-eps || diameter || http")"
  same "and none is malformed" 0 "$(frames $file.pcapng _ws.malformed)"
done
cli trace op-mmed.pcapng op-hssd.pcapng op-dausfd.pcapng >drawn
for step in 0-e 2 3 4 5 6 7 8 9 10 11; do
  holds "bindery trace draws step $step" grep -qE "\(dimsi ([0-9a-e, -]+, )?$step\b" drawn
done
ln -sf op/kek kek
: >none.sub
holds "no eK, no key of an SE and no key of a store is in a trace, a log or a store" secrets_hidden \
  ./*.log ./*.now op/hss.db* op/arpf/arpf.db* op/discovery/discovery.db* op/rsmf/rsm.db* op/sp/devices/*.json drawn
for each in hssd arpfd dausfd rsmfd; do
  same "nothing in the log of $each is an error" "" "$(grep -hF '"level":"error"' op-$each.log | head -3 || true)"
done
finish
