import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Address ranges a guest never reaches unless they are named: the host itself, its networks, cloud metadata (RFC 6890 and friends). */
const INTERNAL_4: [string, number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const INTERNAL_6: [string, number][] = [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['3fff::', 20],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

/** Whether an address belongs to the host, its networks or no one: never a public server. Anything that is no address counts as internal. */
export function isInternal(address: string): boolean {
  ranges ??= internalRanges();
  if (isIPv4(address)) return ranges.check(address, 'ipv4');
  if (!isIPv6(address)) return true;
  const embedded = embeddedIpv4(address);
  return ranges.check(address, 'ipv6') || (embedded !== undefined && ranges.check(embedded, 'ipv4'));
}

/** Made on first use: a start-up snapshot of the program cannot hold it. */
let ranges: BlockList | undefined;

function internalRanges(): BlockList {
  const internal = new BlockList();
  for (const [network, bits] of INTERNAL_4) internal.addSubnet(network, bits, 'ipv4');
  for (const [network, bits] of INTERNAL_6) internal.addSubnet(network, bits, 'ipv6');
  return internal;
}

/** IPv4 inside IPv6: mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96) and 6to4 (2002::/16) all end at the IPv4 address. */
function embeddedIpv4(address: string): string | undefined {
  const groups = expand(address);
  const isMapped =
    groups.slice(0, 5).every((group) => group === 0) && (groups[5] === 0xffff || groups[5] === 0);
  const isNat64 =
    groups[0] === 0x64 && groups[1] === 0xff9b && groups.slice(2, 6).every((group) => group === 0);
  if (isMapped || isNat64) return dotted(groups[6] ?? 0, groups[7] ?? 0);
  if (groups[0] === 0x2002) return dotted(groups[1] ?? 0, groups[2] ?? 0);
  return undefined;
}

function dotted(high: number, low: number): string {
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** The eight groups of an IPv6 address that `isIPv6` accepted. */
function expand(address: string): number[] {
  const [text = ''] = address.split('%');
  const hexed = text.replace(
    /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
    (_all, a, b, c, d) => `${((+a << 8) | +b).toString(16)}:${((+c << 8) | +d).toString(16)}`,
  );
  const [left = '', right] = hexed.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const gap = right === undefined ? 0 : 8 - head.length - tail.length;
  return [...head, ...Array<string>(gap).fill('0'), ...tail].map((group) => Number.parseInt(group, 16));
}
