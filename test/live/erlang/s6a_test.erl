%% An MME in Erlang that is told of changes by a running HSS: IDR, DSR, CLR and RSR. Arguments: a file
%% of terms
%%   {hss, Host, Realm, Address, Port}.  {mme, Host, Realm}.  {imsi, Imsi}.
%%   {scene, served | missed | reset | after_reset | withdrawn}.  {admin, Socket}.
%% The script changes, kills and starts the HSS between scenes; within one, this asks for the change.
-module(s6a_test).

-include_lib("diameter/include/diameter.hrl").
-include("mme.hrl").

-export([main/1]).

-define(PLMN, <<16#00, 16#F1, 16#10>>).
-define(WAIT_MS, 60000).
-define(LATE_MS, 8000).

main([File]) ->
    {ok, Terms} = file:consult(File),
    put(terms, Terms),
    ok = application:start(diameter),
    scene(value(scene)),
    case tap:failed() of
        0 -> halt(0);
        _ -> halt(1)
    end.

value(Key) ->
    {Key, Value} = lists:keyfind(Key, 1, get(terms)),
    Value.

connect() ->
    {hss, _, _, Address, Port} = lists:keyfind(hss, 1, get(terms)),
    {mme, Host, Realm} = lists:keyfind(mme, 1, get(terms)),
    {Ref, _} = mme:start(a, #{host => Host, realm => Realm, address => Address, port => Port}),
    Ref.

avp(Name, Map) ->
    case maps:find(Name, Map) of
        {ok, [Value]} -> Value;
        {ok, Value} -> Value;
        error -> absent
    end.

register() ->
    Answer = mme:call(a, 'ULR', #{'User-Name' => value(imsi), 'RAT-Type' => 1004,
                                  'ULR-Flags' => 2#100010, 'Visited-PLMN-Id' => ?PLMN}),
    tap:expect('Result-Code', 2001, avp('Result-Code', Answer#answer.avps)),
    Answer#answer.avps.

%% The HSS knows that what it told has arrived: what has not is told again together with what is next.
settled(0) -> throw(still_waiting);
settled(Looks) ->
    Out = os:cmd(io_lib:format(
        "curl --silent --fail --max-time 60 --unix-socket ~s http://hss/v1/subscribers/~s",
        [value(admin), value(imsi)])),
    case re:run(Out, "\"waiting\": *\\[\\]") of
        nomatch -> timer:sleep(100), settled(Looks - 1);
        _ -> ok
    end.

%% The change, by the administration interface of the HSS.
change(Json) ->
    settled(600),
    Out = os:cmd(io_lib:format(
        "curl --silent --fail --max-time 60 --unix-socket ~s -X PATCH -H 'Content-Type: "
        "application/json' -d '~s' http://hss/v1/subscribers/~s >/dev/null && echo done",
        [value(admin), Json, value(imsi)])),
    tap:expect("the change", "done\n", Out).

told(Name) ->
    receive
        {request, Name, _, Request} -> Request;
        {unexpected, Msg, Errors} -> throw({unexpected, Msg, Errors})
    after ?WAIT_MS -> throw({nothing_came, Name})
    end.

nothing_else() ->
    receive
        {request, Name, _, _} -> throw({unexpected, Name})
    after 0 -> ok
    end.

idr() ->
    Idr = told('IDR'),
    tap:expect('User-Name', value(imsi), avp('User-Name', Idr)),
    {mme, Host, Realm} = lists:keyfind(mme, 1, get(terms)),
    tap:expect('Destination-Host', list_to_binary(Host), iolist_to_binary(avp('Destination-Host', Idr))),
    tap:expect('Destination-Realm', list_to_binary(Realm),
               iolist_to_binary(avp('Destination-Realm', Idr))),
    avp('Subscription-Data', Idr).

%= test op-idr
scene(served) ->
    Ref = connect(),
    tap:check("ULR: registered", fun register/0),
    tap:check("a new MSISDN comes as an IDR with the whole subscription", fun() ->
        change("{\"msisdn\":\"491700000001\"}"),
        Data = idr(),
        tap:expect('MSISDN', <<16#94, 16#71, 16#00, 16#00, 16#00, 16#10>>, avp('MSISDN', Data)),
        tap:expect('Subscriber-Status', 0, avp('Subscriber-Status', Data)),
        Profile = avp('APN-Configuration-Profile', Data),
        tap:expect('All-APN-Configurations-Included-Indicator', 0,
                   avp('All-APN-Configurations-Included-Indicator', Profile))
    end),
    tap:check("a suspension comes as barring of all packet services", fun() ->
        change("{\"suspended\":true}"),
        Data = idr(),
        tap:expect('Subscriber-Status', 1, avp('Subscriber-Status', Data)),
        tap:expect('Operator-Determined-Barring', 1, avp('Operator-Determined-Barring', Data))
    end),
    tap:check("its end grants service again", fun() ->
        change("{\"suspended\":false}"),
        tap:expect('Subscriber-Status', 0, avp('Subscriber-Status', idr()))
    end),
    tap:check("an MSISDN that goes is left out of the IDR and taken away by a DSR", fun() ->
        change("{\"msisdn\":null}"),
        tap:expect('MSISDN', absent, avp('MSISDN', idr())),
        Dsr = told('DSR'),
        tap:expect('DSR-Flags', 16#800000, avp('DSR-Flags', Dsr)),
        tap:expect('User-Name', value(imsi), avp('User-Name', Dsr))
    end),
    tap:check("another profile without a periodic timer takes that away too", fun() ->
        change("{\"profile\":\"untimed\"}"),
        tap:expect('Subscribed-Periodic-RAU-TAU-Timer', absent,
                   avp('Subscribed-Periodic-RAU-TAU-Timer', idr())),
        tap:expect('DSR-Flags', 16#4000, avp('DSR-Flags', told('DSR'))),
        change("{\"profile\":\"default\"}"),
        tap:expect('Subscribed-Periodic-RAU-TAU-Timer', 4321,
                   avp('Subscribed-Periodic-RAU-TAU-Timer', idr()))
    end),
    tap:check("what is refused for now is told again", fun() ->
        mme:answers('IDR', 5012),
        change("{\"msisdn\":\"491700000002\"}"),
        idr(),
        mme:answers('IDR', 2001),
        idr()
    end),
    tap:check("and no answer is no success either", fun() ->
        mme:answers('IDR', silence),
        change("{\"msisdn\":\"491700000003\"}"),
        idr(),
        mme:answers('IDR', 2001),
        idr()
    end),
    tap:check("nothing came that was not asked for", fun nothing_else/0),
    tap:check("DPR", fun() -> mme:stop(a, Ref) end);
scene(missed) ->
    Ref = connect(),
    tap:check("what changed while the MME was away, and the HSS was killed, comes now", fun() ->
        tap:expect('MSISDN', <<16#94, 16#71, 16#00, 16#00, 16#00, 16#90>>, avp('MSISDN', idr()))
    end),
    tap:check("and an RSR with the home network's leading digits", fun() ->
        Rsr = told('RSR'),
        tap:expect('User-Id', [<<"00101">>], [avp('User-Id', Rsr)]),
        tap:expect('User-Name', absent, avp('User-Name', Rsr))
    end),
    tap:check("DPR", fun() -> mme:stop(a, Ref) end);
scene(after_reset) ->
    Ref = connect(),
    tap:check("the ULR that restores the registration is served", fun() -> put(ula, register()) end),
    %% by the answer; and by an IDR too, if the HSS came to this subscription only after the ULR
    tap:check("a profile that the operator changed comes", fun() ->
        Data = avp('Subscription-Data', get(ula)),
        receive {request, 'IDR', _, _} -> ok after ?LATE_MS -> ok end,
        tap:expect('AMBR', #{'Max-Requested-Bandwidth-UL' => 7000, 'Max-Requested-Bandwidth-DL' => 9000},
                   maps:with(['Max-Requested-Bandwidth-UL', 'Max-Requested-Bandwidth-DL'],
                             avp('AMBR', Data)))
    end),
    tap:check("nothing else: who was told of the reset is not told again", fun() ->
        change("{\"suspended\":true}"),
        idr(),
        nothing_else(),
        change("{\"suspended\":false}"),
        idr()
    end),
    tap:check("a subscriber that this MME does not have", fun() ->
        mme:answers('IDR', {experimental, 5001}),
        change("{\"msisdn\":\"491700000004\"}"),
        idr()
    end),
    tap:check("DPR", fun() -> mme:stop(a, Ref) end);
scene(register) ->
    Ref = connect(),
    tap:check("ULR: registered", fun register/0),
    tap:check("DPR", fun() -> mme:stop(a, Ref) end);
scene(withdrawn) ->
    Ref = connect(),
    tap:check("a subscription that was removed is withdrawn by a CLR, when the MME is there", fun() ->
        Clr = told('CLR'),
        tap:expect('Cancellation-Type', 2, avp('Cancellation-Type', Clr)),
        tap:expect('User-Name', value(imsi), avp('User-Name', Clr))
    end),
    tap:check("DPR", fun() -> mme:stop(a, Ref) end).
