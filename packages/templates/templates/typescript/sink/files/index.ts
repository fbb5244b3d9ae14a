import { sinkHandler, sinkMatcher } from '@torii/pdk';

/** Takes the requests that no route took, if they ask for something below `/old`. */
export const sink_matches = sinkMatcher(({ request }) => ({ result: request.path.startsWith('/old/') }));

/** Sends them to where it is now. */
export const sink_handle = sinkHandler(({ request }) => ({
  status: 308,
  headers: { location: request.uri.replace('/old/', '/new/') },
}));
