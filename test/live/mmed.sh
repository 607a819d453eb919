#!/usr/bin/env bash
# bindery-mmed as a program: arguments and configuration, `bindery up` with HSS and MME, the MME's
# part of status, events, logs and devices, an MME that is killed, and its orderly end.
#
# The program is src/programs/bindery-mmed.c, its main's helpers src/nf/common/program.c; the verbs
# are src/cli/status.c, src/cli/events.c, src/cli/logs.c and src/cli/devices.c.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
export NO_COLOR=1 LC_ALL=C.UTF-8 BINDERY_DIR=$work/home
unset BINDERY_SOCKET
bindery=$BINDERY_BUILD/bindery
mmed=$BINDERY_BUILD/bindery-mmed
tree=$live_here/../..
umask 077
cd "$work"

# ends STATUS PART COMMAND... : it ends with the status and says the part.
ends() {
  local wanted=$1 part=$2 status=0
  shift 2
  "$@" >said 2>&1 </dev/null || status=$?
  [ "$status" = "$wanted" ] && grep -qF -- "$part" said || { echo "$status"; cat said; return 1; }
}
mme() { curl --silent --fail --max-time 10 --unix-socket home/mme.sock "http://mme$1"; }
mme_has() { mme "$1" | grep -qF -- "$2"; }
answers() { exec 3<>"/dev/tcp/127.0.0.1/$s1_port" && exec 3>&-; }
answers_not() { ! answers; }
# the process behind the MME's log: the one child of the supervisor that has this name
mme_pid() {
  local pid
  for pid in $(cat "/proc/$up_pid/task/$up_pid/children"); do
    [ "$(cat "/proc/$pid/comm")" = bindery-mmed ] && echo "$pid" && return
  done
  return 1
}
is_another() { local now; now=$(mme_pid) && [ "$now" != "$1" ] && mme /v1/status; }

echo "# the program"
holds "it says its version" ends 0 "bindery-mmed 0.1.0" "$mmed" --version
holds "it has help" ends 0 "Usage: bindery-mmed" "$mmed" --help
holds "it wants a configuration" ends 2 "--config FILE" "$mmed"
holds "secrets of no trace are refused" ends 2 "only with --trace" "$mmed" -c x --trace-secrets
holds "the example is a good configuration" ends 0 "is good" "$mmed" -c "$tree/examples/mmed.yaml" --check
sed 's/eia2/eia0/' "$tree/examples/mmed.yaml" >bad.yaml
holds "integrity that is none is refused with its place" ends 2 "(security.integrity[0])" "$mmed" -c bad.yaml
holds "a file that is not there names the example" ends 2 "examples/mmed.yaml" "$mmed" -c nowhere.yaml

echo "# up"
s1_port=0 tcp_port=0 tls_port=0 repo_port=0
for name in s1_port tcp_port tls_port repo_port; do free_port "$name"; done
holds "HSS and MME start" ends 0 "s1-tcp://127.0.0.1:$s1_port" \
  "$bindery" up -d --port "$tcp_port" --tls-port "$tls_port" --s1-port "$s1_port" --repo-port "$repo_port"
up_pid=$("$bindery" up -d 2>&1 | sed -n 's/.*(process \([0-9]*\)).*/\1/p' || true)
pids+=("$up_pid")
holds "the S1 port answers" answers
holds "the MME finds its HSS, over TLS" wait_for 60 mme_has /v1/status '"connected":true'
holds "status shows both" ends 0 "HOME" "$bindery" status
holds "in JSON too" ends 0 '"program": "bindery-mmed"' "$bindery" status --json
holds "the MME alone, by its socket" ends 0 "HOME" "$bindery" status --socket home/mme.sock
holds "an eNB that connects is an event" wait_for 60 mme_has /v1/events '"enb-connected"'
holds "events are of both" ends 0 " mme enb-connected" "$bindery" events
holds "and of one alone" ends 0 '"from":"mme"' "$bindery" events --from mme --json
ids_need_a_source() { ends 2 "--from hss" "$bindery" events --after 1; }
holds "ids are of one alone" ids_need_a_source
events_in_order() {
  "$bindery" events --json | sed -n 's/.*"time":"\([^"]*\)".*/\1/p' >event.times
  [ "$(wc -l <event.times)" -ge 3 ] && sort -c event.times
}
holds "and in the order of time" wait_for 60 events_in_order
holds "logs are of both" ends 0 "mme 20" "$bindery" logs
holds "no device is there" ends 0 '"ues": []' "$bindery" devices --json
holds "one that is not there is not detached" ends 1 "no device of" "$bindery" devices --detach 001010123456789
no_core() { grep -qE '^Max core file size +0 +0 ' "/proc/$(mme_pid)/limits"; }
holds "it leaves no core" no_core

echo "# an MME that dies"
before=$(mme_pid)
kill -KILL "$before"
holds "it is started again and serves" wait_for 60 is_another "$before"
holds "the S1 port answers again" wait_for 60 answers
holds "and the HSS knows it again" wait_for 60 mme_has /v1/status '"connected":true'
holds "its death is in the log" ends 0 "daemon-died" "$bindery" logs --from mme -n 1000

echo "# down"
holds "down stops both" ends 0 "stopped" "$bindery" down
holds "nobody answers on S1" answers_not
same "its socket is gone" "" "$(ls home/mme.sock 2>/dev/null)"
holds "it said goodbye to the HSS" ends 0 "this side disconnected" "$bindery" logs --from mme -n 1000
holds "and all of it again" ends 0 "s1-tcp://127.0.0.1:$s1_port" "$bindery" up -d
pids+=("$("$bindery" up -d 2>&1 | sed -n 's/.*(process \([0-9]*\)).*/\1/p' || true)")
holds "the S1 port answers as before" answers
holds "down once more" ends 0 "stopped" "$bindery" down
mv home/mmed.yaml mmed.away
mme_alone() { ends 0 "bindery-hssd" "$bindery" up -d && ! grep -q bindery-mmed said; }
holds "without mmed.yaml there is only the HSS" mme_alone
pids+=("$("$bindery" up -d 2>&1 | sed -n 's/.*(process \([0-9]*\)).*/\1/p' || true)")
holds "and its status" ends 0 "PEER" "$bindery" status
holds "and its end" ends 0 "stopped" "$bindery" down
same "nothing in the MME's log is an error but its death" "1" \
  "$(grep -cF '"level":"error"' home/log/mmed.log || true)"
finish
