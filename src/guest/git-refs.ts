/** Name → object. */
export type Refs = ReadonlyMap<string, string>;

export interface RefChange {
  name: string;
  /** undefined: it goes */
  to: string | undefined;
  /** as it is now; undefined: it is not there */
  from: string | undefined;
}

export interface RefPlan {
  changes: RefChange[];
  /** both sides moved it: history decides */
  contested: { name: string; host: string; guest: string }[];
}

/** Three-way, against what the host brought last: what only one side changed wins, and a change beats a removal. */
export function planRefs({ base, host, guest }: { base: Refs; host: Refs; guest: Refs }): RefPlan {
  const plan: RefPlan = { changes: [], contested: [] };
  for (const name of new Set([...host.keys(), ...base.keys()])) {
    const [was, theirs, ours] = [base.get(name), host.get(name), guest.get(name)];
    if (theirs === ours || theirs === was) continue;
    if (ours === was || (ours === undefined && theirs !== undefined))
      plan.changes.push({ name, to: theirs, from: ours });
    else if (theirs !== undefined && ours !== undefined)
      plan.contested.push({ name, host: theirs, guest: ours });
  }
  return plan;
}

/** The name under which the guest's own commits of a contested ref are kept. */
export function asideName(name: string, object: string): string {
  return `refs/aside/${object.slice(0, 10)}/${name.replace(/^refs\//, '')}`;
}

/** Lines for `git update-ref --stdin`. */
export function updateLines(changes: readonly RefChange[]): string {
  return changes
    .map(({ name, to, from }) => {
      if (to === undefined) return `delete ${name} ${from ?? ''}`.trimEnd();
      return from === undefined ? `create ${name} ${to}` : `update ${name} ${to} ${from}`;
    })
    .map((line) => `${line}\n`)
    .join('');
}
