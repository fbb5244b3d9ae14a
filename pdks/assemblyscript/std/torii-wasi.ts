@external("wasi_snapshot_preview1", "random_get")
export declare function random_get(buffer: usize, length: usize): u32;
@external("wasi_snapshot_preview1", "clock_time_get")
export declare function clock_time_get(clock: u32, precision: u64, time: usize): u32;
@external("wasi_snapshot_preview1", "proc_exit")
export declare function proc_exit(code: u32): void;

// @ts-ignore: decorator
@lazy const scratch = memory.data(8);

/** Nanoseconds of a clock: 0 tells the time of day, 1 only moves on. */
export function nanoseconds(clock: u32): u64 {
  clock_time_get(clock, 1000, scratch);
  return load<u64>(scratch);
}

export function randomBits(): u64 {
  random_get(scratch, 8);
  return load<u64>(scratch);
}
