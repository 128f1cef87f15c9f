/** The installed packages of a dpkg status file, by name. */
export function installedPackages(status: string): { name: string; version: string }[] {
  return status
    .split('\n\n')
    .filter((stanza) => /^Status: install ok installed$/m.test(stanza))
    .map((stanza) => ({ name: field(stanza, 'Package'), version: field(stanza, 'Version') }))
    .filter(({ name, version }) => name !== '' && version !== '');
}

function field(stanza: string, name: string): string {
  return new RegExp(`^${name}: (.+)$`, 'm').exec(stanza)?.[1] ?? '';
}
