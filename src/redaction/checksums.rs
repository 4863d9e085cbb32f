//! Check digits of numbers, given as their digits.

/// Cards (ISO/IEC 7812, Luhn).
pub(super) fn is_card(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match index % 2 {
            0 => *digit,
            _ => digit * 2 - if *digit > 4 { 9 } else { 0 },
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Bank accounts (ISO 13616, modulo 97); letters and digits without blanks.
pub(super) fn is_iban(iban: &[char]) -> bool {
    let moved = iban.iter().skip(4).chain(iban.iter().take(4));
    let remainder = moved.filter_map(|c| c.to_digit(36)).fold(0, |sum: u32, value| {
        let shifted = if value > 9 { sum * 100 } else { sum * 10 };
        (shifted + value) % 97
    });
    remainder == 1
}

/// SNILS of Russia: eleven digits, of which the last two check.
pub(super) fn is_snils(digits: &[u32]) -> bool {
    let [number @ .., tens, ones] = digits else { return false };
    if number.len() != 9 {
        return false;
    }
    let sum: u32 = number.iter().zip((1..=9).rev()).map(|(digit, weight)| digit * weight).sum();
    let check = sum % 101;
    check % 100 == tens * 10 + ones
}

/// INN of a person in Russia: twelve digits, of which the last two check.
pub(super) fn is_inn(digits: &[u32]) -> bool {
    const WEIGHTS: [u32; 11] = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
    let check = |weights: &[u32]| {
        let sum: u32 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
        sum % 11 % 10
    };
    digits.len() == 12 && check(&WEIGHTS[1..]) == digits[10] && check(&WEIGHTS) == digits[11]
}

/// RNOKPP, the tax number of Ukraine: ten digits, of which the last one checks.
pub(super) fn is_rnokpp(digits: &[u32]) -> bool {
    const WEIGHTS: [i64; 9] = [-1, 5, 7, 9, 4, 6, 10, 5, 7];
    let [number @ .., check] = digits else { return false };
    let sum: i64 =
        number.iter().zip(WEIGHTS).map(|(digit, weight)| i64::from(*digit) * weight).sum();
    number.len() == 9 && sum.rem_euclid(11) % 10 == i64::from(*check)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u32> {
        text.chars().filter_map(|c| c.to_digit(10)).collect()
    }

    #[test]
    fn published_examples_pass_and_a_changed_digit_does_not() {
        assert!(is_card(&digits("4111 1111 1111 1111")));
        assert!(is_card(&digits("3782 822463 10005")));
        assert!(!is_card(&digits("4111 1111 1111 1112")));
        for iban in
            ["GB82WEST12345698765432", "DE89370400440532013000", "BY13NBRB3600900000002Z00AB00"]
        {
            let mut iban: Vec<char> = iban.chars().collect();
            assert!(is_iban(&iban), "{iban:?}");
            iban[7] = if iban[7] == '1' { '2' } else { '1' };
            assert!(!is_iban(&iban), "{iban:?}");
        }
        assert!(is_snils(&digits("112-233-445 95")));
        assert!(!is_snils(&digits("112-233-445 96")));
        assert!(is_inn(&digits("500100732259")));
        assert!(!is_inn(&digits("500100732258")));
        // 1759013776: the example of python-stdnum.
        assert!(is_rnokpp(&digits("1759013776")));
        assert!(!is_rnokpp(&digits("1759013770")));
    }
}
