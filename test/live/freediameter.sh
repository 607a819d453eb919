#!/usr/bin/env bash
# An MME on libfreediameter against bindery-hssd: over TCP, then over TLS.
#
# freeDiameter binds every address and will not start where there is no address but loopback's. So
# both ends run in a network namespace of their own, where they disturb nobody and need no right.
#
# Runs alone: when it stops, libfdproto gives its threads 20 ms to leave a queue, and else aborts.
set -euo pipefail

if [ "${1:-}" != inside ]; then
  for space in "unshare -Urn" "unshare -n"; do
    # shellcheck disable=SC2086 # the command and its options
    if $space true 2>/dev/null; then exec $space bash "$0" inside; fi
  done
  echo "ok 1 - freeDiameter as MME # SKIP no network namespace to be had here"
  echo "1..1"
  exit 0
fi

# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"

address=10.99.0.1

build_mme() {
  local src=$live_here/freediameter
  "${CC:-gcc}" -std=c17 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
    -Wmissing-prototypes -Wwrite-strings -o "$work/mme" "$src"/*.c -lfdcore -lfdproto -lcrypto \
    -lpthread
}

# fd_conf PORT SEC_PORT PEER_OPTIONS: the library's configuration, with the shortest watchdog that
# RFC 3539 allows. It insists on a certificate even where it uses none.
fd_conf() {
  cat >"$work/fd.conf" <<CONF
Identity = "$mme_a";
Realm = "$realm";
Port = $1;
SecPort = $2;
ListenOn = "$address";
No_SCTP;
NoRelay;
TwTimer = 6;
TcTimer = 5;
TLS_Cred = "$work/pki/$mme_a.pem", "$work/pki/$mme_a.key";
TLS_CA = "$work/pki/ca.pem";
LoadExtension = "dict_nasreq.fdx";
LoadExtension = "dict_eap.fdx";
LoadExtension = "dict_dcca.fdx";
LoadExtension = "dict_dcca_3gpp.fdx";
ConnectPeer = "$hss_host" { ConnectTo = "$address"; $3 };
CONF
}

# fd_run RUN
fd_run() {
  local run=$1
  subscribers_of_run "$run"
  party "$work/mme" "$work/fd.conf" "$work/open$run.sub" "$work/bound$run.sub" \
    "$work/stolen$run.sub"
  holds "the reported failures raise the event suspected-theft" \
    wait_for 60 event suspected-theft "0010100000001${run}3"
}

ip link set lo up
ip addr add "$address/32" dev lo
build_mme
pki "$hss_host" "$mme_a" "$mme_b"
hss_config "$address" 3868 5658 "plain_tcp_off_loopback: true"
hss_start

echo "# over TCP"
fd_conf 3878 0 "Port = 3868; No_TLS;"
fd_run 1
echo "# over TLS"
fd_conf 3878 3879 "Port = 5658;"
fd_run 2

holds "no key is in the clear in database, write-ahead log or log while it runs" \
  secrets_hidden "$work"/hss.db* "$work/hss.log"
holds "SIGTERM ends the HSS in order" hss_stop
holds "nor after its end" \
  secrets_hidden "$work"/hss.db* "$work/hss.log"
finish
