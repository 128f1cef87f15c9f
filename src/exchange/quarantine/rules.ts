import { AGENTS } from './list/agents.ts';
import { BUILD_TOOLS } from './list/build-tools.ts';
import { DESKTOPS } from './list/desktops.ts';
import { EDITORS } from './list/editors.ts';
import { FORGES } from './list/forges.ts';
import { GIT } from './list/git.ts';
import { PACKAGE_MANAGERS } from './list/package-managers.ts';
import { SHELLS } from './list/shells.ts';

/** A part of the list: what would run these paths, and why that is not the guest's to decide. */
export interface RuleSet {
  /** what runs them */
  by: string;
  /** one short sentence, shown beside each waiting path */
  reason: string;
  /** patterns, see pattern.ts */
  paths: readonly string[];
  /** names that are nothing but samples */
  except?: readonly string[];
  /** changes in everyday work: what counts is whether the parts that run have changed, see judge-content.ts */
  byContent?: boolean;
}

/**
 * Paths that can run a program on the host by being opened, entered, built, committed or pushed, whether or not they exist
 * yet (CVE-2026-25725). Source that a person runs knowingly is not on it: it is the guest's work, and no list could tell
 * it from an attack (docs/security.md).
 */
export const RULES: readonly RuleSet[] = [
  ...GIT,
  ...EDITORS,
  ...SHELLS,
  ...PACKAGE_MANAGERS,
  ...BUILD_TOOLS,
  ...AGENTS,
  ...FORGES,
  ...DESKTOPS,
];
