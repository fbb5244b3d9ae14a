/** The value, or undefined where the text is not JSON; callers go on with a schema, which refuses undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
