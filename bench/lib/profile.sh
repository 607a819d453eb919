# shellcheck shell=bash
# shellcheck disable=SC2154 # work and the like are run.sh's
# Where the time of bindery-hssd goes: perf samples its processor time, kernel included, while the
# closed loop keeps it busy; lib/profile.pl sorts the stacks into stages.

have_perf() {
  command -v perf >/dev/null && perf record -q -o "$work/perf.try" -e cpu-clock true 2>/dev/null
}

# profile PID PORT COUNT SECONDS CONNECTIONS WINDOW: "stage TAB part of all TAB part in the kernel".
profile() {
  local client rc=0
  have_perf || {
    say "  no profile: perf is not here or may not be used (packages: linux-perf)"
    return 1
  }
  "$BINDERY_BUILD/bench_air_client" --to "$address:$2" --destination-realm "$realm" \
    --connections "$5" --window "$6" --warmup 1 --seconds $(($4 + 1)) --imsis "$3" \
    >"$work/profile.run" &
  client=$!
  sleep 1
  perf record -q -o "$work/perf.data" -e cpu-clock -F 499 --call-graph dwarf,4096 -p "$1" \
    -- sleep "$4" >"$work/perf.log" 2>&1 || rc=$?
  wait "$client" || rc=$?
  [ "$rc" -eq 0 ] || {
    say "  no profile: $(tail -n 1 "$work/perf.log")"
    return 1
  }
  perf script --no-inline -i "$work/perf.data" -F tid,ip,sym,dso 2>>"$work/perf.log" |
    bench/lib/profile.pl
  rm -f "$work/perf.data" "$work/perf.try"
}

# store_share PID PORT COUNT: the part of all processor time that reads subscriber and devices and
# opens their seals, in per cent.
store_share() {
  profile "$1" "$2" "$3" 2 4 32 >"$work/profile.tsv" || return 1
  awk -F '\t' '$1 ~ /^(read|unseal)/ { n += $2 } END { printf "%.1f\n", 100 * n }' "$work/profile.tsv"
}
