#!/usr/bin/env bash
# A clock that jumps an hour, forward and back, under a running HSS: every AIR is answered, no sequence
# number comes twice or goes back (the USIM of `bindery authenticate` says so), certificates count by the
# clock as it is now, in the middle of a connection too, and nothing that goes by time stands still. Then
# the same over restarts. The clock is libfaketime's, which reads a file anew whenever it is asked.
# shellcheck disable=SC2119 # hss_start takes options of the HSS, and here it has none
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
unset BINDERY_SERVER
umask 077
cd "$work"
# shellcheck source=test/live/lib/repod.sh
. "$live_here/lib/repod.sh"
bindery=$BINDERY_BUILD/bindery
faketime=$(find /usr/lib -name libfaketimeMT.so.1 | head -n 1)
[ -n "$faketime" ] || { echo "Bail out! no libfaketime"; exit 1; }

# ---- certificates and the HSS ------------------------------------------------------------------

admin_role=9
at() { date -u -d "$1" +%Y%m%d%H%M%SZ; }
# All are good for an hour each way, but `brief`, which is good about now only.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ca.key 2>/dev/null
LD_PRELOAD=$faketime FAKETIME=-1d openssl req -x509 -key ca.key -out ca.crt -days 30 -subj /CN=ca \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
# made NAME FROM TO EXTENSIONS: a leaf that is good from and to then.
made() {
  [ -e "$1.key" ] || openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null
  openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
  printf '[ca]\ndefault_ca=it\n[it]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n%b' \
    'policy=any\nunique_subject=no\n[any]\ncommonName=supplied\n' >ca.cnf
  printf 'basicConstraints=critical,CA:FALSE\n%b\n' "$4" >"$1.ext"
  : >index.txt
  openssl rand -hex 8 | tr a-f 1-6 >serial
  openssl ca -batch -config ca.cnf -in "$1.csr" -cert ca.crt -keyfile ca.key -notext -extfile "$1.ext" \
    -startdate "$(at "$2")" -enddate "$(at "$3")" -out "$1.crt" 2>log || { cat log; return 1; }
}
of_client() { echo "keyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,$roles.$admin_role\nsubjectAltName=DNS:ops.example"; }
of_server='keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost'
made server '1 day ago' '10 days' "$of_server"
made long '1 day ago' '10 days' "$(of_client)"
made brief '30 minutes ago' '30 minutes' "$(of_client)"

port='' tcp_port='' hook_port=''
free_port port
free_port tcp_port
free_port hook_port
printf 'whsec_%s\n' "$(openssl rand -base64 32)" >hook.secret
cat >hssd.yaml <<C
origin_host: $hss_host
origin_realm: $realm
plmns: ["001-01"]
store: {path: $work/hss.db, key_file: $work/kek}
listeners: [{address: "tcp://127.0.0.1:$tcp_port"}]
peers:
$(hss_peer "$mme_a")
$(hss_profile)
webhooks: [{name: noc, url: "http://127.0.0.1:$hook_port/", secret_file: hook.secret, events: [all]}]
admin:
  socket: $work/admin
  https:
    listen: https://127.0.0.1:$port
    certificate: server.crt
    key: server.key
    ca: ca.crt
    users: [{name: ops.example, role: administrator}]
C
node -e '
  require("http").createServer((q, a) => {
    let body = "";
    q.on("data", d => body += d).on("end", () => {
      require("fs").appendFileSync("hooked", q.headers["webhook-timestamp"] + " " + body.replace(/\s+/g, " ") + "\n");
      a.writeHead(204).end();
    });
  }).listen(+process.argv[1], "127.0.0.1")' "$hook_port" 2>hook.log &
pids+=("$!")
: >hooked

# start CLOCK: the HSS with its clock there.
forget_hss() {
  local pid rest=()
  for pid in "${pids[@]}"; do
    [ "$pid" = "$hss_pid" ] || rest+=("$pid")
  done
  pids=("${rest[@]}")
}
start_at() {
  echo "$1" >clock
  FAKETIME_TIMESTAMP_FILE=$work/clock FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1 \
    LD_PRELOAD=$faketime hss_start
  started=$hss_pid
}
jump() { # by a rename: it is read at any moment
  echo "$1" >clock.new
  mv clock.new clock
}
hss_hours() { # how many hours the HSS is ahead: by the newest line of its log
  local stamp
  stamp=$(grep -oE '"(time|ts|at)":"[^"]*"' hss.log | tail -n 1 | cut -d '"' -f 4)
  echo $((($(date -d "$stamp" +%s) - $(date +%s) + 1800 + 36000) / 3600 - 10))
}
url=https://localhost:$port
seq_of() { jq -c '.usim.seq | max' device.json; }
last=0
# asks SENTENCE: a device is authenticated, without asking for another SQN, and SEQ is above all before.
asks() {
  local now
  if ! "$bindery" authenticate --device device.json --peer "tcp://127.0.0.1:$tcp_port" --origin-host "$mme_a" \
    --realm "$realm" --plmn 001-01 --attempts 3 --vectors 2 >said 2>&1; then
    missed "$1: AIRs are answered, and the USIM takes them" "$(cat said)"
  elif grep -qi 'AUTS' said; then
    missed "$1: AIRs are answered, and the USIM takes them" "$(cat said)"
  else
    passed "$1: AIRs are answered, and the USIM takes them"
  fi
  now=$(seq_of)
  #= test op-clock
  same "$1: each SEQ is above all before" yes "$([ "$now" -gt "$last" ] && echo yes || echo "$now after $last")"
  last=$now
  same "$1: DIF is what it was" "$dif" "$(dif_of)"
}
dif_of() { admin GET /v1/subscribers/001010000000011 | jq -r '.dif // "none"'; }
hooked() { grep -qF "$1" hooked; }
# goes_on NAME SENTENCE: events are written and posted, and the HSS is the one that was started.
goes_on() {
  admin PUT "/v1/subscribers/$1" --data "{\"k\":\"$(random_hex 16)\",\"opc\":\"$(random_hex 16)\"}" >/dev/null
  holds "$2: a change is written, and its event posted" wait_for 15 hooked "$1"
  holds "$2: the HSS is ready" wait_for 15 ready
  holds "$2: it lives" kill -0 "$started"
}
ready() { [ "$(admin GET /health/ready | tr -d ' \n')" = '{"ready":true,"causes":[]}' ]; }
# may SENTENCE STATUS CLIENT [PROBLEM]
may() {
  as "$3" "$url/v1/status"
  same "$1" "$2 ${4:-}" "$status $(grep -o 'problem:client-[a-z]*' said | cut -d: -f2 || true)"
}

start_at +0
subscriber open 001010000000011 open
read -r _ k opc _ <open.sub
echo "$k" >k && echo "$opc" >opc
"$bindery" device file --imsi 001010000000011 --imei 35693803564380 --k-file k --opc-file opc --output device.json >/dev/null
dif=$(dif_of)
asks "before"
goes_on 001010000000021 "before"
may "a certificate of now is taken" 200 brief

echo "# scene: a connection is there, and the clock goes forward"
coproc HELD { openssl s_client -quiet -ign_eof -connect "127.0.0.1:$port" -cert brief.crt -key brief.key -CAfile ca.crt 2>/dev/null; }
pids+=("$HELD_PID")
held_asks() { # the status, of the next request on it
  local line
  printf 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n' 1>&"${HELD[1]}" 2>/dev/null || { echo ended; return; }
  while read -r -t 60 line <&"${HELD[0]}"; do
    [[ $line != HTTP/1.1* ]] || { cut -d' ' -f2 <<<"$line"; return; }
  done
  echo ended
}
same "a connection is served" 200 "$(held_asks)"
jump +1h
same "the same connection is not, when its certificate has expired" yes \
  "$(status=$(held_asks); [ "$status" = 403 ] || [ "$status" = ended ] && echo yes || echo "$status")"
may "nor is a new one" 403 brief client-expired
may "one that is good then is taken" 200 long
asks "an hour ahead"
goes_on 001010000000022 "an hour ahead"
same "its log says that it is an hour ahead" 1 "$(hss_hours)"

echo "# scene: back by an hour, and by another"
jump +0
may "what was expired is good again" 200 brief
asks "back again"
goes_on 001010000000023 "back again"
jump -1h
may "what is not good yet is refused" 403 brief client-expired
may "what is good is taken" 200 long
asks "an hour behind"
goes_on 001010000000024 "an hour behind"
same "its log says that it is an hour behind" -1 "$(hss_hours)"
for clock in +1h -1h +1h -1h +0 +1h; do
  jump "$clock"
  asks "to and fro ($clock)"
done
goes_on 001010000000025 "after that"
holds "the audit log holds, whatever its times" "$bindery" audit verify --socket "$work/admin"
holds "an import has its end" bash -c "printf 'imsi,k,opc\n001010000000031,%s,%s\n' $(random_hex 16) $(random_hex 16) |
  '$bindery' import - --format csv --socket '$work/admin'"

echo "# scene: restarts"
n=10
for clock in -1h +1h -1h; do
  rc=0
  hss_stop || rc=$?
  same "SIGTERM ends it in order" 0 "$rc"
  start_at "$clock"
  asks "restarted at $clock"
  goes_on "0010100000001$((n += 1))" "restarted at $clock"
  kill -KILL "$hss_pid"
  wait "$hss_pid" 2>/dev/null || true
  forget_hss
  start_at "$clock"
  asks "killed and restarted at $clock"
done

echo "# scene: the certificate of the HSS expires while it serves"
jump +0
cp server.crt good.crt
made server '1 day ago' '45 seconds' "$of_server"
holds "the one that expires soon counts" admin POST /v1/reload
may "it is good as yet" 200 long
expired() { ! openssl x509 -in server.crt -noout -checkend 0; }
holds "it expires" wait_for 90 expired
rc=0
curl -s -o /dev/null --cacert ca.crt --cert long.crt --key long.key "$url/v1/status" || rc=$?
same "a client refuses it" 60 "$rc"
holds "the socket is served all the while" admin GET /v1/status
cp good.crt server.crt
holds "a new one counts without a restart" admin POST /v1/reload
may "and clients come" 200 long
rc=0
hss_stop || rc=$?
same "SIGTERM ends it in order" 0 "$rc"
finish
