// SPDX-License-Identifier: Apache-2.0
//! The one knob between money and throttling.

use std::fmt;

/// How much throttling is worth avoiding, from careful to thrifty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Throttling is to be avoided at nearly any price.
    Careful,
    /// More headroom than usual.
    Cautious,
    /// The default.
    #[default]
    Balanced,
    /// Less headroom than usual.
    Lean,
    /// Some throttling is fine as long as it is cheap; producers retry.
    Thrifty,
}

impl Risk {
    /// Every value, from careful to thrifty.
    pub const ALL: [Self; 5] = [Self::Careful, Self::Cautious, Self::Balanced, Self::Lean, Self::Thrifty];

    /// What not throttling the traffic of one shard for a minute is worth, in shard-minutes. So a shard is held for what is
    /// expected to need it for more than one minute in so many.
    pub(crate) const fn worth(self) -> f64 {
        match self {
            Self::Careful => 8_000.0,
            Self::Cautious => 3_000.0,
            Self::Balanced => 1_200.0,
            Self::Lean => 400.0,
            Self::Thrifty => 150.0,
        }
    }

    /// The risk of this word.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|risk| risk.name() == word)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Careful => "careful",
            Self::Cautious => "cautious",
            Self::Balanced => "balanced",
            Self::Lean => "lean",
            Self::Thrifty => "thrifty",
        }
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The words there are, for messages.
pub(crate) const RISK_WORDS: &str = "careful, cautious, balanced, lean or thrifty";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back_and_worth_falls_from_careful_to_thrifty() {
        for risk in Risk::ALL {
            assert_eq!(Risk::of_word(&risk.to_string()), Some(risk));
            assert!(RISK_WORDS.contains(&risk.to_string()));
        }
        assert!(Risk::ALL.windows(2).all(|pair| pair[0].worth() > pair[1].worth()));
        assert_eq!(Risk::of_word("Careful"), None);
    }
}
