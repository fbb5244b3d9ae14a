import { header, routeMatcher } from '@torii/pdk';

/** Takes the route for those only who ask for the beta. */
export const matches_route = routeMatcher(({ request }) => ({ result: header(request, 'x-beta') === 'yes' }));
