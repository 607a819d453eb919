#!/usr/bin/env bash
# No key is where it does not belong, in all six daemons: secure elements are made and offered, two devices find
# their operator, one of them gets its own profile, a SIM maker's file goes in and an export comes out, over the
# sockets and over HTTPS, at the level of log that says most and with IMSIs masked. Then every file that a daemon
# wrote, every answer that it gave, its arguments and its environment are searched for the keys of stores, for
# private keys, transport keys, eK, K, OPc, and for K_ASME of the devices with what NAS and the eNB make of it.
# Where the test runs as root the daemons run as nobody. secrets.sh does the same with what an HSS refuses.
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
tree=$(cd "$live_here/../.." && pwd)
cd "$work"
mkdir answers
functions=(hssd mmed repod arpfd dausfd rsmfd)
n=0
# keep COMMAND... : what it says, on either way, is an answer.
keep() {
  n=$((n + 1))
  "$@" >"answers/$n" 2>&1 </dev/null || true
}

# ---- an operator whose daemons are another user's -------------------------------------------------

operator op
quick
declare -A metrics_at
configuration_of() { echo "op/${file_of[$1]:-$1.yaml}"; }
for f in "${functions[@]}"; do
  free_port "metrics_at[$f]"
  printf 'metrics: {listen: "http://127.0.0.1:%s"}\n' "${metrics_at[$f]}" >>"$(configuration_of "$f")"
  sed -i '/^log:/,/^[^ ]/{/^log:/d;/^  /d}' "$(configuration_of "$f")"
  case $f in repod) echo 'log: {level: debug}' ;; *) echo 'log: {level: debug, mask_imsi: true}' ;; esac >>"$(configuration_of "$f")"
done
other=''
if [ "$(id -u)" = 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$BINDERY_BUILD/bindery-hssd"; then
  other=yes
  let_others_pass
  mkdir bin
  for each in bindery bindery-ue; do ln -s "$(realpath "$BINDERY_BUILD/$each")" bin/; done
  for f in "${functions[@]}"; do
    printf '#!/bin/sh\nexec setpriv --reuid 65534 --regid 65534 --clear-groups %q "$@"\n' \
      "$(realpath "$BINDERY_BUILD/bindery-$f")" >"bin/bindery-$f"
    chmod 700 "bin/bindery-$f"
  done
  BINDERY_BUILD=$work/bin
  chown -R 65534:65534 op
fi
ulimit -c unlimited
party_up arpfd
party_up dausfd --trace "$work/op/dausfd.pcapng"
party_up rsmfd
daemon op repod
daemon op hssd --trace "$work/op/hssd.pcapng"
daemon op mmed --trace "$work/op/mmed.pcapng"
wait_for 60 served_by_both

# ---- a session -----------------------------------------------------------------------------------

one=901700000000001 two=901700000000002
holds "secure elements are made" made 0 2
grep -ohP '"key": *"\K[^"]{32,}' made/*.json >elements
holds "the service provider has the ARPF's certificate" sp arpf "$(arpf_link)"
holds "they have dIMSIs" ordered
grep -ohP '"ek": *"\K[0-9a-f]{32,}' made/*.json >secrets
same "and an eK each" 2 "$(wc -l <secrets)"
holds "they are offered" offered
for dimsi in $one $two; do holds "$dimsi is with the discovery AUSF" becomes $dimsi pushed 60; done
holds "one device gets its own profile" switched_on 0 registered 35693805000000
holds "one keeps the temporary subscription" ue 0 registered attach --mme "$(s1_of op)" --device made/35693805000001.json
holds "the operator knows that it is done" becomes $one "done" 60

admin_at() { grep -m1 -oP 'listen: https://127.0.0.1:\K[0-9]+' "op/$1.yaml"; }
https() { # DAEMON METHOD PATH [CURL OPTION...]
  local daemon=$1 method=$2 path=$3
  shift 3
  keep curl -s -i --max-time 20 --cacert op/pki/ca.crt --cert op/pki/admin.crt --key op/pki/admin.key -X "$method" \
    -H 'Content-Type: application/json' "$@" "https://localhost:$(admin_at "$daemon")$path"
}
https_cli() {
  keep cli "$@" --server "https://localhost:$(admin_at hssd)" --ca op/pki/ca.crt --certificate op/pki/admin.crt \
    --key op/pki/admin.key
}
https_cli import "$tree/demo/sim-maker.out"
same "a SIM maker's file goes in over HTTPS" 3 "$(cli subscriber list --dir op --json | grep -o '"00101000000400[123]"' | sort -u | wc -l)"
https_cli export --keys --transport-key export exported.ndjson
same "and an export comes out" 6 "$(grep -c k_encrypted exported.ndjson)"
key=$(random_hex 16)
echo "$key" >>secrets
https hssd PUT /v1/subscribers/001010000000031 -d "{\"k\":\"$key\",\"opc\":\"$key\",\"profile\":\"none\"}"
https hssd PUT /v1/subscribers/001010000000031 -d "{\"k_encrypted\":\"$key\",\"opc_encrypted\":\"$key\",\"transport_key\":\"$key\"}"
https hssd PUT /v1/subscribers/001010000000031 -d "{\"k\":\"$key\""
https hssd PUT "/v1/subscribers/001010000000031?k=$key" -d "{}"
https hssd GET "/v1/$key"
https mmed POST "/v1/reload?key=$key" -d "{\"k\":\"$key\"}"
declare -A paths=(
  [hssd]="status events audit imports keys backups dimsi subscribers export/subscribers openapi.yaml"
  [mmed]="status events audit ues contexts enbs openapi.yaml"
  [repod]="status bindings clients audit openapi.yaml"
  [arpfd]="status releases releases/$one openapi.yaml"
  [dausfd]="status entries entries/$one openapi.yaml"
  [rsmfd]="status deliveries openapi.yaml")
declare -A socket_of=([hssd]=op/admin.sock [mmed]=op/mme.sock [repod]=op/repod.sock [arpfd]=op/arpf/arpf.sock
  [dausfd]=op/discovery/discovery.sock [rsmfd]=op/rsmf/rsm.sock)
said_by() { echo "answers/$1-$(tr / - <<<"$2")"; }
for f in "${functions[@]}"; do
  [ ! -S "${socket_of[$f]}" ] || for path in ${paths[$f]}; do
    curl -s -i --max-time 10 --unix-socket "${socket_of[$f]}" "http://x/v1/$path?limit=1000" >"$(said_by "$f" "$path")" || true
    curl -s -i --max-time 10 --unix-socket "${socket_of[$f]}" "http://x/v1/$path" >>"$(said_by "$f" "$path")" || true
    [ "$f" != hssd ] && [ "$f" != mmed ] || https "$f" GET "/v1/$path"
  done
  curl -s --max-time 10 "http://127.0.0.1:${metrics_at[$f]}/metrics" >"answers/$f-metrics"
  holds "bindery-$f has metrics" grep -q '^bindery' "answers/$f-metrics"
done
for f in hssd mmed arpfd dausfd rsmfd; do
  holds "bindery-$f says its status" grep -q 'HTTP/1.1 200' "answers/$f-status"
done

# ---- the processes -------------------------------------------------------------------------------

for f in "${functions[@]}"; do
  process=/proc/${pid_of[op-$f]}
  same "bindery-$f may leave no core file" "0 0" "$(awk '/^Max core file size/ { print $5, $6 }' "$process/limits")"
  same "and nobody but root looks into it" "0:0" "$(stat -c %u:%g "$process/mem")"
  if [ -n "$other" ]; then
    same "not even its own user, who it runs as" "65534 no" "$(awk '/^Uid/ { print $2 }' "$process/status") $(
      setpriv --reuid 65534 --regid 65534 --clear-groups head -c 1 "$process/environ" >/dev/null 2>&1 && echo yes || echo no)"
  fi
  tr '\0' '\n' <"$process/cmdline" >"answers/$f-cmdline"
  tr '\0' '\n' <"$process/environ" >"answers/$f-environ"
done

# ---- every key that there is ------------------------------------------------------------------------

# K_ASME of a state file's security context, the keys of EEA2 and EIA2 (TS 33.401, A.7), and K_eNB of its first
# uplink NAS COUNTs (A.3).
nas_keys() {
  perl -MDigest::SHA=hmac_sha256 -0777 -ne '
    while (/"security": *"[0-9a-f]{10}([0-9a-f]{64})/g) {
      my $kasme = pack "H*", $1;
      print "$1\n";
      print unpack("H*", substr(hmac_sha256(pack("H*", "15" . $_ . "0001020001"), $kasme), 16)), "\n" for "01", "02";
      print unpack("H*", hmac_sha256(pack("CNn", 0x11, $_, 4), $kasme)), "\n" for 0 .. 80;
    }' "$@"
}
private_of() { # a PEM or DER file of a private key: its number
  openssl pkey -inform "$1" -in "$2" -noout -text 2>/dev/null |
    awk '/^priv:/ { on = 1; next } /^[^ ]/ { on = 0 } on { gsub(/[ :]/, ""); printf "%s", $0 } END { print "" }' | sed 's/^00//'
}
nas_keys made/*.json >>secrets
same "both devices have K_ASME and what follows of it" 168 "$(($(wc -l <secrets) - 3))"
cat op/kek op/discovery/kek op/rsmf/kek op/sim-maker.key op/export.key >>secrets
grep -ohP '"(k|opc)": *"\K[0-9a-f]{32}' made/*.json >subscriptions
same "both have K and OPc" 4 "$(wc -l <subscriptions)"
cat subscriptions >>secrets
transport=$(<op/sim-maker.key)
while read -r _ _ _ _ _ _ _ ki opc _; do
  for each in "$ki" "$opc"; do
    xxd -r -p <<<"$each" | openssl enc -d -aes-128-ecb -nopad -K "$transport" | xxd -p >>secrets
  done
done < <(grep '^00101' "$tree/demo/sim-maker.out")
grep -rlF 'PRIVATE KEY-----' op --include='*.key' >pems
while read -r file; do
  private_of PEM "$file" >>secrets
  sed -n 2p "$file" >>base64s
done <pems
while read -r each; do
  base64 -d <<<"$each" >element.der
  private_of DER element.der >>secrets
  echo "${each:0:64}" >>base64s
done <elements
sed -i '/^$/d' secrets
cp op/kek kek
: >none.sub
echo "# $(sort -u secrets | wc -l) secrets, of them $(wc -l <pems) private keys of daemons and parties"
same "each is long enough to be looked for" "" "$(grep -vE '^[0-9a-f]{32,}$' secrets || true)"

for f in hssd mmed repod; do halt op "$f"; done
for f in arpfd dausfd rsmfd; do halt op "$f"; done
tail -n +1 answers/* >answers.all
mapfile -t files < <(find op ./*.now ./*.log ./*.out answers.all exported.ndjson -type f ! -name ue.out \
  ! -name kek ! -name '*.key' ! -name '*.crt' ! -name '*.crl' ! -name '*.pub' ! -name '*.yaml')
echo "# ${#files[@]} files, and $(find answers -type f | wc -l) answers"
for f in hssd mmed dausfd; do
  holds "the trace of bindery-$f has something in it" test "$(stat -c %s "op/$f.pcapng")" -gt 500
done
#= test binding-sealed
holds "no key is in a store, log, trace, answer, metric, argument or environment, nor in the export" \
  secrets_hidden "${files[@]}"
same "no private key as it stands in its file" "" "$(grep -lF -f base64s "${files[@]}" || true)"
head -c 16 op/hss.db >control
tail -n 1 secrets | xxd -r -p >>control
rc=0
secrets_hidden "$work/control" >/dev/null || rc=$?
same "one would be found" 1 "$rc"

# ---- what is masked ------------------------------------------------------------------------------

{ printf '%s\n' $one $two 001010000004001 001010000004002 001010000004003
  grep -ohP '"imsi": *"\K[0-9]{15}' made/*.json exported.ndjson; } | sort -u >imsis
same "no IMSI is whole in a log" "" "$(grep -lF -f imsis ./op-*.log ./op-*.now || true)"
holds "where they would be" grep -q '901700\*\|00101\*' op-hssd.log op-mmed.log
same "nor in what the MME and the RSMF answer" "" "$(grep -lF -f imsis answers/mmed-* answers/rsmfd-* || true)"
cli trace --mask op/*.pcapng >masked 2>&1
same "nor in what bindery trace --mask draws" "" "$(grep -m3 -F -f imsis masked || true)"
same "and no IMEI is" "" "$(grep -m3 -F 3569380500000 masked || true)"
finish
