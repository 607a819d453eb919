%% Milenage (TS 35.206) and what an EPS USIM and MME make of it (TS 33.102 6.3, TS 33.401 A.2), over
%% nothing but AES-ECB and HMAC of OTP's crypto. It was written from the specifications so that
%% Bindery's vectors are checked by somebody who shares no line with it.
-module(milenage).

-export([self_test/0, mac_a/5, mac_s/4, res/3, ck/3, ik/3, ak/3, ak_star/3]).
-export([kasme/5, auts/4, decrypt_rand/2]).

%% Rotations and constants of TS 35.206 4.1.
-define(R1, 64).
-define(R2, 0).
-define(R3, 32).
-define(R4, 64).
-define(R5, 96).

aes(K, <<Block:16/binary>>) ->
    crypto:crypto_one_time(aes_128_ecb, K, Block, true).

'xor'(A, B) ->
    crypto:exor(A, B).

rotate(Block, Bits) ->
    <<Head:Bits/bitstring, Tail/bitstring>> = Block,
    <<Tail/bitstring, Head/bitstring>>.

%% OUT2 to OUT5: E[rot(TEMP ^ OPc, r) ^ c] ^ OPc.
out(K, Opc, Rand, R, C) ->
    Temp = aes(K, 'xor'(Rand, Opc)),
    'xor'(aes(K, 'xor'(rotate('xor'(Temp, Opc), R), <<C:128>>)), Opc).

%% OUT1: E[TEMP ^ rot(IN1 ^ OPc, r1) ^ c1] ^ OPc, with c1 of zero.
out1(K, Opc, Rand, Sqn, Amf) ->
    Temp = aes(K, 'xor'(Rand, Opc)),
    In1 = <<Sqn:48, Amf:16, Sqn:48, Amf:16>>,
    'xor'(aes(K, 'xor'(Temp, rotate('xor'(In1, Opc), ?R1))), Opc).

mac_a(K, Opc, Rand, Sqn, Amf) ->
    binary:part(out1(K, Opc, Rand, Sqn, Amf), 0, 8).

%% f1*, whose AMF is zero in a resynchronisation (TS 33.102 6.3.3).
mac_s(K, Opc, Rand, Sqn) ->
    binary:part(out1(K, Opc, Rand, Sqn, 0), 8, 8).

res(K, Opc, Rand) ->
    binary:part(out(K, Opc, Rand, ?R2, 1), 8, 8).

ak(K, Opc, Rand) ->
    binary:part(out(K, Opc, Rand, ?R2, 1), 0, 6).

ck(K, Opc, Rand) ->
    out(K, Opc, Rand, ?R3, 2).

ik(K, Opc, Rand) ->
    out(K, Opc, Rand, ?R4, 4).

ak_star(K, Opc, Rand) ->
    binary:part(out(K, Opc, Rand, ?R5, 8), 0, 6).

%% KASME, FC 0x10: serving network, then SQN ^ AK, each followed by its length.
kasme(K, Opc, Rand, Plmn, SqnXorAk) ->
    Key = <<(ck(K, Opc, Rand))/binary, (ik(K, Opc, Rand))/binary>>,
    crypto:mac(hmac, sha256, Key, <<16#10, Plmn:3/binary, 3:16, SqnXorAk:6/binary, 6:16>>).

%% What a USIM that has seen SqnMs answers to a challenge that is too old for it.
auts(K, Opc, Rand, SqnMs) ->
    Concealed = 'xor'(<<SqnMs:48>>, ak_star(K, Opc, Rand)),
    <<Concealed/binary, (mac_s(K, Opc, Rand, SqnMs))/binary>>.

%% The device's part of a bound subscription (TR 33.868 5.4.4.2.3.2 step 3).
decrypt_rand(Kme, EncRand) ->
    crypto:crypto_one_time(aes_128_ecb, Kme, EncRand, false).

%% TS 35.208 test set 1: this module must be right before it judges anybody.
self_test() ->
    K = <<16#465B5CE8B199B49FAA5F0A2EE238A6BC:128>>,
    Opc = <<16#CD63CB71954A9F4E48A5994E37A02BAF:128>>,
    Rand = <<16#23553CBE9637A89D218AE64DAE47BF35:128>>,
    <<16#4A9FFAC354DFAFB3:64>> = mac_a(K, Opc, Rand, 16#FF9BB4D0B607, 16#B9B9),
    <<16#01CFAF9EC4E871E9:64>> = binary:part(out1(K, Opc, Rand, 16#FF9BB4D0B607, 16#B9B9), 8, 8),
    <<16#A54211D5E3BA50BF:64>> = res(K, Opc, Rand),
    <<16#AA689C648370:48>> = ak(K, Opc, Rand),
    <<16#B40BA9A3C58B2A05BBF0D987B21BF8CB:128>> = ck(K, Opc, Rand),
    <<16#F769BCD751044604127672711C6D3441:128>> = ik(K, Opc, Rand),
    <<16#451E8BECA43B:48>> = ak_star(K, Opc, Rand),
    ok.
