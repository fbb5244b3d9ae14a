import { BuildError } from '@torii/contracts';

/** Why a build was ended in the middle, as the reason of its signal. */
export class BuildCancelled extends Error {
  constructor() {
    super('the build was cancelled');
    this.name = 'BuildCancelled';
  }
}

/** The builder stops: another one begins the build again. */
export class BuilderStopping extends Error {
  constructor() {
    super('the builder stops');
    this.name = 'BuilderStopping';
  }
}

export function deadlineExceeded(timeoutMs: number): BuildError {
  return new BuildError(
    'build.deadline_exceeded',
    `The build took longer than ${Math.round(timeoutMs / 100) / 10} seconds: make the source smaller, or have TORII_BUILD_TIMEOUT_MS of the builders raised.`,
  );
}
