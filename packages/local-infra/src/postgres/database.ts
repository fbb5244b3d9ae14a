import pg from 'pg';

const connectTimeoutMs = 5_000;
const namePattern = /^[a-z_][a-z0-9_]{0,62}$/;

/** Whether the server answers a query on this URL; never throws. */
export async function canQuery(url: string): Promise<boolean> {
  try {
    await withClient(url, (client) => client.query('SELECT 1'));
    return true;
  } catch {
    return false;
  }
}

/**
 * Creates a database unless it is there, as a copy of `template` when one is given.
 *
 * `adminUrl` must lead to another database of the server, by a user who may create databases.
 * A template must have no open connections.
 */
export async function createDatabase(adminUrl: string, name: string, template?: string): Promise<void> {
  const statement = `CREATE DATABASE ${quoted(name)}${template === undefined ? '' : ` TEMPLATE ${quoted(template)}`}`;
  await withClient(adminUrl, async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(statement);
  });
}

/** Drops a database if it is there, and cuts off whoever is connected to it. */
export async function dropDatabase(adminUrl: string, name: string): Promise<void> {
  await withClient(adminUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${quoted(name)} WITH (FORCE)`));
}

/** The same server and login, another database. */
export function urlOfDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

async function withClient<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs });
  // A connection that breaks while idle is reported by the query that follows.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Names cannot be parameters of CREATE DATABASE. */
function quoted(name: string): string {
  if (!namePattern.test(name)) throw new Error(`not a database name: ${name}`);
  return `"${name}"`;
}
