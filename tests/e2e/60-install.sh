#!/usr/bin/env bash
# An installed telltale finds its data, wherever it was installed to.
case ${SAN:-} in "") ;; *) echo "skip install: done without sanitizers"; exit 0 ;; esac
make -s install PREFIX=/usr DESTDIR="$TMP/root" > /dev/null || { echo "FAIL install"; exit 0; }
if (cd / && "$TMP/root/usr/bin/telltale" check -C /dev/null | grep -q '^catalogue .*root/usr/share/telltale'); then
	echo "ok install: the catalogue is found"
else
	(cd / && "$TMP/root/usr/bin/telltale" check -C /dev/null)
	echo "FAIL install: the catalogue is not found"
fi
[ -f "$TMP/root/usr/share/man/man1/telltale.1" ] && echo "ok install: manual" || echo "FAIL install: manual"
make -s uninstall PREFIX=/usr DESTDIR="$TMP/root" > /dev/null
[ -z "$(find "$TMP/root" -type f)" ] && echo "ok uninstall" || { find "$TMP/root" -type f; echo "FAIL uninstall"; }
