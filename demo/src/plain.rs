//! The story as lines of text, for a log.

use crate::View;
use crate::story::Story;

/// Prints what is new.
pub(crate) struct Plain {
    minutes_told: usize,
    answers_told: usize,
}

impl Plain {
    pub(crate) fn new() -> Self {
        println!("minute  wanted  accepted  throttled  shards");
        Self { minutes_told: 0, answers_told: 0 }
    }
}

impl View for Plain {
    fn show(&mut self, story: &Story) -> anyhow::Result<bool> {
        for minute in &story.minutes[self.minutes_told..] {
            #[allow(clippy::cast_precision_loss, reason = "a display with one decimal")]
            let accepted = minute.metrics.bytes.unwrap_or(0) as f64 / 60.0 / 1_048_576.0;
            println!(
                "{:>6}  {:>6.1}  {accepted:>8.1}  {:>9}  {:>6}",
                story.minute_of(minute.began),
                minute.offered_mib_per_second,
                minute.metrics.throttled_records.unwrap_or(0),
                minute.shards,
            );
        }
        for told in &story.told[self.answers_told..] {
            println!("{:>6}  {} -> {}", story.minute_of(told.at), told.road, told.words);
        }
        (self.answers_told, self.minutes_told) = (story.told.len(), story.minutes.len());
        Ok(true)
    }
}
