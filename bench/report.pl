#!/usr/bin/perl
# The table of ./dev bench, from the notes that run.sh took, and the same as JSON:
#   report.pl FOLDER [JSON-FILE]
#   FOLDER/machine    "name TAB value" lines
#   FOLDER/ITEM.tsv   "round TAB who TAB case TAB name TAB value" lines; who is ours or limit
# Every figure is the median of its rounds; a ratio is that of each round's pair, its lowest and
# highest beside it. bench/goals.tsv has the goals.
use strict;
use warnings;
use FindBin;
use JSON::PP;

my ($folder, $json_file) = @ARGV;
my @items = (
    ['vectors',     'Vectors per second and core (one thread)'],
    ['proofs',      'Proofs of devid per second and core; limit: the verifications alone, by openssl speed'],
    ['kme',         'Provisionings of kme per second and core; limit: RSA private operations, by openssl speed'],
    ['provisioning', 'Fresh devices over S6a, AIR and ULR, one thread for RSA; AIRs of others meanwhile'],
    ['onboarding',  'Onboardings of certattach per second and core; limit: their public-key operations, by openssl speed'],
    ['first-attach', 'Box-fresh devices: onboarding, then the attach, with site, HSS, MME and eNBs on this machine'],
    ['releases',    'Releases of eK (dimsi) per second and core; limit: their public-key operations, by openssl speed'],
    ['discovery',   'First attaches with a dIMSI, D-AUSF, MME and eNBs on this machine; limit: the AIRs it answers'],
    ['air',         'AIR; limit: bare freeDiameter, constant vector'],
    ['responder',   'AIR; limit: bare epoll responder, same cryptography'],
    ['sizes',       'AIR by number of subscribers, 4 connections, 32 outstanding; limit: the smallest'],
    ['peers',       'Authentication against other servers (limit)'],
    ['import',      'bindery import; limit: bare SQLite insert'],
    ['api-import',  'Rows over HTTPS, requests of 1000; limit: bindery import over the socket'],
    ['bulk',        'Publication of device bindings in one bulk; limit: signing and inserting alone, one thread'],
    ['lookups',     'GET of a binding over kept HTTPS connections; limit: libmicrohttpd, constant answer'],
    ['inquiries',   'Inquiries over S13; limit: plain equipment checks (warm), the look-ups alone (cold)'],
    ['eir',         'Equipment looked up in the lists, per second and core; limit: an empty list'],
    ['restart',     'From exec to the first answered AIR'],
    ['overload',    'Overload, on one core; limit of memory: the bound'],
    ['storm',       'A storm: Beta(3,4), AIR then ULR; each from when the device was due'],
    ['tls',         'TLS 1.3; limit: plain TCP, or OpenSSL alone'],
    ['import-load', 'Signalling while an import runs; limit: without one'],
    ['attach',      'The whole attach: devices, eNBs, MME and HSS on this machine; limit: the most it carries'],
    ['device',      'libbindery-ue, the device side'],
    ['profile',     'Where the processor time of an AIR goes'],
);
# In the order of the table: name and title. What is not here is in the JSON only.
my @names = (
    ['milenage.vector',         'Milenage: RAND, AUTN, XRES, encRAND, KASME'],
    ['milenage.alone',          '  its AES and HMAC operations alone (EVP_MAC)'],
    ['ratio.milenage',          '  ratio'],
    ['milenage.hashes',         '  alone, the quickest way of OpenSSL we know of'],
    ['ratio.hashes',            '  ratio'],
    ['milenage.unbound',        'Milenage, regular (no encRAND)'],
    ['tuak.vector',             'TUAK: the same'],
    ['tuak.alone',              '  its Keccak, AES and HMAC operations alone'],
    ['ratio.tuak',              '  ratio'],
    ['speed.aes',               'openssl speed aes-128-ecb, blocks a second'],
    ['speed.hmac',              'openssl speed hmac sha256, of 16 octets'],
    ['capacity',                'capacity, answers per second'],
    ['answers.per.second',      'answers per second'],
    ['vectors.per.second',      'vectors per second'],
    ['lookups.per.second',      'look-ups per second of processor time'],
    ['table.octets',            'memory of the table, octets'],
    ['proofs.per.second',       'proofs per second'],
    ['provisionings.per.second','provisionings per second'],
    ['onboardings.per.second',  'onboardings per second'],
    ['releases.per.second',     'releases per second'],
    ['prepare.us',              '  of one: offer verified, eK computed, us'],
    ['endorse.us',              '  endorsed'],
    ['seal.us',                 '  put into its box'],
    ['discovered.per.second',   'devices that got their IMSI, per second'],
    ['discovered.p50.ms',       '  p50, ms from when it was due'],
    ['discovered.p99.ms',       '  p99, ms'],
    ['octets.request',          'container 6, octets'],
    ['octets.result',           'container 7, octets'],
    ['handshakes.per.second',   'handshakes per second'],
    ['p50.us',                  'p50, us'],
    ['p95.us',                  'p95, us'],
    ['p99.us',                  'p99, us'],
    ['p99.9.us',                'p99.9, us'],
    ['server.cpu.us',           'CPU of the server for each, us'],
    ['store.share',             'of it for the store (read and unseal), %'],
    ['rows.per.second',         'rows per second'],
    ['memory.peak.kib',         'memory at its most, KiB'],
    ['import.rows.per.second',  'rows per second of the import'],
    ['disk.per.subscriber',     'octets on disk per subscriber'],
    ['restart.ms',              'ms'],
    ['devices',                 'devices'],
    ['registered',              'devices registered'],
    ['registered.per.second',   'registered per second'],
    ['attach.p50.ms',           'attach, p50, ms from when it was due'],
    ['attach.p99.ms',           'attach, p99, ms'],
    ['elapsed.s',               'until the last one, s'],
    ['mme.cpu.us',              'CPU of the MME for each, us'],
    ['dausf.cpu.us',            'CPU of the D-AUSF for each, us'],
    ['hss.cpu.us',              'CPU of the HSS for each, us'],
    ['ue.cpu.us',               'CPU of devices and eNBs for each, us'],
    ['mme.octets.per.ue',       'memory of the MME per attached UE, octets'],
    ['ue.octets',               'memory per emulated device, octets'],
    ['text.octets',             'text, octets'],
    ['data.octets',             'data'],
    ['bss.octets',              'bss'],
    ['context.octets',          'a context'],
    ['stack.octets',            'deepest stack, without the host\'s functions'],
    ['answered',                'answered'],
    (map { ["$_.p50.us", "$_: p50, us"], ["$_.p99.us", "$_: p99, us"], ["$_.max.us", "$_: slowest, us"] }
      qw(air ulr both)),
    (map { ["worst.p99.$_.us", "worst p99 of any part, $_, us"] } qw(before during after)),
    ['recovery.ms',             'usual again after the overload, ms'],
    ['lost',                    'not answered'],
    ['greedy.offered',          'greedy: offered'],
    ['greedy.sent',             'greedy: taken by the HSS'],
    ['greedy.succeeded',        'greedy: answered within half a second'],
    ['greedy.late_answers',     'greedy: answered later'],
    ['core.busy',               'core of the HSS meanwhile busy, %'],
    ['failed',                  'failed'],
    ['rss.kib',                 'resident memory, KiB'],
    ['anon.kib',                '  of it not pages of files'],
    ['samples',                 'samples'],
);
my $line = '-' x 126 . "\n";
my @goals;

sub rows {
    my ($file) = @_;
    open my $in, '<', $file or return;
    return map { chomp; [split /\t/] } grep { !/^#/ } <$in>;
}

sub spread {
    my @v = sort { $a <=> $b } @_;
    return unless @v;
    my $n = @v;
    return ($n % 2 ? $v[$n / 2] : ($v[$n / 2 - 1] + $v[$n / 2]) / 2, $v[0], $v[-1]);
}

sub number {
    my ($n) = @_;
    return '-' unless defined $n;
    return sprintf $n == int $n ? '%d' : $n < 10 ? '%.2f' : '%.1f', $n if abs $n < 1000;
    $n = sprintf '%.0f', $n;
    1 while $n =~ s/^(\d+)(\d{3})/$1 $2/;
    return $n;
}

# "reached", or how far it is: what is left, as a factor.
sub verdict {
    my ($kind, $number, $ours, $ratio) = @_;
    my $got = $kind =~ /^ratio/ ? $ratio : $ours;
    return 'not measured' unless defined $got;
    $_ += 0 for $got, $number;
    return 'reached' if $kind =~ />=/ ? $got >= $number : $got <= $number;
    return 'missed by ' . number($got - $number) unless $got && $number;
    return sprintf 'missed: factor %.2f', $kind =~ />=/ ? $number / $got : $got / $number;
}

sub figure {
    my ($item, $case, $name, $by) = @_;
    my %f = map { my $who = $_; $who => [grep { defined } @{ $by->{$who} // [] }] } qw(ours limit);
    my %out;
    for my $who (qw(ours limit)) {
        @out{ $who, "$who.low", "$who.high" } = spread(@{ $f{$who} }) if @{ $f{$who} };
    }
    my @ratios = map { ($f{limit}[$_] // 0) > 0 ? $f{ours}[$_] / $f{limit}[$_] : () }
      grep { defined $f{ours}[$_] } 0 .. $#{ $f{limit} };
    @out{qw(ratio ratio.low ratio.high)} = spread(@ratios) if @ratios;
    for (grep { $_->[0] eq $item && $case =~ /$_->[1]/ && $_->[2] eq $name } @goals) {
        my (undef, undef, undef, $kind, $bound) = @$_;
        $out{goal}    = "$kind $bound";
        $out{verdict} = verdict($kind, $bound, $out{ours}, $out{ratio});
    }
    return \%out;
}

sub say_figure {
    my ($title, $f) = @_;
    my $ratio = '-';
    if (defined $f->{ratio}) {
        $ratio = sprintf '%.2f (%.2f-%.2f)', @$f{qw(ratio ratio.low ratio.high)};
    } elsif (defined $f->{ours} && $f->{'ours.low'} != $f->{'ours.high'}) {
        $ratio = 'ours ' . number($f->{'ours.low'}) . '-' . number($f->{'ours.high'});
    }
    my $goal = $f->{goal} // '';
    $goal =~ s/^(ratio|value)//;
    printf "  %-46s %11s %11s  %-26s %9s  %s\n", $title, number($f->{limit}), number($f->{ours}), $ratio,
      $goal, $f->{verdict} // '';
}

sub say_case {
    my ($item, $case, $names) = @_;
    my %left = %$names;
    my %json;
    $json{$_} = figure($item, $case, $_, $names->{$_}) for keys %$names;
    print " $case\n";
    for (@names) {
        my ($name, $title) = @$_;
        next if !$json{$name} || $name eq 'vectors.per.second' && $item ne 'peers';
        say_figure($title, $json{$name});
    }
    say_stages($names) if $item eq 'profile';
    for my $bad (sort grep { /^result\.|^lost$/ } keys %$names) {
        next if $bad eq 'result.2001' || $json{$bad}{goal};
        for my $who (qw(ours limit)) {
            my $sum = 0;
            $sum += $_ // 0 for @{ $names->{$bad}{$who} // [] };
            print "  $who: $bad: $sum\n" if $sum;
        }
    }
    return \%json;
}

# The stages of a profile: part of the time, part of it in the kernel, microseconds.
sub say_stages {
    my ($names) = @_;
    my %part = map { /^stage: (.*)/ ? ($1 => $names->{$_}{ours}[0]) : () } keys %$names;
    for my $stage (sort { $part{$b} <=> $part{$a} } keys %part) {
        printf "  %-46s %10.1f %% %8.2f us  of it in the kernel %.1f %%\n", $stage, 100 * $part{$stage},
          $names->{"us: $stage"}{ours}[0], 100 * ($names->{"kernel: $stage"}{ours}[0] // 0);
    }
}

sub say_item {
    my ($item, $title) = @_;
    my (%a, @cases);
    for (rows("$folder/$item.tsv")) {
        my ($round, $who, $case, $name, $value) = @$_;
        push @cases, $case unless $a{$case};
        $a{$case}{$name}{$who}[$round] = $value;
    }
    return unless @cases;
    print $line;
    print "$title\n";
    printf "  %-46s %11s %11s  %-26s %9s\n", '', 'limit', 'ours', 'ratio (range)', 'goal';
    return { map { $_ => say_case($item, $_, $a{$_}) } @cases };
}

@goals = rows("$FindBin::Bin/goals.tsv");
my @machine = rows("$folder/machine");
my %json = (machine => { map { @$_ } @machine });
printf "%-12s %s\n", @$_ for @machine;
for (@items) {
    my $got = say_item(@$_);
    $json{items}{ $_->[0] } = $got if $got;
}
print $line;
if (defined $json_file) {
    open my $out, '>', $json_file or die "$json_file: $!\n";
    print $out JSON::PP->new->canonical->pretty->encode(\%json);
    close $out or die "$json_file: $!\n";
}
