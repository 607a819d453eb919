%% An MME as far as S13 sees one: a service of OTP's diameter whose one application is S13, with one
%% connection to the EIR. Requests go out with check/2 and come back as #answer{}.
-module(s13_mme).

-include_lib("diameter/include/diameter.hrl").
-include("mme.hrl").

-export([start/2, stop/2, check/2]).
%% Callbacks of diameter_app.
-export([peer_up/4, peer_down/4, pick_peer/5, prepare_request/4, prepare_retransmit/4]).
-export([handle_answer/5, handle_error/5, handle_request/4]).

-define(S13, 16777252).
-define(TGPP, 10415).
-define(WAIT_MS, 60000).

start(Name, #{host := Host, realm := Realm, address := Address, port := Port}) ->
    ok = diameter:start_service(Name, service(Host, Realm)),
    true = diameter:subscribe(Name),
    {ok, Ref} = diameter:add_transport(Name, {connect, [
        {transport_module, diameter_tcp},
        {transport_config, [{raddr, Address}, {rport, Port}, {reuseaddr, true}]},
        {capx_timeout, ?WAIT_MS},
        {connect_timer, 2000}]}),
    receive
        #diameter_event{service = Name, info = {up, Ref, _, _, #diameter_packet{msg = Cea}}} ->
            {Ref, Cea};
        #diameter_event{service = Name, info = {closed, Ref, Reason, _}} ->
            error({no_connection, Reason})
    after ?WAIT_MS ->
        error(no_connection)
    end.

service(Host, Realm) ->
    [{'Origin-Host', Host},
     {'Origin-Realm', Realm},
     {'Vendor-Id', ?TGPP},
     {'Product-Name', "Erlang MME on S13"},
     {'Supported-Vendor-Id', [?TGPP]},
     {'Vendor-Specific-Application-Id',
      [[{'Vendor-Id', ?TGPP}, {'Auth-Application-Id', [?S13]}]]},
     {string_decode, false},
     {decode_format, map},
     {application,
      [{alias, base}, {dictionary, diameter_gen_base_rfc6733}, {module, [?MODULE, self()]}]},
     {application,
      [{alias, s13},
       {dictionary, bindery_s13},
       {module, [?MODULE, self()]},
       {answer_errors, callback}]}].

stop(Name, Ref) ->
    ok = diameter:remove_transport(Name, Ref),
    receive
        #diameter_event{service = Name, info = {down, Ref, _, _}} -> ok
    after ?WAIT_MS ->
        error(not_down)
    end,
    ok = diameter:stop_service(Name).

%% Fields every request has are filled in; Avps come on top.
check(Name, Avps) ->
    case diameter:call(Name, s13, ['ECR' | Avps], [{timeout, ?WAIT_MS}]) of
        #answer{} = Answer -> Answer;
        Other -> error({no_answer, Other})
    end.

%% ---- callbacks ----

peer_up(_Service, _Peer, State, _Owner) ->
    State.

peer_down(_Service, _Peer, State, _Owner) ->
    State.

pick_peer([Peer | _], _, _Service, _State, _Owner) ->
    {ok, Peer};
pick_peer([], _, _Service, _State, _Owner) ->
    false.

prepare_request(#diameter_packet{msg = ['ECR' | Avps]}, _Service, {_, Caps}, _Owner) ->
    #diameter_caps{origin_host = {Host, Eir}, origin_realm = {Realm, EirRealm}} = Caps,
    Common = #{'Session-Id' => diameter:session_id(Host),
               'Auth-Session-State' => 1,
               'Vendor-Specific-Application-Id' =>
                   [#{'Vendor-Id' => ?TGPP, 'Auth-Application-Id' => [?S13]}],
               'Origin-Host' => Host,
               'Origin-Realm' => Realm,
               'Destination-Host' => [Eir],
               'Destination-Realm' => EirRealm},
    {send, ['ECR' | maps:merge(Common, Avps)]}.

prepare_retransmit(Packet, _Service, _Peer, _Owner) ->
    {send, Packet}.

handle_answer(#diameter_packet{msg = [Name | Avps], errors = Errors, header = Header, bin = Bin},
              _Request, _Service, _Peer, _Owner) ->
    #answer{name = Name, avps = Avps, errors = Errors, header = Header, bin = Bin};
handle_answer(#diameter_packet{errors = Errors, bin = Bin}, _Request, _Service, _Peer, _Owner) ->
    {undecoded, Errors, Bin}.

handle_error(Reason, _Request, _Service, _Peer, _Owner) ->
    {error, Reason}.

handle_request(#diameter_packet{}, _Service, _Peer, _Owner) ->
    {answer_message, 5012}.
