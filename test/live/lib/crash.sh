# shellcheck shell=bash
# shellcheck disable=SC2154 # work, realm and the like are those of common.sh, sourced before this
# Kills under load, for test/live/crash.sh and test/soak.sh; after common.sh and raw.sh.

# crash_run KILLS: the whole run on a store of its own, which it leaves as the last kill left it.
crash_run() {
  pki "$hss_host"
  free_port tcp_port
  free_port tls_port
  raw_config "$tcp_port" "$tls_port"
  (umask 077 && random_hex 32 >"$work/kek")
  party "$BINDERY_BUILD/live_raw_crash" "$1" "$work" "$realm" "$tcp_port" \
    "$BINDERY_BUILD/bindery-hssd"
  same "nothing in its log is an error" "" "$(grep -F '"level":"error"' "$work/hss.log" || true)"
}
