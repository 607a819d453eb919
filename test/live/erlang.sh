#!/usr/bin/env bash
# An MME in Erlang, on OTP's diameter, against bindery-hssd: over TCP, then over TLS 1.3. What the
# wire cannot show (events, the registration) is asked of the HSS's administration.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/erlang.sh
. "$(dirname "$0")/lib/erlang.sh"

# administration RUN: what the HSS remembers of the scenes.
administration() {
  local run=$1 open bound stolen
  read -r open _ <"$work/open$run.sub"
  read -r bound _ <"$work/bound$run.sub"
  read -r stolen _ <"$work/stolen$run.sub"
  holds "the reported failures raise the event suspected-theft" \
    wait_for 60 event suspected-theft "$stolen"
  holds "the resynchronisation is an event" wait_for 60 event resynchronised "$open"
  holds "that of the bound SIM too" wait_for 60 event resynchronised "$bound"
  holds "the registration is an event" wait_for 60 event registered "$open"
  holds "the refused IMEI is an event" wait_for 60 event refused "$bound"
  admin GET "/v1/subscribers/$open" | tr -d ' \n' >"$work/open.json"
  holds "the second MME is the one that serves" grep -qF "\"host\":\"$mme_b\"" "$work/open.json"
  holds "and it has purged the subscriber" grep -qF '"purged":true' "$work/open.json"
}

erlang_build
pki "$hss_host" "$mme_a" "$mme_b"
tcp_port=0 tls_port=0
free_port tcp_port
free_port tls_port
hss_config 127.0.0.1 "$tcp_port" "$tls_port"
hss_start

echo "# over TCP"
erlang_run 1 "$tcp_port" tcp
administration 1
echo "# over TLS"
erlang_run 2 "$tls_port" tls
administration 2

holds "no key is in the clear in database, write-ahead log or log while it runs" \
  secrets_hidden "$work"/hss.db* "$work/hss.log"
holds "SIGTERM ends the HSS in order" hss_stop
holds "nor after its end" \
  secrets_hidden "$work"/hss.db* "$work/hss.log"
finish
