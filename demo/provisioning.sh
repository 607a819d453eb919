# shellcheck shell=sh
# shellcheck disable=SC2154 # what demo.sh sets
# shellcheck disable=SC2034 # what demo.sh reads
# The third part of the story, which demo.sh sources after proof.sh: a device makes its own key, and is sold.

# network first|second: whose HSS and MME are meant from here on
network() {
	case $1 in
	first) BINDERY_DIR=$work/hss net='' s1=$s1_first plmn=001-01 ;;
	second) BINDERY_DIR=$work/second net=2 s1=$s1_second plmn=001-02 ;;
	esac
}
# newest NAME IMSI TEXT: the HSS's newest event of that name is about it and says so
newest() {
	for try in $(seq 150); do
		"$bindery" events --from hss --name "$1" --json >"$work/events" || fail "events cannot be read"
		tail -n 1 "$work/events" >"$work/event"
		if grep -qF "\"$2\"" "$work/event" && grep -qF -- "$3" "$work/event"; then
			return 0
		fi
		sleep 0.2
	done
	fail "after $try looks the newest event '$1' is not about $2 and '$3'"
}
steps() {
	for number in "$@"; do
		grep -qF "(kme $number" "$work/drawn" || fail "the ladder has no step $number"
	done
}
fingerprint() { grep -oE '[0-9a-f]{64}' "$work/out" | head -1; }

# challenge_of FILE: RAND and AUTN of the last AUTHENTICATION REQUEST in a trace of an MME
challenge_of() {
	od -An -v -tx1 "$1" | tr -d ' \n' | grep -oE '0752[0-9a-f]{2}[0-9a-f]{32}10[0-9a-f]{32}' | tail -n 1 |
		sed -E 's/^.{6}(.{32})10(.{32})$/\1:\2/'
}

s1_first=$s1
title "A lot, and what an operator needs of it"
tell "A third manufacturer will not keep keys of its customers' devices at all. Each of its devices makes the key"
tell "of its binding itself, and encrypts it to N = PQ of the lot that it is of. N goes into the devices. P and Q"
tell "go to operators, encrypted: to this one, and to another, of whom there is more later."
run "$bindery" lot recipient "$work/first-lots" --name "First operator"
run "$bindery" lot recipient "$work/second-lots" --name "Second operator"
run "$bindery" lot make --id 2026-07 --manufacturer Example --range 35693804000500-35693804000599 \
	--to "$work/first-lots/recipient.pem" --to "$work/second-lots/recipient.pem" "$work/maker"
printed=$(fingerprint)
run "$bindery" lot import "$work/maker/2026-07.lot.cms" --key "$work/first-lots/recipient-key.pem" \
	--certificate "$work/first-lots/recipient.pem"
[ "$(fingerprint)" = "$printed" ] || fail "the two have read different fingerprints"
tell "What people compare is the same on both sides. The public keys of the devices are in the repository:"
run "$bindery" device make --count 2 --tac 35693804 --first 500 --out "$work/sensors"
run "$bindery" binding publish "$work/sensors/bindings.ndjson"
sensor=35693804000500 next=35693804000501

title "A fresh device makes its own key"
tell "It has a SIM whose subscription learns; the HSS knows neither key nor device. ${bold}3${plain} the HSS sees that, and ${bold}4${plain}"
tell "lets it in for this alone, with a nonce; ${bold}5${plain} the sensor makes KME, signs it, encrypts both to N and ${bold}6${plain} answers;"
tell "${bold}7${plain} the MME carries that on, ${bold}8${plain} the HSS asks whose public key that is, ${bold}9${plain} decrypts and verifies; ${bold}10${plain} proves"
tell "that it could, ${bold}11${plain} in a refusal, so that no bearer comes of it; ${bold}12${plain} the sensor believes it, and comes back."
"$bindery" import "$here/demo/provisioning.csv" >"$work/out" 2>&1 || fail "the import is refused"
state sensor 001010000000021 "$sensor" --identity "$work/sensors" --lot "$work/maker/2026-07.lot.json"
attach 0 sensor.json
said "RAND encrypted under KME: the USIM answered"
said "registered"
newest provisioned 001010000000021 "$sensor"
newest kme-in-use 001010000000021 ""
ladder
recorded=$(challenge_of "$work/scene.pcapng")
steps 4 "5, 6" 7 8 "9, 10" "11, 12"
run "$bindery" device show "$sensor"

title "Its SIM in a second device"
tell "Now it is bound as if a factory had done it. The thief's device has a key of its own, and a public one that"
tell "is published, and the lot's modulus: but nobody asks it for a KME."
state borrower 001010000000021 "$next" --identity "$work/sensors" --lot "$work/maker/2026-07.lot.json"
attach 1 borrower.json
said "AUTHENTICATION REJECT"
refused "binding-failed"
ladder

title "An MME that knows nothing of it"
tell "Another subscription learns, and its device comes by way of an ordinary MME. That gets a vector, but service"
tell "before the device has a key there is none."
state later 001010000000022 "$next" --identity "$work/sensors" --lot "$work/maker/2026-07.lot.json"
got=0
"$bindery" authenticate --device "$work/later.json" >"$work/out" 2>&1 || got=$?
cat "$work/out"
[ "$got" -eq 1 ] || fail "exit status $got instead of 1"
newest refused 001010000000022 "provisioning-owed"

title "The device is sold"
tell "A second operator, 001-02, has an HSS, an MME and a SIM of its own. It was given the same lot and asks the"
tell "same repository. The buyer puts the SIM in."
BINDERY_DIR=$work/second "$bindery" up -d --plmn 001-02 --port 0 --tls-port 0 --s1-port 0 --repo-port 0 \
	>"$work/out" 2>&1 || fail "the second operator's do not start"
BINDERY_DIR=$work/second "$bindery" down >"$work/out" 2>&1 || fail "they do not stop"
# the second asks the first's repository: that lets it in, and it believes what is signed there
cat "$work/hss/pki/ca.crt" "$work/second/pki/ca.crt" >"$work/hss/pki/both.crt"
sed -i 's#pki/ca.crt#pki/both.crt#
/^operators:$/a\  - name: hss.epc.mnc002.mcc001.3gppnetwork.org' "$work/hss/repod.yaml"
"$bindery" reload --socket "$work/hss/repod.sock" >"$work/out" 2>&1 || fail "the repository does not take it"
url=$(sed -n 's/^    url: *//p' "$work/hss/hssd.yaml")
sed -i "/^repositories:/,/signers:/{
	s#https://localhost:[0-9]*#$url#
	s#ca: pki/ca.crt#ca: $work/hss/pki/ca.crt#
	s#\[records.pub\]#[$work/hss/records.pub]#
}
s#pki/device-ca#$work/hss/pki/device-ca#" "$work/second/hssd.yaml"
sed -i "s#pki/device-ca#$work/hss/pki/device-ca#; s#\[records.pub\]#[$work/hss/records.pub]#" "$work/second/mmed.yaml"
rm "$work/second/repod.yaml"
BINDERY_DIR=$work/second "$bindery" up -d --trace "$work/hss2.pcapng" --mme-trace "$work/mme2.pcapng" \
	--trace-secrets >"$work/out" 2>&1 || fail "the second operator's do not start"
s1_second=$(grep -o 's1-tcp://[0-9.:]*' "$work/out" | head -1)
network second
run "$bindery" lot import "$work/maker/2026-07.lot.cms" --key "$work/second-lots/recipient-key.pem" \
	--certificate "$work/second-lots/recipient.pem"
"$bindery" import "$here/demo/second.csv" >"$work/out" 2>&1 || fail "the import is refused"
state sold 001020000000021 "$sensor" --identity "$work/sensors" --lot "$work/maker/2026-07.lot.json"
attach 0 sold.json --plmn 001-02
said "RAND encrypted under KME: the USIM answered"
said "registered"
newest provisioned 001020000000021 "$sensor"
ladder
tell "The device keeps its keys by SIM. The first operator has learned nothing of the new one, nor the second of"
tell "the old one."

title "The old key is worthless"
tell "Somebody recorded a challenge when the device was the first operator's, and plays it to it now. It was made"
tell "for another key and another SIM:"
cp "$work/sold.json" "$work/played.json"
attach 1 played.json --plmn 001-02 --radio-flip "challenge=$recorded"
said "it was not made for this device and this USIM"
tell "The first operator lets its SIM go to another device, and names it. That makes a key, and the sold device's is"
tell "good for nothing, were the old SIM put back into it:"
network first
run "$bindery" device rebind 001010000000021 --imei "$next"
newest rebind-approved 001010000000021 ""
state other 001010000000021 "$next" --identity "$work/sensors" --lot "$work/maker/2026-07.lot.json"
attach 0 other.json
said "RAND encrypted under KME: the USIM answered"
newest provisioned 001010000000021 "$next"
ladder
attach 1 sensor.json
said "AUTHENTICATION REJECT"
ladder
tell "Nor does a challenge of before do anything in the new device:"
attach 1 other.json --radio-flip "challenge=$recorded"
said "it was not made for this device and this USIM"
tell "The buyer does not notice:"
network second
attach 0 sold.json --plmn 001-02
said "registered"
BINDERY_DIR=$work/second "$bindery" down >"$work/out" 2>&1 || fail "the second operator's do not stop"
network first
tell
tell "What the first HSS tells of it:"
"$bindery" events --from hss | grep -E '(provision|kme-|rebind).*imsi=00101000000002'
