/** A value of the plugin's `config`; undefined when there is none. */
export function config(name: string): string | undefined {
  return Config.get(name) ?? undefined;
}
