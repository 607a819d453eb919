%% A plain MME in Erlang at a running discovery AUSF: before and after an operator has pushed a
%% challenge. Arguments: a file of terms
%%   {hss, Host, Realm, Address, Port}.  {mme, Host, Realm}.  {dimsi, Digits}.  {push, Command}.
%%   {challenge, #{rand, autn, xres, ck, ik}}.  {guesses, N}.
%% Push is run once, and ends with 0 when the challenge was taken.
-module(dausf_test).

-include_lib("diameter/include/diameter.hrl").
-include("mme.hrl").

-export([main/1]).

-define(HOME, <<16#00, 16#F1, 16#10>>).    % 001-01
-define(VISITED, <<16#99, 16#F9, 16#07>>). % 999-70
-define(TGPP, 10415).

main([File]) ->
    {ok, Terms} = file:consult(File),
    ok = application:start(diameter),
    put(terms, Terms),
    case tap:check("a plain MME connects", fun start/0) of
        failed -> ok;
        Ref -> scenes(Ref)
    end,
    case tap:failed() of
        0 -> halt(0);
        _ -> halt(1)
    end.

term(Name) ->
    {Name, Value} = lists:keyfind(Name, 1, get(terms)),
    Value.

start() ->
    {hss, Host, Realm, Address, Port} = lists:keyfind(hss, 1, get(terms)),
    {mme, Own, OwnRealm} = lists:keyfind(mme, 1, get(terms)),
    {Ref, {Caps, _}} = mme:start(a, #{host => Own, realm => OwnRealm, address => Address,
                                      port => Port}),
    #diameter_caps{origin_host = {_, H}, origin_realm = {_, R}} = Caps,
    tap:expect('Origin-Host', list_to_binary(Host), iolist_to_binary(H)),
    tap:expect('Origin-Realm', list_to_binary(Realm), iolist_to_binary(R)),
    Ref.

scenes(Ref) ->
    Dimsi = list_to_binary(term(dimsi)),
    tap:check("AIR before a challenge was pushed: 4181 under 10415",
              fun() -> tap:expect(code, {?TGPP, 4181}, code(air(Dimsi, eutran, 1, ?HOME))) end),
    tap:check("an operator's AUSF pushes it", fun push/0),
    tap:check("AIR: its RAND, AUTN and XRES, and the KASME of this network",
              fun() -> vector(air(Dimsi, eutran, 1, ?HOME), ?HOME) end),
    tap:check("AIR for five vectors: the same one",
              fun() -> vector(air(Dimsi, eutran, 5, ?HOME), ?HOME) end),
    tap:check("AIR of a visited network: the same one, with another KASME",
              fun() -> vector(air(Dimsi, eutran, 1, ?VISITED), ?VISITED) end),
    tap:check("AIR for UTRAN: the same one, with CK and IK",
              fun() -> utran(air(Dimsi, utran, 2, ?HOME)) end),
    tap:check("AIR with AUTS: the same one",
              fun() -> vector(resync(Dimsi), ?HOME) end),
    tap:check("ULR on the dIMSI: 5012", fun() -> tap:expect(code, 5012, code(ulr(Dimsi))) end),
    tap:check("PUR on the dIMSI: 5012", fun() -> tap:expect(code, 5012, code(pur(Dimsi))) end),
    tap:check("NOR on the dIMSI: 5423 under 10415",
              fun() -> tap:expect(code, {?TGPP, 5423}, code(nor(Dimsi))) end),
    tap:check("ULR on another dIMSI: 5012 too",
              fun() -> tap:expect(code, 5012, code(ulr(guess(0)))) end),
    tap:check("guessed dIMSIs: 4181, each of them", fun guesses/0),
    tap:check("AIR after all that: still the same one",
              fun() -> vector(air(Dimsi, eutran, 1, ?HOME), ?HOME) end),
    tap:check("DPR: the connection ends in order", fun() -> ok = mme:stop(a, Ref) end).

push() ->
    Port = open_port({spawn, term(push)}, [exit_status, stderr_to_stdout, binary]),
    ended(Port, <<>>).

ended(Port, Said) ->
    receive
        {Port, {data, More}} -> ended(Port, <<Said/binary, More/binary>>);
        {Port, {exit_status, 0}} -> ok;
        {Port, {exit_status, N}} -> throw({push, N, Said})
    after 60000 -> throw({push, late, Said})
    end.

%% ---- questions ----

air(Imsi, Kind, Vectors, Plmn) ->
    ask(Imsi, Kind, #{'Number-Of-Requested-Vectors' => [Vectors]}, Plmn).

resync(Imsi) ->
    ask(Imsi, eutran, #{'Number-Of-Requested-Vectors' => [1],
                        'Re-Synchronization-Info' => [binary:copy(<<7>>, 30)]}, ?HOME).

ask(Imsi, Kind, Requested, Plmn) ->
    Group = case Kind of
        eutran -> 'Requested-EUTRAN-Authentication-Info';
        utran -> 'Requested-UTRAN-GERAN-Authentication-Info'
    end,
    mme:call(a, 'AIR', #{'User-Name' => Imsi, 'Visited-PLMN-Id' => Plmn, Group => [Requested]}).

ulr(Imsi) ->
    mme:call(a, 'ULR', #{'User-Name' => Imsi, 'RAT-Type' => 1004, 'ULR-Flags' => 2#100010,
                         'Visited-PLMN-Id' => ?HOME}).

pur(Imsi) ->
    mme:call(a, 'PUR', #{'User-Name' => Imsi, 'PUR-Flags' => [1]}).

nor(Imsi) ->
    mme:call(a, 'NOR', #{'User-Name' => Imsi}).

guess(N) ->
    iolist_to_binary(io_lib:format("90170~10..0w", [500000000 + N])).

guesses() ->
    lists:foreach(
        fun(N) ->
            tap:expect({code, N}, {?TGPP, 4181}, code(air(guess(N), eutran, 1, ?HOME)))
        end, lists:seq(1, term(guesses))).

%% ---- answers ----

code(#answer{avps = Avps, errors = Errors}) ->
    tap:expect(decoding_errors, [], Errors),
    case Avps of
        #{'Experimental-Result' := [#{'Vendor-Id' := Vendor, 'Experimental-Result-Code' := Code}]} ->
            {Vendor, Code};
        #{'Result-Code' := [Code]} ->
            Code
    end.

info(#answer{avps = Avps} = Answer) ->
    tap:expect(code, 2001, code(Answer)),
    tap:expect(unknown_avps, [], maps:get('AVP', Avps, [])),
    #{'Authentication-Info' := [Info]} = Avps,
    Info.

same(Vector) ->
    #{rand := Rand, autn := Autn, xres := Xres} = term(challenge),
    #{'RAND' := GotRand, 'AUTN' := GotAutn, 'XRES' := GotXres} = Vector,
    tap:expect('RAND', Rand, GotRand),
    tap:expect('AUTN', Autn, GotAutn),
    tap:expect('XRES', Xres, GotXres).

%% KASME (TS 33.401 A.2): FC 0x10, the serving network, then the first six octets of AUTN.
vector(Answer, <<Plmn:3/binary>>) ->
    #{'E-UTRAN-Vector' := [Vector]} = info(Answer),
    same(Vector),
    #{ck := Ck, ik := Ik, autn := <<Sqn:6/binary, _/binary>>} = term(challenge),
    Kasme = crypto:mac(hmac, sha256, <<Ck/binary, Ik/binary>>,
                       <<16#10, Plmn/binary, 3:16, Sqn/binary, 6:16>>),
    tap:expect('KASME', Kasme, maps:get('KASME', Vector)).

utran(Answer) ->
    #{'UTRAN-Vector' := [Vector]} = info(Answer),
    same(Vector),
    #{ck := Ck, ik := Ik} = term(challenge),
    tap:expect('Confidentiality-Key', Ck, maps:get('Confidentiality-Key', Vector)),
    tap:expect('Integrity-Key', Ik, maps:get('Integrity-Key', Vector)).
