#!/bin/sh
# quickstart - on a Debian 12 with gcc, make and git: installs what is needed, builds, and runs telltale on the capture
# that the project carries, with a small geo database made for its addresses.
set -eu
cd "$(dirname "$0")/.."
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
export DEBIAN_FRONTEND=noninteractive
as_root apt-get update -qq
as_root make -s deps > /dev/null
make -j"$(nproc)" all build/release/tests/mkmmdb >&2

db=$(mktemp -d)
trap 'rm -rf "$db"' EXIT
build/release/tests/mkmmdb "$db" > /dev/null
echo "telltale -r tests/golden/office/in.pcap --geo-country country.mmdb --geo-asn asn.mmdb" >&2
build/release/telltale -r tests/golden/office/in.pcap -C /dev/null --geo-country "$db/country.mmdb" --geo-asn "$db/asn.mmdb"
