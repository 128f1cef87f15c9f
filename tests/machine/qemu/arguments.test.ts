import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Accelerator, candidates, cpuModel } from '../../../src/machine/qemu/accelerator.ts';
import { type LaunchPlan, probeArguments, qemuArguments } from '../../../src/machine/qemu/arguments.ts';

const PLAN: LaunchPlan = {
  name: 'default',
  accelerator: 'tcg',
  memory: 2048,
  cpus: 2,
  start: { kind: 'cold', kernel: '/a b/vmlinuz', initrd: '/a b/boot.cpio' },
  disks: ['/a, b "ü\\/overlay.qcow2'],
  base: '/a, b "ü\\/root.qcow2',
  qmpSocket: '/a,, b/qmp.sock',
  channelSocket: '/a, b/channel.sock',
  consoleLog: '/a, b/console.log',
  pidFile: '/a, b/qemu.pid',
  sandbox: true,
};

const RESUMED = {
  ...PLAN,
  start: {
    kind: 'resume',
    memory: { file: '/a, b "ü\\/memory', offset: 1048576 },
    apps: [{ name: 'claude-1', disk: '/a, b/app.img', target: 3 }],
  },
} as const satisfies LaunchPlan;

const valuesOf = (args: string[], flag: string) =>
  args.flatMap((word, index) => (word === flag ? [args[index + 1] ?? ''] : []));

describe('QEMU’s command line', () => {
  for (const accelerator of ['tcg', 'kvm', 'whpx', 'whpx,kernel-irqchip=off', 'hvf'] as Accelerator[]) {
    it(`under ${accelerator} gives the guest no network card and nothing by default, and one accelerator`, () => {
      const args = qemuArguments({ ...PLAN, accelerator });
      for (const flag of ['-nodefaults', '-no-user-config']) assert.ok(args.includes(flag), flag);
      for (const flag of ['-net', '-netdev', '-nic', '-usb', '-vga', '-virtfs', '-fsdev'])
        assert.ok(!args.includes(flag), flag);
      assert.ok(
        !valuesOf(args, '-device').some((device) => /net|e1000|rtl|usb|vfio/.test(device)),
        String(valuesOf(args, '-device')),
      );
      assert.equal(valuesOf(args, '-accel').length, 1);
      assert.ok(valuesOf(args, '-accel')[0]?.startsWith(accelerator));
    });
  }

  it('has the channel, a random source, the disk and nothing else as devices', () => {
    const kinds = valuesOf(qemuArguments(PLAN), '-device').map((device) => device.split(',')[0]);
    assert.deepEqual(kinds.toSorted(), [
      'virtio-blk-pci',
      'virtio-rng-pci',
      'virtio-scsi-pci',
      'virtio-serial-pci',
      'virtserialport',
      'vmgenid',
    ]);
  });

  it('keeps commas, quotes and spaces of a path inside the path', () => {
    const args = qemuArguments(PLAN);
    const nodes = valuesOf(args, '-blockdev').map((text) => JSON.parse(text));
    assert.deepEqual(
      nodes.filter(({ driver }) => driver === 'file').map(({ filename }) => filename),
      [PLAN.base, ...PLAN.disks],
    );
    const paths = valuesOf(args, '-chardev').map((text) =>
      /path=((?:[^,]|,,)*)/.exec(text)?.[1]?.replaceAll(',,', ','),
    );
    assert.deepEqual(paths.toSorted(), [PLAN.channelSocket, PLAN.consoleLog, PLAN.qmpSocket].toSorted());
    assert.deepEqual(valuesOf(args, '-pidfile'), [PLAN.pidFile]);
    assert.deepEqual(valuesOf(args, '-kernel'), ['/a b/vmlinuz']);
  });

  it('opens the image read-only, under a disk whose header is not asked where its base lies', () => {
    const nodes = valuesOf(qemuArguments(PLAN), '-blockdev').map((text) => JSON.parse(text));
    for (const node of nodes.filter((each) => String(each['node-name']).startsWith('base')))
      assert.equal(node['read-only'], true);
    assert.equal(nodes.find((node) => node['node-name'] === 'root')?.backing, 'base');
    assert.equal(nodes.find((node) => node['node-name'] === 'base')?.backing, null);
  });

  it('locks QEMU in where it can be, and says nothing of it where it cannot', () => {
    const sandbox = valuesOf(qemuArguments(PLAN), '-sandbox')[0] ?? '';
    assert.match(sandbox, /^on,/);
    for (const denied of ['spawn=deny', 'elevateprivileges=deny', 'obsolete=deny', 'resourcecontrol=deny'])
      assert.ok(sandbox.includes(denied), denied);
    assert.ok(!qemuArguments({ ...PLAN, sandbox: false }).includes('-sandbox'));
  });

  it('puts the layers of a disk on one another, and lets only the last be written', () => {
    const args = qemuArguments({ ...PLAN, disks: ['/one', '/two', '/three'] });
    const nodes = valuesOf(args, '-blockdev').map((text) => JSON.parse(text));
    const layers = nodes.filter(({ driver, backing }) => driver === 'qcow2' && backing !== null);
    assert.deepEqual(
      layers.map((node) => [node['node-name'], node.backing, node['read-only'] ?? false]),
      [
        ['layer0', 'base', true],
        ['layer1', 'layer0', true],
        ['root', 'layer1', false],
      ],
    );
    assert.equal(nodes.find((node) => node['node-name'] === 'root-file')?.filename, '/three');
  });

  it('of a guest from a snapshot waits for it, boots no kernel and never writes the file its memory is in', () => {
    const args = qemuArguments(RESUMED);
    assert.ok(args.includes('-S'));
    assert.deepEqual(valuesOf(args, '-incoming'), ['defer']);
    assert.deepEqual(valuesOf(args, '-kernel'), []);
    const memory = valuesOf(args, '-object')[0] ?? '';
    for (const word of ['share=off', 'readonly=on', 'rom=off', 'size=2048M', 'offset=1048576'])
      assert.ok(memory.includes(word), word);
    assert.equal(
      /mem-path=((?:[^,]|,,)*)/.exec(memory)?.[1]?.replaceAll(',,', ','),
      RESUMED.start.memory.file,
    );
    assert.ok(valuesOf(args, '-machine')[0]?.endsWith('memory-backend=pc.ram'));
  });

  it('of a guest from a snapshot has the tools’ disks where they were, read-only', () => {
    const args = qemuArguments(RESUMED);
    const device = valuesOf(args, '-device').find((text) => text.startsWith('{'));
    assert.deepEqual(JSON.parse(device ?? ''), {
      driver: 'scsi-hd',
      id: 'app-claude-1.3',
      bus: 'apps.0',
      'scsi-id': 3,
      drive: 'app-claude-1',
    });
    const node = valuesOf(args, '-blockdev')
      .map((text) => JSON.parse(text))
      .find((each) => each['node-name'] === 'app-claude-1');
    assert.equal(node['read-only'], true);
    assert.equal(node.file.filename, '/a, b/app.img');
  });

  it('turns mitigations off under emulation only', () => {
    assert.match(valuesOf(qemuArguments(PLAN), '-append')[0] ?? '', /mitigations=off/);
    assert.doesNotMatch(
      valuesOf(qemuArguments({ ...PLAN, accelerator: 'kvm' }), '-append')[0] ?? '',
      /mitigations=off|tsc=reliable/,
    );
  });

  it('shows an emulated guest no string instructions that are called fast and are not, and four levels of page tables', () => {
    const [model = ''] = valuesOf(qemuArguments(PLAN), '-cpu');
    for (const feature of ['erms', 'fsrm', 'fsrs', 'fzrm', 'la57'])
      assert.ok(model.split(',').includes(`-${feature}`), feature);
    assert.equal(valuesOf(qemuArguments({ ...PLAN, accelerator: 'kvm' }), '-cpu')[0], 'host');
  });

  it('of a probe has no disk, no network and no socket', () => {
    const args = probeArguments('kvm', '/k', '/i');
    for (const flag of ['-blockdev', '-drive', '-netdev', '-nic', '-device', '-qmp', '-monitor'])
      assert.ok(!args.includes(flag), flag);
    assert.ok(args.includes('-nodefaults'));
  });
});

describe('the accelerators tried', () => {
  it('end with emulation on every system', () => {
    for (const system of ['linux', 'macos', 'windows'] as const) {
      const list = candidates(system);
      assert.equal(list.at(-1), 'tcg');
      assert.equal(new Set(list).size, list.length);
      assert.ok(list.length > 1);
    }
  });

  it('never show a processor to WHPX that crashes it', () => {
    for (const accelerator of ['whpx', 'whpx,kernel-irqchip=off'] as const)
      assert.ok(!['host', 'max'].includes(cpuModel(accelerator)));
  });
});
