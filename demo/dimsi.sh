# shellcheck shell=sh
# shellcheck disable=SC2154 # what demo.sh and the parts before this one set
# The last part of the story, which demo.sh sources after onboarding.sh: devices that were made for no operator and
# no country, and find the one that accepted them by a discovery IMSI. Five parties, each with keys and a store of
# its own.

before_dausf=0
attached() {
	before_dausf=$(size dausf)
	attach "$@" --rsmf "$rsmf"
}
# ladder_of_all [FILE...]: of MME, HSS and discovery AUSF in this scene, and of those files
ladder_of_all() {
	scene_of "$work/mme.pcapng" "$before" >"$work/scene.pcapng"
	scene_of "$work/hss.pcapng" "$before_hss" >"$work/scene-hss.pcapng"
	scene_of "$work/dausf.pcapng" "$before_dausf" >"$work/scene-dausf.pcapng"
	"$bindery" trace "$work/scene.pcapng" "$work/scene-hss.pcapng" "$work/scene-dausf.pcapng" "$@" >"$work/drawn" ||
		fail "the trace cannot be read"
	echo
	cat "$work/drawn"
}
dimsi_steps() {
	for number in "$@"; do
		grep -qE "\\(dimsi ([0-9a-e-]+, )*${number}[,)]" "$work/drawn" || fail "the ladder has no step $number"
	done
}
phase_of() { "$bindery" dimsi show "$1" | sed -n "s/^phase  *\([a-z]*\)$/\1/p"; }
# becomes DIMSI PHASE
becomes() {
	for try in $(seq 300); do
		[ "$(phase_of "$1")" = "$2" ] && return
		sleep 0.1
	done
	fail "$1 is $(phase_of "$1") after $try looks, not $2"
}

title "Made for nobody"
tell "A maker of secure elements. Each makes its key on board; the part number's key signs its certificate, and the"
tell "issuer root that of the part number. No operator, no country, no IMSI."
"$bindery" down >"$work/out" 2>&1 || fail "they do not stop"
"$bindery" up -d --trace "$work/hss.pcapng" --mme-trace "$work/mme.pcapng" --discovery-trace "$work/dausf.pcapng" \
	--trace-secrets >"$work/out" 2>&1 || fail "they do not start again"
rsmf=$(sed -n '/^devices:/,$s#.*https://127.0.0.1:\([0-9]*\).*#127.0.0.1:\1#p' "$BINDERY_DIR/rsmf/rsmfd.yaml" | head -1)
run "$bindery" device se --count 3 --tac 35693805 --out "$work/made"
run "$build/bindery-ue" se show "$work/made/35693805000000.json"
tell "The other parties, each with what is its own:"
(cd "$BINDERY_DIR" && ls ci arpf discovery rsmf sp)

title "A service provider"
tell "${bold}0-a${plain} He gets the ARPF's certificate. ${bold}0-b${plain} He gives each device a discovery IMSI, and that. ${bold}0-c${plain} The secure"
tell "element verifies it, agrees on eK with it, and signs a token. He takes those in; none of them is secret."
run "$bindery" sp arpf "$("$bindery" sp links arpf)" --trace "$work/sp-arpf.pcapng"
run "$bindery" sp order --arpf arpf.example.org --dimsis 901700000000001-901700000009999 --devices "$work/made" \
	--out "$work/orders"
run "$build/bindery-ue" se accept --devices "$work/made" --orders "$work/orders" --credentials "$work/credentials"
run "$bindery" sp collect "$work/credentials"
tell "${bold}0-d${plain} An operator wants them. The provider signs that this one, and nobody else, may have their keys. ${bold}0-e${plain} The"
tell "operator asks the ARPF, which verifies all of that, gives him eK in a box, and endorses the token."
tell "${bold}1${plain} An IMSI for each, encrypted under a key from eK. ${bold}2${plain} The discovery AUSF has it as RAND and AUTN."
before=$(size mme) before_hss=$(size hss) before_dausf=$(size dausf)
run "$bindery" sp offer --to 001-01 --link "$("$bindery" sp links offers)" --all --trace "$work/sp-offer.pcapng"
becomes 901700000000001 pushed
becomes 901700000000002 pushed
becomes 901700000000003 pushed
ladder_of_all "$work/sp-arpf.pcapng" "$work/sp-offer.pcapng"
dimsi_steps 0-a 0-d 0-e 1 2
run "$bindery" dimsi list
run "$bindery" sp follow

title "The first attach"
tell "It is switched on. ${bold}3${plain} It attaches with its discovery IMSI. ${bold}4, 5${plain} The MME asks whom the PLMN of that names, as it"
tell "would for any roamer. ${bold}6, 7${plain} RAND is an IMSI, and AUTN says that it is for this device. ${bold}8 to 10${plain} It attaches with"
tell "it. ${bold}11${plain} It fetches the operator's own profile, attaches with that, and confirms: eK is erased everywhere."
attached 0 made/35693805000000.json
said "registered"
becomes 901700000000001 "done"
ladder_of_all
dimsi_steps 3 4 5 6 7 8 9 10 11
run "$build/bindery-ue" se show "$work/made/35693805000000.json"
run "$bindery" dimsi show 901700000000001

title "Abroad"
tell "Another network, whose MME knows nothing of all this: none of what is private in Bindery's is on. It routes by"
tell "PLMN, as it does for any guest."
"$bindery" down >"$work/out" 2>&1 || fail "they do not stop"
sed -i 's/visited_plmns: \["001-01"\]/visited_plmns: ["001-01", "001-02"]/' "$BINDERY_DIR/hssd.yaml" \
	"$BINDERY_DIR/discovery/dausfd.yaml"
"$bindery" up -d >"$work/out" 2>&1 || fail "they do not start again"
sed -e 's/^origin_host: .*/origin_host: mme.epc.mnc001.mcc001.3gppnetwork.org/' -e 's/^plmn: .*/plmn: "001-02"/' \
	-e 's#s1-tcp://127.0.0.1:[0-9]*#s1-tcp://127.0.0.1:0#' -e 's/mme1\.\(crt\|key\)/mme.\1/' \
	-e 's/socket: mme.sock/socket: abroad.sock/' -e '/^sends_served_imei/d' -e '/^check_imei/d' -e '/^devid:/,/^$/d' \
	-e '/^provisioning:/d' -e '/^  https:/,/^ *role:/d' "$BINDERY_DIR/mmed.yaml" >"$BINDERY_DIR/abroad.yaml"
(cd "$BINDERY_DIR" && exec "$build/bindery-mmed" --config abroad.yaml) 2>"$work/abroad.log" &
abroad=$!
for try in $(seq 300); do
	s1_abroad=$("$bindery" status --socket "$BINDERY_DIR/abroad.sock" 2>/dev/null | grep -o 's1-tcp://[0-9.:]*' | head -1)
	[ -z "$s1_abroad" ] || break
	sleep 0.1
done
[ -n "$s1_abroad" ] || fail "the MME abroad does not say where it listens after $try looks"
s1_home=$s1 s1=$s1_abroad
attach 0 made/35693805000001.json --plmn 001-02 --rsmf "$rsmf"
said "registered"
becomes 901700000000002 "done"
s1=$s1_home
kill "$abroad"
wait "$abroad" || true
abroad=""

title "Who wants one that is not his"
tell "Another operator, with the same credentials: the ARPF looks whom the provider meant."
run_refused() {
	printf '%s$ %s%s\n' "$dim" "$*" "$plain" | sed "s#$work/##g; s#$build/##g"
	if "$@" >"$work/out" 2>&1; then fail "it was not refused"; fi
	cat "$work/out"
}
run_refused "$bindery" sp offer --to 001-02 --link "$("$bindery" sp links offers)" 901700000000003
tell "One who listened flips a bit of what the network sends. Integrity is what the device looks at first:"
attach 1 made/35693805000002.json --radio-flip rand
said "integrity"
tell "The provider takes the third device back before it was ever switched on:"
run "$bindery" sp revoke 901700000000003
becomes 901700000000003 withdrawn
attach 1 made/35693805000002.json
run "$bindery" sp follow
tell
tell "What the HSS tells of it:"
"$bindery" events --from hss | grep -E ' dimsi-'
