export interface AddressApi {
  readonly port: number;
  /** How many searches came. */
  calls(): number;
  close(): Promise<void>;
}

export function startAddressApi(options?: { port?: number; delayMs?: number }): Promise<AddressApi>;
