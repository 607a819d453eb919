#!/bin/sh
# The story of a stolen SIM, told by a real HSS and a real S6a connection. Every scene is checked:
# the first one that does not end as it must makes this script fail and name itself.
#
# BINDERY_BUILD is the folder with bindery and bindery-hssd (default: build/release beside us).
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
build=${BINDERY_BUILD:-$here/build/release}
bindery=$build/bindery
if [ ! -x "$bindery" ] || [ ! -x "$build/bindery-hssd" ]; then
	echo "demo: $build has no bindery and bindery-hssd; run ./dev demo" >&2
	exit 2
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/bindery-demo.XXXXXX")
export BINDERY_DIR="$work/hss"
unset BINDERY_SOCKET
scene="the beginning"
step=0

finish() {
	code=$?
	trap - EXIT INT TERM
	"$bindery" down >/dev/null 2>&1 || true
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

# play WANTED-STATUS DEVICE [OPTION...]: one `bindery authenticate`, shown, then its ladder
play() {
	wanted=$1 device=$2
	shift 2
	got=0
	printf '%s$ bindery authenticate --device %s %s%s\n' "$dim" "$device" "$*" "$plain"
	"$bindery" authenticate --device "$work/$device" --trace "$work/scene.pcapng" "$@" \
		>"$work/out" 2>&1 || got=$?
	cat "$work/out"
	[ "$got" -eq "$wanted" ] || fail "exit status $got instead of $wanted"
	echo
	"$bindery" trace "$work/scene.pcapng" || fail "the trace cannot be read"
}
# said TEXT: the last play said so
said() { grep -qF -- "$1" "$work/out" || fail "nothing said '$1'"; }
# happened NAME IMSI: the HSS has such an event
happened() {
	"$bindery" events --name "$1" --json >"$work/events" || fail "events cannot be read"
	grep -qF "\"$2\"" "$work/events" || fail "the HSS has no event '$1' about $2"
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
tell "An HSS starts here, on loopback, in a directory of its own."
echo
"$bindery" up -d --port 0 --tls-port 0 >"$work/out" 2>&1 || fail "the HSS does not start"
sed '/^Next:/,$d' "$work/out"
"$bindery" import "$here/demo/subscribers.csv" >"$work/out" 2>&1 || fail "the import is refused"
said "3 added"
tell "Three SIMs and two devices are imported: $(cat "$work/out")"
"$bindery" subscriber list

title "A bound SIM in its own device"
tell "A meter has a SIM that is bound to it: meter and HSS share the key KME. The HSS encrypts RAND"
tell "under it; the meter decrypts it for its SIM. The MME in between needs no change at all."
play 0 meter.json
said "processed challenge"
said "authenticated"
happened registered 001010000000001

title "The same SIM in a second device, which reports the first one's IMEI"
tell "A thief puts the meter's SIM into a device of his own and forges its IMEI. His device has"
tell "another KME, so his SIM gets another RAND than the HSS meant for it, and refuses."
not_yet suspected-theft
play 1 thief.json --report-imei "$owner_imei" --attempts 3
said "MAC-A is wrong"
said "refused (attempt 3 of 3)"
happened suspected-theft 001010000000001
tell "At the third failure in a row the HSS raised an alarm:"
"$bindery" events --name suspected-theft
tell "The owner is not locked out: anybody can fail in another's name, so an alarm changes no service."
play 0 meter.json
said "authenticated"

title "An open SIM"
tell "An ordinary subscription, with TUAK for a change, works in any device as it always did."
play 0 phone.json
said "regular challenge"
said "authenticated"
happened registered 001010000000002

title "A SIM whose sequence number ran away"
tell "This SIM has seen far higher sequence numbers than the HSS would send. It says so in AUTS, and"
tell "the HSS finds out which KME the RAND was under, verifies it and follows."
play 0 runaway.json
said "with the USIM's AUTS"
said "authenticated"
happened resynchronised 001010000000003

title "An MME that is not a configured peer"
tell "It connects, introduces itself, and gets nothing."
play 1 phone.json --origin-host mme.rogue.example.org --realm rogue.example.org
said "DIAMETER_UNKNOWN_PEER"
if "$bindery" trace "$work/scene.pcapng" --json | grep -q '"message":"AI[RA]"'; then
	fail "it got as far as an AIR"
fi

scene="the end"
"$bindery" down >"$work/out" 2>&1 || fail "the HSS does not stop"
tell
tell "${bold}All five scenes ended as they must.$plain Now yours:"
tell
tell "  export PATH=$build:\$PATH"
tell "  bindery up -d                                  # an HSS in ./.bindery"
tell "  bindery import demo/subscribers.csv"
tell "  install -m 600 examples/devices/meter.json ."
tell "  bindery authenticate --device meter.json --trace t.pcapng"
tell "  bindery trace t.pcapng                         # or: wireshark t.pcapng"
tell "  bindery status; bindery events; bindery down   # man bindery tells the rest"
