// The least a Node server can do.
import { createServer } from 'node:http';
import { answerText } from '../lib/answer.mjs';

const headers = { 'content-type': 'text/plain', 'content-length': answerText.length };
createServer((_request, response) => response.writeHead(200, headers).end(answerText)).listen(Number(process.argv[2]), '127.0.0.1');
