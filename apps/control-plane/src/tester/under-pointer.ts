import { AppError } from '@torii/contracts';
import { invalid } from '../http/invalid.js';

/** What is wrong with a part of the body is told of the whole. Throws what `read` throws. */
export async function underPointer<Result>(pointer: string, read: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof AppError ? refusalUnder(pointer, error) : error;
  }
}

export function refusalUnder(pointer: string, error: AppError): AppError {
  if (error.code !== 'client.invalid') return error;
  return invalid(error.issues.map((issue) => ({ ...issue, pointer: `${pointer}${issue.pointer}` })));
}
