#!/usr/bin/perl
# Figures out of the JSON of 'bindery load':
#   load.pl kinds FILE               p50, p99 and failures, of each kind of request
#   load.pl phases FILE FROM TO      before, during and after [FROM, TO) seconds, and how long after
#                                    TO it took until all was as before
# "name TAB value" lines; latencies in microseconds.
use strict;
use warnings;
use JSON::PP;

my ($what, $file, $from, $to) = @ARGV;
open my $in, '<', $file or die "$file: $!\n";
my $json = decode_json(do { local $/; <$in> });

sub kinds {
    for my $kind (sort keys %{ $json->{kinds} }) {
        my $l = $json->{kinds}{$kind}{latency_ms} or next;
        printf "%s.%s.us\t%.1f\n", $kind, $_, 1000 * $l->{$_} for qw(p50 p99 max);
    }
    printf "%s\t%d\n", $_, $json->{$_} for qw(offered sent succeeded late_answers failed);
}

# The worst p99 of the columns is no p99 of all, but never below it.
sub phases {
    my %p99 = (before => 0, during => 0, after => 0);
    my %n   = (%p99, failed => 0);
    my $recovered;
    my @over = @{ $json->{over_time} };
    my $width = $over[1]{at} - $over[0]{at};
    for my $c (@over) {
        my $phase = $c->{at} + $width <= $from ? 'before' : $c->{at} < $to ? 'during' : 'after';
        $n{failed} += $c->{failed};
        $n{$phase} += $c->{succeeded};
        my $l = $c->{latency_ms} or next;
        $p99{$phase} = $l->{p99} if $l->{p99} > $p99{$phase};
    }
    my $usual = 2 * $p99{before} > 1 ? 2 * $p99{before} : 1;
    for my $c (reverse grep { $_->{at} >= $to } @over) {
        last if $c->{failed} || !$c->{latency_ms} && $c->{offered} || $c->{latency_ms} && $c->{latency_ms}{p99} > $usual;
        $recovered = $c->{at};
    }
    printf "worst.p99.%s.us\t%.1f\n", $_, 1000 * $p99{$_} for qw(before during after);
    printf "recovery.ms\t%.0f\n", defined $recovered ? 1000 * ($recovered - $to) : 1e9;
    printf "offered\t%d\nlost\t%d\n", $json->{offered}, $json->{offered} - $json->{succeeded};
    printf "p99.us\t%.1f\n", 1000 * $json->{latency_ms}{p99};
}

$what eq 'kinds' ? kinds() : phases();
