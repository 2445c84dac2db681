use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    CreateContainerOptions, RemoveContainerOptionsBuilder, TagImageOptionsBuilder,
};
use longshore_agent::machine::Owned;
use longshore_domain::ServiceId;

use super::site::Site;

#[tokio::test]
async fn an_image_that_a_container_uses_is_left_alone() {
    let site = Site::new(&[]).await;
    let docker = site.engine.docker();
    let service = ServiceId::generate();
    let tag = site.engine.image_tag(service, 3);
    let (repository, number) = tag.rsplit_once(':').unwrap();
    let mark = site.run.name();
    let dockerfile = format!("FROM busybox\nRUN echo {mark} > /mark\n");
    let built = site.build(1, &dockerfile).await.unwrap();
    let options = TagImageOptionsBuilder::default()
        .repo(repository)
        .tag(number)
        .build();
    docker
        .tag_image(&built.digest, Some(options))
        .await
        .unwrap();
    let image = Owned::Image {
        tag: tag.clone(),
        service,
        number: 3,
    };
    assert!(site.engine.list_owned().await.unwrap().contains(&image));

    let body = ContainerCreateBody {
        image: Some(built.digest.clone()),
        cmd: Some(vec!["true".to_owned()]),
        ..ContainerCreateBody::default()
    };
    let container = docker
        .create_container(None::<CreateContainerOptions>, body)
        .await
        .unwrap();
    assert!(!site.engine.list_owned().await.unwrap().contains(&image));
    let options = RemoveContainerOptionsBuilder::default().force(true).build();
    docker
        .remove_container(&container.id, Some(options))
        .await
        .unwrap();
    assert!(site.engine.list_owned().await.unwrap().contains(&image));
    site.engine.remove_image(&tag).await.unwrap();
    assert!(!site.engine.list_owned().await.unwrap().contains(&image));
    docker.inspect_image(&built.tag).await.unwrap();
}
