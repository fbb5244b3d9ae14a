import type { GatewayResponse } from './gateway-request.js';
import { jsonString } from './json-text.js';
import { bytesOf } from './output-body.js';
import { base64Text, signedBytes } from './request-texts.js';
import { responseCookie } from './response-cookies.js';

/** The parts of inputs that are about a response, each made once however many transformers see the same. */
export class ResponseTexts {
  private readonly rawText: string;
  private response: GatewayResponse;
  private text: string;
  private bodyText: string | undefined;

  constructor(response: GatewayResponse) {
    this.response = response;
    this.rawText = headText(response);
    this.text = this.rawText;
  }

  /** As `TargetResponse`, as the target answered. */
  raw(): string {
    return this.rawText;
  }

  /** As `TargetResponse`, with what transformers have changed. */
  current(): string {
    return this.text;
  }

  /** The members of an input that hold the body as it is now. */
  bodyMembers(): string {
    if (this.bodyText === undefined) {
      const bytes = bytesOf(this.response.body ?? '');
      this.bodyText =
        bytes.length === 0
          ? '"response_body_bytes":null,"response_body_base64":null'
          : `"response_body_bytes":${signedBytes(bytes)},"response_body_base64":"${base64Text(bytes)}"`;
    }
    return this.bodyText;
  }

  /** Takes over what a transformer made of the response. */
  change(response: GatewayResponse): void {
    if (response === this.response) return;
    if (response.body !== this.response.body) this.bodyText = undefined;
    this.text = headText(response);
    this.response = response;
  }
}

/** Cookies are apart from the other headers; of those, several of a name are one, joined as RFC 9110 section 5.3 says. */
function headText({ status, headers }: GatewayResponse): string {
  const members: string[] = [];
  for (const name of Object.keys(headers)) {
    if (name !== 'set-cookie') members.push(`${jsonString(name)}:${jsonString(joinedValue(headers[name] ?? ''))}`);
  }
  const cookies = [headers['set-cookie'] ?? []].flat().map(responseCookie);
  return `{"status":${status},"headers":{${members.join(',')}},"cookies":${JSON.stringify(cookies)}}`;
}

/** A header as plugins see it. */
export function joinedValue(value: string | string[]): string {
  return typeof value === 'string' ? value : value.join(', ');
}
