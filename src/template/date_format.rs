//! Points in time by a pattern of letters, in UTC.
//!
//! Source: the documentation of `java.text.SimpleDateFormat` (Java SE 11), in English and with the
//! weeks of the United States: they start on Sunday, and the first one holds January 1.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// A longer pattern is none.
const PATTERN_BYTES_MAX: usize = 256;

/// A piece of a pattern.
enum Item {
    Text(char),
    /// How often the letter stands there.
    Field(Field, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Era,
    Year,
    WeekYear,
    Month,
    WeekInYear,
    WeekInMonth,
    DayInYear,
    DayInMonth,
    WeekdayInMonth,
    WeekdayName,
    WeekdayNumber,
    Half,
    Hour0To23,
    Hour1To24,
    Hour0To11,
    Hour1To12,
    Minute,
    Second,
    Millisecond,
    ZoneName,
    ZoneOffset,
    ZoneIso,
}

static LETTERS: &[(char, Field)] = &[
    ('G', Field::Era),
    ('y', Field::Year),
    ('Y', Field::WeekYear),
    ('M', Field::Month),
    ('L', Field::Month),
    ('w', Field::WeekInYear),
    ('W', Field::WeekInMonth),
    ('D', Field::DayInYear),
    ('d', Field::DayInMonth),
    ('F', Field::WeekdayInMonth),
    ('E', Field::WeekdayName),
    ('u', Field::WeekdayNumber),
    ('a', Field::Half),
    ('H', Field::Hour0To23),
    ('k', Field::Hour1To24),
    ('K', Field::Hour0To11),
    ('h', Field::Hour1To12),
    ('m', Field::Minute),
    ('s', Field::Second),
    ('S', Field::Millisecond),
    ('z', Field::ZoneName),
    ('Z', Field::ZoneOffset),
    ('X', Field::ZoneIso),
];

static MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

static WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The error is the reason why the pattern is none, in a clause.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    items(pattern)?.try_for_each(|item| item.map(|_| ()))
}

/// Puts the text behind `out`. `None` for what is no pattern, and for a time beyond the years
/// -9999 to 9999; what `out` then holds behind its old text means nothing.
pub(super) fn write(pattern: &str, epoch_ms: i64, out: &mut String) -> Option<()> {
    let moment = Timestamp::from_millisecond(epoch_ms).ok()?.to_zoned(TimeZone::UTC).datetime();
    for item in items(pattern).ok()? {
        match item.ok()? {
            Item::Text(c) => out.push(c),
            Item::Field(field, width) => match shown(field, width, moment) {
                Shown::Name(name) => out.push_str(name),
                Shown::Number(number) => write!(out, "{number:0width$}").ok()?,
            },
        }
    }
    Some(())
}

/// Whether a word without quotes is meant as a format: letters of formats, one of them repeated.
pub(super) fn reads_as_format(word: &str) -> bool {
    let is_repeated = word.as_bytes().windows(2).any(|pair| match pair {
        [a, b] => a == b && field(char::from(*a)).is_some(),
        _ => false,
    });
    is_repeated && check(word).is_ok()
}

fn items(pattern: &str) -> Result<impl Iterator<Item = Result<Item, String>>, String> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err("it is too long".to_owned());
    }
    let mut rest = pattern.chars().peekable();
    let mut quoted = false;
    Ok(std::iter::from_fn(move || {
        loop {
            let Some(c) = rest.next() else {
                let open = std::mem::take(&mut quoted);
                return open.then(|| Err("a quotation is not closed".to_owned()));
            };
            if c == '\'' {
                if rest.next_if_eq(&'\'').is_some() {
                    return Some(Ok(Item::Text('\'')));
                }
                quoted = !quoted;
            } else if quoted || !c.is_ascii_alphabetic() {
                return Some(Ok(Item::Text(c)));
            } else {
                let mut width = 1;
                while rest.next_if_eq(&c).is_some() {
                    width += 1;
                }
                return Some(match field(c) {
                    Some(Field::ZoneIso) if width > 3 => {
                        Err("`X` stands there more than three times".to_owned())
                    }
                    Some(field) => Ok(Item::Field(field, width)),
                    None => Err(format!("`{c}` is no letter of a format")),
                });
            }
        }
    }))
}

enum Shown {
    Name(&'static str),
    /// With zeros up to the width.
    Number(i64),
}

fn shown(field: Field, width: usize, moment: DateTime) -> Shown {
    let (date, time) = (moment.date(), moment.time());
    let hour = i64::from(time.hour());
    let is_long = width > 3;
    Shown::Number(match field {
        Field::Era => return Shown::Name(era(date.year(), is_long)),
        Field::Month if width > 2 => return name(&MONTHS, date.month() - 1, is_long),
        Field::WeekdayName => {
            return name(&WEEKDAYS, date.weekday().to_sunday_zero_offset(), is_long);
        }
        Field::Half => return Shown::Name(if hour < 12 { "AM" } else { "PM" }),
        Field::ZoneName if is_long => return Shown::Name("Coordinated Universal Time"),
        Field::ZoneName => return Shown::Name("UTC"),
        Field::ZoneOffset => return Shown::Name("+0000"),
        Field::ZoneIso => return Shown::Name("Z"),
        Field::Year => shown_year(year_of_era(date.year()), width),
        Field::WeekYear => shown_year(year_of_era(week_year(date)), width),
        Field::Month => i64::from(date.month()),
        Field::WeekInYear => week_in_year(date),
        Field::WeekInMonth => week(i64::from(date.day()), date.first_of_month()),
        Field::DayInYear => i64::from(date.day_of_year()),
        Field::DayInMonth => i64::from(date.day()),
        Field::WeekdayInMonth => (i64::from(date.day()) - 1) / 7 + 1,
        Field::WeekdayNumber => i64::from(date.weekday().to_monday_one_offset()),
        Field::Hour0To23 => hour,
        Field::Hour1To24 => (hour + 23) % 24 + 1,
        Field::Hour0To11 => hour % 12,
        Field::Hour1To12 => (hour + 11) % 12 + 1,
        Field::Minute => i64::from(time.minute()),
        Field::Second => i64::from(time.second()),
        Field::Millisecond => i64::from(time.millisecond()),
    })
}

fn field(letter: char) -> Option<Field> {
    LETTERS.iter().find(|(found, _)| *found == letter).map(|(_, field)| *field)
}

/// The short form has three letters.
fn name(names: &[&'static str], nth: i8, is_long: bool) -> Shown {
    let name = usize::try_from(nth).ok().and_then(|nth| names.get(nth)).copied().unwrap_or("");
    Shown::Name(if is_long { name } else { name.get(..3).unwrap_or(name) })
}

fn era(year: i16, is_long: bool) -> &'static str {
    match (year > 0, is_long) {
        (true, false) => "AD",
        (true, true) => "Anno Domini",
        (false, false) => "BC",
        (false, true) => "Before Christ",
    }
}

/// The year before 1 is 1 BC.
fn year_of_era(year: i16) -> i64 {
    let year = i64::from(year);
    if year > 0 { year } else { 1 - year }
}

fn shown_year(year: i64, width: usize) -> i64 {
    if width == 2 { year % 100 } else { year }
}

/// The number of the week that holds the nth day, counted from the first day on.
fn week(nth_day: i64, first: Date) -> i64 {
    (nth_day - 1 + i64::from(first.weekday().to_sunday_zero_offset())) / 7 + 1
}

/// Whether the week of that day holds January 1 of the next year.
fn is_in_next_year(date: Date) -> bool {
    let left_of_week = 6 - i64::from(date.weekday().to_sunday_zero_offset());
    i64::from(date.days_in_year()) - i64::from(date.day_of_year()) < left_of_week
}

fn week_in_year(date: Date) -> i64 {
    if is_in_next_year(date) {
        1
    } else {
        week(i64::from(date.day_of_year()), date.first_of_year())
    }
}

fn week_year(date: Date) -> i16 {
    if is_in_next_year(date) { date.year().saturating_add(1) } else { date.year() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_text(pattern: &str, epoch_ms: i64, expected: &str) {
        let mut out = String::new();
        check(pattern).unwrap();
        write(pattern, epoch_ms, &mut out).unwrap();
        assert_eq!(out, expected, "{pattern}");
    }

    /// Wednesday, 2017-05-10T04:24:26.007Z.
    const MOMENT: i64 = 1_494_390_266_007;

    #[test]
    fn each_letter_has_its_field() {
        for (pattern, expected) in [
            ("yyyyMMddHHmmss", "20170510042426"),
            ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2017-05-10T04:24:26.007Z"),
            ("EEE, d MMM yyyy HH:mm:ss Z", "Wed, 10 May 2017 04:24:26 +0000"),
            ("EEEE MMMM LLLL LL", "Wednesday May May 05"),
            ("G GGGG", "AD Anno Domini"),
            ("y yy yyy yyyyy Y YY", "2017 17 2017 02017 2017 17"),
            ("w W D DDDD F u", "19 2 130 0130 2 3"),
            ("H k K h a m s S SSSSS", "4 4 4 4 AM 24 26 7 00007"),
            ("z zzzz X XX", "UTC Coordinated Universal Time Z Z"),
            ("h 'o''clock' '' a", "4 o'clock ' AM"),
            ("", ""),
            ("é/.", "é/."),
        ] {
            check_text(pattern, MOMENT, expected);
        }
    }

    #[test]
    fn hours_turn_over_where_each_count_says() {
        for (hour, expected) in [
            (0, "0 24 0 12 AM"),
            (11, "11 11 11 11 AM"),
            (12, "12 12 0 12 PM"),
            (23, "23 23 11 11 PM"),
        ] {
            check_text("H k K h a", hour * 3_600_000, expected);
        }
    }

    #[test]
    fn weeks_are_those_of_the_united_states() {
        for (date, expected) in [
            ("2024-12-28", "2024 52 4"), // A Saturday.
            ("2024-12-29", "2025 1 5"),
            ("2024-12-31", "2025 1 5"),
            ("2025-01-01", "2025 1 1"),
            ("2025-01-05", "2025 2 2"),
            ("2022-12-31", "2022 53 5"), // A Saturday: the week ends with the year.
        ] {
            let date: Date = date.parse().unwrap();
            let epoch_ms = date.to_zoned(TimeZone::UTC).unwrap().timestamp().as_millisecond();
            check_text("Y w W", epoch_ms, expected);
        }
    }

    #[test]
    fn years_before_the_first_count_backwards() {
        check_text("y G", -62_135_596_800_001, "1 BC");
        check_text("y G GGGG", -62_200_000_000_000 - 31_536_000_000, "4 BC Before Christ");
        let far = write("y", i64::MAX, &mut String::new());
        assert_eq!(far, None);
    }

    #[test]
    fn what_is_no_format_has_a_reason() {
        for (pattern, reason) in [
            ("b", "`b` is no letter of a format"),
            ("XXXX", "`X` stands there more than three times"),
            ("'a", "a quotation is not closed"),
            (&"y".repeat(PATTERN_BYTES_MAX + 1), "it is too long"),
        ] {
            assert_eq!(check(pattern).unwrap_err(), reason, "{pattern}");
            assert_eq!(write(pattern, 0, &mut String::new()), None, "{pattern}");
        }
    }

    #[test]
    fn words_that_read_as_formats() {
        for (word, expected) in [
            ("yyyy-MM-dd", true),
            ("HH:mm:ss", true),
            ("days", false),
            ("formatStr", false),
            ("timeFormatStr", false),
            ("", false),
        ] {
            assert_eq!(reads_as_format(word), expected, "{word}");
        }
    }
}
