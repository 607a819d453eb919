# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# What an AIR costs with so many subscribers, picked at random; memory and disk. The servers run side
# by side and take turns. The limit of each is the smallest one: a store that grows should cost nothing.

# shellcheck source=bench/lib/profile.sh
. bench/lib/profile.sh

# The runs of the smallest are the limit of the others.
smallest_is_limit() {
  local n
  for n in "${sizes[@]:1}"; do
    awk -F '\t' -v OFS='\t' -v small="${sizes[0]} subscribers" -v case="$n subscribers" '
      $2 == "ours" && $3 == small && $4 ~ /[.]us$|^answers.per.second$/ {
        $2 = "limit"; $3 = case; print
      }' "$notes/$item.part" >"$work/limit"
    cat "$work/limit" >>"$notes/$item.part"
  done
}

# A subscriber gets ten vectors a second, and six hundred ahead of time (docs/performance.md). So few
# subscribers that a run would use that up are asked for a shorter time, after a restart each time.
few=10000

fresh() {
  local n=$1
  ((n < few)) || return 0
  stop "${pid_of[$n]}"
  hssd_start pid "${store_at[$n]}" "${port_of[$n]}"
  pid_of[$n]=$pid
}

measure() {
  local round n port=3870 store pid share whole=$seconds
  local -A pid_of port_of store_at
  for n in "${sizes[@]}"; do
    store_of store "$n"
    hssd_start pid "$store" "$port"
    pid_of[$n]=$pid port_of[$n]=$port store_at[$n]=$store
    note 0 ours "$n subscribers" import.rows.per.second "$(cat "$store/ready")"
    note 0 ours "$n subscribers" disk.per.subscriber \
      "$(($(cat "$store"/hss.db* | wc -c) / n))"
    port=$((port + 2))
  done
  for ((round = 0; round < rounds; round++)); do
    for n in "${sizes[@]}"; do
      fresh "$n"
      seconds=$((n < few ? 1 : whole))
      air "$round" ours "$n subscribers" "${pid_of[$n]}" "${port_of[$n]}" 4 32 "$n"
    done
  done
  for n in "${sizes[@]}"; do
    pid=${pid_of[$n]}
    note 0 ours "$n subscribers" rss.kib "$(status "$pid" VmRSS)"
    note 0 ours "$n subscribers" anon.kib "$(status "$pid" RssAnon)"
    fresh "$n"
    pid=${pid_of[$n]}
    if share=$(store_share "$pid" "${port_of[$n]}" "$n"); then
      note 0 ours "$n subscribers" store.share "$share"
    fi
  done
  smallest_is_limit
}
