//! The main job in one command: a tag brings a stream its alarms, load rises, one fires, the stream is resized, and back.
//!
//! Nothing is staged but the load: real `PutRecords` go through the real SDK to a sandbox that throttles for real, the
//! alarms that alarm-sync made there deliver to the functions' own code, and that resizes the stream through the real SDK.

mod functions;
mod live;
mod load;
mod money;
mod plain;
mod stage;
mod story;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::time::MissedTickBehavior;

use stage::Stage;
use story::Story;

/// Watch a Kinesis stream being scaled out and in again, without an AWS account.
#[derive(Debug, Parser)]
struct Arguments {
    /// Print a line a minute instead of the live view.
    #[arg(long)]
    plain: bool,
    /// Virtual seconds per real second.
    #[arg(long, default_value_t = 60.0, value_parser = speed)]
    speed: f64,
}

/// Slower than real time nobody waits for; faster, a CloudWatch minute is shorter than the second that Kinesis throttles by.
fn speed(text: &str) -> Result<f64, String> {
    let expected = || format!("{text:?} is not a number from 1 to 60");
    let speed: f64 = text.parse().map_err(|_| expected())?;
    if (1.0..=60.0).contains(&speed) { Ok(speed) } else { Err(expected()) }
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let plain = arguments.plain || !std::io::stdout().is_terminal();
    let mut stage = Stage::set(arguments.speed).await?;
    let mut story = Story::begin(stage.now(), stage.enrolled());
    let mut view: Box<dyn View> = if plain { Box::new(plain::Plain::new()) } else { Box::new(live::Live::start()) };

    let completed = play(&mut stage, &mut story, view.as_mut()).await;
    drop(view);
    let completed = completed?;
    story.messages = stage.messages();
    println!("{}", story.summary());
    Ok(if completed && story.shortcomings().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How the story is told while it happens.
trait View {
    /// Shows the story as it is now; false when the person watching has seen enough.
    fn show(&mut self, story: &Story) -> anyhow::Result<bool>;
}

/// Runs the demo to its end; false when it was broken off.
async fn play(stage: &mut Stage, story: &mut Story, view: &mut dyn View) -> anyhow::Result<bool> {
    let mut frames = tokio::time::interval(Duration::from_millis(100));
    frames.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !story.is_over() {
        tokio::select! {
            answer = stage.next_answer() => story.decided(answer),
            _ = frames.tick() => {
                if let Some(minute) = stage.next_minute().await? {
                    story.minute_passed(minute);
                }
                if !view.show(story)? {
                    return Ok(false);
                }
            }
            _ = tokio::signal::ctrl_c() => return Ok(false),
        }
    }
    Ok(true)
}
