//! `recontact-train prepare pieces`: texts cut into pieces of a few words, so that a model learns how short texts look.
//!
//! The pieces of a text follow each other and share no word: rows that are held out while a model is fitted say nothing that
//! was learnt from. How long a piece is, is drawn; each of the four lengths is as likely.

use super::write;
use crate::bad_input;
use crate::category::data::SplitMix64;
use crate::faults::Faults;
use crate::table::TableStream;
use clap::Args;
use std::path::PathBuf;

/// Arguments of `prepare pieces`.
#[derive(Debug, Args)]
pub struct PiecesArgs {
    /// The texts: CSV, CSV.gz, JSON lines or Parquet. All its columns are taken over.
    #[arg(long, value_name = "FILE")]
    pub texts: PathBuf,
    /// The column with the text.
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    pub text: String,
    /// Seed of the lengths.
    #[arg(long, value_name = "NUMBER", default_value_t = 42)]
    pub seed: u64,
    /// Where to write the pieces, `.csv` or `.csv.gz`; an existing file is replaced.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// The column that is added: which of [`LENGTHS`] a piece has.
const LENGTH: &str = "length";
/// Name, fewest and most words of the lengths.
const LENGTHS: [(&str, usize, usize); 4] =
    [("1-2", 1, 2), ("3-5", 3, 5), ("6-10", 6, 10), ("over 10", 11, usize::MAX)];
/// Most words of a piece.
const MOST_DRAWN: usize = 25;

/// Cuts a table's texts.
///
/// # Errors
/// [`crate::failure::BadInput`] when the table is not of its form or has a column `length` already, else what the disk says.
pub fn run(args: &PiecesArgs) -> anyhow::Result<()> {
    let texts = TableStream::open(&args.texts)?;
    let head = texts.head().clone();
    let text = head.column(&args.text)?;
    if head.find(LENGTH).is_some() {
        return Err(bad_input!("{}: there is a column {LENGTH} already", head.file()));
    }
    let (mut rows, mut cut, mut left_out) = (0, 0, 0);
    write(&args.out, |out| {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(head.columns().iter().map(String::as_str).chain([LENGTH]))?;
        let mut texts = texts;
        let mut random = SplitMix64(args.seed);
        let mut faults = Faults::default();
        while let Some(row) = texts.next(&mut faults)? {
            let whole = row.cell(text).unwrap_or_default();
            if whole.trim().is_empty() {
                faults.push(format!("{}: expected a text", head.place(row, text)));
            }
            let pieces = pieces(whole, &mut random);
            left_out += usize::from(pieces.is_empty());
            for piece in pieces {
                let cell = |column| {
                    if column == text {
                        piece.as_str()
                    } else {
                        row.cell(column).unwrap_or_default()
                    }
                };
                let cells = (0..head.columns().len()).map(cell);
                csv.write_record(cells.chain([length(piece.split(' ').count())]))?;
                cut += 1;
            }
        }
        csv.flush()?;
        rows = texts.finish(faults)?;
        Ok(())
    })?;
    eprintln!("{} texts cut into {cut} pieces: {}", rows - left_out, args.out.display());
    if left_out > 0 {
        eprintln!("{left_out} texts without a letter or digit were left out");
    }
    Ok(())
}

/// A text's words in pieces, one after the other; each with a letter or a digit in it.
fn pieces(text: &str, random: &mut SplitMix64) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut rest = words.as_slice();
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let (_, fewest, most) = LENGTHS[random.below(LENGTHS.len())];
        let drawn = fewest + random.below(most.min(MOST_DRAWN) + 1 - fewest);
        let (piece, left) = rest.split_at(drawn.min(rest.len()));
        rest = left;
        pieces.push(piece.join(" "));
    }
    pieces.retain(|piece| piece.contains(char::is_alphanumeric));
    pieces
}

/// The name of the length of so many words.
fn length(words: usize) -> &'static str {
    LENGTHS.iter().find(|(_, _, most)| words <= *most).map_or("", |(name, _, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_length_is_named_by_its_words() {
        let names = [1, 2, 3, 5, 6, 10, 11, 400].map(length);
        assert_eq!(names, ["1-2", "1-2", "3-5", "3-5", "6-10", "6-10", "over 10", "over 10"]);
    }

    proptest! {
        #[test]
        fn the_pieces_of_a_text_are_its_words_in_their_order(
            words in prop::collection::vec("[a-zа-я]{1,8}", 0..60), seed in any::<u64>(),
        ) {
            let text = words.join("  ");
            let cut = pieces(&text, &mut SplitMix64(seed));
            prop_assert_eq!(cut.join(" "), words.join(" "));
            prop_assert_eq!(cut, pieces(&text, &mut SplitMix64(seed)));
        }
    }
}
