import { Fault } from '../fault/fault.ts';
import { type ApiEndpoint, HOST_NAME, type HostPort, PORT_PLACEHOLDER, type Profile } from './profile.ts';
import type { WireApi } from './wire-api.ts';

/** What tools hand to the scripted model where a provider wants a key. It opens nothing. */
export const SCRIPTED_KEY = 'scripted-demo-needs-no-key';

/** The profile with the scripted model's port filled in. */
export function withScriptedPort(profile: Profile, port: number): Profile {
  const apis = Object.fromEntries(
    Object.entries(profile.apis).map(([api, endpoint]) => [
      api,
      { ...endpoint, baseUrl: endpoint.baseUrl.replace(PORT_PLACEHOLDER, String(port)) },
    ]),
  );
  return { ...profile, apis };
}

/** @throws Fault `config-invalid` when the profile does not speak this API */
export function endpointOf(profile: Profile, api: WireApi): ApiEndpoint {
  const endpoint = profile.apis[api];
  if (endpoint !== undefined) return endpoint;
  throw new Fault('config-invalid', `profile ${profile.name} has no ${api} endpoint`, {
    hint: `it offers: ${Object.keys(profile.apis).join(', ')}; choose another with --profile`,
  });
}

export function guestBaseUrl(profile: Profile, api: WireApi): string {
  const { baseUrl } = endpointOf(profile, api);
  if (baseUrl.includes(PORT_PLACEHOLDER))
    throw new Error(`profile ${profile.name}: the scripted model has no port yet`);
  return baseUrl;
}

/** The same for a tool that runs on the host itself. */
export function hostBaseUrl(profile: Profile, api: WireApi): string {
  return guestBaseUrl(profile, api).replace(`//${HOST_NAME}:`, '//127.0.0.1:');
}

/** Every place this tool may reach with this profile, each once. */
export function allowedHosts(profile: Profile, tool: { readonly api: WireApi }): HostPort[] {
  const endpoint = endpointOf(profile, tool.api);
  const url = new URL(guestBaseUrl(profile, tool.api));
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const all = [{ name: url.hostname, port }, ...endpoint.hosts, ...profile.hosts];
  return [...new Map(all.map((host) => [`${host.name}:${host.port}`, host])).values()];
}
