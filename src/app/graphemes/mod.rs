//! Characters as people count them: the extended grapheme clusters of Unicode's Annex 29, as of
//! Unicode 18. A letter with its accents is one, a flag, a family, a syllable of Hangul or
//! Devanagari.
//!
//! The server counts code points, and so did the application; a message of 280 emoji was too long
//! for it.

mod table;

#[cfg(test)]
mod tests;

use table::RANGES;

/// What a character does to the boundary before or behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Other,
    /// Stands alone: line ends, control characters.
    Control,
    /// Belongs to what stands before it.
    Extend,
    /// An `Extend` that does not count between the letters of a conjunct.
    NotIndic,
    /// An `Extend` that ties the letters of a conjunct.
    Linker,
    /// Ties the letters of a conjunct and belongs to nothing itself.
    LoneLinker,
    /// The zero width joiner, which ties pictures.
    Zwj,
    /// A vowel sign that takes room.
    Spacing,
    /// What follows belongs to it.
    Prepend,
    /// A picture: emoji and the like.
    Picture,
    /// A letter that belongs to a conjunct, behind a linker.
    Consonant,
    /// Half a flag.
    Flag,
    /// The parts and kinds of Hangul syllables.
    L,
    V,
    T,
    Lv,
    Lvt,
}

fn class(char: char) -> Class {
    let code = u32::from(char);
    if (0xac00..=0xd7a3).contains(&code) {
        // each leading and vowel part has 28 syllables, the first of them without a trailing part
        return if (code - 0xac00) % 28 == 0 {
            Class::Lv
        } else {
            Class::Lvt
        };
    }
    let index = RANGES.partition_point(|(_, last, _)| *last < code);
    match RANGES.get(index) {
        Some((first, _, class)) if *first <= code => *class,
        _ => Class::Other,
    }
}

/// What has been seen of the cluster so far, as far as a later character can depend on it.
struct Seen {
    before: char,
    class: Class,
    /// A picture, and nothing but `Extend` since.
    picture: bool,
    /// A picture, `Extend`, and right before a joiner.
    tied_picture: bool,
    /// A linker, and nothing since but what may stand inside a conjunct.
    conjunct: bool,
    /// An odd number of halves of flags.
    half_flag: bool,
}

impl Seen {
    fn first(char: char) -> Self {
        let class = class(char);
        Self {
            before: char,
            class,
            picture: class == Class::Picture,
            tied_picture: false,
            conjunct: matches!(class, Class::Linker | Class::LoneLinker),
            half_flag: class == Class::Flag,
        }
    }

    /// Whether `char` begins a cluster; the rules by their numbers in the annex.
    fn breaks(&self, char: char) -> bool {
        use Class::*;
        if self.before == '\r' && char == '\n' {
            return false; // GB3
        }
        let joined = match (self.class, class(char)) {
            (Control, _) | (_, Control) => false, // GB4, GB5
            (L, L | V | Lv | Lvt) | (Lv | V, V | T) | (Lvt | T, T) => true, // GB6, GB7, GB8
            (_, Extend | NotIndic | Linker | Zwj | Spacing) | (Prepend, _) => true, // GB9, GB9a, GB9b
            (_, Consonant) => self.conjunct,                                        // GB9c
            (_, Picture) => self.tied_picture,                                      // GB11
            (_, Flag) => self.half_flag,                                            // GB12, GB13
            _ => false,                                                             // GB999
        };
        !joined
    }

    fn then(&mut self, char: char) {
        use Class::*;
        let class = class(char);
        self.tied_picture = self.picture && class == Zwj;
        self.picture =
            class == Picture || self.picture && matches!(class, Extend | NotIndic | Linker);
        self.conjunct =
            matches!(class, Linker | LoneLinker) || self.conjunct && matches!(class, Extend | Zwj);
        self.half_flag = class == Flag && !self.half_flag;
        self.before = char;
        self.class = class;
    }
}

/// How many characters people see in `text`.
pub(super) fn count(text: &str) -> usize {
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return 0;
    };
    let mut seen = Seen::first(first);
    let mut clusters = 1;
    for char in chars {
        clusters += usize::from(seen.breaks(char));
        seen.then(char);
    }
    clusters
}
