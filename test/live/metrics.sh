#!/usr/bin/env bash
# Metrics, health and `bindery top` with everything running: promtool reads what each daemon shows,
# counters move as AIRs come, and the rules for alerts are held to their tests.
#
# The verb is src/cli/top.c; what daemons show comes from src/nf/hssd/metrics.c,
# src/nf/mmed/metrics.c, src/nf/repod/metrics.c, src/nf/arpfd/metrics.c, src/nf/dausfd/metrics.c and
# src/nf/rsmfd/metrics.c, and over the plain listener from src/nf/common/metrics_port.c.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
export NO_COLOR=1 LC_ALL=C.UTF-8 BINDERY_DIR=$work/home
unset BINDERY_SOCKET
bindery=$BINDERY_BUILD/bindery
tree=$live_here/../..
umask 077
cd "$work"

ends() {
  local wanted=$1 part=$2 status=0
  shift 2
  "$@" >said 2>&1 </dev/null || status=$?
  [ "$status" = "$wanted" ] && grep -qF -- "$part" said || { echo "$status"; cat said; return 1; }
}
# over SOCKET PATH ; plain PORT PATH
over() { curl --silent --show-error --max-time 10 --unix-socket "home/$1" "http://x$2"; }
plain() { curl --silent --show-error --max-time 10 "http://127.0.0.1:$1$2"; }
# value SAMPLE : of the HSS, as it is now
value() { over admin.sock /metrics | awk -v s="$1" 'index($0, s " ") == 1 {print $NF}'; }
rises() { local now; now=$(value "$1"); awk -v a="$2" -v b="${now:--1}" 'BEGIN {exit !(b > a)}'; }
is_good() { # the format, to promtool; it warns of names that are not as they should be
  [ -s "$1" ] && promtool check metrics <"$1"
}

echo "# the rules for alerts"
holds "promtool takes the rules" promtool check rules "$tree/docs/alerts/bindery.rules.yaml"
#= test op-alerts
holds "and they say what they should" promtool test rules "$tree/docs/alerts/bindery.test.yaml"
names_in_rules() { grep -oE 'bindery_[a-z0-9_]+' "$tree/docs/alerts/bindery.rules.yaml" | sort -u; }
documented() {
  local name
  for name in $(sed -n 's/^ *- alert: //p' "$tree/docs/alerts/bindery.rules.yaml"); do
    grep -q "^### $name\$" "$tree/docs/monitoring.md" || { echo "$name"; return 1; }
  done
}
holds "docs/monitoring.md tells of each what to do" documented
explained() {
  local name
  for name in $(sed -n 's/^ *- alert: //p' "$tree/docs/alerts/bindery.rules.yaml"); do
    "$bindery" explain "$name" | grep "what to do" >/dev/null || { echo "$name"; return 1; }
  done
}
holds "and bindery explain too" explained

echo "# up"
holds "everything starts" ends 0 "bindery-hssd" "$bindery" up -d --port 0 --tls-port 0 --s1-port 0 --repo-port 0
holds "and stops, to be given listeners" ends 0 "stopped" "$bindery" down
hook=0 hss=0 mme=0 repo=0 arpf=0 dausf=0 rsmf=0
for name in hss mme repo arpf dausf rsmf; do free_port "$name"; done
give() { printf 'metrics: {listen: "http://127.0.0.1:%s"}\n' "$2" >>"home/$1"; }
give hssd.yaml "$hss"; give mmed.yaml "$mme"; give repod.yaml "$repo"
give arpf/arpfd.yaml "$arpf"; give discovery/dausfd.yaml "$dausf"; give rsmf/rsmfd.yaml "$rsmf"
# nobody listens there
printf 'whsec_%s\n' "$(head -c 32 /dev/zero | base64)" >home/hook.secret
free_port hook
printf 'webhooks:\n  - {name: noc, url: "http://localhost:%s/", secret_file: hook.secret, events: [all]}\n' \
  "$hook" >>home/hssd.yaml
trap '' XFSZ # a write beyond a limit fails, and ends nobody: the daemons have it from here
holds "it starts with them" ends 0 "bindery-hssd" "$bindery" up -d
trap - XFSZ
pids+=("$("$bindery" up -d 2>&1 | sed -n 's/.*(process \([0-9]*\)).*/\1/p' || true)")

echo "# what each shows"
for name in hss mme repo arpf dausf rsmf; do
  plain "${!name}" /metrics >"$name.txt" || true
  holds "$name: promtool takes it" is_good "$name.txt"
  same "$name: it is alive" '{"live":true}' "$(plain "${!name}" /health/live)"
  holds "$name: nothing else is there" ends 0 "here are /metrics" plain "${!name}" /v1/status
done
ready() { [ "$(plain "$1" /health/ready)" = '{"ready":true,"causes":[]}' ]; }
holds "the MME is ready as soon as it has its HSS" wait_for 60 ready "$mme"
for name in hss repo arpf dausf rsmf; do
  holds "$name: it is ready" wait_for 60 ready "${!name}"
done
over admin.sock /metrics >socket.txt
holds "the administration socket shows the same" is_good socket.txt
expiries() { plain "$1" /metrics | grep '^bindery_certificate_expiry_timestamp_seconds{use="'"$2" >/dev/null; }
holds "the HSS tells until when its certificates are good" wait_for 60 expiries "$hss" 'listeners'
holds "the repository too" wait_for 60 expiries "$repo" 'listener.certificate'
store_has_a_size() { plain "$hss" /metrics | grep -E '^bindery_store_size_bytes\{.*part="main"\} [1-9]' >/dev/null; }
holds "and the store has a size" wait_for 60 store_has_a_size
every_name_is_there() {
  local name
  plain "$hss" /metrics | cat - mme.txt repo.txt arpf.txt dausf.txt rsmf.txt >all.txt
  for name in $(names_in_rules); do
    grep -qE "^# TYPE ${name%_bucket} " all.txt || [ "$name" = bindery_hss_repository_up ] ||
      { echo "no metric $name"; return 1; } # a repository is shown only where one is configured
  done
}
holds "every metric that a rule names is shown" every_name_is_there

echo "# counters move as AIRs come"
holds "subscribers go in" ends 0 "added" "$bindery" import "$tree/examples/subscribers.csv"
row() { sed -n 2p "$tree/examples/subscribers.csv" | cut -d, -f "$1"; }
row 3 >k.hex && row 4 >opc.hex && row 10 >kme.hex
holds "a device is made" ends 0 "" "$bindery" device file --imsi "$(row 1)" --imei "$(row 9 | cut -c 1-14)" \
  --k-file k.hex --opc-file opc.hex --kme-file kme.hex -o dev.json
airs='bindery_hss_requests_total{command="AIR",result="success"}'
times='bindery_hss_answer_seconds_count{command="AIR"}'
ulrs='bindery_hss_requests_total{command="ULR",result="success"}'
commits='bindery_hss_store_commits_total{result="done"}'
air=$(value "$airs") time=$(value "$times") ulr=$(value "$ulrs") commit=$(value "$commits")
holds "it authenticates" ends 0 "" "$bindery" authenticate --device dev.json
holds "AIRs are counted" wait_for 60 rises "$airs" "$air"
holds "and timed" wait_for 60 rises "$times" "$time"
holds "so are ULRs" wait_for 60 rises "$ulrs" "$ulr"
holds "and what they changed" wait_for 60 rises "$commits" "$commit"
of() { plain "$1" /metrics | awk -v s="$2" 'index($0, s " ") == 1 {print $NF}'; } # of PORT SAMPLE
some() { [ "$(of "$1" "$2" | cut -d. -f 1)" -gt 0 ]; }
holds "it attaches" ends 0 "registered" "$bindery" attach --device dev.json
holds "the MME times attaches" wait_for 60 some "$mme" 'bindery_mme_attach_seconds_count{result="complete"}'
holds "and answers of the HSS" wait_for 60 some "$mme" 'bindery_mme_hss_answer_seconds_count{command="ULR"}'
holds "the RSMF times what the HSS asks it" wait_for 60 some "$rsmf" \
  'bindery_https_answer_seconds_count{listener="operators",route="GET /v1/deliveries"}'
holds "a webhook whose receiver is not there is tried" wait_for 60 some "$hss" \
  'bindery_hss_webhook_failed_tries_total{webhook="noc"}'
holds "and what waits for it is counted" wait_for 60 some "$hss" 'bindery_hss_webhook_waiting_events{webhook="noc"}'
holds "and how long" wait_for 60 some "$hss" 'bindery_hss_webhook_oldest_waiting_seconds{webhook="noc"}'
unknown='bindery_hss_requests_total{command="AIR",result="unknown-subscriber"}'
holds "another device, of nobody" ends 0 "" "$bindery" device file --imsi 001010000000077 --imei 35693803564380 \
  --k-file k.hex --opc-file opc.hex -o nobody.json
holds "is refused" ends 1 "" "$bindery" authenticate --device nobody.json
holds "and counted by cause" wait_for 60 rises "$unknown" 0
no_identities() { ! plain "$hss" /metrics | grep -F -e "$(row 1)" -e 001010000000077 -e "$(row 9)"; }
holds "no identity is in any of it" no_identities

echo "# top"
holds "one look, on a pipe" ends 0 "COMMAND" "$bindery" top --once -i 1
said_is_plain() { ! grep -q $'\033' said && grep -q "^AIR " said && grep -q "^bindery-hssd" said; }
holds "is plain text" said_is_plain
json_has() { "$bindery" top --once --json -i 1 | grep -F "$1" >/dev/null; }
holds "in JSON" json_has '"p99_ms"'
holds "of the MME" ends 0 "attach, complete" "$bindery" top --mme --once -i 1
for name in repo arpf dausf rsmf; do
  holds "of the $name" ends 0 "bindery-${name}d" "$bindery" top --of "$name" --once -i 1
  holds "with what is on record" grep -q "^On record: " said
done
holds "of another, by its socket" ends 0 "bindery-arpfd" "$bindery" top --socket "$(ls home/arpf/*.sock)" --once -i 1
api=$(sed -n 's/^ *listen: \(https:[^ ]*\).*/\1/p' home/hssd.yaml | sed 's/127.0.0.1/localhost/;q')
holds "of the HSS, at a distance" ends 0 "webhook noc" "$bindery" top --once -i 1 --server "$api" \
  --certificate home/pki/admin.crt --key home/pki/admin.key --ca home/pki/ca.crt
holds "there is no other daemon" ends 2 "--of is hss" "$bindery" top --of nobody --once
holds "a wrong interval is refused" ends 2 "--interval" "$bindery" top --interval 0
holds "nobody there" ends 3 "no HSS runs" "$bindery" top --socket "$work/none.sock" --once
# on a terminal of 40 columns: it ends by q, and leaves the screen and the cursor as they were
on_terminal() {
  : >typed
  {
    wait_for 60 grep -qF $'\033[?1049h' typed && sleep 1 && printf q
    wait_for 60 grep -qF $'\033[?1049l' typed || true
  } | script -qefc "stty cols 40 rows 8; '$bindery' top -i 1" typed >/dev/null
  grep -qF $'\033[?1049h' typed && grep -qF $'\033[?25h' typed && grep -qF $'\033[?1049l' typed
}
holds "on a terminal it puts all back" on_terminal

echo "# a store that cannot be written"
daemon=$(cat home/hss.db.lock)
prlimit --pid "$daemon" --fsize=1:
not_ready() { plain "$hss" /health/ready | grep -F '"cause":"store-not-writable"' >/dev/null; }
"$bindery" subscriber set "$(row 1)" --suspended=yes >said 2>&1 </dev/null || true
"$bindery" import "$tree/examples/subscribers.csv" >said 2>&1 </dev/null || true
holds "it is not ready, and says why" wait_for 60 not_ready
same "with status 503" 503 "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$hss/health/ready")"
same "it is still alive" '{"live":true}' "$(plain "$hss" /health/live)"
prlimit --pid "$daemon" --fsize=unlimited:
holds "it is ready again by itself" wait_for 60 ready "$hss"

echo "# down"
holds "down" ends 0 "stopped" "$bindery" down
finish
