//! Setting and removing variables.

use std::collections::BTreeMap;

use longshore_domain::variable::VALUE_MAX_BYTES;
use longshore_domain::variable::generated::Template;
use longshore_domain::{EnvKey, Permission, Secret};
use longshore_store::events::{self, Event};
use longshore_store::variables::{self, Owner, VariableRecord};
use longshore_store::{PgConnection, audit};

use super::{AuthorizedOwner, authorize};
use crate::keyring::Purpose;
use crate::problems::Problems;
use crate::{
    Actor, Control, ControlError, Result, VariableDraft, VariableScope, VariableView, random,
};

/// Variables of one owner.
const MOST: usize = 1000;

impl Control {
    /// Sets these variables and removes all others of the scope.
    ///
    /// # Errors
    /// The problems of all variables, the fields being `variables.KEY`; nothing is changed
    /// then.
    pub async fn replace_variables(
        &self,
        actor: &Actor,
        scope: VariableScope,
        drafts: BTreeMap<String, VariableDraft>,
    ) -> Result<Vec<VariableView>> {
        self.write_variables(actor, scope, drafts, true).await
    }

    /// Sets these variables; the others of the scope stay.
    ///
    /// # Errors
    /// The problems of all variables, the fields being `variables.KEY`; nothing is changed
    /// then.
    pub async fn merge_variables(
        &self,
        actor: &Actor,
        scope: VariableScope,
        drafts: BTreeMap<String, VariableDraft>,
    ) -> Result<Vec<VariableView>> {
        self.write_variables(actor, scope, drafts, false).await
    }

    /// Removes a variable.
    ///
    /// # Errors
    /// [`ControlError::NotFound`] when there is none of that name.
    pub async fn remove_variable(
        &self,
        actor: &Actor,
        scope: VariableScope,
        key: &str,
    ) -> Result<()> {
        let mut transaction = self.begin().await?;
        let owner = authorize(&mut transaction, actor, scope, Permission::Change).await?;
        let key: EnvKey = key.parse().map_err(|_| ControlError::NotFound)?;
        variables::lock(&mut transaction, owner.owner).await?;
        if !variables::delete(&mut transaction, owner.team, owner.owner, &key).await? {
            return Err(ControlError::NotFound);
        }
        tell(&mut transaction, actor, &owner).await?;
        self.commit(transaction).await
    }

    async fn write_variables(
        &self,
        actor: &Actor,
        scope: VariableScope,
        drafts: BTreeMap<String, VariableDraft>,
        remove_others: bool,
    ) -> Result<Vec<VariableView>> {
        let mut transaction = self.begin().await?;
        let owner = authorize(&mut transaction, actor, scope, Permission::Change).await?;
        variables::lock(&mut transaction, owner.owner).await?;
        let stored: BTreeMap<EnvKey, VariableRecord> =
            variables::list(&mut transaction, owner.team, owner.owner)
                .await?
                .into_iter()
                .map(|record| (record.key.clone(), record))
                .collect();
        let drafts = parse(drafts, &stored, remove_others)?;
        for (key, draft) in &drafts {
            self.write_one(&mut transaction, &owner, key, draft, stored.get(key))
                .await?;
        }
        if remove_others {
            for key in stored.keys().filter(|key| !drafts.contains_key(*key)) {
                variables::delete(&mut transaction, owner.team, owner.owner, key).await?;
            }
        }
        tell(&mut transaction, actor, &owner).await?;
        let views = self.variable_views(&mut transaction, &owner).await?;
        self.commit(transaction).await?;
        Ok(views)
    }

    /// Writes a variable unless it is so already, so that its time tells of true changes.
    async fn write_one(
        &self,
        connection: &mut PgConnection,
        owner: &AuthorizedOwner,
        key: &EnvKey,
        draft: &VariableDraft,
        stored: Option<&VariableRecord>,
    ) -> Result<()> {
        let row = owner.owner.id();
        let before = match stored {
            Some(stored) => {
                Some(
                    self.keyring
                        .decrypt(Purpose::Variable, row, key.as_str(), &stored.value)?,
                )
            }
            None => None,
        };
        let was_generated = stored.is_some_and(|stored| stored.generated);
        let Some(written) = written(draft, before.as_ref(), was_generated)? else {
            return Ok(());
        };
        let same = before
            .as_ref()
            .is_some_and(|before| before.expose() == written.value.expose())
            && stored.is_some_and(|stored| stored.secret == written.secret);
        if same {
            return Ok(());
        }
        let sealed =
            self.keyring
                .encrypt(Purpose::Variable, row, key.as_str(), written.value.expose())?;
        let now = self.clock.now();
        let (team, owner) = (owner.team, owner.owner);
        variables::set(connection, team, owner, key, &sealed, written.secret, now).await?;
        if written.generated {
            variables::mark_generated(connection, team, owner, key).await?;
        }
        Ok(())
    }
}

/// What becomes of a draft.
struct Written {
    value: Secret,
    secret: bool,
    generated: bool,
}

/// The value to store: as drafted, as it was, or with secrets made for it. The same request
/// for secrets keeps those that it made before.
fn written(
    draft: &VariableDraft,
    before: Option<&Secret>,
    was_generated: bool,
) -> Result<Option<Written>> {
    let Some(drafted) = &draft.value else {
        return Ok(before.map(|before| Written {
            value: before.clone(),
            secret: draft.secret,
            generated: was_generated,
        }));
    };
    let template = Template::parse(drafted)
        .map_err(|problem| ControlError::invalid("variables", problem.to_string()))?;
    let Some(template) = template else {
        return Ok(Some(Written {
            value: Secret::new(drafted.as_str()),
            secret: draft.secret,
            generated: was_generated && before.is_some_and(|before| before.expose() == drafted),
        }));
    };
    let kept = before.filter(|before| was_generated && template.has_made(before.expose()));
    Ok(Some(Written {
        value: match kept {
            Some(before) => before.clone(),
            None => template.fill(random::letters)?,
        },
        secret: true,
        generated: true,
    }))
}

fn parse(
    drafts: BTreeMap<String, VariableDraft>,
    stored: &BTreeMap<EnvKey, VariableRecord>,
    remove_others: bool,
) -> Result<BTreeMap<EnvKey, VariableDraft>> {
    let mut problems = Problems::default();
    let mut parsed = BTreeMap::new();
    for (name, draft) in drafts {
        let field = format!("variables.{name}");
        let Some(key) = problems.parse::<EnvKey>(&field, &name) else {
            continue;
        };
        match (&draft.value, stored.get(&key)) {
            (Some(value), _) if value.len() > VALUE_MAX_BYTES => {
                problems.add(field, format!("must have at most {VALUE_MAX_BYTES} bytes"));
            }
            (Some(value), _) if value.contains('\0') => {
                problems.add(field, "must not hold NUL characters");
            }
            (Some(value), _) if let Err(problem) = Template::parse(value) => {
                problems.add(field, problem.to_string());
            }
            (None, None) => problems.add(field, "needs a value"),
            (None, Some(before)) if before.secret && !draft.secret => {
                problems.add(field, "needs its value again to be no secret any longer");
            }
            (Some(_), _) | (None, Some(_)) => {
                parsed.insert(key, draft);
            }
        }
    }
    let kept = if remove_others {
        0
    } else {
        stored
            .keys()
            .filter(|key| !parsed.contains_key(*key))
            .count()
    };
    if parsed.len() + kept > MOST {
        problems.add("variables", format!("must be at most {MOST}"));
    }
    problems.finish(Some(parsed))
}

async fn tell(connection: &mut PgConnection, actor: &Actor, owner: &AuthorizedOwner) -> Result<()> {
    let target = match owner.owner {
        Owner::Service(id) => {
            events::notify(connection, &[Event::Service(id)]).await?;
            format!("service:{id}")
        }
        Owner::Environment(id) => format!("environment:{id}"),
        Owner::Project(id) => format!("project:{id}"),
    };
    let team = Some(owner.team);
    audit::insert(
        connection,
        team,
        Some(actor.user),
        "variables.change",
        &target,
    )
    .await?;
    Ok(())
}
