#!/usr/bin/env bash
# Manufacturers' lots as people handle them: the key of an operator, P and Q that travel to it in a file
# that the openssl command opens too, lots at an HSS that is killed, and subscriptions that are to be
# bound anew.
#
# src/cli/lot.c with src/cli/lot_recipient.c, src/cli/lot_primes.c and src/cli/lot_import.c, which stand
# on src/cli/lot_cms.c and src/cli/lot_content.c; src/cli/device_rebind.c, src/cli/device_show.c with
# src/cli/kme_view.c, and --lot of src/cli/device_file.c.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
export NO_COLOR=1 LC_ALL=C.UTF-8 BINDERY_SOCKET=$work/admin
bindery=$BINDERY_BUILD/bindery
umask 077
cd "$work"

b() {
  status=0
  "$bindery" "$@" >said 2>&1 </dev/null || status=$?
  cat said >>everything
}
# refused SENTENCE STATUS PART ARGUMENT...
refused() {
  local sentence=$1 wanted=$2 part=$3
  shift 3
  b "$@"
  if [ "$status" = "$wanted" ] && { [ -z "$part" ] || grep -qF -- "$part" said; }; then
    passed "$sentence"
  else
    missed "$sentence" "status $status instead of $wanted, or '$part' is not in:" "$(cat said)"
  fi
}
# does SENTENCE PART ARGUMENT...
does() {
  local sentence=$1 part=$2
  shift 2
  refused "$sentence" 0 "$part" "$@"
}
said_has() { grep -qF -- "$1" said; }
not() { ! "$@"; }
# member FILE NAME: a text member of a JSON file
member() { perl -MJSON::PP -e 'local $/; open my $f, "<", shift or die; my $v = decode_json(<$f>)->{shift()}; print ref $v ? join(" ", @$v) : $v' "$1" "$2"; }

# ---- an operator's key -------------------------------------------------------------------------

does "an operator makes a key" "for the manufacturers" lot recipient op --name "Operator of the test"
same "the key is its owner's only, the certificate everybody's" "600 644" \
  "$(stat -c %a op/recipient-key.pem op/recipient.pem | tr '\n' ' ' | sed 's/ $//')"
key_sum=$(cat op/* | sha256sum)
refused "nothing there is replaced" 1 "it is there already" lot recipient op
same "not an octet" "$key_sum" "$(cat op/* | sha256sum)"
rm op/recipient.pem
refused "nor half of it" 1 "recipient-key.pem: it is there already" lot recipient op
rm -r op
does "again, without the half" "for the manufacturers" lot recipient op --name "Operator of the test"
does "another operator has RSA" "for the manufacturers" lot recipient rsa --algorithm rsa-3072
does "and another P-256" "for the manufacturers" lot recipient p256 --algorithm ec-p256
refused "a kind of key that is none" 2 "ec-p384" lot recipient other --algorithm dsa
holds "nothing of it was begun" not test -e other
signs_itself() { openssl verify -x509_strict -CAfile "$1" "$1"; }
for who in op rsa p256; do
  holds "openssl reads the certificate of $who" openssl x509 -in $who/recipient.pem -noout -text
  same "its key belongs to it" "$(openssl pkey -in $who/recipient-key.pem -pubout)" \
    "$(openssl x509 -in $who/recipient.pem -noout -pubkey)"
done

# ---- a lot -------------------------------------------------------------------------------------

make=(lot make --manufacturer "Example Meters")
refused "a lot needs a name" 2 "are needed" "${make[@]}" --range 35693803 --to op/recipient.pem lots
refused "and a good one" 2 "no id of a lot" "${make[@]}" --id a/b --range 35693803 --to op/recipient.pem lots
refused "not that of a folder" 2 "no id of a lot" "${make[@]}" --id .. --range 35693803 --to op/recipient.pem lots
refused "and IMEIs" 2 "8 digits of a TAC" "${make[@]}" --id a --range 3569380 --to op/recipient.pem lots
refused "each of them once" 2 "35693803 covers" "${make[@]}" --id a --range 35693803,35693803000005 --to op/recipient.pem lots
refused "and somebody who gets P and Q" 2 "are needed" "${make[@]}" --id a --range 35693803 lots
refused "who has a certificate" 1 "no certificate" "${make[@]}" --id a --range 35693803 --to op/recipient-key.pem lots
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout sign.key -out sign.pem -days 2 \
  -subj /CN=signer -addext keyUsage=critical,digitalSignature 2>/dev/null
refused "that is for this" 1 "keyAgreement" "${make[@]}" --id a --range 35693803 --to op/recipient.pem --to sign.pem lots
refused "a length that is none" 2 "2048, 3072 or 4096" "${make[@]}" --id a --range 35693803 --bits 2560 --to op/recipient.pem lots
refused "a manufacturer who can be printed" 2 "printable" lot make --manufacturer $'a\tb' --id a --range 35693803 --to op/recipient.pem lots
holds "nothing of these was begun" not test -e lots

does "a lot is made for three operators" "SHA-256 of N" "${make[@]}" --id 2026-07 \
  --range 35693803000000-35693803499999 --range 35693804 --to op/recipient.pem --to rsa/recipient.pem --to p256/recipient.pem lots
same "both files say so in their modes" "600 644" \
  "$(stat -c %a lots/2026-07.lot.cms lots/2026-07.lot.json | tr '\n' ' ' | sed 's/ $//')"
same "and nothing else lies there" "2026-07.lot.cms 2026-07.lot.json" "$(find lots -mindepth 1 -printf '%f\n' | sort | tr '\n' ' ' | sed 's/ $//')"
fingerprint=$(sed -n 's/^SHA-256 of N *//p' said)
same "the SHA-256 of N is that of N" "$fingerprint" "$(member lots/2026-07.lot.json modulus | perl -ne 'print pack "H*", $_' | sha256sum | cut -d' ' -f1)"
same "the exponent is 65537" 65537 "$(member lots/2026-07.lot.json exponent)"
lots_sum=$(cat lots/* | sha256sum)
refused "a lot is not made twice" 1 "it is there already" "${make[@]}" --id 2026-07 --range 35693805 --to op/recipient.pem lots
same "not an octet is changed" "$lots_sum" "$(cat lots/* | sha256sum)"

# opened LOT OPERATOR: by the openssl command
opened() { openssl cms -decrypt -binary -inform PEM -in "$1" -inkey "$2/recipient-key.pem" -recip "$2/recipient.pem" -out inside; }
for who in op rsa p256; do
  holds "openssl opens it for $who" opened lots/2026-07.lot.cms $who
  cp inside inside.$who
done
same "all three got the same" "$(sha256sum <inside.op)$(sha256sum <inside.op)" "$(sha256sum <inside.rsa)$(sha256sum <inside.p256)"
openssl asn1parse -in lots/2026-07.lot.cms >structure
structure_has() { grep -c "$1" structure; }
same "it is AuthEnvelopedData of AES-256-GCM" "1 1" "$(structure_has id-smime-ct-authEnvelopedData) $(structure_has aes-256-gcm)"
same "keys travel by RSAES-OAEP with SHA-256, and by ECDH with SHA-256" "1 2" \
  "$(structure_has ':rsaesOaep') $(structure_has dhSinglePass-stdDH-sha256kdf-scheme)"
holds "nothing travels by PKCS #1 1.5 or SHA-1" not grep -qi ':rsaEncryption\|:sha1' structure

# primes FILE: openssl finds both prime, and their product is N
primes() {
  member "$1" p >p.hex
  member "$1" q >q.hex
  openssl prime -hex "$(cat p.hex)" | grep -q 'is prime' || return 1
  openssl prime -hex "$(cat q.hex)" | grep -q 'is prime' || return 1
  [ "$(perl -MMath::BigInt -e 'my ($p, $q) = map { chomp; Math::BigInt->from_hex($_) } <>; print lc(($p * $q)->to_hex)' \
    <(cat p.hex; echo) <(cat q.hex; echo))" = "$(member "$2" modulus)" ]
}
#= test kme-lot-make
holds "openssl finds P and Q prime, and N is their product" primes inside.op lots/2026-07.lot.json
for each in p.hex q.hex; do cat "$each" && echo; done >secrets
for bits in 2048 4096; do
  does "a lot of $bits bits" "$bits bits" "${make[@]}" --id "b$bits" --bits $bits --range "3569390${bits:0:1}" --to op/recipient.pem lots
  holds "openssl opens it" opened "lots/b$bits.lot.cms" op
  holds "and finds its primes" primes inside "lots/b$bits.lot.json"
  for each in p.hex q.hex; do cat "$each" && echo; done >>secrets
done
does "in JSON for scripts" '"fingerprint"' "${make[@]}" --id json --bits 2048 --range 35693909 --to op/recipient.pem lots --json
same "with where the files are" "lots/json.lot.json lots/json.lot.cms 2048" "$(member said public) $(member said private) $(member said bits)"

# killed while it works: nothing is there, or both
mkdir killed
for after in 0.02 0.1 0.3 0.5 0.8; do
  "$bindery" "${make[@]}" --id "k$after" --range 35693908 --to op/recipient.pem killed >/dev/null 2>&1 &
  pid=$!
  sleep "$after"
  kill -KILL "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
done
whole() {
  local file
  for file in killed/*.lot.json; do
    [ ! -e "$file" ] || [ -e "${file%.json}.cms" ] || { echo "$file has no P and Q"; return 1; }
  done
  for file in killed/*.lot.cms; do
    [ ! -e "$file" ] || opened "$file" op || { echo "$file is torn"; return 1; }
  done
}
holds "of lots whose making was killed no N is without its P and Q, and no file is torn" whole

# ---- import ------------------------------------------------------------------------------------

pki "$hss_host"
free_port tcp
free_port tls
hss_config 127.0.0.1 "$tcp" "$tls"
hss_start
from_op=(--key op/recipient-key.pem --certificate op/recipient.pem)
import=(lot import lots/2026-07.lot.cms)

does "nobody has lots yet" "" lot list
same "which is said by nothing" "" "$(cat said)"
refused "the file of another is not opened" 1 "encrypted to others" lot import lots/b2048.lot.cms --key rsa/recipient-key.pem --certificate rsa/recipient.pem
refused "a key without its certificate is none" 1 "not the key of the certificate" "${import[@]}" --key rsa/recipient-key.pem --certificate op/recipient.pem
chmod 640 op/recipient-key.pem
refused "a key that others may read" 1 "chmod 600" "${import[@]}" "${from_op[@]}"
chmod 600 op/recipient-key.pem
sed '20s/^..../AAAA/' lots/2026-07.lot.cms >altered.cms
refused "a file that was altered" 1 "damaged or altered" lot import altered.cms "${from_op[@]}"
head -n 12 lots/2026-07.lot.cms >torn.cms
refused "a file that was torn" 1 "no CMS in PEM" lot import torn.cms "${from_op[@]}"
refused "a file that is none" 1 "no CMS in PEM" lot import lots/2026-07.lot.json "${from_op[@]}"
openssl cms -encrypt -binary -in inside.op -aes-256-cbc -outform PEM -out cbc.cms op/recipient.pem
refused "a file that nothing authenticates" 1 "not AuthEnvelopedData" lot import cbc.cms "${from_op[@]}"
refused "another N than people agreed on" 1 "not the one that --fingerprint says" "${import[@]}" "${from_op[@]}" --fingerprint "$(random_hex 32)"
does "a dry run shows it" "$fingerprint" "${import[@]}" "${from_op[@]}" --dry-run
does "and changes nothing" "" lot list
same "no lot is listed" "" "$(cat said)"
# sealed NAME PERL: what is inside, changed, encrypted by the openssl command
sealed() {
  perl -MJSON::PP -e 'local $/; my $o = decode_json(<STDIN>); eval shift or die $@; print encode_json($o)' "$2" <inside.op >changed
  openssl cms -encrypt -binary -in changed -aes-256-gcm -outform PEM -out "$1" op/recipient.pem
  rm changed
}
# a multiple of three near it: one that is two away may be prime
sealed notprime.cms 'use Math::BigInt; my $p = Math::BigInt->from_hex($o->{p}); $p += 2 until $p % 3 == 0;
  $o->{p} = substr $p->as_hex, 2'
refused "numbers that are not prime are named so" 1 "not prime" lot import notprime.cms "${from_op[@]}"
sealed twice.cms '$o->{q} = $o->{p}'
refused "P and Q that are near each other too" 1 "not further apart" lot import twice.cms "${from_op[@]}"
sealed short.cms '$o->{q} = substr($o->{q}, 0, 64); 1'
refused "and those of other lengths" 1 "P and Q" lot import short.cms "${from_op[@]}"
sealed more.cms '$o->{d} = "1"'
refused "a member that nobody knows" 1 "d: this member is not known" lot import more.cms "${from_op[@]}"
does "no such thing comes to the HSS" "" lot list
same "no lot is listed still" "" "$(cat said)"

does "a lot is imported" "The HSS has it now" "${import[@]}" "${from_op[@]}" --fingerprint "$(sed 's/../&:/g; s/:$//' <<<"${fingerprint^^}")"
same "its SHA-256 is the manufacturer's" "$fingerprint" "$(sed -n 's/^SHA-256 of N *//p' said)"
does "the same again changes nothing" "nothing was changed" lot import lots/2026-07.lot.cms --key rsa/recipient-key.pem --certificate rsa/recipient.pem
sealed theirs.cms '$o->{manufacturer} = "Another"'
refused "the same id of another lot is refused" 1 "2026-07" lot import theirs.cms "${from_op[@]}"
sealed overlap.cms '$o->{id} = "thief"; $o->{ranges} = ["35693803499999-35693803600000"]; 1'
#= test kme-overlap
refused "IMEIs of another lot are refused, and that lot is named" 1 "2026-07" lot import overlap.cms "${from_op[@]}"
holds "so is the new one" said_has thief
holds "and what both cover" said_has 35693803499999
does "a file that the openssl command made is taken" "The HSS has it now" lot import <(openssl cms -decrypt -binary -inform PEM -in lots/b2048.lot.cms -inkey op/recipient-key.pem -recip op/recipient.pem |
  openssl cms -encrypt -binary -aes-256-gcm -outform PEM op/recipient.pem) "${from_op[@]}"
does "in JSON for scripts" '"did": "added"' lot import lots/b4096.lot.cms "${from_op[@]}" --json

does "they are listed" "2026-07" lot list
same "in a table" "LOT 2026-07 b2048 b4096" "$(awk '{ print $1 }' said | tr '\n' ' ' | sed 's/ $//')"
does "page by page" "b4096" lot list --after b2048
holds "behind the one that is named" not said_has 2026-07
does "one is shown" "35693804" lot show 2026-07
same "with the SHA-256 of N" "$fingerprint" "$(sed -n 's/^SHA-256 of N *//p' said)"
does "in JSON" '"bits": 4096' lot show b4096 --json
refused "one that is not there" 1 "[404]" lot show 2026-08
refused "one that cannot be" 2 "no id of a lot" lot show a/b
kill -KILL "$hss_pid"
wait "$hss_pid" 2>/dev/null || true
hss_start
does "an HSS that was killed has them still" "b4096" lot list
does "a lot is removed" "with its P and Q" lot remove b2048
refused "and not twice" 1 "[404]" lot remove b2048
does "its IMEIs are free" "The HSS has it now" lot import lots/b2048.lot.cms "${from_op[@]}"
does "and it is removed again" "removed" lot remove b2048

# ---- subscriptions that are to be bound --------------------------------------------------------

random_hex 16 >k
random_hex 16 >opc
random_hex 16 >kme
imei=35693803000001 other=35693803000002
does "a subscription learns whom it is bound to" "is added" subscriber add 001010000000001 --k-file k --opc-file opc --binding learn
does "it waits" "  state            waiting to be bound" device show 001010000000001
does "for scripts too" '"binding_state": "waiting"' device show 001010000000001 --json
does "--binding is --policy" "is changed" subscriber set 001010000000001 --policy learn
does "subscriber show says it too" "waiting to be bound" subscriber show 001010000000001
does "an operator approves of a device" "rebinding approved for IMEI $other" device rebind 001010000000001 --imei "$other"
does "that is shown" "rebinding approved for IMEI $other" device show 001010000000001
does "or of any" "rebinding approved for any device" device rebind 001010000000001
does "and takes it back" "waiting to be bound" device rebind 001010000000001 --withdraw
refused "a key that is not there is not renewed" 1 "[409]" device rebind 001010000000001 --renew
refused "both at once" 2 "exclude each other" device rebind 001010000000001 --renew --imei "$other"
refused "a subscription that is not there" 1 "[404]" device rebind 001010000000009
refused "one that is none" 2 "no IMSI" device rebind hello
does "a device with a key of its own" "is added" subscriber add 001010000000002 --k-file k --opc-file opc --imei "$imei" --kme-file kme --policy bound
does "is bound, and its key was not used" "  state            bound, new key not used yet" device show "$imei"
holds "since now" said_has "$imei: bound since $(date -u +%Y-)"
holds "by a key that was brought" said_has "by a key that was brought, not used yet"
holds "the lot of its IMEI is named" said_has "device $imei, of lot 2026-07"
does "a new key is wanted, which scripts see" '"request": "renew"' device rebind 001010000000002 --renew --json
does "and people" "bound, renewal wanted" device show 001010000000002
told_of_renewal() { "$bindery" events --name renewal-asked --json 2>/dev/null | grep -c . >/dev/null; }
wait_for 60 told_of_renewal || true
does "events tell of each" "rebind-approved" events
holds "the renewal" said_has renewal-asked
holds "and what was taken back" said_has kme-request-withdrawn
does "an open subscription" "is added" subscriber add 001010000000003 --k-file k --opc-file opc
refused "cannot be bound anew" 1 "[409]" device rebind 001010000000003
does "it works in any device" "not bound, works in any device" device show 001010000000003
refused "a device that nobody knows is told apart from a subscription" 1 "lets one be used in it" device show 35693803999999
refused "and the other way round" 1 "no subscription has this IMSI" device show 9999901

# ---- a device that can make a key --------------------------------------------------------------

mkdir home
"$bindery" pki home/pki localhost >/dev/null
"$bindery" device make --dir home --count 5 --tac 35693803 --out made >/dev/null
"$bindery" device make --dir home --count 5 --tac 35693803 --algorithm ed25519 --out ed >/dev/null
"$bindery" device make --dir home --count 5 --tac 35693805 --out elsewhere >/dev/null
file=(device file --imsi 001010000000001 --k-file k --opc-file opc --lot lots/2026-07.lot.json)
does "a device file has the lot" "can make a KME" "${file[@]}" --imei $imei --identity made -o meter.json
same "its id and its N" "2026-07 $(member lots/2026-07.lot.json modulus)" \
  "$(perl -MJSON::PP -e 'local $/; my $l = decode_json(<>)->{lot}; print "$l->{id} $l->{modulus}"' meter.json)"
refused "a device that cannot sign has no use for one" 2 "needs --identity" "${file[@]}" --imei $imei -o no.json
refused "nor one that signs in another way" 1 "another kind" "${file[@]}" --imei $imei --identity ed -o no.json
refused "nor one of another lot" 1 "does not cover" "${file[@]}" --imei 35693805000001 --identity elsewhere -o no.json
refused "a lot that is none" 1 "--lot" device file --imsi 001010000000001 --k-file k --opc-file opc --lot made/lot.json --imei $imei --identity made -o no.json
holds "no file of these is there" not test -e no.json

# ---- secrets -----------------------------------------------------------------------------------

hss_stop || missed "the HSS ends in order" "$(tail -n 5 hss.log)"
touch "none.sub"
holds "P and Q are nowhere in clear: not at the HSS, not in what was said, not in any file that travels" \
  secrets_hidden hss.db hss.log everything lots/2026-07.lot.json lots/2026-07.lot.cms lots/b4096.lot.json meter.json
finish
