%% The scenes that two MMEs in Erlang play against a running HSS. Arguments: a file of terms
%%   {hss, Host, Realm, Address, Port}.  {mme, a | b, Host, Realm, none | #{...TLS files}}.
%%   {subscriber, open | bound | stolen, #{imsi, k, opc, imei, kme, msisdn}}.  {secrets, File}.
%% Each check is one line of tap.erl; what vectors told is appended to
%% the file of secrets, in hex, so that whoever holds the HSS's trace can search for it.
-module(mme_test).

-include_lib("diameter/include/diameter.hrl").
-include("mme.hrl").

-export([main/1]).

-define(PLMN, <<16#00, 16#F1, 16#10>>). % 001-01 as in TS 24.301 figure 9.9.3.32.1
-define(TGPP, 10415).
-define(BINDERY, 32473).
-define(REGULAR, 16#8000).
-define(PROCESSED, 16#8001).
-define(INSTANCE, 3). % the HSS's, which is the IND of its SQNs
-define(UNKNOWN_IMSI, <<"001019999999999">>).

main([File]) ->
    {ok, Terms} = file:consult(File),
    {ok, _} = application:ensure_all_started(ssl),
    ok = application:start(diameter),
    put(terms, Terms),
    tap:check("the Erlang MME's own Milenage gives the values of TS 35.208",
              fun milenage:self_test/0),
    scenes(),
    case tap:failed() of
        0 -> halt(0);
        _ -> halt(1)
    end.

scenes() ->
    case tap:check("CER and CEA: the HSS names itself, its vendor and S6a", fun capabilities/0) of
        failed -> ok;
        Ref -> with_a(Ref)
    end.

with_a(Ref) ->
    authentication(),
    resynchronisation(),
    location(),
    theft(),
    unknown_user(),
    tap:check("DWR: the HSS answers watchdogs with 2001", fun watchdog/0),
    cancellation(),
    tap:check("DPR: the HSS answers and lets the connection go", fun() -> disconnect(a, Ref) end).

%% ---- the configuration ----

hss() ->
    {hss, Host, Realm, Address, Port} = lists:keyfind(hss, 1, get(terms)),
    #{host => Host, realm => Realm, address => Address, port => Port}.

subscriber(Name) ->
    {value, {subscriber, Name, S}} = lists:search(
        fun(T) -> element(1, T) =:= subscriber andalso element(2, T) =:= Name end, get(terms)),
    S.

start(Which) ->
    {value, {mme, Which, Host, Realm, Tls}} = lists:search(
        fun(T) -> element(1, T) =:= mme andalso element(2, T) =:= Which end, get(terms)),
    #{address := Address, port := Port} = hss(),
    Config = #{host => Host, realm => Realm, address => Address, port => Port},
    mme:start(Which, case Tls of none -> Config; _ -> Config#{tls => Tls} end).

%% ---- reading answers ----

%% An AVP of a group: its value, or absent. Values of optional AVPs are lists of one.
avp(Name, Map) ->
    case maps:find(Name, Map) of
        {ok, [Value]} -> Value;
        {ok, Value} -> Value;
        error -> absent
    end.

expect(Name, Expected, Map) ->
    tap:expect(Name, Expected, avp(Name, Map)).

%% What every answer of the HSS has, whatever it says.
well_formed(#answer{avps = Avps, errors = Errors, header = Header}, Name, Got) ->
    #{host := Host, realm := Realm} = hss(),
    tap:expect(answer, Name, Got),
    tap:expect(decoding_errors, [], Errors),
    expect('Origin-Host', list_to_binary(Host), Avps),
    expect('Origin-Realm', list_to_binary(Realm), Avps),
    expect('Auth-Session-State', 1, Avps),
    tap:expect(proxiable, true, Header#diameter_header.is_proxiable),
    tap:expect(error_bit, false, Header#diameter_header.is_error),
    tap:expect(session, true, is_binary(avp('Session-Id', Avps))),
    tap:expect(unknown_avps, [], maps:get('AVP', Avps, [])).

success(#answer{name = Got, avps = Avps} = Answer, Name) ->
    expect('Result-Code', 2001, Avps),
    expect('Experimental-Result', absent, Avps),
    well_formed(Answer, Name, Got),
    Avps.

%% A 3GPP code sits in Experimental-Result under 10415; the same number as Result-Code means
%% something else.
refused(#answer{name = Got, avps = Avps} = Answer, Name, Code) ->
    expect('Result-Code', absent, Avps),
    #{'Vendor-Id' := Vendor, 'Experimental-Result-Code' := Got3gpp} =
        avp('Experimental-Result', Avps),
    tap:expect({'Vendor-Id', 'Experimental-Result-Code'}, {?TGPP, Code}, {Vendor, Got3gpp}),
    well_formed(Answer, Name, Got),
    Avps.

%% ---- the peer ----

capabilities() ->
    #{host := Host, realm := Realm} = hss(),
    {Ref, {Caps, #diameter_packet{msg = ['CEA' | Cea]}}} = start(a),
    #diameter_caps{origin_host = {_, H}, origin_realm = {_, R}} = Caps,
    tap:expect('Origin-Host', Host, text(H)),
    tap:expect('Origin-Realm', Realm, text(R)),
    expect('Result-Code', 2001, Cea),
    tap:expect('Host-IP-Address', true, maps:get('Host-IP-Address', Cea) =/= []),
    tap:expect('Product-Name', true, byte_size(avp('Product-Name', Cea)) > 0),
    tap:expect('Supported-Vendor-Id', true,
               lists:member(?TGPP, maps:get('Supported-Vendor-Id', Cea))),
    S6a = [V || #{'Vendor-Id' := V, 'Auth-Application-Id' := [16777251]}
                    <- maps:get('Vendor-Specific-Application-Id', Cea)],
    tap:expect('Vendor-Specific-Application-Id', [?TGPP], S6a),
    Ref.

text(T) when is_binary(T) -> binary_to_list(T);
text(T) -> T.

watchdog() ->
    await(fun() -> mme:counted(a, {{0, 280, 1}, send}) > 0 end),
    await(fun() -> mme:counted(a, {{0, 280, 0}, recv, {'Result-Code', 2001}}) > 0 end),
    #answer{} = air(open, 1, #{}). % and the connection still serves

disconnect(Which, Ref) ->
    ok = mme:stop(Which, Ref).

%% Polls for a minute; the watchdog comes by itself after some seconds without another message.
await(Fun) ->
    await(Fun, 3000).

await(_, 0) ->
    throw(never);
await(Fun, N) ->
    Fun() orelse begin timer:sleep(20), await(Fun, N - 1) end.

%% ---- authentication ----

air(Name, Vectors, More) ->
    air_of(maps:get(imsi, subscriber(Name)), #{'Number-Of-Requested-Vectors' => [Vectors]}, More).

air_of(Imsi, Requested, More) ->
    mme:call(a, 'AIR', maps:merge(#{'User-Name' => Imsi,
                                    'Visited-PLMN-Id' => ?PLMN,
                                    'Requested-EUTRAN-Authentication-Info' => [Requested]},
                                  More)).

%% What an MME says that knows the binding.
knows_binding(Imei) ->
    #{'Served-IMEI' => [Imei],
      'Supported-Features' => [#{'Vendor-Id' => ?BINDERY,
                                 'Feature-List-ID' => 1,
                                 'Feature-List' => 1}]}.

%= test binding-2 binding-5a binding-unlisted
authentication() ->
    tap:check("AIR for one vector of an open SIM: AMF 8000, MAC-A, XRES, KASME hold", fun() ->
        vectors(open, ?REGULAR, 1, success(air(open, 1, #{}), 'AIA'))
    end),
    tap:check("AIR for five vectors of an open SIM: each holds, SQN rises strictly", fun() ->
        vectors(open, ?REGULAR, 5, success(air(open, 5, #{}), 'AIA'))
    end),
    tap:check("AIR for one vector of a bound SIM: AMF 8001, RAND is encrypted under KME", fun() ->
        vectors(bound, ?PROCESSED, 1, success(air(bound, 1, #{}), 'AIA'))
    end),
    tap:check("AIR for five vectors of a bound SIM: each holds under the one KME", fun() ->
        vectors(bound, ?PROCESSED, 5, success(air(bound, 5, #{}), 'AIA'))
    end),
    tap:check("AIR of an MME that names no number gets one vector", fun() ->
        Answer = air_of(maps:get(imsi, subscriber(open)), #{}, #{}),
        vectors(open, ?REGULAR, 1, success(Answer, 'AIA'))
    end),
    tap:check("AIR with the right Served-IMEI: Binding-Control says processed", fun() ->
        #{imei := Imei} = subscriber(bound),
        Avps = success(air(bound, 1, knows_binding(Imei)), 'AIA'),
        vectors(bound, ?PROCESSED, 1, Avps),
        #{'Binding-Mode' := 1} = avp('Binding-Control', Avps)
    end),
    tap:check("AIR with a Served-IMEI that is not authorised: 4181, and no vector", fun() ->
        Avps = refused(air(bound, 1, knows_binding(<<"35693803564398">>)), 'AIA', 4181),
        expect('Authentication-Info', absent, Avps)
    end).

%= test binding-1b binding-1c binding-1d binding-amf
%% All vectors of an answer, each computed anew; gives the SQNs, and keeps the vectors' secrets.
vectors(Name, Amf, Number, Avps) ->
    #{'E-UTRAN-Vector' := Vectors} = avp('Authentication-Info', Avps),
    tap:expect(vectors, Number, length(Vectors)),
    Sqns = [vector(subscriber(Name), Amf, V) || V <- in_order(Vectors)],
    rising([last_sqn(Name) | Sqns]),
    put({sqn, Name}, lists:last(Sqns)),
    Sqns.

%% Several vectors are told apart, and put in order, by Item-Number.
in_order([Vector]) ->
    [Vector];
in_order(Vectors) ->
    Items = [{avp('Item-Number', V), V} || V <- Vectors],
    tap:expect('Item-Number', lists:seq(1, length(Vectors)), lists:sort([I || {I, _} <- Items])),
    [V || {_, V} <- lists:sort(Items)].

last_sqn(Name) ->
    case get({sqn, Name}) of
        undefined -> 0;
        Sqn -> Sqn
    end.

rising([A, B | Rest]) when A < B ->
    rising([B | Rest]);
rising([_]) ->
    ok;
rising(Sqns) ->
    throw({sqn_does_not_rise, Sqns}).

vector(#{k := K, opc := Opc} = S, Amf, #{'RAND' := Sent, 'AUTN' := Autn, 'XRES' := Xres,
                                        'KASME' := Kasme}) ->
    keep_secret([Xres, Kasme]),
    Rand = plain_rand(S, Amf, Sent),
    <<Concealed:6/binary, GotAmf:16, MacA:8/binary>> = Autn,
    <<Sqn:48>> = crypto:exor(Concealed, milenage:ak(K, Opc, Rand)),
    tap:expect('AMF', Amf, GotAmf),
    tap:expect('MAC-A', milenage:mac_a(K, Opc, Rand, Sqn, Amf), MacA),
    tap:expect('XRES', milenage:res(K, Opc, Rand), Xres),
    tap:expect('KASME', milenage:kasme(K, Opc, Rand, ?PLMN, Concealed), Kasme),
    tap:expect('IND', ?INSTANCE, Sqn band 31),
    Sqn.

plain_rand(_, ?REGULAR, Sent) -> Sent;
plain_rand(#{kme := Kme}, ?PROCESSED, Sent) -> milenage:decrypt_rand(Kme, Sent).

keep_secret(Secrets) ->
    {secrets, File} = lists:keyfind(secrets, 1, get(terms)),
    Lines = [[string:lowercase(binary:encode_hex(S)), $\n] || S <- Secrets],
    ok = file:write_file(File, Lines, [append]).

%% ---- resynchronisation ----

%= test binding-resync
resynchronisation() ->
    tap:check("resynchronisation after a regular vector: SQN goes above the USIM's", fun() ->
        resynchronise(open, ?REGULAR)
    end),
    tap:check("resynchronisation after a processed vector, RAND sent back as it came", fun() ->
        resynchronise(bound, ?PROCESSED)
    end),
    tap:check("resynchronisation with a forged MAC-S: 4181, and SQN stays where it was", fun() ->
        forged(open, ?REGULAR)
    end).

%% The USIM is a million SEQs ahead: about a day of the HSS's clock.
ahead(Name) ->
    last_sqn(Name) + (1 bsl 25).

challenge(Name, Amf) ->
    Avps = success(air(Name, 1, #{}), 'AIA'),
    vectors(Name, Amf, 1, Avps),
    #{'E-UTRAN-Vector' := [#{'RAND' := Sent}]} = avp('Authentication-Info', Avps),
    Sent.

resync(Name, Sent, Auts) ->
    air_of(maps:get(imsi, subscriber(Name)),
           #{'Number-Of-Requested-Vectors' => [1],
             'Re-Synchronization-Info' => [<<Sent/binary, Auts/binary>>]}, #{}).

auts(#{k := K, opc := Opc} = S, Amf, Sent, SqnMs) ->
    milenage:auts(K, Opc, plain_rand(S, Amf, Sent), SqnMs).

resynchronise(Name, Amf) ->
    Sent = challenge(Name, Amf),
    SqnMs = ahead(Name),
    Answer = resync(Name, Sent, auts(subscriber(Name), Amf, Sent, SqnMs)),
    [Sqn] = vectors(Name, Amf, 1, success(Answer, 'AIA')),
    above(SqnMs, Sqn),
    [Next] = vectors(Name, Amf, 1, success(air(Name, 1, #{}), 'AIA')),
    above(Sqn, Next).

%% SEQ, which is what a USIM compares, and not so far that it would refuse (TS 33.102 C.2.1).
above(Before, Sqn) ->
    Distance = (Sqn bsr 5) - (Before bsr 5),
    case Distance > 0 andalso Distance < (1 bsl 28) of
        true -> ok;
        false -> throw({not_above, Before, Sqn})
    end.

forged(Name, Amf) ->
    Sent = challenge(Name, Amf),
    Before = last_sqn(Name),
    <<Head:13/binary, Last>> = auts(subscriber(Name), Amf, Sent, ahead(Name)),
    refused(resync(Name, Sent, <<Head/binary, (Last bxor 1)>>), 'AIA', 4181),
    [Sqn] = vectors(Name, Amf, 1, success(air(Name, 1, #{}), 'AIA')),
    case (Sqn bsr 5) - (Before bsr 5) < 10000 of
        true -> ok;
        false -> throw({sqn_moved, Before, Sqn})
    end.

%% ---- location ----

ulr(Mme, Imsi, More) ->
    mme:call(Mme, 'ULR', maps:merge(#{'User-Name' => Imsi,
                                      'RAT-Type' => 1004,
                                      'ULR-Flags' => 2#100010, % S6a, initial attach
                                      'Visited-PLMN-Id' => ?PLMN}, More)).

terminal(Imei) ->
    #{'Terminal-Information' => [#{'IMEI' => [Imei], 'Software-Version' => [<<"01">>]}]}.

location() ->
    #{imsi := Imsi, msisdn := Msisdn} = subscriber(open),
    tap:check("ULR: ULA-Flags, and every field of the subscription data by name and value", fun() ->
        Avps = success(ulr(a, Imsi, terminal(<<"35693803564380">>)), 'ULA'),
        expect('ULA-Flags', 1, Avps),
        subscription(avp('Subscription-Data', Avps), Msisdn)
    end),
    tap:check("ULR that skips the subscription data gets none", fun() ->
        Avps = success(ulr(a, Imsi, #{'ULR-Flags' => 2#110}), 'ULA'),
        expect('Subscription-Data', absent, Avps)
    end),
    tap:check("ULR of a bound SIM in its own device is served", fun() ->
        #{imsi := Bound, imei := Imei} = subscriber(bound),
        success(ulr(a, Bound, terminal(Imei)), 'ULA')
    end),
    tap:check("ULR of a bound SIM in a device that is not authorised: 5012", fun() ->
        #{imsi := Bound} = subscriber(bound),
        #answer{avps = Avps} = ulr(a, Bound, terminal(<<"35693803564398">>)),
        expect('Result-Code', 5012, Avps),
        expect('Subscription-Data', absent, Avps)
    end).

subscription(Data, Msisdn) ->
    expect('Subscriber-Status', 0, Data),
    expect('Network-Access-Mode', 2, Data),
    expect('Access-Restriction-Data', 43, Data),
    expect('Subscribed-Periodic-RAU-TAU-Timer', 4321, Data),
    expect('MSISDN', tbcd(Msisdn), Data),
    expect('AMBR', ambr(50000000, 150000000), Data),
    Profile = avp('APN-Configuration-Profile', Data),
    expect('Context-Identifier', 1, Profile),
    expect('All-APN-Configurations-Included-Indicator', 0, Profile),
    [Internet, Ims] = by_context(maps:get('APN-Configuration', Profile)),
    apn(Internet, {1, 2, <<"internet">>}, {9, 8, 1, 0}, ambr(40000000, 100000000)),
    apn(Ims, {2, 1, <<"ims">>}, {5, 1, 0, 1}, ambr(1000000, 2000000)).

by_context(Apns) ->
    lists:sort(fun(#{'Context-Identifier' := A}, #{'Context-Identifier' := B}) -> A =< B end, Apns).

ambr(Up, Down) ->
    #{'Max-Requested-Bandwidth-UL' => Up, 'Max-Requested-Bandwidth-DL' => Down}.

%% Capability 0 is "may pre-empt", vulnerability 0 is "may be pre-empted" (TS 29.212 5.3.46, 47).
apn(Apn, {Context, PdnType, Service}, {Qci, Priority, Capability, Vulnerability}, Ambr) ->
    expect('Context-Identifier', Context, Apn),
    expect('PDN-Type', PdnType, Apn),
    expect('Service-Selection', Service, Apn),
    expect('AMBR', Ambr, Apn),
    Qos = avp('EPS-Subscribed-QoS-Profile', Apn),
    expect('QoS-Class-Identifier', Qci, Qos),
    Arp = avp('Allocation-Retention-Priority', Qos),
    expect('Priority-Level', Priority, Arp),
    expect('Pre-emption-Capability', Capability, Arp),
    expect('Pre-emption-Vulnerability', Vulnerability, Arp).

%% First digit in the low nibble, filled with F.
tbcd(<<A, B, Rest/binary>>) ->
    <<(B - $0):4, (A - $0):4, (tbcd(Rest))/binary>>;
tbcd(<<A>>) ->
    <<16#F:4, (A - $0):4>>;
tbcd(<<>>) ->
    <<>>.

%% ---- notification ----

%% Three failures in a row are what the HSS is configured to call suspected theft; whether the
%% event is there is for the script to ask the HSS's administration.
%= test binding-theft
theft() ->
    tap:check("NOR from the MME that serves the subscriber is answered with 2001", fun() ->
        #{imsi := Imsi} = subscriber(open),
        success(nor(a, Imsi, #{'NOR-Flags' => [0]}), 'NOA')
    end),
    tap:check("NOR with Binding-Failure before any vector: 5423", fun() ->
        refused(failure(1), 'NOA', 5423)
    end),
    tap:check("NOR with Binding-Failure from an MME that was given a vector: 2001", fun() ->
        vectors(stolen, ?PROCESSED, 1, success(air(stolen, 1, #{}), 'AIA')),
        success(failure(1), 'NOA')
    end),
    tap:check("NOR that reports two failures more is answered with 2001", fun() ->
        success(failure(2), 'NOA')
    end).

failure(Count) ->
    #{imsi := Imsi} = subscriber(stolen),
    nor(a, Imsi, #{'Binding-Failure' => [#{'IMEI' => [<<"35693803564398">>],
                                           'Binding-Failure-Count' => Count,
                                           'Binding-Failure-Cause' => 0}]}).

nor(Mme, Imsi, More) ->
    mme:call(Mme, 'NOR', More#{'User-Name' => Imsi}).

%% ---- nobody ----

unknown_user() ->
    Unknown = fun(Name, Answer) -> fun() -> refused(Answer(), Name, 5001) end end,
    tap:check("AIR for an unknown user: Experimental-Result 5001 under 10415", Unknown('AIA', fun() ->
        air_of(?UNKNOWN_IMSI, #{'Number-Of-Requested-Vectors' => [1]}, #{})
    end)),
    tap:check("ULR for an unknown user: 5001", Unknown('ULA', fun() ->
        ulr(a, ?UNKNOWN_IMSI, #{})
    end)),
    tap:check("PUR for an unknown user: 5001", Unknown('PUA', fun() ->
        pur(a, ?UNKNOWN_IMSI)
    end)),
    tap:check("NOR for an unknown user: 5001", Unknown('NOA', fun() ->
        nor(a, ?UNKNOWN_IMSI, #{})
    end)).

%% ---- a second MME ----

pur(Mme, Imsi) ->
    mme:call(Mme, 'PUR', #{'User-Name' => Imsi, 'PUR-Flags' => [1]}).

cancellation() ->
    case tap:check("a second MME connects", fun() -> {Ref, _} = start(b), Ref end) of
        failed -> ok;
        Ref -> cancellation(Ref)
    end.

cancellation(Ref) ->
    #{imsi := Imsi} = subscriber(open),
    tap:check("ULR of the second MME: the first one gets a CLR, type MME update, and answers", fun() ->
        success(ulr(b, Imsi, terminal(<<"35693803564380">>)), 'ULA'),
        cancelled(Imsi)
    end),
    tap:check("PUR of the MME that serves no more: 2001, and nothing to freeze", fun() ->
        expect('PUA-Flags', 0, success(pur(a, Imsi), 'PUA'))
    end),
    tap:check("NOR of the MME that serves no more: 5423", fun() ->
        refused(nor(a, Imsi, #{}), 'NOA', 5423)
    end),
    tap:check("PUR of the MME that serves: 2001, M-TMSI to be frozen", fun() ->
        expect('PUA-Flags', 1, success(pur(b, Imsi), 'PUA'))
    end),
    tap:check("the second MME disconnects", fun() -> disconnect(b, Ref) end).

cancelled(Imsi) ->
    #{host := Hss, realm := Realm} = hss(),
    receive
        {request, 'CLR', Me, Clr} ->
            expect('User-Name', Imsi, Clr),
            expect('Cancellation-Type', 0, Clr),
            expect('Auth-Session-State', 1, Clr),
            expect('Origin-Host', list_to_binary(Hss), Clr),
            expect('Origin-Realm', list_to_binary(Realm), Clr),
            expect('Destination-Host', iolist_to_binary(Me), Clr),
            expect('Destination-Realm', list_to_binary(Realm), Clr),
            await(fun() ->
                mme:counted(a, {{16777251, 317, 0}, send, {'Result-Code', 2001}}) > 0
            end)
    after 60000 ->
        throw(no_clr)
    end.
