#!/usr/bin/env python3
"""robust - runs telltale on captures whole, cut at seeded places, and snapped.

usage: robust.py [--each] TELLTALE FOLDER CAPTURE...

FOLDER is for the variants.  A run must end within its time with exit status 0, 1 or 3 and nothing but events on
standard output; cut and snapped captures may make no contact of a vendor that the whole capture has not.  The
variants of a capture are read in one run, one after the other; with --each, in a run each.
"""
import concurrent.futures, json, os, random, struct, subprocess, sys

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


def variants_of(number, path, telltale, folder, each):
    """Runs of a capture, whole and in variants: (what, exit status, vendors too many, standard error) each."""
    data = open(path, 'rb').read()
    rng = random.Random(f'{os.path.basename(path)} 20261125')
    rc, whole, err = run(telltale, [path])
    results = [('whole', rc, set(), err)]
    bodies = [data[:rng.randrange(len(data) + 1)] for _ in range(CUTS)]
    bodies += [s for n in SNAPS if (s := snapped(data, n)) is not None]
    names = []
    for k, body in enumerate(bodies):
        names.append(os.path.join(folder, f'variant-{number}-{k}.pcap'))
        open(names[-1], 'wb').write(body)
    # Shorter than its header a file is no capture, and that ends a run.
    groups = [[n] for n in names] if each else [[n for n in names if os.path.getsize(n) >= 40]]
    for group in filter(None, groups):
        rc, vendors, err = run(telltale, group)
        results.append((' '.join(map(os.path.basename, group)), rc, vendors - whole, err))
    for n in names:
        os.unlink(n)
    return path, results


def main():
    each = sys.argv[1] == '--each'
    telltale, folder = sys.argv[1 + each:3 + each]
    paths = [p for p in sys.argv[3 + each:] if not p.endswith('.ndpi.out')]
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
    bad = runs = 0
    for path, results in pool.map(lambda x: variants_of(*x, telltale, folder, each), enumerate(paths)):
        for what, rc, more, err in results:
            runs += 1
            if rc not in (0, 1, 3) or more or 'ERROR' in err or 'runtime error' in err:
                bad += 1
                print(f'{path} ({what}): exit {rc}, {more or ""}\n{err[-2000:]}')
    print(f'{runs} runs, {bad} bad')
    return 1 if bad or not runs else 0


sys.exit(main())
