import { Fault } from '../fault/fault.ts';
import type { ToolAdapter } from './adapter.ts';
import { claude } from './claude.ts';
import { codex } from './codex.ts';

/** Every tool there is. A new one is its own file and its name here. */
export const TOOLS: readonly ToolAdapter[] = [claude, codex];

/** @throws Fault `tool-unknown`, listing those that exist */
export function findTool(name: string): ToolAdapter {
  const tool = TOOLS.find((candidate) => candidate.name === name);
  if (tool !== undefined) return tool;
  const known = TOOLS.map((candidate) => candidate.name).join(', ');
  throw new Fault('tool-unknown', `there is no tool named ${JSON.stringify(name)}`, {
    hint: `tools: ${known}`,
  });
}
