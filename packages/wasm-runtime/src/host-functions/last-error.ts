import { answering, type ServedFunctions } from './served-function.js';

/** Otoroshi's answers leave little room to say what went wrong; this says it. */
export const lastError: ServedFunctions = {
  proxy_last_error: {
    ...answering((guest) => (guest.lastError === undefined ? 0 : guest.give(JSON.stringify(guest.lastError)))),
    keepsError: true,
  },
};
