//! [`Plan`]: how the texts of a batch are shared out among threads.

/// Texts that go through the transformer as one block of rows, by their numbers in the batch.
pub(super) type Group = Vec<usize>;

/// Most tokens of a group (more only where a single text has more): its activations stay in the second-level cache.
const GROUP_TOKENS: usize = 160;
/// How much longer than its fair share the busiest thread may take before all threads share each group instead.
const UNEVEN: f64 = 1.2;

/// Who does what.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Every thread takes the next group when it is free, the largest first, and works on it alone.
    Apart(Vec<Group>),
    /// All threads work on one group after the other, each on its own columns.
    Together(Vec<Group>),
}

impl Plan {
    /// Shares out texts of these lengths (in tokens).
    pub(super) fn new(lengths: &[usize], threads: usize) -> Self {
        let total: usize = lengths.iter().sum();
        let rounds = total.div_ceil(threads * GROUP_TOKENS).max(1);
        if threads == 1 {
            return Self::Apart(even_groups(lengths, rounds));
        }
        let apart = even_groups(lengths, threads * rounds);
        let busiest = busiest_thread(lengths, &apart, threads);
        #[expect(clippy::cast_precision_loss, reason = "numbers of tokens")]
        let is_even = (busiest * threads) as f64 <= total as f64 * UNEVEN;
        if is_even {
            Self::Apart(apart)
        } else {
            Self::Together(even_groups(lengths, total.div_ceil(GROUP_TOKENS).max(1)))
        }
    }
}

/// Up to `count` groups, none empty, the largest first: each text, by falling length, goes to the smallest group so far.
fn even_groups(lengths: &[usize], count: usize) -> Vec<Group> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&text| std::cmp::Reverse(lengths[text]));
    let mut groups = vec![(0, Group::new()); count];
    for text in order {
        if let Some((tokens, group)) = groups.iter_mut().min_by_key(|(tokens, _)| *tokens) {
            *tokens += lengths[text];
            group.push(text);
        }
    }
    groups.sort_by_key(|(tokens, _)| std::cmp::Reverse(*tokens));
    groups.into_iter().map(|(_, group)| group).filter(|group| !group.is_empty()).collect()
}

/// Tokens of the thread that gets most when each takes the next group as soon as it is free.
fn busiest_thread(lengths: &[usize], groups: &[Group], threads: usize) -> usize {
    let mut busy = vec![0; threads];
    for group in groups {
        if let Some(first_free) = busy.iter_mut().min() {
            *first_free += group.iter().map(|&text| lengths[text]).sum::<usize>();
        }
    }
    busy.into_iter().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_text_is_shared_by_all_threads() {
        assert_eq!(Plan::new(&[14], 2), Plan::Together(vec![vec![0]]));
        assert_eq!(Plan::new(&[14], 1), Plan::Apart(vec![vec![0]]));
    }

    #[test]
    fn as_many_equal_texts_as_threads_go_apart() {
        assert_eq!(Plan::new(&[9, 9], 2), Plan::Apart(vec![vec![0], vec![1]]));
        let Plan::Apart(groups) = Plan::new(&[128; 8], 2) else { unreachable!() };
        assert_eq!(groups.len(), 8);
    }

    #[test]
    fn an_uneven_rest_is_shared() {
        assert!(matches!(Plan::new(&[100, 10, 10], 2), Plan::Together(_)));
    }

    proptest! {
        #[test]
        fn every_text_is_in_exactly_one_group(
            lengths in prop::collection::vec(1usize..300, 0..80),
            threads in 1usize..9,
        ) {
            let (Plan::Apart(groups) | Plan::Together(groups)) = Plan::new(&lengths, threads);
            prop_assert!(groups.iter().all(|group| !group.is_empty()));
            let mut texts: Vec<usize> = groups.into_iter().flatten().collect();
            texts.sort_unstable();
            prop_assert_eq!(texts, (0..lengths.len()).collect::<Vec<_>>());
        }
    }
}
