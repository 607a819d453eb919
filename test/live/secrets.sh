#!/usr/bin/env bash
# No key is where it does not belong: a session that uses every feature of the HSS, with requests that are
# refused and broken and have keys in them, and a crash at its end. Then every file that the HSS wrote and
# every answer that it gave is searched for every key, as hex digits and as octets; so are its arguments
# and environment. Where the test runs as root the HSS runs as nobody, who may not look into it.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
unset BINDERY_SERVER
umask 077
bindery=$BINDERY_BUILD/bindery
hss=$work/hss
answers=$work/answers
mkdir "$hss" "$hss/backups" "$answers"
cd "$work"
as_user=()
if [ "$(id -u)" = 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$BINDERY_BUILD/bindery-hssd"; then
  as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
fi

tcp_port='' hook_port=''
free_port tcp_port
free_port hook_port
random_hex 32 >"$hss/kek"
ln -s hss/kek kek # where secrets_hidden looks; it follows rotations
printf 'whsec_%s\n' "$(openssl rand -base64 32)" >"$hss/hook.secret"
cat >"$hss/hssd.yaml" <<C
origin_host: $hss_host
origin_realm: $realm
plmns: ["001-01"]
store: {path: $hss/hss.db, key_file: $hss/kek, backup_folder: $hss/backups}
admin: {socket: $hss/admin}
listeners: [{address: "tcp://127.0.0.1:$tcp_port"}]
peers:
$(hss_peer "$mme_a")
$(hss_profile)
webhooks: [{name: noc, url: "http://127.0.0.1:$hook_port/", secret_file: $hss/hook.secret, events: [all]}]
log: {level: debug}
C
[ "${#as_user[@]}" -eq 0 ] || { chown -R 65534:65534 "$hss" && let_others_pass; }
ln -s hss/admin admin
node -e '
  require("http").createServer((q, a) => {
    let body = "";
    q.on("data", d => body += d).on("end", () => {
      require("fs").appendFileSync("answers/hooked", JSON.stringify(q.headers) + body + "\n");
      a.writeHead(204).end();
    });
  }).listen(+process.argv[1], "127.0.0.1")' "$hook_port" 2>hook.log &
pids+=("$!")

ulimit -c unlimited
cd "$hss" # a core file would be here
"${as_user[@]}" "$BINDERY_BUILD/bindery-hssd" --config "$hss/hssd.yaml" --trace "$hss/trace.pcapng" \
  >"$hss/out" 2>"$hss/log" &
hss_pid=$!
cd "$work"
pids+=("$hss_pid")
if ! wait_for 60 hss_is_up_or_dead || ! kill -0 "$hss_pid"; then
  echo "Bail out! bindery-hssd did not start"
  sed 's/^/# /' "$hss/log"
  exit 1
fi

n=0
# keep COMMAND... : what it says, on either way, is an answer.
keep() {
  n=$((n + 1))
  "$@" >"$answers/$n" 2>&1 </dev/null || true
}
ask() { keep "$bindery" "$@" --socket "$work/admin"; }
# raw METHOD PATH [BODY]: with all of the answer's head.
raw() {
  keep curl -s -i --max-time 60 --unix-socket "$work/admin" -X "$1" ${3:+--data-binary "$3"} \
    --header 'Content-Type: application/json' "http://hss$2"
}

echo "# a session"
subscriber open 001010000000011 open
subscriber bound 001010000000012 bound 35693803564380
cp open.put bound.put "$answers"
read -r _ k opc _ _ kme <bound.sub
printf '%s\n' "$k" >k && printf '%s\n' "$opc" >opc && printf '%s\n' "$kme" >kme
"$bindery" device file --imsi 001010000000012 --imei 35693803564380 --k-file k --opc-file opc --kme-file kme \
  --output device.json >"$answers/device" 2>&1
random_hex 16 >other-kme
cat other-kme >>secrets
"$bindery" device file --imsi 001010000000012 --imei 35693803564380 --k-file k --opc-file opc --kme-file other-kme \
  --output stolen.json >"$answers/stolen" 2>&1
{
  echo "imsi,k,opc,policy,imei,kme"
  for i in 21 22 23; do echo "0010100000000$i,$(random_hex 16),$(random_hex 16),bound,356938030000$i,$(random_hex 16)"; done
  echo "001010000000024,$(random_hex 16)00,$(random_hex 16),open,,"
  echo "$(random_hex 16),$(random_hex 16),$(random_hex 16),open,,"
} >rows.csv
grep -oE '[0-9a-f]{32}' rows.csv >>secrets
attach=(authenticate --peer "tcp://127.0.0.1:$tcp_port" --origin-host "$mme_a" --realm "$realm" --plmn 001-01)
ask import rows.csv
same "rows are in" 5 "$(admin GET /v1/subscribers | grep -o '"imsi":"' | wc -l)"
ask "${attach[@]}" --device device.json --trace "$answers/client.pcapng"
same "a device is authenticated" 1 "$("$bindery" "${attach[@]}" --device device.json >"$answers/again" 2>&1 && echo 1)"
ask "${attach[@]}" --device stolen.json
grep . kek >>secrets
ask key rotate
grep . kek >>secrets
ask key reseal
ask key show
ask backup create night
ask subscriber list --json
ask subscriber show 001010000000012
ask subscriber set 001010000000011 --suspended=yes
ask device list --json
ask device rebind 001010000000012
ask status
for path in /v1/status /v1/export/subscribers /v1/devices /v1/events /v1/audit /v1/imports /v1/keys /v1/backups \
  /v1/webhooks /v1/subscribers/001010000000012 /metrics /health/ready /v1/openapi.yaml; do
  raw GET "$path"
done
ask audit export
ask audit list --json
ask events
ask top --once -i 1
"${as_user[@]}" "$bindery" backup verify "$hss/backups/night.backup" --config "$hss/hssd.yaml" >"$answers/verified" 2>&1 || true
holds "the backup verifies" grep -q '^opens\|opens with' "$answers/verified"

echo "# requests that are refused, with keys in them"
draw() { # a key that nobody has; as a half, too, for what is quoted may be cut
  key=$(random_hex 16)
  printf '%s\n%s\n%s\n' "$key" "${key:0:16}" "${key:16}" >>secrets
}
draw
one=/v1/subscribers/001010000000031
raw PUT "$one" "{\"k\":\"$key\",\"opc\":\"${key}0\"}"
raw PUT "$one" "{\"k\":\"x$key\",\"opc\":\"$key\"}"
raw PUT "$one" "{\"k\":\"$key\",\"opc\":\"$key\",\"policy\":\"$key\"}"
raw PUT "$one" "{\"k\":\"$key\",\"opc\":\"$key\",\"msisdn\":\"$key\"}"
raw PUT "$one" "{\"k\":\"$key\",\"opc\":\"$key\",\"imsi\":\"$key\"}"
raw PUT "$one" "{\"k\":\"$key\",\"opc\":\"$key\",\"profile\":\"none\"}"
raw PUT "$one" "{\"k\":[\"$key\"],\"opc\":{\"$key\":1}}"
raw PUT "$one" "{\"k\":\"$key\",\"opc\":\"$key\",\"devices\":[{\"imei\":\"$key\",\"kme\":\"$key\"}]}"
raw PUT "$one" "{\"k\":\"$key\",\"opc\":\"$key\",\"devices\":[{\"imei\":\"35693803564380\",\"kme\":\"${key}00\"}]}"
raw PATCH /v1/subscribers/001010000000011 "{\"k\":\"$key\"}"
raw DELETE "$one" "{\"k\":\"$key\"}"
raw POST /v1/import "{\"imsi\":\"001010000000032\",\"k\":\"$key\",\"opc\":\"$key"
raw POST /v1/keys/rotate "{\"kek\":\"$key$key\"}"
echo "# and that are not JSON"
raw PUT "$one" "{\"k\":\"$key\""
raw PUT "$one" "{\"k\":\"$key\",\"k\":\"$key\"}"
raw PUT "$one" "{\"k\": $key}"
raw PUT "$one" "{\"k\":\"$key\\u12\"}"
raw PUT "$one" "$key"
raw POST /v1/import "$(printf '%s\n{"imsi":"001010000000033","k":"%s"}\n[' "$key" "$key")"
keep curl -s -i --max-time 60 --unix-socket "$work/admin" -X PUT --header "Content-Type: application/json" \
  --header 'Transfer-Encoding: chunked' --data-binary "{\"k\":\"$key\"" "http://hss$one"
same "all of these were answered" "" "$(for i in $(seq "$n"); do [ -s "$answers/$i" ] || echo "$i"; done)"
same "nobody got in by them" "" "$(admin GET /v1/subscribers | grep -oE '00101000000003[0-9]' || true)"

echo "# looking into the process"
cat "/proc/$hss_pid/cmdline" >"$answers/cmdline"
cat "/proc/$hss_pid/environ" >"$answers/environ"
cat "/proc/$hss_pid/maps" >"$answers/maps"
same "it may leave no core file" "0 0" "$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$hss_pid/limits")"
same "the kernel counts it among those that nobody but root looks into" "0:0" "$(stat -c %u:%g "/proc/$hss_pid/mem")"
if [ "${#as_user[@]}" -gt 0 ]; then
  for file in mem environ maps; do
    rc=0
    "${as_user[@]}" head -c 1 "/proc/$hss_pid/$file" >/dev/null 2>"$work/why" || rc=$?
    same "its own user may not read /proc/PID/$file" "1 1" "$rc $(grep -c 'Permission denied' "$work/why")"
  done
fi
wait_for 60 test -s "$answers/hooked"
kill -SEGV "$hss_pid"
rc=0
wait "$hss_pid" 2>/dev/null || rc=$?
same "a crash ends it" 139 "$rc"
same "and leaves no core file" "" "$(find "$hss" "$work" -maxdepth 1 -name '*core*')"

echo "# looking for keys"
rm hss/hook.secret
mapfile -t files < <(find "$hss" "$answers" -type f ! -path "$hss/kek" ! -path "$hss/kek.*" ! -name admin)
echo "# ${#files[@]} files, $(sort -u secrets | wc -l) secrets and those of subscribers"
holds "no key is in any file or answer" secrets_hidden "${files[@]}"
head -c 16 "$hss/hss.db" >"$work/control"
perl -e 'print pack "H*", $ARGV[0]' "$key" >>"$work/control"
rc=0
secrets_hidden "$work/control" >/dev/null || rc=$?
same "one would be found" 1 "$rc"
finish
