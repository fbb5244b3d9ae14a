import type { Guest } from '../guest.js';

/**
 * A function of WASI preview 1. Arguments of 32 bits come as unsigned numbers, those of 64 bits too (beyond 2^53 inexact,
 * where nothing depends on it). Answers an error number; a `GuestMemoryFault` it throws becomes `fault`.
 */
export type WasiFunction = (guest: Guest, args: readonly number[]) => number | Promise<number>;

export type WasiFunctions = Readonly<Record<string, WasiFunction>>;
