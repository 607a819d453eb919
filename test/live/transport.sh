#!/usr/bin/env bash
# Keys under transport keys, with everything running: a SIM maker's file goes in, an export comes out
# and goes into a second HSS, and devices with the keys that the openssl command decrypts are
# authenticated by both. No key is in any log, audit entry, metric, event or trace.
#
# The verbs are src/cli/import.c and src/cli/export.c; the HSS's side is src/nf/hssd/admin_export.c,
# src/nf/hssd/admin_row_transport.c and src/nf/hssd/transport_keys.c.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
export NO_COLOR=1 LC_ALL=C.UTF-8
unset BINDERY_SOCKET BINDERY_DIR BINDERY_SERVER
bindery=$BINDERY_BUILD/bindery
tree=$live_here/../..
umask 077
cd "$work"

ends() { # STATUS PART COMMAND...
  local wanted=$1 part=$2 status=0
  shift 2
  "$@" >said 2>&1 </dev/null || status=$?
  [ "$status" = "$wanted" ] && grep -qF -- "$part" said || { echo "$status"; cat said; return 1; }
}
at() { local home=$1; shift; "$bindery" "$@" --dir "$home"; }
start() { # HOME
  holds "$1: everything starts" ends 0 "bindery-hssd" at "$1" up -d --port 0 --tls-port 0 --s1-port 0 --repo-port 0
  pids+=("$(at "$1" up -d 2>&1 | sed -n 's/.*(process \([0-9]*\)).*/\1/p' || true)")
}
stop() { holds "$1: it stops" ends 0 "stopped" at "$1" down; }
# The clear octets of one encrypted field, in hex: what openssl makes of them.
opened_ecb() { xxd -r -p <<<"$2" | openssl enc -d -aes-128-ecb -nopad -K "$1" | xxd -p -c 64; }
opened_kw() { xxd -r -p <<<"$2" | openssl enc -d -aes256-wrap -iv A6A6A6A6A6A6A6A6 -K "$1" | xxd -p -c 64; }

start one
start two

echo "# a SIM maker's file"
demo_key=$(<one/sim-maker.key)
holds "a dry run takes the example" ends 0 "would be: 3 added" at one import --dry-run "$tree/demo/sim-maker.out"
holds "the import takes it" ends 0 "3 added, 0 changed, 0 unchanged, 0 refused" at one import "$tree/demo/sim-maker.out"
holds "from a pipe too" ends 0 "3 unchanged" bash -c "cat '$tree/demo/sim-maker.out' | '$bindery' import - --dir one"
sed 's/^Transport_key: .*/Transport_key: 7/' "$tree/demo/sim-maker.out" >seven.out
holds "a transport key that the HSS has not is refused" ends 1 "no transport key of this name" at one import seven.out
holds "unless whoever imports names another" ends 0 "3 unchanged" at one import seven.out --transport-key sim-maker
sed '0,/^00101/s/ [0-9A-F]\{6\}$/ 000000/' "$tree/demo/sim-maker.out" >kcv.out
holds "a key that is not that of its check value is refused" ends 1 "is not the one that this check value is of" at one import kcv.out
sed '$d' "$tree/demo/sim-maker.out" >cut.out
holds "a file that was cut off is told" ends 1 "Quantity says 3 rows and there are 2" at one import cut.out
chmod 644 one/sim-maker.key
holds "a key file that others may read stops the import" ends 1 "chmod 600" at one import "$tree/demo/sim-maker.out"
chmod 600 one/sim-maker.key

echo "# out of one HSS and into another"
holds "without --keys there are none" ends 0 "without keys" at one export bare.ndjson
same "and every row says so" 3 "$(grep -c '"keys":"left-out"' bare.ndjson)"
holds "such rows make no subscriber" ends 1 "3 refused" at two import bare.ndjson
holds "keys do not leave under the SIM maker's key" ends 1 "export: true" at one export --keys --transport-key sim-maker no.ndjson
holds "and no file is left" test ! -e no.ndjson
holds "--keys wants a transport key" ends 2 "go together" at one export --keys
holds "a subscriber has more than keys" ends 0 "" at one subscriber set 001010000004001 --msisdn 491700000001
# The later one has the greater sequence numbers, which the first import brings: the other's are not above them.
holds "the export, as CSV" ends 0 "3 subscribers" at one export --keys --transport-key export out.csv
holds "and as NDJSON" ends 0 "3 subscribers" at one export --keys --transport-key export out.ndjson
same "nobody else may read it" 600 "$(stat -c %a out.ndjson)"
holds "a file that is there stays" ends 1 "File exists" at one export out.ndjson
holds "under another key of the same name nothing opens" ends 1 "3 refused" at two import out.ndjson
same "and that is the reason" 1 "$(at two import --json out.ndjson | jq -r '[.refusals[].problem] | unique | if . == ["transport-key-wrong"] then 1 else . end')"
cp one/export.key two/export.key
holds "under the same key all of it is taken" ends 0 "3 added" at two import out.ndjson
holds "and the CSV is the same" ends 0 "3 unchanged" at two import out.csv
holds "what the second HSS exports" ends 0 "3 subscribers" at two export --keys --transport-key export again.ndjson
without_sqn() { jq -cS 'del(.sqn)' "$1"; }
same "is what the first did" "$(without_sqn out.ndjson)" "$(without_sqn again.ndjson)"

echo "# openssl opens it, and devices with these keys are authenticated by both"
export_key=$(<one/export.key)
secrets=("$demo_key" "$export_key")
while read -r imsi _ _ _ _ _ _ ki opc _; do
  k=$(opened_ecb "$demo_key" "$ki") o=$(opened_ecb "$demo_key" "$opc")
  secrets+=("$k" "$o")
  same "$imsi: K of the export is that of the SIM maker" "$k" \
    "$(opened_kw "$export_key" "$(jq -r "select(.imsi == \"$imsi\").k_encrypted" out.ndjson)")"
  same "$imsi: and so is OPc" "$o" \
    "$(opened_kw "$export_key" "$(jq -r "select(.imsi == \"$imsi\").opc_encrypted" out.ndjson)")"
  echo "$k" >k.keys
  echo "$o" >opc.keys
  at one device file --imsi "$imsi" --imei 35693803564380 --k-file k.keys --opc-file opc.keys -o "$imsi.json" >/dev/null
  holds "$imsi: the first HSS authenticates it" ends 0 authenticated at one authenticate --device "$imsi.json" --trace "one-$imsi.pcapng"
  holds "$imsi: and then the second" ends 0 authenticated at two authenticate --device "$imsi.json" --trace "two-$imsi.pcapng"
  same "$imsi: whose sequence numbers went on" 0 "$(grep -ciE 'resync|synch' said || true)"
done < <(grep '^00101' "$tree/demo/sim-maker.out")

echo "# the audit log, and what must be nowhere"
at one audit export audit.ndjson >/dev/null 2>&1
same "each page that had keys is in the audit log" 2 "$(grep -c '"outcome":"exported"' audit.ndjson)"
same "with the transport key's name" "export export" "$(jq -r 'select(.outcome == "exported").after | (fromjson? // .).transport_key' audit.ndjson | xargs)"
curl -s --unix-socket one/admin.sock http://x/metrics >metrics.txt
at one events --json >events.json 2>&1 || true
stop one
stop two
# finds FILE... : whichever has a secret, in hex of either case or as octets.
finds() {
  local secret octets found=1
  for secret in "${secrets[@]}"; do
    octets=$(fold -w 2 <<<"$secret" | sed 's/^/\\x/' | tr -d '\n')
    if grep -rliF --exclude='*.key' -e "$secret" "$@" || LC_ALL=C grep -rlaP --exclude='*.key' -e "$octets" "$@"; then
      found=0
    fi
  done
  return "$found"
}
nowhere() { ! finds "$@"; }
tr a-f A-F <<<"${secrets[2]}" >control-hex
xxd -r -p <<<"${secrets[2]}" >control-octets
holds "a key in hex would be found" finds control-hex
holds "and its octets would" finds control-octets
holds "no key is in a store, log, export, audit entry, metric, event or trace" \
  nowhere one two audit.ndjson metrics.txt events.json out.ndjson out.csv again.ndjson ./*.pcapng
same "and there were keys to look for" 8 "${#secrets[@]}"
finish
