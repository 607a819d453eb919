%% An answer as it came: decoded, with what the decoder objected to, and the header's flags.
-record(answer, {name, avps, errors, header, bin}).
