#!/usr/bin/env bash
# Backups of the stores of bindery-arpfd, bindery-dausfd and bindery-rsmfd, made while they serve and
# write, and put in place again: what they recorded after the backup is not forgotten, or somebody said
# that it may be. Then the HSS's: a USIM that went on after the backup is served without a
# resynchronisation, and the HSS says that it was restored. Kills at each step are
# test/store/store_kill_test.c's. The command is src/cli/backup.c; the lines and the event are
# src/nf/common/store_note.c's and src/nf/hssd/backups.c's.
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
first=35693805000000
# shellcheck disable=SC2034 # two of them by name: ${!each}
arpf=op/arpf/arpfd.yaml dausf=op/discovery/dausfd.yaml rsmf=op/rsmf/rsmfd.yaml
store_of() { echo "$(dirname "$1")/$(sed -n 's/^store: *//p' "$1")"; }
copy() { cli backup create --store "$(store_of "$1")" --out "$2.backup"; }
again() { [ "$(release $one times)" -ge "$1" ]; }
says_restored() { grep '"event":"store-restored"' "$work/op-$1.now" | grep -q '"loss":'"$2"; }

operator op
quick
everyone
made 0 2 >said
sp arpf "$(arpf_link)" >said
ordered >said
offered >said
becomes $one pushed 60

echo "# while they serve and write"
#= test op-backup
while :; do offered >writes 2>&1; done &
load=$!
pids+=("$load")
for each in arpf dausf rsmf; do
  holds "a backup of the ${each}'s store is made" copy "${!each}" $each
  holds "and verifies" cli backup verify $each.backup --config "${!each}"
done
cp dausf.backup damaged.db
sqlite3 damaged.db "UPDATE entry SET challenge = CAST(substr(challenge, 1, 20) || CASE substr(challenge, 21, 1)
  WHEN x'00' THEN x'01' ELSE x'00' END || substr(challenge, 22) AS BLOB) WHERE challenge IS NOT NULL"
cli backup create --store damaged.db --out damaged.backup >said
rc=0
cli backup verify damaged.backup --config "$dausf" >said 2>&1 || rc=$?
same "a challenge with one octet damaged is found" 1 "$rc"
holds "and named" grep -qE 'entry.challenge of IMSI [0-9]+ does not open' said
rm damaged.*
kill "$load" && wait "$load" 2>/dev/null || true
holds "the ARPF went on with the release that it had" again 1

echo "# after the backup"
becomes $two pushed 60
holds "a device goes all the way" switched_on 0 registered $first
holds "the operator knows it" becomes "$one" "done" 60
same "its dIMSI is spent" spent "$(entry $one phase)"
same "its profile was delivered" 1 "$(delivered confirmed)"

echo "# restored"
#= test op-restore
rc=0
cli restore arpf.backup --config $arpf >said 2>&1 || rc=$?
same "under an ARPF that runs it is refused" 1 "$rc"
holds "by the process that holds the store" grep -q "held by process ${pid_of[op-arpfd]}" said
for each in arpf dausf rsmf; do
  halt op "${each}d"
  holds "the ${each}'s backup is put in place" cli restore $each.backup --config "${!each}"
  party_up "${each}d"
  holds "it says so" wait_for 60 says_restored "${each}d" false
done
same "the ARPF knows both releases" "001-01 001-01" "$(release $one target) $(release $two target)"
same "the challenge that was used up is" spent "$(entry $one phase)"
same "the profile is not delivered again" 1 "$(delivered confirmed)"

echo "# a record that is lost"
halt op arpfd
rm "$(store_of $arpf)"*
rc=0
cli restore arpf.backup --config $arpf >said 2>&1 || rc=$?
same "a restore that forgets is refused" 1 "$rc"
holds "until somebody says that it may" grep -q -- '--accept-loss' said
holds "which he does" cli restore arpf.backup --config $arpf --accept-loss
party_up arpfd
holds "the ARPF says it" wait_for 60 says_restored arpfd true
for each in arpfd dausfd rsmfd mmed; do halt op $each; done

echo "# the HSS, and a USIM that goes on after its backup"
authenticates() { cli authenticate --device meter.json --dir op -n 5 -a "$1" >went 2>&1; }
random_hex 16 >k.hex
random_hex 16 >opc.hex
cat >row.ndjson <<J
{"imsi":"001010000000099","algorithm":"milenage","k":"$(cat k.hex)","opc":"$(cat opc.hex)","policy":"open","profile":"default"}
J
holds "a subscription is there" cli import row.ndjson --dir op
cli device file --imsi 001010000000099 --imei 35693803564380 --k-file k.hex --opc-file opc.hex -o meter.json >said
holds "its USIM authenticates" authenticates 2
holds "a backup is made" cli backup create --store op/hss.db --out hss.backup
holds "the USIM goes on" authenticates 40
halt op hssd
holds "the backup is put in place" cli restore hss.backup --config op/hssd.yaml
daemon op hssd
holds "the USIM authenticates" authenticates 3
same "and had no number too low" "" "$(grep -iE 'resync|synch-failure|AUTS' went || true)"
events_of() { cli events --from hss --dir op --json >events.now 2>&1; grep -c '"store-restored"' events.now; }
wait_for 60 events_of || true
same "the HSS has one event of it" 1 "$(events_of)"
sum=$(sha256sum <hss.backup | cut -d' ' -f1)
holds "with the backup's SHA-256" grep -q "SHA-256 $sum" events.now
holds "and an entry in the audit log" bash -c "'$BINDERY_BUILD/bindery' audit list --dir op --json | grep -q store-restored"
halt op hssd
daemon op hssd
same "which another start does not repeat" 1 "$(events_of)"
finish
