// SPDX-License-Identifier: Apache-2.0
//! The form in which the list of stages is written: of it the stages' names, their reasons and their order are made.

/// Each line: the stage, its name in answers and logs, its reasons, and the function that is asked.
macro_rules! stages {
    (
        $(#[doc = $first_doc:literal])+ $first:ident $first_name:literal $first_reason:ty;
        $( $(#[doc = $doc:literal])+ $stage:ident $name:literal $reason:ty: $function:path; )+
    ) => {
        /// The stages of a decision, in their order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Stage {
            $(#[doc = $first_doc])+ $first,
            $( $(#[doc = $doc])+ $stage, )+
        }

        impl fmt::Display for Stage {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    Self::$first => $first_name,
                    $( Self::$stage => $name, )+
                })
            }
        }

        /// What a stage found.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Reason {
            $(#[doc = $first_doc])+ $first($first_reason),
            $( $(#[doc = $doc])+ $stage($reason), )+
        }

        impl Reason {
            /// The stage that found it.
            pub const fn stage(&self) -> Stage {
                match self {
                    Self::$first(_) => Stage::$first,
                    $( Self::$stage(_) => Stage::$stage, )+
                }
            }

            fn explained(&self) -> &dyn Explain {
                match self {
                    Self::$first(reason) => reason,
                    $( Self::$stage(reason) => reason, )+
                }
            }
        }

        /// What is asked after admission, in this order.
        const STAGES: &[fn(&Context<'_>, &Proposal) -> StageResult<Reason>] = &[
            $( |context, proposal| Ok($function(context, proposal)?.map(|found| found.map(Reason::$stage))), )+
        ];
    };
}

pub(crate) use stages;
