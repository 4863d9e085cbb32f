//! Why a method was taken, in words.

use super::beside::TunedBeside;
use super::choose::{Choice, SAME_ACCURACY};

/// What was compared, what came of it, and what was not tried; empty where only one method was asked for.
#[must_use]
pub fn why(choice: &Choice) -> String {
    if choice.tried.len() < 2 && choice.tuned.is_none() {
        return String::new();
    }
    let tried = choice.tried.iter().map(|tried| {
        format!("{} {:.4} (log loss {:.4})", tried.method.as_str(), tried.accuracy, tried.log_loss)
    });
    let mut told = format!(
        "Accuracy on the texts held out: {}. Of those within {} of the highest, the least log loss decides: {}.",
        tried.collect::<Vec<_>>().join(", "),
        SAME_ACCURACY,
        choice.tuned.map_or(choice.method, |tuned| tuned.method_as_it_is).as_str()
    );
    if let Some(tuned) = &choice.tuned {
        told += &format!(" {}", of_tuned(tuned));
    }
    for left_out in &choice.not_tried {
        told += &format!(" {} was not tried: {}.", left_out.method.as_str(), left_out.reason);
    }
    told
}

fn of_tuned(tuned: &TunedBeside) -> String {
    format!(
        "{} was compared on {} of these texts: {:.4} against {:.4} with the encoder as it is, log loss lower by {:.4} (standard \
         error {:.4}), so {}.",
        tuned.method.as_str(),
        tuned.rows,
        tuned.accuracy,
        tuned.accuracy_as_it_is,
        tuned.gain,
        tuned.standard_error,
        if tuned.is_better() {
            "the tuned encoder is taken"
        } else {
            "the encoder stays as it is: what costs more must gain a standard error"
        }
    )
}
