# Required by the perl checks: the files of the tree, C without comments and strings, and allowlists
# that may only shrink. perl-base is enough.
use strict;
use warnings;

our $failures = 0;

sub complain { print "@_\n"; $failures++ }
sub finish   { exit($failures ? 1 : 0) }

sub slurp {
    my ($path) = @_;
    open my $f, '<', $path or die "$path: $!\n";
    local $/;
    my $text = <$f>;
    return defined $text ? $text : '';
}

# Files below the folders whose names end as asked, sorted.
sub files {
    my ($ending, @folders) = @_;
    my @found;
    while (defined(my $dir = shift @folders)) {
        opendir my $d, $dir or next;
        for my $name (sort grep { !/^\./ } readdir $d) {
            my $path = "$dir/$name";
            if (-d $path) { push @folders, $path }
            elsif ($name =~ $ending) { push @found, $path }
        }
    }
    return sort @found;
}

# src/nf/hssd/air.c -> nf/hssd
sub room_of {
    my ($path) = @_;
    return $path =~ m{^(?:src|test)/(.+)/[^/]+$} ? $1 : '';
}

# C with comments, and with the insides of strings and characters, blanked; lines stay where they are.
sub bare_c {
    my ($text) = @_;
    $text =~ s{(/\*.*?\*/|//[^\n]*)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')}{
        my ($comment, $quoted) = ($1, $2);
        if (defined $comment) { $comment =~ s/[^\n]/ /g; $comment }
        else { substr($quoted, 0, 1) . ' ' x (length($quoted) - 2) . substr($quoted, -1) }
    }gse;
    return $text;
}

# tools/allow/NAME.txt: an entry a line, then why. What is on the list is let through; what is on it
# and was not needed has to go.
my (%allowed, %needed, $allow_path);
sub allowlist {
    my ($name) = @_;
    $allow_path = "tools/allow/$name.txt";
    return unless -e $allow_path;
    for (split /\n/, slurp($allow_path)) {
        next if /^\s*(#|$)/;
        my ($entry, $why) = split ' ', $_, 2;
        complain("$allow_path: '$entry' has no reason after it") unless defined $why;
        $allowed{$entry} = 1;
    }
}
sub allowed {
    my ($entry) = @_;
    $needed{$entry} = 1 if $allowed{$entry};
    return $allowed{$entry};
}
sub unused_allowances {
    for my $entry (sort keys %allowed) {
        complain("$allow_path: '$entry' is not needed any more; remove it") unless $needed{$entry};
    }
}

1;
