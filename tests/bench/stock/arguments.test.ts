import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stockArguments } from '../../../bench/stock/arguments.ts';

const launch = {
  accelerator: 'tcg' as const,
  memory: 2048,
  cpus: 2,
  kernel: '/stock/vmlinuz',
  initrd: '/stock/initrd.img',
  root: '/a, b/root.qcow2',
  commandLine: 'root=/dev/vda ro',
  port: 40022,
  consoleLog: '/tmp/console.log',
  qmpSocket: '/tmp/qmp.sock',
  keep: false,
};

test('the stock guest has the processor, memory and accelerator it is given', () => {
  const text = stockArguments(launch).join(' ');
  assert.match(text, /-accel tcg,thread=multi /);
  assert.match(text, /-cpu max\S* -smp 2 -m 2048M /);
  assert.match(stockArguments({ ...launch, accelerator: 'kvm' }).join(' '), /-accel kvm -cpu host /);
});

test('its ssh port is on the loopback of the host only', () => {
  assert.ok(stockArguments(launch).includes('user,id=net,hostfwd=tcp:127.0.0.1:40022-:22'));
});

test('what it writes is thrown away unless it is to be kept, and a comma in a path stays part of it', () => {
  const drive = (keep: boolean) =>
    stockArguments({ ...launch, keep }).find((text) => text.startsWith('if=none'));
  assert.equal(drive(false), 'if=none,id=root,format=qcow2,snapshot=on,file=/a,, b/root.qcow2');
  assert.match(drive(true) ?? '', /snapshot=off/);
});
