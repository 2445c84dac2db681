//! The editor of variables, between the form and the use cases.

use std::collections::BTreeMap;

use longshore_control::variables::parse_dotenv;
use longshore_control::{Actor, Control, ControlError, FieldProblem, VariableDraft, VariableScope};

use super::fields::Fields;
use super::problems::message_as_sentence;
use super::view::{FieldErrors, Pair, VariablesForm};

/// The editor as it was typed, with what is wrong.
pub type Typed = (VariablesForm, FieldErrors);

/// Saves what the editor holds: the rows replace what is stored, the pasted lines go on top.
///
/// # Errors
/// What is not about what was typed.
pub async fn save(
    control: &Control,
    actor: &Actor,
    scope: VariableScope,
    fields: &Fields,
) -> Result<Result<(), Typed>, ControlError> {
    let mut typed = read(fields);
    let mut errors = FieldErrors::none();
    let drafts = drafts(&mut typed, &mut errors);
    if errors.is_empty() {
        match control.replace_variables(actor, scope, drafts).await {
            Ok(_) => return Ok(Ok(())),
            Err(ControlError::Invalid(problems)) => {
                for problem in &problems {
                    place(&mut typed, &mut errors, problem);
                }
            }
            Err(ControlError::Conflict(problem)) => place(&mut typed, &mut errors, &problem),
            Err(error) => return Err(error),
        }
    }
    typed.pairs.push(Pair::default());
    Ok(Err((typed, errors)))
}

/// The rows and the pasted lines, without those that are empty or shall go.
fn read(fields: &Fields) -> VariablesForm {
    let pairs = (0..fields.rows("key"))
        .map(|row| Pair {
            key: fields.trimmed(&format!("key[{row}]")),
            value: fields.text(&format!("value[{row}]")),
            is_secret: fields.is_ticked(&format!("secret[{row}]")),
            is_saved: fields.is_ticked(&format!("saved[{row}]")),
            is_kept: fields.is_ticked(&format!("kept[{row}]")),
            error: if fields.is_ticked(&format!("remove[{row}]")) {
                REMOVE.to_owned()
            } else {
                String::new()
            },
            ..Pair::default()
        })
        .filter(|pair| pair.error != REMOVE && !(pair.key.is_empty() && pair.value.is_empty()))
        .collect();
    VariablesForm {
        pairs,
        pasted: fields.text("pasted"),
        pasted_secret: fields.is_ticked("pasted_secret"),
        ..VariablesForm::default()
    }
}

/// Marks a row that shall go; cannot be a sentence.
const REMOVE: &str = "\0";

fn drafts(typed: &mut VariablesForm, errors: &mut FieldErrors) -> BTreeMap<String, VariableDraft> {
    let mut drafts = BTreeMap::new();
    for pair in &mut typed.pairs {
        let keeps = pair.is_kept && pair.is_secret && pair.value.is_empty();
        let draft = VariableDraft {
            value: (!keeps).then(|| pair.value.clone()),
            secret: pair.is_secret,
        };
        if pair.key.is_empty() {
            "The name is missing.".clone_into(&mut pair.error);
            errors.add(ROWS, "");
        } else if pair.is_kept && !pair.is_secret && pair.value.is_empty() {
            "A secret cannot be uncovered: type its value again.".clone_into(&mut pair.error);
            errors.add(ROWS, "");
        } else if drafts.insert(pair.key.clone(), draft).is_some() {
            "This name is there twice.".clone_into(&mut pair.error);
            errors.add(ROWS, "");
        }
    }
    match parse_dotenv(&typed.pasted) {
        Ok(pasted) => {
            let secret = typed.pasted_secret;
            drafts.extend(pasted.into_iter().map(|(key, value)| {
                let value = Some(value);
                (key, VariableDraft { value, secret })
            }));
        }
        Err(problems) => {
            for problem in problems {
                let text = format!("{} {}", problem.field, problem.message);
                errors.add("pasted", message_as_sentence(&text));
            }
        }
    }
    drafts
}

/// The name under which problems of rows are counted; each row says its own.
const ROWS: &str = "rows";

fn place(typed: &mut VariablesForm, errors: &mut FieldErrors, problem: &FieldProblem) {
    let key = problem
        .field
        .strip_prefix("variables.")
        .unwrap_or(&problem.field);
    let sentence = message_as_sentence(&format!("{key} {}", problem.message));
    match typed.pairs.iter_mut().find(|pair| pair.key == key) {
        Some(pair) => {
            pair.error = sentence;
            errors.add(ROWS, "");
        }
        None if typed.pasted.contains(key) => errors.add("pasted", sentence),
        None => errors.add("", sentence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Draft = (String, Option<String>, bool);

    fn read_pairs(pairs: &[(&str, &str)]) -> (VariablesForm, FieldErrors, Vec<Draft>) {
        let fields: Fields = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let mut typed = read(&fields);
        let mut errors = FieldErrors::none();
        let drafts = drafts(&mut typed, &mut errors)
            .into_iter()
            .map(|(key, draft)| (key, draft.value, draft.secret))
            .collect();
        (typed, errors, drafts)
    }

    #[test]
    fn rows_and_pasted_lines_become_drafts() {
        let (_, errors, drafts) = read_pairs(&[
            ("key[0]", "PLAIN"),
            ("value[0]", "a b"),
            ("key[1]", "TOKEN"),
            ("value[1]", ""),
            ("secret[1]", "true"),
            ("kept[1]", "true"),
            ("key[2]", "GONE"),
            ("value[2]", "x"),
            ("remove[2]", "true"),
            ("key[3]", ""),
            ("value[3]", ""),
            ("pasted", "# comment\nexport PLAIN='new'\nOTHER=1"),
        ]);
        assert!(errors.is_empty());
        assert_eq!(
            drafts,
            [
                ("OTHER".to_owned(), Some("1".to_owned()), false),
                ("PLAIN".to_owned(), Some("new".to_owned()), false),
                ("TOKEN".to_owned(), None, true),
            ]
        );
    }

    #[test]
    fn each_row_says_what_is_wrong_with_it() {
        let (typed, errors, _) = read_pairs(&[
            ("key[0]", "A"),
            ("value[0]", "1"),
            ("key[1]", "A"),
            ("value[1]", "2"),
            ("key[2]", ""),
            ("value[2]", "3"),
        ]);
        assert!(!errors.is_empty());
        let said: Vec<_> = typed.pairs.iter().map(|pair| pair.error.as_str()).collect();
        assert_eq!(
            said,
            ["", "This name is there twice.", "The name is missing."]
        );
    }
}
