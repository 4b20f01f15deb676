#!/usr/bin/env python3
"""robust - runs telltale on captures whole, cut at seeded places, and snapped.

usage: robust.py [--each] TELLTALE FOLDER CAPTURE...

FOLDER is for the variants.  A run must end within its time with exit status 0, 1 or 3 and nothing but events on
standard output; cut and snapped captures may make no contact of a vendor that the whole capture has not.  The
variants of a capture are read in one run, one after the other; with --each, in a run each.
"""
import json, os, random, struct, subprocess, sys

SNAPS = (64, 96, 128)
CUTS = 20


def run(telltale, paths):
    p = subprocess.run([telltale, '-q', '-C', '/dev/null', '-r', *paths], capture_output=True, timeout=300)
    events = [json.loads(line) for line in p.stdout.splitlines()]
    vendors = {e['telltale']['vendor']['id'] for e in events if e['event']['dataset'] == 'telltale.contact'}
    return p.returncode, vendors, p.stderr.decode(errors='replace')


def snapped(data, snap):
    """A classic pcap with every frame cut to snap bytes; None for anything else."""
    if data[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1'):
        order = '<'
    elif data[:4] in (b'\xa1\xb2\xc3\xd4', b'\xa1\xb2\x3c\x4d'):
        order = '>'
    else:
        return None
    out, at = [data[:24]], 24
    while at + 16 <= len(data):
        s, u, cap, wire = struct.unpack_from(order + 'IIII', data, at)
        frame = data[at + 16:at + 16 + min(cap, snap)]
        out.append(struct.pack(order + 'IIII', s, u, len(frame), wire) + frame)
        at += 16 + cap
    return b''.join(out)


def main():
    each = sys.argv[1] == '--each'
    telltale, folder = sys.argv[1 + each:3 + each]
    rng = random.Random(20261125)
    bad = runs = 0
    for path in sys.argv[3 + each:]:
        if path.endswith('.ndpi.out'):
            continue
        data = open(path, 'rb').read()
        rc, whole, err = run(telltale, [path])
        results = [('whole', rc, set(), err)]
        bodies = [data[:rng.randrange(len(data) + 1)] for _ in range(CUTS)]
        bodies += [s for n in SNAPS if (s := snapped(data, n)) is not None]
        names = []
        for k, body in enumerate(bodies):
            # Shorter than its header a file is no capture, and that ends a run: a run of its own.
            names.append(os.path.join(folder, f'variant-{k}.pcap'))
            open(names[-1], 'wb').write(body)
        groups = [[n] for n in names] if each else [[n for n in names if os.path.getsize(n) >= 40]]
        for group in groups:
            if group:
                rc, vendors, err = run(telltale, group)
                results.append((' '.join(map(os.path.basename, group)), rc, vendors - whole, err))
        for what, rc, more, err in results:
            runs += 1
            if rc not in (0, 1, 3) or more or 'ERROR' in err or 'runtime error' in err:
                bad += 1
                print(f'{path} ({what}): exit {rc}, {more or ""}\n{err[-2000:]}')
        for n in names:
            os.unlink(n)
    print(f'{runs} runs, {bad} bad')
    return 1 if bad or not runs else 0


sys.exit(main())
