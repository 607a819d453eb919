# shellcheck shell=bash
# shellcheck disable=SC2154 # realm, work and the like are those of common.sh, sourced before this
# The MME in Erlang: compiled into $work/ebin, told of the run by a file of terms, run as a party.

erlang_build() {
  local src=$live_here/erlang name
  mkdir -p "$work/ebin"
  for name in bindery_s6a bindery_s13; do
    erl -noinput -eval 'halt(case diameter_make:codec("'"$src/$name.dia"'",
        [{outdir, "'"$work/ebin"'"}]) of ok -> 0; E -> io:format("~p~n", [E]), 1 end).' &&
      erlc -o "$work/ebin" "$work/ebin/$name.erl" || return
  done
  erlc -Wall -Werror +debug_info -o "$work/ebin" "$src"/*.erl
}

# erlang_tls HOST: the files with which this MME proves itself.
erlang_tls() {
  printf '#{ca => "%s", certificate => "%s", key => "%s", hss => "%s"}' \
    "$work/pki/ca.pem" "$work/pki/$1.pem" "$work/pki/$1.key" "$hss_host"
}

# erlang_subscriber NAME FILE
erlang_subscriber() {
  local imsi k opc msisdn imei kme
  read -r imsi k opc msisdn imei kme <"$2"
  if [ "$kme" = - ]; then kme=none; else kme="<<16#$kme:128>>"; fi
  printf '{subscriber, %s, #{imsi => <<"%s">>, k => <<16#%s:128>>, opc => <<16#%s:128>>,
  msisdn => <<"%s">>, imei => <<"%s">>, kme => %s}}.\n' \
    "$1" "$imsi" "$k" "$opc" "$msisdn" "$imei" "$kme"
}

# erlang_terms RUN PORT tcp|tls: writes $work/run.terms.
erlang_terms() {
  local run=$1 port=$2 transport=$3 tls_a=none tls_b=none name
  if [ "$transport" = tls ]; then
    tls_a=$(erlang_tls "$mme_a") tls_b=$(erlang_tls "$mme_b")
  fi
  {
    printf '{hss, "%s", "%s", {127,0,0,1}, %s}.\n' "$hss_host" "$realm" "$port"
    printf '{mme, a, "%s", "%s", %s}.\n' "$mme_a" "$realm" "$tls_a"
    printf '{mme, b, "%s", "%s", %s}.\n' "$mme_b" "$realm" "$tls_b"
    printf '{secrets, "%s"}.\n' "$work/secrets"
    for name in open bound stolen; do
      erlang_subscriber "$name" "$work/$name$run.sub"
    done
  } >"$work/run.terms"
}

# erlang_run RUN PORT tcp|tls: one whole run of the scenes.
erlang_run() {
  subscribers_of_run "$1"
  erlang_terms "$@"
  party erl -noinput -pa "$work/ebin" -kernel logger_level error \
    -eval 'mme_test:main(["'"$work/run.terms"'"])'
}
