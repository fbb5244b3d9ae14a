/** Enough JSON to speak with the host, without the price of a JSON library in functions that use none. */

/** The text as a JSON string, quotes included. */
export function quote(text: string): string {
  let quoted = '"';
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x20 && code != 0x22 && code != 0x5c) continue;
    quoted += text.substring(from, at) + escape(code);
    from = at + 1;
  }
  return quoted + text.substring(from) + '"';
}

/** An object of texts, such as headers are. */
export function objectOf(entries: Map<string, string>): string {
  const keys = entries.keys();
  const fields = new Array<string>(keys.length);
  for (let index = 0; index < keys.length; index++) fields[index] = quote(keys[index]) + ":" + quote(entries.get(keys[index]));
  return "{" + fields.join(",") + "}";
}

/** Every JSON string in the text, in its order: the items of a list of strings; keys and values in turns of an object of strings. */
export function stringsIn(json: string): string[] {
  const found: string[] = [];
  let at = json.indexOf('"');
  while (at >= 0) {
    const end = endOfString(json, at);
    found.push(unescape(json.substring(at + 1, end)));
    at = json.indexOf('"', end + 1);
  }
  return found;
}

/** What an object of strings holds. */
export function entriesOf(json: string): Map<string, string> {
  const entries = new Map<string, string>();
  const strings = stringsIn(json);
  for (let index = 0; index + 1 < strings.length; index += 2) entries.set(strings[index], strings[index + 1]);
  return entries;
}

function escape(code: i32): string {
  switch (code) {
    case 0x22: return '\\"';
    case 0x5c: return "\\\\";
    case 0x0a: return "\\n";
    case 0x0d: return "\\r";
    case 0x09: return "\\t";
    default: return "\\u" + code.toString(16).padStart(4, "0");
  }
}

/** Where the quote is that ends the string beginning at `start`; the end of the text when none does. */
function endOfString(json: string, start: i32): i32 {
  for (let at = start + 1; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code == 0x22) return at;
    if (code == 0x5c) at++;
  }
  return json.length;
}

function unescape(text: string): string {
  let at = text.indexOf("\\");
  if (at < 0) return text;
  let plain = "";
  let from = 0;
  while (at >= 0) {
    plain += text.substring(from, at);
    const code = text.charCodeAt(at + 1);
    from = at + 2;
    switch (code) {
      case 0x6e: plain += "\n"; break;
      case 0x72: plain += "\r"; break;
      case 0x74: plain += "\t"; break;
      case 0x62: plain += "\b"; break;
      case 0x66: plain += "\f"; break;
      case 0x75:
        plain += String.fromCharCode(<i32>parseInt(text.substring(from, from + 4), 16));
        from += 4;
        break;
      default: plain += String.fromCharCode(code);
    }
    at = text.indexOf("\\", from);
  }
  return plain + text.substring(from);
}
