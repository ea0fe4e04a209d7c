//! `fake.…()`: made-up people, places and words, drawn from the user's own randomness.

use fake::Fake as _;
use fake::faker::address::en::{CityName, CountryName, StateAbbr, StreetName, ZipCode};
use fake::faker::company::en::{CompanyName, Profession};
use fake::faker::internet::en::{IPv4, SafeEmail, UserAgent, Username};
use fake::faker::lorem::en::{Paragraph, Sentence, Word};
use fake::faker::name::en::{FirstName, LastName};
use fake::faker::phone_number::en::PhoneNumber;

use crate::value::Value;

use super::functions::{Action, Call, CallError, FunctionDoc};
use crate::random::Random;

/// One row a fake: name, summary, example, how it is drawn.
macro_rules! fakes {
    ($($name:literal, $summary:literal, $example:literal, $draw:expr;)+) => {
        /// The `fake.…` functions.
        pub(super) fn functions() -> Vec<FunctionDoc> {
            vec![$(FunctionDoc {
                name: concat!("fake.", $name),
                parameters: &[],
                summary: $summary,
                example: $example,
                action: Action::Function(|call: &mut Call<'_, '_>| -> Result<Value, CallError> {
                    let draw: fn(&mut Random) -> String = $draw;
                    Ok(Value::text(draw(call.scope.random())))
                }),
            }),+]
        }
    };
}

fakes! {
    "name", "A first and a last name.", "${fake.name()}",
        |random| format!("{} {}", FirstName().fake_with_rng::<String, _>(random), LastName().fake_with_rng::<String, _>(random));
    "first_name", "A first name.", "${fake.first_name()}", |random| FirstName().fake_with_rng(random);
    "last_name", "A last name.", "${fake.last_name()}", |random| LastName().fake_with_rng(random);
    "username", "A username.", "${fake.username()}", |random| Username().fake_with_rng(random);
    "email", "An email address at a domain reserved for examples, so that nobody gets an email.", "${fake.email()}",
        |random| SafeEmail().fake_with_rng(random);
    "phone", "A phone number.", "${fake.phone()}", |random| PhoneNumber().fake_with_rng(random);
    "street", "A street address with a house number.", "${fake.street()}",
        |random| format!("{} {}", random.int(1, 999), StreetName().fake_with_rng::<String, _>(random));
    "city", "A city.", "${fake.city()}", |random| CityName().fake_with_rng(random);
    "state", "The abbreviation of a US state.", "${fake.state()}", |random| StateAbbr().fake_with_rng(random);
    "zip", "A postal code.", "${fake.zip()}", |random| ZipCode().fake_with_rng(random);
    "country", "A country.", "${fake.country()}", |random| CountryName().fake_with_rng(random);
    "company", "A company.", "${fake.company()}", |random| CompanyName().fake_with_rng(random);
    "job", "A profession.", "${fake.job()}", |random| Profession().fake_with_rng(random);
    "word", "A Latin word.", "${fake.word()}", |random| Word().fake_with_rng(random);
    "sentence", "A Latin sentence of 4 to 9 words.", "${fake.sentence()}", |random| Sentence(4..10).fake_with_rng(random);
    "paragraph", "A Latin paragraph of 3 to 6 sentences.", "${fake.paragraph()}", |random| Paragraph(3..7).fake_with_rng(random);
    "ipv4", "An IPv4 address.", "${fake.ipv4()}", |random| IPv4().fake_with_rng(random);
    "user_agent", "A browser's User-Agent.", "${fake.user_agent()}", |random| UserAgent().fake_with_rng(random);
}
