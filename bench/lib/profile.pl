#!/usr/bin/perl
# Sorts the stacks of 'perf script -F tid,ip,sym,dso' into the stages of a message: the first frame
# from the innermost that a stage knows decides. Prints "stage TAB part TAB of it in the kernel TAB
# samples", in the order below.
use strict;
use warnings;

my @stages = (
    ['send',            qr/^(?:send|__send|__libc_send\w*|sendmsg|SSL_write\w*|flush_plain|flush_tls|send_some)$/],
    ['receive',         qr/^(?:recv|__recv|__libc_recv\w*|read|SSL_read\w*|receive|feed_tls)$/],
    ['wait for events', qr/^epoll_(?:p?wait\w*|ctl)$/],
    ['unseal',          qr/^(?:seal_open|open_keys|open_kme)$/],
    ['AKA',             qr/^(?:binding_hss_\w+|aka_\w+|milenage\w*|tuak\w*|kdf_\w+|make_vectors)$/],
    ['read the store',  qr/^(?:store_\w+|read_subscriber|read_devices|read_view|stmt_\w+|columns_\w+|connection_\w+|sqlite3\w*|end_batch|begin_batch)$/],
    ['parse',           qr/^(?:s6a_\w+_parse|wire_air_read|diameter_(?:parse|routing_read|frame|header_read|find|avp_next\w*)|s6a_identify)$/],
    ['encode',          qr/^(?:s6a_\w+_write|wire_aia_fill|diameter_write|s6a_success|s6a_answer_\w+|air_answer)$/],
    ['SQN',             qr/^(?:recent_\w+|sqn_\w+|draw)$/],
    ['authorise',       qr/^(?:request_allowed|visited_allowed|route_agrees|agent_carries|origin_is_allowed)$/],
    ['peer and framing', qr/^(?:peer_\w+|take_event|serve|on_request|s6a_serve|s6a_air_serve|hssd_thread_send|node_send\w*)$/],
    ['the loop',        qr/^(?:node_\w+|thread_main|turn|run_ready|run_dirty)$/],
    ['other threads and the rest', qr/./],
);

my (%n, %kernel);
my $all = 0;
my @stack;

sub stage_of {
    for my $frame (@_) {
        for my $s (@stages[0 .. $#stages - 1]) {
            return $s->[0] if $frame =~ $s->[1];
        }
    }
    return $stages[-1][0];
}

sub take {
    return unless @stack;
    my $stage = stage_of(map { $_->[0] } @stack);
    $all++;
    $n{$stage}++;
    $kernel{$stage}++ if $stack[0][1] =~ /kernel|\.ko|unknown\]|vmlinux/;
    @stack = ();
}

while (<STDIN>) {
    if (/^\s+[0-9a-f]+\s+(\S+).*\((.*)\)\s*$/) {
        push @stack, [$1, $2];
    } elsif (/^\s*$/) {
        take();
    }
}
take();
die "no samples\n" unless $all;
for my $s (@stages) {
    my $got = $n{ $s->[0] } or next;
    printf "%s\t%.4f\t%.4f\t%d\n", $s->[0], $got / $all, ($kernel{ $s->[0] } // 0) / $all, $got;
}
