# shellcheck shell=sh
# shellcheck disable=SC2154 # what demo.sh, proof.sh and provisioning.sh set
# The last part of the story, which demo.sh sources after provisioning.sh: devices that come out of the box with
# a key and a URL, and without a subscription.

# boxed NAME IMEI LOT [OPTION...]: its state file, as it leaves the factory
boxed() {
	name=$1 imei=$2 lot=$3
	shift 3
	"$bindery" device file --imei "$imei" --identity "$work/$lot" -o "$work/$name.json" "$@" >"$work/out" 2>&1 ||
		fail "no state file of $name"
}
url_of() { sed -n 's/.*"url": *"\([^"]*\)".*/\1/p' "$work/$1.json"; }
# unchanged NAME: it is as it was in the box
unchanged() { cmp -s "$work/$1.json" "$work/$1.box" || fail "$1 has taken something"; }
# because CAUSE IMEI: the HSS's newest refusal of a device without a subscription
because() { newest onboarding-refused "$2" "\"$1\""; }
certattach_steps() {
	for number in "$@"; do
		grep -qE "\\(certattach ([0-9]+, )*$number\\b" "$work/drawn" || fail "the ladder has no step $number"
	done
}
# restart: the first operator's, with what hssd.yaml says now
restart() {
	"$bindery" down >"$work/out" 2>&1 || fail "they do not stop"
	"$bindery" up -d --trace "$work/hss.pcapng" --mme-trace "$work/mme.pcapng" --trace-secrets >"$work/out" 2>&1 ||
		fail "they do not start again"
}

title "A box, and nothing in it but a key"
tell "These devices have no SIM and no subscription. Their factory gave each a key pair and the URL of its"
tell "certificate, and whom to believe. What the URL leads to is published, beside what proves the IMEI."
sed -i 's/^onboarding:$/&\n  device_seconds: 0/; s/^      approval: .*/&\n      cache_seconds: 0\n      unknown_seconds: 0/' \
	"$BINDERY_DIR/hssd.yaml"
restart
run "$bindery" lot make --id 2026-08 --manufacturer Example --range 35693804000700-35693804000799 \
	--to "$work/first-lots/recipient.pem" "$work/maker"
run "$bindery" lot import "$work/maker/2026-08.lot.cms" --key "$work/first-lots/recipient-key.pem" \
	--certificate "$work/first-lots/recipient.pem"
run "$bindery" device make --onboarding --count 8 --tac 35693804 --first 700 --out "$work/boxes"
run "$bindery" binding publish "$work/boxes/bindings.ndjson"
of=$work/maker/2026-08.lot.json

title "From the box to bound service"
tell "It is switched on. ${bold}1${plain} It names its URL, its IMEI and a nonce in an attach of a type of its own. ${bold}2${plain} The HSS knows"
tell "whose URL that is, asks there, over its own link, for record and certificate, and verifies both; ${bold}3${plain} it makes a"
tell "subscription, encrypts it to the device's key and signs it. ${bold}4${plain} ATTACH REJECT brings it. ${bold}5${plain} The device verifies,"
tell "opens and stores it. It attaches with its new IMSI, makes the key that binds it, and has service:"
boxed lamp 35693804000700 boxes --lot "$of"
cp "$work/lamp.json" "$work/lamp.box"
attach 0 lamp.json --record-result "$work/heard"
said "a subscription came"
said "RAND encrypted under KME: the USIM answered"
said "registered"
newest onboarding-active 35693804000700 ""
ladder
certattach_steps 1 2 4
run "$bindery" onboarding list
tell "Nobody has typed in a key, or plugged in a SIM, since the box was opened."

title "Counterfeits"
tell "A URL of an authority with which this operator has no agreement:"
"$bindery" device make --onboarding --count 1 --tac 35693804 --first 790 --url-host ca.elsewhere.example \
	--out "$work/unknown" >"$work/out" 2>&1 || fail "they cannot be made"
boxed unknown 35693804000790 unknown
attach 1 unknown.json
because authority-unknown 35693804000790
tell "A device that was stolen from the shelf. Its maker says so:"
run "$bindery" binding revoke 35693804000701 --use provisioning
boxed stolen 35693804000701 boxes
attach 1 stolen.json
because device-revoked 35693804000701
tell "Somebody copied the URL of a device that is in its box still, and the IMEI. He has neither of its keys:"
boxed owner 35693804000702 boxes --lot "$of"
boxed clone 35693804000703 boxes
cp "$work/clone.json" "$work/clone.box"
attach 1 clone.json --url "$(url_of owner)" --as-imei 35693804000702
because proof-wrong 35693804000702
unchanged clone
tell "On the air each got the same refusal. Why is in the operator's events alone:"
"$bindery" events --from hss --name onboarding-refused
tell "Nothing was drawn for any of them, and the owner notices nothing:"
attach 0 owner.json
said "registered"

title "A rogue network"
tell "A base station that is louder than the real one. Behind it is an HSS that can do all that the real one can,"
tell "and even asks the maker's site. What it lacks is a certificate under a root that the device knows."
url=$(grep -o 'link: https://localhost:[0-9]*' "$work/hss/hssd.yaml")
sed -i "/^onboarding:/,\$ {
	s#link: .*#$url#
	s#      ca: pki/ca.crt#      ca: $work/hss/pki/ca.crt#
	s#\[records.pub\]#[$work/hss/records.pub]#
}" "$work/second/hssd.yaml"
BINDERY_DIR=$work/second "$bindery" up -d --trace "$work/hss2.pcapng" --mme-trace "$work/mme2.pcapng" \
	>"$work/out" 2>&1 || fail "the other network's do not start"
boxed bell 35693804000704 boxes --lot "$of"
tell "The device tries it first, refuses what it gets, and goes on to the next network of its list:"
attach 0 bell.json --enb "001-02=$s1_second" --networks 001-02,001-01
said "refused (operator-untrusted)"
said "registered"
newest onboarding-active 35693804000704 ""
BINDERY_DIR=$work/second "$bindery" down >"$work/out" 2>&1 || fail "the other network's do not stop"

title "A reject of before"
tell "The first device's reject was recorded, and is played to it when it asks again after it was reset, and to"
tell "another one. It was signed for one device and one nonce."
cp "$work/lamp.json" "$work/lamp.now"
install -m 600 "$work/lamp.box" "$work/lamp.json"
attach 1 lamp.json --replay-result "$work/heard"
said "refused (operator-signature)"
unchanged lamp
install -m 600 "$work/lamp.now" "$work/lamp.json"
boxed gate 35693804000705 boxes --lot "$of"
cp "$work/gate.json" "$work/gate.box"
attach 1 gate.json --replay-result "$work/heard"
said "refused (operator-signature)"
unchanged gate
tell "It had one of its own coming, and gets that when nobody is in between:"
attach 0 gate.json
said "registered"

title "Somebody has to approve"
tell "An operator who wants to see each device first says so for the authority:"
run sed -i 's/approval: rule.*/approval: hand/' "$BINDERY_DIR/hssd.yaml"
restart
boxed pump 35693804000706 boxes --lot "$of"
attach 1 pump.json
because approval-waiting 35693804000706
run "$bindery" onboarding list --phase waiting
run "$bindery" onboarding approve "maker/$(url_of pump | sed 's/.*=//')"
attach 0 pump.json
said "registered"
newest onboarding-active 35693804000706 ""
run "$bindery" onboarding pool
tell
tell "What the HSS tells of it:"
"$bindery" events --from hss | grep -E ' onboarding-(drawn|active|waiting|approved|refused)'
