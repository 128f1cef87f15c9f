import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WINDOW } from '../../src/channel/channel-stream.ts';
import { Fault } from '../../src/fault/fault.ts';
import { Scene } from './scene.ts';

describe('a program joined to its command', { timeout: 20_000 }, () => {
  it('gets the input, gives output and errors apart, and its exit last', async () => {
    await using scene = await Scene.set();
    const program = await scene.program();
    const seen: string[] = [];
    program.listen({
      data: (chunk) => {
        program.consumed(chunk.byteLength);
        seen.push(`in ${chunk}`);
      },
      end: () => {
        seen.push('in end');
        program.send({ type: 'started', pid: 7 });
        void program.write(Buffer.from('out'));
        void program.write(Buffer.from('err'), 1);
        program.send({ type: 'exit', code: 3, signal: null });
        program.end();
      },
    });
    scene.command.listen({
      message: (value) => seen.push((value as { type: string }).type),
      data: (chunk, lane) => {
        seen.push(`${lane} ${chunk}`);
        scene.command.consumed(chunk.byteLength);
      },
    });
    await scene.command.write(Buffer.from('hello'));
    scene.command.end();
    assert.deepEqual(await scene.exit, { code: 3, signal: null });
    await sleep(10);
    assert.deepEqual(seen, ['in hello', 'in end', 'started', '0 out', '1 err']);
  });

  it('has not ended while its output waits for the command, and its exit is told behind all of it', async () => {
    await using scene = await Scene.set();
    const program = await scene.program();
    const size = 2 * WINDOW;
    let received = 0;
    let reads = false;
    const told = new Promise<number>((resolve) =>
      scene.command.listen({
        data: (chunk) => {
          received += chunk.byteLength;
          if (reads) scene.command.consumed(chunk.byteLength);
        },
        message: (value) => {
          if ((value as { type: string }).type === 'exit') resolve(received);
        },
      }),
    );
    let exited = false;
    scene.exit.then((exit) => {
      exited = true;
      scene.face.tell({ type: 'exit', ...exit });
    });
    program.listen({});
    program.write(Buffer.alloc(size)).catch(() => {});
    program.send({ type: 'exit', code: 0, signal: null });
    program.end();
    while (received < WINDOW) await sleep(5);
    await sleep(50);
    assert.equal(exited, false);
    assert.equal(received, WINDOW);
    reads = true;
    scene.command.consumed(received);
    assert.equal(await told, size);
  });

  it('gets what the command sent before it ran: input, its end, a resize', async () => {
    await using scene = await Scene.set(async (command) => {
      await command.write(Buffer.from('early'));
      command.send({ type: 'resize', size: { rows: 10, columns: 20 } });
      command.end();
      await sleep(20);
    });
    const program = await scene.program();
    const seen: unknown[] = [];
    await new Promise<void>((resolve) =>
      program.listen({
        data: (chunk) => seen.push(String(chunk)),
        message: (value) => seen.push(value),
        end: resolve,
      }),
    );
    assert.deepEqual(
      seen.toSorted(),
      [{ type: 'resize', size: { rows: 10, columns: 20 } }, 'early'].toSorted(),
    );
  });

  it('hears a signal although it leaves its input unread', async () => {
    await using scene = await Scene.set();
    const program = await scene.program();
    const heard = new Promise((resolve) => program.listen({ message: resolve, data: () => {} }));
    scene.command.write(Buffer.alloc(4 * WINDOW)).catch(() => {});
    await sleep(30);
    scene.command.sendAhead({ type: 'signal', signal: 'SIGINT' });
    assert.deepEqual(await heard, { type: 'signal', signal: 'SIGINT' });
  });

  it('is not bothered by controls that do not fit', async () => {
    await using scene = await Scene.set();
    const program = await scene.program();
    const seen: unknown[] = [];
    program.listen({ message: (value) => seen.push(value) });
    for (const odd of [
      { type: 'signal', signal: 'SIGWHAT' },
      { type: 'resize', size: { rows: 0, columns: 1 } },
      'x',
      null,
    ])
      scene.command.send(odd);
    scene.command.send({ type: 'signal', signal: 'SIGTERM' });
    while (seen.length === 0) await sleep(2);
    assert.deepEqual(seen, [{ type: 'signal', signal: 'SIGTERM' }]);
  });

  for (const [when, before] of [
    ['goes while it runs', async () => {}],
    [
      'went before it ran',
      async (command: { reset(fault: Fault): void }) => {
        command.reset(new Fault('interrupted', 'left'));
        await sleep(20);
      },
    ],
  ] as const) {
    it(`is hung up on when its command ${when}`, async () => {
      await using scene = await Scene.set(before);
      const program = scene.program();
      scene.command.reset(new Fault('interrupted', 'left'));
      await assert.rejects(scene.exit, { code: 'interrupted' });
      const cut = new Promise<Fault | undefined>(
        (resolve) => void program.then((stream) => stream.listen({ closed: resolve })),
      );
      assert.equal((await cut)?.code, 'interrupted');
    });
  }

  it('fails when the guest is lost, when it cannot start, and when it ends without an exit', async () => {
    for (const [act, code] of [
      [(scene: Scene) => scene.loseGuest(), 'guest-unreachable'],
      [
        async (scene: Scene) =>
          (await scene.program()).reset(new Fault('command-not-startable', 'no such program')),
        'command-not-startable',
      ],
      [async (scene: Scene) => (await scene.program()).end(), 'guest-unreachable'],
      [
        async (scene: Scene) => (await scene.program()).send({ type: 'exit', code: 'zero' }),
        'protocol-violation',
      ],
    ] as const) {
      await using scene = await Scene.set();
      const program = await scene.program();
      program.listen({});
      await act(scene);
      scene.command.end();
      await assert.rejects(scene.exit, { code });
    }
  });
});
