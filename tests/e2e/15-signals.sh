#!/usr/bin/env bash
# Every enabled signal of the catalogue is met by bytes made for it (tests/mkcatalog.c), and look-alikes of its names by
# nothing: tests/signals.py says which.  A catalogue with another name in it must be told from the one that was written.
V=catalog/vendors
if ! "$B/tests/mkcatalog" $V "$TMP/signals.pcap" "$TMP/signals.ndjson"; then
	echo "FAIL signals: nothing was written"
	exit 0
fi
python3 tests/signals.py "$B/telltale" $V "$TMP/signals.pcap" "$TMP/signals.ndjson" > "$TMP/signals.out"
rc=$?
cat "$TMP/signals.out"
[ $rc -eq 0 ] || grep -q '^FAIL' "$TMP/signals.out" || echo "FAIL signals: exit status $rc"

# The checker has to notice when a signal is not what it was when the capture was written.
cp -r $V "$TMP/other"
f=$(grep -lE '^    host_exact: [a-z.-]+$' "$TMP"/other/*.yaml | head -n 1)
sed -i -E '0,/^    host_exact: ([a-z.-]+)$/s//    host_exact: elsewhere.\1/' "$f"
cat > "$TMP/other.sh" << S
#!/bin/sh
[ "\$1" = catalog ] && exec "$B/telltale" "\$@"
exec "$B/telltale" "\$@" --catalog "$TMP/other"
S
chmod +x "$TMP/other.sh"
python3 tests/signals.py "$TMP/other.sh" $V "$TMP/signals.pcap" "$TMP/signals.ndjson" > "$TMP/other.out"
if grep -q '^[a-z-]*/[a-z0-9-]*: never met' <(diff "$TMP/signals.out" "$TMP/other.out" | sed -n 's/^> //p'); then
	echo "ok signals: another name in ${f##*/} is noticed"
else
	echo "FAIL signals: another name in ${f##*/} goes unnoticed"
fi
