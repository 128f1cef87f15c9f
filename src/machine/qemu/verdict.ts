import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { Fault } from '../../fault/fault.ts';
import { readJson, writeJson } from '../../platform/json-file.ts';
import type { Accelerator } from './accelerator.ts';
import type { ProbeResult } from './probe.ts';

const AcceleratorName = z.enum(['kvm', 'hvf', 'whpx', 'whpx,kernel-irqchip=off', 'tcg']);
const Trial = z.object({
  accelerator: AcceleratorName,
  works: z.boolean(),
  reason: z.string().check(z.maxLength(1000)),
});

/** Which accelerator this host gets, and why not the better ones. */
export const Verdict = z.object({
  key: z.string(),
  accelerator: AcceleratorName,
  reason: z.string().check(z.maxLength(1000)),
  trials: z.array(Trial),
});
export type Verdict = z.infer<typeof Verdict>;

export interface VerdictQuestion {
  /** best first */
  candidates: Accelerator[];
  /** the proof holds for this boot of the host, this QEMU and this kernel */
  identity: { hostBoot: string; qemuHash: string; kernelHash: string };
  /** where the answer is kept */
  cache: string;
  probe(accelerator: Accelerator): Promise<ProbeResult>;
  /** skip the proof and take this one */
  forced?: Accelerator | undefined;
}

/** The accelerator to use, proven once and then remembered. @throws Fault `qemu-failed` when not even emulation is a candidate */
export async function decideAccelerator(question: VerdictQuestion): Promise<Verdict> {
  const key = createHash('sha256')
    .update(JSON.stringify([question.candidates, question.identity]))
    .digest('hex');
  if (question.forced !== undefined)
    return { key, accelerator: question.forced, reason: 'chosen by setting', trials: [] };
  const cached = await readJson(question.cache, Verdict).catch(() => undefined);
  if (cached?.key === key) return cached;
  const verdict = await prove(question, key);
  await writeJson(question.cache, verdict);
  return verdict;
}

/** The remembered verdict, if any, for those who only report. */
export async function lastVerdict(cache: string): Promise<Verdict | undefined> {
  return readJson(cache, Verdict).catch(() => undefined);
}

async function prove(question: VerdictQuestion, key: string): Promise<Verdict> {
  const trials: z.infer<typeof Trial>[] = [];
  for (const accelerator of question.candidates) {
    // Emulation needs nothing of the host; the machine's own start is its proof.
    if (accelerator === 'tcg') return { key, accelerator, reason: fallbackReason(trials), trials };
    const result = await question.probe(accelerator);
    trials.push({
      accelerator,
      works: result.works,
      reason: result.works ? `a guest answered in ${result.milliseconds} ms` : result.reason,
    });
    if (result.works)
      return { key, accelerator, reason: `a guest answered in ${result.milliseconds} ms`, trials };
  }
  throw new Fault('qemu-failed', 'no accelerator works on this host', { hint: 'pcoder doctor' });
}

function fallbackReason(trials: { accelerator: string; reason: string }[]): string {
  if (trials.length === 0) return 'software emulation; this host offers nothing else';
  return `software emulation, because ${trials.map(({ accelerator, reason }) => `${accelerator}: ${reason}`).join('; ')}`;
}
