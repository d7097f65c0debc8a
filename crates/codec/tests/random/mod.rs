//! Random events and random ways of writing them down, from a seed.

use std::fmt::Write;

use chappe_testkit::Rng;

/// Lowercase hex of so many random bytes.
pub(crate) fn hex(random: &mut Rng, bytes: usize) -> String {
    (0..bytes).fold(String::new(), |mut hex, _| {
        write!(hex, "{:02x}", random.bits() & 0xff).unwrap();
        hex
    })
}

/// Mostly plain text, with every sort of character that JSON treats differently.
pub(crate) fn text(random: &mut Rng, chars_max: usize) -> String {
    const ODD: &str = "\"\\/\n\r\t\u{8}\u{c}\0\u{1f}\u{7f}é€\u{2028}😀\u{10ffff}";
    let odd: Vec<char> = ODD.chars().collect();
    let odd_share = *random.pick(&[0, 1, 10, 100]);
    let length = random.below(chars_max + 1);
    (0..length)
        .map(|_| {
            if random.below(100) < odd_share {
                *random.pick(&odd)
            } else {
                char::from(b' ' + u8::try_from(random.below(95)).unwrap())
            }
        })
        .collect()
}

/// An event as owned values, which nothing of the crate under test has touched.
#[derive(Debug, Clone)]
pub(crate) struct PlainEvent {
    pub(crate) id: String,
    pub(crate) pubkey: String,
    pub(crate) created_at: u64,
    pub(crate) kind: u16,
    pub(crate) tags: Vec<Vec<String>>,
    pub(crate) content: String,
    pub(crate) sig: String,
}

impl PlainEvent {
    pub(crate) fn random(random: &mut Rng) -> Self {
        let tags_max = *random.pick(&[0, 3, 30]);
        let tags = (0..random.below(tags_max + 1))
            .map(|_| (0..=random.below(4)).map(|_| text(random, 20)).collect())
            .collect();
        Self {
            id: hex(random, 32),
            pubkey: hex(random, 32),
            created_at: random.bits() >> random.below(64),
            kind: u16::try_from(random.bits() & 0xffff).unwrap(),
            tags,
            content: text(random, 200),
            sig: hex(random, 64),
        }
    }

    /// Writes the event as some client might: fields in any order, extra ones among them, white space and escapes
    /// wherever JSON allows them.
    pub(crate) fn write(&self, random: &mut Rng) -> String {
        let tags: Vec<String> = self
            .tags
            .iter()
            .map(|tag| {
                let strings: Vec<String> = tag.iter().map(|string| write_string(string, random)).collect();
                join('[', &strings, ']', random)
            })
            .collect();
        let mut members = vec![
            ("id", write_string(&self.id, random)),
            ("pubkey", write_string(&self.pubkey, random)),
            ("created_at", self.created_at.to_string()),
            ("kind", self.kind.to_string()),
            ("tags", join('[', &tags, ']', random)),
            ("content", write_string(&self.content, random)),
            ("sig", write_string(&self.sig, random)),
        ];
        if random.below(3) == 0 {
            members.push(("extra", r#"{"a":[1,-2.5e3,{"id":"x"}],"b":null}"#.into()));
        }
        random.shuffle(&mut members);
        let members: Vec<String> = members
            .into_iter()
            .map(|(name, value)| {
                let colon = format!("{}:{}", space(random), space(random));
                write_string(name, random) + &colon + &value
            })
            .collect();
        join('{', &members, '}', random)
    }
}

fn space(random: &mut Rng) -> &'static str {
    const SPACES: [&str; 6] = ["", "", "", " ", "\n\t", "\r\n  "];
    SPACES[random.below(SPACES.len())]
}

fn join(open: char, elements: &[String], close: char, random: &mut Rng) -> String {
    let mut out = format!("{open}{}", space(random));
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            write!(out, "{},{}", space(random), space(random)).unwrap();
        }
        out += element;
    }
    out + space(random) + &close.to_string()
}

/// Writes a string, escaping what must be and some of what may be.
fn write_string(text: &str, random: &mut Rng) -> String {
    let eagerness = *random.pick(&[0, 0, 20]);
    let mut out = String::from('"');
    for character in text.chars() {
        let must = character < ' ' || matches!(character, '"' | '\\');
        if !must && random.below(100) >= eagerness {
            out.push(character);
            continue;
        }
        let short = "\"\\/\u{8}\u{c}\n\r\t".chars().zip("\"\\/bfnrt".chars());
        let short = short.clone().find(|&(plain, _)| plain == character);
        match short {
            Some((_, letter)) if random.below(2) == 0 => out.extend(['\\', letter]),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let escape = if random.below(2) == 0 {
                        format!("\\u{unit:04x}")
                    } else {
                        format!("\\u{unit:04X}")
                    };
                    out += &escape;
                }
            }
        }
    }
    out + "\""
}
