//! The choice of an own certificate on the pages of domains.

use longshore_domain::CertificateId;
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use crate::things::Things;
use crate::world::{Person, World};

/// A certificate of a person's team, valid for some days yet.
async fn certificate(
    world: &World,
    person: &Person,
    (name, host, days): (&str, &str, i64),
) -> CertificateId {
    let id = CertificateId::generate();
    sqlx::query(
        "INSERT INTO certificates (id, team_id, name, chain, private_key, hosts, issuer,
                                   fingerprint, not_before, not_after)
         VALUES ($1, $2, $3, '', '', ARRAY[$4], 'Trust', $3, now() - interval '1 year', $5)",
    )
    .bind(id.0)
    .bind(person.actor.team.0)
    .bind(name)
    .bind(host)
    .bind(OffsetDateTime::now_utc() + Duration::days(days))
    .execute(&world.pool)
    .await
    .unwrap();
    id
}

/// The option of a certificate in a page, if it is offered: whether it is chosen, and its text.
fn offered(page: &str, id: CertificateId) -> Option<(bool, String)> {
    let (_, rest) = page.split_once(&format!("<option value=\"{id}\""))?;
    let (attributes, rest) = rest.split_once('>').unwrap();
    let text = rest.split("</option>").next().unwrap();
    Some((attributes.contains("selected"), text.to_owned()))
}

#[sqlx::test(migrator = "longshore_control::store::MIGRATOR")]
async fn an_own_certificate_is_chosen_where_a_domain_is_added_and_changed(pool: PgPool) {
    let world = World::with_teams(pool).await;
    let owner = world.owner().await;
    let things = Things::new(&world, &owner, 0).await;
    let short = certificate(&world, &owner, ("Short", "*.shop.example", 10)).await;
    let long = certificate(&world, &owner, ("Long", "a.shop.example", 900)).await;
    let other = certificate(&world, &owner, ("Other", "b.shop.example", 900)).await;
    let over = certificate(&world, &owner, ("Over", "a.shop.example", -3)).await;
    let stranger = world
        .person("stranger", world.other_team, longshore_domain::Role::Owner)
        .await;
    let strange = certificate(&world, &stranger, ("Strange", "a.shop.example", 9)).await;

    let domains = format!("/services/{}/domains", things.service);
    let page = world.visit(&owner.cookie, &domains).await.text();
    let day = (OffsetDateTime::now_utc() + Duration::days(10)).date();
    assert_eq!(
        offered(&page, short),
        Some((false, format!("Short for *.shop.example, until {day}")))
    );
    assert!(offered(&page, other).is_some());
    assert_eq!(offered(&page, strange), None, "of another team");

    // One that does not fit is refused beside the choice, which stays.
    let fields = format!("host=a.shop.example&tls=custom&certificate={other}");
    let refused = world.submit(&owner.cookie, &domains, &fields).await;
    assert_eq!(refused.status, 422);
    let page = refused.text();
    assert!(page.contains("The certificate is not valid for a.shop.example."));
    assert!(page.contains("id=\"certificate-error\""), "{page}");
    assert!(offered(&page, other).unwrap().0);
    let fields = format!("host=a.shop.example&tls=custom&certificate={strange}");
    let refused = world.submit(&owner.cookie, &domains, &fields).await;
    assert!(
        refused
            .text()
            .contains("must be a certificate of this team")
    );

    let chosen = async || {
        let domains = world
            .control
            .list_domains(&owner.actor, things.service)
            .await;
        let domains = domains.unwrap();
        let domain = domains
            .iter()
            .find(|domain| domain.host == "a.shop.example");
        domain
            .map(|domain| (domain.id, domain.certificate))
            .unwrap()
    };
    let fields = format!("host=a.shop.example&tls=custom&certificate={short}");
    let added = world.submit(&owner.cookie, &domains, &fields).await;
    assert_eq!(added.status, 303, "{}", added.text());
    let (id, certificate) = chosen().await;
    assert_eq!(certificate, Some(short));

    // The domain's own page offers what is valid for its host, and says what has run out.
    let place = format!("{domains}/{id}");
    let page = world.visit(&owner.cookie, &place).await.text();
    assert!(offered(&page, short).unwrap().0);
    assert!(!offered(&page, long).unwrap().0);
    assert_eq!(offered(&page, other), None);
    assert!(
        offered(&page, over)
            .unwrap()
            .1
            .starts_with("Over, ran out on ")
    );
    let save = async |tls: &str, certificate: &str| {
        let fields = format!("tls={tls}&certificate={certificate}&path_prefix=/");
        let saved = world.submit(&owner.cookie, &place, &fields).await;
        assert_eq!(saved.status, 303, "{}", saved.text());
        chosen().await.1
    };
    assert_eq!(save("custom", &over.to_string()).await, Some(over));
    assert_eq!(save("custom", "").await, Some(long), "the one that fits");
    assert_eq!(save("acme", &short.to_string()).await, None);
    let page = world.visit(&owner.cookie, &place).await.text();
    assert!(!offered(&page, short).unwrap().0);
}
