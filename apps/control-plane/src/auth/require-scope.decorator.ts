import { SetMetadata } from '@nestjs/common';
import type { Scope } from '@torii/contracts';

export const REQUIRED_SCOPE = Symbol('RequiredScope');

/** Who may call a handler: holders of a scope, `anyone`, or a `node`. A handler without it is for `admin` only. */
export type Access = Scope | 'anyone' | 'node';

export const RequireScope = (scope: Scope): MethodDecorator => SetMetadata(REQUIRED_SCOPE, scope satisfies Access);
export const ForAnyone = (): MethodDecorator => SetMetadata(REQUIRED_SCOPE, 'anyone' satisfies Access);
export const ForNodes = (): MethodDecorator => SetMetadata(REQUIRED_SCOPE, 'node' satisfies Access);
