import * as z from 'zod/mini';

/**
 * Why a path took no part in an exchange. A closed list: the guest may name a reason, never write a sentence that ends on
 * the host's terminal.
 */
const REASONS = [
  /** the name is empty, `.`, `..`, not Unicode, or has a control character, backslash or drive in it */
  'name',
  /** the name or path is too long, or too deep */
  'too-long',
  /** git's own folder, in whatever spelling */
  'git',
  /** a name the host cannot hold */
  'host-name',
  /** two names that are one on the host's file system */
  'collision',
  /** never part of the exchange */
  'ignored',
  /** a pipe, socket or device */
  'special',
  /** a link that is absolute, leaves the project, or that the host cannot hold */
  'link',
  /** what is above it is not a folder */
  'stray',
  'unreadable',
  'unwritable',
  /** it changed while the exchange ran; the next one sees it anew */
  'changed',
  /** a folder to be removed still holds files that are not part of the exchange */
  'not-empty',
] as const;

export type Reason = (typeof REASONS)[number];

const reasonSchema = z.enum(REASONS);

export interface Refusal {
  path: string;
  reason: Reason;
}

/** A refused path is shown, never used, so it may be any text. */
export const refusalSchema = z.strictObject({
  path: z.string().check(z.minLength(1), z.maxLength(16_384)),
  reason: reasonSchema,
});
