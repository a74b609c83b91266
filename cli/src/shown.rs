// SPDX-License-Identifier: Apache-2.0
//! Texts of others, as a terminal may be given them: a partition key can hold anything, control sequences included.

/// Characters that are shown of one text in a table.
const SHOWN: usize = 48;

/// A text in which nothing can move the cursor, colour or reorder what follows, cut where it is long.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).map(plain).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

/// A character, or how it is written where it is one that is not seen.
fn plain(character: char) -> String {
    let is_hidden = character.is_control()
        || matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}');
    if is_hidden { character.escape_unicode().to_string() } else { character.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_act_on_a_terminal_is_written_out() {
        assert_eq!(shown("\u{1b}[2J\u{7}x\ty\u{202e}z"), "\\u{1b}[2J\\u{7}x\\u{9}y\\u{202e}z");
        assert_eq!(shown("überkey-漢"), "überkey-漢");
        assert_eq!(shown(&"k".repeat(256)), format!("{}...", "k".repeat(SHOWN)));
    }
}
