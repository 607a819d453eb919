%% An MME as far as S6a sees one: a service of OTP's diameter with one connection to the HSS.
%% Requests go out with call/3 and come back as #answer{}; what the HSS asks of the MME is answered
%% here and told to the owner as {request, Name, Map}.
-module(mme).

-include_lib("diameter/include/diameter.hrl").
-include("mme.hrl").

-export([start/2, stop/2, call/3, answers/2, counted/2, own_watchdog/0, close/2]).
%% Callbacks of diameter_app.
-export([peer_up/4, peer_down/4, pick_peer/5, prepare_request/4, prepare_retransmit/4]).
-export([handle_answer/5, handle_error/5, handle_request/4]).

-define(S6A, 16777251).
-define(TGPP, 10415).
-define(BINDERY, 32473).
-define(UP_MS, 60000).
-define(ANSWER_MS, 60000).
%% OTP asks a function for each watchdog interval, and then takes shorter ones than RFC 3539's six
%% seconds. Two without an answer end the connection: a HSS that is held up for a while is no dead one.
-define(WATCHDOG_MS, 4000).

own_watchdog() ->
    ?WATCHDOG_MS.

%% Name: of the service. Returns once the capabilities exchange is done.
start(Name, #{host := Host, realm := Realm} = Config) ->
    ok = diameter:start_service(Name, service(Host, Realm)),
    true = diameter:subscribe(Name),
    {ok, Ref} = diameter:add_transport(Name, {connect, transport(Config)}),
    {Ref, await_up(Name, Ref)}.

service(Host, Realm) ->
    [{'Origin-Host', Host},
     {'Origin-Realm', Realm},
     {'Vendor-Id', ?TGPP},
     {'Product-Name', "Erlang MME"},
     {'Supported-Vendor-Id', [?TGPP, ?BINDERY]},
     {'Vendor-Specific-Application-Id',
      [[{'Vendor-Id', ?TGPP}, {'Auth-Application-Id', [?S6A]}]]},
     {string_decode, false},
     {decode_format, map},
     {traffic_counters, true},
     {application,
      [{alias, base}, {dictionary, diameter_gen_base_rfc6733}, {module, [?MODULE, self()]}]},
     {application,
      [{alias, s6a},
       {dictionary, bindery_s6a},
       {module, [?MODULE, self()]},
       {answer_errors, callback}]}].

transport(#{address := Address, port := Port} = Config) ->
    [{transport_module, diameter_tcp},
     {transport_config,
      [{raddr, Address}, {rport, Port}, {reuseaddr, true} | tls(Config)]},
     {watchdog_timer, {?MODULE, own_watchdog, []}},
     %% Longer than close/2 waits: a DPR without its DPA fails there.
     {dpa_timeout, 6 * ?UP_MS},
     {capx_timeout, ?UP_MS},
     {connect_timer, 2000}].

%% true means TLS from the first octet on, as RFC 6733 2.1 wants it; the rest goes to ssl:connect.
tls(#{tls := #{ca := Ca, certificate := Certificate, key := Key, hss := Hss}}) ->
    [{ssl_options, true},
     {versions, ['tlsv1.3']},
     {verify, verify_peer},
     {cacertfile, Ca},
     {certfile, Certificate},
     {keyfile, Key},
     {server_name_indication, Hss}];
tls(_) ->
    [].

await_up(Name, Ref) ->
    receive
        #diameter_event{service = Name, info = {up, Ref, {_, Caps}, _, Packet}} ->
            {Caps, Packet};
        #diameter_event{service = Name, info = {closed, Ref, Reason, _}} ->
            error({no_connection, Reason})
    after ?UP_MS ->
        error(no_connection)
    end.

%% Ends the connection with a DPR, and the service with it.
stop(Name, Ref) ->
    close(Name, Ref),
    ok = diameter:stop_service(Name).

close(Name, Ref) ->
    ok = diameter:remove_transport(Name, Ref),
    receive
        #diameter_event{service = Name, info = {down, Ref, _, _}} -> ok
    after ?UP_MS ->
        error(not_down)
    end.

%% Fields every S6a request has are filled in; Avps come on top.
call(Name, Command, Avps) ->
    case diameter:call(Name, s6a, [Command | Avps], [{timeout, ?ANSWER_MS}]) of
        #answer{} = Answer -> Answer;
        Other -> error({no_answer, Command, Other})
    end.

%% How requests of this name are answered from now on: a Result-Code, {experimental, Code}, silence.
answers(Name, How) ->
    persistent_term:put({?MODULE, Name}, How).

answer_to('IDR') -> 'IDA';
answer_to('DSR') -> 'DSA';
answer_to('RSR') -> 'RSA'.

result({experimental, Code}) ->
    #{'Experimental-Result' => [#{'Vendor-Id' => ?TGPP, 'Experimental-Result-Code' => Code}]};
result(Code) ->
    #{'Result-Code' => [Code]}.

%% How many messages OTP counted: Counter is its own key, {{Application, Code, 1 for a request}, Way}
%% or the same with a result at the end.
counted(Name, Counter) ->
    lists:sum([N || Transport <- diameter:service_info(Name, transport),
                    {statistics, Counters} <- Transport,
                    {Key, N} <- Counters, Key =:= Counter]).

%% ---- callbacks ----

peer_up(_Service, _Peer, State, _Owner) ->
    State.

peer_down(_Service, _Peer, State, _Owner) ->
    State.

pick_peer([Peer | _], _, _Service, _State, _Owner) ->
    {ok, Peer};
pick_peer([], _, _Service, _State, _Owner) ->
    false.

prepare_request(#diameter_packet{msg = [Command | Avps]}, _Service, {_, Caps}, _Owner) ->
    #diameter_caps{origin_host = {Host, Hss}, origin_realm = {Realm, HssRealm}} = Caps,
    Common = #{'Session-Id' => diameter:session_id(Host),
               'Auth-Session-State' => 1,
               'Origin-Host' => Host,
               'Origin-Realm' => Realm,
               'Destination-Host' => [Hss],
               'Destination-Realm' => HssRealm},
    {send, [Command | maps:merge(Common, Avps)]}.

prepare_retransmit(Packet, _Service, _Peer, _Owner) ->
    {send, Packet}.

handle_answer(#diameter_packet{msg = [Name | Avps], errors = Errors, header = Header, bin = Bin},
              _Request, _Service, _Peer, _Owner) ->
    #answer{name = Name, avps = Avps, errors = Errors, header = Header, bin = Bin};
handle_answer(#diameter_packet{errors = Errors, bin = Bin}, _Request, _Service, _Peer, _Owner) ->
    {undecoded, Errors, Bin}.

handle_error(Reason, _Request, _Service, _Peer, _Owner) ->
    {error, Reason}.

handle_request(#diameter_packet{msg = ['CLR' | Clr], errors = []}, _Service, {_, Caps}, Owner) ->
    #diameter_caps{origin_host = {Host, _}, origin_realm = {Realm, _}} = Caps,
    Owner ! {request, 'CLR', Host, Clr},
    {reply, ['CLA' | #{'Session-Id' => maps:get('Session-Id', Clr),
                       'Result-Code' => [2001],
                       'Auth-Session-State' => 1,
                       'Origin-Host' => Host,
                       'Origin-Realm' => Realm}]};
%% What the owner has said is to be answered, success where it has said nothing.
handle_request(#diameter_packet{msg = [Name | Request], errors = []}, _Service, {_, Caps}, Owner)
  when Name =:= 'IDR'; Name =:= 'DSR'; Name =:= 'RSR' ->
    #diameter_caps{origin_host = {Host, _}, origin_realm = {Realm, _}} = Caps,
    How = persistent_term:get({?MODULE, Name}, 2001), % before the owner hears of it, and says another
    Owner ! {request, Name, Host, Request},
    case How of
        silence -> discard;
        Code -> {reply, [answer_to(Name) | maps:merge(result(Code),
                         #{'Session-Id' => maps:get('Session-Id', Request),
                           'Auth-Session-State' => 1,
                           'Origin-Host' => Host,
                           'Origin-Realm' => Realm})]}
    end;
handle_request(#diameter_packet{msg = Msg, errors = Errors}, _Service, _Peer, Owner) ->
    Owner ! {unexpected, Msg, Errors},
    {answer_message, 5012}.
