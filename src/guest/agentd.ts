import { execFile } from 'node:child_process';
import { constants, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { startupSnapshot } from 'node:v8';
import { Connection } from '../channel/connection.ts';
import { proveAsGuest } from '../channel/handshake.ts';
import { EXEC, ExecRequest } from '../channel/messages/exec.ts';
import {
  INFO,
  MAKE_FOLDER,
  MakeFolder,
  MOUNT_APP,
  MountApp,
  Nothing,
  PLACE,
  PlaceFile,
  POWER_OFF,
  SSH,
  SYNC,
} from '../channel/messages/guest.ts';
import {
  CLOCK,
  Clock,
  END_PROGRAMS,
  FREEZE,
  IDENTIFY,
  Identity,
  RENEW,
  Renewal,
} from '../channel/messages/renewal.ts';
import { conversation, type Method, request, serve } from '../channel/methods.ts';
import { mountApp } from './app-mount.ts';
import { exchangeMethods } from './exchange.ts';
import { endPrograms, exec } from './exec.ts';
import { gitMethods } from './git.ts';
import { guestInfo } from './info.ts';
import { KernelCalls } from './kernel-calls.ts';
import { LoneWatch, powerOff } from './lone-watch.ts';
import { PipePool } from './pipe-pool.ts';
import { makeFolders, placeFile } from './place.ts';
import { openPort } from './port.ts';
import { PortLine } from './port-line.ts';
import { startProxy } from './proxy.ts';
import { identify, moveClock, renew } from './renewal.ts';
import { serveSsh } from './ssh.ts';
import { Stillness } from './stillness.ts';
import { endStrays } from './strays.ts';

const run = promisify(execFile);

let systemStarted = false;

/** Milliseconds the first command has the guest to itself. */
const HEAD_START = 150;

// Nothing of the guest is touched before main(): all that comes before may run on the host, into a start-up snapshot.
if (startupSnapshot.isBuildingSnapshot()) startupSnapshot.setDeserializeMainFunction(main);
else main();

/** The agent daemon: serves the one host at the other end of the channel. */
function main(): void {
  let bootKey: Uint8Array = readFileSync('/run/pcoder/boot.key');
  const methods = methodsOn(new PipePool('/run/pcoder/pipes'), new KernelCalls(), {
    useBootKey: (key) => {
      bootKey = key;
    },
    frozen: () => line?.dismissReader(),
  });
  const lone = new LoneWatch();
  let host: Connection | undefined;
  let line: PortLine | undefined;
  endStrays();
  startProxy(() => host);
  lone.hostLeft();
  line = new PortLine(openPort(), (transport) => {
    proveAsGuest(transport, bootKey).then(
      (proven) => {
        const connection = new Connection(proven, 'even', serve(methods));
        host = connection;
        lone.hostArrived();
        letSystemStart();
        connection.closed.then(() => {
          if (host === connection) host = undefined;
          lone.hostLeft();
        });
      },
      (error: unknown) => {
        said(error);
        transport.close();
      },
    );
  });
}

function methodsOn(
  pipes: PipePool,
  calls: KernelCalls,
  on: { useBootKey(key: Uint8Array): void; frozen(): Promise<void> | undefined },
): Record<string, Method> {
  // A host does not wait for the answer to `renew` before it asks for a program, but no program starts before.
  let renewed: Promise<void> = Promise.resolve();
  let renewedWhole: Promise<void> = renewed;
  const stillness = new Stillness();
  const ourselves = () => [process.pid, ...(calls.pid === undefined ? [] : [calls.pid])];
  const methods: Record<string, Method> = {
    [EXEC]: conversation(ExecRequest, (asked, stream) => exec(asked, stream, pipes, () => renewed)),
    [INFO]: request(Nothing, guestInfo),
    [MOUNT_APP]: request(MountApp, ({ target, path }) => mountApp(target, path)),
    [PLACE]: request(PlaceFile, placeFile),
    [MAKE_FOLDER]: request(MakeFolder, ({ path }) => makeFolders(path)),
    [SYNC]: request(Nothing, flush),
    [END_PROGRAMS]: request(Nothing, endPrograms),
    [FREEZE]: request(Nothing, async () => {
      await calls.ready();
      await stillness.hold(ourselves()).catch(said);
      await flush();
      // All that is left to do here would be done in the resumed guest, whose first command waits for it.
      pipes.open();
      await on.frozen();
    }),
    [RENEW]: request(Renewal, (given) => {
      isRenewing = true;
      const { kernel, whole } = renew(calls, given);
      renewed = kernel.then(letGo).finally(() => {
        isRenewing = false;
      });
      renewedWhole = Promise.all([whole, renewed]).then(([key]) => on.useBootKey(key));
      return renewedWhole;
    }),
    [IDENTIFY]: request(Identity, (given) => identify(calls, given)),
    [CLOCK]: request(Clock, async (given) => {
      // Before that it shows the time of the snapshot.
      await renewed;
      return moveClock(calls, given);
    }),
    [POWER_OFF]: request(Nothing, () => void setTimeout(powerOff, 50)),
    [SSH]: conversation(Nothing, async (_nothing, stream) => {
      await renewedWhole;
      serveSsh(stream);
    }),
    ...exchangeMethods,
    ...gitMethods(),
  };
  // What is asked for first after a snapshot is `renew`; anything else means that there was none, and the guest goes on as it is.
  let isRenewing = false;
  const letGo = () => {
    if (stillness.isHeld) stillness.release(ourselves());
  };
  const goesOn = (method: Method): Method => ({
    accept(params, stream) {
      if (!isRenewing) letGo();
      method.accept(params, stream);
    },
  });
  const still: readonly string[] = [FREEZE, RENEW];
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [name, still.includes(name) ? method : goesOn(method)]),
  );
}

function said(error: unknown): void {
  console.error(`agentd: ${error instanceof Error ? error.message : error}`);
}

async function flush(): Promise<void> {
  await run('/bin/sync');
}

/** The start script holds the system's own start back until the first host is served. Nobody reads the pipe after that. */
function letSystemStart(): void {
  if (systemStarted) return;
  systemStarted = true;
  setTimeout(
    () =>
      writeFile('/run/pcoder/greeted', 'greeted\n', {
        flag: constants.O_WRONLY | constants.O_NONBLOCK,
      }).catch(() => {}),
    HEAD_START,
  );
}
