import { z } from 'zod';
import { Slot, slotsMax } from './route.js';

/**
 * What holds for all routes. The plugins run on every route, those of a kind before the route's own of that kind; a router
 * may choose the route, and a sink answers where no route matches.
 */
export const Settings = z.strictObject({ plugins: z.array(Slot).max(slotsMax).default([]) });
export type Settings = z.infer<typeof Settings>;
