import { aDemoGateway } from './a-demo-gateway.js';
import { describeImport } from './gateway/import-otoroshi.js';
import { describeSettings } from './gateway/settings.js';
import { describeSlots } from './gateway/slots.js';
import { describeTester } from './gateway/tester.js';
import { describeUpstreams } from './gateway/upstreams.js';

// What stops no part of the gateway shares one, for its start costs more than most tests. Names, hosts and paths are of one part
// alone; settings, which are of all, are changed by one part only.

const { gateway, addressApi } = aDemoGateway(2, 1);

describeSlots(gateway);
describeUpstreams(gateway);
describeImport(gateway, addressApi);
describeTester(gateway, addressApi);
describeSettings(gateway);
