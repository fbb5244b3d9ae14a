import { Injectable } from '@nestjs/common';
import { AppError, defaultWorkspace, Follower, type FunctionEntity, type LanguageName, type PluginId, type Toolchain } from '@torii/contracts';
import { pluginSpecOf } from '../plugins/plugin.mapper.js';
import { findPlugin } from '../plugins/plugins.queries.js';
import { PluginsService } from '../plugins/plugins.service.js';
import type { Write } from '../writes/config-writer.service.js';
import { FunctionEndpoint } from './function-endpoint.js';
import { followersOf, knownRelease, newestVersions } from './function-versions.queries.js';
import { findFunction } from './functions.queries.js';
import { removeUnusedTrees } from './source-store.js';

/** What a successful build has made. The artifact and the sources are stored already. */
export interface BuiltVersion {
  readonly functionId: string;
  /** `dev`, or a release such as `1.2.0`. */
  readonly version: string;
  readonly sha256: string;
  readonly language: LanguageName;
  readonly toolchain: Toolchain;
  readonly sourceSha256: string;
  readonly buildId: string;
}

/** Makes versions of functions known to the plugins that follow them. */
@Injectable()
export class FunctionVersions {
  constructor(
    private readonly plugins: PluginsService,
    private readonly endpoint: FunctionEndpoint,
  ) {}

  /**
   * Adds a release, or puts a new `dev` in the place of the last, and gives each plugin that follows it a new version:
   * those at `dev` for a `dev`, those at `latest` when the release is the highest. Answers what became of each; a plugin
   * that cannot take the module, for want of a grant for instance, stays as it is. The function's endpoint is one of them.
   *
   * Part of the caller's write, all or nothing. Throws `client.conflict` when the release exists or existed,
   * `client.not_found` when the function is gone.
   */
  async publish(write: Write, built: BuiltVersion): Promise<Follower[]> {
    const entity = await findFunction(write.tx, built.functionId);
    if (entity === undefined) throw new AppError('client.not_found', { detail: 'the function is gone' });
    const before = await write.tx.functionVersion.findUnique({
      where: { functionId_version: { functionId: built.functionId, version: built.version } },
    });
    const detail = built.version === 'dev' ? undefined : await knownRelease(write.tx, built.functionId, built.version);
    if (detail !== undefined) throw new AppError('client.conflict', { detail });
    const { functionId, version, ...made } = built;
    const data = { ...made, functionId, version, workspace: defaultWorkspace, createdAt: write.now };
    await write.tx.functionVersion.upsert({ where: { functionId_version: { functionId, version } }, create: data, update: data });
    if (before !== null) await removeUnusedTrees(write.tx, [before.sourceSha256]);

    write.note({
      action: 'publish',
      entityKind: 'function',
      entityId: functionId,
      entityName: entity.name,
      ...(before === null ? {} : { before: { version, sha256: before.sha256, buildId: before.buildId } }),
      after: { version, sha256: built.sha256, buildId: built.buildId },
    });
    const follows = await this.followedAs(write, built);
    return follows === undefined ? [] : this.update(write, entity, follows);
  }

  /** Undefined where nothing follows the version: a release below the highest. */
  private async followedAs(write: Write, { functionId, version }: BuiltVersion): Promise<'latest' | 'dev' | undefined> {
    if (version === 'dev') return 'dev';
    const newest = (await newestVersions(write.tx, [functionId])).get(functionId);
    return newest?.latestVersion === version ? 'latest' : undefined;
  }

  private async update(write: Write, entity: FunctionEntity, follows: 'latest' | 'dev'): Promise<Follower[]> {
    const isEndpoints = entity.endpoint.enabled && entity.endpoint.version === follows;
    const own = isEndpoints ? await this.endpoint.findPlugin(write, entity, entity.name) : undefined;
    const followers: Follower[] = [];
    for (const { id, name } of await followersOf(write.tx, entity.id, follows)) {
      if (id !== own?.id) followers.push(await this.updatePlugin(write, id, name));
    }
    const endpoint = isEndpoints ? await this.endpoint.follow(write, entity) : undefined;
    return endpoint === undefined ? followers : [...followers, endpoint];
  }

  private async updatePlugin(write: Write, id: string, name: string): Promise<Follower> {
    const pluginId = id as PluginId;
    const current = await findPlugin(write.tx, id);
    if (current === undefined) throw new Error(`plugin ${id} has no current version`);
    try {
      const { body } = await this.plugins.update(write, current, pluginSpecOf(current));
      return { pluginId, name, outcome: body.version === current.version ? 'unchanged' : 'updated', version: body.version };
    } catch (error) {
      // Thrown before anything is written; the transaction goes on.
      if (!(error instanceof AppError) || error.code !== 'client.invalid') throw error;
      const detail = error.issues.map((issue) => `${issue.pointer}: ${issue.detail}`).join('; ');
      return { pluginId, name, outcome: 'refused', detail };
    }
  }
}
