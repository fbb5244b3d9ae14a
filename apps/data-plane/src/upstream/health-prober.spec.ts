import { afterEach, describe, expect, it } from '@jest/globals';
import { type SnapshotRoute, UpstreamTarget } from '@torii/contracts';
import { createLogger } from '@torii/service-kit';
import { healthCellsMax } from './health-cells.js';
import { HealthProber } from './health-prober.js';

const log = createLogger({ level: 'silent', app: 'test' });

function aCheckedRoute(id: string, urls: readonly string[]): Pick<SnapshotRoute, 'id' | 'name' | 'target'> {
  const target = UpstreamTarget.parse({ kind: 'upstream', targets: urls.map((url) => ({ url })), health: { active: { path: '/' } } });
  return { id: `rt_${id}` as SnapshotRoute['id'], name: id, target };
}

describe('HealthProber', () => {
  let prober = new HealthProber({ allowLinkLocal: false, log });
  afterEach(() => {
    prober.close();
    prober = new HealthProber({ allowLinkLocal: false, log });
  });

  it('has one cell for a target that several routes check in one way', () => {
    const cells = prober.cellsFor([aCheckedRoute('a', ['http://one', 'http://two']), aCheckedRoute('b', ['http://two'])]);
    expect([...cells.values()]).toEqual([[0, 1], [1]]);
  });

  it('takes no target for another when there are more than there is room for', () => {
    const { target, ...names } = aCheckedRoute('many', ['http://known']);
    const [peer] = 'targets' in target ? target.targets : [];
    const targets = Array.from({ length: healthCellsMax }, (_, index) => ({ ...peer, url: index === 0 ? 'http://known' : `http://${index}` }));
    prober.cellsFor([{ ...names, target: { ...target, targets } as UpstreamTarget }]);
    expect(prober.cellsFor([aCheckedRoute('next', ['http://unknown', 'http://known'])])).toEqual(new Map([['rt_next', [undefined, 0]]]));
  });
});
