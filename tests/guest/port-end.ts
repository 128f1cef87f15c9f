import { incoming } from '../../src/channel/byte-flow.ts';
import { Connection } from '../../src/channel/connection.ts';
import { PortLine } from '../../src/guest/port-line.ts';

/** Started by port-line.test.ts with one end of a socket as descriptor 3: the guest's end of the line, which echoes. */
let hosts = 0;
new PortLine(3, (transport) => {
  const number = ++hosts;
  new Connection(transport, 'even', async (_open, stream) => {
    try {
      stream.send({ host: number });
      for await (const chunk of incoming(stream)) await stream.write(chunk);
      stream.end();
    } catch {
      // The host has gone.
    }
  });
});
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
