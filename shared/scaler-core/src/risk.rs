//! The one knob between money and throttling.

use std::fmt;
use std::str::FromStr;

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

/// A word that is no [`Risk`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not {RISK_WORDS}")]
pub struct UnknownRisk(pub String);

/// The words there are, for messages.
pub const RISK_WORDS: &str = "careful, cautious, balanced, lean or thrifty";

impl FromStr for Risk {
    type Err = UnknownRisk;

    fn from_str(word: &str) -> Result<Self, UnknownRisk> {
        Self::ALL.into_iter().find(|risk| risk.name() == word).ok_or_else(|| UnknownRisk(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn words_are_read_back_and_worth_falls_from_careful_to_thrifty() {
        for risk in Risk::ALL {
            assert_eq!(risk.to_string().parse::<Risk>().unwrap(), risk);
        }
        assert!(Risk::ALL.windows(2).all(|pair| pair[0].worth() > pair[1].worth()));
        let told = "Careful".parse::<Risk>().unwrap_err().to_string();
        assert_eq!(told, "\"Careful\" is not careful, cautious, balanced, lean or thrifty");
    }
}
