#!/usr/bin/env bash
# The command bindery as people meet it: every verb against an HSS of its own, wrong input and what
# is said of it, an HSS that is killed, and what stands on the screen where that is always the same.
#
# The verbs are src/cli/cli.c, src/cli/up.c, src/cli/status.c with src/cli/status_view.c,
# src/cli/events.c, src/cli/logs.c, src/cli/devices.c,
# src/cli/subscriber.c and src/cli/device.c with src/cli/api_list.c, src/cli/device_show.c, src/cli/device_file.c,
# src/cli/device_make.c, src/cli/onboarding.c, src/cli/pki_verb.c, src/cli/import.c with src/cli/import_tally.c, src/cli/authenticate.c with src/cli/authenticate_options.c and
# src/cli/s6a_client.c, src/cli/trace.c and src/cli/aka.c.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
export NO_COLOR=1 LC_ALL=C.UTF-8 BINDERY_DIR=$work/home
unset BINDERY_SOCKET
bindery=$BINDERY_BUILD/bindery
tree=$live_here/../..
umask 077
cd "$work"

# b ARGUMENT... : the command; what it says goes to $work/said, its exit status to $status.
b() {
  status=0
  "$bindery" "$@" >said 2>&1 </dev/null || status=$?
}
# refused SENTENCE STATUS PART ARGUMENT... : it ends so and says that, and in one line or two.
refused() {
  local sentence=$1 wanted=$2 part=$3
  shift 3
  b "$@"
  if [ "$status" = "$wanted" ] && grep -qF -- "$part" said; then
    passed "$sentence"
  else
    missed "$sentence" "status $status instead of $wanted, or '$part' is not in:" "$(cat said)"
  fi
}
# does SENTENCE ARGUMENT... : it succeeds.
does() {
  local sentence=$1
  shift
  b "$@"
  if [ "$status" = 0 ]; then passed "$sentence"; else missed "$sentence" "$(cat said)"; fi
}
# says SENTENCE < TEXT: the last answer was this, octet by octet but for times.
says() {
  local got
  got=$(sed -E 's/[0-9]+\.[0-9] s$/T s/; s/^[0-9-]{10} [0-9:.]{12}/TIME/;
    s/^ +[0-9]+\.[0-9]{6}/TIME/; s/\([0-9.]+ ms\)/(T)/; s/[[:space:]]+$//;
    s/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}Z/WHEN/' said)
  same "$1" "$(cat)" "$got"
}
said_has() { grep -qF -- "$1" said; }

# the process that holds the directory, and its daemon
holder() {
  b up -d
  sed -n 's/.*(process \([0-9]*\)).*/\1/p' said
}
daemon() { cat home/hss.db.lock; }
serves() { "$bindery" status --json; }
repo_pid() { awk '$1 == "repod" { print $2 }' home/pids; }
repo_is_another() { local now; now=$(repo_pid) && [ -n "$now" ] && [ "$now" != "$1" ] && "$bindery" logs --from repo -n 1 | grep -q ready; }
is_another() { local now; now=$(daemon) && [ "$now" != "$1" ] && serves; }

secret_k=00112233445566778899aabbccddeeff
secret_opc=101112131415161718191a1b1c1d1e1f
secret_kme=202122232425262728292a2b2c2d2e2f
echo $secret_k >k.hex
echo $secret_opc >opc.hex
echo $secret_kme >kme.hex
printf '%s\n' $secret_k $secret_opc $secret_kme 4ef71d219f07d31f368bf9d692a077e0 >secrets

echo "# before anything runs"
refused "without a verb it lists them" 2 "Verbs:"
refused "an unknown verb is named" 2 "no verb 'frob'" frob
refused "no HSS: what to type next" 3 "bindery up -d" status
refused "nothing to stop" 3 "no HSS of" down
refused "no log yet" 1 "writes it" logs
refused "a directory that cannot be made" 1 "No such file" up -C nowhere/at/all
refused "a path too long for a socket" 2 "take a shorter --dir" up -C "$(printf 'a%.0s' {1..120})"
refused "a port that is none" 2 "0 to 65535" up --port 70000
refused "secrets of no trace" 2 "give that too" up --trace-secrets
every_verb_has_help() {
  local verb
  for verb in "eir list" "eir add" "eir remove" "eir check" "eir import" "eir export" \
    up down status logs events devices import authenticate aka trace pki "device file" \
    "device make" {subscriber,device}\ {add,show,list,set,remove} \
    binding\ {publish,revoke,get,history,changes} \
    onboarding\ {list,show,approve,deny,expire,forget,pool} \
    "device se" dimsi\ {list,show,retry,withdraw,forget} \
    sp\ {arpf,order,collect,offer,follow,revoke,list,links}; do
    # shellcheck disable=SC2086 # two words
    "$bindery" $verb --help >help 2>&1 && grep -q '^Usage: ' help || { echo "$verb"; return 1; }
    [ "$(wc -L <help)" -le 80 ] || { echo "$verb --help is wider than 80"; return 1; }
  done
}
holds "every verb has a --help that fits 80 columns" every_verb_has_help

echo "# up"
tcp_port=0 tls_port=0 s1_port=0 repo_port=0
free_port tcp_port
free_port tls_port
free_port s1_port
free_port repo_port
does "HSS, MME and repository start and say where they serve" \
  up -d --port "$tcp_port" --tls-port "$tls_port" --s1-port "$s1_port" --repo-port "$repo_port"
sed -i "s/:$tcp_port/:TCP/; s/:$tls_port/:TLS/; s/:$s1_port/:S1/; s/:$repo_port/:REPO/; s#$work#WORK#" said
for behind in 1 2 3 4 5 6 7 8; do sed -i "s/:$((repo_port + behind))/:REPO+$behind/" said; done
says "the same words each time" <<'TEXT'
DAEMON         SERVES           AT
bindery-hssd   S6a for MMEs     tcp://127.0.0.1:TCP
bindery-hssd   S6a for MMEs     tls://127.0.0.1:TLS
bindery-hssd   administration   WORK/home/admin.sock
bindery-hssd   administration   https://127.0.0.1:REPO+7
bindery-mmed   S1 for eNBs      s1-tcp://127.0.0.1:S1
bindery-mmed   administration   WORK/home/mme.sock
bindery-mmed   administration   https://127.0.0.1:REPO+8
bindery-repod  keys of devices  https://127.0.0.1:REPO
bindery-repod  administration   WORK/home/repod.sock
bindery-arpfd  keys of elements https://127.0.0.1:REPO+1
bindery-arpfd  administration   WORK/home/arpf/arpf.sock
bindery-dausfd target AUSFs     https://127.0.0.1:REPO+3
bindery-dausfd S6a for MMEs     tls://127.0.0.1:REPO+6
bindery-dausfd administration   WORK/home/discovery/discovery.sock
bindery-rsmfd  operators        https://127.0.0.1:REPO+4
bindery-rsmfd  devices          https://127.0.0.1:REPO+5
bindery-rsmfd  administration   WORK/home/rsmf/rsm.sock

Next: `bindery import FILE.csv`, `bindery status`, `bindery logs -f`.
`bindery down` stops it.
TEXT
up_pid=$(holder)
pids+=("$up_pid")
refused "a second one in the same directory is refused" 1 "runs there already (process $up_pid)" up -d
refused "another directory, the same port" 1 "is taken by another program" \
  up -d -C "$work/second" --port "$tcp_port"
off_loopback() {
  sed 's#https://127.0.0.1#https://0.0.0.0#' home/repod.yaml >home/open.yaml
  ! "$BINDERY_BUILD/bindery-repod" --config home/open.yaml --check >said 2>&1 && said_has "demo PKI"
}
holds "with these certificates the repository listens on loopback only" off_loopback
same "keys are their owner's only" "600 600 700" \
  "$(stat -c %a home/kek home/pki/hss.key home | tr '\n' ' ' | sed 's/ $//')"
does "status answers from another directory" status -C "$work/home"
does "status in JSON" status --json
holds "which names the program" said_has '"program": "bindery-hssd"'
holds "and the repository's, which runs" said_has '"program": "bindery-repod"'
does "the repository's log" logs --from repo
holds "says that it serves" said_has "ready"
refused "there is no such daemon" 2 "hss, mme, repo, arpf, discovery or rsmf" logs --from dns

echo "# import"
cp "$tree/demo/subscribers.csv" three.csv
does "a CSV goes in" import three.csv
says "and is counted" <<<"3 added, 0 changed, 0 unchanged, 0 refused, in T s"
does "again" import three.csv
says "it changes nothing" <<<"0 added, 0 changed, 3 unchanged, 0 refused, in T s"
does "the same as NDJSON" import "$tree/examples/subscribers.ndjson"
says "is the same" <<<"0 added, 0 changed, 3 unchanged, 0 refused, in T s"
{
  printf '\xef\xbb\xbfimsi,k,opc,policy,imei,kme\r\n'
  printf '001010000000010,%s,%s,open,,\r\n' $secret_k $secret_opc
  printf '001010000000011,short,%s,open,,\r\n' $secret_opc
  printf '001010000000012,%s\r\n' $secret_k
  printf '"001010000000013,%s,%s,open,,\r\n' $secret_k $secret_opc
  printf '001010000000014,%s,%s,open,356938035643800,%s\r\n' $secret_k $secret_opc $secret_kme
  printf '001010000000015,%s,%s,bound,,\r\n' $secret_k $secret_opc
  printf '%s,%s,%s,open,,\r\n' $secret_k $secret_k $secret_opc
  printf '001010000000016,%s,%s,open,,\r\n' $secret_k $secret_opc
} >mixed.csv
refused "bad rows cost no good one, nor those that a dry run sees" 1 "would be: 2 added" \
  import --dry-run mixed.csv
refused "and are told with line and reason" 1 "2 added" import mixed.csv --report refused.csv
says "in the file's order" <<'TEXT'
mixed.csv:3: 001010000000011: k must be a string of 32 hex digits, or for TUAK of 64 (at /k)
mixed.csv:4: 2 fields, where the header has 6
mixed.csv:5: octet 91: a quote was opened and not closed on this line
mixed.csv:6: 001010000000014: imei '356938035643800' has a check digit that does not match: is a digit mistyped? (at /devices/0/imei)
mixed.csv:7: 001010000000015: the policy is bound and no device has a KME: give one a KME first, or set the policy to open or learn
mixed.csv:8: imsi must be a string of 6 to 15 digits (at /imsi)
2 added, 0 changed, 0 unchanged, 6 refused, in T s
TEXT
same "the report has each refused row" "3 4 5 6 7 8" \
  "$(tail -n +2 refused.csv | cut -d, -f1 | tr '\n' ' ' | sed 's/ $//')"
refused "the report does not replace the file" 1 "choose another name" import mixed.csv --report mixed.csv
: >empty.csv
perl -e 'srand 7; print "\001\377\000", map { chr int rand 256 } 1 .. 2997' >noise.csv # the same each time
printf 'imsi;k\n' >semicolons.csv
printf 'imsi,colour\n' >colour.csv
printf '%s,k\n' $secret_k >keyhead.csv
refused "an empty file" 1 "it is empty" import empty.csv
refused "a binary file" 1 "noise.csv: line 1, " import noise.csv
refused "another separator" 1 "not separated by commas" import semicolons.csv
refused "an unknown column" 1 "line 1, column 2: 'colour' is not a column" import colour.csv
refused "no header at all" 1 "the first line has those" import keyhead.csv
refused "no file" 1 "No such file" import nowhere.csv
refused "a directory" 1 "is a directory" import home
{
  echo '{"imsi":"001010000000020","imsi":"001010000000021"}'
  echo '[1]'
  head -c 70000 /dev/zero | tr '\0' ' '
  echo
  printf '{"imsi":"001010000000020","k":"%s","opc":"%s"}' $secret_k $secret_opc
} >bad.ndjson
refused "NDJSON with bad lines" 1 "bad.ndjson:1: octet 32: a member is there twice" import bad.ndjson
says "each at its place" <<'TEXT'
bad.ndjson:1: octet 32: a member is there twice
bad.ndjson:2: not a JSON object
bad.ndjson:3: the line is longer than 65536 octets
1 added, 0 changed, 0 unchanged, 3 refused, in T s
TEXT
printf 'imsi,k,opc\n001010000000018,%s,%s\n' $secret_k $secret_opc >stock.csv
printf 'imsi,policy,suspended,imei,kme\n001010000000018,bound,yes,35693803564399,%s\n' $secret_kme >bind.csv
printf 'imsi,policy,suspended\n001010000000018,open,no\n' >unbind.csv
does "one more goes in" import stock.csv
does "another file binds and suspends it" import bind.csv
does "the first file goes in again" import stock.csv
says "and takes nothing away" <<<"0 added, 0 changed, 1 unchanged, 0 refused, in T s"
does "what would take it away is counted before" import --dry-run unbind.csv
holds "as what would be" said_has "would be: of the changed ones 1 lost their binding, 1 are suspended no longer"
does "and when it is done" import --json unbind.csv
same "each with its line" "1 1 2 binding,suspension" \
  "$(jq -r '"\(.lost_binding) \(.lost_suspension) " + (.losses[0] | "\(.line) \(.lost | join(","))")' said)"
{
  printf 'imsi,k,opc,imei\n'
  printf '001010000000019,%s,%s,35693803564399\n' $secret_k $secret_opc
  printf '001010000000019,%s,%s,35693803564400\n' $secret_k $secret_opc
  printf '001010000000019,%s,%s,\n' $secret_opc $secret_opc
  printf '1.01E+12,%s,%s,\n' $secret_k $secret_opc
} >twice.csv
refused "an IMSI with two Ks is refused once" 1 "1 added, 1 changed, 0 unchanged, 2 refused" \
  import twice.csv --report refused.csv
says "with both lines, and an IMSI that is none with what it is" <<'TEXT'
twice.csv:4: 001010000000019: it stands in line 2 with another K: keep the row that is right
twice.csv:5: 1.01E+12: imsi '1.01E+12' must be a string of 6 to 15 digits (at /imsi)
1 added, 1 changed, 0 unchanged, 2 refused, in T s
TEXT
same "the report has them too" '4,"001010000000019",repeated 5,"1.01E+12",bad-member' \
  "$(tail -n +2 refused.csv | cut -d, -f1-3 | tr '\n' ' ' | sed 's/ $//')"
printf '\377\376i\0m\0s\0i\0\n\0' >utf16.csv
refused "UTF-16 is told what it is" 1 "save the file as UTF-8" import utf16.csv
many() {
  awk -v k=$secret_k -v o=$secret_opc 'BEGIN {
    print "imsi,k,opc"
    for (i = 0; i < 5000; i++) printf "001019%09d,%s,%s\n", i, i % 10 ? k : "none", o
  }'
}
many >many.csv
refused "of 5000 rows with every tenth bad" 1 "4500 added, 0 changed, 0 unchanged, 500 refused" \
  import many.csv
same "20 are said and the rest counted" "20 1" \
  "$(grep -c '^many.csv:' said) $(grep -c '^and 480 more refused rows; --report' said)"
interrupted_import() {
  local rc=0
  mkfifo slow
  "$bindery" import --format csv slow >said 2>&1 &
  local importer=$!
  exec 9>slow
  head -n 700 many.csv | sed 's/^001019/001018/' >&9
  wait_for 20 "$bindery" subscriber show 001018000000001
  kill -TERM $importer
  exec 9>&-
  wait $importer || rc=$?
  [ $rc = 1 ] && said_has "stopped by Ctrl-C before line" && said_has "unchanged"
}
holds "an import that is interrupted ends in order" interrupted_import

echo "# subscriber and device"
refused "no IMSI" 2 "needs an IMSI" subscriber show
refused "a wrong IMSI" 2 "'12x' is no IMSI: that is 6 to 15 digits" subscriber show 12x
refused "an unknown IMSI" 1 "[404]" subscriber show 001010000000055
refused "a wrong check digit" 2 "not the check digit" device show 356938035643800
refused "an IMEI too long" 2 "14 digits, or 15" device show 3569380356438091
refused "a subscriber without keys" 1 "k is missing" subscriber add 001010000000099
refused "a file that is no key" 1 "octet 1 is not a hex digit" \
  subscriber add 001010000000099 --k-file mixed.csv --opc-file opc.hex
refused "no key file" 1 "No such file" subscriber add 001010000000099 --k-file nowhere --opc-file opc.hex
chmod 640 k.hex
refused "a key file that others may read" 1 "chmod 600 k.hex" \
  subscriber add 001010000000099 --k-file k.hex --opc-file opc.hex
chmod 600 k.hex
refused "two keys from standard input" 2 "only one" \
  subscriber add 001010000000099 --k-file - --opc-file -
does "a subscriber is added" subscriber add 001010000000099 --k-file k.hex --opc-file opc.hex
refused "and not twice" 1 "there already" subscriber add 001010000000099 --k-file k.hex --opc-file opc.hex
refused "bound without a device" 1 "no device has a KME" subscriber set 001010000000099 --policy bound
does "a device is added" device add 001010000000099 356938035643809 --kme-file kme.hex
refused "a second device with another KME is refused with the reason" 1 "the same KME" \
  device add 001010000000001 35693803564399 --kme-file kme.hex
does "a device without a KME is listed" device add 001010000000099 35693803564399
holds "and nobody says that it can be used" said_has "can be used there when the device has one"
does "and removed" device remove 001010000000099 35693803564399
refused "a key is no file's name, and not said again" 1 "a key is not an argument" \
  subscriber add 001010000000098 --k-file k.hex --opc-file $secret_opc
same "so it is nowhere" "" "$(grep -F $secret_opc said || true)"
"$BINDERY_BUILD/bindery-ue" lot --count 1 --imsi 001011000000000 --imei 35693900000000 --key-seed-file $secret_k \
  --out seed.csv >said 2>&1 || true
holds "nor is a seed" said_has "a seed is not an argument"
same "or said again" "" "$(grep -F $secret_k said || true)"
refused "a list of one is none" 2 "\`bindery subscriber show IMSI\` shows one" subscriber list 001010000000099
refused "of devices neither" 2 "\`bindery device show IMEI\` shows one" device list 356938035643809
refused "a lot that is not there has the list of lots" 1 "[404]; \`bindery lot list\` shows what is there" lot show nosuch
refused "nothing to stop has no list of subscribers" 1 "[404]; \`bindery key show\`" key reseal --stop
does "bound with one" subscriber set 001010000000099 --policy bound
refused "nothing to change" 2 "nothing is given" subscriber set 001010000000099
refused "a device without its new KME" 2 "needs --kme-file" device set 001010000000099 35693803564380
does "it is shown" subscriber show 001010000000099
says "without its keys" <<'TEXT'
imsi               001010000000099
algorithm          milenage
policy             bound
profile            default
msisdn             -
binding            bound, new key not used yet
suspended          no
last IMEI          -
binding failures   0
proof of IMEI      off: nobody asks the device
served by          nobody

IMEI           KME SINCE                BY LOT LAST USED PREVIOUS KME
35693803564380 yes WHEN -      -         no
TEXT
does "a device is shown by its IMEI" device show 356938035643809
says "with its subscriptions and what is known of proofs" <<'TEXT'
device 356938035643809
subscription       001010000000001
SIM binding        bound
  state            bound, new key not used yet
  device           35693803564380: bound since WHEN, by a key that was brought, not used yet
last IMEI          -
proof of IMEI      off: nobody asks the device

subscription       001010000000099
SIM binding        bound
  state            bound, new key not used yet
  device           35693803564380: bound since WHEN, by a key that was brought, not used yet
last IMEI          -
proof of IMEI      off: nobody asks the device
TEXT
does "a proof is demanded" subscriber set 001010000000099 --proof want
does "and shown by the IMSI" device show 001010000000099
holds "with what it means" said_has "want: who fails is refused"
does "each result by itself" subscriber set 001010000000099 \
  --proof unproven=refuse,failed=refuse,undetermined=admit
refused "a policy that is none" 2 "off, observe, want, require" subscriber set 001010000000099 --proof maybe
refused "nor half a policy" 2 "each of the three once" subscriber set 001010000000099 --proof failed=admit
does "and nobody asks any more" subscriber set 001010000000099 --proof off
refused "nothing known by those digits" 1 "no subscription may be used in this device" device show 99999012345678
does "a list" subscriber list --limit 3
says "is a table" <<'TEXT'
IMSI            ALGORITHM POLICY PROFILE MSISDN       STATE NODE LAST IMEI
001010000000001 milenage  bound  default 999001000001 -     -    -
001010000000002 tuak      open   default 999001000002 -     -    -
001010000000003 milenage  bound  default 999001000003 -     -    -
TEXT
does "a list in pages" subscriber list --json
same "has everybody once" "4959 4959" \
  "$(grep -F '"imsi"' said | tee list | wc -l) $(sort -u list | wc -l)"

echo "# authenticate and trace"
does "a device file is made" device file --imsi 001010000000099 --imei 35693803564380 \
  --k-file k.hex --opc-file opc.hex --kme-file kme.hex -o meter.json
same "for its owner only" 600 "$(stat -c %a meter.json)"
refused "and never replaced" 1 "choose another name" device file --imsi 001010000000099 \
  --imei 35693803564380 --k-file k.hex --opc-file opc.hex -o meter.json
does "the device authenticates" authenticate --device meter.json --trace t.pcapng
sed -i "s/:$tcp_port/:TCP/" said
says "step by step" <<'TEXT'
  device  is 35693803564380, with the USIM of 001010000000099 and a KME
  MME     mme.epc.mnc001.mcc001.3gppnetwork.org is connected to hss.epc.mnc001.mcc001.3gppnetwork.org at tcp://127.0.0.1:TCP
  MME     asks for 1 vector for 001010000000099 in PLMN 001-01
  HSS     answers with 1 vector
  device  gets a processed challenge, decrypts RAND under its KME
  device  USIM accepts the challenge
  MME     RES equals XRES: authenticated; device and network hold the same KASME
  MME     registers the device (ULR, IMEI 35693803564380)
  HSS     registered the device and gave its subscription: 1 APN
authenticated
TEXT
does "its trace is drawn" trace --ascii --imsi 001010000000099 t.pcapng
says "as a ladder" <<'TEXT'
        mme.epc.mnc001.mcc001.3~  hss.epc.mnc001.mcc001.3~
              |                         |
TIME  |--------- AIR ---------->| user-name=001010000000099 visited-plmn-id=001-01 requested-vectors=1
TIME  |<--------- AIA ----------| DIAMETER_SUCCESS vectors=1 amf=processed (T)
TIME  |--------- ULR ---------->| user-name=001010000000099 visited-plmn-id=001-01 rat-type=EUTRAN imei=35693803564380 ulr-flags=0x22
TIME  |<--------- ULA ----------| DIAMETER_SUCCESS ula-flags=0x1 subscriber-status=granted apns=1 (T)
              |                         |
TEXT
for name in thief phone; do install -m 600 "$tree/examples/devices/$name.json" .; done
refused "the stolen SIM is refused" 1 "refused (attempt 3 of 3): mac-failure" authenticate --device thief.json \
  --report-imei 356938035643809 --attempts 3
alarm_is_there() { [ -n "$("$bindery" events --name suspected-theft --json 2>/dev/null)" ]; }
wait_for 10 alarm_is_there || true
does "the alarm is an event" events --name suspected-theft
holds "which names the subscriber" said_has "imsi=001010000000001"
refused "an event that there is not" 2 "no event is called 'suspected-thef'; \`bindery explain event\`" \
  events --name suspected-thef --follow
does "all events" events --from hss --json
newest=$(tail -n 1 said | jq .id) # one more may come at any time
does "the last two" events --from hss --last 2 --json
same "are the newest, in the order of time" "true" \
  "$(jq -s --argjson newest "$newest" 'length == 2 and .[0].id + 1 == .[1].id and .[1].id >= $newest' said)"
does "of both daemons" events --last 3
same "as many as were asked for" 3 "$(wc -l <said)"
refused "the newest and the oldest" 2 "--last goes neither" events --last 3 --limit 3
does "rates in JSON" top --once --json
same "have three digits behind the point at most" "" "$(grep -E '[0-9]\.[0-9]{4}' said || true)"
does "the audit log is verified" audit verify --head head.kept
holds "and says which file it made" said_has "the head is kept in the new file head.kept"
does "again" audit verify --head head.kept
same "it makes none" "" "$(grep 'new file' said || true)"
"$bindery" events --from hss --json --follow >said 2>&1 </dev/null &
follower=$!
pids+=("$follower")
has_20() { [ "$(wc -l <said)" -ge 20 ]; }
wait_for 10 has_20 || true
status=ended
! kill "$follower" || status=going
wait "$follower" || true
same "one that is followed begins with the last 20, and goes on" "going true" \
  "$status $(jq -s --argjson newest "$newest" 'length >= 20 and .[0].id > $newest - 20 and .[19].id >= $newest' said)"
refused "an MME that is no peer gets nothing" 1 "DIAMETER_UNKNOWN_PEER" \
  authenticate --device phone.json --origin-host mme.rogue.example.org
tls=(--peer "tls://127.0.0.1:$tls_port" --cert home/pki/mme.crt --key home/pki/mme.key --ca home/pki/ca.crt)
does "over TLS" authenticate --device phone.json "${tls[@]}"
refused "TLS without a certificate" 2 "needs --cert" authenticate --device phone.json --peer "${tls[1]}"
refused "nobody listens" 3 "Connection refused" authenticate --device phone.json --peer tcp://127.0.0.1:1
refused "no address" 2 "is no address" authenticate --device phone.json --peer nowhere
refused "no device" 1 "No such file" authenticate --device nowhere.json
refused "an empty device" 1 "it is empty" authenticate --device empty.csv
refused "noise for a device" 1 "line 1" authenticate --device noise.csv
chmod 644 phone.json
refused "a device's keys that others may read" 1 "chmod 600 phone.json" authenticate --device phone.json
chmod 600 phone.json
refused "a trace does not replace another file" 2 "is no trace" \
  authenticate --device phone.json --trace phone.json
refused "nor is a trace of nowhere the HSS's fault" 1 "No such file" \
  authenticate --device phone.json --trace nowhere/t.pcapng
head -c 900 t.pcapng >cut.pcapng
refused "a trace that was cut" 1 "cut.pcapng: octet 756: the file ends within this block" trace cut.pcapng
holds "is drawn up to the cut" said_has "CER"
refused "noise for a trace" 1 "octet 0: this is no pcapng file" trace noise.csv
refused "no trace" 1 "No such file" trace nowhere.pcapng
does "traces in JSON" trace --json t.pcapng
same "are an object a line" "8 8" "$(wc -l <said) $(grep -c '^{"time_ns":.*}}\?.*}$' said)"

echo "# aka"
does "the calculator" aka "$tree/examples/aka.txt"
holds "gives MAC-A of TS 35.208 test set 1" said_has "MAC-A      4a9ffac354dfafb3"
echo "k = zz" >bad.txt
refused "a value that is none" 1 "bad.txt" aka bad.txt
refused "without keys" 1 "k and one of" aka empty.csv

echo "# devices without a subscription"
make=(device make --count 3 --tac 35693804)
does "a lot of devices that need no SIM" "${make[@]}" --onboarding --out meters
holds "is said to be that" said_has "onboarding with p256"
same "has two rows for each" 6 "$(wc -l <meters/bindings.ndjson)"
does "the same again" "${make[@]}" --onboarding --out meters
holds "changes nothing" said_has "nothing was changed"
refused "another host makes another lot" 1 "meters" "${make[@]}" --onboarding --url-host ca.other.example --out meters
refused "options of such a lot for another" 2 "are for --onboarding" "${make[@]}" --url-host ca.example.org --out none
refused "a host that is none" 2 "--url-host takes a host name" "${make[@]}" --onboarding --url-host localhost:1 --out none
refused "RSA of another size" 2 "2048 to 4096" "${make[@]}" --onboarding --rsa 512 --out none
refused "a root that is none" 1 "CAs that sign themselves" \
  "${make[@]}" --onboarding --roots home/pki/mme.crt --out none
holds "and nothing is made" test ! -e none
does "it is published" binding publish meters/bindings.ndjson
does "a binding" binding get 35693804000000
holds "says what device it is of" said_has ", demo maker, demo device, 000000"
refused "no subscription, and no lot" 2 "--imsi is needed" device file --imei 35693804000000
refused "no subscription, and keys of one" 2 "are a subscription's" \
  device file --imei 35693804000000 --identity meters --k-file k.hex
refused "networks of a device that has its own" 2 "without a subscription" device file \
  --imsi 001010000000099 --imei 35693804000000 --k-file k.hex --opc-file opc.hex --networks 001-01
refused "networks that are none" 2 "--networks takes" \
  device file --imei 35693804000000 --identity meters --networks 001
refused "none at all" 2 "--networks takes" device file --imei 35693804000000 --identity meters --networks ''
refused "one twice" 2 "not '001-01'" device file --imei 35693804000000 --identity meters --networks 001-01,001-01
does "a lot of devices that need one" device make --count 1 --tac 35693900 --out plain
refused "gives no such device" 1 "nothing to get a subscription with" \
  device file --imei 35693900000000 --identity plain
does "a key for lots" lot recipient keys
does "a lot for keys of devices" lot make --id smart --manufacturer Maker --range 35693804 \
  --to keys/recipient.pem --bits 2048 lots
does "which the HSS has" lot import lots/smart.lot.cms --key keys/recipient-key.pem --certificate keys/recipient.pem
does "a device out of the box" device file --imei 35693804000000 --identity meters \
  --lot lots/smart.lot.json --networks 001-01
refused "cannot be played over S6a yet" 1 "has no subscription yet" \
  authenticate --device home/devices/35693804000000.json
does "attaches without a subscription" attach --imei 35693804000000
holds "gets one, and is registered" said_has "attaches with the subscription that it got, IMSI 001010000500000"
does "another one" device file --imei 35693804000001 --identity meters
b attach --imei 35693804000001
holds "that cannot make the key that it needs" said_has "was given no lot"
refused "one without a file" 1 "device file --imei 35693804000002 --identity LOT" attach --imei 35693804000002
does "they are listed" onboarding list
sed -Ei 's/[0-9a-f]{32}/ID/; s/ {2,}/ /g' said
sort -o said said # ids are random, and so is their order
says "with what became of them" <<'TEXT'
DEVICE PHASE IMEI IMSI SINCE MANUFACTURER MODEL SERIAL
maker/ID active 35693804000000 001010000500000 WHEN demo maker demo device 000000
maker/ID pending 35693804000001 001010000500001 WHEN demo maker demo device 000001
TEXT
id_of() { "$bindery" onboarding list --phase "$1" --json | sed -n 's/.*"id": "\(.*\)".*/\1/p'; }
pending=$(id_of pending) active=$(id_of active)
does "a subscriber says so" subscriber show 001010000500001
holds "with its device" said_has "onboarded as       maker/$pending, pending: not used yet"
does "so does the device" device show 35693804000000
holds "when it is used" grep -qx "onboarded as       maker/$active" said
does "one is shown by its id alone" onboarding show "$pending"
holds "with what comes next" said_has "nothing, until it attaches"
refused "what cannot be is said" 1 "[409]; \`bindery onboarding list\`" onboarding forget "maker/$pending"
does "it is denied" onboarding deny "maker/$pending"
refused "and its subscriber gone" 1 "[404]" subscriber show 001010000500001
does "approved all the same" onboarding approve "$pending"
does "forgotten" onboarding forget "$pending"
refused "and not known any more" 1 "[404]; \`bindery onboarding list\`" onboarding show "maker/$pending"
refused "nor by its id" 1 "no authority that is configured" onboarding show "$pending"
refused "a name that leads elsewhere" 2 "is no device" onboarding show ../subscribers
does "the pool" onboarding pool
says "has one IMSI in use, and one that rests" <<'TEXT'
IMSIS                            TOTAL NEVER USED RESTING READY
001010000500000-001010000599999 100000      99998       1     0

AUTHORITY HOST           SITE WAITING APPROVED PENDING ACTIVE DENIED EXPIRED
maker     ca.example.org up         0        0       0      1      0       0
TEXT
does "status" status
holds "has the same" said_has "001010000500000-001010000599999 100000      99998       1     0"
holds "and what the MME offers" grep -qE "^onboarding +epc.mnc001.mcc001.3gppnetwork.org$" said
both_drawn() { [ "$("$bindery" events --name onboarding-drawn --json 2>/dev/null | wc -l)" = 2 ]; }
wait_for 10 both_drawn || true
does "the events" events --name onboarding-drawn
same "are one for each" 2 "$(wc -l <said)"
does "a device is revoked by its maker" pki home/pki --revoke 35693804000002 --identity meters
revoked() { openssl crl -in home/pki/device-ca.crl -noout -text | grep -c "Serial Number"; }
same "with both its certificates" 2 "$(revoked)"
does "and again" pki home/pki --revoke 35693804000002 --identity meters
same "they stand there once" 2 "$(revoked)"
refused "an operator's certificate that is there" 1 "move it away first" \
  pki home/pki --provisioning-operator 001-01
refused "one of no network" 2 "is no PLMN" pki home/pki --provisioning-operator 1-1
mapfile -t too_many < <(printf -- '--provisioning-operator=001-%02d\n' {1..13})
refused "one of too many" 2 "at most 12 networks" \
  pki home/pki "${too_many[@]}"
refused "one of a host" 2 "names networks and no host" pki other epc.example.org=provisioning-operator
mkdir operator
does "one of two networks" pki operator --provisioning-operator 001-01 --provisioning-operator 999-70
holds "which openssl reads" eval "openssl verify -CAfile operator/provisioning-ca.crt operator/operator.crt &&
  openssl x509 -in operator/operator.crt -noout -ext subjectAltName,extendedKeyUsage |
    tr -d '\n' | grep -q '1.3.6.1.4.1.32473.1.1.7.*DNS:epc.mnc001.mcc001.3gppnetwork.org, DNS:epc.mnc070.mcc999.3gppnetwork.org'"

echo "# an HSS that dies"
before=$(daemon)
kill -KILL "$before"
holds "a killed daemon is started again and serves" wait_for 20 is_another "$before"
does "what was acknowledged is there" subscriber show 001010000000099
does "its death is in the log" logs -n 1000
holds "with the signal" said_has "daemon-died detail=was killed by signal 9 (Killed)"
before=$(repo_pid)
kill -KILL "$before"
holds "so is the repository" wait_for 20 repo_is_another "$before"
kill -KILL "$up_pid"
no_daemon() {
  local pid
  ! serves && ! [ -e "/proc/$(cat home/hss.db.lock)" ] || return 1
  for pid in $(awk '{ print $2 }' home/pids); do ! [ -e "/proc/$pid" ] || return 1; done
}
holds "a killed supervisor takes its daemons along" wait_for 20 no_daemon
does "what it left behind does not matter" up -d
up_pid=$(holder)
pids+=("$up_pid")
does "down stops it" down
says "and says so" <<<"stopped"
refused "twice is said" 3 "no HSS of" down
refused "then nobody answers" 3 "bindery up -d" subscriber list
echo "colour: red" >>home/hssd.yaml
refused "a configuration that is wrong" 1 "(colour)" up -d
same "is all that is said, and not earlier runs" "2" "$(grep -c . said)"
sed -i '$d' home/hssd.yaml
chmod 644 home/kek
refused "a store's key that others may read" 1 "chmod 600" up -d
chmod 600 home/kek
mv home/kek kek.away
refused "a store's key that is gone" 1 "restore this key file" up -d
mv kek.away home/kek
does "and all is well again" up -d --port 1
holds "a port for what is configured is said to count no more" said_has "not the ports and the PLMN of the command line"
pids+=("$(holder)")
does "nothing was lost" subscriber show 001010000000099
does "down again" down

echo "# the README"
# Its first session, with src/cli/attach.c, command by command; only the ports are free ones instead of the registered.
readme_session() {
  local ports='' option port=0
  for option in --port --tls-port --s1-port --repo-port; do
    free_port port
    ports+=" $option $port"
  done
  sed -n '/^## A first session/,/^## Where/s/^    //p' "$tree/README.md" |
    sed -E '/^\.\/dev build|^export PATH/d; s/^bindery up -d/&'"$ports"'/; s/localhost:8450/localhost:'"$((port + 7))"'/
      s#^bindery-ue run#& --mme "$(bindery status | grep -oE "s1-tcp://[0-9.:]+")"#' >session
  [ "$(wc -l <session)" -gt 15 ] || { echo "there is no session"; return 1; }
  mkdir readme
  ln -s "$tree/demo" readme/demo
  (cd readme && env -u BINDERY_DIR PATH="$BINDERY_BUILD:$PATH" bash -exuo pipefail ../session)
}
holds "its first session works, command by command" readme_session

echo "# secrets"
no_secret_anywhere() {
  local file
  for file in home/log/*.log home/hss.db* home/hssd.yaml refused.csv t.pcapng; do
    if grep -aqiFf secrets "$file" || od -An -v -tx1 "$file" | tr -d ' \n' | grep -qFf secrets; then
      echo "$file"
      return 1
    fi
  done
}
holds "no key is in a log, the store, a report or a trace" no_secret_anywhere
finish
