#!/usr/bin/env bash
# Attacks on devices that come without a subscription, and on who gives them one: cloned URLs, counterfeits,
# revoked devices, URLs of every wrong kind, guessed ids by the thousand, sites that redirect or never end,
# rogue networks and replayed results. Each is refused with a cause that has a name: at the operator in its
# events, and on the wire one answer for all, octet by octet the same; at the device in what it says.
#
# Requests that no device of ours would make come from raw_onboard.c, over a peer that may ask for subscriptions.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/attach.sh
. "$(dirname "$0")/lib/attach.sh"
# shellcheck source=test/live/lib/certattach.sh
. "$(dirname "$0")/lib/certattach.sh"
cd "$work"
t=35693804
refuses() { ! "$@"; }

operator op
sed -i "/origin_host: mme.epc/,/transports/s/transports: .*/&\n    onboarding: true/" op/hssd.yaml
sed -i "s/^repositories:\$/  - {origin_host: mme-x.$realm, realm: $realm, visited_plmns: [\"001-01\"]}\n&/" op/hssd.yaml
onboarding_option op "device_seconds: 0"
authority_option op "approval: rule" "cache_seconds: 0" "unknown_seconds: 0" "ranges: [\"$t\"]"
cp op/hssd.yaml hssd.before
all op
lots op >lots.said
cli device make --onboarding --count 30 --tac $t --first 0 --out lot --dir op >made.said
cli device make --onboarding --count 3 --tac $t --first 50 --out bare --dir op >>made.said
cli device make --onboarding --count 1 --tac $t --first 60 --url-host ca.elsewhere.example --out elsewhere --dir op >>made.said
cli device make --onboarding --count 1 --tac 35693803 --first 0 --out outside --dir op >>made.said
cli binding publish lot/bindings.ndjson --dir op >said
cli binding publish outside/bindings.ndjson --dir op >said
grep -F '"use":"provisioning"' bare/bindings.ndjson >bare.ndjson # nobody published what proves their IMEIs
cli binding publish bare.ndjson --dir op >said

# again [LINE...]: the HSS starts anew, with these lines for its authority.
again() {
  halt op hssd
  cp hssd.before op/hssd.yaml
  [ $# -eq 0 ] || printf '      %s\n' "$@" >>op/hssd.yaml
  daemon op hssd
  joined op
}
# raw ask URL IMEI PLMN KEY|- and so on
raw() { "$BINDERY_BUILD/live_raw_onboard" "$1" "$work" "$realm" "$(hss_port_of op)" "${raw_mme:-mme}" "${@:2}"; }
# refused SENTENCE CAUSE raw's ARGUMENTS: the operator's event has the cause, and the wire the one refusal.
: >digests
refused() {
  local sentence=$1 cause=$2 got
  shift 2
  got=$(raw "$@" 2>&1) || true
  same "$sentence" "5012 -" "$(cut -d' ' -f1-2 <<<"$got")"
  holds "by its name ($cause)" refusal "$cause"
  cut -d' ' -f3 <<<"$got" >>digests
}
imei_of() { grep -oP '"imei": *"\K[0-9]{14}' "$work/$1.json"; }
asked_site() { hss_ask /v1/onboarding-pool | tr -d ' \n' | grep -oP '"asked":\K[0-9]+'; }

# ---- URLs ----------------------------------------------------------------------------------------

echo "# URLs"
#= test certattach-name certattach-fetch certattach-one-refusal
before=$(asked_site)
fresh meter ${t}000000 lot "${able[@]}"
key_of meter
id=$(id_of meter)
url() { refused "$1" "$2" ask "$3" ${t}000000 001-01 meter.pem; }
url "a URL to loopback" url-not-allowed "https://127.0.0.1/DeviceID=$id"
url "to loopback in IPv6" url-not-allowed "https://[::1]/DeviceID=$id"
url "to loopback as one number" url-not-allowed "https://2130706433/DeviceID=$id"
url "to localhost" url-not-allowed "https://localhost/DeviceID=$id"
url "to a private address" url-not-allowed "https://10.0.0.1/DeviceID=$id"
url "to a link-local address" url-not-allowed "https://169.254.169.254/DeviceID=$id"
url "without TLS" url-not-allowed "http://ca.example.org/DeviceID=$id"
url "of another scheme" url-not-allowed "file:///etc/passwd"
url "of ftp" url-not-allowed "ftp://ca.example.org/DeviceID=$id"
url "with credentials" url-not-allowed "https://user:secret@ca.example.org/DeviceID=$id"
url "with a user that looks like the host" url-not-allowed "https://ca.example.org@localhost/DeviceID=$id"
url "with a port" url-not-allowed "https://ca.example.org:8443/DeviceID=$id"
url "with an encoded line end" url-not-allowed "https://ca.example.org/DeviceID=$id%0d%0aHost:%20elsewhere"
url "with an encoded newline in the host" url-not-allowed "https://ca.example.org%0a/DeviceID=$id"
url "with a newline" url-not-allowed "https://ca.example.org/DeviceID=$id"$'\n'
url "with an encoded way up" url-not-allowed "https://ca.example.org/DeviceID=..%2f..%2fcrl"
url "with a way up" url-not-allowed "https://ca.example.org/DeviceID=../crl/device-ca.crl"
url "with a query" url-not-allowed "https://ca.example.org/DeviceID=$id?to=localhost"
url "with a fragment" url-not-allowed "https://ca.example.org/DeviceID=$id#x"
url "of no device" url-not-allowed "https://ca.example.org/DeviceID="
url "of something else" url-not-allowed "https://ca.example.org/v1/bindings/$id"
url "of another host" authority-unknown "https://ca.example.com/DeviceID=$id"
url "of a host that begins like it" authority-unknown "https://ca.example.org.elsewhere.example/DeviceID=$id"
url "of a name that resolves to loopback" authority-unknown "https://localhost.localdomain/DeviceID=$id"
refused "a container that cannot be read" request-unreadable octets ${t}000000 001-01 06ff
refused "another network than this MME's" plmn-not-offered ask "$(url_of meter)" ${t}000000 001-02 meter.pem
refused "an IMEI that the authority does not speak for" imei-outside ask "$(url_of meter)" 35693803000000 001-01 meter.pem
same "whatever was wrong, the answer was the same, octet by octet" 1 "$(sort -u digests | wc -l)"
same "and nothing was fetched" "$before" "$(asked_site)"
same "an MME that may not ask for subscriptions is told no more than of any command" "3001 -" "$(
  raw_mme=mme-x raw ask "$(url_of meter)" ${t}000000 001-01 meter.pem | cut -d' ' -f1-2
)"

# ---- whose device is it? -------------------------------------------------------------------------

echo "# clones"
#= test certattach-context certattach-proof
fresh thief ${t}000001 lot
key_of thief
: >digests
holds "who copied the URL has another IMEI" at 1 "no subscription" thief --url "$(url_of meter)"
holds "by its name (other-imei)" refusal other-imei
fresh thief ${t}000001 lot
holds "who copied the IMEI as well cannot sign for it" at 1 "no subscription" thief --url "$(url_of meter)" --as-imei ${t}000000
holds "by its name (proof-wrong)" refusal proof-wrong
refused "nor can he leave the signature away" proof-missing ask "$(url_of meter)" ${t}000000 001-01 -
refused "nor take his own IMEI's" proof-wrong ask "$(url_of meter)" ${t}000000 001-01 thief.pem
same "nothing was drawn" 0 "$(count_of onboarding_drawn)"
#= test certattach-3c certattach-bound-box
fresh plain ${t}000050 bare
fresh clone ${t}000002 lot
holds "of a device without such a key he gets a result, and cannot open it" \
  at 1 "not-opened" clone --url "$(url_of plain)" --as-imei ${t}000050
holds "so he has no subscription" has_none clone
imsi=$(hss_ask "/v1/onboarding/maker/$(id_of plain)" | tr -d ' \n' | grep -oP '"imsi":"\K[0-9]+')
# No lot: the first AKA is left for later.
holds "the owner gets the same one" at 1 "a subscription came" plain
same "IMSI for IMSI" "$imsi" "$(imsi_of plain)"
same "and one was drawn" 1 "$(count_of onboarding_drawn)"
keeps plain

echo "# counterfeits"
#= test certattach-2c certattach-link
refused "a device id that nobody knows" device-unknown ask "https://ca.example.org/DeviceID=$(random_hex 16)" ${t}000003 001-01 -
fresh stranger ${t}000060 elsewhere
holds "a device of an authority that nobody knows" at 1 "no subscription" stranger
holds "by its name (authority-unknown)" refusal authority-unknown
fresh wide 35693803000000 outside
holds "a device whose authority speaks for other IMEIs" at 1 "no subscription" wide
holds "by its name (imei-outside)" refusal imei-outside
cli pki --device-ca fake >said
cli device make --onboarding --count 1 --tac $t --first 70 --ca fake --out fake-lot --dir op >said
holds "a certificate of a CA of his own is not published" refuses cli binding publish fake-lot/bindings.ndjson --dir op
fresh fake ${t}000070 fake-lot
holds "so his device is unknown" at 1 "no subscription" fake
holds "by its name (device-unknown)" refusal device-unknown
cp op/pki/device-ca.crt device-ca.kept
sed -i 's#roots: pki/device-ca.crt#roots: ../fake/device-ca.crt#; s#^      device_crl: .*##' op/hssd.yaml
cp op/hssd.yaml hssd.other
cp hssd.before hssd.kept && cp hssd.other hssd.before
again
fresh gate ${t}000004 lot "${able[@]}"
holds "a chain that leads to no root of this operator's" at 1 "no subscription" gate
holds "by its name (certificate-untrusted)" refusal certificate-untrusted
sed 's#signers: \[records.pub\]\(.*\)#signers: [other.pub]\1#' hssd.kept >hssd.before
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null | openssl pkey -pubout -out op/other.pub
again
holds "a record that somebody else signed" at 1 "no subscription" gate
holds "by its name (record-signature)" refusal record-signature
cp hssd.kept hssd.before

echo "# revoked"
#= test certattach-revoked
again
fresh stolen ${t}000005 lot
cli binding revoke ${t}000005 --use provisioning --dir op >said
holds "a device whose record its maker revoked" at 1 "no subscription" stolen
holds "by its name (device-revoked)" refusal device-revoked
fresh doubtful ${t}000006 lot
cli binding revoke ${t}000006 --use identity --dir op >said
holds "one whose key for its IMEI was revoked" at 1 "no subscription" doubtful
holds "by its name (identity-key)" refusal identity-key
fresh listed ${t}000007 lot
perl -MMIME::Base64 -ne 'print decode_base64($1) if /"imei":"'${t}'000007\d".*"use":"provisioning","certificates":\["([^"]+)"/' \
  lot/bindings.ndjson | openssl x509 -inform DER -out listed.crt
cli pki --revoke listed.crt op/pki >said
again
holds "one that is on the CA's list" at 1 "no subscription" listed
holds "by its name (certificate-revoked)" refusal certificate-revoked
cli eir add ${t}000008 black --dir op >said
fresh black ${t}000008 lot
blacked() { at 1 "no subscription" black && happened_now onboarding-refused '"cause":"equipment-blacklisted"'; }
holds "one on the EIR's black list" wait_for 20 blacked

# ---- subscriptions that are there ----------------------------------------------------------------

echo "# a pending subscription"
#= test certattach-pending certattach-same
fresh pump ${t}000010 lot "${able[@]}"
key_of pump
nonce=$(random_hex 16)
drawn=$(count_of onboarding_drawn)
first=$(raw ask "$(url_of pump)" ${t}000010 001-01 pump.pem "$nonce")
second=$(raw ask "$(url_of pump)" ${t}000010 001-01 pump.pem "$nonce")
same "a request that was recorded and comes again is answered" "2001 2001" "${first%% *} ${second%% *}"
same "freshly" 2 "$(cut -d' ' -f2 <<<"$first"$'\n'"$second" | sort -u | wc -l)"
same "and nothing more is drawn" $((drawn + 1)) "$(count_of onboarding_drawn)"
pending=$(hss_ask "/v1/onboarding/maker/$(id_of pump)" | tr -d ' \n' | grep -oP '"imsi":"\K[0-9]+')
same "another device that comes with its IMSI is refused" "5012 - -" "$(
  "$BINDERY_BUILD/live_raw_kme" ulr "$work" "$realm" "$(hss_port_of op)" mme "$pending" ${t}000011 ignorant - | cut -d' ' -f1-3
)"
holds "by its name (subscription-pending)" happened refused '"cause":"subscription-pending"' "$pending"
same "one that does not say which it is, too" "5012 - -" "$(
  "$BINDERY_BUILD/live_raw_kme" ulr "$work" "$realm" "$(hss_port_of op)" mme "$pending" - ignorant - | cut -d' ' -f1-3
)"
same "it stays pending" pending "$(phase pump)"
holds "its own device is served" at 0 registered pump
same "under that IMSI" "$pending" "$(imsi_of pump)"
keeps pump

echo "# a key that is in use"
#= test certattach-active
refused "who asks in its name when it is active gets nothing" subscription-active ask "$(url_of pump)" ${t}000010 001-01 pump.pem
holds "and it is served as before" at 0 registered pump
same "with the key that it had" 1 "$(grep -c "$(k_of pump)" secrets)"

# ---- results that are not the operator's, for this attach -----------------------------------------

echo "# replayed results"
#= test certattach-nonce certattach-signed certattach-operator
fresh siren ${t}000012 lot "${able[@]}"
cp siren.json siren.box
jammed=(--radio-flip "challenge=$(random_hex 16):$(random_hex 16)")
holds "a device gets its result, which somebody records" at 1 "a subscription came" siren --record-result recorded "${jammed[@]}"
keeps siren
cp siren.box siren.json
holds "it is worth nothing for another nonce" at 1 "refused (operator-signature)" siren --replay-result recorded
holds "and changes nothing" cmp siren.json siren.box
fresh horn ${t}000013 lot "${able[@]}"
cp horn.json horn.box
holds "nor for another device" at 1 "refused (operator-signature)" horn --replay-result recorded
holds "changed on its way, a result is refused" at 1 "refused (" horn --radio-flip nas-octet=200
holds "and changes nothing either" cmp horn.json horn.box
holds "without all that the device is served" at 0 registered horn
keeps horn

echo "# a rogue network"
operator rogue
operator abroad 001-02
sed -i 's/, onboarding: [^}]*}/}/' abroad/mmed.yaml
daemon abroad hssd
daemon abroad mmed
fresh bell ${t}000014 lot "${able[@]}"
cp bell.json bell.box
holds "a result of this operator's, played by another network, is refused" ue 1 "refused (operator-plmn)" attach \
  --device bell.json --plmn 001-02 --mme "$(s1_of abroad)" --replay-result recorded
# It has everything: it even asks the same site. But its root is none that the maker trusted.
cat op/pki/ca.crt rogue/pki/ca.crt >op/pki/both.crt
sed -i 's#  ca: pki/ca.crt#  ca: pki/both.crt#' op/repod.yaml
halt op repod
daemon op repod
site=$(grep -oP '^ *link: \K\S+' op/hssd.yaml)
sed -i "/^onboarding:/,\$ {
  s#link: .*#link: $site#
  s#      ca: pki/ca.crt#      ca: ../op/pki/ca.crt#
  s#roots: pki/#roots: ../op/pki/#
  s#device_crl: pki/#device_crl: ../op/pki/#
  s#signers: \[records.pub\]#signers: [../op/records.pub]#
}" rogue/hssd.yaml
daemon rogue hssd
daemon rogue mmed
here=rogue
cp bell.box bell.json
holds "a network that is a provisioning operator to nobody but itself gives a result" at 1 "refused (operator-untrusted)" bell
same "it did: it thinks that the device has a subscription of its own" 1 "$(count_of onboarding_drawn)"
holds "the device takes nothing of it" cmp bell.json bell.box
here=op
holds "it tries the next network, and is served there" ue 0 registered attach --device bell.json \
  --mme "$(s1_of abroad)" --plmn 001-02 --enb "001-01=$(s1_of op)"
keeps bell

# ---- floods and bounds ---------------------------------------------------------------------------

echo "# guessed ids"
#= test certattach-quotas certattach-pool
again
left=$(pool never_used)
rows=$(hss_ask "/v1/onboarding?limit=1000" | grep -o '"id"' | wc -l)
floods=()
for n in 1 2; do
  raw flood ca.example.org ${t}000077 1000 >"flood.$n" &
  floods+=("$!")
  pids+=("$!")
done
fresh real ${t}000015 lot "${able[@]}"
holds "while ids are guessed by the thousand, a device out of the box is served" at 0 registered real --persist
keeps real
for pid in "${floods[@]}"; do forget "$pid"; done
same "all of them were answered, and nothing was given" "2000 0" "$(cat flood.? | awk '{ a += $1; g += $4 } END { print a, g }')"
echo "# asked, refused, busy, given: $(cat flood.? | tr '\n' ';')"
same "the pool has lost the one IMSI" $((left - 1)) "$(pool never_used)"
same "and nothing is kept of them" $((rows + 1)) "$(hss_ask "/v1/onboarding?limit=1000" | grep -o '"id"' | wc -l)"

echo "# quotas"
sed -i 's/^  device_seconds: 0/  device_seconds: 3600/' hssd.before
again
fresh often ${t}000016 lot
holds "a device may ask once" at 1 "a subscription came" often "${jammed[@]}"
keeps often
fresh often ${t}000016 lot
holds "and not again so soon" at 1 "no subscription" often
holds "by its name (asked-often)" refusal asked-often
sed -i 's/^  device_seconds: 3600/  device_seconds: 0/' hssd.before
again "per_hour: 1"
fresh one ${t}000017 lot
holds "an authority's devices get so many an hour" at 1 "a subscription came" one "${jammed[@]}"
keeps one
fresh two ${t}000018 lot
holds "and then no more" at 1 "no subscription" two
holds "by its name (quota-rate)" refusal quota-rate
again "pending_most: 1"
holds "and so many that were never used" at 1 "no subscription" two
holds "by its name (quota-pending)" refusal quota-pending

echo "# a pool of two"
sed -i '/^onboarding:/,$s/imsis: .*/imsis: ["001010000900000-001010000900001"]/; s/^  policy: learn.*/&\n  pool_low_percent: 50/' hssd.before
again
for n in 18 19; do
  fresh two ${t}0000$n lot
  holds "a device gets an IMSI of it" at 1 "a subscription came" two "${jammed[@]}"
  keeps two
done
holds "it ran low, which is told" happened onboarding-pool-low
fresh three ${t}000020 lot "${able[@]}"
holds "then there is none" at 1 "no subscription" three
holds "by its name (pool-empty)" refusal pool-empty
holds "which is an alarm" happened onboarding-pool-empty
holds "who has one is served" at 0 registered pump
holds "one that an operator ends rests, and is not given at once" onboarding expire "maker/$(id_of two)"
holds "so there is still none" at 1 "no subscription" three
same "none is left, and one rests" "0 1" "$(pool never_used) $(pool resting)"

# ---- sites that mean harm ------------------------------------------------------------------------

echo "# a hostile site"
#= test certattach-fetch
cp hssd.kept hssd.before
site_port=0
free_port site_port
mkdir -p hostile/v1/device-records
fresh bait ${t}000022 lot "${able[@]}"
answer="hostile/v1/device-records/$(id_of bait)"
sed -i "/^onboarding:/,\$ s#link: .*#link: https://localhost:$site_port#" hssd.before
# hostile SENTENCE: what stands in $answer is what the site says.
hostile() {
  (cd hostile && exec openssl s_server -accept "127.0.0.1:$site_port" -cert "$work/op/pki/repo.crt" \
    -key "$work/op/pki/repo.key" -CAfile "$work/op/pki/ca.crt" -Verify 1 -tls1_3 -HTTP -quiet) >s_server.out 2>&1 &
  site_pid=$!
  pids+=("$site_pid")
  wait_for 10 grep -q "$(printf ':%04X 00000000:0000 0A' "$site_port")" /proc/net/tcp
  again
  holds "$1" at 1 "no subscription" bait
  holds "by its name (site-bad-answer)" wait_for 15 happened_now onboarding-refused '"cause":"site-bad-answer"' "${t}000022"
  stop "$site_pid"
}
printf 'HTTP/1.1 302 Found\r\nLocation: %s/v1/device-records/%s\r\nContent-Length: 0\r\n\r\n' "$site" "$(id_of bait)" >"$answer"
hostile "a site that sends elsewhere is not followed"
{ printf 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n' && head -c 300000 /dev/zero; } >"$answer"
hostile "nor is one believed that would never end"
{ printf 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n'; for _ in $(seq 20); do printf '2000\r\n%08192d\r\n' 0; done; } >"$answer"
hostile "or one that sends piece after piece"
printf 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}' >"$answer"
hostile "or one that says nothing"
cp hssd.kept hssd.before
again
holds "with the right one the device is served" at 0 registered bait
keeps bait

echo "# secrets"
for each in "abroad mmed" "abroad hssd" "rogue mmed" "rogue hssd" "op mmed" "op hssd" "op repod"; do
  # shellcheck disable=SC2086 # two words
  halt $each
done
ln -sf op/kek kek
: >none.sub
holds "no Ki, no OPc, no KME and no key of the store is in a log or a store" secrets_hidden \
  ./*.log ./*.now op/hss.db* op/repod.db* op/repod-audit.log recorded
same "nothing in the HSS's log is an error but the pool that was empty" "" \
  "$(grep -hF '"level":"error"' op-hssd.log | grep -vF onboarding-pool-empty | head -3 || true)"
finish
