import { Fault, systemCode } from '../fault/fault.ts';
import { admit } from './admit.ts';
import { agreedAfter, without } from './agreed-after.ts';
import { readBase, writeBase } from './base-file.ts';
import { withKnownExec } from './exec-bits.ts';
import { fetchFromGuest } from './from-guest.ts';
import { hostRules } from './host-rules.ts';
import type { ExchangeOptions } from './options.ts';
import { type Plan, reconcile } from './reconcile.ts';
import { type Report, shown, shownConflicts, shownRefusals } from './report.ts';
import { LIMITS, type Tree } from './shared/entry.ts';
import { readListing } from './shared/listing.ts';
import { writeRules } from './shared/rules-record.ts';
import { type Scanned, scan } from './shared/scan.ts';
import type { SeenTree } from './shared/stamp.ts';
import { sendToGuest } from './to-guest.ts';

/**
 * Makes the host's project folder and the guest's copy the same, once, without losing what only one side has. Stopped at
 * any point, the next exchange goes on from there.
 * @throws Fault `exchange-refused` when one side was emptied or there is too much; `disk-full`, `folder-unwritable`,
 * `protocol-violation`
 */
export async function exchangeOnce(options: ExchangeOptions): Promise<Report> {
  const { root, guest, session, signal, progress } = options;
  if (!/^[\w-]{1,64}$/.test(session)) throw new Error(`not a session name: ${session}`);
  const limits = options.limits ?? LIMITS;

  progress?.({ type: 'step', step: COMPARE });
  const former = await readBase(options.base);
  const rules = await hostRules(root, options.skip ?? [], options.host.caseInsensitive);
  const found = await scanHost(root, {
    ignore: rules.ignore,
    collect: (file) => rules.add(file),
    limits,
    signal,
    previous: former.seen,
  });
  // Only now all rules are known, and the guest must go by the same.
  const listing = await readListing(guest.scan(asAsync(writeRules(rules.data()))), limits);
  const host = treeOf(found.seen);
  if (!options.host.execBits) withKnownExec(host, former.tree);
  const admitted = admit(listing, host, rules.ignore, options.host);
  // Without a copy in the guest there is nothing that could have been removed from it.
  const base: Tree = listing.present ? former.tree : new Map();
  const sides = {
    host: host.size + found.refused.length,
    guest: listing.entries.length + listing.refused.length,
  };
  refuseEmptied(base, sides, root);
  const held = new Set([...found.refused, ...admitted.refused].map(({ path }) => path));
  const plan = reconcile({ base, host, guest: admitted.tree, held, session });
  progress?.({ type: 'done', step: COMPARE });

  signal?.throwIfAborted();
  const fetched = await fetchFromGuest(plan, { ...options, seen: found.seen, limits });
  signal?.throwIfAborted();
  // Cut off in between, an agreement on these would make their absence in the guest look like a removal by it.
  const swapped = swappedInGuest(plan);
  const lasting = without(base, swapped);
  if (swapped.length > 0) {
    options.effect?.('forget what is swapped');
    await writeBase(options.base, lasting, found.seen, former);
  }
  const sent = await sendToGuest(plan, fetched.refused, {
    ...options,
    seen: found.seen,
    limits,
    there: admitted.tree,
    parts: listing.parts,
    make: !listing.present,
  });

  const undone = [...fetched.undone, ...sent.undone];
  options.effect?.('write the base');
  await writeBase(options.base, agreedAfter(plan.agreed, lasting, undone), found.seen, former);
  return {
    toGuest: shown(sent.put),
    toHost: shown(fetched.put),
    deleted: { onHost: shown(fetched.removed), onGuest: shown(sent.removed) },
    conflicts: shownConflicts(plan.conflicts.filter(({ copy }) => found.seen.has(copy))),
    refused: shownRefusals([
      ...found.refused,
      ...admitted.refused,
      ...plan.refused,
      ...fetched.refused,
      ...sent.refused,
    ]),
  };
}

const COMPARE = 'compare the project with the copy in the guest';

async function scanHost(root: string, options: Parameters<typeof scan>[1]): Promise<Scanned> {
  return await scan(root, options).catch((error: unknown) => {
    if (!['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) throw error;
    throw new Fault('project-unusable', `the project folder ${root} is gone`, {
      cause: error,
      hint: 'bring it back, or name another with --project',
    });
  });
}

function treeOf(seen: SeenTree): Tree {
  const tree: Tree = new Map();
  for (const { entry } of seen.values()) tree.set(entry.path, entry);
  return tree;
}

async function* asAsync<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

/** What the guest has to remove before it can put something of another type there. */
function swappedInGuest({ toGuest }: Plan): string[] {
  const removed = new Set(toGuest.removals.map(({ path }) => path));
  return toGuest.puts.map(({ entry }) => entry.path).filter((path) => removed.has(path));
}

/** One entry may well have been removed on purpose; everything is more likely an unmounted disk or a lost copy. */
function refuseEmptied(base: Tree, sides: { host: number; guest: number }, root: string): void {
  // Emptied on both sides there is nothing to lose.
  if (base.size < 2 || sides.host > 0 === sides.guest > 0) return;
  const copy = "the guest's copy of the project";
  const [emptied, other] = sides.host === 0 ? [`the project folder ${root}`, copy] : [copy, root];
  throw new Fault('exchange-refused', `${emptied} was emptied; ${other} is left as it is`, {
    hint: `if that was meant, remove ${copy} as a whole; to work without exchanging, use --exchange none`,
  });
}
