#!/usr/bin/env bash
# Everything that procedure dimsi computes, computed again by the openssl command alone, from keys that
# it made: the chains, ECDH from either end, the X9.63 KDF, the token and who signed it, delegation and
# endorsement, the box that eK goes in, output_1 and output_2, RES, CK, IK, KASME, K and OPc. What is
# compared is put together here from docs/dimsi.md, not by our code; and what openssl puts together,
# our code takes.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
parties=$BINDERY_BUILD/live_dimsi_parties
export LC_ALL=C.UTF-8
cd "$work"
umask 077

dimsi=901700000000001 dimsi_octets=09710000000000f1 # the first digit in the low half octet, F behind the last
imsi=001010000700001 imsi_octets=00010100700000f1
plmn=00f110 serving=62f220 # TS 24.301 9.9.3.32: 001-01, and 262-02
sp=sp.example.org arpf=arpf.example.org

octets() { perl -e 'print pack "H*", $ARGV[0]' "$1"; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
ascii() { printf %s "$1" | hex; }
item() { printf '%04x%s' $((${#1} / 2)) "$1"; } # the length in two octets
short() { printf '%02x%s' $((${#1} / 2)) "$1"; } # in one
sha256() { octets "$1" | openssl dgst -sha256 -r | cut -d' ' -f1; }
hmac() { octets "$2" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -r | cut -d' ' -f1; }
of_ek() { hmac "$ek" "$(item "$(ascii "$1")")$2" | cut -c"1-$3"; } # LABEL ITEMS DIGITS
of() { sed -n "s/^$1 //p" <<<"$said"; }
fails() { ! "$@"; }
# r and s as DER: openssl takes no other form
der_of() {
  perl -e 'sub n { my $v = $_[0] =~ s/^(00)+//r; $v = "00$v" if $v =~ /^[89a-f]/; sprintf "02%02x%s", length($v) / 2, $v }
    my $h = n(substr $ARGV[0], 0, 64) . n(substr $ARGV[0], 64); print pack "H*", sprintf("30%02x%s", length($h) / 2, $h)' "$1"
}
raw_of() { # the other way, from a file
  perl -0777 -ne 'my $h = unpack "H*", $_; $h =~ s/^30..//; for (1, 2) { $h =~ s/^02(..)// or die; my $n = 2 * hex $1;
    my $v = substr $h, 0, $n, ""; $v =~ s/^00// if $n == 66; print "0" x (64 - length $v), $v }' "$1"
}
verifies() { # CERTIFICATE CONTENT SIGNATURE
  openssl x509 -in "$1" -noout -pubkey >verifies.pub
  octets "$2" >content
  der_of "$3" >sig.der
  openssl dgst -sha256 -verify verifies.pub -signature sig.der content
}
signs() { # KEY CONTENT: r and s
  octets "$2" >content
  openssl dgst -sha256 -sign "$1" -out sig.der content
  raw_of sig.der
}
point() { openssl pkey -in "$1" -pubout -outform DER | tail -c 65 | hex; }
x963() { # Z INFO OCTETS
  openssl kdf -keylen "$3" -kdfopt digest:SHA2-256 -kdfopt "hexkey:$1" -kdfopt "hexinfo:$2" X963KDF |
    tr -d ':\n' | tr A-F a-f
}

# certificate NAME ISSUER EXTENSION...: a key and a certificate; without an issuer it signs itself.
certificate_of() {
  local name=$1 issuer=$2 args=()
  shift 2
  printf '%s\n' "[e]" "subjectKeyIdentifier=hash" "authorityKeyIdentifier=keyid" "$@" >"$name.ext"
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.key" -out "$name.csr" \
    -subj "/CN=$name" 2>>openssl.log
  if [ -n "$issuer" ]; then args=(-CA "$issuer.crt" -CAkey "$issuer.key" -CAcreateserial); else args=(-signkey "$name.key"); fi
  openssl x509 -req -in "$name.csr" "${args[@]}" -days 30 -extfile "$name.ext" -extensions e -out "$name.crt" 2>>openssl.log
}
role=1.3.6.1.4.1.32473.1.1
ca=("basicConstraints=critical,CA:TRUE" "keyUsage=critical,keyCertSign,cRLSign")
leaf=basicConstraints=critical,CA:FALSE
signing=keyUsage=critical,digitalSignature
agreeing=keyUsage=critical,keyAgreement
certificate_of ci '' "${ca[@]}"
certificate_of pn ci basicConstraints=critical,CA:TRUE,pathlen:0 "${ca[1]}"
certificate_of se pn "$leaf" "$signing" "extendedKeyUsage=clientAuth,$role.5"
certificate_of ephemeral '' "$leaf" # the key alone is needed, so that openssl has it too
certificate_of arpf ci "$leaf" "$agreeing" "extendedKeyUsage=$role.8" "subjectAltName=DNS:$arpf"
certificate_of endorse ci "$leaf" "$signing" "extendedKeyUsage=$role.8" "subjectAltName=DNS:$arpf"
certificate_of sp-ca '' "${ca[@]}"
certificate_of sp sp-ca "$leaf" "$signing" "extendedKeyUsage=$role.3" "subjectAltName=DNS:$sp"
certificate_of ausf sp-ca "$leaf" "$agreeing" "extendedKeyUsage=$role.4" "subjectAltName=DNS:$realm"

# lists: of the CI and of the part number's CA, from their databases.
lists() {
  local name
  : >ci.crl
  for name in ci pn; do
    [ -e "$name.db" ] || : >"$name.db"
    printf '%s\n' '[ca]' 'default_ca=d' '[d]' "database=$name.db" 'default_md=sha256' 'default_crl_days=1' >"$name.cnf"
    openssl ca -config "$name.cnf" -cert "$name.crt" -keyfile "$name.key" -gencrl 2>>openssl.log >>ci.crl
  done
}
lists
now=$(date +%s) # when all of them are valid
until=$((now + 3600))

echo "# step 0-c: the secure element"
#= test dimsi-0c-keys dimsi-0c-verify dimsi-0c-agree dimsi-0c-ek dimsi-0c-token dimsi-token-form dimsi-shared-info
holds "openssl verifies the SE's chain, with both lists" \
  openssl verify -x509_strict -crl_check_all -CRLfile ci.crl -CAfile ci.crt -untrusted pn.crt se.crt
said=$("$parties" agree "$dimsi" "$sp" "$now" 7)
token=$(of token) se_ek=$(of ek)
se_digest=$(openssl x509 -in se.crt -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)
arpf_digest=$(openssl x509 -in arpf.crt -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1)
se_point=$(point ephemeral.key) arpf_point=$(point arpf.key)
content=$(item "$(ascii 'bindery dimsi token')")$(item 01)$(item "$dimsi_octets")$(item "$se_point")$(
  item "$(ascii "$arpf")")$(item "$arpf_digest")$(item "$se_digest")$(item "$(ascii "$sp")")$(
  item "$(printf %016x "$now")")$(item 00000007)
same "the token is what the document says, and a signature" "$content" "${token%"${token: -128}"}"
holds "which is the SE's" verifies se.crt "$content" "${token: -128}"
holds "and nobody else's" fails verifies sp.crt "$content" "${token: -128}"
openssl pkey -in ephemeral.key -pubout -out ephemeral.pub
openssl pkey -in arpf.key -pubout -out arpf.pub
z=$(openssl pkeyutl -derive -inkey ephemeral.key -peerkey arpf.pub | hex)
same "SHS is the same from either end" "$z" "$(openssl pkeyutl -derive -inkey arpf.key -peerkey ephemeral.pub | hex)"
info=3c8820$(short "$dimsi_octets")$(short "$se_point")$(short "$arpf_point")
ek=$(x963 "$z" "$info" 32)
same "eK is openssl's X963KDF of it" "$ek" "$se_ek"

echo "# steps 0-d and 0-e: service provider and ARPF"
#= test dimsi-0d dimsi-delegation dimsi-0e-verify dimsi-0e-ek dimsi-0e-endorse dimsi-endorsement dimsi-box dimsi-two-keys
delegation_for() { # TOKEN PLMN EXPIRY
  printf %s "$(item "$(ascii 'bindery dimsi delegation')")$(item 01)$(item "$(sha256 "$1")")$(item "$2")$(
    item "$(ascii "$arpf")")$(item "$(printf %016x "$3")")$(item 0000000000000001)"
}
asks() { said=$("$parties" release 001-01 "$1" "$2" "$3" "$now"); } # TOKEN DELEGATION SIGNATURE
delegation=$(delegation_for "$token" "$plmn" "$until")
delegated=$(signs sp.key "$delegation")
asks "$token" "$delegation" "$delegated"
endorsement=$(item "$(ascii 'bindery dimsi endorsement')")$(item 01)$(item "$(sha256 "$token")")$(item "$dimsi_octets")$(
  item "$plmn")$(item "$se_digest")$(item 0000000000000001)$(item "$(printf %016x "$until")")
same "the ARPF takes the delegation that openssl signed, and endorses the token" "$endorsement" "$(of endorsement)"
holds "by its key for signatures" verifies endorse.crt "$endorsement" "$(of signature)"
holds "not by the one that agrees" fails verifies arpf.crt "$endorsement" "$(of signature)"
box=$(of box)
sent=${box:0:66} cipher=${box:66:64} tag=${box:130}
# SubjectPublicKeyInfo of a compressed point on P-256
octets "3039301306072a8648ce3d020106082a8648ce3d030107032200$sent" | openssl pkey -pubin -inform DER -out sent.pub
keys=$(x963 "$(openssl pkeyutl -derive -inkey ausf.key -peerkey sent.pub | hex)" "$sent" 64)
bound=$(item "$(ascii 'bindery dimsi eK')")$(item "$(sha256 "$endorsement")")$(item "$dimsi_octets")
same "the box's tag is over ciphertext, endorsement and dIMSI" "$(hmac "${keys:64}" "$cipher$bound")" "$tag"
same "and eK is in it" "$ek" \
  "$(octets "$cipher" | openssl enc -d -aes-128-ctr -K "${keys:0:32}" -iv "${keys:32:32}" | hex)"
by_openssl=$(item "$(ascii 'bindery dimsi token')")$(item 01)$(item "$dimsi_octets")$(item "$(point sp-ca.key)")${content:$((
  2 * (2 + 19 + 2 + 1 + 2 + 8 + 2 + 65)))}
by_openssl+=$(signs se.key "$by_openssl")
delegation=$(delegation_for "$by_openssl" "$plmn" "$until")
asks "$by_openssl" "$delegation" "$(signs sp.key "$delegation")"
same "a token that openssl put together and signed is as good" endorsement "$(cut -d' ' -f1 <<<"$said" | head -n 1)"

echo "# what the ARPF refuses"
refused() { # SENTENCE CAUSE TOKEN
  local d
  d=$(delegation_for "$3" "$plmn" "$until")
  asks "$3" "$d" "$(signs sp.key "$d")"
  same "$1" "refused $2" "$said"
}
#= test dimsi-point dimsi-0e-verify
refused "a token with a signature of somebody else's key" token-signature "$content$(signs sp.key "$content")"
off=${content/"$se_point"/"${se_point%??}$(printf %02x $((0x${se_point: -2} ^ 1)))"}
refused "a token of the SE with a point that is not on the curve" point-invalid "$off$(signs se.key "$off")"
other=${content/"$arpf_digest"/"$se_digest"}
refused "a token for another key" token-other-arpf "$other$(signs se.key "$other")"
delegation=$(delegation_for "$token" 00f220 "$until")
asks "$token" "$delegation" "$(signs sp.key "$delegation")"
same "a delegation to another operator" "refused delegation-other-mno" "$said"
delegation=$(delegation_for "$token" "$plmn" $((now - 1)))
asks "$token" "$delegation" "$(signs sp.key "$delegation")"
same "a delegation that is over" "refused delegation-expired" "$said"
delegation=$(delegation_for "$token" "$plmn" "$until")
asks "$token" "$delegation" "$(signs se.key "$delegation")"
same "a delegation that the service provider did not sign" "refused delegation-signature" "$said"
openssl ca -config ci.cnf -cert ci.crt -keyfile ci.key -revoke pn.crt 2>>openssl.log
lists
now=$(date +%s)
asks "$token" "$delegation" "$(signs sp.key "$delegation")"
same "a part number that the CI revoked" "refused certificate-revoked" "$said"
holds "which openssl says as well" fails \
  openssl verify -x509_strict -crl_check_all -CRLfile ci.crl -CAfile ci.crt -untrusted pn.crt se.crt

echo "# steps 1 to 7: output_1, output_2 and what comes of them"
#= test dimsi-1-outputs dimsi-separation dimsi-first-keys dimsi-second-keys dimsi-7-integrity dimsi-7-ctv
said=$("$parties" challenge "$ek" "$dimsi" "$imsi" "$serving")
plain=${imsi_octets}0164494d53495aa5
encrypted() { octets "$2" | openssl enc -aes-128-ecb -nopad -K "$1" | hex; }
cmac() { octets "$2" | openssl mac -cipher AES-128-CBC -macopt "hexkey:$1" -in - CMAC | tr A-F a-f | tr -d '\n'; }
rand=$(encrypted "$(of_ek 'dimsi ekc' "$(item "$dimsi_octets")" 32)" "$plain")
same "output_1, which is RAND" "$rand" "$(of rand)"
tag=$(cmac "$(of_ek 'dimsi eki' "$(item "$dimsi_octets")" 32)" "$plain")
autn=${tag:0:12}8000${tag:16}
same "output_2, which is AUTN, with its AMF" "$autn" "$(of autn)"
res=$(of_ek 'dimsi res' "$(item "$rand")" 16)
ck=$(of_ek 'dimsi ck' "$(item "$rand")" 32) ik=$(of_ek 'dimsi ik' "$(item "$rand")" 32)
same "XRES" "$res" "$(of xres)"
same "CK and IK" "$ck $ik" "$(of ck) $(of ik)"
both=$(item "$dimsi_octets")$(item "$imsi_octets")
same "K and OPc of the second attach" "$(of_ek 'dimsi k' "$both" 32) $(of_ek 'dimsi opc' "$both" 32)" "$(of k) $(of opc)"
same "KASME of TS 33.401 A.2 for the network that serves" "$(hmac "$ck$ik" "10${serving}0003${autn:0:12}0006")" "$(of kasme)"
said=$("$parties" answer "$ek" "$dimsi" "$rand" "$autn")
same "the device takes what openssl made" "install $imsi $res $ck $ik" "$(of outcome) $(of imsi) $(of res) $(of ck) $(of ik)"
said=$("$parties" answer "$ek" "$dimsi" "$rand" -)
same "and without AUTN, by the constant" "install $imsi" "$(of outcome) $(of imsi)"
flipped=$(printf %02x $((0x${rand:0:2} ^ 1)))${rand:2}
said=$("$parties" answer "$ek" "$dimsi" "$flipped" "$autn")
same "but no RAND of which a bit is another one" integrity "$(of outcome)"
said=$("$parties" answer "$ek" "$dimsi" "$flipped" -)
same "in 2G neither" ctv "$(of outcome)"
finish
