/**
 * The smallest value that fits a JSON schema, as far as side requests use one: objects with required members, arrays,
 * enumerations, booleans, numbers and text, for which `text` stands in.
 */
export function smallestInstance(schema: unknown, text: string, depth = 0): unknown {
  if (!isRecord(schema) || depth > 8) return text;
  const { enum: choices, properties, required } = schema;
  if (Array.isArray(choices)) return choices[0];
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object': {
      const members = Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
      const shapes = isRecord(properties) ? properties : {};
      return Object.fromEntries(
        members.map((name) => [name, smallestInstance(shapes[name], text, depth + 1)]),
      );
    }
    case 'array':
      return [];
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return 0;
    case 'null':
      return null;
    default:
      return text;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
