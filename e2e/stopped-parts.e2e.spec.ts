import { aDemoGateway } from './a-demo-gateway.js';
import { describeArticle } from './stopped-parts/article.js';
import { describeConfiguration } from './stopped-parts/configuration.js';
import { describeTail } from './stopped-parts/tail.js';

// What stops parts of the gateway shares one as well: each part leaves it whole, but for the last. Names, hosts and paths are of
// one part alone.

const { gateway, addressApi } = aDemoGateway(2);

describeTail(gateway);
describeArticle(gateway, addressApi);
describeConfiguration(gateway);
