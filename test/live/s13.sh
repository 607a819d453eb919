#!/usr/bin/env bash
# Equipment checks: an MME in Erlang on S13 against bindery-hssd, whose lists the command bindery
# fills, changes, exports and imports; then what the trace of it all says to Wireshark's dissectors.
# (src/cli/eir.c, src/cli/eir_import.c, src/nf/hssd/ecr.c, src/nf/hssd/admin_eir.c)
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/erlang.sh
. "$(dirname "$0")/lib/erlang.sh"

trace=$work/s13.pcapng
bindery() { "$BINDERY_BUILD/bindery" "$@" --socket "$work/admin"; }

# s13_run SCENE
s13_run() {
  erlang_terms 1 "$tcp_port" tcp
  {
    printf '{scene, %s}.\n' "$1"
    printf '{imsi, bound, <<"%s">>}.\n' "$bound"
    printf '{imsi, open, <<"%s">>}.\n' "$open"
  } >>"$work/run.terms"
  party erl -noinput -pa "$work/ebin" -kernel logger_level error \
    -eval 's13_test:main(["'"$work/run.terms"'"])'
}

# says SENTENCE WANTED ARGUMENT... : the command's standard output holds WANTED.
says() {
  local sentence=$1 wanted=$2 got=''
  shift 2
  got=$(bindery "$@" 2>&1) || true
  if [[ $got == *"$wanted"* ]]; then passed "$sentence"; else missed "$sentence" "wanted: $wanted" "got: $got"; fi
}

counter() { admin GET /v1/status | tr -d ' \n' | grep -oE "\"$1\":[0-9]+" | cut -d: -f2; }
event_there() { admin GET "/v1/events?name=$1&limit=1000" | tr -d ' \n' | grep -q '"id":'; }

fill() {
  cat >"$work/lists.csv" <<'CSV'
# what the scenes know of
35693803,white,"meters of 2026"
35693803500000-35693803500009,grey
35693803564399,black,"stolen, case 17"
35693803564400,white
35693803564400,black
CSV
  holds "the lists of a file go in" bindery eir import "$work/lists.csv"
  says "again: nothing changes" "0 added, 0 changed, 5 unchanged, 0 refused" eir import "$work/lists.csv"
}

bad_lines() {
  local rc=0
  printf '%s\n' '35693803,pink' '3569380,white' '35693803564409-35693803564401,white' 'x' \
    '11111111,grey' '356938035643990,white' >"$work/bad.csv"
  bindery eir import "$work/bad.csv" --report "$work/report.csv" >"$work/said" 2>&1 || rc=$?
  same "refused lines give status 1" 1 "$rc"
  same "each is told with its line" "1 2 3 4 6" \
    "$(grep -oE '^[^ ]*bad.csv:[0-9]+' "$work/said" | cut -d: -f2 | tr '\n' ' ' | sed 's/ $//')"
  same "and stands in the report" 6 "$(wc -l <"$work/report.csv")"
  holds "and costs no other line" grep -q '^1 added, 0 changed, 0 unchanged, 5 refused' "$work/said"
}

checks() {
  says "a check names the rule and its note" 'blacklisted: 35693803564399 on the black list (stolen, case 17)' \
    eir check 35693803564399
  says "and says when there is none" 'unknown: no rule covers it' eir check 49015420323751
  says "and what pairing says" 'greylisted: the subscription is bound' \
    eir check 35693803564381 --imsi "$bound"
  same "in JSON for scripts" '"whitelisted"' \
    "$(bindery eir check 35693803564381 --json | grep -oE '"status": "[a-z]+"' | cut -d' ' -f2)"
}

round_trip() {
  holds "the lists are exported" bindery eir export "$work/out.csv"
  says "what was exported goes in again and changes nothing" "0 added, 0 changed, 6 unchanged, 0 refused" \
    eir import "$work/out.csv"
  bindery eir export >"$work/again.csv"
  holds "and is the same text again" cmp "$work/out.csv" "$work/again.csv"
}

# ---- the trace ----

frames() {
  WIRESHARK_CONFIG_DIR=$work/wireshark tshark -2 -n -r "$trace" -Y "$1" -T fields -e frame.number \
    2>/dev/null | grep -c . || true
}
counted() { same "$1" "$2" "$(frames "$3")"; }

dissected() {
  local ecr='diameter.cmd.code == 324 && diameter.flags.request == 1'
  local eca='diameter.cmd.code == 324 && diameter.flags.request == 0'
  counted "tshark finds nothing malformed" 0 '_ws.malformed || _ws.expert.severity == error'
  counted "15 ECR" 15 "$ecr"
  counted "all of application 16777252, with Terminal-Information" 15 \
    "$ecr && diameter.applicationId == 16777252 && diameter.Terminal-Information"
  counted "each has its ECA" 15 "$ecr && diameter.answer_in"
  counted "5 ECA say whitelisted" 5 "$eca && diameter.Equipment-Status == 0 && diameter.Result-Code == 2001"
  counted "5 say blacklisted" 5 "$eca && diameter.Equipment-Status == 1"
  counted "2 say greylisted" 2 "$eca && diameter.Equipment-Status == 2"
  counted "1 says 5422" 1 "$eca && diameter.Experimental-Result-Code == 5422 && !diameter.Equipment-Status"
  counted "2 have a Failed-AVP" 2 "$eca && diameter.Failed-AVP"
}

erlang_build
pki "$hss_host" "$mme_a" "$mme_b"
tcp_port=0 tls_port=0
free_port tcp_port
free_port tls_port
hss_config 127.0.0.1 "$tcp_port" "$tls_port"
echo 'eir: {enabled: true, unknown: refuse, pairing: grey}' >>"$work/hssd.yaml"
hss_start --trace "$trace"
subscribers_of_run 1
read -r open _ <"$work/open1.sub"
read -r bound _ <"$work/bound1.sub"

echo "# the lists"
fill
bad_lines
checks
round_trip

echo "# an MME on S13"
s13_run lists
holds "the SIM in another device is an event" wait_for 60 event imei-not-paired "$bound"
holds "so is blacklisted equipment" wait_for 60 event_there equipment-blacklisted
counted_all() { [ "$(counter ecr_whitelisted) $(counter ecr_blacklisted) $(counter ecr_unknown)" = "4 4 1" ]; }
wait_for 60 counted_all || true
same "the counters tell whitelisted" 4 "$(counter ecr_whitelisted)"
same "and blacklisted" 4 "$(counter ecr_blacklisted)"
same "and unknown" 1 "$(counter ecr_unknown)"

echo "# the lists change while it runs"
holds "a rule is removed" bindery eir remove 35693803564399 black
echo '49015420323750-49015420323759,black' >"$work/more.csv"
holds "a range is imported from standard input" bindery eir import - <"$work/more.csv"
s13_run changed
holds "SIGTERM ends the HSS in order" hss_stop
hss_start
says "after a restart the lists are as they were" 'blacklisted: 49015420323750-49015420323759' \
  eir check 49015420323751
holds "SIGTERM ends it in order again" hss_stop

echo "# the trace"
dissected
finish
