# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# The HSS on one core, greedy peers on the other that offer ten times what it can do, and two
# well-behaved peers with a few requests: what these feel, what memory it costs, how soon it is over.
# The greedy run as SCHED_IDLE, so that the polite are held up by the HSS and not by them. Each has as
# many connections as the configuration lets a peer have by default.

polite_rate=200 greedy_seconds=10 around_seconds=4 greedy_connections=2

load_of() {
  local host=$1
  shift
  taskset -c 1 "${idle[@]}" "$BINDERY_BUILD/bindery" load --imsi-from 001010000000001 \
    --count "$subscribers" --order random --origin-host "$host%d.visited.bench" \
    --realm visited.bench --yes-this-is-mine --allow-failures "$@" "tcp://$address:3870"
}

# Every tenth of a second the memory of the process, the most at the end.
watch_memory() {
  local most=0 rss=0 now
  while [ -e "$work/watching" ]; do
    now=$(status "$hssd_pid" RssAnon)
    ((${now:-0} <= most)) || most=$now
    now=$(status "$hssd_pid" VmRSS)
    ((${now:-0} <= rss)) || rss=$now
    sleep 0.1
  done
  printf '%s %s\n' "$most" "$rss" >"$work/memory"
}

# What the configuration lets a connection take: both buffers, and what TLS would need is not used.
bound_kib() { echo $(($1 + (mmes * greedy_connections + 2) * (65536 + 262144) / 1024)); }

one() {
  local round=$1 polite greedy watcher before
  idle=()
  touch "$work/watching"
  watch_memory &
  watcher=$!
  load_of polite --peers 2 --rate "$polite_rate" --duration "$((greedy_seconds + 2 * around_seconds))s" \
    --json "$work/polite.json" >"$work/polite.out" 2>&1 &
  polite=$!
  sleep "$around_seconds"
  idle=(chrt --idle 0)
  before=$(ticks "$hssd_pid")
  load_of mme --peers "$mmes" --connections "$greedy_connections" --rate "$((capacity * 10))" --timeout 500ms \
    --duration "${greedy_seconds}s" --json "$work/greedy.json" >"$work/greedy.out" 2>&1 &
  greedy=$!
  wait "$greedy" || die "greedy: $(tail -n 3 "$work/greedy.out")"
  # That the HSS had no rest: a load that it could bear would prove nothing.
  note "$round" ours "$case" core.busy "$((($(ticks "$hssd_pid") - before) * 100 /
    $(getconf CLK_TCK) / greedy_seconds))"
  wait "$polite" || die "polite: $(tail -n 3 "$work/polite.out")"
  rm "$work/watching"
  wait "$watcher"
  {
    # The greedy need half a second to connect at most; their last answers another half.
    bench/lib/load.pl phases "$work/polite.json" "$around_seconds" \
      "$((around_seconds + greedy_seconds + 1))"
    bench/lib/load.pl kinds "$work/greedy.json" | sed 's/^/greedy./'
  } | note_all "$round" ours "$case"
  note "$round" ours "$case" anon.kib "$(cut -d' ' -f1 "$work/memory")"
  note "$round" limit "$case" anon.kib "$(bound_kib "$anon")"
  note "$round" ours "$case" rss.kib "$(cut -d' ' -f2 "$work/memory")"
}

measure() {
  local round store hssd_pid capacity anon idle=() case
  [ "$(nproc)" -ge 2 ] || die "overload needs two cores"
  case="ten times the capacity from $mmes peers of $greedy_connections connections, $polite_rate a second from two others"
  store_of store "$subscribers"
  hssd_start hssd_pid "$store" 3870 1 taskset -c 0
  taskset -c 1 "$BINDERY_BUILD/bench_air_client" --to "$address:3870" --destination-realm "$realm" \
    --connections 4 --window 32 --seconds "$seconds" --imsis "$subscribers" >"$work/run"
  capacity=$(awk -F '\t' '$1 == "answers.per.second" { print $2 }' "$work/run")
  anon=$(status "$hssd_pid" RssAnon)
  note 0 ours "$case" capacity "$capacity"
  for ((round = 0; round < (rounds > 3 ? 3 : rounds); round++)); do
    one "$round"
  done
}
