%% Test lines: "ok - sentence" or "not ok - sentence"; whoever runs this numbers them.
-module(tap).

-export([check/2, expect/3, failed/0]).

%% Fun returns when the sentence holds and throws or crashes when it does not.
check(Sentence, Fun) ->
    try Fun() of
        Result ->
            io:format("ok - ~ts~n", [Sentence]),
            Result
    catch
        Class:Reason:Stack ->
            put(failed, failed() + 1),
            io:format("not ok - ~ts~n", [Sentence]),
            comment(io_lib:format("~p: ~p~n~p", [Class, Reason, lists:sublist(Stack, 4)])),
            failed
    end.

comment(Text) ->
    Lines = string:split(lists:flatten(Text), "\n", all),
    lists:foreach(fun(Line) -> io:format("# ~ts~n", [Line]) end, Lines).

%% Names what differed, so that a failure reads without the source.
expect(_What, Value, Value) ->
    ok;
expect(What, Expected, Got) ->
    throw({What, {expected, Expected}, {got, Got}}).

failed() ->
    case get(failed) of
        undefined -> 0;
        N -> N
    end.
