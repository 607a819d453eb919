#!/usr/bin/env bash
# What ./dev bench runs: builds the yardsticks, measures, prints one table. docs/performance.md says
# what each figure means. An item is a file of bench/items; one that fails is told of and does not
# stop the others.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
# shellcheck source=bench/lib/servers.sh
. bench/lib/servers.sh

BINDERY_BUILD=$(readlink -m "${BINDERY_BUILD:-${BUILD_ROOT:-build}/bench}")
all=(vectors proofs kme provisioning onboarding first-attach releases discovery air responder sizes peers import api-import bulk lookups inquiries eir restart overload storm tls import-load attach device profile)

usage() {
  cat <<TEXT
Usage: ./dev bench [OPTION...] [ITEM...]

  --full           with 1,000,000 subscribers, and what depends on the number with both
  --huge           and with 10,000,000 (10 GB of disk)
  --subscribers N  where one number is enough: so many instead of 100,000
  --rounds N       rounds of each measurement, at least 5 for a figure worth quoting (5)
  --seconds N      length of one run (3)
  --keep           leave notes, JSON, picture and stores where they are, and say where
  --resume FOLDER  go on with what was kept, as it was begun: what is done is not measured again

Items: ${all[*]}; all of them if none is named.
TEXT
}

say() { echo "$*" >&2; }
die() {
  say "bench: $*"
  exit 1
}

# shellcheck disable=SC2034 # the items use them
subscribers=100000 rounds=5 seconds=3 keep='' resume='' sizes=(1000 100000) what=()
# shellcheck disable=SC2034
options() {
  while [ $# -gt 0 ]; do
    case $1 in
    --full) subscribers=1000000 sizes=(1000 100000 1000000) ;;
    --huge) subscribers=1000000 sizes=(1000 100000 1000000 10000000) ;;
    --subscribers | --rounds | --seconds)
      [[ ${2:-} =~ ^[1-9][0-9]{0,7}$ ]] || die "$1 takes a number"
      printf -v "${1#--}" %s "$2"
      [ "$1" != --subscribers ] || sizes=(1000 "$2")
      shift
      ;;
    --keep) keep=1 ;;
    --resume)
      [ -d "${2:-}/notes" ] || die "--resume takes a folder that --keep or a failure left"
      resume=$(readlink -f "$2")
      shift
      ;;
    -h | --help) usage && exit 0 ;;
    -*) usage >&2 && die "what is '$1'?" ;;
    *)
      [ -e "bench/items/$1.sh" ] || { usage >&2 && die "no item is called '$1'"; }
      what+=("$1")
      ;;
    esac
    shift
  done
  [ ${#what[@]} -gt 0 ] || what=("${all[@]}")
}

# ---- machine ---------------------------------------------------------------------------------

version() { dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo unknown; }

machine() {
  printf 'CPU\t%s, %s cores\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)"
  printf 'kernel\t%s\n' "$(uname -sr)"
  printf 'memory\t%s MiB\n' "$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo)"
  printf 'disk\t%s\n' "$(df --output=source,fstype "$work" | tail -1 | xargs)"
  printf 'load\t%s before the runs\n' "$(cut -d' ' -f1-3 /proc/loadavg)"
  printf 'versions\tbindery %s, gcc %s, OpenSSL %s, SQLite %s, libfreediameter %s\n' \
    "$("$BINDERY_BUILD/bindery-hssd" --version 2>/dev/null | awk '{ print $NF; exit }')" \
    "$(gcc -dumpfullversion)" "$(openssl version | cut -d' ' -f2)" "$(version libsqlite3-0)" \
    "$(version libfreediameter-dev)"
  printf 'others\tfreediameterd %s, osmo-hlr %s\n' "$(version freediameterd)" \
    "$(cat "$BINDERY_BUILD/osmo-hlr/version" 2>/dev/null || echo none)"
  printf 'runs\t%s rounds of %s s, %s subscribers\n' "$rounds" "$seconds" "$subscribers"
  printf 'date\t%s\n' "$(date -u +%Y-%m-%d)"
}

# ---- items -----------------------------------------------------------------------------------

# note ROUND WHO CASE NAME VALUE: what the table is made of.
note() { printf '%s\t%s\t%s\t%s\t%s\n' "$@" >>"$notes/$item.part"; }
# note_all ROUND WHO CASE: "name TAB value" lines of standard input.
note_all() {
  local name value
  while IFS=$'\t' read -r name value; do
    note "$1" "$2" "$3" "$name" "$value"
  done
}

# An item in a shell of its own: what it started is stopped when it ends, however that is.
run_item() (
  pids=()
  item_exit() {
    local rc=$? pid
    trap - EXIT
    for pid in "${pids[@]}"; do
      stop "$pid"
    done
    exit "$rc"
  }
  trap item_exit EXIT
  trap 'exit 130' INT TERM
  set -e
  item=$1
  rm -f "$notes/$item.part"
  # shellcheck source=/dev/null # each of bench/items
  . "bench/items/$item.sh"
  measure
  mv "$notes/$item.part" "$notes/$item.tsv"
)

run_items() {
  local each rc from missed=0
  for each in "${what[@]}"; do
    [ ! -e "$notes/$each.tsv" ] || continue
    from=$SECONDS
    say "$each ..."
    set +e # 'if run_item' would switch it off inside as well
    run_item "$each"
    rc=$?
    set -e
    [ "$rc" -ne 130 ] || return 130
    if [ "$rc" -ne 0 ]; then
      say "bench: $each could not be measured"
      missed=1
    fi
    say "  $((SECONDS - from)) s"
  done
  return "$missed"
}

# ---- all of it -------------------------------------------------------------------------------

at_exit() {
  local rc=$?
  trap - EXIT
  if [ -n "$keep" ] || { [ "$rc" -ne 0 ] && [ -n "$(ls "$notes" 2>/dev/null)" ]; }; then
    say "kept: $work (./dev bench --resume $work goes on with it; remove it when done)"
  else
    rm -rf "$work"
  fi
  exit "$rc"
}

# Only what is measured and what measures; no tests.
build() {
  local log=$BINDERY_BUILD/bench-build.log
  mkdir -p "$BINDERY_BUILD"
  {
    cmake --preset release -B "$BINDERY_BUILD" -DBINDERY_TESTS=OFF -DBINDERY_BENCH=ON &&
      cmake --build "$BINDERY_BUILD" --target bindery bindery-hssd bindery-mmed bindery-repod bindery-arpfd bindery-dausfd \
      bindery-rsmfd bindery-ue bench
  } >"$log" 2>&1 </dev/null || {
    tail -n 30 "$log" >&2
    die "the programs could not be built; all of it is in $log"
  }
}

# A network of its own. Root keeps its rights, which perf needs to see the kernel's part.
inside() {
  local unshare=(unshare --net)
  [ "$(id -u)" -eq 0 ] || unshare+=(--map-root-user)
  BENCH_INSIDE=1 exec "${unshare[@]}" "$0" "$@"
}

main() {
  local rc=0
  options "$@"
  export BINDERY_BUILD
  command -v ip >/dev/null || die "the package iproute2 is needed: apt-get install iproute2"
  if [ -z "${BENCH_INSIDE:-}" ]; then
    build
    case " ${what[*]} " in *" peers "*) bench/lib/osmo-hlr.sh "$BINDERY_BUILD/osmo-hlr" || true ;; esac
    inside "$@"
  fi
  if [ -n "$resume" ]; then
    work=$resume keep=1
    # shellcheck source=/dev/null
    . "$work/options" # figures of other sizes and times would not go together
  else
    work=$(mktemp -d "$BINDERY_BUILD/bench.XXXXXX") # the store belongs on a disk
    declare -p subscribers rounds seconds sizes | sed 's/^declare -[-a]* //' >"$work/options"
  fi
  notes=$work/notes
  mkdir -p "$notes"
  trap at_exit EXIT
  trap 'exit 130' INT TERM
  ip link set lo up
  ip address add "$address/32" dev lo
  [ -e "$notes/machine" ] || machine >"$notes/machine"
  run_items || rc=$?
  bench/report.pl "$notes" "$work/bench.json"
  return "$rc"
}

main "$@"
