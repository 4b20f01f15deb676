#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# geodb.sh [DIR] - get country and AS databases; "make geodb" runs this.
#
# DIR is $XDG_DATA_HOME/telltale or ~/.local/share/telltale unless given; telltale looks there by itself.
# Country databases are read as they are published; the AS database is made from lists of ranges.  Where npm is
# missing or fails, Debian's tor-geoipdb serves for countries, and there is no AS database.
# All or nothing: the files that are there stay until every new one is whole, and a full set stays when only
# the lesser one could be had.
set -euo pipefail

dir=${1:-${XDG_DATA_HOME:-${HOME:?has no value; give the folder as argument}/.local/share}/telltale}
tools=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp" "$dir"/.geodb-new.*' EXIT
trap 'exit 1' INT TERM HUP
mkdir "$tmp/out"

say() { echo "geodb: $*" >&2; }
die() { say "$*"; exit 1; }

# source_line FILE NAME VERSION DATE LICENCE
source_line() {
	printf '%s\n\tsource   %s\n\tversion  %s\n\tdata of  %s\n\tlicence  %s\n\tsha256   %s\n' "$1" "$2" "$3" "$4" "$5" \
	    "$(sha256sum "$tmp/out/$1" | cut -d' ' -f1)" >>"$tmp/sources"
}

# npm_get PACKAGE: its files in $tmp/PACKAGE/package; sets version and date (versions end in the day: 2.3.2026061719)
npm_get() {
	local tarball

	say "fetching $1"
	mkdir "$tmp/$1"
	tarball=$(cd "$tmp/$1" && npm pack --loglevel=error --fetch-retries=1 --cache "$tmp/cache" "@ip-location-db/$1") || return 1
	tar -xzf "$tmp/$1/$tarball" -C "$tmp/$1" || return 1
	version=$(sed -n 's/^ *"version": *"\([0-9.]*\)".*/\1/p' "$tmp/$1/package/package.json")
	date=$(sed -n 's/.*\.\(20[0-9][0-9]\)\([01][0-9]\)\([0-3][0-9]\)[0-9]*$/\1-\2-\3/p' <<<"$version")
	if [ -z "$date" ]; then
		say "$1: its version \"$version\" does not end in a date"
		return 1
	fi
}

# npm_country NUMBER PACKAGE LICENCE
npm_country() {
	local name=country-$1-${2%-country-mmdb}.mmdb

	npm_get "$2" || return 1
	cp "$tmp/$2/package/${2%-mmdb}.mmdb" "$tmp/out/$name" || return 1
	tail -c 131072 "$tmp/out/$name" | grep -aq 'MaxMind\.com' || { say "$2: holds no whole database"; return 1; }
	source_line "$name" "@ip-location-db/$2 (npm)" "$version" "$date" "$3"
}

npm_asn() {
	local from=$tmp/asn/package

	npm_get asn || return 1
	say "building asn.mmdb (half a million ranges, about ten seconds)"
	perl "$tools/mmdb-from-csv.pl" asn "$tmp/out/asn.mmdb" "$(date -u -d "$date" +%s)" \
	    "$from/asn-ipv4.csv" "$from/asn-ipv6.csv" >&2 || return 1
	source_line asn.mmdb "@ip-location-db/asn (npm), converted" "$version" "$date" \
	    "CC BY 4.0, Route Views; DB-IP (https://db-ip.com); Number Resource Organization"
}

from_npm() {
	command -v npm >/dev/null || { say "npm is not installed"; return 1; }
	npm_country 1 geo-whois-asn-country-mmdb "CC0 1.0; its NRO part CC BY 4.0, Number Resource Organization" &&
	    npm_country 2 dbip-country-mmdb "CC BY 4.0, IP Geolocation by DB-IP (https://db-ip.com)" && npm_asn
}

from_debian() {
	local root="" day

	if [ ! -r /usr/share/tor/geoip ]; then
		say "fetching Debian's tor-geoipdb"
		(cd "$tmp" && apt-get -qq -o APT::Sandbox::User=root download tor-geoipdb >&2 &&
		    dpkg-deb -x tor-geoipdb_*.deb deb) || return 1
		root=$tmp/deb
	fi
	day=$(date -u -d "$(sed -n 's/^# Generated: *//p' "$root/usr/share/tor/geoip")" +%Y-%m-%d) || return 1
	say "building country-1-ipfire.mmdb (about ten seconds)"
	perl "$tools/mmdb-from-csv.pl" country "$tmp/out/country-1-ipfire.mmdb" "$(date -u -d "$day" +%s)" \
	    "$root/usr/share/tor/geoip" "$root/usr/share/tor/geoip6" >&2 || return 1
	source_line country-1-ipfire.mmdb "tor-geoipdb (Debian), converted" "$day" "$day" \
	    "CC BY-SA 4.0, IPFire Location Database"
}

# Out of the way with what an earlier run put here and this one did not.
remove_old() {
	local old

	[ -f "$dir/SOURCES" ] || return 0
	grep -E '^(country-[0-9]+-[a-z-]+|asn)\.mmdb$' "$dir/SOURCES" | while read -r old; do
		[ -e "$tmp/out/$old" ] || rm -f "$dir/$old"
	done
}

install_all() {
	local f

	mkdir -p "$dir"
	{ echo "Made by geodb.sh on $(date -u +%Y-%m-%d)."; echo; cat "$tmp/sources"; } >"$tmp/out/SOURCES"
	for f in "$tmp"/out/*; do
		install -m 644 "$f" "$dir/.geodb-new.${f##*/}"
	done
	remove_old
	for f in "$tmp"/out/*; do
		mv -f "$dir/.geodb-new.${f##*/}" "$dir/${f##*/}"
	done
}

perl -MMaxMind::DB::Writer::Tree -MText::CSV_XS -e 1 2>/dev/null ||
	die "needs two Perl modules: apt-get install libmaxmind-db-writer-perl libtext-csv-xs-perl"
if ! from_npm; then
	[ ! -e "$dir/asn.mmdb" ] || die "no databases from npm; those of an earlier run in $dir stay, for they are more"
	say "no databases from npm; trying Debian's tor-geoipdb (countries only)"
	rm -rf "$tmp"/out/* "$tmp/sources"
	from_debian || die "got no database; $dir is as it was"
fi
install_all
say "in $dir: $(cd "$dir" && echo *.mmdb); origins and licences are in its file SOURCES"
