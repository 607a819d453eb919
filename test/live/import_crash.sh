#!/usr/bin/env bash
# An import that is killed, or whose HSS is killed, at random points: each row is in as a whole or not at
# all, the import says that it came to no end and counts exactly what it put in, running it again
# finishes, and the audit log holds and has one entry for each. Then the log is tampered with, and
# `bindery audit verify` says where. Covers src/cli/audit.c and src/cli/import_session.c.
# shellcheck disable=SC2119 # hss_start takes options of the HSS, and here it has none
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"

export NO_COLOR=1 LC_ALL=C.UTF-8
unset BINDERY_DIR BINDERY_SOCKET BINDERY_SERVER
a_round=1500 rounds=8
rows=$((a_round * (rounds + 1)))
cli() { "$BINDERY_BUILD/bindery" "$@" --socket "$work/admin"; }
flat() { tr -d ' \n'; }

# Each subscriber is bound, so that a row without its device would show: the HSS takes none.
make_rows() {
  local i k
  echo "imsi,k,opc,msisdn,policy,imei,kme"
  (openssl rand -hex $((rows * 48)) | tr -d '\n' | fold -w 96; echo) | while read -r k; do
    i=$((${i:-0} + 1))
    printf '00101%010d,%s,%s,4917%07d,bound,35693803%06d,%s\n' "$i" "${k:0:32}" "${k:32:32}" "$i" "$i" "${k:64:32}"
  done
}

# What is in the store, as "IMSI MSISDN"; and as "IMSI IMEI KME?".
subscribers_in() {
  cli subscriber list --json | flat |
    { grep -oE '"imsi":"[0-9]+","algorithm":"milenage","policy":"bound"[^{}]*"msisdn":"[0-9]+"' || true; } |
    sed -E 's/"imsi":"([0-9]+)".*"msisdn":"([0-9]+)"/\1 \2/' | sort
}
devices_in() {
  cli device list --json | flat | sed 's/},{/}\n{/g' | { grep -F '"has_kme":true' || true; } |
    sed -E 's/.*"imsi":"([0-9]+)".*/\1/' | sort
}
count_of() { wc -l <"$1" | tr -d ' '; }
imports() { admin GET "/v1/imports?limit=1000" | flat; }
# The sum of a count over all imports.
sum_of() { imports | { grep -oE "\"$1\":[0-9]+" || true; } | cut -d: -f2 | awk '{ s += $1 } END { print s + 0 }'; }
# Those that were open are ended after the start, by a job that nobody waits for.
none_is_open() { ! imports | grep -qF '"state":"open"'; }
states() { imports | grep -oE '"state":"[a-z]+"' | sort | uniq -c | sed 's/^ *//'; }
entries_with() { cli audit export | grep -cF "$1" || true; }

# whole_rows SENTENCE: every row that is in is in as its line says, with its device and key.
whole_rows() {
  subscribers_in >"$work/in"
  devices_in >"$work/in.devices"
  same "$1: no row is in that is not as its line says" "" "$(comm -13 "$work/want" "$work/in")"
  same "$1: each that is in has its device and its key" "$(cut -d' ' -f1 "$work/in")" "$(cat "$work/in.devices")"
  same "$1: the imports count what is in, exactly" "$(count_of "$work/in")" "$(sum_of added)"
}

# a_while N: longer in later rounds, which have to look at more rows first.
a_while() { sleep "$(printf "0.%03d" $((RANDOM % (200 + 80 * $1))))"; }
gone() {
  local pid=$1 each rest=()
  wait "$pid" 2>/dev/null || true
  for each in "${pids[@]}"; do
    [ "$each" = "$pid" ] || rest+=("$each")
  done
  pids=("${rest[@]}")
}
begun() { [ "$(imports | grep -oE '"state":' | wc -l)" -ge "$1" ]; }

# round N hss|importer: starts an import that has more rows than the one before, and kills one of them
# somewhere in it.
round() {
  local importer
  head -n $((1 + $1 * a_round)) "$work/rows.csv" >"$work/part.csv"
  cli import "$work/part.csv" >"$work/import.out" 2>&1 &
  importer=$!
  pids+=("$importer")
  wait_for 60 begun "$1" || echo "# the import did not begin: $(cat "$work/import.out")"
  a_while "$1"
  if [ "$2" = hss ]; then
    kill -KILL "$hss_pid"
    gone "$hss_pid"
    gone "$importer"
  else
    kill -KILL "$importer" 2>/dev/null || true
    gone "$importer"
    kill -KILL "$hss_pid" # else it would wait an hour for its importer
    gone "$hss_pid"
  fi
  hss_start
}

pki "$hss_host"
tcp_port=0 tls_port=0
free_port tcp_port
free_port tls_port
hss_config 127.0.0.1 "$tcp_port" "$tls_port"
hss_start
make_rows >"$work/rows.csv"
same "the file has its rows" "$rows" "$(tail -n +2 "$work/rows.csv" | wc -l | tr -d ' ')"
tail -n +2 "$work/rows.csv" | awk -F, '{ print $1, $4 }' | sort >"$work/want"
sed -n '2,20p' "$work/rows.csv" | awk -F, '{ print $2; print $3; print $7 }' >"$work/secrets"
awk -F, 'NR == 2 { print $1, $2, $3, $4, $6, $7 }' "$work/rows.csv" >"$work/first.sub"

for i in $(seq "$rounds"); do
  [ $((i % 2)) = 0 ] && who=importer || who=hss
  round "$i" "$who"
  wait_for 60 none_is_open || true
  whole_rows "kill $i of the $who"
  echo "# $(count_of "$work/in") of $((i * a_round)) rows are in; imports: $(states | tr '\n' ' ')"
  same "kill $i: no import is open any more" "" "$(states | grep open || true)"
  holds "kill $i: the audit log holds, and goes on from the head that was kept" cli audit verify --head "$work/head"
done

echo "# to its end"
holds "running it again finishes" cli import "$work/rows.csv"
whole_rows "at the end"
same "every row is in" "$(cat "$work/want")" "$(cat "$work/in")"
sum=$(sha256sum <"$work/rows.csv" | cut -d' ' -f1)
last=$(cli audit list --last 1 --json | flat)
holds "the last entry has the file's hash" grep -qF "$sum" <<<"$last"
holds "its octets" grep -qF "\\\"octets\\\":$(wc -c <"$work/rows.csv" | tr -d ' ')," <<<"$last"
holds "its rows, of which none was refused" grep -qE "refused..:0,.*rows..:$rows," <<<"$last"
same "each import is one entry" "$(imports | grep -oE '"state":' | wc -l | tr -d ' ')" "$(entries_with '"target":"imports/')"
holds "standard input is hashed as well" bash -c "head -3 '$work/rows.csv' | '$BINDERY_BUILD/bindery' import - --format csv --socket '$work/admin'"
holds "with its own hash" grep -qF "$(head -3 "$work/rows.csv" | sha256sum | cut -d' ' -f1)" <<<"$(cli audit list --last 1 --json | flat)"
printf '35693803,black,stolen\n1,black\n' >"$work/eir.csv"
cli eir import "$work/eir.csv" >/dev/null 2>&1 || true # the second line is refused here
last=$(cli audit list --last 1 --json | flat)
holds "an import of rules is an entry, with its refused row" grep -qE "added..:1,.*kind..:..eir.*refused..:1," <<<"$last"
holds "the log holds" cli audit verify --head "$work/head"

echo "# tampered with"
cli audit export "$work/log"
holds "the exported log holds" cli audit verify --file "$work/log" --head "$work/head"
n=$(count_of "$work/log")
# tampered SENTENCE WORDS: what $work/other holds is found, at the entry and in the words.
tampered() {
  if cli audit verify --file "$work/other" --head "$work/head" >"$work/said" 2>&1; then
    missed "$1 is found" "$(cat "$work/said")"
  elif grep -qF "$2" "$work/said"; then
    passed "$1 is found: $2"
  else
    missed "$1 is named" "wanted: $2" "$(cat "$work/said")"
  fi
}
sed '3s/"outcome":"[a-z]*"/"outcome":"done!"/' "$work/log" >"$work/other"
tampered "an entry that says another thing" "entry 3 does not give its hash"
sed 4d "$work/log" >"$work/other"
tampered "a removed entry" "entry 4 is missing"
sed '2{h;d};3{p;x}' "$work/log" >"$work/other"
tampered "two entries that changed places" "entry 2 is missing"
sed '2p' "$work/log" >"$work/other"
tampered "an entry that stands twice" "entry 2 stands behind entry 2"
head -n $((n - 1)) "$work/log" >"$work/other"
tampered "a log that was cut off" "the log ends at entry $((n - 1))"
hss_stop
holds "no key is in what the log exported" secrets_hidden "$work/log" "$work/head" "$work/hss.log"
holds "nor in the database" secrets_hidden "$work/hss.db"
finish
