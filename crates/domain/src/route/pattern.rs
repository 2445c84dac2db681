//! Patterns of addresses, and what matching addresses are replaced by.
//!
//! The proxy matches with Go's RE2; what is allowed here is the part of it that means the
//! same in both syntaxes, so that a pattern that is taken here is taken there.

use std::str::FromStr;

use regex_syntax::ast::{self, Ast, ClassSetItem, GroupKind, LiteralKind, RepetitionKind};

use crate::InvalidText;
use crate::text::text_type;

/// The longest pattern and replacement, in characters.
const LONGEST: usize = 500;
/// RE2's bound on counted repetitions, also of nested ones together.
const MOST_REPEATED: u32 = 1000;

/// A regular expression for whole addresses such as `^https://[^/]+/old/(.*)$`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UrlPattern(String);
text_type!(UrlPattern);

impl UrlPattern {
    /// How many groups it captures.
    pub fn groups(&self) -> u32 {
        ast::parse::Parser::new()
            .parse(&self.0)
            .map_or(0, |tree| captures(&tree))
    }
}

impl FromStr for UrlPattern {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() || text.len() > LONGEST {
            return Err(InvalidText::new(format!(
                "must be a regular expression of 1 to {LONGEST} characters"
            )));
        }
        if !text.bytes().all(|b| (b'!'..=b'~').contains(&b)) {
            return Err(InvalidText::new(
                "may hold printable ASCII characters without spaces only",
            ));
        }
        let tree = ast::parse::ParserBuilder::new()
            .nest_limit(50)
            .build()
            .parse(text)
            .map_err(|error| {
                InvalidText::new(format!("is not a regular expression: {}", error.kind()))
            })?;
        check(&tree, MOST_REPEATED)?;
        Ok(Self(text.to_owned()))
    }
}

fn refused(what: &str) -> InvalidText {
    InvalidText::new(format!("holds {what}, which the proxy does not know"))
}

/// Refuses what Go's syntax lacks. `repeated` is what is left for counted repetitions.
fn check(tree: &Ast, repeated: u32) -> Result<(), InvalidText> {
    match tree {
        Ast::Empty(_) | Ast::Dot(_) | Ast::ClassPerl(_) => Ok(()),
        Ast::Flags(_) => Err(refused("flags in the middle")),
        Ast::Literal(literal) => check_literal(literal),
        Ast::Assertion(assertion) => match assertion.kind {
            ast::AssertionKind::StartLine
            | ast::AssertionKind::EndLine
            | ast::AssertionKind::StartText
            | ast::AssertionKind::EndText
            | ast::AssertionKind::WordBoundary
            | ast::AssertionKind::NotWordBoundary => Ok(()),
            _ => Err(refused("a special word boundary")),
        },
        Ast::ClassUnicode(_) => Err(refused("a Unicode class")),
        Ast::ClassBracketed(class) => match &class.kind {
            ast::ClassSet::Item(item) => check_class(item),
            ast::ClassSet::BinaryOp(_) => Err(refused("a set operation in brackets")),
        },
        Ast::Repetition(repetition) => {
            let is_single = matches!(
                *repetition.ast,
                Ast::Literal(_)
                    | Ast::Dot(_)
                    | Ast::ClassPerl(_)
                    | Ast::ClassBracketed(_)
                    | Ast::Group(_)
            );
            if !is_single {
                return Err(refused("a repetition of a repetition or of nothing"));
            }
            let times = match &repetition.op.kind {
                RepetitionKind::Range(
                    ast::RepetitionRange::Exactly(most)
                    | ast::RepetitionRange::AtLeast(most)
                    | ast::RepetitionRange::Bounded(_, most),
                ) => (*most).max(1),
                _ => 1,
            };
            if times > repeated {
                return Err(InvalidText::new(format!(
                    "repeats something more than {MOST_REPEATED} times"
                )));
            }
            check(&repetition.ast, repeated / times)
        }
        Ast::Group(group) => {
            match &group.kind {
                GroupKind::CaptureIndex(_) => {}
                GroupKind::CaptureName { .. } => return Err(refused("a group with a name")),
                GroupKind::NonCapturing(flags) if flags.items.is_empty() => {}
                GroupKind::NonCapturing(_) => return Err(refused("flags of a group")),
            }
            check(&group.ast, repeated)
        }
        Ast::Alternation(alternation) => alternation
            .asts
            .iter()
            .try_for_each(|ast| check(ast, repeated)),
        Ast::Concat(concat) => concat.asts.iter().try_for_each(|ast| check(ast, repeated)),
    }
}

fn check_literal(literal: &ast::Literal) -> Result<(), InvalidText> {
    match literal.kind {
        LiteralKind::Verbatim | LiteralKind::Meta | LiteralKind::Superfluous => Ok(()),
        _ => Err(refused("a character by its number")),
    }
}

fn check_class(item: &ClassSetItem) -> Result<(), InvalidText> {
    match item {
        ClassSetItem::Empty(_) | ClassSetItem::Perl(_) | ClassSetItem::Ascii(_) => Ok(()),
        ClassSetItem::Literal(literal) => check_literal(literal),
        ClassSetItem::Range(range) => {
            check_literal(&range.start)?;
            check_literal(&range.end)
        }
        ClassSetItem::Union(union) => union.items.iter().try_for_each(check_class),
        ClassSetItem::Unicode(_) => Err(refused("a Unicode class")),
        ClassSetItem::Bracketed(_) => Err(refused("brackets in brackets")),
    }
}

fn captures(tree: &Ast) -> u32 {
    match tree {
        Ast::Group(group) => {
            u32::from(matches!(group.kind, GroupKind::CaptureIndex(_))) + captures(&group.ast)
        }
        Ast::Repetition(repetition) => captures(&repetition.ast),
        Ast::Alternation(alternation) => alternation.asts.iter().map(captures).sum(),
        Ast::Concat(concat) => concat.asts.iter().map(captures).sum(),
        _ => 0,
    }
}

/// An address in which `${1}` stands for the first group of a pattern; `$1` is read as the
/// same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UrlReplacement(String);
text_type!(UrlReplacement);

impl UrlReplacement {
    /// The highest group that it names.
    pub fn highest_group(&self) -> u32 {
        let parts = self.0.split("${").skip(1);
        parts
            .filter_map(|part| part.split('}').next()?.parse().ok())
            .max()
            .unwrap_or(0)
    }
}

impl FromStr for UrlReplacement {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let starts_well =
            text.starts_with("https://") || text.starts_with("http://") || text.starts_with('$');
        if !starts_well || text.len() > LONGEST {
            return Err(InvalidText::new(format!(
                "must be an address such as https://example.com/${{1}}, with at most {LONGEST} characters"
            )));
        }
        let mut written = String::with_capacity(text.len() + 8);
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            rest = &rest[character.len_utf8()..];
            if character == '$' {
                let (number, after) = group(rest)?;
                written.extend(["${", &number.to_string(), "}"]);
                rest = after;
                continue;
            }
            let fits =
                character.is_ascii_alphanumeric() || "-._~:/?#@!&'()*+,;=%".contains(character);
            if !fits {
                return Err(InvalidText::new(format!(
                    "holds the character {character:?}, which an address may not hold"
                )));
            }
            written.push(character);
        }
        Ok(Self(written))
    }
}

/// The number behind `$`, and what follows it.
fn group(text: &str) -> Result<(u32, &str), InvalidText> {
    let refused =
        || InvalidText::new("must name groups by number, such as ${1}; other uses of $ are none");
    let (inside, after) = match text.strip_prefix('{') {
        Some(inside) => inside.split_once('}').ok_or_else(refused)?,
        None => text.split_at(text.bytes().take_while(u8::is_ascii_digit).count()),
    };
    if inside.is_empty() || inside.len() > 2 || !inside.bytes().all(|b| b.is_ascii_digit()) {
        return Err(refused());
    }
    Ok((inside.parse().map_err(|_| refused())?, after))
}

#[cfg(test)]
mod tests;
