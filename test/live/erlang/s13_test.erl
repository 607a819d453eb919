%% The scenes that an MME in Erlang plays on S13 against a running HSS that is an EIR too. Arguments:
%% a file of terms as mme_test has it, and more:
%%   {scene, lists | changed}.  {imsi, bound | open, Digits}.
%% What is on the lists is test/live/s13.sh's; the IMEIs here are those of its rules.
-module(s13_test).

-include_lib("diameter/include/diameter.hrl").
-include("mme.hrl").

-export([main/1]).

-define(TGPP, 10415).
-define(WHITELISTED, 0).
-define(BLACKLISTED, 1).
-define(GREYLISTED, 2).

main([File]) ->
    {ok, Terms} = file:consult(File),
    ok = application:start(diameter),
    put(terms, Terms),
    case tap:check("CER and CEA on S13: the EIR offers it beside S6a", fun capabilities/0) of
        failed -> ok;
        Ref -> with(Ref)
    end,
    case tap:failed() of
        0 -> halt(0);
        _ -> halt(1)
    end.

with(Ref) ->
    {scene, Scene} = lists:keyfind(scene, 1, get(terms)),
    scene(Scene),
    tap:check("DPR: the EIR answers and lets the connection go",
              fun() -> ok = s13_mme:stop(checker, Ref) end).

hss() ->
    {hss, Host, Realm, Address, Port} = lists:keyfind(hss, 1, get(terms)),
    #{host => Host, realm => Realm, address => Address, port => Port}.

imsi(Name) ->
    {value, {imsi, Name, Digits}} = lists:search(
        fun(T) -> element(1, T) =:= imsi andalso element(2, T) =:= Name end, get(terms)),
    Digits.

capabilities() ->
    {value, {mme, b, Host, Realm, _}} = lists:search(
        fun(T) -> element(1, T) =:= mme andalso element(2, T) =:= b end, get(terms)),
    {Ref, ['CEA' | Cea]} = s13_mme:start(checker, maps:merge(hss(), #{host => Host, realm => Realm})),
    Offered = lists:sort([A || #{'Vendor-Id' := ?TGPP, 'Auth-Application-Id' := [A]}
                                   <- maps:get('Vendor-Specific-Application-Id', Cea)]),
    tap:expect('Vendor-Specific-Application-Id', [16777251, 16777252], Offered),
    Ref.

%% ---- asking ----

check(Imei) ->
    check(Imei, #{}).

check(Imei, More) ->
    s13_mme:check(checker, More#{'Terminal-Information' =>
                                     #{'IMEI' => [Imei], 'Software-Version' => [<<"01">>]}}).

avp(Name, Map) ->
    case maps:find(Name, Map) of
        {ok, [Value]} -> Value;
        {ok, Value} -> Value;
        error -> absent
    end.

well_formed(#answer{name = Name, avps = Avps, errors = Errors, header = Header}) ->
    #{host := Host, realm := Realm} = hss(),
    tap:expect(answer, 'ECA', Name),
    tap:expect(decoding_errors, [], Errors),
    tap:expect('Origin-Host', list_to_binary(Host), avp('Origin-Host', Avps)),
    tap:expect('Origin-Realm', list_to_binary(Realm), avp('Origin-Realm', Avps)),
    tap:expect('Auth-Session-State', 1, avp('Auth-Session-State', Avps)),
    tap:expect(application, 16777252, Header#diameter_header.application_id),
    tap:expect(error_bit, false, Header#diameter_header.is_error),
    tap:expect(unknown_avps, [], maps:get('AVP', Avps, [])).

status(Status, #answer{avps = Avps} = Answer) ->
    well_formed(Answer),
    tap:expect('Result-Code', 2001, avp('Result-Code', Avps)),
    tap:expect('Experimental-Result', absent, avp('Experimental-Result', Avps)),
    tap:expect('Equipment-Status', Status, avp('Equipment-Status', Avps)).

unknown(#answer{avps = Avps} = Answer) ->
    well_formed(Answer),
    tap:expect('Result-Code', absent, avp('Result-Code', Avps)),
    #{'Vendor-Id' := ?TGPP, 'Experimental-Result-Code' := 5422} = avp('Experimental-Result', Avps),
    tap:expect('Equipment-Status', absent, avp('Equipment-Status', Avps)).

faulty(Code, #answer{avps = Avps} = Answer) ->
    well_formed(Answer),
    tap:expect('Result-Code', Code, avp('Result-Code', Avps)),
    tap:expect('Failed-AVP', true, avp('Failed-AVP', Avps) =/= absent).

%% ---- the scenes ----

%= test eir-answer eir-order eir-unknown eir-pairing
scene(lists) ->
    tap:check("an IMEI of the TAC on the white list: whitelisted", fun() ->
        status(?WHITELISTED, check(<<"35693803564381">>))
    end),
    tap:check("the one IMEI of it that is on the black list: blacklisted", fun() ->
        status(?BLACKLISTED, check(<<"35693803564399">>))
    end),
    tap:check("the same with the spare digit, and as an IMEISV: blacklisted", fun() ->
        status(?BLACKLISTED, check(<<"356938035643990">>)),
        status(?BLACKLISTED, check(<<"3569380356439907">>))
    end),
    tap:check("one of a range on the grey list: greylisted", fun() ->
        status(?GREYLISTED, check(<<"35693803500005">>))
    end),
    tap:check("one that is on two lists: black goes before white", fun() ->
        status(?BLACKLISTED, check(<<"35693803564400">>))
    end),
    tap:check("one on no list: Experimental-Result 5422 under 10415, and no status", fun() ->
        unknown(check(<<"49015420323751">>))
    end),
    tap:check("with a User-Name: the bound SIM in its own device is whitelisted", fun() ->
        status(?WHITELISTED, check(<<"35693803564380">>, #{'User-Name' => [imsi(bound)]}))
    end),
    tap:check("the bound SIM in another device of the white list is greylisted", fun() ->
        status(?GREYLISTED, check(<<"35693803564381">>, #{'User-Name' => [imsi(bound)]}))
    end),
    tap:check("an open SIM in any device of the white list is whitelisted", fun() ->
        status(?WHITELISTED, check(<<"35693803564381">>, #{'User-Name' => [imsi(open)]}))
    end),
    tap:check("a SIM of another network is judged by the lists alone", fun() ->
        status(?WHITELISTED, check(<<"35693803564381">>, #{'User-Name' => [<<"262011234567890">>]}))
    end),
    tap:check("an IMEI with a letter: 5004 and Failed-AVP", fun() ->
        faulty(5004, check(<<"3569380356438x">>))
    end),
    tap:check("Terminal-Information without an IMEI: 5005 and Failed-AVP", fun() ->
        faulty(5005, s13_mme:check(checker, #{'Terminal-Information' =>
                                                  #{'Software-Version' => [<<"01">>]}}))
    end);
scene(changed) ->
    tap:check("the IMEI that was taken off the black list is whitelisted by its TAC", fun() ->
        status(?WHITELISTED, check(<<"35693803564399">>))
    end),
    tap:check("the one that was unknown is blacklisted by an imported range", fun() ->
        status(?BLACKLISTED, check(<<"49015420323751">>))
    end).
