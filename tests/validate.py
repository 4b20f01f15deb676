#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""validate - checks lines of events against output/schema/telltale-event.schema.json.

usage: validate.py [--max-bytes N] [FILE...]       standard input when there is no FILE

Every line must be one JSON object in UTF-8 without repeated keys, that the schema accepts, of at most N bytes
(8000) with its LF.  Names the line and the reason of the first ten that are not, and exits 1; 2 when
python3-jsonschema is missing.
"""
import argparse, json, os, sys

try:
    import jsonschema
except ImportError:
    sys.stderr.write('validate: python3-jsonschema is not installed\n')
    sys.exit(2)

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
SCHEMA = os.path.join(ROOT, 'output', 'schema', 'telltale-event.schema.json')
SHOWN = 10


def inline(schema, definitions):
    """The schema without references: looking one up costs more than checking it."""
    if isinstance(schema, list):
        return [inline(s, definitions) for s in schema]
    if not isinstance(schema, dict):
        return schema
    if '$ref' in schema:
        return inline(definitions[schema['$ref'].rsplit('/', 1)[1]], definitions)
    return {key: inline(value, definitions) for key, value in schema.items() if key != 'definitions'}


def unique(pairs):
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise ValueError('a key is repeated: ' + ', '.join(sorted(k for k, _ in pairs)))
    return keys


def no_constant(name):
    raise ValueError(f'{name} is no JSON')


def reason(validator, line, max_bytes):
    if not line.endswith(b'\n'):
        return 'does not end in LF'
    if len(line) > max_bytes:
        return f'{len(line)} bytes, more than {max_bytes}'
    try:
        event = json.loads(line.decode('utf-8'), object_pairs_hook=unique, parse_constant=no_constant)
    except ValueError as e:
        return str(e)
    # The name of a field inside an alternative says more than the alternative.
    error = jsonschema.exceptions.best_match(validator.iter_errors(event))
    if error is None:
        return None
    return '.'.join(str(p) for p in error.absolute_path) + ': ' + error.message[:300]


def main():
    args = argparse.ArgumentParser(description='Checks events against the schema.')
    args.add_argument('--max-bytes', type=int, default=8000)
    args.add_argument('files', nargs='*')
    args = args.parse_args()
    with open(SCHEMA, encoding='utf-8') as f:
        schema = json.load(f)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(inline(schema, schema['definitions']))
    lines = wrong = 0
    for name in args.files or ['-']:
        with (sys.stdin.buffer if name == '-' else open(name, 'rb')) as f:
            for number, line in enumerate(f, 1):
                lines += 1
                why = reason(validator, line, args.max_bytes)
                if why is not None:
                    wrong += 1
                    if wrong <= SHOWN:
                        print(f'{name}:{number}: {why}')
    print(f'validate: {lines} lines, {wrong} wrong')
    return 1 if wrong else 0


sys.exit(main())
