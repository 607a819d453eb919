#!/bin/sh
# The story of a stolen SIM, of a device that is sold, of one that comes out of its box without a SIM, and of one that
# was made for no operator, over the air interface: devices and an eNB, an MME, an HSS, each a process of its own. Every scene is checked: the first
# one that does not end as it must makes this script fail and name itself.
#
# BINDERY_BUILD is the folder with the programs (default: build/release beside us).
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
build=${BINDERY_BUILD:-$here/build/release}
bindery=$build/bindery
for program in bindery bindery-hssd bindery-mmed bindery-repod bindery-arpfd bindery-dausfd bindery-rsmfd \
	bindery-ue; do
	if [ ! -x "$build/$program" ]; then
		echo "demo: $build has no $program; run ./dev demo" >&2
		exit 2
	fi
done

work=$(mktemp -d "${TMPDIR:-/tmp}/bindery-demo.XXXXXX")
export BINDERY_DIR="$work/hss"
unset BINDERY_SOCKET
scene="the beginning"
step=0
repod='' net='' abroad=''

finish() {
	code=$?
	trap - EXIT INT TERM
	[ -z "$abroad" ] || kill "$abroad" 2>/dev/null || true
	[ -z "$repod" ] || kill -CONT "$repod" 2>/dev/null || true
	for dir in hss second; do
		[ ! -d "$work/$dir" ] || BINDERY_DIR=$work/$dir "$bindery" down >/dev/null 2>&1 || true
	done
	if [ "$code" -ne 0 ]; then
		echo
		echo "demo: FAILED in $scene" >&2
		[ -f "$work/out" ] && sed 's/^/  | /' "$work/out" >&2
		[ -f "$BINDERY_DIR/log/hssd.log" ] && tail -n 5 "$BINDERY_DIR/log/hssd.log" >&2
	fi
	rm -rf "$work"
	exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') dim=$(printf '\033[2m') plain=$(printf '\033[0m')
else
	bold='' dim='' plain=''
fi

title() {
	step=$((step + 1))
	scene="scene $step: $1"
	printf '\n%s%s. %s%s\n' "$bold" "$step" "$1" "$plain"
}
tell() { printf '%s\n' "$*"; }
fail() {
	echo "demo: $scene: $*" >&2
	exit 1
}

# scene_of FILE OCTETS: what came behind so many octets of a trace. A pcapng is a head of two blocks and
# then packets, so the head and the last octets are a file again.
scene_of() {
	one=$(od -An -tu4 -j4 -N4 "$1" | tr -d ' ')
	two=$(od -An -tu4 -j$((one + 4)) -N4 "$1" | tr -d ' ')
	head -c $((one + two)) "$1" && tail -c +$(($2 + 1)) "$1"
}
# ladder: what was sent and received in this scene: at the MME on both sides, and what the HSS asked of
# the repository.
ladder() {
	scene_of "$work/mme$net.pcapng" "$before" >"$work/scene.pcapng"
	scene_of "$work/hss$net.pcapng" "$before_hss" >"$work/scene-hss.pcapng"
	"$bindery" trace "$work/scene.pcapng" "$work/scene-hss.pcapng" >"$work/drawn" ||
		fail "the trace cannot be read"
	echo
	cat "$work/drawn"
}
size() { wc -c <"$work/$1.pcapng" | tr -d ' '; }
# attach WANTED-STATUS DEVICE [OPTION...]: one device attaches, over the air, and says what it sees
attach() {
	wanted=$1 device=$2 before=$(size "mme$net") before_hss=$(size "hss$net")
	shift 2
	got=0
	printf '%s$ bindery-ue attach --device %s %s%s\n' "$dim" "$device" "$*" "$plain" | sed "s#$work/##g"
	"$build/bindery-ue" attach --mme "$s1" --device "$work/$device" "$@" >"$work/out" 2>&1 || got=$?
	cat "$work/out"
	[ "$got" -eq "$wanted" ] || fail "exit status $got instead of $wanted"
}
# refused CAUSE: the MME refused something by this name
refused() {
	"$bindery" events --from mme --name refused --json >"$work/events" || fail "events cannot be read"
	grep -qF "$1" "$work/events" || fail "the MME has not refused anything as '$1'"
}
# said TEXT: the last play said so
said() { grep -qF -- "$1" "$work/out" || fail "nothing said '$1'"; }
# happened NAME IMSI: the HSS has such an event, or is about to: the MME tells it when the device has its answer
happened() {
	for _ in $(seq 150); do
		"$bindery" events --name "$1" --json >"$work/events" || fail "events cannot be read"
		! grep -qF "\"$2\"" "$work/events" || return 0
		sleep 0.2
	done
	fail "the HSS has no event '$1' about $2"
}
not_yet() {
	"$bindery" events --name "$1" --json >"$work/events" || fail "events cannot be read"
	[ ! -s "$work/events" ] || fail "the HSS has an event '$1' too early"
}

owner_imei=356938035643809
for device in meter thief phone runaway; do
	install -m 600 "$here/examples/devices/$device.json" "$work/$device.json"
done

tell "${bold}Bindery: a SIM that works in its own device and in no other.$plain"
tell "An HSS, an MME and a repository of device keys start here, on loopback, in a directory of their own."
echo
"$bindery" up -d --port 0 --tls-port 0 --s1-port 0 --repo-port 0 --trace "$work/hss.pcapng" \
	--mme-trace "$work/mme.pcapng" >"$work/out" 2>&1 || fail "they do not start"
sed '/^Next:/,$d' "$work/out"
s1=$(grep -o 's1-tcp://[0-9.:]*' "$work/out" | head -1)
[ -n "$s1" ] || fail "the MME does not say where it listens"
"$bindery" import "$here/demo/subscribers.csv" >"$work/out" 2>&1 || fail "the import is refused"
said "3 added"
tell "Three SIMs and two devices are imported: $(cat "$work/out")"
"$bindery" subscriber list

title "A bound SIM in its own device"
tell "A meter has a SIM that is bound to it: meter and HSS share the key KME. The HSS encrypts RAND"
tell "under it; the meter decrypts it for its SIM. The MME in between carries it as it always does."
attach 0 meter.json
said "RAND encrypted under KME: the USIM answered"
said "registered"
happened registered 001010000000001
ladder

title "The same SIM in a second device, which reports the first one's IMEI"
tell "A thief puts the meter's SIM into a device of his own and forges its IMEI. His device has"
tell "another KME, so his SIM gets another RAND than the HSS meant for it, and refuses."
not_yet suspected-theft
for try in 1 2 3; do
	install -m 600 "$here/examples/devices/thief.json" "$work/thief.json" # he switches it off and on
	tell "Attempt $try of 3:"
	attach 1 thief.json --as-imei "$owner_imei"
	said "AUTHENTICATION REJECT"
done
ladder
refused binding-failed
happened suspected-theft 001010000000001
tell "The MME reported each failure, and at the third in a row the HSS raised an alarm:"
"$bindery" events --from hss --name suspected-theft
tell "The owner is not locked out: anybody can fail in another's name, so an alarm changes no service."
attach 0 meter.json
said "registered"

title "Somebody on the radio"
tell "He clears the bit in AMF that says that RAND is encrypted, so that the meter would hand it to its"
tell "SIM as it is. AMF is covered by the MAC that the SIM checks: the attach fails, nothing is gained."
install -m 600 "$here/examples/devices/meter.json" "$work/meter.json"
attach 1 meter.json --radio-flip amf
said "AUTHENTICATION"
ladder

title "An open SIM"
tell "An ordinary subscription, with TUAK for a change, works in any device as it always did."
attach 0 phone.json
said "registered"
happened registered 001010000000002
ladder

title "A SIM whose sequence number ran away"
tell "This SIM has seen far higher sequence numbers than the HSS would send. It says so in AUTS, and"
tell "the HSS finds out which KME the RAND was under, verifies it and follows."
attach 0 runaway.json
said "registered"
happened resynchronised 001010000000003
ladder

title "An eNB of another network, and an MME that is no configured peer"
tell "Neither gets in."
attach 3 phone.json --plmn 999-70 --connect-timeout 3s
refused enb-plmn
ladder
got=0
"$bindery" authenticate --device "$work/phone.json" --origin-host mme.rogue.example.org \
	--realm rogue.example.org >"$work/out" 2>&1 || got=$?
cat "$work/out"
[ "$got" -eq 1 ] || fail "exit status $got instead of 1"
said "DIAMETER_UNKNOWN_PEER"

title "A thousand at once"
tell "Power comes back in a street: a thousand bound devices attach within a second."
(umask 077 && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$work/seed")
"$build/bindery-ue" lot --count 1000 --imsi 001011000000000 --imei 35693900000000 \
	--key-seed-file "$work/seed" --out "$work/lot.csv" >"$work/out" 2>&1 || fail "the lot cannot be made"
"$bindery" import "$work/lot.csv" >"$work/out" 2>&1 || fail "the import is refused"
"$build/bindery-ue" run --mme "$s1" --lot "$work/lot.csv" --storm 1s --enbs 4 >"$work/out" 2>&1 ||
	fail "not all of them attached"
cat "$work/out"
said "Registered          1000"

scene="between the chapters"
tell
tell "They start again: the trace has what is ciphered on the air as well, and the HSS keeps no copy of what a"
tell "repository says, so that each look-up is seen."
"$bindery" down >"$work/out" 2>&1 || fail "they do not stop"
echo 'devid: {cache_seconds: 0, unknown_seconds: 0, stale_seconds: 0}' >>"$BINDERY_DIR/hssd.yaml"
"$bindery" up -d --trace "$work/hss.pcapng" --mme-trace "$work/mme.pcapng" --trace-secrets >"$work/out" 2>&1 ||
	fail "they do not start again"
. "$here/demo/proof.sh"
. "$here/demo/provisioning.sh"
. "$here/demo/onboarding.sh"
. "$here/demo/dimsi.sh"

scene="the end"
"$bindery" down >"$work/out" 2>&1 || fail "they do not stop"
tell
tell "${bold}All $step scenes ended as they must.$plain Now yours:"
tell
tell "  export PATH=$build:\$PATH"
tell "  bindery up -d --mme-trace t.pcapng             # all of them in ./.bindery"
tell "  bindery import demo/subscribers.csv"
tell "  install -m 600 examples/devices/meter.json ."
tell "  bindery-ue attach --device meter.json"
tell "  bindery trace t.pcapng                         # or: wireshark t.pcapng"
tell "  bindery devices; bindery events; bindery down  # man bindery tells the rest"
