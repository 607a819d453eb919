#!/usr/bin/env bash
# Attacks on devices that are to find their operator by a discovery IMSI, and on each of the parties: with the
# openssl command and curl, from certificates that lead to the right CAs, and from such that do not. Forged, replayed
# and borrowed tokens at the ARPF, a second operator, squatters at the discovery AUSF, guessed dIMSIs, a radio that
# changes bits, another device's profile. Each is refused with a cause that has a name, in the answer and in the log
# of who refused; and the owner, whom all of that was about, notices nothing.
#
# The interfaces are src/nf/arpfd/api.c, src/nf/dausfd/push.c, src/nf/rsmfd/devices.c and src/nf/hssd/dimsi_api.c.
set -euo pipefail
umask 077
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
# shellcheck source=test/live/lib/attach.sh
. "$(dirname "$0")/lib/attach.sh"
# shellcheck source=test/live/lib/certattach.sh
. "$(dirname "$0")/lib/certattach.sh"
# shellcheck source=test/live/lib/dimsi.sh
. "$(dirname "$0")/lib/dimsi.sh"
# shellcheck source=test/live/lib/dimsi_forge.sh
. "$(dirname "$0")/lib/dimsi_forge.sh"
cd "$work"
discovery=epc.mnc070.mcc901.3gppnetwork.org second=epc.mnc002.mcc001.3gppnetwork.org
here_plmn=00f110 there_plmn=00f120
owner=901700000000001 moved=901700000000002 noisy=901700000000003 guessed=901700000000004
opened=901700000000005 late=901700000000006
imei=3569380500000

operator op
quick
probe=0
free_port probe
sed -i 's/^operators: .*/operators: ["001-01", "001-02"]/' op/arpf/arpfd.yaml op/discovery/dausfd.yaml
sed -i 's/^\(service_providers: .*\)]$/\1, {name: sp2.example.org, dimsis: ["901710000000000-901719999999999"]}]/' op/arpf/arpfd.yaml
sed -i -e "s#^listeners:#&\n  - address: tcp://127.0.0.1:$probe#" \
  -e "s#^peers:#&\n  - {origin_host: probe.$discovery, realm: $discovery, visited_plmns: [\"001-01\"], transports: [tcp]}#" op/discovery/dausfd.yaml
evil=0
free_port evil
sed -i -e "s#^listeners:#&\n  - address: tcp://127.0.0.1:$evil#" \
  -e "s#^peers:#&\n  - {origin_host: evil.$realm, realm: $realm, visited_plmns: [\"001-01\"], transports: [tcp]}#" op/hssd.yaml
sed -i '/^check_imei/d' op/mmed.yaml # so that it asks the discovery AUSF for service, and not first about an IMEI
everyone
made 0 6 >said
sp arpf "$(arpf_link)" >said
ordered >said
offered $owner $moved $noisy $opened >said

# Who attacks: another operator with all that belongs to one, another service provider, other makers.
client second 4 $second op/pki/ca
agreeing second-agreement $second op/pki/ca
client sp2 3 sp2.example.org op/pki/ca
client sp3 3 sp3.example.org op/pki/ca
element thief op/ci/pn
root other-ci
authority other-pn other-ci
element stray other-pn
root strange-ca
client strange-sp 3 sp.example.org strange-ca
endorser squatter arpf2.example.org op/ci/ci
endorser false-arpf arpf.example.org other-ci
ausf=op/pki/ausf agreement=op/pki/ausf-agreement provider=op/sp/sp
arpf=$(arpf_link)/v1 push=$(push_link)/v1 offers=$(offers_link)/v1
port_of() { sed -n "/^$2/,\$s#.*listen: https://127.0.0.1:\\([0-9]*\\).*#\\1#p" "op/$1" | head -1; }
deliveries=https://localhost:$(port_of rsmf/rsmfd.yaml listen)/v1
profiles=https://rsmf.$realm:$(port_of rsmf/rsmfd.yaml devices:)/v1/profiles
for dimsi in $owner $moved $noisy $opened; do
  holds "$dimsi is with the discovery AUSF" becomes $dimsi pushed
done

# ---- tokens ------------------------------------------------------------------------------------

echo "# tokens at the ARPF"
#= test dimsi-0e-verify dimsi-token-form
theirs=$(token_of $owner)
chain_of() { credentials "$1" certificates; }
signed_for() { credentials "$1" offers 0 delegation; }
# asks SENTENCE STATUS CAUSE CLIENT DIMSI TOKEN CERTIFICATES DELEGATION [AGREEMENT]: for eK
asks() { refused "$1" arpfd "$2" "$3" "$4" PUT "$arpf/releases/$5" "$(release_body "$6" "$7" "$8" "${9:-$agreement}")"; }
# as if the service provider had believed him: DELEGATION for what he made
believed() { delegation "$1" "${2:-$here_plmn}" op/sp/sp "${@:3}"; }
false=$(flipped "$theirs" 1)
asks "a token with one bit of its signature changed" 422 token-signature $ausf $owner "$false" "$(chain_of $owner)" "$(believed "$false")"
asks "without its own delegation" 422 delegation-other-token $ausf $owner "$false" "$(chain_of $owner)" "$(signed_for $owner)"
true_token $owner thief
t_se=$(perl -MDigest::SHA=sha256_hex -MMIME::Base64 -MJSON::PP -e 'print sha256_hex(decode_base64(decode_json(<STDIN>)->[0]))' <<<"$(chain_of $owner)")
false=$(token thief)
asks "one in the owner's name by another device" 422 token-other-device $ausf $owner "$false" "$(chain thief op/ci/pn)" "$(believed "$false")"
asks "with the owner's certificate" 422 token-signature $ausf $owner "$false" "$(chain_of $owner)" "$(believed "$false")"
asks "the owner's token with another device's certificates" 422 token-signature $ausf $owner "$theirs" "$(chain_of $moved)" "$(signed_for $owner)"
asks "the owner's token for another dIMSI" 400 request-unreadable $ausf $noisy "$theirs" "$(chain_of $owner)" "$(signed_for $owner)"
asks "a token cut short" 422 token-unreadable $ausf $owner "${theirs::-2}" "$(chain_of $owner)" "$(believed "${theirs::-2}")"
true_token $owner thief
false=$(token thief)
asks "another device's own token for the owner's dIMSI" 409 other-se $ausf $owner "$false" "$(chain thief op/ci/pn)" "$(believed "$false")"
true_token $guessed thief
t_arpf=arpf2.example.org
false=$(token thief)
asks "a token for another ARPF" 422 token-other-arpf $ausf $guessed "$false" "$(chain thief op/ci/pn)" \
  "$(believed "$false" "" 1 arpf2.example.org)"
asks "with a delegation for this one" 422 delegation-other-arpf $ausf $guessed "$false" "$(chain thief op/ci/pn)" "$(believed "$false")"
true_token $guessed thief
t_arpf_digest=$(random_hex 32)
false=$(token thief)
asks "for a key that this ARPF does not have" 422 token-other-arpf $ausf $guessed "$false" "$(chain thief op/ci/pn)" "$(believed "$false")"
true_token $guessed stray
false=$(token stray)
asks "an SE of another CI" 422 certificate-untrusted $ausf $guessed "$false" "$(chain stray other-pn)" "$(believed "$false")"
#= test dimsi-point
true_token $guessed thief
t_point=04$(random_hex 64)
false=$(token thief)
asks "a point that is none" 422 point-invalid $ausf $guessed "$false" "$(chain thief op/ci/pn)" "$(believed "$false")"

#= test dimsi-delegation
echo "# delegations"
asks "of a service provider that ATK does not name" 422 delegation-other-sp $ausf $owner "$theirs" "$(chain_of $owner)" \
  "$(delegation "$theirs" $here_plmn sp2)"
asks "of one whose CA nobody knows" 422 certificate-untrusted $ausf $owner "$theirs" "$(chain_of $owner)" \
  "$(delegation "$theirs" $here_plmn strange-sp)"
asks "that is over" 422 delegation-expired $ausf $owner "$theirs" "$(chain_of $owner)" "$(believed "$theirs" "" 1 "" -60)"
cp sp2.crt forged.crt && cp thief.key forged.key
asks "signed by another key" 422 delegation-signature $ausf $owner "$theirs" "$(chain_of $owner)" "$(delegation "$theirs" $here_plmn forged)"
true_token $guessed thief
t_sp=sp3.example.org
false=$(token thief)
asks "of one for whom this ARPF does not work" 422 delegation-signature $ausf $guessed "$false" "$(chain thief op/ci/pn)" \
  "$(delegation "$false" $here_plmn sp3)"

# ---- a second operator -------------------------------------------------------------------------

echo "# a second operator"
#= test dimsi-release-once dimsi-box
asks "who saw SE CREDENTIALS and delegation" 403 delegation-other-mno second $moved "$(token_of $moved)" "$(chain_of $moved)" \
  "$(signed_for $moved)" second-agreement
asks "with a service provider of its own" 422 delegation-other-sp second $moved "$(token_of $moved)" "$(chain_of $moved)" \
  "$(delegation "$(token_of $moved)" $there_plmn sp2 2)" second-agreement
elsewhere=$(delegation "$(token_of $moved)" $there_plmn op/sp/sp 2)
asks "with a delegation of the right one, as long as it is released" 409 released-to-another second $moved "$(token_of $moved)" \
  "$(chain_of $moved)" "$elsewhere" second-agreement
asks "with the first one's agreement key" 422 ausf-certificate second $moved "$(token_of $moved)" "$(chain_of $moved)" "$elsewhere"
asks "or an operator with the second one's" 422 ausf-certificate $ausf $owner "$theirs" "$(chain_of $owner)" "$(signed_for $owner)" \
  second-agreement
answered "its operator gets the same again" 200 '"number":1' $ausf PUT "$arpf/releases/$moved" \
  "$(release_body "$(token_of $moved)" "$(chain_of $moved)" "$(signed_for $moved)" $agreement)"
of_first=$(of_file said endorsement)
refused "another service provider cannot see it" arpfd 404 not-found sp2 GET "$arpf/releases/$moved"
refused "nor another operator" arpfd 404 not-found second GET "$arpf/releases/$moved"
ask sp2 PUT "$arpf/revocations/$(sha256 "$(token_of $moved)")" '{"number":9}'
asks "nor does his revocation count" 409 released-to-another second $moved "$(token_of $moved)" "$(chain_of $moved)" "$elsewhere" second-agreement
holds "the service provider takes it back" sp revoke $moved
asks "the first operator may not any more" 403 delegation-revoked $ausf $moved "$(token_of $moved)" "$(chain_of $moved)" "$(signed_for $moved)"
answered "and the second one may" 200 '"number":2' second PUT "$arpf/releases/$moved" \
  "$(release_body "$(token_of $moved)" "$(chain_of $moved)" "$elsewhere" second-agreement)"
of_second=$(of_file said endorsement)
same "the ARPF has it on record" "001-02 2" "$(release $moved target) $(release $moved number)"

# ---- pushes ------------------------------------------------------------------------------------

echo "# squatters at the discovery AUSF"
#= test dimsi-endorsement dimsi-one-target dimsi-two-keys
pushes() { refused "$1" dausfd "$2" "$3" "$4" PUT "$push/entries/$5" "$6"; } # SENTENCE STATUS CAUSE CLIENT DIMSI BODY
hers=001020000000001 # an IMSI of the second operator
answered "the owner's operator has this endorsement" 200 '"number":1' $ausf PUT "$arpf/releases/$owner" \
  "$(release_body "$theirs" "$(chain_of $owner)" "$(signed_for $owner)" $agreement)"
of_owner=$(of_file said endorsement)
pushes "a push without an endorsement" 422 missing-member second $owner "$(push_body $hers null | sed 's/,"endorsement":null//')"
pushes "with that of the dIMSI's own operator" 422 endorsement-other second $owner "$(push_body $hers "$of_owner")"
pushes "with one for another dIMSI" 422 endorsement-other second $owner "$(push_body $hers "$of_second")"
of_squat() { endorsement "$(random_hex 32)" $owner $there_plmn "$(random_hex 32)" 9 "$@"; }
pushes "with one that is over" 422 endorsement-expired second $owner "$(push_body $hers "$(of_squat op/arpf/endorsement -60)")"
pushes "with one of an ARPF for other dIMSIs" 422 endorsement-signature second $owner "$(push_body $hers "$(of_squat squatter)")"
pushes "with one of an ARPF of a CI of his own" 422 certificate-untrusted second $owner "$(push_body $hers "$(of_squat false-arpf)")"
pushes "with one by the key that agrees" 422 certificate-purpose second $owner "$(push_body $hers "$(of_squat op/arpf/agreement)")"
cp op/arpf/endorsement.crt forged.crt
pushes "with one by some other key" 422 endorsement-signature second $owner "$(push_body $hers "$(of_squat forged)")"
pushes "of an IMSI that is not the operator's" 422 imsi-outside second $moved "$(push_body 001010000700009 "$of_second")"
pushes "of a challenge that an ME would not take" 422 challenge-unusable second $moved "$(push_body $hers "$of_second" 0000)"
pushes "of a dIMSI that is none of this PLMN" 422 dimsi-outside second 999700000000001 "$(push_body $hers "$of_second")"
answered "the operator that it was released to may" 200 '"target":"001-02"' second PUT "$push/entries/$moved" "$(push_body $hers "$of_second")"
pushes "and who held it before has lost it" 409 dimsi-taken $ausf $moved "$(push_body 001010000700008 "$of_first")"
refused "the entry of another is none" dausfd 404 not-found second GET "$push/entries/$owner"
refused "nor can he say that it is spent" dausfd 404 not-found second PUT "$push/entries/$owner/spent" '{"number":1}'
same "the owner's stands as it stood" "live 1 001-01" "$(entry $owner phase) $(entry $owner number) $(entry $owner target)"

# ---- guesses -----------------------------------------------------------------------------------

echo "# guessed dIMSIs"
#= test dimsi-guess dimsi-provisional dimsi-no-service
raw() { "$BINDERY_BUILD/live_raw_kme" "$1" "$work" $discovery "$probe" probe "${@:2}"; }
entries_now() { curl --silent --max-time 60 --unix-socket op/discovery/discovery.sock http://dausf/v1/entries?limit=1000; }
# As if nobody had asked: when, and how often the owner's was asked for, is not part of it.
kept() { entries_now | tr -d ' \n' | sed 's/"asked":[0-9]*,"last_asked":[^,}]*//g'; }
before=$(kept)
for digits in 000 004 777 999; do
  same "901700000000$digits over S6a: it may be asked for later" 4181 "$(raw air 901700000000$digits ignorant)"
done
same "and a dIMSI of no range as well" 4181 "$(raw air 001010000000001 ignorant)"
same "what there is gets no service" "5012 - -" "$(raw ulr $owner ${imei}0 ignorant - | cut -d' ' -f1-3)"
same "nor what there is not" "5012 - -" "$(raw ulr 901700000000999 ${imei}9 ignorant - | cut -d' ' -f1-3)"
holds "both have their names (discovery-pending)" wait_for 5 more_causes dausfd discovery-pending 4
holds "(discovery-only)" wait_for 5 more_causes dausfd discovery-only 1
holds "at an MME a device that nobody was offered gets nothing" ue 1 "#17" attach --mme "$(s1_of op)" --device made/${imei}3.json
same "and still has its dIMSI" none "$(has ${imei}3)"
same "nothing is kept of all that" "$before" "$(kept)"

# ---- the radio ---------------------------------------------------------------------------------

echo "# changed and old challenges"
#= test dimsi-7-integrity dimsi-repeat
holds "one bit of RAND" ue 1 "integrity" attach --mme "$(s1_of op)" --device made/${imei}2.json --radio-flip rand
holds "or of AUTN changed, and nothing is taken in" ue 1 "integrity" attach --mme "$(s1_of op)" --device made/${imei}2.json --radio-flip autn
same "the device is as it was" none "$(has ${imei}2)"
old=$(raw air $noisy ignorant | awk '{ print $4 ":" $5 }') # whoever is an MME may ask
holds "unchanged, it brings an IMSI" ue 0 registered attach --mme "$(s1_of op)" --device made/${imei}2.json
same "which it has now" temporary "$(has ${imei}2)"
of_dimsi() { grep -qF "\"cause\":\"$1\"" <<<"$(grep -F '"imsi":"'$noisy'"')"; }
holds "service, which its MME asked for on the dIMSI, was refused" of_dimsi discovery-only <op-dausfd.now
mme_events() { mme_ask op-mmed "/v1/events?limit=1000" | tr -d ' \n' | grep -oE '\{"[^{}]*\}'; }
holds "which the MME has among its events" of_dimsi hss-refused < <(mme_events)
holds "played to it later, the challenge of the dIMSI is none of its IMSI" ue 1 "the USIM refuses its MAC" attach --mme "$(s1_of op)" \
  --device made/${imei}2.json --radio-flip "challenge=$old"
same "and nothing changes" temporary "$(has ${imei}2)"
holds "it is served as before" ue 0 registered attach --mme "$(s1_of op)" --device made/${imei}2.json
holds "and done when it reaches the RSMF" switched_on 0 registered ${imei}2

# ---- profiles ----------------------------------------------------------------------------------

echo "# profiles of others"
#= test dimsi-rsmf-who dimsi-rsmf-once dimsi-11-tunnel
holds "a device comes as far as its temporary subscription" ue 0 registered attach --mme "$(s1_of op)" --device made/${imei}4.json
holds "so its profile waits" becomes $opened attached
own_key ${imei}4 opened
of_opened=$profiles/$(digest opened)
request() { printf '{"request":"%s"}' "$1"; }
one=$(random_hex 16) two=$(random_hex 16)
refused "another device does not get it" rsmfd 403 other-device thief PUT "$of_opened" "$(request "$one")"
refused "nor one of its own, which there is none" rsmfd 403 other-device thief PUT "$profiles/$(digest thief)" "$(request "$one")"
refused "nor may it say that it is installed" rsmfd 403 other-device thief PUT "$of_opened/installed" "$(request "$one")"
refused "what was not fetched is not confirmed" rsmfd 409 not-fetched opened PUT "$of_opened/installed" "$(request "$one")"
answered "the device itself gets it" 200 '"profile":"' opened PUT "$of_opened" "$(request "$one")"
cp said profile
refused "but under another request it was fetched" rsmfd 409 already-fetched opened PUT "$of_opened" "$(request "$two")"
refused "under which it is not confirmed either" rsmfd 409 not-fetched opened PUT "$of_opened/installed" "$(request "$two")"
refused "nor by a thief with the right request" rsmfd 403 other-device thief PUT "$of_opened/installed" "$(request "$one")"
answered "the same request gets the same" 200 '"profile":"' opened PUT "$of_opened" "$(request "$one")"
holds "octet by octet" cmp said profile
same "another operator sees no delivery" "403 404" "$(
  ask second GET "$deliveries/deliveries/$(digest opened)" && printf '%s ' "$status"
  ask $ausf GET "$deliveries/deliveries/$(digest thief)" && printf '%s' "$status"
)"

# ---- certificates ------------------------------------------------------------------------------

echo "# certificates"
client late-ausf 4 $realm op/pki/ca -1
client late-sp 3 sp.example.org op/pki/ca -1
element late-se op/ci/pn -1
client stranger 4 $realm strange-ca
# listener NAME PARTY METHOD URL WHO-IS-NO-MORE WHO-IS-OF-ANOTHER-LISTENER: who is not let in there
listener() {
  refused "$1: without a certificate" "$2" 403 no-certificate - "$3" "$4"
  refused "$1: with one that has expired" "$2" 403 client-expired "$5" "$3" "$4"
  refused "$1: with one of a CA that nobody knows" "$2" 403 client-untrusted stranger "$3" "$4"
  refused "$1: with one for another listener" "$2" 403 client-untrusted "$6" "$3" "$4"
}
listener "the ARPF" arpfd GET "$arpf/certificate" late-sp thief
listener "the discovery AUSF" dausfd GET "$push/entries" late-ausf thief
listener "the RSMF's for operators" rsmfd GET "$deliveries/deliveries" late-ausf opened
listener "the RSMF's for devices" rsmfd PUT "$of_opened" late-se $ausf
listener "the operator's for offers" hssd GET "$offers/offers" late-sp thief
refused "a service provider asks for eK" arpfd 403 not-allowed $provider PUT "$arpf/releases/$owner" '{}'
refused "a service provider pushes" dausfd 403 not-allowed $provider PUT "$push/entries/$owner" '{}'
refused "an operator offers" hssd 403 not-allowed $ausf GET "$offers/offers"
refused "another operator delivers" rsmfd 403 not-allowed second GET "$deliveries/deliveries"
refused "another service provider offers" hssd 403 not-allowed sp2 GET "$offers/offers"

# ---- a peer that lies --------------------------------------------------------------------------

echo "# an MME that says that it serves a device which never came"
#= test dimsi-10
lies() { "$BINDERY_BUILD/live_raw_kme" ulr "$work" "$realm" "$evil" evil "$1" ${imei}9 ignorant - | cut -d' ' -f1; }
of_owners=$(of_row $owner imsi)
same "its word is taken, as a HSS takes it" 2001 "$(lies "$of_owners")"
same "but nothing was authenticated: the device is waited for" pushed "$(of_row $owner phase)"
same "its challenge is there" live "$(entry $owner phase)"
fails() { ! "$@"; }
holds "there is nothing to try again, and that is no success" fails cli dimsi retry $owner --dir op
of_opened_now=$(of_row $opened imsi)
same "one that was there has not confirmed yet" attached "$(of_row $opened phase)"
holds "so the operator takes it back" cli dimsi withdraw $opened --dir op
same "and it is withdrawn" withdrawn "$(of_row $opened phase)"
same "with its subscription" "" "$(cli subscriber list --dir op | grep "$of_opened_now" || true)"

echo "# one that asks for vectors first"
holds "a device is offered" offered $guessed
holds "and waited for" becomes $guessed pushed
of_guessed=$(of_row $guessed imsi)
same "the peer gets vectors of its IMSI" 2001 "$("$BINDERY_BUILD/live_raw_kme" air "$work" "$realm" "$evil" evil "$of_guessed" ignorant | cut -d' ' -f1)"
same "and says that it serves it" 2001 "$(lies "$of_guessed")"
holds "which is believed" becomes $guessed attached
holds "the D-AUSF too" wait_for 10 eval '[ "$(entry $guessed phase)" = spent ]'
holds "the device is kept out" ue 1 "#17" attach --mme "$(s1_of op)" --device made/${imei}3.json
holds "its provider takes it back" sp revoke $guessed
same "at the operator too" withdrawn "$(of_row $guessed phase)"
holds "and offers it anew, with the token that it has" offered $guessed
holds "there is another challenge" becomes $guessed pushed
holds "with another IMSI" fails [ "$(of_row $guessed imsi)" = "$of_guessed" ]
holds "the device finds its operator" switched_on 0 registered ${imei}3
holds "and is done" becomes $guessed "done"
holds "which nobody takes back any more" fails sp revoke $guessed

# ---- the owner ---------------------------------------------------------------------------------

echo "# the owner notices nothing"
#= test dimsi-10 dimsi-spent
holds "its device finds its operator" switched_on 0 registered ${imei}0
same "in three attaches" 3 "$(grep -c -- '-> ATTACH REQUEST' ue.out)"
same "and nothing went wrong on the way" "" "$(grep -E 'could not|failed' ue.out || true)"
same "it has its own subscription" own "$(has ${imei}0)"
holds "and is done" becomes $owner "done"
holds "as the D-AUSF has heard" wait_for 10 eval '[ "$(entry $owner phase)" = spent ]'
same "its key went to its operator alone" "001-01 1" "$(release $owner target) $(release $owner number)"
pushes "an old push does not bring the dIMSI back" 409 dimsi-spent $ausf $owner "$(push_body 001010000700000 "$of_owner")"
pushes "nor does a squatter's now" 422 endorsement-other second $owner "$(push_body $hers "$of_owner")"
same "it stays spent" spent "$(entry $owner phase)"
same "over S6a it is one that nobody has" 4181 "$(raw air $owner ignorant)"
own_key ${imei}0 owned
refused "what was confirmed is fetched no more" rsmfd 409 already-fetched owned PUT "$profiles/$(digest owned)" "$(request "$two")"
holds "played to it, the old challenge is none of its IMSI's" ue 1 "the USIM refuses its MAC" attach --mme "$(s1_of op)" \
  --device made/${imei}0.json --radio-flip "challenge=$old"
holds "it is served" switched_on 0 registered ${imei}0

# ---- a part number that leaked -----------------------------------------------------------------

echo "# a part number is revoked"
#= test dimsi-0e-verify
reloads() { [ "$(grep -c '"event":"reloaded"' "op-$1.now")" -gt 0 ]; }
holds "by its CI" cli pki op/ci --revoke op/ci/pn.crt
for each in arpfd rsmfd; do
  kill -HUP "${pid_of[op-$each]}"
  holds "$each has read that" wait_for 10 reloads $each
done
asks "none of its devices gets a key any more" 422 certificate-revoked $ausf $late "$(token_of $late)" "$(chain_of $late)" \
  "$(believed "$(token_of $late)")"
holds "an offer is taken in" offered $late
causes() { of_row "$1" cause; }
holds "and refused, as the ARPF said" becomes $late refused
same "by its name" certificate-revoked "$(causes $late)"
refused "nor does the RSMF let one in" rsmfd 403 client-revoked opened PUT "$of_opened" "$(request "$one")"
holds "who has a subscription is served" switched_on 0 registered ${imei}0

for each in mmed hssd arpfd dausfd rsmfd; do
  halt op $each
  same "nothing in the log of $each is an error" "" "$(grep -hF '"level":"error"' "op-$each.log" | head -3 || true)"
done
finish
