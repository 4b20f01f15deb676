#!/usr/bin/env bash
# telltale sends nothing: offline it makes no socket at all, and after its start it opens and executes nothing.
command -v strace > /dev/null || { echo "skip silent: no strace"; exit 0; }
case ${SAN:-} in "") ;; *) echo "skip silent: not under a sanitizer, whose runtime opens files of its own"; exit 0 ;; esac
if ! strace -f -o "$TMP/trace" "$B/telltale" -r tests/golden/office/in.pcap -C /dev/null -o /dev/null 2> /dev/null; then
	echo "skip silent: strace does not work here"
	exit 0
fi
# A look for a user's name may ask a local daemon over a UNIX socket; that is nobody on a network.
if sed 1d "$TMP/trace" | grep -E '^[0-9]+ +(socket\(AF_(INET|INET6|PACKET|NETLINK)|sendto|sendmsg|execve)' > "$TMP/loud"; then
	head -n 3 "$TMP/loud"
	echo "FAIL silent: a network socket or a program"
else
	echo "ok silent: no network socket, no program"
fi
# The C library would ask how much memory may be had, is refused, and goes without.
if sed -n '/seccomp(SECCOMP_SET_MODE_FILTER, .*filter=/,$p' "$TMP/trace" | grep -E ' (open|openat|openat2|creat)\(' |
    grep -v /proc/sys/vm/overcommit_memory > "$TMP/opened"; then
	head -n 3 "$TMP/opened"
	echo "FAIL silent: a file was opened inside the sandbox"
else
	echo "ok silent: nothing is opened inside the sandbox"
fi
