# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # what is set here is for the tests that source it; work is common.sh's
# What somebody with the openssl command and curl can make of the messages of procedure dimsi (src/proc/dimsi.h),
# true ones and false ones, and how he brings them to an HTTPS interface. After common.sh, in $work.
roles=1.3.6.1.4.1.32473.1.1

# ---- certificates ------------------------------------------------------------------------------

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null; }
# issued NAME ISSUER EXTENSIONS [DAYS]: NAME.crt under ISSUER.crt, with a key of its own unless NAME.key is there.
issued() {
  [ -e "$1.key" ] || new_key "$1"
  openssl req -new -key "$1.key" -subj "/CN=$(basename "$1")" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -set_serial "0x$(random_hex 8)" -days "${4:-20}" \
    -extfile <(printf '%b\n' "$3") -out "$1.crt" 2>/dev/null
}
# root NAME, authority NAME ISSUER
root() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.crt" -days 30 \
    -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}
authority() { issued "$1" "$2" 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign'; }
# client NAME ROLE HOST ISSUER [DAYS]; element NAME ISSUER [DAYS]; agreeing NAME HOST ISSUER; endorser NAME HOST ISSUER
client() {
  issued "$1" "$4" "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,$roles.$2\nsubjectAltName=DNS:$3" "${5:-20}"
}
element() {
  issued "$1" "$2" "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth,$roles.5" "${3:-20}"
  cat "$2.crt" >>"$1.crt"
}
agreeing() { issued "$1" "$3" "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyAgreement\nextendedKeyUsage=$roles.4\nsubjectAltName=DNS:$2"; }
endorser() { issued "$1" "$3" "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=$roles.8\nsubjectAltName=DNS:$2"; }
der() { openssl x509 -in "$1.crt" -outform DER | base64 -w0; }
digest() { openssl x509 -in "$1.crt" -outform DER | openssl dgst -sha256 -r | cut -d' ' -f1; }
# chain NAME [ISSUER]: as JSON
chain() {
  local each out=
  for each in "$@"; do out+=${out:+,}\"$(der "$each")\"; done
  printf '[%s]' "$out"
}

# ---- octets ------------------------------------------------------------------------------------

octets() { perl -ne 'chomp; print pack "H*", $_'; } # of a line of hex
hex_of() { od -An -v -tx1 | tr -d ' \n'; }
text() { printf %s "$1" | hex_of; }
item() { printf '%04x%s' $((${#1} / 2)) "$1"; } # HEX, with its length before it
number() { printf '%016x' "$1"; }
bcd() {
  local i digits=$1f out=
  for ((i = 0; i < 16; i += 2)); do out+=${digits:i+1:1}${digits:i:1}; done
  printf %s "$out"
}
# signed HEX KEY: r and s of 32 octets each, in hex
signed() {
  octets <<<"$1" | openssl dgst -sha256 -sign "$2.key" | openssl asn1parse -inform DER |
    awk -F: '/INTEGER/ { s = $NF; while (length(s) < 64) s = "0" s; printf "%s", tolower(s) }'
}
sha256() { octets <<<"$1" | openssl dgst -sha256 -r | cut -d' ' -f1; }
base64_of() { octets <<<"$1" | base64 -w0; }
# flipped HEX N: with one bit of that octet, counted from the end, changed
flipped() {
  local at=$((${#1} - 2 * $2))
  printf '%s%02x%s' "${1:0:at}" $((16#${1:at:2} ^ 1)) "${1:at+2}"
}

# ---- messages ----------------------------------------------------------------------------------

# ATK of what stands in $t_dimsi, $t_point and so on, signed by KEY; in hex. true_token says what is right.
true_token() { # DIMSI SE
  t_dimsi=$1 t_se=$(digest "$2") t_sp=sp.example.org t_arpf=arpf.example.org t_arpf_digest=$(digest op/arpf/agreement)
  new_key ephemeral
  t_point=$(openssl pkey -in ephemeral.key -pubout -outform DER | tail -c 65 | hex_of)
}
token() {
  local content
  content=$(item "$(text 'bindery dimsi token')")$(item 01)$(item "$(bcd "$t_dimsi")")$(item "$t_point")
  content+=$(item "$(text "$t_arpf")")$(item "$t_arpf_digest")$(item "$t_se")$(item "$(text "$t_sp")")
  content+=$(item "$(number 0)")$(item 00000000)
  printf '%s%s' "$content" "$(signed "$content" "$1")"
}
object() { printf '{"content":"%s","signature":"%s","certificates":%s}' "$(base64_of "$1")" "$(base64_of "$2")" "$3"; }
# delegation TOKEN PLMN-OCTETS SIGNER [NUMBER [ARPF [SECONDS]]]
delegation() {
  local content
  content=$(item "$(text 'bindery dimsi delegation')")$(item 01)$(item "$(sha256 "$1")")$(item "$2")
  content+=$(item "$(text "${5:-arpf.example.org}")")$(item "$(number $(($(date +%s) + ${6:-3600})))")$(item "$(number "${4:-1}")")
  object "$content" "$(signed "$content" "$3")" "$(chain "$3")"
}
# endorsement TOKEN-DIGEST DIMSI PLMN-OCTETS SE-DIGEST NUMBER SIGNER [SECONDS]
endorsement() {
  local content
  content=$(item "$(text 'bindery dimsi endorsement')")$(item 01)$(item "$1")$(item "$(bcd "$2")")$(item "$3")$(item "$4")
  content+=$(item "$(number "$5")")$(item "$(number $(($(date +%s) + ${7:-3600})))")
  object "$content" "$(signed "$content" "$6")" "$(chain "$6")"
}
# release TOKEN CERTIFICATES DELEGATION AGREEMENT: the body that asks the ARPF for eK.
release_body() {
  printf '{"credentials":{"token":"%s","certificates":%s},"delegation":%s,"encrypt_to":%s}' "$(base64_of "$1")" "$2" "$3" "$(chain "$4")"
}
# push_body IMSI ENDORSEMENT [AMF]: some challenge for the D-AUSF
push_body() {
  printf '{"imsi":"%s","rand":"%s","autn":"%s","xres":"%s","ck":"%s","ik":"%s","expires":%s,"endorsement":%s}' "$1" "$(random_hex 16)" \
    "$(random_hex 6)${3:-8000}$(random_hex 8)" "$(random_hex 8)" "$(random_hex 16)" "$(random_hex 16)" $(($(date +%s) + 3000)) "$2"
}

# What the service provider has of a device.
# of_file FILE STEP...: what stands there
of_file() {
  perl -MJSON::PP -e 'local $/; open my $f, "<", shift or die; my $v = decode_json(<$f>);
    $v = ref $v eq "ARRAY" ? $v->[$_] : $v->{$_} for @ARGV; print ref $v ? encode_json($v) : $v' "$@"
}
credentials() { of_file "op/sp/devices/$1.json" "${@:2}"; }
token_of() { credentials "$1" token | base64 -d | hex_of; }
# own_key IMEI NAME: the key of a device's secure element, and its chain, as whoever opened it has them.
own_key() {
  local i
  of_file "made/$1.json" secure_element key | base64 -d | openssl pkey -inform DER -out "$2.key"
  for i in 0 1; do
    of_file "made/$1.json" secure_element certificates $i | base64 -d | openssl x509 -inform DER
  done >"$2.crt"
}

# ---- how it is brought -------------------------------------------------------------------------

# ask CLIENT|- METHOD URL [BODY]: the answer goes to said, its status to $status.
ask() {
  local options=(--cacert op/pki/ca.crt)
  [[ $3 != https://rsmf.* ]] || options=(--cacert op/ci/ci.crt --resolve "$(cut -d/ -f3 <<<"$3"):127.0.0.1")
  [ "$1" = - ] || options+=(--cert "$1.crt" --key "$1.key")
  [ $# -lt 4 ] || options+=(--data-binary @- --header 'Content-Type: application/json')
  status=$(curl --silent --output said --write-out '%{http_code}' --max-time 60 "${options[@]}" --request "$2" "$3" <<<"${4:-}") || true
}
# causes_of PARTY CAUSE: how often its log has the cause.
causes_of() { grep -cE "\"event\":\"refused\".*\"cause\":\"$2\"|\"cause\":\"$2\".*\"event\":\"refused\"" "op-$1.now" || true; }
more_causes() { [ "$(causes_of "$1" "$2")" -gt "$3" ]; }
# refused SENTENCE PARTY STATUS CAUSE ask's ARGUMENTS: the answer's problem is the cause, and so is the log's.
refused() {
  local sentence=$1 who=$2 wanted=$3 cause=$4 before
  shift 4
  before=$(causes_of "$who" "$cause")
  : >said
  ask "$@"
  if [ "$status" != "$wanted" ] || ! grep -qF "\"/problems/$cause\"" said; then
    missed "$sentence ($cause)" "status $status instead of $wanted" "$(head -c 1000 said)"
  elif ! wait_for 5 more_causes "$who" "$cause" "$before"; then
    missed "$sentence ($cause)" "the log of $who does not have it"
  else
    passed "$sentence ($cause)"
  fi
}
# answered SENTENCE STATUS PART ask's ARGUMENTS
answered() {
  local sentence=$1 wanted=$2 part=$3
  shift 3
  : >said
  ask "$@"
  if [ "$status" = "$wanted" ] && tr -d ' \n' <said | grep -qF -- "$part"; then
    passed "$sentence"
  else
    missed "$sentence" "status $status instead of $wanted, or not a word of: $part" "$(head -c 1000 said)"
  fi
}
