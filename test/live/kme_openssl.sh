#!/usr/bin/env bash
# What a device makes in procedure kme, undone by the openssl command alone: lot and device keys are
# openssl's, the payload is the device library's (kme_device.c), and everything that is compared here
# is put together from docs/kme.md and not by our code. RSAES-OAEP with SHA-256 and a label opens,
# KME_SIG verifies over its content, and NW_SIG made by openssl makes the KME active in the device.
set -euo pipefail
# shellcheck source=test/live/lib/common.sh
. "$(dirname "$0")/lib/common.sh"
device=$BINDERY_BUILD/live_kme_device
export LC_ALL=C.UTF-8
cd "$work"
umask 077

imsi=001010123456789 imsi_octets=00010121436587f9 # the first digit in the low half octet, F behind the last
plmn=00f110                                       # TS 24.301 9.9.3.32: 001-01
imei=35693803564380
lot='lot-2026.1'
nonce=$(printf '41%s' "$(openssl rand -hex 15)") # the highest bit says that no consent is wanted

octets() { perl -e 'print pack "H*", $ARGV[0]' "$1"; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
ascii() { printf %s "$1" | hex; }
item() { printf '%04x%s' $((${#1} / 2)) "$1"; }
tagged() { printf '%02x%s' "$1" "$(item "$2")"; }
# r and s as DER: openssl takes no other form
der_of() {
  perl -e 'sub n { my $v = $_[0] =~ s/^(00)+//r; $v = "00$v" if $v =~ /^[89a-f]/; sprintf "02%02x%s", length($v) / 2, $v }
    my $h = n(substr $ARGV[0], 0, 64) . n(substr $ARGV[0], 64); print pack "H*", sprintf("30%02x%s", length($h) / 2, $h)' "$1"
}
fails() { ! "$@"; }

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out device.key 2>openssl.log
openssl pkey -in device.key -pubout -out device.pub
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.key 2>>openssl.log
openssl pkey -in other.key -pubout -out other.pub

# The container's tags are those of src/codec/private.h: nonce 1, IMSI 3, IMEI 4, lot 7, ciphertext 10,
# NW_SIG 13; type and version stand before them.
command=0301$(tagged 1 "$nonce")
# payload: the ciphertext of what the device answered, into the file payload, and what stood before it.
take() {
  local head
  head=0401$(tagged 3 "$imsi_octets")$(tagged 4 "$(ascii "$imei")")$(tagged 7 "$(ascii "$lot")")0a
  same "the device offers a KME" offered "${said%% *}"
  local element=${said#* }
  same "its element says IMSI, IMEI and lot" "$head" "${element:0:${#head}}"
  local tail=${element:${#head}}
  same "and then $1 octets, which are all" "$(printf '%04x' "$1") $1" "${tail:0:4} $(((${#tail} - 4) / 2))"
  octets "${tail:4}" >payload
}
label() { printf '%s%s%s' "$(item "$1")" "$(item "$(ascii "$2")")" "$(item "$3")"; }
# opened LABEL [DIGEST]: the plaintext into the file plain.
opened() {
  openssl pkeyutl -decrypt -inkey lot.key -in payload -out plain -pkeyopt rsa_padding_mode:oaep \
    -pkeyopt "rsa_oaep_md:${2:-sha256}" -pkeyopt "rsa_mgf1_md:${2:-sha256}" -pkeyopt "rsa_oaep_label:$1"
}
# signed KME RME PLMN NONCE: what KME_SIG covers, without a consent.
signed() {
  octets "$(item "$(ascii 'bindery kme signature')")$(item "$1")$(item "$(ascii "$imei")")$(
    item "$imsi_octets")$(item "$3")$(item "$2")$(item "$4")$(item '')"
}
verifies() { # PUBLIC-KEY KME RME PLMN NONCE
  signed "${@:2}" >content
  openssl dgst -sha256 -verify "$1" -signature sig.der content
}

#= test kme-5d kme-padding kme-covers kme-nwsig kme-exponent
for bits in 2048 3072 4096; do
  echo "# a lot of $bits bits"
  openssl genpkey -algorithm RSA -pkeyopt "rsa_keygen_bits:$bits" -out lot.key 2>>openssl.log
  modulus=$(openssl rsa -in lot.key -noout -modulus 2>>openssl.log | sed 's/^Modulus=//' | tr A-F a-f)
  rm -f lot.lot.json keys
  cat >lot.lot.json <<EOF
{"bindery_lot": 1, "id": "$lot", "manufacturer": "Maker", "ranges": ["35693803"],
 "modulus": "$modulus", "exponent": 65537}
EOF
  said=$("$device" command lot.lot.json device.key "$imsi" 2 "$imei" keys "$command")
  take $((bits / 8))
  right=$(label "$imsi_octets" "$imei" "$nonce")
  holds "openssl opens it under its label" opened "$right"
  same "112 octets are in it" 112 "$(stat -c %s plain)"
  plain=$(hex <plain)
  kme=${plain:0:32} sig=${plain:32:128} rme=${plain:160}
  der_of "$sig" >sig.der
  holds "KME_SIG is the device's, over KME, RME, IMEI, IMSI, PLMN and nonce" \
    verifies device.pub "$kme" "$rme" "$plmn" "$nonce"
  holds "not another device's" fails verifies other.pub "$kme" "$rme" "$plmn" "$nonce"
  holds "nor over another PLMN" fails verifies device.pub "$kme" "$rme" 00f120 "$nonce"
  holds "nor over another nonce" fails verifies device.pub "$kme" "$rme" "$plmn" "${nonce%?}f0"
  holds "nor over another KME" fails verifies device.pub "$rme" "$kme" "$plmn" "$nonce"
  holds "it does not open under the label of another IMSI" \
    fails opened "$(label 00010121436587f8 "$imei" "$nonce")"
  holds "nor of another IMEI" fails opened "$(label "$imsi_octets" 35693803564381 "$nonce")"
  holds "nor of another nonce" fails opened "$(label "$imsi_octets" "$imei" "$(openssl rand -hex 16)")"
  holds "nor with another digest" fails opened "$right" sha1
  again=$("$device" command lot.lot.json device.key "$imsi" 2 "$imei" keys "$command")
  same "the same command gets the same octets, over a restart" "$said" "$again"
  nw_sig=$(octets "$kme$rme" | openssl dgst -sha256 -r | cut -d' ' -f1)
  result() { "$device" result "$imsi" 2 keys "0501$(tagged 13 "$1")"; }
  same "an NW_SIG that is none is refused" wrong "$(result "$(octets "$rme$kme" |
    openssl dgst -sha256 -r | cut -d' ' -f1)")"
  same "the one that openssl makes of KME and RME makes the KME active" active "$(result "$nw_sig")"
  same "which it is only once" wrong "$(result "$nw_sig")"
  holds "and it is what the device has now" grep -qF "$kme" <(hex <keys)
done

echo "# without padding"
openssl pkeyutl -decrypt -inkey lot.key -in payload -out raw -pkeyopt rsa_padding_mode:none
same "m^d mod N shows no KME" "" "$(hex <raw | grep -o "$kme" || true)"
finish
