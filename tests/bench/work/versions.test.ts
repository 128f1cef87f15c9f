import assert from 'node:assert/strict';
import { test } from 'node:test';
import { versions } from '../../../bench/work/versions.ts';

test('programs are named with their versions only, however they tell them, and absent ones not at all', () => {
  const said = 'node v24.21.0\nnpm 11.21.2\npython3 Python 3.13.5\ngcc gcc (Debian 14.2.0-19) 14.2.0\nrg\n';
  assert.equal(versions(said), 'node 24.21.0, npm 11.21.2, python3 3.13.5, gcc 14.2.0');
});
