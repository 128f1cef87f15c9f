import { guestConfigFolder, type LaunchRequest } from '../../src/tools/adapter.ts';
import { withScriptedPort } from '../../src/tools/endpoint.ts';
import { profileSchema } from '../../src/tools/profile.ts';

interface Given extends Partial<Omit<LaunchRequest, 'profile'>> {
  name?: string;
  baseUrl?: string;
  scripted?: boolean;
  tool?: string;
}

/** A launch in the guest with a provider of both APIs; a test names what matters to it. */
export function request(given: Given = {}): LaunchRequest {
  const { name = 'provider', scripted = false, tool = 'claude', ...rest } = given;
  const { baseUrl = scripted ? 'http://host.pcoder.internal:{port}' : 'https://provider.example', ...said } =
    rest;
  const profile = profileSchema.parse({
    name,
    description: 'for a test',
    scripted,
    apis: { 'anthropic-messages': { baseUrl }, 'openai-responses': { baseUrl } },
    models: { claude: 'some-model', codex: 'some-model' },
  });
  return {
    place: 'guest',
    profile: withScriptedPort(profile, 4242),
    keyName: undefined,
    args: [],
    interactive: false,
    emulated: false,
    cwd: '/work/my project',
    configFolder: guestConfigFolder(tool),
    ...said,
  };
}
