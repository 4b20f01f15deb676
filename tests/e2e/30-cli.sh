#!/usr/bin/env bash
# The command line: exit codes, messages, help, configuration, explain, check.
t=$B/telltale in=tests/golden/office/in.pcap
TMP=${TMP:?}
export XDG_CONFIG_HOME=$TMP/config XDG_DATA_HOME=$TMP/data HOME=$TMP
# name, wanted exit code, wanted words in stdout+stderr (extended regular expression), command...
expect() {
	local name=$1 code=$2 words=$3 rc; shift 3
	"$@" > "$TMP/cli.out" 2>&1 < /dev/null
	rc=$?
	if [ $rc -eq "$code" ] && grep -qE -- "$words" "$TMP/cli.out"; then
		echo "ok cli $name"
	else
		head -n 3 "$TMP/cli.out"
		echo "FAIL cli $name: exit $rc, wanted $code with /$words/"
	fi
}
expect "nothing to read" 2 "nothing to read: name files with -r" "$t"
expect "unknown command" 2 "'frobnicate' is no command" "$t" frobnicate
expect "unknown option" 2 "--frobnicate: unknown option" "$t" -r $in --frobnicate
expect "option without value" 2 "-r: lacks its value" "$t" -r
expect "no such file" 1 "/nonexistent.pcap: No such file" "$t" -r /nonexistent.pcap
expect "no such second file" 1 "other.pcap: No such file" "$t" -r $in other.pcap
expect "not a capture" 1 "README.md: not a capture file" "$t" -r README.md
expect "bad filter" 2 "filter 'no such words'" "$t" -r $in no such words
expect "a file that is none does not hide the next" 1 '"frames":189' "$t" -r README.md $in
expect "a filter that refuses everything" 0 "the filter refused every frame" "$t" -r $in vlan
expect "files and interfaces" 2 "cannot be read together" "$t" -r $in -i lo
expect "help" 0 "Commands:" "$t" --help
expect "help on run" 0 "usage: telltale \[run\]" "$t" help run
expect "run --help" 0 "usage: telltale \[run\]" "$t" run --help
expect "help on settings" 0 "limits.memory" "$t" help settings
expect "version" 0 "^telltale [0-9.]+, with nDPI" "$t" --version
expect "bad setting" 2 "limits.flows is 'many'; expected a number" "$t" -r $in --set limits.flows=many
expect "unknown setting" 2 "unknown setting 'limits.flow'" "$t" -r $in --set limits.flow=1
expect "out of range" 2 "timeouts.tcp is 0; expected 1 to 900" "$t" -r $in --set timeouts.tcp=0
expect "size" 2 "limits.memory is '5 apples'; expected a size" "$t" -r $in --max-memory "5 apples"
expect "category" 2 "categories is 'everything'; expected security" "$t" -r $in --categories everything
expect "no database line" 0 "no country and no ASN database.*make geodb" "$t" -r $in -o /dev/null
expect "bad database" 2 "README.md" "$t" -r $in --geo-country README.md
expect "check" 0 "^catalogue .*[0-9]+ vendors" "$t" check
expect "check of a missing catalogue" 2 "nowhere" "$t" check --catalog /nowhere
expect "explain a name" 0 "=> .*update, contact, confidence 75" "$t" explain s07.upd.kaspersky.com
expect "explain a look-alike" 0 "not in the catalogue" "$t" explain s07.upd.kaspersky.com.evil.example
expect "explain a URL" 0 "proof" "$t" explain http://94.75.236.123/updaters/updater.xml.dif
expect "explain a defanged name with a port" 0 "=> .*update, contact, confidence 75" "$t" explain "s07[.]upd[.]kaspersky[.]com:443 "
expect "explain a URL with a user" 0 "confidence 98" "$t" explain http://user:p@database.clamav.net/daily.cvd
expect "explain under TLS" 0 "a run sees the name, not the path" "$t" explain https://database.clamav.net/daily.cvd
expect "explain what is not reported" 0 "not reported by a run without --categories os" "$t" explain windowsupdate.com
expect "explain no name at all" 2 "is no host name, URL or address" "$t" explain "foo bar"
expect "explain nothing" 2 "explain what" "$t" explain
expect "full disk" 3 "No space left on device; [0-9]+ of [0-9]+ events were written" "$t" -r $in -o /dev/full
expect "abbreviated option" 2 "x.yaml: No such file" "$t" -r $in --conf /nonexistent/x.yaml
expect "clustered option" 2 "/nonexistent: No such file" "$t" -r $in -qC/nonexistent
expect "a number with a sign" 2 "-c -5: expected a number" "$t" -r $in -c -5
cp $in "$TMP/own.pcap"
expect "output that is an input" 2 "that is an input" "$t" -r "$TMP/own.pcap" -o "$TMP/own.pcap"
cmp -s $in "$TMP/own.pcap" && echo "ok cli the input is still whole" || echo "FAIL cli the input was overwritten"
rm -f "$TMP/kept"*
cp $in "$TMP/kept.tmp"
expect "a capture named like the draft of the state" 2 "kept.tmp: that is an input" "$t" -r "$TMP/kept.tmp" --state "$TMP/kept"
cmp -s $in "$TMP/kept.tmp" && echo "ok cli that capture is still there" || echo "FAIL cli a capture was deleted for the state"
echo "somebody's notes" > "$TMP/kept.tmp"
expect "a file named like the draft of the state" 2 "kept.tmp beside it is not telltale's; remedy" "$t" -r $in --state "$TMP/kept"
[ "$(cat "$TMP/kept.tmp")" = "somebody's notes" ] && echo "ok cli that file is still there" || echo "FAIL cli a file was deleted for the state"
rm -f "$TMP/kept.tmp"
expect "events and state in one file" 2 "that is where events go" "$t" -r $in -o "$TMP/kept" --state "$TMP/kept"
expect "events where the state's draft goes" 2 "that is where events go" "$t" -r $in -o "$TMP/./kept.tmp" --state "$TMP/kept"

cat > "$TMP/good.yaml" << 'Y'
# every kind of setting once
observer: span-1
categories: [security, os]
limits: {flows: 1000, memory: 64MiB}
timeouts:
  new: 10
geo:
  country: []
Y
expect "configuration" 0 '"name":"span-1"' "$t" -r $in -C "$TMP/good.yaml"
expect "option beats configuration" 0 '"name":"two"' "$t" -r $in -C "$TMP/good.yaml" --set observer=two
bad_config() {
	printf '%b' "$3" > "$TMP/bad.yaml"
	expect "configuration: $1" 2 "bad.yaml:$2" "$t" check -C "$TMP/bad.yaml"
}
bad_config "unknown key" "2:3: unknown key 'flow'" 'limits:\n  flow: 1\n'
bad_config "bad number" "3:11: limits.memory is 'lots'; expected a size" 'limits:\n  flows: 100\n  memory: lots\n'
bad_config "bad list entry" "2:5: categories is 'all_of_it'" 'categories:\n  - all_of_it\n'
bad_config "key twice" "2:1" 'ndpi: auto\nndpi: off\n'
bad_config "broken YAML" "2:1:" 'geo: [\n'
bad_config "wrong shape" "1:" 'geo: x\n'
mkdir -p "$XDG_CONFIG_HOME/telltale"
echo 'observer: from-home' > "$XDG_CONFIG_HOME/telltale/telltale.yaml"
expect "configuration is found" 0 '"name":"from-home"' "$t" -r $in
rm -r "$XDG_CONFIG_HOME"

# Events only on standard output; nothing but messages on standard error.
if "$t" -r $in -C /dev/null 2> "$TMP/err" | python3 tests/validate.py - > /dev/null && [ "$(wc -l < "$TMP/err")" -eq 1 ]; then
	echo "ok cli standard output holds events only"
else
	echo "FAIL cli standard output holds events only"
fi
# Same input, same bytes; two files are one run; a filter; a frame limit.
"$t" -r $in -C /dev/null > "$TMP/1" 2> /dev/null
"$t" -r $in -C /dev/null > "$TMP/2" 2> /dev/null
if cmp -s "$TMP/1" "$TMP/2"; then echo "ok cli same bytes twice"; else echo "FAIL cli same bytes twice"; fi
frames() { "$@" 2> /dev/null | sed -n 's/.*"frames":\([0-9]*\).*/\1/p'; }
n=$(frames "$t" -r $in -C /dev/null)
[ "$(frames "$t" -r $in $in -C /dev/null)" = $((2 * n)) ] && echo "ok cli two files" || echo "FAIL cli two files"
if "$t" -r $in -C /dev/null udp port 53 2> /dev/null | grep -q '"transport":"tcp"'; then
	echo "FAIL cli filter"
else
	echo "ok cli filter"
fi
[ "$(frames "$t" -r $in -c 10 -C /dev/null)" = 10 ] && echo "ok cli frame limit" || echo "FAIL cli frame limit"
# A cut file: whole frames, a warning, exit 3.
head -c 40000 $in > "$TMP/cut.pcap"
expect "cut file" 3 "cut.pcap: ends in the middle" "$t" -r "$TMP/cut.pcap" -C /dev/null
grep -q '"dataset":"telltale.contact"' "$TMP/cli.out" && echo "ok cli a cut file gives events" || echo "FAIL cli a cut file gives events"
# The reader goes away: an end, a message, no signal.
"$t" -r $in $in $in $in -C /dev/null --all-flows 2> "$TMP/err" | head -n 1 > /dev/null
rc=${PIPESTATUS[0]}
if [ "$rc" = 3 ] || [ "$rc" = 0 ]; then echo "ok cli reader goes away"; else echo "FAIL cli reader goes away: $rc"; fi
# An interrupt while a pipe is read: flows end, statistics come, exit 3.
mkfifo "$TMP/fifo"
"$t" -r - -C /dev/null < "$TMP/fifo" > "$TMP/out" 2> /dev/null &
pid=$!
exec 4> "$TMP/fifo"
head -c 30000 $in >&4
sleep 1
kill -INT $pid
wait $pid
rc=$?
exec 4>&-
if [ $rc = 3 ] && grep -q telltale.stats "$TMP/out"; then
	echo "ok cli interrupt"
else
	echo "FAIL cli interrupt: exit $rc"
fi
# At a terminal there is a summary, and standard output still holds events only.
if command -v script > /dev/null; then
	script -qec "$t -r $in -C /dev/null -o $TMP/tty.ndjson" /dev/null > "$TMP/tty" 2>&1
	if grep -q "vendors of the catalogue were seen" "$TMP/tty" && grep -q "10.20.0.11" "$TMP/tty"; then
		echo "ok cli summary at a terminal"
	else
		cat "$TMP/tty"
		echo "FAIL cli summary at a terminal"
	fi
else
	echo "skip cli: no script(1), so no terminal"
fi
