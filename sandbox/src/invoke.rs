// SPDX-License-Identifier: Apache-2.0
//! Sends events to the local Lambda runtime that `cargo lambda watch` opens.

use std::str::FromStr;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Client, Url};
use sandbox::Delivery;

/// The first call of a function may compile it first.
const TIMEOUT: Duration = Duration::from_mins(5);

/// How much of an answer is printed, characters.
const SHOWN_CHARS: usize = 300;

/// A client of one invoke port.
#[derive(Debug, Clone)]
pub(crate) struct Invoker {
    base: Url,
    client: Client,
}

impl FromStr for Invoker {
    type Err = anyhow::Error;

    /// Loopback only: events carry nothing worth sending anywhere else.
    fn from_str(text: &str) -> anyhow::Result<Self> {
        let base: Url = text.parse().with_context(|| format!("{text:?} is not a URL"))?;
        let loopback = matches!(base.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        anyhow::ensure!(base.scheme() == "http" && loopback, "{text:?} is not http:// on 127.0.0.1");
        Ok(Self { base, client: Client::builder().timeout(TIMEOUT).no_proxy().build()? })
    }
}

impl Invoker {
    /// Invokes the function and tells in one line what came of it.
    pub(crate) async fn invoke(&self, delivery: &Delivery) -> String {
        let what = format!("{:?} -> {}", delivery.source, delivery.function);
        match self.call(delivery).await {
            Ok(answer) => format!("{what}: {answer}"),
            Err(error) => format!("{what}: {} did not answer: {error:#}", self.base),
        }
    }

    async fn call(&self, delivery: &Delivery) -> anyhow::Result<String> {
        let url = self.base.join(&format!("/2015-03-31/functions/{}/invocations", delivery.function))?;
        let response = self.client.post(url).json(&delivery.payload).send().await?;
        let status = response.status();
        let body: String = response.text().await?.chars().take(SHOWN_CHARS).collect();
        Ok(format!("{status} {}", body.replace('\n', " ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_go_to_loopback_only() {
        let accepted = |text: &str| text.parse::<Invoker>().is_ok();
        assert!(accepted("http://127.0.0.1:9000") && accepted("http://localhost:9000"));
        assert!(!accepted("http://example.com:9000") && !accepted("https://127.0.0.1") && !accepted("9000"));
    }
}
