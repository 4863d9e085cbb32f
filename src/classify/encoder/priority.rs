//! [`give_way`]: who goes first when there are more threads than cores.

use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};

/// Lets the threads that receive and answer requests go before the calling one: they need a core for microseconds,
/// inference for milliseconds, and without this each of their steps may wait for a whole time slice of inference.
pub(in crate::classify) fn give_way() {
    let priority = ThreadPriorityValue::try_from(INFERENCE_PRIORITY);
    let set =
        priority.map(|value| set_current_thread_priority(ThreadPriority::Crossplatform(value)));
    if !matches!(set, Ok(Ok(()))) {
        tracing::debug!("the priority of an inference thread could not be lowered");
    }
}

/// Out of 0 to 99, of which the middle is usual; on Linux a nice value of 9.
const INFERENCE_PRIORITY: u8 = 25;
