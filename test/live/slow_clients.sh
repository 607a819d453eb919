#!/usr/bin/env bash
# The administration socket with clients that say nothing, never end, come octet by octet, go away in the
# middle or do not read what they asked for: others are served all the while, what has no end is cut off,
# and no memory stays behind (src/nf/common/admin_server.c). Over HTTPS: test/live/admin_api.sh.
# shellcheck disable=SC2119 # hss_start takes options of the HSS, and here it has none
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/raw.sh
. "$live_here/lib/raw.sh"
unset BINDERY_SERVER

pki "$hss_host"
tcp_port=0 tls_port=0
free_port tcp_port
free_port tls_port
raw_config "$tcp_port" "$tls_port"
hss_start
pool 1000

# client WHAT : test/live/lib/slow_client.mjs; what it says is in $work/WHAT.
client() { timeout 60 node "$live_here/lib/slow_client.mjs" "$work/admin" "$1" >"$work/$1" 2>&1; }
served() { admin GET /v1/status; }
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$hss_pid/status"; }

holds "a body that has no end has one" client endless
holds "others are served afterwards" served
same "a header without end has one too" 0 "$(client header && echo 0 || cat "$work/header")"
holds "others are served afterwards" served
before=$(resident)
for what in leave half unread; do
  # of an HSS that is held up for a second the socket's queue is full, and connecting fails at once
  holds "two hundred clients that go in the middle ($what)" wait_for 60 client "$what"
  holds "others are served afterwards ($what)" wait_for 60 served
done
after=$(resident)
echo "# resident: $before KiB before, $after KiB after"
same "no memory stays behind" yes "$([ "$after" -lt $((before + 32768)) ] && echo yes || echo "$before, then $after")"
node "$live_here/lib/slow_client.mjs" "$work/admin" silent >"$work/silent" 2>&1 &
silent=$!
pids+=("$silent")
wait_for 60 grep -q connected "$work/silent"
holds "while forty say nothing others are served" served
holds "and the wire too" "$BINDERY_BUILD/bindery" load "tcp://127.0.0.1:$tcp_port" --origin-host "$mme_a" --realm "$realm" \
  --imsi-from "$(head -n 1 "$work/pool.sub" | cut -d' ' -f1)" --count 100 --rate 100 --duration 1s
stops_in_order "SIGTERM ends it in order with them"
finish
