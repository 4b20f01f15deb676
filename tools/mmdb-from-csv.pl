#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# mmdb-from-csv KIND OUT BUILD_EPOCH FILE... - make a MaxMind database from lists of ranges.
#
#   asn      first,last,number,"organisation"    addresses as text  -> shaped like GeoLite2-ASN
#   country  first,last,CC                       IPv4 as integers or text, '#' comments -> flat, country_code
#
# Prints how many ranges it took; fails when it took suspiciously few.
use strict;
use warnings;
use MaxMind::DB::Writer::Tree;
use Text::CSV_XS;

my ($kind, $out, $epoch, @files) = @ARGV;
die "usage: mmdb-from-csv asn|country OUT BUILD_EPOCH FILE...\n"
    unless @files && $kind =~ /^(asn|country)$/ && $epoch =~ /^\d+$/;

my %type = (
    autonomous_system_number       => 'uint32',
    autonomous_system_organization => 'utf8_string',
    country_code                   => 'utf8_string',
);
my $tree = MaxMind::DB::Writer::Tree->new(
    ip_version               => 6,
    record_size              => 24,
    database_type            => $kind eq 'asn' ? 'Telltale-ASN' : 'Telltale-Country',
    languages                => ['en'],
    description              => { en => "$kind of addresses; origin and licence: see the file SOURCES beside it" },
    _build_epoch             => $epoch,
    remove_reserved_networks => 0,
    map_key_type_callback    => sub { $type{ $_[0] } },
);

sub dotted { my ($a) = @_; return $a =~ /^\d+$/ ? join('.', unpack('C4', pack('N', $a))) : $a }

sub record {
    my @field = @_;

    if ($kind eq 'country') {
        return $field[0] =~ /^[A-Z]{2}$/ ? { country_code => $field[0] } : undef;
    }
    return undef unless $field[0] =~ /^\d+$/ && $field[0] > 0;
    return { autonomous_system_number => $field[0], autonomous_system_organization => $field[1] // '' };
}

my $csv = Text::CSV_XS->new({ binary => 1 });
my ($taken, $left) = (0, 0);
for my $file (@files) {
    open my $in, '<:encoding(UTF-8)', $file or die "$file: $!\n";
    while (my $line = $csv->getline($in)) {
        my ($first, $last, @rest) = @$line;
        next if $first =~ /^\s*(#|$)/;
        my $record = @rest ? record(@rest) : undef;
        if ($record && eval { $tree->insert_range(dotted($first), dotted($last), $record); 1 }) {
            $taken++;
        } else {
            $left++;
        }
    }
    $csv->eof or die "$file: line " . $csv->record_number . ": " . $csv->error_diag . "\n";
    close $in;
}
die "only $taken ranges are usable and $left are not; this is not the expected list\n"
    if $taken < 1000 || $left > $taken / 10;

open my $db, '>:raw', $out or die "$out: $!\n";
$tree->write_tree($db);
close $db or die "$out: $!\n";
print "$taken ranges", ($left ? ", $left left out" : ''), "\n";
