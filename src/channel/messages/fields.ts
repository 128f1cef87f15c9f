import * as z from 'zod/mini';

/** So many bytes in lower-case hexadecimal. */
export const hex = (bytes: number) => z.string().check(z.regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`)));

/** At most so many characters. */
export const text = (limit: number) => z.string().check(z.maxLength(limit));
