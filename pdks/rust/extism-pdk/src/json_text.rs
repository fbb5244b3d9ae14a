use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

/// A text as JSON, RFC 8259 section 7.
pub(crate) fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            control if (control as u32) < 0x20 => json.push_str(&format!("\\u{:04x}", control as u32)),
            other => json.push(other),
        }
    }
    json.push('"');
    json
}

/// Names and texts of an object that holds nothing else; what is something else ends it.
pub(crate) fn flat_object(json: &[u8]) -> HashMap<String, String> {
    let text = String::from_utf8_lossy(json);
    let mut characters = text.chars().peekable();
    let mut found = HashMap::new();
    if !skip_to(&mut characters, '{') {
        return found;
    }
    while let Some(name) = string(&mut characters) {
        if !skip_to(&mut characters, ':') {
            break;
        }
        let Some(value) = string(&mut characters) else { break };
        found.insert(name, value);
        if !skip_to(&mut characters, ',') {
            break;
        }
    }
    found
}

/// Whether the next character that is not a space is this one; it is then behind.
fn skip_to(characters: &mut Peekable<Chars>, wanted: char) -> bool {
    while characters.next_if(|character| character.is_ascii_whitespace()).is_some() {}
    characters.next_if_eq(&wanted).is_some()
}

fn string(characters: &mut Peekable<Chars>) -> Option<String> {
    if !skip_to(characters, '"') {
        return None;
    }
    let mut text = String::new();
    loop {
        match characters.next()? {
            '"' => return Some(text),
            '\\' => text.push(escaped(characters)?),
            other => text.push(other),
        }
    }
}

fn escaped(characters: &mut Peekable<Chars>) -> Option<char> {
    match characters.next()? {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'u' => {
            let first = unit(characters)?;
            if !(0xd800..0xdc00).contains(&first) {
                return Some(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            characters.next_if_eq(&'\\')?;
            characters.next_if_eq(&'u')?;
            let second = unit(characters)?;
            char::from_u32(0x10000 + ((first - 0xd800) << 10) + second.checked_sub(0xdc00)?)
        }
        other => Some(other),
    }
}

fn unit(characters: &mut Peekable<Chars>) -> Option<u32> {
    let digits: String = characters.by_ref().take(4).collect();
    u32::from_str_radix(&digits, 16).ok()
}
