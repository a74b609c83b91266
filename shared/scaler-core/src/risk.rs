// SPDX-License-Identifier: Apache-2.0
//! The one knob between money and throttling.

use std::fmt;

/// How much throttling is worth avoiding, from careful to thrifty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Throttling is to be avoided, and shards may cost more.
    Careful,
    /// The default.
    #[default]
    Balanced,
    /// Some throttling is fine as long as it is cheap; producers retry.
    Thrifty,
}

/// Words of older releases, which streams are tagged with and stacks were deployed with. Each is read as the position that is
/// more careful.
const OLD_WORDS: [(&str, Risk); 2] = [("cautious", Risk::Careful), ("lean", Risk::Balanced)];

impl Risk {
    /// Every value, from careful to thrifty.
    pub const ALL: [Self; 3] = [Self::Careful, Self::Balanced, Self::Thrifty];

    /// What not throttling the traffic of one shard for a minute is worth, in shard-minutes. So a shard is held for what is
    /// expected to need it for more than one minute in so many. Chosen, see [`Self::planned_percent`].
    pub(crate) const fn worth(self) -> f64 {
        match self {
            Self::Careful => 3_000.0,
            Self::Balanced => 1_200.0,
            Self::Thrifty => 400.0,
        }
    }

    /// The load that a plan is made for, in percent of the forecast.
    ///
    /// Worth alone gives no order: a plan that avoids more throttling spends its ten resizes a day at other moments, and may
    /// meet a surge with fewer shards. Chosen so that on seven recorded workloads, each also at a fifth and at four times its
    /// load, `careful` throttles no more than `balanced`, and `balanced` no more than `thrifty`. A single surge can still find them
    /// the other way round: `docs/policy.md` names the loads on which it does.
    pub(crate) const fn planned_percent(self) -> u32 {
        match self {
            Self::Careful => 130,
            Self::Balanced => 100,
            Self::Thrifty => 87,
        }
    }

    /// The risk of this word.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        let is_old = |(old, _): &&(&str, Self)| *old == word;
        let old = || OLD_WORDS.iter().find(is_old).map(|(_, risk)| *risk);
        Self::ALL.into_iter().find(|risk| risk.name() == word).or_else(old)
    }

    /// Every word that is read, those of older releases last.
    pub fn words() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().map(Self::name).chain(OLD_WORDS.map(|(word, _)| word))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Careful => "careful",
            Self::Balanced => "balanced",
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
pub(crate) const RISK_WORDS: &str = "careful, balanced or thrifty";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back_and_both_figures_fall_from_careful_to_thrifty() {
        for risk in Risk::ALL {
            assert_eq!(Risk::of_word(&risk.to_string()), Some(risk));
            assert!(RISK_WORDS.contains(&risk.to_string()));
        }
        assert!(Risk::ALL.windows(2).all(|pair| pair[0].worth() > pair[1].worth()));
        assert!(Risk::ALL.windows(2).all(|pair| pair[0].planned_percent() > pair[1].planned_percent()));
        assert_eq!(Risk::of_word("Careful"), None);
    }
}
