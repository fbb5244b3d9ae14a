import { type Egress, EgressError } from '@torii/wasm-runtime';

export type EgressOutcome = 'answered' | 'refused' | 'failed';

/** The same egress, which says of each call what became of it. */
export function countedEgress(egress: Egress, count: (outcome: EgressOutcome) => void): Egress {
  return {
    async request(request) {
      try {
        const response = await egress.request(request);
        count('answered');
        return response;
      } catch (error) {
        count(error instanceof EgressError && error.code === 'egress_refused' ? 'refused' : 'failed');
        throw error;
      }
    },
    close: () => egress.close(),
  };
}
