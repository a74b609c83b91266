// SPDX-License-Identifier: Apache-2.0
//! An IAM role, by which the stack tells its own calls from others' where CloudTrail tells of them.

/// A role of an account. Its name is unique there, whatever its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    account: String,
    name: String,
}

impl Role {
    /// The role of an ARN: its own, `arn:aws:iam::123456789012:role/path/name`, or that of a session in which it was taken on,
    /// `arn:aws:sts::123456789012:assumed-role/name/session`. `None` for any other. Source: IAM User Guide, "IAM identifiers".
    pub fn of_arn(arn: &str) -> Option<Self> {
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        let ["arn", _, service, _, account, resource] = parts[..] else { return None };
        let (kind, rest) = resource.split_once('/')?;
        let name = match (service, kind) {
            ("iam", "role") => rest.rsplit('/').next()?,
            ("sts", "assumed-role") => rest.split('/').next()?,
            _ => return None,
        };
        let is_there = !account.is_empty() && !name.is_empty();
        is_there.then(|| Self { account: account.to_owned(), name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_the_same_by_its_own_arn_and_by_that_of_a_session() {
        let role = Role::of_arn("arn:aws:iam::123456789012:role/scaler-ScaleOutFunctionRole-1ABC");
        assert!(role.is_some());
        for same in [
            "arn:aws:sts::123456789012:assumed-role/scaler-ScaleOutFunctionRole-1ABC/scaler-ScaleOutFunction",
            "arn:aws-cn:iam::123456789012:role/a/path/scaler-ScaleOutFunctionRole-1ABC",
        ] {
            assert_eq!(Role::of_arn(same), role, "{same}");
        }
        for other in [
            "arn:aws:iam::210987654321:role/scaler-ScaleOutFunctionRole-1ABC",
            "arn:aws:sts::123456789012:assumed-role/operator/scaler-ScaleOutFunctionRole-1ABC",
            "arn:aws:iam::123456789012:user/scaler-ScaleOutFunctionRole-1ABC",
            "scaler-ScaleOutFunctionRole-1ABC",
            "arn:aws:iam::123456789012:role",
            "arn:aws:iam::123456789012:role/",
            "",
        ] {
            assert_ne!(Role::of_arn(other), role, "{other}");
        }
    }
}
