#!/usr/bin/env bash
# Live capture on a veth pair in network namespaces of our own: the office capture's frames are sent through it.
command -v ip > /dev/null || { echo "skip live: no ip(8)"; exit 0; }
ns=telltale-test-$$
if ! ip netns add $ns 2> /dev/null; then echo "skip live: network namespaces cannot be made here"; exit 0; fi
trap 'ip netns del $ns' EXIT
run() { ip netns exec $ns "$@"; }
run ip link add tt0 type veth peer name tt1
run ip link set tt0 up
run ip link set tt1 up
run sysctl -qw net.ipv6.conf.all.disable_ipv6=1 2> /dev/null
# Not through run(): the process that is told to stop must be telltale itself.
ip netns exec $ns "$B/telltale" -i tt1 -C /dev/null -q -o "$TMP/live.ndjson" tcp or udp 2> "$TMP/live.err" &
pid=$!
sleep 2
run python3 - tests/golden/office/in.pcap << 'P'
import socket, struct, sys, time
data = open(sys.argv[1], 'rb').read()
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('tt0', 0))
at = 24
while at < len(data):
    n = struct.unpack_from('<I', data, at + 8)[0]
    s.send(data[at + 16:at + 16 + n])
    at += 16 + n
    time.sleep(0.0005)
P
sleep 1
kill -TERM $pid
wait $pid
rc=$?
contacts=$(grep -c '"telltale.contact"' "$TMP/live.ndjson")
want=$(grep -c '"telltale.contact"' tests/golden/office/want.ndjson)
if [ $rc = 0 ] && [ "$contacts" = "$want" ]; then
	echo "ok live: $contacts contacts, as from the file"
else
	cat "$TMP/live.err"
	tail -n 1 "$TMP/live.ndjson"
	echo "FAIL live: exit $rc, $contacts contacts, wanted $want"
fi
