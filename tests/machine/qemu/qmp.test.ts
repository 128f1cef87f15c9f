import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { QmpClient, type QmpEvent } from '../../../src/machine/qemu/qmp.ts';
import { PretendedQemu } from './pretended-qemu.ts';

describe('the QMP client', { timeout: 10_000 }, () => {
  it('leaves negotiation first, then matches answers to questions whatever their order', async () => {
    const held: (() => void)[] = [];
    await using qemu = await PretendedQemu.start(({ id, execute }, client) => {
      held.push(() => client.write(`${JSON.stringify({ return: execute, id })}\r\n`));
      if (held.length === 3) for (const answer of held.reverse()) answer();
    });
    const client = await QmpClient.connect(qemu.path);
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map((name) => client.execute(name))), ['a', 'b', 'c']);
    assert.deepEqual(
      qemu.asked.map(({ execute }) => execute),
      ['qmp_capabilities', 'a', 'b', 'c'],
    );
    client.close();
  });

  it('sends parameters as they are', async () => {
    await using qemu = await PretendedQemu.start(({ id }, client) =>
      client.write(`${JSON.stringify({ return: {}, id })}\n`),
    );
    const client = await QmpClient.connect(qemu.path);
    await client.execute('blockdev-add', { filename: '/a, b "ü' });
    assert.deepEqual(qemu.asked.at(-1)?.arguments, { filename: '/a, b "ü' });
    client.close();
  });

  it('gives QEMU’s own words when it refuses', async () => {
    await using qemu = await PretendedQemu.start(({ id }, client) =>
      client.write(`${JSON.stringify({ error: { class: 'GenericError', desc: 'no such node' }, id })}\n`),
    );
    const client = await QmpClient.connect(qemu.path);
    await assert.rejects(
      client.execute('device_add'),
      (error: Error) =>
        /refused device_add/.test(error.message) && (error.cause as Error).message === 'no such node',
    );
    client.close();
  });

  it('hands events over, between answers and cut anywhere', async () => {
    const events: QmpEvent[] = [];
    await using qemu = await PretendedQemu.start(async ({ id }, client) => {
      const text = `{"event":"VSERPORT_CHANGE","data":{"id":"channel0","open":false},"timestamp":{"seconds":1,"microseconds":2}}\r\n{"return":1,"id":${id}}\r\n{"event":"STOP","timestamp":{}}\r\n`;
      for (let at = 0; at < text.length; at += 7) client.write(text.slice(at, at + 7));
    });
    const client = await QmpClient.connect(qemu.path);
    client.onEvent = (event) => events.push(event);
    assert.equal(await client.execute('query'), 1);
    while (events.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
    assert.deepEqual(events, [
      { name: 'VSERPORT_CHANGE', data: { id: 'channel0', open: false } },
      { name: 'STOP', data: {} },
    ]);
    client.close();
  });

  it('is not disturbed by lines that are no QMP, or answers nobody waits for', async () => {
    await using qemu = await PretendedQemu.start(
      ({ id }, client) =>
        client.write(
          `garbage\n{"half":\n[]\nnull\n{"return":1,"id":999}\n{"error":{"class":"x","desc":"y"}}\n{"return":"good","id":${id}}\n`,
        ),
      'warning: something\n{"QMP":{}}\n',
    );
    const client = await QmpClient.connect(qemu.path);
    assert.equal(await client.execute('query'), 'good');
    client.close();
  });

  it('leaves nothing waiting when QEMU ends, before and after', async () => {
    await using qemu = await PretendedQemu.start((_asked, client) => client.destroy());
    const client = await QmpClient.connect(qemu.path);
    await assert.rejects(client.execute('quit'), { code: 'qemu-failed' });
    await client.closed;
    await assert.rejects(client.execute('quit'), { code: 'qemu-failed' });
  });

  it('fails at once when QEMU ends before it greets', async () => {
    await using qemu = await PretendedQemu.start();
    const connecting = QmpClient.connect(qemu.path);
    await using silent = await PretendedQemu.start(() => {}, '');
    const refused = QmpClient.connect(silent.path);
    (await connecting).close();
    while (silent.clients.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    silent.clients[0]?.destroy();
    await assert.rejects(refused, { code: 'qemu-failed' });
  });

  it('says plainly that nobody listens', async () => {
    await assert.rejects(QmpClient.connect('/nowhere/qmp.sock'), { code: 'ENOENT' });
  });
});
