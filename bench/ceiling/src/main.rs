//! The benchmark's ceiling: librdkafka with nothing around it, and the producer that fills its topics.
//!
//! `ceiling consume|produce|awaited|flight name=value…` prints one line `RESULT {json}`.

mod args;
mod consume;
mod kafka;
mod measure;
mod produce;
mod record;

use std::process::ExitCode;

fn run() -> Result<String, String> {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let args = args::Args::parse(words)?;
    match command.as_str() {
        "consume" => consume::consume(&args),
        "produce" => produce::produce(&args),
        "awaited" => produce::awaited(&args),
        "flight" => produce::flight(&args),
        other => Err(format!("unknown command '{other}': consume, produce, awaited or flight")),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(result) => {
            println!("RESULT {result}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("ceiling: {error}");
            ExitCode::FAILURE
        }
    }
}
