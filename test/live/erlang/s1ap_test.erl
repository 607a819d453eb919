%% The samples of S1AP (test/vectors/s1ap_samples.txt), read and written again by the code that OTP's
%% ASN.1 compiler makes of S1AP.asn1: the octets must come out as they went in, and the values in
%% between be those that test/codec/s1ap_samples.h names.
-module(s1ap_test).
-export([main/1]).

main([File]) ->
    {ok, Text} = file:read_file(File),
    Samples = [sample(L) || L <- binary:split(Text, <<"\n">>, [global]), L =/= <<>>,
                            binary:first(L) =/= $#],
    Good = [both_ways(S) || S <- Samples],
    Values = [value(C, Samples) || C <- values()],
    halt(case lists:all(fun(Ok) -> Ok end, Good ++ Values) andalso Good =/= [] of
             true -> 0;
             false -> 1
         end).

sample(Line) ->
    [Name, Hex] = binary:split(Line, <<" ">>),
    {binary_to_list(Name), binary:decode_hex(Hex)}.

say(true, Sentence, _) ->
    io:format("ok - ~s~n", [Sentence]),
    true;
say(false, Sentence, Why) ->
    io:format("not ok - ~s~n", [Sentence]),
    io:format(standard_error, "~p~n", [Why]),
    false.

both_ways({Name, Octets}) ->
    Got = try
              {ok, Pdu} = 'S1AP':decode('S1AP-PDU', Octets),
              {ok, Again} = 'S1AP':encode('S1AP-PDU', Pdu),
              Again
          catch
              _:Reason -> Reason
          end,
    say(Got =:= Octets, Name ++ ": read, and written to the same octets", Got).

%% Some values of each kind of encoding, as this decoder names them.
values() ->
    [{"S1SetupRequest-macro", 59, {'Global-ENB-ID', <<0, 16#F1, 16#10>>,
                                   {macro, <<16#ABCDE:20>>}, asn1_NOVALUE}},
     {"S1SetupRequest-macro", 60, "enb-1.cell 7"},
     {"S1SetupRequest-macro", 137, v128},
     {"S1SetupRequest-home", 59, {'Global-ENB-ID', <<16#13, 16#40, 16#01>>,
                                  {home, <<16#FEDCBA9:28>>}, asn1_NOVALUE}},
     {"S1SetupRequest-long-macro", 59, {'Global-ENB-ID', <<0, 16#F1, 16#10>>,
                                        {'long-macro', <<16#100001:21>>}, asn1_NOVALUE}},
     {"S1SetupResponse", 61, "bindery-mmed"},
     {"S1SetupResponse", 87, 255},
     {"S1SetupFailure", 2, {misc, 'unknown-PLMN'}},
     {"S1SetupFailure", 65, v60s},
     {"Reset-all", 92, {all, 'reset-all'}},
     {"InitialUEMessage", 8, 1},
     {"InitialUEMessage", 26, <<16#07417108091010103254769802E0E000040201D011:168>>},
     {"InitialUEMessage", 67, {'TAI', <<0, 16#F1, 16#10>>, <<1, 2>>, asn1_NOVALUE}},
     {"InitialUEMessage", 100, {'EUTRAN-CGI', <<0, 16#F1, 16#10>>, <<16#ABCDE01:28>>,
                                asn1_NOVALUE}},
     {"InitialUEMessage", 134, 'mo-Signalling'},
     {"InitialUEMessage-rerouted", 134, 'mo-ExceptionData'},
     {"InitialUEMessage-rerouted", 96, {'S-TMSI', <<16#AA>>, <<16#C0000001:32>>, asn1_NOVALUE}},
     {"InitialUEMessage-rerouted", 127, <<16#12, 16#34, 16#56, 3:3>>},
     {"InitialUEMessage-rerouted", 145, hybrid},
     {"InitialUEMessage-rerouted", 223, <<16#80, 1>>},
     {"DownlinkNASTransport-long", 0, 16#FFFFFFFF},
     {"DownlinkNASTransport-long", 106, 256},
     {"RerouteNASRequest", 224, {'Additional-GUTI',
                                 {'GUMMEI', <<0, 16#F1, 16#10>>, <<16#80, 2>>, <<9>>,
                                  asn1_NOVALUE}, <<16#DEADBEEF:32>>, asn1_NOVALUE}},
     {"RerouteNASRequest", 230, 3},
     {"InitialContextSetupRequest", 66, {'AMBR', 10000000000, 50000000, asn1_NOVALUE}},
     {"InitialContextSetupRequest", 107, {'UESecurityCapabilities', <<16#E000:16>>, <<16#6001:16>>,
                                          asn1_NOVALUE}},
     {"InitialContextSetupRequest", 73, <<16#80, (list_to_binary(lists:seq(1, 30)))/binary, 255>>},
     {"InitialContextSetupFailure", 2, {radioNetwork, 'up-integrity-protection-not-possible'}},
     {"UEContextReleaseCommand-mme", 99, {mME, 16#1000000}},
     {"UEContextReleaseCommand-mme", 2, {nas, 'uE-not-in-PLMN-serving-area'}},
     {"OverloadStart", 101, {overloadAction, 'reject-delay-tolerant-access'}},
     {"OverloadStart", 161, 99}].

value({Name, Id, Want}, Samples) ->
    {Name, Octets} = lists:keyfind(Name, 1, Samples),
    Got = try
              {ok, {_, {_, _, _, {_, Ies}}}} = 'S1AP':decode('S1AP-PDU', Octets),
              lists:keyfind(Id, 2, Ies)
          catch
              _:Reason -> Reason
          end,
    Sentence = io_lib:format("~s: IE ~b has the value it was given", [Name, Id]),
    say(is_tuple(Got) andalso tuple_size(Got) =:= 4 andalso element(4, Got) =:= Want, Sentence,
        {Got, Want}).
