import { answerText } from './answer.mjs';

export default {
  fetch() {
    return new Response(answerText, { headers: { 'content-type': 'text/plain' } });
  },
};
