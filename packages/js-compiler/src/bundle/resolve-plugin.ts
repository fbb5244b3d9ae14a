import path from 'node:path';
import type { OnLoadResult, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import { importableKinds, loaderOf } from './loaders.js';
import { namespaces } from './module-names.js';
import type { PackageFolder } from './package-folder.js';
import type { PathAliases } from './path-aliases.js';
import { pdkName, pdkTree } from './pdk-files.js';
import { missingPackage, patternRefusal, refusalOf } from './refusals.js';
import { joinInTree, type VirtualTree } from './virtual-tree.js';

/**
 * Where esbuild looks for names that are put together. Far below what is not there, so that neither they nor what climbs
 * from here has it list folders of the machine, which takes as long as there are files on its disk.
 */
const nowhere = `/nonexistent${'/torii'.repeat(64)}`;
/** Set on what the plugin itself asks esbuild to resolve. */
const own = Symbol('resolved by the plugin');
const any = /.*/;

/**
 * Lets a bundle hold the function's files, `@torii/pdk` and what is in `node_modules`, and nothing else: esbuild never
 * opens a file by itself, though it may list folders for names that are put together (see `told`). Everything else is
 * refused with what to do about it, at the place of the import.
 */
export function resolvePlugin(source: VirtualTree, aliases: PathAliases, packages: PackageFolder | undefined): Plugin {
  return {
    name: 'torii',
    setup(build) {
      const resolver = new Resolver(build, source, aliases, packages);
      build.onResolve({ filter: any }, (args) => resolver.resolve(args));
      build.onLoad({ filter: any, namespace: namespaces.source }, (args) => load(args.path, source.read(args.path)));
      build.onLoad({ filter: any, namespace: namespaces.pdk }, (args) => load(args.path, pdkTree().read(args.path)));
      build.onLoad({ filter: any, namespace: namespaces.package }, (args) => load(args.path, packages?.read(args.path)));
      // What esbuild has found on the machine by itself for a name that is put together; which files those are, nobody is told.
      build.onLoad({ filter: any, namespace: 'file' }, () => refuse(patternRefusal));
    },
  };
}

class Resolver {
  constructor(
    private readonly build: PluginBuild,
    private readonly source: VirtualTree,
    private readonly aliases: PathAliases,
    private readonly packages: PackageFolder | undefined,
  ) {}

  resolve(args: OnResolveArgs): OnResolveResult | Promise<OnResolveResult> | undefined {
    if (args.pluginData === own) return undefined;
    const { path: specifier, importer, namespace, kind } = args;
    if (kind === 'entry-point') return { path: specifier, namespace: namespaces.source };
    if (namespace === namespaces.package) return this.inPackages(args, path.dirname(this.packages?.pathOf(importer) ?? '/'));
    const isRelative = /^\.{1,2}(\/|$)/.test(specifier);
    const alias = namespace === namespaces.source && !isRelative ? this.aliases.find(specifier) : undefined;
    if (alias !== undefined) return { path: alias, namespace: namespaces.source };
    const refusal = refusalOf(specifier);
    if (refusal !== undefined) return refuse(refusal);
    if (namespace === namespaces.pdk) return isRelative ? inTree(pdkTree(), namespaces.pdk, importer, specifier) : this.bare(args);
    return isRelative ? inTree(this.source, namespaces.source, importer, specifier) : this.bare(args);
  }

  private bare(args: OnResolveArgs): OnResolveResult | Promise<OnResolveResult> {
    const { path: specifier } = args;
    if (specifier === pdkName) return inTree(pdkTree(), namespaces.pdk, '', './index');
    if (specifier.startsWith(`${pdkName}/`)) return inTree(pdkTree(), namespaces.pdk, '', `./${specifier.slice(pdkName.length + 1)}`);
    if (this.packages === undefined) return refuse(missingPackage(specifier, false));
    return this.inPackages(args, this.packages.parent);
  }

  /** By the rules for packages, which esbuild knows; what it finds has to be inside. */
  private async inPackages({ path: specifier, kind }: OnResolveArgs, resolveDir: string): Promise<OnResolveResult> {
    const isRelative = specifier.startsWith('.');
    const refusal = specifier.startsWith('#') ? undefined : refusalOf(specifier);
    if (refusal !== undefined) return refuse(refusal);
    const found = await this.build.resolve(specifier, { resolveDir, kind, pluginData: own });
    const name = found.errors.length === 0 && found.namespace === 'file' ? this.packages?.nameOf(found.path) : undefined;
    if (name === undefined) return refuse(isRelative ? `"${specifier}" is not a file of the package` : missingPackage(specifier, true));
    return { path: name, namespace: namespaces.package, sideEffects: found.sideEffects };
  }
}

function inTree(tree: VirtualTree, namespace: string, importer: string, specifier: string): OnResolveResult {
  const joined = joinInTree(importer, specifier);
  if (joined === undefined) return refuse(`"${specifier}" leads out of the function's files`);
  const found = tree.find(joined);
  if (found === undefined) return refuse(`there is no file "${joined}"`);
  return { path: found, namespace, ...(namespace === namespaces.pdk ? { sideEffects: false } : {}) };
}

function load(file: string, contents: Uint8Array | undefined): OnLoadResult {
  if (contents === undefined) return refuse(`there is no file "${file}"`);
  const loader = loaderOf(file);
  if (loader === undefined) return refuse(`"${file}" is of a kind that cannot be imported; these can: ${importableKinds}`);
  return { contents, loader, resolveDir: nowhere };
}

function refuse(text: string): { errors: [{ text: string }] } {
  return { errors: [{ text }] };
}
