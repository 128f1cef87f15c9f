import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgram } from '../../src/bundle/run-program.ts';
import { isFault } from '../../src/fault/fault.ts';
import { scratch } from './scratch.ts';

const node = (script: string, options = {}) => runProgram(process.execPath, ['-e', script], options);

test('what a program prints is given, or goes into a file byte by byte', async (context) => {
  const outputFile = join(await scratch(context), 'out');
  assert.equal(await node('console.log(process.env.X)', { env: { X: 'é' } }), 'é');
  assert.equal(await node('process.stdout.write(Buffer.from([0, 255, 10]))', { outputFile }), '');
  assert.deepEqual([...(await readFile(outputFile))], [0, 255, 10]);
});

test('a program that fails is quoted', async () => {
  const failing = node('console.error("E: no such thing"); process.exit(3)', { name: 'apt' });
  await assert.rejects(
    failing,
    (error) =>
      isFault(error, 'build-failed') &&
      error.message === 'apt failed (3)' &&
      /no such thing/.test(String(error.cause)),
  );
});

test('a full disk is recognised in what a program says', async () => {
  await assert.rejects(node('console.error("tar: x: No space left on device"); process.exit(2)'), {
    code: 'disk-full',
  });
});

test('a program that is not there is a missing prerequisite', async () => {
  await assert.rejects(runProgram('no-such-program-here', []), { code: 'prerequisite-missing' });
});

test('being told to stop stops the program', async () => {
  const stop = new AbortController();
  const running = node('setInterval(() => {}, 1000)', { signal: stop.signal });
  setTimeout(() => stop.abort(), 50);
  await assert.rejects(running, { code: 'interrupted' });
});
