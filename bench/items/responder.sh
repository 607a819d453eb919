# shellcheck shell=bash
# shellcheck disable=SC2154 # the options, work and the ids of servers are those of run.sh and lib
# AIRs against a bare epoll responder that does the same cryptography and nothing else.

measure() {
  local round shape store hssd_pid responder_pid
  store_of store "$subscribers"
  hssd_start hssd_pid "$store" 3870
  serve responder_pid 3900 "$work/responder.log" "$BINDERY_BUILD/bench_epoll_responder" 3900
  for ((round = 0; round < rounds; round++)); do
    for shape in "1 32" "4 32"; do
      # shellcheck disable=SC2086 # two numbers
      air "$round" limit "$(shape $shape)" "$responder_pid" 3900 $shape "$subscribers"
      # shellcheck disable=SC2086
      air "$round" ours "$(shape $shape)" "$hssd_pid" 3870 $shape "$subscribers"
    done
  done
}
