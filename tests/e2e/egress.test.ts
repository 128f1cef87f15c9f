import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { makeScene } from './scene.ts';

let scene: Awaited<ReturnType<typeof makeScene>>;
let server: Server;
let port: number;
const seen: string[] = [];
before(async () => {
  scene = await makeScene();
  server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${JSON.stringify(request.headers)}`);
    response.end('hello from the host\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
after(async () => {
  await scene[Symbol.asyncDispose]();
  server.close();
});

const guest = (script: string, ...flags: string[]) =>
  scene.pcoder(['exec', '--exchange', 'none', ...flags, '--', 'sh', '-c', script]);

describe('egress from the guest', () => {
  test('the guest has no network card and no route', async () => {
    const { stdout } = await guest('ls /sys/class/net; ip route');
    assert.equal(stdout.toString(), 'lo\n');
  });

  test('nothing is allowed by default, and the refusal says how to allow it', async () => {
    const { stdout } = await guest(
      'curl -sS --max-time 60 https://example.com/ 2>&1; curl -s --max-time 60 http://example.com/',
    );
    assert.match(stdout.toString(), /CONNECT tunnel failed, response 403/);
    assert.match(
      stdout.toString(),
      /example\.com:80 is not allowed: no rule allows it \(start the session with --allow example\.com:80\)/,
    );
  });

  test('a named port of the host’s loopback is reached, as CONNECT and as a plain request, without the proxy’s credentials', async () => {
    const url = `http://host.pcoder.internal:${port}/some/path?x=1`;
    const { stdout } = await guest(
      `curl -sS ${url}; curl -sS --proxytunnel ${url}`,
      '--allow',
      `host.pcoder.internal:${port}`,
    );
    assert.equal(stdout.toString(), 'hello from the host\nhello from the host\n');
    assert.equal(seen.length, 2);
    for (const request of seen) {
      assert.match(request, /^GET \/some\/path\?x=1 /);
      assert.equal(/proxy-authorization/i.test(request), false);
    }
  });

  test('other ports, spellings and addresses of the host stay closed', async () => {
    const before = seen.length;
    const hosts = [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '0.0.0.0',
      '2130706433',
      '0x7f.1',
      '[::ffff:127.0.0.1]',
      '169.254.169.254',
      'host.pcoder.internal.',
    ];
    const script = hosts
      .map(
        (host) =>
          `curl -s -g --noproxy '' -o /dev/null -w '%{http_code} ' --max-time 60 'http://${host}:${port}/'`,
      )
      .join('; ');
    const { stdout } = await guest(script, '--allow', `host.pcoder.internal:${port === 1 ? 2 : 1}`);
    assert.deepEqual(
      stdout.toString().trim().split(' '),
      hosts.map(() => '403'),
    );
    assert.equal(seen.length, before);
  });

  test('without the session’s credentials the proxy carries nothing', async () => {
    const { stdout } = await guest(
      `curl -s -o /dev/null -w '%{http_code} ' --proxy http://127.0.0.1:3128 http://host.pcoder.internal:${port}/; curl -s -o /dev/null -w '%{http_code}' --proxy http://x:y@127.0.0.1:3128 http://host.pcoder.internal:${port}/`,
      '--allow',
      `host.pcoder.internal:${port}`,
    );
    assert.equal(stdout.toString(), '407 403');
  });

  test('a session that has ended takes its way out with it', async () => {
    const { stdout: proxy } = await guest(
      'printf %s "$HTTP_PROXY"',
      '--allow',
      `host.pcoder.internal:${port}`,
    );
    const { stdout } = await guest(
      `curl -s -o /dev/null -w '%{http_code}' --proxy '${proxy}' http://host.pcoder.internal:${port}/`,
    );
    assert.equal(stdout.toString(), '403');
  });
});
