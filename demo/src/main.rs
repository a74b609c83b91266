// SPDX-License-Identifier: Apache-2.0
//! The main job in one command: a tag brings a stream its alarms, load rises, one fires, the stream is resized, and back.
//!
//! Nothing is staged but the load: real `PutRecords` go through the real SDK to a sandbox that throttles for real, the
//! alarms that alarm-sync made there deliver to the functions' own code, and that resizes the stream through the real SDK.

mod functions;
mod live;
mod load;
mod money;
mod picture;
mod plain;
mod stage;
mod story;
mod time;

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use tokio::time::{Instant, sleep_until};

use stage::Stage;
use story::Story;

/// Watch a Kinesis stream being scaled out and in again, without an AWS account.
#[derive(Debug, Parser)]
struct Arguments {
    /// Print a line a minute, as fast as this machine can, instead of the live view.
    #[arg(long)]
    plain: bool,
    /// Seconds of the stream that the live view shows in one real second, as far as this machine keeps up; nothing else depends
    /// on it.
    #[arg(long, default_value_t = 60.0, value_parser = speed, conflicts_with = "plain")]
    speed: f64,
    /// Draw the last frame of the live view into this SVG file.
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
}

fn speed(text: &str) -> Result<f64, String> {
    let expected = || format!("{text:?} is not a number from 1 to 3600");
    let speed: f64 = text.parse().map_err(|_| expected())?;
    if (1.0..=3_600.0).contains(&speed) { Ok(speed) } else { Err(expected()) }
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let plain = arguments.plain || !std::io::stdout().is_terminal();
    let mut stage = Stage::set().await?;
    let mut story = Story::begin(stage.began(), stage.enrolled());
    let mut view: Box<dyn View> = if plain { Box::new(plain::Plain::default()) } else { Box::new(live::Live::start()) };

    let played = play(&mut stage, &mut story, view.as_mut(), (!plain).then_some(arguments.speed)).await;
    drop(view);
    story.messages = stage.messages();
    if let (Some(file), Ok(true)) = (&arguments.picture, &played) {
        let written = std::fs::write(file, picture::svg(&story)?);
        written.with_context(|| format!("cannot write {}: is its folder there?", file.display()))?;
    }
    let told = played.and_then(|is_over| conclude(&story, is_over));
    match told {
        // Whoever reads has seen enough, as `head` does.
        Err(error) if is_broken_pipe(&error) => Ok(ExitCode::SUCCESS),
        told => told,
    }
}

/// Prints what it all came to; a story that did not go as it should is a failure.
fn conclude(story: &Story, is_over: bool) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout();
    writeln!(out, "{}", story.summary())?;
    if !is_over {
        writeln!(out, "Stopped before its end.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let shortcomings = story.shortcomings();
    for shortcoming in &shortcomings {
        writeln!(out, "THE DEMO FAILED: {shortcoming}.")?;
    }
    Ok(if shortcomings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// How the story is told while it happens.
trait View {
    /// Shows the story as it is now; false when the person watching has seen enough.
    fn show(&mut self, story: &Story) -> anyhow::Result<bool>;
}

/// Runs the demo to its end, at `speed` seconds a second or as fast as can be; false when the person watching ended it.
async fn play(stage: &mut Stage, story: &mut Story, view: &mut dyn View, speed: Option<f64>) -> anyhow::Result<bool> {
    let began = Instant::now();
    while !story.is_over() {
        let paced = async {
            second(stage, story).await?;
            if let Some(speed) = speed {
                let shown = stage.now().duration_since(stage.began()).as_secs_f64() / speed;
                sleep_until(began + Duration::from_secs_f64(shown)).await;
            }
            anyhow::Ok(())
        };
        tokio::select! {
            passed = paced => passed?,
            _ = tokio::signal::ctrl_c() => return Ok(false),
        }
        if !view.show(story)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The next second of the story.
async fn second(stage: &mut Stage, story: &mut Story) -> anyhow::Result<()> {
    for answer in stage.second().await? {
        story.decided(answer);
    }
    while let Some(minute) = stage.next_minute().await? {
        story.minute_passed(minute);
    }
    Ok(())
}
