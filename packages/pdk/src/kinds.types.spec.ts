import { expect, it } from '@jest/globals';
import type * as contracts from '@torii/contracts';
import type { BackendOutput as ParsedOutput } from '@torii/contracts';
import type * as pdk from './index.js';

/** Whether one type can stand for the other and the other for it. */
type Same<Left, Right> = [Left] extends [Right] ? ([Right] extends [Left] ? true : false) : false;
/** Whether whatever functions write in this type is read in that one. */
type Fits<Written, Read> = [Written] extends [Read] ? true : false;

it('has the types of inputs and outputs that nodes have, checked by the compiler', () => {
  const facts: {
    input: Same<pdk.BackendInput, contracts.BackendInput>;
    rawRequest: Same<pdk.RawRequest, contracts.RawRequest>;
    targetRequest: Same<pdk.TargetRequest, contracts.TargetRequest>;
    output: Fits<pdk.BackendOutput, (typeof ParsedOutput)['_zod']['input']>;
    attributes: Same<pdk.AttributeChanges, contracts.AttributeChanges>;
    cookie: Fits<pdk.OutputCookie, contracts.OutputCookie>;
    // Nothing that nodes read is missing, but for other spellings of the same.
    outputFields: Same<keyof pdk.BackendOutput, keyof ParsedOutput>;
  } = { input: true, rawRequest: true, targetRequest: true, output: true, attributes: true, cookie: true, outputFields: true };
  expect(Object.values(facts)).not.toContain(false);
});
