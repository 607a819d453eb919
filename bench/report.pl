#!/usr/bin/perl
# The table of ./dev bench, from the notes that run.sh took: report.pl FOLDER.
#   FOLDER/machine   "name TAB value" lines
#   FOLDER/vectors   what bench_vectors printed, and "speed.*" lines of openssl speed
#   FOLDER/air       "round TAB server TAB case TAB name TAB value" lines
#   FOLDER/load      "name TAB value" lines of loading and of the store
use strict;
use warnings;

my ($folder) = @ARGV;
my $line = '-' x 86 . "\n";

sub rows {
    my ($file) = @_;
    open my $in, '<', "$folder/$file" or return;
    return map { chomp; [split /\t/] } <$in>;
}

sub spread {
    my @v = sort { $a <=> $b } @_;
    return unless @v;
    my $n = @v;
    my $median = $n % 2 ? $v[$n / 2] : ($v[$n / 2 - 1] + $v[$n / 2]) / 2;
    return ($median, $v[0], $v[-1]);
}

sub grouped {
    my ($n) = @_;
    $n = sprintf '%.0f', $n;
    1 while $n =~ s/^(\d+)(\d{3})/$1 $2/;
    return $n;
}

sub say_spread {
    my ($what, $format, @spread) = @_;
    return unless @spread;
    printf "%-50s %11s %11s %11s\n", $what, map { $format eq 'n' ? grouped($_) : sprintf $format, $_ } @spread;
}

sub machine {
    printf "%-12s %s\n", @$_ for rows('machine');
}

sub vectors {
    my %v = map { $_->[0] => [@$_[1 .. $#$_]] } rows('vectors');
    return unless $v{'milenage.vector'};
    print $line;
    printf "%-50s %11s %11s %11s\n", 'Vectors per second and core (one thread)', 'median', 'lowest', 'highest';
    say_spread($_->[1], $_->[2], @{ $v{ $_->[0] } }) for (
        ['milenage.vector',  'Milenage: RAND, AUTN, XRES, encRAND, KASME', 'n'],
        ['milenage.alone',   '  its AES and HMAC operations alone (EVP_MAC)', 'n'],
        ['ratio.milenage',   '  ratio', '%.2f'],
        ['milenage.hashes',  '  alone, the quickest way of OpenSSL we know of', 'n'],
        ['ratio.hashes',     '  ratio', '%.2f'],
        ['milenage.unbound', 'Milenage, regular (no encRAND)', 'n'],
        ['tuak.vector',      'TUAK: the same', 'n'],
        ['tuak.alone',       '  its Keccak, AES and HMAC operations alone', 'n'],
        ['ratio.tuak',       '  ratio', '%.2f'],
    );
    speed(\%v);
}

# Six blocks and one HMAC with keys that never change, as openssl speed has them: no key schedule in it.
sub speed {
    my ($v) = @_;
    return unless $v->{'speed.aes'} && $v->{'speed.hmac'};
    my $alone = 1 / (6 / $v->{'speed.aes'}[0] + 1 / $v->{'speed.hmac'}[0]);
    printf "%-50s %11s\n", 'openssl speed -evp aes-128-ecb, blocks of 16 per s', grouped($v->{'speed.aes'}[0]);
    printf "%-50s %11s\n", 'openssl speed -hmac sha256, of 16 octets per s', grouped($v->{'speed.hmac'}[0]);
    printf "%-50s %11s\n", '  6 and 1 of these', grouped($alone);
    printf "%-50s %11.2f\n", '  ratio: a vector against these, keys never changing', $v->{'milenage.vector'}[0] / $alone;
}

sub load {
    my %l = map { $_->[0] => $_->[1] } rows('load');
    return unless %l;
    print $line;
    printf "%-50s %11s\n", $_->[1], grouped($l{ $_->[0] }) for grep { defined $l{ $_->[0] } } (
        ['rows',            'Subscribers loaded (bindery import), half bound'],
        ['rows.per.second', '  rows per second'],
        ['disk.per.row',    '  octets on disk per subscriber'],
        ['restart.ms',      'Restart to READY with them, ms'],
        ['rss.kib',         'Resident memory after the runs, KiB'],
        ['anon.kib',        '  of it not pages of files'],
    );
}

# {case}{name}{server}[round]
sub air {
    my %a;
    my @cases;
    for (rows('air')) {
        my ($round, $server, $case, $name, $value) = @$_;
        push @cases, $case unless $a{$case};
        $a{$case}{$name}{$server}[$round] = $value;
    }
    for my $case (@cases) {
        print $line;
        printf "%-34s %12s %12s %11s %14s\n", "AIR, $case", 'freeDiameter', 'bindery-hssd', 'ratio', 'lowest-highest';
        air_row($a{$case}{ $_->[0] }, @$_) for (
            ['answers.per.second', 'answers per second'],
            ['p50.us',             'p50, us'],
            ['p95.us',             'p95, us'],
            ['p99.us',             'p99, us'],
            ['p99.9.us',           'p99.9, us'],
            ['server.cpu.us',      'CPU of the server per answer, us'],
        );
        failures($a{$case});
    }
}

sub air_row {
    my ($by, $name, $title) = @_;
    my @fd   = grep { defined } @{ $by->{fd}   // [] };
    my @hssd = grep { defined } @{ $by->{hssd} // [] };
    my @shown = map { my ($m) = spread(@$_); defined $m ? ($m < 100 ? sprintf '%.1f', $m : grouped($m)) : '-' } (\@fd, \@hssd);
    my @ratio = map { $fd[$_] ? $hssd[$_] / $fd[$_] : () } grep { defined $hssd[$_] } 0 .. $#fd;
    my ($m, $low, $high) = spread(@ratio);
    printf "%-34s %12s %12s %11s %14s\n", "  $title", @shown,
      defined $m ? (sprintf('%.2f', $m), sprintf('%.2f-%.2f', $low, $high)) : ('-', '-');
}

sub failures {
    my ($names) = @_;
    for my $name (sort grep { /^result\.|^lost$/ } keys %$names) {
        next if $name eq 'result.2001';
        for my $server (sort keys %{ $names->{$name} }) {
            my $sum = 0;
            $sum += $_ // 0 for @{ $names->{$name}{$server} };
            print "  $server: $name: $sum\n" if $sum;
        }
    }
}

machine();
vectors();
load();
air();
print $line;
