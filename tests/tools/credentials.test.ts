import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isFault } from '../../src/fault/fault.ts';
import { renderFault } from '../../src/fault/render.ts';
import { claude } from '../../src/tools/claude.ts';
import { findCredentials } from '../../src/tools/credentials.ts';
import { profileSchema } from '../../src/tools/profile.ts';

const profile = (keyEnvironment: string[], scripted = false) =>
  profileSchema.parse({
    name: 'p',
    description: '',
    scripted,
    apis: {
      'anthropic-messages': {
        baseUrl: scripted ? 'http://host.pcoder.internal:{port}' : 'https://a.example',
        keyEnvironment,
      },
    },
  });

describe('findCredentials', () => {
  it('takes the first variable that is set, in the order of the profile', () => {
    const found = findCredentials(claude, profile(['ONE', 'TWO', 'THREE']), {
      ONE: ' ',
      TWO: 'b',
      THREE: 'c',
    });
    assert.deepEqual(found, { name: 'TWO', value: 'b' });
  });

  it('falls back to the variables of the tool when the profile names none', () => {
    assert.equal(
      findCredentials(claude, profile([]), { ANTHROPIC_AUTH_TOKEN: 't' })?.name,
      'ANTHROPIC_AUTH_TOKEN',
    );
  });

  it('names the variable to set, and the way without a key, when there is none', () => {
    assert.throws(
      () => findCredentials(claude, profile(['ONE', 'TWO']), {}),
      (error) =>
        isFault(error, 'credentials-missing') &&
        error.exitCode === 4 &&
        /export ONE=.*--profile demo/.test(error.hint ?? ''),
    );
  });

  it('never puts a value into a message', () => {
    try {
      findCredentials(claude, profile(['ONE']), { ONE: 'sk-secret\nX-Evil: 1' });
      assert.fail('a key with a line break was taken');
    } catch (error) {
      assert.ok(isFault(error, 'credentials-missing'));
      assert.doesNotMatch(renderFault(error), /sk-secret|X-Evil/);
    }
  });

  it('needs none for a scripted profile, and takes none', () => {
    assert.equal(findCredentials(claude, profile(['ONE'], true), { ONE: 'x' }), undefined);
  });
});
