import { GUEST_PROXY_PORT } from '../channel/messages/egress.ts';

/** The variables by which programs in the guest find the way out that belongs to their session. Programs differ in the spelling they read. */
export function proxyEnvironment(session: string, token: string): Record<string, string> {
  const proxy = `http://${session}:${token}@127.0.0.1:${GUEST_PROXY_PORT}`;
  const local = 'localhost,127.0.0.1,::1';
  return {
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    ALL_PROXY: proxy,
    NO_PROXY: local,
    http_proxy: proxy,
    https_proxy: proxy,
    all_proxy: proxy,
    no_proxy: local,
    // Node reads the variables above only when told to (24.5 and later).
    NODE_USE_ENV_PROXY: '1',
  };
}
