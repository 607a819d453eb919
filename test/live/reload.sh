#!/usr/bin/env bash
# The configuration read again while an HSS and an MME serve: peers come, change and go, certificates
# that expired are replaced, a file that is not good changes nothing, and what needs a restart is
# named. Meanwhile another peer asks without pause, and no request of its is lost.
#
# The reload is src/nf/hssd/reload.c and src/nf/mmed/reload.c, asked for by src/nf/hssd/admin_reload.c and src/cli/reload.c;
# what it answers is src/nf/common/admin_changes.c.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/raw.sh
. "$(dirname "$0")/lib/raw.sh"
# shellcheck source=test/live/lib/attach.sh
. "$(dirname "$0")/lib/attach.sh"

# ends_in HOST SECONDS: a certificate for the host that is good for as long as that.
ends_in() {
  local dir=$work/pki host=$1
  : >"$dir/index.txt"
  [ -f "$dir/serial" ] || echo 1000 >"$dir/serial"
  cat >"$dir/ca.cnf" <<CNF
[ca]
default_ca = own
[own]
database = $dir/index.txt
serial = $dir/serial
new_certs_dir = $dir
default_md = sha256
policy = any
unique_subject = no
x509_extensions = ext
[any]
organizationName = optional
[ext]
subjectAltName = DNS:$host
extendedKeyUsage = serverAuth,clientAuth
keyUsage = critical,digitalSignature
CNF
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/O=live test" \
    -keyout "$dir/$host.key" -out "$dir/$host.csr" 2>"$dir/log"
  openssl ca -batch -config "$dir/ca.cnf" -in "$dir/$host.csr" -cert "$dir/ca.pem" \
    -keyfile "$dir/ca.key" -notext -startdate "$(date -u -d '1 hour ago' +%Y%m%d%H%M%SZ)" \
    -enddate "$(date -u -d "$2 seconds" +%Y%m%d%H%M%SZ)" -out "$dir/$host.pem" 2>>"$dir/log" ||
    { cat "$dir/log" >&2; return 1; }
  chmod 600 "$dir/$host.key"
}
expired() { ! openssl x509 -in "$work/pki/$1.pem" -noout -checkend 0; }

# peers HOST... : hssd.yaml has these, after the one that asks without pause.
peers() {
  local host list="  - {origin_host: $mme_a, realm: $realm, visited_plmns: [\"00101\"], connections: 4}"
  for host in "$@"; do
    list+=$'\n'"  - {origin_host: $host, realm: $realm, visited_plmns: [\"00101\"], connections: 2${peer_more:-}}"
  done
  awk -v list="$list" '
    /^peers:/ { print; print list; skip = 1; next }
    skip && /^  - / { next }
    { skip = 0; print }' "$work/hssd.yaml" >"$work/hssd.new"
  mv "$work/hssd.new" "$work/hssd.yaml"
}
hup() {
  mark_events
  kill -HUP "$hss_pid"
}
connected() { [ "$(mme_ask mme-b /v1/status | tr -d ' \n' | grep -c "\"connected\":$1")" -gt 0 ]; }
mme_said() { grep -F "$1" "$work/mme-b.log" | grep -qiF "$2"; }
hss_said() { grep -F "$1" "$work/hss.log" | grep -qiF "$2"; }
cli_reload() { "$BINDERY_BUILD/bindery" reload --socket "$work/admin"; }

pki "$hss_host" "$mme_a" "$mme_b"
free_port tcp_port
free_port tls_port
s1_port=0
free_port s1_port
raw_config "$tcp_port" "$tls_port"
peers "$mme_b"
hss_start
started=$hss_pid
pool 100
hss_port=$tcp_port
mme_config mme-b "s1-tcp://127.0.0.1:$s1_port"
sed -i "s#address: \"tcp://127.0.0.1:$tcp_port\"#address: \"tls://127.0.0.1:$tls_port\", certificate: $work/pki/$mme_b.pem, key: $work/pki/$mme_b.key, ca: $work/pki/ca.pem#" \
  "$work/mme-b.yaml"
mme_start mme-b

echo "# scene: another peer asks without pause from here on"
imsi=$(head -n 1 "$work/pool.sub" | cut -d ' ' -f 1)
"$BINDERY_BUILD/bindery" load "tcp://127.0.0.1:$tcp_port" --origin-host "$mme_a" --realm "$realm" \
  --imsi-from "$imsi" --count 100 --rate "${RELOAD_RATE:-200}" --duration "${RELOAD_SECONDS:-45}s" \
  --json "$work/load.json" \
  >"$work/load.out" 2>&1 &
load_pid=$!
pids+=("$load_pid")

echo "# scene: a peer goes, and comes back"
peers
hup
told "what changed is an event" '"name":"configuration-reloaded"' "peers[$mme_b]" 'needs-restart:none'
told "its connection ends" '"name":"peer-disconnected"' "\"peer\":\"$mme_b\""
holds "the MME finds its HSS gone" wait_for 60 connected false
told "and it is not let in any more" '"name":"peer-refused"'
peers "$mme_b"
hup
told "it is let in again" '"name":"peer-connected"' "\"peer\":\"$mme_b\""

echo "# scene: a peer is judged again"
peer_more=", transports: [tcp]" peers "$mme_b"
hup
told "over TLS it may not stay" '"name":"peer-disconnected"' "\"peer\":\"$mme_b\""
peers "$mme_b"
hup
told "where it may come over TLS it comes" '"name":"peer-connected"' "\"peer\":\"$mme_b\""

echo "# scene: a new peer and another profile"
peers "$mme_b" "mme-d.$realm"
sed -i 's/uplink: 50000000/uplink: 60000000/' "$work/hssd.yaml"
mark_events
#= test op-reload
holds "bindery reload says so" bash -c \
  "'$BINDERY_BUILD/bindery' reload --socket '$work/admin' | tee '$work/reload.out' | grep -F 'profiles[default].ambr.uplink'"
holds "it names the new peer" grep -qF "peers[mme-d.$realm]" "$work/reload.out"
told "and it is an event" '"name":"configuration-reloaded"' 'profiles[default].ambr.uplink'

echo "# scene: a file that is not good, and one that needs a restart"
cp "$work/hssd.yaml" "$work/good.yaml"
echo 'nonsense: 1' >>"$work/hssd.yaml"
hup
told "the place is in the event" '"name":"configuration-refused"' "hssd.yaml:$(wc -l <"$work/hssd.yaml"):1"
rc=0
cli_reload >"$work/reload.out" 2>&1 || rc=$?
same "bindery reload is refused" 1 "$rc"
holds "and says where" grep -qF "hssd.yaml:$(wc -l <"$work/hssd.yaml"):1" "$work/reload.out"
sed 's/^instance: 3/instance: 4/; s/suspected_theft_after: 3/suspected_theft_after: 9/' "$work/good.yaml" >"$work/hssd.yaml"
hup
told "what can count counts, the rest is named" '"name":"configuration-reloaded"' \
  'changed:alarms.suspected_theft_after;needs-restart:instance'
cp "$work/good.yaml" "$work/hssd.yaml"
printf 'profiles:\n  - {name: gold, ambr: {uplink: 1, downlink: 1}, apns: [{name: a}]}\n' >"$work/gold"
sed "/^profiles:/{
  r $work/gold
  d
}" "$work/good.yaml" >"$work/hssd.yaml"
hup
told "another profile comes" '"name":"configuration-reloaded"' 'profiles[gold]'
"$BINDERY_BUILD/bindery" subscriber set "$imsi" --profile gold --socket "$work/admin" >"$work/set.out" 2>&1
cp "$work/good.yaml" "$work/hssd.yaml"
hup
told "it may not go while a subscriber names it" '"name":"configuration-refused"' \
  'profiles:profilegoldisgone,and1subscribernamesit'
"$BINDERY_BUILD/bindery" subscriber set "$imsi" --profile default --socket "$work/admin" >"$work/set.out" 2>&1
hup
told "it may when nobody does" '"name":"configuration-reloaded"' 'profiles[gold]'
mv "$work/pki/$hss_host.key" "$work/pki/away.key"
hup
told "a key that is not there refuses all of it" '"name":"configuration-refused"'
mv "$work/pki/away.key" "$work/pki/$hss_host.key"
hup
told "and then all is well" '"name":"configuration-reloaded"' 'needs-restart:none'

echo "# scene: the HSS's certificate expires while it serves"
ends_in "$hss_host" 10
hup
told "the one that expires soon counts" '"name":"configuration-reloaded"'
holds "it expires" wait_for 60 expired "$hss_host"
stop "$mme_pid"
"$BINDERY_BUILD/bindery-mmed" --config "$work/mme-b.yaml" 2>>"$work/mme-b.log" >>"$work/mme-b.out" &
mme_pid=$!
pids+=("$mme_pid")
holds "the MME says that it expired" wait_for 60 mme_said '"hss-unreachable"' expired
certificate "$hss_host"
hup
told "with a new one it comes" '"name":"peer-connected"' "\"peer\":\"$mme_b\""
holds "and the MME agrees" wait_for 60 connected true

echo "# scene: the MME's certificate expires"
ends_in "$mme_b" 10
kill -HUP "$mme_pid"
holds "the MME reads it" wait_for 60 mme_said '"configuration-reloaded"' 'changed: none'
holds "it expires as well" wait_for 60 expired "$mme_b"
mark_events
peers
kill -HUP "$hss_pid"
told "its connection ends" '"name":"peer-disconnected"' "\"peer\":\"$mme_b\""
peers "$mme_b"
kill -HUP "$hss_pid"
told "the HSS refuses it by its certificate" '"name":"peer-refused"' '"cause":"peer-certificate"'
holds "and says that it expired" wait_for 60 hss_said '"peer-refused"' expired
certificate "$mme_b"
mark_events
holds "bindery reload reaches the MME too" curl --silent --fail --max-time 10 -X POST \
  --unix-socket "$work/mme-b.sock" http://mme/v1/reload
holds "its log says who asked" wait_for 60 mme_said admin-change '"who":"unix:'
told "with a new one it is let in" '"name":"peer-connected"' "\"peer\":\"$mme_b\""

echo "# scene: the MME's peers and home networks"
cp "$work/mme-b.yaml" "$work/mme-b.good"
sed -i "s#address: \"tls://127.0.0.1:$tls_port\", certificate: [^}]*}#address: \"tcp://127.0.0.1:$tcp_port\"}#" "$work/mme-b.yaml"
mark_events
kill -HUP "$mme_pid"
holds "another address is taken" wait_for 60 mme_said '"configuration-reloaded"' "peers[$hss_host].address"
told "the connection to the one before ends in order" '"name":"peer-disconnected"' "\"peer\":\"$mme_b\""
told "and the HSS is there at the new one" '"name":"peer-connected"' "\"peer\":\"$mme_b\""
holds "the MME agrees" wait_for 60 connected true
# home networks are a list: the first line has them
sed -i "s#^homes: .*#homes: [{plmns: [\"001-01\"], peers: [\"$hss_host\"]}, {plmns: [\"002-02\"], peers: [nobody.$realm]}]#
  s#^peers: \[\(.*\)\]#peers: [\1, {origin_host: nobody.$realm, realm: $realm, address: \"tcp://127.0.0.1:1\"}]#" "$work/mme-b.yaml"
kill -HUP "$mme_pid"
holds "a home network and its peer come" wait_for 60 mme_said '"configuration-reloaded"' "peers[nobody.$realm]"
holds "who is not there is tried" wait_for 60 mme_said '"hss-unreachable"' "nobody.$realm"
cp "$work/mme-b.good" "$work/mme-b.yaml"
mark_events
kill -HUP "$mme_pid"
told "all is as it was" '"name":"peer-connected"' "\"peer\":\"$mme_b\""
holds "for the MME too" wait_for 60 connected true

echo "# scene: the same configuration a hundred times"
for _ in $(seq 100); do
  curl --silent --fail --max-time 10 -X POST --unix-socket "$work/admin" http://hss/v1/reload
done >"$work/reloads"
same "changes nothing" 100 "$(tr -d ' \n' <"$work/reloads" | grep -oF '"changed":[]' | wc -l)"
holds "and nobody notices" wait_for 60 connected true

echo "# scene: a file of the MME's"
echo 'nonsense: 1' >>"$work/mme-b.yaml"
kill -HUP "$mme_pid"
holds "it is refused with its place" wait_for 60 mme_said '"configuration-refused"' "mme-b.yaml:$(wc -l <"$work/mme-b.yaml"):1"
sed -i '$d' "$work/mme-b.yaml"
sed -i 's/^name: mme-b/name: other/; s/^timers: .*/timers: {reconnect_seconds: 2}/' "$work/mme-b.yaml"
kill -HUP "$mme_pid"
holds "what counts and what does not is named" wait_for 60 mme_said '"configuration-reloaded"' \
  'changed: timers.reconnect_seconds; needs-restart: name'

echo "# afterwards"
rc=0
wait "$load_pid" || rc=$?
forget "$load_pid"
same "no request of the other peer was lost" 0 "$rc"
[ "$rc" -eq 0 ] || sed 's/^/# /' "$work/load.out"
same "the HSS is the one that was started" "$started" "$(pgrep -P $$ -x bindery-hssd)"
stop "$mme_pid"
stops_in_order "SIGTERM ends it in order"
holds "no key is in its log" secrets_hidden "$work/hss.log"
finish
