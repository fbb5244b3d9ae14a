/** What every server of the benchmarks answers: 100 bytes of text. */
export const answerText = 'The quick brown fox jumps over the lazy dog, again and again, until the hundredth byte has been sent';
if (answerText.length !== 100) throw new Error(`the answer has ${answerText.length} bytes`);
