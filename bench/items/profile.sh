# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# Where the time of an AIR goes, the kernel's part included.

# shellcheck source=bench/lib/profile.sh
. bench/lib/profile.sh

profile_case() {
  local case=$1 stage part kernel us
  profile "$hssd_pid" 3870 "$subscribers" 6 "$2" "$3" >"$work/profile.tsv" || return 1
  air 0 ours "$case" "$hssd_pid" 3870 "$2" "$3" "$subscribers"
  us=$(awk -F '\t' '$4 == "server.cpu.us" { v = $5 } END { print v }' "$notes/profile.part")
  while IFS=$'\t' read -r stage part kernel _; do
    note 0 ours "$case" "stage: $stage" "$part"
    note 0 ours "$case" "kernel: $stage" "$kernel"
    note 0 ours "$case" "us: $stage" "$(awk -v a="$part" -v b="$us" 'BEGIN { printf "%.3f", a * b }')"
  done <"$work/profile.tsv"
  note 0 ours "$case" samples "$(awk -F '\t' '{ n += $4 } END { print n }' "$work/profile.tsv")"
}

measure() {
  local store hssd_pid
  store_of store "$subscribers"
  hssd_start hssd_pid "$store" 3870
  profile_case "$(shape 4 32)" 4 32
  profile_case "$(shape 1 1)" 1 1
}
