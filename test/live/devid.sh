#!/usr/bin/env bash
# Devices that prove their IMEI, and others: a repository, an HSS and MMEs as processes of their own,
# each with its own keys. Every result with its cause, signatures and chains verified by the openssl
# command from what was traced, an MME that cannot ask, revocation, kills in the middle, a bad radio.
#
# What carries it is src/nf/hssd/devid.c with src/nf/hssd/repository_changes.c, and
# src/nf/mmed/emm_proof.c in bindery-mmed.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/attach.sh
. "$(dirname "$0")/lib/attach.sh"
# shellcheck source=test/live/lib/devid.sh
. "$(dirname "$0")/lib/devid.sh"
export NO_COLOR=1 LC_ALL=C.UTF-8
unset BINDERY_DIR BINDERY_SOCKET
cd "$work"

hss_port=0 tls_port=0 s1_port=0 repo_port=0
for name in hss_port tls_port s1_port repo_port; do free_port "$name"; done
parties
repo_config
repo_start
pki "$hss_host"
hss_config 127.0.0.1 "$hss_port" "$tls_port"
hss_devid "changes_seconds: 1, unknown_seconds: 1, wait_ms: 4000, remember_seconds: 3600"
s1=s1-tcp://127.0.0.1:$s1_port
hss_start --trace "$work/hss.pcapng" --trace-secrets

# Certificates of devices: the first is good, the second revoked by the CA, the third of a CA that only
# its own manufacturer trusts.
umask 077
for name in camera recalled; do
  issued "$maker_dir/device-ca" "$maker_dir/$name" 'keyUsage=critical,digitalSignature'
done
issued "$maker_dir/other-ca" "$maker_dir/foreign" 'keyUsage=critical,digitalSignature'
crl "$maker_dir/recalled.crt"

mme_config mme-a "$s1" "serve: true" "check_imei: true" "retransmissions: 3" "reuse_security: false" \
  "devid: {signers: [operator/records.pub], ca: operator/device-ca.crt, crl: operator/device-ca.crl}"
sed -i 's/^timers: .*/timers: {reconnect_seconds: 1, request_seconds: 10, t3450_seconds: 1, t3460_seconds: 1, t3470_seconds: 1}/' mme-a.yaml
mme_start mme-a --trace "$work/mme.pcapng" --trace-secrets

a=00101000000001
subscription camera ${a}1 35693803000001 require
subscription gateway ${a}2 35693803000002 require
subscription meter ${a}3 35693803000003 require
subscription recalled ${a}4 35693803000004 require
subscription foreign ${a}5 35693804000005 require
subscription old ${a}6 35209900176148 want
subscription new ${a}7 35693803000007 require
subscription twin ${a}8 35693803000001 require

# attaches NAME [OPTION...]: it is switched on, with what its state file says, and attaches.
attaches() {
  local name=$1
  shift
  ue 0 registered attach --mme "$s1" --device "$work/$name.json" "$@"
}
# refused NAME CAUSE [OPTION...]: it is refused with this EMM cause, and switched off again.
refused() {
  local name=$1 cause=$2 rc=0
  shift 2
  cp "$work/$name.json" "$work/$name.before"
  ue 1 "#$cause" attach --mme "$s1" --device "$work/$name.json" "$@" || rc=$?
  switched_off "$name"
  return "$rc"
}
# After #6 a device stays off until it is switched off: its SIM has what it had, and the network's
# sequence numbers are ahead.
switched_off() { cp "$work/$1.before" "$work/$1.json"; }
cli() { "$BINDERY_BUILD/bindery" "$@"; }
camera=(--proof-key "$maker_dir/camera.key")

# ---- who proves it -----------------------------------------------------------------------------

echo "# proven"
#= test devid-1 devid-published devid-key devid-7
holds "the manufacturer publishes a certificate" publish_chain 35693803000001 "$maker_dir/camera.crt"
holds "its device is proven" attaches camera "${camera[@]}"
holds "and told" proven ${a}1
same "as the subscriber's record tells" "proven none certificate" \
  "$(last ${a}1 result) $(last ${a}1 cause) $(last ${a}1 form)"
holds "and the HSS remembers it" remembered ${a}1 35693803000001
n=0
for kind in ecdsa-p256 ecdsa-p384 ed25519; do
  n=$((n + 1))
  subscription "kind$n" "${a:0:13}2$n" 3569380300010$n require
  key kind$n $kind
  publish_public 3569380300010$n kind$n.pub >/dev/null
  holds "a device with a key for $kind is proven" attaches kind$n
  same "by its public key" "proven public-key" "$(last "${a:0:13}2$n" result) $(last "${a:0:13}2$n" form)"
done
cli events --json --socket "$work/mme-a.sock" >mme.events
holds "the MME's events have it with subscription and device" \
  grep -qE '"name": ?"device-proven".*'"${a}1" mme.events
cli device show 35693803000001 --socket "$work/admin" >shown
holds "bindery device show tells it" grep -q proven shown

# ---- what was on the wire ----------------------------------------------------------------------

echo "# verified by the openssl command, from the traces"
#= test devid-4 devid-channel devid-record devid-certificate devid-9x devid-9y
# last_of FILE REGULAR-EXPRESSION: the last match of its group, in hex.
last_of() { perl -0777 -ne 'my $x; $x = $1 while /'"$2"'/sg; print unpack "H*", $x // ""' "$1"; }
# avp FILE CODE: the data of the last own AVP of that code.
avp() {
  perl -0777 -ne 'my $x; while (/\x00\x00\x00'"$(printf '\\x%02x' "$2")"'[\x00\x80]\x00(..)\x00\x00\x7e\xd9/sg) {
    $x = substr $_, pos, unpack("n", $1) - 12 } print $x // ""' "$1"
}
octets() { perl -e 'print pack "H*", $ARGV[0]' "$1"; }
item() { printf '%04x%s' $((${#1} / 2)) "$1"; }
ascii() { printf %s "$1" | od -An -v -tx1 | tr -d ' \n'; }
# content ALGORITHM: what the last device signed, made of what was on the wire and the network's KASME.
content() {
  local kasme nonce imei channel
  kasme=$(last_of hss.pcapng '\x00\x00\x05\xaa.\x00\x00\x2c\x00\x00\x28\xaf(.{32})')
  nonce=$(last_of mme.pcapng '\x07\x55.\x7e..\x01\x01\x01\x00\x20(.{32})')
  imei=$(last_of mme.pcapng '\x07\x56.{2,12}\x7e..\x02\x01\x04\x00\x0e(.{14})')
  channel=$(octets "$(item "$(ascii 'devid channel')")$(item "$nonce")" |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$kasme" -r | cut -d' ' -f1)
  octets "$(item "$(ascii 'bindery devid proof')")$(item "$1")$(item "$imei")$(item "$nonce")$(item 00f110)$(item "$channel")"
}
signature() { last_of mme.pcapng '\x07\x56.{2,12}\x7e..\x02\x01\x04\x00\x0e.{14}\x05\x00\x01.\x06\x00\x40(.{64})'; }
# r and s as DER: openssl takes no other form
der_of() {
  perl -e 'sub n { my $v = $_[0] =~ s/^(00)+//r; $v = "00$v" if $v =~ /^[89a-f]/; sprintf "02%02x%s", length($v) / 2, $v }
    my $h = n(substr $ARGV[0], 0, 64) . n(substr $ARGV[0], 64); print pack "H*", sprintf("30%02x%s", length($h) / 2, $h)' "$1"
}
verifies() { # PUBLIC-KEY
  der_of "$(signature)" >sig.der
  content 01 >signed
  openssl dgst -sha256 -verify "$1" -signature sig.der signed
}
verifies_ed25519() {
  octets "$(signature)" >sig.raw
  content 03 >signed
  openssl pkeyutl -verify -pubin -inkey "$1" -rawin -in signed -sigfile sig.raw
}
holds "the signature of an Ed25519 key" verifies_ed25519 kind3.pub
holds "the camera attaches once more" attaches camera "${camera[@]}"
openssl pkey -in "$maker_dir/camera.key" -pubout -out camera.pub
holds "the signature of the camera's key, over the content of docs/devid.md" verifies camera.pub
holds "and not of another" bash -c "! openssl dgst -sha256 -verify kind1.pub -signature sig.der signed"
avp hss.pcapng 42 >traced.der
openssl x509 -inform DER -in traced.der -out traced.crt
holds "the certificate that came over S13 is the camera's" \
  openssl x509 -in traced.crt -noout -checkend 0
holds "and leads to the devices' CA, which has not revoked it" openssl verify \
  -CAfile "$maker_dir/device-ca.crt" -CRLfile operator/device-ca.crl -crl_check traced.crt
same "it is the one published" "$(der "$maker_dir/camera.crt")" "$(der traced.crt)"
same "no IMEI is in it" "" "$(openssl x509 -in traced.crt -noout -text | grep -o 35693803 || true)"
avp hss.pcapng 44 >record
der_of "$(avp hss.pcapng 45 | od -An -v -tx1 | tr -d ' \n')" >record.der
holds "the record is signed by the repository" \
  openssl dgst -sha256 -verify operator/records.pub -signature record.der record
holds "and names the IMEI" grep -aq 35693803000001 record

# ---- who does not ------------------------------------------------------------------------------

echo "# refused"
#= test devid-results devid-nonce
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out thief.key 2>>openssl.log
device thief camera 35693803000099 -
# fails SENTENCE IMSI CAUSE DEVICE EMM-CAUSE [OPTION...]
fails() {
  local sentence=$1 imsi=$2 cause=$3
  shift 3
  holds "$sentence" refused "$@"
  holds "by its name ($cause)" outcome device-failed "$cause" "$imsi"
}
fails "the camera's SIM and IMEI with another key" ${a}1 signature thief 6 \
  --as-imei 35693803000001 --proof-key thief.key
holds "what was remembered is forgotten" not_remembered ${a}1 35693803000001
fails "the same without a proof" ${a}1 no-proof thief 6 --as-imei 35693803000001 --no-proof
fails "a proof for another challenge" ${a}1 signature camera 6 "${camera[@]}" --replay-proof
fails "a key of another algorithm" ${a}1 algorithm camera 6 \
  --proof-key <(openssl genpkey -algorithm ED25519)
silent() {
  cp thief.json thief.before
  ue 4 "keeps silent" attach --mme "$s1" --device "$work/thief.json" --as-imei 35693803000001 --silent \
    --timeout 14s || return 1
  switched_off thief
  wait_for 5 mme_event mme-a device-silent
}
holds "a device that does not answer at all gets no service (device-silent)" silent
holds "the camera itself still attaches" attaches camera "${camera[@]}"
holds "a certificate that its CA has revoked is published" publish_chain 35693803000004 "$maker_dir/recalled.crt"
fails "its device" ${a}4 certificate-revoked recalled 6 --proof-key "$maker_dir/recalled.key"
holds "so is a certificate of a CA that the network does not trust" maker other PUT \
  /v1/bindings/35693804000005/identity -d "{\"certificates\":[\"$(der "$maker_dir/foreign.crt")\",\"$(der "$maker_dir/other-ca.crt")\"]}"
fails "its device" ${a}5 certificate-untrusted foreign 6 --proof-key "$maker_dir/foreign.key"
key meter
publish_public 35693803000003 meter.pub >/dev/null
revoke 35693803000003 >/dev/null
fails "its device" ${a}3 binding-revoked meter 6
for imsi in ${a}1 ${a}4 ${a}5; do
  same "the MME tells the same of $imsi" 1 \
    "$(cli events --json --socket "$work/mme-a.sock" --name device-failed | grep -c "$imsi" | sed 's/^[1-9].*/1/')"
done

# ---- policies ----------------------------------------------------------------------------------

echo "# policies"
#= test devid-policy devid-provisional
holds "an old device that nobody published is admitted by 'want'" attaches old
holds "as unproven" outcome device-unproven no-binding ${a}6
policy ${a}6 require >/dev/null
holds "and refused with #17 by 'require'" refused old 17
holds "by its name" wait_for 5 mme_event mme-a device-unproven
policy ${a}3 observe >/dev/null
holds "by 'observe' even the revoked one is admitted" attaches meter
holds "and told" outcome device-failed binding-revoked ${a}3
policy ${a}6 off >/dev/null
count=$(mme_count mme-a challenges || true)
holds "with 'off' nobody asks" attaches old
same "and no challenge goes out" "$count" "$(mme_count mme-a challenges || true)"

# ---- an MME that cannot ask --------------------------------------------------------------------

echo "# an MME that knows nothing of it"
#= test devid-remembered
ordinary() { # STATUS PART ARGUMENT...
  local status=0 wanted=$1 part=$2
  shift 2
  cli authenticate --device "$work/camera.json" --origin-host "$mme_b" --realm "$realm" \
    --peer "tcp://127.0.0.1:$hss_port" "$@" >said 2>&1 || status=$?
  [ "$status" = "$wanted" ] && grep -qF -- "$part" said || { echo "status $status"; cat said; return 1; }
}
b_port=0
free_port b_port
mme_config mme-b "s1-tcp://127.0.0.1:$b_port" "serve: true" "check_imei: true" "reuse_security: false"
a_pid=$mme_pid
mme_start mme-b --trace "$work/mme-b.pcapng"
at_b() { ue "$1" "$2" attach --mme "s1-tcp://127.0.0.1:$b_port" --device "$work/$3.json"; }
holds "a proven device is served from memory, after a plain equipment check" at_b 0 registered camera
holds "and at one that does only S6a" ordinary 0 "registered the device"
key new
publish_public 35693803000007 new.pub >/dev/null
holds "one that was never proven is refused there" at_b 1 "#17" new
holds "by its name" event_with proof-missing ${a}7
holds "and served where it is asked" attaches new
holds "and then there too" at_b 0 registered new
holds "the camera's SIM is refused with another IMEI there" ordinary 1 "" --report-imei 35693803000055
holds "which costs the camera nothing" remembered ${a}1 35693803000001
policy ${a}1 want >/dev/null
holds "if the subscription admits that, the SIM registers with another IMEI" \
  ordinary 0 "registered the device" --report-imei 35693803000055
policy ${a}1 require >/dev/null
holds "and what was remembered is forgotten" not_remembered ${a}1 35693803000001
holds "so that its own IMEI does not help there" ordinary 1 ""
holds "until it is proven again" attaches camera "${camera[@]}"
holds "another SIM is proven in the same device" attaches twin "${camera[@]}"
holds "the memory of the first is forgotten" not_remembered ${a}1 35693803000001
holds "the second has it" remembered ${a}8 35693803000001
same "no credential was told to an MME that did not ask" "" \
  "$(avp mme-b.pcapng 7 | od -An -v -tx1 | head -1)"
stop "$mme_pid"
mme_pid=$a_pid

# ---- the repository is away --------------------------------------------------------------------

echo "# the repository is away"
#= test devid-bounded
holds "the camera is proven once more" attaches camera "${camera[@]}"
subscription late ${a:0:13}31 35693803000031 require
key late
publish_public 35693803000031 late.pub >/dev/null
kill -STOP "$repo_pid"
holds "a device whose binding is in the cache is proven meanwhile" attaches camera "${camera[@]}"
holds "one that was never asked about is refused with #17" refused late 17
holds "because nobody could find out" outcome device-undetermined repository-silent "${a:0:13}31"
policy "${a:0:13}31" want >/dev/null
holds "and admitted by 'want'" attaches late
stop "$hss_pid" KILL
hss_start --trace "$work/hss2.pcapng"
wait_for 20 mme_is_up mme-a
holds "after the HSS was killed too, memory admits the camera" attaches camera "${camera[@]}"
holds "although nobody could find out" outcome device-undetermined repository-silent ${a}1
kill -CONT "$repo_pid"
policy "${a:0:13}31" require >/dev/null
came_back() { attaches late && proven "${a:0:13}31"; }
holds "when it answers again, who was refused is proven" wait_for 20 came_back

# ---- revocation --------------------------------------------------------------------------------

echo "# revocation"
#= test devid-cache
holds "the new device is proven once more" attaches new
holds "and remembered" remembered ${a}7 35693803000007
revoke 35693803000007 >/dev/null
holds "its revocation reaches the HSS, which forgets" wait_for 10 not_remembered ${a}7 35693803000007
holds "and tells that it dropped the binding" wait_for 10 event_of binding-revoked 35693803000007
holds "and the memory" wait_for 10 event_of proof-forgotten 35693803000007
fails "the device" ${a}7 binding-revoked new 6

# ---- kills, and a bad line ---------------------------------------------------------------------

echo "# kills"
begun() {
  "$BINDERY_BUILD/bindery-ue" attach --mme "$s1" --device "$work/camera.json" "${camera[@]}" --stay \
    >cut.out 2>&1 </dev/null &
  ue_pid=$!
  pids+=("$ue_pid")
  wait_for 10 grep -q AUTHENTICATION cut.out || true
}
gets_on() { attaches camera "${camera[@]}" --persist --timeout 60s && proven ${a}1; }
for party in repository HSS MME; do
  begun
  case $party in
  repository)
    stop "$repo_pid" KILL
    cut_off "$ue_pid"
    repo_start
    ;;
  HSS)
    stop "$hss_pid" KILL
    cut_off "$ue_pid"
    hss_start --trace "$work/hss2.pcapng"
    wait_for 20 mme_is_up mme-a
    ;;
  MME)
    stop "$mme_pid" KILL
    cut_off "$ue_pid"
    mme_start mme-a --trace "$work/mme2.pcapng"
    ;;
  esac
  holds "the $party is killed in the middle, and the device gets on" gets_on
done
begun
cut_off "$ue_pid"
holds "the device is killed, and gets on" gets_on

echo "# a bad line"
(umask 077 && random_hex 16 >seed)
"$BINDERY_BUILD/bindery-ue" lot --count 12 --imsi 001011000000000 --imei 35693803500000 \
  --key-seed-file seed --out lot.csv
awk -F, -v OFS=, 'NR == 1 { print $0, "proof"; next } { print $0, "require" }' lot.csv >lot-proof.csv
cli import lot-proof.csv --socket "$work/admin" >said
cli device make --count 12 --tac 35693803 --first 500000 --form public-key --out lot >said
holds "the manufacturer publishes in bulk" cli binding publish lot/bindings.ndjson \
  --url "https://localhost:$repo_port" --client-certificate "$maker_dir/maker.crt" \
  --ca "$maker_dir/repo-ca.crt" --signer operator/records.pub
holds "12 devices are proven on a line that loses, repeats and delays" \
  ue 0 "Registered            12" run --mme "$s1" --lot lot.csv --identities lot --rate 12 --persist \
  --timeout 60s --faults lose=3,repeat=5,delay=5,delay-ms=50,seed=2
holds "some of what they sent was lost" grep -qE 'lost [1-9]' ue.out
proven_ones() { cli events --json --socket "$work/admin" --name device-proven | grep -o '00101100000[0-9]*' | sort -u | wc -l; }
all_are() { [ "$(proven_ones)" = 12 ]; }
wait_for 10 all_are || true
same "all of them" 12 "$(proven_ones)"

# ---- the traces --------------------------------------------------------------------------------

echo "# traces"
for pid in "${pids[@]}"; do
  [ "$pid" = "$hss_pid" ] || stop "$pid"
done
holds "the HSS stops in good order" hss_stop
frames() {
  WIRESHARK_CONFIG_DIR=$work/wireshark tshark -o nas-eps.null_decipher:FALSE -n -r "$1" -Y "$2" \
    -T fields -e frame.number 2>/dev/null | grep -c . || true
}
for file in mme.pcapng hss.pcapng hss2.pcapng; do
  all=$(frames $file frame)
  same "tshark reads all $all messages of $file" "$all" "$(frames $file "s1ap || nas-eps || diameter || http")"
  same "and none is malformed" 0 "$(frames $file _ws.malformed)"
done
"$BINDERY_BUILD/bindery" trace mme.pcapng hss.pcapng >drawn
for step in 2 3 '4, 5' 6 7 8 9; do
  holds "bindery trace draws step $step" grep -qF "($step) " drawn
done
holds "no key of a subscriber or of the store is in a log" \
  secrets_hidden "$work/hss.log" "$work/mme-a.log" "$work/repo.log"
finish
