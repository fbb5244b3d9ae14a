/** One of many routes as data threads are told them: a hundred hosts share them all, and each answers this text. */
export function aStaticRoute(index, body) {
  return {
    id: `rt_${index}`,
    name: `r${index}`,
    workspace: 'default',
    match: [{ hosts: [`h${index % 100}.example.com`], paths: [{ type: 'prefix', value: `/v1/things-${index}` }], methods: ['GET'] }],
    stripPath: true,
    target: { kind: 'static', status: 200, headers: {}, body },
  };
}
