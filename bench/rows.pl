#!/usr/bin/perl
# Subscribers for the bench as NDJSON: rows.pl COUNT [FIRST]. Every other one is bound to a device of
# its own. The keys are nobody's: a fixed sequence, so that two runs load the same rows.
use strict;
use warnings;

my ($count, $first) = (@ARGV, 1);
die "usage: rows.pl COUNT [FIRST]\n" unless defined $count && "$count $first" =~ /^[1-9]\d{0,8} [1-9]\d{0,9}$/;
srand $first;
sub key { return sprintf '%08x%08x%08x%08x', map { int rand 2**32 } 1 .. 4 }
for my $i ($first .. $first + $count - 1) {
    my $device = '';
    my $policy = 'open';
    if ($i % 2) {
        $policy = 'bound';
        $device = sprintf ',"devices":[{"imei":"35693803%06d","kme":"%s"}]', $i % 1_000_000, key();
    }
    printf qq({"imsi":"00101%010d","k":"%s","opc":"%s","policy":"%s"%s}\n), $i, key(), key(), $policy,
      $device;
}
