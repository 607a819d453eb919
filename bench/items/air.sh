# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# AIRs against bare freeDiameter that answers with a constant vector.

measure() {
  local round shape store hssd_pid
  store_of store "$subscribers"
  hssd_start hssd_pid "$store" 3870
  fd_start
  for ((round = 0; round < rounds; round++)); do
    for shape in "1 1" "1 32" "4 32"; do
      # shellcheck disable=SC2086 # two numbers
      air "$round" limit "$(shape $shape)" "$fd_pid" 3868 $shape "$subscribers"
      # shellcheck disable=SC2086
      air "$round" ours "$(shape $shape)" "$hssd_pid" 3870 $shape "$subscribers"
    done
  done
}
