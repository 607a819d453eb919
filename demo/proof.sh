# shellcheck shell=sh
# shellcheck disable=SC2154 # what demo.sh sets
# The second half of the story, which demo.sh sources: devices that prove their IMEI, and devices that
# cannot.

lot_imei() { sed -n "$1s/.*\"imei\":\"\([0-9]*\)\".*/\1/p" "$work/lot/bindings.ndjson"; }
# state NAME IMSI IMEI [OPTION...]: the state file of a device, with the keys that a CSV has
state() {
	name=$1 imsi=$2 imei=$3
	shift 3
	(
		umask 077
		for column in 2 3; do
			cat "$here/demo/proof.csv" "$here/demo/provisioning.csv" "$here/demo/second.csv" |
				awk -F, -v imsi="$imsi" -v n=$column '$1 == imsi { print $n }' >"$work/$column.hex"
		done
	)
	"$bindery" device file --imsi "$imsi" --imei "$imei" --k-file "$work/2.hex" \
		--opc-file "$work/3.hex" -o "$work/$name.json" "$@" >"$work/out" 2>&1 ||
		fail "no state file of $name"
}
# run COMMAND...: shows it and what it says
run() {
	printf '%s$ %s%s\n' "$dim" "$*" "$plain" | sed "s#$work/##g; s#$build/##g"
	"$@" >"$work/out" 2>&1 || fail "it ended with $?"
	sed "/^Next:/d; s#$work/##g" "$work/out"
}
# outcome NAME CAUSE IMSI: the HSS's newest event of that name is this; who is proven has no cause. It is
# written soon after what it tells.
outcome() {
	for try in $(seq 150); do
		"$bindery" events --from hss --name "$1" --json >"$work/events" || fail "events cannot be read"
		tail -n 1 "$work/events" >"$work/event"
		if grep -qF "\"$3\"" "$work/event" &&
			{ [ "$2" = none ] || grep -qF "\"cause\":\"$2\"" "$work/event"; }; then
			return 0
		fi
		sleep 0.2
	done
	fail "after $try looks the newest event '$1' is not about $3 and '$2'"
}
pid_of() { awk -v name="$1" '$1 == name { print $2 }' "$BINDERY_DIR/pids"; }

title "A device that proves its IMEI: the certificate"
tell "Now the network wants to know that the IMEI it is told is true (TR 33.899 5.2.4). A manufacturer makes"
tell "two cameras. Each has a key of its own and a certificate in which no IMEI stands. ${bold}Step 1${plain}: which IMEI"
tell "has which certificate is published in a repository, and signed there."
"$bindery" import "$here/demo/proof.csv" >"$work/out" 2>&1 || fail "the import is refused"
run "$bindery" device make --count 2 --tac 35693804 --out "$work/lot"
run "$bindery" binding publish "$work/lot/bindings.ndjson"
camera=$(lot_imei 1) other=$(lot_imei 2)
state camera 001010000000011 "$camera" --identity "$work/lot"
tell "Its subscription demands a proof. ${bold}2${plain} is the authentication as always; ${bold}3${plain} the network's challenge;"
tell "${bold}4${plain} the camera signs it with its IMEI and ${bold}5${plain} answers, both ciphered; ${bold}6${plain} the MME asks the HSS, ${bold}7${plain} that"
tell "asks the repository, ${bold}8${plain} the certificate comes back; ${bold}9${plain} the MME verifies, and tells the HSS what it found."
attach 0 camera.json
said "signed the challenge for the IMEI with ecdsa-p256"
said "registered"
outcome device-proven none 001010000000011
ladder
for number in 2 3 '4, 5' 6 7 8 9; do
	grep -qF "($number) " "$work/drawn" || fail "the ladder has no step $number"
done
run "$bindery" device show "$camera"

title "The public key"
tell "The simpler variant needs no CA: the repository's signed record says which key an IMEI has. This gateway"
tell "makes its key itself, and the private half never leaves it."
state gateway 001010000000012 35693804000100
"$build/bindery-ue" key --device "$work/gateway.json" --json >"$work/gateway.ndjson" || fail "no key is made"
run "$bindery" binding publish "$work/gateway.ndjson"
attach 0 gateway.json
said "registered"
outcome device-proven none 001010000000012
ladder

title "A forged IMEI: the camera's SIM in a device that reports the camera's IMEI"
tell "The thief's device has a key as well, but not the camera's. He tries to prove the IMEI with his; then he"
tell "keeps quiet. Since the IMEI has a binding, not to prove it is to fail: cause 6, illegal ME."
state forger 001010000000011 35693804000200
"$build/bindery-ue" key --device "$work/forger.json" >"$work/out" 2>&1 || fail "no key is made"
attach 1 forger.json --as-imei "$camera"
refused "device-failed"
outcome device-failed signature 001010000000011
ladder
state forger2 001010000000011 35693804000200
attach 1 forger2.json --as-imei "$camera" --no-proof
outcome device-failed no-proof 001010000000011
tell "The camera itself gets on as before:"
attach 0 camera.json
said "registered"

title "A device whose binding was revoked"
tell "The second camera was lost on the way. Its manufacturer revokes the binding."
state lost 001010000000013 "$other" --identity "$work/lot"
run "$bindery" binding revoke "$other"
attach 1 lost.json
outcome device-failed binding-revoked 001010000000013
ladder

title "An old device, of which nobody has published anything"
tell "It has no key and no binding. Its subscription asks, and admits who cannot be proven."
state old 001010000000014 35209900176148
attach 0 old.json
said "registered"
outcome device-unproven no-binding 001010000000014
ladder

title "The repository is down"
tell "It is stopped now, and nobody can find out whose key it is. The camera was proven before, which the HSS"
tell "remembers, so it gets on. A new device was not, and its subscription admits only who is proven: cause 17,"
tell "so that it tries again later."
repod=$(pid_of repod)
[ -n "$repod" ] || fail "no repository runs"
kill -STOP "$repod"
attach 0 camera.json
said "registered"
outcome device-undetermined repository-silent 001010000000011
ladder
state new 001010000000015 35693804000300
"$build/bindery-ue" key --device "$work/new.json" >"$work/out" 2>&1 || fail "no key is made"
attach 1 new.json
said "#17"
outcome device-undetermined repository-silent 001010000000015
kill -CONT "$repod"
tell
tell "What the HSS tells of it all:"
"$bindery" events --from hss | awk '$4 ~ /^device-/'
