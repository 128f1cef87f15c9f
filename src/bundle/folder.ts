import { join } from 'node:path';

/** Where the portable folder keeps everything. Every on-disk name of the product is spelled here and nowhere else. */
export interface Folder {
  /** the portable folder itself; a checkout is one too */
  root: string;
  /** usually `<root>/state`; `PCODER_STATE` moves it, for a folder on read-only media */
  state: string;
}

/** Folders of the portable folder that are the product's own and never part of a project. */
export const OWN_FOLDERS = ['runtime', 'apps', 'state', 'node_modules'] as const;

export function runtimeNames(folder: Folder) {
  const runtime = join(folder.root, 'runtime');
  const linux = join(runtime, 'linux');
  return {
    runtime,
    qemu: join(runtime, 'qemu'),
    /** what was unpacked, with the digest of every package and of the programs we start */
    qemuManifest: join(runtime, 'qemu', 'qemu.json'),
    images: join(linux, 'images'),
    /** which image is current */
    vmManifest: join(linux, 'vm-manifest.json'),
  };
}

export function imageNames(folder: Folder, id: string) {
  const image = join(runtimeNames(folder).images, id);
  return {
    image,
    manifest: join(image, 'image.json'),
    /** unpacked beforehand where QEMU can start it so (see image/kernel-image.ts) */
    kernel: join(image, 'vmlinuz'),
    initrd: join(image, 'initrd'),
    root: join(image, 'root.qcow2'),
    /** golden snapshots that come with the image, packed, one folder for each kind of guest */
    golden: join(image, 'golden'),
  };
}

export function appNames(folder: Folder, tool: string, version: string) {
  const app = join(folder.root, 'apps', tool, version);
  return {
    app,
    manifest: join(app, 'app.json'),
    /** read-only ext4 file system the guest mounts */
    disk: join(app, 'app.img'),
  };
}

export function stateNames(folder: Folder) {
  const { state } = folder;
  return {
    state,
    settings: join(state, 'settings.json'),
    cache: join(state, 'cache'),
    downloads: join(state, 'cache', 'downloads'),
    /** lists and settings of the private apt, one folder per release */
    aptHome: join(state, 'cache', 'apt'),
    /** scratch space of a running build */
    builds: join(state, 'cache', 'build'),
    accelerator: join(state, 'cache', 'accelerator.json'),
    /** empty layers for machines' disks, one for each image */
    emptyLayers: join(state, 'cache', 'empty-layers'),
    machines: join(state, 'vm'),
    /** held by the one command that makes, forks, empties or removes machines now */
    machinesLock: join(state, 'vm', '.lock.db'),
    /** snapshots that new machines start from, one folder for each kind of guest */
    golden: join(state, 'golden'),
    sessions: join(state, 'sessions'),
    /** one lock for each project, held while something changes its files on the host */
    projectLocks: join(state, 'projects'),
    /** the sample project of the demo profile */
    demoProject: join(state, 'demo', 'project'),
  };
}

/** What the files of an asset looked like when they were last hashed (see assets/verify.ts). */
export function verifiedStamps(folder: Folder, asset: string): string {
  return join(stateNames(folder).cache, 'verified', `${asset}.json`);
}

export function authFolder(folder: Folder, tool: string): string {
  return join(folder.state, 'auth', tool);
}

/** What a machine may be called, and with it its folder. */
export const MACHINE_NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** A machine's folder while it is being made or removed: hidden, so that it is no machine yet, or no more. */
export function unfinishedMachine(folder: Folder, machine: string, mark: string): string {
  return join(stateNames(folder).machines, `.unfinished-${machine}-${mark}`);
}

export function isUnfinishedMachine(name: string): boolean {
  return name.startsWith('.unfinished-');
}

export function machineNames(folder: Folder, machine: string) {
  return machineNamesIn(join(stateNames(folder).machines, machine));
}

/** Of a machine whose folder is anywhere. */
export function machineNamesIn(home: string) {
  const ssh = join(home, 'ssh');
  return {
    home,
    lock: join(home, 'lock.db'),
    record: join(home, 'machine.json'),
    /** the first layer of the machine's own disk; `machine.json` names them all */
    overlay: join(home, 'overlay.qcow2'),
    /** the guest's memory, while the machine is suspended */
    suspended: join(home, 'suspended'),
    suspending: join(home, 'suspending.tmp'),
    bootKey: join(home, 'boot.key'),
    /** what is appended to the image's initrd at one start: agent daemon, boot key, ssh host key */
    bootArchive: join(home, 'boot.cpio'),
    qemuPid: join(home, 'qemu.pid'),
    qemuLog: join(home, 'qemu.log'),
    consoleLog: join(home, 'console.log'),
    supervisorLog: join(home, 'supervisor.log'),
    sshPort: join(home, 'ssh-port.txt'),
    ssh,
    sshUserKey: join(ssh, 'id_ed25519'),
    sshHostKey: join(ssh, 'host_ed25519'),
    sshKnownHosts: join(ssh, 'known_hosts'),
    sshConfig: join(ssh, 'config'),
    /** the last agreed tree of each project this machine has seen */
    exchange: join(home, 'exchange'),
    /** packs on their way, one folder for each project */
    git: join(home, 'git'),
  };
}

/** An empty layer for disks on an image. */
export function emptyLayer(folder: Folder, image: string): string {
  return join(stateNames(folder).emptyLayers, `${image}.qcow2`);
}

/** Where a golden snapshot of one kind is, and where one is being made. */
export function goldenNames(folder: Folder, kind: string) {
  const { golden } = stateNames(folder);
  return {
    snapshot: join(golden, kind),
    disk: join(golden, kind, 'disk.qcow2'),
    making: join(golden, `${kind}.tmp`),
    /** held by the one supervisor that makes a snapshot now */
    lock: join(golden, 'lock.db'),
  };
}

/** A golden snapshot of one kind as it comes with an image. */
export function shippedNames(folder: Folder, image: string, kind: string) {
  const home = join(imageNames(folder, image).golden, kind);
  return {
    home,
    manifest: join(home, 'golden.json'),
    memory: join(home, 'memory.zst'),
    disk: join(home, 'disk.zst'),
  };
}

/** The lock of one project, by a digest of where it is. */
export function projectLock(folder: Folder, digest: string): string {
  return join(stateNames(folder).projectLocks, `${digest}.lock.db`);
}

/** What a session may be called, and with it its folder. */
export const SESSION_NAME = /^[\w-]{1,64}$/;

/** What was kept of a session on its way out: hidden, so that it is no session. */
export function removedUndo(folder: Folder, session: string): string {
  return join(stateNames(folder).sessions, `.removed-undo-${session}`);
}

export function isRemovedUndo(name: string): boolean {
  return name.startsWith('.removed-undo-');
}

export function sessionNames(folder: Folder, session: string) {
  const home = join(stateNames(folder).sessions, session);
  const undo = join(home, 'undo');
  return {
    home,
    record: join(home, 'session.json'),
    egress: join(home, 'egress.jsonl'),
    /** all it takes to undo what the session did to the project */
    undo,
    /** every change of the project's files, announced before it is made */
    journal: join(undo, 'journal.jsonl'),
    /** the files that were replaced or removed, each named by the number of its change */
    trash: join(undo, 'trash'),
  };
}
